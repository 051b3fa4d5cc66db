"""Several data sets for one run: shares, turns, the classes of them all, and what does not fit together."""

import dataclasses
from fractions import Fraction

import pytest

from attention_ocr.charset import Charset
from attention_ocr.config import DataConfig
from attention_ocr.data import dataset_mix
from attention_ocr.data.dataset_mix import Part, apportion
from attention_ocr.dataset_spec import Split
from attention_ocr.errors import UserError

QUOTES = Charset((("a",), ("’", "'", "‘"), ()), 2)  # as in FSNS: three characters are one class, the last is printed


def charset_of(text):
    return Charset((*((character,) for character in text), ()), len(text))


@pytest.fixture
def spec_of(make_spec):
    """A function from a charset and a name to a spec with a train split."""

    def make(charset, name="x", **values):
        splits = {"train": Split("train-*", 3)}
        return make_spec(charset=charset, name=name, charset_file="charset.txt", splits=splits, **values)

    return make


@pytest.fixture
def folders(tmp_path, spec_of, monkeypatch):
    """Data sets in the folders `a`, `b` and `c` of the working directory."""
    for name, text in {"a": "xyz", "b": "xw", "c": "v"}.items():
        spec_of(charset_of(text), name).save(_made(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _made(folder):
    folder.mkdir()
    return folder


def load(dataset_dir="", dataset_name="", **knobs):
    return dataset_mix.load(dataset_dir, dataset_name, DataConfig(**knobs))


def shares(mix):
    return [[Fraction(number, sum(stage.draws)) for number in stage.draws] for stage in mix.stages]


@pytest.mark.parametrize(
    ("weights", "period", "draws"),
    [
        ([3, 1], 100, (75, 25)),
        ([1, 1, 1], 99, (33, 33, 33)),
        (["0.7", "0.2", "0.1"], 100, (70, 20, 10)),
        ([600, 399], 333, (200, 133)),
        ([1, 1000], 1000, (1, 999)),
        ([1, 2, 10000], 1000, (0, 0, 1000)),
        ([5001, 4999, 5000], 1000, (334, 333, 333)),  # quotas 333.4, 333.27, 333.33
        ([0, 1], 100, (0, 100)),
    ],
)
def test_a_period_holds_the_shares(weights, period, draws):
    assert apportion([Fraction(weight) for weight in weights]) == draws
    assert sum(draws) == period


def test_one_folder_is_what_it_was(folders):
    mix = load("a")
    assert mix.spec == mix.parts[0].spec
    assert mix.spec.splits
    assert dataset_mix.report(mix, [3]) == []


def test_shares_are_equal_or_as_the_weights_say(folders):
    assert shares(load("a,b,c")) == [[Fraction(1, 3)] * 3]
    assert shares(load("a,b", dataset_weights="3,1")) == [[Fraction(3, 4), Fraction(1, 4)]]
    assert shares(load("a,b", dataset_weights="0.5, 1")) == [[Fraction(1, 3), Fraction(2, 3)]]


def test_a_folder_whose_name_holds_a_comma_is_one(folders, spec_of):
    spec_of(charset_of("u"), "both").save(_made(folders / "a,b"))
    assert [part.folder for part in load("a,b").parts] == ["a,b"]


def test_a_name_counts_for_all_or_one_for_each(folders, monkeypatch):
    asked = []
    spec = dataset_mix.DatasetSpec.load("a")
    monkeypatch.setattr(dataset_mix.DatasetSpec, "load", lambda *given: asked.append(given) or spec)
    load("a,b", "fsns")
    load("a,b", "fsns,")
    assert asked == [("a", "fsns"), ("b", "fsns"), ("a", "fsns"), ("b", "")]


def test_the_first_keeps_its_ids_and_the_others_follow_by_code_point(spec_of):
    parts = [Part(text, spec_of(charset_of(text), text)) for text in ("zb", "xbe", "dz")]
    spec = dataset_mix.united(parts)
    assert spec.charset == charset_of("zbdex")
    assert spec.name == "zb+xbe+dz"
    assert [dataset_mix.matching_ids(part.spec, spec) for part in parts] == [[0, 1, 5], [4, 1, 3, 5], [2, 0, 5]]


def test_a_class_goes_to_the_class_that_holds_what_it_prints(spec_of):
    several, one, other = spec_of(QUOTES), spec_of(charset_of("'b")), spec_of(charset_of("c"))
    spec = dataset_mix.united([Part("a", several), Part("b", one)])
    assert spec.charset.classes == (("a",), ("’", "'", "‘"), ("b",), ())
    assert dataset_mix.matching_ids(one, spec) == [1, 2, 3]
    spec = dataset_mix.united([Part("c", other), Part("a", several)])
    assert spec.charset.classes == (("c",), ("a",), ("‘",), ())
    assert dataset_mix.matching_ids(several, spec) == [1, 2, 3]


def test_a_null_that_is_not_last_is_mapped_to_the_null(spec_of):
    first = spec_of(Charset(((), ("a",)), 0))
    spec = dataset_mix.united([Part("a", first), Part("b", spec_of(charset_of("ba")))])
    assert spec.charset == Charset(((), ("a",), ("b",)), 0)
    assert dataset_mix.matching_ids(spec_of(charset_of("ba")), spec) == [2, 1, 0]
    spec = dataset_mix.united([Part("b", spec_of(charset_of("b"))), Part("a", first)])
    assert dataset_mix.matching_ids(first, spec) == [2, 1]


def test_the_united_length_is_the_largest_and_a_charset_of_known_characters_changes_nothing(spec_of):
    first, other = spec_of(QUOTES, max_sequence_length=4), spec_of(charset_of("'a"), max_sequence_length=9)
    spec = dataset_mix.united([Part("a", first), Part("b", other)])
    assert (spec.max_sequence_length, spec.charset) == (9, QUOTES)
    assert dataset_mix.united([Part("b", other), Part("a", first)]).max_sequence_length == 9


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"image_height": 32}, "(image_height 40 and 32); make the records of data/b anew with generate_tfrecords "),
        ({"num_views": 2, "image_width": 60}, "generate_tfrecords --num_views=1 --image_width=80"),
        ({"resize": "pad"}, "(resize stretch and pad)"),
        ({"vertical": "rotate"}, "--vertical=keep"),
    ],
)
def test_pictures_that_are_not_alike_are_an_error(spec_of, values, told):
    first = spec_of(charset_of("a"))
    with pytest.raises(UserError) as error:
        dataset_mix.united([Part("data/a", first), Part("data/b", dataclasses.replace(first, **values))])
    assert str(error.value).startswith("data/a and data/b: do not fit together (")
    assert told in str(error.value)


