"""--augmentation=strong: training pictures are distorted anew in each step, by the device that learns."""

import numpy as np
from keras import ops

from attention_ocr.augment_config import StrongConfig
from attention_ocr.model import padding
from attention_ocr.model.distortion import camera, colouring, warping
from attention_ocr.model.distortion.randoms import Randoms, Stepped
from attention_ocr.model.distortion.views import side_by_side, views_of


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

    def call(self, images, sizes=None, places=None, unpainted=None):
        """What `distorted` returns, and `places` as they are: where they are known, pixels stay where they were.

        Args:
            images, sizes: as `distorted` takes them.
            places: float32 [B, T, V, 2], where characters are; None: not known.
            unpainted: which pictures were painted in this step, which makes no difference here.
        """
        del unpainted
        return distorted(images, self.config, self.num_views, self.seeds.next(), sizes, places is None), places

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
    pictures = views_of(images, num_views)  # [N, H, W, 3]
    N, H, W, _ = ops.shape(pictures)
    if sizes is None:
        lengths = ops.ones([N, 1], "float32") * ops.cast(ops.stack([H, W]), "float32")  # [N, 2]
    else:
        lengths = ops.cast(ops.maximum(sizes, 1), "float32")
    pictures = _distorted_views(pictures / 255, config, Randoms(seed, N), lengths, moves) * 255
    if sizes is None:
        return side_by_side(pictures, num_views)
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
