"""Which reader is taken where none is named."""

import importlib.util
import logging

import pytest

from attention_ocr.ready import catalog, default


@pytest.mark.parametrize("missing", default.PPOCR_NEEDS)
def test_words_is_taken_where_a_package_is_missing(monkeypatch, caplog, missing):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else there("json"))
    with caplog.at_level(logging.INFO):
        assert default.default_reader() == "words"
    assert "words, version 1, reads" in caplog.text
    assert catalog.model_file("words").is_file()


def test_ppocr_is_taken_where_its_packages_are(monkeypatch, caplog):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: there("json"))
    with caplog.at_level(logging.INFO):
        assert default.default_reader() == "ppocr"
    assert "ppocr reads" in caplog.text
