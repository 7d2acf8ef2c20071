"""Radii and peaks against the originals' numbers and against a naive drawing."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.gaussian import draw_gaussians, draw_gaussians_dense, gaussian_radius


def naive_radius(height, width, rule, overlap):
    """CornerNet's three cases written out one box at a time."""
    if rule in ("original", "cornernet"):
        height, width = np.ceil(height), np.ceil(width)
    total, area = height + width, height * width
    b1, c1 = total, area * (1 - overlap) / (1 + overlap)
    b2, c2 = 2 * total, (1 - overlap) * area
    a3, b3, c3 = 4 * overlap, -2 * overlap * total, (overlap - 1) * area
    roots = np.sqrt(b1**2 - 4 * c1), np.sqrt(b2**2 - 16 * c2), np.sqrt(b3**2 - 4 * a3 * c3)
    if rule.startswith("original"):
        return min((b1 + roots[0]) / 2, (b2 + roots[1]) / 2, (b3 + roots[2]) / 2)
    return min((b1 - roots[0]) / 2, (b2 - roots[1]) / 8, (b3 + roots[2]) / (2 * a3))


def naive_heatmap(centers, radii, classes, map_size, num_classes):
    """Every cell of every window, one at a time."""
    heatmap = np.zeros([*map_size, num_classes], np.float32)
    for (cy, cx), radius, label in zip(centers, radii, classes):
        sigma = (2 * radius + 1) / 6
        for y in range(max(0, cy - radius), min(map_size[0], cy + radius + 1)):
            for x in range(max(0, cx - radius), min(map_size[1], cx + radius + 1)):
                value = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * sigma**2))
                heatmap[y, x, label] = max(heatmap[y, x, label], value)
    return heatmap


@pytest.mark.parametrize("rule", ["original", "original_exact", "cornernet", "mmdet"])
@pytest.mark.parametrize("overlap", [0.3, 0.7])
def test_radius_equals_the_three_cases(rng, rule, overlap):
    size = rng.uniform(0.5, 120, [200, 2]).astype(np.float32)
    expected = [naive_radius(h, w, rule, overlap) for h, w in size.astype(np.float64)]
    for function in (gaussian_radius, tf.function(gaussian_radius, jit_compile=True)):
        np.testing.assert_allclose(function(size, rule, overlap), expected, rtol=1e-4, atol=1e-4)


def test_radius_of_published_sizes():
    size = np.array([[4, 4], [10, 40], [100, 50], [128, 128]], np.float32)
    np.testing.assert_allclose(
        gaussian_radius(size, "original", 0.7), [1.093, 4.509, 18.390, 34.985], atol=1e-3
    )
    np.testing.assert_allclose(
        gaussian_radius(size, "cornernet", 0.3), [0.905, 3.213, 14.451, 28.946], atol=1e-3
    )


@pytest.mark.parametrize("overlap", ["03", "05", "07"])
def test_radius_golden(testdata, overlap):
    golden = np.load(testdata / "golden/gaussian_radius.npz")
    size = np.stack([golden["h"], golden["w"]], axis=-1)
    value = int(overlap) / 10
    for rule, name in (
        ("mmdet", "mmdet"),
        ("mmdet", "cornernet"),
        ("original_exact", "xingyizhou"),
    ):
        np.testing.assert_allclose(
            gaussian_radius(size, rule, value), golden[f"{name}_{overlap}"], rtol=1e-5, atol=1e-5
        )


def random_objects(rng, count, map_size, num_classes):
    centers = np.stack([rng.integers(0, side, count) for side in map_size], -1).astype(np.int32)
    radii = rng.integers(-1, 12, count).astype(np.int32)
    return centers, radii, rng.integers(0, num_classes, count).astype(np.int32)


@pytest.mark.parametrize("count", [0, 1, 60])
def test_drawing_equals_the_naive_one(rng, count):
    centers, radii, classes = random_objects(rng, count, (20, 30), 3)
    expected = naive_heatmap(centers, radii, classes, (20, 30), 3)
    drawn = draw_gaussians(centers, radii, classes, (20, 30), 3)
    np.testing.assert_allclose(drawn, expected, atol=1e-6)
    data_set = tf.data.Dataset.from_tensors((centers, radii, classes)).map(
        lambda *objects: draw_gaussians(*objects, (20, 30), 3)
    )
    np.testing.assert_allclose(next(iter(data_set)), expected, atol=1e-6)


def test_a_batch_is_drawn_as_its_images_are(rng):
    images = [random_objects(rng, 9, (20, 30), 3) for _ in range(4)]
    batch = [np.stack(values) for values in zip(*images)]
    expected = [naive_heatmap(*objects, (20, 30), 3) for objects in images]
    for draw in (
        draw_gaussians,
        tf.function(draw_gaussians),
        draw_gaussians_dense,
        tf.function(draw_gaussians_dense, jit_compile=True),
    ):
        np.testing.assert_allclose(draw(*batch, (20, 30), 3), expected, atol=1e-6)


def test_both_ways_to_draw_give_peaks_of_exactly_one(rng):
    centers, radii, classes = (value[np.newaxis] for value in random_objects(rng, 30, (24, 24), 2))
    radii = np.maximum(radii, 0)
    one = draw_gaussians(centers, radii, classes, (24, 24), 2).numpy()
    other = draw_gaussians_dense(centers, radii, classes, (24, 24), 2).numpy()
    assert ((one == 1.0) == (other == 1.0)).all() and (one == 1.0).any()


def test_peaks_are_exactly_one(rng):
    centers, radii, classes = random_objects(rng, 50, (24, 24), 2)
    drawn = draw_gaussians(centers, np.maximum(radii, 0), classes, (24, 24), 2).numpy()
    assert (drawn[centers[:, 0], centers[:, 1], classes] == 1.0).all()
    assert (drawn == 1.0).sum() == len(
        {(*cell, label) for cell, label in zip(map(tuple, centers), classes)}
    )


@pytest.mark.parametrize("name", ["xingyizhou", "mmdet", "cornernet"])
def test_drawing_golden(testdata, name):
    golden = np.load(testdata / "golden/gaussian_heatmap.npz")
    centers = np.ascontiguousarray(golden["centers_xy"][:, ::-1])
    drawn = draw_gaussians(centers, golden["radius"], golden["cls"], (48, 64), 4)
    np.testing.assert_allclose(np.transpose(drawn, (2, 0, 1)), golden[name], atol=1e-6)
