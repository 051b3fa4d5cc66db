"""Networks of a few channels and layers in place of the published ones, for tests."""

import contextlib

import pytest

from attention_ocr.model.crnn import Crnn
from attention_ocr.model.layouts.crnn import LAYERS
from attention_ocr.model.layouts.lcnet import SIZES, Guide, LightSvtr, Size

DIVISOR = 16  # of CRNN's channels
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
