"""datasets/fsns/prepare.py against a server on this machine that fails in the ways servers do."""

import importlib.util
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from attention_ocr.records.framing import FRAMING_BYTES, framed

SCRIPT = Path(__file__).parents[2] / "datasets" / "fsns" / "prepare.py"
RECORD_SIZE = 100_000
SHARD, OTHER, CHARSET = "train/train-00000-of-00002", "train/train-00001-of-00002", "charset_size=134.txt"


def _prepare():
    spec = importlib.util.spec_from_file_location("fetch_fsns", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # for its dataclasses
    spec.loader.exec_module(module)
    return module


prepare = _prepare()


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files`; the first request for a path with a `server.troubles` meets the first of them."""

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(is_head=True)

    def do_GET(self):
        self.answer(is_head=False)

    def answer(self, is_head):
        server, path = self.server, self.path.removeprefix("/release/")
        asked_range = self.headers.get("Range", "")
        server.requests.append((self.command, path, asked_range))
        if path not in server.files:
            return self.begin(404, 0)
        data = server.files[path]
        if is_head:
            return self.begin(server.head_status, server.told_sizes.get(path, len(data)))
        trouble = server.troubles[path].pop(0) if server.troubles.get(path) else ""
        if trouble == "503":
            return self.begin(503, 0)
        if trouble == "flip":
            data = data[:-10] + bytes([data[-10] ^ 1]) + data[-9:]
        start = int(asked_range[len("bytes=") : -1]) if asked_range and trouble != "ignore range" else 0
        if start >= len(data):
            return self.begin(416, 0, f"bytes */{len(data)}")
        body = data[start:]
        self.begin(206 if start else 200, len(body), f"bytes {start}-{len(data) - 1}/{len(data)}" if start else "")
        if trouble in ("cut", "pause"):
            body = body[: len(body) // 2]
        self.wfile.write(body)
        if trouble == "pause":
            server.paused()
        return None

    def begin(self, status, length, content_range=""):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()


@pytest.fixture
def server():
    """Two train shards of five records and the charset."""
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.daemon_threads = True
    found.files = {SHARD: shard(0), OTHER: shard(1), CHARSET: b"0\ta\n1\t<nul>\n"}
    found.troubles, found.told_sizes, found.requests, found.head_status = {}, {}, [], 200
    found.paused = lambda: None
    found.url = f"http://127.0.0.1:{found.server_port}/release"
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def fetch(server, tmp_path, monkeypatch, capsys):
    """A function from flags to exit status, standard output and standard error without the bar."""
    monkeypatch.setitem(prepare.SHARDS, "train", 2)

    def run(*flags):
        given = [f"--output_dir={tmp_path}", f"--base_url={server.url}", "--splits=train", "--retry_pause=0", *flags]
        status = prepare.main(given)
        out, err = capsys.readouterr()
        notes = re.compile(r"fetching |asking for sizes |\S+: .*; asked again in 0 s")
        return status, out, "".join(line for line in err.splitlines(True) if not notes.match(line))

    return run


def shard(seed):
    return b"".join(framed(random.Random(f"{seed}{number}").randbytes(RECORD_SIZE)) for number in range(5))


def is_whole(server, folder):
    """Whether all files are there as served, and nothing else."""
    there = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return there == server.files


def gets(server, path):
    """The ranges asked for."""
    return [asked_range for command, name, asked_range in server.requests if command == "GET" and name == path]


def test_all_files_come_and_the_train_command_is_told(server, fetch, tmp_path):
    status, out, err = fetch("--num_connections=2")
    assert (status, err) == (0, "")
    assert is_whole(server, tmp_path)
    train = f"attention-ocr train --dataset_name=fsns --dataset_dir={tmp_path} --train_log_dir=logs/fsns --preset=fsns"
    assert out.splitlines() == ["train: 2 of 2 files", train]


def test_a_second_run_fetches_nothing(server, fetch):
    fetch()
    server.requests.clear()
    status, out, _ = fetch()
    assert status == 0
    assert out.startswith("train: 2 of 2 files\n")
    assert server.requests == []


def test_a_connection_cut_in_the_middle_is_resumed(server, fetch, tmp_path):
    server.troubles[SHARD] = ["cut", "cut"]
    status, _, _ = fetch()
    assert status == 0
    assert is_whole(server, tmp_path)
    first, *resumed = gets(server, SHARD)
    assert first == ""
    begin, came = 0, len(server.files[SHARD]) // 2
    for asked_range in resumed:  # What came of the last chunk is lost.
        begin = int(asked_range[len("bytes=") : -1])
        assert came - prepare.CHUNK_SIZE < begin <= came
        came = begin + (len(server.files[SHARD]) - begin) // 2
    assert len(resumed) == 2


def test_a_server_without_ranges_sends_the_file_anew(server, fetch, tmp_path):
    server.troubles[SHARD] = ["cut", "ignore range"]
    assert fetch()[0] == 0
    assert is_whole(server, tmp_path)
    assert len(gets(server, SHARD)) == 2


def test_a_server_that_is_busy_twice_is_asked_three_times(server, fetch, tmp_path):
    server.troubles[SHARD] = ["503", "503"]
    assert fetch("--num_retries=2")[0] == 0
    assert is_whole(server, tmp_path)
    assert len(gets(server, SHARD)) == 3


def test_a_server_that_stays_busy_is_given_up(server, fetch, tmp_path):
    server.troubles[SHARD] = ["503"] * 9
    status, _, err = fetch("--num_retries=2")
    assert status == 1
    assert err == (
        f"error: {server.url}/{SHARD}: the server answered 503 Service Unavailable, 3 times in a row; run the same "
        "command later to go on, or name another server with --base_url\n"
    )
    assert len(gets(server, SHARD)) == 3
    assert not (tmp_path / SHARD).exists()


def test_cuts_with_progress_do_not_count_as_failures_in_a_row(server, fetch, tmp_path):
    server.troubles[SHARD] = ["cut", "cut"]
    assert fetch("--num_retries=0")[0] == 0
    assert is_whole(server, tmp_path)
    server.troubles[SHARD] = ["cut", "503"]
    (tmp_path / SHARD).unlink()
    assert fetch("--num_retries=0")[0] == 1


def test_a_server_that_is_not_there_is_named(fetch):
    status, _, err = fetch("--base_url=http://127.0.0.1:9/release", "--num_retries=1")
    assert status == 1
    assert re.fullmatch(
        r"error: http://127.0.0.1:9/release/charset_size=134.txt: .*refused, 2 times in a row; run .*\n", err
    )


def test_a_shard_that_came_damaged_is_fetched_once_more(server, fetch, tmp_path):
    server.troubles[SHARD] = ["flip"]
    assert fetch()[0] == 0
    assert is_whole(server, tmp_path)
    assert gets(server, SHARD) == ["", ""]


def test_a_shard_damaged_twice_is_named_and_the_others_come(server, fetch, tmp_path):
    server.troubles[SHARD] = ["flip", "flip"]
    status, _, err = fetch("--num_connections=1")
    assert status == 1
    assert err == (
        f"error: {SHARD}: record 4: its checksum is wrong: bytes have changed, fetched twice from "
        f"{server.url}/{SHARD}; the server's files are damaged, name another one with --base_url\n"
    )
    assert sorted(path.name for path in (tmp_path / "train").iterdir()) == [Path(OTHER).name]


def test_a_part_of_another_file_is_found_out(server, fetch, tmp_path):
    part = tmp_path / "train" / f".{Path(SHARD).name}.part"
    part.parent.mkdir()
    part.write_bytes(bytes(1000))
    assert fetch()[0] == 0
    assert is_whole(server, tmp_path)
    assert gets(server, SHARD) == ["bytes=1000-", ""]


@pytest.mark.parametrize("surplus", [0, 7])
def test_a_part_as_long_as_the_file_or_longer(server, fetch, tmp_path, surplus):
    part = tmp_path / "train" / f".{Path(SHARD).name}.part"
    part.parent.mkdir()
    part.write_bytes(server.files[SHARD] + bytes(surplus))
    assert fetch()[0] == 0
    assert is_whole(server, tmp_path)
    assert len(gets(server, SHARD)) == (2 if surplus else 1)


def test_a_damaged_file_that_is_there_is_found_with_verify(server, fetch, tmp_path):
    fetch()
    damaged = bytearray(server.files[OTHER])
    damaged[FRAMING_BYTES + RECORD_SIZE + 50] ^= 1
    (tmp_path / OTHER).write_bytes(damaged)
    assert fetch()[0] == 0
    assert not is_whole(server, tmp_path)
    status, out, _ = fetch("--verify")
    assert status == 0
    assert out.startswith(f"{tmp_path / OTHER}: record 1: its checksum is wrong: bytes have changed; it is fetched")
    assert is_whole(server, tmp_path)


def test_a_page_instead_of_a_shard_is_no_shard(server, fetch):
    server.files[SHARD] = b"<html>Please log in</html>"
    status, _, err = fetch()
    assert status == 1
    assert f"{SHARD}: record 0: the checksum of its length is wrong" in err


def test_a_file_that_the_server_does_not_have_is_named_before_anything_is_fetched(server, fetch, tmp_path):
    del server.files[OTHER]
    status, _, err = fetch()
    assert status == 1
    assert err.startswith(f"error: {server.url}/{OTHER}: the server answered 404 Not Found; correct --base_url")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(server, fetch, tmp_path):
    server.told_sizes[SHARD] = 10**18
    status, _, err = fetch()
    assert status == 1
    assert re.fullmatch(
        rf"error: --output_dir={re.escape(str(tmp_path))}: 1.0 EB are to be fetched, but [\d.]+ [A-Z]+ are free there; "
        r"choose another disk, or fewer --splits\n",
        err,
    )
    assert gets(server, SHARD) == []


def test_a_server_that_knows_no_head_still_sends(server, fetch, tmp_path):
    server.head_status = 405
    assert fetch()[0] == 0
    assert is_whole(server, tmp_path)


# The script in a process of its own, with Ctrl-C heard, and as few shards as `fetch` has.
SMALL = f"""import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
script = runpy.run_path({str(SCRIPT)!r})
sys.exit(script["SHARDS"].update(train=2) or script["main"](sys.argv[1:]))"""


def test_after_ctrl_c_the_next_run_goes_on(server, fetch, tmp_path):
    part, released = tmp_path / "train" / f".{Path(SHARD).name}.part", threading.Event()
    flags = [f"--output_dir={tmp_path}", f"--base_url={server.url}", "--splits=train", "--retry_pause=0"]

    def press_ctrl_c():
        ends = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size) and time.monotonic() < ends:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        released.wait(30)

    server.paused = press_ctrl_c
    server.troubles[SHARD] = ["pause"]
    with subprocess.Popen([sys.executable, "-c", SMALL, *flags], stderr=subprocess.PIPE, text=True) as process:
        err = process.communicate(timeout=60)[1]
    assert err.endswith("interrupted; the same command goes on where this one stopped\n")
    assert (process.returncode, (tmp_path / SHARD).exists()) == (130, False)
    there = part.stat().st_size
    released.set()
    assert fetch()[0] == 0
    assert is_whole(server, tmp_path)
    first, second = gets(server, SHARD)
    assert first == ""
    assert there <= int(second[len("bytes=") : -1]) <= len(server.files[SHARD]) // 2


def test_list_prints_the_urls_of_what_is_missing(server, fetch, tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / OTHER).write_bytes(server.files[OTHER])
    status, out, _ = fetch("--list")
    assert (status, out.splitlines()) == (0, [f"{server.url}/{CHARSET}", f"{server.url}/{SHARD}"])
    assert server.requests == []


def test_a_list_of_urls_says_what_to_fetch(server, fetch, tmp_path):
    server.files["mirror/train/train-7"] = server.files.pop(OTHER)
    urls = tmp_path / "urls.txt"
    test = f"{server.url}/test/test-00000-of-00064"
    urls.write_text(f"# mine\n{server.url}/{SHARD}\n\n{server.url}/mirror/train/train-7\n{test}\n")
    status, out, _ = fetch(f"--url_list={urls}", "--base_url=http://elsewhere.invalid/")
    assert status == 0
    assert out.splitlines()[0] == "train: 2 of 2 files"
    assert "has no charset_size=134.txt" in out
    assert (tmp_path / SHARD).read_bytes() == server.files[SHARD]
    assert (tmp_path / "train" / "train-7").read_bytes() == server.files["mirror/train/train-7"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("train/train-0\n", "urls.txt:1: 'train/train-0' is not the URL of a file"),
        ("http://a/train/x\nhttp://b/train/x\n", "urls.txt:2: http://b/train/x is for train/x, as http://a/train/x is"),
        ("http://a/../../train/..\n", "urls.txt:1: 'http://a/../../train/..' is not the URL of a file"),
        ("http://a/test/x\n", "urls.txt: has no file of --splits=train"),
    ],
)
def test_a_wrong_list_of_urls_is_told(fetch, tmp_path, lines, message):
    (tmp_path / "urls.txt").write_text(lines)
    status, _, err = fetch(f"--url_list={tmp_path / 'urls.txt'}")
    assert status == 1
    assert message in err


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://a/release/train/x", "train/x"),
        ("https://a/release/charset_size=134.txt", "charset_size=134.txt"),
        ("http://a/release/charset_size%3D134.txt?version=2", "charset_size=134.txt"),
        ("http://b/copies/validation/x", "validation/x"),
        ("http://b/copies/charset_size=134.txt", "charset_size=134.txt"),
        ("http://a/release/train/..%2F..%2Fx", ""),
        ("http://a/release/", ""),
        ("ftp://a/release/x", ""),
    ],
)
def test_a_url_has_a_place(url, place):
    assert prepare.place_of(url, "http://a/release/") == place


def test_the_release_is_641_files():
    places = Counter(source.place.split("/")[0] for source in prepare.release(prepare.BASE_URL, prepare.SHARDS))
    assert places == {"train": 512, "validation": 64, "test": 64, CHARSET: 1}


@pytest.mark.parametrize(
    ("flag", "status", "message"),
    [
        ("--splits=trian", 1, "--splits=trian: 'trian' is not one of train, validation, test"),
        ("--base_url=here", 1, "--base_url=here: is no address"),
        ("--nope", 2, "nope"),
        ("nope", 2, "'nope' is not a flag"),
        ("--output_dir=", 1, "--output_dir is missing"),
    ],
)
def test_a_wrong_flag_is_one_line(fetch, flag, status, message):
    found, out, err = fetch(flag)
    assert (found, out) == (status, "")
    assert message in err
    assert err.count("\n") == 1


def test_help_lists_the_flags(fetch):
    status, out, _ = fetch("--help")
    assert status == 0
    assert "--num_connections=4" in out
    assert out.startswith("prepare.py: ")
