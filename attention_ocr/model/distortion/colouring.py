"""Other ink, other ground, other light, shadows, and patches in front of the text."""

import math

from keras import ops

NEGATIVES = 0.3  # of the pictures that are recoloured
TINT = 0.3  # of a drawn colour's channels around its lightness
LEAST_RANGE = 0.15  # of lightness: flatter pictures are not stretched to the drawn colours' contrast


def recoloured(pictures, randoms, strength, share):
    """Pictures whose darkest and lightest colours moved towards drawn ones; some are negatives.

    Args:
        pictures: float32 [N, H, W, 3]; what is no picture repeats its edge.
        randoms: a Randoms.
        strength: how far they move at most, 0..1.
        share: of the pictures that change.
    """
    lightness = ops.mean(pictures, axis=-1, keepdims=True)
    low, high = (reduce(lightness, axis=(1, 2), keepdims=True) for reduce in (ops.min, ops.max))
    place = (lightness - low) / ops.maximum(
        high - low, LEAST_RANGE
    )  # [N, H, W, 1], 0 at the darkest, 1 at the lightest
    contrast = randoms.uniform(0.35, 1.0)
    dark = randoms.uniform(0.0, 1.0) * (1 - contrast)
    first, last = (light + randoms.uniform(-TINT, TINT, channels=3) for light in (dark, dark + contrast))
    change = randoms.uniform(0.0, strength) * randoms.happens(share)
    pictures = pictures + change * (ops.clip(first + place * (last - first), 0.0, 1.0) - pictures)
    negative = randoms.happens(NEGATIVES * share)
    return negative + (1 - 2 * negative) * pictures


def lit(pictures, randoms, strength, share):
    """Pictures of other contrast, brightness and tint; arguments as for `recoloured`."""
    change = strength * randoms.happens(share)
    contrast = ops.exp(randoms.uniform(-1.0, 0.7) * change)
    brightness = randoms.uniform(-0.5, 0.5) * change
    tint = ops.exp(randoms.uniform(-0.5, 0.5, channels=3) * change)
    mean = ops.mean(pictures, axis=(1, 2), keepdims=True)
    return ops.clip(((pictures - mean) * contrast + mean) * tint + brightness, 0.0, 1.0)


def shaded(pictures, randoms, strength, share, grid):
    """Pictures on which the shadow of a straight edge lies, sharp or soft; arguments as for `recoloured`.

    Args:
        grid: what `grid_of` returns.
    """
    rows, columns, length = grid
    angle = randoms.uniform(-math.pi, math.pi)
    across, down = ops.cos(angle), ops.sin(angle)
    reach = ops.abs(across) * length + ops.abs(down)
    softness = randoms.uniform(0.02, 0.5)
    beyond = across * columns + down * rows - randoms.uniform(-0.4, 0.4) * reach  # [N, H, W, 1] in heights
    return pictures * (1 - randoms.uniform(0.0, strength) * randoms.happens(share) * ops.sigmoid(beyond / softness * 4))


def patched(pictures, randoms, side, share, grid):
    """Pictures on which two patches of any colour lie, opaque or nearly; arguments as for `shaded`.

    Args:
        side: the longest side of a patch, as a share of the picture's height.
    """
    rows, columns, length = grid
    for _ in range(2):
        middle, left = randoms.uniform(-0.5, 0.5), randoms.uniform(-0.5, 0.5) * length
        high, wide = (randoms.uniform(0.1, 0.5) * side for _ in range(2))
        covered = ops.logical_and(ops.abs(rows - middle) < high, ops.abs(columns - left) < wide)
        cover = ops.cast(covered, "float32") * randoms.uniform(0.6, 1.0) * randoms.happens(share / 2)
        pictures = pictures + cover * (randoms.uniform(0.0, 1.0, channels=3) - pictures)
    return pictures


def grid_of(pictures, sizes):
    """Where pixels lie, in heights of their picture around its middle.

    Args:
        pictures: [N, H, W, 3].
        sizes: float32 [N, 2], the height and width of each.

    Returns:
        rows [N, H, 1, 1], columns [N, 1, W, 1], and the pictures' lengths [N, 1, 1, 1].
    """
    _, H, W, _ = ops.shape(pictures)
    height, width = sizes[:, 0, None, None, None], sizes[:, 1, None, None, None]
    rows = (ops.arange(H, dtype="float32")[None, :, None, None] + 0.5) / height - 0.5
    columns = (ops.arange(W, dtype="float32")[None, None, :, None] + 0.5 - width / 2) / height
    return rows, columns, width / height
