"""FSNS records and LMDBs: their labels come with where their pictures are found, damage is marked."""

import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attention_ocr.charset import Charset
from attention_ocr.config import AnnotationConfig, GenerateConfig
from attention_ocr.dataset_spec import Split
from attention_ocr.errors import UserError
from attention_ocr.ingest import stores
from attention_ocr.ingest.annotations import LabelSource
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.ingest.formats import records
from attention_ocr.ingest.formats.registry import label_source, read_annotations
from attention_ocr.ingest.label_files import open_all
from attention_ocr.records import examples, framing, pictures
from attention_ocr.records.example_proto import Example

SAMPLE = Path(__file__).parents[3] / "shared/data/fsns_sample"


@pytest.fixture
def folder(tmp_path, make_spec):
    """An empty folder of a spec in whose splits eval shares files with train and test has none."""
    splits = {"train": Split("train/train-*"), "test": Split("test-*"), "eval": Split("*/*-of-*")}
    make_spec(charset_file="charset_size=6.txt", splits=splits).save(tmp_path)
    return tmp_path


def record(text="", ids=(), picture=b"picture"):
    return examples.write_example(picture, "PNG", 4, 4, 4, ids, 4, 5, text)


def write(path, *contents):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(framing.framed, contents)))


def source_of(path, dataset_name="", **config):
    return label_source(str(path), AnnotationConfig(**config), dataset_name=dataset_name)


def test_records_of_a_folder(folder):
    write(folder / "train/train-00001-of-00002", record("c"))
    write(folder / "train/train-00000-of-00002", record(" ab "), record("", [4, 1, 5]))
    source = source_of(folder)
    assert source.format_name == "records"
    lines = list(read_annotations(source))
    assert [line.text for line in lines] == ["ab", "da", "c"]
    first = folder / "train/train-00000-of-00002"
    assert [line.source for line in lines] == [f"{first}:0", f"{first}:1", f"{folder}/train/train-00001-of-00002:0"]
    assert lines[0].paths == ("train/train-00000-of-00002@0",)
    assert {(line.store, line.image_root, line.ignored) for line in lines} == {("records", folder, "")}
    assert stores.read_bytes(lines[1], lines[1].paths[0]) == b"picture"


@pytest.mark.parametrize(("resize", "size"), [("keep_height", (7, 8)), ("pad", (7, 4)), ("stretch", (20, 8))])
def test_padding_is_left_out(tmp_path, make_spec, resize, size):
    """Records made from records would otherwise take the padding of the first for picture."""
    make_spec(charset_file="charset_size=6.txt", resize=resize, splits={"train": Split("train-*")}).save(tmp_path)
    picture = np.zeros([8, 20, 3], "uint8")
    picture[2:6, :7] = 200
    encoded = examples.write_example(png(picture), "PNG", 8, 20, 7, [1], 4, 5, "a", 4 if resize == "pad" else None)
    write(tmp_path / "train-00000-of-00001", encoded)
    (line,) = read_annotations(source_of(tmp_path))
    found = pictures.open_image(stores.read_bytes(line, line.paths[0]))
    assert found.size == size
    assert resize != "pad" or np.asarray(found).min() == 200


NOISE = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_splits_of_a_folder(folder):
    write(folder / "train/train-00000-of-00002", record("a"))
    write(folder / "train/train-00001-of-00002", record("b"))
    source = source_of(folder)
    assert records.split_names(source) == ["train"]  # eval's files are train's
    write(folder / "eval/eval-00000-of-00001", record("c"))
    assert records.split_names(source) == ["train", "eval"]
    assert [line.text for line in records.read_records_split(source, "train")] == ["a", "b"]
    assert [line.text for line in records.read_records_split(source, "eval")] == ["c"]
    assert [line.text for line in read_annotations(source)] == ["c", "a", "b"]
    with pytest.raises(
        UserError, match="^" + re.escape(f"{folder}: has no records of the split 'test'; it has the spl")
    ):
        next(records.read_records_split(source, "test"))


def test_records_without_a_spec(folder):
    (folder / "dataset.json").unlink()
    write(folder / "train/train-00000-of-00001", record("a"))
    write(folder / "test-00000-of-00001", record("b"))
    assert [line.text for line in read_annotations(source_of(folder))] == ["b", "a"]
    assert records.split_names(source_of(folder)) == ["test", "train"]
    assert "num_views" not in records.knobs_of(source_of(folder))


def test_one_record_file(folder):
    (folder / "dataset.json").unlink()
    write(folder / "signs-00000-of-00001", record("", [1, 5, 5, 5]))
    write(folder / "other-00000-of-00001", record("b"))
    source = source_of(folder / "signs-00000-of-00001")
    assert source.format_name == "records"
    (line,) = read_annotations(source)
    assert (line.text, line.paths, line.image_root) == ("a", ("signs-00000-of-00001@0",), folder)
    assert records.split_names(source) == ["signs"]
    assert stores.read_bytes(line, line.paths[0]) == b"picture"


