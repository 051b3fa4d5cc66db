"""Pictures of a reading: what was read, and where the model looked for each character."""

import colorsys
import functools
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from attention_ocr.errors import UserError
from attention_ocr.reading import caption_fonts

_BACKGROUND = (22, 24, 30)
_WHITE = (240, 242, 246)
_GREY = (140, 146, 158)
_MARGIN = 20
_WIDTH = 1200  # of the enlarged picture, at most
_LEAST_WIDTH = 900  # of the whole drawing, so that a title fits over a small picture
_LARGEST_FACTOR = 3.0
_BADGE = 11  # radius of a character's disc
_SMOOTH = 4  # discs and lines are drawn this many times larger, then reduced

# Anchors of the heat's colours, from cold to hot (after matplotlib's inferno).
_RAMP = np.array([(50, 10, 90), (130, 30, 130), (200, 60, 90), (249, 142, 9), (252, 255, 164)])
_SURENESS = ((240, 236, 112), (98, 190, 214), (92, 84, 138))  # red, green and blue from unlikely to sure

Colour = tuple[int, int, int]
Axis = tuple[float, float]
Cells = tuple[Axis | None, Axis] | None


def draw_attention(
    image: np.ndarray,
    text_symbols: Sequence[str],
    attention: np.ndarray,
    num_views: int,
    feature_grid: tuple[int, int],
    scores: Sequence[float] | np.ndarray,
    confidence: float | None = None,
    cells: Cells = None,
) -> Image.Image:
    """The picture with a marker where each character was read, and below it the heat of every step.

    Args:
        image: uint8 [H, V*W, 3].
        text_symbols: T' strings, one per step, only the steps to show.
        attention: [T', N] weights; position n = v*h*w + y*w + x.
        num_views: V.
        feature_grid: h and w of one view's features.
        scores: [T'] in [0, 1], how sure each character is.
        confidence: of the whole text, in [0, 1]; None: the geometric mean of `scores`.
        cells: where in a view the features' cells lie; see `heat_map`.

    Returns:
        An RGB picture.

    Raises:
        UserError: T', N or the picture's width disagree with each other.
    """
    attention, scores = np.asarray(attention, np.float32), np.asarray(scores, np.float32)
    _check(image, attention, num_views, feature_grid)
    if not len(text_symbols) == len(attention) == len(scores):
        raise UserError(
            f"{len(text_symbols)} characters, {len(attention)} steps of attention and {len(scores)} scores: "
            "the numbers must be equal"
        )
    if confidence is None:
        confidence = float(np.exp(np.mean(np.log(np.maximum(scores, 1e-9))))) if len(scores) else 0.0
    colours = _colours(len(text_symbols))
    picture = _enlarged(image)
    if len(text_symbols):
        _draw_markers(picture, text_symbols, _looks(attention, num_views, feature_grid, image.shape, cells), colours)
    top = _titled(picture, "".join(text_symbols), confidence)
    panels = [
        _panel(
            image,
            step,
            symbol,
            heat_map(weights, num_views, feature_grid, image.shape[0], image.shape[1], cells),
            score,
            colour,
        )
        for step, (symbol, weights, score, colour) in enumerate(
            zip(text_symbols, attention, scores, colours, strict=True), start=1
        )
    ]
    return _with_grid(top, panels)


def attention_strip(
    image: np.ndarray,
    attention: np.ndarray,
    num_views: int,
    feature_grid: tuple[int, int],
    most: int = 8,
    cells: Cells = None,
) -> np.ndarray:
    """The picture and below it the heat of the first `most` steps, small enough for TensorBoard.

    Args:
        image: uint8 [H, V*W, 3].
        attention: [T, N] weights; position n = v*h*w + y*w + x.
        num_views: V.
        feature_grid: h and w of one view's features.
        most: how many steps to show.
        cells: where in a view the features' cells lie; see `heat_map`.

    Returns:
        uint8 [(1 + min(T, most)) * H, V*W, 3].

    Raises:
        UserError: N or the picture's width disagrees with the views.
    """
    attention = np.asarray(attention, np.float32)
    _check(image, attention, num_views, feature_grid)
    heats = [
        heat_map(weights, num_views, feature_grid, image.shape[0], image.shape[1], cells)
        for weights in attention[:most]
    ]
    return np.concatenate([image, *(_heated(image, heat) for heat in heats)])


