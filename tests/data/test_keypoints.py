"""COCO's keypoints come through the conversion, in the frame of the upright image."""

import json

import numpy as np
import pytest
import tensorflow as tf
from official.vision.dataloaders.tf_example_decoder import TfExampleDecoder
from PIL import Image

from centernet_tf.data.convert import convert, merge_categories
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.orientation import EXIF_TAG
from centernet_tf.errors import UserError
from tests.data import coco_folder
from tests.data.coco_folder import HEIGHT, WIDTH

NAMES = ["nose", "left eye", "rechtes Öhr"]
LIMBS = [[1, 2], [2, 3]]
POINTS = [10.5, 5, 2, 0, 0, 0, 24, 14.5, 1]


def document(**changes):
    """One image with a bottle, which has three keypoints, and a car, which has none."""
    content = coco_folder.document(1)
    content["categories"][0].update(keypoints=NAMES, skeleton=LIMBS)
    content["annotations"].append({**content["annotations"][0], "id": 9, "category_id": 3})
    content["annotations"][0].update({"keypoints": POINTS, "num_keypoints": 2, **changes})
    return content


def converted(root, content=None, **options):
    """Returns the report, the manifest and the keypoint features of the one record."""
    coco_folder.write_folder(root, document() if content is None else content)
    report = coco_folder.convert_folder(root, **options)
    manifest = load_manifest(str(root / "records"))
    (record,) = tf.data.TFRecordDataset(manifest.split("train").shard_paths)
    features = tf.train.Example.FromString(record.numpy()).features.feature
    found = {
        key.rpartition("/")[2]: list(getattr(feature, feature.WhichOneof("kind") or "").value)
        for key, feature in features.items()
        if key.startswith("image/object/keypoint/")
    }
    return report, manifest, found


def expected(points_yx, height=HEIGHT, width=WIDTH):
    """Features of a bottle with these points, of which the second is not labelled, and a car."""
    nose, ear = points_yx
    return {
        "y": pytest.approx([nose[0] / height, 0, ear[0] / height, 0, 0, 0]),
        "x": pytest.approx([nose[1] / width, 0, ear[1] / width, 0, 0, 0]),
        "visibility": [2, 0, 1, 0, 0, 0],
        "num": [2, 0],
    }


def test_keypoints_are_kept_and_padded(tmp_path):
    report, manifest, found = converted(tmp_path)
    assert found == expected([(5, 10.5), (14.5, 24)])
    assert report.reasons() == []
    car, bottle = manifest.categories
    assert bottle.keypoints == tuple(NAMES) and bottle.skeleton == ((1, 2), (2, 3))
    assert car.keypoints == car.skeleton == ()


def test_the_manifest_names_them(tmp_path):
    converted(tmp_path)
    document = json.loads((tmp_path / "records" / "manifest.json").read_text())
    assert document["categories"] == [
        {"id": 3, "name": "car"},
        {"id": 44, "name": "bottle", "keypoints": NAMES, "skeleton": LIMBS},
    ]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_keypoints_turn_with_a_photograph(tmp_path, orientation):
    """Bright pixels stay where the points are."""
    coco_folder.write_folder(tmp_path, document())
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[5, 10] = pixels[14, 24] = 255
    exif = Image.Exif()
    exif[EXIF_TAG] = orientation
    path = tmp_path / "images" / "0.jpg"
    # The middle of a pixel lies half a pixel behind its index.
    content = document(keypoints=[10.5, 5.5, 2, 7, 7, 0, 24.5, 14.5, 1])
    (tmp_path / "train.json").write_text(json.dumps(content))
    Image.fromarray(pixels).save(path, "PNG", exif=exif)
    coco_folder.convert_folder(tmp_path)
    manifest = load_manifest(str(tmp_path / "records"))
    (record,) = tf.data.TFRecordDataset(manifest.split("train").shard_paths)
    image = TfExampleDecoder().decode(record)["image"].numpy()[..., 0]
    feature = tf.train.Example.FromString(record.numpy()).features.feature
    ys = np.array(feature["image/object/keypoint/y"].float_list.value) * image.shape[0]
    xs = np.array(feature["image/object/keypoint/x"].float_list.value) * image.shape[1]
    points = {(int(ys[i]), int(xs[i])) for i in (0, 2)}
    assert points == set(zip(*(axis.tolist() for axis in np.nonzero(image))))
    assert ys[1] == xs[1] == 0
    assert list(feature["image/object/keypoint/visibility"].int64_list.value[:3]) == [2, 0, 1]


