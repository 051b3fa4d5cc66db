"""Every knob, declared once: its default, help, legal values. Flags, config.json and model files derive from it."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from attention_ocr.errors import UserError
from attention_ocr.knobs import Knobs, knob

RESIZE_POLICIES = ("stretch", "pad", "keep_height")
VERTICAL_POLICIES = ("keep", "rotate")
DROP_POLICIES = ("error", "skip")
ANNOTATION_FORMATS = (
    "auto",
    "list",
    "csv",
    "jsonl",
    "icdar_words",
    "file_names",
    "text_files",
    "json_regions",
    "text_regions",
    "records",
    "lmdb",
)
BACKENDS = ("auto", "keras", "saved_model", "onnxruntime", "openvino")
PRECISIONS = ("auto", "float32", "bfloat16", "int8")
FINAL_ENDPOINTS = tuple(f"Mixed_{name}" for name in ["5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"])


@dataclass(frozen=True)
class ModelConfig(Knobs):
    """The network; the names and defaults are the reference's."""

    encoder: str = knob(
        "inception_v3",
        "Encoder of the pictures.",
        ("inception_v3", "inception_v4", "crnn", "sliding", "wide_crnn", "residual"),
    )
    head: str = knob(
        "attention",
        "What reads the features; slice is the reference's --nouse_attention.",
        ("attention", "slice", "ctc", "stacked_attention", "gru_attention", "area_attention"),
    )
    encoder_channels: int = knob(128, "Channels of the features of the residual encoder.", minimum=8)
    encoder_dropout: float = knob(0.0, "Share of the features left out while training.", minimum=0, maximum=0.99)
    num_encoder_lstm_layers: int = knob(
        0, "LSTMs, each in both directions, over the columns of the encoder's features.", minimum=0
    )
    num_encoder_lstm_units: int = knob(256, "Units of each direction of these.", minimum=1)
    final_endpoint: str = knob("Mixed_5d", "Where the Inception tower is cut.", FINAL_ENDPOINTS)
    encode_coordinates: bool = knob(False, "Append the one-hot row and column to every feature.")
    use_attention: bool = knob(True, "Attention decoder; if false, NetSlice.")
    use_autoregression: bool = knob(True, "Feed the previous character to the decoder.")
    num_lstm_units: int = knob(256, "Units of the decoder's LSTM.", minimum=1)
    num_decoder_lstm_layers: int = knob(2, "LSTMs of the head stacked_attention.", minimum=1)
    embedding_size: int = knob(
        0,
        "Entries that stand for the character fed back; 0: one a class up to 1,000 classes, as in the reference, then "
        "as many as num_lstm_units.",
        minimum=0,
    )
    decoder_dropout: float = knob(
        0.0, "Share left out of what gru_attention and area_attention remember.", minimum=0, maximum=0.99
    )
    teacher_forcing: float = knob(
        1.0,
        "Share of the training batches in which the decoder is fed the labels; in the others, what it reads.",
        minimum=0,
        maximum=1,
    )
    stop_at_end: bool = knob(False, "A text ends with its first null: what follows is neither learned nor read.")
    lstm_state_clip_value: float = knob(10.0, "The LSTM's cell state is clipped to +- this.", above=0)
    weight_decay: float = knob(4e-5, "L2 regularisation: 0.5 * weight_decay * sum of squares.", minimum=0)
    label_smoothing: float = knob(0.1, "Share of a label's weight spread over all classes.", minimum=0, maximum=0.99)
    ignore_nulls: bool = knob(
        True, "As in the reference, True counts every step; False gives no weight to steps whose label is class K-1."
    )
    attention_loss_weight: float = knob(
        0.0,
        "With --render: teaches attention where each character was drawn, by so much of the loss. It looks there after "
        "minutes, not hours.",
        minimum=0,
    )
    average_across_timesteps: bool = knob(False, "Divide the loss of a text by its number of steps.")
    crop_height: int = knob(0, "Cut the middle of each view to this height in pixels; 0: all of it.", minimum=0)
    crop_width: int = knob(0, "Cut the middle of each view to this width in pixels; 0: all of it.", minimum=0)
    batch_norm_decay: float = knob(0.9997, "Final decay of batch norm's moving averages.", minimum=0, maximum=1)


