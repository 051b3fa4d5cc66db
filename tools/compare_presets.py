"""Trains presets one after the other on one set of labelled pictures and tables what each reads after so many minutes.

    python tools/compare_presets.py --annotations=captchas/train.tsv --test_annotations=captchas/test.tsv \
      --output_dir=logs/compare --minutes=5 [--presets=base,crnn_ctc] [--variant=--head=attention --variant=...]

A variant is `base` with other flags. A minute is one of the wall clock since the command began, importing and compiling
with it; the machine must be quiet.
"""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from absl import app, flags
from rich.console import Console
from rich.table import Table

# How the records of each preset are made, what it is trained with beside its defaults.
LINES = ["--resize=keep_height", "--image_height=32"]
RUNS: dict[str, tuple[list[str], list[str]]] = {
    "base": (LINES, ["--save_interval_steps=100"]),
    "crnn_ctc": (["--resize=stretch", "--image_height=32", "--image_width=100"], ["--save_interval_steps=25"]),
    "visual_attention": (LINES, ["--save_interval_steps=10"]),
    "seq2seq": (["--resize=stretch", "--image_height=32", "--image_width=100"], ["--save_interval_steps=10"]),
    "chinese": ([], ["--save_interval_steps=25"]),
    "signs": ([], ["--save_interval_steps=25"]),
    "arbitrary": (["--resize=pad", "--image_height=256", "--image_width=256"], ["--save_interval_steps=5"]),
}
VALIDATION = re.compile(r"^step (\d+)  validation: ExactMatch ([\d.]+)")

_ANNOTATIONS = flags.DEFINE_string("annotations", None, "Labels to learn from.", required=True)
_TEST_ANNOTATIONS = flags.DEFINE_string("test_annotations", "", "Labels to test on; empty: drawn from the others.")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "New folder for records, runs and table.json.", required=True)
_MINUTES = flags.DEFINE_float("minutes", 5, "How long each preset may train.")
_PRESETS = flags.DEFINE_list("presets", list(RUNS), "Which presets.")
_VARIANTS = flags.DEFINE_multi_string("variant", [], "Flags of one more run of base; may be repeated.")
_STEPS = flags.DEFINE_integer("base_steps", 280, "Where the learning rate of base ends.")


def attention_ocr(*arguments: str) -> list[str]:
    """A job's command."""
    return [sys.executable, "-m", "attention_ocr", *arguments]


def make_records(name: str, folder: Path) -> None:
    """The records of a run, which is named after its preset and the flags that differ."""
    preset, *_ = name.split()
    given = [f"--annotations={_ANNOTATIONS.value}", f"--output_dir={folder}", *RUNS[preset][0]]
    given += [f"--test_annotations={_TEST_ANNOTATIONS.value}"] if _TEST_ANNOTATIONS.value else []
    subprocess.run(attention_ocr("generate_tfrecords", *given), check=True, stdout=subprocess.DEVNULL)


def train(name: str, records: Path, run: Path) -> list[tuple[float, int, float]]:
    """Seconds since the start, step and ExactMatch on the validation split of each checkpoint."""
    preset, *changed = name.split()
    given = [f"--dataset_dir={records}", f"--train_log_dir={run}", f"--preset={preset}", *RUNS[preset][1]]
    given += [f"--max_number_of_steps={_STEPS.value if preset == 'base' else 10**6}", *changed]
    started, found = time.monotonic(), []
    with subprocess.Popen(attention_ocr("train", *given), stdout=subprocess.PIPE, text=True) as process:
        clock = threading.Timer(60 * _MINUTES.value, process.send_signal, [signal.SIGINT])
        clock.start()
        assert process.stdout
        for line in process.stdout:
            print(f"{name}: {line}", end="", flush=True)
            if match := VALIDATION.match(line):
                found.append((time.monotonic() - started, int(match[1]), float(match[2])))
        clock.cancel()
    if process.returncode:
        raise SystemExit(f"{name}: train ended with status {process.returncode}")
    return found


def tested(records: Path, run: Path) -> dict[str, float]:
    """The measures of the run's best checkpoint on the test split."""
    given = [f"--dataset_dir={records}", f"--checkpoint={run / 'best.keras'}", "--split_name=test"]
    done = subprocess.run(attention_ocr("eval", *given), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(results: dict[str, dict]) -> None:
    """Prints the table."""
    moments = [minute for minute in (0.5, 1, 1.5, 2, 3, 4, 5, 10, 20, 30, 45, 60) if minute <= _MINUTES.value]
    table = Table(title="ExactMatch on validation after minutes, and of the best checkpoint on test")
    for heading in ("preset", *(f"{minute:g}" for minute in moments), "steps", "test", "1 - N.E.D."):
        table.add_column(heading)
    for name, result in results.items():
        reached = [[value for second, _, value in result["curve"] if second <= 60 * minute] for minute in moments]
        steps = str(result["curve"][-1][1]) if result["curve"] else "0"
        measures = [f"{result['test'][key]:.4f}" for key in ("ExactMatch", "NormalizedEditDistance")]
        table.add_row(name, *(f"{values[-1]:.2f}" if values else "-" for values in reached), steps, *measures)
    Console(width=120).print(table)


def main(arguments: list[str]) -> None:
    """Prints every line of the trainings, then the table."""
    del arguments
    output, results = Path(_OUTPUT_DIR.value), {}
    output.mkdir(parents=True)
    try:
        for name in [*_PRESETS.value, *(f"base {variant}" for variant in _VARIANTS.value)]:
            folder = output / name.replace("/", "_").replace(" ", "_")
            records, run = folder / "records", folder / "run"
            folder.mkdir()
            make_records(name, records)
            curve = train(name, records, run)
            results[name] = {"curve": curve, "test": tested(records, run)}
            (output / "table.json").write_text(json.dumps(results, indent=1))
    finally:  # a run that fails, or Ctrl-C, leaves the table of those before it
        show(results)


if __name__ == "__main__":
    app.run(main)
