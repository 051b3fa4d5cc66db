"""Every entry of datasets/ is whole, and the command in its README writes what its dataset.json says."""

import importlib
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from absl import flags
from PIL import Image

from attention_ocr import dataset_spec
from attention_ocr.__main__ import JOBS, main
from attention_ocr.charset import Charset
from attention_ocr.dataset_spec import DatasetSpec, known_datasets

ROOT = Path(__file__).parents[2]
DATASETS = ROOT / "datasets"
PICTURES = ROOT.parent / "shared" / "data"
MOST_PICTURES = 300


def command(folder):
    """The flags of the README's generate_tfrecords, as a shell would give them to it; its lines may end in \\."""
    text = (folder / "README.md").read_text("utf-8").replace("\\\n", " ")
    (found,) = re.findall(r"^    attention-ocr generate_tfrecords (.*)$", text, re.MULTILINE)
    return shlex.split(found)


def entry(name):
    return json.loads((DATASETS / name / "dataset.json").read_text("utf-8"))


def written(name, folders, tmp_path):
    """The dataset.json that a README's command writes, without checksum, and the counts; `folders`: there -> here."""
    places = {f"{name}/": f"{folder}/" for name, folder in folders.items()}
    places |= {"datasets/": f"{DATASETS}/", "data/": f"{tmp_path}/made/"}
    arguments = []
    for argument in command(DATASETS / name):
        flag, _, value = argument.partition("=")
        start = next((place for place in places if value.startswith(place)), "")
        arguments.append(f"{flag}={places[start]}{value.removeprefix(start)}" if start else argument)
    assert main(["generate_tfrecords", *arguments]) == 0
    values = json.loads((tmp_path / "made" / name / "dataset.json").read_text("utf-8"))
    counts = {split: found.pop("num_examples") for split, found in values["splits"].items()}
    digest = values.pop("charset_sha256")
    assert digest == Charset.from_file(tmp_path / "made" / name / values["charset_file"]).digest
    return values, counts


@pytest.mark.parametrize("path", known_datasets(), ids=lambda path: path.parent.name)
def test_an_entry_is_a_spec(path, tmp_path):
    values = json.loads(path.read_text("utf-8"))
    classes = int(re.fullmatch(r"charset_size=(\d+)\.txt", values["charset_file"])[1])
    charset = Charset.from_labels([chr(0x4E00 + number) for number in range(classes - 1)])
    charset.to_file(tmp_path / values["charset_file"])
    spec = DatasetSpec.load(tmp_path, path.parent.name)
    assert spec.name == path.parent.name
    assert "train" in spec.splits
    assert (path.parent / "README.md").is_file()


def test_the_template_has_every_key():
    spec = DatasetSpec("any", 1, 1, 1, 1, Charset.from_labels(["a"]))
    keys = set(spec.to_dict()) - {"charset"}
    assert set(entry("newtextdataset")) == keys
    explained = (DATASETS / "README.md").read_text("utf-8")
    assert [key for key in (*keys, "charset_sha256") if f"`{key}`" not in explained] == []


def test_readmes_name_flags_that_there_are():
    known = set(re.findall(r'flags\.DEFINE_\w+\("(\w+)"', (DATASETS / "fsns" / "prepare.py").read_text("utf-8")))
    for job in JOBS:
        values = flags.FlagValues()
        importlib.import_module(f"attention_ocr.jobs.{job}").define_flags(values)
        known |= set(values)
    for path in DATASETS.glob("**/README.md"):
        assert set(re.findall(r"--([a-z_]+)", path.read_text("utf-8"))) <= known, path


@pytest.mark.parametrize("name", ["captchas", "chinese_lines"])
def test_the_command_on_the_pictures(name, tmp_path):
    if not (PICTURES / name).is_dir():
        pytest.skip(f"{PICTURES / name} is not here")
    values, counts = written(name, {name: PICTURES / name}, tmp_path)
    assert values == entry(name)
    told = (DATASETS / name / "README.md").read_text("utf-8")
    assert f"{counts['train']} train, {counts['validation']} validation and {counts['test']} test records" in told


