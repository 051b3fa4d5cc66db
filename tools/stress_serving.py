"""Faults at full size against a service: broken uploads among good ones, bodies of 100 MB, a full queue, SIGTERM.

    python -m tools.stress_serving --picture=word.png

Exits with 1 if a good request is neither answered nor told to come back, an answer is a 500, or the service dies.
"""

import asyncio
import json
import random
import signal
import sys
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags

from tools.serving_clients import Served, ask, exchange, request_of, served

FLAGS = flags.FLAGS
flags.DEFINE_string("model", "words", "What `attention-ocr serve --model` takes.")
flags.DEFINE_string("picture", None, "A good picture.", required=True)
flags.DEFINE_integer("broken", 1000, "Broken uploads.")
AT_ONCE = 32


def broken(number: int, good: bytes) -> bytes:
    """The body of a bad upload."""
    chance = random.Random(number)
    size = (50_000).to_bytes(4)
    header = b"IHDR" + size + size + bytes([8, 2, 0, 0, 0])
    bomb = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + header + zlib.crc32(header).to_bytes(4) + b"\0\0\0\x08IDATxxxxxxxx"
    kinds = [
        good[: chance.randrange(len(good) // 2)],
        bytes(chance.randbytes(3000)),
        bomb,
        b"%PDF-1.7\n" + chance.randbytes(500),
        b"<html><body>picture</body></html>",
        good[:30] + chance.randbytes(len(good)),
    ]
    return kinds[number % len(kinds)]


async def broken_among_good(service: Served, good: bytes, text: str) -> bool:
    """Every third request is good."""
    answers: Counter[tuple[str, int]] = Counter()
    lock, wrong = asyncio.Semaphore(AT_ONCE), 0

    async def one(number: int) -> None:
        nonlocal wrong
        async with lock:
            is_good = number % 3 == 0
            status, body = await ask(service.port, request_of(good if is_good else broken(number, good)))
            answers[("good" if is_good else "broken", status)] += 1
            wrong += is_good and status == 200 and json.loads(body)["readings"][0]["text"] != text

    await asyncio.gather(*(one(number) for number in range(FLAGS.broken * 3 // 2)))
    print(f"broken among good: {dict(sorted(answers.items()))}, wrong texts: {wrong}")
    return not wrong and all(
        status in ((200, 429) if kind == "good" else (413, 415, 422, 429)) for kind, status in answers
    )


async def slow_and_large(service: Served, good: bytes, text: str) -> bool:
    """100 slow senders and 8 bodies of 100 MB, while a good client asks on."""
    found: Counter[str] = Counter()

    async def slow() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(request_of(good)[:-20])
        head = await reader.read(100)
        found[f"slow {head.split()[1].decode()}"] += 1
        writer.close()

    async def large() -> None:
        status, _ = await ask(service.port, request_of(bytes(100_000_000)))
        found[f"large {status}"] += 1

    async def client() -> None:
        for _ in range(50):
            status, body = await ask(service.port, request_of(good))
            right = status == 200 and json.loads(body)["readings"][0]["text"] == text
            found[f"good {status}{'' if right else ' wrong'}"] += 1

    await asyncio.gather(*(slow() for _ in range(100)), *(large() for _ in range(8)), client())
    print(f"slow senders and large bodies: {dict(found)}, {service.memory() / 1e6:.0f} MB")
    return found == Counter({"slow 408": 100, "large 413": 8, "good 200": 50})


async def full_queue(service: Served, good: bytes, text: str) -> bool:
    """600 requests at once: each is answered, or told to come back."""
    answers = await asyncio.gather(*(ask(service.port, request_of(good)) for _ in range(600)))
    right = all(status != 200 or json.loads(body)["readings"][0]["text"] == text for status, body in answers)
    statuses = Counter(answer[0] for answer in answers)
    print(f"600 requests at once: {dict(statuses)}")
    return right and set(statuses) <= {200, 429} and statuses[200] > 0


async def stop_under_load(service: Served, good: bytes, text: str) -> bool:
    """SIGTERM while 32 clients ask: what was sent is answered, then connections are refused, and the status is 0."""
    found: Counter[str] = Counter()

    async def client() -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            except OSError:
                found["refused"] += 1
                return
            try:
                status, body = await exchange(reader, writer, request_of(good))
                right = status != 200 or json.loads(body)["readings"][0]["text"] == text
                found[f"{status}" if right else "wrong"] += 1
            except (OSError, asyncio.IncompleteReadError) as error:
                # A connection that the system accepted, and the service had not, when it stopped.
                found[f"not accepted ({type(error).__name__})"] += 1
            writer.close()

    async def stop() -> None:
        while found["200"] < 100:
            await asyncio.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)

    await asyncio.gather(*(client() for _ in range(AT_ONCE)), stop())
    status = service.process.wait(60)
    print(f"SIGTERM under load: {dict(found)}, exit status {status}")
    return (
        status == 0
        and not found["wrong"]
        and set(found) <= {"200", "429", "refused"} | {name for name in found if name.startswith("not accepted")}
    )


def main(_: Sequence[str]) -> int:
    good = Path(FLAGS.picture).read_bytes()
    with served(FLAGS.model, "--upload_timeout_s=5") as service:
        body = asyncio.run(ask(service.port, request_of(good)))[1]
        text, before = json.loads(body)["readings"][0]["text"], service.memory()
        passed = []
        for fault in (broken_among_good, slow_and_large, full_queue):
            started = time.perf_counter()
            passed.append(asyncio.run(fault(service, good, text)))
            print(f"  {'passed' if passed[-1] else 'FAILED'} in {time.perf_counter() - started:.1f} s")
        print(f"memory: {before / 1e6:.0f} MB before, {service.memory() / 1e6:.0f} MB after")
        passed.append(asyncio.run(stop_under_load(service, good, text)))
        print(f"  {'passed' if passed[-1] else 'FAILED'}")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(app.run(main))
