"""How fast pictures are drawn on one core, and where the time goes.

Rounds of signs and words take turns, so that a busy machine slows all alike; the median rate of the rounds is printed.
"""

import cProfile
import pstats
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
from absl import app, flags
from rich.console import Console
from rich.table import Table

from attention_ocr.config import RenderConfig, SignsConfig, WordsConfig
from attention_ocr.render import renderers

NUMBER = flags.DEFINE_integer("number", 200, "Pictures of a round of signs; of words five times as many.")
ROUNDS = flags.DEFINE_integer("rounds", 5, "Rounds.")
PROFILE = flags.DEFINE_integer("profile", 12, "Functions of the profile; 0: none.")


def rate(draw: Callable[[int], object], number: int, first: int) -> float:
    """Pictures a second."""
    started = time.perf_counter()
    for index in range(first, first + number):
        draw(index)
    return number / (time.perf_counter() - started)


def print_profile(name: str, draw: Callable[[int], object], number: int) -> None:
    """The functions that take most of the time themselves."""
    profile = cProfile.Profile()
    profile.runcall(rate, draw, number, 0)
    stats = pstats.Stats(profile)
    total = stats.total_tt  # type: ignore[attr-defined]
    table = Table(f"profile of {name}", "share", "calls a picture")
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])  # type: ignore[attr-defined]
    for (file, line, function), (_, calls, own, _, _) in rows[: PROFILE.value]:
        table.add_row(f"{Path(file).name}:{line} {function}", f"{own / total:.1%}", f"{calls / number:.1f}")
    Console().print(table)


def main(_: list[str]) -> None:
    """Measures, prints."""
    cv2.setNumThreads(1)
    signs, _spec = renderers.sign_renderer(RenderConfig(), SignsConfig())
    words, _spec = renderers.word_renderer(RenderConfig(), WordsConfig())
    what = {"signs of 4 x 150 x 150": (signs.draw, NUMBER.value), "words of 32 x 128": (words.draw, 5 * NUMBER.value)}
    for draw, number in what.values():
        rate(draw, number // 10, 0)  # fonts and textures are made once
    rates: dict[str, list[float]] = {name: [] for name in what}
    for turn in range(ROUNDS.value):
        for name, (draw, number) in what.items():
            rates[name].append(rate(draw, number, turn * number))
    for name, found in rates.items():
        print(f"{name}: {statistics.median(found):.1f}/s on one core ({min(found):.1f} to {max(found):.1f})")
    for name, (draw, number) in what.items():
        if PROFILE.value:
            print_profile(name, draw, number)


if __name__ == "__main__":
    app.run(main)
