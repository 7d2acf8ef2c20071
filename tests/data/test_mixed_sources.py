"""Sources of several formats in one data set."""

import pytest

from centernet_tf.data import sources
from centernet_tf.data.annotations import AnnotatedSplit, BoxAnnotation, Category, ImageAnnotation
from centernet_tf.data.convert import merge_categories
from centernet_tf.data.mixed_sources import read_sources, same_ids
from centernet_tf.data.problems import ProblemReport
from centernet_tf.errors import UserError


def split(name, categories):
    boxes = tuple(BoxAnnotation((0.0, 0.0, 1.0, 1.0), identifier) for identifier in categories)
    images = [ImageAnnotation(1, "0.png", "0.png", 8, 8, boxes)]
    named = tuple(Category(identifier, label) for identifier, label in categories.items())
    return AnnotatedSplit(name, named, 1, iter(images), ProblemReport())


def names_of_boxes(each):
    names = {category.id: category.name for category in each.categories}
    return [names[box.category_id] for image in each.images for box in image.boxes]


def test_classes_are_matched_by_name_and_the_first_ids_stay():
    coco = split("train", {1: "cat", 18: "dog"})
    yolo = split("val", {0: "dog", 1: "bird", 7: "cat"})
    voc = split("test", {1: "fox", 2: "dog"})
    first, second, third = same_ids([coco, yolo, voc])
    assert {c.id: c.name for c in first.categories} == {1: "cat", 18: "dog"}
    assert {c.id: c.name for c in second.categories} == {1: "cat", 18: "dog", 19: "bird"}
    assert {c.id: c.name for c in third.categories} == {18: "dog", 20: "fox"}
    assert names_of_boxes(second) == ["dog", "bird", "cat"]
    assert names_of_boxes(third) == ["fox", "dog"]
    merged = merge_categories([first, second, third])
    assert [c.name for c in merged] == ["cat", "dog", "bird", "fox"]


def test_a_free_id_is_kept():
    _, second = same_ids([split("a", {3: "x"}), split("b", {5: "y", 3: "x"})])
    assert {c.id: c.name for c in second.categories} == {3: "x", 5: "y"}


def test_one_format_reads_as_before():
    seen = []
    readers = {"coco": lambda descriptions: seen.append(descriptions) or ["split"]}
    assert read_sources(["coco"], readers, ["train:a:b"]) == ["split"]
    assert seen == [["train:a:b"]]


def test_each_reader_gets_its_own_descriptions():
    readers = {
        "coco": lambda given: [split(text, {1: "x"}) for text in given],
        "voc": lambda given: [split("voc", {1: "x"})],
    }
    found = read_sources(["voc", "coco"], readers, ["coco:a:b:c", "coco:d:e:f"])
    assert [each.name for each in found] == ["voc", "a:b:c", "d:e:f"]


@pytest.mark.parametrize("description", ["train:a:b", "coco", "yolo:a:b"])
def test_a_split_of_no_format_is_refused(description):
    with pytest.raises(UserError, match="starts with its format.*--split=coco:"):
        read_sources(["coco", "voc"], {}, [description])


@pytest.mark.parametrize(
    "formats, message",
    [
        (["coc"], "Did you mean 'coco'"),
        (["records", "coco"], "cannot be combined"),
        (["coco", "coco"], "twice"),
    ],
)
def test_formats_that_cannot_be(formats, message):
    with pytest.raises(UserError, match=message):
        sources.flags_of(formats)


def test_flags_are_named_once():
    assert sources.flags_of(["voc", "yolo"]) == ["voc_root", "splits", "labels_file", "split"]
