"""The page is one well-formed file that asks for nothing from elsewhere."""

import base64
import errno
import html.parser
import io
import re

import pytest
from PIL import Image

from centernet_tf.evaluation import html_page


class Balance(html.parser.HTMLParser):
    """Collects tags that are closed out of order."""

    VOID = {"meta", "img", "br", "line", "polyline", "circle"}

    def __init__(self, text):
        super().__init__()
        self.open, self.faults = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID and (not self.open or self.open.pop() != tag):
            self.faults.append(tag)


def check_page(text):
    """Fails when tags do not match or something would be fetched."""
    balance = Balance(text)
    assert not balance.faults and not balance.open
    assert not re.search(r"(src|href)='?\"?https?:", text)
    assert not re.search(r"@import|url\(|<script|<link", text)


def test_page_is_whole_and_self_contained(tmp_path):
    path = tmp_path / "index.html"
    picture = html_page.picture(Image.new("RGB", (40, 30), (200, 10, 10)), "a <picture>")
    parts = [
        html_page.tiles([("AP", "0.500")]),
        html_page.section("Cats & dogs", html_page.row([picture, picture]), note="1 < 2"),
        html_page.section("Table", html_page.table(["a", "b"], [["<1>", "2"]])),
        html_page.code("python -m x --a='<b>'"),
    ]
    html_page.write_page(str(path), "Title & <more>", "lead", parts)
    text = path.read_text()
    check_page(text)
    assert "Title &amp; &lt;more&gt;" in text and "<1>" not in text and "&lt;1&gt;" in text
    assert [entry.name for entry in tmp_path.iterdir()] == ["index.html"]


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_a_page_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch, fault):
    path = tmp_path / "index.html"
    path.write_text("earlier")

    def full(*_):
        raise fault

    monkeypatch.setattr(html_page.os, "replace", full)
    with pytest.raises(type(fault)):
        html_page.write_page(str(path), "title", "lead", [])
    assert [entry.name for entry in tmp_path.iterdir()] == ["index.html"]
    assert path.read_text() == "earlier"


def test_warnings_and_legends_are_plain_text():
    assert html_page.warning("a < b & c") == "<p class='warning'>a &lt; b &amp; c</p>"
    legend = html_page.legend([("<b>cat", (1, 2, 3)), ("dog", (255, 0, 0))])
    assert "&lt;b&gt;cat" in legend and "<b>" not in legend
    assert legend.index("rgb(1,2,3)") < legend.index("cat") < legend.index("rgb(255,0,0)")


def test_picture_is_the_picture():
    data = re.search("base64,([^']*)'", html_page.picture(Image.new("RGB", (40, 30), "red")))
    image = Image.open(io.BytesIO(base64.b64decode(data.group(1))))
    assert image.size == (40, 30)
    assert image.getpixel((20, 15))[0] > 245
