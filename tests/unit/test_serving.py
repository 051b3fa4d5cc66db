"""The service answers each request with what is in its own pictures, and refuses the rest with a sentence."""

import base64
import io
import json
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from PIL import Image

from attention_ocr.errors import UserError
from attention_ocr.serving.access import JsonFormatter, Key
from tests.serving_factory import KEY, Colours, files, picture, running, service_of, text_of, texts


def test_a_picture_has_text_confidence_characters_and_boxes(serve):
    client = serve()
    answer = client.post("/v1/read", files=files(picture(12, 255, 128, 64))).json()
    assert answer["model"] == "colours"
    (reading,) = answer["readings"]
    assert reading["name"] == "0.png"
    assert (reading["width"], reading["height"], reading["orientation"]) == (128, 64, 1)
    assert (reading["text"], reading["confidence"]) == ("012255", 0.9)
    assert [entry["character"] for entry in reading["characters"]] == list("012255")
    # Columns are 4 pixels wide, of a picture that is twice as large as the network sees it.
    assert [entry["box"] for entry in reading["characters"]][1:3] == [[11, 0, 19, 64], [19, 0, 27, 64]]
    assert [word["text"] for word in reading["words"]] == ["012255"]
    assert "alternatives" not in reading


def test_several_pictures_are_answered_in_their_order_in_any_form(serve):
    client = serve()
    pictures = [picture(1, 2), picture(3, 4, 30, 40), picture(5, 6, kind="BMP")]
    expected = ["001002", "003004", "005006"]
    assert texts(client.post("/v1/read", files=files(*pictures))) == expected
    encoded = [base64.b64encode(data).decode() for data in pictures]
    assert texts(client.post("/v1/read", json={"images": encoded})) == expected
    assert texts(client.post("/v1/read", content=pictures[1], headers={"content-type": "image/png"})) == expected[1:2]
    instances = [{"image_bytes": {"b64": text}} for text in encoded]
    served = client.post("/v1/models/colours:predict", json={"instances": instances}).json()
    assert [one["predicted_text"] for one in served["predictions"]] == expected


def test_each_request_is_answered_with_its_own_pictures(serve, backend):
    client = serve(max_batch=8, queue_size=256)

    def ask(number):
        red, green, _ = text_of(number)
        given = [picture(red, green), picture(green, red, 90, 40)][: 1 + number % 2]
        return texts(client.post("/v1/read", files=files(*given)))

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(ask, range(0, 60000, 401)))
    for number, read in zip(range(0, 60000, 401), found, strict=True):
        red, green, text = text_of(number)
        assert read == [text, f"{green:03}{red:03}"][: 1 + number % 2]
    assert sum(backend.batches) >= 224
    assert len(backend.batches) < sum(backend.batches)  # some were read together


def test_answers_are_sent_without_delay(monkeypatch, backend):
    """In two parts, of which the second one must not wait until the first is acknowledged (Nagle's algorithm)."""
    made = []
    accept = socket.socket.accept

    def noted(listening):
        connection, address = accept(listening)
        made.append(connection)
        return connection, address

    monkeypatch.setattr(socket.socket, "accept", noted)
    with (
        running(service_of(monkeypatch, {"colours": backend})) as (address, _),
        httpx.Client(base_url=address) as client,
    ):
        client.get("/health/live")
        assert made[-1].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_models_by_name(serve):
    client = serve({"one": Colours(), "other": Colours()})
    models = client.get("/v1/models").json()["models"]
    assert [model["name"] for model in models] == ["one", "other"]
    assert models[0] | {"head": "ctc", "height": 32, "characters": 10, "step": 7} == models[0]
    assert client.post("/v1/read", files=files(picture(1, 1))).json()["model"] == "one"
    assert client.post("/v1/read?model=other", files=files(picture(1, 1))).json()["model"] == "other"
    assert client.get("/v1/models/other").json()["model_version_status"][0]["state"] == "AVAILABLE"
    for response in (client.post("/v1/read?model=third"), client.get("/v1/models/third")):
        assert response.status_code == 404
        assert response.json()["error"] == "no model is called 'third'; there are: one, other"


def test_alternatives_are_told_when_asked_for(serve):
    client = serve()
    (reading,) = client.post("/v1/read?alternatives=2", files=files(picture(12, 34))).json()["readings"]
    assert reading["text"] == "012034"
    assert len(reading["alternatives"]) == 2
    assert all(other["text"] != "012034" and other["confidence"] < 0.9 for other in reading["alternatives"])
    assert client.post("/v1/read?alternatives=11", files=files(picture(1, 2))).status_code == 422


def test_a_picture_that_the_network_fails_on_is_an_error_of_its_own(serve, backend):
    client = serve(max_batch=4)
    backend.fails = "009009"
    response = client.post("/v1/read", files=files(picture(9, 9)))
    assert response.status_code == 500
    assert response.json()["error"] == "the service failed (RuntimeError); its log tells more"
    assert texts(client.post("/v1/read", files=files(picture(1, 1)))) == ["001001"]


