"""The label files that people have, through the job: what they mean is in the records, what is odd is told."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from attention_ocr.__main__ import main
from attention_ocr.charset import Charset
from attention_ocr.records.examples import values_of
from attention_ocr.records.framing import read_records

TEXTS = ["Rue du Lac", "Alpha", "Beta 12", "Quai"]
POINTS = [[2, 2], [30, 2], [30, 14], [2, 14]]
FORMAT = "--annotation_format="


def picture(seed, mode="RGB"):
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 40, 3), np.uint8)
    return Image.fromarray(pixels).convert(mode)


def lines(pattern):
    return "".join(pattern.format(n=n, text=text) + "\n" for n, text in enumerate(TEXTS))


def words(*names):
    """Pictures of these names, `{n}` in them a number."""
    return {name.format(n=n): picture(n) for name in names for n in range(len(TEXTS))}


def region(text):
    return {"transcription": text, "points": POINTS, "difficult": False}


PAGE = (
    '<PcGts xmlns="http://x/2019-07-15"><Page imageFilename="p.png"><TextRegion><TextLine id="l"><Coords '
    'points="2,2 30,2 30,14 2,14"/><TextEquiv><Unicode>Alpha</Unicode></TextEquiv></TextLine></TextRegion></Page>'
    "</PcGts>"
)
ALTO = (
    '<alto><Layout><Page><TextLine HPOS="2" VPOS="2" WIDTH="28" HEIGHT="12"><String CONTENT="Alpha"/></TextLine></Page>'
    "</Layout></alto>"
)
SHAPES = {"shapes": [{"label": "Alpha", "points": POINTS, "shape_type": "polygon"}], "imagePath": "p.png"}
TEXTOCR = {
    "imgs": {"a": {"file_name": "train/p.png"}},
    "anns": {"a_1": {"image_id": "a", "utf8_string": "Alpha", "points": [n for point in POINTS for n in point]}},
}
MMOCR = {"data_list": [{"img_path": f"{n}.png", "instances": [{"text": text}]} for n, text in enumerate(TEXTS)]}
IAM = "".join(f"a01-000u-00-0{n} ok 154 1 2 3 4 AT {text.replace(' ', '|')}\n" for n, text in enumerate(TEXTS))

# Files, what --annotations names, the job's flags, the texts of the records, words that are printed.
READ = {
    "pandas' index": (
        {"l.csv": ",filename,words\n" + lines("{n},{n}.png,{text}"), **words("{n}.png")},
        "l.csv",
        [],
        TEXTS,
        [],
    ),
    "pandas' index, the picture's column named": (
        {"l.csv": ",filename,words\n" + lines("{n},{n}.png,{text}"), **words("{n}.png")},
        "l.csv",
        ["--image_column=filename"],
        TEXTS,
        [],
    ),
    "an engine's reading beside the truth": (
        {
            f"x/{n}{suffix}": text
            for n, text in enumerate(TEXTS)
            for suffix, text in ((".gt.txt", text), (".txt", "0CR"))
        }
        | words("x/{n}.png"),
        "x",
        [],
        TEXTS,
        ["4 two text files, .gt.txt taken"],
    ),
    "OCRopus": ({f"x/{n}.gt.txt": text for n, text in enumerate(TEXTS)} | words("x/{n}.bin.png"), "x", [], TEXTS, []),
    "PAGE XML": ({"x/p.xml": PAGE, "x/p.png": picture(0)}, "x", [], ["Alpha"], ["PAGE XML or ALTO XML"]),
    "ALTO XML": ({"x/p.xml": ALTO, "x/p.png": picture(0)}, "x", [], ["Alpha"], []),
    "PPOCRLabel": (
        {"x/Label.txt": "x/p.png\t" + json.dumps([region("Alpha"), region("Quai")]), "x/p.png": picture(0)},
        "x/Label.txt",
        ["--image_root=."],
        ["Alpha", "Quai"],
        ["(PPOCRLabel, WildReceipt)"],
    ),
    "MLT": ({"gt.txt": lines("{n}.png,Latin,{text}"), **words("{n}.png")}, "gt.txt", [], TEXTS, []),
    "MLT as CSV": ({"gt.csv": lines("{n}.png,Latin,{text}"), **words("{n}.png")}, "gt.csv", [], TEXTS, []),
    "a heading with tabs": (
        {"l.tsv": "id\tfilename\ttext\n" + lines("{n}\t{n}.png\t{text}"), **words("{n}.png")},
        "l.tsv",
        [],
        TEXTS,
        [],
    ),
    "EasyOCR": (
        {"l.csv": 'filename,words\n0.png,A, B\n1.png,"quoted" word\n2.png,Quai\n', **words("{n}.png")},
        "l.csv",
        [],
        ["A, B", '"quoted" word', "Quai"],
        ["2 label to the end of its line", "l.csv:2: 'A, B'"],
    ),
    "docTR": (
        {"l.json": json.dumps({f"{n}.png": text for n, text in enumerate(TEXTS)}), **words("images/{n}.png")},
        "l.json",
        [],
        TEXTS,
        [],
    ),
    "MMOCR": ({"l.json": json.dumps(MMOCR), **words("imgs/{n}.png")}, "l.json", ["--image_root=imgs"], TEXTS, []),
    "PaddleOCR's lists of paths": (
        {"l.txt": '["0.png", "1.png"]\tAlpha\n["2.png", "3.png"]\tQuai\n', **words("{n}.png")},
        "l.txt",
        [],
        ["Alpha", "Alpha", "Quai", "Quai"],
        [],
    ),
    "TextOCR": ({"l.json": json.dumps(TEXTOCR), "train/p.png": picture(0)}, "l.json", [], ["Alpha"], ["TextOCR"]),
    "LabelMe": ({"x/p.json": json.dumps(SHAPES), "x/p.png": picture(0)}, "x", [], ["Alpha"], []),
    "IAM": ({"words.txt": IAM, **words("words/a01/a01-000u/a01-000u-00-0{n}.png")}, "words.txt", [], TEXTS, []),
    "empty labels skipped": (
        {"l.tsv": "0.png\tAlpha\n1.png\t\n2.png\n", **words("{n}.png")},
        "l.tsv",
        ["--on_empty=skip"],
        ["Alpha"],
        ["2 empty", "dropped from train, empty: l.tsv:2: '1.png'"],
    ),
    "empty labels kept": (
        {"l.tsv": "0.png\tAlpha\n1.png\t\n", **words("{n}.png")},
        "l.tsv",
        ["--on_empty=keep"],
        ["Alpha", ""],
        [],
    ),
    "Hebrew": (
        {"l.tsv": "0.png\t\u05d0\u05d1\n1.png\tAlpha\n", **words("{n}.png")},
        "l.tsv",
        [],
        ["\u05d0\u05d1", "Alpha"],
        ["1 right to left", "1 of 2 labels run right to left"],
    ),
    "a label far longer": (
        {"l.tsv": f"0.png\tabc\n1.png\t{'a' * 99}\n2.png\tab\n", **words("{n}.png")},
        "l.tsv",
        [],
        ["abc", "a" * 99, "ab"],
        ["WARNING: the longest label has 99 characters (l.tsv:2), all but 1 have at most 3;"],
    ),
    "one colour": (
        {"l.tsv": "0.png\tAlpha\nb.png\tAlpha\n", "0.png": picture(0), "b.png": Image.new("L", (40, 16))},
        "l.tsv",
        [],
        ["Alpha", "Alpha"],
        ["1 one colour", "b.png shows nothing: it is of one colour"],
    ),
}


@pytest.fixture
def job(tmp_path, monkeypatch, capsys):
    """A function that writes files, runs the job there with flags, and gives its status and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(files, annotations, flags):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str | bytes):
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            else:
                content.save(path)
        all_train = ["--validation_fraction=0", "--test_fraction=0"]
        status = main(["generate_tfrecords", f"--annotations={annotations}", "--output_dir=out", *all_train, *flags])
        return status, capsys.readouterr()

    return run


