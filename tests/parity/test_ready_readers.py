"""The ready-made readers give on real pictures what they give in Keras, whatever reads them."""

from pathlib import Path

import numpy as np
import pytest

from attention_ocr.reading.reader import Reader

DATA = Path(__file__).parents[3] / "shared" / "data"
REAL = {"words": ("iiit5k_train", 32), "signs": ("fsns_signs", 8)}


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("name", REAL)
def test_real_pictures_give_the_same_logits_and_texts(name, backend):
    pytest.importorskip(backend)
    folder, number = REAL[name]
    paths = sorted(path for path in (DATA / folder).rglob("*") if path.suffix in (".png", ".jpg"))[:number]
    if len(paths) < number:
        pytest.skip(f"{DATA / folder} is not there")
    keras, other = Reader.load(name, backend="keras"), Reader.load(name, backend=backend)
    texts = [reading.text for reading in keras.read(paths)]
    assert len(set(texts)) > number // 2
    assert [reading.text for reading in other.read(paths)] == texts
    for path in paths[:8]:
        pixels, sizes = batch_of(keras, path)
        wanted, found = (reader.backend.predict(pixels, sizes)["chars_logit"] for reader in (keras, other))
        seen = np.abs(wanted) < 1e8  # others are impossible
        np.testing.assert_allclose(found[seen], wanted[seen], atol=1e-4 * max(1, np.abs(wanted[seen]).max()))


def batch_of(reader, path):
    """A picture as a batch of one, and its size where the network has a canvas."""
    pixels = reader.prepare(path)
    canvas = reader.geometry.canvas
    return canvas.batch([pixels]) if canvas else (pixels[None], None)
