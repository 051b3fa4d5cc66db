"""A network that reads some of its characters: smaller and faster, and it takes none for another that cannot be."""

import dataclasses

import numpy as np

from attention_ocr.characters import named_characters
from attention_ocr.model.cutting import cut_weights, joined_cases, kept_classes, with_both_cases
from attention_ocr.model.network import AttentionOcr


def cut(model: AttentionOcr, characters: str) -> AttentionOcr:
    """A network with the weights of `model` whose charset has only those of its classes that `characters` names.

    What it says of these classes (`chars_logit`) is what `model` says, as long as `model` feeds no other back.

    Raises:
        UserError: the model knows none of the characters.
    """
    classes = kept_classes(model.dataset.charset, characters)
    old = model.decoder
    # As many entries as before stand for a character that is fed back, or they would mean something else.
    size = getattr(old, "embedding_size", getattr(old, "num_inputs", model.config.embedding_size))
    config = dataclasses.replace(model.config, embedding_size=size)
    dataset = dataclasses.replace(model.dataset, charset=model.dataset.charset.kept(classes))
    found = AttentionOcr(config, dataset)
    found.step, found.confidence_power = model.step, model.confidence_power
    for ours, theirs in zip(found.encoder.weights, model.encoder.weights, strict=True):
        ours.assign(theirs)
    K, C, U = len(model.dataset.charset), old.num_features, model.config.num_lstm_units
    lengths = {"class": K, "unfed": K, "blank": 1, "go": 1, "feature": C, "unit": U}
    weights = {variable.name: np.asarray(variable) for variable in old.weights if variable.name in old.axes()}
    values = cut_weights(weights, old.axes(), lengths, classes)
    for variable in found.decoder.weights:
        if variable.name in values:  # not the states of what is drawn at random
            variable.assign(values[variable.name])
    return found


def allowed_characters(characters: str, ignore_case: bool) -> str | None:
    """The characters whose classes stay; None: all. `characters` and `ignore_case` are those of `restricted`."""
    wanted = named_characters(characters)
    return with_both_cases(wanted) if ignore_case else wanted


def restricted(model: AttentionOcr, characters: str = "", ignore_case: bool = False) -> AttentionOcr:
    """A network that reads only what a user asks for.

    Args:
        model: the network; it is left as it is unless all that it knows is asked for.
        characters: as `characters.named_characters` takes them.
        ignore_case: whether a letter's two cases are one, in the case that `characters` has, capital where it has both.

    Raises:
        UserError: `characters` is wrong, or the model knows none of them.
    """
    allowed, wanted = allowed_characters(characters, ignore_case), named_characters(characters)
    knows_more = allowed is not None and len(kept_classes(model.dataset.charset, allowed)) < len(model.dataset.charset)
    found = cut(model, allowed) if allowed is not None and knows_more else model
    if ignore_case:
        found.decoder.joined_cases = joined_cases(found.dataset.charset, wanted)
    return found
