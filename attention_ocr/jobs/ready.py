"""attention-ocr ready."""

import json

from absl import flags
from rich.console import Console
from rich.table import Table

from attention_ocr.ready import catalog, installed


def define_flags(values: flags.FlagValues) -> None:
    """The job's flags."""
    flags.DEFINE_enum("format", "text", ["text", "json"], "How the cards are printed.", flag_values=values)


def run(values: flags.FlagValues) -> None:
    """Prints the card of each ready-made reader and text model, and of the reader that another package brings."""
    ppocr = installed.ppocr_card()
    found = [*([ppocr] if ppocr else []), *catalog.cards(), *catalog.cards(catalog.TEXT_MODEL)]
    if values.format == "json":
        print(json.dumps([card.to_dict() for card in found], indent=1, ensure_ascii=False))
        return
    for card in found:
        flag = "checkpoint" if card.kind == catalog.READER else "text_model"
        table = Table(title=f"--{flag}={card.name} (version {card.version})", title_justify="left", show_header=False)
        for name, value in card.to_dict().items():
            if name not in ("name", "version"):
                table.add_row(name.replace("_", " "), "\n".join(value) if isinstance(value, list) else str(value))
        Console(width=min(Console().width, 120)).print(table)
    if not ppocr:
        print(installed.HOW_TO_GET)
