"""Label maps of the Object Detection API: text protos of `item { id: 1 name: 'person' }`."""

from typing import Dict

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from centernet_tf.data.is_name import is_name
from centernet_tf.errors import UserError

_FIELD = descriptor_pb2.FieldDescriptorProto


def read_label_map(path: str) -> Dict[int, str]:
    """Returns the class names by id; the display name where an item has one, else its name.

    Raises:
      UserError: the file cannot be read, is no label map, or names an id or a class twice.
    """
    message = _message_class()()
    try:
        with open(path, encoding="utf-8-sig") as stream:
            text_format.Parse(stream.read(), message, allow_unknown_field=True)
    except (OSError, ValueError, RecursionError, text_format.ParseError) as error:
        fault = " ".join(str(error).split())
        raise UserError(f"Cannot read the label map '{path}': {fault}.") from error
    names = {item.id: item.display_name or item.name for item in message.item}
    is_whole = len(names) == len(message.item) == len(set(names.values()))
    if not names or not is_whole or min(names) < 0 or not all(map(is_name, names.values())):
        raise UserError(
            f"'{path}' must hold items such as `item {{ id: 1 name: 'person' }}`, with ids from 0, "
            "every id and every name once."
        )
    return names


def _message_class():
    """The part of the API's `string_int_label_map.proto` that names classes."""
    file = descriptor_pb2.FileDescriptorProto(name="label_map.proto", package="label_map")
    item = file.message_type.add(name="Item")
    item.field.add(name="name", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
    item.field.add(name="id", number=2, type=_FIELD.TYPE_INT32, label=_FIELD.LABEL_OPTIONAL)
    item.field.add(
        name="display_name", number=3, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL
    )
    whole = file.message_type.add(name="LabelMap")
    whole.field.add(
        name="item",
        number=1,
        type=_FIELD.TYPE_MESSAGE,
        label=_FIELD.LABEL_REPEATED,
        type_name=".label_map.Item",
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("label_map.LabelMap"))
