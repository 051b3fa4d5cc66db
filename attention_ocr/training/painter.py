"""--render_masks: what drawers left unpainted is painted anew in each training step, by the device that learns."""

import keras
import numpy as np
from keras import ops

from attention_ocr.training.painting import paint


class Painter(keras.Layer):
    """Paints those pictures of a batch that are masks; step n of a seed paints the same whatever came before.

    Args:
        seed: of the run.
    """

    def __init__(self, seed: int):
        super().__init__(dtype="float32", trainable=False, autocast=False, name="painter")
        self.seeds = keras.random.SeedGenerator(seed % 2**31)  # of the run, and the step
        self.built = True

    def begin(self, step: int) -> None:
        """The next call paints what follows `step` steps of the run."""
        seed = self.seeds.get_config()["seed"]
        self.seeds.state.assign(np.array([seed, step], self.seeds.state.dtype))

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
