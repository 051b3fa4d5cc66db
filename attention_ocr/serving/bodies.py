"""A request's body, read as it arrives: no larger, and no slower, than is allowed."""

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from attention_ocr.serving.refusals import RefusalError, is_full, is_too_large

DRAINED = 256_000_000  # bytes of a body that is refused which are read on, so that its sender hears why
DRAINING_S = 5.0
BODIES = 16  # of the largest size, that all requests together may hold


@dataclass
class Bodies:
    """Reads bodies, and knows how many bytes of all requests are held.

    Attributes:
        max_bytes: of a body.
        timeout_s: seconds in which it must have arrived.
        held: bytes of all bodies that are held.
    """

    max_bytes: int
    timeout_s: float
    held: int = 0

    async def read(self, request: Request) -> bytes:
        """The body; `release` gives its bytes back.

        Raises:
            RefusalError: it is too large, too slow, or there is no room for it.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._read(request)
        except TimeoutError as error:
            sentence = f"the body did not arrive within {self.timeout_s:g} s"
            raise RefusalError(408, sentence, "slow") from error
        except ClientDisconnect as error:
            raise RefusalError(400, "the sender went away", "disconnected") from error
        except RefusalError:
            await drain(request)
            raise

    def release(self, body: bytes) -> None:
        """Gives back the bytes of a body that is done with."""
        self.held -= len(body)

    async def _read(self, request: Request) -> bytes:
        told = request.headers.get("content-length", "")
        too_large = is_too_large(
            f"the body is larger than {self.max_bytes / 1e6:g} MB; send smaller pictures, or start the service with a "
            "larger --max_upload_mb"
        )
        if told.isdecimal() and int(told) > self.max_bytes:
            raise too_large
        parts: list[bytes] = []
        size = 0
        try:
            async for part in request.stream():
                size += len(part)
                self.held += len(part)
                parts.append(part)
                if size > self.max_bytes or self.held > BODIES * self.max_bytes:
                    raise too_large if size > self.max_bytes else is_full("the service holds as much as it may")
        except BaseException:
            self.held -= size
            raise
        return b"".join(parts)


async def drain(request: Request) -> None:
    """Reads a body on for a while and forgets it: a connection that is closed at once loses the answer on its way."""
    if request.headers.get("expect", "").lower() == "100-continue":
        return  # nothing is sent before it is asked for
    left = DRAINED
    try:
        async with asyncio.timeout(DRAINING_S):
            while left > 0:
                message = await request.receive()
                left -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
