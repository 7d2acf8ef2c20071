"""The page that the demonstration ends with: what went in, how it learned, what came out."""

import dataclasses
from typing import List, Mapping

from PIL import Image

from centernet_tf.evaluation import html_page
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES
from centernet_tf.evaluation.curves import line_chart
from centernet_tf.evaluation.history_file import points, read_history
from centernet_tf.evaluation.metrics_table import format_metric


@dataclasses.dataclass
class DemoResult:
    """What a run of the demonstration left.

    Attributes:
      metrics: of `evaluate`, on the held-out split.
      history_path: `history.csv` of the training.
      artefacts: path of each artefact, relative to the page, by its description.
      commands: what to try next, by its description.
      samples: training images with their boxes.
      predictions: ground truth and prediction in one picture each.
      heatmaps: held-out images under the heat-map of the network.
      about: one sentence on network, data and machine.
      agreement: one sentence on how far the exported files agree.
      train_seconds, total_seconds: wall time of the training, and of everything.
    """

    metrics: dict
    history_path: str
    artefacts: Mapping[str, str]
    commands: Mapping[str, str]
    samples: List[Image.Image]
    predictions: List[Image.Image]
    heatmaps: List[Image.Image]
    about: str
    agreement: str
    train_seconds: float
    total_seconds: float


def write_demo_page(path: str, result: DemoResult) -> None:
    """Writes the page to `path`."""
    html_page.write_page(
        path,
        "A detector, from drawing to serving",
        result.about,
        [
            _headline(result),
            html_page.section(
                "What it learned from",
                html_page.row([html_page.picture(image) for image in result.samples], 320),
                note="Training images as drawn, with the boxes of their COCO annotations.",
            ),
            html_page.section(
                "How it learned", html_page.row(training_charts(result.history_path), 440)
            ),
            _metrics(result.metrics),
            html_page.section(
                "What it finds",
                html_page.row([html_page.picture(image) for image in result.predictions], 520),
                note="Held-out images. Left the ground truth, right what the exported SavedModel "
                f"detects with a score of at least 0.3. {result.agreement}",
            ),
            html_page.section(
                "What it sees",
                html_page.row([html_page.picture(image) for image in result.heatmaps], 320),
                note="The heat-map of the network over held-out images: an object is the peak at "
                "the centre of its box.",
            ),
            _artefacts(result),
        ],
    )


def _headline(result):
    metrics = result.metrics
    return html_page.tiles(
        [
            ("COCO AP, held out", format_metric(metrics["AP"])),
            ("AP at IoU 0.50", format_metric(metrics["AP50"])),
            ("recall, 100 detections", format_metric(metrics["AR100"])),
            ("training", duration(result.train_seconds)),
            ("everything", duration(result.total_seconds)),
        ]
    )


def duration(seconds: float) -> str:
    """Returns seconds as '42 s' or '7 min 05 s'."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def training_charts(history_path: str) -> list:
    """Returns charts of losses, COCO metrics, learning rate and throughput from a history.csv."""
    lines = read_history(history_path)
    losses = [name for name in lines[0] if name == "loss" or name.endswith("_loss")]
    return [
        line_chart({name: points(lines, name) for name in losses}, "Loss", "epoch", log_y=True),
        line_chart(
            {name: points(lines, name) for name in ("AP50", "AP75", "AP")},
            "Average precision on held-out images",
            "epoch",
        ),
        line_chart({"learning rate": points(lines, "learning_rate")}, "Learning rate", "epoch"),
        line_chart({"images/s": points(lines, "images_per_second")}, "Images a second", "epoch"),
    ]


def _metrics(metrics):
    twelve = html_page.table(
        METRIC_NAMES, [[format_metric(metrics[name]) for name in METRIC_NAMES]]
    )
    columns = ("AP", "AP50", "AP75", "AR100")
    rows = [
        [name, *(format_metric(values[column]) for column in columns), str(values["num_objects"])]
        for name, values in metrics["per_class"].items()
    ]
    classes = html_page.table(("class", *columns, "objects"), rows)
    return html_page.section(
        "How good it is",
        twelve,
        "<p></p>",
        classes,
        note=f"COCO metrics by pycocotools over {metrics['num_images']} held-out images with "
        f"{metrics['num_objects']} objects; s, m and l are objects below 32x32, below 96x96 "
        "and above 96x96 pixels, and '-' stands where there are none.",
    )


def _artefacts(result):
    rows = [[what, where] for what, where in result.artefacts.items()]
    parts = [html_page.table(("what", "where, beside this page"), rows, text=True), "<p></p>"]
    for what, command in result.commands.items():
        parts.append(f"<p class='note'>{what}</p>{html_page.code(command)}")
    return html_page.section("What is left to use", *parts)
