"""What a camera and its files do to pictures: blur, noise, JPEG."""

import math

import numpy as np
from keras import ops

REACH = 2.5  # standard deviations of a blur that are summed
BLOCK = 8
# JPEG's quantisation of lightness and colour at quality 50 (ITU-T T.81, annex K), and its colours (JFIF 1.02).
LIGHTNESS = np.array(
    [
        *([16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56]),
        *([14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92]),
        *([49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99]),
    ],
    "float32",
)
COLOUR = np.full([BLOCK, BLOCK], 99, "float32")
COLOUR[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
TABLES = np.stack([LIGHTNESS, COLOUR, COLOUR]).reshape(3, BLOCK * BLOCK)
TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], "float32").T
TO_RGB = np.linalg.inv(TO_YCC)
COSINES = np.array(
    [
        [math.sqrt((2 if k else 1) / BLOCK) * math.cos(math.pi * (2 * n + 1) * k / (2 * BLOCK)) for n in range(BLOCK)]
        for k in range(BLOCK)
    ]
)
TO_WAVES = np.kron(COSINES, COSINES).T.astype("float32")  # [64, 64], of a block's pixels to its waves


def blurred(pictures, randoms, most, share):
    """Pictures blurred by up to `most` pixels (a standard deviation), along and across each by itself.

    Args:
        pictures: float32 [N, H, W, 3].
        randoms: a Randoms.
        most: the largest standard deviation.
        share: of the pictures that change.
    """
    happens, sigma = randoms.happens(share), randoms.uniform(0.2, 1.0) * most
    for axis in (1, 2):
        pictures = blurred_along(pictures, sigma * randoms.uniform(0.4, 1.0) * happens, axis, math.ceil(REACH * most))
    return pictures


def blurred_along(pictures, sigmas, axis, radius):
    """Pictures [N, H, W, 3] blurred along an axis by `sigmas` [N, 1, 1, 1] in pixels, with 2 * radius + 1 taps."""
    taps = np.arange(-radius, radius + 1, dtype="float32")
    weights = ops.exp(-0.5 * (taps / ops.maximum(sigmas, 0.05)) ** 2)  # [N, 1, 1, taps]
    weights = weights / ops.sum(weights, axis=-1, keepdims=True)
    length = ops.shape(pictures)[axis]
    positions = ops.arange(length, dtype="int32")
    total = 0.0
    for number in range(2 * radius + 1):
        moved = ops.take(pictures, ops.clip(positions + (number - radius), 0, length - 1), axis=axis)
        total = total + weights[..., number : number + 1] * moved
    return total


def noisy(pictures, randoms, most, share):
    """Pictures with noise of a standard deviation of up to `most`; arguments as for `blurred`."""
    sigma = randoms.uniform(0.0, most) * randoms.happens(share)
    return pictures + sigma * randoms.normal(ops.shape(pictures))


def compressed(pictures, randoms, strength, share):
    """Pictures as JPEG files of a quality down to 100 * (1 - strength); arguments as for `blurred`."""
    quality = 100 * (1 - randoms.uniform(0.0, strength))  # [N, 1, 1, 1]
    coarse = ops.where(quality < 50, 50 / quality, 2 - quality / 50)  # as libjpeg scales its tables
    return ops.where(randoms.happens(share) > 0, jpeg(pictures, coarse), pictures)


def jpeg(pictures, coarse):
    """What quantising 8 x 8 blocks leaves of pictures.

    Args:
        pictures: float32 [N, H, W, 3] in [0, 1].
        coarse: float32 [N, 1, 1, 1], the factor on JPEG's tables: 1 is quality 50.
    """
    _, H, W, _ = ops.shape(pictures)
    high, wide = -(-H // BLOCK), -(-W // BLOCK)
    for axis, length, blocks in ((1, H, high), (2, W, wide)):
        pictures = ops.take(pictures, ops.minimum(ops.arange(blocks * BLOCK, dtype="int32"), length - 1), axis=axis)
    colours = ops.matmul(pictures - 0.5, TO_YCC)
    blocks = ops.transpose(ops.reshape(colours, [-1, high, BLOCK, wide, BLOCK, 3]), [0, 1, 3, 5, 2, 4])
    waves = ops.matmul(ops.reshape(blocks, [-1, high * wide, 3, BLOCK * BLOCK]), TO_WAVES)
    steps = ops.maximum(ops.floor(TABLES * coarse + 0.5), 1.0) / 255  # [N, 1, 3, 64]
    waves = ops.round(waves / steps) * steps
    blocks = ops.reshape(ops.matmul(waves, TO_WAVES.T), [-1, high, wide, 3, BLOCK, BLOCK])
    colours = ops.reshape(ops.transpose(blocks, [0, 1, 4, 2, 5, 3]), [-1, high * BLOCK, wide * BLOCK, 3])
    return ops.matmul(colours, TO_RGB)[:, :H, :W] + 0.5
