"""Writes the demo's pictures: street signs to train on, and under `new/` one never-seen picture of each name."""

from pathlib import Path

import numpy as np
from absl import app, flags
from PIL import Image

from attention_ocr import files
from tools.plates import STREET_NAMES, draw_sign

_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "The folder for the pictures and labels.tsv.", required=True)
_NUM_EXAMPLES = flags.DEFINE_integer("num_examples", 64, "Pictures to train on, the names in turn.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Another seed gives other pictures.", lower_bound=0)


def write_signs(folder: Path, name_format: str, count: int, random: np.random.Generator) -> None:
    """Writes `count` pictures, the street names in turn, then their `labels.tsv` (`file<TAB>text`)."""
    lines = []
    for index in range(count):
        text = STREET_NAMES[index % len(STREET_NAMES)]
        name = name_format % index
        _save(draw_sign(text, random), folder / name)
        lines.append(f"{name}\t{text}\n")
    files.write_text(folder / "labels.tsv", "".join(lines))


def _save(picture: Image.Image, path: Path) -> None:
    with files.replacing(path) as temporary:
        picture.save(temporary)


def main(_: list[str]) -> None:
    """Writes both folders; their random draws have nothing in common."""
    folder = Path(_OUTPUT_DIR.value)
    write_signs(folder, "sign_%03d.png", _NUM_EXAMPLES.value, np.random.default_rng([_SEED.value, 0]))
    write_signs(folder / "new", "new_%02d.png", len(STREET_NAMES), np.random.default_rng([_SEED.value, 1]))
    print(f"{folder}: {_NUM_EXAMPLES.value} signs, and {len(STREET_NAMES)} never seen in {folder / 'new'}")


if __name__ == "__main__":
    app.run(main)
