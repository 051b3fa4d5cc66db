"""The order in which a picture shows a text, and back: right-to-left scripts for heads that go from left to right.

The rules are those of the Unicode bidirectional algorithm (UAX #9) for a line without explicit marks, but for N0 (pairs
of brackets). The way back is not always known: `abc 12` left of Hebrew may be a word before a number, or after it, and
Hebrew right of Latin may come first or last. Then the word comes before the number, and Hebrew first.
"""

import unicodedata
from typing import Any

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig

LEFT_TO_RIGHT_HEADS = ("ctc", "slice")
# Bidirectional types; what is none of these is neutral.
L, R, AL, EN, ES, ET, AN, CS, NSM, NEUTRAL = range(10)
TYPES = {"L": L, "R": R, "AL": AL, "EN": EN, "ES": ES, "ET": ET, "AN": AN, "CS": CS, "NSM": NSM}
MIRRORED = ("()", "[]", "{}", "<>", "«»", "‹›", "≤≥")


class ReadingOrder:
    """Turns texts of a charset's class ids from the order of their label to that of the picture, and back.

    Args:
        charset: the classes.
    """

    def __init__(self, charset: Charset):
        symbols = charset.symbols
        self._null_id = charset.null_id
        self._types = np.array([_type_of(symbol) for symbol in symbols], np.int32)
        self._mirrors = np.arange(len(symbols), dtype=np.int32)
        for pair in MIRRORED:
            if all(side in symbols for side in pair):
                one, other = (symbols.index(side) for side in pair)
                self._mirrors[[one, other]] = other, one

    def turned(self, ids: Any, back: bool = False, xp: Any = np) -> tuple[Any, Any]:
        """Texts as the picture shows them from left to right, or as their labels have them.

        Args:
            ids: int32 [B, T], padded with nulls at the end.
            back: from the picture's order to the label's.
            xp: what computes: numpy, or keras.ops within a graph.

        Returns:
            The ids int32 [B, T], and for each place int32 [B, T] where it was.
        """
        lines = _Lines(ids, self._null_id, xp)
        levels = lines.levels(xp.take(self._types, ids, axis=0), back)
        order = lines.reversed_runs(lines.places, levels >= 2)
        order = lines.reversed_runs(order, levels >= 1)
        mirrored = xp.where(levels == 1, xp.take(self._mirrors, ids, axis=0), ids)
        return xp.take_along_axis(mirrored, order, axis=1), order

    def as_labels(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A network's endpoints with characters, their scores and where they were in the order of labels.

        Args:
            outputs: `predicted_chars` [B, T], `predicted_scores` [B, T], and where they are there `attention` [B, T, N]
                and `beam_chars` [B, W, T].
        """
        ids, order = self.turned(outputs["predicted_chars"], back=True)
        scores = np.take_along_axis(outputs["predicted_scores"], order, axis=1)
        found = {**outputs, "predicted_chars": ids, "predicted_scores": scores}
        if "attention" in outputs:
            found["attention"] = np.take_along_axis(outputs["attention"], order[:, :, None], axis=1)
        if "beam_chars" in outputs:
            beams = outputs["beam_chars"]
            turned, _ = self.turned(beams.reshape(-1, beams.shape[-1]), back=True)
            found["beam_chars"] = turned.reshape(beams.shape)
        return found


class _Lines:
    """Texts [B, T], and what the rules do to them; arrays are int32 or bool [B, T]."""

    def __init__(self, ids, null_id, xp):
        self.xp, self.length = xp, ids.shape[1]
        self.places = xp.zeros_like(ids) + xp.arange(self.length, dtype="int32")
        is_text = ids != null_id
        self.is_text = self.places <= self._last_place(is_text)[:, -1:]

    def levels(self, types, back):
        """The embedding levels: 0 and 2 run from left to right, 1 from right to left; 0 after the end."""
        xp = self.xp
        strong = self.is_text & (types <= AL)
        nearest = self._after if back else self._before  # on which side of a character the label has what precedes it
        # P2, P3: the first strong character tells the base; in a picture, one at the right end does if it is R.
        base = self._before(types, strong, L)[:, -1:] if back else self._after(types, strong, L)[:, :1]
        base = xp.where(base == L, L, R)
        # W1: marks are like what they are on.
        on = nearest(types, self.is_text & (types != NSM), base)
        types = xp.where(types == NSM, on, types)
        # W2, W3: numbers after Arabic letters, and these.
        strong = self.is_text & (types <= AL)
        types = xp.where((types == EN) & (nearest(types, strong, base) == AL), AN, types)
        types = xp.where(types == AL, R, types)
        types = self._numbers(types)
        # W7: a number after Latin letters belongs to them.
        strong = self.is_text & (types <= R)
        types = xp.where((types == EN) & (self._before(types, strong, base) == L), L, types)
        # N1, N2: neutrals between the same direction have it, others have the base's.
        directions = xp.where(types == L, L, R)
        told = self.is_text & (types != NEUTRAL)
        before, after = self._before(directions, told, base), self._after(directions, told, base)
        neutral = xp.where(before == after, before, base)
        types = xp.where(types == NEUTRAL, neutral, types)
        levels = xp.where(types == R, 1, 2)
        levels = xp.where((types == L) & (base == L), 0, levels)
        return xp.where(self.is_text, levels, 0)

    def reversed_runs(self, order, is_in_run):
        """`order` with each run of places that `is_in_run` reversed."""
        xp = self.xp
        out = xp.logical_not(is_in_run)
        start = self._last_place(out) + 1
        end = self.length - 2 - xp.flip(self._last_place(xp.flip(out, axis=1)), axis=1)
        return xp.take_along_axis(order, xp.where(is_in_run, start + end - self.places, self.places), axis=1)

    def _numbers(self, types):
        """W4 to W6: separators and signs within and beside numbers belong to them, others are neutral."""
        xp = self.xp
        before, after = self._shifted(types, 1), xp.flip(self._shifted(xp.flip(types, axis=1), 1), axis=1)
        within = (before == after) & (
            (before == EN) & (types == ES) | (types == CS) & ((before == EN) | (before == AN))
        )
        types = xp.where(within, before, types)
        others = self.is_text & (types != ET)
        beside = (self._before(types, others, NEUTRAL) == EN) | (self._after(types, others, NEUTRAL) == EN)
        types = xp.where((types == ET) & beside, EN, types)
        return xp.where((types == ES) | (types == ET) | (types == CS) | (types > NEUTRAL), NEUTRAL, types)

    def _before(self, values, mask, default):
        """Of each place the value at the last place up to it where `mask` is True; where there is none, `default`."""
        xp, place = self.xp, self._last_place(mask)
        return xp.where(place >= 0, xp.take_along_axis(values, xp.maximum(place, 0), axis=1), default)

    def _after(self, values, mask, default):
        """Of each place the value at the first place from it on where `mask` is True; or, where none is, `default`."""
        flip = self.xp.flip
        return flip(self._before(flip(values, axis=1), flip(mask, axis=1), default), axis=1)

    def _last_place(self, mask):
        """The last place up to each one where `mask` is True; -1: there is none."""
        found, step = self.xp.where(mask, self.places, -1), 1
        while step < self.length:
            found = self.xp.maximum(found, self._shifted(found, step))
            step *= 2
        return found

    def _shifted(self, values, step):
        """The values `step` places before; -1 where there are none."""
        xp = self.xp
        return xp.concatenate([xp.full_like(values[:, :step], -1), values[:, : self.length - step]], axis=1)


def reading_order(config: ModelConfig, charset: Charset) -> ReadingOrder | None:
    """How a network's texts are turned; None: they are not."""
    if config.head in LEFT_TO_RIGHT_HEADS and config.turn_right_to_left and charset.has_right_to_left:
        return ReadingOrder(charset)
    return None


def _type_of(symbol: str) -> int:
    return TYPES.get(unicodedata.bidirectional(symbol), NEUTRAL) if symbol else NEUTRAL
