"""Whole photographs and pages: their lines are found in a thread of their own, and read between batches of words."""

import importlib.util
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from attention_ocr.pages.detection import detector
from attention_ocr.pages.page import check_shape, read_page
from attention_ocr.reading import given_pictures
from attention_ocr.serving.models import ServedModel
from attention_ocr.serving.refusals import RefusalError, refusal_of
from attention_ocr.serving.uploads import Upload


class PageReader:
    """Reads pages, one after the other: the detector takes all cores for one."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "pages")

    def submit(self, upload: Upload, model: ServedModel) -> Future:
        """The answer of a page that a place was reserved for; the place is given back."""
        future = self._thread.submit(_answer, upload, model)
        future.add_done_callback(lambda _: model.batcher.release())
        return future

    def close(self) -> None:
        """Reads what is under way, and ends."""
        self._thread.shutdown()


def check_detector() -> None:
    """Raises a RefusalError unless there is a detector."""
    if importlib.util.find_spec("rapidocr") is None:
        sentence = "this service reads no whole pages: its machine needs pip install 'attention-ocr[pages]'"
        raise RefusalError(501, sentence, "no_pages")


def _answer(upload: Upload, model: ServedModel) -> dict[str, Any]:
    """A page's text and lines; places are in pixels of the upright picture."""
    try:
        picture, source = given_pictures.opened(upload.data, upload.name, model.reader.max_pixels)
        check_shape(picture, upload.name)  # before the detector has it
        found = detector()(np.asarray(picture))
        with model.lock:
            page = read_page(model.reader, picture, upload.name, detect=lambda _: found)
    except Exception as error:
        raise refusal_of(error) from error
    return {
        "name": upload.name,
        "width": source.width,
        "height": source.height,
        "orientation": source.orientation,
        "text": page.text,
        "blocks": page.to_dict()["blocks"],
    }
