"""The classes of the data sets that networks were published for, in the networks' order."""

from centernet_tf.count_of import count_of
from centernet_tf.data.annotations import Category
from centernet_tf.data.class_names import names_by_id
from centernet_tf.data.is_name import is_name
from centernet_tf.errors import UserError
from centernet_tf.quote import quote

_COCO_NAMES = """
person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant stop_sign
parking_meter bench bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella
handbag tie suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard
surfboard tennis_racket bottle wine_glass cup fork knife spoon bowl banana apple sandwich orange
broccoli carrot hot_dog pizza donut cake chair couch potted_plant bed dining_table toilet tv laptop
mouse remote keyboard cell_phone microwave oven toaster sink refrigerator book clock vase scissors
teddy_bear hair_drier toothbrush
"""
# COCO numbers its categories 1 to 90 and has none of these.
_COCO_GAPS = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
_PASCAL_NAMES = """
aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person
pottedplant sheep sofa train tvmonitor
"""

COCO = tuple(
    Category(number, name.replace("_", " "))
    for number, name in zip(
        (number for number in range(1, 91) if number not in _COCO_GAPS), _COCO_NAMES.split()
    )
)
PASCAL = tuple(Category(number, name) for number, name in enumerate(_PASCAL_NAMES.split(), start=1))


def categories_of(num_classes: int, noted=(), path: str = ""):
    """Returns the categories that a network tells apart, in the order of its outputs.

    Args:
      num_classes: how many it has.
      noted: names that its file gives.
      path: of a file of names in place of everything else (`data.class_names.names_by_id`).

    Raises:
      UserError: the file of names has another number of them, or there are no names at all.
    """
    if path:
        names = names_by_id(path)
        if len(names) != num_classes:
            raise UserError(
                f"The labels file '{path}' has {count_of(len(names), 'name')}, but the checkpoint "
                f"tells {count_of(num_classes, 'class')} apart."
            )
        return tuple(Category(number, names[number]) for number in sorted(names))
    known = {80: COCO, 20: PASCAL}.get(num_classes)
    if len(noted) == num_classes:
        _check_noted(noted)
        if known and tuple(noted) == tuple(category.name for category in known):
            return known
        return tuple(Category(number, name) for number, name in enumerate(noted, start=1))
    if known:
        return known
    raise UserError(
        f"The checkpoint tells {count_of(num_classes, 'class')} apart, and nothing says what they "
        "are; give their names in the network's order, one a line, by --labels=FILE."
    )


def _check_noted(names):
    """The names come from a stranger's file, and go to terminals, pages and files of labels."""
    good = all(is_name(name) and name.isprintable() for name in names)
    if not good or len(set(names)) < len(names):
        raise UserError(
            f"The class names in the checkpoint are {quote(list(names))}; they must be different "
            "and printable. Give others in the network's order, one a line, by --labels=FILE."
        )
