"""Label files of the field -> one line for each picture: where it is and what it reads. No TensorFlow."""

import dataclasses
import functools
import os
from dataclasses import dataclass
from pathlib import Path

from attention_ocr.config import AnnotationConfig
from attention_ocr.errors import UserError


@dataclass(frozen=True, slots=True)
class Annotation:
    """A picture and its text.

    Attributes:
        paths: the picture's path as written, or those of its views; an empty one is a view that is missing.
        text: its label, blanks at its ends dropped since no picture shows them; empty: it has none.
        source: where it stands, `labels.tsv:17`.
        image_root: the folder that relative paths start at.
        store: what holds the pictures: a name of `stores.STORES`.
        region: the corners x, y, x, y, ... of the part of the picture that shows the text, clockwise from where
            reading begins; empty: all of it.
        ignored: why the data set says not to use it; empty: use it.
        note: what is to be told of it, in a few words; empty: nothing.
    """

    paths: tuple[str, ...]
    text: str
    source: str
    image_root: str | Path = ""
    store: str = "files"
    region: tuple[float, ...] = ()
    ignored: str = ""
    note: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """The pictures to open, or what holds them; missing views are left out."""
        return tuple(Path(self.image_root, path) for path in self.paths if path)


@dataclass(frozen=True)
class LabelSource:
    """A label file or folder whose format is known.

    Attributes:
        path: the file or folder.
        format_name: a name of `registry.FORMATS`.
        config: how to read it.
        num_views: V.
        dataset_name: for records: a folder of datasets/ whose dataset.json says what they hold.
    """

    path: str
    format_name: str
    config: AnnotationConfig = dataclasses.field(default_factory=AnnotationConfig)
    num_views: int = 1
    dataset_name: str = ""

    @functools.cached_property  # asked for at each line
    def image_root(self) -> str:
        """Where relative paths start: as asked for, else the label file's folder or the folder itself."""
        if self.config.image_root:
            return self.config.image_root
        return self.path if Path(self.path).is_dir() else os.path.dirname(self.path)  # noqa: PTH120


def picture_path(text: str, image_root: str | Path) -> str:
    """A path as label files write it, made usable here: quotes around it and back-slashes go unless they are real."""
    for candidate in (text, unquoted(text), unquoted(text).replace("\\", "/")):
        if not any(sign in candidate for sign in "\"'\\") or os.path.exists(os.path.join(image_root, candidate)):  # noqa: PTH110, PTH118
            return candidate
    return unquoted(text).replace("\\", "/")


def unquoted(text: str) -> str:
    """`text` without the pair of double or single quotes around it, if there is one."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def annotation(
    source: LabelSource,
    paths: str | tuple[str, ...],
    text: str,
    where: str,
    region: tuple[float, ...] = (),
    ignored: str = "",
    note: str = "",
) -> Annotation:
    """A line of a label file, checked.

    Args:
        source: the label file.
        paths: the picture's path as written, or several.
        text: the label as written.
        where: `file:line`, for messages.
        region: the corners of the part that shows the text.
        ignored: why the data set says not to use it.
        note: what is to be told of it.

    Raises:
        UserError: there is no path, or more than V paths.
    """
    root, text = source.image_root, text.strip()
    if isinstance(paths, str):
        paths = _split_views(paths.strip(), root) if source.num_views > 1 else (paths.strip(),)
    found = tuple(picture_path(path, root) if path else "" for path in paths)
    if not any(found):
        raise UserError(f"{where}: {text!r} has no picture before it; write 'path<TAB>label'")
    if len(found) > source.num_views:
        raise UserError(f"{where}: {','.join(paths)!r} names {len(found)} pictures; --num_views is {source.num_views}")
    return Annotation(found, text, where, root, region=region, ignored=ignored, note=note)


def _split_views(paths: str, image_root: str | Path) -> tuple[str, ...]:
    """`a.png,b.png` -> both; a comma that belongs to a file's name stays."""
    if "," in paths and not os.path.exists(os.path.join(image_root, paths)):  # noqa: PTH110, PTH118
        return tuple(part.strip() for part in paths.split(","))
    return (paths,)
