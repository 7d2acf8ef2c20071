"""Annotations survive the records: ids, category ids, crowds, empty images."""

import numpy as np
import pytest

from centernet_tf.config import load_config
from centernet_tf.data.input_pipeline import eval_dataset, read_annotations


def test_annotations_come_back(rng, encode_image, make_record, make_data_set):
    pixels = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    record = make_record(
        encode_image(pixels, "JPEG"),
        [[0.25, 0.1, 0.5, 0.2], [0.0, 0.0, 1.0, 1.0]],
        [7, 3],
        image__source_id=b"581929",
        image__filename=b"a b/c.jpg",
        image__object__is_crowd=[0, 1],
        image__object__area=np.float32([12.5, 2000.0]),
        image__object__difficult=[1, 0],
    )
    empty = make_record(encode_image(pixels), image__source_id=b"9")
    manifest = make_data_set({"val": [record, empty]}, num_shards=1)
    first, second = read_annotations(manifest, "val")
    assert (first.image_id, first.file_name) == (581929, "a b/c.jpg")
    assert (first.height, first.width) == (40, 50)
    assert [box.category_id for box in first.boxes] == [7, 3]
    assert [box.is_crowd for box in first.boxes] == [False, True]
    assert [box.difficult for box in first.boxes] == [True, False]
    assert [box.area for box in first.boxes] == [12.5, 2000.0]
    assert first.boxes[0].box_px == pytest.approx((10.0, 5.0, 20.0, 10.0), abs=1e-4)
    assert (second.image_id, second.boxes) == (9, ())


def test_same_images_as_the_evaluation_in_the_same_order(make_data_set, make_records):
    manifest = make_data_set({"val": make_records(11)})
    config = load_config([], ["data.input_size=[64,64],evaluation.batch_size=4"])
    ids = [i.image_id for i in read_annotations(manifest, "val")]
    batches = eval_dataset(config, manifest, "val").as_numpy_iterator()
    seen = [i for batch in batches for i in batch["image_id"][batch["valid"]]]
    assert seen == ids
    assert sorted(ids) == list(range(1, 12))
