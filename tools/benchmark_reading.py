"""usage: python tools/benchmark_reading.py [--pictures=DIR]: how fast each runtime reads, in one run, in turns.

For `fsns` with T = 37 on signs of 4 x 150 x 150 (the ready-made reader `signs`) and for `words` at 32 x 128, at batch 1
and 32: milliseconds a picture with each backend and precision, and what runtime, precision and an early end each make
of it. With --pictures, a folder of words, also RapidOCR's recogniser, as it comes and with OpenVINO, beside the same
weights (`ppocr`) read by this package.

Each round reads with one after another, so that what else the machine does slows all of them alike; medians are
printed. Signs and words are drawn.
"""

import dataclasses
import logging
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags
from PIL import Image
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from attention_ocr.config import RenderConfig, SignsConfig, WordsConfig
from attention_ocr.errors import UserError
from attention_ocr.quiet import quiet_imports
from attention_ocr.reading.reader import Reader
from attention_ocr.render import renderers

BATCHES = flags.DEFINE_list("batches", ["1", "32"], "Pictures read at a time.")
ROUNDS = flags.DEFINE_integer("rounds", 7, "Turns; medians are printed.", lower_bound=1)
NUMBER = flags.DEFINE_integer("number", 64, "Drawn pictures of each kind.", lower_bound=1)
ONES = flags.DEFINE_integer("ones", 16, "Pictures of a turn at batch 1.", lower_bound=1)
READERS = flags.DEFINE_list("readers", ["signs", "words"], "Ready-made readers to time; empty: none.")
PICTURES = flags.DEFINE_string("pictures", "", "Folder of pictures of words, for RapidOCR beside `ppocr`.")
WORDS = flags.DEFINE_integer("words", 640, "How many of them.", lower_bound=1)
CHARACTERS = flags.DEFINE_string(
    "characters", "latin", "What `ppocr` reads, as the job `read` has it; empty: all it knows."
)
WORD_SIZE = (32, 128)  # pixels, of the drawn words

# What is timed: a name, and the knobs of a Reader; each factor divides two of them.
RUNTIMES: dict[str, dict[str, Any]] = {
    "keras float32": {"backend": "keras"},
    "onnxruntime float32": {"backend": "onnxruntime"},
    "openvino float32": {"backend": "openvino"},
    "openvino bfloat16": {"backend": "openvino", "precision": "bfloat16"},
    "onnxruntime float32, early end": {"backend": "onnxruntime", "stop_early": True},
    "openvino float32, early end": {"backend": "openvino", "stop_early": True},
    "openvino bfloat16, early end": {"backend": "openvino", "precision": "bfloat16", "stop_early": True},
}
FACTORS = {
    "runtime, onnxruntime": ("keras float32", "onnxruntime float32"),
    "runtime, openvino": ("keras float32", "openvino float32"),
    "precision, bfloat16": ("openvino float32", "openvino bfloat16"),
    "early end": ("openvino bfloat16", "openvino bfloat16, early end"),
    "all of them": ("keras float32", "openvino bfloat16, early end"),
}


@dataclasses.dataclass
class Entry:
    """Something that reads.

    Attributes:
        name: of the row.
        batch: pictures read at a time.
        read: pictures -> their texts.
        pictures: to read in a turn.
        times: milliseconds a picture, of each turn.
        texts: of the last turn.
    """

    name: str
    batch: int
    read: Callable[[Sequence[Any]], list[str]]
    pictures: Sequence[Any]
    times: list[float] = dataclasses.field(default_factory=list)
    texts: list[str] = dataclasses.field(default_factory=list)

    def turn(self) -> None:
        """Reads all pictures once."""
        start = time.perf_counter()
        self.texts = self.read(self.pictures)
        self.times.append((time.perf_counter() - start) / len(self.pictures) * 1000)

    @property
    def median(self) -> float:
        """Milliseconds a picture; the first turn, in which networks are compiled, does not count."""
        return statistics.median(self.times[1:])


