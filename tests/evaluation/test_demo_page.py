"""The demonstration's page shows every figure, and survives the first epochs of a run."""

from PIL import Image

from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.evaluation.demo_page import (
    DemoResult,
    duration,
    training_charts,
    write_demo_page,
)
from tests.evaluation.test_html_page import check_page

HISTORY = """epoch,step,loss,heatmap_loss,learning_rate,seconds,images_per_second,AP,AP50,AP75
1,8,9.5,8.25,0.0005,10.0,6.4,,,
2,16,4.5,4.0,0.0005,2.0,32.0,0.125,0.5,-1.0
"""


def result(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(HISTORY)
    row = {"AP": 0.4321, "AP50": 0.9, "AP75": -1.0, "AR100": 0.5, "num_objects": 17}
    metrics = {name: 0.1 + 0.01 * i for i, name in enumerate(METRIC_NAMES)}
    pictures = [Image.new("RGB", (64, 48), color) for color in ("red", "green")]
    return DemoResult(
        metrics={**metrics, "per_class": {"a<b": row}, "num_images": 5, "num_objects": 17},
        history_path=str(path),
        artefacts={"tflite": "export/detector.tflite"},
        commands={"Score it again": "python -m pipelines.evaluate --model_dir=x"},
        samples=pictures,
        predictions=pictures,
        heatmaps=pictures,
        about="About it.",
        agreement="They agree.",
        train_seconds=65,
        total_seconds=130.4,
    )


def test_page_shows_everything(tmp_path):
    path = tmp_path / "index.html"
    write_demo_page(str(path), result(tmp_path))
    text = path.read_text()
    check_page(text)
    for words in (
        *("0.432", "0.110", "1 min 05 s", "2 min 10 s", "a&lt;b", "About it.", "They agree."),
        *("export/detector.tflite", "python -m pipelines.evaluate", ">-</td>", "heatmap_loss"),
    ):
        assert words in text, words
    assert text.count("data:image/jpeg") == 6


def test_charts_take_epochs_without_evaluation(tmp_path):
    charts = training_charts(result(tmp_path).history_path)
    assert len(charts) == 4
    assert charts[0].count("<polyline") == 2
    assert charts[1].count("<circle") == 2


def test_duration():
    assert (duration(41.6), duration(60), duration(3599.7)) == ("42 s", "1 min 00 s", "60 min 00 s")
