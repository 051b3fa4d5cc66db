"""The FSNS `tf.train.Example`: a picture, its class ids and its text. No TensorFlow."""

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from attention_ocr.errors import UserError
from attention_ocr.records.example_proto import Example


def write_example(
    encoded: bytes,
    image_format: str,
    height: int,
    width: int,
    orig_width: int,
    ids: Sequence[int],
    length: int,
    null_id: int,
    text: str,
    orig_height: int | None = None,
) -> bytes:
    """A serialized record with all keys of the FSNS data set.

    Args:
        encoded: the file of all views side by side.
        image_format: `PNG` or `JPEG`.
        height: H in pixels.
        width: V*W in pixels.
        orig_width: the pixels of `width` that are real, not padding.
        ids: the label's class ids without padding.
        length: T.
        null_id: the class that pads the ids to T.
        text: the label.
        orig_height: the pixels of `height`, in its middle, that are real; None: all.
    """
    example = Example()
    feature = example.features.feature
    feature["image/encoded"].bytes_list.value.append(encoded)
    feature["image/format"].bytes_list.value.append(image_format.encode())
    feature["image/height"].int64_list.value.append(height)
    feature["image/width"].int64_list.value.append(width)
    feature["image/orig_width"].int64_list.value.append(orig_width)
    if orig_height is not None:
        feature["image/orig_height"].int64_list.value.append(orig_height)
    feature["image/class"].int64_list.value.extend([*ids, *[null_id] * (length - len(ids))])
    feature["image/unpadded_class"].int64_list.value.extend(ids)
    feature["image/text"].bytes_list.value.append(text.encode())
    return example.SerializeToString(deterministic=True)


def values_of(serialized: bytes) -> dict[str, list]:
    """The values of a record by key, as plain bytes and numbers.

    Raises:
        UserError: the bytes are not a `tf.train.Example`.
    """
    try:
        example = Example.FromString(serialized)
    except DecodeError as error:
        raise UserError("the bytes are not a tf.train.Example") from error
    return {
        key: list(getattr(feature, feature.WhichOneof("kind") or "bytes_list").value)
        for key, feature in example.features.feature.items()
    }
