"""Drawn pictures that are mixed in while a ready-made reader learns something new, so that it does not forget."""

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path

from attention_ocr.charset import Charset
from attention_ocr.config import AnnotationConfig, GenerateConfig, RenderConfig, SignsConfig, WordsConfig
from attention_ocr.data import dataset_mix
from attention_ocr.data.dataset_mix import DatasetMix, Part
from attention_ocr.dataset_spec import SPEC_FILE, DatasetSpec
from attention_ocr.ingest import dataset
from attention_ocr.ingest.formats.registry import label_source, read_annotations
from attention_ocr.render import renderers, writing

FOLDER = "replay"  # in the run's directory
WORDS, SIGNS = 3000, 800  # drawn to learn from; a sign takes ten times as long
HELD_BACK = 300  # drawn to measure what stays
LONGEST_WORD = 25
WIDEST = 8  # times the height, of a drawn word


@dataclass(frozen=True)
class Replay:
    """What is drawn beside a run's records.

    Attributes:
        charset: what the checkpoint reads, and is to read still.
        length: its T.
        share: of the pictures that are drawn ones.
        seed: of the pictures.
    """

    charset: Charset
    length: int
    share: float
    seed: int

    def spec(self, records: DatasetSpec) -> DatasetSpec:
        """The data set of a model that reads the records and what the checkpoint reads."""
        return dataset_mix.widened(records, self.charset, self.length)

    def mixed(self, mix: DatasetMix, run_path: Path) -> DatasetMix:
        """The mix with the drawn pictures, which are drawn if the run's directory has none yet."""
        folder = run_path / FOLDER
        if not (folder / SPEC_FILE).is_file():
            self._draw(folder, mix.parts[0].spec)
        part = Part(str(folder), DatasetSpec.load(folder))
        return dataclasses.replace(dataset_mix.with_share(mix, part, self.share), spec=self.spec(mix.spec))

    def _draw(self, folder: Path, records: DatasetSpec) -> None:
        """Writes words, or signs for several views, as records whose pictures are fitted as those of `records` are."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{FOLDER}-", dir=folder.parent) as made:
            charset_file, pictures = Path(made) / "charset.txt", Path(made) / "pictures"
            self.charset.to_file(charset_file)
            drawing = RenderConfig(
                seed=self.seed,
                number=SIGNS if records.num_views > 1 else WORDS,
                validation_number=HELD_BACK,
                test_number=0,
                output="pictures",
                charset_file=str(charset_file),
                max_sequence_length=self.length if records.num_views > 1 else min(self.length, LONGEST_WORD),
            )
            writing.write_rendered(*_renderer(drawing, records), pictures, drawing)
            lines = {
                split: read_annotations(
                    label_source(str(pictures / f"{split}.tsv"), AnnotationConfig(), records.num_views)
                )
                for split in ("train", "validation")
            }
            knobs = records.picture_knobs()
            dataset.write_dataset(
                lines, folder, GenerateConfig(**knobs, side_by_side=knobs["num_views"] > 1, test_fraction=0)
            )


def _renderer(drawing: RenderConfig, records: DatasetSpec) -> tuple[writing.Renderer, DatasetSpec]:
    if records.num_views > 1:
        sizes = SignsConfig(records.num_views, records.image_height, records.image_width)
        return renderers.sign_renderer(drawing, sizes)
    words = WordsConfig(records.image_height, 0, max_width=WIDEST * records.image_height)
    return renderers.word_renderer(drawing, words)
