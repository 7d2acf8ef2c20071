"""Data sets of which one setting alone, or two together, keep the ceiling down."""

import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.evaluation import ceiling_limits as limits
from centernet_tf.evaluation.ceiling import ap_ceiling
from tests.evaluation.scenes import CATEGORIES, scene


@pytest.fixture(autouse=True)
def eager():
    """A few small images are done before a graph of them would be traced."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def find(images, *overrides):
    settings = ["data.input_size=[64,64],model.options.variant=mmdet", *overrides]
    return limits.ceiling_limits(load_config([], settings), CATEGORIES, images)


def names(found):
    return [each.name for each in found.limits]


def scattered(count):
    """Objects of 8x8 px in rows, of centres at least 10 px apart."""
    corners = [(10 * (i // 6), 10 * (i % 6)) for i in range(count)]
    return [(2 + 3 * (i % 2), (y, x, y + 8, x + 8)) for i, (y, x) in enumerate(corners)]


def test_two_objects_in_a_cell_ask_for_a_larger_input():
    # Centres at (21, 21) and (23, 23), in the same cell of 4x4 px, but not in one of 2x2 px.
    images = [scene(i, [(2, (11, 11, 31, 31)), (2, (18, 18, 28, 28))]) for i in (1, 2)]
    found = find(images)
    assert names(found) == ["data.input_size"]
    assert found.ceiling < 0.6 and found.together > 0.99
    assert found.sentence() == (
        f"The AP ceiling of {found.ceiling:.3f} is limited by data.input_size=[64, 64]: "
        f"with [128, 128] it is {found.together:.3f}."
    )


def test_thirty_objects_and_ten_detections():
    found = find([scene(1, scattered(30))], "model.options.max_detections=10")
    assert names(found) == ["model.options.max_detections"]
    assert "model.options.max_detections=10: with 30 it is 1.000" in found.sentence()
    assert found.ceiling < 0.4


def test_thirty_objects_and_ten_kept():
    found = find([scene(1, scattered(30)), scene(2, scattered(4))], "data.max_boxes=10")
    assert names(found) == ["data.max_boxes"]
    assert "data.max_boxes=10: with 30 it is 1.000" in found.sentence()


def test_ten_kept_and_ten_detections_limit_together():
    found = find([scene(1, scattered(30))], "data.max_boxes=10,model.options.max_detections=10")
    assert names(found) == ["model.options.max_detections", "data.max_boxes"]
    assert "=10 together: with 30 and 30 it is 1.000" in found.sentence()


def test_boxes_at_the_border_ask_for_the_other_clipping():
    found = find([scene(1, [(2, (0, 0, 64, 64))])], "model.options.variant=original")
    assert names(found) == ["model.options.variant"]
    assert "model.options.variant=original: with mmdet it is 1.000" in found.sentence()
    # Twice the input size halves what is clipped, which gains less.
    gains = {each.name: ap for each, ap in found.relaxed}
    assert found.ceiling < gains["data.input_size"] < gains["model.options.variant"]


def test_what_else_is_low_is_said_too():
    found = find([scene(1, scattered(30))], "data.max_boxes=20,model.options.max_detections=10")
    assert names(found) == ["model.options.max_detections"]
    assert ": with 30 it is 0.6" in found.sentence()
    assert found.sentence().endswith(", and 1.000 with every setting relaxed.")


def test_objects_that_nothing_tells_apart():
    found = find([scene(1, [(2, (10, 10, 30, 30))] * 4)])
    assert names(found) == []
    assert found.sentence().startswith(
        f"No single setting limits the AP ceiling of {found.ceiling:.3f}"
    )


@pytest.mark.parametrize("rule, overlap", [("original", 0.9), ("cornernet", 0.1)])
def test_the_radius_does_not_matter(rule, overlap):
    options = f"model.options.radius_rule={rule},model.options.min_overlap={overlap}"
    config = load_config([], ["data.input_size=[64,64],model.options.variant=mmdet", options])
    assert ap_ceiling(config, CATEGORIES, [scene(1, scattered(30))])["AP"] == pytest.approx(1.0)


def test_large_splits_are_sampled_and_the_sentence_says_so(monkeypatch):
    used = []

    def ceiling(config, categories, annotations):
        used.append([image.image_id for image in annotations])
        return {"AP": 0.3 if config.data.max_boxes == 10 else 0.9}

    monkeypatch.setattr(limits, "ap_ceiling", ceiling)
    monkeypatch.setattr(limits, "MAX_IMAGES", 2)
    found = find([scene(i, scattered(30)) for i in range(1, 6)], "data.max_boxes=10")
    assert (found.num_images, found.of_images) == (2, 5)
    assert used == [[1, 3]] * 4
    assert found.sentence().endswith(
        "data.max_boxes=10: with 30 it is 0.900 (measured on 2 of 5 images)."
    )


def test_only_what_can_be_relaxed_is_offered():
    config = load_config([], ["model.options.variant=mmdet,data.input_size=[64,96]"])
    (only,) = limits.relaxations(config, [scene(1, scattered(5))])
    assert (only.name, only.relaxed) == ("data.input_size", [128, 192])
    assert config.replace(**only.override).data.input_size == [128, 192]


def test_spread_is_even_and_in_order():
    assert limits.spread(list(range(10)), 20) == list(range(10))
    assert limits.spread(list(range(10)), 5) == [0, 2, 4, 6, 8]
    assert len(limits.spread(list(range(1001)), 500)) == 500
