"""attention-ocr import_checkpoint."""

from typing import Any

from absl import flags

from attention_ocr import files
from attention_ocr.charset import Charset
from attention_ocr.console import as_text
from attention_ocr.errors import UserError
from attention_ocr.flags import required
from attention_ocr.quiet import quiet_imports


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    text = "A TF1 checkpoint of the reference: its path without .index and .data-00000-of-00001."
    flags.DEFINE_string("tf1_checkpoint", "", text, **define)
    flags.DEFINE_string("output", "", "The model file (.keras) to write.", **define)
    flags.DEFINE_integer("num_views", 0, "Views side by side in a picture.", lower_bound=0, **define)
    flags.DEFINE_integer("image_height", 0, "Height of one view in pixels.", lower_bound=0, **define)
    flags.DEFINE_integer("image_width", 0, "Width of one view in pixels.", lower_bound=0, **define)
    flags.DEFINE_integer("max_sequence_length", 37, "Characters the network reads.", lower_bound=1, **define)
    text = "Lines of 'code<TAB>character'; empty: each class gets a placeholder of a private use area."
    flags.DEFINE_string("charset_file", "", text, **define)
    text = "Whether the previous character is fed back; unset: as the variables show, or true with attention."
    flags.DEFINE_bool("use_autoregression", None, text, **define)


def run(values: flags.FlagValues) -> None:
    """Writes the model file and prints what was loaded."""
    required(values, "tf1_checkpoint", "output", "num_views", "image_height", "image_width")
    if not values.output.endswith(".keras"):
        raise UserError(f"--output={values.output}: must end in .keras")
    charset = Charset.from_file(values.charset_file) if values.charset_file else None

    with quiet_imports():
        from attention_ocr.model import tf1_import

    views = (values.num_views, values.image_height, values.image_width)
    fed = values.use_autoregression
    model, rows = tf1_import.import_model(
        values.tf1_checkpoint, views, values.max_sequence_length, charset, use_autoregression=fed
    )
    with files.replacing(values.output) as temporary:
        model.save(temporary)
    print(as_text(tf1_import.table(rows)))
    if charset is None:
        print("no --charset_file: the characters are placeholders, the last class is taken for the null")
    if fed is None and model.config.head == "attention":
        print("the variables do not show it: took --use_autoregression; if it was off, give --nouse_autoregression")
    print(f"{values.output}: step {model.step}, {model.count_params():,} parameters, {tf1_import.described(model)}")
