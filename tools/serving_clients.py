"""A service in a process of its own, and clients that cost little: what the benchmark and the stress test share."""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass
class Served:
    """A service that runs.

    Attributes:
        process: its process.
        port: at 127.0.0.1.
    """

    process: subprocess.Popen
    port: int

    def memory(self) -> int:
        """Bytes of memory that it holds."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    def processor_time(self) -> float:
        """Seconds of a processor that it has used."""
        values = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Results:
    """What clients were answered.

    Attributes:
        seconds: of each answer with status 200.
        statuses: how many answers had each status.
        wrong: texts that are not those of their picture.
        lost: requests without an answer.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    wrong: int = 0
    lost: int = 0

    def quantile(self, share: float) -> float:
        """The latency in seconds that this share of the answers did not exceed."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


@contextlib.contextmanager
def served(model: str, *flags: str) -> Iterator[Served]:
    """A service at a free port of this machine, ready; it is ended with SIGTERM."""
    command = [sys.executable, "-u", "-m", "attention_ocr", "serve", f"--model={model}", "--port=0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout
        told = next((found for line in process.stdout if (found := ADDRESS.search(line))), None)
        if told is None:
            raise RuntimeError("the service did not start")
        one = Served(process, int(told[1]))
        drain = asyncio.new_event_loop()
        try:
            while drain.run_until_complete(ask(one.port, b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n"))[0] != 200:
                time.sleep(0.1)
            threading.Thread(target=process.stdout.read, daemon=True).start()  # its log goes nowhere
            yield one
        finally:
            drain.close()
            process.terminate()
            process.wait(60)


def request_of(data: bytes, path: str = "/v1/read") -> bytes:
    """A request with a picture."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: {len(data)}\r\n\r\n".encode()
        + data
    )


async def ask(port: int, request: bytes) -> tuple[int, bytes]:
    """Status and body of an answer, on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await exchange(reader, writer, request)
    finally:
        writer.close()


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[int, bytes]:
    """Status and body of an answer, on an open connection."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return int(head.split(maxsplit=2)[1]), await reader.readexactly(int(length[1])) if length else b""


async def clients(port: int, number: int, seconds: float, pictures: Sequence[bytes], texts: Sequence[str]) -> Results:
    """What `number` clients are answered that ask one picture after another.

    Args:
        port: of the service.
        number: of clients.
        seconds: after which they ask no more.
        pictures: files that they send, each client beginning with another.
        texts: what is in them.
    """
    results, requests = Results(), [request_of(data) for data in pictures]
    ends = time.perf_counter() + seconds

    async def client(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        place = first * 7919
        while time.perf_counter() < ends:
            place = (place + 1) % len(requests)
            started = time.perf_counter()
            try:
                status, body = await exchange(reader, writer, requests[place])
            except (OSError, asyncio.IncompleteReadError):
                results.lost += 1
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            results.statuses[status] = results.statuses.get(status, 0) + 1
            if status == 200:
                results.seconds.append(time.perf_counter() - started)
                results.wrong += json.loads(body)["readings"][0]["text"] != texts[place]
            elif status == 429:
                await asyncio.sleep(1)
        writer.close()

    await asyncio.gather(*(client(number) for number in range(number)))
    return results
