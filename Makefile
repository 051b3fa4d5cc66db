# `make demo` shows the whole job, `make test` runs the tests, `make docs` builds the pages. Python 3.11+ and make are
# all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOGS := logs/demo

.PHONY: demo test test-slow test-install test-oracle check docs format clean

$(VENV)/package: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[train,ppocr]"
	@touch $@

$(VENV)/development: $(VENV)/package
	$(BIN)/pip install --quiet --constraint constraints.txt --group dev
	@touch $@

$(VENV)/documentation: $(VENV)/package
	$(BIN)/pip install --quiet --constraint constraints.txt --group docs
	@touch $@

demo: $(VENV)/package
	PATH="$(abspath $(BIN)):$$PATH" sh tools/demo.sh

# In their order: files of jobs, which take longest, come first, so that both processes end at the same time.
test: $(VENV)/development
	$(BIN)/pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder --max-worker-restart=0

test-slow: $(VENV)/development
	$(BIN)/pytest -m slow

# The wheel alone in a new environment: it reads, without TensorFlow and Keras.
test-install:
	$(PYTHON) tools/test_install.py

# Beside TensorFlow Addons, for which the test makes .venv-tfa.
test-oracle: $(VENV)/development
	$(BIN)/pytest -m slow -rs tests/parity/test_tfa.py

check: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Into site/. A warning, such as a link that leads nowhere, is an error. The variable hides the notice that Material for
# MkDocs is maintained until May 2027.
docs: $(VENV)/documentation
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "open site/index.html"

format: $(VENV)/development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .venv-tfa demo site $(LOGS)
