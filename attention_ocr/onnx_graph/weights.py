"""The weights of a `.keras` file by their layers' names, each taken once and its shape checked."""

from collections.abc import Iterator

import h5py
import numpy as np

from attention_ocr.errors import UserError

# Written beside the network's layers, and of no use to reading.
OTHERS = ("optimizer", "batch_metrics", "seed_generator")


class Weights:
    """The arrays of each layer.

    Args:
        arrays: by the layer's path, the names of the layers around it and its own: `encoder/Residual/stem/convolution`.
        source: how messages call the file.
        within: the path that names are relative to.
    """

    def __init__(self, arrays: dict[str, list[np.ndarray]], source: str, within: str = "", taken: set | None = None):
        self._arrays, self.source, self._within = arrays, source, within
        self._taken: set[str] = set() if taken is None else taken

    def of(self, name: str) -> "Weights":
        """The weights of a layer within this one; several layers deep with `a/b`."""
        return Weights(self._arrays, self.source, f"{self._within}{name}/", self._taken)

    def take(self, *shapes: tuple[int, ...]) -> list[np.ndarray]:
        """This layer's own arrays, float32, in the order in which Keras keeps them.

        Raises:
            UserError: the file has no such layer, or its arrays have other shapes.
        """
        path = self._within.rstrip("/")
        found = self._arrays.get(path)
        if found is None:
            raise UserError(f"{self.source}: has no weights of the layer {path}, which its config asks for")
        if [array.shape for array in found] != [tuple(shape) for shape in shapes]:
            told = [", ".join(map(str, each)) for each in ([array.shape for array in found], shapes)]
            raise UserError(f"{self.source}: layer {path} has weights of the shapes {told[0]}; expected are {told[1]}")
        self._taken.add(path)
        return [np.asarray(array, np.float32) for array in found]

    def given(self, name: str) -> list[np.ndarray]:
        """A layer's own arrays as they are; none where the file has no such layer."""
        return self._arrays.get(f"{self._within}{name}", [])

    def replaced(self, name: str, arrays: list[np.ndarray]) -> "Weights":
        """The same weights, but for those of one layer."""
        return Weights({**self._arrays, f"{self._within}{name}": arrays}, self.source)

    def skip(self) -> None:
        """Leaves this layer's arrays out: reading does not need them."""
        self._taken.add(self._within.rstrip("/"))

    def check_all_taken(self) -> None:
        """Raises a UserError that names a layer whose weights nobody took."""
        left = sorted(set(self._arrays) - self._taken)
        if left:
            more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
            raise UserError(f"{self.source}: has weights of a layer {left[0]}{more}, which this version does not know")


def read_weights(file: h5py.File, source: str) -> Weights:
    """The weights of a network in Keras's `model.weights.h5`."""
    return Weights(dict(_arrays(file, ())), source)


def _arrays(group: h5py.Group, path: tuple[str, ...]) -> Iterator[tuple[str, list[np.ndarray]]]:
    own = group.get("vars")
    if own is not None and "name" in own.attrs:
        path = (*path, str(own.attrs["name"]))
    inner = "/".join(path[1:])  # without the network's own name
    if own is not None and len(own) and inner:
        yield inner, [own[number][()] for number in sorted(own, key=int)]
    for name, child in group.items():
        if isinstance(child, h5py.Group) and name not in ("vars", *OTHERS):
            yield from _arrays(child, path)
