"""What the tests of label files and those of the service need."""

import pytest

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.formats.registry import label_source, read_annotations


@pytest.fixture
def read_labels(tmp_path):
    """A function from a file's content to its (paths, text) pairs, and where they stand."""

    def read_labels(content, name="labels.txt", num_views=1, places=False, **config):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        lines = list(read_annotations(label_source(str(path), AnnotationConfig(**config), num_views)))
        if places:
            return [line.source for line in lines]
        return [(line.paths[0] if len(line.paths) == 1 else line.paths, line.text) for line in lines]

    return read_labels


@pytest.fixture
def assert_fails(read_labels, tmp_path):
    """Asserts the message that reading a file ends with, without the folder."""

    def assert_fails(content, message, **values):
        with pytest.raises(UserError) as error:
            read_labels(content, **values)
        assert "\n" not in str(error.value)
        assert str(error.value).removeprefix(f"{tmp_path}/") == message

    return assert_fails


@pytest.fixture
def backend():
    """What a service reads colours with."""
    from tests.serving_factory import Colours

    return Colours()


@pytest.fixture
def serve(monkeypatch, backend):
    """A function that starts a service of `backend` (named colours) and gives a client; everything ends after it."""
    import httpx

    from tests.serving_factory import running, service_of

    stack = []

    def serve(backends=None, key="", **knobs):
        context = running(service_of(monkeypatch, backends or {"colours": backend}, **knobs), key)
        address, server = context.__enter__()
        client = httpx.Client(base_url=address, timeout=30)
        client.server = server
        stack.append((client, context))
        return client

    yield serve
    backend.gate.set()
    for client, context in reversed(stack):
        client.close()
        context.__exit__(None, None, None)
