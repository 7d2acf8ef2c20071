"""Evaluation, ceiling and pictures on real records, with a network that has learned nothing."""

import collections
import dataclasses
import json
import shutil

import numpy as np
import pytest

from centernet_tf.config import load_config
from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.input_pipeline import eval_dataset
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.sources import shapes_splits
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.evaluation import demo_pictures
from centernet_tf.evaluation.evaluate import evaluate, evaluate_network
from centernet_tf.evaluation.inspection import inspect_split
from centernet_tf.ops.geometry import inverse_transform_boxes
from centernet_tf.training.model_dir import Trained


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("records"))
    convert(shapes_splits(folder, 2, 5, (96, 128), 3), folder, ConvertOptions(num_shards=2))
    return load_manifest(folder)


@pytest.fixture(scope="module")
def trained(manifest, tmp_path_factory):
    config = load_config(
        [],
        [
            "data.input_size=[128,128],evaluation.batch_size=2,evaluation.report=false",
            "model.backbone.width_multiplier=0.125,model.options.head_channels=8",
        ],
    )
    detector = make_detector(config, manifest.num_classes)
    folder = str(tmp_path_factory.mktemp("model"))
    return Trained(config, manifest.categories, detector, detector.build(), 0, folder)


@pytest.mark.parametrize("resolution", ["fixed", "keep"])
def test_evaluation_counts_every_image_once(trained, manifest, capsys, resolution):
    config = trained.config.replace(evaluation={"report": True, "resolution": resolution})
    metrics = evaluate(dataclasses.replace(trained, config=config), manifest)
    assert metrics["num_images"] == 5
    with open(f"{trained.model_dir}/evaluation/report.html", encoding="utf-8") as stream:
        assert "Speed by stage" in stream.read()
    assert metrics["num_detections"] == 5 * 100
    assert 0.0 <= metrics["AP"] < 0.2
    with open(f"{trained.model_dir}/evaluation/detections.json", encoding="utf-8") as stream:
        rows = json.load(stream)
    truth_path = f"{manifest.data_dir}/pictures/val.json"
    with open(truth_path, encoding="utf-8") as stream:
        ids = [image["id"] for image in json.load(stream)["images"]]
    assert sorted({row["image_id"] for row in rows}) == sorted(ids)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[0] == "AP"
    assert "evaluation" in printed[-1]


def test_scored_against_the_annotation_file_too(trained, manifest, tmp_path, capsys):
    source = f"{manifest.data_dir}/pictures/val.json"
    output = str(tmp_path / "scores")
    metrics = evaluate(trained, manifest, annotations_path=source, output_dir=output)
    assert metrics == evaluate(trained, manifest)
    with open(f"{output}/metrics.json", encoding="utf-8") as stream:
        assert json.load(stream) == metrics
    with open(source, encoding="utf-8") as stream:
        document = json.load(stream)
    document["images"].append({"id": 10**6, "file_name": "new.jpg", "height": 9, "width": 9})
    more = tmp_path / "more.json"
    more.write_text(json.dumps(document))
    assert evaluate(trained, manifest, annotations_path=str(more))["num_images"] == 6
    assert "1 image of" in capsys.readouterr().out
    document["images"] = document["images"][3:]
    more.write_text(json.dumps(document))
    with pytest.raises(UserError, match="detections name 3 images"):
        evaluate(trained, manifest, annotations_path=str(more))
    document["categories"][0]["name"] = "blob"
    more.write_text(json.dumps(document))
    with pytest.raises(UserError, match="is 'blob' in.*and 'circle' in the model"):
        evaluate(trained, manifest, annotations_path=str(more))


def test_images_at_their_own_resolution(trained, manifest):
    config = trained.config.replace(evaluation={"resolution": "keep"})
    metrics, detections, *_ = evaluate_network(trained.network, trained.detector, config, manifest)
    assert metrics["num_images"] == 5 and metrics["num_detections"] == 500
    batches = list(eval_dataset(config, manifest))
    assert [tuple(batch["image"].shape) for batch in batches] == [(1, 128, 160, 3)] * 5
    network = trained.detector.build((128, 160))
    network.set_weights(trained.network.get_weights())
    for batch in batches:
        found = trained.detector.decode(network(batch["image"], training=False))
        boxes = inverse_transform_boxes(found.boxes, batch["transform"])[0].numpy()
        rows = [row for row in detections if row["image_id"] == int(batch["image_id"][0])]
        assert rows[0]["score"] == pytest.approx(float(found.scores[0, 0]), abs=1e-5)
        np.testing.assert_allclose(rows[0]["bbox"][:2], boxes[0, 1::-1], atol=1e-2)


def test_scales_are_merged_and_scores_rounded(trained, manifest):
    one, _ = _scored(trained, manifest, {})
    merged, rows = _scored(trained, manifest, {"scales": [1.0, 1.5], "round_scores": True})
    assert merged["num_images"] == one["num_images"] == 5
    assert all(row["score"] == round(row["score"], 2) for row in rows)
    by_image = collections.Counter(row["image_id"] for row in rows)
    assert len(by_image) == 5 and max(by_image.values()) >= 100
    kept, _ = _scored(trained, manifest, {"scales": [0.5, 1.0], "resolution": "keep"})
    assert kept["num_images"] == 5


def _scored(trained, manifest, settings):
    config = trained.config.replace(evaluation=settings)
    return evaluate_network(trained.network, trained.detector, config, manifest)[:2]


def test_an_unreadable_image_is_named(trained, manifest, tmp_path):
    folder = shutil.copytree(manifest.data_dir, tmp_path / "records")
    (shard, *_) = sorted(folder.glob("val-*.tfrecord"))
    data = bytearray(shard.read_bytes())
    data[-30] ^= 255
    shard.write_bytes(data)
    with pytest.raises(UserError, match="1 record of split 'val'.*val-00000.*make_tfrecords"):
        evaluate(trained, load_manifest(str(folder)))


def test_ceiling_of_drawn_shapes_is_high(trained, manifest):
    result = inspect_split(trained.config, manifest, "val")
    assert result.grid["num_objects"] == manifest.split("val").num_boxes
    assert result.metrics["AP"] > 0.9


def test_first_images_are_in_the_order_of_evaluation(trained, manifest):
    images = demo_pictures.first_images(manifest, "val", 5)
    batches = list(eval_dataset(trained.config, manifest, "val"))
    boxes = [row for batch in batches for row in np.asarray(batch["boxes_px"])]
    for image, padded in zip(images, boxes):
        np.testing.assert_array_equal(padded[: len(image.boxes_px)], image.boxes_px)
        assert image.pixels.shape == (96, 128, 3)


def test_heat_maps_of_as_many_images_as_asked(trained, manifest):
    # Whatever the evaluation feeds, the network at hand has one input size.
    config = trained.config.replace(evaluation={"resolution": "keep"})
    pictures = demo_pictures.heatmap_pictures(
        trained.network, trained.detector, config, manifest, "val", 3
    )
    assert [picture.size for picture in pictures] == [(128, 96)] * 3
