"""From a request's body to its answers: pictures are decoded in threads, and read in batches."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from attention_ocr.parallel import available_cores
from attention_ocr.serve_config import ServeConfig
from attention_ocr.serving.bodies import Bodies, drain
from attention_ocr.serving.measures import Measures
from attention_ocr.serving.models import Models, ServedModel
from attention_ocr.serving.page_reading import PageReader, check_detector
from attention_ocr.serving.refusals import RefusalError, is_full, refusal_of
from attention_ocr.serving.uploads import Upload

Parse = Callable[[bytes], list[Upload]]
Submit = Callable[[Upload, ServedModel, int], Future]  # a picture, the model, alternatives -> its answer
Begun = tuple[Upload, Future | RefusalError | None]


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
        self._threads = ThreadPoolExecutor(available_cores(), "pictures")
        self._pages = PageReader()
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

    async def answer(
        self, request: Request, model: ServedModel, parse: Parse, alternatives: int = 0, pages: bool = False
    ) -> Answers:
        """Reads the pictures of a request.

        Args:
            request: its body holds them.
            model: what reads.
            parse: a body -> its pictures; called in a thread.
            alternatives: other texts that are told of each picture at most.
            pages: whether the pictures are whole photographs or pages, whose lines are to be found.

        Raises:
            RefusalError: it cannot be answered; of several pictures only if none can be read.
        """
        if pages:
            check_detector()
        if self._requests >= self.config.queue_size:
            await drain(request)
            raise is_full(f"{self._requests} requests are under way, of at most {self.config.queue_size}")
        self._requests += 1
        try:
            body = await self._bodies.read(request)
            try:
                notes = request.state.notes
                notes["bytes"] = len(body)
                started = time.perf_counter()
                submit = self._submit_page if pages else decode_and_submit
                begun = await self._in_thread(begin, parse, body, model, submit, alternatives)
                notes["pictures"] = len(begun)
                readings = await self._finish(begun, model, submit, alternatives)
                return Answers(model.name, readings, round(1000 * (time.perf_counter() - started), 1))
            finally:
                self._bodies.release(body)
        finally:
            self._requests -= 1

    def close(self) -> None:
        """Ends its threads; what is under way is read."""
        self._pages.close()
        self.models.close()
        self._threads.shutdown()

    def _submit_page(self, upload: Upload, model: ServedModel, alternatives: int) -> Future:
        del alternatives  # of lines none are told
        return self._pages.submit(upload, model)

    async def _finish(
        self, begun: list[Begun], model: ServedModel, submit: Submit, alternatives: int
    ) -> list[dict[str, Any]]:
        """The answers of pictures."""

        async def one(upload: Upload, future: Future | RefusalError | None) -> dict[str, Any]:
            if isinstance(future, RefusalError):
                raise future
            later = future or await self._in_thread(submit, upload, model, alternatives)
            return await asyncio.wrap_future(later)

        found = await asyncio.gather(*(one(*entry) for entry in begun), return_exceptions=True)
        readings: list[dict[str, Any]] = []
        for (upload, _), answer in zip(begun, found, strict=True):
            if isinstance(answer, RefusalError):
                self.measures.rejects.labels(answer.reason).inc()
                answer = {"name": upload.name, "error": answer.sentence}
            elif isinstance(answer, BaseException):
                raise answer
            readings.append(answer)
        refusals = [one for one in found if isinstance(one, RefusalError)]
        if len(refusals) == len(found):
            raise RefusalError(refusals[0].status, refusals[0].sentence, "")  # counted above
        return readings

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


def begin(parse: Parse, body: bytes, model: ServedModel, submit: Submit, alternatives: int) -> list[Begun]:
    """The pictures of a body. One alone is submitted at once: its answer is on its way; several are not yet."""
    uploads = parse(body)
    model.batcher.reserve(len(uploads))
    if len(uploads) > 1:
        return [(upload, None) for upload in uploads]
    try:
        return [(uploads[0], submit(uploads[0], model, alternatives))]
    except RefusalError as refusal:
        return [(uploads[0], refusal)]


def decode_and_submit(upload: Upload, model: ServedModel, alternatives: int) -> Future:
    """The answer of a picture that a place was reserved for.

    Raises:
        RefusalError: it cannot be read; its place is given back.
    """
    try:
        fitted = model.reader.fitted(upload.data, upload.name)
    except Exception as error:
        model.batcher.release()
        raise refusal_of(error) from error
    return model.submit(upload.name, fitted, alternatives)
