"""Records of ours and of other tools, whole and with features missing."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.data.record_parser import parse_record

CLASS_IDS = [7, 3, 90]
BOXES = [[0.1, 0.2, 0.5, 0.6], [0.0, 0.0, 1.0, 1.0]]


@pytest.fixture
def encoded(rng, encode_image):
    return encode_image(rng.integers(0, 256, (40, 60, 3)).astype(np.uint8), "JPEG")


def parse_in_graph(record):
    dataset = tf.data.Dataset.from_tensors(record).map(lambda r: parse_record(r, CLASS_IDS))
    return next(iter(dataset))


@pytest.mark.parametrize("parse", [lambda r: parse_record(r, CLASS_IDS), parse_in_graph])
def test_whole_record(encoded, make_record, parse):
    record = make_record(
        encoded,
        BOXES,
        [90, 7],
        image__source_id=b"139",
        image__filename="é .jpg".encode(),
        image__object__is_crowd=[0, 1],
        image__object__difficult=[1, 0],
        image__object__area=np.float32([5.5, 2400.0]),
    )
    sample = parse(record)
    np.testing.assert_allclose(sample.boxes_px, [[4, 12, 20, 36], [0, 0, 40, 60]], rtol=1e-6)
    np.testing.assert_array_equal(sample.classes, [2, 0])
    np.testing.assert_array_equal(sample.is_crowd, [False, True])
    np.testing.assert_array_equal(sample.is_difficult, [True, False])
    np.testing.assert_array_equal(sample.area, [5.5, 2400.0])
    assert sample.image_id == 139
    assert sample.file_name.numpy().decode() == "é .jpg"
    np.testing.assert_array_equal(sample.image.size, [40, 60])


def test_missing_features_have_defaults(encoded, make_record):
    sample = parse_record(make_record(encoded, BOXES, [3, 3]), CLASS_IDS)
    assert not np.any(sample.is_crowd) and not np.any(sample.is_difficult)
    np.testing.assert_allclose(sample.area, [16 * 24, 40 * 60], rtol=1e-5)


def test_picture_of_background(encoded, make_record):
    features = [f"image__object__bbox__{side}" for side in ("ymin", "xmin", "ymax", "xmax")]
    nothing = dict.fromkeys([*features, "image__object__class__label"])
    for record in (make_record(encoded), make_record(encoded, **nothing)):
        sample = parse_in_graph(record)
        assert sample.boxes_px.shape == (0, 4)
        assert sample.classes.shape == sample.area.shape == (0,)


def test_recorded_size_is_not_trusted(encoded, make_record):
    record = make_record(encoded, BOXES, [3, 3], image__height=[999], image__width=[1])
    np.testing.assert_allclose(parse_record(record, CLASS_IDS).boxes_px[1], [0, 0, 40, 60])


def test_source_ids_that_are_no_number_are_hashed(encoded, make_record):
    def image_id(**features):
        return int(parse_record(make_record(encoded, **features), CLASS_IDS).image_id)

    first = image_id(image__source_id=b"2008_000008.jpg")
    second = image_id(image__source_id=b"2008_000009.jpg")
    assert first != second
    assert 0 <= first < 2**52
    assert first == image_id(image__filename=b"2008_000008.jpg")
    assert image_id(image__source_id=b"000000000139") == 139
    assert image_id(image__source_id=b"1234567890123456789") == 1234567890123456789


@pytest.mark.parametrize(
    "labels, features, said",
    [
        ([3, 4], {}, b"no category with the id"),
        ([3, -1], {}, b"holds a negative id"),
        ([3], {}, b"differ in length"),
        ([3, 3], {"image__object__area": np.float32([1.0])}, b"differ in length"),
        ([3, 3], {"image__encoded": None}, b"holds no image/encoded"),
    ],
)
def test_faulty_records_are_named(encoded, make_record, labels, features, said):
    record = make_record(encoded, BOXES, labels, image__filename=b"faulty.jpg", **features)
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        parse_in_graph(record)
    assert said.decode() in str(caught.value)
    assert "faulty.jpg" in str(caught.value)