def test_the_image_root_of_records_is_their_folder(folder):
    write(folder / "train/train-00000-of-00001", record("a"))
    assert next(read_annotations(source_of(folder, image_root="/else"))).image_root == folder


def test_damaged_records_are_marked(folder):
    path = folder / "train/train-00000-of-00001"
    latin = bytearray(record("ZZZ"))
    latin[latin.index(b"ZZZ")] = 0xE9
    write(path, record("a"), b"\xff\xff", bytes(latin), record("", [4, 6]), record("", [-1]), record(), record("b"))
    content = bytearray(path.read_bytes())
    content[content.index(b"picture")] ^= 1  # of the first record
    path.write_bytes(bytes(content) + b"rest")
    lines = list(read_annotations(source_of(folder)))
    assert [line.source.rpartition(":")[2] for line in lines] == list("01234567")
    assert [line.text for line in lines] == [""] * 6 + ["b", ""]
    faults = [line.ignored.partition(" (")[0] for line in lines]
    assert "not a tf.train.Example" in faults.pop(1)
    assert faults == [
        "damaged: its checksum is wrong: bytes have changed",
        "damaged: its image/text is not UTF-8",
        "damaged: its image/class is not of the charset's 6 classes",
        "damaged: its image/class is not of the charset's 6 classes",
        "",  # it is another's business that it has no label
        "",
        "damaged: the file ends within it",
    ]


@pytest.mark.parametrize(
    ("key", "kind", "values", "fault"),
    [
        ("encoded", "int64", [3], "damaged: it has no image/encoded"),
        ("text", "int64", [3], "damaged: its image/text is not UTF-8 (3)"),
        ("class", "bytes", [b"a"], "damaged: its image/class is not of the charset's 6 classes"),
        ("class", "float", [1.0], "damaged: its image/class is not of the charset's 6 classes"),
        ("orig_width", "int64", [], ""),
        ("orig_width", "float", [3.0], ""),
        ("orig_width", "bytes", [b"3"], ""),
        ("orig_height", "bytes", [b"3"], ""),
    ],
)
def test_values_of_another_kind_are_marked_or_do_not_matter(tmp_path, make_spec, key, kind, values, fault):
    make_spec(charset_file="charset_size=6.txt", resize="pad", splits={"train": Split("train-*")}).save(tmp_path)
    example = Example.FromString(record("" if key == "class" else "a", [1], png(np.zeros([4, 4, 3], "uint8"))))
    feature = example.features.feature[f"image/{key}"]
    feature.Clear()
    getattr(feature, f"{kind}_list").SetInParent()
    getattr(feature, f"{kind}_list").value.extend(values)
    write(tmp_path / "train-00000-of-00001", example.SerializeToString())
    (line,) = read_annotations(source_of(tmp_path))
    assert line.ignored == fault
    if not fault:
        assert pictures.open_image(stores.read_bytes(line, line.paths[0])).size == (4, 4)


def test_records_without_a_label_are_left_out_unless_asked_for(folder, tmp_path_factory):
    write(folder / "train/train-00000-of-00001", record("a", [1], png(NOISE)), record("", [], png(NOISE[::-1])))
    output = tmp_path_factory.mktemp("out")
    knobs = {"image_height": 4, "image_width": 4, "validation_fraction": 0.0, "test_fraction": 0.0}
    for policy, kept in ((None, 1), ("skip", 1), ("keep", 2)):
        given = knobs | ({"on_empty": policy} if policy else {})
        lines, found = open_all({"train": str(folder)}, AnnotationConfig(), given)
        split = write_dataset(lines, output / str(policy), GenerateConfig(**found)).splits["train"]
        assert (split.kept, [tally.count for tally in split.dropped.values()]) == (kept, [1] if kept == 1 else [])
    lines, found = open_all({"train": str(folder)}, AnnotationConfig(), {"on_empty": "error", **knobs})
    with pytest.raises(UserError, match=r"train-00000-of-00001@\d+' has no label \(1 of 2 lines\); write one"):
        write_dataset(lines, output / "error", GenerateConfig(**found))


def test_a_record_of_too_many_pixels_is_not_decoded_to_cut_its_padding_off(tmp_path, make_spec):
    make_spec(charset_file="charset_size=6.txt", resize="pad", splits={"train": Split("train-*")}).save(tmp_path)
    write(tmp_path / "train-00000-of-00001", record("a", [1], png(NOISE)))
    (line,) = read_annotations(source_of(tmp_path))
    with pytest.raises(UserError, match="@0: has 4 x 4 = 16 pixels, more than --max_pixels=15; "):
        stores.read_bytes(line, line.paths[0], max_pixels=15)


def test_a_record_without_a_picture_is_marked(folder):
    write(folder / "train/train-00000-of-00001", b"")
    (line,) = read_annotations(source_of(folder))
    assert line.ignored == "damaged: it has no image/encoded"