def test_a_curriculum_takes_turns(folders):
    mix = load(curriculum="b:20,a:50,b:51,c")
    assert [part.folder for part in mix.parts] == ["b", "a", "c"]
    assert [stage.start for stage in mix.stages] == [0, 20, 50, 51]
    assert shares(mix) == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert mix.spec.charset == charset_of("xwvyz")
    assert dataset_mix.changes(mix, [3, 4000, 5]) == {
        20: "step 20  now learning from a (4,000 records)",
        50: "step 50  now learning from b (3 records)",
        51: "step 51  now learning from c (5 records)",
    }


def test_only_a_number_after_the_last_colon_is_a_step(folders, spec_of):
    for name in ("x:y", "5:z"):
        spec_of(charset_of("u"), name).save(_made(folders / name))
    mix = load(curriculum="x:y:3,5:z")
    assert [part.folder for part in mix.parts] == ["x:y", "5:z"]
    assert [stage.start for stage in mix.stages] == [0, 3]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"dataset_dir": "a,"}, "--dataset_dir=a,: has an empty name; put one comma"),
        ({"dataset_dir": "a,b,a/"}, "--dataset_dir=a,b,a/: names a twice; name it once"),
        ({"dataset_dir": "a,nope"}, "--dataset_dir=nope: no such folder"),
        ({"dataset_dir": "a,b", "dataset_name": "x,y,z"}, "--dataset_name=x,y,z: has 3 names for 2 data sets; give"),
        ({"dataset_dir": "a", "dataset_weights": "3"}, "--dataset_weights=3: has no effect on one data set; it works"),
        ({"dataset_dir": "a,b", "dataset_weights": "3"}, "--dataset_weights=3: has 1 weights for 2 data sets; give"),
        (
            {"dataset_dir": "a,b", "dataset_weights": "3,-1"},
            "--dataset_weights=3,-1: '-1' is not a number above 0; write",
        ),
        ({"dataset_dir": "a,b", "dataset_weights": "3,0.0"}, "--dataset_weights=3,0.0: '0.0' is not a number above 0"),
        ({"dataset_dir": "a,b", "dataset_weights": "3,"}, "--dataset_weights=3,: '' is not a number above 0"),
        ({"dataset_dir": "a,b", "dataset_weights": "9999,1"}, "b would get none of 1000 pictures; raise its weight"),
        ({"dataset_dir": "a", "curriculum": "b"}, "--curriculum=b and --dataset_dir=a: leave one of them out"),
        ({"dataset_weights": "1", "curriculum": "b"}, "--curriculum=b and --dataset_weights=1: leave one of them out"),
        ({"curriculum": "a:5,b:9"}, "--curriculum=a:5,b:9: the last entry 'b:9' has a step; remove the step"),
        ({"curriculum": "a,b"}, "--curriculum=a,b: 'a' has no step; write a:STEP"),
        ({"curriculum": "a:5,b:5,c"}, "--curriculum=a:5,b:5,c: step 5 of 'b:5' is not above 5; the steps count from"),
        ({"curriculum": "a:0,b"}, "--curriculum=a:0,b: step 0 of 'a:0' is not above 0"),
        ({"curriculum": ":5,b"}, "--curriculum=:5,b: ':5' names no folder; write FOLDER:STEP"),
        ({"curriculum": "a:5,a+b"}, "--curriculum: a+b: no such folder"),
    ],
)
def test_a_wrong_flag_is_named_with_the_way_out(folders, flags, told):
    with pytest.raises(UserError) as error:
        load(**flags)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_the_report_tells_records_shares_and_new_classes(folders):
    assert dataset_mix.report(load("a,b,c", dataset_weights="6,1,1"), [1200, 5, 7]) == [
        "learning from 3 data sets, a+b+c: 6 classes, T = 4",
        "  a: 1,200 records, 75% of the pictures, 4 classes",
        "  b: 5 records, 12.5% of the pictures, 1 new class: 'w'",
        "  c: 7 records, 12.5% of the pictures, 1 new class: 'v'",
    ]
    assert dataset_mix.report(load(curriculum="b:20,a:50,b"), [5, 6])[1:] == [
        "  b: 5 records, from step 0 to 20 and 50 on, 3 classes",
        "  a: 6 records, from step 20 to 50, 2 new classes: 'y' 'z'",
    ]


