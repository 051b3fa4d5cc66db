"""What the jobs that draw pictures share: the flags, and writing a sheet, a data set, or both."""

from collections.abc import Callable
from typing import Any

from absl import flags

from attention_ocr.config import RenderConfig
from attention_ocr.errors import UserError
from attention_ocr.flags import define_knobs, given_knobs, works_with
from attention_ocr.knobs import GIVEN


def define_flags(values: flags.FlagValues, what: str, sheet_number: int, sizes: Any) -> None:
    """The flags of a job that draws `what`; `sizes` is the config class of its pictures."""
    define: dict[str, Any] = {"flag_values": values}
    flags.DEFINE_string("output_dir", "", f"A new folder for the drawn {what}.", **define)
    flags.DEFINE_string("sheet", "", f"A picture of many {what} to look at, instead of or beside them.", **define)
    flags.DEFINE_integer("sheet_number", sheet_number, f"Drawn {what} on the sheet.", lower_bound=1, **define)
    text = "Pictures (a folder, a glob) to mix in among the drawn ones, unmarked; the sheet's order is printed."
    flags.DEFINE_string("sheet_beside", "", text, **define)
    define_knobs(values, RenderConfig, sizes)
    for name in ("sheet_number", "sheet_beside"):
        works_with(values, name, sheet=GIVEN)


def run(values: flags.FlagValues, make_renderer: Callable[[RenderConfig, Any], Any], sizes: Any) -> None:
    """Draws.

    Args:
        values: the flags.
        make_renderer: knobs -> what draws, and the data set that its pictures are.
        sizes: the config class of the pictures.

    Raises:
        UserError: neither a folder nor a sheet is asked for, or something cannot be drawn or written.
    """
    from attention_ocr.records import summary
    from attention_ocr.render import sheets, writing

    if not values.output_dir and not values.sheet:
        raise UserError("--output_dir is missing: " + values["output_dir"].help)
    config = RenderConfig(**given_knobs(values, RenderConfig))
    renderer, spec = make_renderer(config, sizes(**given_knobs(values, sizes)))
    if values.sheet:
        sheets.write_sheet(values.sheet, renderer, values.sheet_number, config.difficulty, values.sheet_beside)
    if values.output_dir:
        summary.print_summary(writing.write_rendered(renderer, spec, values.output_dir, config))
