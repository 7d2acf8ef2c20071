"""The page at `/`, in a real browser without a network."""

import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from centernet_tf.export.image_detector import normalized_boxes
from centernet_tf.export.image_rows import letterbox_rows
from centernet_tf.serving.options import ServingOptions
from centernet_tf.serving.server import EmbeddedServer
from tests.serving.chromium import Chromium
from tests.serving.conftest import QUICK

INPUT_SIZE = (64, 96)
# In pixels of a 120 x 240 image, which fills the input from side to side.
BOX = [30.0, 60.0, 90.0, 180.0]


class Painted(tf.Module):
    """Finds the same box in every image, and a heat-map whose middle is hot."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def detect(self, image_bytes):
        _, sizes, status = letterbox_rows(image_bytes, tf.identity, INPUT_SIZE, 10**6)
        rows = tf.shape(image_bytes)[0]
        boxes = tf.tile(tf.constant([[BOX, [0.0] * 4]]), [rows, 1, 1])
        cells = np.full([1, 16, 24, 2], -8.0, np.float32)
        cells[0, 6:10, 10:14, 1] = 8.0
        return {
            "detection_boxes": normalized_boxes(boxes, sizes),
            "detection_scores": tf.tile([[0.875, 0.125]], [rows, 1]),
            "detection_classes": tf.tile([[7.0, 3.0]], [rows, 1]),
            "detection_class_names": tf.tile([["<b>naïve</b>".encode(), b"disc"]], [rows, 1]),
            "num_detections": tf.where(status == 0, 2.0, 0.0),
            "image_status": status,
            "raw_heatmap": tf.tile(cells, [rows, 1, 1, 1]),
        }


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served") / "painted"
    module = Painted()
    tf.saved_model.save(module, str(folder / "1"), signatures={"serving_default": module.detect})
    assets = folder / "1" / "assets"
    assets.mkdir(exist_ok=True)
    (assets / "metadata.json").write_text(json.dumps({"input_size": INPUT_SIZE}))
    server = EmbeddedServer("painted", str(folder), ServingOptions(**QUICK))
    yield server
    server.stop()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.new("RGB", (240, 120), (0, 0, 255)).save(path)
    return path


def test_the_page_loads_nothing_from_elsewhere(painted, ask):
    status, body = ask(painted, "GET", "/")
    text = body.decode()
    assert status == 200 and "<h1>painted</h1>" in text
    assert "A server for development." in text
    assert "http:" not in text and "https:" not in text and " src=" not in text


def test_an_answer_has_boxes_in_pixels_and_the_heat_map_in_its_place(painted, ask, picture):
    status, body = ask(painted, "POST", "/detect", picture.read_bytes())
    document = json.loads(body)
    assert status == 200 and (document["height"], document["width"]) == (120, 240)
    first = document["detections"][0]
    np.testing.assert_allclose(first["box"], BOX, atol=0.01)
    assert (first["name"], first["id"], first["score"]) == ("<b>naïve</b>", 7, 0.875)
    # 96 / 240 of the size, and 64 rows of which the image takes 48 in the middle.
    np.testing.assert_allclose(document["heat_map"]["box"], [-20, 0, 140, 240], atol=0.01)


def test_an_image_that_cannot_be_used_is_a_sentence(painted, ask):
    status, body = ask(painted, "POST", "/detect", b"no image")
    assert (status, json.loads(body)["error"]) == (400, "The image is no JPEG, PNG or BMP.")


def test_without_raw_maps_there_is_no_heat_map(server, ask, picture):
    status, body = ask(server, "POST", "/detect", picture.read_bytes())
    document = json.loads(body)
    assert status == 200 and document["heat_map"] is None
    assert document["no_heat_map"].endswith("export it with --raw_maps.")
    assert document["detections"][0]["box"] == pytest.approx([12, 48, 60, 144], abs=0.01)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Chromium(str(tmp_path_factory.mktemp("profile")))
    yield browser
    browser.close()


def pixel(browser, x, y):
    context = "document.getElementById('picture').getContext('2d')"
    return browser.run(f"[...{context}.getImageData({x}, {y}, 1, 1).data].slice(0, 3)")


def text_of(browser, identity):
    return browser.run(f"document.getElementById('{identity}').innerText")


def test_a_browser_shows_boxes_scores_and_heat_map(painted, browser, picture, tmp_path):
    browser.open(f"http://127.0.0.1:{painted.rest_port}/")
    browser.choose_file("#file", picture)
    browser.wait_for("document.getElementById('said').innerText.includes('from version 1')")
    assert text_of(browser, "said").startswith("1 detection ")
    assert text_of(browser, "rows").split() == ["<b>naïve</b>", "0.875"]
    blue = [0, 0, 255]
    assert pixel(browser, 5, 5) == blue
    red, _, rest = pixel(browser, 120, 60)
    assert red > 200 and rest < 80
    edge = pixel(browser, 60, 80)
    assert edge != blue
    browser.run("document.getElementById('heat').click()")
    assert pixel(browser, 120, 60) == blue and pixel(browser, 60, 80) == edge
    browser.run("document.getElementById('boxes').click()")
    assert pixel(browser, 60, 80) == blue

    bad = tmp_path / "bad.png"
    bad.write_bytes(b"nothing")
    browser.choose_file("#file", bad)
    browser.wait_for("document.getElementById('said').innerText.includes('no JPEG')")
    assert browser.run("document.getElementById('shown').hidden") is True
    assert browser.messages == []


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_photograph_is_detected_and_drawn_upright(painted, browser, tmp_path, orientation):
    """Stored so that it has to be turned: seen upright, its left half is green."""
    upright = Image.new("RGB", (240, 120), (0, 0, 255))
    upright.paste((0, 255, 0), (0, 0, 120, 120))
    turned = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}[orientation]
    stored = upright if turned is None else upright.transpose(turned)
    exif = Image.Exif()
    # Before the orientation comes another entry, as in a camera's files.
    exif[0x10F], exif[0x112] = "maker", orientation
    path = tmp_path / f"{orientation}.jpg"
    stored.save(path, quality=95, exif=exif)
    browser.open(f"http://127.0.0.1:{painted.rest_port}/")
    browser.choose_file("#file", path)
    browser.wait_for("document.getElementById('said').innerText.includes('from version 1')")
    canvas = "document.getElementById('picture')"
    assert browser.run(f"[{canvas}.width, {canvas}.height]") == [240, 120]
    for x, channel in ((5, 1), (235, 2)):
        assert pixel(browser, x, 5)[channel] > 230
    # The box is where it would be in the upright file.
    assert pixel(browser, 60, 80) != pixel(browser, 50, 80)
    assert browser.messages == []


def test_a_dropped_image_is_taken_too(painted, browser, picture):
    browser.open(f"http://127.0.0.1:{painted.rest_port}/")
    data = list(picture.read_bytes())
    browser.run(
        f"""(() => {{ const files = new DataTransfer();
        files.items.add(new File([new Uint8Array({data})], 'a.png', {{type: 'image/png'}}));
        document.dispatchEvent(new DragEvent('drop', {{dataTransfer: files}})); }})()"""
    )
    browser.wait_for("document.getElementById('said').innerText.includes('from version 1')")
    assert browser.messages == []
