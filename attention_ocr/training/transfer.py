"""Fine-tuning: a new run begins with the weights of a model of another charset, T, picture size or number of views."""

import logging
import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from attention_ocr.charset import Charset
from attention_ocr.console import as_text
from attention_ocr.errors import UserError
from attention_ocr.model import model_file
from attention_ocr.model.network import AttentionOcr

log = logging.getLogger(__name__)
Labels = list[tuple]  # what each entry of an axis stands for: (part, which part of that name, meaning)

# Where a weight reads one of these for the first time it starts with zeros, so that the old readings stay.
# What is read of a new class may start at random: only its own texts feed it.
SILENT = ("row", "column", "input", "key")


@dataclass(frozen=True)
class Fate:
    """What became of a variable.

    Attributes:
        path: its name in the model.
        shape: its shape in the new model.
        fate: `loaded`, `resized` or `new`.
        note: how much of it was carried over, or why nothing.
    """

    path: str
    shape: tuple[int, ...]
    fate: str
    note: str = ""


def start_from(model: AttentionOcr, path: str | os.PathLike, other: AttentionOcr | None = None) -> list[Fate]:
    """Copies into `model` what the model file knows, and logs what became of every variable.

    Args:
        model: the new network.
        path: the model file, or the name of a ready-made reader.
        other: the network of that file, if it is loaded already.

    Raises:
        UserError: the file's tower is another.
    """
    other = other or model_file.load_model(path)
    fates = carry_over(model, other, path)
    classes = matched_classes(model.dataset.charset, other.dataset.charset)
    log.info(as_text(report(fates, str(path), model.dataset.charset, classes)))
    return fates


def carry_over(model: AttentionOcr, other: AttentionOcr, path: str | os.PathLike) -> list[Fate]:
    """Copies into `model` what `other`, the network of the file at `path`, knows.

    Characters are matched, not class ids: the old ones are read as before (while T, the LSTM and the coordinates
    allow it). A new class gets the mean of the old ones' logits, which is never the largest.

    Raises:
        UserError: the tower of `other` is another.
    """
    classes = matched_classes(model.dataset.charset, other.dataset.charset)
    tower, decoder = tower_values(model, other), decoder_values(model, other, classes)
    if all(fate.fate == "new" for fate, _, _ in tower):
        theirs, ours = _tower_name(other), _tower_name(model)
        raise UserError(
            f"--checkpoint={path}: its tower is {theirs}, of which nothing fits {ours}, which was asked for"
        )
    for _, variable, value in tower + decoder:
        variable.assign(value)
    return [fate for fate, _, _ in tower + decoder]


def start_tower_from(model: AttentionOcr, path: str) -> None:
    """Copies the tower's weights out of an Inception-v3 TF1 checkpoint, and logs what became of them."""
    from attention_ocr.model import tf1_import  # TensorFlow, which training on jax does without

    rows = tf1_import.start_tower_from(model, path)
    log.info("the tower begins with --checkpoint_inception=%s:\n%s", path, as_text(tf1_import.table(rows)))


def matched_classes(charset: Charset, old: Charset) -> list[int]:
    """For each class of `charset` the class of `old` that shares a character, or -1.

    No old class is given twice: where a class was split or merged, those that print the character get it.
    """
    owners = {c: class_id for class_id, characters in enumerate(old.classes) for c in characters}
    shared = [
        (c != old.symbols[owners[c]], c != charset.symbols[class_id], class_id, owners[c])
        for class_id, characters in enumerate(charset.classes)
        for c in characters
        if c in owners
    ]
    found = [-1] * len(charset)
    found[charset.null_id] = old.null_id
    for _, _, class_id, owner in sorted(shared):
        if found[class_id] < 0 and owner not in found:
            found[class_id] = owner
    return found


def report(fates: list[Fate], path: str, charset: Charset, classes: list[int]) -> Table:
    """A table of what became of the variables; those of the tower share a line for each fate."""
    new = [symbol for symbol, old in zip(charset.symbols, classes, strict=True) if old < 0]
    title = f"From {path}: {len(charset) - len(new)} of {len(charset)} classes are known"
    if new:
        title += f", new: {' '.join(map(repr, new[:20]))}" + (f" and {len(new) - 20} more" if len(new) > 20 else "")
    table = Table(title=Text(title), box=box.SIMPLE)  # a Text, as a path may look like markup
    for heading in ("variable", "shape", "fate", "carried over"):
        table.add_column(heading, no_wrap=heading == "variable")
    tower = [fate for fate in fates if fate.path.startswith("encoder/")]
    for what, number in Counter(fate.fate for fate in tower).items():
        first = next(fate.path for fate in tower if fate.fate == what)
        table.add_row("encoder/*", "", what, f"{number} variables" + (f", {first} ..." if what == "new" else ""))
    for fate in fates:
        if fate not in tower:
            table.add_row(fate.path, str(list(fate.shape)), fate.fate, fate.note)
    return table


