"""Several processes together prepare what one would: the same pictures in the same order."""

import numpy as np
import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import DataConfig, ModelConfig
from attention_ocr.data import mixture, pipeline
from attention_ocr.data.dataset_mix import Stage
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.geometry import geometry_of
from attention_ocr.render.batches import Batches
from attention_ocr.render.signs.renderer import RenderedPicture
from attention_ocr.share import Share

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


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("resize", ["stretch", "pad", "keep_height"])
@pytest.mark.parametrize("mixed", [False, True])
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


class Renderer:
    """Draws the number itself."""

    def draw(self, number, difficulty):
        return RenderedPicture(np.full([2, 3, 3], number, np.uint8), "ab"[number % 2], None)


@pytest.mark.parametrize("count", [2, 4])
def test_drawn_pictures(count):
    charset = Charset.from_labels(["ab"])

    def batches(share):
        drawn = Batches(Renderer(), charset, 2, B, share=share)
        return [drawn.pictures(number) for number in range(START, START + STEPS)]

    check_equal(batches(Share()), [batches(Share(index, count)) for index in range(count)])
