"""Estimates a training step of a ready-made reader's network on a GPU that is not there.

    pip install "jax[cuda13]"
    python tools/estimate_training.py signs --output_dir=estimate

The step is that of tools/profile_training.py. jax compiles it for the GPU that --device describes, which takes its
CUDA plugin beside the package, and no GPU. The time of each kernel is estimated from the compiled program: that of the
bytes it moves or that of its operations, whichever is longer, and that of its launch. The program is not tuned as it
would be on the GPU, what stays in its cache counts as moved, kernels do not overlap, and nobody waits for pictures.

Printed are memory, the time of a step, and the kernels that take longest. --output_dir keeps the program in step.hlo.
See `--help` for more; flags of profile_training about the measuring mean nothing here.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# The processes that draw import this file, too: what loads a framework is imported by the functions that need it.
import profile_training
from absl import flags
from hlo_costs import Kernel, Program, Speed, kernels, parsed
from rich.console import Console
from rich.table import Table

from attention_ocr import files
from attention_ocr.config import Config
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.extras import missing

DRAWN = {"batch_size": 4, "render_memory": 100, "render_workers": 1}  # a few pictures, for what batches look like
NEEDED = 'needs jax and its CUDA plugin; pip install "jax[cuda13]"'
UNTUNED: dict[str, str | bool] = {"xla_gpu_autotune_level": "0"}  # tuning runs kernels on the device
# What kernels reach of the bytes and operations a second in the data sheet, and seconds to launch one: chosen for an
# H200, and then compared with what was measured there (docs/training.md); of the other GPUs they are assumed.
MOVED, COMPUTED, LAUNCH = 3.6 / 4.8, 600 / 989, 2e-6


@dataclass(frozen=True)
class Gpu:
    """A GPU as its maker's data sheet and CUDA's table of capabilities describe it.

    Attributes:
        name: of the product.
        capability: in the compiler's words.
        cores: multiprocessors.
        units: that compute in float32, of a core.
        clock: at most, in GHz.
        memory: in bytes.
        bandwidth: of the memory, in bytes a second.
        cache: of the second level, in bytes.
        shared: memory of a core that its threads share, in bytes.
        products: operations of dense products in bfloat16 a second.
    """

    name: str
    capability: str
    cores: int
    units: int
    clock: float
    memory: int
    bandwidth: float
    cache: int
    shared: int
    products: float

    @property
    def speed(self) -> Speed:
        """What kernels are expected to reach."""
        return Speed(MOVED * self.bandwidth, COMPUTED * self.products, LAUNCH)


H200 = Gpu(
    name="NVIDIA H200 SXM",
    capability="major: 9 feature_extension: ACCELERATED_FEATURES",
    cores=132,
    units=128,
    clock=1.98,
    memory=141 * 10**9,
    bandwidth=4.8e12,
    cache=50 << 20,
    shared=228 << 10,
    products=989e12,
)
H100 = replace(H200, name="NVIDIA H100 SXM", memory=80 * 10**9, bandwidth=3.35e12)
A100 = Gpu(
    name="NVIDIA A100 SXM 80 GB",
    capability="major: 8 minor: 0",
    cores=108,
    units=64,
    clock=1.41,
    memory=80 * 10**9,
    bandwidth=2.039e12,
    cache=40 << 20,
    shared=164 << 10,
    products=312e12,
)
GPUS = {"h200": H200, "h100": H100, "a100": A100}
# What XLA's message GpuTargetConfig wants; the limits are the same for all of these GPUs.
TARGET = """
platform_name: "CUDA"
device_description_str: "{gpu.name}"
dnn_version_info {{ major: 9 minor: 10 }}
gpu_device_info {{
  name: "{gpu.name}" device_vendor: "NVIDIA Corporation"
  cuda_compute_capability {{ {gpu.capability} }}
  runtime_version: "13.0.0" driver_version: "13.0.0" compile_time_toolkit_version: "13.0.0" dnn_version: "9.10.0"
  core_count: {gpu.cores} fpus_per_core: {gpu.units} clock_rate_ghz: {gpu.clock}
  device_memory_size: {gpu.memory} memory_bandwidth: {gpu.bandwidth:.0f} l2_cache_size: {gpu.cache}
  shared_memory_per_core: {gpu.shared} shared_memory_per_block_optin: {most} shared_memory_per_block: 49152
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  threads_per_warp: 32 threads_per_block_limit: 1024 threads_per_core_limit: 2048
  thread_dim_limit_x: 1024 thread_dim_limit_y: 1024 thread_dim_limit_z: 64
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  device_address_bits: 64 pcie_bandwidth: 34359738368 ecc_enabled: true
}}
"""

_DEVICE = flags.DEFINE_enum("device", "h200", list(GPUS), "The GPU.")
_WIDTH = flags.DEFINE_integer("width", 0, "Of the pictures of words, in pixels; 0: that of drawn ones.", lower_bound=0)


def device_of(gpu: Gpu) -> Any:
    """jax's device to compile for.

    Raises:
        UserError: jax cannot compile for it here.
    """
    from jax.experimental import topologies

    target = TARGET.format(gpu=gpu, most=gpu.shared - 1024)
    try:
        return topologies.get_topology_desc(platform="cuda", target_config=target, topology="1x1x1").devices[0]
    except NotImplementedError as error:
        raise UserError(f"--device={_DEVICE.value}: {NEEDED}") from error


def picture_shape(config: Config, spec: DatasetSpec, drawn: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a batch of pictures, [B, H, W, 3], where those that were drawn have another B and maybe W.

    Raises:
        UserError: batches of --width do not exist.
    """
    from attention_ocr.model.geometry import geometry_of

    canvas = geometry_of(config.model, spec).canvas
    width = _WIDTH.value or drawn[2]
    there = canvas.doubling if canvas else [drawn[2]]
    if width not in there:
        raise UserError(f"--width={width}: batches are {', '.join(map(str, there))} pixels wide")
    return config.data.batch_size, drawn[1], width, 3


