"""Word number n of a seed."""

from dataclasses import dataclass, field

import numpy as np

from attention_ocr.render.signs.renderer import RenderedPicture
from attention_ocr.render.words.letters import FontChoice
from attention_ocr.render.words.pictures import Words, WordStyle
from attention_ocr.render.words.text_sources import Texts

TURN = 4096  # pictures
ALL_FONTS = -1
FONTS, MASKS = 4, 5  # set these choices apart from those of other generators with the same seed


@dataclass(frozen=True)
class WordRenderer:
    """Draws words and lines; a function of seed and number alone.

    Attributes:
        seed: another seed, other pictures.
        texts: where labels come from.
        style: what pictures look like.
        fonts: those to draw with, chosen for the texts; None: the bundled ones.
        fonts_at_once: so many of them are drawn with in a turn of pictures, then others, so that their letters stay in
            the caches; 0: all.
        masks: the share of pictures that are left unpainted.
    """

    seed: int
    texts: Texts
    style: WordStyle
    fonts: FontChoice | None = None
    fonts_at_once: int = 0
    masks: float = 0.0
    _ready: dict[int, Words] = field(default_factory=dict, repr=False, compare=False)

    def draw(self, number: int, difficulty: float = 1.0) -> RenderedPicture:
        """Picture `number`.

        Args:
            number: from 0.
            difficulty: from 0 (plain print) to 1 (as the style says).
        """
        words = self._words(number)
        if difficulty != 1:
            words = words.restyled(self.style.at_difficulty(difficulty))
        random = np.random.default_rng([self.seed, number])
        text = self.texts.draw(random)
        if self.masks and np.random.default_rng([self.seed, MASKS, number]).random() < self.masks:
            return RenderedPicture(words.masks(text, random), text, is_unpainted=True)
        return RenderedPicture(words.picture(text, random), text)

    def _words(self, number: int) -> Words:
        """What draws a picture, with the fonts whose turn it is."""
        if ALL_FONTS not in self._ready:
            self._ready[ALL_FONTS] = Words(self.texts, self.style, self.fonts)
        if not self.fonts_at_once:
            return self._ready[ALL_FONTS]
        turn = number // TURN
        if turn not in self._ready:
            every = self._ready[ALL_FONTS]
            random = np.random.default_rng([self.seed, FONTS, turn])
            self._ready.clear()  # keeps two
            self._ready.update({ALL_FONTS: every, turn: every.with_some_fonts(self.fonts_at_once, random)})
        return self._ready[turn]