def draw_reading(image: np.ndarray, text: str, confidence: float) -> Image.Image:
    """The picture (uint8 [H, V*W, 3]) under its text and confidence in [0, 1], for models without attention."""
    return _with_grid(_titled(_enlarged(image), text, confidence), [])


def heat_map(
    weights: np.ndarray,
    num_views: int,
    feature_grid: tuple[int, int],
    height: int,
    width: int,
    cells: Cells = None,
) -> np.ndarray:
    """The weights of one step over the picture.

    Args:
        weights: [N]; position n = v*h*w + y*w + x.
        num_views: V.
        feature_grid: h and w of one view's features.
        height, width: of the picture of all views, in pixels.
        cells: `Geometry.spacing`, of rows and of columns where the first cell's centre lies in a view, and the pixels
            to the next: a tower without padding leaves the views' edges out, and one may look beyond a narrow picture.
            None, or None of the rows: the cells fill the view.

    Returns:
        float32 [height, width] in [0, 1], 1 the step's hottest.
    """
    grids = np.nan_to_num(np.asarray(weights, np.float32)).reshape(num_views, *feature_grid)
    edges = np.linspace(0, width, num_views + 1).round().astype(int)
    views = [
        _spread_out(grid, height, int(right - left), cells)
        for grid, left, right in zip(grids, edges[:-1], edges[1:], strict=True)
    ]
    heat = np.concatenate([np.asarray(view) for view in views], axis=1)
    return np.clip(heat / max(float(heat.max()), 1e-12), 0, 1)


def _spread_out(grid: np.ndarray, height: int, width: int, cells: Cells) -> Image.Image:
    """The [h, w] weights of a view over its pixels."""
    rows, columns = grid.shape
    (top, down), (left, across) = _axes(cells, (rows, columns), (height, width))
    size = max(round(columns * across), 1), max(round(rows * down), 1)
    if size == (width, height):
        return Image.fromarray(grid).resize(size, Image.Resampling.BILINEAR)
    canvas = Image.new("F", (width, height))
    edge = math.floor(left - across / 2 + 0.5), math.floor(top - down / 2 + 0.5)
    canvas.paste(Image.fromarray(grid).resize(size, Image.Resampling.BILINEAR), edge)
    return canvas


def _axes(cells: Cells, grid: tuple[int, int], size: tuple[int, int]) -> list[Axis]:
    """Of rows and of columns the centre of the first in pixels, and the pixels to the next."""
    down, across = cells or (None, None)
    axes = down if grid[0] > 1 else None, across  # a single row tells nothing of the height
    return [axis or (side / number / 2, side / number) for axis, number, side in zip(axes, grid, size, strict=True)]


def _check(image: np.ndarray, attention: np.ndarray, num_views: int, feature_grid: tuple[int, int]) -> None:
    """Raises a UserError where `attention` is not [T, V*h*w] or the picture does not hold V views."""
    rows, columns = feature_grid
    positions = num_views * rows * columns
    if attention.ndim != 2 or attention.shape[1] != positions:
        raise UserError(
            f"attention of shape {list(attention.shape)}: {num_views} view(s) of {rows} x {columns} cells "
            f"have {positions} positions, so it must be [T, {positions}]"
        )
    if image.ndim != 3 or image.shape[2] != 3 or image.shape[1] % num_views:
        raise UserError(f"a picture of shape {list(image.shape)} is not [H, V*W, 3] with V = {num_views} views")


def _looks(
    attention: np.ndarray, num_views: int, feature_grid: tuple[int, int], shape: Sequence[int], cells: Cells
) -> np.ndarray:
    """Where each step looked, [T, 2]: x and y as shares of the picture; the hottest cell and its neighbours' centre."""
    rows, columns = feature_grid
    height, width = shape[0], shape[1] // num_views
    (first_row, down_by), (first_column, across_by) = _axes(cells, feature_grid, (height, width))
    looks = []
    for grids in attention.reshape(-1, num_views, rows, columns):
        view, y, x = (int(index) for index in np.unravel_index(grids.argmax(), grids.shape))
        top, left = max(y - 1, 0), max(x - 1, 0)
        near = grids[view, top : y + 2, left : x + 2]
        near = near / max(near.sum(), 1e-12)
        ys, xs = np.arange(top, top + near.shape[0]) + 0.5, np.arange(left, left + near.shape[1]) + 0.5
        across = first_column + (near.sum(0) @ xs - 0.5) * across_by  # cells count from the middle of the first
        down = first_row + (near.sum(1) @ ys - 0.5) * down_by
        looks.append(((view + min(max(across / width, 0), 1)) / num_views, min(max(down / height, 0), 1)))
    return np.array(looks)


