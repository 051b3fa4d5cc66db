"""attention-ocr generate_tfrecords."""

from typing import Any

from absl import flags

from attention_ocr.config import GenerateConfig
from attention_ocr.flags import define_knobs, given_knobs, required
from attention_ocr.quiet import quiet_imports


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    text = "Lines 'path<TAB>label' or 'path label'; with --num_views=V a path may be V paths with commas between."
    flags.DEFINE_string("annotations", "", text, **define)
    flags.DEFINE_string("validation_annotations", "", "The same for the validation split.", **define)
    flags.DEFINE_string("test_annotations", "", "The same for the test split.", **define)
    flags.DEFINE_string("image_root", "", "Where relative paths start; empty: the annotation file's folder.", **define)
    flags.DEFINE_string("output_dir", "", "A new folder for records, charset and dataset.json.", **define)
    define_knobs(values, GenerateConfig)


def run(values: flags.FlagValues) -> None:
    """Writes the records and prints what was kept and dropped."""
    required(values, "annotations", "output_dir")
    with quiet_imports():
        from attention_ocr.data import annotations, records, summary

    config = GenerateConfig(**given_knobs(values, GenerateConfig))
    lines = {"train": values.annotations, "validation": values.validation_annotations, "test": values.test_annotations}
    read = {
        split: annotations.read_annotations(path, values.image_root, config.num_views)
        for split, path in lines.items()
        if path
    }
    summary.print_summary(records.write_dataset(read, values.output_dir, config))
