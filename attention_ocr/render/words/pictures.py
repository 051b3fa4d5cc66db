"""Pictures of single words and lines in any script, as cameras and scanners see them, with their labels."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from attention_ocr.errors import UserError
from attention_ocr.render.fonts.bundled import bundled_fonts
from attention_ocr.render.fonts.files import FontFile
from attention_ocr.render.words import effects, letters, shapes
from attention_ocr.render.words.camera import photograph
from attention_ocr.render.words.composing import composed, texture_strength
from attention_ocr.render.words.effects import Layers, weighted, widened
from attention_ocr.render.words.grounds import Grounds, draw_colours
from attention_ocr.render.words.letters import FontChoice, Setting
from attention_ocr.render.words.shapes import Margins, Placing
from attention_ocr.render.words.text_sources import Texts

LEAST_ROOM = 0.55  # of the font's size: a lone dash or comma is not blown up to the picture's height
STRONG, LARGE = 0.4, 9.0  # the contrast and the pixels a letter is wide from which it stands any fault


@dataclass(frozen=True)
class WordStyle:
    """What pictures look like. A share is 0..1: of the pictures that have a thing; a strength 0..1 scales it.

    Attributes:
        height: of a picture in pixels.
        width: of a picture; 0: as the text needs at this height.
        max_width: no picture of width 0 is wider.
        vertical: share of columns: Chinese, Japanese and Korean characters stacked from top to bottom, other text as a
            line turned by 90 degrees. A picture wider than high shows the column lying on its left side, as readers
            turn tall crops.
        curved: share of lines along an arc or a wave.
        perspective: strength of the view from the side, above or below.
        rotation: the largest turn in degrees; most are far smaller.
        waves: strength of a fine waviness of the letters.
        spacing: share with letters further apart or closer together than the font says.
        mixed: share whose digits have a font of their own.
        shadows: share with a shadow or a second, shifted print.
        outlines: share with outlined or hollow letters.
        colours: share with colours, others are grey.
        low_contrast: share whose ink hardly differs from the ground.
        textures: strength of what is behind the letters.
        neighbours: share with pieces of other lines or the edge of a plate at the rim.
        rules: share with an underline, a line through the word or ruled paper.
        stretched: share of pictures of fixed width that a short word is stretched to, as a resized crop is.
        crop: strength of how far the crop is too tight or too loose.
        haze, blur, noise, low_resolution, jpeg: shares of pictures whose camera or file has the fault.
        background_dir: photographs to cut grounds from, any pictures; empty: drawn textures.
    """

    height: int = 32
    width: int = 128
    max_width: int = 512
    vertical: float = 0.0
    curved: float = 0.15
    perspective: float = 0.4
    rotation: float = 8.0
    waves: float = 0.4
    spacing: float = 0.35
    mixed: float = 0.03
    shadows: float = 0.2
    outlines: float = 0.15
    colours: float = 0.8
    low_contrast: float = 0.1
    textures: float = 0.6
    neighbours: float = 0.12
    rules: float = 0.05
    stretched: float = 0.5
    crop: float = 1.0
    haze: float = 0.3
    blur: float = 0.5
    noise: float = 0.5
    low_resolution: float = 0.35
    jpeg: float = 0.5
    background_dir: str = ""

    def __post_init__(self) -> None:
        if self.height < 8 or (self.width and self.width < 8) or self.max_width < self.height:
            raise UserError(
                f"height {self.height}, width {self.width}, max_width {self.max_width}: give 8 pixels or more, width 0 "
                "for pictures as wide as their text, and a max_width of at least the height"
            )
        for name in STRENGTHS:
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{name}={getattr(self, name)}: a share or strength is between 0 and 1")
        if not 0 <= self.rotation <= 90:
            raise UserError(f"rotation={self.rotation}: give degrees between 0 and 90")

    def at_difficulty(self, difficulty: float) -> "WordStyle":
        """The style with all that makes reading hard scaled: 0: plain print, 1: as it is."""
        if not 0 <= difficulty <= 1:
            raise UserError(f"difficulty={difficulty}: give a number between 0 and 1")
        return replace(self, rotation=self.rotation * difficulty, **{n: getattr(self, n) * difficulty for n in HARDER})


HARDER = (
    *("curved", "perspective", "waves", "spacing", "mixed", "shadows", "outlines", "low_contrast", "textures"),
    *("neighbours", "rules", "crop", "haze", "blur", "noise", "low_resolution", "jpeg"),
)
STRENGTHS = (*HARDER, "vertical", "colours", "stretched")


class Words:
    """Texts and fonts, ready to draw from. The same state of the generator gives the same bytes.

    Args:
        texts: where labels come from.
        style: what pictures look like.
        fonts: to choose from, or a choice that was made among them for these texts; None: the bundled ones.

    Raises:
        UserError: a character of the texts is in none of the fonts, there is no font, or no background.
    """

    def __init__(self, texts: Texts, style: WordStyle, fonts: Sequence[FontFile] | FontChoice | None = None):
        self.texts = texts
        self.style = style
        self._grounds = Grounds(style.background_dir)
        fonts = bundled_fonts() if fonts is None else fonts
        self._fonts = fonts if isinstance(fonts, FontChoice) else FontChoice(fonts, texts.characters)

    def restyled(self, style: WordStyle) -> "Words":
        """The same texts, fonts and backgrounds in another style, without reading them again."""
        other = copy.copy(self)
        other.style = style
        return other

    def with_some_fonts(self, number: int, random: np.random.Generator) -> "Words":
        """The same with so many of the fonts at random; characters that none of them has are drawn with the others."""
        other = copy.copy(self)
        other._fonts = self._fonts.preferring(number, random)
        return other

    def draw(self, random: np.random.Generator) -> tuple[np.ndarray, str]:
        """A picture, uint8 [H, W, 3] RGB, and the text in it."""
        text = self.texts.draw(random)
        return self.picture(text, random), text

    def picture(self, text: str, random: np.random.Generator) -> np.ndarray:
        """A picture of that text, uint8 [H, W, 3] RGB."""
        picture, contrast = self._painted(self._seen(text, random), random)
        letter = max(picture.shape[:2]) / (len(text) + sum(map(letters.is_upright, text)))  # pixels along the line
        return photograph(picture, self.style, min(1.0, contrast / STRONG) * min(1.0, letter / LARGE), random)

    def masks(self, text: str, random: np.random.Generator) -> np.ndarray:
        """That text as a picture shows it, not painted yet: letters, outline and shadow, uint8 [H, W, 3]."""
        ink, edge, shadow = self._seen(text, random)
        nothing = np.zeros_like(ink)
        return cv2.merge([ink, nothing if edge is None else edge, nothing if shadow is None else shadow])

    def _seen(self, text: str, random: np.random.Generator) -> Layers:
        """The layers of that text as a picture shows them: [H, W] each."""
        style = self.style
        ink, em, is_column = self._ink(text, random)
        is_dense = letters.is_upright(text)
        box = (max(ink.shape[1], round(0.3 * em)), max(ink.shape[0], round(LEAST_ROOM * em)))
        bend = shapes.draw_bend(random, 0.0 if is_column else style.curved, style.waves)
        pose = shapes.draw_pose(random, style.rotation, style.perspective)
        margins = self._margins(random)
        width = style.width
        if not width:
            width = shapes.variable_width(box, bend, pose, margins, style.height, style.max_width)
        layers = effects.layered(ink, box, em, style.outlines, style.shadows, is_dense, random)
        if random.random() < style.rules:
            effects.add_rules(layers.ink, box, em, random)
        if bend.kind == "straight" and not is_column and random.random() < style.neighbours:
            self._add_neighbours(layers.ink, box, em, random)
        seen = shapes.warp(layers, box, bend, pose, margins, self._placing(random), (width, style.height))
        assert seen[0] is not None
        return Layers(seen[0], *seen[1:])

    def _ink(self, text: str, random: np.random.Generator) -> tuple[np.ndarray, int, bool]:
        """The letters as a line or a column, the font's size, and whether it is a column."""
        style = self.style
        fonts = self._fonts.draw(text, random)
        if random.random() < style.mixed and not letters.is_shaped(text):
            digits = self._fonts.draw(text, random)
            fonts = [digits[place] if text[place].isdigit() else font for place, font in enumerate(fonts)]
        size = _font_size(style, len(text) + sum(map(letters.is_upright, text)))
        setting = _setting(text, style, random)
        if random.random() >= style.vertical:
            ink = letters.line(text, fonts, size, setting, random)
            return weighted(widened(ink, random), size, random), size, False
        lies = not style.width or style.width > style.height
        if letters.is_upright(text):
            ink = letters.column(text, fonts, size, setting)
            return weighted(np.ascontiguousarray(np.rot90(ink)) if lies else ink, size, random), size, True
        line = weighted(letters.line(text, fonts, size, setting, random), size, random)
        turns = 1 if random.random() < 0.5 else 3
        return np.ascontiguousarray(np.rot90(line, turns + lies)), size, True

    def _margins(self, random: np.random.Generator) -> Margins:
        """Mostly a few pixels; some crops cut the letters' rim, some are loose."""
        strength = self.style.crop
        loose = 0.22 * strength if random.random() < 0.2 else 0.0
        edges = [0.06 + random.exponential(0.06 * strength) + loose * random.random() for _ in range(4)]
        if random.random() < 0.25 * strength:
            edges[int(random.integers(4))] = random.uniform(-0.03, 0.0)
        left, top, right, bottom = (min(edge, 0.33) for edge in edges)
        lower = min(1.0, 0.4 / (top + bottom))  # letters keep 0.6 of the height
        return Margins(left, top * lower, right, bottom * lower)

    def _placing(self, random: np.random.Generator) -> Placing:
        if random.random() < self.style.stretched:
            return Placing(random.uniform(1.3, 3.0), 0.5)
        return Placing(random.uniform(0.9, 1.35), (0.0, 0.5, random.random())[int(random.integers(3))])

    def _add_neighbours(self, seen: np.ndarray, box: tuple[int, int], em: int, random: np.random.Generator) -> None:
        """Lines above or below the word, of which the crop shows no more than the rim."""
        height, width = seen.shape
        below = random.random() < 0.5
        text = self.texts.draw(random)
        ink = letters.line(text, self._fonts.draw(text, random), em, Setting(), random)
        gap = round(em * random.uniform(0.1, 0.3))
        top = (height + box[1]) // 2 + gap if below else (height - box[1]) // 2 - gap - ink.shape[0]
        left = (width - box[0]) // 2 + round(random.uniform(-0.3, 0.3) * em)
        letters.paste(seen, ink, left, top)

    def _painted(self, seen: Layers, random: np.random.Generator) -> tuple[np.ndarray, float]:
        """Ground, shadow, outline and ink one over the other: float32 [H, W, 3] in 0..1; and the ink's contrast."""
        style = self.style
        height, width = seen.ink.shape
        layers = seen.as_shares()
        texture, mean = self._grounds.cut(random, width, height)
        if mean is None:
            texture *= np.float32(style.textures * texture_strength(random))
        contrast = random.uniform(0.12, 0.25) if random.random() < style.low_contrast else random.uniform(0.3, 0.9)
        letters = layers.ink.ravel()
        solid = float(letters @ letters) / max(1e-6, float(letters.sum()))  # thin strokes hardly reach their colour
        deviation = float(cv2.meanStdDev(texture.reshape(1, -1))[1][0, 0])
        contrast = max(contrast, 0.16 / max(solid, 0.25), min(0.75, 3 * deviation))
        colours = draw_colours(random, style.colours, contrast, mean)
        return cv2.merge(tuple(composed(layers, texture, colours, style, random))), contrast


def _font_size(style: WordStyle, letters: int) -> int:
    """About twice what the picture shows, from a few sizes, so that fonts and letters are drawn once."""
    across = min(style.height, style.width) if style.width else style.height
    along = max(style.height, style.width) if style.width else style.max_width
    shown = min(across, along / (0.55 * max(1, letters)) / shapes.NARROWEST * 0.7)
    return next((s for s in (16, 24, 32, 48, 64, 96, 128) if s >= 1.6 * shown), 192)


def _setting(text: str, style: WordStyle, random: np.random.Generator) -> Setting:
    if random.random() >= style.spacing:
        return Setting()
    spacing = random.uniform(-0.06, 0.1) if random.random() < 0.6 else random.uniform(0.1, 0.5)
    jitter = random.uniform(0.01, 0.05) if random.random() < 0.15 else 0.0
    # Beside lower case a small S would be read as s.
    has_small = random.random() < 0.25 and text.isupper()
    return Setting(spacing, jitter, random.uniform(0.72, 0.85) if has_small else 1.0)
