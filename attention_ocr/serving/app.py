"""The addresses of the service."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

import attention_ocr
from attention_ocr.serving import documents
from attention_ocr.serving.access import Key, Record
from attention_ocr.serving.answers import prediction_of
from attention_ocr.serving.bodies import drain
from attention_ocr.serving.models import MOST_ALTERNATIVES, ServedModel
from attention_ocr.serving.refusals import RefusalError
from attention_ocr.serving.service import Service
from attention_ocr.serving.uploads import instances_of, uploads_of

PAGE = Path(__file__).parent / "page"
# The page needs nothing but its own address; pictures it shows come from the browser's memory.
POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"


def app_of(service: Service, key: Key) -> FastAPI:
    """The application.

    Args:
        service: answers.
        key: what requests under /v1 must have.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.models.warm_up()
        yield
        service.close()

    app = FastAPI(
        title="attention-ocr",
        version=attention_ocr.__version__,
        description=documents.SUMMARY,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    _add_reading(app, service, key)
    _add_health(app, service)
    _add_pages(app)
    _add_errors(app, service)
    app.add_middleware(Record, measures=service.measures)
    return app


def _add_reading(app: FastAPI, service: Service, key: Key) -> None:
    """What lies under /v1."""

    async def has_key(request: Request) -> None:
        if not key.fits(request.headers.get("authorization", "")):
            await drain(request)
            raise RefusalError(401, "this needs the service's key: send `Authorization: Bearer KEY`", "no_key")

    async def named(request: Request, name: str) -> ServedModel:
        try:
            return service.model_of(name)
        except RefusalError:
            await drain(request)
            raise

    guarded: dict[str, Any] = {"dependencies": [Depends(has_key)], "responses": documents.PROBLEMS}
    most = service.config.max_pictures

    @app.post("/v1/read", response_model=documents.Readings, openapi_extra=documents.PICTURES, **guarded)
    async def read(
        request: Request,
        model: Annotated[str, Query(max_length=100, description="Which model reads; empty: the first.")] = "",
        alternatives: Annotated[
            int, Query(ge=0, le=MOST_ALTERNATIVES, description="Other texts that are told of each picture, at most.")
        ] = 0,
        pages: Annotated[
            bool, Query(description="Find the lines of whole photographs or pages, and read each.")
        ] = False,
    ) -> JSONResponse:
        """Reads pictures: their texts, how sure each is, and where each character is; of pages, their lines."""
        content_type = request.headers.get("content-type", "")
        served = await named(request, model)
        found = await service.answer(
            request, served, lambda body: uploads_of(content_type, body, most), alternatives, pages
        )
        values = {"model": found.model, "request_id": request.state.notes["id"], "milliseconds": found.milliseconds}
        return JSONResponse({**values, "readings": found.readings})

    @app.get("/v1/models", **guarded)
    async def models() -> dict[str, list[dict[str, Any]]]:
        """The models, the default one first."""
        return {"models": [model.described() for model in service.models.by_name.values()]}

    @app.get("/v1/models/{name}", **guarded)
    async def status_of_model(name: str) -> dict[str, Any]:
        """Whether a model is there, as TensorFlow Serving tells it."""
        model = service.model_of(name)
        state = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        return {"model_version_status": [{"version": str(model.reader.step), **state}]}

    @app.post("/v1/models/{name}:predict", openapi_extra=documents.INSTANCES, **guarded)
    async def predict(request: Request, name: str) -> dict[str, list[dict[str, Any]]]:
        """Reads pictures as TensorFlow Serving does with an export."""
        found = await service.answer(request, await named(request, name), lambda body: instances_of(body, most))
        return {"predictions": [prediction_of(answer) for answer in found.readings]}


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/health/live")
    async def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "live"}

    @app.get("/health/ready", responses={503: {"model": documents.Problem}})
    async def ready() -> dict[str, str]:
        """The models are loaded and have read once."""
        if service.models.failure:  # it will not pass: nobody is told to come back
            raise RefusalError(503, service.models.failure, "")
        if not service.models.is_ready:
            raise RefusalError(503, "the models are not ready", "", retry_after=1)
        return {"status": "ready"}

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(service.measures.text(), media_type=CONTENT_TYPE_LATEST)


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        headers = {"content-security-policy": POLICY, "referrer-policy": "no-referrer"}
        return HTMLResponse((PAGE / "index.html").read_text("utf-8"), headers=headers)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title="attention-ocr",
            swagger_js_url="docs/assets/swagger-ui-bundle.js",
            swagger_css_url="docs/assets/swagger-ui.css",
            swagger_favicon_url="page/icon.svg",
        )

    app.mount("/docs/assets", StaticFiles(directory=documents.swagger_folder()))
    app.mount("/page", StaticFiles(directory=PAGE))


def _add_errors(app: FastAPI, service: Service) -> None:
    """Every error is `{"error": sentence, "request_id": id}`."""

    def problem(request: Request, status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
        notes = request.state.notes
        return JSONResponse({"error": sentence, "request_id": notes["id"]}, status, headers)

    @app.exception_handler(RefusalError)
    async def refused(request: Request, refusal: RefusalError) -> JSONResponse:
        if refusal.reason:
            service.measures.rejects.labels(refusal.reason).inc()
        headers = {"retry-after": str(refusal.retry_after)} if refusal.retry_after else {}
        headers |= {"www-authenticate": "Bearer"} if refusal.status == 401 else {}
        headers |= {"connection": "close"} if refusal.status in (408, 413) else {}
        return problem(request, refusal.status, refusal.sentence, headers)

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        return problem(request, 422, f"{where}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        return problem(request, error.status_code, str(error.detail), dict(error.headers or {}))