@dataclass(frozen=True)
class DataConfig(Knobs):
    """What training does to the records."""

    batch_size: int = knob(32, "Pictures in a training step.", minimum=1)
    use_augment_input: bool = knob(True, "Distort the training pictures.")
    augmentation: str = knob(
        "fsns",
        "fsns: the reference's crops, resize methods and colours; light: small shifts and contrast.",
        ("fsns", "light"),
    )
    shuffle_buffer_size: int = knob(2000, "Records to shuffle among.", minimum=1)
    dataset_weights: str = knob(
        "",
        "With several folders, --dataset_dir=a,b: their shares, such as 3,1 for three of four pictures from a; empty: "
        "equal shares.",
    )
    curriculum: str = knob(
        "",
        "Instead of --dataset_dir, folders that take turns: a:2000,b:5000,c learns from a until step 2000, from b "
        "until step 5000, then from c.",
    )
    render: str = knob(
        "", "Instead of --dataset_dir, draw pictures while learning: signs (French street signs).", ("", "signs")
    )
    text_file: str = knob("", "With --render: a text a line to draw; empty: made-up ones.")
    difficulty: float = knob(
        1.0,
        "With --render: from 0 (letters at random on clean plates, from the front; names from 0.25 on) to 1 (as in "
        "photographs).",
        minimum=0,
        maximum=1,
    )
    difficulty_steps: int = knob(0, "With --render: steps in which the difficulty rises from 0.", minimum=0)
    render_workers: int = knob(0, "With --render: processes that draw; 0: one a core.", minimum=0)
    max_bad_records: int = knob(
        10, "Records that cannot be read: left out and named up to this many, one more ends the run.", minimum=0
    )


@dataclass(frozen=True)
class TrainConfig(Knobs):
    """How weights are learned, and what a run writes."""

    max_number_of_steps: int = knob(10**10, "Stop after this many steps.", minimum=1)
    optimizer: str = knob("momentum", "Optimiser.", ("momentum", "adam", "adamw", "adadelta", "adagrad", "rmsprop"))
    learning_rate: float = knob(0.004, "Learning rate (after the warm-up).", above=0)
    learning_rate_schedule: str = knob(
        "constant",
        "How it falls; auto: as a cosine where --max_number_of_steps says to what end.",
        ("constant", "cosine", "exponential", "auto"),
    )
    warmup_steps: int = knob(0, "Steps in which the learning rate rises from 0.", minimum=0)
    learning_rate_decay_rate: float = knob(0.8, "Factor of the exponential schedule.", above=0, maximum=1)
    learning_rate_decay_steps: int = knob(1000, "Steps between factors of the exponential schedule.", minimum=1)
    learning_rate_end_fraction: float = knob(0.01, "Where the cosine schedule ends.", minimum=0, maximum=1)
    momentum: float = knob(0.9, "Momentum of the momentum and rmsprop optimisers.", minimum=0, maximum=0.9999)
    clip_gradient_norm: float = knob(2.0, "Clip each variable's gradient to this norm; 0: do not.", minimum=0)
    clip_global_norm: float = knob(0.0, "Instead, clip all gradients together to this norm; 0: do not.", minimum=0)
    moving_average_decay: float = knob(
        0.0,
        "Final decay of the moving averages of the weights; with it the averages are what is saved and read with; 0: "
        "the weights themselves.",
        minimum=0,
        maximum=0.99999,
    )
    save_interval_steps: int = knob(1000, "Steps between checkpoints.", minimum=1)
    save_summaries_steps: int = knob(50, "Steps between summaries (a line, scalars, a reading).", minimum=1)
    checkpoints_to_keep: int = knob(5, "Newest checkpoints to keep beside the best.", minimum=1)
    validation_examples: int = knob(
        1000, "Records of the validation split read at each checkpoint to find the best one; 0: none.", minimum=0
    )
    jit_compile: bool = knob(False, "Compile the step with XLA (slower on CPU).")
    mixed_precision: str = knob("none", "Compute in half precision.", ("none", "bfloat16", "float16"))
    seed: int = knob(0, "Seed of weights, shuffling and augmentation.", minimum=0)


@dataclass(frozen=True)
class ReadConfig(Knobs):
    """How texts are searched for in what the network says."""

    beam_width: int = knob(
        1, "Texts followed side by side; 1: greedy, the likeliest character of each step.", minimum=1
    )
    length_penalty: float = knob(
        0.0, "With --beam_width: a text's log-probability is divided by ((5 + length) / 6) ** this.", minimum=0
    )


