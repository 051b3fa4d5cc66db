"""What a head is: a decoder, the loss it learns by, and how its logits are read. One registry line each."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from keras import ops

from attention_ocr.config import ModelConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.model import beam_search, ctc, losses
from attention_ocr.model.area_attention import AreaAttentionDecoder
from attention_ocr.model.attention import AttentionDecoder
from attention_ocr.model.gru_attention import GruAttentionDecoder
from attention_ocr.model.slice import SliceDecoder
from attention_ocr.model.stacked_attention import StackedAttentionDecoder

LONGEST_SHOWN = 40  # characters of a text in a message
# What to do where texts need more columns than there are, with the flags of the job that is to be called.
MAKE_OTHERS = (
    "make records (generate_tfrecords) with a larger --image_width, or leave such texts out with a smaller "
    "--max_sequence_length and --on_long=skip"
)
MAKE_STRETCHED = (  # where a picture keeps its own width, a larger --image_width alone does not make it wider
    "make records (generate_tfrecords) with --resize=stretch and an --image_width for the longest texts, or leave such "
    "texts out with a smaller --max_sequence_length and --on_long=skip"
)
DRAW_OTHERS = (
    "draw wider pictures with a larger --max_width, or --image_width where that is given, or shorter texts with a "
    "smaller --max_sequence_length"
)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Head:
    """A way from features to texts.

    Attributes:
        decoder: the layer class, called as an `AttentionDecoder`; returns `chars_logit` and maybe `attention`.
        loss: (config, logits, labels, null id) -> the loss, its floor and how many characters it is the sum of.
        read: (config, logits, null id, T) -> the reference's endpoints; also `attention` [B, T, N] if the decoder has
            none but its logits show where each character is.
        search: (decoder, features, null id, beam width, length penalty, is_picture) -> those of
            `beam_search.endpoints`.
    """

    decoder: Callable
    loss: Callable
    read: Callable
    search: Callable


def smoothed_cross_entropy(config: ModelConfig, logits, labels, null_id):
    """`losses.sequence_loss` with the config's knobs."""
    weights = losses.step_weights(labels, logits.shape[-1], config.ignore_nulls)
    if config.stop_at_end:
        weights = losses.weights_to_end(labels, null_id)
    return losses.sequence_loss(logits, labels, config.label_smoothing, weights, config.average_across_timesteps)


def read_characters(config, logits, null_id, num_steps=None):
    """The reference's endpoints of a head that gives one class a step.

    Args:
        config: its `stop_at_end` counts only nulls after the first one.
        logits: [B, T, K].
        null_id: the class of padding.
        num_steps: not used: the logits have T.

    Returns:
        `predicted_chars` int32 [B, T]; `predicted_scores` [B, T], their probabilities; `predicted_length` int32 [B],
        the ids that are not null; `predicted_conf` [B], the log-probability of the text and the null after it;
        `normalized_seq_conf` [B] in [0, 1], its geometric mean over those characters.
    """
    del num_steps
    logits = ops.cast(logits, "float32")
    ids = ops.cast(ops.argmax(logits, axis=-1), "int32")  # [B, T]
    best = ops.max(logits, axis=-1) - ops.logsumexp(logits, axis=-1)  # [B, T]
    if config.stop_at_end:
        is_text = ops.cumsum(ops.cast(ids == null_id, "int32"), axis=1) == 0  # [B, T]
        ends = ops.pad(is_text[:, :-1], [[0, 0], [1, 0]], constant_values=True)
        ids, best = ops.where(is_text, ids, null_id), ops.where(ends, best, 0.0)
    length = ops.sum(ops.cast(ids != null_id, "int32"), axis=1)  # [B]
    cumulated = ops.cumsum(ops.pad(best, [[0, 0], [0, 1]]), axis=1)  # [B, T + 1]
    confidence = ops.take_along_axis(cumulated, length[:, None], axis=1)[:, 0]  # [B]
    return {
        "predicted_chars": ids,
        "predicted_scores": ops.exp(best),
        "predicted_length": length,
        "predicted_conf": confidence,
        "normalized_seq_conf": ops.exp(confidence / ops.cast(length + 1, "float32")),
    }