def _draw_markers(picture: Image.Image, symbols: Sequence[str], looks: np.ndarray, colours: Sequence[Colour]) -> None:
    """Pins every character's disc above the point it was read at."""
    points = looks * picture.size
    discs = _spread(points - (0, 2.4 * _BADGE), picture.size)
    layer = Image.new("RGBA", (_SMOOTH * picture.width, _SMOOTH * picture.height))
    draw = ImageDraw.Draw(layer)
    for point, disc, colour in zip(points, discs, colours, strict=True):
        x, y = _SMOOTH * point
        draw.line((x, y, *(_SMOOTH * disc)), fill=(0, 0, 0, 150), width=4 * _SMOOTH)
        draw.line((x, y, *(_SMOOTH * disc)), fill=colour, width=2 * _SMOOTH)
        radius = 3.5 * _SMOOTH
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour, (0, 0, 0), _SMOOTH)
    layer = layer.resize(picture.size, Image.Resampling.BOX)
    for step, (symbol, (x, y), colour) in enumerate(zip(symbols, discs, colours, strict=True), start=1):
        badge = _badge(_label(symbol, step), colour)
        layer.alpha_composite(badge, (max(0, round(x - badge.width / 2)), max(0, round(y - badge.height / 2))))
    picture.paste(layer, mask=layer)


