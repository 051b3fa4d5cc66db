"""The house holds: who imports whom, how large a room is, and what importing costs."""

import ast
import collections
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import attention_ocr

PACKAGE = Path(attention_ocr.__file__).parent
FRAMEWORKS = ("tensorflow", "keras", "jax", "torch")
GROUND = "ground"  # the modules beside the rooms
# A room imports only rooms below it, and of those on its own floor none.
FLOORS = (
    (GROUND,),
    ("records", "ready"),
    ("data", "model", "ingest", "render"),
    ("validation", "onnx_graph"),
    ("reading",),
    ("export", "pages"),
    ("training", "serving"),
    ("jobs",),
    ("__main__",),
)
TENSORFLOW = (
    *("data", "export.saved_model", "export.litert", "reading.backends.saved_model", "model.tf1_import"),
    *("validation.oddities", "validation.sample_page"),  # they show what training sees
)
NO_TENSORFLOW = ("data.dataset_mix",)
KERAS = ("model", "training", "reading.evaluation", "reading.backends.keras", "export.saved_model", "export.litert")
NO_KERAS = ("model.geometry", "model.layouts", "model.description", "model.cutting", "training.sources")
JAX = ("training.devices", "training.processes", "model.on_jax")  # many devices, and what trains on a GPU
LINES_OF_A_FILE, LINES_OF_A_JOB, LINES_OF_A_FUNCTION = 400, 60, 80
LARGEST_SHARE = 0.3  # of the package's lines in one room

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


def room_of(module):
    """The room of a module's name without `attention_ocr.`."""
    first = module.partition(".")[0]
    return first if within(first, [room for floor in FLOORS for room in floor]) else GROUND


def floor_of(room):
    return next(number for number, floor in enumerate(FLOORS) if room in floor)


def breaches(module, source):
    """What `module` (its name without `attention_ocr.`) imports and must not."""
    found, room = [], room_of(module)
    for name in imports(source):
        top, _, inner = name.partition(".")
        if name.startswith("."):
            found.append(f"{name}: is relative")
        elif top == "tensorflow":
            allowed = within(module, TENSORFLOW) and not within(module, NO_TENSORFLOW)
            found += [] if allowed else [f"{name}: TensorFlow"]
        elif top == "keras":
            allowed = within(module, KERAS) and not within(module, NO_KERAS)
            found += [] if allowed else [f"{name}: Keras"]
        elif top == "jax" and within(module, JAX):
            continue
        elif top in FRAMEWORKS:
            found.append(f"{name}: {top}")
        elif top == "attention_ocr" and inner not in ("", "__version__"):
            other = room_of(inner)
            if other != room and floor_of(other) >= floor_of(room):
                found.append(f"{name}: {other} is not below {room}")
    return found


def module_of(name):
    """The module of this package that an import names, without `attention_ocr.`; empty: none."""
    inner = name.removeprefix("attention_ocr.")
    if inner == name:
        return ""
    return inner if inner in SOURCES else inner.rpartition(".")[0]


def circles(sources):
    """Modules that import each other, directly or by others."""
    graph = {module: {module_of(name) for name in imports(source)} - {module, ""} for module, source in sources.items()}

    def reached(start):
        found, waiting = set(), [start]
        while waiting:
            for other in graph.get(waiting.pop(), ()):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return found

    return sorted(module for module in graph if module in reached(module))


def lines_of_rooms():
    """Lines of code of each room."""
    found = collections.Counter()
    for module, source in SOURCES.items():
        found[room_of(module)] += len(source.splitlines())
    return found


@pytest.mark.parametrize("module", SOURCES)
def test_a_file_imports_only_what_its_room_may(module):
    assert breaches(module, SOURCES[module]) == []


def test_no_module_imports_itself_by_others():
    assert circles(SOURCES) == []


def test_a_circle_is_found():
    one, other = "from attention_ocr.data import pipeline", "from attention_ocr.data.sizes import x"
    assert circles({"data.sizes": one, "data.pipeline": other, "data.augment": one}) == ["data.pipeline", "data.sizes"]


