"""What is printed can be printed anywhere, and JSON stays JSON."""

import io
import json
import sys

import pytest

from attention_ocr.__main__ import main
from attention_ocr.console import json_of, print_any_character

TEXT = "Café שלום 東 🎉"


ENCODINGS = pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii", "latin-1", "cp932"])


def replaced(monkeypatch, name, encoding):
    """Standard output or error with an encoding, as a redirect on Windows or a bare locale has it."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, name, stream)
    return stream


def printed(stream):
    stream.flush()
    return stream.buffer.getvalue().decode(stream.encoding)


@ENCODINGS
def test_any_character_can_be_printed(encoding, monkeypatch):
    output = replaced(monkeypatch, "stdout", encoding)
    print_any_character()
    print(TEXT)
    if encoding == "utf-8":
        assert printed(output) == f"{TEXT}\n"
    else:
        assert printed(output).endswith("\\U0001f389\n")


@ENCODINGS
def test_json_is_json_in_any_encoding(encoding, monkeypatch):
    output = replaced(monkeypatch, "stdout", encoding)
    print_any_character()
    print(json_of({"text": TEXT}))
    assert json.loads(printed(output)) == {"text": TEXT}
    assert (TEXT in printed(output)) == (encoding == "utf-8")


@ENCODINGS
def test_a_job_prints_any_character(encoding, monkeypatch):
    errors = replaced(monkeypatch, "stderr", encoding)
    assert main(["demo_inference", "--checkpoint=x.keras", f"--image_path_pattern=/no/{TEXT}.png"]) == 1
    assert "no picture; give a file" in printed(errors)


def test_a_stream_of_the_caller_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    print_any_character()
    print(TEXT)
    assert json.loads(json_of([TEXT])) == [TEXT]
    assert sys.stdout.getvalue() == f"{TEXT}\n"
