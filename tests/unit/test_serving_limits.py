"""What the service refuses: bad and too large bodies, slow senders, more than it can hold; each with a sentence."""

import socket
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.serving_factory import KEY, files, picture, text_of, texts


def bomb(width, height):
    """A PNG of some bytes that says that it is huge."""
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    parts = [len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4) for kind, data in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_of_several_pictures_the_bad_ones_have_an_error(serve):
    client = serve()
    answer = client.post("/v1/read", files=files(picture(1, 2), b"no picture", picture(3, 4))).json()
    assert [reading.get("text") for reading in answer["readings"]] == ["001002", None, "003004"]
    assert "1.png: cannot be read as an image" in answer["readings"][1]["error"]


@pytest.mark.parametrize(
    ("make", "status", "said"),
    [
        (lambda: b"", 422, "cannot be read as an image"),
        (lambda: b"no picture", 422, "cannot be read as an image"),
        (lambda: picture(1, 2)[:60], 422, "cannot be read as an image"),
        (lambda: picture(1, 2, 600, 600, "JPEG")[:-900], 422, "cannot be read as an image"),
        (lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", 422, "cannot be read as an image"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "cannot be read as an image"),
        (lambda: bomb(50_000, 50_000), 413, "has 50000 x 50000 = 2,500,000,000 pixels, more than --max_pixels=1000000"),
        (lambda: bomb(2**31 - 1, 2**31 - 1), 413, "pixels, more than --max_pixels"),
        (lambda: bytes(2_000_001), 413, "the body is larger than 2 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(serve, make, status, said):
    client = serve(max_upload_mb=2.0)
    response = client.post("/v1/read", files=files(make()))
    assert response.status_code == status
    assert said in response.json()["error"]
    assert "\n" not in response.json()["error"]
    assert texts(client.post("/v1/read", files=files(picture(7, 8)))) == ["007008"]


def test_too_large_a_body_is_refused_while_it_arrives(serve):
    client = serve(max_upload_mb=1.0)

    def endless():
        for _ in range(100):
            yield bytes(1_000_000)

    response = client.post("/v1/read", content=endless(), headers={"content-type": "image/png"})
    assert response.status_code == 413
    told = client.post("/v1/read", content=bytes(100_000_000), headers={"content-type": "image/png"})
    assert told.status_code == 413
    assert 'rejects_total{reason="too_large"} 2.0' in client.get("/metrics").text


def test_a_large_body_is_too_large_however_long_it_takes(serve):
    client = serve(max_upload_mb=1.0, upload_timeout_s=0.05)
    gate = threading.Event()

    def slow():
        yield bytes(1_000_001)
        gate.wait(0.3)  # much longer than a body may take
        yield bytes(10)

    for headers in ({}, {"content-length": "1000011"}):
        response = client.post("/v1/read", content=slow(), headers={"content-type": "image/png", **headers})
        assert response.status_code == 413


def test_a_slow_sender_is_told_so_and_holds_nobody_up(serve):
    client = serve(upload_timeout_s=0.3)
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port)) as slow:
        slow.sendall(b"POST /v1/read HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100\r\n\r\nabc")
        assert texts(client.post("/v1/read", files=files(picture(1, 2)))) == ["001002"]
        answer = b"".join(iter(lambda: slow.recv(10_000), b"")).decode()
    assert answer.startswith("HTTP/1.1 408")
    assert "the body did not arrive within 0.3 s" in answer


def test_a_sender_that_goes_away_leaves_its_place(serve):
    client = serve(queue_size=16, max_batch=4)
    for _ in range(40):
        with socket.create_connection((client.base_url.host, client.base_url.port)) as gone:
            gone.sendall(b"POST /v1/read HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
    while client.get("/health/live").status_code != 200:
        pass
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.post("/v1/read", files=files(picture(3, 4))), range(8)))
    assert all(answer.status_code == 200 for answer in answers)


def test_a_full_queue_says_when_to_come_back(serve, backend):
    client = serve(queue_size=2, max_batch=1)
    backend.gate.clear()
    while backend.entered.acquire(blocking=False):  # those of warming up
        pass
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(client.post, "/v1/read", files=files(picture(1, 1)))
        backend.entered.acquire()
        second = client.post("/v1/read", files=files(picture(2, 2), picture(3, 3)))
        assert second.status_code == 429
        assert int(second.headers["retry-after"]) >= 1
        assert second.json()["error"] == "1 pictures are under way, of at most 2; send the request again after 1 s"
        backend.gate.set()
        assert texts(first.result()) == ["001001"]
    assert texts(client.post("/v1/read", files=files(picture(2, 2), picture(3, 3)))) == ["002002", "003003"]


def test_a_stop_answers_what_is_under_way(serve, backend):
    client = serve(max_batch=2)
    backend.gate.clear()
    while backend.entered.acquire(blocking=False):
        pass
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(client.post, "/v1/read", files=files(picture(n, n))) for n in range(3)]
        backend.entered.acquire()
        client.server.stop()
        backend.gate.set()
        for number, answer in enumerate(asked):
            try:
                assert texts(answer.result()) == [f"{number:03}" * 2]
            except httpx.TransportError:  # its connection was not yet accepted
                assert number != min(n for n, one in enumerate(asked) if not one.exception())


def test_a_refusal_reaches_a_sender_of_much(serve, backend):
    """Whose connection is closed while it still sends never sees the answer."""
    client, much = serve(key=KEY, queue_size=1, max_upload_mb=50.0), {"content": bytes(20_000_000)}
    good = {"authorization": f"Bearer {KEY}"}
    assert client.post("/v1/read", **much).status_code == 401
    assert client.post("/v1/read?model=none", **much, headers=good).status_code == 404
    assert client.post("/v1/models/none:predict", **much, headers=good).status_code == 404
    backend.gate.clear()
    while backend.entered.acquire(blocking=False):  # those of warming up
        pass
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.post, "/v1/read", files=files(picture(1, 1)), headers=good)
        backend.entered.acquire()
        assert client.post("/v1/read", **much, headers=good).status_code == 429
        backend.gate.set()
        assert texts(first.result()) == ["001001"]


def test_hundreds_of_broken_uploads_among_good_ones(serve):
    client = serve(max_upload_mb=0.2, queue_size=64)
    whole = picture(1, 2, 300, 100, "JPEG")
    broken = [b"", b"\0" * 1000, whole[:200], whole[:-100], bomb(50_000, 50_000), bytes(250_000), b"GIF89a", b"BM" * 30]

    def ask(number):
        if number % 5 == 0:
            red, green, text = text_of(number)
            response = client.post("/v1/read", files=files(picture(red, green)))
            return response.status_code in (200, 429) and (response.status_code == 429 or texts(response) == [text])
        return client.post("/v1/read", files=files(broken[number % len(broken)])).status_code in (413, 422, 429)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(300)))
    told = client.get("/metrics").text
    assert 'status="500"' not in told
    assert threading.active_count() < 50
