"""attention-ocr export."""

import os
from pathlib import Path
from typing import Any

from absl import flags

from attention_ocr.config import ExportConfig, ReadConfig
from attention_ocr.flags import define_knobs, given_knobs, required
from attention_ocr.quiet import quiet_imports


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    flags.DEFINE_string("checkpoint", "", "A model file (.keras).", **define)
    text = "Folder for the exports; a SavedModel gets a version folder 1, 2, ... in it."
    flags.DEFINE_string("export_dir", "", text, **define)
    flags.DEFINE_string("dataset_dir", "", "Records to compare on; empty: drawn pictures.", **define)
    flags.DEFINE_string("split_name", "test", "With --dataset_dir: which of them.", **define)
    define_knobs(values, ExportConfig)
    define_knobs(values, ReadConfig, names=("characters", "ignore_case"))


def run(values: flags.FlagValues) -> None:
    """Exports, compares each export with the model, and says how far they are apart."""
    required(values, "checkpoint", "export_dir")
    knobs = ExportConfig(**given_knobs(values, ExportConfig))
    os.environ["KERAS_BACKEND"] = "tensorflow"  # a SavedModel is TensorFlow's, whatever backend trained the model
    with quiet_imports():
        from attention_ocr.export import formats, saved_model
        from attention_ocr.model import model_file

    cuts = given_knobs(values, ReadConfig)
    model = model_file.load_model(values.checkpoint, **cuts)
    if "saved_model" in knobs.formats:
        folder, parity = saved_model.export_saved_model(model, values.export_dir)
        print(f"{folder}: signatures serving_default (image_bytes), images, examples")
        print(
            f"reloaded and run beside the model: outputs differ by at most {parity.outputs:.2g}, resized pixels by "
            f"{parity.pixels} of 255"
        )
    if knobs.formats != ["saved_model"]:
        job = formats.Export(Path(values.checkpoint), model, Path(values.export_dir), knobs, cuts)
        print(formats.export(job, values.dataset_dir, values.split_name))
