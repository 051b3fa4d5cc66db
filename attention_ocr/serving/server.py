"""The server: a socket, the models, and an end that leaves no request without an answer."""

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence

import uvicorn

from attention_ocr.config import BackendConfig, ReadConfig
from attention_ocr.errors import UserError
from attention_ocr.ready.default import default_reader
from attention_ocr.serve_config import ServeConfig
from attention_ocr.serving.access import Key, log_lines
from attention_ocr.serving.app import app_of
from attention_ocr.serving.measures import Measures
from attention_ocr.serving.models import Models, ServedModel, names_and_paths
from attention_ocr.serving.service import Service

logger = logging.getLogger(__name__)
BACKLOG = 2048


class Server(uvicorn.Server):
    """A server that ends well on SIGTERM and Ctrl-C: the process goes on to its own end, with status 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # it hears no signals
            yield
            return
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.stop, number)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Takes no more connections, answers what is under way, and ends; the second time it ends at once."""
        logger.info("%s: answering what is under way", signal.Signals(number).name)
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(
    given: Sequence[str], config: ServeConfig, reading: ReadConfig, backend: BackendConfig, max_pixels: int
) -> None:
    """Serves until SIGTERM.

    Args:
        given: `NAME=FILE` or FILE of each model; empty: the default reader.
        config, reading, backend: knobs.
        max_pixels: of a picture that is decoded.

    Raises:
        UserError: a model or the key's file is wrong, or the address cannot be used.
    """
    key = Key.of_file(config.api_key_file)
    log_lines(config.log_json)
    with bound(config) as listening:
        measures = Measures()
        names = names_and_paths(given or [default_reader()])
        models = [ServedModel(name, path, reading, backend, config, measures) for name, path in names]
        for model in models:
            model.reader.max_pixels = max_pixels
        warn_if_open(config, key)
        server = server_of(Service(Models(models), config, measures), key, config)
        address, port = listening.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        logger.info("%s at http://%s:%d (/docs tells how to ask; Ctrl-C ends)", ", ".join(dict(names)), shown, port)
        server.run([listening])
    logger.info("ended")


def server_of(service: Service, key: Key, config: ServeConfig) -> Server:
    """The server of a service."""
    return Server(
        uvicorn.Config(
            app_of(service, key),
            access_log=False,
            log_config=None,
            lifespan="on",
            backlog=BACKLOG,
            server_header=False,
            timeout_graceful_shutdown=round(config.stop_timeout_s),
        )
    )


def bound(config: ServeConfig) -> socket.socket:
    """A socket at the address.

    Raises:
        UserError: there is no such address, or another process has it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        # Not socket.create_server: asyncio sends answers without delay only where a socket names its protocol.
        listening = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
        return listening
    except OSError as error:
        way = f"--host={config.host} --port={config.port}"
        raise UserError(f"{way}: cannot be listened at ({error.strerror or error}); choose another") from error


def warn_if_open(config: ServeConfig, key: Key) -> None:
    """Warns of an address that others reach, where no key is needed."""
    if not key.is_needed and not is_loopback(config.host):
        logger.warning(
            "--host=%s: whoever reaches this machine can send pictures; set --api_key_file, and keep the port behind a "
            "server that speaks TLS",
            config.host,
        )


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
