"""Word number n of a seed."""

from dataclasses import dataclass, field

import numpy as np

from attention_ocr.render.signs.renderer import RenderedPicture
from attention_ocr.render.words.letters import FontChoice
from attention_ocr.render.words.pictures import Words, WordStyle
from attention_ocr.render.words.texts import WordTexts


@dataclass(frozen=True)
class WordRenderer:
    """Draws words and lines; a function of seed and number alone.

    Attributes:
        seed: another seed, other pictures.
        texts: where labels come from.
        style: what pictures look like.
        fonts: those to draw with, chosen for the texts; None: the bundled ones.
    """

    seed: int
    texts: WordTexts
    style: WordStyle
    fonts: FontChoice | None = None
    _ready: list[Words] = field(default_factory=list, repr=False, compare=False)

    def draw(self, number: int, difficulty: float = 1.0) -> RenderedPicture:
        """Picture `number`.

        Args:
            number: from 0.
            difficulty: from 0 (plain print) to 1 (as the style says).
        """
        if not self._ready:
            self._ready.append(Words(self.texts, self.style, self.fonts))
        words = self._ready[0]
        if difficulty != 1:
            words = words.restyled(self.style.at_difficulty(difficulty))
        pixels, text = words.draw(np.random.default_rng([self.seed, number]))
        return RenderedPicture(pixels, text)
