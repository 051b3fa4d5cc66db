"""Photographs and pages read one after the other, in their order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from attention_ocr.errors import UserError
from attention_ocr.pages.drawing import draw_page
from attention_ocr.pages.page import Page, check_shape, read_page
from attention_ocr.picture_paths import STDIN, PicturePath
from attention_ocr.reading import given_pictures
from attention_ocr.reading.output import Row
from attention_ocr.reading.reader import Reader


@dataclass(frozen=True)
class PageReading:
    """What was read in a file.

    Attributes:
        path: of the file.
        error: why it could not be read; empty: it was.
        page: None where there is an error.
        picture: the upright picture; None where there is an error.
    """

    path: PicturePath
    error: str = ""
    page: Page | None = None
    picture: Image.Image | None = None

    @property
    def rows(self) -> list[Row]:
        """A row for each line; one with the error where there is one."""
        if self.page is None:
            return [Row(self.path, error=self.error)]
        return [
            Row(self.path, line.text, line.confidence, line.turned, place=",".join(f"{side:.0f}" for side in line.box))
            for line in self.page.lines
        ]

    def to_dict(self) -> dict[str, Any]:
        """The path and what `Page.to_dict` tells, or the error."""
        return {"path": str(self.path)} | (self.page.to_dict() if self.page else {"error": self.error, "blocks": []})

    def draw(self) -> Image.Image | None:
        """The picture with its lines; None where there is an error."""
        return draw_page(self.picture, self.page) if self.picture and self.page else None


def read_page_files(
    reader: Reader, paths: Sequence[PicturePath], batch_size: int, skips: bool, stdin: bytes = b""
) -> Iterator[PageReading]:
    """A PageReading for each path.

    Args:
        reader: a reader of lines.
        paths: of the files; `-` stands for `stdin`.
        batch_size: lines read at a time.
        skips: whether a file that cannot be read is given with its error, rather than raised.
        stdin: the bytes of a picture.

    Raises:
        UserError: a file cannot be read or has no shape of a page, and `skips` is false; or the package rapidocr is
            missing.
    """
    for path in paths:
        try:
            given = stdin if str(path) == STDIN else path
            picture, _ = given_pictures.opened(given, str(path), reader.max_pixels)
            check_shape(picture, str(path))
        except UserError as error:
            if not skips:
                raise
            yield PageReading(path, str(error))
            continue
        yield PageReading(path, "", read_page(reader, picture, str(path), batch_size), picture)
