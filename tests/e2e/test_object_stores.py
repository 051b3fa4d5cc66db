"""Label files and pictures in an object store, s3://, which moto's server stands for."""

import fsspec
import numpy as np
import pytest
from drawn_words import draw_word
from small_jobs import attention_ocr

server = pytest.importorskip("moto.server", reason="moto is not installed")
pytest.importorskip("s3fs", reason="the extra remote is not installed")

SIZES = ["--image_height=16", "--resize=keep_height"]
READ = ["read", "--model=words", "--backend=onnxruntime", "--on_bad_image=skip"]


@pytest.fixture(scope="module")
def store():
    """The environment of jobs that use a server of this machine, with a bucket `signs`."""
    running = server.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield fsspec.filesystem("s3")
    running.stop()


@pytest.fixture(scope="module")
def pictures(store, tmp_path_factory):
    """The same words in a folder and below s3://signs/words."""
    folder = tmp_path_factory.mktemp("here") / "words"
    folder.mkdir()
    random = np.random.default_rng(0)
    labels = []
    for number in range(40):
        text = "".join(random.choice(list("abcd"), random.integers(1, 6)))
        draw_word(text, height=16, width=8 * len(text)).save(folder / f"{number}.png")
        labels.append(f"{number}.png\t{text}\n")
    (folder / "labels.tsv").write_text("".join(labels))
    store.mkdir("signs")
    store.put(str(folder), "signs/words", recursive=True)
    return folder


def generate(labels, output, *flags):
    return attention_ocr("generate_tfrecords", f"--annotations={labels}", f"--output_dir={output}", *SIZES, *flags)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_records_of_a_bucket_are_those_of_the_folder(pictures, tmp_path):
    assert generate(pictures / "labels.tsv", tmp_path / "1/words").returncode == 0
    done = generate("s3://signs/words/labels.tsv", tmp_path / "2/words")
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "2/words") == contents(tmp_path / "1/words")


def test_pictures_of_a_bucket_are_read(pictures):
    here = attention_ocr(*READ, ".", cwd=pictures)
    there = attention_ocr(*READ, "s3://signs/words", "s3://signs/none.png")
    assert len(here.stdout.splitlines()) == 40
    assert there.returncode == 1
    assert there.stderr == "error: s3://signs/none.png: no such file\n"
    there = attention_ocr(*READ, "s3://signs/words")
    assert there.stdout == "".join(f"s3://signs/words/{line}\n" for line in here.stdout.splitlines()), there.stderr


@pytest.mark.parametrize("labels", ["s3://signs/words/none.tsv", "s3://none/labels.tsv"])
def test_what_is_not_in_a_bucket_is_one_line(pictures, tmp_path, labels):
    done = generate(labels, tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"error: {labels}: no such file"]
    assert not (tmp_path / "out").exists()
