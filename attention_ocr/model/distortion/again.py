"""A drawn picture that is used again is seen a little differently, by the device that learns.

Each view is shifted, and its contrast and brightness change. The device does it, since a processor that draws would
need as long for it as for the drawing.
"""

import numpy as np
from keras import ops

from attention_ocr.model import padding
from attention_ocr.model.distortion.randoms import Randoms, Stepped
from attention_ocr.model.distortion.views import side_by_side, views_of

SHIFT = 16  # the largest shift is this part of the view's shorter side
CONTRAST = (0.7, 1.3)  # factors
BRIGHTNESS = 25.5  # the largest change, of 255


class SeenAgain(Stepped):
    """Shifts each view of a batch and changes its light; step n of a seed does the same whatever came before.

    Args:
        num_views: V.
        seed: of the run.
    """

    def __init__(self, num_views: int, seed: int):
        super().__init__(seed, "seen_again")
        self.num_views = num_views

    def call(self, images, sizes=None, places=None, unpainted=None):
        """What `seen_again` returns of the pictures that came painted; the others are painted anew in each step.

        Args:
            images, sizes, places: as `seen_again` takes them.
            unpainted: bool [B], which pictures stay as they are; None: none.
        """
        found, moved = seen_again(images, self.num_views, self.seeds.next(), sizes, places)
        if unpainted is not None:
            found = ops.where(unpainted[:, None, None, None], ops.cast(images, "float32"), found)
        return found, moved

    def preview(self, images, sizes=None) -> np.ndarray:
        """Some pictures as they may look in training, uint8; what training draws does not change."""
        seed = self.seeds.get_config()["seed"]
        found, _ = seen_again(ops.convert_to_tensor(images), self.num_views, seed, sizes)
        return np.asarray(ops.convert_to_numpy(found) + 0.5).astype(np.uint8)


def seen_again(images, num_views, seed, sizes=None, places=None):
    """Pictures of which each view is shifted, by the same for all of it, and is lighter or darker.

    Args:
        images: [B, H, V*W, 3] in 0..255.
        num_views: V.
        seed: as `Randoms` takes it.
        sizes: int [B, 2], the height and width of the picture at the top left of each, where V = 1; None: all of it is
            the picture. What is no picture stays as it is.
        places: float32 [B, T, V, 2], (x, y) of characters in each view; None: not known.

    Returns:
        The pictures, float32 in 0..255, and the places, which moved with their views.
    """
    views = views_of(images, num_views)  # [N, H, W, 3]
    N, H, W, _ = ops.shape(views)
    sizes = ops.ones([N, 1], "int32") * ops.cast(ops.stack([H, W]), "int32") if sizes is None else ops.maximum(sizes, 1)
    randoms = Randoms(seed, N)
    most = ops.cast(ops.min(sizes, axis=1) // SHIFT, "float32")[:, None]  # [N, 1]
    down, across = (
        ops.cast(ops.floor(randoms.uniform(0.0, 1.0)[:, 0, 0] * (2 * most + 1)) - most, "int32") for _ in range(2)
    )  # [N, 1]
    inside = padding.is_picture(sizes, H, W)[..., None]  # [N, H, W, 1]
    shifted = _taken(views, _mirrored(H, down, sizes[:, :1]), _mirrored(W, across, sizes[:, 1:]))
    shifted = ops.cast(shifted, "float32")
    pixels = ops.cast(3 * ops.prod(sizes, axis=1), "float32")[:, None, None, None]
    mean = ops.sum(ops.where(inside, shifted, 0.0), axis=(1, 2, 3), keepdims=True) / pixels
    contrast, brightness = randoms.uniform(*CONTRAST), randoms.uniform(-BRIGHTNESS, BRIGHTNESS)
    lit = ops.clip((shifted - mean) * contrast + mean + brightness, 0.0, 255.0)
    found = side_by_side(ops.where(inside, lit, ops.cast(views, "float32")), num_views)
    if places is None:
        return found, None
    shifts = ops.reshape(ops.cast(ops.concatenate([across, down], axis=1), "float32"), [-1, 1, num_views, 2])
    return found, places + shifts


def _mirrored(length, shift, own):
    """Where each row or column of pictures comes from, int [N, length].

    Args:
        length: of the batch.
        shift: int [N, 1].
        own: int [N, 1], the picture's length, at whose ends it is mirrored; beyond it everything stays.
    """
    to = ops.arange(length, dtype="int32")[None]
    place = to - shift
    place = ops.where(place < 0, -place - 1, place)
    place = ops.where(place >= own, 2 * own - 1 - place, place)
    return ops.where(to < own, place, to)


def _taken(views, rows, columns):
    """The pixels of `views` [N, H, W, 3] at these rows [N, H] and columns [N, W]."""
    N, H, W, C = ops.shape(views)
    first = ops.arange(N, dtype="int32")[:, None, None] * (H * W)
    places = first + rows[:, :, None] * W + columns[:, None]  # [N, H, W]
    return ops.reshape(ops.take(ops.reshape(views, [-1, C]), places, axis=0), [-1, H, W, C])
