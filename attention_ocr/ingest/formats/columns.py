"""Which columns of a table, or keys of an object, hold the picture and the label."""

import re
from collections.abc import Sequence

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError

# The names of columns, the surest first; they are compared in lower case, blanks and hyphens as underscores.
IMAGE_COLUMNS = (
    *("image_path", "image_file", "image_filename", "image_file_name", "image_name", "images", "image"),
    *("img_path", "img_name", "imgs", "img", "file_path", "filepath", "file_name", "filename", "files", "file"),
    *("picture", "path", "name"),
)
LABEL_COLUMNS = (
    *("text", "texts", "transcription", "transcript", "ground_truth", "groundtruth", "gt", "plate_text"),
    *("plate_number", "license_plate", "licence_plate", "plate", "plates", "words", "word", "caption", "identity"),
    *("labels", "label"),
)


def columns_of(names: Sequence[str], config: AnnotationConfig, where: str) -> tuple[list[str], str]:
    """The names, as the file writes them, of the columns of the pictures and of the label.

    Raises:
        UserError: a column that is asked for is not there, or none is known.
    """
    wanted = [config.image_column] if config.image_column in names else config.image_column.split(",")
    if len(wanted) > 1 and not all(name.strip() for name in wanted):
        raise UserError(f"--image_column={config.image_column}: has an empty name; write names with a comma between")
    images = [_column(names, name, IMAGE_COLUMNS, "image_column", where) for name in wanted]
    return images, _column(names, config.label_column, LABEL_COLUMNS, "label_column", where)


def has_known(names: Sequence[str]) -> bool:
    """Whether both a column of pictures and one of labels are known."""
    return bool(_known(names, IMAGE_COLUMNS) and _known(names, LABEL_COLUMNS))


def has_any_known(names: Sequence[str]) -> bool:
    """Whether a column of pictures or one of labels is known."""
    return bool(_known(names, IMAGE_COLUMNS) or _known(names, LABEL_COLUMNS))


def has_wanted(names: Sequence[str], config: AnnotationConfig) -> bool:
    """Whether columns are asked for and all of them are there."""
    wanted = {normal(name) for name in (*config.image_column.split(","), config.label_column) if name}
    return bool(wanted) and wanted <= {normal(name) for name in names}


def normal(name: str) -> str:
    """A name as names are compared."""
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _column(names: Sequence[str], wanted: str, known: Sequence[str], knob: str, where: str) -> str:
    if wanted and wanted in names:  # an empty heading, as pandas puts over its index, is never meant
        return wanted
    found = _known(names, [normal(wanted)] if wanted else known)
    if found:
        return found
    there = ", ".join(names)
    if wanted:
        raise UserError(f"{where}: --{knob}={wanted.strip()} is not one of its columns: {there}")
    raise UserError(f"{where}: none of its columns is known as {knob}; name it with --{knob} (one of {there})")


def _known(names: Sequence[str], known: Sequence[str]) -> str:
    """The name that is first among the known ones, as the file writes it; empty: none."""
    there = {normal(name): name for name in reversed(names)}
    return next((there[name] for name in known if name in there), "")
