"""DatasetSpec: what a folder of records holds (views, image size, T, splits, charset), as JSON."""

import dataclasses
import os
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from attention_ocr import addresses, files
from attention_ocr.charset import Charset
from attention_ocr.config import RESIZE_POLICIES, VERTICAL_POLICIES
from attention_ocr.errors import UserError

SPEC_FILE = "dataset.json"


@dataclass(frozen=True)
class Split:
    """Which files hold a split, and how many records they hold (None: not counted yet)."""

    pattern: str
    num_examples: int | None = None

    def __post_init__(self) -> None:
        pattern, number = self.pattern, self.num_examples
        if not isinstance(pattern, str) or not pattern or "\0" in pattern or PurePath(pattern).is_absolute():
            raise UserError(f"the pattern {pattern!r} names no files in the folder; write one such as train-*")
        if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 0):
            raise UserError(f"num_examples is {number!r}; it must be a whole number from 0, or null")


@dataclass(frozen=True)
class DatasetSpec:
    """A data set's shape.

    Attributes:
        name: its name in messages.
        num_views: V, pictures of one object side by side in a record.
        image_height: H of one view in pixels.
        image_width: W of one view in pixels.
        max_sequence_length: T, characters of a label with its padding.
        charset: the K classes.
        resize: how a picture of another size becomes H x V*W, one of config.RESIZE_POLICIES.
        vertical: what is done with pictures of vertical text, one of config.VERTICAL_POLICIES.
        splits: split name -> files, patterns relative to the folder.
        charset_file: the name of the charset's file in the folder.
        least_width: with keep_height, narrower pictures are stretched to this width in pixels; 0: none are.
    """

    name: str
    num_views: int
    image_height: int
    image_width: int
    max_sequence_length: int
    charset: Charset
    resize: str = "stretch"
    splits: dict[str, Split] = field(default_factory=dict)
    charset_file: str = ""
    vertical: str = "keep"
    least_width: int = 0

    def __post_init__(self) -> None:
        for name in ("num_views", "image_height", "image_width", "max_sequence_length"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise UserError(f"data set {self.name!r}: {name} is {value!r}; it must be a whole number from 1")
        for name in ("name", "charset_file"):
            if not isinstance(getattr(self, name), str):
                raise UserError(f"data set {self.name!r}: {name} is {getattr(self, name)!r}; it must be a string")
        if not isinstance(self.least_width, int) or not 0 <= self.least_width <= self.image_width:
            raise UserError(
                f"data set {self.name!r}: least_width is {self.least_width!r}; it must be a whole number from 0 to "
                f"image_width ({self.image_width})"
            )
        for name, allowed in (("resize", RESIZE_POLICIES), ("vertical", VERTICAL_POLICIES)):
            value = getattr(self, name)
            if value not in allowed:
                raise UserError(f"data set {self.name!r}: {name} {value!r} is not one of {', '.join(allowed)}")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """[H, V*W, 3], the shape of a record's picture."""
        return self.image_height, self.num_views * self.image_width, 3

    def picture_knobs(self) -> dict[str, Any]:
        """The knobs of GenerateConfig that make pictures like these."""
        names = ("num_views", "image_height", "image_width", "resize", "vertical", "least_width")
        return {name: getattr(self, name) for name in names}

    def to_dict(self) -> dict[str, Any]:
        """Everything, the charset included, for a model file."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        if not self.least_width:  # an option that few have
            del values["least_width"]
        values["charset"] = self.charset.to_list()
        values["null_code"] = self.charset.null_id
        values["splits"] = {name: dataclasses.asdict(split) for name, split in self.splits.items()}
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str = "data set") -> "DatasetSpec":
        """The inverse of `to_dict`.

        Raises:
            UserError: a key is unknown or missing, or a value is out of range.
        """
        if not isinstance(values, dict):
            raise UserError(f"{source}: is not a JSON object of a data set but {values!r:.60}")
        values = dict(values)
        try:
            charset = Charset.from_list(values.pop("charset"), values.pop("null_code"))
            splits = _splits(values.pop("splits"), source)
            return cls(charset=charset, splits=splits, **values)
        except KeyError as error:
            raise UserError(f"{source}: has no {error}") from error
        except TypeError as error:
            raise UserError(f"{source}: {str(error).replace('DatasetSpec.__init__() ', '')}") from error

    def save(self, folder: str | os.PathLike) -> None:
        """Writes the charset's file and `dataset.json`, which names it."""
        folder = Path(folder)
        self.charset.to_file(folder / self.charset_file)
        values = self.to_dict()
        del values["charset"]
        values["charset_sha256"] = self.charset.digest
        files.write_json(folder / SPEC_FILE, values)

    @classmethod
    def load(cls, dataset_dir: str | os.PathLike, dataset_name: str = "") -> "DatasetSpec":
        """Reads the spec of a folder of records.

        Args:
            dataset_dir: the folder with the records and the charset's file.
            dataset_name: a folder under `datasets/` whose `dataset.json` is used; empty: the one in `dataset_dir`.

        Raises:
            UserError: the folder, the spec or the charset's file is missing or wrong.
        """
        folder = addresses.local_path(dataset_dir, "--dataset_dir=")
        if not folder.is_dir():
            raise UserError(f"--dataset_dir={dataset_dir}: no such folder")
        path = _named_spec(dataset_name) if dataset_name else folder / SPEC_FILE
        if not path.is_file():
            raise UserError(
                f"--dataset_dir={dataset_dir}: has no {SPEC_FILE}; make one with `attention-ocr generate_tfrecords`, "
                "or name a known data set with --dataset_name"
            )
        values = files.read_json(path)
        if not isinstance(values, dict):
            raise UserError(f"{path}: is not a JSON object of a data set but {values!r:.60}")
        digest = values.pop("charset_sha256", "")
        if not isinstance(values.get("charset_file"), str) or not values["charset_file"]:
            raise UserError(f"{path}: has no charset_file; name the file of 'code<TAB>character' lines in the folder")
        charset = Charset.from_file(folder / values["charset_file"])
        if digest and digest != charset.digest:
            raise UserError(
                f"{folder / values['charset_file']}: was changed after the records were written (an editor may have "
                f"done it); restore it, or remove charset_sha256 from {path} if its characters are right"
            )
        null_code = values.setdefault("null_code", charset.null_id)
        if null_code != charset.null_id:
            raise UserError(f"{path}: null_code {null_code} is not the null of its charset file ({charset.null_id})")
        return cls.from_dict({**values, "charset": charset.to_list()}, str(path))

    def misfits(self, other: "DatasetSpec") -> list[str]:
        """Where `other` has another shape than this, e.g. `image_height 50 and 32`; empty if a model fits both."""
        names = ("num_views", "image_height", "image_width", "max_sequence_length")
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in names]
        found = [f"{name} {ours} and {theirs}" for name, ours, theirs in pairs if ours != theirs]
        if self.charset != other.charset:
            found.append(f"charsets of {len(self.charset)} and {len(other.charset)} classes that are not the same")
        return found

    def split_files(self, dataset_dir: str | os.PathLike, split_name: str) -> list[str]:
        """The split's record files in order.

        Raises:
            UserError: there is no such split, or no file of it.
        """
        if split_name not in self.splits:
            known = ", ".join(self.splits) or "none"
            raise UserError(f"--split_name={split_name}: data set {self.name!r} has the splits: {known}")
        pattern = self.splits[split_name].pattern
        try:
            found = sorted(str(path) for path in Path(dataset_dir).glob(pattern) if path.is_file())
        except ValueError as error:  # such as **files
            raise UserError(f"{dataset_dir}: the pattern {pattern!r} of the split {split_name!r}: {error}") from error
        if not found:
            raise UserError(f"{dataset_dir}: no file matches {pattern!r} of the split {split_name!r}")
        return found


