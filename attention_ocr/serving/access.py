"""Who may ask, under which id, and what is logged: sizes and times, never pictures or texts."""

import hashlib
import hmac
import json
import logging
import re
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from starlette.responses import JSONResponse

from attention_ocr.errors import UserError
from attention_ocr.serving.measures import Measures

logger = logging.getLogger("attention_ocr.serving")
GIVEN_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
LEAST_KEY = 16  # characters
FOLDERS = ("/page", "/docs/assets")
QUIET = ("/health", "/metrics", *FOLDERS)  # logged only for debugging
Scope = MutableMapping[str, Any]
Call = Callable[..., Awaitable[Any]]


class Key:
    """A key that requests must have.

    Args:
        key: the key; empty: none is needed.
    """

    def __init__(self, key: str = ""):
        self._digest = hashlib.sha256(key.encode()).digest() if key else b""

    @classmethod
    def of_file(cls, path: str) -> "Key":
        """The key in a file; of an empty path: none is needed.

        Raises:
            UserError: there is no such file, or its key is short.
        """
        if not path:
            return cls()
        try:
            key = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"--api_key_file={path}: cannot be read ({error})") from error
        if len(key) < LEAST_KEY or not key.isascii() or not key.isprintable() or " " in key:
            raise UserError(
                f"--api_key_file={path}: must hold one key of {LEAST_KEY} letters, digits and signs or more, such as "
                "`openssl rand -hex 32` writes"
            )
        return cls(key)

    @property
    def is_needed(self) -> bool:
        """Whether requests must have it."""
        return bool(self._digest)

    def fits(self, header: str) -> bool:
        """Whether an Authorization header has it; the time that it takes tells nothing of the key."""
        kind, _, given = header.partition(" ")
        digest = hashlib.sha256(given.strip().encode("utf-8", "surrogateescape")).digest()
        return not self._digest or (hmac.compare_digest(digest, self._digest) and kind.lower() == "bearer")


class Record:
    """ASGI middleware: gives each request an id, counts it, and logs a line about it.

    Args:
        app: what answers.
        measures: what is counted.
    """

    def __init__(self, app: Call, measures: Measures):
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Call, send: Call) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get(b"x-request-id", "")
        request_id = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        notes: dict[str, Any] = {"id": request_id}
        scope.setdefault("state", {})["notes"] = notes
        answer = Answer(scope, notes, self._measures)

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            elif not message.get("more_body", False):
                answer.ends()  # before its end is sent, so that who has it finds it counted
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:
            logger.exception("request %s failed", request_id)
            if answer.status:
                raise
            sentence = f"the service failed ({type(error).__name__}); its log tells more"
            response = JSONResponse({"error": sentence, "request_id": request_id}, 500)
            await response(scope, receive, sent)
        finally:
            answer.ends()


class Answer:
    """What is counted and logged of an answer, once.

    Args:
        scope: of the request.
        notes: what the log tells besides.
        measures: what is counted.

    Attributes:
        status: of HTTP; 0: nothing was sent.
    """

    def __init__(self, scope: Scope, notes: dict[str, Any], measures: Measures):
        self._scope, self._notes, self._measures = scope, notes, measures
        self._started, self._has_ended = time.perf_counter(), False
        self.status = 0

    def ends(self) -> None:
        """Counts and logs it, the first time."""
        if self._has_ended:
            return
        self._has_ended = True
        seconds, path, method = time.perf_counter() - self._started, label_of(self._scope), self._scope["method"]
        self._measures.requests.labels(path, str(self.status)).inc()
        self._measures.latency.labels(path).observe(seconds)
        values = {"status": self.status, "ms": round(1000 * seconds, 1), **self._notes}
        text = " ".join(f"{name}={value}" for name, value in values.items())
        level = logging.DEBUG if path.startswith(QUIET) else logging.INFO
        told = {"method": method, "path": path, **values}
        logger.log(level, "%s %s %s", method, path, text, extra={"values": told})


def label_of(scope: Scope) -> str:
    """The address of a request without names that its sender chose; `other`: there is none."""
    path = getattr(scope.get("route"), "path", "")
    return path or next((folder for folder in FOLDERS if scope["path"].startswith(f"{folder}/")), "other")


class JsonFormatter(logging.Formatter):
    """A record as a JSON object in a line."""

    def format(self, record: logging.LogRecord) -> str:
        values = getattr(record, "values", None) or {"message": record.getMessage()}
        told = {"time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"), "level": record.levelname.lower(), **values}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=True)


def log_lines(as_json: bool) -> None:
    """From now on what this package and the server log are lines on standard output, JSON objects or text.

    Unlike what a job prints, they may get lost: a log that is closed must not end the service.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name in ("attention_ocr", "uvicorn"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(logging.INFO if name == "attention_ocr" else logging.WARNING)
    logging.raiseExceptions = False
