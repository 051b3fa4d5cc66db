"""Tables: columns are known by name or place, and a label may hold what it likes as long as it can mean one thing."""

import pytest

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError
from attention_ocr.ingest.formats.registry import label_source, read_annotations
from attention_ocr.ingest.formats.tables import AS_IT_STANDS, TO_THE_END


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("image,text", "a.png,A"),
        ("Image_Path,Label", "a.png,A"),
        ("file name;transcription", "a.png;A"),
        ("filename\twords", "a.png\tA"),
        ("id,words,file,width", "7,A,a.png,9"),
        ("name,image,label,text", "sign,a.png,3,A"),
        ("img,plate_number", "a.png,A"),
        ('"image","gt"', '"a.png","A"'),
        ("image, caption", "a.png, A"),
        ("FILENAME,IDENTITY", "a.png,A"),
    ],
)
def test_columns_known_by_name(read_labels, header, row):
    assert read_labels(f"{header}\n{row}\n", "labels.csv") == [("a.png", "A")]


def test_named_columns(read_labels):
    content = "text,Photo,left,right,what\nno,a.png,l.png,,A\n"
    assert read_labels(content, "labels.csv", image_column="photo", label_column="what") == [("a.png", "A")]
    assert read_labels(content, "labels.csv", image_column="Photo") == [("a.png", "no")]
    views = {"image_column": "left, right", "label_column": "what", "num_views": 2}
    assert read_labels(content, "labels.csv", **views) == [(("l.png", ""), "A")]
    assert read_labels(content, "labels.txt", **views) == [(("l.png", ""), "A")]  # columns make it a CSV


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_without_a_header_the_path_is_first(read_labels, delimiter):
    content = f'my dir/a.png{delimiter}A b\n"b,c.png"{delimiter}"x, y; ""z"""\n'
    assert read_labels(content, "labels.csv") == [("my dir/a.png", "A b"), ("b,c.png", 'x, y; "z"')]


def test_the_delimiter_is_the_one_after_the_path(read_labels):
    assert read_labels("a.png;one, two\n", "labels.csv") == [("a.png", "one, two")]
    assert read_labels('"a;1.png",one\n', "labels.csv") == [("a;1.png", "one")]


