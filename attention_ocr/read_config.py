"""The knobs of reading, and of the text models that help it."""

from dataclasses import dataclass

from attention_ocr import shared_knobs as shared
from attention_ocr.errors import UserError
from attention_ocr.knobs import GIVEN, Knobs, knob, more_than, one_of

BACKENDS = ("auto", "keras", "saved_model", "onnxruntime", "openvino", "litert")
ORIENTATIONS = ("auto", "upright")
PRECISIONS = ("auto", "float32", "bfloat16", "int8")


@dataclass(frozen=True)
class BackendConfig(Knobs):
    """What runs a network, and how exactly."""

    backend: str = knob(
        "auto",
        "What runs the network; auto: onnxruntime for a .onnx file, openvino for .xml, litert for .tflite, "
        "saved_model for a folder, and for .keras Keras, or onnxruntime where Keras is not installed.",
        BACKENDS,
    )
    precision: str = knob(
        "auto",
        "Numbers of the network's sums; auto: as the file has them (float32, or int8 after export --format=int8). "
        "bfloat16: openvino only, on processors that have it.",
        PRECISIONS,
    )
    stop_early: bool = shared.stop_early()


@dataclass(frozen=True)
class EngineConfig(Knobs):
    """What spreads the reading of many pictures."""

    engine: str = shared.engine()
    num_readers: int = knob(
        0,
        "Readers side by side, each with a core; 0: one for each core of Ray's.",
        minimum=0,
        works_with={"engine": one_of("ray")},
    )


@dataclass(frozen=True)
class ReadConfig(Knobs):
    """How texts are found in the network's outputs."""

    beam_width: int = knob(
        1, "Texts that beam search follows side by side; 1: greedy, the likeliest character of each step.", minimum=1
    )
    length_penalty: float = knob(
        0.0,
        "A text's log-probability is divided by ((5 + length) / 6) ** this.",
        minimum=0,
        works_with={"beam_width": more_than(1)},
    )
    characters: str = knob(
        "",
        "Only these are read: ranges such as 0-9A-Z-, or digits, letters, alphanumeric, ascii, latin, french, german, "
        "spanish, also with a + and more of them; empty: all that the model knows.",
    )
    ignore_case: bool = knob(
        False, "Capital and small letters are one: printed as --characters has them, as capitals where it has both."
    )
    orientation: str = knob(
        "upright",
        "auto: pictures that may stand on their head. Where the characters' mean probability is under 0.9, the picture "
        "is asked upside down, too; a reader of lines asks tall pictures (not records) as they are, turned left and "
        "turned right; the surest text counts. upright: each picture is read once, as the servers of an export do it, "
        "so that what eval, demo_inference and exports say compares. The job `read` takes auto unless told otherwise.",
        ORIENTATIONS,
    )
    lexicon: str = knob("", "A file of texts, one per line: in each picture the likeliest of them is read.")
    text_model: str = knob(
        "",
        "Character n-grams, a file of `attention-ocr build_text_model` or the name of a ready one: what is likely in "
        "its language is preferred, by beam search (12 texts with CTC, 8 with other heads, or --beam_width). Codes "
        "suffer.",
    )
    text_weight: float = knob(
        0.0,
        "How much the text model counts beside the network; 0: as it recommends itself.",
        minimum=0,
        works_with={"text_model": GIVEN},
    )
    search_below: float = knob(
        0.97,
        "Only pictures are searched whose greedy text (with CTC also one of its characters) has less than this share "
        "of the confidence that --label_smoothing leaves; 1: nearly all.",
        minimum=0,
        maximum=1,
        works_with={"text_model": GIVEN},
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lexicon and self.text_model:
            raise UserError(
                f"--lexicon={self.lexicon} and --text_model={self.text_model}: give one; a lexicon's texts need no "
                "text model"
            )


@dataclass(frozen=True)
class TextModelConfig(Knobs):
    """What a text model counts in texts."""

    order: int = knob(7, "A character's probability depends on so many characters less one before it.", minimum=1)
    spelling: str = knob(
        "factored",
        "Case and accents: ignored; factored (a probability of their own, from those texts that have a small letter); "
        "exact (each spelling is a character of its own).",
        ("factored", "ignored", "exact"),
    )
    spelling_order: int = knob(
        5,
        "Case and accents depend on so many characters before theirs.",
        minimum=1,
        works_with={"spelling": one_of("factored")},
    )
    max_size: float = knob(3.0, "Size of the file in MB; the runs of characters that tell least are left out.", above=0)
    weight: float = knob(0.3, "How much the text model counts beside the network, unless a reader is told.", above=0)
