"""Trains a ready-made reader for some minutes from drawn pictures, and writes its card.

    python tools/train_ready_reader.py words --minutes=9 --output_dir=words --dataset_dir=records --measure=a.tsv,b.tsv

On a GPU (KERAS_BACKEND=jax) it is the network of the readers that come with the package, in half precision; on a CPU
the same recipe with a small network. At the start it says how many pictures a second are drawn and learned: from both
follows how often a drawn picture is used. tools/pack_ready_reader.py takes what it writes.
"""

import datetime
import itertools
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from absl import flags

# The processes that draw import this file, too: what loads a framework is imported by the functions that need it.
from attention_ocr import files, parallel
from attention_ocr.__main__ import main as attention_ocr
from attention_ocr.config import Config
from attention_ocr.errors import UserError
from attention_ocr.presets import preset
from attention_ocr.reading.reader import Reader
from attention_ocr.training import sources
from attention_ocr.training.event_files import scalars

_MINUTES = flags.DEFINE_float("minutes", 9, "How long it learns, without what is measured before.", lower_bound=0.1)
_OUTPUT = flags.DEFINE_string("output_dir", None, "A new folder for the run, the reader and its card.", required=True)
_RECORDS = flags.DEFINE_string("dataset_dir", "", "Records of real pictures to mix in.")
_SHARE = flags.DEFINE_float("real_share", 0.07, "Their share.", lower_bound=0, upper_bound=0.9)
_TEXTS = flags.DEFINE_string("text_file", "", "Words or names to draw; empty: made-up ones.")
_FONTS = flags.DEFINE_string("fonts", "bundled", "As in `train`.")
_MEASURE = flags.DEFINE_string(
    "measure", "", "Label files, `path<TAB>text` a line, whose pictures are read at the end."
)
_SEED = flags.DEFINE_integer("seed", 20261130, "Seed of everything.", lower_bound=0)
_WORKERS = flags.DEFINE_integer("render_workers", 0, "Processes that draw; 0: one per core.", lower_bound=0)

PROBE_SECONDS, PROBE_STEPS = 4, 6
MOST_USES = 8  # of a drawn picture: more teaches little
READS = {
    "words": "A word or a short line of Latin letters, digits and signs, height 32 pixels.",
    "signs": "French street signs in four views of 150 x 150 pixels.",
}


def recipe(what: str, on_gpu: bool) -> dict[str, Any]:
    """The knobs of a reader's training."""
    common = {"render": what, "text_file": _TEXTS.value, "fonts": _FONTS.value, "seed": _SEED.value}
    common |= {"render_workers": _WORKERS.value, "learning_rate_schedule": "cosine", "moving_average_decay": 0.999}
    if _RECORDS.value:
        common["real_share"] = _SHARE.value
    if on_gpu:
        common |= {"mixed_precision": "bfloat16", "render_memory": 30_000}
    if what == "signs":
        size = {"batch_size": 256} if on_gpu else {"batch_size": 4, "render_memory": 200}
        return {**common, "attention_loss_weight": 1.0, **size}
    size = {"batch_size": 768, "encoder_channels": 256, "num_encoder_lstm_layers": 2, "num_encoder_lstm_units": 256}
    if not on_gpu:
        size = {"batch_size": 16, "encoder_channels": 32, "num_encoder_lstm_units": 32, "render_memory": 50}
    return {**common, "render_masks": 0.6, "clip_global_norm": 5.0, **size}


def drawn_a_second(config: Config) -> float:
    """Pictures a second that the processes draw."""
    data = sources.find(config, _RECORDS.value, "", "train", {}).open(Path(_OUTPUT.value))
    try:
        batches = iter(data.batches(0))
        next(batches)  # processes begin, fonts are read
        started, number = time.monotonic(), 0
        for _ in itertools.takewhile(lambda _: time.monotonic() < started + PROBE_SECONDS, batches):
            number += config.data.batch_size
        return number / (time.monotonic() - started)
    finally:
        data.close()


def train(knobs: dict[str, Any], what: str, folder: Path, steps: int) -> None:
    """A run of `train`.

    Raises:
        UserError: it failed; why is printed.
    """
    written = [f"--{name}={value}" for name, value in knobs.items() if value != ""]
    records = [f"--dataset_dir={_RECORDS.value}"] if _RECORDS.value else []
    flags_of = [f"--train_log_dir={folder}", f"--max_number_of_steps={steps}", *written, *records]
    if attention_ocr(["train", f"--preset={'base' if what == 'words' else 'signs'}", *flags_of]):
        raise UserError("the training failed, see above")