def records(folder):
    return [values_of(record.data) for path in folder.glob("train-*") for record in read_records(path)]


@pytest.mark.parametrize("kind", READ)
def test_label_files_that_are_read(job, tmp_path, kind):
    files, annotations, flags, texts, printed = READ[kind]
    status, told = job(files, annotations, flags)
    assert status == 0, told.err
    assert sorted(values["image/text"][0].decode() for values in records(tmp_path / "out")) == sorted(texts)
    for words_told in printed:
        assert words_told in told.out


@pytest.mark.parametrize(
    ("files", "annotations", "flags", "error"),
    [
        ({"l.txt": lines("{n}.png\t{text}\t0.98"), **words("{n}.png")}, "l.txt", [],
         r"l.txt:1: 'Rue du Lac\t0.98' has a tab, which no picture shows (4 of 4 lines); "),
        ({"l.csv": lines("{n}.png,{text},0.98"), **words("{n}.png")}, "l.csv", [],
         "l.csv:1: has 3 fields, and no heading says which is the label; "),
        ({"l.tsv": "0.png\tA\n1.png\t\n", **words("{n}.png")}, "l.tsv", ["--on_bad_image=skip", "--on_unknown=skip"],
         "l.tsv:2: '1.png' has no label (1 of 2 lines); "),
        ({"x/poly_gt_img1.txt": "x: [[1 2 2]], y: [[1 1 2]], ornt: [u'm'], transcriptions: [u'A']\n"}, "x", [],
         "x: Total-Text is not supported; "),
        ({"x/0001001.txt": "1,1,2,1,3,1,3,2,2,2,1,2,####A\n"}, "x", [], "x: CTW1500 is not supported; "),
        ({"x/p.png": picture(0), "x/p.hocr": "<html/>"}, "x", [], "x: its format is not recognised; if x/p.hocr has"),
        ({"l.tsv": "0.png\tA\n", **words("{n}.png")}, "l.tsv", ["--max_pixels=639"],
         "l.tsv:1: 'A': 0.png: has 40 x 16 = 640 pixels, more than --max_pixels=639; "),
    ],
)  # fmt: skip
def test_label_files_that_are_refused(job, tmp_path, files, annotations, flags, error):
    status, told = job(files, annotations, flags)
    assert status == 1
    assert f"error: {error}" in told.err
    assert "Traceback" not in told.err
    assert not (tmp_path / "out").exists()


