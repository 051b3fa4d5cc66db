"""What is known of the texts, applied to what a network reads greedily: a text model, or a list of them."""

from typing import Any, Protocol

import numpy as np

from attention_ocr.charset import Charset
from attention_ocr.config import ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.reading.backends.backend import Backend
from attention_ocr.reading.texts import ctc_beams, ctc_paths, decoder_texts
from attention_ocr.reading.texts.ctc_beams import Found
from attention_ocr.reading.texts.text_model import ClassProbabilities, TextModel
from attention_ocr.reading.texts.trie import Trie, load_texts
from attention_ocr.reading_order import ReadingOrder, reading_order

BEAM_WIDTH = 12  # texts that are followed with a CTC head, unless --beam_width says more
DECODER_BEAM_WIDTH = 8  # with the others, whose every step costs much
ALTERNATIVES = 5  # texts of a lexicon that are told, unless --beam_width says more


class TextSearch(Protocol):
    """Endpoints -> endpoints."""

    def __call__(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The endpoints of a batch with better texts; as those of beam search, `beam_chars` and so on among them."""
        ...


class Texts(Protocol):
    """How a kind of head tells about texts; `outputs` are a batch's endpoints, `rows` int [R] some of its pictures."""

    null_id: int

    def sureness(self, outputs: dict[str, np.ndarray]) -> np.ndarray:
        """[B] in [0, 1], how little is to be gained by a search."""

    def search(self, outputs: dict[str, np.ndarray], rows: np.ndarray, how: ctc_beams.Search) -> Found:
        """The best texts of the pictures."""

    def known(self, outputs: dict[str, np.ndarray], rows: np.ndarray, trie: Trie) -> np.ndarray:
        """The log-probability [R, L] of known texts."""

    def explain(self, outputs: dict[str, np.ndarray], row: int, text: np.ndarray) -> dict[str, np.ndarray]:
        """`predicted_scores` [T] of a text int [T] in a picture, and maybe `attention` [T, N]."""


class CtcTexts:
    """Of a CTC head, by its logits alone: whatever the runtime.

    Args:
        null_id: the class of padding.
    """

    def __init__(self, null_id: int):
        self.null_id = null_id

    def sureness(self, outputs: dict[str, np.ndarray]) -> np.ndarray:
        """The least of a text's confidence and its characters' probabilities.

        Confidence is a mean: one bad character among many sure ones hardly lowers it. Of mjsynth's words 0.4 points
        more are read so by `ppocr` than by confidence alone, with fewer searches, and by `words` as many more.
        """
        is_text = outputs["predicted_chars"] != self.null_id
        least = np.where(is_text, outputs["predicted_scores"], 1).min(axis=1)
        return np.minimum(least, outputs["normalized_seq_conf"])

    def search(self, outputs: dict[str, np.ndarray], rows: np.ndarray, how: ctc_beams.Search) -> Found:
        return ctc_beams.search(self._log_probability(outputs, rows), how)

    def known(self, outputs: dict[str, np.ndarray], rows: np.ndarray, trie: Trie) -> np.ndarray:
        return ctc_paths.of_known_texts(self._log_probability(outputs, rows), trie)

    def explain(self, outputs: dict[str, np.ndarray], row: int, text: np.ndarray) -> dict[str, np.ndarray]:
        log_probability = self._log_probability(outputs, np.array([row]))[0]
        characters = text[text != self.null_id]
        places = ctc_paths.align(log_probability, characters)
        belongs = places == np.arange(len(text))[:, None]  # [T, N]
        ids = np.append(characters, 0)[places]
        probability = np.where(belongs, np.exp(log_probability[np.arange(len(places)), ids]), 0)
        scores = np.where(belongs.any(axis=1), probability.max(axis=1), 1)
        return {
            "predicted_scores": scores,
            "attention": probability / np.maximum(probability.sum(axis=1, keepdims=True), 1e-30),
        }

    def _log_probability(self, outputs: dict[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
        return ctc_paths.log_probabilities(outputs["chars_logit"][rows], self.null_id)


class DecoderTexts:
    """Of a head that reads one character a step, which must be asked step by step: by the Keras model.

    Args:
        backend: a KerasBackend with features.
    """

    def __init__(self, backend: Any):
        self._backend = backend
        self.null_id = backend.dataset.charset.null_id
        self._length = backend.dataset.max_sequence_length
        self._last: tuple[dict[str, np.ndarray], decoder_texts.Steps] | None = None

    def sureness(self, outputs: dict[str, np.ndarray]) -> np.ndarray:
        """The confidence: taught with label smoothing, some character of nearly every sign's text is less sure."""
        return outputs["normalized_seq_conf"]

    def search(self, outputs: dict[str, np.ndarray], rows: np.ndarray, how: ctc_beams.Search) -> Found:
        return decoder_texts.search(self._steps(outputs), rows, how)

    def known(self, outputs: dict[str, np.ndarray], rows: np.ndarray, trie: Trie) -> np.ndarray:
        steps = self._steps(outputs)
        return np.stack([decoder_texts.of_known_texts(steps, row, trie, self.null_id, self._length) for row in rows])

    def explain(self, outputs: dict[str, np.ndarray], row: int, text: np.ndarray) -> dict[str, np.ndarray]:
        scores, attention = decoder_texts.followed(self._steps(outputs), row, text, self.null_id)
        return {"predicted_scores": scores} | ({} if attention is None else {"attention": attention})

    def _steps(self, outputs: dict[str, np.ndarray]) -> decoder_texts.Steps:
        """Those of a batch, made once."""
        if self._last is None or self._last[0] is not outputs:
            self._last = outputs, self._backend.steps(outputs)
        return self._last[1]


class ModelSearch:
    """Prefers what a text model finds likely, where the greedy text is not sure.

    Args:
        texts: what the network tells about texts.
        how: what is searched for.
        below: the sureness from which a greedy text is kept.
    """

    def __init__(self, texts: Texts, how: ctc_beams.Search, below: float):
        self._texts, self._how, self._below = texts, how, below

    def __call__(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = np.flatnonzero(self._texts.sureness(outputs) < self._below)
        if not len(rows):
            return _with_alternatives(outputs, self._how.beam_width, self._texts.null_id)
        return _replaced(outputs, rows, self._texts.search(outputs, rows, self._how), self._texts)


class LexiconSearch:
    """Reads the likeliest of known texts.

    Args:
        texts: what the network tells about texts.
        trie: of the known texts.
        most: the alternatives that are told.
    """

    def __init__(self, texts: Texts, trie: Trie, most: int):
        self._texts, self._trie, self._most = texts, trie, min(most, len(trie.texts))

    def __call__(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        rows = np.arange(len(outputs["predicted_chars"]))
        log_probability = self._texts.known(outputs, rows, self._trie)  # [B, L]
        order = np.argsort(-log_probability, axis=1, kind="stable")[:, : self._most]
        ids = np.full([*order.shape, outputs["predicted_chars"].shape[1]], self._texts.null_id)
        for row, chosen in zip(ids, order, strict=True):
            for text, number in zip(row, chosen, strict=True):
                text[: len(self._trie.texts[number])] = self._trie.texts[number]
        totals = np.take_along_axis(log_probability, order, axis=1)
        found = Found(ids, (ids != self._texts.null_id).sum(axis=2), totals, totals)
        return _replaced(outputs, rows, found, self._texts)


def prepared(backend: Any, knobs: ReadConfig) -> tuple[Backend, TextSearch | None]:
    """The backend that is to read, and what is to be done with its outputs; None: nothing.

    Args:
        backend: reads greedily, if a lexicon or a text model is named.
        knobs: name them.

    Raises:
        UserError: a file is wrong; or the network must be asked step by step and the backend cannot.
    """
    given = f"--lexicon={knobs.lexicon}" if knobs.lexicon else f"--text_model={knobs.text_model}"
    if not knobs.lexicon and not knobs.text_model:
        return backend, None
    charset, T = backend.dataset.charset, backend.dataset.max_sequence_length
    texts: Texts = CtcTexts(charset.null_id)
    if backend.config.head != "ctc":
        if not hasattr(backend, "with_features"):
            raise UserError(
                f"{given}: texts of --head={backend.config.head} are asked for step by step, which only "
                "--backend=keras with a .keras file can"
            )
        backend = backend.with_features()
        texts = DecoderTexts(backend)
    order = reading_order(backend.config, charset)
    if knobs.lexicon:
        known = load_texts(knobs.lexicon, charset, T)
        trie = Trie(_as_shown(known, order, charset, T), len(charset))
        return backend, LexiconSearch(texts, trie, max(knobs.beam_width, ALTERNATIVES))
    if order:
        raise UserError(
            f"{given}: counts texts as they are written, but {backend.config.head} reads right-to-left texts from the "
            "left; use a lexicon, or a head with attention"
        )
    model = TextModel.load(knobs.text_model)
    width = BEAM_WIDTH if backend.config.head == "ctc" else DECODER_BEAM_WIDTH
    width = knobs.beam_width if knobs.beam_width > 1 else width
    weight = knobs.text_weight or model.config.weight
    smoothing = 0.0 if backend.config.head == "ctc" else backend.config.label_smoothing
    how = ctc_beams.Search(ClassProbabilities(model, charset), weight, width, knobs.length_penalty, T, smoothing)
    # Taught with label smoothing, no network is surer than 1 - smoothing.
    return backend, ModelSearch(texts, how, knobs.search_below * (1 - smoothing))


def _as_shown(texts: list[list[int]], order: ReadingOrder | None, charset: Charset, length: int) -> list[list[int]]:
    """The class ids of texts as a picture shows them from left to right."""
    if order is None:
        return texts
    padded = np.array([charset.pad(text, length) for text in texts], np.int32)
    turned, _ = order.turned(padded)
    return [row[: len(text)].tolist() for row, text in zip(turned, texts, strict=True)]


def _with_alternatives(outputs: dict[str, np.ndarray], width: int, null_id: int) -> dict[str, np.ndarray]:
    """Copies of the endpoints, as of a beam search that found one text in each picture, the greedy one."""
    chars, confidence = outputs["predicted_chars"], outputs["normalized_seq_conf"]
    copied = {name: np.array(value) for name, value in outputs.items() if name not in ("features", "is_picture")}
    beams = np.full([len(chars), width, chars.shape[1]], null_id)
    scores, confidences = np.full([len(chars), width], -np.inf), np.zeros([len(chars), width])
    beams[:, 0], scores[:, 0], confidences[:, 0] = chars, outputs["predicted_conf"], confidence
    return {**copied, "beam_chars": beams, "beam_scores": scores, "beam_conf": confidences}


def _replaced(outputs: dict[str, np.ndarray], rows: np.ndarray, found: Found, texts: Texts) -> dict[str, np.ndarray]:
    """The endpoints with what was found in some pictures, `rows`, in place of their greedy texts."""
    answer = _with_alternatives(outputs, found.ids.shape[1], texts.null_id)
    exists = found.log_probabilities > ctc_beams.NONE / 2
    confidence = np.where(exists, np.exp(found.log_probabilities / (found.lengths + 1)), 0)
    answer["beam_chars"][rows] = found.ids
    answer["beam_scores"][rows] = np.where(exists, found.scores, -np.inf)
    answer["beam_conf"][rows] = confidence
    answer["predicted_length"][rows] = found.lengths[:, 0]
    answer["predicted_conf"][rows] = found.log_probabilities[:, 0]
    answer["normalized_seq_conf"][rows] = confidence[:, 0]
    for row, text in zip(rows, found.ids[:, 0], strict=True):
        if (answer["predicted_chars"][row] != text).any():
            for name, value in texts.explain(outputs, row, text).items():
                if name in answer:
                    answer[name][row] = value
            answer["predicted_chars"][row] = text
    return answer
