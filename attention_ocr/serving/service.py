"""From a request's body to its answers: pictures are decoded in threads, and read in batches."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from attention_ocr.errors import UserError
from attention_ocr.reading.backends.parts import cores
from attention_ocr.records.pictures import TooManyPixelsError
from attention_ocr.serve_config import ServeConfig
from attention_ocr.serving.answers import answer_of
from attention_ocr.serving.bodies import Bodies
from attention_ocr.serving.measures import Measures
from attention_ocr.serving.models import Models, ServedModel
from attention_ocr.serving.refusals import RefusalError, is_full, is_too_large, is_wrong
from attention_ocr.serving.uploads import Upload

Parse = Callable[[bytes], list[Upload]]


@dataclass(frozen=True)
class Answers:
    """What a request is answered with.

    Attributes:
        model: what read.
        readings: one for each picture: that of `answer_of`, or its name and an `error`.
        milliseconds: that decoding and reading took.
    """

    model: str
    readings: list[dict[str, Any]]
    milliseconds: float


class Service:
    """Answers requests for several models.

    Args:
        models: what reads.
        config: limits.
        measures: what is counted.
    """

    def __init__(self, models: Models, config: ServeConfig, measures: Measures):
        self.models, self.config, self.measures = models, config, measures
        self._bodies = Bodies(int(config.max_upload_mb * 1e6), config.upload_timeout_s)
        self._threads = ThreadPoolExecutor(cores(), "pictures")
        self._requests = 0

    def model_of(self, name: str) -> ServedModel:
        """The model of a name; the first one of an empty name.

        Raises:
            RefusalError: there is none.
        """
        model = self.models.by_name.get(name) if name else self.models.first
        if model is None:
            known = ", ".join(self.models.by_name)
            raise RefusalError(404, f"no model is called {name[:80]!r}; there are: {known}", "unknown_model")
        return model

    async def answer(self, request: Request, model: ServedModel, parse: Parse, alternatives: int = 0) -> Answers:
        """Reads the pictures of a request.

        Args:
            request: its body holds them.
            model: what reads.
            parse: a body -> its pictures; called in a thread.
            alternatives: other texts that are told of each picture at most.

        Raises:
            RefusalError: it cannot be answered; of several pictures only if none can be read.
        """
        if self._requests >= self.config.queue_size:
            raise is_full(f"{self._requests} requests are under way, of at most {self.config.queue_size}")
        self._requests += 1
        try:
            body = await self._bodies.read(request)
            try:
                notes = request.state.notes
                notes["bytes"] = len(body)
                uploads = await self._in_thread(parse, body)
                notes["pictures"] = len(uploads)
                return await self._read(uploads, model, alternatives)
            finally:
                self._bodies.release(body)
        finally:
            self._requests -= 1

    def close(self) -> None:
        """Ends its threads; what is under way is read."""
        self.models.close()
        self._threads.shutdown()

    async def _read(self, uploads: list[Upload], model: ServedModel, alternatives: int) -> Answers:
        started = time.perf_counter()
        model.batcher.reserve(len(uploads))
        found = await asyncio.gather(
            *(self._one(upload, model, alternatives) for upload in uploads), return_exceptions=True
        )
        readings: list[dict[str, Any]] = []
        for upload, one in zip(uploads, found, strict=True):
            if isinstance(one, RefusalError):
                self.measures.rejects.labels(one.reason).inc()
                one = {"name": upload.name, "error": one.sentence}
            elif isinstance(one, BaseException):
                raise one
            readings.append(one)
        refusals = [one for one in found if isinstance(one, RefusalError)]
        if len(refusals) == len(found):
            first = refusals[0]
            raise RefusalError(first.status, first.sentence, "")  # counted above
        return Answers(model.name, readings, round(1000 * (time.perf_counter() - started), 1))

    async def _one(self, upload: Upload, model: ServedModel, alternatives: int) -> dict[str, Any]:
        """The answer of a picture that a place was reserved for."""
        try:
            fitted = await self._in_thread(model.reader.fitted, upload.data, upload.name)
        except BaseException as error:
            model.batcher.release()
            if isinstance(error, TooManyPixelsError):
                raise is_too_large(str(error)) from error
            if isinstance(error, UserError):
                raise is_wrong(str(error)) from error
            raise
        reading = await asyncio.wrap_future(model.submit(fitted, alternatives > 0))
        charset = model.reader.dataset.charset
        return await self._in_thread(answer_of, upload.name, fitted, reading, charset, alternatives)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
