"""The processes of a job on Ray."""

from pathlib import Path


def worker_of(job: int) -> int:
    """A process in which Ray runs the job's function; 0: there is none now.

    Args:
        job: the process that was started; Ray's are its children and theirs.
    """
    parents = _parents()
    found = {job}
    while more := {process for process, parent in parents.items() if parent in found} - found:
        found |= more
    return next((process for process in sorted(found) if b"ray::Map" in _command(process)), 0)


def _parents() -> dict[int, int]:
    """Each process and the one that started it."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
    return found


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
