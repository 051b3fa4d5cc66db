"""The layers of the house hold: who imports whom, how large a room is, and what importing costs."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import attention_ocr

PACKAGE = Path(attention_ocr.__file__).parent
FRAMEWORKS = ("tensorflow", "keras", "jax", "torch")
FILES = ("files", "console", "picture_paths")
GROUND = ("config", "knobs", "presets", "charset", "dataset_spec", "dataset_mix", "errors", *FILES)
MODEL = ("model", "losses", "metrics")
KERAS = (
    *MODEL,
    *("training", "checkpoints", "optimizers", "progress", "inference", "evaluation", "summaries", "export"),
    "rendered_data",
)
# What of the package a part may import; parts that are not here may import all but jobs.
ALLOWED = {
    **dict.fromkeys(GROUND, GROUND),
    "data": (*GROUND, "data"),
    "data.render": (*GROUND, "data.render"),
    **dict.fromkeys(MODEL, (*GROUND, *MODEL)),
    "drawing": (*GROUND, "fonts"),
    "fonts": GROUND,
    "flags": GROUND,
    "__main__": (*GROUND, "flags", "jobs"),
}
LINES_OF_A_FILE, LINES_OF_A_JOB, LINES_OF_A_FUNCTION = 400, 60, 80

SOURCES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path.read_text("utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}


def imports(source):
    """The dotted names of all imports, those in functions too: `from a import b` gives `a.b`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    return found


def within(name, parts):
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def breaches(module, source):
    """What `module` (its name without `attention_ocr.`) imports and must not."""
    found = []
    layers = [part for part in ALLOWED if within(module, [part])]
    allowed = ALLOWED[max(layers, key=len)] if layers else None
    for name in imports(source):
        top, _, inner = name.partition(".")
        if name.startswith("."):
            found.append(f"{name}: is relative")
        elif top == "tensorflow":
            in_data = within(module, ["data"]) and not within(module, ["data.render"])
            found += [] if in_data or module in ("export", "tf1_import") else [f"{name}: TensorFlow"]
        elif top == "keras":
            found += [] if within(module, KERAS) else [f"{name}: Keras"]
        elif top in FRAMEWORKS:
            found.append(f"{name}: {top}")
        elif top == "attention_ocr":
            is_version = inner in ("", "__version__")
            if module != "__main__" and within(inner, ["jobs"]) and not within(module, ["jobs"]):
                found.append(f"{name}: a job")
            elif allowed is not None and not is_version and not within(inner, allowed):
                found.append(f"{name}: of another layer")
    return found


@pytest.mark.parametrize("module", SOURCES)
def test_a_file_imports_only_what_its_layer_may(module):
    assert breaches(module, SOURCES[module]) == []


@pytest.mark.parametrize(
    ("module", "source", "breach"),
    [
        ("config", "import keras", "keras: Keras"),
        ("losses", "def f():\n    import tensorflow.math", "tensorflow.math: TensorFlow"),
        ("training", "import tensorflow as tf", "tensorflow: TensorFlow"),
        ("inference", "import jax.numpy", "jax.numpy: jax"),
        ("data.render.plates", "import tensorflow", "tensorflow: TensorFlow"),
        ("data.pipeline", "from keras import ops", "keras.ops: Keras"),
        ("data.pipeline", "from attention_ocr import losses", "attention_ocr.losses: of another layer"),
        ("data.pipeline", "import attention_ocr.model.heads", "attention_ocr.model.heads: of another layer"),
        ("model.heads", "from attention_ocr.data import images", "attention_ocr.data.images: of another layer"),
        ("metrics", "from attention_ocr.training import train", "attention_ocr.training.train: of another layer"),
        ("charset", "from attention_ocr import flags", "attention_ocr.flags: of another layer"),
        ("evaluation", "from attention_ocr.jobs import train", "attention_ocr.jobs.train: a job"),
        ("model.heads", "from . import attention", "..attention: is relative"),
    ],
)
def test_a_breach_is_found(module, source, breach):
    assert breaches(module, source) == [breach]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("data.pipeline", "import tensorflow as tf"),
        ("export", "import tensorflow as tf"),
        ("tf1_import", "import tensorflow as tf"),
        ("model.network", "import attention_ocr\nfrom attention_ocr import metrics"),
        ("jobs.train", "from attention_ocr.jobs import eval"),
        ("training_data", "def f():\n    from attention_ocr.data import pipeline"),
    ],
)
def test_what_is_allowed_is_no_breach(module, source):
    assert breaches(module, source) == []


@pytest.mark.parametrize("module", SOURCES)
def test_a_room_is_small(module):
    most = LINES_OF_A_JOB if within(module, ["jobs"]) else LINES_OF_A_FILE
    assert len(SOURCES[module].splitlines()) <= most
    functions = [node for node in ast.walk(ast.parse(SOURCES[module])) if isinstance(node, ast.FunctionDef)]
    lines = {node.name: node.end_lineno - node.lineno + 1 for node in functions}
    assert [name for name, number in lines.items() if number > LINES_OF_A_FUNCTION] == []


def loaded_frameworks(modules, backend):
    """Which frameworks a new Python holds after importing `modules`."""
    code = (
        f"import importlib, json, sys\nfor name in {list(modules)!r}: importlib.import_module(name)\n"
        f"print(json.dumps([name for name in {FRAMEWORKS!r} if name in sys.modules]))"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_the_package_imports_no_framework():
    assert loaded_frameworks(["attention_ocr"], "tensorflow") == []


def test_flags_jobs_and_their_ground_import_no_framework():
    jobs = [module for module in SOURCES if within(module, ["jobs"])]
    modules = [f"attention_ocr.{module}" for module in ("__main__", "flags", *GROUND, *jobs)]
    assert loaded_frameworks(modules, "tensorflow") == []


def test_training_and_reading_on_jax_need_no_tensorflow():
    pytest.importorskip("jax")
    modules = [f"attention_ocr.{module}" for module in ("training", "inference", "checkpoints", "data.render.plates")]
    assert "tensorflow" not in loaded_frameworks(modules, "jax")
