"""A model file that reads some of its characters: `model/cut_network.py` without a framework."""

import dataclasses

import numpy as np

from attention_ocr.characters import named_characters
from attention_ocr.errors import UserError
from attention_ocr.model.cutting import cut_weights, joined_cases, kept_classes, with_both_cases
from attention_ocr.model.decoder_axes import AXES, Axes
from attention_ocr.model.description import character_size
from attention_ocr.model.geometry import geometry_of
from attention_ocr.onnx_graph.model_file import ModelFile

DECODER = "decoder"
NOT_EMBEDDED = ("ctc", "slice")  # heads to which no entries stand for a character that is fed back


def restricted(file: ModelFile, characters: str = "", ignore_case: bool = False) -> ModelFile:
    """What reads only what a user asks for; arguments and errors as those of `cut_network.restricted`."""
    wanted = named_characters(characters)
    allowed = with_both_cases(wanted) if ignore_case else wanted
    found = file if allowed is None else cut(file, allowed)
    if not ignore_case:
        return found
    return dataclasses.replace(found, joined_cases=joined_cases(found.dataset.charset, wanted))


def cut(file: ModelFile, characters: str) -> ModelFile:
    """The weights that stay, and the charset that has only those classes that `characters` names.

    Raises:
        UserError: the model knows none of the characters, or its head has other weights than its config asks for.
    """
    config, dataset = file.config, file.dataset
    K, classes = len(dataset.charset), kept_classes(dataset.charset, characters)
    axes = AXES[config.head](config, _slice_length(file))
    arrays = file.weights.given(DECODER)
    if len(arrays) != len(axes):
        raise UserError(f"{file.weights.source}: its head has {len(arrays)} weights; its config asks for {len(axes)}")
    weights = dict(zip(axes, arrays, strict=True))
    known = {"class": K, "unfed": K, "blank": 1, "go": 1, "unit": config.num_lstm_units}
    cut_arrays = cut_weights(weights, axes, {**known, "feature": _num_features(weights, axes, known)}, classes)
    # As many entries as before stand for a character that is fed back, or they would mean something else.
    size = config.embedding_size if config.head in NOT_EMBEDDED else character_size(config, K)
    return dataclasses.replace(
        file,
        config=dataclasses.replace(config, embedding_size=size),
        dataset=dataclasses.replace(dataset, charset=dataset.charset.kept(classes)),
        weights=file.weights.replaced(DECODER, list(cut_arrays.values())),
    )


def _slice_length(file: ModelFile) -> int:
    """Positions of a slice of the features, one for each character."""
    geometry = geometry_of(file.config, file.dataset)
    h, w = geometry.largest_grid
    return geometry.num_views * h * w // file.dataset.max_sequence_length


def _num_features(weights: dict[str, np.ndarray], axes: Axes, known: dict[str, int]) -> int:
    """C, of a weight that has features and classes on one axis; 0: none has."""
    for name, (read, _) in axes.items():
        names = read.split()
        if "feature" in names and {"class", "unfed"}.intersection(names):
            others = sum(known[each] for each in names if each != "feature")
            return (len(weights[name]) - others) // names.count("feature")
    return 0
