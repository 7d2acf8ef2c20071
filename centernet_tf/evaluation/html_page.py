"""One HTML file that needs nothing else: pictures, tables and text, in light and dark."""

import base64
import contextlib
import html
import io
import os
from typing import Iterable, Sequence

from PIL import Image

_STYLE = """
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #fff; --ink: #1b1f24; --soft: #5b6570;
  --line: #dfe3e8; --accent: #2f7de1; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --card: #1d2126; --ink: #e7eaee;
  --soft: #9aa5b1; --line: #323941; --accent: #6aa8f7; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 36px 20px 72px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; }
h2 { font-size: 20px; margin: 0 0 10px; }
.lead, figcaption, .note { color: var(--soft); }
.note { margin: 0 0 14px; max-width: 75ch; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 20px 22px; margin-top: 22px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px;
  margin-top: 22px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 16px; }
.tile b { display: block; font-size: 24px; line-height: 1.3; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 14px; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, var(--cell)), 1fr));
  gap: 18px; }
figure { margin: 0; }
figure img { display: block; width: 100%; height: auto; border-radius: 6px; }
figcaption { font-size: 14px; padding-top: 6px; }
.chart figcaption { color: var(--ink); font-weight: 600; padding: 0 0 4px; }
svg text { fill: var(--soft); font-size: 12px; paint-order: stroke; stroke: var(--card);
  stroke-width: 3px; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .bar { fill: var(--accent); stroke: var(--line); stroke-width: 0.5; }
svg .mark { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 4 3; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 0 0 10px; font-size: 14px;
  color: var(--soft); }
.legend i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 6px;
  vertical-align: middle; }
.scroll { overflow: auto; max-height: 620px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; min-width: 50%; }
th, td { padding: 6px 14px 6px 0; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--soft); font-weight: 600; font-size: 14px; }
th:first-child, td:first-child { text-align: left; }
td:first-child { white-space: normal; }
table.shaded { min-width: 0; }
table.shaded th, table.shaded td { padding: 6px 10px; }
th.text, td.text { text-align: left; }
td.text { white-space: normal; overflow-wrap: anywhere; }
.warning { background: var(--card); border: 1px solid var(--line); border-left: 5px solid #e2562c;
  border-radius: 10px; padding: 12px 18px; margin: 22px 0 0; }
code { font: 14px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
"""


def write_page(path: str, title: str, lead: str, parts: Iterable[str]) -> None:
    """Writes the page; it is whole or not there.

    Args:
      path: of the HTML file.
      title: plain text.
      lead: plain text below the title.
      parts: HTML from the functions of this module and of `curves`.
    """
    text = (
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{html.escape(title)}</h1>\n<p class='lead'>{html.escape(lead)}</p>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )
    temporary = path + ".tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except BaseException:
        # Half a page helps nobody, least of all on a full disk.
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)
        raise


def section(title: str, *parts: str, note: str = "") -> str:
    """Returns a titled block of HTML parts, with a plain-text note below the title."""
    below = f"<p class='note'>{html.escape(note)}</p>" if note else ""
    return f"<section><h2>{html.escape(title)}</h2>{below}{''.join(parts)}</section>"


def tiles(values: Sequence) -> str:
    """Returns large figures in a row, from (label, value text) pairs."""
    cells = (
        f"<div class='tile'><b>{html.escape(value)}</b><span>{html.escape(label)}</span></div>"
        for label, value in values
    )
    return f"<div class='tiles'>{''.join(cells)}</div>"


def row(parts: Sequence[str], cell_px: int = 340) -> str:
    """Returns parts beside each other, as many as fit when each is at least `cell_px` wide."""
    return f"<div class='row' style='--cell:{cell_px}px'>{''.join(parts)}</div>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], text: bool = False) -> str:
    """Returns a table of plain-text cells, numbers to the right, or all to the left when `text`."""
    mark = " class='text'" if text else ""
    head = "".join(f"<th{mark}>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td{mark}>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
        for cells in rows
    )
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead>{body}</table></div>"


def shaded_table(header: Sequence[str], rows: Sequence[Sequence], shades: Sequence) -> str:
    """Returns a table whose cells stand out by what they count.

    Args:
      header: plain text.
      rows: plain text, the first cell of each its name.
      shades: for every row, 0..1 of each cell but the first; positive ones in the colour of the
        page, negative ones in that of warnings.
    """
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = ""
    for (name, *cells), levels in zip(rows, shades):
        body += f"<tr><td>{html.escape(name)}</td>"
        body += "".join(_shaded(cell, level) for cell, level in zip(cells, levels)) + "</tr>"
    return (
        f"<div class='scroll'><table class='shaded'><thead><tr>{head}</tr></thead>{body}</table>"
        "</div>"
    )


def _shaded(cell, level):
    color = "226,86,44" if level < 0 else "47,125,225"
    style = f" style='background:rgba({color},{0.75 * abs(level):.2f})'" if level else ""
    return f"<td{style}>{html.escape(cell)}</td>"


def warning(text: str) -> str:
    """Returns a sentence that nobody should miss."""
    return f"<p class='warning'>{html.escape(text)}</p>"


def legend(entries: Sequence) -> str:
    """Returns plain-text names behind patches of their colours, from (name, RGB 0..255) pairs."""
    spans = "".join(
        f"<span><i style='background:rgb({','.join(map(str, color))})'></i>{html.escape(name)}"
        "</span>"
        for name, color in entries
    )
    return f"<div class='legend'>{spans}</div>"


def code(text: str) -> str:
    """Returns a line of code."""
    return f"<p><code>{html.escape(text)}</code></p>"


def picture(image: Image.Image, caption: str = "", quality: int = 88) -> str:
    """Returns a figure with the picture as a JPEG inside the page."""
    stream = io.BytesIO()
    image.convert("RGB").save(stream, "JPEG", quality=quality)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return (
        f"<figure><img src='data:image/jpeg;base64,{data}' width='{image.width}' "
        f"height='{image.height}' alt='{html.escape(caption)}'>{below}</figure>"
    )
