"""`attention-ocr JOB --flags`: finds the job, parses its flags, runs it, prints errors as one line."""

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence

from absl import flags

from attention_ocr import extras
from attention_ocr.console import print_any_character, show_messages
from attention_ocr.errors import UserError
from attention_ocr.flags import check_effects, help_text

JOBS = {
    "generate_tfrecords": "pictures and labels -> FSNS TFRecords",
    "render_signs": "draw French street signs, four views each, as records or pictures",
    "render_words": "draw words and lines in any script",
    "validate_dataset": "read all records of a data set and say whether they are good",
    "train": "learn to read them; resumes where it stopped",
    "eval": "measure a split, once or for every new checkpoint",
    "compare": "show the curves, best scores and differing knobs of several runs",
    "export": "write a SavedModel that needs nothing but itself",
    "read": "read pictures, or the lines of photographs and pages",
    "demo_inference": "read pictures and show where the network looked",
    "serve": "answer requests over HTTP, and show a page to read pictures in",
    "ready": "list the ready-made readers that come with the package",
    "build_text_model": "count the characters of texts, so that reading prefers what is likely",
    "import_checkpoint": "turn a TF1 checkpoint of the reference into a model file",
}
USAGE = "usage: attention-ocr JOB [--flags]; attention-ocr JOB --help lists a job's flags\n" + "\n".join(
    f"  {name:20}{summary}" for name, summary in JOBS.items()
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a job.

    Args:
        arguments: the job and its flags; None: those of the command line.

    Returns:
        The exit status: 0, 1 for a wrong input, 2 for a wrong command line, 141 where nobody reads on what is printed.
    """
    try:
        status = _chosen(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever reads the output has enough of it, as `head` has
        _discard_output()
        return 128 + 13  # as if SIGPIPE had ended it


def _chosen(arguments: Sequence[str] | None) -> int:
    print_any_character()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if arguments else 2
    job, *rest = arguments
    if job not in JOBS:
        print(f"error: no job is called {job!r}; there are {', '.join(JOBS)}", file=sys.stderr)
        return 2
    show_messages()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Off by default where the processor lacks AVX-512's VNNI; there it makes a training step 1.5 times as fast.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    module = importlib.import_module(f"attention_ocr.jobs.{job}")
    values = flags.FlagValues()
    flags.DEFINE_bool("help", False, "Show this and stop.", short_name="h", flag_values=values)
    module.define_flags(values)
    try:
        return _run(job, module, values, rest)
    except ModuleNotFoundError as error:
        known = extras.missing(error, job)
        if not known:
            raise
        print(f"error: {known}", file=sys.stderr)
        return 1


def _run(job: str, module, values: flags.FlagValues, rest: list[str]) -> int:
    try:
        given = values([job, *rest])[1:]
        takes_arguments = hasattr(module, "ARGUMENTS")
        if values.help:
            print(help_text(job, JOBS[job], values, getattr(module, "ARGUMENTS", "")))
            return 0
        if given and not takes_arguments:
            raise flags.Error(f"{given[0]!r} is not a flag; write --name=value")
        check_effects(values)
        return (module.run(values, given) if takes_arguments else module.run(values)) or 0
    except flags.Error as error:
        print(f"error: {error} (attention-ocr {job} --help lists the flags)", file=sys.stderr)
        return 2
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _discard_output() -> None:
    """From now on what is printed is lost, so that nothing complains when Python ends."""
    with contextlib.suppress(OSError, ValueError):  # in its place may be what is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
