"""TF1 checkpoints -> this network: the reference's own, and Inception-v3 to start a tower from."""

import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from rich.table import Table
from rich.text import Text

from attention_ocr.charset import Charset
from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model.inception import BLOCKS, InceptionV3
from attention_ocr.model.layouts.inception_v3 import InceptionV3Layout
from attention_ocr.model.network import AttentionOcr

NETWORK = "AttentionOcr_v1"
TOWER = f"{NETWORK}/conv_tower_fn/INCE/InceptionV3"
INCEPTION = "InceptionV3"
HEAD = f"{NETWORK}/sequence_logit_fn/SQLR"
ATTENTION = f"{HEAD}/LSTM/attention_decoder"
SLICE = f"{HEAD}/LSTM/rnn_decoder/lstm_cell"
STEP = "global_step"

HEAD_NAMES = {"softmax_w": f"{HEAD}/softmax_w", "softmax_b": f"{HEAD}/softmax_b"}
ATTENTION_NAMES = {
    "attention_w": f"{ATTENTION}/AttnW_0",
    "attention_v": f"{ATTENTION}/AttnV_0",
    "input_kernel": f"{ATTENTION}/kernel",
    "input_bias": f"{ATTENTION}/bias",
    "lstm_kernel": f"{ATTENTION}/lstm_cell/kernel",
    "lstm_bias": f"{ATTENTION}/lstm_cell/bias",
    "query_kernel": f"{ATTENTION}/Attention_0/kernel",
    "query_bias": f"{ATTENTION}/Attention_0/bias",
    "output_kernel": f"{ATTENTION}/AttnOutputProjection/kernel",
    "output_bias": f"{ATTENTION}/AttnOutputProjection/bias",
    **HEAD_NAMES,
}
SLICE_NAMES = {"lstm_kernel": f"{SLICE}/kernel", "lstm_bias": f"{SLICE}/bias", **HEAD_NAMES}


class Tf1Checkpoint:
    """The variables of a TF1 checkpoint.

    Args:
        path: its prefix, the name without `.index`; a folder means the newest one in it.
        flag: the flag that named it, for messages.

    Attributes:
        shapes: variable name -> shape.

    Raises:
        UserError: there is none, or it cannot be read.
    """

    def __init__(self, path: str | os.PathLike, flag: str):
        self.path = str(path).removesuffix(".index")
        self.named = f"--{flag}={path}"
        self._reader = self._explained(lambda: tf.train.load_checkpoint(self.path))
        shapes = self._explained(self._reader.get_variable_to_shape_map)
        self.shapes: dict[str, tuple[int, ...]] = {name: tuple(shapes[name]) for name in sorted(shapes)}

    def read(self, name: str) -> Any:
        """A variable's values."""
        return self._explained(lambda: self._reader.get_tensor(name), f"{name}: ")

    def _explained(self, action: Callable[[], Any], what: str = "") -> Any:
        try:
            return action()
        except (tf.errors.OpError, ValueError, RuntimeError, LookupError) as error:
            reason = (str(error).splitlines() or [""])[0][:160]
            raise UserError(
                f"{self.named}: is not a TF1 checkpoint, or is damaged ({what}{reason}); give the path without "
                ".index and .data-00000-of-00001, and keep those files together"
            ) from error


@dataclass(frozen=True)
class Row:
    """What became of some variables: `fate` is loaded, ignored or missing, `what` describes them."""

    fate: str
    what: str
    names: list[str]
    numbers: int


