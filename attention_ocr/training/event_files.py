"""The scalars in TensorBoard's event files, read without TensorBoard."""

from pathlib import Path

from google.protobuf.message import DecodeError
from tensorboardX.proto.event_pb2 import Event, SessionLog

from attention_ocr.errors import UserError
from attention_ocr.records.framing import read_records

Curve = list[tuple[int, float]]


def scalars(folder: Path) -> tuple[dict[str, Curve], float]:
    """The curves of a folder's event files, and for how many seconds they were written.

    A resumed run hides what was written after the step that it went on from, as TensorBoard does.

    Returns:
        Tag -> (step, value) by step.
    """
    points: dict[str, dict[int, float]] = {}
    seconds = 0.0
    for path in sorted(folder.glob("events.out.tfevents.*")):
        times = []
        for event in _events(path):
            times.append(event.wall_time)
            if event.session_log.status == SessionLog.START:
                points = {tag: {s: v for s, v in known.items() if s < event.step} for tag, known in points.items()}
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    points.setdefault(value.tag, {})[event.step] = value.simple_value
        seconds += max(times) - min(times) if times else 0
    return {tag: sorted(known.items()) for tag, known in points.items() if known}, seconds


def _events(path: Path) -> list[Event]:
    """The events of a file, as far as it can be read: a run may be writing it."""
    found = []
    try:
        for record in read_records(path):
            if not record.fault:
                found.append(Event.FromString(record.data))
    except (UserError, DecodeError):
        pass
    return found
