"""`python golden_outputs.py OUT FOLDER...` imports golden checkpoints and writes our outputs for their pictures.

So one pytest covers both backends: KERAS_BACKEND chooses.
"""

import contextlib
import sys
from pathlib import Path
from unittest import mock

import numpy as np
from keras import ops

from attention_ocr.model import attention, recurrent, tf1_import

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"

# V, height and width of one view, T, autoregression (which the variables tell without attention).
FOLDERS = {
    "fsns": (4, 150, 150, 37, None),
    "fsns_coordinates": (4, 150, 150, 37, None),
    "single_view": (1, 96, 300, 20, None),
    "attention_no_autoregression": (2, 96, 100, 12, False),
    "slice": (1, 75, 200, 20, None),
    "slice_autoregression": (1, 75, 200, 20, None),
}
CHAOTIC = ("fsns", "fsns_coordinates")  # test_golden.py says why
OUTPUTS = ("predicted_chars", "predicted_scores", "predicted_length", "predicted_conf", "normalized_seq_conf")


def import_golden(folder):
    """The model of a golden folder."""
    *views, T, autoregression = FOLDERS[folder]
    model, _ = tf1_import.import_model(GOLDEN / folder / "model.ckpt-1", views, T, None, autoregression)
    return model


@contextlib.contextmanager
def following(masks):
    """Within it `additive_attention` tells where it would look, but looks where `masks` [B, T, N] say, step by step."""
    real, steps = attention.additive_attention, iter(np.moveaxis(masks, 1, 0))

    def additive_attention(keys, query, values, scale, mask=None):
        _, weights = real(keys, query, values, scale, mask)
        return attention.weighted_sum(ops.convert_to_tensor(next(steps)), values), weights

    step_by_step = mock.patch.object(recurrent, "_loop", recurrent._unrolled)
    with mock.patch.object(attention, "additive_attention", additive_attention), step_by_step:
        yield


def outputs_of(folder):
    """Everything the test compares, by golden.npz's names; `followed_...` looks where golden looked."""
    golden = np.load(GOLDEN / folder / "golden.npz")
    model = import_golden(folder)
    images = {"images": ops.convert_to_tensor(golden["images"])}
    batch = {**images, "labels": ops.convert_to_tensor(golden["labels"].astype("int32"))}
    found = {"count": model.count_params(), "step": model.step, **_renamed("", model(images))}
    if folder in CHAOTIC:
        features = model.encode(images["images"])["features"]
        with following(golden["attention_masks"]):
            outputs = model.decoder(features)
        null_id, T = model.dataset.charset.null_id, model.dataset.max_sequence_length
        outputs |= model.head.read(model.config, outputs["chars_logit"], null_id, T)
        found |= {"eval_features": features, **_renamed("followed_", outputs)}
        found["train_features"] = model.encode(images["images"], training=True)["features"]
    outputs = model(batch, training=True)
    found["train_logits"] = outputs["chars_logit"]
    found["train_total_loss"] = model.compute_loss(x=batch, y_pred=outputs)
    found["train_sequence_loss"] = model.batch_metrics["sequence_loss"].result()
    return {name: ops.convert_to_numpy(value) for name, value in found.items()}


def _renamed(prefix, outputs):
    found = {name: outputs[name] for name in OUTPUTS} | {"eval_logits": outputs["chars_logit"]}
    if "attention" in outputs:
        found["attention_masks"] = outputs["attention"]
    return {prefix + name: value for name, value in found.items()}


if __name__ == "__main__":
    for name in sys.argv[2:]:
        np.savez(Path(sys.argv[1]) / f"{name}.npz", **outputs_of(name))
