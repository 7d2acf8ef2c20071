"""What cannot be built into an export is said before anything is traced or written."""

import pytest

from centernet_tf.config import load_config
from centernet_tf.data.annotations import Category
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.export.image_detector import check_options
from centernet_tf.export.options import ExportOptions
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
