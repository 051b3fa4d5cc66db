"""Pictures that may stand on their head or lie on their side: they are asked in other turns too, the surest counts."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.records.frames import Frame, Source, frames_of, turned_source
from attention_ocr.records.pictures import TALL, fit, fit_unpadded, is_turned

UPRIGHT, LEFT, UPSIDE_DOWN, RIGHT = 0, 90, 180, 270  # degrees counterclockwise
TRANSPOSES = {LEFT: Image.Transpose.ROTATE_90, RIGHT: Image.Transpose.ROTATE_270}
UNSURE = 0.9  # mean probability of a text's characters: below it the picture is asked upside down


@dataclass(frozen=True)
class Fitted:
    """A picture as a network takes it.

    Attributes:
        pixels: uint8 [H, V*W, 3], what `Reader.prepare` returns.
        frames: where each view's pixels come from.
        source: the picture as it was given; None: there were several, one for each view.
        turned: by how many degrees counterclockwise it was turned.
        others: the same picture in other turns, which are asked as well.
    """

    pixels: np.ndarray
    frames: Sequence[Frame]
    source: Source | None = None
    turned: int = UPRIGHT
    others: Sequence["Fitted"] = ()

    @property
    def upside_down(self) -> "Fitted":
        """The same, each view turned by 180 degrees within its padding."""
        pixels, width = self.pixels.copy(), self.pixels.shape[1] // len(self.frames)
        for view, frame in enumerate(self.frames):
            left, top, right, bottom = (round(side) for side in frame.area)
            part = pixels[top:bottom, view * width + left : view * width + right]
            part[:] = part[::-1, ::-1].copy()
        frames = [frame.upside_down for frame in self.frames]
        turned = (self.turned + UPSIDE_DOWN) % 360
        return dataclasses.replace(self, pixels=pixels, frames=frames, turned=turned, others=())

    def in_turn(self, turned: int) -> "Fitted":
        """The picture as a reading with that `turned` saw it."""
        return next((one for one in (self, *self.others) if one.turned == turned), None) or self.upside_down


def first_turn(image: Image.Image, spec: DatasetSpec) -> int:
    """By how much a picture is turned before it is fitted, in degrees."""
    return LEFT if spec.num_views == 1 and is_turned(image.height, image.width, spec) else UPRIGHT


def other_turns(image: Image.Image, source: Source, spec: DatasetSpec, padded: bool) -> list[Fitted]:
    """A tall picture in the turns in which a line may stand in it: as it is, to the left and to the right.

    Args:
        image: the upright picture.
        source: what it was before.
        spec: what it is fitted to.
        padded: whether with the spec's padding.

    Returns:
        None of a picture that is not tall, and of a reader of other pictures than lines; nor that of `first_turn`.
    """
    is_line = spec.num_views == 1 and spec.resize != "stretch" and spec.image_width > spec.image_height
    if not is_line or image.height <= TALL * image.width:
        return []
    lying, found = dataclasses.replace(spec, vertical="keep"), []
    for turn in (UPRIGHT, LEFT, RIGHT):
        if turn != first_turn(image, spec):
            turned = image.transpose(TRANSPOSES[turn]) if turn else image
            given = turned_source(source, turn)
            pixels = (fit if padded else fit_unpadded)(turned, lying)
            found.append(Fitted(pixels, frames_of(given, lying, padded), source, turn))
    return found


def unsure_below(config: ModelConfig) -> float:
    """UNSURE for a network of that config: taught with label smoothing, none is surer than what that leaves."""
    return UNSURE * (1 - (0.0 if config.head == "ctc" else config.label_smoothing))


def sureness(outputs: dict[str, np.ndarray], null_id: int) -> np.ndarray:
    """How sure each greedy text of a batch is: the mean probability of its characters.

    Turns are compared by this, whatever a text model makes of the texts afterwards: it lets few characters be worth
    much, and so would prefer a short text on its head.

    Args:
        outputs: the endpoints, before texts are searched.
        null_id: the class of padding.

    Returns:
        [B] in [0, 1]; of a picture without text the confidence that there is none.
    """
    is_text = np.asarray(outputs["predicted_chars"]) != null_id  # [B, T]
    total = np.where(is_text, outputs["predicted_scores"], 0).sum(axis=1)
    count = is_text.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), outputs["normalized_seq_conf"])
