"""The annotations of a split, read back from its records without decoding the images."""

from centernet_tf.data.annotations import BoxAnnotation, ImageAnnotation
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_shards
from centernet_tf.errors import UserError


def read_annotations(manifest, split: str) -> list:
    """Returns one `ImageAnnotation` an image, in the order of `eval_dataset`.

    Args:
      manifest: `Manifest` of the data set.
      split: name of the split.

    Raises:
      UserError: there is no such split, it is empty, or two of its records have one image id.
    """
    class_ids = list(manifest.class_ids)

    def annotation(serialized):
        sample = parse_record(serialized, class_ids)
        fields = sample._asdict()
        fields["size"] = fields.pop("image").size
        return fields

    records = read_shards(manifest.split(split).shard_paths).map(annotation, 2)
    images = [_image(fields, class_ids) for fields in records.as_numpy_iterator()]
    _refuse_repeated_ids(images, split)
    return images


def _refuse_repeated_ids(images, split: str) -> None:
    by_id = {}
    for image in images:
        other = by_id.setdefault(image.image_id, image)
        if other is not image:
            raise UserError(
                f"Two records of the split '{split}' have the image id {image.image_id}: those of "
                f"'{other.file_name}' and '{image.file_name}', so their detections could not be "
                "told apart. Make the records again with an image/source_id of its own for each."
            )


def _image(fields, class_ids):
    height, width = (int(side) for side in fields["size"])
    boxes = zip(
        fields["boxes_px"],
        fields["classes"],
        fields["is_crowd"],
        fields["area"],
        fields["is_difficult"],
    )
    return ImageAnnotation(
        image_id=int(fields["image_id"]),
        file_name=fields["file_name"].decode("utf-8", "replace"),
        path="",
        height=height,
        width=width,
        boxes=tuple(
            BoxAnnotation(
                box_px=tuple(float(side) for side in box_px),
                category_id=int(class_ids[class_index]),
                is_crowd=bool(is_crowd),
                area=float(area),
                difficult=bool(difficult),
            )
            for box_px, class_index, is_crowd, area, difficult in boxes
        ),
    )
