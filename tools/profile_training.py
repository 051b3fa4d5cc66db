"""Times a training step of a ready-made reader's network on jax's device, and says what the time goes to.

    KERAS_BACKEND=jax python tools/profile_training.py signs --output_dir=profile

The network, batch and precision are those of tools/train_ready_reader.py; pictures are drawn beforehand. Printed are:
seconds to compile the step, anew and from the kept cache; pictures a second; memory; the two floors of a step, from its
operations and from the bytes it moves, each over what this device does of either in a second; and the kernels that take
longest. Operations and bytes are as XLA counts them: what stays in a cache can be quicker. --output_dir keeps the
compiled step and the trace, which TensorBoard and Perfetto show. See `--help` for more.
"""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The processes that draw import this file, too: what loads a framework is imported by the functions that need it.
import train_ready_reader
from absl import flags
from rich.console import Console
from rich.table import Table

from attention_ocr.config import Config
from attention_ocr.errors import UserError
from attention_ocr.extras import missing
from attention_ocr.presets import preset
from attention_ocr.training import sources

_BATCH_SIZE = flags.DEFINE_integer("batch_size", 0, "Pictures a step; 0: the recipe's.", lower_bound=0)
_PRECISION = flags.DEFINE_enum("mixed_precision", "", ["", "none", "bfloat16"], "Of the step; empty: the recipe's.")
_REMATERIALIZE = flags.DEFINE_bool("rematerialize", False, "As in `train`.")
_STEPS = flags.DEFINE_integer("steps", 20, "Steps of a turn that is timed.", lower_bound=1)
_ROWS = flags.DEFINE_integer("rows", 20, "Kernels that are named.", lower_bound=1)

BATCHES = 4  # different ones, by turns
REUSE, MEMORY = 2, 2000  # pictures are used again, as the recipe's are; MB of them, since all are drawn beforehand
TURNS = 3
TRACED = 3  # steps
# Sizes with which the device's own speed is measured, on a GPU and on a processor: of a product's sides, and of a copy
# in numbers of four bytes.
SIDES, NUMBERS = {"gpu": 8192, "cpu": 1024}, {"gpu": 1 << 28, "cpu": 1 << 24}


def config_of(what: str, on_gpu: bool) -> Config:
    """The knobs of the step."""
    knobs = train_ready_reader.recipe(what, on_gpu)
    knobs |= {"rematerialize": _REMATERIALIZE.value, "max_number_of_steps": 1000}
    knobs |= {"render_reuse": REUSE, "render_memory": min(knobs.get("render_memory", MEMORY), MEMORY)}
    knobs["batch_size"] = _BATCH_SIZE.value or knobs["batch_size"]
    if _PRECISION.value:
        knobs["mixed_precision"] = _PRECISION.value
    return preset("base" if what == "words" else "signs").replace(**knobs)


def drawn_batches(config: Config, folder: Path) -> tuple[Any, list[dict[str, Any]]]:
    """The data set's spec, and some batches of drawn pictures of one shape, the first of which there are enough."""
    source = sources.find(config, "", "", "train", {})
    data = source.open(folder)
    kept: dict[tuple, list[dict[str, Any]]] = {}
    try:
        for (batch,) in data.batches(0):
            alike = kept.setdefault(batch["images"].shape, [])
            alike.append(batch)
            if len(alike) == BATCHES:
                return source.spec, alike
    finally:
        data.close()
    raise UserError("drawing ended early")


def compiled(step: Any, state: Any, batch: Any) -> tuple[Any, float]:
    """The step, and the seconds that compiling it took."""
    started = time.perf_counter()
    done = step.lower(state, batch).compile()
    return done, time.perf_counter() - started


def seconds_of(function: Callable[..., Any], *arguments: Any, repeats: int = 5) -> float:
    """The median time of a call."""
    import jax

    jax.block_until_ready(function(*arguments))
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        jax.block_until_ready(function(*arguments))
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def speeds(platform: str) -> tuple[float, float]:
    """What the device does in a second: operations of a large product in bfloat16, and bytes of a copy, read and
    written."""
    import jax
    from jax import numpy as jnp

    side, numbers = SIDES[platform], NUMBERS[platform]
    factor = jax.random.normal(jax.random.key(0), [side, side], jnp.bfloat16)
    values = jax.random.normal(jax.random.key(1), [numbers])
    product, moved = jax.jit(jnp.matmul), jax.jit(lambda array: array + 1)
    return 2 * side**3 / seconds_of(product, factor, factor), 8 * numbers / seconds_of(moved, values)


def turns(step: Any, state: Any, batches: list[Any]) -> tuple[Any, list[float]]:
    """The state after some turns of steps, and the seconds a step of each; nobody waits for a single step."""
    import jax

    found = []
    for _ in range(TURNS + 1):
        started = time.perf_counter()
        for number in range(_STEPS.value):
            _, state = step(state, batches[number % len(batches)])
        jax.block_until_ready(state)
        found.append((time.perf_counter() - started) / _STEPS.value)
    return state, found[1:]