def test_a_word_that_could_be_a_column_is_no_header(read_labels):
    assert read_labels("a.png,word\nb.png,name\n", "labels.csv") == [("a.png", "word"), ("b.png", "name")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_fields_with_line_ends_and_byte_order_mark(read_labels, end):
    content = f'\ufeffimage,text{end}{end}a.png,"one{end}two"{end},{end}b.png,B,{end}'
    assert read_labels(content, "labels.csv") == [("a.png", "one\ntwo"), ("b.png", "B")]
    assert [place.rpartition(":")[2] for place in read_labels(content, "labels.csv", places=True)] == ["3", "6"]


@pytest.mark.parametrize(
    ("content", "message", "config"),
    [
        (
            "image,text\na.png,A\n",
            "1: --image_column=photo is not one of its columns: image, text",
            {"image_column": "photo"},
        ),
        (
            "image,text\na.png,A\n",
            "1: --label_column=what is not one of its columns: image, text",
            {"label_column": "what"},
        ),
        (
            "image,what\na.png,A\n",
            "1: none of its columns is known as label_column; name it with --label_column (one of image, what)",
            {},
        ),
        (
            "image,id,text\na.png,1,one\nb.png,2,one,\nc.png,3,1,2,3\n",
            "4: has 5 fields, the first row 3; put a label that holds the delimiter in quotes",
            {},
        ),
        (
            "a.png,0.9,one\n",
            "1: has 3 fields, and no heading says which is the label; write one above it, such as image,text, or put a "
            "label that holds the delimiter in quotes",
            {},
        ),
        ("image,text\n,A\n", "2: 'A' has no picture before it; write 'path<TAB>label'", {}),
        (
            'id,image,text\n1,a.png,"A\n2,b.png,"B" C\n3,c,d,"e" f\n',
            "4: is not CSV (',' expected after '\"'); close quotes, and write one inside a quoted field twice",
            {},
        ),
    ],
)
def test_what_is_wrong_in_a_csv_is_named(assert_fails, content, message, config):
    assert_fails(content, f"labels.csv:{message}", name="labels.csv", **config)


@pytest.mark.parametrize("config", [{}, {"image_column": "filename"}, {"label_column": "words"}])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_column_without_a_name_is_never_taken(read_labels, delimiter, config):
    """pandas writes its index so."""
    rows = [("", "filename", "words"), ("0", "a.png", "Rue du Lac"), ("1", "b.png", "Quai")]
    content = "".join(delimiter.join(row) + "\n" for row in rows)
    assert read_labels(content, "df.csv", **config) == [("a.png", "Rue du Lac"), ("b.png", "Quai")]


def test_an_empty_name_asked_for_is_named(read_labels):
    with pytest.raises(UserError, match=r"^--image_column=left,: has an empty name; "):
        read_labels("left,text\na.png,A\n", "labels.csv", image_column="left,")


@pytest.mark.parametrize("name", ["labels.tsv", "labels.txt", "labels.csv"])
@pytest.mark.parametrize("heading", ["filename\ttext", "id\tFile Name\tscore\tLabel"])
def test_a_heading_with_tabs_is_known(read_labels, name, heading):
    row = {
        "filename": "a.png",
        "file name": "a.png",
        "text": 'Rue, "5"',
        "label": 'Rue, "5"',
        "id": "7",
        "score": "0.98",
    }
    content = f"{heading}\n" + "\t".join(row[key] for key in heading.lower().split("\t")) + "\n"
    assert read_labels(content, name) == [("a.png", 'Rue, "5"')]


def notes(tmp_path, content):
    (tmp_path / "labels.csv").write_text(content)
    lines = read_annotations(label_source(str(tmp_path / "labels.csv"), AnnotationConfig()))
    return [(line.text, line.note, line.source.rpartition(":")[2]) for line in lines]


@pytest.mark.parametrize("heading", ["filename,words\n", ""])
def test_of_a_picture_and_a_label_the_label_goes_to_the_end_of_its_line(tmp_path, heading):
    """As EasyOCR reads its labels.csv."""
    labels = ["Tel", "A, B", "1,234", '"quoted" word', '"', '"open', '"in, quotes"', 'say ""hi""', '5" pipe, 6"']
    content = heading + "".join(f"w.jpg,{label}\n" for label in labels)
    first = 2 if heading else 1
    expected = [
        ("Tel", ""),
        *[(label, TO_THE_END) for label in labels[1:6]],
        ("in, quotes", ""),
        ('say ""hi""', ""),
        ('5" pipe, 6"', TO_THE_END),
    ]
    assert notes(tmp_path, content) == [(*line, str(first + place)) for place, line in enumerate(expected)]


def test_in_more_columns_a_label_keeps_quotes_that_are_not_csv(tmp_path):
    content = 'id,file,text\n1,a.png,"A" b\n2,b.png,"A, b"\n'
    assert notes(tmp_path, content) == [('"A" b', AS_IT_STANDS, "2"), ("A, b", "", "3")]


def test_quotes_that_are_not_closed_take_in_no_other_line(read_labels):
    """However many lines begin so."""
    content = "filename,words\n" + 'a.jpg,"open\n' * 300 + "b.jpg,B\n"
    assert read_labels(content, "labels.csv") == [("a.jpg", '"open')] * 300 + [("b.jpg", "B")]


def test_a_row_may_be_without_a_label(read_labels):
    assert read_labels("image,text\na.png\nb.png,\n", "labels.csv") == [("a.png", ""), ("b.png", "")]
    assert read_labels("a.png,A,\nb.png,B,,\n", "labels.csv") == [("a.png", "A"), ("b.png", "B")]
