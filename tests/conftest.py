"""What several tests need. The backend is the one KERAS_BACKEND names."""

import gc
import os
import signal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Threads that wait for each other's small parts cost more than they gain, and `make test` has a process for each core.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import pytest
from drawn_words import draw_word

from attention_ocr.charset import Charset
from attention_ocr.console import show_messages
from attention_ocr.dataset_spec import DatasetSpec

# Begun in the background, this process and those it starts would ignore the Ctrl-C that tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)
show_messages()  # tests see the lines that a user of the jobs sees

LETTERS = "abcd"
SPLIT_SIZES = {"train": 24, "validation": 4, "test": 4}


def pytest_collection_finish():
    """Graphs are many small objects; to look for garbage so often, and through all that is imported, takes long."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture
def eager():
    """The networks of a test compute without graphs."""
    from eager import eagerly

    with eagerly():
        yield


@pytest.fixture(scope="module")
def small_networks():
    """CRNN and its relatives, and LCNets, are of a few channels; not in other processes."""
    from small_networks import smaller

    with smaller():
        yield


@pytest.fixture(scope="module")
def small_inception():
    """Inception-v3 to Mixed_5b is of a few channels; not in other processes."""
    from small_networks import smaller_inception

    with smaller_inception():
        yield


@pytest.fixture(scope="session")
def charset():
    """A blank, four letters, the null last: K = 6."""
    return Charset.from_labels([" " + LETTERS])


@pytest.fixture(scope="session")
def make_spec(charset):
    """A function from what matters to a test to a DatasetSpec; one view of 40 x 80 and T = 4 otherwise."""

    def make(**values):
        sizes = {"num_views": 1, "image_height": 40, "image_width": 80, "max_sequence_length": 4}
        return DatasetSpec(**{"name": "tiny", "charset": charset, **sizes, **values})

    return make


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory):
    """A folder of FSNS records: 24 train (in 3 shards), 4 validation and 4 test pictures of 40 x 80, T = 4."""
    from attention_ocr.ingest.annotations import Annotation
    from attention_ocr.ingest.dataset import GenerateConfig, write_dataset

    folder = tmp_path_factory.mktemp("tiny")
    random = np.random.default_rng(0)
    annotations = {}
    for split, size in SPLIT_SIZES.items():
        lines = []
        for number in range(size):
            path, text = f"{split}-{number}.png", _word(random)
            draw_word(text).save(folder / path)
            lines.append(Annotation((path,), text, f"{split}.tsv:{number + 1}", folder))
        annotations[split] = lines
    total = sum(path.stat().st_size for path in folder.glob("train-*.png"))
    config = GenerateConfig(max_sequence_length=4, charset_file=_charset_file(folder), shard_size=total / 2 / 1e6)
    write_dataset(annotations, folder / "records", config)
    return folder / "records"


@pytest.fixture(scope="session")
def sized_dataset(tmp_path_factory):
    """A function from a resize policy to a folder of records of pictures that are 18 to 90 pixels wide, 32 high."""
    from attention_ocr.ingest.annotations import Annotation
    from attention_ocr.ingest.dataset import GenerateConfig, write_dataset

    folder = tmp_path_factory.mktemp("sized")
    random = np.random.default_rng(1)
    lines = {"train": [], "validation": [], "test": []}
    for number in range(48):
        text = "".join(random.choice(list(LETTERS), random.integers(1, 6)))
        picture = draw_word(text, height=32, width=18 * len(text))
        picture.save(folder / f"{number}.png")
        split = ("train", "train", "train", "train", "validation", "test")[number % 6]
        lines[split].append(Annotation((f"{number}.png",), text, f"labels.tsv:{number + 1}", folder))

    def make(resize):
        output = folder / resize
        if not output.exists():
            sizes = {"image_height": 64, "image_width": 96} if resize == "pad" else {"image_height": 32}
            config = GenerateConfig(resize=resize, max_sequence_length=5, on_duplicate="keep", **sizes)
            write_dataset(lines, output, config)
        return output

    return make


def _word(random):
    letters = list(random.choice(list(LETTERS), random.integers(2, 5)))
    if len(letters) > 3:
        letters[1] = " "
    return "".join(letters)


def _charset_file(folder):
    Charset.from_labels([" " + LETTERS]).to_file(folder / "charset.txt")
    return str(folder / "charset.txt")
