"""Pictures drawn while a model learns."""

import itertools
from collections import Counter

import numpy as np
import pytest

from attention_ocr import parallel
from attention_ocr.charset import Charset
from attention_ocr.config import Config
from attention_ocr.dataset_spec import DatasetSpec, Split
from attention_ocr.errors import UserError
from attention_ocr.records.examples import write_example
from attention_ocr.records.framing import framed
from attention_ocr.render.writing import encode
from attention_ocr.training import from_rendering, sources
from attention_ocr.training.read_ahead import ReadAhead

TINY_SIGNS = {"num_views": 1, "image_height": 32, "image_width": 32}
WORDS = {"max_width": 128, "max_sequence_length": 12, "texts": "codes:1"}


def drawn_data(folder, drawing=TINY_SIGNS, **knobs):
    config = Config().replace(**{"render": "signs", "render_workers": 1, "batch_size": 2, "difficulty": 0.0, **knobs})
    return sources.find(config, "", "", "train", drawing).open(folder)


def words_data(folder, **knobs):
    network = {"encoder": "residual", "head": "ctc", "num_encoder_lstm_layers": 1}
    return drawn_data(folder, WORDS, **{"render": "words", "render_memory": 1, **network, **knobs})


def taken(data, step, number):
    """Batches from a step on."""
    try:
        found = itertools.islice(data.batches(step), number)
        return [{name: np.asarray(array) for name, array in batch.items()} for (batch,) in found]
    finally:
        data.close()


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])


@pytest.mark.parametrize(("wanted", "cores", "number"), [(1, 8, 1), (2, 8, 2), (5, 8, 5), (0, 1, 2), (0, 8, 8)])
def test_so_many_processes_draw(wanted, cores, number, tmp_path, monkeypatch):
    used = []

    class Noted(from_rendering.LocalDrawing):
        def __init__(self, shape, draw, first, batch_size, workers):
            used.append(workers)
            super().__init__(from_rendering.Ring(shape, bytearray(shape.num_bytes)), draw)

    monkeypatch.setattr(parallel, "available_cores", lambda: cores)
    monkeypatch.setattr(from_rendering, "Drawers", Noted)
    data = drawn_data(tmp_path, render_workers=wanted, batch_size=1)
    assert taken(data, 0, 1)[0]["images"].shape == (1, 32, 32, 3)
    assert used == ([] if number == 1 else [number])


def test_signs_used_once_come_in_the_order_of_their_numbers(tmp_path):
    data = drawn_data(tmp_path)
    found = np.concatenate([batch["images"] for batch in taken(data, 0, 3)])
    expected = [data._numbered.renderer.draw(number, 0.0).pixels for number in range(6)]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("reuse", [1, 3])
def test_a_step_sees_the_same_in_every_run_and_in_a_resumed_one(workers, reuse, tmp_path):
    knobs = {"render_reuse": reuse, "seed": 3}
    once = taken(words_data(tmp_path, **knobs), 0, 8)
    again = taken(words_data(tmp_path, render_workers=workers, **knobs), 5, 3)
    for one, other in zip(once[5:], again, strict=True):
        assert_equal(one, other)
    another_seed = taken(words_data(tmp_path, **{**knobs, "seed": 4}), 0, 1)[0]
    assert not np.array_equal(once[0]["labels"], another_seed["labels"])


def test_a_picture_is_used_as_often_as_asked_for(tmp_path):
    larger = {"num_views": 1, "image_height": 96, "image_width": 96}
    data = drawn_data(tmp_path, larger, render_reuse=3, render_memory=1)
    batches = taken(data, 0, data._arrangement.first_step(5))
    uses = Counter(picture.tobytes() for batch in batches for picture in batch["images"])
    assert set(uses.values()) == {1, 2, 3}  # those of the last phases will be used again
    assert sum(number == 3 for number in uses.values()) > len(uses) / 2


def test_words_of_all_widths_share_few_batch_widths(tmp_path):
    batches = taken(words_data(tmp_path, batch_size=4), 0, 12)
    assert {batch["images"].shape[2] for batch in batches} <= {64, 128}
    sizes = np.concatenate([batch["sizes"] for batch in batches])
    assert set(sizes[:, 0]) == {32}
    assert len(set(sizes[:, 1])) > 10
    for batch in batches:
        for picture, (_, width) in zip(batch["images"], batch["sizes"], strict=True):
            assert picture[:, width:].max(initial=0) == 0 < picture[:, :width].max()


def test_words_lie_on_grey_where_the_network_sees_the_whole_picture(tmp_path):
    batch = taken(words_data(tmp_path, encoder="inception_v3", head="attention"), 0, 1)[0]
    assert batch["images"].shape == (2, 32, 128, 3)
    assert "sizes" not in batch
    assert (batch["images"][:, :, -1] == 127).any()


def test_batches_tell_which_words_are_to_be_painted_and_what_is_looked_at_is_painted(tmp_path):
    data = words_data(tmp_path, render_masks=0.5, render_reuse=2, batch_size=4)
    batches = taken(data, 0, 6)
    unpainted = np.concatenate([batch["unpainted"] for batch in batches])
    assert 0.2 < unpainted.mean() < 0.8
    painted = taken(words_data(tmp_path, render_reuse=2, batch_size=4), 0, 6)
    assert "unpainted" not in painted[0]
    for one, other in zip(batches, painted, strict=True):
        np.testing.assert_array_equal(one["labels"], other["labels"])
        same = [np.array_equal(*pair) for pair in zip(one["images"], other["images"], strict=True)]
        assert not any(equal for equal, mask in zip(same, one["unpainted"], strict=True) if mask)
    assert "unpainted" not in data.sample


