"""Fetches the FSNS release: python datasets/fsns/prepare.py --output_dir=fsns; run again, it goes on."""

import contextlib
import functools
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import requests  # comes with TensorFlow
from absl import flags
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from attention_ocr import files
from attention_ocr.charset import Charset
from attention_ocr.console import progress_bar
from attention_ocr.errors import UserError
from attention_ocr.flags import help_text, required
from attention_ocr.records.framing import read_records

BASE_URL = "http://download.tensorflow.org/data/fsns-20160927/"
CHARSET_FILE = "charset_size=134.txt"
SHARDS = {"train": 512, "validation": 64, "test": 64}
CHUNK_SIZE = 1 << 16
TIMEOUT = (10, 60)  # Seconds to connect, and without a byte.
NETWORK_ERRORS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
HEADERS = {"Accept-Encoding": "identity"}  # Lengths and ranges are those of the file itself.


@dataclass(frozen=True)
class Source:
    """A file of the release: its address, and where it goes in the output folder, `train/train-00000-of-00512`."""

    url: str
    place: str


@dataclass
class Fetching:
    """What all connections share.

    Attributes:
        output: the folder of the shards.
        retry_pause: seconds before the first repetition; each further one waits twice as long.
        num_retries: repetitions without a new byte after which a server is given up.
        stopped: set when the connections are to end.
        advance: called with the number of bytes that came, negative where some are thrown away.
        tell: called with a line about a failure after which a server is asked again.
    """

    output: Path
    retry_pause: float
    num_retries: int
    stopped: threading.Event = field(default_factory=threading.Event)
    advance: Callable[[int], None] = lambda _: None
    tell: Callable[[str], None] = lambda line: print(line, file=sys.stderr)

    def target(self, source: Source) -> Path:
        """The file when it is whole and right."""
        return self.output / source.place

    def part(self, source: Source) -> Path:
        """The file while it is being fetched."""
        target = self.target(source)
        return target.with_name(f".{target.name}.part")

    def discard(self, source: Source) -> None:
        """Throws away what came of a file."""
        self.advance(-_size(self.part(source)))
        self.part(source).unlink(missing_ok=True)


class _PassingError(Exception):
    """A failure after which asking again may help; its message says what happened."""


def release(base_url: str, splits: Iterable[str]) -> list[Source]:
    """The charset and the shards of some splits."""
    places = [CHARSET_FILE]
    for split in splits:
        places += [f"{split}/{split}-{number:05}-of-{SHARDS[split]:05}" for number in range(SHARDS[split])]
    return [Source(f"{base_url.rstrip('/')}/{place}", place) for place in places]


def listed(path: str, base_url: str, splits: Iterable[str]) -> list[Source]:
    """The files of a list of URLs that belong to some splits, and those that belong to none.

    Raises:
        UserError: a line is no URL, two lines are for one place, or none is for these splits.
    """
    found: dict[str, Source] = {}
    for number, line in enumerate(files.read_text(path).splitlines(), start=1):
        url = line.strip()
        if not url or url.startswith("#"):
            continue
        place = place_of(url, base_url)
        if not place:
            raise UserError(f"{path}:{number}: {url!r} is not the URL of a file; write http://server/train/train-00000")
        folder = place.rpartition("/")[0]
        if folder and folder not in splits:
            continue
        if place in found:
            raise UserError(f"{path}:{number}: {url} is for {place}, as {found[place].url} is; remove one of them")
        found[place] = Source(url, place)
    if not any("/" in place for place in found):
        raise UserError(f"{path}: has no file of --splits={','.join(splits)}; write URLs ending in train/train-00000")
    return list(found.values())


