"""Ready-made readers: found by name, told by their cards, checked before they are opened."""

import dataclasses
import hashlib
import json

import pytest

from attention_ocr.__main__ import main
from attention_ocr.errors import UserError
from attention_ocr.ready import catalog, installed

OWN = ["signs", "words", "english", "french_streets"]


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of ready-made readers of its own: `plates` in two versions."""
    monkeypatch.setattr(catalog, "FOLDER", tmp_path)
    for version in (1, 2):
        (tmp_path / f"plates-{version}.keras").write_bytes(b"weights %d" % version)
        card = catalog.Card("plates", version, "Plates.", "A network.", "Drawings.", ["99%"], "Rain.", "MIT", "")
        digest = catalog.hashlib.sha256(card.path.read_bytes()).hexdigest()
        card.path.with_suffix(".json").write_text(json.dumps(dataclasses.replace(card, sha256=digest).to_dict()))
    return tmp_path


@pytest.mark.parametrize(("name", "file"), [("plates", "plates-2"), ("plates-2", "plates-2"), ("plates-1", "plates-1")])
def test_a_name_is_its_newest_version_and_a_number_pins_it(shelf, name, file):
    assert catalog.model_file(name) == shelf / f"{file}.keras"


def test_a_file_is_taken_before_a_reader_of_its_name(shelf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plates").mkdir()
    assert str(catalog.model_file("plates")) == "plates"
    assert str(catalog.model_file("some/where.keras")) == "some/where.keras"


@pytest.mark.parametrize("name", ["wires", "plates-3"])
def test_an_unknown_name_is_told_with_those_there_are(shelf, name):
    with pytest.raises(
        UserError, match=rf"^{name}: no such model file, and no ready-made reader \(there are: plates\)$"
    ):
        catalog.model_file(name)


def test_a_damaged_file_is_told_by_its_hash(shelf):
    (shelf / "plates-2.keras").write_bytes(b"weights 3")
    with pytest.raises(UserError, match=r"plates-2\.keras: the ready-made reader 'plates' is damaged \(SHA-256"):
        catalog.model_file("plates")
    (shelf / "plates-2.keras").unlink()
    with pytest.raises(UserError, match="has no file; install the package anew"):
        catalog.model_file("plates")


def test_the_packages_own_readers_are_whole():
    assert [card.name for card in catalog.cards()] == ["signs", "words"]
    for card in catalog.cards():
        catalog.check(card)
        assert card.path.stat().st_size < 12e6


def test_the_card_of_the_installed_reader_is_that_of_its_file():
    pytest.importorskip("rapidocr", reason="its wheel has the weights")
    from attention_ocr.model import ppocr_file

    card = installed.ppocr_card()
    assert card.name == "ppocr"
    assert ppocr_file.KNOWN[card.sha256] == "PP-OCRv6 small"
    assert hashlib.sha256(ppocr_file.installed_file().read_bytes()).hexdigest() == card.sha256


@pytest.mark.parametrize("is_installed", [True, False])
def test_a_reader_of_another_package_is_shown_where_it_is_installed(is_installed, capsys, monkeypatch):
    monkeypatch.setattr(installed.importlib.util, "find_spec", lambda name: object() if is_installed else None)
    assert main(["ready"]) == 0
    printed = capsys.readouterr().out
    assert ("--checkpoint=ppocr (version 6)" in printed) == is_installed
    assert ("pip install 'attention-ocr[ppocr]'" in printed.splitlines()[-1]) != is_installed
    assert main(["ready", "--format=json"]) == 0
    cards = json.loads(capsys.readouterr().out)
    assert [card["name"] for card in cards] == [*(["ppocr"] if is_installed else []), *OWN]
    assert "may be among" in cards[0]["learned_from"] or not is_installed


def test_the_job_prints_every_card(capsys):
    assert main(["ready"]) == 0
    printed = capsys.readouterr().out
    for card in catalog.cards():
        assert f"--checkpoint={card.name} (version {card.version})" in printed
    assert main(["ready", "--format=json"]) == 0
    names = [card["name"] for card in json.loads(capsys.readouterr().out)]
    assert [name for name in names if name != "ppocr"] == OWN
