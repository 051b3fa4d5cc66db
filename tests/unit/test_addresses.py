"""Pictures and label files at addresses are those of a disk; `memory://` is fsspec's store in this process."""

import io
import re

import fsspec
import numpy as np
import pytest
from PIL import Image

from attention_ocr import addresses
from attention_ocr.__main__ import main
from attention_ocr.config import AnnotationConfig, GenerateConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest import label_files
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.picture_paths import drawing_paths, given_paths
from attention_ocr.reading import given_pictures

SIZES = {"image_height": 6, "image_width": 12}
NAMES = [f"{folder}/{number}.png" for folder in "ab" for number in range(8)]


@pytest.fixture
def stored(tmp_path):
    """The same pictures and labels in a folder and at memory://signs."""
    random = np.random.default_rng(0)
    there = fsspec.filesystem("memory")
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256, (5, 9), np.uint8)).save(tmp_path / name)
        there.pipe_file(f"/signs/{name}", (tmp_path / name).read_bytes())
    labels = "".join(f"{name}\t{number}\n" for number, name in enumerate(NAMES))
    (tmp_path / "labels.tsv").write_text(labels)
    there.pipe_file("/signs/labels.tsv", labels.encode())
    yield tmp_path
    there.rm("/signs", recursive=True)


def generate(labels, output, reading=None, **knobs):
    lines, knobs = label_files.open_all({"train": str(labels)}, reading or AnnotationConfig(), SIZES | knobs)
    write_dataset(lines, output, GenerateConfig(**knobs))
    return {path.name: path.read_bytes() for path in output.iterdir()}


def stdin(text=""):
    found = io.StringIO(text)
    found.isatty = lambda: False
    return found


def put(name, content):
    fsspec.filesystem("memory").pipe_file(f"/signs/{name}", content)


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("s3://bucket/a.png", True),
        ("gs://bucket", True),
        ("memory://a", True),
        ("a.png", False),
        ("/a/b.png", False),
        ("C:\\a.png", False),
        ("C:/a.png", False),
        ("a/s3://b", False),
        ("://a", False),
    ],
)
def test_an_address_begins_with_a_scheme(path, is_one):
    assert addresses.is_address(path) == is_one


@pytest.mark.parametrize(
    ("root", "path", "whole"),
    [
        ("s3://bucket/words", "a/b.png", "s3://bucket/words/a/b.png"),
        ("s3://bucket", "gs://other/b.png", "gs://other/b.png"),
        ("words", "s3://bucket/b.png", "s3://bucket/b.png"),
        ("words", "/a/b.png", "/a/b.png"),
        ("", "a.png", "a.png"),
    ],
)
def test_paths_start_at_a_folder_here_or_at_an_address(root, path, whole):
    assert addresses.joined(root, path) == whole


def test_a_label_file_s_pictures_start_at_its_folder():
    assert addresses.parent("s3://bucket/words/labels.tsv") == "s3://bucket/words"
    assert addresses.joined(addresses.parent("memory://labels.tsv"), "a.png") == "memory://a.png"


def test_records_of_a_label_file_at_an_address_are_those_of_the_disk(stored, tmp_path):
    here = generate(stored / "labels.tsv", tmp_path / "1/signs")
    assert here == generate("memory://signs/labels.tsv", tmp_path / "2/signs")
    assert here["dataset.json"]


def test_a_label_file_here_may_name_addresses_or_start_at_one(stored, tmp_path):
    here = generate(stored / "labels.tsv", tmp_path / "1/signs")
    below = AnnotationConfig(image_root="memory://signs")
    assert generate(stored / "labels.tsv", tmp_path / "2/signs", below) == here
    whole = tmp_path / "whole.tsv"
    whole.write_text("".join(f"memory://signs/{name}\t{number}\n" for number, name in enumerate(NAMES)))
    records = generate(whole, tmp_path / "3/signs", validation_fraction=0.0, test_fraction=0.0)
    assert b'"train"' in records["dataset.json"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.png", None, "memory://signs/labels.tsv:17: '99': memory://signs/gone.png: no such file; mend it or use"),
        (
            "bad.png",
            b"no picture",
            "memory://signs/labels.tsv:17: '99': memory://signs/bad.png: cannot be read as an image",
        ),
    ],
)
def test_a_bad_picture_is_told_by_its_address_or_skipped(stored, tmp_path, name, content, message):
    if content:
        put(name, content)
    put("labels.tsv", (stored / "labels.tsv").read_bytes() + f"{name}\t99\n".encode())
    all_train = {"validation_fraction": 0.0, "test_fraction": 0.0}
    with pytest.raises(UserError, match=re.escape(message)):
        generate("memory://signs/labels.tsv", tmp_path / "out", **all_train)
    assert not (tmp_path / "out").exists()
    skipping = generate("memory://signs/labels.tsv", tmp_path / "1/signs", on_bad_image="skip", **all_train)
    assert b'"num_examples": 16' in skipping["dataset.json"] or b": 16" in skipping["dataset.json"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("memory://signs/none.tsv", "memory://signs/none.tsv: no such file"),
        ("memory://signs/a", "memory://signs/a: no such file"),
        ("nowhere://signs/a.tsv", "nowhere://signs/a.tsv: cannot be read (Protocol not known: nowhere)"),
        ("memory://signs/wrong.tsv", "memory://signs/wrong.tsv:1: 'x' has no picture before it"),
    ],
)
def test_what_is_wrong_with_a_label_file_is_told_by_its_address(stored, tmp_path, labels, message):
    put("wrong.tsv", b"\tx\n")
    with pytest.raises(UserError, match=re.escape(message)):
        generate(labels, tmp_path / "out")


