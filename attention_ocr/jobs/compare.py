"""attention-ocr compare."""

from collections.abc import Sequence

from absl import flags

from attention_ocr.console import as_text, json_of
from attention_ocr.errors import UserError

ARGUMENTS = "RUN [RUN ...]"  # what stands on the command line beside flags: directories of runs


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    text = "How runs are printed."
    flags.DEFINE_enum("format", "table", ["table", "json"], text, flag_values=values)


def run(values: flags.FlagValues, arguments: Sequence[str]) -> None:
    """Prints runs side by side: how far they are, their best scores and curves, and the knobs that differ."""
    if not arguments:
        raise UserError("compare: name the directories of runs, such as `attention-ocr compare logs/a logs/b`")
    from attention_ocr.training import run_comparison

    runs = [run_comparison.load(path) for path in arguments]
    if values.format == "json":
        found = {"runs": [run.to_dict() for run in runs], "differing": run_comparison.differing(runs)}
        print(json_of(found, indent=1))
        return
    for table in run_comparison.tables(runs):
        print(as_text(table))
