"""How far an export is from its model, and what becomes of one that is too far."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from attention_ocr.config import ExportConfig
from attention_ocr.errors import UserError
from attention_ocr.export.comparison import Compared, difference
from attention_ocr.export.formats import as_right, close

NULL = 2
ROW = Compared("openvino", "model.xml", 1e-5, 63, 60, 64, 1.0)


def outputs(ids, **changed):
    ids = np.array([ids])
    found = {"predicted_chars": ids, "chars_logit": np.eye(3)[ids], "predicted_conf": np.array([-1.0])}
    return found | {name: np.array(value) for name, value in changed.items()}


def test_the_largest_difference_counts():
    ours = outputs([0, 1, NULL])
    assert difference(ours, outputs([0, 1, NULL]), NULL) == 0
    assert difference(ours, outputs([0, 1, NULL], predicted_conf=[-1.25]), NULL) == pytest.approx(0.25)
    assert np.isnan(difference(ours, outputs([0, 1, NULL], predicted_conf=[np.nan]), NULL))


@pytest.mark.parametrize(("changed", "apart"), [(1, 1.0), (2, 1.0), (3, 0.0)])
def test_what_comes_after_the_first_null_counts_for_nothing_where_texts_end(changed, apart):
    ids = [0, 1, NULL, NULL]
    theirs = outputs(ids)
    theirs["chars_logit"][0, changed, 0] += 1
    assert difference(outputs(ids), theirs, NULL, ends=True) == apart
    assert difference(outputs(ids), theirs, NULL) == 1


def test_a_confidence_counts_where_the_models_text_ends_at_the_null_too():
    for ids, apart in (([0, NULL, NULL], 1.0), ([0, NULL, 1], 0.0)):
        assert difference(outputs(ids), outputs(ids, predicted_conf=[-2.0]), NULL, ends=True) == apart


@pytest.fixture
def written(tmp_path):
    for suffix in (".xml", ".bin"):
        (tmp_path / f"model{suffix}").write_bytes(b"1")
    return tmp_path / "model.xml"


def test_an_export_that_is_close_stays(written):
    held = SimpleNamespace(row=dataclasses.replace(ROW, right=60))
    assert as_right(close(ROW, written), held, written, ExportConfig()) is ROW
    assert written.exists()


@pytest.mark.parametrize("apart", [2e-4, float("nan")])
def test_an_export_that_is_far_off_is_removed_with_its_weights(written, apart):
    with pytest.raises(UserError, match=r"--format=openvino: differs from the model by .*allowed: 0.0001.* 63 of 64"):
        close(dataclasses.replace(ROW, difference=apart), written)
    assert list(written.parent.iterdir()) == []


def test_an_export_that_reads_less_right_is_removed(written):
    held = SimpleNamespace(row=dataclasses.replace(ROW, right=61))
    with pytest.raises(UserError, match=r"reads 60 of 64 pictures right, the model 61: a loss of 0.0156, over"):
        as_right(ROW, held, written, ExportConfig())
    assert list(written.parent.iterdir()) == []
