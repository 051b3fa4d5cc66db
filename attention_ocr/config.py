"""Every knob, declared once: its default, help, legal values. Flags, config.json and model files derive from it."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from attention_ocr import shared_knobs as shared
from attention_ocr.augment_config import StrongConfig
from attention_ocr.drawing_config import RenderConfig, SignsConfig, WordsConfig  # noqa: F401 - knobs too
from attention_ocr.errors import UserError
from attention_ocr.export_config import ExportConfig  # noqa: F401 - knobs too
from attention_ocr.knobs import EMPTY, GIVEN, OFF, Knobs, knob, more_than, one_of
from attention_ocr.read_config import BackendConfig, EngineConfig, ReadConfig, TextModelConfig  # noqa: F401 - knobs too
from attention_ocr.train_config import ClusterConfig, TrainConfig  # noqa: F401 - ClusterConfig has knobs, too

RESIZE_POLICIES = ("stretch", "pad", "keep_height")
VERTICAL_POLICIES = ("keep", "rotate")
DROP_POLICIES = ("error", "skip")
ANNOTATION_FORMATS = (
    "auto",
    "list",
    "csv",
    "jsonl",
    "json_labels",
    "icdar_words",
    "iam",
    "file_names",
    "text_files",
    "json_regions",
    "region_lines",
    "text_regions",
    "xml_lines",
    "records",
    "lmdb",
)
MAX_PIXELS = 50_000_000  # of a picture whose pixels are decoded
FINAL_ENDPOINTS = tuple(f"Mixed_{name}" for name in ["5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"])
STEP_WISE_HEADS = ("attention", "slice", "stacked_attention", "gru_attention", "area_attention")

# When a knob has an effect.
STEP_WISE = {"head": one_of(*STEP_WISE_HEADS)}
RECORDS = {"render": EMPTY}
KEYS = {"annotation_format": one_of("auto", "csv", "jsonl", "json_labels")}
RECORD_LABELS = {"annotation_format": one_of("auto", "records")}


@dataclass(frozen=True)
class ModelConfig(Knobs):
    """The network; the names and defaults are the reference's."""

    encoder: str = knob(
        "inception_v3",
        "Encoder of the pictures.",
        ("inception_v3", "inception_v4", "crnn", "sliding", "wide_crnn", "residual", "lcnet"),
    )
    head: str = knob(
        "attention",
        "Decoder of the features; slice is the reference's --nouse_attention.",
        ("attention", "slice", "ctc", "stacked_attention", "gru_attention", "area_attention"),
    )
    encoder_channels: int = knob(
        128, "Feature channels of the residual encoder.", minimum=8, works_with={"encoder": one_of("residual")}
    )
    lcnet_size: str = knob(
        "small", "Size of the LCNet encoder.", ("tiny", "small", "medium"), works_with={"encoder": one_of("lcnet")}
    )
    lcnet_neck: bool = knob(
        False,
        "PP-OCRv6's layers after the encoder: one row of columns, 8 pixels apart, that see their neighbours; for "
        "lines 48 pixels high.",
        works_with={"encoder": one_of("lcnet")},
    )
    encoder_dropout: float = knob(
        0.0,
        "Share of the features dropped in training.",
        minimum=0,
        maximum=0.99,
        works_with={"encoder": one_of("residual", "crnn", "sliding", "wide_crnn", "lcnet")},
    )
    num_encoder_lstm_layers: int = knob(0, "Bidirectional LSTMs over the columns of the encoder's features.", minimum=0)
    num_encoder_lstm_units: int = knob(
        256, "Units in each direction of those LSTMs.", minimum=1, works_with={"num_encoder_lstm_layers": more_than(0)}
    )
    final_endpoint: str = knob(
        "Mixed_5d",
        "The last block of the Inception tower.",
        FINAL_ENDPOINTS,
        works_with={"encoder": one_of("inception_v3")},
    )
    encode_coordinates: bool = knob(False, "Append the one-hot row and column to every feature.")
    use_autoregression: bool = knob(
        True,
        "Feed the previous character to the decoder.",
        works_with={"head": one_of("attention", "slice")},
    )
    turn_right_to_left: bool = knob(
        True,
        "Learn texts of right-to-left scripts from left to right, as they stand in the picture, and turn them back in "
        "reading; if false, learn them in the order of the labels.",
        works_with={"head": one_of("ctc", "slice")},
    )
    num_lstm_units: int = knob(256, "Units of the decoder's LSTM.", minimum=1, works_with=STEP_WISE)
    num_decoder_lstm_layers: int = knob(
        2, "LSTMs of the decoder.", minimum=1, works_with={"head": one_of("stacked_attention")}
    )
    embedding_size: int = knob(
        0,
        "Size of the vector fed back for a character; 0: one entry per class up to 1,000 classes, as in the reference, "
        "then num_lstm_units.",
        minimum=0,
        works_with={"head": one_of("attention", "stacked_attention", "gru_attention", "area_attention")},
    )
    decoder_dropout: float = knob(
        0.0,
        "Share of the decoder's state dropped in training.",
        minimum=0,
        maximum=0.99,
        works_with={"head": one_of("gru_attention", "area_attention")},
    )
    teacher_forcing: float = knob(
        1.0,
        "Share of the training batches in which the decoder is fed the labels; in the others it is fed what it reads.",
        minimum=0,
        maximum=1,
        works_with={**STEP_WISE, "use_autoregression": GIVEN},
    )
    stop_at_end: bool = knob(
        False, "A text ends at its first null: nothing after it is learned or read.", works_with=STEP_WISE
    )
    lstm_state_clip_value: float = knob(
        10.0,
        "Clip the LSTM's cell state to +- this.",
        above=0,
        works_with={"head": one_of("attention", "slice")},
    )
    weight_decay: float = knob(4e-5, "L2 regularisation: 0.5 * weight_decay * sum of squares.", minimum=0)
    label_smoothing: float = knob(
        0.1, "Share of a label's weight spread over all classes.", minimum=0, maximum=0.99, works_with=STEP_WISE
    )
    ignore_nulls: bool = knob(
        True,
        "As in the reference, True counts every step; False gives no weight to steps whose label is class K-1.",
        works_with={**STEP_WISE, "stop_at_end": OFF},
    )
    attention_loss_weight: float = knob(
        0.0,
        "Weight of a loss that teaches attention where each character was drawn; it then looks there after minutes, "
        "not hours.",
        minimum=0,
        works_with=shared.RENDERED,
    )
    average_across_timesteps: bool = knob(
        False, "Divide the loss of a text by its number of steps.", works_with=STEP_WISE
    )
    crop_height: int = knob(0, "Crop each view to its middle, this many pixels high; 0: the whole view.", minimum=0)
    crop_width: int = knob(0, "Crop each view to its middle, this many pixels wide; 0: the whole view.", minimum=0)
    batch_norm_decay: float = knob(
        0.9997,
        "Final decay of batch norm's moving averages.",
        minimum=0,
        maximum=1,
        works_with={"encoder": one_of("inception_v3", "inception_v4")},
    )