@dataclass(frozen=True)
class BackendConfig(Knobs):
    """What runs a network, and how exactly."""

    backend: str = knob(
        "auto",
        "What runs the network; auto: onnxruntime for a .onnx file, openvino for .xml, saved_model for a folder, and "
        "for .keras Keras, or onnxruntime where Keras is not installed.",
        BACKENDS,
    )
    precision: str = knob(
        "auto",
        "Numbers of the network's sums; auto: as the file has them (float32, or int8 after export --format=int8). "
        "bfloat16: openvino only, on processors that have it.",
        PRECISIONS,
    )
    stop_early: bool = knob(
        False,
        "onnxruntime and openvino: a text ends with its first null, and reading with the batch's last text, also where "
        "the head was not taught so (--stop_at_end).",
    )


@dataclass(frozen=True)
class AnnotationConfig(Knobs):
    """How label files are read."""

    annotation_format: str = knob("auto", "Format of the label files; auto: recognised.", ANNOTATION_FORMATS)
    image_root: str = knob("", "Where relative paths start; empty: the label file's folder.")
    image_column: str = knob("", "CSV and JSON lines: the key of the picture's path; empty: recognised.")
    label_column: str = knob("", "CSV and JSON lines: the key of the label; empty: recognised.")
    label_pattern: str = knob(
        "", "file_names: a regular expression whose first group is the label; empty: the name, or the X of 12_X_345."
    )
    keep_charset: bool = knob(True, "records: keep their charset and T; if not, as their labels have it.")
    keep_splits: bool = knob(True, "records: keep their splits; if not, all of them are drawn anew.")