def learned_a_second(knobs: dict[str, Any], what: str, folder: Path) -> float:
    """Pictures a second that are learned, drawing aside."""
    few = {**knobs, "save_summaries_steps": PROBE_STEPS // 2, "validation_examples": 0}
    few |= {"learning_rate_schedule": "constant", "render_reuse": MOST_USES}
    train(few, what, folder, PROBE_STEPS)
    curves, _ = scalars(folder / "train")
    speed, waiting = (curves[f"speed/{name}"][-1][1] for name in ("examples_per_second", "share_waiting_for_data"))
    return speed / max(1 - waiting, 0.01)


def trained(run: Path, minutes: float) -> tuple[Path, str]:
    """The model that a run has made, its best one or else its last, and what is known of it.

    Raises:
        UserError: the minutes were over before a step was made.
    """
    from attention_ocr.training.run_directory import BEST_SCORE_FILE, RunDirectory

    directory = RunDirectory(run)
    if directory.best_file.exists():
        best = files.read_json(run / BEST_SCORE_FILE)
        return directory.best_file, f"Best of the run, step {best['step']}: {best['what']} {best['score']}"
    newest = directory.newest()
    if newest is None:
        raise UserError(f"--minutes={minutes:g}: were over before the first step was made; give more")
    return newest.path, f"Last of the run, step {newest.step}, not looked at"


def out_of_time(*_: Any) -> None:
    """Ends a training that has not begun when its minutes are over; one that has saves what it has learned."""
    raise UserError(f"--minutes={_MINUTES.value:g}: were over before the first step was made; give more")


def measured(best: Path) -> list[str]:
    """What the reader reads of each file of --measure."""
    found, today = [], datetime.datetime.now(tz=datetime.UTC).date()
    for name in filter(None, _MEASURE.value.split(",")):
        lines = [line.split("\t")[:2] for line in Path(name).read_text("utf-8").splitlines() if "\t" in line]
        texts = [reading.text for reading in Reader.load(best).read([Path(name).parent / path for path, _ in lines])]
        exact = sum(text == truth for text, (_, truth) in zip(texts, lines, strict=True))
        found.append(f"{name}: {100 * exact / len(lines):.1f}% of {len(lines)} exact, {today}")
        print(found[-1], flush=True)
    return found


def write_card(what: str, path: Path, told: str, knobs: dict[str, Any], drawn: float, learned: float) -> Path:
    """The card of the model at `path`, of which `told` is known."""
    import keras

    from attention_ocr.model.model_file import load_model

    model = load_model(path)
    pictures = model.step * knobs["batch_size"]
    real = f", {100 * knobs['real_share']:.0f}% of them records of {_RECORDS.value}" if _RECORDS.value else ""
    card = {
        "name": what,
        "version": 1,
        "reads": f"{READS[what]} {len(model.dataset.charset) - 1} classes, up to "
        f"{model.dataset.max_sequence_length} characters.",
        "network": f"{model.config.encoder}, {model.config.head}, {model.count_params():,} parameters.",
        "learned_from": f"{pictures:,} pictures{real}, each drawn one used {knobs['render_reuse']} times; fonts "
        f"{_FONTS.value}, texts {_TEXTS.value or 'made up'}, seed {_SEED.value}; {_MINUTES.value:g} minutes on "
        f"{keras.backend.backend()}, {drawn:.0f} pictures a second drawn and {learned:.0f} learned.",
        "measured": [
            f"{told}, of held back {'records' if _RECORDS.value else 'drawn pictures'}.",
            *measured(path),
        ],
        "weak": "Not looked at yet.",
        "licence": "Apache-2.0.",
        "sha256": "",
    }
    card_file = Path(_OUTPUT.value) / "card.json"
    files.write_json(card_file, card)
    return card_file


def main(arguments: list[str]) -> None:
    """Measures, trains, writes."""
    import keras

    if arguments[1:] not in (["words"], ["signs"]):
        raise UserError(f"{' '.join(arguments[1:]) or 'nothing'}: give words or signs")
    what, output = arguments[1], Path(_OUTPUT.value)
    if output.exists() and any(output.iterdir()):
        raise UserError(f"--output_dir={output}: is not empty; give a new folder")
    on_gpu = keras.distribution.list_devices()[0].startswith(("gpu", "cuda"))
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(output / "compiled"))  # for the probe and for the run
    knobs = recipe(what, on_gpu)
    config = preset("base" if what == "words" else "signs").replace(**knobs)
    drawn = drawn_a_second(config)
    started = time.monotonic()
    learned = learned_a_second(knobs, what, output / "probe")
    building = time.monotonic() - started  # the network, its graph and the first pictures, which the run does again
    shutil.rmtree(output / "probe")
    knobs["render_reuse"] = int(min(MOST_USES, max(1, round(learned / drawn))))
    rate = min(learned, drawn * knobs["render_reuse"])
    steps = max(1, int(60 * _MINUTES.value * rate / knobs["batch_size"]))
    cores = parallel.number_of_workers(0, 10**9)
    print(
        f"{drawn:.0f} pictures a second are drawn ({cores} cores), {learned:.0f} learned: each is used "
        f"{knobs['render_reuse']} times, {steps} steps of {knobs['batch_size']}",
        flush=True,
    )
    knobs["warmup_steps"] = min(50, steps // 4)
    run, interval = output / "run", max(1, steps // 4)
    end = threading.Timer(60 * _MINUTES.value + building, os.kill, (os.getpid(), signal.SIGTERM))  # saves, and ends
    end.daemon = True
    signal.signal(signal.SIGTERM, out_of_time)
    end.start()
    try:
        train(
            {**knobs, "save_interval_steps": interval, "save_summaries_steps": max(1, interval // 4)}, what, run, steps
        )
    finally:
        end.cancel()
    path, told_of_it = trained(run, _MINUTES.value)
    card = write_card(what, path, told_of_it, knobs, drawn, learned)
    print(f"{card} and {path}: see tools/pack_ready_reader.py")


def told(arguments: list[str]) -> None:
    """`main`, whose errors are one line."""
    try:
        main(arguments)
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    told(flags.FLAGS(sys.argv))