def test_pictures_to_read_are_named_by_address_folder_glob_or_on_standard_input(stored):
    put("a/notes.txt", b"")
    folder = [f"memory://signs/a/{number}.png" for number in range(8)]
    for arguments in (["memory://signs/a"], ["memory://signs/a/"], ["memory://signs/a/*.png"], folder):
        found = given_paths(arguments, stdin())
        assert [addresses.read_bytes(path) for path in found] == [(stored / name).read_bytes() for name in NAMES[:8]]
    assert given_paths([], stdin("memory://signs/a/1.png\nx.png\n"))[0] == "memory://signs/a/1.png"
    for wrong in ("memory://signs/c", "memory://signs/*.jpg"):
        with pytest.raises(UserError, match=re.escape(wrong)):
            given_paths([wrong], stdin())


def test_a_picture_at_an_address_is_the_one_on_the_disk(stored):
    here, _ = given_pictures.opened(stored / NAMES[0], "x", 10**6)
    there, _ = given_pictures.opened(f"memory://signs/{NAMES[0]}", "x", 10**6)
    assert here.tobytes() == there.tobytes()
    assert given_pictures.named("memory://signs/a.png")[0][0] == "memory://signs/a.png"
    with pytest.raises(UserError, match=r"memory://signs/none\.png: no such file"):
        given_pictures.opened("memory://signs/none.png", "x", 10**6)


def test_drawings_of_addresses_are_in_the_folders_of_their_paths(tmp_path):
    paths = ["s3://signs/a/1.png", "s3://signs/b/1.jpg"]
    assert drawing_paths(paths, tmp_path) == [tmp_path / "a/1.png", tmp_path / "b/1.png"]


def test_records_go_to_an_address_all_of_them_or_none(stored, tmp_path, monkeypatch):
    here = generate(stored / "labels.tsv", tmp_path / "signs")
    lines, knobs = label_files.open_all({"train": f"{stored}/labels.tsv"}, AnnotationConfig(), SIZES)
    lines = {split: list(found) for split, found in lines.items()}
    there = fsspec.filesystem("memory")
    put_file, sent = there.put_file, []

    def fail_at_the_third(local, remote):
        sent.append(remote)
        if len(sent) == 3:
            raise PermissionError(13, "Permission denied")
        put_file(local, remote)

    monkeypatch.setattr(type(there), "put_file", lambda self, local, remote: fail_at_the_third(local, remote))
    with pytest.raises(UserError, match=re.escape("memory://signs/out/signs: cannot be written (Permission denied)")):
        write_dataset(lines, "memory://signs/out/signs", GenerateConfig(**knobs))
    assert there.find("/signs/out") == []
    assert write_dataset(lines, "memory://signs/out/signs", GenerateConfig(**knobs)).output_dir.startswith("memory://")
    assert {name.rpartition("/")[2]: there.cat_file(name) for name in there.find("/signs/out")} == here
    assert sent[-1].endswith("dataset.json")
    with pytest.raises(UserError, match="exists and is not an empty folder"):
        write_dataset(lines, "memory://signs/out/signs", GenerateConfig(**knobs))


def test_a_folder_of_folders_is_answered_with_a_glob(stored):
    with pytest.raises(UserError, match=r"^memory://signs/: no picture; .*, such as '(\S+)' for those") as error:
        given_paths(["memory://signs/"], io.StringIO())
    pattern = re.search(r"such as '(\S+)'", str(error.value))[1]
    assert pattern == "memory://signs/**/*.jpg"
    assert len(given_paths([pattern.replace(".jpg", ".png")], io.StringIO())) == len(NAMES)


@pytest.mark.parametrize(
    "flags",
    [
        ["train", "--dataset_dir=memory://records", "--train_log_dir={}/run"],
        ["train", "--dataset_dir=memory://records,{}", "--train_log_dir={}/run"],
        ["train", "--render=words", "--train_log_dir=memory://run"],
    ],
    ids=lambda flags: flags[-1],
)
def test_training_says_that_it_needs_a_folder_here(flags, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([flag.format(tmp_path, tmp_path) for flag in flags]) == 1
    told = [line for line in "".join(capsys.readouterr()).splitlines() if line]
    assert re.search(r"--\w+=memory://\w+: is an address, and this must be a folder of this machine; copy it", told[0])
    assert len(told) == 1
    assert not list(tmp_path.glob("memory*"))
