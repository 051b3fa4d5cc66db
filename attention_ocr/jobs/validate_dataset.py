"""attention-ocr validate_dataset."""

import dataclasses
from typing import Any

from absl import flags

from attention_ocr.config import MAX_PIXELS, DataConfig, GenerateConfig, StrongConfig
from attention_ocr.flags import define_knobs, given_knobs, required, works_with
from attention_ocr.knobs import GIVEN, one_of
from attention_ocr.quiet import quiet_imports

(AUGMENTATION,) = (knob for knob in dataclasses.fields(DataConfig) if knob.name == "augmentation")
(LARGEST,) = (knob for knob in dataclasses.fields(GenerateConfig) if knob.name == "max_pixels")


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    flags.DEFINE_string("dataset_dir", "", "Folder of records.", **define)
    flags.DEFINE_string("dataset_name", "", "A folder of datasets/ whose dataset.json is used.", **define)
    flags.DEFINE_string("split_name", "", "Split to read; empty: all.", **define)
    text = "A page (out.html) to look at: records of each split, what training makes of them, the charset."
    flags.DEFINE_string("sample", "", text, **define)
    told = "is a page; name a file such as sample.html"
    flags.register_validator("sample", lambda path: not path or path.lower().endswith((".html", ".htm")), told, values)
    text = f"What the page shows. {AUGMENTATION.metadata['help']}"
    flags.DEFINE_enum("augmentation", str(AUGMENTATION.default), list(AUGMENTATION.metadata["choices"]), text, **define)
    works_with(values, "augmentation", sample=GIVEN)
    define_knobs(values, StrongConfig)
    text, least = LARGEST.metadata["help"], LARGEST.metadata["minimum"]
    flags.DEFINE_integer("max_pixels", MAX_PIXELS, text, lower_bound=least, **define)
    text = "A list of labels that are probably wrong, as `eval --suspects` writes it: those that stand there still."
    flags.DEFINE_string("suspects", "", text, **define)
    flags.DEFINE_bool("advise", False, "Say how to begin training: command, steps, and minutes, measured.", **define)
    works_with(values, "advise", format=one_of("table"))
    flags.DEFINE_enum("format", "table", ["table", "json"], "How the report is printed.", **define)


def run(values: flags.FlagValues) -> int:
    """Reads every record and prints what is wrong; the exit status is 1 if anything is."""
    required(values, "dataset_dir")
    with quiet_imports():
        from attention_ocr.validation.dataset import validate
        from attention_ocr.validation.report import print_json, print_table

    report = validate(values.dataset_dir, values.dataset_name, values.split_name, values.max_pixels, values.suspects)
    (print_json if values.format == "json" else print_table)(report)
    if values.advise:
        from attention_ocr.training import advice

        print("\n".join(advice.told(report)))
    if values.sample:
        from attention_ocr.validation import sample_page

        strong = StrongConfig(**given_knobs(values, StrongConfig))
        sample_page.write_page(report, values.sample, values.augmentation, strong)
    return 0 if report.ok else 1
