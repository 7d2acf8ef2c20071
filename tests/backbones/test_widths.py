"""Widths of a backbone's parts."""

import pytest

from centernet_tf.backbones.widths import neck_channels, scaled, trunk_channels
from centernet_tf.errors import UserError
from centernet_tf.settings import BackboneConfig


def test_scaled_never_reaches_zero():
    assert scaled((256, 128, 1), 0.25) == (64, 32, 1)


def test_given_widths_win_over_the_multiplier():
    config = BackboneConfig(name="res_18", width_multiplier=0.5, trunk_channels=[24])
    assert trunk_channels(config, (64,)) == (24,)
    assert neck_channels(config, (256, 128)) == (128, 64)


def test_another_number_of_widths_is_an_error():
    config = BackboneConfig(name="res_18", neck_channels=[8, 8])
    with pytest.raises(UserError, match=r"neck_channels of 'res_18' must have 1 value.*\[256\]"):
        neck_channels(config, (256,))
