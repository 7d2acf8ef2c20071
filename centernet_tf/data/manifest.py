"""The list of contents of a data set of records: `manifest.json`, which is written last."""

import dataclasses
import json
import os
from typing import List, Mapping, Tuple

from centernet_tf.data.annotations import Category
from centernet_tf.errors import UserError, nearest

FILE_NAME = "manifest.json"
FORMAT_VERSION = 1
_REMEDY = "make the data set with python -m pipelines.make_tfrecords"


@dataclasses.dataclass(frozen=True)
class Split:
    """The records of one split.

    Attributes:
      name, num_examples, num_boxes: what it is called and holds.
      shard_paths: absolute.
      shard_bytes, shard_examples: their sizes, and the number of records in each.
      images_by_boxes: how many images have how many boxes.
    """

    name: str
    num_examples: int
    num_boxes: int
    shard_paths: List[str]
    shard_bytes: List[int]
    shard_examples: List[int]
    images_by_boxes: Mapping[int, int] = dataclasses.field(default_factory=dict)

    def crowded(self, max_boxes: int):
        """Returns how many images hold more than `max_boxes` boxes, and the most that one holds."""
        over = sum(images for boxes, images in self.images_by_boxes.items() if boxes > max_boxes)
        return over, max(self.images_by_boxes, default=0)


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A data set: its folder, categories in the order of the contiguous class ids, and splits."""

    data_dir: str
    categories: Tuple[Category, ...]
    splits: Mapping[str, Split]
    options: dict

    @property
    def num_classes(self) -> int:
        """How many classes there are; inside, they are 0..num_classes-1."""
        return len(self.categories)

    @property
    def class_ids(self) -> List[int]:
        """The data set's own category id of each class."""
        return [category.id for category in self.categories]

    @property
    def class_names(self) -> List[str]:
        """The name of each class."""
        return [category.name for category in self.categories]

    def split(self, name: str) -> Split:
        """Returns the split `name`, with all its shards there.

        Raises:
          UserError: there is no such split, it holds no images, or a shard is gone or has another
            size.
        """
        if name not in self.splits:
            raise UserError(
                f"{self.data_dir} has no split '{name}'; its splits are "
                f"{', '.join(self.splits)}.{nearest(name, self.splits)} Splits are chosen by "
                "data.train_split and data.eval_split, or --split where a program has that flag."
            )
        split = self.splits[name]
        if split.num_examples == 0:
            raise UserError(f"The split '{name}' of {self.data_dir} holds no images.")
        for path, size in zip(split.shard_paths, split.shard_bytes):
            found = os.path.getsize(path) if os.path.isfile(path) else 0
            if found != size:
                raise UserError(
                    f"{path} should have {size} bytes by its manifest and has {found}; copy the "
                    f"folder again or {_REMEDY} --overwrite."
                )
        return split


def load_manifest(data_dir: str) -> Manifest:
    """Reads the manifest of the data set in the folder `data_dir`.

    Raises:
      UserError: no folder is given, it has no manifest, or it is not one of ours.
    """
    if not data_dir:
        raise UserError(
            "No data set is named; set data.path, or --data_dir where a program has that flag; or "
            f"{_REMEDY} --output_dir=FOLDER ..."
        )
    path = os.path.join(data_dir, FILE_NAME)
    try:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
    except FileNotFoundError as error:
        raise UserError(
            f"There is no data set in '{data_dir}': it holds no {FILE_NAME}; {_REMEDY} "
            f"--output_dir={data_dir} ..."
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot read {path}: {error}.") from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if version != FORMAT_VERSION:
        raise UserError(
            f"{path} has format version {version}, this program reads {FORMAT_VERSION}; {_REMEDY} "
            "again."
        )
    try:
        return _from_document(os.path.abspath(data_dir), document)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error!r}); {_REMEDY} again.") from error


def manifest_document(categories, splits: Mapping[str, dict], options: dict) -> dict:
    """Returns what `manifest.json` holds.

    Args:
      categories: in the order of the contiguous class ids.
      splits: `{"num_examples", "num_boxes", "shards"}` by name; shards as `ShardWriter.close`
        gives them, with `"foreign": true` where the file was there before the data set.
      options: what the data set was made with.
    """
    return {
        "format_version": FORMAT_VERSION,
        "categories": [_category_entry(category) for category in categories],
        "splits": dict(splits),
        "options": options,
    }


def _category_entry(category: Category) -> dict:
    """The fields of a category that say something."""
    fields = dataclasses.asdict(category)
    return {key: value for key, value in fields.items() if value != ()}


def _from_document(data_dir: str, document: dict) -> Manifest:
    splits = {
        name: Split(
            name=name,
            num_examples=entry["num_examples"],
            num_boxes=entry["num_boxes"],
            shard_paths=[os.path.join(data_dir, shard["file"]) for shard in entry["shards"]],
            shard_bytes=[shard["bytes"] for shard in entry["shards"]],
            shard_examples=[shard["num_examples"] for shard in entry["shards"]],
            images_by_boxes={
                int(boxes): images for boxes, images in entry.get("images_by_boxes", {}).items()
            },
        )
        for name, entry in document["splits"].items()
    }
    categories = tuple(
        Category(
            entry["id"],
            entry["name"],
            tuple(entry.get("keypoints", ())),
            tuple(tuple(limb) for limb in entry.get("skeleton", ())),
        )
        for entry in document["categories"]
    )
    return Manifest(data_dir, categories, splits, document["options"])
