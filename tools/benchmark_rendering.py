"""How fast pictures are drawn by one core, beside another version of this project, and where the time goes.

A second is one of the core's own, spent on drawing, so that other work on the machine counts little; and rounds of all
kinds of pictures, and of both versions, take turns. The median rate of the rounds is printed.

python tools/benchmark_rendering.py --beside=../another_checkout
"""

import contextlib
import cProfile
import dataclasses
import os
import pstats
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
from absl import app, flags
from rich.console import Console
from rich.table import Table

from attention_ocr.config import RenderConfig, SignsConfig, WordsConfig
from attention_ocr.render import renderers
from attention_ocr.training.sources import FONTS_AT_ONCE, TEXTS

NUMBER = flags.DEFINE_integer("number", 200, "Pictures of a round of signs; of words five times as many.")
ROUNDS = flags.DEFINE_integer("rounds", 5, "Rounds.")
PROFILE = flags.DEFINE_integer("profile", 12, "Functions of the profile; 0: none.")
BESIDE = flags.DEFINE_string("beside", "", "A checkout of another version, to compare with; empty: none.")

SIGNS, WORDS = "signs of 4 x 150 x 150", "words of 32 x 128"
# Draws in a process of its own with the version that PYTHONPATH says; versions before 0.3 have other modules.
DRAW = """
import sys, time
import cv2
from attention_ocr.config import RenderConfig, SignsConfig, WordsConfig
try:
    from attention_ocr.render import renderers
except ImportError:
    from attention_ocr.data.render import making as renderers
cv2.setNumThreads(1)
signs = renderers.sign_renderer(RenderConfig(), SignsConfig())[0]
words = renderers.word_renderer(RenderConfig(), WordsConfig())[0]
for line in sys.stdin:
    kind, number, first = line.split()
    draw, started = {"signs": signs, "words": words}[kind].draw, time.process_time()
    for index in range(int(first), int(first) + int(number)):
        draw(index)
    print(time.process_time() - started, flush=True)
"""


def rate(draw: Callable[[int], object], number: int, first: int) -> float:
    """Pictures a second of the core's time."""
    started = time.process_time()
    for index in range(first, first + number):
        draw(index)
    return number / (time.process_time() - started)


@contextlib.contextmanager
def drawing(folder: str) -> Iterator[Callable[[str, int, int], float]]:
    """A process that draws with another version; yields (kind, number, first) -> pictures a second of its time."""
    environment = {**os.environ, "PYTHONPATH": str(Path(folder).resolve())}
    command = [sys.executable, "-c", DRAW]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asking, answers = process.stdin, process.stdout

        def other_rate(kind: str, number: int, first: int) -> float:
            asking.write(f"{kind} {number} {first}\n")
            asking.flush()
            return number / float(answers.readline())

        yield other_rate


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


def kinds() -> dict[str, tuple[Callable[[int], object], int]]:
    """What is drawn, and how many pictures a round has."""
    signs, _ = renderers.sign_renderer(RenderConfig(), SignsConfig())
    words, _ = renderers.word_renderer(RenderConfig(), WordsConfig())
    learned = WordsConfig(image_width=0, texts=TEXTS)
    free, _ = renderers.word_renderer(RenderConfig(output="pictures"), learned, FONTS_AT_ONCE)
    masks = dataclasses.replace(free, masks=1.0)
    number = NUMBER.value
    return {
        SIGNS: (signs.draw, number),
        WORDS: (words.draw, 5 * number),
        "words as wide as their text, as training sees them": (free.draw, 5 * number),
        "the same unpainted": (masks.draw, 5 * number),
    }


def main(_: list[str]) -> None:
    """Measures, prints."""
    cv2.setNumThreads(1)
    what = kinds()
    rates: dict[str, list[float]] = {name: [] for name in what}
    others: dict[str, list[float]] = {SIGNS: [], WORDS: []}
    with drawing(BESIDE.value) if BESIDE.value else contextlib.nullcontext(None) as other_rate:
        for turn in range(-1, ROUNDS.value):  # in the first one fonts and textures are made
            for name, (draw, number) in what.items():
                first = max(turn, 0) * number
                rates[name].append(rate(draw, number, first))
                if other_rate and name in others:
                    others[name].append(other_rate(name.partition(" ")[0], number, first))
    for name, (_first, *found) in rates.items():
        middle = statistics.median(found)
        told = f"{name}: {middle:.0f} a second and core ({min(found):.0f} to {max(found):.0f})"
        if BESIDE.value and name in others:
            other = statistics.median(others[name][1:])
            told += f"; {BESIDE.value}: {other:.0f}, so {middle / other:.2f} times as many"
        print(told, flush=True)
    for name, (draw, number) in what.items():
        if PROFILE.value:
            print_profile(name, draw, number)


if __name__ == "__main__":
    app.run(main)
