"""Masks of letters -> coloured pictures, painted anew in each step by the device that learns.

A drawer leaves the shapes alone: where letters, their outline and their shadow are. Colours, grounds, light and what a
camera does are drawn here, so that one drawn shape makes many pictures.
"""

from keras import ops

from attention_ocr.model import padding
from attention_ocr.model.distortion import camera, colouring, warping
from attention_ocr.model.distortion.randoms import Randoms

LIGHTNESS = (0.299, 0.587, 0.114)  # of red, green and blue
TINT = 0.45  # of a colour's channels around its lightness, at most
PALE = 0.12  # of the pictures: ink hardly differs from its ground
# Cells of the ground's patterns: rows, columns a height. Broad stains, clouds, grain, upright stripes.
PATTERNS = ((3, 1), (8, 5), (16, 16), (2, 12))
LEAST_RATIO = 3.2  # of the ink's contrast to the deviation of the ground
PLAIN = 0.04  # contrast that a blur, noise and JPEG must leave untouched to keep a letter readable
BLUR, NOISE, JPEG, SHADOW = 1.2, 0.06, 0.75, 0.5  # at most, as StrongConfig has them


def paint(masks, seed, sizes=None):
    """Coloured pictures of masks.

    Args:
        masks: [B, H, W, 3], uint8 in 0..255 or float in 0..1: how much of each pixel letters, their outline and their
            shadow cover. An outline lies around its letters, beneath them; a shadow beneath both.
        seed: an int, or what `keras.random.SeedGenerator.next` returns; the same seed paints the same.
        sizes: int [B, 2], the height and width of the picture at the top left of each; None: all of it.

    Returns:
        float32 [B, H, W, 3] in [0, 1], zeros beyond each picture.
    """
    is_float = "float" in str(masks.dtype)
    masks = ops.cast(masks, "float32") / (1.0 if is_float else 255.0)
    B, H, W, _ = ops.shape(masks)
    randoms = Randoms(seed, B)
    if sizes is None:
        lengths = ops.ones([B, 1], "float32") * ops.cast(ops.reshape(ops.stack([H, W]), [1, 2]), "float32")
    else:
        lengths = ops.cast(ops.maximum(sizes, 1), "float32")
    pictures, contrast = _inked(masks, randoms, lengths)
    pictures = _seen(pictures, contrast, randoms, lengths)
    return pictures if sizes is None else padding.clear(pictures, padding.is_picture(sizes, H, W))


def _inked(masks, randoms, sizes):
    """Letters in their colours on a ground, and how much their lightness differs from it, [B, 1, 1, 1]."""
    letters, outline, shadow = (masks[..., n : n + 1] for n in range(3))
    contrast = ops.where(randoms.happens(PALE) > 0, randoms.uniform(0.15, 0.3), randoms.uniform(0.3, 0.95))
    low = randoms.uniform(0.0, 1.0) * (1 - contrast)
    is_dark = randoms.happens(0.5)  # the ground
    ground_light, ink_light = low + (1 - is_dark) * contrast, low + is_dark * contrast
    tinted = TINT * randoms.happens(0.75)
    edge_light = ops.where(randoms.happens(0.6) > 0, ground_light, randoms.uniform(0.0, 1.0))
    side_light = ops.clip(ink_light + randoms.uniform(-0.5, 0.3), 0.0, 1.0)
    ground, ink, edge, side = (
        _colour(light, tinted, randoms) for light in (ground_light, ink_light, edge_light, side_light)
    )
    texture = _texture(masks, randoms, contrast)
    pictures = ground + texture
    pictures = pictures * (1 - randoms.uniform(0.3, 0.9) * shadow)
    pictures = _over(pictures, side, _body(letters, randoms, sizes) * randoms.happens(0.18))
    pictures = _over(pictures, edge, outline)
    opaque = ops.where(randoms.happens(0.7) > 0, 1.0, randoms.uniform(0.75, 1.0))
    pictures = _over(pictures, ink + randoms.uniform(0.0, 0.8) * texture, opaque * letters)
    return ops.clip(pictures, 0.0, 1.0), contrast


