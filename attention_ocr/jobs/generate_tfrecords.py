"""attention-ocr generate_tfrecords."""

from typing import Any

from absl import flags

from attention_ocr.config import AnnotationConfig, GenerateConfig
from attention_ocr.errors import UserError
from attention_ocr.flags import define_knobs, given_knobs, works_with
from attention_ocr.knobs import EMPTY
from attention_ocr.quiet import quiet_imports

LABEL_FILES = {"train": "annotations", "validation": "validation_annotations", "test": "test_annotations"}


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    text = "A label file (or its address, s3://...), folder, LMDB or records; validation and test are drawn from it."
    flags.DEFINE_string("annotations", "", text, **define)
    flags.DEFINE_string("validation_annotations", "", "The same for the validation split alone.", **define)
    flags.DEFINE_string("test_annotations", "", "The same for the test split alone.", **define)
    text = "Where --annotations are records without dataset.json: the folder of datasets/ that says what they hold."
    flags.DEFINE_string("dataset_name", "", text, **define)
    flags.DEFINE_string(
        "output_dir", "", "A new folder, or its address, for records, charset and dataset.json.", **define
    )
    text = (
        "A reader (words, signs, ppocr, or a model file) that is to learn from them: views, sizes and --resize as its."
    )
    flags.DEFINE_string("like", "", text, **define)
    define_knobs(values, AnnotationConfig, GenerateConfig)
    for split in ("validation", "test"):
        works_with(values, f"{split}_fraction", **{f"{split}_annotations": EMPTY})


def run(values: flags.FlagValues) -> None:
    """Writes the records and prints what was kept, dropped and changed."""
    given = {split: str(values[flag].value) for split, flag in LABEL_FILES.items() if values[flag].value}
    if not given:
        raise UserError("--annotations is missing: " + values["annotations"].help)
    if not values.output_dir:
        raise UserError("--output_dir is missing: " + values["output_dir"].help)
    with quiet_imports():
        from attention_ocr.ingest import dataset, label_files
        from attention_ocr.records import summary

    reading = AnnotationConfig(**given_knobs(values, AnnotationConfig))
    asked = _sizes_of(values.like) | given_knobs(values, GenerateConfig)
    lines, knobs = label_files.open_all(given, reading, asked, values.dataset_name)
    summary.print_summary(dataset.write_dataset(lines, values.output_dir, GenerateConfig(**knobs)))


def _sizes_of(reader: str) -> dict[str, Any]:
    """The knobs that make pictures like those a reader learned from; none without a reader."""
    if not reader:
        return {}
    with quiet_imports():
        from attention_ocr.model import model_file
    return model_file.load_model(reader).dataset.picture_knobs()
