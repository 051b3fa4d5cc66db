"""Several processes together prepare what one would: the same pictures in the same order."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import Config, DataConfig, ModelConfig
from attention_ocr.data import mixture, pipeline
from attention_ocr.data.dataset_mix import Stage
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.geometry import geometry_of
from attention_ocr.render.signs.renderer import RenderedPicture
from attention_ocr.share import Share
from attention_ocr.training import from_rendering
from attention_ocr.training.from_rendering import DrawnData

B, STEPS, START = 8, 4, 3


def joined(parts):
    """Batches of which each process has a part."""
    return [
        {name: np.concatenate([part[name] for part in batch]) for name in batch[0]}
        for batch in zip(*parts, strict=True)
    ]


def check_equal(wholes, parts):
    assert len(wholes) == STEPS
    for whole, together in zip(wholes, joined(parts), strict=True):
        assert set(whole) == set(together)
        for name, values in whole.items():
            np.testing.assert_array_equal(values, together[name])


RESIZES = ("stretch", "pad", "keep_height")
# Each two of the three values meet once; the others are slow.
RECORDS = [
    pytest.param(count, resize, mixed, marks=[] if (count == 4) == mixed ^ (resize == "pad") else pytest.mark.slow)
    for count, resize, mixed in itertools.product((2, 4), RESIZES, (False, True))
]


@pytest.mark.parametrize(("count", "resize", "mixed"), RECORDS)
def test_records(count, resize, mixed, sized_dataset):
    spec = DatasetSpec.load(sized_dataset(resize))
    canvas = geometry_of(ModelConfig(encoder="residual"), spec).canvas
    files = pipeline.RecordFiles(spec.split_files(sized_dataset(resize), "train"), spec, canvas)
    sources = [files] * (1 + mixed)
    united = DatasetSpec.from_dict({**spec.to_dict(), "max_sequence_length": 7}) if mixed else spec
    stages = (Stage(0, (1, 2)[: 1 + mixed]),)
    mix = mixture.Mixture(sources, [files.count()] * len(sources), stages, united)
    data = DataConfig(batch_size=B, augmentation="light", shuffle_buffer_size=16)

    def batches(share):
        found = mixture.training_batches(mix, data, 5, START, None, share)
        return list(found.take(STEPS).as_numpy_iterator())

    wholes = batches(Share())
    check_equal(wholes, [batches(Share(index, count)) for index in range(count)])
    if canvas and resize == "keep_height":
        assert len({whole["images"].shape for whole in wholes}) > 1, "no widths to agree on"


@dataclass(frozen=True)
class Numbers:
    """Draws the number of a picture: as wide as the number says where `widths` are many."""

    widths: tuple[int, ...] = (32,)
    seed: int = 0

    def draw(self, number, difficulty=1.0):
        width = self.widths[number % len(self.widths)]
        return RenderedPicture(np.full([32, width, 3], number, np.uint8), "ab"[number % 2])


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize(
    ("resize", "widths", "reuse"), [("stretch", (32,), 1), ("stretch", (32,), 3), ("keep_height", (20, 50, 90), 1)]
)
def test_drawn_pictures(count, resize, widths, reuse):
    spec = DatasetSpec(
        name="drawn",
        charset=Charset.from_labels(["ab"]),
        num_views=1,
        image_height=32,
        image_width=max(widths),
        max_sequence_length=2,
        resize=resize,
    )
    config = Config(
        model=ModelConfig(encoder="residual"),
        data=DataConfig(batch_size=B, render="words", render_reuse=reuse, render_workers=1, render_memory=1),
    )

    def batches(share):
        data = DrawnData(config, Numbers(widths), spec, share=share)
        found = [batch for (batch,) in itertools.islice(data.batches(START), STEPS)]
        data.close()
        return found

    wholes = batches(Share())
    check_equal(wholes, [batches(Share(index, count)) for index in range(count)])
    assert len(np.unique(np.concatenate([whole["images"][:, 0, 0, 0] for whole in wholes]))) > B


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("reuse", [1, 3])
def test_each_process_draws_its_part_of_the_pictures(count, reuse, monkeypatch):
    spec = DatasetSpec("drawn", 1, 32, 32, 2, Charset.from_labels(["ab"]))
    config = Config(data=DataConfig(batch_size=B, render="words", render_reuse=reuse, render_workers=1))
    monkeypatch.setattr(from_rendering, "_budget", lambda data, one: 4 * B * (reuse + 1))
    drawn: list[list[int]] = []

    @dataclass(frozen=True)
    class Noted(Numbers):
        def draw(self, number, difficulty=1.0):
            drawn[-1].append(number)
            return super().draw(number, difficulty)

    for index in range(count):
        drawn.append([])
        data = DrawnData(config, Numbers(), spec, Noted(), share=Share(index, count))
        list(itertools.islice(data.batches(0), 2 * STEPS))
        data.close()
    assert all(len(set(numbers)) == len(numbers) for numbers in drawn)
    assert sum(map(len, drawn)) == len(set(itertools.chain(*drawn))), "a picture is drawn twice"
    assert {number % B // (B // count) for number in drawn[1]} == {1}


def test_numbers_of_a_share_and_of_all_batches_lead_to_each_other():
    shares = [Share(index, 2) for index in range(2)]
    drawn = [[share.number(own, 4) for own in range(8)] for share in shares]
    assert drawn == [[0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]]
    batches = np.arange(32).reshape(4, 8)[[2, 0, 3, 1]]
    for share in shares:
        own = share.own(batches)
        assert [[share.number(each, 4) for each in batch] for batch in own.tolist()] == batches[
            :, share.rows(8)
        ].tolist()