def main(arguments: Sequence[str]) -> None:
    """Times all that is asked for."""
    del arguments
    batches = [int(batch) for batch in BATCHES.value]
    groups = {name: entries_of(name, drawn(name, NUMBER.value), batches) for name in READERS.value}
    if PICTURES.value:
        words = words_of(PICTURES.value, WORDS.value)
        own = entries_of("ppocr", words, batches, CHARACTERS.value)
        groups["PP-OCRv6 small"] = [*own, *rapidocr_entries(words, batches)]
    run(groups, ROUNDS.value)
    console = Console(width=max(Console().width, 100))
    console.print(f"{os.cpu_count()} cores, medians of {ROUNDS.value} turns")
    for name, entries in groups.items():
        console.print(table(name, entries, batches))
        if name in READERS.value:
            console.print(factor_table(name, entries, batches))


def entries_of(name: str, pictures: Sequence[np.ndarray], batches: Sequence[int], characters: str = "") -> list[Entry]:
    """A reader of these characters with each backend and precision that this machine has, at each batch."""
    entries = []
    for told, knobs in RUNTIMES.items():
        try:
            reader = Reader.load(name, characters=characters, **knobs)
        except UserError as error:  # a runtime that is not installed, or a precision that the processor lacks
            logging.warning("%s, %s: left out (%s)", name, told, error)
            continue
        if knobs.get("stop_early") and reader.backend.config.head == "ctc":
            continue  # columns, whatever the text
        for batch in batches:
            entries.append(Entry(told, batch, reading(reader, batch), of_a_turn(pictures, batch)))
    return entries


def reading(reader: Reader, batch: int) -> Callable[[Sequence[np.ndarray]], list[str]]:
    """Pictures -> texts, `batch` at a time; scaling them is part of it."""
    return lambda pictures: [each.text for each in reader.read(pictures, batch)]