def _splits(values: Any, source: str) -> dict[str, Split]:
    """The splits of a dataset.json.

    Raises:
        UserError: they are no object of objects with a `pattern`, or one of them is not as it should be.
    """
    written = 'write {"train": {"pattern": "train-*", "num_examples": 100}}'
    if not isinstance(values, dict):
        raise UserError(f"{source}: splits is {values!r:.60}; {written}")
    found = {}
    for name, split in values.items():
        if not isinstance(split, dict) or not {"pattern"} <= set(split) <= {"pattern", "num_examples"}:
            raise UserError(f"{source}: the split {name!r} is {split!r:.60}; {written}")
        try:
            found[name] = Split(**split)
        except UserError as error:
            raise UserError(f"{source}: the split {name!r}: {error}") from error
    return found


def known_datasets() -> list[Path]:
    """The `dataset.json` files that come with the project."""
    package = Path(__file__).parent
    for folder in (package / "datasets", package.parent / "datasets"):
        if folder.is_dir():
            return sorted(folder.glob(f"*/{SPEC_FILE}"))
    return []


def charset_path(name: str) -> Path:
    """The charset's file of that name, or the one of the known data set of that name."""
    if not Path(name).exists():
        for path in known_datasets():
            if path.parent.name == name:
                return next(iter(path.parent.glob("charset_size=*.txt")), Path(name))
    return Path(name)


def _named_spec(dataset_name: str) -> Path:
    for path in known_datasets():
        if path.parent.name == dataset_name:
            return path
    names = ", ".join(path.parent.name for path in known_datasets())
    raise UserError(f"--dataset_name={dataset_name}: not one of: {names}")
