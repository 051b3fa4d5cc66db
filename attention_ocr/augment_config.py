"""The knobs of --augmentation=strong: how far pictures are distorted on the device that learns."""

from dataclasses import dataclass

from attention_ocr.knobs import Knobs, knob, one_of

STRONG = {"augmentation": one_of("strong")}


@dataclass(frozen=True)
class StrongConfig(Knobs):
    """How strong each distortion is at most; 0 turns it off."""

    augment_share: float = knob(
        0.4, "Share of the pictures that each distortion changes.", minimum=0, maximum=1, works_with=STRONG
    )
    augment_rotation: float = knob(
        5.0,
        "Degrees by which a picture is turned at most; long lines less, so that their ends stay in the picture.",
        minimum=0,
        maximum=45,
        works_with=STRONG,
    )
    augment_perspective: float = knob(
        0.1, "Share of the height by which each corner moves at most.", minimum=0, maximum=0.3, works_with=STRONG
    )
    augment_zoom: float = knob(
        0.15,
        "Share by which width and height, each by itself, shrink at most; they grow by up to a quarter of it.",
        minimum=0,
        maximum=0.5,
        works_with=STRONG,
    )
    augment_bend: float = knob(
        0.08,
        "Share of the height by which a line is bent into an arc at most.",
        minimum=0,
        maximum=0.5,
        works_with=STRONG,
    )
    augment_colours: float = knob(
        0.7,
        "How far ink and ground move towards colours drawn at random at most; where it is above 0, some pictures "
        "also become their negative.",
        minimum=0,
        maximum=1,
        works_with=STRONG,
    )
    augment_light: float = knob(
        0.3, "Change of brightness, contrast and tint at most.", minimum=0, maximum=1, works_with=STRONG
    )
    augment_shadows: float = knob(
        0.5, "Share of the light that a shadow takes at most.", minimum=0, maximum=1, works_with=STRONG
    )
    augment_cutouts: float = knob(
        0.25,
        "Longest side of the two patches that cover a part of a picture, as a share of its height.",
        minimum=0,
        maximum=1,
        works_with=STRONG,
    )
    augment_blur: float = knob(
        1.0, "Standard deviation of the blur in pixels at most.", minimum=0, maximum=5, works_with=STRONG
    )
    augment_noise: float = knob(
        0.06,
        "Standard deviation of the noise at most; 1 is the step from black to white.",
        minimum=0,
        maximum=1,
        works_with=STRONG,
    )
    augment_jpeg: float = knob(
        0.7,
        "How far JPEG's quality falls at most: 0.7 is from 100 to 30.",
        minimum=0,
        maximum=0.95,
        works_with=STRONG,
    )
