"""What cannot be built into an export is said before anything is traced or written."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data.annotations import Category
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.export.image_detector import ImageDetector, check_options
from centernet_tf.export.options import ExportOptions
from centernet_tf.ops.peak_filter import filter_peaks
from centernet_tf.training.model_dir import Trained

FLIP = ExportOptions(flip_test=True)


def model(detector, backbone, size):
    """A model whose network is never asked for."""
    config = load_config(
        params_override=[
            f"model: {{detector: {detector}, backbone: {{name: {backbone}}}}}",
            f"data: {{input_size: {size}}}",
            "evaluation: {resolution: keep, pad_multiple: 128}",
        ]
    )
    return Trained(config, (Category(1, "a"),), make_detector(config, 1), None, 3, "no/model/dir")


@pytest.mark.parametrize("detector", ["fcos", "centernet_update"])
def test_maps_that_do_not_lie_on_their_mirror_images_are_refused(detector):
    with pytest.raises(UserError, match="with flip_test.* width .* multiple of 128; got 320"):
        check_options(model(detector, "fpn_resnet18", [256, 320]), FLIP)
    check_options(model(detector, "fpn_resnet18", [320, 256]), FLIP)
    check_options(model(detector, "fpn_resnet18", [256, 320]), ExportOptions())


def test_maps_of_one_stride_lie_on_their_mirror_images():
    trained = model("centernet", "res_18", [256, 320])
    check_options(trained, FLIP)
    assert not trained.config.evaluation.flip


def test_as_many_rows_as_the_decoder_finds_are_all():
    trained = model("centernet", "res_18", [64, 96])
    check_options(trained, ExportOptions(max_detections=100))
    with pytest.raises(UserError, match="^max_detections=101 is more than the 100 rows"):
        check_options(trained, ExportOptions(max_detections=101))


def test_heat_maps_of_peaks_alone_are_not_filtered_again(trained, rng):
    detector, sizes = ImageDetector(trained), tf.constant([[64, 96]])
    maps = detector.maps(tf.constant(rng.uniform(0, 255, [1, 64, 96, 3]), tf.float32))
    expected = detector.detections(maps, sizes)
    peaks = {**maps, "heatmap": filter_peaks(maps["heatmap"], 3)}
    for found in (
        detector.detections(peaks, sizes, are_peaks=True),
        detector.detections(maps, sizes),
    ):
        for one, other in zip(found, expected):
            np.testing.assert_allclose(one, other, atol=1e-5)
    unfiltered = detector.detections(maps, sizes, are_peaks=True)
    assert np.sum(unfiltered.scores) > np.sum(expected.scores)