def test_keypoints_follow_a_resized_image(tmp_path):
    content = document()
    content["images"][0].update(height=2 * HEIGHT, width=2 * WIDTH)
    report, _, found = converted(tmp_path, content)
    assert report.count("boxes_rescaled") == 1
    assert found == expected([(2.5, 5.25), (7.25, 12)])


MALFORMED = [
    POINTS[:-1],
    [*POINTS, 1],
    POINTS * 2,
    "points",
    {"nose": POINTS},
    [POINTS],
    [str(value) for value in POINTS],
    [None] * 9,
    [*POINTS[:2], 3, *POINTS[3:]],
    [*POINTS[:2], 0.5, *POINTS[3:]],
    [float("nan"), *POINTS[1:]],
    [float("inf"), *POINTS[1:]],
    [10**400, *POINTS[1:]],
    [True, *POINTS[1:]],
]


@pytest.mark.parametrize("points", MALFORMED, ids=lambda points: str(points)[:30])
def test_malformed_keypoints_cost_no_box(tmp_path, points):
    report, _, found = converted(tmp_path, document(keypoints=points), max_bad_fraction=0.0)
    assert report.count("malformed_keypoints") == 1
    assert report.entries("malformed_keypoints")[0]["file_name"] == "0.jpg"
    assert report.boxes_written == 2 and not report.dropped("box")
    assert found["num"] == [0, 0] and found["visibility"] == [0] * 6


@pytest.mark.parametrize("points", [None, [], 0])
def test_no_keypoints_are_no_fault(tmp_path, points):
    report, _, found = converted(tmp_path, document(keypoints=points))
    assert report.reasons() == [] and found["visibility"] == [0] * 6


@pytest.mark.parametrize("names", [None, [], "nose", [1, 2, 3], ["nose", "\ud800"]], ids=repr)
def test_categories_without_names_have_no_keypoints(tmp_path, names):
    content = document()
    content["categories"][0]["keypoints"] = names
    report, manifest, found = converted(tmp_path, content)
    assert found == {} and report.boxes_written == 2
    assert all(category.keypoints == () for category in manifest.categories)


@pytest.mark.parametrize("limbs", [None, "x", [[1, 4]], [[0, 1]], [[1]], [1], [["1", "2"]]])
def test_limbs_that_join_nothing_are_left_out(tmp_path, limbs):
    content = document()
    content["categories"][0]["skeleton"] = limbs
    _, manifest, _ = converted(tmp_path, content)
    assert manifest.categories[1].skeleton == ()


def test_records_without_keypoints_have_no_such_features(tmp_path):
    assert converted(tmp_path, coco_folder.document(1))[2] == {}


def test_splits_need_the_same_keypoints(tmp_path):
    coco_folder.write_folder(tmp_path, document())
    train = coco_folder.read(tmp_path)
    content = document()
    content["categories"][0]["keypoints"] = NAMES[::-1]
    (tmp_path / "train.json").write_text(json.dumps(content))
    splits = [train, coco_folder.read(tmp_path, "val")]
    with pytest.raises(UserError, match="'bottle' has other keypoints in split 'train'"):
        convert(splits, str(tmp_path / "records"), ConvertOptions())


def test_a_split_without_keypoints_joins_one_with_them(tmp_path):
    coco_folder.write_folder(tmp_path, document())
    with_points = coco_folder.read(tmp_path)
    (tmp_path / "train.json").write_text(json.dumps(coco_folder.document(1)))
    without = coco_folder.read(tmp_path, "val")
    merged = merge_categories([with_points, without])
    assert merged == merge_categories([without, with_points])
    assert {category.keypoints for category in merged} == {tuple(NAMES), ()}