@dataclass(frozen=True)
class DataConfig(Knobs):
    """How training reads its examples."""

    batch_size: int = knob(32, "Pictures in a training step.", minimum=1)
    use_augment_input: bool = knob(True, "Distort the training pictures; of drawn ones, those used again.")
    augmentation: str = knob(
        "fsns",
        "fsns: the reference's crops, resize methods and colours; light: small shifts and contrast; strong: geometry, "
        "colours, shadows, blur, noise and JPEG, on the device that learns, for few pictures. Of drawn pictures, "
        "strong distorts all; the others shift those used again and change their light.",
        ("fsns", "light", "strong"),
        works_with={"use_augment_input": GIVEN},
    )
    shuffle_buffer_size: int = knob(2000, "Records in the shuffle buffer.", minimum=1, works_with=RECORDS)
    dataset_weights: str = knob(
        "",
        "With several folders, --dataset_dir=a,b: their shares: 3,1 takes three of four pictures from a. Empty: equal "
        "shares. A resumed run takes the shares it is given.",
        works_with=RECORDS,
    )
    curriculum: str = knob(
        "",
        "Instead of --dataset_dir, folders in turn: a:2000,b:5000,c learns from a until step 2000, from b "
        "until step 5000, then from c.",
    )
    render: str = knob(
        "",
        "Draw pictures during training: signs (French street signs), or words (and lines, codes, signs of any kind).",
        ("", "signs", "words"),
    )
    render_reuse: int = knob(
        1,
        "How often a drawn picture is used, each time distorted a little; more where drawing is slower than learning.",
        minimum=1,
        works_with=shared.RENDERED,
    )
    render_memory: int = knob(
        500,
        "MB of shared memory for drawn pictures; the more, the better they are mixed.",
        minimum=1,
        works_with=shared.RENDERED,
    )
    render_masks: float = knob(
        0.0,
        "Share of drawn words that are left as letters, outline and shadow, which the device that learns paints anew "
        "in each use; drawing them takes half the time.",
        minimum=0,
        maximum=1,
        works_with={"render": one_of("words")},
    )
    real_share: float = knob(
        0.0,
        "Share of pictures from the records of --dataset_dir among the drawn ones, each seen from slightly elsewhere "
        "every time.",
        minimum=0,
        maximum=0.9,
        works_with=shared.RENDERED,
    )
    text_file: str = shared.text_file()
    fonts: str = shared.fonts()
    difficulty: float = shared.difficulty()
    difficulty_steps: int = knob(
        0, "Steps over which the difficulty rises from 0.", minimum=0, works_with=shared.RENDERED
    )
    render_workers: int = knob(
        0,
        "Processes that draw; 0: one per core, at least two; 1: the training process draws.",
        minimum=0,
        works_with=shared.RENDERED,
    )
    replay: float = knob(
        0.0,
        "With --checkpoint: share of drawn words (signs for several views) mixed in, so that what it read before stays "
        "read; 0.3 for the ready-made readers.",
        minimum=0,
        maximum=0.9,
        works_with=RECORDS,
    )
    max_bad_records: int = knob(
        10,
        "How many unreadable records are named and left out; one more ends the run.",
        minimum=0,
        works_with=RECORDS,
    )


