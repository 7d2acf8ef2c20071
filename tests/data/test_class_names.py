"""Files that name classes: text, lists and mappings in YAML, and what can be wrong with them."""

import pytest

from centernet_tf.data.class_names import names_by_id, read_lines, yolo_names
from centernet_tf.errors import UserError


def write(tmp_path, text, name="data.yaml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_lines_are_names(tmp_path):
    path = write(tmp_path, "\ufeffhat\r\n  traffic light \r\nlöwe\n\n\n", "names.txt")
    assert read_lines(path) == ["hat", "traffic light", "löwe"]
    assert yolo_names(path) == {0: "hat", 1: "traffic light", 2: "löwe"}


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a\na\n", "a\n\nb\n", "a\tb\n", b"\xff\xfea\n"], ids=repr
)
def test_wrong_lines_are_refused(tmp_path, text):
    with pytest.raises(UserError, match="names.txt"):
        read_lines(write(tmp_path, text, "names.txt"))


@pytest.mark.parametrize(
    "text, names",
    [
        ("names: [hat, traffic light]", {0: "hat", 1: "traffic light"}),
        ("nc: 2\nnames:\n- hat\n- löwe", {0: "hat", 1: "löwe"}),
        ("names: {7: hat, 2: cat}", {2: "cat", 7: "hat"}),
        ("names:\n  0: hat\n  1: 15", {0: "hat", 1: "15"}),
        ('names: ["yes", "no"]', {0: "yes", 1: "no"}),
    ],
)
def test_yaml_names(tmp_path, text, names):
    found = yolo_names(write(tmp_path, text))
    assert found == names
    assert list(found) == sorted(found)


LAUGHS = "a0: &a0 [ha]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
WRONG = {
    "no names": ("train: images", "found None"),
    "empty list": ("names: []", "found"),
    "text": ("names: hat", "found 'hat'"),
    "twice": ("names: [hat, ' hat']", "each once"),
    "number and text": ("names: [1, '1']", "each once"),
    "nothing for a class": ("names: {0: , 1: hat}", "found"),
    "blank": ("names: ['  ']", "found"),
    "two lines": ('names: ["a\\nb"]', "found"),
    "truth values": ("names: [yes, no]", "in quotes"),
    "a list in the list": ("names: [[hat]]", "found"),
    "negative": ("names: {-1: hat}", "map numbers from 0"),
    "numbers as text": ("names: {'0': hat}", "map numbers from 0"),
    "truth value for a number": ("names: {true: hat}", "map numbers from 0"),
    "too large": (f"names: {{{10**20}: hat}}", "map numbers from 0"),
    "half a character": ('names: ["\\ud800"]', "found"),
    "a list": ("- hat", "must hold a mapping"),
    "nothing": ("", "must hold a mapping"),
    "no YAML": ("names: [hat", "Cannot read"),
    "an object": ("names: !!python/object/apply:os.getcwd []", "Cannot read"),
    "no such day": ("names: 2001-99-99", "Cannot read"),
    "nested too deeply": ("names: " + "[" * 20_000, "Cannot read"),
    "not UTF-8": (b"names: [l\xf6we]", "Cannot read"),
    "a bomb": (LAUGHS + "names: [*a11]", "found"),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text, sentence", WRONG.values(), ids=WRONG)
def test_wrong_yaml_is_one_sentence(tmp_path, text, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        yolo_names(write(tmp_path, text))
    message = str(caught.value)
    assert "data.yaml" in message and "\n" not in message and len(message) < 1000


@pytest.mark.parametrize("name", ["data.yaml", "data.YML", "map.pbtxt"])
def test_lines_of_other_forms_are_no_names(tmp_path, name):
    path = write(tmp_path, "cat\ndog\n", name)
    with pytest.raises(UserError, match=f"labels file '.*{name}' must be a text file"):
        read_lines(path)


def test_ids_of_a_label_map_are_not_yolos_numbers(tmp_path):
    path = write(tmp_path, "item { id: 1 name: 'cat' }", "map.pbtxt")
    with pytest.raises(UserError, match="map.pbtxt' do not say YOLO's numbers; give data.yaml"):
        yolo_names(path)


def test_missing_files_are_named(tmp_path):
    for name in ("names.txt", "data.yaml"):
        with pytest.raises(UserError, match=f"Cannot read the labels file '.*{name}'"):
            yolo_names(str(tmp_path / name))


@pytest.mark.parametrize(
    "name, text",
    [
        ("names.txt", "cat\nlöwe"),
        ("data.yaml", "names: {1: cat, 2: löwe}"),
        ("map.pbtxt", "item { id: 2 name: 'löwe' } item { id: 1 name: 'cat' }"),
    ],
)
def test_names_by_id(tmp_path, name, text):
    assert names_by_id(write(tmp_path, text, name)) == {1: "cat", 2: "löwe"}
