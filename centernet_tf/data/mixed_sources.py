"""Sources of several formats as the splits of one data set."""

import dataclasses
from typing import Callable, Dict, Iterator, List, Sequence

from centernet_tf.data.annotations import AnnotatedSplit, Category, ImageAnnotation
from centernet_tf.errors import UserError


def read_sources(
    formats: Sequence[str],
    readers: Dict[str, Callable[[Sequence[str]], List[AnnotatedSplit]]],
    descriptions: Sequence[str],
) -> List[AnnotatedSplit]:
    """Reads the splits of every format, in the order of `formats`.

    Args:
      formats: one or more keys of `readers`.
      readers: from a format to what reads its splits, given their descriptions.
      descriptions: of splits; with several formats each starts with its own, as in
        `coco:train:images:train.json`.

    Returns:
      all splits; with several formats, their classes have the same ids, see `same_ids`.

    Raises:
      UserError: a description does not say which of several formats it is of, or a reader's.
    """
    if len(formats) == 1:
        return readers[formats[0]](descriptions)
    by_format = {name: [] for name in formats}
    for description in descriptions:
        name, _, rest = description.partition(":")
        if name not in by_format or not rest:
            raise UserError(
                f"With --format={','.join(formats)} every --split starts with its format, such as "
                f"--split={formats[0]}:{description}; got --split={description}."
            )
        by_format[name].append(rest)
    splits = [readers[name](by_format[name]) for name in formats]
    return same_ids([split for group in splits for split in group])


def same_ids(splits: Sequence[AnnotatedSplit]) -> List[AnnotatedSplit]:
    """Gives classes of the same name the same id in all splits.

    The ids of the first split stay; a name that it does not have takes the id that its own split
    has for it where that is free, else the next free one.
    """
    by_name: Dict[str, Category] = {}
    aligned = []
    for split in splits:
        new_ids = {}
        for category in split.categories:
            if category.name not in by_name:
                chosen = _free_id(category.id, {known.id for known in by_name.values()})
                by_name[category.name] = dataclasses.replace(category, id=chosen)
            new_ids[category.id] = by_name[category.name].id
        renamed = [dataclasses.replace(c, id=new_ids[c.id]) for c in split.categories]
        aligned.append(
            dataclasses.replace(
                split,
                categories=tuple(sorted(renamed, key=lambda category: category.id)),
                images=_with_ids(split.images, new_ids),
            )
        )
    return aligned


def _free_id(wanted: int, taken) -> int:
    return wanted if wanted not in taken else max(taken) + 1


def _with_ids(images: Iterator[ImageAnnotation], new_ids) -> Iterator[ImageAnnotation]:
    for image in images:
        boxes = tuple(
            dataclasses.replace(box, category_id=new_ids[box.category_id]) for box in image.boxes
        )
        yield dataclasses.replace(image, boxes=boxes)