def test_larger_pictures_may_be_skipped(job, tmp_path):
    files = {"l.tsv": "0.png\tA\nb.png\tB\n", "0.png": picture(0), "b.png": picture(1).resize((80, 16))}
    status, told = job(files, "l.tsv", ["--max_pixels=700", "--on_bad_image=skip"])
    assert status == 0
    assert [values["image/text"] for values in records(tmp_path / "out")] == [[b"A"]]
    assert "b.png: has 80 x 16 = 1,280 pixels, more than --max_pixels=700" in told.out


def test_a_charset_with_letters_that_normalisation_takes_apart(job, tmp_path):
    Charset((*((character,) for character in "\u0995\u09dc\u09df"), ()), 3).to_file(tmp_path / "charset.txt")
    files = {"l.tsv": "0.png\t\u09dc\u09df\u0995\n1.png\t\u09a1\u09bc\u0995\n", **words("{n}.png")}
    status, told = job(files, "l.tsv", ["--charset_file=charset.txt"])
    assert status == 0, told.err
    assert sorted(values["image/unpadded_class"] for values in records(tmp_path / "out")) == [[1, 0], [1, 2, 0]]


def encoded(image, image_format, **options):
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["8 bits in 16", "12 bits in 16", "32 bits", "fractions", "light on nothing"])
def test_pictures_that_became_black_or_white(job, tmp_path, kind):
    grey = np.full((16, 40), 255, np.uint8)
    grey[4:12, 8:30] = 0
    made = {
        "8 bits in 16": lambda: encoded(Image.fromarray(grey.astype(np.uint16)), "PNG"),
        "12 bits in 16": lambda: encoded(Image.fromarray(grey.astype(np.uint16) * 16), "PNG"),
        "32 bits": lambda: encoded(Image.fromarray(grey.astype(np.int32)), "TIFF"),
        "fractions": lambda: encoded(Image.fromarray(grey.astype(np.float32) / 255), "TIFF"),
        "light on nothing": lambda: encoded(
            Image.merge("LA", [Image.new("L", (40, 16), 255), Image.fromarray(grey)]), "PNG"
        ),
    }
    status, told = job({"l.tsv": "a\tA\n", "a": made[kind]()}, "l.tsv", [])
    assert status == 0, told.err
    (values,) = records(tmp_path / "out")
    pixels = np.asarray(Image.open(io.BytesIO(values["image/encoded"][0])).convert("L"))
    np.testing.assert_allclose(pixels, grey, atol=1)
    assert "one colour" not in told.out


def test_of_several_pages_the_first_is_read_and_that_is_told(job, tmp_path):
    pages = encoded(picture(0), "TIFF", save_all=True, append_images=[picture(1), picture(2)])
    status, told = job({"l.tsv": "a.tif\tA\n", "a.tif": pages}, "l.tsv", [])
    assert status == 0
    assert re.search(r"noted in train, several pages: l\.tsv:1: \.?/?a\.tif has 3 pages, the first is read", told.out)
    (values,) = records(tmp_path / "out")
    found = np.asarray(Image.open(io.BytesIO(values["image/encoded"][0])))
    np.testing.assert_array_equal(found, np.asarray(picture(0)))
