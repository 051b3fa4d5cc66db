"""Lines with a red mark where they begin, and a backend that is sure of them if they stand upright."""

import numpy as np
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.geometry import geometry_of

PAPER, MARK = (250, 250, 245), (220, 10, 10)
LINES = ModelConfig(encoder="residual", head="ctc", num_encoder_lstm_layers=1)
KINDS = {  # config, views, resize
    "canvas": (LINES, 1, "keep_height"),
    "canvas of any height": (LINES, 1, "pad"),
    "padded": (ModelConfig(), 1, "pad"),
    "stretched": (ModelConfig(), 1, "stretch"),
    "views": (ModelConfig(), 4, "stretch"),
}


class Marks:
    """A backend that reads `a` where it sees a red mark, surely if that lies in the left third, as a line begins."""

    fingerprint, step, any_batch, confidence_power = "marks", 0, True, 1.0

    def __init__(self, kind, vertical="keep", sure=0.99, unsure=0.6):
        config, views, resize = KINDS[kind]
        self.config, self.sure, self.unsure = config, sure, unsure
        self.dataset = DatasetSpec("lines", views, 96, 384, 3, Charset.from_labels(["ab"]), resize, vertical=vertical)
        self.geometry = geometry_of(self.config, self.dataset)
        self.shown = 0

    def predict(self, pixels, sizes=None):
        self.shown += len(pixels)
        views, null_id = self.dataset.num_views, self.dataset.charset.null_id
        grid = self.geometry.feature_grid(pixels.shape[1], pixels.shape[2] // views)
        found = {"predicted_chars": [], "predicted_scores": [], "normalized_seq_conf": [], "attention": []}
        for picture in pixels[:, :, : pixels.shape[2] // views].astype(int):
            red = (picture[..., 0] - picture[..., 1]) > 100
            paper = red | (picture.min(axis=2) > 200)
            columns = np.flatnonzero(paper.any(axis=0))
            score, attention = 0.3, np.zeros([3, views, *grid])
            if red.any():
                y, x = (np.argwhere(red) + 0.5).mean(axis=0)
                left = (x - columns[0]) / len(columns) < 1 / 3
                score = self.sure if left else self.unsure
                attention[0, 0][self._cell(0, y, grid[0]), self._cell(1, x, grid[1])] = 1
            found["predicted_chars"].append([0, null_id, null_id])
            found["predicted_scores"].append([score, 1, 1])
            found["normalized_seq_conf"].append(score)
            found["attention"].append(attention.reshape(3, -1))
        whole = np.tile(pixels.shape[1:3], [len(pixels), 1])
        cells = [self.geometry.feature_grid(*size) for size in (whole if sizes is None else sizes)]
        return {name: np.array(value) for name, value in found.items()} | (
            {"feature_sizes": np.array(cells)} if self.geometry.canvas else {}
        )

    def _cell(self, axis, place, number):
        spacing = self.geometry.spacing[axis]
        return 0 if spacing is None else int(np.clip(round((place - spacing[0]) / spacing[1]), 0, number - 1))


def line(width=300, height=80, mark=(0.15, 0.5), size=0.1):
    """A blank line with a mark, its centre at shares of the width and the height."""
    picture = Image.new("RGB", (width, height), PAPER)
    x, y, half = mark[0] * width, mark[1] * height, size * min(width, height)
    picture.paste(MARK, tuple(round(side) for side in (x - half, y - half, x + half, y + half)))
    return picture