def tower_values(model, other) -> list[tuple[Fate, Any, np.ndarray]]:
    theirs = {variable.path: np.asarray(variable) for variable in other.encoder.weights}
    found = []
    for variable in model.encoder.weights:
        shape, ours = tuple(variable.shape), np.asarray(variable)
        value = theirs.get(variable.path, ours)
        fits = variable.path in theirs and value.shape == shape
        fate = Fate(variable.path, shape, "loaded" if fits else "new", "" if fits else "not in the file")
        found.append((fate, variable, value if fits else ours))
    return found


def decoder_values(model, other, classes) -> list[tuple[Fate, Any, np.ndarray]]:
    same_head = type(model.decoder) is type(other.decoder)
    theirs = {variable.name: np.asarray(variable) for variable in other.decoder.weights}
    ours, old = (labels_of(model, classes), labels_of(other, range(len(other.dataset.charset))))
    sizes = {name: list(value.shape) for name, value in theirs.items()}
    if same_head:
        narrow_inputs(theirs, old, ours)
    found = []
    for variable in model.decoder.weights:
        name, value = variable.name, np.asarray(variable)
        kept: list[int] = []
        if same_head and name in theirs:
            value, kept = carried(value, theirs[name], ours[name], old[name])
        whole = bool(kept) and kept == list(value.shape) == sizes[name]
        fate = "loaded" if whole else "resized" if kept else "new"
        note = "" if whole else _amount(kept, sizes[name], value.shape) if kept else _why_new(model, other, name)
        found.append((Fate(variable.path, value.shape, fate, note), variable, value))
    return found