def of_a_turn(pictures: Sequence[np.ndarray], batch: int) -> Sequence[np.ndarray]:
    """All pictures, or at batch 1 some of them."""
    return pictures[:: max(1, len(pictures) // ONES.value)][: ONES.value] if batch == 1 else pictures


def rapidocr_entries(pictures: Sequence[np.ndarray], batches: Sequence[int]) -> list[Entry]:
    """RapidOCR's recogniser, as it comes and with OpenVINO; it reads batches of 6 unless told otherwise."""
    from rapidocr import EngineType, RapidOCR

    from attention_ocr.model.ppocr_file import installed_file

    weights, dictionary = str(installed_file()), written_dictionary()
    engines = {
        "rapidocr, as it comes": {},
        "rapidocr, openvino": {
            "Rec.engine_type": EngineType.OPENVINO,
            "Rec.model_path": weights,
            "Rec.rec_keys_path": dictionary,
        },
    }
    entries = []
    for name, knobs in engines.items():
        for batch in batches:
            own = {"Rec.rec_batch_num": batch} if batch > 1 else {}
            engine = RapidOCR(params={"Global.log_level": "error", **own, **knobs})
            bgr = [np.ascontiguousarray(picture[..., ::-1]) for picture in of_a_turn(pictures, batch)]
            engine(bgr[0], use_det=False, use_cls=False, use_rec=True)  # loads the recogniser
            entries.append(Entry(name, batch, recognising(engine, batch), bgr))
    return entries


def recognising(engine: Any, batch: int) -> Callable[[Sequence[np.ndarray]], list[str]]:
    """Pictures -> texts by RapidOCR's recogniser alone: it sorts them by width and scales them."""
    from rapidocr.ch_ppocr_rec.typings import TextRecInput

    def read(pictures: Sequence[np.ndarray]) -> list[str]:
        groups = [[picture] for picture in pictures] if batch == 1 else [list(pictures)]
        return [text for group in groups for text in engine.text_rec(TextRecInput(img=group)).txts]

    return read


def written_dictionary() -> str:
    """A file of the characters that the weights know, which OpenVINO's engine would fetch from the net."""
    import tempfile

    from attention_ocr.model.ppocr_file import installed_file, read

    path = Path(tempfile.mkdtemp()) / "characters.txt"
    path.write_text("\n".join(read(installed_file()).characters[:-1]) + "\n", encoding="utf-8")
    return str(path)


def drawn(name: str, number: int) -> list[np.ndarray]:
    """Signs of four views or words, uint8 [height, width, 3] each."""
    config = RenderConfig(seed=1, output="pictures")
    renderer: Any
    if name == "signs":
        renderer = renderers.sign_renderer(config, SignsConfig())[0]
    else:
        height, width = WORD_SIZE
        renderer = renderers.word_renderer(config, WordsConfig(image_height=height, image_width=width))[0]
    return [np.asarray(renderer.draw(n).pixels) for n in range(number)]


def words_of(folder: str, number: int) -> list[np.ndarray]:
    """Pictures of a folder by their shape, so that those of a batch are about as wide: RapidOCR sorts them, too."""
    paths = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg"))
    if not paths:
        raise SystemExit(f"--pictures={folder}: has no PNG or JPEG files")
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in paths[:number]]
    return sorted(pictures, key=lambda picture: picture.shape[1] / picture.shape[0])


def run(groups: dict[str, list[Entry]], rounds: int) -> None:
    """All entries in turns, after one that does not count."""
    entries = [entry for group in groups.values() for entry in group]
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("reading", total=len(entries) * (rounds + 1))
        for _ in range(rounds + 1):
            for entry in entries:
                progress.update(task, description=f"{entry.name}, batch {entry.batch}")
                entry.turn()
                progress.advance(task)


def table(name: str, entries: Sequence[Entry], batches: Sequence[int]) -> Table:
    """Milliseconds a picture, times as fast as the first row, and texts equal to its."""
    found = Table(title=f"{name}: ms a picture", title_justify="left")
    found.add_column("")
    for batch in batches:
        for title in (f"batch {batch}", "times", "same texts"):
            found.add_column(title, justify="right")
    for row in dict.fromkeys(entry.name for entry in entries):
        cells = [row]
        for batch in batches:
            (base, *_), entry = ([each for each in entries if each.batch == batch], picked(entries, row, batch))
            if entry is None:
                cells += ["", "", ""]
                continue
            same = f"{equal(base, entry)} of {len(entry.texts)}"
            cells += [f"{entry.median:.2f}", f"{base.median / entry.median:.2f}", same]
        found.add_row(*cells)
    return found


def factor_table(name: str, entries: Sequence[Entry], batches: Sequence[int]) -> Table:
    """What each change makes of the speed."""
    found = Table(title=f"{name}: times as fast by", title_justify="left")
    found.add_column("")
    for batch in batches:
        found.add_column(f"batch {batch}", justify="right")
    for factor, (slow, fast) in FACTORS.items():
        pairs = [(picked(entries, slow, batch), picked(entries, fast, batch)) for batch in batches]
        if all(one and other for one, other in pairs):
            found.add_row(factor, *[f"{one.median / other.median:.2f}" for one, other in pairs if one and other])
    return found


def picked(entries: Sequence[Entry], name: str, batch: int) -> Entry | None:
    """The entry of a row and a batch."""
    return next((entry for entry in entries if (entry.name, entry.batch) == (name, batch)), None)


def equal(one: Entry, other: Entry) -> int:
    """How many texts are the same."""
    return sum(a == b for a, b in zip(one.texts, other.texts, strict=True))


if __name__ == "__main__":
    with quiet_imports():
        import attention_ocr.reading.backends.keras  # noqa: F401 - its framework writes notes while it starts
    app.run(main)
