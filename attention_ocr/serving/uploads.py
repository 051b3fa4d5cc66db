"""The pictures of a request's body: multipart files, JSON with base64, or one picture as it is."""

import base64
import binascii
import io
import json
from dataclasses import dataclass
from typing import Any

from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from attention_ocr.serving.refusals import RefusalError, is_too_large, is_wrong

IN_MEMORY = 1 << 40  # bytes of a file from which the parser would write it to a disk: never
HOW = 'send files as multipart/form-data, a picture as image/*, or JSON such as {"images": ["<base64>"]}'


@dataclass(frozen=True)
class Upload:
    """A picture as it was sent.

    Attributes:
        name: that of the file, or `picture 2`.
        data: its bytes.
    """

    name: str
    data: bytes


def uploads_of(content_type: str, body: bytes, most: int) -> list[Upload]:
    """The pictures of a body in their order.

    Args:
        content_type: the header.
        body: all of it.
        most: pictures that a request may have.

    Raises:
        RefusalError: it holds none, too many, or is not as its type says.
    """
    kind, options = parse_options_header(content_type or "")
    if kind == b"multipart/form-data":
        found = _of_form(options.get(b"boundary", b""), body, most)
    elif kind == b"application/json" or (not kind and body[:1] in b"{["):
        found = _of_json(body, most)
    elif kind.startswith(b"image/") or kind == b"application/octet-stream":
        found = [Upload("the picture", body)]
    else:
        told = kind.decode("latin-1")[:80] or "none"
        raise RefusalError(415, f"the content type is {told!r}: {HOW}", "not_readable")
    if not found:
        raise is_wrong(f"the request has no picture: {HOW}")
    return found


def instances_of(body: bytes, most: int) -> list[Upload]:
    """The pictures of TensorFlow Serving's `{"instances": [{"image_bytes": {"b64": ...}}]}`.

    Raises:
        RefusalError: as `uploads_of`.
    """
    values = _json_object(body)
    instances = values.get("instances")
    if instances is None and isinstance(values.get("inputs"), dict):
        instances = values["inputs"].get("image_bytes")
    if not isinstance(instances, list) or not instances:
        raise is_wrong('the request has no instances; send {"instances": [{"image_bytes": {"b64": "<base64>"}}]}')
    return _decoded(instances, most)


def _of_form(boundary: bytes, body: bytes, most: int) -> list[Upload]:
    if not boundary:
        raise is_wrong("the content type multipart/form-data has no boundary")
    found: list[Upload] = []

    def on_file(file: Any) -> None:
        if len(found) == most:
            raise _too_many(most)
        file.file_object.seek(0)
        name = (file.file_name or b"").decode("utf-8", "replace")
        found.append(Upload(name or f"picture {len(found) + 1}", file.file_object.read()))

    config = {"MAX_MEMORY_FILE_SIZE": IN_MEMORY}
    try:
        parser = FormParser("multipart/form-data", lambda field: None, on_file, boundary=boundary, config=config)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise is_wrong(f"the body is not multipart/form-data as its header says ({error})") from error
    if body and b"--%b--" % boundary not in body:
        raise is_wrong("the body ends before its last part does")
    return found


def _of_json(body: bytes, most: int) -> list[Upload]:
    values = _json_object(body)
    images = values.get("images", [values["image"]] if "image" in values else values.get("instances"))
    if not isinstance(images, list) or not images:
        raise is_wrong('the request has no images; send {"images": ["<base64>", ...]}')
    return _decoded(images, most)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        values = json.load(io.BytesIO(body))
    except (ValueError, RecursionError) as error:
        raise is_wrong(f"the body is not JSON ({str(error)[:100]})") from error
    if not isinstance(values, dict):
        raise is_wrong(f"the body is a {type(values).__name__} and not a JSON object")
    return values


def _decoded(images: list[Any], most: int) -> list[Upload]:
    if len(images) > most:
        raise _too_many(most)
    found = []
    for number, image in enumerate(images, start=1):
        name = f"picture {number}"
        while isinstance(image, dict):
            image = image.get("image_bytes", image.get("b64"))
        if not isinstance(image, str):
            raise is_wrong(f'{name}: is no base64 string, nor {{"b64": "<base64>"}}')
        if image.startswith("data:"):
            image = image.partition(",")[2]
        try:
            found.append(Upload(name, base64.b64decode(image, validate=True)))
        except (binascii.Error, ValueError) as error:
            raise is_wrong(f"{name}: is not base64 ({error})") from error
    return found


def _too_many(most: int) -> RefusalError:
    return is_too_large(f"the request has more than {most} pictures; send them in several requests")