def labels_of(model: AttentionOcr, classes) -> dict[str, tuple[Labels, Labels]]:
    """For each weight of the decoder what the entries of its first (read) and its last axis (written) stand for."""
    config, decoder = model.config, model.decoder
    h, w = model.feature_grid if config.encode_coordinates else (0, 0)
    C, K, U, E = decoder.num_features, decoder.num_classes, config.num_lstm_units, _embedding_size(model)
    tower = _tower_name(model)  # the channels of another tower mean other things
    features: list[tuple] = [
        *(("channel", n, tower) for n in range(C - h - w)),
        *(("row", y) for y in range(h)),
        *(("column", x) for x in range(w)),
    ]
    meanings: dict[str, list[tuple]] = {
        "class": [("class", class_id) for class_id in classes],
        "blank": [("blank",)],
        "go": [("go",)],
        "unfed": [("unfed", n) for n in range(K)],
        "feature": features,
        "forward": features[: C // 2],
        "backward": features[C // 2 :],
        "unit": [("unit", n, U) for n in range(U)],  # a part of an LSTM is of no use
        "embedding": [("embedding", n, E) for n in range(E)],  # nor is a part of an embedded character
        "input": [("input", n) for n in range(getattr(decoder, "num_inputs", 0))],
        "key": [("key", n) for n in range(getattr(decoder, "num_keys", 0))],
    }
    return {name: (_axis(read, meanings), _axis(written, meanings)) for name, (read, written) in decoder.axes().items()}


def _axis(parts: str, meanings: dict[str, list[tuple]]) -> Labels:
    seen: Counter[str] = Counter()
    labels = []
    for part in parts.split():
        labels += [(part, seen[part], meaning) for meaning in meanings[part]]
        seen[part] += 1
    return labels


def carried(new: np.ndarray, old: np.ndarray, labels, old_labels) -> tuple[np.ndarray, list[int]]:
    """`new` with the entries of `old` that stand for the same.

    Args:
        new, old: a weight as initialised, and that of the other model.
        labels, old_labels: what their entries stand for, (read, written); an axis that is not there has none.

    Returns:
        The values and how many entries of each axis were kept; none at all if an axis has nothing in common.
    """
    read, written = (_sources(*pair) for pair in zip(labels, old_labels, strict=True))
    sources = [source for source, axis in zip((read, written), labels, strict=True) if axis]
    if any((source < 0).all() for source in sources):
        return new, []
    value = new.copy()
    known_parts = {label[:2] for label in old_labels[0]}
    silent = [meaning[0] in SILENT or (part, n) not in known_parts for part, n, meaning in labels[0]]
    if labels[0]:
        value[(read < 0) & np.array(silent)] = 0
    value[np.ix_(*[np.flatnonzero(source >= 0) for source in sources])] = old[np.ix_(*[s[s >= 0] for s in sources])]
    if labels[1] and labels[1][0][0] == "class":
        # The mean of logits is at most their largest, so what was read before is read now.
        value[..., written < 0] = value[..., written >= 0].mean(axis=-1, keepdims=True)
    return value, [int((source >= 0).sum()) for source in sources]


def _sources(labels: Labels, old_labels: Labels) -> np.ndarray:
    """For each label its place among the old ones, or -1."""
    places = {label: place for place, label in enumerate(old_labels)}
    return np.array([places.get(label, -1) for label in labels], int)


def narrow_inputs(weights: dict[str, np.ndarray], old, new) -> None:
    """Makes room for fewer classes: the "input" axis of `weights` becomes as long as that of `new`, in place.

    An "input" is only what one weight writes and the next one reads, so their product counts. Its best approximation
    of a lower rank is the truncated SVD (Eckart & Young 1936), over the rows that the new network can still feed.

    Args:
        weights: those of the old model by name.
        old, new: the labels of both models by name.
    """
    writers = [name for name in old if old[name][1] and old[name][1][0][0] == "input"]
    if not writers or len(new[writers[0]][1]) >= len(old[writers[0]][1]):
        return
    (reader,) = (name for name in old if any(label[0] == "input" for label in old[name][0]))
    reads = np.array([label[0] == "input" for label in old[reader][0]])
    products = {name: np.atleast_2d(weights[name]) @ weights[reader][reads] for name in writers}  # [rows, 4U]
    fed = [
        products[name][_sources(old[name][0], new[name][0]) >= 0] if old[name][0] else products[name]
        for name in writers
    ]
    directions = np.linalg.svd(np.concatenate(fed), full_matrices=False)[2][: len(new[writers[0]][1])]  # [K, 4U]
    for name in writers:
        weights[name] = (products[name] @ directions.T).reshape(*weights[name].shape[:-1], -1)
        old[name] = (old[name][0], old[name][1][: len(directions)])
    weights[reader] = np.concatenate([directions, weights[reader][~reads]])
    kept = [label for label in old[reader][0] if label[0] == "input"][: len(directions)]
    old[reader] = ([*kept, *(label for label in old[reader][0] if label[0] != "input")], old[reader][1])


def _amount(kept: list[int], old: list[int], new: tuple[int, ...]) -> str:
    names = ("rows", "columns") if len(new) == 2 else ("entries",)
    axes = zip(kept, old, new, names, strict=True)
    return ", ".join(f"{k} of {was} {name} (now {now})" for k, was, now, name in axes if not k == was == now)


def _why_new(model: AttentionOcr, other: AttentionOcr, name: str) -> str:
    """Why nothing of the weight `name` was carried over."""
    axes = model.decoder.axes()
    if type(model.decoder) is not type(other.decoder):
        return "another decoder"
    if name not in other.decoder.axes():
        return "not in the file"
    parts = " ".join(axes[name]).split()
    U, E = (model.config.num_lstm_units, other.config.num_lstm_units), (_embedding_size(model), _embedding_size(other))
    if "unit" in parts and U[0] != U[1]:
        return f"num_lstm_units were {U[1]}, are {U[0]}"
    if "embedding" in parts and E[0] != E[1]:
        return f"embedding_size was {E[1]}, is {E[0]}"
    return f"the tower was {_tower_name(other)}"


def _embedding_size(model: AttentionOcr) -> int:
    """E of a decoder that embeds characters, else 0."""
    return getattr(model.decoder, "embedding_size", 0)


def _tower_name(model: AttentionOcr) -> str:
    """What the channels of the features depend on."""
    config = model.config
    size = {
        "inception_v3": f" to {config.final_endpoint}",
        "residual": f" of {config.encoder_channels} channels",
        "lcnet": f" {config.lcnet_size}" + (" with its neck" if config.lcnet_neck else ""),
    }
    layers, units = config.num_encoder_lstm_layers, config.num_encoder_lstm_units
    return config.encoder + size.get(config.encoder, "") + (f" with {layers} LSTMs of {units}" if layers else "")