@pytest.mark.parametrize("header", ["", "Bearer wrong", f"Basic {KEY}", KEY, f"Bearer {KEY}x"])
def test_without_the_key_nothing_is_read(serve, header):
    client = serve(key=KEY)
    for method, path in (("POST", "/v1/read"), ("GET", "/v1/models"), ("POST", "/v1/models/colours:predict")):
        response = client.request(method, path, headers={"authorization": header} if header else {})
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
    assert client.get("/health/live").status_code == 200
    good = {"authorization": f"Bearer {KEY}"}
    assert texts(client.post("/v1/read", files=files(picture(1, 1)), headers=good)) == ["001001"]


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40, b"two words of a key", b"lines\n" * 8])
def test_a_key_that_is_none_is_told(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(UserError, match="--api_key_file="):
        Key.of_file(str(tmp_path / "key"))
    with pytest.raises(UserError, match="cannot be read"):
        Key.of_file(str(tmp_path / "none"))


def test_ids_of_requests(serve):
    client = serve()
    given = client.get("/health/live", headers={"x-request-id": "my-id.1"})
    assert given.headers["x-request-id"] == "my-id.1"
    odd = client.post("/v1/read", headers={"x-request-id": "a b\tc"})
    assert odd.headers["x-request-id"] == odd.json()["request_id"] != "a b\tc"


def test_logs_tell_sizes_and_times_and_nothing_of_pictures(serve, caplog):
    client = serve()
    with caplog.at_level(logging.INFO):
        client.post("/v1/read", files=[("files", ("secret.png", picture(12, 34)))], headers={"x-request-id": "abc"})
    (record,) = [record for record in caplog.records if record.name == "attention_ocr.serving"]
    told = json.loads(JsonFormatter().format(record))
    assert told | {"method": "POST", "path": "/v1/read", "status": 200, "id": "abc", "pictures": 1} == told
    assert told["bytes"] > 50
    assert told["ms"] > 0
    assert "secret" not in caplog.text
    assert "012034" not in caplog.text


def test_measures(serve):
    client = serve()
    before = client.get("/metrics").text
    client.post("/v1/read", files=files(picture(1, 1), picture(2, 2)))
    client.post("/v1/read", files=files(b"no picture"))
    client.get("/no/such/page")
    deadline = time.monotonic() + 30  # an answer may arrive before its pictures are counted off
    while 'attention_ocr_pictures_under_way{model="colours"} 0.0' not in (told := client.get("/metrics").text):
        assert time.monotonic() < deadline, told
    assert 'attention_ocr_requests_total{path="/v1/read",status="200"} 1.0' in told
    assert 'attention_ocr_requests_total{path="other",status="404"} 1.0' in told
    assert 'attention_ocr_rejects_total{reason="not_readable"} 1.0' in told

    def count(text):
        return float(text.split('attention_ocr_pictures_total{model="colours"} ')[1].split("\n")[0])

    assert count(told) == count(before) + 2


def test_whole_pages(serve, monkeypatch):
    page = np.zeros([200, 300, 3], np.uint8)
    page[20:60, 10:90], page[120:160, 30:110] = (1, 2, 0), (3, 4, 0)
    places = np.array([[[10, 20], [90, 20], [90, 60], [10, 60]], [[30, 120], [110, 120], [110, 160], [30, 160]]], float)

    def find(pixels):
        assert pixels.shape == page.shape
        return places, np.array([0.9, 0.8])

    monkeypatch.setattr("attention_ocr.serving.page_reading.detector", lambda: find)
    client, file = serve(), io.BytesIO()
    Image.fromarray(page).save(file, "PNG")
    answer = client.post("/v1/read?pages=true", files=files(file.getvalue(), b"no picture")).json()
    found, bad = answer["readings"]
    assert "cannot be read as an image" in bad["error"]
    lines = [line for block in found["blocks"] for line in block["lines"]]
    assert [line["text"] for line in lines] == ["001002", "003004"]
    assert np.allclose([line["corners"] for line in lines], places)
    assert found["text"].split() == ["001002", "003004"]
    assert (found["width"], found["height"]) == (300, 200)
    assert 'pictures_under_way{model="colours"} 0.0' in client.get("/metrics").text
    line = client.post("/v1/read?pages=true", files=files(picture(1, 2, 600, 30)))
    assert line.status_code == 422
    assert "is 600 x 30 pixels, no shape of a page; read it as a line" in line.json()["error"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    response = client.post("/v1/read?pages=true", files=files(file.getvalue()))
    assert response.status_code == 501
    assert "pip install 'attention-ocr[pages]'" in response.json()["error"]


def test_orientation_and_several_pages(serve):
    client, file = serve(), io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.full([128, 32, 3], (5, 6, 0), np.uint8)).save(file, "PNG", exif=exif)
    (reading,) = client.post("/v1/read", files=files(file.getvalue())).json()["readings"]
    assert (reading["text"], reading["orientation"]) == ("005006", 6)
    assert (reading["width"], reading["height"]) == (32, 128)
    first = reading["characters"][0]["box"]
    assert first[3] - first[1] < 12  # it runs from the bottom to the top of the file
    assert first[3] > 120


def test_the_page_and_the_documents_need_no_other_address(serve):
    client = serve()
    page = client.get("/")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    seen = {"index.html": page.text}
    for name in ("style.css", "main.js", "card.js", "boxes.js", "requests.js", "icon.svg"):
        response = client.get(f"/page/{name}")
        assert response.status_code == 200
        seen[name] = response.text
    docs = client.get("/docs").text
    seen["docs"] = docs
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"docs/assets/{asset}" in docs
        assert client.get(f"/docs/assets/{asset}").status_code == 200
    for name, text in seen.items():
        assert "https://" not in text, name
        assert "http://" not in text.replace("http://www.w3.org", ""), name
    assert set(client.get("/openapi.json").json()["paths"]) >= {"/v1/read", "/v1/models", "/v1/models/{name}:predict"}


def test_a_service_whose_model_cannot_read_says_why_it_will_not_be_ready(monkeypatch, backend, caplog):
    backend.fails = "127127"  # what it reads in the grey picture that warms it up
    service = service_of(monkeypatch, {"colours": backend})
    with running(service, until="colours cannot read") as (address, _):
        response = httpx.get(f"{address}/health/ready")
    assert response.status_code == 503
    assert response.json()["error"] == "colours cannot read (the network failed); the log tells where"
    assert "retry-after" not in response.headers
    assert "the service will not be ready" in caplog.text
