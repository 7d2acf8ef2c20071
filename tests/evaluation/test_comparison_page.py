"""The page of two runs: tables, curves over each other, and the images they differ on."""

import pytest

from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.evaluation.comparison_page import write_comparison_page
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.evaluation.scored_run import read_runs
from tests.evaluation.test_html_page import check_page
from tests.evaluation.test_run_comparison import write_run
from tests.evaluation.tiny_records import write_records

HISTORY = "epoch,loss,AP,learning_rate\n1,9.5,,0.1\n2,4.5,0.25,0.1\n"


@pytest.fixture(scope="module", name="folders")
def two_runs(tmp_path_factory):
    """Two runs on nine images, of which the second misses the objects of images 3 and 8."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "records").mkdir()
    data = write_records(folder / "records", 9)
    manifest = load_manifest(data)
    truth = coco_ground_truth(read_annotations(manifest, "train"), manifest.categories)
    found = [
        {**{key: row[key] for key in ("image_id", "category_id", "bbox")}, "score": 0.8}
        for row in truth["annotations"]
    ]
    fewer = [row for row in found if row["image_id"] not in (3, 8)]
    paths = [
        write_run(folder / name, ap, [f"data.path={data}", epochs], detections=rows)
        for name, ap, epochs, rows in (
            ("<first>", 0.5, "train.epochs=3", found),
            ("second", 0.25, "train.epochs=4", fewer),
        )
    ]
    (folder / "second/history.csv").write_text(HISTORY)
    return paths


def page_of(folders, tmp_path, **arguments):
    path = str(tmp_path / "compare.html")
    write_comparison_page(path, read_runs(folders), **arguments)
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    check_page(text)
    return text


def test_everything_is_side_by_side(folders, tmp_path):
    text = page_of(folders, tmp_path)
    for words in (
        *("&lt;first&gt;", "-0.250", "train.epochs", "Learning rate", "Loss"),
        *("&lt;i&gt;3.png. &lt;first&gt;: 2 right, 0 missed, 0 hallucinated; second: 0 right",),
        "&lt;i&gt;8.png",
    ):
        assert words in text, words
    assert text.count("data:image/jpeg") == 2
    assert "Gradient norm" not in text and "class='warning'" not in text


def test_the_same_run_twice_differs_in_nothing(folders, tmp_path):
    text = page_of(folders[:1] * 2, tmp_path)
    assert "They have the same." in text and "every image has the same F1" in text


def test_without_records_the_rest_is_shown(folders, tmp_path):
    text = page_of(folders, tmp_path, data_dir=str(tmp_path / "none"))
    assert "They cannot be drawn: There is no data set in" in text and "-0.250" in text


def test_scores_of_other_data_are_warned_of(folders, tmp_path):
    (tmp_path / "other").mkdir()
    data = write_records(tmp_path / "other", 2)
    text = page_of(folders, tmp_path, data_dir=data)
    assert "are not of the split" in text
    stranger = write_run(tmp_path / "stranger", 0.5)
    metrics = tmp_path / "stranger/evaluation/metrics.json"
    metrics.write_text(metrics.read_text().replace('"num_images": 9', '"num_images": 5'))
    assert "num_images is 9 for &lt;first&gt; and 5 for stranger" in page_of(
        [folders[0], stranger], tmp_path
    )
