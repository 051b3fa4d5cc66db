"""--render_masks: what drawers left unpainted is painted anew in each training step, by the device that learns."""

from keras import ops

from attention_ocr.model.distortion.randoms import Stepped
from attention_ocr.training.painting import paint


class Painter(Stepped):
    """Paints those pictures of a batch that are masks; step n of a seed paints the same whatever came before.

    Args:
        seed: of the run.
    """

    def __init__(self, seed: int):
        super().__init__(seed, "painter")

    def call(self, images, unpainted, sizes=None):
        """The pictures, painted where they were not.

        Args:
            images: uint8 [B, H, W, 3], pictures or masks.
            unpainted: bool [B], which ones are masks.
            sizes: int [B, 2], the height and width of each; None: all of it.

        Returns:
            float32 [B, H, W, 3] in 0..255.
        """
        painted = paint(images, self.seeds.next(), sizes) * 255
        return ops.where(unpainted[:, None, None, None], painted, ops.cast(images, "float32"))
