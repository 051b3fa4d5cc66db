"""Memory and time of a training step beside what `attention_ocr.memory` estimates; on noise.

python tools/benchmark_memory.py --preset=chinese --image_height=150 --image_width=150 --length=37 --classes=134,5463
"""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
from absl import app, flags

_PRESET = flags.DEFINE_string("preset", "base", "Preset.")
_CLASSES = flags.DEFINE_list("classes", ["64"], "K, one or several.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 16, "Pictures a step.")
_HEIGHT = flags.DEFINE_integer("image_height", 32, "Height of a view in pixels.")
_WIDTH = flags.DEFINE_integer("image_width", 128, "Width of a view in pixels.")
_VIEWS = flags.DEFINE_integer("num_views", 1, "Views.")
_LENGTH = flags.DEFINE_integer("length", 24, "Characters of the longest label.")
_STEPS = flags.DEFINE_integer("steps", 9, "Steps that are timed.")


def resident() -> float:
    """GB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e9


def measure(num_classes: int) -> None:
    """Prints a line: peak of memory over that before the first step, the estimate, and seconds a step."""
    from attention_ocr.charset import Charset
    from attention_ocr.dataset_spec import DatasetSpec
    from attention_ocr.model.network import AttentionOcr
    from attention_ocr.presets import preset
    from attention_ocr.training import memory, optimizers

    config, B = preset(_PRESET.value), _BATCH_SIZE.value
    charset = Charset.from_labels(["".join(map(chr, range(0x4E00, 0x4E00 + num_classes - 1)))])
    spec = DatasetSpec("noise", _VIEWS.value, _HEIGHT.value, _WIDTH.value, _LENGTH.value, charset)
    model = AttentionOcr(config.model, spec)
    model.compile(optimizers.build(config.train))
    random = np.random.default_rng(0)
    labels = random.integers(0, num_classes - 1, [B, _LENGTH.value], dtype=np.int32)
    batch = {"images": random.integers(0, 256, [B, *spec.image_shape], np.uint8), "labels": labels}
    before, peak, done = resident(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], resident())

    threading.Thread(target=watch, daemon=True).start()
    times = []
    for _ in range(_STEPS.value + 1):
        started = time.perf_counter()
        model.train_on_batch(batch)
        times.append(time.perf_counter() - started)
    done.set()
    estimate = memory.training_bytes(model, config.train, B) / 1e9
    print(
        f"{_PRESET.value} K={num_classes:5}: {peak[0] - before:.2f} GB over {before:.2f} GB, estimated "
        f"{estimate:.2f} GB, {np.median(times[1:]):.3f} s a step, {model.count_params():,} parameters",
        flush=True,
    )


def main(arguments: list[str]) -> None:
    """Prints a line for each number of classes."""
    if len(_CLASSES.value) == 1:
        measure(int(_CLASSES.value[0]))
        return
    for classes in _CLASSES.value:
        subprocess.run([sys.executable, *arguments, *sys.argv[1:], f"--classes={classes}"], check=True)


if __name__ == "__main__":
    app.run(main)