def _seen(pictures, contrast, randoms, sizes):
    """Pictures in drawn light, through a drawn camera; pale letters are spared."""
    grid = colouring.grid_of(pictures, sizes)
    clear = ops.clip((contrast - PLAIN) / 0.4, 0.0, 1.0)
    pictures = colouring.shaded(pictures, randoms, SHADOW, 0.25, grid)
    haze = randoms.uniform(0.0, 0.35) * randoms.happens(0.25) * clear
    pictures = pictures + haze * (randoms.uniform(0.2, 0.9) - pictures)
    pictures = camera.blurred(pictures, randoms, BLUR, 0.6 * clear)
    pictures = ops.clip(camera.noisy(pictures, randoms, NOISE * clear, 0.5), 0.0, 1.0)
    return ops.clip(camera.compressed(pictures, randoms, JPEG * clear, 0.5), 0.0, 1.0)


def _colour(light, tinted, randoms):
    """A colour of lightness `light` [B, 1, 1, 1], its channels up to `tinted` away: [B, 1, 1, 3]."""
    tint = randoms.uniform(-1.0, 1.0, channels=3) * randoms.uniform(0.0, 1.0) * tinted
    tint = tint - ops.sum(tint * ops.convert_to_tensor(LIGHTNESS, "float32"), axis=-1, keepdims=True)
    return ops.clip(light + tint, 0.0, 1.0)


def _texture(masks, randoms, contrast):
    """What a ground is uneven by, [B, H, W, 3]: a mixture of patterns, weaker where letters are pale."""
    B, H, W, _ = ops.shape(masks)
    strength = ops.where(randoms.happens(0.75) > 0, randoms.uniform(0.0, 0.08), randoms.uniform(0.08, 0.3))
    strength = ops.minimum(strength, contrast / LEAST_RATIO)
    shares = ops.softmax(6 * randoms.uniform(0.0, 1.0, channels=len(PATTERNS)))  # [B, 1, 1, patterns]
    grey = randoms.happens(0.6)
    total = 0.0
    for number, (rows, columns) in enumerate(PATTERNS):
        across = 1 + W * columns // H  # plain numbers where shapes are known, which jax needs
        pattern = _enlarged(randoms.normal([B, rows, across, 3]), H, W)
        pattern = pattern + grey * (1.7 * ops.mean(pattern, axis=-1, keepdims=True) - pattern)
        total = total + shares[..., number : number + 1] * pattern
    return strength * total


def _enlarged(patterns, height, width):
    """Patterns [B, h, w, 3] at `height` x `width` pixels, bilinearly."""
    for axis, size in ((1, height), (2, width)):
        length = ops.shape(patterns)[axis]
        places = ops.arange(size, dtype="float32") * (ops.cast(length - 1, "float32") / ops.cast(size - 1, "float32"))
        before = ops.floor(places)
        share = ops.reshape(places - before, [1, -1, 1, 1] if axis == 1 else [1, 1, -1, 1])
        first = ops.cast(before, "int32")
        one, other = (ops.take(patterns, ops.minimum(first + more, length - 1), axis=axis) for more in (0, 1))
        patterns = one + share * (other - one)
    return patterns


def _body(letters, randoms, sizes):
    """The sides of letters that have a depth of up to 3 pixels, [B, H, W, 1]."""
    depth = randoms.uniform(-3.0, 3.0, channels=2)[:, 0]  # [B, 1, 2], (x, y)
    body = letters
    for share in (0.5, 1.0):
        moved = warping.corners_of(sizes) + share * depth
        body = ops.maximum(body, warping.warped(letters, sizes, moved, ops.zeros_like(sizes[:, 0])))
    return body


def _over(pictures, colour, cover):
    """Pictures with a colour that covers `cover` of each pixel."""
    return pictures + cover * (colour - pictures)
