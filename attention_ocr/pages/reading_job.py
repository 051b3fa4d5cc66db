"""What `attention-ocr read` does: pictures, or the lines of photographs and pages, as text, tables or documents."""

import dataclasses
import functools
import itertools
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attention_ocr import files, ray_engine
from attention_ocr.errors import UserError
from attention_ocr.pages.documents import alto, hocr
from attention_ocr.pages.page_files import PageReading, read_page_files
from attention_ocr.picture_paths import PicturePath, document_paths, drawing_paths
from attention_ocr.reading.output import UNSURE, Output
from attention_ocr.reading.picture_files import FileReading, read_files
from attention_ocr.reading.reader import WINDOW, Reader
from attention_ocr.ready.default import PPOCR, default_reader

logger = logging.getLogger(__name__)
SETTINGS = ("KERAS_BACKEND",)  # of the environment, for processes on other machines
DOCUMENTS = {"hocr": (hocr, ".html"), "alto": (alto, ".xml")}
PPOCR_CHARACTERS = "latin"


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        model: a file or a name; empty: the default reader.
        knobs: those of ReadConfig and BackendConfig.
        pages: whether lines are looked for.
        format: one of output.FORMATS, or of DOCUMENTS.
        output: the file for what else is printed, or the folder for documents; empty: none.
        min_confidence: texts with less are marked.
        batch_size: pictures or lines read at a time.
        visualize: the folder for drawings; empty: none.
        skips: whether pictures that cannot be read are left out.
        max_pixels: a picture of more is not decoded.
        engine: `local`, or `ray`.
        num_readers: readers on Ray; 0: one for each core.
    """

    model: str
    knobs: dict[str, Any]
    pages: bool
    format: str
    output: str
    min_confidence: float
    batch_size: int
    visualize: str
    skips: bool
    max_pixels: int
    engine: str = "local"
    num_readers: int = 0


class ReadingJob:
    """Reads pictures as they are asked for.

    Args:
        wanted: how.
        paths: the pictures; `-` stands for `stdin`.
        stdin: the bytes of a picture.

    Attributes:
        output: what is counted.

    Raises:
        UserError: what is wanted does not go together, or there is no such model.
    """

    def __init__(self, wanted: Wanted, paths: Sequence[PicturePath], stdin: bytes = b""):
        if wanted.format in DOCUMENTS and not wanted.pages:
            raise UserError(f"--format={wanted.format}: describes a page; add --pages")
        if wanted.format in DOCUMENTS and len(paths) > 1 and not wanted.output:
            raise UserError(
                f"--format={wanted.format}: {len(paths)} pictures need a document each; name a folder, --output=DIR"
            )
        self._wanted, self._paths, self._stdin = wanted, paths, stdin
        self._drawings = drawing_paths(paths, wanted.visualize) if wanted.visualize else []
        self.output = Output(wanted.format, wanted.min_confidence, wanted.pages)
        self._reader = reader_of(wanted)

    def lines(self, advance: Callable[[int], None]) -> Iterator[str]:
        """What is to be printed, line by line; with an output file it goes there.

        Args:
            advance: called with the number of pictures done since the last call.

        Raises:
            UserError: a picture cannot be read and is not to be skipped, or a file cannot be written.
        """
        if self._wanted.format in DOCUMENTS:
            yield from self._documents(advance)
        elif self._wanted.output:
            with (
                files.replacing(self._wanted.output) as temporary,
                temporary.open("w", encoding="utf-8", newline="\n") as file,
            ):
                file.writelines(f"{line}\n" for line in self._printed(advance))
        else:
            yield from self._printed(advance)

    def _results(self, advance: Callable[[int], None]) -> Iterator[FileReading | PageReading]:
        wanted = self._wanted
        results = self._on_ray() if wanted.engine == "ray" else _read(self._reader, wanted, self._stdin, self._paths)
        for number, found in enumerate(results):
            if found.error:
                logger.warning("skipped %s", found.error)
            elif self._drawings:
                self._draw(found, self._drawings[number])
            yield found
            advance(1)

    def _on_ray(self) -> Iterator[FileReading | PageReading]:
        """The pictures in the parts that a reader takes at once, so that each batch is the one it is without Ray."""
        wanted = self._wanted
        size = wanted.batch_size * WINDOW
        parts = [self._paths[start : start + size] for start in range(0, len(self._paths), size)]
        settings = {name: os.environ[name] for name in SETTINGS if name in os.environ}
        begin = functools.partial(_worker, wanted, self._stdin, settings)
        return itertools.chain.from_iterable(ray_engine.map_in_order(begin, parts, wanted.num_readers, 1))

    def _draw(self, found: FileReading | PageReading, path: Path) -> None:
        drawing = None
        if isinstance(found, PageReading):
            drawing = found.draw()
        elif found.picture is not None and found.reading:
            drawing = self._reader.draw(found.picture, found.reading)
        if drawing is not None:
            with files.replacing(path) as temporary:
                drawing.save(temporary)

    def _printed(self, advance: Callable[[int], None]) -> Iterator[str]:
        yield from self.output.heading
        for number, found in enumerate(self._results(advance)):
            if isinstance(found, FileReading):
                yield from self.output.lines(found.rows, found.to_dict(self._reader.dataset.charset))
                continue
            lines = self.output.lines(found.rows, found.to_dict())
            yield from self._page_text(found, number) if self._wanted.format == "text" else lines

    def _page_text(self, found: PageReading, number: int) -> Iterator[str]:
        """The lines of a page, an empty one between blocks; of several pages each under its path."""
        if len(self._paths) > 1:
            yield from ([""] if number else [])
            yield f"{found.path}:"
        rows = iter(found.rows)
        for place, block in enumerate(found.page.blocks if found.page else []):
            yield from ([""] if place else [])
            for line in block:
                yield line.text + (f"\t{UNSURE}" if self.output.is_unsure(next(rows)) else "")

    def _documents(self, advance: Callable[[int], None]) -> Iterator[str]:
        write, suffix = DOCUMENTS[self._wanted.format]
        folder = self._wanted.output
        targets = document_paths(self._paths, folder, suffix) if folder else []
        for number, found in enumerate(self._results(advance)):
            self.output.lines(found.rows, {})
            if not isinstance(found, PageReading) or found.page is None:
                continue
            document = write(found.page, str(found.path))
            if targets:
                files.write_text(targets[number], document)
            else:
                yield document.rstrip("\n")


def _read(
    reader: Reader, wanted: Wanted, stdin: bytes, paths: Sequence[PicturePath]
) -> Iterator[FileReading | PageReading]:
    how = (reader, paths, wanted.batch_size, wanted.skips, stdin)
    return read_page_files(*how) if wanted.pages else read_files(*how)


def _worker(
    wanted: Wanted, stdin: bytes, settings: dict[str, str]
) -> Callable[[Sequence[PicturePath]], list[FileReading | PageReading]]:
    """What a process of Ray does: its own reader reads some pictures, which come along only where they are drawn on."""
    os.environ.update(settings)
    reader = reader_of(wanted)

    def read(paths: Sequence[PicturePath]) -> list[FileReading | PageReading]:
        found = _read(reader, wanted, stdin, paths)
        return list(found) if wanted.visualize else [dataclasses.replace(one, picture=None) for one in found]

    return read


def reader_of(wanted: Wanted) -> Reader:
    """The reader that is asked for, or the default one; of PP-OCRv6's characters the Latin ones, unless others are.

    Raises:
        UserError: as `Reader.load`.
    """
    name, knobs = wanted.model or default_reader(), dict(wanted.knobs)
    if name == PPOCR and not knobs["characters"]:
        knobs["characters"] = PPOCR_CHARACTERS
        logger.info("ppocr reads Latin letters, digits and signs; --characters=all: all that it knows")
    reader = Reader.load(name, **knobs)
    reader.max_pixels = wanted.max_pixels
    return reader
