"""attention-ocr demo_inference."""

import sys
from typing import Any

from absl import flags

from attention_ocr import files
from attention_ocr.config import GenerateConfig
from attention_ocr.console import json_of
from attention_ocr.flags import backend_from, define_knobs, define_reading, reading_from, required
from attention_ocr.picture_paths import drawing_paths, picture_paths
from attention_ocr.quiet import quiet_imports


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    flags.DEFINE_string("checkpoint", "", "A model file (.keras) or an export (.onnx, .xml, a folder).", **define)
    text = "Pictures: a file, a folder, a glob, or a counter like sign_%02d.png."
    flags.DEFINE_string("image_path_pattern", "", text, **define)
    flags.DEFINE_integer("batch_size", 32, "Pictures read at a time.", lower_bound=1, **define)
    text = "Folder for a drawing of each picture: where each character was read."
    flags.DEFINE_string("visualize", "", text, **define)
    flags.DEFINE_enum("format", "text", ["text", "json"], "What is printed for each picture.", **define)
    define_knobs(values, GenerateConfig, names=("on_bad_image", "max_pixels"))
    define_reading(values)


def run(values: flags.FlagValues) -> int:
    """Reads the pictures in order and prints a line for each; the exit status is 1 if one cannot be read."""
    required(values, "checkpoint", "image_path_pattern")
    knobs = reading_from(values).to_dict() | backend_from(values).to_dict()
    paths = picture_paths(values.image_path_pattern)
    drawings = iter(drawing_paths(paths, values.visualize) if values.visualize else [])

    with quiet_imports():
        from attention_ocr.reading.picture_files import read_files
        from attention_ocr.reading.reader import Reader

    reader, bad = Reader.load(values.checkpoint, **knobs), 0
    reader.max_pixels = values.max_pixels
    for file in read_files(reader, paths, values.batch_size, values.on_bad_image == "skip"):
        print(json_of(file.to_dict(reader.dataset.charset)) if values.format == "json" else file.line(), flush=True)
        drawing = next(drawings, None)
        if file.error:
            bad += 1
            print(f"skipped {file.error}", file=sys.stderr, flush=True)
        elif drawing and file.picture is not None and file.reading:
            with files.replacing(drawing) as temporary:
                reader.draw(file.picture, file.reading).save(temporary)
    return 1 if bad else 0