def place_of(url: str, base_url: str) -> str:
    """Where a URL's file goes: what follows the base URL, or split and name; empty: it is no URL of a file."""
    try:
        parts, base = urlsplit(url), urlsplit(base_url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.endswith("/"):
        return ""
    path = PurePosixPath(unquote(parts.path))
    root = PurePosixPath(unquote(base.path))
    if parts.netloc == base.netloc and path.is_relative_to(root) and path != root:
        place = path.relative_to(root)
    else:
        place = PurePosixPath(*path.parts[-2:]) if path.parent.name in SHARDS else PurePosixPath(path.name)
    return "" if not place.name or any(part.startswith(".") for part in place.parts) else str(place)


def damage(path: Path) -> str:
    """What is wrong with a file, the record named; empty: nothing."""
    if path.name.lstrip(".").startswith("charset"):
        with contextlib.suppress(UserError):
            Charset.from_file(path)
            return ""
        return "it is no charset"
    for record in read_records(path):
        if record.fault:
            return f"record {record.number}: {record.fault}"
    return "" if _size(path) else "it holds no record"


def size_of(source: Source, fetching: Fetching) -> int | None:
    """How long the server says a file is; None: it does not say."""

    def ask() -> int | None:
        with requests.head(source.url, headers=HEADERS, timeout=TIMEOUT, allow_redirects=True) as response:
            if response.status_code in (405, 501):  # It knows no HEAD.
                return None
            _check(response)
            length = response.headers.get("Content-Length", "")
            return int(length) if length.isdecimal() else None

    return _patiently(ask, source, fetching, lambda: 0)


def fetch(source: Source, fetching: Fetching) -> str:
    """Fetches a file, twice if it comes damaged; returns what is wrong with it then, empty: nothing."""
    target, part, fault = fetching.target(source), fetching.part(source), ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            _patiently(lambda: _receive(source, fetching), source, fetching, lambda: _size(part))
            fault = damage(part)
            if not fault:
                part.replace(target)
                return ""
            fetching.discard(source)
    except OSError as error:
        raise UserError(f"{part}: cannot be written ({error.strerror or error})") from error
    return f"{source.place}: {fault}, fetched twice from {source.url}"


def _patiently(action: Callable, source: Source, fetching: Fetching, progress: Callable[[], int]):
    """What `action` returns; it is repeated while it fails in a way that may pass."""
    failures, furthest = 0, progress()
    while True:
        try:
            return action()
        except (_PassingError, *NETWORK_ERRORS) as error:
            problem = _reason(error)
        except requests.RequestException as error:
            raise UserError(f"{source.url}: {_reason(error)}; correct the address") from error
        failures, furthest = (0 if progress() > furthest else failures + 1), max(furthest, progress())
        if failures > fetching.num_retries:
            raise UserError(
                f"{source.url}: {problem}, {failures} times in a row; run the same command later to go on, or name "
                "another server with --base_url"
            )
        pause = fetching.retry_pause * 2 ** max(0, failures - 1)
        fetching.tell(f"{source.url}: {problem}; asked again in {pause:g} s")
        if fetching.stopped.wait(pause):
            raise UserError("stopped")


def _reason(error: Exception) -> str:
    """An error in few words: its cause, without the objects that urllib3 puts before it."""
    cause: Any = error.args[0] if error.args else type(error).__name__
    cause = getattr(cause, "reason", cause)
    said = cause.args[0] if isinstance(cause, Exception) and cause.args else cause
    return re.sub(r"HTTPS?Connection(Pool)?\(.*?\): ", "", str(said))


def _receive(source: Source, fetching: Fetching) -> None:
    """Asks for the bytes that the part lacks and appends them; raises a _PassingError if not all came."""
    part = fetching.part(source)
    have = _size(part)
    headers = HEADERS | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(source.url, headers=headers, timeout=TIMEOUT, stream=True) as response:
        start, total = _extent(response)
        if response.status_code == 416:
            if total == have:
                return
            fetching.discard(source)
            raise _PassingError(f"the server has {'no' if total is None else total} bytes where {have} came before")
        _check(response)
        if start not in (0, have):
            fetching.discard(source)
            raise _PassingError(f"the server sent bytes from {start} on instead of {have}")
        if have and start == 0:
            fetching.advance(-have)
        with part.open("ab" if start else "wb") as file:
            for chunk in response.iter_content(CHUNK_SIZE):
                file.write(chunk)
                file.flush()  # So that a second run finds all that came.
                fetching.advance(len(chunk))
                if fetching.stopped.is_set():
                    raise UserError("stopped")
    if total is not None and _size(part) != total:
        raise _PassingError(f"{_size(part)} of {total} bytes came")


def _extent(response: requests.Response) -> tuple[int, int | None]:
    """Where an answer's bytes begin in the file, and the file's length if told."""
    if response.status_code not in (206, 416):
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    match = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if not match:
        return (0, None) if response.status_code == 416 else (-1, None)
    return int(match[1] or 0), int(match[2]) if match[2] != "*" else None


def _check(response: requests.Response) -> None:
    if response.status_code in (200, 206):
        return
    answer = f"the server answered {response.status_code} {response.reason}".rstrip()
    if response.status_code >= 500 or response.status_code in (408, 429):
        raise _PassingError(answer)
    raise UserError(
        f"{response.url}: {answer}; correct --base_url, or give the files there are with --url_list (--list prints all)"
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def fetch_all(sources: Sequence[Source], fetching: Fetching, num_connections: int) -> None:
    """Fetches files side by side; a damaged one does not keep the others from coming."""
    damaged = []
    with _pool(num_connections, fetching) as pool:
        sizes = []
        with progress_bar("asking for sizes", len(sources)) as asked:
            for size in pool.imap(lambda source: size_of(source, fetching), sources):
                sizes.append(size)
                asked(1)
        parts = [_size(fetching.part(source)) for source in sources]
        total = sum(size or 0 for size in sizes)
        _require_space(total - sum(parts), fetching.output)
        with _bar(None if None in sizes else total, sum(parts)) as progress:
            fetching.advance = functools.partial(progress.advance, progress.task_ids[0])
            fetching.tell = progress.console.print
            for fault in pool.imap_unordered(lambda source: fetch(source, fetching), sources):
                damaged += [fault] if fault else []
    if damaged:
        more = f" (and {len(damaged) - 1} more files)" if len(damaged) > 1 else ""
        raise UserError(f"{damaged[0]}{more}; the server's files are damaged, name another one with --base_url")


@contextlib.contextmanager
def _pool(num_connections: int, fetching: Fetching) -> Iterator[ThreadPool]:
    """Threads that stop at their next chunk when the block ends, by whatever cause."""
    pool = ThreadPool(num_connections)
    try:
        yield pool
    finally:
        fetching.stopped.set()
        pool.terminate()


def _require_space(needed: int, folder: Path) -> None:
    if needed > (free := shutil.disk_usage(folder).free):
        raise UserError(
            f"--output_dir={folder}: {decimal(needed)} are to be fetched, but {decimal(free)} are free there; "
            "choose another disk, or fewer --splits"
        )


def _bar(total: int | None, completed: int) -> Progress:
    columns = (TextColumn("fetching"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True, soft_wrap=True, markup=False, highlight=False))
    progress.add_task("", total=total, completed=completed)
    return progress


def define_flags(values: flags.FlagValues) -> None:
    """The script's flags."""
    define: dict[str, Any] = {"flag_values": values}
    flags.DEFINE_string("output_dir", "", "The folder for the charset and the splits' folders.", **define)
    flags.DEFINE_list("splits", list(SHARDS), "The splits to fetch.", **define)
    flags.DEFINE_string("base_url", BASE_URL, "The address under which the release lies.", **define)
    text = "A file of URLs, one a line, # begins a comment; empty: the 641 files of the release."
    flags.DEFINE_string("url_list", "", text, **define)
    flags.DEFINE_integer("num_connections", 4, "Files fetched side by side.", 1, 64, **define)
    text = "Failures in a row, without a new byte, after which the server is given up."
    flags.DEFINE_integer("num_retries", 8, text, 0, **define)
    text = "Seconds before the first repetition; each further one waits twice as long."
    flags.DEFINE_float("retry_pause", 1.0, text, 0, **define)
    flags.DEFINE_bool("verify", False, "Read the files that are there and fetch damaged ones again.", **define)
    flags.DEFINE_bool("list", False, "Print the URLs of the files that are not there and stop.", **define)
    flags.DEFINE_bool("help", False, "Show this and stop.", short_name="h", **define)


def run(values: flags.FlagValues) -> None:
    """Fetches what is missing and prints what is there."""
    required(values, "output_dir", "splits", "base_url")
    if unknown := [split for split in values.splits if split not in SHARDS]:
        raise UserError(f"--splits={','.join(values.splits)}: {unknown[0]!r} is not one of {', '.join(SHARDS)}")
    if not place_of(f"{values.base_url.rstrip('/')}/{CHARSET_FILE}", values.base_url):
        raise UserError(f"--base_url={values.base_url}: is no address; write one like {BASE_URL}")
    fetching = Fetching(Path(values.output_dir), values.retry_pause, values.num_retries)
    if values.url_list:
        every = listed(values.url_list, values.base_url, values.splits)
    else:
        every = release(values.base_url, values.splits)
    missing = [source for source in every if not _is_there(fetching.target(source), values.verify)]
    if values.list:
        print("\n".join(source.url for source in missing))
        return
    try:
        fetching.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--output_dir={fetching.output}: cannot be made ({error.strerror or error})") from error
    if missing:
        fetch_all(missing, fetching, values.num_connections)
    _print_what_is_there(every, fetching, values.splits)


def _is_there(target: Path, verify: bool) -> bool:
    fault = damage(target) if verify and target.is_file() else ""
    if fault:
        print(f"{target}: {fault}; it is fetched again")
    return target.is_file() and not fault


def _print_what_is_there(every: Sequence[Source], fetching: Fetching, splits: Sequence[str]) -> None:
    for split in splits:
        asked = [source for source in every if source.place.startswith(f"{split}/")]
        found = sum(fetching.target(source).is_file() for source in asked)
        note = "" if len(asked) == SHARDS[split] else f" of the list; the release has {SHARDS[split]}"
        print(f"{split}: {found} of {len(asked)} files{note}")
    output = fetching.output
    if not (output / CHARSET_FILE).is_file():
        print(f"WARNING: {output} has no {CHARSET_FILE}; training needs it beside the folders of the splits")
    print(f"attention-ocr train --dataset_name=fsns --dataset_dir={output} --train_log_dir=logs/fsns --preset=fsns")


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0, 1 for what went wrong, 2 for a wrong command line, 130 when interrupted."""
    values = flags.FlagValues()
    define_flags(values)
    try:
        unknown = values(["prepare.py", *arguments])[1:]
        if unknown:
            raise flags.Error(f"{unknown[0]!r} is not a flag; write --name=value")
        if values.help:
            print(help_text("prepare.py", str(__doc__), values).removeprefix("attention-ocr "))
            return 0
        run(values)
    except flags.Error as error:
        print(f"error: {error} (--help lists the flags)", file=sys.stderr)
        return 2
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where this one stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
