"""attention-ocr read."""

import contextlib
import dataclasses
import sys
from pathlib import Path
from typing import Any

from absl import flags

from attention_ocr.config import EngineConfig, GenerateConfig
from attention_ocr.console import progress_bar, show_messages
from attention_ocr.flags import backend_from, define_knobs, define_reading, reading_from
from attention_ocr.picture_paths import STDIN, given_paths
from attention_ocr.quiet import quiet_imports

ARGUMENTS = "PICTURE ...: files, folders, globs in quotes, s3://...; on standard input paths, or with - a picture."


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    define: dict[str, Any] = {"flag_values": values}
    text = "A model file, an export or a ready-made reader; empty: ppocr where it is installed, else words."
    flags.DEFINE_string("model", "", text, **define)
    flags.DEFINE_bool("pages", False, "Find the lines of photographs and pages (RapidOCR's detector).", **define)
    text = "text: path, text, confidence; tsv: a table; json: an object a line; with --pages also hocr and alto."
    flags.DEFINE_enum("format", "text", ["text", "json", "tsv", "hocr", "alto"], text, **define)
    text = "The file that gets what else is printed; with hocr and alto the folder for a document of each picture."
    flags.DEFINE_string("output", "", text, **define)
    text = "Texts with less confidence are marked unsure (text, tsv: a column; json: a key) and counted at the end."
    flags.DEFINE_float("min_confidence", 0.0, text, 0.0, 1.0, **define)
    flags.DEFINE_integer("batch_size", 32, "Pictures read at a time.", lower_bound=1, **define)
    flags.DEFINE_string("visualize", "", "Folder for a drawing of each picture.", **define)
    define_knobs(values, GenerateConfig, names=("on_bad_image", "max_pixels"))
    define_knobs(values, EngineConfig)
    define_reading(values)
    values.set_default("orientation", "auto")


def run(values: flags.FlagValues, arguments: list[str]) -> int:
    """Reads the pictures in order and prints what they say; the exit status is 1 if one cannot be read."""
    show_messages(beside_results=True)
    results = sys.stdout  # while Ray is there, sys.stdout is standard error
    paths = given_paths(arguments, sys.stdin)
    stdin = sys.stdin.buffer.read() if Path(STDIN) in paths else b""
    knobs = reading_from(values).to_dict() | {"orientation": values.orientation} | backend_from(values).to_dict()

    with quiet_imports():
        from attention_ocr.pages.reading_job import ReadingJob, Wanted

    names = [field.name for field in dataclasses.fields(Wanted) if field.name in values]
    given: dict[str, Any] = {name: values[name].value for name in names}
    job = ReadingJob(Wanted(**given, knobs=knobs, skips=values.on_bad_image == "skip"), paths, stdin)
    shows_bar = len(paths) > 1 and (values.output or not sys.stdout.isatty())
    with progress_bar("reading", len(paths)) if shows_bar else contextlib.nullcontext(lambda done: None) as advance:
        for line in job.lines(advance):
            print(line, file=results, flush=True)
    if job.output.summary:
        print(job.output.summary, file=sys.stderr, flush=True)
    return 1 if job.output.bad else 0
