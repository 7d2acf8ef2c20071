"""Charts and tables show the numbers of the statistics."""

import types
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from centernet_tf.evaluation import data_charts
from centernet_tf.evaluation.data_statistics import data_statistics
from tests.evaluation.scenes import CATEGORIES, random_scenes, scene

NAMES = [category.name for category in CATEGORIES]
IDS = [category.id for category in CATEGORIES]


def texts(chart):
    return [text.text for text in ElementTree.fromstring(chart).iter("text")]


@pytest.fixture
def statistics(rng):
    return data_statistics(random_scenes(rng, 30), IDS, (256, 256))


def test_class_chart_is_ranked_and_table_in_the_data_sets_order(statistics):
    counts = statistics.objects_by_class
    shown = [text for text in texts(data_charts.class_chart(statistics, NAMES)) if text in NAMES]
    assert shown == [NAMES[index] for index in np.argsort(-counts)]
    table = data_charts.class_table(statistics, NAMES)
    assert "<b>" not in table and "&lt;b&gt;&amp;&quot;" in table and "<script" not in table
    assert table.index("ring") < table.index("disc") < table.index("alert")
    share = f"{counts[0] / counts.sum():.1%}"
    assert f"<td>{counts[0]}</td><td>{share}</td>" in table
    images = statistics.images_by_class[1]
    assert f"<td>{images}</td><td>{images / 30:.1%}</td>" in table
    assert "<th>crowds</th>" in table


def test_very_many_classes_are_cut_in_the_chart_alone():
    images = [scene(1, [(class_id, (1, 1, 9, 9))]) for class_id in range(100)]
    found = data_statistics(images, list(range(100)), (64, 64))
    names = [f"class {index}" for index in range(100)]
    chart = data_charts.class_chart(found, names)
    assert sum(text in names for text in texts(chart)) == 30 and "of 100 classes" in chart
    assert "class 99" in data_charts.class_table(found, names)


def test_limits_stand_where_coco_has_them_at_the_input():
    # 512 px in an input of 128 px: a quarter. One object in each of the bins 4..8 to 64..128.
    boxes = [(2, (0, 0, side, side)) for side in (20, 40, 80, 160, 300)]
    found = data_statistics([scene(1, boxes, 512, 512)], IDS, (128, 128))
    root = ElementTree.fromstring(data_charts.size_chart(found, 4))
    bars = [float(bar.get("x")) for bar in root.iter("rect")]
    slot = bars[1] - bars[0]
    marks = [float(line.get("x1")) for line in root.iter("line") if line.get("class") == "mark"]
    left = bars[0] - 0.08 * slot
    # The stride at 4 px, COCO's limits at 8 and at 24 px.
    assert [(mark - left) / slot for mark in marks] == pytest.approx(
        [0, 1, np.log2(24 / 4)], abs=0.02
    )


def test_rare_image_sizes_are_put_together():
    images = [scene(i, [], 10 + i // 2, 20) for i in range(30)]
    shown = texts(data_charts.image_size_chart(data_statistics(images, IDS, (64, 64))))
    assert {"20x10", "6 other sizes", "12"} <= set(shown)


def test_sections_of_a_split_with_and_without_objects(statistics):
    empty = data_statistics([scene(1, [])], IDS, (64, 64))
    manifest = types.SimpleNamespace(class_names=NAMES)
    for found in (statistics, empty):
        inspection = types.SimpleNamespace(statistics=found, manifest=manifest, stride=4)
        classes, objects = data_charts.sections(inspection)
        ElementTree.fromstring(classes), ElementTree.fromstring(objects)
    assert "No objects in this split: ring &lt;b&gt;" in classes
    assert "in every image" in objects
