"""What training sees, turned back into pictures and targets."""

import numpy as np
import pytest

from centernet_tf.config import load_config
from centernet_tf.data.manifest import load_manifest
from centernet_tf.detectors import make_detector
from centernet_tf.evaluation.training_samples import (
    TrainingSample,
    displayable,
    target_overlays,
    training_samples,
)
from centernet_tf.ops.normalize import normalize
from tests.evaluation.tiny_records import write_records


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_normalisation_is_undone(rng, order):
    config = load_config([], [f"data.channel_order={order}"])
    pixels = rng.integers(0, 256, (2, 5, 7, 3)).astype(np.uint8)
    data = config.data
    normalized = normalize(pixels, order, list(data.mean), list(data.std)).numpy()
    np.testing.assert_array_equal(displayable(normalized, data), pixels)
    outside = displayable(np.float32([[9, 9, 9], [-9, -9, -9]]), data)
    assert outside.tolist() == [[255] * 3, [0] * 3]


@pytest.mark.parametrize("count, in_split", [(8, 11), (8, 3)])
def test_boxes_lie_on_the_objects_of_augmented_images(tmp_path, count, in_split):
    manifest = load_manifest(write_records(tmp_path, in_split))
    config = load_config(
        [],
        ["data.input_size=[96,96],data.augmentation.color_jitter=0,data.augmentation.lighting=0"],
    )
    samples = training_samples(config, manifest, "train", count)
    assert len(samples) == count
    seen = 0
    for sample in samples:
        assert sample.pixels.shape == (96, 96, 3) and sample.pixels.dtype == np.uint8
        assert sample.boxes_px.shape == (len(sample.classes), 4)
        for ymin, xmin, ymax, xmax in sample.boxes_px[sample.visible()]:
            inside = sample.pixels[
                max(int(ymin) + 3, 0) : max(int(ymax) - 2, 0),
                max(int(xmin) + 3, 0) : max(int(xmax) - 2, 0),
            ]
            if inside.size:
                seen += 1
                np.testing.assert_allclose(inside.reshape(-1, 3).mean(0), (220, 30, 60), atol=2)
    assert seen >= 4


def test_visible_are_those_with_a_part_inside():
    boxes = [[0, 0, 9, 9], [-9, 0, 0, 9], [-9, 0, 0.1, 9], [64, 0, 70, 9], [0, 95.9, 5, 120]]
    sample = TrainingSample(np.zeros([64, 96, 3], np.uint8), np.float32(boxes), np.zeros(5))
    assert sample.visible().tolist() == [True, False, True, False, True]


@pytest.mark.parametrize("heatmap_on", ["host", "device"])
def test_peaks_lie_over_the_centres(heatmap_on):
    config = load_config([], [f"data.input_size=[64,96],model.options.heatmap_on={heatmap_on}"])
    boxes = np.float32([[10, 10, 30, 50], [40, 70, 52, 90]])
    sample = TrainingSample(np.full([64, 96, 3], 100, np.uint8), boxes, np.int32([1, 0]))
    empty = TrainingSample(sample.pixels, boxes[:0], np.int32([]))
    overlay, blank = target_overlays([sample, empty], make_detector(config, 2))
    light = np.asarray(overlay).astype(int).sum(-1)
    assert overlay.size == blank.size == (96, 64)
    assert min(light[20, 30], light[46, 80]) > 450 and light[60, 5] == 165
    assert len(np.unique(np.asarray(blank))) == 1


@pytest.mark.parametrize("detector", ["fcos", "centernet_update"])
def test_the_cells_that_a_pyramid_learns_are_light(detector):
    config = load_config(
        [],
        [
            f"model: {{detector: {detector}, backbone: {{name: fpn_resnet18}}}}",
            "data.input_size=[128,128]",
        ],
    )
    sample = TrainingSample(
        np.full([128, 128, 3], 100, np.uint8), np.float32([[20, 60, 60, 100]]), np.int32([1])
    )
    (overlay,) = target_overlays([sample], make_detector(config, 2))
    light = np.asarray(overlay).astype(int).sum(-1)
    assert light[40, 80] > 450 and light[100, 20] == 165


@pytest.mark.parametrize("detector", ["cornernet", "centernet_triplets"])
def test_corners_lie_over_the_corners(detector):
    config = load_config([], [f"model.detector={detector}", "data.input_size=[127,127]"])
    sample = TrainingSample(
        np.full([127, 127, 3], 100, np.uint8), np.float32([[20, 60, 60, 100]]), np.int32([1])
    )
    (overlay,) = target_overlays([sample], make_detector(config, 2))
    light = np.asarray(overlay).astype(int).sum(-1)
    assert min(light[21, 61], light[61, 101]) > 450 and light[100, 20] == 165
