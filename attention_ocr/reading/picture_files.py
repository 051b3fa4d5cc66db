"""Picture files read batch after batch, in their order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.errors import UserError
from attention_ocr.picture_paths import STDIN, PicturePath
from attention_ocr.reading.output import Row
from attention_ocr.reading.reader import WINDOW, Fitted, Reader, Reading


@dataclass(frozen=True)
class FileReading:
    """What was read in a file.

    Attributes:
        path: of the file.
        error: why it could not be read; empty: it was.
        picture: uint8 [H, V*W, 3] as it was read; None where there is an error.
        reading: None where there is an error.
    """

    path: PicturePath
    error: str = ""
    picture: np.ndarray | None = None
    reading: Reading | None = None

    def line(self) -> str:
        """Path, text and confidence, separated by tabs."""
        text, confidence = (self.reading.text, self.reading.confidence) if self.reading else ("", 0.0)
        return f"{self.path}\t{text}\t{confidence:.4f}"

    @property
    def rows(self) -> list[Row]:
        """The one text, or the error."""
        if self.reading is None:
            return [Row(self.path, error=self.error)]
        return [Row(self.path, self.reading.text, self.reading.confidence, self.reading.turned)]

    def to_dict(self, charset: Charset) -> dict[str, Any]:
        """The path and what `Reading.to_dict` tells, or the error with an empty text."""
        if self.reading:
            return {"path": str(self.path), **self.reading.to_dict(charset)}
        return {
            "path": str(self.path),
            "text": "",
            "confidence": 0.0,
            "turned": 0,
            "characters": [],
            "error": self.error,
        }


def read_files(
    reader: Reader, paths: Sequence[PicturePath], batch_size: int, skips: bool, stdin: bytes = b""
) -> Iterator[FileReading]:
    """A FileReading for each path.

    Args:
        reader: the model.
        paths: of the files; `-` stands for `stdin`.
        batch_size: pictures read at a time.
        skips: whether one that cannot be read is given with its error, rather than raised.
        stdin: the bytes of a picture.

    Raises:
        UserError: a file cannot be read, and `skips` is false.
    """
    window = batch_size * WINDOW
    for start in range(0, len(paths), window):
        batch = paths[start : start + window]
        prepared = [_prepared(reader, path, skips, stdin) for path in batch]
        pictures = [picture for picture in prepared if isinstance(picture, Fitted)]
        readings = iter(reader.read_prepared(pictures, batch_size) if pictures else [])
        for path, picture in zip(batch, prepared, strict=True):
            if isinstance(picture, Fitted):
                reading = next(readings)
                yield FileReading(path, "", picture.in_turn(reading.turned).pixels, reading)
            else:
                yield FileReading(path, picture)


def _prepared(reader: Reader, path: PicturePath, skips: bool, stdin: bytes) -> Fitted | str:
    """The picture, or why it cannot be read."""
    try:
        return reader.fitted(stdin if str(path) == STDIN else path, str(path))
    except UserError as error:
        if not skips:
            raise
        return str(error)
