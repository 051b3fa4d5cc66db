"""The sizes of pictures and features, from a config and a data set alone: no weights, no framework."""

from collections.abc import Callable
from dataclasses import dataclass

from attention_ocr.canvas import Canvas, canvas_around
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.layouts.crnn import CrnnLayout
from attention_ocr.model.layouts.inception_v3 import InceptionV3Layout
from attention_ocr.model.layouts.inception_v4 import InceptionV4Layout
from attention_ocr.model.layouts.layout import Axis, Layout
from attention_ocr.model.layouts.lcnet import LcNetLayout
from attention_ocr.model.layouts.residual import ResidualLayout

LAYOUTS: dict[str, Callable[[ModelConfig], Layout]] = {
    "inception_v3": lambda config: InceptionV3Layout(config.final_endpoint),
    "inception_v4": lambda config: InceptionV4Layout(),
    "crnn": lambda config: CrnnLayout("crnn"),
    "sliding": lambda config: CrnnLayout("sliding"),
    "wide_crnn": lambda config: CrnnLayout("wide_crnn"),
    "residual": lambda config: ResidualLayout(),
    "lcnet": lambda config: LcNetLayout(config.lcnet_neck),
}


@dataclass(frozen=True)
class Geometry:
    """How the size of a picture changes on its way through a network.

    Attributes:
        layout: of the encoder's tower.
        num_views: V.
        joins_rows: whether recurrent layers join the rows of a column.
        crop: (height, width) that is cut from the middle of each view; 0: all of it.
        image_shape: (H, V*W, 3), the largest picture the tower sees: after the crop, or the whole canvas.
        canvas: the area that pictures of several sizes lie on; None: all pictures have the data set's size.
    """

    layout: Layout
    num_views: int
    joins_rows: bool
    crop: tuple[int, int]
    image_shape: tuple[int, int, int]
    canvas: Canvas | None

    @property
    def cuts_padding(self) -> bool:
        """Whether the network reads pictures without the padding that the data set's `resize` adds."""
        return self.canvas is not None

    @property
    def cells(self) -> tuple[int, int] | None:
        """The pixel at the centre of a view's first cell, and pixels between cells; None: cells fill the view."""
        return None if self.joins_rows else self.layout.cells

    @property
    def spacing(self) -> tuple[Axis | None, Axis]:
        """That of the layout; rows that are joined have none."""
        down, across = self.layout.spacing
        return (None if self.joins_rows else down), across

    def feature_grid(self, height: int, width: int) -> tuple[int, int]:
        """(h, w), rows and columns of the features of a view of `height` x `width` pixels, after the crop.

        Raises:
            UserError: the view is too small.
        """
        h, w = self.layout.feature_grid(height, width)
        return (1 if self.joins_rows else h), w

    @property
    def largest_grid(self) -> tuple[int, int]:
        """The `feature_grid` of the largest picture."""
        height, width, _ = self.image_shape
        return self.feature_grid(height, width // self.num_views)


def geometry_of(config: ModelConfig, dataset: DatasetSpec) -> Geometry:
    """The geometry of the network that a config asks for, on a data set's pictures.

    Raises:
        UserError: the crop is larger than a view.
    """
    layout = LAYOUTS[config.encoder](config)
    H, V, W = dataset.image_height, dataset.num_views, dataset.image_width
    if config.crop_height > H or config.crop_width > W:
        raise UserError(
            f"--crop_height={config.crop_height} --crop_width={config.crop_width}: larger than a view, {H} x {W} "
            f"(height x width) in data set {dataset.name!r}"
        )
    canvas, shape = None, (config.crop_height or H, V * (config.crop_width or W), 3)
    if layout.masks and V == 1 and dataset.resize != "stretch":
        canvas = canvas_around(H, W, layout.multiple[0], layout.least)
        shape = (canvas.height, canvas.width, 3)
    crop = (config.crop_height, config.crop_width)
    return Geometry(layout, V, config.num_encoder_lstm_layers > 0, crop, shape, canvas)
