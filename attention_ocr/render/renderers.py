"""Renderers and what they draw, from the knobs."""

import dataclasses

from attention_ocr.charset import Charset
from attention_ocr.config import RenderConfig, SignsConfig, WordsConfig
from attention_ocr.dataset_spec import DatasetSpec, charset_path
from attention_ocr.errors import UserError
from attention_ocr.render.fonts.choice import fonts_of
from attention_ocr.render.fonts.files import lacking, require_covering
from attention_ocr.render.signs.plate_fonts import plate_fonts
from attention_ocr.render.signs.renderer import SignRenderer
from attention_ocr.render.signs.street_names import CLASSES, names_of_file
from attention_ocr.render.words.letters import FontChoice
from attention_ocr.render.words.pictures import Words, WordStyle
from attention_ocr.render.words.renderer import WordRenderer
from attention_ocr.render.words.text_mixes import Material, MixedTexts, mixed_texts
from attention_ocr.render.words.text_sources import TextStyle
from attention_ocr.render.words.texts import WORD_STYLE, WordTexts

LONGEST_RANDOM = 12  # Characters of texts that no words can be made for.


def sign_renderer(config: RenderConfig, sizes: SignsConfig) -> tuple[SignRenderer, DatasetSpec]:
    """What draws signs, and the data set that they are.

    Raises:
        UserError: the text file has no name, or one with a character that the charset or the fonts have not.
    """
    names = names_of_file(config.text_file, config.max_sequence_length) if config.text_file else []
    fonts = fonts_of(config.fonts)
    require_covering(fonts, "".join(lacking(fonts, "".join(name.label for name in names))))
    renderer = SignRenderer(
        config.seed,
        sizes.image_height,
        sizes.image_width,
        sizes.num_views,
        names,
        config.max_sequence_length,
        plate_fonts(fonts),
        fonts,
    )
    charset = _charset(config, [name.label for name in names])
    spec = DatasetSpec(
        name="signs",
        num_views=sizes.num_views,
        image_height=sizes.image_height,
        image_width=sizes.image_width,
        max_sequence_length=config.max_sequence_length,
        charset=charset,
        charset_file=f"charset_size={len(charset)}.txt",
    )
    return renderer, spec


def word_renderer(config: RenderConfig, words: WordsConfig, fonts_at_once: int = 0) -> tuple[WordRenderer, DatasetSpec]:
    """What draws words and lines, and the data set that they are.

    Args:
        config: the knobs of all drawing.
        words: those of words.
        fonts_at_once: as WordRenderer has it.

    Raises:
        UserError: records are to be written of pictures without a fixed width; the texts are wrong; no font has them.
    """
    if not words.image_width and config.output == "records":
        raise UserError("--image_width=0: records need a width; give one, or use --output=pictures")
    charset = Charset.from_file(charset_path(config.charset_file)) if config.charset_file else None
    texts = _word_texts(config, words, charset)
    style = WordStyle(
        height=words.image_height,
        width=words.image_width,
        max_width=words.max_width,
        vertical=words.vertical_share,
        curved=words.curved,
        rotation=words.rotation,
        background_dir=words.background_dir,
    )
    fonts = FontChoice(fonts_of(config.fonts), texts.characters)
    Words(texts, style, fonts)  # what is wrong with backgrounds is told before anything is drawn
    charset = charset or Charset.from_labels(sorted(texts.characters))
    spec = DatasetSpec(
        name="words",
        num_views=1,
        image_height=words.image_height,
        image_width=words.image_width or words.max_width,
        max_sequence_length=config.max_sequence_length,
        charset=charset,
        charset_file=f"charset_size={len(charset)}.txt",
        resize="stretch" if words.image_width else "keep_height",
    )
    return WordRenderer(config.seed, texts, style, fonts, fonts_at_once), spec


def _word_texts(config: RenderConfig, words: WordsConfig, charset: Charset | None) -> WordTexts | MixedTexts:
    """The kinds asked for, else texts of the file, made-up words of what the charset has, its characters at random."""
    if words.texts:
        return mixed_texts(words.texts, Material(config.text_file, words.language, config.max_sequence_length, charset))
    allowed = frozenset(c for characters in charset.classes for c in characters) if charset else frozenset()
    longest = config.max_sequence_length
    if config.text_file:
        return WordTexts.from_file(config.text_file, words.unit, TextStyle(max_characters=longest, allowed=allowed))
    if charset and not allowed & frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        return WordTexts.from_charset(charset, TextStyle(max_characters=min(longest, LONGEST_RANDOM)))
    style = dataclasses.replace(WORD_STYLE, max_characters=min(longest, WORD_STYLE.max_characters), allowed=allowed)
    return WordTexts.made_up(words.language, style)


def _charset(config: RenderConfig, labels: list[str]) -> Charset:
    """The charset asked for, else that of the labels, else all characters of made-up names."""
    if not config.charset_file:
        return Charset.from_labels(labels) if labels else Charset((*map(tuple, CLASSES), ()), len(CLASSES))
    charset = Charset.from_file(charset_path(config.charset_file))
    for label in labels or CLASSES:
        unknown = charset.unknown(label)
        if unknown:
            what = f"{config.text_file}: {label!r}" if labels else "the made-up names"
            raise UserError(
                f"{what} has {unknown[0]!r}, which --charset_file={config.charset_file} has not; leave --charset_file "
                "out, or use another"
            )
    return charset
