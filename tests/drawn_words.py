"""Pictures of a word for tests."""

from PIL import Image, ImageDraw


def draw_word(text, height=40, width=80):
    """A picture with `text` in black on light grey."""
    picture = Image.new("RGB", (width, height), (230, 230, 225))
    ImageDraw.Draw(picture).text((4, 2), text, fill=(20, 20, 30), font_size=height * 0.7)
    return picture
