"""Start values of the heads, by backbone."""

import pytest

from centernet_tf.backbones.published_heads import heatmap_start


@pytest.mark.parametrize(
    "name, expected",
    [
        ("res_18", -2.19),
        ("dla_34", -2.19),
        ("hourglass_104", -2.19),
        ("mmdet_resnet18", -2.1972246),
    ],
)
def test_heat_maps_start_at_a_tenth(name, expected):
    assert heatmap_start(name) == pytest.approx(expected, abs=1e-7)
