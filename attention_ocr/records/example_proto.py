"""The message `tensorflow.Example` for Protocol Buffers alone, so that making records needs no TensorFlow."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto
PACKAGE = "tensorflow"


def _example_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="attention_ocr/example.proto", package=PACKAGE, syntax="proto3")
    for name, kind in (
        ("BytesList", FIELD.TYPE_BYTES),
        ("FloatList", FIELD.TYPE_FLOAT),
        ("Int64List", FIELD.TYPE_INT64),
    ):
        message = file.message_type.add(name=name)
        message.field.add(name="value", number=1, label=FIELD.LABEL_REPEATED, type=kind)
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, name in enumerate(("BytesList", "FloatList", "Int64List"), start=1):
        field_name = name.replace("List", "_list").lower()
        field = _message_field(feature, field_name, number, name)
        field.oneof_index = 0
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=FIELD.LABEL_OPTIONAL, type=FIELD.TYPE_STRING)
    _message_field(entry, "value", 2, "Feature")
    _message_field(features, "feature", 1, "Features.FeatureEntry").label = FIELD.LABEL_REPEATED
    _message_field(file.message_type.add(name="Example"), "features", 1, "Features")
    pool = descriptor_pool.DescriptorPool()  # not the default one, where TensorFlow's own of the same name lies
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Example"))


def _message_field(message: Any, name: str, number: int, kind: str) -> Any:
    return message.field.add(
        name=name,
        number=number,
        label=FIELD.LABEL_OPTIONAL,
        type=FIELD.TYPE_MESSAGE,
        type_name=f".{PACKAGE}.{kind}",
    )


Example = _example_class()
