"""What /openapi.json and /docs tell of requests and answers."""

import importlib.util
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

SUMMARY = """Reads the text of pictures: words, lines and signs.

    curl -F files=@word.png http://127.0.0.1:5000/v1/read

A request may hold several pictures, and is read together with others. Boxes are (left, top, right, bottom) in pixels of
the picture as it was sent, before its EXIF orientation turns it upright."""


class Character(BaseModel):
    """A character."""

    character: str
    score: float = Field(description="Its probability.")
    box: list[float] | None = Field(None, description="Left, top, right, bottom in pixels; absent: not known.")
    view: int | None = Field(None, description="Of a model of several views: the one that the box is in.")


class Word(BaseModel):
    """Characters between blanks."""

    text: str
    confidence: float
    box: list[float] | None = None
    view: int | None = None


class Alternative(BaseModel):
    """Another text."""

    text: str
    confidence: float


class PageWord(BaseModel):
    """A word of a line."""

    text: str
    confidence: float
    box: list[float] | None = None


class Line(BaseModel):
    """A line of a page."""

    text: str
    confidence: float
    turned: int
    corners: list[list[float]] = Field(description="In pixels of the upright picture, clockwise from the top left.")
    words: list[PageWord]


class Block(BaseModel):
    """A column of a page, or what lies above or below columns."""

    lines: list[Line]


class PictureReading(BaseModel):
    """What was read in a picture, or why it could not be."""

    name: str
    error: str | None = None
    width: int | None = None
    height: int | None = None
    orientation: int | None = Field(None, description="How the camera was held, as EXIF numbers it; 1: upright.")
    text: str | None = None
    confidence: float | None = None
    characters: list[Character] | None = None
    words: list[Word] | None = None
    alternatives: list[Alternative] | None = None
    blocks: list[Block] | None = Field(None, description="Of pages: their lines, in reading order.")


class Readings(BaseModel):
    """An answer; `readings` are in the order of the pictures."""

    model: str
    request_id: str
    milliseconds: float
    readings: list[PictureReading]


class Problem(BaseModel):
    """Why a request is not answered."""

    error: str
    request_id: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The sender went away."},
    401: {"model": Problem, "description": "The service's key is missing."},
    404: {"model": Problem, "description": "There is no such model."},
    408: {"model": Problem, "description": "The body did not arrive in time."},
    413: {"model": Problem, "description": "The body, a picture, or their number is too large."},
    415: {"model": Problem, "description": "The body is of a type that holds no pictures."},
    422: {"model": Problem, "description": "The body holds no picture that can be read."},
    501: {"model": Problem, "description": "The service's machine has no detector for pages."},
    429: {"model": Problem, "description": "The service has enough to do; Retry-After tells when to come back."},
}
_BASE64 = {"type": "string", "contentEncoding": "base64"}
_INSTANCE = {"type": "object", "properties": {"b64": _BASE64}, "required": ["b64"]}
PICTURES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                    "required": ["files"],
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"images": {"type": "array", "items": _BASE64, "minItems": 1}},
                    "required": ["images"],
                }
            },
            "image/png": {"schema": {"type": "string", "format": "binary"}},
            "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
INSTANCES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "signature_name": {"type": "string"},
                        "instances": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "object",
                                "properties": {"image_bytes": _INSTANCE},
                                "required": ["image_bytes"],
                            },
                        },
                    },
                    "required": ["instances"],
                }
            }
        },
    }
}


def swagger_folder() -> Path:
    """The folder of Swagger UI's files, which the package fastapi-offline brings."""
    found = importlib.util.find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'fastapi_offline'", name="fastapi_offline")
    return Path(found.origin).parent / "static"
