"""attention-ocr demo_inference."""

import json
import sys
from pathlib import Path
from typing import Any

from absl import flags

from attention_ocr import files
from attention_ocr.flags import backend_from, define_reading, reading_from, required
from attention_ocr.picture_paths import picture_paths
from attention_ocr.quiet import quiet_imports


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    flags.DEFINE_string(
        "checkpoint", "", "A model file (.keras) or an export (.onnx, .xml, a folder).", **define
    )
    text = "Pictures: a file, a folder, a glob, or a counter like sign_%02d.png."
    flags.DEFINE_string("image_path_pattern", "", text, **define)
    flags.DEFINE_integer("batch_size", 32, "Pictures read at a time.", lower_bound=1, **define)
    flags.DEFINE_string(
        "visualize", "", "Folder for a drawing of each picture: where each character was read.", **define
    )
    flags.DEFINE_enum("format", "text", ["text", "json"], "What is printed for each picture.", **define)
    define_reading(values)


def run(values: flags.FlagValues) -> None:
    """Reads the pictures in order and prints a line for each."""
    required(values, "checkpoint", "image_path_pattern")
    knobs = {**reading_from(values).to_dict(), **backend_from(values).to_dict()}
    paths = picture_paths(values.image_path_pattern)

    with quiet_imports():
        from attention_ocr.reading.reader import Reader

    reader = Reader.load(values.checkpoint, **knobs)
    print(f"read by {reader.backend.fingerprint}", file=sys.stderr)
    for start in range(0, len(paths), values.batch_size):
        batch = paths[start : start + values.batch_size]
        pictures = [reader.prepare(path) for path in batch]
        readings = reader.read_prepared(pictures, values.batch_size)
        for path, picture, reading in zip(batch, pictures, readings, strict=True):
            if values.format == "json":
                print(json.dumps({"path": str(path), **reading.to_dict(reader.dataset.charset)}, ensure_ascii=False))
            else:
                print(f"{path}\t{reading.text}\t{reading.confidence:.4f}", flush=True)
            if values.visualize:
                with files.replacing(Path(values.visualize) / f"{path.stem}.png") as temporary:
                    reader.draw(picture, reading).save(temporary)
