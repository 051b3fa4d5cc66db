"""How fast pictures become records, and how much memory that takes: `generate_tfrecords` beside a plain loop.

The plain loop opens, encodes and writes one picture after the other, as the scripts that users copy do. Pictures are
words of 32 x 100 on a shaded, slightly noisy ground, in a temporary folder. Every measurement has its own process.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from absl import app, flags
from rich.console import Console
from rich.table import Table

NUMBERS = flags.DEFINE_list("numbers", ["10000", "100000"], "Numbers of pictures.")
LOOP = flags.DEFINE_integer("loop", 5000, "Pictures of the plain loop.")
ROUNDS = flags.DEFINE_integer("rounds", 3, "Runs of the plain loop and of the first number; medians are printed.")
WORKERS = flags.DEFINE_integer("num_workers", 0, "Processes; 0: one a core.")
KIND = flags.DEFINE_enum("kind", "PNG", ["PNG", "JPEG"], "File format of the pictures.")
TASK = flags.DEFINE_string("task", "", "What a process of the benchmark itself does: draw, loop or records.")
FOLDER = flags.DEFINE_string("folder", "", "Its folder.")
NUMBER = flags.DEFINE_integer("number", 0, "Its number of pictures.")


def draw(folder: Path, number: int, kind: str) -> None:
    """Writes pictures of words and `labels.tsv`."""
    import numpy as np
    from PIL import Image, ImageDraw

    random = np.random.default_rng(0)
    suffix = {"PNG": "png", "JPEG": "jpg"}[kind]
    with (folder / "labels.tsv").open("w") as labels:
        for index in range(number):
            word = "".join(random.choice(list("abcdefghijklmnopqrstuvwxyz"), 6))
            corners = random.uniform(150, 240, (2, 2, 3)).astype(np.uint8)
            shades = np.asarray(Image.fromarray(corners).resize((100, 32), Image.Resampling.BILINEAR), float)
            noisy = np.clip(shades + random.normal(0, 4, (32, 100, 1)), 0, 255)
            canvas = Image.fromarray(noisy.astype(np.uint8))
            ImageDraw.Draw(canvas).text((5, 4), word, fill=(20, 30, 40), font_size=20)
            subfolder = folder / f"{index // 1000:03d}"
            subfolder.mkdir(exist_ok=True)
            canvas.save(subfolder / f"{index}.{suffix}")
            labels.write(f"{index // 1000:03d}/{index}.{suffix}\t{word}\n")


def plain_loop(folder: Path, number: int) -> None:
    """One core, one picture after the other: open, encode as PNG, write."""
    import io

    import tensorflow as tf
    from PIL import Image

    lines = (folder / "labels.tsv").read_text().splitlines()[:number]
    charset = sorted(set("".join(line.partition("\t")[2] for line in lines)))
    started = time.perf_counter()
    with tf.io.TFRecordWriter(str(folder / "loop.tfrecord")) as writer:
        for line in lines:
            path, _, text = line.partition("\t")
            image = Image.open(folder / path).convert("RGB")
            file = io.BytesIO()
            image.save(file, "PNG")
            ids = [charset.index(character) for character in text]
            features = {
                "image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[file.getvalue()])),
                "image/format": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"PNG"])),
                "image/width": tf.train.Feature(int64_list=tf.train.Int64List(value=[image.width])),
                "image/orig_width": tf.train.Feature(int64_list=tf.train.Int64List(value=[image.width])),
                "image/class": tf.train.Feature(int64_list=tf.train.Int64List(value=ids)),
                "image/unpadded_class": tf.train.Feature(int64_list=tf.train.Int64List(value=ids)),
                "image/text": tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    report(number, time.perf_counter() - started)


def records(folder: Path, number: int, workers: int) -> None:
    """`generate_tfrecords` as the job calls it."""
    import itertools

    from attention_ocr.config import GenerateConfig
    from attention_ocr.ingest.annotations import LabelSource
    from attention_ocr.ingest.dataset import write_dataset
    from attention_ocr.ingest.formats.registry import read_annotations

    config = GenerateConfig(num_workers=workers, validation_fraction=0.0, test_fraction=0.0)
    lines = itertools.islice(read_annotations(LabelSource(str(folder / "labels.tsv"), "list")), number)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as output:
        write_dataset({"train": lines}, output, config)
    report(number, time.perf_counter() - started)


def report(number: int, seconds: float) -> None:
    """Prints what the parent reads: the rate, and the peak memory in MB of this process and of its largest child."""
    own, child = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"rate": number / seconds, "memory": own, "child": child}))


def measured(task: str, folder: str, number: int, rounds: int = 1) -> dict[str, float]:
    """Medians of some runs of a task, each in a new process."""
    arguments = [f"--task={task}", f"--folder={folder}", f"--number={number}", f"--num_workers={WORKERS.value}"]
    found = []
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, __file__, *arguments, f"--kind={KIND.value}"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {key: statistics.median(run[key] for run in found) for key in found[0]}


def main(_: list[str]) -> None:
    """Measures, prints a table."""
    if TASK.value == "draw":
        draw(Path(FOLDER.value), NUMBER.value, KIND.value)
        print("{}")
        return
    if TASK.value:
        folder, number = Path(FOLDER.value), NUMBER.value
        plain_loop(folder, number) if TASK.value == "loop" else records(folder, number, WORKERS.value)
        return
    numbers = [int(number) for number in NUMBERS.value]
    table = Table("what", "pictures", "pictures/s", "x plain loop", "peak MB", "peak MB of a worker")
    with tempfile.TemporaryDirectory() as place:
        measured("draw", place, max(*numbers, LOOP.value))
        loop = measured("loop", place, LOOP.value, ROUNDS.value)
        table.add_row("plain loop", str(LOOP.value), f"{loop['rate']:.0f}", "1.0", f"{loop['memory']:.0f}", "")
        for index, number in enumerate(numbers):
            run = measured("records", place, number, 1 if index else ROUNDS.value)
            ratio = f"{run['rate'] / loop['rate']:.1f}"
            cells = [f"{run['rate']:.0f}", ratio, f"{run['memory']:.0f}", f"{run['child']:.0f}"]
            table.add_row("generate_tfrecords", str(number), *cells)
    Console().print(f"{KIND.value} of 32 x 100, {os.cpu_count()} cores", table)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    app.run(main)