def test_difficulty_rises_with_the_steps(tmp_path, monkeypatch):
    data = drawn_data(tmp_path, difficulty=0.8, difficulty_steps=4)
    seen = []
    draw = type(data._numbered.renderer).draw
    monkeypatch.setattr(type(data._numbered.renderer), "draw", lambda self, n, d: seen.append(d) or draw(self, n, 0.0))
    taken(data, 0, 6)
    assert seen[: 2 * 6] == pytest.approx([0, 0, 0.2, 0.2, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 0.8, 0.8])


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Six red pictures 32 pixels high, bluer from corner to corner, that read `Ü0` to `Ü5`; two to validate on."""
    folder = tmp_path_factory.mktemp("records")
    charset = Charset.from_labels(["Ü012345"])
    for split, number in (("train", 6), ("validation", 2)):
        with (folder / f"{split}-00000-of-00001").open("wb") as file:
            for n in range(number):
                pixels = np.zeros((32, 96, 3), np.uint8)
                pixels[:, : 40 + n] = (200 + n, 0, 0)
                pixels[..., 2] = np.arange(96) + np.arange(32)[:, None]
                ids = charset.encode(f"Ü{n}")
                encoded = encode(pixels, "PNG")
                example = write_example(encoded, "PNG", 32, 96, 40 + n, ids, 5, charset.null_id, f"Ü{n}")
                file.write(framed(example))
    splits = {"train": Split("train-*", 6), "validation": Split("validation-*", 2)}
    spec = DatasetSpec("red", 1, 32, 96, 5, charset, "keep_height", splits, "charset_size=8.txt")
    spec.save(folder)
    return folder


def mixed_source(records, drawing=WORDS, **knobs):
    network = {"encoder": "residual", "head": "ctc", "num_encoder_lstm_layers": 1}
    defaults = {"render": "words", "render_workers": 1, "batch_size": 8, "render_memory": 1, "real_share": 0.4}
    config = Config().replace(**{**defaults, **network, **knobs})
    return sources.find(config, str(records), "", "train", drawing)


def test_records_are_mixed_in_each_seen_from_elsewhere(records, tmp_path):
    source = mixed_source(records)
    assert "Ü" in source.spec.charset.symbols
    charset, seen = source.spec.charset, []
    for batch in taken(source.open(tmp_path), 0, 12):
        for picture, label in zip(batch["images"], batch["labels"], strict=True):
            if charset.decode(label).startswith("Ü"):
                seen.append(picture.tobytes())
                assert picture[16, 20, 0] in range(195, 210)
                assert picture[16, 20, 1] < 10
    assert 0.25 < len(seen) / 96 < 0.55
    assert len(set(seen)) == len(seen)


def test_a_model_is_validated_on_the_records_if_they_have_such_a_split(records, tmp_path):
    data = mixed_source(records).open(tmp_path)
    names = [name for name, _ in data._validation_photographs()]
    assert names == ["validation-00000-of-00001:0", "validation-00000-of-00001:1"]
    texts = [data._labelling.charset.decode(example.ids) for _, example in data._validation_photographs()]
    assert texts == ["Ü0", "Ü1"]
    assert [example.pixels.shape for _, example in data._validation_photographs()] == [(32, 40, 3), (32, 41, 3)]


def test_records_of_other_pictures_are_refused(records):
    expected = r"do not fit together \(image_height 48 and 32\); make the records anew .* --image_height=48"
    with pytest.raises(UserError, match=expected):
        mixed_source(records, {**WORDS, "image_height": 48})
    with pytest.raises(UserError, match="resize stretch and keep_height"):
        mixed_source(records, {"image_width": 96})


def test_a_damaged_record_is_named(records, tmp_path):
    spec = DatasetSpec.load(records)
    photographs = sources.Photographs.of_split(str(records), spec, "train")
    folder = tmp_path / "damaged"
    folder.mkdir()
    content = bytearray((records / "train-00000-of-00001").read_bytes())
    content[40] ^= 255
    (folder / "train-00000-of-00001").write_bytes(content)
    damaged = sources.Photographs.of_split(str(folder), spec, "train")
    assert photographs.picture(0).text == "Ü0"
    with pytest.raises(UserError, match=r"train-00000-of-00001: the record at byte 0: .*checksum is wrong"):
        damaged.picture(0)


def test_what_a_generator_raises_reaches_its_consumer():
    def items():
        yield 1
        raise UserError("no more")

    ahead = ReadAhead(items())
    found = iter(ahead)
    assert next(found) == 1
    with pytest.raises(UserError, match="no more"):
        next(found)
    ahead.close()
    assert isinstance(ahead.error, UserError)


def test_a_closed_iterator_ends():
    ahead = ReadAhead(itertools.count())
    found = iter(ahead)
    assert [next(found) for _ in range(5)] == [0, 1, 2, 3, 4]
    ahead.close()
    assert list(found) == []