def test_what_is_missing_around_records_is_named(folder):
    source = source_of(folder)
    with pytest.raises(
        UserError, match=re.escape(f"{folder}: has no record file; name them like train-00000-of-00001")
    ):
        list(read_annotations(source))
    (folder / "dataset.json").unlink()
    source = LabelSource(str(folder), "records")
    Charset.from_labels(["a"]).to_file(folder / "charset_size=2.txt")
    message = f"{folder}: has no dataset.json, so one charset file charset_size=*.txt must be there, not: "
    with pytest.raises(UserError, match=re.escape(f"{message}charset_size=2.txt, charset_size=6.txt; or name")):
        list(read_annotations(source))
    for path in folder.glob("charset*"):
        path.unlink()
    with pytest.raises(UserError, match=re.escape(f"{message}none; or name a known data set with --dataset_name")):
        list(read_annotations(source))


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="needs shared/data/fsns_sample")
def test_real_records(tmp_path):
    source = source_of(SAMPLE, "fsns_sample")
    lines = list(read_annotations(source))
    assert (source.format_name, len(lines)) == ("records", 5)
    assert records.split_names(source) == ["train"]
    assert records.knobs_of(source)["num_views"] == 4
    assert all(line.text and not line.ignored for line in lines)
    assert stores.read_bytes(lines[4], lines[4].paths[0]).startswith(b"\x89PNG")
    copy = tmp_path / "fsns"
    shutil.copytree(SAMPLE, copy)
    assert [line.text for line in read_annotations(source_of(copy))] == [line.text for line in lines]


@pytest.fixture
def make_lmdb(tmp_path):
    lmdb = pytest.importorskip("lmdb")

    def make(values):
        folder = tmp_path / "words"
        with lmdb.open(str(folder), map_size=1 << 20) as environment, environment.begin(write=True) as transaction:
            for key, value in values.items():
                transaction.put(key.encode(), value)
        return folder

    return make


def test_lmdb(make_lmdb):
    labels = ["Rue Zoë", ' "a", b\\ ', "京"]
    values = {f"label-{number:09d}": label.encode() for number, label in enumerate(labels, start=1)}
    folder = make_lmdb({"num-samples": b"3", **values, "image-000000001": b"one", "image-000000002": b"two"})
    source = source_of(folder)
    assert source.format_name == "lmdb"
    lines = []
    for line in read_annotations(source):
        lines.append(line)
        if len(lines) < 3:  # while the labels are read
            assert stores.read_bytes(line, line.paths[0]) == (b"one", b"two")[len(lines) - 1]
    assert [line.text for line in lines] == ["Rue Zoë", '"a", b\\', "京"]
    assert (lines[2].paths, lines[2].source, lines[2].store) == (("image-000000003",), f"{folder}:3", "lmdb")
    assert [line.text for line in read_annotations(source)] == [line.text for line in lines]
    with pytest.raises(UserError, match="has no key image-000000003"):
        stores.read_bytes(lines[2], lines[2].paths[0])


def test_a_label_of_an_lmdb_may_be_empty(make_lmdb):
    folder = make_lmdb({"num-samples": b"2", "label-000000001": b"A", "label-000000002": b" "})
    assert [(line.text, line.ignored) for line in read_annotations(source_of(folder))] == [("A", ""), ("", "")]


def test_the_image_root_of_an_lmdb_is_its_folder(make_lmdb):
    folder = make_lmdb({"num-samples": b"1", "label-000000001": b"A"})
    assert next(read_annotations(source_of(folder, image_root="/else"))).image_root == str(folder)


def test_an_lmdb_is_opened_once_by_whatever_name(make_lmdb, monkeypatch):
    folder = make_lmdb({"num-samples": b"0"})
    monkeypatch.chdir(folder.parent)
    assert stores.environment(folder) is stores.environment("words") is stores.environment(f"{folder}/")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            {"label-000000001": b"A"},
            "has no key num-samples; it is not an LMDB of num-samples, image-... and label-...",
        ),
        ({"num-samples": b"x"}, "num-samples is b'x'; it must be a whole number in decimal digits"),
        (
            {"num-samples": b"2", "label-000000001": b"A"},
            "has no key label-000000002, though num-samples counts it; write it, or lower num-samples",
        ),
        (
            {"num-samples": b"1", "label-000000001": b"\xe9"},
            "label-000000001 is not UTF-8 (b'\\xe9'); write it as UTF-8",
        ),
        ({"num-samples": b"9" * 5000}, f"num-samples is b'{'9' * 58}; it must be a whole number in decimal digits"),
        ({"num-samples": b"0"}, "has no line with a picture and a label"),
    ],
)
def test_what_is_wrong_in_an_lmdb_is_named(make_lmdb, values, problem):
    folder = make_lmdb(values)
    with pytest.raises(UserError, match="^" + re.escape(f"{folder}: {problem}") + "$"):
        list(read_annotations(source_of(folder)))


def test_what_is_no_lmdb_is_named(tmp_path):
    pytest.importorskip("lmdb")
    (tmp_path / "data.mdb").write_bytes(b"no LMDB" * 1000)
    with pytest.raises(UserError, match="^" + re.escape(f"{tmp_path}: cannot be opened as an LMDB (")):
        list(read_annotations(source_of(tmp_path)))
