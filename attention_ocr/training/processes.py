"""One training in several processes, on one machine or many: who takes part, what they agree on, how they end.

Only the first one writes. It has a line to each of the others, on which it tells them what it has decided. A line that
breaks says at once that a process has died; a machine that vanishes is found by jax, after its 100 seconds.
"""

import contextlib
import json
import logging
import os
import queue
import secrets
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, NoReturn, Protocol

from attention_ocr.errors import UserError
from attention_ocr.share import WHOLE, Share
from attention_ocr.train_config import ClusterConfig
from attention_ocr.training import run_lock

MEETING = "attention_ocr/meeting"  # where the first process tells the others how to reach it
MOST_WAIT = 300  # seconds until all processes have come
# How each process knows its cluster, and how many processes there are: an indexed job of Kubernetes does not tell.
CLUSTERS = (
    ("SLURM_STEP_NODELIST", "SLURM_STEP_NUM_TASKS"),  # which only `srun` sets
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("JOB_COMPLETION_INDEX", ""),
)
WAY_OUT = "all processes of the run end; the same commands go on from its last checkpoint"


class Processes(Protocol):
    """The processes that train together, seen by one of them.

    Attributes:
        share: the part of each batch that this one prepares.
    """

    share: Share

    def agree(self, value: Any = None) -> Any:
        """What the first process gives here, which JSON can hold; the others wait for it, and what they give is lost.

        All processes must come here, in the same order.
        """
        ...

    def told_to_stop(self, step: int) -> bool:
        """Whether a process was told to stop and all are to do so after this step; each must ask after every step."""
        ...


class Alone:
    """The only process."""

    share = WHOLE

    def agree(self, value: Any = None) -> Any:
        return value

    def told_to_stop(self, step: int) -> bool:
        del step
        return False


class Together:
    """One of several processes, which jax has brought together.

    Args:
        config: where they meet.
    """

    def __init__(self, config: ClusterConfig):
        import jax  # of the backends, the only one with several processes
        from jax.experimental import multihost_utils

        _join(jax, config)
        self.share = Share(jax.process_index(), jax.process_count())
        self._reached = multihost_utils.reached_preemption_sync_point
        self._shut_down = jax.distributed.shutdown
        self._told: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._ends = threading.Lock()
        self._lines = self._lines_to_others()
        for number, line in self._lines.items():
            threading.Thread(target=self._listen, args=(number, line), daemon=True).start()

    def agree(self, value: Any = None) -> Any:
        if self.share.index:
            return self._told.get()
        self._tell("agreed", value)
        return value

    def told_to_stop(self, step: int) -> bool:
        return self._reached(step)

    def leave(self) -> None:
        """Ends the training in this process, after all have done their work."""
        self.agree()
        self._tell("leaves")
        self._shut_down()

    def fail(self, error: BaseException) -> NoReturn:
        """Says why, and ends this process and all others."""
        known = isinstance(error, UserError | KeyboardInterrupt)
        text = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
        if not known:
            traceback.print_exception(error)
        self._end(text, f"process {self.share.index} has failed: {text}")

    def _listen(self, number: int, line: Connection) -> None:
        """Takes what another process says, until it leaves."""
        try:
            while True:
                kind, value = json.loads(line.recv_bytes())
                if kind == "leaves":
                    return
                if kind == "failed":
                    self._end(f"{value}; {WAY_OUT}", value)
                self._told.put(value)
        except (EOFError, OSError):
            died = f"process {number} of {self.share.count} has died"
            self._end(f"{died}; {WAY_OUT}", died)

    def _end(self, text: str, told: str) -> NoReturn:
        """Prints a line, tells the others, and ends at once: a step that waits for a dead process never ends."""
        with self._ends:
            sys.stdout.flush()
            sys.stderr.write(f"error: {text}\n")
            sys.stderr.flush()
            self._tell("failed", told)
            os._exit(1)

    def _tell(self, kind: str, value: Any = None) -> None:
        for line in self._lines.values():
            with contextlib.suppress(OSError):  # a line that is broken is `_listen`'s affair
                line.send_bytes(json.dumps([kind, value]).encode())

    def _lines_to_others(self) -> dict[int, Connection]:
        """From the first process a line to each of the others, from those one to the first."""
        from jax._src import distributed  # what it has found out has no public name

        notes, address = distributed.global_state.client, distributed.global_state.coordinator_address
        assert notes is not None
        assert address is not None
        if self.share.index:
            port, key = json.loads(notes.blocking_key_value_get(MEETING, 1000 * MOST_WAIT))
            line = Client((address.rpartition(":")[0].strip("[]"), port), authkey=bytes.fromhex(key))
            line.send_bytes(json.dumps(self.share.index).encode())
            return {0: line}
        key = secrets.token_bytes(16)
        with Listener(("", 0), backlog=self.share.count, authkey=key) as listener:
            notes.key_value_set(MEETING, json.dumps([listener.address[1], key.hex()]))
            lines = [listener.accept() for _ in range(1, self.share.count)]
        return {json.loads(line.recv_bytes()): line for line in lines}


ALONE = Alone()


@contextlib.contextmanager
def joined(config: ClusterConfig, path: Path) -> Iterator[Processes]:
    """Within it this process trains, alone or with others; what ends one of them ends all.

    Args:
        config: which process this one is.
        path: the run's directory, which is locked.

    Raises:
        UserError: the backend knows one process only, the others cannot be reached, or another training writes there.
    """
    if not _are_several(config):
        with run_lock.locked(path):
            yield ALONE
        return
    import keras  # which takes seconds; who trains alone has wrong flags told before

    backend = keras.backend.backend()
    if backend != "jax":
        raise UserError(f"KERAS_BACKEND={backend}: trains in one process; set KERAS_BACKEND=jax, or --num_processes=1")
    together = Together(config)
    if together.share.index:
        logging.getLogger("attention_ocr").setLevel(logging.ERROR)
    try:
        with contextlib.nullcontext() if together.share.index else run_lock.locked(path):
            yield together
            together.leave()
    except BaseException as error:
        together.fail(error)


def is_first(processes: Processes) -> bool:
    """Whether this process is the one that writes, reads and tells."""
    return processes.share.index == 0


def stop_all() -> None:
    """Has all processes stop after one and the same step, as `told_to_stop` says: jax waits for this signal."""
    os.kill(os.getpid(), signal.SIGTERM)


def _are_several(config: ClusterConfig) -> bool:
    """Whether this is one of several processes; where the flags do not say, the cluster does."""
    if config.num_processes:
        return config.num_processes > 1
    for index, count in CLUSTERS:
        if index in os.environ and (not count or os.environ.get(count, "1") not in ("", "1")):
            return True
    return False


def _join(jax: Any, config: ClusterConfig) -> None:
    """Brings the processes together; a UserError if jax cannot."""
    given = bool(config.num_processes)
    address, count, index = config.coordinator_address, config.num_processes, config.process_id
    where = {"coordinator_address": address, "num_processes": count, "process_id": index} if given else {}
    try:
        jax.distributed.initialize(
            **where, cluster_detection_method="deactivate" if given else None, initialization_timeout=MOST_WAIT
        )
    except (RuntimeError, ValueError) as error:
        found = f"--coordinator_address={address}" if given else "the cluster's environment"
        raise UserError(
            f"{found}: the processes do not come together ({str(error).splitlines()[0][:200]}); give each "
            "--coordinator_address, --num_processes and --process_id, or --num_processes=1 to train in this one alone"
        ) from error
