"""Statistics against counts made box by box."""

import math

import numpy as np
import pytest

from centernet_tf.evaluation.data_statistics import data_statistics
from tests.evaluation.scenes import CATEGORIES, random_scenes, scene

IDS = [category.id for category in CATEGORIES]
INPUT_SIZE = (96, 128)


def naive(images):
    """The same numbers with nothing but loops."""
    objects, sizes, aspects = [], [], []
    images_with = dict.fromkeys(IDS, 0)
    for image in images:
        scale = min(INPUT_SIZE[0] / image.height, INPUT_SIZE[1] / image.width)
        mine = [box for box in image.boxes if not box.is_crowd]
        for class_id in IDS:
            images_with[class_id] += any(box.category_id == class_id for box in mine)
        for box in mine:
            ymin, xmin, ymax, xmax = box.box_px
            sizes.append(scale * math.sqrt((ymax - ymin) * (xmax - xmin)))
            aspects.append((ymax - ymin) / (xmax - xmin))
        objects += mine
    return objects, sizes, aspects, images_with


def test_random_scenes_against_loops(rng):
    images = random_scenes(rng, 40)
    found = data_statistics(images, IDS, INPUT_SIZE)
    objects, sizes, aspects, images_with = naive(images)
    boxes = [box for image in images for box in image.boxes]
    assert found.num_images == 40 and len(objects) > 50
    assert found.num_objects == len(objects) and found.num_crowds == len(boxes) - len(objects)
    assert found.num_crowds > 5 and found.images_without_boxes > 0
    assert found.images_without_boxes == sum(not image.boxes for image in images)
    for place, class_id in enumerate(IDS):
        assert found.objects_by_class[place] == sum(o.category_id == class_id for o in objects)
        assert found.images_by_class[place] == images_with[class_id]
        assert found.crowds_by_class[place] == sum(
            box.is_crowd and box.category_id == class_id for box in boxes
        )
    assert found.objects_by_image.sum() == len(objects)
    np.testing.assert_allclose(found.sizes_input, sizes, rtol=1e-4)
    np.testing.assert_allclose(found.aspects, aspects, rtol=1e-3)
    assert found.size_groups["small"] == sum(box.area < 1024 for box in objects)
    assert found.size_groups["large"] == sum(box.area >= 9216 for box in objects)
    assert sum(found.size_groups.values()) == len(objects)
    assert sum(found.image_sizes.values()) == 40
    assert found.without_extent == found.overhanging == 0


@pytest.mark.parametrize(
    "box, without_extent, overhanging",
    [
        ((10, 10, 20, 20), 0, 0),
        ((-0.9, 0, 64.9, 64), 0, 0),
        ((10, 10, 66, 20), 0, 1),
        ((10, -3, 20, 20), 0, 1),
        ((10, 10, 10, 20), 1, 0),
        ((20, 10, 10, 20), 1, 0),
        ((math.nan, 10, 30, 20), 1, 0),
        ((math.inf, 10, math.inf, 20), 1, 1),
    ],
)
@pytest.mark.filterwarnings("error")
def test_faulty_boxes_are_counted_and_not_measured(box, without_extent, overhanging):
    found = data_statistics([scene(1, [(2, box)])], IDS, (64, 64))
    assert (found.without_extent, found.overhanging) == (without_extent, overhanging)
    assert len(found.sizes_input) == len(found.aspects) == 1 - without_extent
    assert found.num_objects == 1


def test_a_split_without_any_box():
    found = data_statistics([scene(1, []), scene(2, [])], IDS, (64, 64))
    assert found.num_objects == 0 and found.images_without_boxes == 2
    assert len(found.sizes_input) == 0 and found.objects_by_class.tolist() == [0, 0, 0]
