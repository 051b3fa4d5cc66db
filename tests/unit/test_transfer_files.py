"""A new run begins with a model file: what is loaded, what is said, what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import Config, ModelConfig
from attention_ocr.errors import UserError
from attention_ocr.model import model_file, network
from attention_ocr.model.network import AttentionOcr
from attention_ocr.training import fine_tuning, transfer


@pytest.fixture(scope="module")
def small_file(make_spec, tmp_path_factory):
    """A model file of one view, 40 x 80, the letters "abcd" and a blank."""
    path = tmp_path_factory.mktemp("old") / "model.keras"
    model = AttentionOcr(ModelConfig(num_lstm_units=8, final_endpoint="Mixed_5b"), make_spec())
    model.encoder.tower.num_updates.assign(7)
    model.save(path)
    return path


def test_a_file_of_another_data_set_fills_the_network_and_a_table_is_printed(small_file, make_spec, capsys):
    spec = make_spec(charset=Charset.from_labels([" abcdé"]), num_views=2, image_height=50, max_sequence_length=6)
    model = AttentionOcr(ModelConfig(num_lstm_units=8, final_endpoint="Mixed_5b", encode_coordinates=True), spec)
    fates = transfer.start_from(model, small_file)
    assert [fate.path for fate in fates] == [variable.path for variable in model.weights]
    theirs = {variable.path: np.asarray(variable) for variable in model_file.load_model(small_file).weights}
    for variable in model.encoder.weights:
        np.testing.assert_array_equal(np.asarray(variable), theirs[variable.path])
    printed = " ".join(capsys.readouterr().out.split())
    assert "6 of 7 classes are known, new: 'é'" in printed
    assert "encoder/* loaded 49 variables" in printed
    assert "decoder/softmax_b [7] resized 6 of 6 entries (now 7)" in printed
    assert "decoder/lstm_bias [32] loaded" in printed


@pytest.mark.parametrize(
    ("knobs", "told", "advised"),
    [
        ({"num_views": 4}, "learned from 1 view of 40 x 80 pixels, these records have 4 views of 40 x 80", False),
        ({"image_width": 96}, "learned from other pictures (here and there: image_width 96 and 80)", True),
        ({}, "", False),
    ],
)
def test_records_of_other_pictures_are_told_and_made_anew_only_where_that_helps(
    knobs, told, advised, small_file, make_spec, caplog
):
    """Records of one view are none for a reader of four, however they are made."""
    fine_tuning.begin(str(small_file), Config(), "", (), SimpleNamespace(spec=make_spec(**knobs)))
    found = "".join(record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert found.startswith(f"--checkpoint={small_file} {told}") if told else not found
    assert ("--like=" in found) == advised


def test_a_later_endpoint_begins_with_the_tower_so_far(small_file, make_spec, capsys):
    model = AttentionOcr(ModelConfig(num_lstm_units=8, final_endpoint="Mixed_5c"), make_spec())
    transfer.start_from(model, small_file)
    printed = " ".join(capsys.readouterr().out.split())
    assert "encoder/* loaded 49 variables" in printed
    assert "encoder/* new 28 variables, encoder/InceptionV3/Mixed_5c" in printed


def test_a_file_with_another_tower_is_refused_and_nothing_changes(small_file, make_spec, monkeypatch):
    monkeypatch.setitem(
        network.TOWERS, "inception_v3", lambda *_: network.InceptionV3("Mixed_5b", 1, 0.0, 0.9, name="Other")
    )
    spec = make_spec()
    model = AttentionOcr(ModelConfig(num_lstm_units=8, final_endpoint="Mixed_5c"), spec)
    monkeypatch.undo()
    before = np.asarray(model.decoder.softmax_w)
    with pytest.raises(UserError, match=r"--checkpoint=.*model\.keras: its tower is inception_v3 to Mixed_5b") as error:
        transfer.start_from(model, small_file)
    assert "\n" not in str(error.value)
    np.testing.assert_array_equal(np.asarray(model.decoder.softmax_w), before)
