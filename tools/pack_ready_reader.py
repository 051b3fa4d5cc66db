"""A trained model and what is known of it -> a ready-made reader of the package: weights in float16, and a card.

python tools/pack_ready_reader.py --checkpoint=best.keras --card=card.json
"""

import hashlib
import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
from absl import app, flags

from attention_ocr import files
from attention_ocr.errors import UserError
from attention_ocr.ready.catalog import Card

_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "The model file (.keras).", required=True)
_CARD = flags.DEFINE_string("card", None, "JSON of the card; sha256 is filled in.", required=True)

WEIGHTS = "model.weights.h5"
LARGEST_ERROR = 1e-3  # of a weight, as a share of its variable's largest


def in_half_precision(stored: bytes) -> bytes:
    """The weights as float16, without the optimiser.

    Raises:
        UserError: a weight is too large for float16.
    """
    source, target = h5py.File(io.BytesIO(stored)), io.BytesIO()
    with h5py.File(target, "w") as written:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if name.split("/")[0] == "optimizer":
                return
            if isinstance(item, h5py.Group):
                written.require_group(name).attrs.update(item.attrs)
                return
            values = item[()]
            if values.dtype == np.float32:
                half = values.astype(np.float16)
                if not np.abs(half.astype(np.float32) - values).max() <= LARGEST_ERROR * np.abs(values).max():
                    raise UserError(f"{name}: does not fit into float16 (values up to {np.abs(values).max():g})")
                values = half
            written.create_dataset(name, data=values).attrs.update(item.attrs)

        source.visititems(copy)
        written.attrs.update(source.attrs)
    return target.getvalue()


def main(arguments: list[str]) -> None:
    """Writes the reader's file and its card into the package."""
    del arguments
    packed = io.BytesIO()
    with zipfile.ZipFile(_CHECKPOINT.value) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            entry = zipfile.ZipInfo(name)  # of a fixed date, so that the same model gives the same bytes
            target.writestr(entry, in_half_precision(content) if name == WEIGHTS else content, zipfile.ZIP_DEFLATED)
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    card = Card(**{**files.read_json(Path(_CARD.value)), "sha256": digest})
    with files.replacing(card.path) as temporary:
        temporary.write_bytes(packed.getvalue())
    files.write_json(card.path.with_suffix(".json"), card.to_dict())
    print(f"{card.path}: {len(packed.getvalue()) / 1e6:.1f} MB")


if __name__ == "__main__":
    app.run(main)
