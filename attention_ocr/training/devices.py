"""The devices that a model learns on: on jax all that there are, each with the weights and a share of every batch."""

import contextlib
import logging
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from attention_ocr.errors import UserError
from attention_ocr.training import optimizers

log = logging.getLogger(__name__)


def distribution(batch_size: int) -> keras.distribution.DataParallel | None:
    """How training is spread over several devices; None: there is one, or the backend uses one only.

    Args:
        batch_size: of all devices together.

    Raises:
        UserError: the batch cannot be split evenly.
    """
    if keras.backend.backend() != "jax":
        # MirroredStrategy would have each device normalise its own share by itself: another training.
        others = len(keras.distribution.list_devices("gpu"))
        if others > 1:
            log.info("TensorFlow learns on one of %d GPUs; KERAS_BACKEND=jax learns on all of them", others)
        return None
    import jax

    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    if len(devices) == 1:
        return None
    if batch_size % len(devices):
        raise UserError(
            f"--batch_size={batch_size}: cannot be split evenly among {len(devices)} devices; give a multiple of them"
        )
    if len(devices) != jax.process_count() * jax.local_device_count():
        raise UserError(f"{jax.local_device_count()} of {len(devices)} devices are here: give each process as many")
    log.info("devices: %d, each with %d pictures of a batch", len(devices), batch_size // len(devices))
    names = [f"{device.platform}:{device.id}" for device in devices]
    return keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)


@contextlib.contextmanager
def compiled_in(folder: Path) -> Iterator[None]:
    """Within it jax keeps what it compiles in a folder, and takes it from there; JAX_COMPILATION_CACHE_DIR wins.

    What is compiled for a processor stays with its machine: another one may lack some of its instructions.
    """
    if keras.backend.backend() != "jax":
        yield
        return
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    if getattr(jax.config, "jax_compilation_cache_dir", None):  # which jax does not declare
        yield
        return
    backend = jax.default_backend()
    try:
        own = folder / (f"cpu-{platform.node()}" if backend == "cpu" else backend)
        _keep_compiled(jax, compilation_cache, str(own))
        yield
    finally:
        _keep_compiled(jax, compilation_cache, None)


def _keep_compiled(jax: Any, cache: Any, folder: str | None) -> None:
    jax.config.update("jax_compilation_cache_dir", folder)
    cache.reset_cache()  # jax looks for the folder once


@contextlib.contextmanager
def spread(model: keras.Model, over: keras.distribution.DataParallel | None) -> Iterator[None]:
    """Within it a compiled model, which was built and loaded on one device, learns on all."""
    if over is None:
        yield
        return
    _place(_distinct([*model.variables, *model.optimizer.variables, *model.metrics_variables]), over)
    with over.scope():
        yield


def spread_metrics(model: keras.Model) -> None:
    """Puts a spread model's metrics on all devices again: Keras resets them onto one at the beginning of an epoch.

    A step that finds them there is compiled for it, and then once more for the next step.
    """
    over = keras.distribution.distribution()
    if over is not None:
        _place(model.metrics_variables, over)


def _place(variables: list[Any], over: keras.distribution.DataParallel) -> None:
    """Keras would compare each variable among all processes, which takes minutes for a large network."""
    import jax

    for variable in variables:
        value = np.asarray(variable.value)
        layout = over.get_variable_layout(variable).backend_layout
        variable.assign(jax.make_array_from_callback(value.shape, layout, value.__getitem__))


@contextlib.contextmanager
def on_one_device(model: keras.Model) -> Iterator[None]:
    """Within it a model that is spread reads in this process alone; what is assigned to it is forgotten."""
    over = keras.distribution.distribution()
    if over is None:
        yield
        return
    variables = _distinct([*model.variables, *optimizers.inner(model.optimizer).averages])
    kept = [variable.value for variable in variables]
    keras.distribution.set_distribution(None)
    for variable in variables:
        variable.assign(np.asarray(variable.value))
    try:
        yield
    finally:
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)
        keras.distribution.set_distribution(over)


def _distinct(variables: list[Any]) -> list[Any]:
    return list({id(variable): variable for variable in variables}.values())
