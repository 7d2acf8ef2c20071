"""The two up-sampling layers: shapes of unknown sizes, saving, bilinear start, cost."""

import keras
import numpy as np
import tensorflow as tf

from centernet_tf.layers.depthwise_up_sampling import DepthwiseUpSampling
from centernet_tf.layers.nearest_up_sampling import NearestUpSampling


def test_saving_and_sizes_that_are_not_known(tmp_path):
    coarse, fine = keras.Input([None, None, 3]), keras.Input([None, None, 2])
    learned = DepthwiseUpSampling(4)(coarse)
    nearest = NearestUpSampling()([coarse, fine])
    assert learned.shape[1:] == nearest.shape[1:] == (None, None, 3)
    model = keras.Model([coarse, fine], [learned, nearest])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    maps = [tf.random.stateless_normal([1, 3, 4, 3], [1, 2]), tf.zeros([1, 5, 8, 2])]
    for one, other in zip(model(maps), again(maps)):
        np.testing.assert_array_equal(one, other)
    assert [tuple(x.shape) for x in model(maps)] == [(1, 12, 16, 3), (1, 5, 8, 3)]


def test_learned_up_sampling_starts_bilinear():
    layer = DepthwiseUpSampling(2)
    ramp = np.arange(5.0)[None, None, :, None] * np.ones([1, 3, 5, 4])
    found = layer(ramp.astype(np.float32)).numpy()
    np.testing.assert_allclose(found[0, 2, 1:-1, 0], np.arange(0.25, 4.0, 0.5), atol=1e-6)
    assert layer.depthwise_kernel.shape == (4, 4, 4, 1)
    assert layer.multiply_adds((None, 3, 5, 4)) == 3 * 5 * 4 * 16
