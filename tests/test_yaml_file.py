"""Faults of a YAML file, each in one sentence that says where."""

import pytest

from centernet_tf.errors import UserError
from centernet_tf.yaml_file import read_mapping


@pytest.fixture(name="write")
def make_write(tmp_path):
    """Writes a file and returns its path."""

    def write(content):
        path = tmp_path / "a.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def test_reads_a_mapping(write):
    assert read_mapping(write("a: {b: [1, é]}\n")) == {"a": {"b": [1, "é"]}}
    assert read_mapping(write(b"\xef\xbb\xbfa: 1\n")) == {"a": 1}


@pytest.mark.parametrize(
    "content, sentence",
    [
        (
            "train:\n  epochs: [3,\n  seed: 4\n",
            "is not valid YAML: line 4, column 1: while parsing a flow sequence (line 2), expected "
            "',' or ']', but got '<stream end>'.",
        ),
        (
            "a:\n\t- 3\n",
            "is not valid YAML: line 2, column 1: while scanning for the next token, found "
            "character '\\t' that cannot start any token.",
        ),
        ("a: b: c\n", "is not valid YAML: line 1, column 5: mapping values are not allowed here."),
        ("a: 2021-13-45\n", "is not valid YAML: month must be in 1..12."),
        (
            "a: 1\nb: \x07\n",
            "is not valid YAML: line 2, column 4 has the character U+0007, which YAML does not "
            "allow.",
        ),
        (
            'é: 1\nb: "é'.encode() + b'\xe9"\n',
            "is not UTF-8: line 2, column 6 has the byte 0xe9; save it as UTF-8.",
        ),
        ("- 1\n", "must hold a mapping such as 'data: {path: ...}'."),
        ("", "must hold a mapping such as 'data: {path: ...}'."),
    ],
)
def test_a_fault_is_one_sentence(write, content, sentence):
    path = write(content)
    with pytest.raises(UserError) as caught:
        read_mapping(path)
    assert str(caught.value) == f"The config file {path} {sentence}"


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match="Cannot read the config file nowhere.yaml: No such file"):
        read_mapping("nowhere.yaml")
    with pytest.raises(UserError, match="Is a directory"):
        read_mapping(str(tmp_path))
