"""A service whose answers tell which picture they belong to, for tests."""

import contextlib
import io
import threading
import time

import httpx
import numpy as np
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import BackendConfig, ModelConfig, ReadConfig
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.model.geometry import geometry_of
from attention_ocr.reading.reader import Reader
from attention_ocr.serve_config import ServeConfig
from attention_ocr.serving import models as served
from attention_ocr.serving.access import Key
from attention_ocr.serving.measures import Measures
from attention_ocr.serving.models import Models, ServedModel
from attention_ocr.serving.server import bound, server_of
from attention_ocr.serving.service import Service

KEY = "0123456789abcdef"
SPEC = DatasetSpec("colours", 1, 32, 128, 6, Charset.from_labels(["0123456789"]), "keep_height")
CONFIG = ModelConfig(encoder="residual", head="ctc", num_encoder_lstm_layers=1)


class Colours:
    """A backend that reads red and green of a picture's first pixel: `000255` of pure green.

    Attributes:
        gate: reading waits for it.
        entered: released once for each batch that reading begins.
        batches: the sizes of all batches.
        fails: batches with such a text raise.
    """

    def __init__(self, spec=SPEC):
        self.config, self.dataset, self.step, self.fingerprint = CONFIG, spec, 7, "test"
        self.any_batch = True
        self.gate, self.entered = threading.Event(), threading.Semaphore(0)
        self.gate.set()
        self.batches, self.fails = [], ""

    def predict(self, pixels, sizes=None):
        self.entered.release()
        self.gate.wait()
        self.batches.append(len(pixels))
        texts = [f"{int(red):03}{int(green):03}" for red, green in pixels[:, 0, 0, :2]]
        if self.fails in texts:
            raise RuntimeError("the network failed")
        T, null = self.dataset.max_sequence_length, self.dataset.charset.null_id
        ids = np.array([self.dataset.charset.encode(text) for text in texts], np.int32)
        _, columns = geometry_of(self.config, self.dataset).feature_grid(pixels.shape[1], pixels.shape[2])
        attention = np.tile(np.eye(T, columns, dtype=np.float32), [len(pixels), 1, 1])
        logits = np.full([len(pixels), columns, len(self.dataset.charset) + 1], -9, np.float32)
        logits[:, :, -1] = 0
        for place in range(T):
            logits[np.arange(len(pixels)), place, ids[:, place]] = 9
        assert null == len(self.dataset.charset) - 1
        return {
            "predicted_chars": ids,
            "predicted_scores": np.full(ids.shape, 0.9, np.float32),
            "predicted_conf": np.full(len(ids), -0.7, np.float32),
            "normalized_seq_conf": np.full(len(ids), 0.9, np.float32),
            "predicted_length": np.full(len(ids), T),
            "attention": attention,
            "chars_logit": logits,
            "feature_sizes": np.tile([1, columns], [len(ids), 1]),
        }


def picture(red, green, width=64, height=32, kind="PNG", **options):
    """The bytes of a picture of one colour."""
    file = io.BytesIO()
    Image.fromarray(np.full([height, width, 3], (red, green, 0), np.uint8)).save(file, kind, **options)
    return file.getvalue()


def text_of(number):
    """Red and green of picture `number`, and the text that is read in it."""
    red, green = divmod(number, 256)
    return red, green, f"{red:03}{green:03}"


def files(*pictures):
    """Pictures as a form sends them."""
    return [("files", (f"{number}.png", data)) for number, data in enumerate(pictures)]


def texts(response):
    """What an answer says of its pictures."""
    assert response.status_code == 200, response.text
    return [reading["text"] for reading in response.json()["readings"]]


def service_of(monkeypatch, backends, max_pixels=1_000_000, **knobs):
    """A Service of models by name."""
    config, measures = ServeConfig(**knobs), Measures()
    monkeypatch.setattr(served, "load_reader", lambda path, *_: Reader(backends[path], max_pixels=max_pixels))
    made = [ServedModel(name, name, ReadConfig(), BackendConfig(), config, measures) for name in backends]
    return Service(Models(made), config, measures)


@contextlib.contextmanager
def running(service, key="", until='"ready"'):
    """The address of a server that runs in a thread, and the server; it ends with the block.

    Args:
        service: what answers.
        key: what requests must have.
        until: what it answers to whether it is ready when the block begins.
    """
    config = ServeConfig(port=0)
    listening = bound(config)
    server = server_of(service, Key(key), service.config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        with httpx.Client(base_url=address, timeout=30) as client:
            deadline = time.monotonic() + 30
            while until not in (ready := client.get("/health/ready")).text:
                assert time.monotonic() < deadline, ready.text
        yield address, server
    finally:
        server.stop()
        thread.join()
        listening.close()
