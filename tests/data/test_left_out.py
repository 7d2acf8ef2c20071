"""Training goes on without broken records, and says which they were."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.data.input_pipeline import train_dataset
from centernet_tf.data.left_out import explain, read_notes

SETTINGS = (
    "data.input_size=[64,96],train.global_batch_size=4,train.epochs=2,data.max_boxes=5,"
    "data.augmentation.recipe=none,data.shuffle_buffer=4"
)


def lists(boxes_px, classes, mask):
    return {"boxes_px": boxes_px, "classes": classes, "mask": mask}


@pytest.fixture
def broken(make_data_set, make_records, make_record, encode_image, rng):
    """Ten records, the image of one cut in half, in three shards of which one lost its end."""
    pixels = rng.integers(0, 256, (60, 70, 3)).astype(np.uint8)
    jpeg = encode_image(pixels, "JPEG")
    records = make_records(9) + [make_record(jpeg[: len(jpeg) // 2], image__filename=b"cut.jpg")]
    manifest = make_data_set({"train": records}, num_shards=3)
    path = manifest.split("train").shard_paths[1]
    with open(path, "r+b") as shard:
        data = bytearray(shard.read())
        # In the middle of the last of three records, which a checksum guards.
        data[-20] ^= 255
        shard.seek(0)
        shard.write(data)
    return manifest


@pytest.mark.parametrize("cache", [False, True])
def test_broken_records_are_left_out_and_named(broken, tmp_path, cache):
    config = load_config([], [SETTINGS, f"data.cache={cache}"])
    notes = tmp_path / "notes.txt"
    batches = list(train_dataset(config, broken, lists, report_path=str(notes)))
    assert len(batches) == 2 * (10 // 4)
    assert all(np.isfinite(images).all() for images, _ in batches)
    found = explain(config, broken, read_notes(str(notes)))
    names = {(each.file_name, each.fault) for each in found}
    assert names <= {
        ("cut.jpg", "its image cannot be decoded"),
        (
            "a record of train-00001-of-00003.tfrecord (the file is damaged; make it again)",
            "it holds no image, negative ids, or lists of different lengths",
        ),
    }
    assert names and {each.epoch for each in found} <= {0, 1}


def test_each_of_two_input_pipelines_names_what_it_left_out(broken, tmp_path):
    config = load_config([], [SETTINGS])
    found = set()
    for pipeline in range(2):
        notes = tmp_path / f"notes{pipeline}.txt"
        context = tf.distribute.InputContext(2, pipeline, 2)
        list(train_dataset(config, broken, lists, 0, str(notes), context))
        found |= set(explain(config, broken, read_notes(str(notes))))
    faults = {each.fault for each in found}
    assert faults and "it could not be read for a moment" not in faults
    assert {each.file_name for each in found if "decoded" in each.fault} <= {"cut.jpg"}


def test_what_a_broken_partner_spoils_is_left_out_too(broken, tmp_path):
    mixing = "data.augmentation.mixup=1.0,train.repeats_per_epoch=2"
    config = load_config([], [SETTINGS, mixing])
    notes = tmp_path / "notes.txt"
    batches = list(train_dataset(config, broken, lists, report_path=str(notes)))
    assert len(batches) == 2 * (20 // 4)
    faults = {each.fault: each.file_name for each in explain(config, broken, read_notes(notes))}
    name = faults.pop("a record that it was to be combined with cannot be used")
    assert name.removesuffix(".jpg").isdecimal()
    assert faults.get("its image cannot be decoded", "cut.jpg") == "cut.jpg"


def test_where_an_epoch_starts_makes_no_difference(broken, tmp_path):
    config = load_config([], [SETTINGS])
    notes = str(tmp_path / "notes.txt")
    whole = list(train_dataset(config, broken, lists, report_path=notes))
    again = list(train_dataset(config, broken, lists, start_epoch=1, report_path=notes))
    for (image, _), (other, _) in zip(whole[2:], again, strict=True):
        np.testing.assert_array_equal(image, other)


def test_a_split_without_usable_records_ends_with_an_error(make_data_set, make_record, tmp_path):
    records = [make_record(b"no image", image__filename=b"x.jpg") for _ in range(8)]
    manifest = make_data_set({"train": records})
    with pytest.raises(tf.errors.FailedPreconditionError, match="contained only 0"):
        list(train_dataset(load_config([], [SETTINGS]), manifest, lists))


def test_an_unknown_class_stops_the_run(make_data_set, encode_image, make_record, rng):
    jpeg = encode_image(rng.integers(0, 256, (40, 40, 3)).astype(np.uint8), "JPEG")
    records = [make_record(jpeg, [[0, 0, 1, 1]], [99], image__filename=b"odd.jpg")] * 8
    manifest = make_data_set({"train": records})
    with pytest.raises(tf.errors.InvalidArgumentError, match="(?s)no category with the id.*99"):
        list(train_dataset(load_config([], [SETTINGS]), manifest, lists))


def test_every_input_pipeline_reads_its_own_part(make_data_set, make_records):
    manifest = make_data_set({"train": make_records(12)})
    config = load_config([], [SETTINGS])

    def images(context):
        batches = train_dataset(config, manifest, lists, input_context=context)
        return {image.numpy().tobytes() for batch, _ in batches.take(3) for image in batch}

    parts = [images(tf.distribute.InputContext(2, number, 2)) for number in range(2)]
    assert all(len(part) == 6 for part in parts)
    assert parts[0] | parts[1] == images(None)
