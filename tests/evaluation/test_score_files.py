"""Detections in a file are scored against annotations in a file, or the records made of them."""

import json

import numpy as np
import pytest

from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.data.sources import shapes_splits
from centernet_tf.errors import UserError
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.evaluation.score_files import score_files


@pytest.fixture(scope="module", name="manifest")
def draw_records(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("records"))
    convert(shapes_splits(folder, 1, 6, (96, 128), 3), folder, ConvertOptions(num_shards=1))
    return load_manifest(folder)


def moved_objects(manifest, rng):
    """Results that find most objects, not quite where they are."""
    results = []
    for image in read_annotations(manifest, "val"):
        for box in image.boxes:
            ymin, xmin, ymax, xmax = np.array(box.box_px) + rng.normal(0, 1.5, 4)
            results.append(
                {
                    "image_id": image.image_id,
                    "category_id": box.category_id,
                    "bbox": [xmin, ymin, xmax - xmin, ymax - ymin],
                    "score": float(rng.random()),
                }
            )
    return results[1:]


def test_records_and_their_annotation_file_give_the_same_numbers(manifest, rng, tmp_path, capsys):
    path = tmp_path / "found.json"
    path.write_text(json.dumps(moved_objects(manifest, rng)))
    annotations = f"{manifest.data_dir}/pictures/val.json"
    one = score_files(str(path), annotations, output_dir=str(tmp_path / "out"))
    other = score_files(str(path), manifest=manifest, split="val")
    for name in METRIC_NAMES:
        assert one.metrics[name] == pytest.approx(other.metrics[name], abs=1e-12), name
    assert one.metrics["per_class"] == other.metrics["per_class"]
    assert 0.2 < one.metrics["AP"] < 1.0
    assert json.loads((tmp_path / "out/metrics.json").read_text()) == one.metrics
    printed = capsys.readouterr().out
    assert printed.count("against 6 images of") == 2 and annotations in printed


def test_nothing_is_written_unasked(manifest, tmp_path):
    path = tmp_path / "found.json"
    path.write_text("[]")
    assert score_files(str(path), manifest=manifest, split="val").metrics["AP"] == 0.0
    assert [entry.name for entry in tmp_path.iterdir()] == ["found.json"]


def test_a_split_that_is_not_there_is_said_before_anything_is_written(manifest, tmp_path, capsys):
    path = tmp_path / "found.json"
    path.write_text("[]")
    annotations = f"{manifest.data_dir}/pictures/val.json"
    with pytest.raises(UserError, match="has no split 'nosuch'"):
        score_files(str(path), annotations, manifest, "nosuch", output_dir=str(tmp_path / "out"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["found.json"]
    assert capsys.readouterr().out == ""