@dataclass(frozen=True)
class GenerateConfig(Knobs):
    """How pictures and labels become records."""

    num_views: int = knob(1, "Pictures of one object side by side in a record.", minimum=1)
    side_by_side: bool = knob(False, "With --num_views: a picture holds all views side by side.")
    image_height: int = knob(0, "Height of a view in pixels; 0: the median of the pictures.", minimum=0)
    image_width: int = knob(
        0,
        "Width of a view in pixels; 0: the median of the pictures at that height, with keep_height the largest.",
        minimum=0,
    )
    resize: str = knob(
        "stretch",
        "How a picture of another size is fitted: stretch; pad (aspect kept, grey around); keep_height (the height "
        "fills the view, aspect kept, grey to the right; what is wider than the view is squeezed).",
        RESIZE_POLICIES,
    )
    vertical: str = knob(
        "keep",
        "Pictures over 1.5 times as high as wide: kept, or rotated by 90 degrees counterclockwise.",
        VERTICAL_POLICIES,
    )
    validation_fraction: float = knob(
        0.1, "Share of the lines for validation, if it has no file of its own.", minimum=0, maximum=1
    )
    test_fraction: float = knob(0.1, "Share of the lines for test, if it has no file of its own.", minimum=0, maximum=1)
    group_by: str = knob(
        "", "A regular expression; pictures in whose paths it matches the same (its first group) stay in one split."
    )
    max_sequence_length: int = knob(0, "Characters of the longest label; 0: as the labels have it.", minimum=0)
    charset_file: str = knob(
        "",
        "Lines of 'code<TAB>character', or a folder of datasets/ that has such a file; empty: the labels' characters.",
    )
    extend_charset: bool = knob(False, "Add the labels' other characters to those of --charset_file.")
    normalize: str = knob("NFC", "Unicode normalisation of the labels.", ("NFC", "NFKC", "none"))
    lowercase: bool = knob(False, "Write the labels in lower case.")
    full_to_half_width: bool = knob(False, "Turn full-width letters, digits and signs of the labels into ASCII.")
    on_unknown: str = knob(
        "error",
        "A label with characters not in the charset: stop, skip it, or replace them by --replacement.",
        (*DROP_POLICIES, "replace"),
    )
    replacement: str = knob("?", "What --on_unknown=replace writes: a character of the charset.")
    on_long: str = knob("error", "A label longer than max_sequence_length: stop, or skip it.", DROP_POLICIES)
    on_bad_image: str = knob("error", "A picture missing or not readable: stop, or skip it.", DROP_POLICIES)
    on_duplicate: str = knob(
        "skip",
        "The very picture of an earlier split (train, validation, test): leave it out, stop, or keep it.",
        (*DROP_POLICIES, "keep"),
    )
    shard_size: float = knob(100.0, "Size of a record file in MB.", above=0)
    num_workers: int = knob(0, "Processes that prepare pictures; 0: one a core (none for a few pictures).", minimum=0)
    seed: int = knob(0, "Seed of the draw of validation and test, and of the order in train.", minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation_fraction + self.test_fraction >= 1:
            raise UserError(
                f"--validation_fraction={self.validation_fraction} and --test_fraction={self.test_fraction} leave "
                "nothing to train on; their sum must be below 1"
            )
        if not self.charset_file and (self.extend_charset or self.on_unknown == "replace"):
            flag = "--extend_charset" if self.extend_charset else "--on_unknown=replace"
            raise UserError(f"{flag}: needs --charset_file, since a charset made from the labels has all of them")


@dataclass(frozen=True)
class RenderConfig(Knobs):
    """How many pictures are drawn, and how they are written."""

    number: int = knob(1000, "Pictures of the split train.", minimum=1)
    validation_number: int = knob(100, "Pictures of validation.", minimum=0)
    test_number: int = knob(100, "Pictures of test.", minimum=0)
    image_format: str = knob("PNG", "File format of the pictures.", ("PNG", "JPEG"))
    output: str = knob("records", "Write FSNS records, or pictures with a label file.", ("records", "pictures"))
    difficulty: float = knob(
        1.0,
        "From 0 (plain print; signs with letters at random, names from 0.25 on) to 1 (as in photographs).",
        minimum=0,
        maximum=1,
    )
    text_file: str = knob("", "A text a line to draw; empty: made-up ones.")
    charset_file: str = knob(
        "", "Lines of 'code<TAB>character', or a folder of datasets/ that has such a file; empty: what can be drawn."
    )
    max_sequence_length: int = knob(37, "Characters of the longest label.", minimum=1)
    shard_size: float = knob(100.0, "Size of a record file in MB.", above=0)
    num_workers: int = knob(0, "Processes that draw; 0: one a core (none for a few pictures).", minimum=0)
    seed: int = knob(0, "Another seed, other pictures; the same, the same bytes for any number of workers.", minimum=0)


@dataclass(frozen=True)
class SignsConfig(Knobs):
    """The size of drawn signs."""

    num_views: int = knob(4, "Views side by side.", minimum=1)
    image_height: int = knob(150, "Height of a view in pixels.", minimum=16)
    image_width: int = knob(150, "Width of a view in pixels.", minimum=16)


@dataclass(frozen=True)
class WordsConfig(Knobs):
    """What drawn words and lines look like."""

    image_height: int = knob(32, "Height of a picture in pixels.", minimum=8)
    image_width: int = knob(
        128, "Width of a picture in pixels; 0: as its text needs (with --output=pictures).", minimum=0
    )
    max_width: int = knob(512, "With --image_width=0 no picture is wider.", minimum=8)
    unit: str = knob(
        "line",
        "With --text_file: its lines, its words, or runs of text cut between words.",
        ("line", "word", "run"),
    )
    language: str = knob("", "Made-up words: English, French, or both.", ("", "en", "fr"))
    vertical: float = knob(0.0, "Share of columns: CJK stacked, other text turned by 90 degrees.", minimum=0, maximum=1)
    curved: float = knob(0.15, "Share of lines along an arc or a wave.", minimum=0, maximum=1)
    rotation: float = knob(8.0, "The largest turn in degrees; most are far smaller.", minimum=0, maximum=90)
    background_dir: str = knob("", "Photographs to cut backgrounds from; empty: drawn ones.")


@dataclass(frozen=True)
class Config:
    """All knobs of a training run."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """The three groups for JSON."""
        return {name: getattr(self, name).to_dict() for name in GROUPS}

    @classmethod
    def from_dict(cls, values: dict[str, dict[str, Any]]) -> "Config":
        """The inverse of `to_dict`."""
        return cls(**{name: group.from_dict(values.get(name, {})) for name, group in GROUPS.items()})

    def replace(self, **knobs: Any) -> "Config":
        """The config with some knobs changed, whatever group they are in.

        Raises:
            UserError: no group has a knob of that name, or the value is out of range.
        """
        groups = {name: getattr(self, name) for name in GROUPS}
        for knob_name, value in knobs.items():
            owners = [name for name, group in GROUPS.items() if knob_name in group.__dataclass_fields__]
            if not owners:
                raise UserError(f"no knob is called {knob_name!r}")
            groups[owners[0]] = dataclasses.replace(groups[owners[0]], **{knob_name: value})
        return Config(**groups)


GROUPS: dict[str, Any] = {"model": ModelConfig, "data": DataConfig, "train": TrainConfig}
