"""FCOS's decoder against a loop, by both scoring rules, and against mmdet's detections."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.fcos_decode import decode_fcos
from tests.ops.test_nms import naive_nms
from tests.ops.tflite_run import run_tflite

SIZES, STRIDES = ((6, 8), (3, 4), (2, 2)), (8, 16, 32)
IMAGE_SIZE = (48, 60)


def naive_decode(maps, rule, level_limit, rows):
    """Rows (box, score, class) of one image; `maps` are lists of [H, W, C] a level."""
    candidates = []
    for logits, sides, central, stride in zip(*maps, STRIDES):
        p, center = (1 / (1 + np.exp(-value.astype(np.float64))) for value in (logits, central))
        level = []
        for y, x, label in np.argwhere(p > 0.3):
            score = p[y, x, label] * center[y, x, 0]
            rank = score if rule == "root" else p[y, x, label]
            point = np.array([y + 0.5, x + 0.5]) * stride
            box = np.concatenate([point - sides[y, x, :2], point + sides[y, x, 2:]])
            box = np.clip(box, 0, [*IMAGE_SIZE] * 2)
            level.append((rank, box, np.sqrt(score) if rule == "root" else score, label))
        level.sort(key=lambda row: -row[0])
        candidates += [row for row in level[:level_limit] if (row[1][2:] > row[1][:2]).all()]
    boxes, scores, classes = (np.array([row[i] for row in candidates]) for i in (1, 2, 3))
    kept = naive_nms(boxes, scores, classes, 0.5, rows)
    return boxes[kept], scores[kept], classes[kept]


@pytest.fixture(name="maps")
def make_maps(rng):
    classes = [np.float32(rng.normal(0, 2, [2, *size, 3])) for size in SIZES]
    distances = [np.float32(rng.uniform(1, 25, [2, *size, 4])) for size in SIZES]
    distances[0][0, 0] = 0.0
    return classes, distances, [np.float32(rng.normal(0, 1, [2, *size, 1])) for size in SIZES]


def tensors(maps):
    return tf.nest.map_structure(tf.constant, maps)


def decoder(rule, level_limit, rows):
    def decode(classes, distances, centers):
        return decode_fcos(
            classes, distances, centers, STRIDES, IMAGE_SIZE, rule, 0.3, level_limit, 0.5, rows
        )

    return decode


@pytest.mark.parametrize("rule", ["root", "product"])
@pytest.mark.parametrize("level_limit,rows", [(15, 12), (1000, 200)])
def test_equals_the_naive_decoder(maps, rule, level_limit, rows):
    decode = decoder(rule, level_limit, rows)
    compiled = tf.function(decode, jit_compile=True)
    for function in (decode, compiled) if rows == 12 else (decode,):
        found = function(*tensors(maps))
        for image in range(2):
            of_image = [[level[image] for level in kind] for kind in maps]
            boxes, scores, classes = naive_decode(of_image, rule, level_limit, rows)
            count = int(found.count[image])
            assert count == len(boxes)
            np.testing.assert_allclose(found.boxes[image, :count], boxes, atol=1e-4)
            np.testing.assert_allclose(found.scores[image, :count], scores, rtol=1e-4)
            np.testing.assert_array_equal(found.classes[image, :count], classes)


def test_maps_of_any_size_decode_alike(maps):
    decode = decoder("product", 1000, 30)
    signature = [[tf.TensorSpec([None, None, None, c]) for _ in SIZES] for c in (3, 4, 1)]
    dynamic = tf.function(decode, input_signature=signature)
    for found, expected in zip(dynamic(*maps), decode(*tensors(maps))):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_tflite_finds_the_same(maps):
    decode = decoder("product", 15, 12)
    flat = {f"map{i}": value[:1] for i, value in enumerate(sum(maps, []))}

    def detect(**values):
        ordered = [values[f"map{i}"] for i in range(9)]
        return decode(ordered[:3], ordered[3:6], ordered[6:])._asdict()

    found = run_tflite(detect, **flat)
    for name, value in tf.function(detect)(**flat).items():
        np.testing.assert_allclose(found[name], value, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("image,size", [(0, (256, 320)), (1, (250, 300))])
def test_mmdet_golden(testdata, image, size):
    golden = np.load(testdata / "golden/fcos.npz")
    sizes, strides = golden["level_hw"].tolist(), golden["strides"].tolist()
    ends = np.cumsum([height * width for height, width in sizes])[:-1]

    def levels(values):
        rows = np.split(np.transpose(values[image]), ends)
        return [tf.reshape(row, [1, *shape, row.shape[-1]]) for row, shape in zip(rows, sizes)]

    found = decode_fcos(
        levels(golden["cls_logits"]),
        levels(np.exp(golden["reg_log"])[:, [1, 0, 3, 2]]),
        levels(golden["ctr_logits"]),
        strides,
        size,
        "product",
        0.05,
        1000,
        0.5,
        100,
    )
    assert found.count == 100
    name = f"infer_img{image}_rescale0"
    np.testing.assert_allclose(found.scores[0], golden[f"{name}_scores"], atol=1e-5)
    np.testing.assert_allclose(found.boxes[0], golden[f"{name}_boxes"][:, [1, 0, 3, 2]], atol=1e-3)
    np.testing.assert_array_equal(found.classes[0], golden[f"{name}_labels"])
