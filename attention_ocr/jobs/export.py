"""attention-ocr export."""

import os

from absl import flags

from attention_ocr.config import ReadConfig
from attention_ocr.flags import define_knobs, given_knobs, required
from attention_ocr.quiet import quiet_imports


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    flags.DEFINE_string("checkpoint", "", "A model file (.keras).", flag_values=values)
    flags.DEFINE_string("export_dir", "", "Folder that gets a version folder 1, 2, ...", flag_values=values)
    define_knobs(values, ReadConfig, names=("characters", "ignore_case"))


def run(values: flags.FlagValues) -> None:
    """Exports, compares the export with the model, and says how far they are apart."""
    required(values, "checkpoint", "export_dir")
    os.environ["KERAS_BACKEND"] = "tensorflow"  # a SavedModel is TensorFlow's, whatever backend trained the model
    with quiet_imports():
        from attention_ocr.export import saved_model
        from attention_ocr.model import cut_network, model_file

    model = cut_network.restricted(model_file.load_model(values.checkpoint), **given_knobs(values, ReadConfig))
    folder, parity = saved_model.export_saved_model(model, values.export_dir)
    print(f"{folder}: signatures serving_default (image_bytes), images, examples")
    print(
        f"reloaded and run beside the model: outputs differ by at most {parity.outputs:.2g}, resized pixels by "
        f"{parity.pixels} of 255"
    )
