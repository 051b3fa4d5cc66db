"""usage: python tools/measure_reader.py MODEL LABELS [LABELS ...] [--flags]: how much of pictures is read right.

LABELS is a file of lines `path<TAB>text`, with paths relative to its folder. The flags are those of reading
(`--characters --ignore_case --lexicon --text_model --beam_width --backend ...`) and the ones below. Letters and digits
alone are compared, case ignored, unless `--all_characters` is given. Prints a line for each file.
"""

import sys
import time
import unicodedata
from pathlib import Path

from absl import flags

from attention_ocr import flags as our_flags
from attention_ocr.console import progress_bar
from attention_ocr.reading.reader import Reader

BATCH = 32


def main(arguments: list[str]) -> None:
    values = flags.FlagValues()
    flags.DEFINE_integer("limit", 0, "Pictures of each file; 0: all.", flag_values=values)
    flags.DEFINE_integer("last", 0, "Compare this many last characters; 0: all.", flag_values=values)
    flags.DEFINE_bool("all_characters", False, "Compare all characters, case too.", flag_values=values)
    flags.DEFINE_string("mistakes", "", "File that gets what was misread.", flag_values=values)
    our_flags.define_reading(values)
    model, *label_files = values(arguments)[1:]
    reading = our_flags.reading_from(values)
    backend = our_flags.backend_from(values)
    knobs = {**reading.to_dict(), **backend.to_dict()}
    reader = Reader.load(model, **knobs)
    wrong = []
    for name in label_files:
        lines = [line.split("\t") for line in Path(name).read_text("utf-8").splitlines() if "\t" in line]
        lines = lines[: values.limit] if values.limit else lines
        paths, truths = [Path(name).parent / path for path, *_ in lines], [text for _, text, *_ in lines]
        started, texts = time.monotonic(), []
        with progress_bar(Path(name).parent.name, len(paths)) as advance:
            for first in range(0, len(paths), BATCH):
                part = paths[first : first + BATCH]
                texts += [found.text for found in reader.read(part, batch_size=BATCH)]
                advance(len(part))
        seconds = time.monotonic() - started
        last = -values.last if values.last else None
        pairs = [
            [compared(text, values.all_characters)[last:] for text in pair] for pair in zip(truths, texts, strict=True)
        ]
        alike = [truth == text for truth, text in pairs]
        rows = zip(paths, truths, texts, alike, strict=True)
        wrong += [f"{path}\t{truth}\t{text}" for path, truth, text, right in rows if not right]
        share = 100 * sum(alike) / len(alike)
        print(f"{name}: {share:.2f}% of {len(alike)} exact, {1000 * seconds / len(alike):.1f} ms a picture", flush=True)
    if values.mistakes:
        Path(values.mistakes).write_text("\n".join(wrong) + "\n", "utf-8")


def compared(text: str, everything: bool) -> str:
    """What of a text is compared."""
    text = unicodedata.normalize("NFC", text)
    return text if everything else "".join(c for c in text.casefold() if c.isalnum())


if __name__ == "__main__":
    main(sys.argv)
