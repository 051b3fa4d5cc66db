"""French street signs as FSNS holds them: a name, its plate, four photographs. A function of seed and number alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attention_ocr.render.fonts.bundled import bundled_fonts
from attention_ocr.render.fonts.files import FontFile
from attention_ocr.render.signs.cameras import photograph
from attention_ocr.render.signs.plate_fonts import plate_fonts
from attention_ocr.render.signs.street_names import StreetName, practice_name, street_name
from attention_ocr.render.signs.street_plates import draw_plate

NAMES_FROM = 0.25  # The difficulty from which all texts are names; below, letters at random are among them.
PLATE_SCALE = 0.5  # of plates seen in 150 pixels: 160 to 210 wide, and no view shows more than 145
EASY_DRAWS = 4  # Of so many names the shortest is taken where all is easy.


@dataclass(frozen=True, slots=True)
class RenderedPicture:
    """A drawn picture and what it reads.

    Attributes:
        pixels: uint8 [H, V*W, 3].
        text: its label.
        letter_height: of the smallest capitals of the label in the best view, in pixels; 0: not known.
        places: float32 [characters, V, 2], the middle (x, y) of each character in pixels of each view; NaN: not there;
            None: not known.
        is_unpainted: whether `pixels` are masks instead: of letters, of their outline and of their shadow, 0..255.
    """

    pixels: np.ndarray
    text: str
    letter_height: float = 0.0
    places: np.ndarray | None = None
    is_unpainted: bool = False


@dataclass(frozen=True)
class SignRenderer:
    """Draws sign number n of a seed.

    Attributes:
        seed: another seed, other signs.
        height, width: of a view in pixels.
        num_views: V.
        names: what to write, drawn from at random; empty: made-up names, which hardly ever repeat.
        max_length: characters of the longest label.
        fonts: those of the plates; empty: the bundled ones that fit.
        other_fonts: for names with characters that none of `fonts` has.
    """

    seed: int
    height: int = 150
    width: int = 150
    num_views: int = 4
    names: Sequence[StreetName] = ()
    max_length: int = 37
    fonts: Sequence[FontFile] = ()
    other_fonts: Sequence[FontFile] = ()

    def draw(self, number: int, difficulty: float = 1.0) -> RenderedPicture:
        """Sign `number`; the same on every machine with the same fonts.

        Args:
            number: from 0.
            difficulty: from 0 (letters at random on clean plates, seen from the front; names from NAMES_FROM on) to 1
                (as the photographs).
        """
        random = np.random.default_rng([self.seed, number])
        name = self._name(random, difficulty)
        fonts = self.fonts or plate_fonts(bundled_fonts())
        scale = min(1.0, PLATE_SCALE * max(1.0, self.height / 150, self.width / 150))
        plate = draw_plate(name, random, fonts, difficulty, self.other_fonts, scale)
        views = photograph(
            plate.pixels, plate.letter_height, random, self.height, self.width, self.num_views, difficulty, plate.places
        )
        return RenderedPicture(views.pixels, name.label, max(views.letter_heights), views.places)

    def _name(self, random: np.random.Generator, difficulty: float) -> StreetName:
        if random.random() >= difficulty / NAMES_FROM and not self.names:
            return practice_name(random)
        draws = 1 + int((EASY_DRAWS - 1) * (1 - difficulty) + random.random())
        return min((self._any_name(random) for _ in range(draws)), key=lambda name: len(name.label))

    def _any_name(self, random: np.random.Generator) -> StreetName:
        if self.names:
            return self.names[int(random.integers(len(self.names)))]
        while len((name := street_name(random)).label) > self.max_length:
            pass
        return name