def compiled(config: Config, folder: Path, device: Any) -> tuple[Any, tuple[int, ...], float]:
    """The step, compiled for the device; the shape of its pictures; and the seconds that compiling took."""
    import jax

    from attention_ocr.training import loop

    spec, (batch, *_) = profile_training.drawn_batches(config.replace(**DRAWN), folder)
    shape = picture_shape(config, spec, batch["images"].shape)
    model = loop.compiled_model(config, spec)
    there = jax.sharding.SingleDeviceSharding(device)
    state = tuple(
        [jax.ShapeDtypeStruct(variable.shape, variable.value.dtype, sharding=there) for variable in variables]
        for variables in (
            *(model.trainable_variables, model.non_trainable_variables),
            *(model.optimizer.variables, model.metrics_variables),
        )
    )
    shapes = {name: (shape[0], *part.shape[1:]) for name, part in batch.items()} | {"images": shape}
    inputs = {name: jax.ShapeDtypeStruct(shapes[name], part.dtype, sharding=there) for name, part in batch.items()}
    started = time.perf_counter()
    done = jax.jit(model.train_step, donate_argnums=0).lower(state, inputs).compile(compiler_options=UNTUNED)
    return done, shape, time.perf_counter() - started


def facts(config: Config, gpu: Gpu, shape: tuple[int, ...], step: Any, seconds: float, program: Program) -> Table:
    """What was compiled, and what it is estimated to take."""
    import jax

    found, memory, (B, H, W, _), speed = list(kernels(program)), step.memory_analysis(), shape, gpu.speed
    planned, time_of_step = memory.temp_size_in_bytes + memory.argument_size_in_bytes, sum(map(speed.seconds, found))
    times, looped = (sum(kernel.times for kernel in found if kernel.in_loop or not loops) for loops in (False, True))
    moved = sum(kernel.times * kernel.bytes for kernel in found)
    operations = sum(kernel.times * kernel.operations for kernel in found)
    rows = {
        "device": f"{gpu.name}, which is not here; jax {jax.__version__}",
        "step": f"{B} pictures of {H} x {W} pixels, mixed_precision={config.train.mixed_precision}, "
        f"rematerialize={config.train.rematerialize}",
        "compiling": f"{seconds:.1f} s here",
        "memory": f"{planned / 1e9:.2f} GB planned",
        "kernels": f"{times:,}, of these {looped:,} in loops",
        "bytes": f"{moved / 1e9:.2f} GB at {speed.bandwidth / 1e9:,.0f} GB/s",
        "operations": f"{operations / 1e9:,.1f} G at {speed.operations / 1e9:,.0f} G/s in bfloat16, half in float32",
        "time of a step": f"{1000 * time_of_step:.1f} ms, estimated",
        "pictures a second": f"{B / time_of_step:,.0f}, estimated",
    }
    if unknown := program.unknown_loops:
        rows["left out"] = f"all turns but one of loops of unknown length: {', '.join(unknown)}"
    table = Table("", "", show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def dearest(found: list[Kernel], speed: Speed, title: str, place_of: Callable[[Kernel], str]) -> Table:
    """The groups of kernels that take longest; those of a group have one kind and one place."""
    groups: dict[tuple[str, str, bool], list[Kernel]] = {}
    for kernel in found:
        groups.setdefault((kernel.kind, place_of(kernel), kernel.in_loop), []).append(kernel)
    costs = Counter({group: sum(map(speed.seconds, alike)) for group, alike in groups.items()})
    table = Table("ms a step", "share", "times", "GB", "loop", "kernel", "where", title=title)
    for group, seconds in costs.most_common(flags.FLAGS.rows):
        kind, where, in_loop = group
        times = sum(kernel.times for kernel in groups[group])
        moved = sum(kernel.times * kernel.bytes for kernel in groups[group])
        numbers = f"{1000 * seconds:.2f}", f"{seconds / costs.total():.0%}", f"{times}", f"{moved / 1e9:.2f}"
        table.add_row(*numbers, "yes" if in_loop else "", kind[:31], where[-39:])
    return table


def part_of(kernel: Kernel) -> str:
    """The part of the network that a kernel belongs to: of its place the first two names after the function's."""
    return "/".join(kernel.where.split("/")[1:3])


def main(arguments: list[str]) -> None:
    """Compiles, estimates, prints."""
    if arguments[1:] not in (["words"], ["signs"]):
        raise UserError(f"{' '.join(arguments[1:]) or 'nothing'}: give words or signs")
    folder = Path(str(flags.FLAGS["output_dir"].value))
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"--output_dir={folder}: is not empty; give a new folder")
    os.environ["KERAS_BACKEND"] = "jax"
    import jax

    jax.config.update("jax_platforms", "cpu")  # else the CUDA plugin looks for a driver
    jax.config.update("jax_enable_compilation_cache", False)
    gpu = GPUS[_DEVICE.value]
    device = device_of(gpu)
    config = profile_training.config_of(arguments[1], on_gpu=True)
    step, shape, seconds = compiled(config, folder, device)
    text = step.as_text()
    folder.mkdir(parents=True, exist_ok=True)
    files.write_text(folder / "step.hlo", text)
    program = parsed(text)
    found = list(kernels(program))
    console = Console(width=120)
    console.print(facts(config, gpu, shape, step, seconds, program))
    console.print(dearest(found, gpu.speed, "kernels by part of the network", part_of))
    console.print(dearest(found, gpu.speed, "kernels by operation", lambda kernel: kernel.where))


if __name__ == "__main__":
    import sys

    try:
        main(flags.FLAGS(sys.argv))
    except ModuleNotFoundError as error:
        sys.exit(f"error: {NEEDED if error.name == 'jax' else missing(error, 'estimate_training') or error}")
    except (UserError, flags.Error) as error:
        sys.exit(f"error: {error}")
