"""The charts of a report hold the curves they were given."""

import xml.etree.ElementTree as ElementTree

import numpy as np

from centernet_tf.evaluation.calibration import ScoreBin
from centernet_tf.evaluation.report_charts import calibration_charts, precision_recall_charts


def lines_of(chart):
    root = ElementTree.fromstring(chart)
    return [
        np.array([tuple(map(float, point.split(","))) for point in line.get("points").split()])
        for line in root.iter("polyline")
    ]


def test_a_curve_for_each_class_with_objects_and_their_mean():
    precision = np.ones([10, 101, 3])
    precision[5, 51:, 0] = 0.0
    precision[:, :, 1] = -1.0
    mean, first, third = precision_recall_charts(precision, ["a", "none", "<c>"])
    assert "mean of 2 classes" in mean and ">a<" in first and "&lt;c&gt;" in third
    for chart, low in ((mean, 0.5), (first, 0.0), (third, 1.0)):
        at_50, at_75, at_90 = lines_of(chart)
        assert len(at_75) == 101 and np.ptp(at_50[:, 1]) == np.ptp(at_90[:, 1]) == 0
        axis = 250 - 14 - 38
        np.testing.assert_allclose(at_75[-1, 1] - at_75[0, 1], (1 - low) * axis, atol=0.1)


def test_one_class_is_its_own_mean_and_none_has_no_chart():
    assert len(precision_recall_charts(np.ones([10, 101, 1]), ["a"])) == 1
    assert precision_recall_charts(-np.ones([10, 101, 2]), ["a", "b"]) == []


def test_bins_are_drawn_where_they_belong():
    bins = [ScoreBin(0.2, 0.3, 40, 0.25, 0.0), ScoreBin(0.9, 1.0, 7, 0.95, 1.0)]
    curve, bars = calibration_charts(bins)
    points, diagonal = lines_of(curve)
    assert points[0, 0] < points[1, 0] and points[0, 1] > points[1, 1]
    # Too high a score lies below the diagonal (SVG counts downwards).
    (x0, y0), (x1, y1) = diagonal
    at = y0 + (points[0, 0] - x0) / (x1 - x0) * (y1 - y0)
    assert points[0, 1] > at
    heights = [float(bar.get("height")) for bar in ElementTree.fromstring(bars).iter("rect")]
    assert np.flatnonzero(heights).tolist() == [2, 9] and len(heights) == 10


def test_no_detections_are_no_fault():
    for chart in calibration_charts([]):
        ElementTree.fromstring(chart)
