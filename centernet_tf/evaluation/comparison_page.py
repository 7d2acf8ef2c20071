"""The page that sets runs side by side."""

from typing import Sequence

import numpy as np

from centernet_tf.data.input_pipeline import read_annotations
from centernet_tf.data.manifest import load_manifest
from centernet_tf.errors import UserError
from centernet_tf.evaluation import html_page
from centernet_tf.evaluation.curves import line_chart
from centernet_tf.evaluation.data_page import class_legend
from centernet_tf.evaluation.data_pictures import box_picture
from centernet_tf.evaluation.diagnosis import diagnose
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.evaluation.history_file import points
from centernet_tf.evaluation.pictures import contact_sheet
from centernet_tf.evaluation.report_pictures import found_picture, read_images
from centernet_tf.evaluation.run_comparison import (
    class_rows,
    header,
    metric_rows,
    most_different,
    setting_rows,
)

_PICTURES = 6
_CURVES = (
    ("loss", "Loss", True),
    ("AP", "AP on held-out images", False),
    ("AP50", "AP at IoU 0.50", False),
    ("learning_rate", "Learning rate", False),
    ("gradient_norm", "Gradient norm", True),
    ("images_per_second", "Images a second", False),
)


def write_comparison_page(path: str, runs: Sequence, data_dir: str = "") -> None:
    """Writes the page of some `ScoredRun`s to `path`.

    Args:
      path: of the HTML file.
      runs: two or more; differences are from the first.
      data_dir: of the records to draw images from; '' takes those the first run was trained on.
    """
    names = ", ".join(run.name for run in runs[1:])
    parts = [
        *_warnings(runs),
        html_page.section(
            "Metrics",
            html_page.row(
                [
                    html_page.table(header(runs, "metric"), metric_rows(runs)),
                    html_page.table(header(runs, "AP of class"), class_rows(runs)),
                ],
                480,
            ),
        ),
        _settings(runs),
        *_curves(runs),
        _images(runs, data_dir or runs[0].data_dir),
    ]
    lead = f"{names} against {runs[0].name}, from which differences are counted."
    html_page.write_page(path, "Runs side by side", lead, parts)


def _warnings(runs):
    for run in runs[1:]:
        for what in ("split", "num_images", "num_objects"):
            ours, theirs = runs[0].metrics.get(what), run.metrics.get(what)
            if ours != theirs:
                yield html_page.warning(
                    f"The scores are of different data: {what} is {ours} for {runs[0].name} and "
                    f"{theirs} for {run.name}."
                )


def _settings(runs):
    rows = setting_rows(runs)
    head = ["setting", *(run.name for run in runs)]
    table = html_page.table(head, rows, text=True) if rows else "<p>They have the same.</p>"
    return html_page.section("Settings that differ", table)


def _curves(runs):
    charts = []
    for column, title, log_y in _CURVES:
        series = {run.name: points(run.history, column) for run in runs}
        if any(np.isfinite(y) for line in series.values() for _, y in line):
            charts.append(line_chart(series, title, "epoch", log_y))
    if charts:
        yield html_page.section("Training", html_page.row(charts, 380))


def _images(runs, data_dir):
    """The images that the runs disagree on most, or why there are none."""
    title, split = "Images they differ on most", runs[0].split
    try:
        manifest = load_manifest(data_dir)
        annotations = read_annotations(manifest, split)
    except UserError as error:
        return html_page.section(title, html_page.warning(f"They cannot be drawn: {error}"))
    truth = coco_ground_truth(annotations, manifest.categories)
    images, classes = ({row["id"] for row in truth[key]} for key in ("images", "categories"))
    for run in runs:
        if not all(
            row["image_id"] in images and row["category_id"] in classes for row in run.detections
        ):
            text = f"The detections of {run.name} are not of the split '{split}' of {data_dir}."
            return html_page.section(title, html_page.warning(text))
    diagnoses = [diagnose(truth, run.detections) for run in runs]
    places = most_different(diagnoses, _PICTURES)
    pixels = read_images(manifest, split, [truth["images"][place]["id"] for place in places])
    figures = [_figure(runs, diagnoses, place, pixels, manifest.class_names) for place in places]
    return html_page.section(
        title,
        class_legend(manifest.class_names),
        html_page.row(figures, 900) if figures else "<p>None: every image has the same F1.</p>",
        note="By the F1 of the image at IoU 0.50, each run from the score on where its own F1 over "
        "all images is highest. Written out are the detections of nothing.",
    )


def _figure(runs, diagnoses, place, pixels, class_names):
    scene = diagnoses[0].scenes[place]
    image = pixels[scene.image_id]
    labels = ["crowd" if crowd else "" for crowd in scene.truth_crowd]
    drawn = [box_picture(image, scene.truth_boxes, scene.truth_classes, class_names, labels=labels)]
    captions, texts = ["ground truth"], []
    for run, diagnosis in zip(runs, diagnoses):
        threshold, errors = diagnosis.point.threshold, diagnosis.images[place]
        drawn.append(
            found_picture(
                diagnosis.scenes[place], diagnosis.matches[place], image, class_names, threshold
            )
        )
        captions.append(f"{run.name} (score {threshold:.2f} or more)")
        texts.append(
            f"{run.name}: {errors.right} right, {errors.missed} missed, {errors.hallucinated} "
            "hallucinated"
        )
    sheet = contact_sheet(drawn, len(drawn), captions)
    return html_page.picture(sheet, f"{scene.file_name}. {'; '.join(texts)}")
