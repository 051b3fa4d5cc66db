"""Where lines of text are in a photograph, as RapidOCR's detector finds them; its weights lie in its wheel."""

import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from attention_ocr.errors import UserError

WEIGHTS = Path("models") / "PP-OCRv6_det_small.onnx"  # in rapidocr
MISSING = "finding lines needs {}, which is not installed: pip install 'attention-ocr[pages]'"


class Detector:
    """RapidOCR's detector alone, run by onnxruntime.

    Raises:
        UserError: the package rapidocr or its weights are missing.
    """

    def __init__(self) -> None:
        weights = _weights()
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            raise UserError(MISSING.format(error.name or "rapidocr")) from error
        self._find = RapidOCR(params={"Global.log_level": "error", "Det.model_path": str(weights)})

    def __call__(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Quadrangles and scores of the lines in a picture.

        Args:
            pixels: uint8 [height, width, 3], RGB.

        Returns:
            float [N, 4, 2], the corners of each line in pixels, clockwise from its top left, and float [N] in [0, 1].
        """
        found: Any = self._find(np.ascontiguousarray(pixels[..., ::-1]), use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None or not len(found.boxes):
            return np.zeros([0, 4, 2]), np.zeros(0)
        return np.asarray(found.boxes, float), np.asarray(found.scores, float)


@functools.cache
def detector() -> Detector:
    """The detector of this process, loaded once."""
    return Detector()


def _weights() -> Path:
    found = importlib.util.find_spec("rapidocr")
    places = list(found.submodule_search_locations or []) if found else []
    if not places:
        raise UserError(MISSING.format("rapidocr"))
    path = Path(places[0]) / WEIGHTS
    if not path.is_file():
        raise UserError(f"{path}: is not there; another version of rapidocr? pip install 'rapidocr>=3.10'")
    return path
