"""The pictures of a body, whatever its form."""

import base64
import json

import httpx
import pytest

from attention_ocr.serving.refusals import RefusalError
from attention_ocr.serving.uploads import Upload, instances_of, uploads_of

DATA = [b"first\r\n--not a boundary", bytes(range(256)) * 9000, b""]


def form(*files):
    request = httpx.Request("POST", "http://x/", files=[("files", file) for file in files])
    return request.headers["content-type"], request.read()


def test_files_of_a_form_in_their_order():
    content_type, body = form(*((f"ü {number}.png", data, "image/png") for number, data in enumerate(DATA)))
    assert uploads_of(content_type, body, 3) == [Upload(f"ü {number}.png", data) for number, data in enumerate(DATA)]


@pytest.mark.parametrize("cut", [3, 40, 2000])
def test_a_form_that_was_cut_is_refused(cut):
    content_type, body = form(("a.png", b"x" * 100, "image/png"), ("b.png", b"y" * 5000, "image/png"))
    with pytest.raises(RefusalError) as error:
        uploads_of(content_type, body[:-cut], 3)
    assert error.value.status == 422


@pytest.mark.parametrize("key", ["images", "instances"])
def test_json(key):
    texts = [base64.b64encode(data).decode() for data in DATA]
    values = [texts[0], {"b64": texts[1]}, f"data:image/png;base64,{texts[2]}"]
    body = json.dumps({key: values}).encode()
    assert [upload.data for upload in uploads_of("application/json; charset=utf-8", body, 3)] == DATA
    assert [upload.name for upload in uploads_of("application/json", body, 3)] == [
        "picture 1",
        "picture 2",
        "picture 3",
    ]
    alone = json.dumps({"image": texts[1]}).encode()
    assert [upload.data for upload in uploads_of("application/json", alone, 1)] == [DATA[1]]


def test_a_picture_as_it_is():
    assert uploads_of("image/jpeg", b"abc", 1) == [Upload("the picture", b"abc")]
    assert uploads_of("application/octet-stream", b"abc", 1) == [Upload("the picture", b"abc")]


def test_instances_of_tensorflow_serving():
    text = base64.b64encode(b"abc").decode()
    rows = {"signature_name": "serving_default", "instances": [{"image_bytes": {"b64": text}}, {"b64": text}]}
    assert [upload.data for upload in instances_of(json.dumps(rows).encode(), 2)] == [b"abc", b"abc"]
    columns = {"inputs": {"image_bytes": [{"b64": text}]}}
    assert [upload.data for upload in instances_of(json.dumps(columns).encode(), 2)] == [b"abc"]


@pytest.mark.parametrize(
    ("content_type", "body", "status", "said"),
    [
        ("", b"abc", 415, "the content type is 'none': send files as"),
        ("text/html", b"<p>", 415, "the content type is 'text/html': send files as"),
        ("application/json", b"{", 422, "the body is not JSON"),
        ("application/json", b"\xff\xfe{", 422, "the body is not JSON"),
        ("application/json", b"[" * 100_000, 422, "the body is not JSON"),
        ("application/json", b"[]", 422, "the body is a list and not a JSON object"),
        ("application/json", b"{}", 422, "the request has no images"),
        ("application/json", b'{"images": []}', 422, "the request has no images"),
        ("application/json", b'{"images": {"a": 1}}', 422, "the request has no images"),
        ("application/json", b'{"images": [1]}', 422, "picture 1: is no base64 string"),
        ("application/json", b'{"images": ["abc"]}', 422, "picture 1: is not base64"),
        ("application/json", '{"images": ["ü"]}'.encode(), 422, "picture 1: is not base64"),
        ("application/json", b'{"images": [{"b64": {"b64": null}}]}', 422, "picture 1: is no base64 string"),
        ("application/json", b'{"images": ["", "", "", ""]}', 413, "the request has more than 3 pictures"),
        ("multipart/form-data", b"abc", 422, "has no boundary"),
        ("multipart/form-data; boundary=x", b"abc", 422, "the body is not multipart/form-data"),
        ("multipart/form-data; boundary=x", b"", 422, "the request has no picture"),
    ],
)
def test_what_holds_no_pictures_is_refused_with_a_sentence(content_type, body, status, said):
    with pytest.raises(RefusalError) as error:
        uploads_of(content_type, body, 3)
    assert error.value.status == status
    assert said in str(error.value)


def test_fields_are_no_pictures_and_too_many_files_are_refused():
    request = httpx.Request("POST", "http://x/", data={"a": "b"}, files=[("f", b"x")] * 4)
    with pytest.raises(RefusalError) as error:
        uploads_of(request.headers["content-type"], request.read(), 3)
    assert error.value.status == 413
    fields = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
    with pytest.raises(RefusalError, match="the request has no picture"):
        uploads_of("multipart/form-data; boundary=x", fields, 3)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"instances": []}', b'{"instances": [{"image_bytes": {}}]}', b"{"])
def test_no_instances(body):
    with pytest.raises(RefusalError) as error:
        instances_of(body, 3)
    assert error.value.status == 422
