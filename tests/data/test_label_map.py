"""Label maps as the Object Detection API writes them, and what can be wrong with them."""

import pytest

from centernet_tf.data.label_map import read_label_map
from centernet_tf.errors import UserError

COCO = """# a remark
item {
  name: "/m/01g317"
  id: 1
  display_name: "person"
  keypoints { id: 0 label: "nose" }
}
item: { id: 3, name: 'l\\u00f6we\\'s' }
item {
  id: 90
  name: "traffic light"
}
"""


def test_items(tmp_path):
    path = tmp_path / "map.pbtxt"
    path.write_text(COCO.encode().decode("unicode-escape").replace("we's", "we\\'s"))
    assert read_label_map(str(path)) == {1: "person", 3: "löwe's", 90: "traffic light"}


WRONG = {
    "empty": "",
    "no items": "# nothing",
    "cut off": "item { id: 1 name: 'a'",
    "names, one a line": "cat\ndog\n",
    "id is text": "item { id: 'a' name: 'a' }",
    "id too large": "item { id: 99999999999 name: 'a' }",
    "id is negative": "item { id: -1 name: 'a' }",
    "no name": "item { id: 1 }",
    "id twice": "item { id: 1 name: 'a' } item { id: 1 name: 'b' }",
    "name twice": "item { id: 1 name: 'a' } item { id: 2 name: 'a' }",
    "nested too deeply": "item { x " + "{ x " * 20_000,
    "binary": b"\x89PNG\xff",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_wrong_maps_are_one_sentence(tmp_path, text):
    path = tmp_path / "map.pbtxt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match="map.pbtxt") as caught:
        read_label_map(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_map_is_named(tmp_path):
    with pytest.raises(UserError, match="Cannot read the label map '.*gone.pbtxt'"):
        read_label_map(str(tmp_path / "gone.pbtxt"))