def _spread(places: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """[T, 2] places moved apart until the discs hardly overlap, and into the picture."""
    places = places + np.arange(len(places))[:, None] * (0.3, 0.05)  # equal places part in reading order
    low = np.full(2, _BADGE + 1.0)
    high = np.maximum(np.array(size) - low, low)
    for _ in range(100):
        apart = places[:, None] - places[None]  # [T, T, 2]
        distance = np.hypot(apart[..., 0], apart[..., 1]) + np.eye(len(places)) * 1e9
        push = np.clip(2 * _BADGE + 1 - distance, 0, None) / 4 / np.maximum(distance, 1e-6)
        places = np.clip(places + (apart * push[..., None]).sum(1), low, high)
    return places


@functools.lru_cache(maxsize=256)
def _badge(label: str, colour: Colour) -> Image.Image:
    """A label on a disc of its colour, RGBA."""
    side = 2 * _BADGE + 2
    badge = Image.new("RGBA", (_SMOOTH * side, _SMOOTH * side))
    draw = ImageDraw.Draw(badge)
    edge = _SMOOTH * side - 1
    draw.ellipse((0, 0, edge, edge), fill=colour, outline=(16, 18, 22), width=_SMOOTH)
    middle = edge / 2 if label != "␣" else edge / 4  # that one hangs low
    _write(draw, (edge / 2, middle), label, 60, (16, 18, 22), "mm", most=0.8 * edge, stroke_width=1)
    return badge.resize((side, side), Image.Resampling.BOX)


def _panel(image: np.ndarray, step: int, symbol: str, heat: np.ndarray, score: float, colour: Colour) -> Image.Image:
    """One step: the heat over the darkened picture, under the character, its step and its score."""
    columns = _columns(image)
    width = (_drawing_width(image) - 12 * (columns - 1)) // columns
    height = max(1, round(width * image.shape[0] / image.shape[1]))
    caption = 2 * _BADGE + 8
    panel = Image.new("RGB", (width, caption + height), _BACKGROUND)
    panel.paste(Image.fromarray(_heated(image, heat)).resize((width, height), Image.Resampling.LANCZOS), (0, caption))
    badge, name = _badge(_label(symbol, step), colour), _name(symbol)
    panel.paste(badge, (0, 3), badge)
    draw = ImageDraw.Draw(panel)
    middle = caption / 2
    _write(draw, (badge.width + 8, middle), name if len(name) > 3 else f"step {step}", 13, _GREY, "lm")
    _write(draw, (width, middle), f"{100 * score:.0f}%", 15, confidence_colour(score), "rm")
    return panel


def _heated(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The picture darkened where the heat is low, in the heat's colours where it is high: uint8 [H, V*W, 3]."""
    levels = np.linspace(0, 1, len(_RAMP))
    colours = np.stack([np.interp(heat, levels, channel) for channel in _RAMP.T], axis=-1)
    grey = image.mean(axis=-1, keepdims=True)
    dark = 0.5 * (0.5 * image + 0.5 * grey)
    share = 0.8 * np.sqrt(heat)[..., None]
    return np.clip((1 - share) * dark + share * colours, 0, 255).astype(np.uint8)


def _enlarged(image: np.ndarray) -> Image.Image:
    factor = min(_LARGEST_FACTOR, _WIDTH / image.shape[1])
    size = (max(1, round(factor * image.shape[1])), max(1, round(factor * image.shape[0])))
    return Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)


def _drawing_width(image: np.ndarray) -> int:
    """The width of everything between the margins."""
    return max(_LEAST_WIDTH, round(min(_LARGEST_FACTOR * image.shape[1], _WIDTH)))


def _columns(image: np.ndarray) -> int:
    """How many panels stand side by side, for panels about 100 high."""
    panel_width = 100 * image.shape[1] / image.shape[0]
    return int(np.clip(round(_drawing_width(image) / panel_width), 1, 6))


def _titled(picture: Image.Image, text: str, confidence: float) -> Image.Image:
    """The picture under the text and how sure it is."""
    width, bar = max(_LEAST_WIDTH, picture.width), 64
    canvas = Image.new("RGB", (width + 2 * _MARGIN, bar + picture.height + _MARGIN), _BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    title, colour = (text, _WHITE) if text.strip() else ("nothing read", _GREY)
    _write(draw, (_MARGIN, bar / 2), title, 32, colour, "lm", most=width - 210)
    right = _MARGIN + width
    _write(draw, (right, bar / 2 - 7), f"{100 * confidence:.1f}% sure", 20, confidence_colour(confidence), "rm")
    track = (right - 160, bar / 2 + 12, right, bar / 2 + 16)
    draw.rectangle(track, fill=(52, 56, 66))
    draw.rectangle((*track[:2], track[0] + 160 * confidence, track[3]), fill=confidence_colour(confidence))
    canvas.paste(picture, (_MARGIN + (width - picture.width) // 2, bar))
    return canvas


def _with_grid(top: Image.Image, panels: Sequence[Image.Image]) -> Image.Image:
    """`top` and under it the panels in rows, as many a row as fit."""
    if not panels:
        return top
    width, height = panels[0].size
    columns = (top.width - 2 * _MARGIN + 12) // (width + 12)
    rows = math.ceil(len(panels) / columns)
    canvas = Image.new("RGB", (top.width, top.height + rows * (height + 10) + _MARGIN - 10), _BACKGROUND)
    canvas.paste(top)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        canvas.paste(panel, (_MARGIN + column * (width + 12), top.height + row * (height + 10)))
    return canvas


def _colours(count: int) -> list[Colour]:
    """Bright colours, neighbours far apart: steps of the golden ratio around the hues."""
    hues = (0.11 + 0.618034 * step for step in range(count))
    colours = (colorsys.hsv_to_rgb(hue % 1, 0.55, 1.0) for hue in hues)
    return [(round(255 * red), round(255 * green), round(255 * blue)) for red, green, blue in colours]


def confidence_colour(score: float) -> Colour:
    """Red for what is likely wrong, over amber, to green."""
    red, green, blue = (round(float(np.interp(score, (0.4, 0.75, 0.95), levels))) for levels in _SURENESS)
    return red, green, blue


def _name(symbol: str) -> str:
    """How a step's symbol is called: a space is shown, and so is no character at all."""
    if not symbol:
        return "end"
    return "space" if symbol.isspace() else caption_fonts.drawable(symbol, 20)[0]


def _label(symbol: str, step: int) -> str:
    """What a disc has room for: the symbol's name, or the step's number where that is long."""
    name = _name(symbol)
    return name if len(name) <= 3 else str(step)


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    colour: Colour,
    anchor: str,
    most: float = math.inf,
    stroke_width: float = 0,
) -> None:
    """Writes `text`, smaller and then cut short where it is wider than `most` pixels."""
    shown, font = caption_fonts.drawable(text, size)
    while font.getlength(shown) > most and size > 14:
        size -= 1
        shown, font = caption_fonts.drawable(text, size)
    while font.getlength(shown) > most:
        shown = shown[:-2] + "…" if len(shown) > 1 else ""
    draw.text(place, shown, colour, font, anchor=anchor, stroke_width=stroke_width)