def test_no_room_is_too_large():
    lines = lines_of_rooms()
    total = sum(lines.values())
    for floor, rooms in reversed(list(enumerate(FLOORS))):
        told = ", ".join(f"{room} {lines[room]:,} lines ({lines[room] / total:.0%})" for room in rooms if lines[room])
        print(f"floor {floor}: {told}")
    print(f"circles: {len(circles(SOURCES))}")
    assert max(lines.values()) <= LARGEST_SHARE * total


@pytest.mark.parametrize(
    ("module", "source", "breach"),
    [
        ("config", "import keras", "keras: Keras"),
        ("model.losses", "def f():\n    import tensorflow.math", "tensorflow.math: TensorFlow"),
        ("model.geometry", "import keras", "keras: Keras"),
        ("model.layouts.crnn", "from keras import ops", "keras.ops: Keras"),
        ("training.loop", "import tensorflow as tf", "tensorflow: TensorFlow"),
        ("reading.reader", "import jax.numpy", "jax.numpy: jax"),
        ("reading.reader", "import keras", "keras: Keras"),
        ("render.signs.plates", "import tensorflow", "tensorflow: TensorFlow"),
        ("data.pipeline", "from keras import ops", "keras.ops: Keras"),
        ("data.dataset_mix", "import tensorflow", "tensorflow: TensorFlow"),
        (
            "data.pipeline",
            "from attention_ocr.model import losses",
            "attention_ocr.model.losses: model is not below data",
        ),
        ("model.heads", "import attention_ocr.data.sizes", "attention_ocr.data.sizes: data is not below model"),
        ("records.shards", "from attention_ocr.ingest import x", "attention_ocr.ingest.x: ingest is not below records"),
        ("charset", "from attention_ocr.records import x", "attention_ocr.records.x: records is not below ground"),
        (
            "reading.evaluation",
            "from attention_ocr.jobs import train",
            "attention_ocr.jobs.train: jobs is not below reading",
        ),
        ("model.heads", "from . import attention", "..attention: is relative"),
    ],
)
def test_a_breach_is_found(module, source, breach):
    assert breaches(module, source) == [breach]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("data.pipeline", "import tensorflow as tf"),
        ("export.saved_model", "import tensorflow as tf\nfrom attention_ocr.reading.reader import Reader"),
        ("model.tf1_import", "import tensorflow as tf"),
        ("model.network", "import attention_ocr\nfrom attention_ocr.model import metrics"),
        ("jobs.train", "from attention_ocr.jobs import eval"),
        ("training.from_records", "def f():\n    from attention_ocr.data import pipeline"),
    ],
)
def test_what_is_allowed_is_no_breach(module, source):
    assert breaches(module, source) == []


@pytest.mark.parametrize("module", SOURCES)
def test_a_file_is_short(module):
    most = LINES_OF_A_JOB if within(module, ["jobs"]) else LINES_OF_A_FILE
    assert len(SOURCES[module].splitlines()) <= most
    functions = [node for node in ast.walk(ast.parse(SOURCES[module])) if isinstance(node, ast.FunctionDef)]
    lines = {node.name: node.end_lineno - node.lineno + 1 for node in functions}
    assert [name for name, number in lines.items() if number > LINES_OF_A_FUNCTION] == []


PRINTERS = ("jobs", "__main__", "console", "validation.report")


@pytest.mark.parametrize("module", [module for module in SOURCES if not within(module, PRINTERS)])
def test_a_library_logs_and_does_not_print(module):
    calls = [node for node in ast.walk(ast.parse(SOURCES[module])) if isinstance(node, ast.Call)]
    assert not any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls)


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


def test_flags_jobs_and_what_reads_without_a_framework_import_none():
    names = [module for module in SOURCES if room_of(module) in (GROUND, "jobs", "records", "ingest", "render")]
    names += ["__main__", "reading.reader", "model.geometry", "training.sources", "data.dataset_mix"]
    names += ["onnx_graph.network", "reading.backends.onnxruntime", "reading.backends.openvino"]
    assert loaded_frameworks([f"attention_ocr.{name}" for name in names], "tensorflow") == []


def test_training_and_reading_on_jax_need_no_tensorflow():
    pytest.importorskip("jax")
    names = ("training.loop", "training.from_rendering", "training.run_directory", "reading.backends.keras")
    assert "tensorflow" not in loaded_frameworks([f"attention_ocr.{name}" for name in names], "jax")
