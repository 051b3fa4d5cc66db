"""The models of a service: each with its reader, and the thread that reads."""

import dataclasses
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.reading.reader import Fitted, Reader, Reading
from attention_ocr.reading.texts.ctc_alternatives import CtcAlternatives
from attention_ocr.serve_config import ServeConfig
from attention_ocr.serving.answers import answer_of
from attention_ocr.serving.batching import Batcher
from attention_ocr.serving.measures import Measures

logger = logging.getLogger(__name__)
MOST_ALTERNATIVES = 10


@dataclasses.dataclass(frozen=True)
class Item:
    """A picture in a batch.

    Attributes:
        name: of its file.
        fitted: the picture.
        alternatives: other texts that are told at most.
    """

    name: str
    fitted: Fitted
    alternatives: int


class ServedModel:
    """A model that answers several requests at once.

    Args:
        name: what requests call it.
        path: a model file, an export, or the name of a ready-made reader.
        reading, backend: how it reads.
        config: the service's knobs.
        measures: what is counted.

    Attributes:
        name, path: the same.
        reader: prepares pictures, in any thread.
        batcher: reads them.
        lock: held by whoever reads, as not every backend does so in several threads.

    Raises:
        UserError: as `Reader.load`.
    """

    def __init__(
        self,
        name: str,
        path: str,
        reading: ReadConfig,
        backend: BackendConfig,
        config: ServeConfig,
        measures: Measures,
    ):
        self.name, self.path = name, path
        self._reading, self._config = reading, config
        self.lock = threading.Lock()
        self.reader = load_reader(path, reading, backend)
        self._with_alternatives: Reader | None = None
        queue, batches = measures.queue.labels(name), measures.batches.labels(name)
        seconds, pictures = measures.reading.labels(name), measures.pictures.labels(name)

        def count(number: int, took: float) -> None:
            batches.observe(number)
            seconds.observe(took)
            pictures.inc(number)

        self.batcher = Batcher(self._read, config.max_batch, config.max_delay_ms / 1000, config.queue_size, count)
        queue.set_function(lambda: self.batcher.under_way)

    def submit(self, name: str, fitted: Fitted, alternatives: int = 0) -> Future:
        """The answer, as `answer_of` makes it, of a picture that a place was reserved for."""
        return self.batcher.submit(Item(name, fitted, alternatives))

    def warm_up(self) -> None:
        """Reads an empty picture, and a batch of them, so that no request waits for what is made once."""
        spec, batcher = self.reader.dataset, self.batcher
        blank = np.full([spec.image_height, 2 * spec.num_views * spec.image_height, 3], 127, np.uint8)
        fitted = self.reader.fitted(blank)
        for number in {1, min(self._config.max_batch, self._config.queue_size)}:
            batcher.reserve(number)
            for future in [self.submit("", fitted) for _ in range(number)]:
                future.result()

    def described(self) -> dict[str, Any]:
        """What it is, for JSON."""
        spec, backend = self.reader.dataset, self.reader.backend
        return {
            "name": self.name,
            "reads": spec.name,
            "views": spec.num_views,
            "height": spec.image_height,
            "width": spec.image_width,
            "characters": len(spec.charset) - 1,
            "longest_text": spec.max_sequence_length,
            "encoder": backend.config.encoder,
            "head": backend.config.head,
            "step": self.reader.step,
            "fingerprint": backend.fingerprint,
        }

    def _read(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """The answers of a batch; those with alternatives are read together, and those without."""
        found: dict[int, Reading] = {}
        for asked in (False, True):
            rows = [row for row, item in enumerate(items) if (item.alternatives > 0) == asked]
            if rows:
                reader = self._reader_of_alternatives() if asked else self.reader
                with self.lock:
                    readings = reader.read_prepared([items[row].fitted for row in rows])
                found |= zip(rows, readings, strict=True)
        charset = self.reader.dataset.charset
        return [
            answer_of(item.name, item.fitted, found[row], charset, item.alternatives) for row, item in enumerate(items)
        ]

    def _reader_of_alternatives(self) -> Reader:
        """A reader that tells several texts; made when it is first asked for, as few need it."""
        if self._with_alternatives is None:
            backend, spec, texts = self.reader.backend, self.reader.dataset, self.reader.texts
            if texts is not None or self._reading.beam_width > 1:  # tells them anyway
                self._with_alternatives = self.reader
            elif backend.config.head == "ctc":
                told = CtcAlternatives(spec.charset, spec.max_sequence_length, MOST_ALTERNATIVES + 1)
                self._with_alternatives = Reader(backend, told, self.reader.max_pixels, self.reader.orientation)
            else:
                knobs = dataclasses.replace(self._reading, beam_width=MOST_ALTERNATIVES + 1).to_dict()
                self._with_alternatives = Reader.load(self.path, backend="keras", **knobs)
        return self._with_alternatives


class Models:
    """The models of a service by name, the first one the default.

    Args:
        models: at least one.

    Attributes:
        by_name, first: the models, and the default.
        is_ready: whether all of them have read.
        failure: why one of them cannot; empty: none has failed.
    """

    def __init__(self, models: Sequence[ServedModel]):
        self.by_name = {model.name: model for model in models}
        self.first = models[0]
        self.is_ready = False
        self.failure = ""

    def warm_up(self) -> None:
        """Makes every model ready, in a thread of its own."""

        def run() -> None:
            try:
                for model in self.by_name.values():
                    model.warm_up()
            except Exception as error:
                logger.exception("the models cannot read; the service will not be ready")
                self.failure = f"{model.name} cannot read ({error or type(error).__name__}); the log tells where"
            else:
                self.is_ready = True

        threading.Thread(target=run, name="warm up", daemon=True).start()

    def close(self) -> None:
        """Reads what is under way, and ends."""
        self.is_ready = False
        for model in self.by_name.values():
            model.batcher.close()


def load_reader(path: str, reading: ReadConfig, backend: BackendConfig) -> Reader:
    """The reader of a model, with onnxruntime where that is possible: it compiles nothing for each new batch size.

    Raises:
        UserError: as `Reader.load`.
    """
    knobs = {**reading.to_dict(), **backend.to_dict()}
    other = Path(path).is_dir() or Path(path).suffix not in ("", ".keras")
    if backend.backend != "auto" or reading.beam_width > 1 or other:
        return Reader.load(path, **knobs)
    try:
        return Reader.load(path, **{**knobs, "backend": "onnxruntime"})
    except UserError as error:
        reader = Reader.load(path, **knobs)  # says what is wrong, if that is not onnxruntime
        logger.info("%s: read by Keras (%s)", path, error)
        return reader


def names_and_paths(given: Sequence[str]) -> list[tuple[str, str]]:
    """The names and paths of `--model`: NAME=FILE, or FILE, whose name without its ending is the model's.

    Raises:
        UserError: a name comes twice, or is none.
    """
    found: list[tuple[str, str]] = []
    for one in given:
        name, equals, path = one.partition("=")
        if not equals or Path(one).exists():
            name, path = Path(one).stem if Path(one).suffix in (".keras", ".onnx", ".xml") else Path(one).name, one
        if not name or not path or not all(letter.isalnum() or letter in "._-" for letter in name):
            raise UserError(f"--model={one}: write NAME=FILE, with a name of letters, digits, '.', '_' and '-'")
        if name in dict(found):
            raise UserError(f"--model={one}: another model is called {name!r}; write --model=OTHER_NAME={path}")
        found.append((name, path))
    return found