def traced(step: Any, state: Any, batches: list[Any], folder: Path) -> Counter[str]:
    """Milliseconds of a step that each kernel, or each operation of a processor, takes."""
    import jax

    with jax.profiler.trace(str(folder)):
        for number in range(TRACED):
            _, state = step(state, batches[number % len(batches)])
        jax.block_until_ready(state)
    newest = max(folder.rglob("*.xplane.pb"), key=lambda path: path.stat().st_mtime)
    found: Counter[str] = Counter()
    for plane in jax.profiler.ProfileData.from_file(str(newest)).planes:
        is_gpu = plane.name.startswith("/device:GPU")
        for line in plane.lines if is_gpu or plane.name == "/host:CPU" else ():
            if is_gpu and not line.name.startswith("Stream"):
                continue  # those that sum up the streams
            for event in line.events:
                operation = dict(event.stats).get("hlo_op")  # a processor's other events are those of Python
                if is_gpu or operation:
                    found[f"{event.name} ({operation})" if is_gpu else event.name] += event.duration_ns / 1e6
    return Counter({name: time_taken / TRACED for name, time_taken in found.items()})


def report(
    config: Config, shape: tuple[int, ...], step: Any, times: list[float], kernels: Counter[str], compiling: list[float]
) -> None:
    """Prints what was measured; `shape` is that of the pictures, [B, H, W, 3]."""
    import jax

    device = jax.devices()[0]
    seconds, (B, H, W, _) = statistics.median(times), shape
    costs, memory = step.cost_analysis(), step.memory_analysis()
    operations, moved = costs["flops"], costs["bytes accessed"]
    products, copies = speeds(device.platform)
    peak = (device.memory_stats() or {}).get("peak_bytes_in_use", 0)
    planned = memory.temp_size_in_bytes + memory.argument_size_in_bytes
    rows = {
        "device": f"{device.device_kind}; jax {jax.__version__}",
        "step": f"{B} pictures of {H} x {W} pixels, mixed_precision={config.train.mixed_precision}, "
        f"rematerialize={config.train.rematerialize}",
        "compiling": f"{compiling[0]:.1f} s anew, {compiling[1]:.1f} s from the cache",
        "time of a step": f"{1000 * seconds:.1f} ms ({1000 * min(times):.1f} to {1000 * max(times):.1f})",
        "pictures a second": f"{B / seconds:,.0f}",
        "memory": f"{planned / 1e9:.2f} GB planned, {peak / 1e9:.2f} GB at most in use",
        "floor by operations": f"{1000 * operations / products:.1f} ms: {operations / 1e9:,.1f} G at "
        f"{products / 1e9:,.0f} G/s",
        "floor by bytes": f"{1000 * moved / copies:.1f} ms: {moved / 1e9:.2f} GB at {copies / 1e9:.0f} GB/s",
    }
    console = Console(width=120)
    table = Table("", "", show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)
    total = sum(kernels.values())
    shown = Table("ms a step", "share", "kernel", title=f"{total:.1f} ms of kernels in a step, {len(kernels)} kinds")
    for name, milliseconds in kernels.most_common(_ROWS.value):
        shown.add_row(f"{milliseconds:.2f}", f"{milliseconds / total:.0%}", name[:90])
    console.print(shown)


def main(arguments: list[str]) -> None:
    """Draws, compiles, times, traces, prints."""
    import jax
    import keras

    from attention_ocr.training import devices, loop

    if arguments[1:] not in (["words"], ["signs"]):
        raise UserError(f"{' '.join(arguments[1:]) or 'nothing'}: give words or signs")
    if keras.backend.backend() != "jax":
        raise UserError(f"KERAS_BACKEND={keras.backend.backend()}: set KERAS_BACKEND=jax")
    folder = Path(flags.FLAGS.output_dir)
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"--output_dir={folder}: is not empty; give a new folder")
    config = config_of(arguments[1], jax.devices()[0].platform == "gpu")
    spec, batches = drawn_batches(config, folder)
    model = loop.compiled_model(config, spec)
    state = [
        [jax.numpy.array(variable.value) for variable in variables]
        for variables in (
            *(model.trainable_variables, model.non_trainable_variables),
            *(model.optimizer.variables, model.metrics_variables),
        )
    ]
    step, compiling = jax.jit(model.train_step, donate_argnums=0), []
    with devices.compiled_in(folder / "compiled"):
        for _ in range(2):
            jax.clear_caches()
            done, seconds = compiled(step, tuple(state), batches[0])
            compiling.append(seconds)
    there = [jax.device_put(batch) for batch in batches]
    after, times = turns(done, tuple(state), there)
    kernels = traced(done, after, there, folder / "trace")
    report(config, batches[0]["images"].shape, done, times, kernels, compiling)


if __name__ == "__main__":
    import sys

    try:
        main(flags.FLAGS(sys.argv))
    except ModuleNotFoundError as error:
        sys.exit(f"error: {missing(error, 'profile_training') or error}")
    except (UserError, flags.Error) as error:
        sys.exit(f"error: {error}")
