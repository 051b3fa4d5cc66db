"""Networks without graphs, for tests."""

import contextlib

import keras
import pytest


@contextlib.contextmanager
def eagerly():
    """Within it networks compute without graphs: to make one takes longer than a few steps of a small network.

    What may differ in graphs (errors of records, resuming to the same weights, exports, speed) is tested with them.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "run_eagerly", property(lambda self: True, lambda self, value: None))
        yield
