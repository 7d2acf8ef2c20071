"""decode(encode(ground truth)): nothing lost but what a grid of cells must lose."""

import logging

import pytest
import tensorflow as tf

from centernet_tf.backbones import STRIDE
from centernet_tf.config import load_config
from centernet_tf.data.annotations import BoxAnnotation, Category, ImageAnnotation
from centernet_tf.data.voc import read_voc
from centernet_tf.evaluation import ceiling
from centernet_tf.evaluation.grid_losses import grid_losses

CATEGORIES = (Category(2, "ring"), Category(5, "disc"))


def scene(image_id, objects, height=128, width=96):
    """An image from (category id, yxyx box) pairs."""
    boxes = tuple(
        BoxAnnotation(box, category, area=(box[2] - box[0]) * (box[3] - box[1]))
        for category, box in objects
    )
    return ImageAnnotation(image_id, f"{image_id}.jpg", "", height, width, boxes)


def score(annotations, categories, *overrides):
    """Returns metrics and grid losses."""
    config = load_config([], ["data.input_size=[256,256]", *overrides])
    size, most = config.data.input_size, config.data.max_boxes
    return {
        "metrics": ceiling.ap_ceiling(config, categories, annotations),
        "grid": grid_losses(annotations, size, STRIDE, most, 2),
    }


def test_objects_apart_come_back_whole():
    images = [
        scene(1, [(2, (10, 10, 40, 60)), (5, (50.5, 20.25, 90, 90))]),
        scene(2, []),
        scene(3, [(5, (3, 3, 9, 11))], height=50, width=200),
    ]
    result = score(images, CATEGORIES)
    assert result["metrics"]["AP"] == pytest.approx(1.0)
    assert result["metrics"]["num_images"] == 3
    assert result["grid"]["num_objects"] == 3
    assert result["grid"]["same_cell"] == result["grid"]["thinner_than_a_cell"] == 0


def test_objects_of_one_cell_are_counted_and_one_is_lost():
    # At scale 2 the centres are 0.5 px, then 0 px, from that of the first box, and 60 px off.
    images = [
        scene(
            1,
            [
                (2, (20, 20, 60, 60)),
                (2, (30, 30.5, 50, 50)),
                (5, (38, 38, 42, 42)),
                (5, (80, 35, 81, 45)),
            ],
        )
    ]
    result = score(images, CATEGORIES)
    assert result["grid"] == {
        "num_images": 1,
        "num_objects": 4,
        "same_cell": 2,
        "same_cell_and_class": 1,
        "thinner_than_a_cell": 1,
        "beyond_max_boxes": 0,
        "images_beyond_detections": 1,
    }
    assert result["metrics"]["AR100"] < 0.9


@pytest.mark.filterwarnings("error")
def test_boxes_that_are_not_finite_lie_in_no_cell():
    nan, box = float("nan"), (20, 20, 60, 60)
    odd = [(2, (nan, 20, 60, 60)), (2, (20, nan, 60, 60)), (2, (0, 0, 9, float("inf")))]
    images = [scene(1, [*odd, (2, box), (5, box)])]
    grid = grid_losses(images, (256, 256), STRIDE, 4, 4)
    assert grid == {
        "num_images": 1,
        "num_objects": 5,
        "same_cell": 1,
        "same_cell_and_class": 0,
        "thinner_than_a_cell": 0,
        "beyond_max_boxes": 1,
        "images_beyond_detections": 1,
    }


def test_the_largest_objects_are_kept():
    images = [scene(1, [(2, (5, 5, 25, 25)), (2, (40, 40, 80, 80)), (2, (90, 5, 120, 50))])]
    result = score(images, CATEGORIES, "data.max_boxes=2")
    assert result["grid"]["beyond_max_boxes"] == 1
    assert result["metrics"]["AR100"] == pytest.approx(2 / 3)


def test_progress_is_told_of_every_image():
    done = []
    config = load_config([], ["data.input_size=[64,64]"])
    images = [scene(1, [(2, (20, 20, 60, 60))]), scene(2, [])]
    ceiling.ap_ceiling(config, CATEGORIES, images, lambda: done.append(1))
    assert len(done) == 2


def test_many_ceilings_are_computed_without_a_warning():
    """Each relaxed setting needs one, and TensorFlow finds fault with functions made in a loop."""
    warnings = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warnings.append(record.getMessage())
    tf.get_logger().addHandler(handler)
    try:
        config = load_config([], ["data.input_size=[64,64]"])
        for _ in range(6):
            ceiling.ap_ceiling(config, CATEGORIES, [scene(1, [(2, (20, 20, 60, 60))])])
    finally:
        tf.get_logger().removeHandler(handler)
    assert not warnings


def test_the_table_names_every_number():
    result = score([scene(1, [(2, (20, 20, 60, 60))])], CATEGORIES[:1])
    table = ceiling.ceiling_table(result["metrics"], result["grid"], STRIDE)
    assert "all       1.0000  1.0000" in table
    assert "       1  objects (without crowds)" in table
    assert "small          -       -" in table


# The original clips boxes to the last cell instead of the border, which costs blood cells at the
# border up to 4 px of the input: 0.980 at 256x256, where mmdet's rule keeps 0.997.
@pytest.mark.parametrize("split", ["trainval", "test"])
@pytest.mark.parametrize(
    "overrides",
    [["data.input_size=[512,512]"], ["model.options.variant=mmdet"]],
    ids=["original-512", "mmdet-256"],
)
def test_bccd(testdata, split, overrides):
    (blood,) = read_voc([str(testdata / "data" / "bccd" / "BCCD")], [split])
    result = score(list(blood.images), blood.categories, *overrides)
    assert result["metrics"]["AP"] >= 0.99