def import_model(
    path: str | os.PathLike,
    views: tuple[int, int, int],
    max_sequence_length: int,
    charset: Charset | None,
    use_autoregression: bool | None = None,
) -> tuple[AttentionOcr, list[Row]]:
    """The reference's network out of its TF1 checkpoint.

    Args:
        path: the checkpoint's prefix.
        views: their number, and height and width of one in pixels.
        max_sequence_length: T.
        charset: the K classes; None: placeholders of a private use area, the null last.
        use_autoregression: None: as the variables show, or True with attention, where they do not show it.

    Returns:
        The model, and what became of each variable.

    Raises:
        UserError: the checkpoint cannot be read, is of another network, or does not fit the arguments.
    """
    checkpoint = Tf1Checkpoint(path, "tf1_checkpoint")
    _check_is_the_network(checkpoint)
    endpoint = [block for block in BLOCKS if any(name.startswith(f"{TOWER}/{block}/") for name in checkpoint.shapes)][
        -1
    ]
    use_attention = any(name.startswith(f"{ATTENTION}/") for name in checkpoint.shapes)
    num_classes, num_units = _num_classes(checkpoint), _num_units(checkpoint)
    if charset is None:
        charset = placeholder_charset(num_classes)
    if len(charset) != num_classes:
        raise UserError(f"--charset_file: has {len(charset)} classes, {checkpoint.path} has {num_classes}")
    dataset = DatasetSpec(Path(path).name, *views, max_sequence_length, charset)
    tower = InceptionV3(endpoint, dataset.num_views, 0.0, 0.0)
    find = _find_attention_inputs if use_attention else _find_slice_inputs
    coordinates, autoregression = find(checkpoint, tower, dataset, num_units, use_autoregression)
    config = ModelConfig(
        final_endpoint=endpoint,
        encode_coordinates=coordinates,
        head="attention" if use_attention else "slice",
        use_autoregression=autoregression,
        num_lstm_units=num_units,
    )
    model = AttentionOcr(config, dataset)
    return model, _load_network(model, checkpoint)


def start_tower_from(model: AttentionOcr, path: str | os.PathLike) -> list[Row]:
    """Copies the tower's weights out of an Inception-v3 TF1 checkpoint; other variables are ignored.

    The averages of batch norm are loaded, but count as those of step 0, so they soon follow the new pictures.

    Raises:
        UserError: the checkpoint cannot be read, or lacks a layer.
    """
    checkpoint = Tf1Checkpoint(path, "checkpoint_inception")
    if not any(name.startswith(f"{INCEPTION}/") for name in checkpoint.shapes):
        also = "; to go on from the whole network use import_checkpoint" if _holds_network(checkpoint) else ""
        raise UserError(f"{checkpoint.named}: has no variable InceptionV3/...{also}")
    return _load(checkpoint, {"tower": _tower_variables(model, INCEPTION)})


def placeholder_charset(num_classes: int) -> Charset:
    """K - 1 characters of a private use area, then the null."""
    first = 0xE000 if num_classes <= 6400 else 0xF0000
    return Charset((*((chr(first + class_id),) for class_id in range(num_classes - 1)), ()), num_classes - 1)


def described(model: AttentionOcr) -> str:
    """The network in words."""
    config, dataset = model.config, model.dataset
    feeds = [name for name in ("encode_coordinates", "use_autoregression") if getattr(config, name)]
    return (
        f"{dataset.num_views} x {dataset.image_height} x {dataset.image_width} pixels (views, height, width), "
        f"{config.final_endpoint}, K={len(dataset.charset)}, T={dataset.max_sequence_length}, "
        f"U={config.num_lstm_units}, {' '.join([f'head={config.head}', *feeds])}"
    )


def table(rows: list[Row]) -> Table:
    """What became of the variables."""
    found = Table("", "variables", "number", "parameters")
    for row in rows:
        found.add_row(row.fate, Text(row.what), str(len(row.names)), f"{row.numbers:,}")
    return found


def _holds_network(checkpoint: Tf1Checkpoint) -> bool:
    return any(name.startswith(f"{NETWORK}/") for name in checkpoint.shapes)


