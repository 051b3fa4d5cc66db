"""The knobs of the jobs that draw pictures."""

from dataclasses import dataclass

from attention_ocr import shared_knobs as shared
from attention_ocr.knobs import EMPTY, GIVEN, Knobs, knob, one_of

WRITTEN = {"output_dir": GIVEN}


@dataclass(frozen=True)
class RenderConfig(Knobs):
    """How many pictures are drawn, and how they are written."""

    number: int = knob(1000, "Pictures in the train split.", minimum=1, works_with=WRITTEN)
    validation_number: int = knob(100, "Pictures in the validation split.", minimum=0, works_with=WRITTEN)
    test_number: int = knob(100, "Pictures in the test split.", minimum=0, works_with=WRITTEN)
    image_format: str = knob("PNG", "File format of the pictures.", ("PNG", "JPEG"), works_with=WRITTEN)
    output: str = knob(
        "records", "Write FSNS records, or pictures with a label file.", ("records", "pictures"), works_with=WRITTEN
    )
    difficulty: float = shared.difficulty()
    text_file: str = shared.text_file()
    fonts: str = shared.fonts()
    charset_file: str = shared.charset_file()
    max_sequence_length: int = shared.max_sequence_length(37, 1)
    shard_size: float = shared.shard_size({**WRITTEN, "output": one_of("records")})
    num_workers: int = shared.num_workers(WRITTEN)
    seed: int = shared.seed()


@dataclass(frozen=True)
class SignsConfig(Knobs):
    """The size of drawn signs."""

    num_views: int = shared.num_views(4)
    image_height: int = shared.image_height(150, 16)
    image_width: int = shared.image_width(150, 16)


@dataclass(frozen=True)
class WordsConfig(Knobs):
    """What drawn words and lines look like."""

    image_height: int = shared.image_height(32, 8)
    image_width: int = shared.image_width(128, 0, "; 0: as wide as its text (with --output=pictures)")
    max_width: int = knob(
        512, "Width in pixels that no picture exceeds.", minimum=8, works_with={"image_width": one_of(0)}
    )
    unit: str = knob(
        "line",
        "What is drawn of a text file: its lines, its words, or runs of text cut between words.",
        ("line", "word", "run"),
        works_with={"text_file": GIVEN, "texts": EMPTY},
    )
    language: str = knob(
        "", "Language of made-up words; empty: both.", ("", "en", "fr"), works_with={"text_file": EMPTY}
    )
    texts: str = knob(
        "",
        "Several kinds of texts with their shares, such as words:71,codes:12,charset:3,lines:14. words and lines are "
        "of --text_file, or made up; codes are letters and digits at random; charset is all characters at random. "
        "Empty: what --unit says.",
    )
    vertical_share: float = knob(
        0.0, "Share of vertical texts: CJK stacked, others turned 90 degrees.", minimum=0, maximum=1
    )
    curved: float = knob(0.15, "Share of lines along an arc or a wave.", minimum=0, maximum=1)
    rotation: float = knob(8.0, "The largest rotation in degrees; most are far smaller.", minimum=0, maximum=90)
    background_dir: str = knob("", "Photographs to cut backgrounds from; empty: drawn ones.")
