"""Label files and pictures become a folder of records, whole or not at all."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from attention_ocr.config import GenerateConfig
from attention_ocr.data.parsing import parse_example
from attention_ocr.dataset_spec import DatasetSpec
from attention_ocr.errors import UserError
from attention_ocr.ingest.annotations import Annotation, LabelSource
from attention_ocr.ingest.dataset import write_dataset
from attention_ocr.ingest.formats.registry import read_annotations
from attention_ocr.records import pictures, shards
from attention_ocr.records.examples import write_example
from attention_ocr.records.summary import print_summary

ALL_TRAIN = {"validation_fraction": 0.0, "test_fraction": 0.0}
REFERENCE_FEATURES = {
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/format": tf.io.FixedLenFeature([], tf.string),
    "image/width": tf.io.FixedLenFeature([1], tf.int64),
    "image/orig_width": tf.io.FixedLenFeature([1], tf.int64),
    "image/height": tf.io.FixedLenFeature([1], tf.int64),
    "image/class": tf.io.FixedLenFeature([4], tf.int64),
    "image/unpadded_class": tf.io.VarLenFeature(tf.int64),
    "image/text": tf.io.FixedLenFeature([], tf.string),
}


@pytest.fixture
def labels(tmp_path):
    """Writes `labels.tsv` of (picture, label), a noisy picture of 12 x 6 for each, and reads it."""

    def write(*lines: tuple[str, str], name: str = "labels.tsv", num_views: int = 1) -> list[Annotation]:
        for path, _ in lines:
            for file in filter(None, path.split(",")):
                if not (tmp_path / file).exists():
                    Image.effect_noise((12, 6), 50).save(tmp_path / file)
        (tmp_path / name).write_text("".join(f"{path}\t{text}\n" for path, text in lines), "utf-8")
        return list(read_annotations(LabelSource(str(tmp_path / name), "list", num_views=num_views)))

    return write


def parsed(folder: Path, split: str = "train", features: dict = REFERENCE_FEATURES) -> list[dict]:
    files = DatasetSpec.load(folder).split_files(folder, split)
    return [tf.io.parse_single_example(record, features) for record in tf.data.TFRecordDataset(files)]


def texts(folder: Path, split: str = "train") -> list[str]:
    found = parsed(folder, split, {"image/text": tf.io.FixedLenFeature([], tf.string)})
    return [record["image/text"].numpy().decode() for record in found]


def many(labels, count: int, **kwargs) -> list[Annotation]:
    return labels(*((f"{number:03d}.png", str(number)) for number in range(count)), **kwargs)


def test_a_record_holds_the_reference_keys(labels, tmp_path):
    lines = labels(("a.png", "é a"), ("b.png", "baba"))
    summary = write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(**ALL_TRAIN))
    assert summary.spec.splits["train"].num_examples == 2
    by_text = {record["image/text"].numpy().decode(): record for record in parsed(tmp_path / "out")}
    record = by_text["é a"]
    assert record["image/class"].numpy().tolist() == [3, 0, 1, 4]
    assert record["image/unpadded_class"].values.numpy().tolist() == [3, 0, 1]
    assert record["image/format"].numpy() == b"PNG"
    assert [record[f"image/{key}"].numpy().item() for key in ("height", "width", "orig_width")] == [6, 12, 12]
    assert record["image/encoded"].numpy() == (tmp_path / "a.png").read_bytes()


def test_the_folder_is_a_data_set(labels, tmp_path):
    write_dataset({"train": labels(("a.png", "ab"))}, tmp_path / "signs", GenerateConfig(**ALL_TRAIN))
    names = sorted(path.name for path in (tmp_path / "signs").iterdir())
    assert names == ["charset_size=3.txt", "dataset.json", "train-00000-of-00001"]
    spec = DatasetSpec.load(tmp_path / "signs")
    assert (spec.name, spec.image_shape, spec.max_sequence_length) == ("signs", (6, 12, 3), 2)
    assert json.loads((tmp_path / "signs/dataset.json").read_text())["splits"] == {
        "train": {"pattern": "train-*", "num_examples": 1}
    }


def test_parse_example_works_in_a_graph_and_without_text_or_height():
    record = write_example(b"png", "PNG", 2, 3, 3, [1, 0], 4, 9, "né")
    found = next(iter(tf.data.Dataset.from_tensors(record).map(parse_example)))
    assert (found["encoded"].numpy(), found["text"].numpy().decode()) == (b"png", "né")
    assert found["labels"].numpy().tolist() == [1, 0, 9, 9]
    bare = tf.train.Example.FromString(record)
    for key in ("image/text", "image/height", "image/width", "image/format", "image/unpadded_class"):
        del bare.features.feature[key]
    assert parse_example(bare.SerializeToString())["text"].numpy() == b""


def test_files_that_fit_are_stored_as_they_are_and_others_as_png(labels, tmp_path):
    noise = np.array(Image.effect_noise((12, 6), 50))
    turned = Image.Exif()
    turned[0x0112] = 3
    Image.fromarray(noise).convert("RGB").save(tmp_path / "fits.jpg")
    Image.fromarray(noise).save(tmp_path / "fits.png")
    Image.fromarray(noise).convert("RGB").save(tmp_path / "misnamed.jpg", "PNG")
    Image.fromarray(noise).save(tmp_path / "turned.jpg", exif=turned)
    Image.fromarray(noise).convert("P").save(tmp_path / "palette.png")
    Image.fromarray(noise).convert("RGBA").save(tmp_path / "alpha.png")
    Image.fromarray(noise.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    Image.fromarray(noise).save(tmp_path / "bitmap.bmp")
    Image.fromarray(noise).resize((24, 12)).save(tmp_path / "large.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "fits.png").read_bytes()[:-12])  # Pillow reads it, TensorFlow not.
    lines = labels(*((path.name, path.name) for path in sorted(tmp_path.iterdir())))
    config = GenerateConfig(image_height=6, image_width=12, **ALL_TRAIN)
    write_dataset({"train": lines}, tmp_path / "out", config)
    features = {key: tf.io.FixedLenFeature([], tf.string) for key in ("image/encoded", "image/format", "image/text")}
    as_is = {}
    for record in parsed(tmp_path / "out", features=features):
        name, encoded = record["image/text"].numpy().decode(), record["image/encoded"].numpy()
        as_is[name] = encoded == (tmp_path / name).read_bytes()
        assert record["image/format"].numpy() == (b"JPEG" if name == "fits.jpg" else b"PNG")
        assert tf.io.decode_image(encoded, channels=3).shape == (6, 12, 3)
        image = pictures.open_image(tmp_path / name)
        if image.size == (12, 6) and name != "fits.jpg":
            np.testing.assert_array_equal(tf.io.decode_image(encoded, channels=3), image)
    assert sorted(name for name, same in as_is.items() if same) == ["fits.jpg", "fits.png", "misnamed.jpg"]
    assert len(as_is) == 10


def test_orig_width_is_what_is_not_padding(labels, tmp_path):
    lines = labels(("a.png", "aaaa"))
    config = GenerateConfig(image_height=3, image_width=20, resize="pad", **ALL_TRAIN)
    write_dataset({"train": lines}, tmp_path / "out", config)
    (record,) = parsed(tmp_path / "out")
    assert [record[f"image/{key}"].numpy().item() for key in ("height", "width", "orig_width")] == [3, 20, 6]


def test_views_come_side_by_side_or_one_by_one(labels, tmp_path):
    lines = labels(("both.png", "aaaa"), ("left.png,right.png", "bbbb"), num_views=2)
    config = GenerateConfig(num_views=2, side_by_side=True, **ALL_TRAIN)
    spec = write_dataset({"train": lines}, tmp_path / "out", config).spec
    assert (spec.image_width, spec.image_shape) == (6, (6, 12, 3))
    joined = next(record for record in parsed(tmp_path / "out") if record["image/text"] == b"bbbb")
    left = pictures.open_image(tmp_path / "left.png").resize((6, 6), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(tf.io.decode_image(joined["image/encoded"], channels=3)[:, :6], left)


def test_adding_lines_moves_no_other(labels, tmp_path):
    config = GenerateConfig(validation_fraction=0.2, test_fraction=0.2, on_long="skip", max_sequence_length=3)
    found = []
    for name, count in (("few", 60), ("more", 90)):
        write_dataset({"train": many(labels, count)}, tmp_path / name, config)
        found.append({split: set(texts(tmp_path / name, split)) for split in ("train", "validation", "test")})
    few, more = found
    for split in few:
        assert few[split] == {text for text in more[split] if int(text) < 60}
        assert few[split] < more[split]
    assert sum(map(len, more.values())) == 90


def test_a_share_for_test_moves_nothing_in_validation(labels, tmp_path):
    lines = many(labels, 40)
    held_out = []
    for name, share in (("small", 0.1), ("large", 0.5)):
        write_dataset({"train": lines}, tmp_path / name, GenerateConfig(validation_fraction=0.2, test_fraction=share))
        held_out.append(set(texts(tmp_path / name, "validation")))
    assert held_out[0] == held_out[1] != set()


def test_files_of_their_own_hold_a_split_entirely(labels, tmp_path):
    train = many(labels, 30)
    test = labels(("t.png", "999"), name="test.tsv")
    config = GenerateConfig(validation_fraction=0.0, test_fraction=0.5)
    write_dataset({"train": train, "test": test}, tmp_path / "out", config)
    assert texts(tmp_path / "out", "test") == ["999"]
    assert sorted(map(int, texts(tmp_path / "out"))) == list(range(30))


def test_train_is_mixed_over_shards_of_the_size_asked_for(labels, tmp_path):
    lines = many(labels, 30)
    summary = write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(shard_size=0.002, **ALL_TRAIN))
    files = DatasetSpec.load(tmp_path / "out").split_files(tmp_path / "out", "train")
    assert [Path(file).name for file in files] == [f"train-{n:05d}-of-{len(files):05d}" for n in range(len(files))]
    assert summary.splits["train"].num_shards == len(files) > 2
    assert all(Path(file).stat().st_size <= 2000 for file in files)
    assert sorted(texts(tmp_path / "out")) == sorted(str(number) for number in range(30))
    assert texts(tmp_path / "out") != [str(number) for number in range(30)]


@pytest.fixture
def wrong_charset(tmp_path):
    path = tmp_path / "chars.txt"
    path.write_text("0\ta\n1\tb\n2\t<nul>\n")
    return str(path)


def test_unknown_characters_are_named_or_skipped(labels, tmp_path, wrong_charset):
    lines = labels(("a.png", "ab"), ("b.png", "aë"), ("c.png", "ÿëb"), ("d.png", "ba"))
    expected = (
        f"{tmp_path}/labels.tsv:2: 'aë' has 'ë' (1 of 2 unknown characters: ë ÿ; 2 lines); "
        "add them with --charset_file or --extend_charset, or use --on_unknown=skip or replace"
    )
    with pytest.raises(UserError, match=re.escape(expected)):
        write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(charset_file=wrong_charset, **ALL_TRAIN))
    config = GenerateConfig(charset_file=wrong_charset, on_unknown="skip", **ALL_TRAIN)
    split = write_dataset({"train": lines}, tmp_path / "out", config).splits["train"]
    assert (split.kept, split.dropped["unknown"].count) == (2, 2)
    assert split.dropped["unknown"].examples[0].endswith("labels.tsv:2: 'aë'")
    assert sorted(texts(tmp_path / "out")) == ["ab", "ba"]


def test_long_labels_are_named_or_skipped(labels, tmp_path):
    lines = labels(("a.png", "ab"), ("b.png", "abc"), ("c.png", "abcd"))
    expected = "labels.tsv:2: 'abc' has 3 characters (2 lines above --max_sequence_length=2, the longest has 4)"
    with pytest.raises(UserError, match=re.escape(expected)):
        write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(max_sequence_length=2, **ALL_TRAIN))
    config = GenerateConfig(max_sequence_length=2, on_long="skip", **ALL_TRAIN)
    assert write_dataset({"train": lines}, tmp_path / "out", config).splits["train"].dropped["long"].count == 2
    assert texts(tmp_path / "out") == ["ab"]


def test_bad_pictures_are_named_or_skipped(labels, tmp_path):
    lines = labels(("a.png", "ab"), ("b.png", "cd"), ("c.png", "ef"))
    (tmp_path / "b.png").write_bytes(b"no picture")
    expected = f"labels.tsv:2: 'cd': {tmp_path}/b.png: cannot be read as an image (no format that Pillow knows); "
    with pytest.raises(UserError, match=re.escape(expected)):
        write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(**ALL_TRAIN))
    assert not (tmp_path / "out").exists()
    (tmp_path / "c.png").unlink()
    expected = f"labels.tsv:3: 'ef' there is no picture {tmp_path}/c.png (1 line of 3 without picture); "
    with pytest.raises(UserError, match=re.escape(expected)):
        write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(**ALL_TRAIN))
    summary = write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(on_bad_image="skip", **ALL_TRAIN))
    dropped = summary.splits["train"].dropped
    assert {reason: drop.count for reason, drop in dropped.items()} == {"missing picture": 1, "bad picture": 1}
    assert texts(tmp_path / "out") == ["ab"]


def test_labels_are_looked_at_before_pictures(labels, tmp_path):
    lines = labels(("a.png", "ab"), ("b.png", "abc"))
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"labels\.tsv:2: 'abc' has 3 characters"):
        write_dataset({"train": lines}, tmp_path / "out", GenerateConfig(max_sequence_length=2))


def test_nothing_left_to_train_on_is_an_error_but_an_empty_test_a_warning(labels, tmp_path, capsys):
    lines = labels(("[a].png", "abc"))
    config = GenerateConfig(max_sequence_length=2, on_long="skip", **ALL_TRAIN)
    with pytest.raises(UserError, match=r"no line is left for the split train \(dropped: 1 long\)"):
        write_dataset({"train": lines}, tmp_path / "out", config)
    config = GenerateConfig(validation_fraction=0.0, test_fraction=0.0001, max_sequence_length=3, on_bad_image="skip")
    (tmp_path / "b.png").write_bytes(b"no picture")
    lines = labels(("[a].png", "abc"), ("b.png", "[b]"))
    summary = write_dataset({"train": lines}, tmp_path / "out", config)
    assert list(summary.spec.splits) == ["train"]
    print_summary(summary)
    printed = capsys.readouterr().out
    assert "WARNING: empty" in printed
    assert "1 bad picture" in printed
    assert "1 x 6 x 12 pixels" in printed
    assert f"dropped from train, bad picture: {tmp_path}/labels.tsv:2: {tmp_path}/b.png: cannot be read" in printed


def test_a_folder_that_holds_something_is_left_alone(labels, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/keep").touch()
    with pytest.raises(UserError, match="out: exists and is not an empty folder; remove it or choose another"):
        write_dataset({"train": labels(("a.png", "ab"))}, tmp_path / "out", GenerateConfig())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["keep"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, UserError, MemoryError])
@pytest.mark.parametrize("is_new", [True, False])
def test_nothing_is_left_after_a_failure(labels, tmp_path, monkeypatch, failure, is_new):
    def fail(*_):
        raise failure

    if not is_new:
        (tmp_path / "out").mkdir()
    monkeypatch.setattr(DatasetSpec, "save", fail)
    with pytest.raises(failure):
        write_dataset({"train": labels(("a.png", "ab"))}, tmp_path / "out", GenerateConfig(**ALL_TRAIN))
    assert (tmp_path / "out").exists() != is_new
    assert is_new or not any((tmp_path / "out").iterdir())


def test_a_failure_while_files_move_takes_back_those_that_moved(tmp_path, monkeypatch):
    rename = Path.rename

    def fail_on_b(path: Path, target: Path) -> Path:
        if path.name == "b":
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_on_b)
    with pytest.raises(UserError, match=r"out: cannot be written \(No space left on device\)"):
        stage_two_files(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def stage_two_files(output: Path) -> None:
    with shards.staging(output) as folder:
        (folder / "a").touch()
        (folder / "b").touch()


def test_shares_that_leave_no_train_are_refused():
    with pytest.raises(UserError, match=r"--validation_fraction=0\.5 and --test_fraction=0\.5 leave nothing"):
        GenerateConfig(validation_fraction=0.5, test_fraction=0.5)
    with pytest.raises(UserError, match="--on_long=drop: not one of error, skip"):
        GenerateConfig(on_long="drop")
