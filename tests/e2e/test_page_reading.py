"""Photographs of drawn words: their lines are found, and read as the recogniser reads the true crops."""

import cv2
import drawn_photographs
import numpy as np
import pytest

from attention_ocr.pages.cutting import cut_out
from attention_ocr.pages.page import read_page
from attention_ocr.reading.reader import Reader

pytest.importorskip("rapidocr", reason="the detector's weights lie in the package rapidocr")
pytest.importorskip("onnxruntime", reason="it runs the detector")


@pytest.fixture(scope="module")
def reader():
    return Reader.load("ppocr", characters="latin", orientation="auto")


def covered(one, other):
    """The area that two quadrangles share, of the smaller one's."""
    masks = np.zeros([2, drawn_photographs.HEIGHT, drawn_photographs.WIDTH], np.uint8)
    for mask, corners in zip(masks, (one, other), strict=True):
        cv2.fillConvexPoly(mask, corners.round().astype(np.int32), 1)
    return masks.all(axis=0).sum() / max(1, min(mask.sum() for mask in masks))


def scores(reader, seeds):
    """Words, those that a line was found for, and those of them that are read as in their true crop."""
    words = found = alike = 0
    for seed in seeds:
        pixels, placed = drawn_photographs.photograph(seed)
        page = read_page(reader, pixels)
        crops = reader.read([cut_out(pixels, word.corners)[0] for word in placed])
        for word, crop in zip(placed, crops, strict=True):
            lines = [line for line in page.lines if covered(line.corners, word.corners) > 0.5]
            words, found = words + 1, found + bool(lines)
            alike += any(line.text == crop.text for line in lines)
    return words, found, alike


def test_a_photograph(reader):
    words, found, alike = scores(reader, [3])
    assert found == words
    assert alike >= 0.9 * words


@pytest.mark.slow
def test_twenty_photographs(reader):
    words, found, alike = scores(reader, range(20))
    print(f"{words} words: {found} found, {alike} ({alike / words:.1%}) read as the recogniser reads the true crop")
    assert alike >= 0.9 * words
