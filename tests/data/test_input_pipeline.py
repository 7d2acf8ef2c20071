"""Batches for training and evaluation: shapes, reproducibility, nothing lost."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data.input_pipeline import (
    epoch_records,
    eval_dataset,
    steps_per_epoch,
    train_dataset,
)
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.ops.geometry import transform_boxes
from centernet_tf.ops.normalize import normalize

BASE = "data.input_size=[64,96],train.global_batch_size=4,train.epochs=3,data.max_boxes=5"


def configure(*overrides):
    return load_config([], [BASE, *overrides])


def configure_augmentation(**settings):
    return configure(str({"data": {"augmentation": settings}}))


def lists(boxes_px, classes, mask):
    return {"boxes_px": boxes_px, "classes": classes, "mask": mask}


@pytest.fixture
def manifest(make_data_set, make_records):
    return make_data_set({"train": make_records(10), "val": make_records(7)})


def assert_same(ours, expected):
    assert len(ours) == len(expected)
    for one, other in zip(tf.nest.flatten(ours), tf.nest.flatten(expected)):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("recipe", ["original", "mmdet", "lsj", "none"])
def test_epochs_are_the_same_from_wherever_they_are_reached(manifest, recipe):
    config = configure(f"data.augmentation.recipe={recipe}")
    batches = train_dataset(config, manifest, lists)
    whole = list(batches)
    assert len(whole) == 3 * steps_per_epoch(config, manifest) == 6
    assert_same(list(train_dataset(config, manifest, lists, start_epoch=1)), whole[2:])
    assert_same(list(batches), whole)


@pytest.mark.parametrize("recipe", ["original", pytest.param("lsj", marks=pytest.mark.slow)])
def test_epochs_with_mosaics_and_mixups_are_the_same_too(manifest, recipe):
    config = configure_augmentation(recipe=recipe, mosaic=0.5, mixup=0.5)
    whole = list(train_dataset(config, manifest, lists))
    assert len(whole) == 6
    assert_same(list(train_dataset(config, manifest, lists, start_epoch=1)), whole[2:])
    plain = train_dataset(configure_augmentation(recipe=recipe), manifest, lists)
    changed = [
        not np.array_equal(image, other)
        for (images, _), (others, _) in zip(whole, plain, strict=True)
        for image, other in zip(images, others)
    ]
    # Three quarters on average of 24 examples; the others are what they are without.
    assert 10 <= sum(changed) < 24


@pytest.mark.parametrize("recipe", ["original"])
def test_events_that_do_not_happen_change_nothing(manifest, recipe):
    never = configure_augmentation(recipe=recipe, mosaic=1e-30, mixup=1e-30)
    plain = train_dataset(configure_augmentation(recipe=recipe), manifest, lists)
    assert_same(list(train_dataset(never, manifest, lists)), list(plain))


def test_partners_are_read_only_for_mosaics_and_mixups(manifest):
    def shape(**mixing):
        config = configure_augmentation(**mixing)
        return epoch_records(config, manifest, 0).element_spec[1].shape

    assert shape() == ()
    assert shape(mixup=0.1) == (2,)
    assert shape(mosaic=0.1) == (4,)
    assert shape(mosaic=0.1, mixup=0.1) == (5,)


def test_other_seeds_and_epochs_are_other_batches(manifest):
    first, _, second, *_ = train_dataset(configure(), manifest, lists)
    other = next(iter(train_dataset(configure("runtime.seed=18"), manifest, lists)))
    assert not np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], other[0])


def test_parallelism_does_not_change_batches(manifest):
    batches = train_dataset(configure(), manifest, lists)
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1
    assert_same(list(batches.with_options(options)), list(batches))


def test_shapes_are_static_and_cardinality_known(manifest):
    config = configure("train.repeats_per_epoch=2")
    detector = make_detector(config, manifest.num_classes)
    batches = train_dataset(config, manifest, detector.encode)
    assert batches.cardinality() == 15
    images, targets = batches.element_spec
    assert images.shape == (4, 64, 96, 3)
    assert targets["heatmap"].shape == (4, 16, 24, 2)
    assert all(spec.shape.is_fully_defined() for spec in targets.values())
    images, targets = next(iter(batches))
    assert np.isfinite(images).all() and np.isfinite(targets["heatmap"]).all()


def test_training_without_augmentation_sees_what_evaluation_sees(manifest):
    config = configure("data.augmentation.recipe=none,evaluation.batch_size=10")
    trained = {
        image.numpy().tobytes()
        for images, _ in train_dataset(config, manifest, lists)
        for image in images
    }
    (batch,) = eval_dataset(config, manifest, "train")
    evaluated = {image.numpy().tobytes() for image in batch["image"]}
    assert trained <= evaluated


def test_less_than_a_batch_is_an_error(manifest):
    with pytest.raises(UserError, match="10 images, less than one batch of train.global"):
        train_dataset(configure("train.global_batch_size=16"), manifest, lists)


def test_evaluation_yields_every_image_once_in_full_batches(manifest):
    config = configure("evaluation.batch_size=4")
    batches = list(eval_dataset(config, manifest).as_numpy_iterator())
    assert [batch["image"].shape for batch in batches] == [(4, 64, 96, 3)] * 2
    valid = np.concatenate([batch["valid"] for batch in batches])
    ids = np.concatenate([batch["image_id"] for batch in batches])
    assert sorted(ids[valid]) == list(range(1, 8))
    assert valid.sum() == 7
    assert np.isfinite(np.concatenate([batch["image"] for batch in batches])).all()
    for batch in batches:
        objects = batch["mask"].sum(axis=-1)
        np.testing.assert_array_equal(
            objects, np.where(batch["valid"], (batch["image_id"] - 1) % 4, 0)
        )


def test_evaluation_equals_the_original(testdata, encode_image, make_record, make_data_set):
    golden = np.load(testdata / "golden" / "xy_dataset_samples.npz")
    boxes_xywh = golden["bbox_xywh"]
    corners = np.concatenate([boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]], -1)
    boxes = corners[:, [1, 0, 3, 2]] / np.array([120, 160, 120, 160])
    encoded = encode_image(golden["img_bgr"][..., ::-1])
    manifest = make_data_set({"val": [make_record(encoded, boxes, [3] * 6)]}, 1)
    size = "data.input_size=[128,128],data.max_boxes=128,evaluation.batch_size=1"
    (batch,) = eval_dataset(configure(size), manifest)
    expected = golden["ctdet_val.input"].transpose(1, 2, 0)
    # OpenCV rounds positions to 1/32 pixel and values to integers, and blends the border row.
    difference = np.abs(batch["image"][0, 17:111].numpy() - expected[17:111])
    assert difference.mean() < 0.02
    assert difference.max() < 0.15
    boxes_map = transform_boxes(batch["boxes_px"], batch["transform"])[0, :6] / 4.0
    size = golden["ctdet_val.wh"][:6, ::-1]
    np.testing.assert_allclose((boxes_map[:, 2:] - boxes_map[:, :2])[0], size[0], atol=1e-3)


def test_evaluation_images_equal_a_naive_letterbox(rng, encode_image, make_record, make_data_set):
    pixels = rng.integers(0, 256, (64, 48, 3)).astype(np.uint8)
    manifest = make_data_set({"val": [make_record(encode_image(pixels))]}, 1)
    config = configure("evaluation.batch_size=2")
    (batch,) = eval_dataset(config, manifest)
    data = config.data
    expected = np.zeros((64, 96, 3), np.uint8)
    expected[:, 24:72] = pixels
    expected = normalize(expected, data.channel_order, data.mean, data.std)
    np.testing.assert_allclose(batch["image"][0], expected, atol=1e-3)
    np.testing.assert_array_equal(batch["transform"], [[1, 0, 24], [1, 0, 0]])
    np.testing.assert_array_equal(batch["image_size"][0], [64, 48])


def test_a_manifest_that_counts_wrongly_is_an_error(manifest):
    wrong = dataclasses.replace(manifest.split("val"), num_examples=9)
    lying = dataclasses.replace(manifest, splits={"val": wrong})
    with pytest.raises(tf.errors.FailedPreconditionError, match="9 elements but contained only 7"):
        list(eval_dataset(configure(), lying))
