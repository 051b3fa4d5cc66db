"""The knobs of the HTTP service."""

from dataclasses import dataclass

from attention_ocr.knobs import Knobs, knob


@dataclass(frozen=True)
class ServeConfig(Knobs):
    """Where the service listens, how it gathers pictures into batches, and what it refuses."""

    host: str = knob("127.0.0.1", "Address to listen at; 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses.")
    port: int = knob(5000, "Port to listen at; 0: any free one.", minimum=0, maximum=65535)
    max_batch: int = knob(32, "Pictures that are read together at most.", minimum=1)
    max_delay_ms: float = knob(
        5.0, "How long a picture waits for others that are on their way, in milliseconds.", minimum=0
    )
    queue_size: int = knob(
        256,
        "Pictures, and requests, that are under way at most for a model; more are told to come back later (429).",
        minimum=1,
    )
    max_upload_mb: float = knob(20.0, "Size of a request's body in MB at most (413).", above=0)
    max_pictures: int = knob(64, "Pictures in a request at most (413).", minimum=1)
    upload_timeout_s: float = knob(30.0, "Seconds in which a request's body must have arrived (408).", above=0)
    stop_timeout_s: float = knob(30.0, "Seconds that requests under way have to end after SIGTERM.", above=0)
    api_key_file: str = knob(
        "", "A file that holds a key: requests under /v1 must have it (Authorization: Bearer KEY). Empty: open to all."
    )
    log_json: bool = knob(False, "Log a JSON object a line.")