def test_the_command_on_the_layout_of_synth90k(tmp_path):
    release = tmp_path / "90kDICT32px"
    lines = {"train": [], "val": [], "test": []}
    for number, word in enumerate(("Lube", "SLINKING", "chiffoniers", "Q7", "Mercerised", "hats")):
        path = f"./{number}/1/{number}_{word}_{45484 + number}.jpg"
        (release / path).parent.mkdir(parents=True)
        Image.new("L", (20 + 15 * len(word), 31), 40 * number).save(release / path)
        lines[("train", "train", "train", "val", "test", "train")[number]].append(f"{path} {45484 + number}\n")
    (release / "5/1/5_hats_45489.jpg").write_bytes(b"")  # damaged, as a few of the release are
    for split, found in lines.items():
        (release / f"annotation_{split}.txt").write_text("".join(found))
    values, counts = written("synth90k", {"90kDICT32px": release}, tmp_path)
    assert values == entry("synth90k")
    assert counts == {"train": 3, "validation": 1, "test": 1}
    made, given = (folder / values["charset_file"] for folder in (tmp_path / "made/synth90k", DATASETS / "synth90k"))
    assert Charset.from_file(made) == Charset.from_file(given)


def test_the_command_on_the_layout_of_art(tmp_path):
    release = tmp_path / "ArT"
    (release / "train_images").mkdir(parents=True)
    photographs = {}
    for number in range(40):  # enough that each split gets some
        Image.effect_noise((200, 120), 60 + number).convert("RGB").save(release / "train_images" / f"gt_{number}.jpg")
        photographs[f"gt_{number}"] = [
            region("Bakery", [[10, 10], [60, 5], [110, 10], [110, 40], [60, 35], [10, 40]]),
            region("Open 24h!", [[10, 60], [90, 60], [90, 90], [10, 90]]),
            region("咖啡馆", [[120, 10], [190, 10], [190, 40], [120, 40]], "Chinese"),
            region("###", [[120, 60], [190, 60], [190, 90], [120, 90]], illegibility=True),
        ]
    (release / "train_labels.json").write_text(json.dumps(photographs))
    values, counts = written("icdar_art", {"ArT": release}, tmp_path)
    assert values == entry("icdar_art")
    assert sum(counts.values()) == 80
    assert all(count % 2 == 0 for count in counts.values())


def test_the_commands_of_the_table_write_as_many_records_as_it_says(tmp_path, capsys):
    """Of the sets with few pictures; the others take minutes together."""
    readme = (DATASETS / "README.md").read_text("utf-8").replace("\\\n", " ")
    rows = re.findall(r"\| (\d+) / (\S+) / (\S+) \|", readme)
    commands = re.findall(
        r"^attention-ocr generate_tfrecords --output_dir=data/NAME +(--annotations=.*)$", readme, re.M
    )
    assert len(rows) == len(commands) == 13
    for number, (flags_of_row, counts) in enumerate(zip(commands, map(list, rows), strict=True)):
        if not (PICTURES / re.match(r"--annotations=(\w+)", flags_of_row)[1]).is_dir():
            pytest.skip(f"{PICTURES} has not all of them")
        if sum(int(count) for count in counts if count != "-") > MOST_PICTURES:
            continue
        arguments = re.sub(r"(annotations|charset_file)=", rf"\1={PICTURES}/", flags_of_row).split()
        assert main(["generate_tfrecords", f"--output_dir={tmp_path}/{number}", *arguments]) == 0
        splits = json.loads((tmp_path / str(number) / "dataset.json").read_text("utf-8"))["splits"]
        made = [
            str(splits[name]["num_examples"]) if name in splits else "-" for name in ("train", "validation", "test")
        ]
        assert made == counts, flags_of_row
        capsys.readouterr()


def region(text, points, language="Latin", illegibility=False):
    return {"transcription": text, "points": points, "language": language, "illegibility": illegibility}


def test_a_copy_of_the_template_serves_records_without_a_spec(tiny_dataset, tmp_path, monkeypatch, capsys):
    folder, mine = tmp_path / "records", tmp_path / "datasets" / "mine" / "dataset.json"
    shutil.copytree(tiny_dataset, folder)
    values = json.loads((folder / "dataset.json").read_text("utf-8"))
    (folder / "dataset.json").unlink()
    mine.parent.mkdir(parents=True)
    mine.write_text(json.dumps({key: values[key] for key in entry("newtextdataset")}))
    monkeypatch.setattr(dataset_spec, "known_datasets", lambda: [mine])
    assert main(["validate_dataset", f"--dataset_dir={folder}", "--dataset_name=mine"]) == 0
    assert capsys.readouterr().out.endswith("VALID\n")
