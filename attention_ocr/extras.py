"""Which extra of this package brings a module that is not installed: `pip install .` alone reads pictures."""

from attention_ocr.errors import UserError

# Extra -> the modules that it brings.
EXTRAS = {
    "train": (
        *("tensorflow", "keras", "cv2", "fontTools", "google_crc32c", "rapidfuzz", "tensorboard", "tensorboardX"),
        *("jinja2", "yaml"),
        "fontpkg",  # its fonts are fontpkg_roboto and so on
    ),
    "jax": ("jax", "jaxlib"),
    "openvino": ("openvino",),
    "litert": ("ai_edge_litert",),
    "lmdb": ("lmdb",),
    "mlflow": ("mlflow",),
    "wandb": ("wandb",),
    "ppocr": ("rapidocr",),
    "ray": ("ray",),
    "remote": ("fsspec", "s3fs"),
    "serve": ("fastapi", "fastapi_offline", "prometheus_client", "python_multipart", "starlette", "uvicorn"),
}


def missing(error: ModuleNotFoundError, what: str) -> UserError | None:
    """The error that tells a user which extra to install; None: no extra brings the module.

    Args:
        error: names the module.
        what: needs it, such as `train` or `--backend=openvino`.
    """
    module = (error.name or "").partition(".")[0]
    extra = extra_of(module)
    if extra is None:
        return None
    return UserError(f"{what}: needs {module}, which is not installed: pip install 'attention-ocr[{extra}]'")


def extra_of(module: str) -> str | None:
    """The extra that brings a module, by its name without those within it."""
    whole = "fontpkg" if module.startswith("fontpkg_") else module
    return next((extra for extra, modules in EXTRAS.items() if whole in modules), None)