HEADS = {
    "attention": Head(AttentionDecoder, smoothed_cross_entropy, read_characters, beam_search.search_texts),
    "slice": Head(SliceDecoder, smoothed_cross_entropy, read_characters, beam_search.search_texts),
    "stacked_attention": Head(
        StackedAttentionDecoder, smoothed_cross_entropy, read_characters, beam_search.search_texts
    ),
    "gru_attention": Head(GruAttentionDecoder, smoothed_cross_entropy, read_characters, beam_search.search_texts),
    "area_attention": Head(AreaAttentionDecoder, smoothed_cross_entropy, read_characters, beam_search.search_texts),
    "ctc": Head(ctc.CtcDecoder, ctc.loss, ctc.read, ctc.search_texts),
}

ALWAYS_FED = ("stacked_attention", "gru_attention", "area_attention")  # these know no `use_autoregression`


def head_of(config: ModelConfig) -> Head:
    """The head a config asks for."""
    return HEADS[config.head]


def check_pair(
    config: ModelConfig, dataset: DatasetSpec, feature_grid: tuple[int, int], cuts_padding: bool = False
) -> None:
    """Checks that a head can read what an encoder gives.

    Raises:
        UserError: it cannot.
    """
    if config.head in ALWAYS_FED and not config.use_autoregression:
        raise UserError(
            f"--nouse_autoregression: --head={config.head} always feeds back the previous character; leave the flag "
            "out, or use --head=attention"
        )
    needs_one_size = {
        "--head=slice": config.head == "slice",
        "--encode_coordinates": config.encode_coordinates,
        "--crop_height": config.crop_height > 0,
        "--crop_width": config.crop_width > 0,
    }
    for flag, is_given in needs_one_size.items():
        if is_given and cuts_padding:
            raise UserError(
                f"{flag}: needs pictures of one size, but --encoder={config.encoder} reads each picture of data set "
                f"{dataset.name!r} at its own size; make the records with --resize=stretch, or leave the flag out"
            )
    if config.head != "ctc":
        return
    if dataset.num_views > 1:
        raise UserError(
            f"--head=ctc: reads one view, but data set {dataset.name!r} has {dataset.num_views}; use --head=attention"
        )
    if feature_grid[0] > 1:
        raise UserError(
            f"--head=ctc: reads one row of features, but --encoder={config.encoder} gives {feature_grid[0]}; "
            "--num_encoder_lstm_layers=1 (or more) joins them"
        )


def check_labels(
    config: ModelConfig,
    dataset: DatasetSpec,
    feature_grid: tuple[int, int],
    labels_of: Callable[[], Iterable[tuple[str, Sequence[int], int]] | None],
    columns_of: Callable[[int], int] | None = None,
    is_drawn: bool = False,
) -> None:
    """Checks before training that a CTC head has enough columns for the texts.

    A few texts whose pictures are too narrow do no harm, since `ctc.loss` ignores them: they are counted, one is named.

    Args:
        config: names the head.
        dataset: gives T and the charset.
        feature_grid: (h, w) of the features of a picture that fills the data set's size.
        labels_of: gives the record, the class ids and the width in pixels of each example, or None if they are not
            known before training. Only called if a text of T characters may need more columns than there are.
        columns_of: the columns of a picture by its width; None: all have `feature_grid`'s.
        is_drawn: the examples are drawn while training, not records.

    Raises:
        UserError: more than ctc.MOST_TOO_LONG of the texts need more columns, or unknown texts may need more.
    """
    N, T, charset = feature_grid[1], dataset.max_sequence_length, dataset.charset
    if config.head != "ctc" or (N >= 2 * T - 1 and not columns_of):
        return
    labels = labels_of()
    if labels is None:
        raise UserError(
            f"--head=ctc: {N} columns of features cannot hold every text of max_sequence_length={T} characters, and "
            "drawn texts are not known beforehand; use --head=attention, or records of drawn pictures"
        )
    count, too_long, named = 0, [], "pictures" if is_drawn else "records"
    for name, ids, width in labels:
        needed, columns = ctc.frames_needed(ids, charset.null_id), columns_of(width) if columns_of else N
        count += 1
        if needed > columns:
            too_long.append(
                f"{name}: the text {_shortened(charset.decode(ids))!r} needs {needed} columns of features with "
                f"--head=ctc, but there are {columns}"
            )
    if len(too_long) > ctc.MOST_TOO_LONG * count:
        way_out = DRAW_OTHERS if is_drawn else MAKE_STRETCHED if columns_of else MAKE_OTHERS
        raise UserError(f"{too_long[0]} ({len(too_long)} such {named} of {count}); {way_out}")
    if too_long:
        log.info("nothing is learned from %d of %d %s: %s", len(too_long), count, named, too_long[0])


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
