"""The reader that is taken where none is named."""

import importlib.util
import logging

from attention_ocr.ready import catalog

PPOCR, WORDS = "ppocr", "words"
# What `ppocr` needs: its weights lie in the one, the other opens them, and Keras with TensorFlow or jax reads.
PPOCR_NEEDS = ("rapidocr", "onnx", "keras")
logger = logging.getLogger(__name__)


def default_reader() -> str:
    """`ppocr` where its packages are installed, else the ready-made `words`; a message tells which."""
    missing = [package for package in PPOCR_NEEDS if importlib.util.find_spec(package) is None]
    if not missing:
        logger.info("no model is named: ppocr reads (lines in many scripts); --model=words is smaller and faster")
        return PPOCR
    card = catalog.find(WORDS)
    version = f", version {card.version}," if card else ""
    way = "for other scripts and long lines install 'attention-ocr[ppocr]', or name a model with --model"
    logger.info("no model is named: words%s reads (Latin letters and digits); %s", version, way)
    return WORDS