def _check_is_the_network(checkpoint: Tf1Checkpoint) -> None:
    if not _holds_network(checkpoint):
        inception = any(name.startswith(f"{INCEPTION}/") for name in checkpoint.shapes)
        way = "; to start a run from Inception-v3 use train --checkpoint_inception" if inception else ""
        raise UserError(f"{checkpoint.named}: has no variable {NETWORK}/..., it is of another network{way}")
    parts = {f"{TOWER}/Mixed_5b": "the tower", f"{HEAD}/LSTM": "the decoder"}
    for scope, what in parts.items():
        if not any(name.startswith(f"{scope}/") for name in checkpoint.shapes):
            raise UserError(f"{checkpoint.named}: has no variable {scope}/..., so {what} is missing")


def _most_named(checkpoint: Tf1Checkpoint, what: str, places: dict[str, tuple[int, int]]) -> int:
    """The size that most variables agree on; `places` gives a variable's axis and how many times it holds the size."""
    shapes = checkpoint.shapes
    found = [shapes[name][axis] // times for name, (axis, times) in places.items() if len(shapes.get(name, ())) > axis]
    if not found:
        raise UserError(f"{checkpoint.named}: lacks {' and '.join(places)}, so {what} is not known")
    return Counter(found).most_common(1)[0][0]


def _num_classes(checkpoint: Tf1Checkpoint) -> int:
    names = {HEAD_NAMES["softmax_w"]: (1, 1), HEAD_NAMES["softmax_b"]: (0, 1), ATTENTION_NAMES["input_bias"]: (0, 1)}
    return _most_named(checkpoint, "the number of classes", names)


def _num_units(checkpoint: Tf1Checkpoint) -> int:
    biases = {ATTENTION_NAMES["lstm_bias"]: (0, 4), SLICE_NAMES["lstm_bias"]: (0, 4)}
    return _most_named(checkpoint, "the number of LSTM units", {HEAD_NAMES["softmax_w"]: (0, 1), **biases})


def _find_attention_inputs(checkpoint, tower, dataset, num_units, use_autoregression) -> tuple[bool, bool]:
    """Whether coordinates and characters are fed to an attention decoder; its variables tell of the former only."""
    del num_units
    autoregression = use_autoregression is not False
    names = {ATTENTION_NAMES["attention_w"]: (2, 1), ATTENTION_NAMES["attention_v"]: (0, 1)}
    width = _most_named(checkpoint, "the width of the features", names)
    h, w = InceptionV3Layout(tower.final_endpoint).feature_grid(dataset.image_height, dataset.image_width)
    widths = {tower.num_channels: False, tower.num_channels + h + w: True}
    if width not in widths:
        raise UserError(
            f"{checkpoint.named}: {ATTENTION_NAMES['attention_w']} is for {width} channels, but "
            f"{_features_told(tower, dataset)}; correct --image_height and --image_width (those of one view)"
        )
    return widths[width], autoregression


def _find_slice_inputs(checkpoint, tower, dataset, num_units, use_autoregression) -> tuple[bool, bool]:
    """Whether coordinates and characters are fed to NetSlice, told by the height of its LSTM's kernel."""
    rows = _most_named(checkpoint, "the decoder's input", {SLICE_NAMES["lstm_kernel"]: (0, 1)}) - num_units
    h, w = InceptionV3Layout(tower.final_endpoint).feature_grid(dataset.image_height, dataset.image_width)
    K, length = len(dataset.charset), dataset.num_views * h * w // dataset.max_sequence_length
    fits = [
        (coordinates, autoregression)
        for coordinates in (False, True)
        for autoregression in (False, True)
        if use_autoregression in (None, autoregression)
        and rows == length * (tower.num_channels + coordinates * (h + w)) + autoregression * K
    ]
    if not fits:
        raise UserError(
            f"{checkpoint.named}: {SLICE_NAMES['lstm_kernel']} is for inputs of {rows} numbers, but "
            f"{_features_told(tower, dataset)}; slices for {dataset.max_sequence_length} characters have {length} "
            f"positions, and there are {K} classes; "
            f"correct --num_views, --image_height, --image_width (of one view), --max_sequence_length"
        )
    if len(fits) > 1:
        raise UserError(
            f"{checkpoint.named}: its variables do not show whether characters are fed to the decoder; give "
            "--use_autoregression or --nouse_autoregression"
        )
    return fits[0]


def _features_told(tower: InceptionV3, dataset: DatasetSpec) -> str:
    H, W = dataset.image_height, dataset.image_width
    h, w = InceptionV3Layout(tower.final_endpoint).feature_grid(H, W)
    C = tower.num_channels
    return (
        f"pictures of {dataset.num_views} x {H} x {W} pixels (views, height, width) give {C} at "
        f"{tower.final_endpoint}, "
        f"{C + h + w} with the coordinates of its {h} x {w} positions"
    )


def _tower_variables(model: AttentionOcr, prefix: str) -> dict[str, Any]:
    """TF1 name -> variable of the tower."""
    found = {}
    for path, layer in model.encoder.tower.layers_by_name.items():
        found[f"{prefix}/{path}/weights"] = layer.convolution.kernel
        for name in ("beta", "moving_mean", "moving_variance"):
            found[f"{prefix}/{path}/BatchNorm/{name}"] = getattr(layer, name)
    return found


def _load_network(model: AttentionOcr, checkpoint: Tf1Checkpoint) -> list[Row]:
    names = ATTENTION_NAMES if model.config.head == "attention" else SLICE_NAMES
    parts = {
        f"tower, up to {model.config.final_endpoint}": _tower_variables(model, TOWER),
        "decoder": {name: getattr(model.decoder, ours) for ours, name in names.items()},
    }
    if STEP in checkpoint.shapes:
        parts[STEP] = {STEP: model.encoder.tower.num_updates}
    rows = _load(checkpoint, parts)
    model.step = int(model.encoder.tower.num_updates)
    return rows if STEP in checkpoint.shapes else [*rows, Row("missing", f"{STEP}, taken as 0", [STEP], 1)]


def _load(checkpoint: Tf1Checkpoint, parts: dict[str, dict[str, Any]]) -> list[Row]:
    """Assigns all variables of all parts, or none."""
    shapes = checkpoint.shapes
    targets = {name: variable for part in parts.values() for name, variable in part.items()}
    wrong = []
    for name, variable in targets.items():
        wanted = _tf1_shape(name, variable)
        if name not in shapes:
            wrong.append(f"{name} {list(wanted)} is missing")
        elif shapes[name] != wanted:
            wrong.append(f"{name} is {list(shapes[name])}, needed {list(wanted)}")
    if wrong:
        raise UserError(f"{checkpoint.named}: does not hold the network, {len(wrong)} wrong: {'; '.join(wrong)}")
    values = {name: checkpoint.read(name) for name in targets}
    for name, variable in targets.items():
        variable.assign(values[name].reshape(variable.shape) if name != STEP else int(values[name]))
    rows = [Row("loaded", what, list(part), _count(shapes, part)) for what, part in parts.items()]
    ignored: dict[str, list[str]] = {}
    for name in shapes:
        if name not in targets:
            ignored.setdefault(_kind(name, targets), []).append(name)
    return rows + [Row("ignored", what, names, _count(shapes, names)) for what, names in ignored.items()]


def _tf1_shape(name: str, variable: Any) -> tuple[int, ...]:
    """The shape a variable has in TF1, where the keys are made by a convolution."""
    shape = tuple(variable.shape)
    return (1, 1, *shape) if name == ATTENTION_NAMES["attention_w"] else shape


def _kind(name: str, loaded: dict[str, Any]) -> str:
    """What a variable that was not loaded is called in the table."""
    owner, _, slot = name.rpartition("/")
    if owner in loaded:
        return f"*/{slot}"
    scopes = name.split("/")
    return "/".join(scopes[:2]) if scopes[0] == INCEPTION else name


def _count(shapes: dict[str, tuple[int, ...]], names: Any) -> int:
    return sum(math.prod(shapes[name]) for name in names)