def test_a_model_of_more_can_be_evaluated_on_less(spec_of):
    model = spec_of(charset_of("abc"), max_sequence_length=6)
    assert dataset_mix.is_readable(spec_of(charset_of("ca")), model)
    assert dataset_mix.is_readable(spec_of(QUOTES), spec_of(charset_of("‘a")))
    assert not dataset_mix.is_readable(spec_of(QUOTES), spec_of(charset_of("'a"))), "it prints another character"
    assert not dataset_mix.is_readable(spec_of(charset_of("cd")), model)
    assert not dataset_mix.is_readable(spec_of(charset_of("c"), max_sequence_length=7), model)
    assert not dataset_mix.is_readable(spec_of(charset_of("c"), image_height=41), model)
    assert not dataset_mix.is_readable(spec_of(charset_of("c"), image_width=40, num_views=2), model)


def test_a_part_with_a_share_leaves_the_others_theirs(folders, spec_of):
    mix = dataset_mix.load("a,b", "", DataConfig(dataset_weights="3,1"))
    mixed = dataset_mix.with_share(mix, Part("c", spec_of(charset_of("v"), "c")), 0.2)
    draws = mixed.stages[0].draws
    assert [number / sum(draws) for number in draws] == pytest.approx([0.6, 0.2, 0.2])
    assert mixed.spec == mix.spec
    turns = dataset_mix.load("", "", DataConfig(curriculum="a:5,b"))
    first, second = dataset_mix.with_share(turns, Part("c", spec_of(charset_of("v"), "c")), 0.5).stages
    assert (first.start, second.start) == (0, 5)
    assert [first.draws[n] / sum(first.draws) for n in range(3)] == pytest.approx([0.5, 0, 0.5])
    assert [second.draws[n] / sum(second.draws) for n in range(3)] == pytest.approx([0, 0.5, 0.5])


def test_widened_reads_both_and_has_the_longer_texts(spec_of):
    spec = dataset_mix.widened(spec_of(charset_of("xy"), max_sequence_length=4), charset_of("yz"), 9)
    assert (spec.charset.symbols, spec.max_sequence_length) == (["x", "y", "z", ""], 9)
    assert dataset_mix.widened(spec, charset_of("y"), 2) == spec
