"""A job that needs what is not installed says in one line which extra brings it."""

import importlib.resources
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from attention_ocr import extras
from attention_ocr.__main__ import JOBS

# A Python in which what a base install lacks cannot be imported.
BARE = """
import importlib.machinery, sys
from attention_ocr import extras
find = importlib.machinery.PathFinder.find_spec
def find_spec(name, path=None, target=None):
    top = name.partition(".")[0]
    return None if extras.extra_of(top) and top not in {kept!r} else find(name, path, target)
importlib.machinery.PathFinder.find_spec = find_spec
from attention_ocr.__main__ import main
sys.exit(max(main(arguments) for arguments in {commands!r}))
"""
INSTALLED = ("fontpkg", "fontpkg_arimo", "fontpkg_roboto")

# Enough flags of each job that it begins to work.
NEED_TRAIN = {
    "generate_tfrecords": ["--annotations={here}/labels.tsv", "--output_dir={here}/records"],
    "render_signs": ["--output_dir={here}/signs"],
    "render_words": ["--sheet={here}/sheet.png"],
    "validate_dataset": ["--dataset_dir={here}"],
    "train": ["--dataset_dir={here}", "--split_name=test", "--train_log_dir={here}/run"],
    "eval": ["--dataset_dir={here}", "--checkpoint=words"],
    "export": ["--checkpoint=words", "--export_dir={here}/export"],
    "import_checkpoint": [
        *("--tf1_checkpoint={here}/model.ckpt", "--output={here}/model.keras"),
        *("--num_views=4", "--image_height=150", "--image_width=150"),
    ],
}
FILES = ["charset.txt", "dataset.json", "labels.tsv", "test-0"]
NEED_SERVE = {"serve": []}
READ = ("demo_inference", "read", "ready", "build_text_model", "compare")


def run_bare(*commands, kept=INSTALLED):
    code = BARE.format(kept=kept, commands=list(commands))
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)


def test_every_job_is_here():
    assert {*NEED_TRAIN, *NEED_SERVE, *READ} == set(JOBS)


@pytest.fixture
def here(tmp_path):
    (tmp_path / "labels.tsv").write_text("a.png\tone\n")
    spec = {"name": "words", "num_views": 1, "image_height": 32, "image_width": 64, "max_sequence_length": 4}
    more = {"null_code": 1, "charset_file": "charset.txt", "splits": {"test": {"pattern": "test-*"}}}
    (tmp_path / "dataset.json").write_text(json.dumps(spec | more))
    (tmp_path / "charset.txt").write_text("0\ta\n1\t<nul>\n")
    (tmp_path / "test-0").write_bytes(b"")
    return tmp_path


def test_jobs_that_need_more_say_which_extra_in_one_line(here):
    needed = NEED_TRAIN | NEED_SERVE
    flags = {job: [flag.format(here=here) for flag in given] for job, given in needed.items()}
    told = run_bare(*([job, *given] for job, given in flags.items()))
    lines = told.stderr.splitlines()
    assert told.returncode == 1
    assert len(lines) == len(needed), told.stderr
    for job, line in zip(needed, lines, strict=True):
        extra = "serve" if job in NEED_SERVE else "train"
        wanted = rf"error: {job}: needs \w+, which is not installed: pip install 'attention-ocr\[{extra}\]'"
        assert re.fullmatch(wanted, line), line
    assert sorted(path.name for path in here.iterdir()) == FILES


def test_every_job_tells_its_flags_without_them():
    told = run_bare(*([job, "--help"] for job in JOBS))
    assert (told.returncode, told.stderr) == (0, "")


def test_backends_that_are_not_installed_are_told(tmp_path):
    given = ["demo_inference", f"--image_path_pattern={tmp_path}/*.png", "--checkpoint=words"]
    (tmp_path / "a.png").write_bytes(b"")
    told = run_bare([*given, "--backend=keras"], [*given, "--backend=openvino"], [*given[:2], "--checkpoint=ppocr"])
    assert [line.partition(": pip")[0] for line in told.stderr.splitlines()] == [
        "error: --backend=keras: needs keras, which is not installed",
        "error: --backend=openvino: needs openvino, which is not installed",
        "error: ppocr: needs rapidocr, which is not installed",
    ]


def test_what_spreads_the_work_or_reaches_a_store_is_told_where_it_is_missing(here):
    given = ["generate_tfrecords", f"--output_dir={here}/records"]
    commands = ([*given, f"--annotations={here}/labels.tsv", "--engine=ray"], [*given, "--annotations=s3://a/b.tsv"])
    told = run_bare(*commands, kept=(*INSTALLED, *extras.EXTRAS["train"]))
    assert told.stderr.splitlines() == [
        "error: --engine=ray: needs ray, which is not installed: pip install 'attention-ocr[ray]'",
        "error: s3://a/b.tsv: needs fsspec, which is not installed: pip install 'attention-ocr[remote]'",
    ]
    assert sorted(path.name for path in here.iterdir()) == FILES


def test_a_module_that_no_extra_brings_is_no_extras_fault():
    assert extras.missing(ModuleNotFoundError("No module named 'keras.x'", name="keras.x"), "train")
    assert extras.missing(ModuleNotFoundError("No module named 'attention_ocr.x'", name="attention_ocr.x"), "x") is None


def test_extras_are_those_of_the_package():
    told = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    brought = {"fontpkg", "jaxlib", "starlette"}  # by other packages, or as several
    packages = {"cv2": "opencv-python-headless", "fontTools": "fonttools", "yaml": "pyyaml"}
    for extra, modules in extras.EXTRAS.items():
        needed = [re.match(r"[\w-]+", line)[0] for line in told["optional-dependencies"][extra]]
        named = {packages.get(module, module.replace("_", "-")) for module in modules} - brought
        assert named <= set(needed)
        base = [re.match(r"[\w-]+", line)[0] for line in told["dependencies"]]
        assert not named & set(base)


def test_pictures_are_read_and_shown_without_them(tmp_path):
    (font,) = Path(str(importlib.resources.files("fontpkg_roboto"))).glob("files/Roboto[[]*")
    picture = Image.new("RGB", (130, 60), "white")
    ImageDraw.Draw(picture).text((65, 30), "Hello", "black", ImageFont.truetype(font, 40), anchor="mm")
    picture.save(tmp_path / "hello.png")
    pattern = f"--image_path_pattern={tmp_path}/*.png"
    told = run_bare(
        ["demo_inference", pattern, "--checkpoint=words", f"--visualize={tmp_path / 'seen'}"],
        ["demo_inference", pattern, "--checkpoint=words", "--characters=letters", "--ignore_case"],
        ["read", "--model=words", str(tmp_path / "hello.png")],
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert [line.split("\t")[1] for line in told.stdout.splitlines()] == ["Hello", "HELLO", "Hello"]
    with Image.open(tmp_path / "seen" / "hello.png") as seen:
        assert seen.width > picture.width