@dataclass(frozen=True)
class AnnotationConfig(Knobs):
    """How label files are read."""

    annotation_format: str = knob("auto", "Format of the label files; auto: recognised.", ANNOTATION_FORMATS)
    image_root: str = knob("", "Where relative paths start; empty: the label file's folder.")
    image_column: str = knob(
        "", "Column (or JSON key) of the picture's path; empty: recognised by name.", works_with=KEYS
    )
    label_column: str = knob("", "Column (or JSON key) of the label; empty: recognised by name.", works_with=KEYS)
    label_pattern: str = knob(
        "",
        "A regular expression on a picture's name, whose first group is the label; empty: the name, or X in 12_X_345.",
        works_with={"annotation_format": one_of("auto", "file_names")},
    )
    keep_charset: bool = knob(
        True, "Of records: keep their charset and T; if false, take both from the labels.", works_with=RECORD_LABELS
    )
    keep_splits: bool = knob(
        True, "Of records: keep their splits; if false, split all records anew.", works_with=RECORD_LABELS
    )


@dataclass(frozen=True)
class GenerateConfig(Knobs):
    """How pictures and labels become records."""

    num_views: int = shared.num_views(1)
    side_by_side: bool = knob(False, "A picture holds all views side by side.", works_with={"num_views": more_than(1)})
    image_height: int = shared.image_height(0, 0, "; 0: the median height of the pictures")
    image_width: int = shared.image_width(
        0, 0, "; 0: the median width of the pictures at that height; with keep_height, the largest"
    )
    resize: str = knob(
        "stretch",
        "How a picture of another size is fitted into the view. pad: aspect kept, grey around; keep_height: aspect "
        "kept, height filled, grey to the right, and wider pictures are squeezed.",
        RESIZE_POLICIES,
    )
    least_width: int = knob(
        0,
        "Narrower pictures are stretched to this width in pixels; 0: none are.",
        minimum=0,
        works_with={"resize": one_of("keep_height")},
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
        "", "A regular expression; pictures whose paths have the same match (of its first group) stay in one split."
    )
    max_sequence_length: int = shared.max_sequence_length(0, 0, "; 0: of those given")
    charset_file: str = shared.charset_file()
    extend_charset: bool = knob(False, "Add the labels' other characters to those of --charset_file.")
    normalize: str = knob(
        "NFC",
        "Unicode normalisation of the labels. NFC: one code for each letter with its accents; NFKC: also full-width "
        "letters, digits and signs as ASCII, ligatures as letters, half-width kana as full-width ones.",
        ("NFC", "NFKC", "none"),
    )
    lowercase: bool = knob(False, "Write the labels in lower case.")
    on_unknown: str = knob(
        "error",
        "A label with characters not in the charset: stop, skip it, or replace them by --replacement.",
        (*DROP_POLICIES, "replace"),
    )
    replacement: str = knob(
        "?", "What is written instead: a character of the charset.", works_with={"on_unknown": one_of("replace")}
    )
    on_long: str = knob("error", "A label longer than max_sequence_length: stop, or skip it.", DROP_POLICIES)
    on_empty: str = knob(
        "error",
        "A line without a label: stop, skip it, or keep it as a picture without text.",
        (*DROP_POLICIES, "keep"),
    )
    on_bad_image: str = knob("error", "A picture that is missing or cannot be read: stop, or skip it.", DROP_POLICIES)
    max_pixels: int = knob(MAX_PIXELS, "A picture of more pixels is not decoded.", minimum=1)
    on_duplicate: str = knob(
        "skip",
        "A picture that an earlier split (train, validation, test) already has: leave it out, stop, or keep it.",
        (*DROP_POLICIES, "keep"),
    )
    shard_size: float = shared.shard_size()
    num_workers: int = shared.num_workers()
    engine: str = shared.engine()
    seed: int = shared.seed()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation_fraction + self.test_fraction >= 1:
            raise UserError(
                f"--validation_fraction={self.validation_fraction} and --test_fraction={self.test_fraction} leave "
                "nothing to train on; their sum must be below 1"
            )
        if not self.charset_file and (self.extend_charset or self.on_unknown == "replace"):
            flag = "--extend_charset" if self.extend_charset else "--on_unknown=replace"
            raise UserError(f"{flag}: needs --charset_file, since the charset of the labels has all of them")


@dataclass(frozen=True)
class Config:
    """All knobs of a training run."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    strong: StrongConfig = field(default_factory=StrongConfig)

    @property
    def distorts_strongly(self) -> bool:
        """Whether the training step itself distorts the pictures."""
        return self.data.use_augment_input and self.data.augmentation == "strong"

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """The groups for JSON."""
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


GROUPS: dict[str, Any] = {"model": ModelConfig, "data": DataConfig, "train": TrainConfig, "strong": StrongConfig}
