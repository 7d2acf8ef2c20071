"""From a finished evaluation to its report."""

import os

from centernet_tf.cli import describe_machine
from centernet_tf.errors import UserError
from centernet_tf.evaluation.diagnosis import diagnose
from centernet_tf.evaluation.report_page import Report, pictured, write_report_page
from centernet_tf.evaluation.report_pictures import read_images
from centernet_tf.evaluation.result_files import REPORT_NAME
from centernet_tf.evaluation.stage_times import stage_times


def write_report(folder: str, evaluation, title: str, about: str, source=None, timed=None) -> str:
    """Writes `report.html`, a page that needs nothing else, and returns its path.

    Args:
      folder: where to.
      evaluation: an `Evaluation`.
      title, about: plain text of the page's head.
      source: (`Manifest`, split) to draw images from; None draws none.
      timed: (network, detector, experiment), whose speed is measured on the source (`stage_times`);
        None measures none.

    Raises:
      UserError: it cannot be written.
    """
    diagnosis = diagnose(evaluation.ground_truth, evaluation.detections)
    pixels = read_images(*source, pictured(diagnosis)) if source else {}
    times = None
    if timed and source:
        times = stage_times(*timed, *source)
        about = f"{about} {describe_machine()}."
    report = Report(
        title, about, evaluation.metrics, evaluation.precision, diagnosis, pixels, times
    )
    path = os.path.join(folder, REPORT_NAME)
    try:
        os.makedirs(folder, exist_ok=True)
        write_report_page(path, report)
    except OSError as error:
        raise UserError(f"Cannot write the report to {path}: {error.strerror}.") from error
    return path
