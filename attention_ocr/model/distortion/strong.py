"""--augmentation=strong: training pictures are distorted anew in each step, by the device that learns."""

import numpy as np
from keras import ops

from attention_ocr.augment_config import StrongConfig
from attention_ocr.model import padding
from attention_ocr.model.distortion import camera, colouring, warping
from attention_ocr.model.distortion.randoms import Randoms, Stepped


class StrongAugmentation(Stepped):
    """Distorts each view of a batch by itself; step n of a seed draws the same whatever came before.

    Args:
        config: the strengths.
        num_views: V.
        seed: of the run.
    """

    def __init__(self, config: StrongConfig, num_views: int, seed: int):
        super().__init__(seed, "augmentation")
        self.config, self.num_views = config, num_views

    def call(self, images, sizes=None, moves=True):
        """What `distorted` returns; the next call draws other distortions."""
        return distorted(images, self.config, self.num_views, self.seeds.next(), sizes, moves)

    def preview(self, images, sizes=None) -> np.ndarray:
        """Some pictures as they may look in training, uint8; what training draws does not change."""
        seed = self.seeds.get_config()["seed"]
        found = distorted(ops.convert_to_tensor(images), self.config, self.num_views, seed, sizes)
        return np.asarray(ops.convert_to_numpy(found) + 0.5).astype(np.uint8)


def distorted(images, config, num_views, seed, sizes=None, moves=True):
    """A batch of pictures, each view of each distorted by itself.

    Args:
        images: [B, H, V*W, 3] in 0..255.
        config: a StrongConfig.
        num_views: V.
        seed: as `Randoms` takes it.
        sizes: int [B, 2], the height and width of the picture at the top left of each, where V = 1; None: all of it is
            the picture. What is no picture stays as it is.
        moves: whether pixels move, which they must not where the places of characters are learned.

    Returns:
        float32 [B, H, V*W, 3] in 0..255.
    """
    images = ops.cast(images, "float32")
    pictures = _views(images, num_views)  # [N, H, W, 3]
    N, H, W, _ = ops.shape(pictures)
    if sizes is None:
        lengths = ops.ones([N, 1], "float32") * ops.cast(ops.stack([H, W]), "float32")  # [N, 2]
    else:
        lengths = ops.cast(ops.maximum(sizes, 1), "float32")
    pictures = _distorted_views(pictures / 255, config, Randoms(seed, N), lengths, moves) * 255
    if sizes is None:
        return _side_by_side(pictures, num_views)
    return ops.where(padding.is_picture(sizes, H, W)[..., None], pictures, images)


def _distorted_views(pictures, config, randoms, sizes, moves):
    share = config.augment_share
    quads, bends = warping.drawn_quads(randoms, config, sizes), warping.drawn_bends(randoms, config, sizes)
    if not moves:
        quads, bends = warping.corners_of(sizes), ops.zeros_like(bends)
    pictures = warping.warped(pictures, sizes, quads, bends)
    grid = colouring.grid_of(pictures, sizes)
    if config.augment_colours:
        pictures = colouring.recoloured(pictures, randoms, config.augment_colours, share)
    if config.augment_light:
        pictures = colouring.lit(pictures, randoms, config.augment_light, share)
    if config.augment_shadows:
        pictures = colouring.shaded(pictures, randoms, config.augment_shadows, share, grid)
    if config.augment_cutouts:
        pictures = colouring.patched(pictures, randoms, config.augment_cutouts, share, grid)
    if config.augment_blur:
        pictures = camera.blurred(pictures, randoms, config.augment_blur, share)
    if config.augment_noise:
        pictures = camera.noisy(pictures, randoms, config.augment_noise, share)
    pictures = ops.clip(pictures, 0.0, 1.0)
    if config.augment_jpeg:
        pictures = ops.clip(camera.compressed(pictures, randoms, config.augment_jpeg, share), 0.0, 1.0)
    return pictures


def _views(images, num_views):
    """[B, H, V*W, 3] as [B*V, H, W, 3]."""
    if num_views == 1:
        return images
    _, H, full_width, C = ops.shape(images)
    views = ops.reshape(images, [-1, H, num_views, full_width // num_views, C])
    return ops.reshape(ops.transpose(views, [0, 2, 1, 3, 4]), [-1, H, full_width // num_views, C])


def _side_by_side(pictures, num_views):
    """The inverse of `_views`."""
    if num_views == 1:
        return pictures
    _, H, W, C = ops.shape(pictures)
    views = ops.transpose(ops.reshape(pictures, [-1, num_views, H, W, C]), [0, 2, 1, 3, 4])
    return ops.reshape(views, [-1, H, num_views * W, C])
