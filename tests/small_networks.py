"""Networks of a few channels and layers in place of the published ones, for tests."""

import contextlib

import pytest

from attention_ocr.model import inception
from attention_ocr.model.crnn import Crnn
from attention_ocr.model.layouts import inception_v3
from attention_ocr.model.layouts.crnn import LAYERS
from attention_ocr.model.layouts.lcnet import SIZES, Guide, LightSvtr, Size

DIVISOR = 16  # of CRNN's and Inception's channels
BRANCHES = ((("Conv2d_0a_1x1", 1, 8, 1, "same"),), ("average", ("Conv2d_0b_1x1", 1, 8, 1, "same")))  # of Mixed_5b
STAGES = ((8, "e"), (8, "-"), (12, "-e"), (16, "-e"))  # of an LCNet


@contextlib.contextmanager
def smaller():
    """Within it CRNN and its relatives, and LCNets, are small; not in other processes."""
    with pytest.MonkeyPatch.context() as patch:
        for kind, layers in LAYERS.items():
            patch.setitem(LAYERS, kind, [(one[0] // DIVISOR, *one[1:]) if len(one) == 4 else one for one in layers])
        patch.setattr(Crnn, "num_channels", Crnn.num_channels // DIVISOR)
        patch.setitem(SIZES, "small", Size(True, (8, 8), STAGES, LightSvtr(16, 24)))
        patch.setitem(SIZES, "tiny", Size(False, (4, 8), STAGES, Guide(6)))
        yield


@contextlib.contextmanager
def smaller_inception():
    """Within it Inception-v3 to Mixed_5b is of few channels and two branches; not in other processes."""
    stem = tuple((*layer, filters // DIVISOR) for *layer, filters in inception_v3.STEM)
    with pytest.MonkeyPatch.context() as patch:
        for module in (inception, inception_v3):
            patch.setattr(module, "STEM", stem)
        patch.setitem(inception_v3.BLOCKS, "Mixed_5b", BRANCHES)
        yield
