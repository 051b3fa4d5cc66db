"""Pictures seen from elsewhere: turned, tilted, zoomed and bent in one resampling."""

import math

from keras import ops

MOST_RISE = 0.12  # of the height, by which turning lifts the end of a line


def drawn_quads(randoms, config, sizes):
    """Where the corners of each new picture lie in the old one.

    Args:
        randoms: a Randoms.
        config: a StrongConfig.
        sizes: float32 [N, 2], the height and width of each picture.

    Returns:
        float32 [N, 4, 2], (x, y) in pixels of the top left, top right, bottom right and bottom left corner.
    """
    height, width = sizes[:, 0], sizes[:, 1]
    share = config.augment_share

    def drawn(low, high):
        return low + (high - low) * randoms.uniform(0.0, 1.0)[:, 0, 0, 0]

    def happens():
        return randoms.happens(share)[:, 0, 0, 0]

    most = ops.minimum(math.radians(config.augment_rotation), 2 * MOST_RISE * height / width)
    angle = drawn(-1.0, 1.0) * most * happens()
    growths = (0.25 * ops.minimum(1.0, 2 * height / width), 0.25)  # a share of a long line is a whole character
    zooms = [drawn(-growth, 1.0) * config.augment_zoom * happens() for growth in growths]
    shifts = [drawn(-0.5, 0.5) * ops.maximum(zoom, 0.0) for zoom in zooms]
    reach = config.augment_perspective * height * happens()
    corners = []
    for right, down in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        x = (right * (1 + zooms[0]) + shifts[0]) * width + drawn(-1.0, 1.0) * reach
        y = (down * (1 + zooms[1]) + shifts[1]) * height + drawn(-1.0, 1.0) * reach
        turned = (x * ops.cos(angle) - y * ops.sin(angle), x * ops.sin(angle) + y * ops.cos(angle))
        corners.append(ops.stack([turned[0] + width / 2, turned[1] + height / 2], axis=-1))
    return ops.stack(corners, axis=1)


def corners_of(sizes):
    """The quads of pictures that stay as they are; `sizes` as for `drawn_quads`."""
    height, width = sizes[:, 0], sizes[:, 1]
    zero = ops.zeros_like(height)
    corners = [(zero, zero), (width, zero), (width, height), (zero, height)]
    return ops.stack([ops.stack(corner, axis=-1) for corner in corners], axis=1)


def drawn_bends(randoms, config, sizes):
    """By how many pixels the middle of each picture lies lower than its ends, float32 [N]."""
    bend = randoms.uniform(-1.0, 1.0) * config.augment_bend * randoms.happens(config.augment_share)
    return bend[:, 0, 0, 0] * sizes[:, 0]


def warped(pictures, sizes, quads, bends):
    """Pictures resampled bilinearly; beyond a picture, its edge goes on.

    Args:
        pictures: float32 [N, H, W, C].
        sizes: float32 [N, 2], the height and width of the picture at the top left of each.
        quads: what `drawn_quads` returns.
        bends: what `drawn_bends` returns.

    Returns:
        float32 [N, H, W, C]; what is no picture repeats the edge of the picture.
    """
    _, H, W, _ = ops.shape(pictures)
    height, width = sizes[:, 0, None, None], sizes[:, 1, None, None]  # [N, 1, 1]
    v = ops.minimum((ops.arange(H, dtype="float32")[None, :, None] + 0.5) / height, 1.0)  # [N, H, 1]
    u = ops.minimum((ops.arange(W, dtype="float32")[None, None] + 0.5) / width, 1.0)  # [N, 1, W]
    x, y = _projected(quads, u, v)  # [N, H, W]
    y = y + bends[:, None, None] * ((2 * u - 1) ** 2 - 1 / 3)
    return _sampled(pictures, ops.clip(y - 0.5, 0.0, height - 1), ops.clip(x - 0.5, 0.0, width - 1), height, width)


def _projected(quads, u, v):
    """Points of the unit square in the quads, as x and y (Heckbert 1989, Fundamentals of Texture Mapping, 2.2.3)."""
    # Not quads[:, n, :, None, None]: TensorFlow's Grappler drops the new axes of a slice of what was stacked.
    quads = ops.reshape(quads, [-1, 4, 2, 1, 1])
    first, second, third, fourth = (quads[:, n] for n in range(4))  # [N, 2, 1, 1]
    along, down, left = second - third, fourth - third, first - second + third - fourth

    def cross(one, other):
        return one[:, :1] * other[:, 1:] - one[:, 1:] * other[:, :1]

    area = cross(along, down)
    g, h = cross(left, down) / area, cross(along, left) / area  # [N, 1, 1, 1]
    by_u, by_v = second - first + g * second, fourth - first + h * fourth  # [N, 2, 1, 1]
    depth = g[:, 0] * u + h[:, 0] * v + 1  # [N, H, W]
    return tuple((by_u[:, n] * u + by_v[:, n] * v + first[:, n]) / depth for n in range(2))


def _sampled(pictures, y, x, height, width):
    """Pixels between pixels, at rows y and columns x [N, H, W], which lie within each picture."""
    N, H, W, C = ops.shape(pictures)
    flat = ops.reshape(pictures, [-1, C])
    top, left = ops.floor(y), ops.floor(x)
    below, right = ops.minimum(top + 1, height - 1), ops.minimum(left + 1, width - 1)
    start = ops.arange(N, dtype="int32")[:, None, None] * (H * W)

    def row_of(rows):
        return start + ops.cast(rows, "int32") * W

    def between(rows):
        one, other = (ops.take(flat, rows + ops.cast(columns, "int32"), axis=0) for columns in (left, right))
        return one + (x - left)[..., None] * (other - one)

    upper, lower = between(row_of(top)), between(row_of(below))
    return ops.reshape(upper + (y - top)[..., None] * (lower - upper), [-1, H, W, C])
