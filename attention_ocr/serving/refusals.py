"""What a request is refused with: a status, a sentence, and maybe when to come back."""

from dataclasses import dataclass

from attention_ocr.errors import UserError
from attention_ocr.records.pictures import TooManyPixelsError

RETRY_AFTER = 1  # seconds


@dataclass
class RefusalError(Exception):
    """A request, or a picture of it, is not answered.

    Attributes:
        status: of HTTP.
        sentence: what is wrong and what to do.
        reason: a word for the metrics.
        retry_after: seconds after which the same request may succeed; 0: it will not.
    """

    status: int
    sentence: str
    reason: str
    retry_after: int = 0

    def __str__(self) -> str:
        return self.sentence


def is_full(what: str) -> RefusalError:
    """The refusal of a service that has enough to do."""
    return RefusalError(429, f"{what}; send the request again after {RETRY_AFTER} s", "queue_full", RETRY_AFTER)


def is_too_large(sentence: str) -> RefusalError:
    """The refusal of what is larger than a limit."""
    return RefusalError(413, sentence, "too_large")


def is_wrong(sentence: str) -> RefusalError:
    """The refusal of what is no picture, or no request of this service."""
    return RefusalError(422, sentence, "not_readable")


def refusal_of(error: Exception) -> Exception:
    """What a picture is refused with that could not be opened; an error that is no fault of its own stays."""
    if isinstance(error, TooManyPixelsError):
        return is_too_large(str(error))
    return is_wrong(str(error)) if isinstance(error, UserError) else error
