"""Bar charts as SVG that stands in the page itself."""

import html
from typing import Optional, Sequence, Tuple

from centernet_tf.evaluation.curves import nice_ticks

_WIDTH, _HEIGHT = 420, 250
_LEFT, _RIGHT, _BOTTOM = 56, 14, 38
_TOP, _TOP_WITH_MARKERS = 18, 36
_LETTER = 6.8
_ROW, _NAME_LETTERS = 24, 26


def bar_chart(
    counts: Sequence[int],
    labels: Sequence[str],
    title: str,
    x_label: str,
    markers: Sequence[Tuple[float, str]] = (),
) -> str:
    """Returns a `<figure>` with upright bars, as many labels below them as fit, and a y axis.

    Args:
      counts: one a bar.
      labels: as many, written below the bars, or one more, written at the edges between them.
      title: above the chart.
      x_label: below it.
      markers: (position in bars from the left edge, text) of dashed upright lines; those outside
        the bars are left out.
    """
    slot = (_WIDTH - _LEFT - _RIGHT) / max(len(counts), 1)
    ticks = nice_ticks(0, max([*counts, 1]))
    markers = [marker for marker in markers if 0 <= marker[0] <= len(counts)]
    bottom = _HEIGHT - _BOTTOM
    height = (bottom - (_TOP_WITH_MARKERS if markers else _TOP)) / ticks[-1]
    parts = [_y_tick(bottom - tick * height, tick) for tick in ticks if tick == int(tick)]
    for index, count in enumerate(counts):
        name = _range(labels, index) if len(labels) > len(counts) else labels[index]
        bar = _LEFT + (index + 0.08) * slot, bottom - count * height, 0.84 * slot, count * height
        parts.append(_bar(bar, f"{name}: {count:,}"))
    parts += [_marker(_LEFT + place * slot, text) for place, text in markers]
    if slot > _LETTER * len(f"{max([*counts, 0]):,}"):
        middles = [_LEFT + (index + 0.5) * slot for index in range(len(counts))]
        parts += [
            _text(middle, bottom - count * height - 4, f"{count:,}", "middle")
            for middle, count in zip(middles, counts)
            if count
        ]
    parts += _x_labels(labels, slot, 0.0 if len(labels) > len(counts) else 0.5)
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, x_label, "middle"))
    return _figure(title, _HEIGHT, parts)


def ranked_bars(
    names: Sequence[str],
    counts: Sequence[int],
    title: str,
    colors: Optional[Sequence[tuple]] = None,
) -> str:
    """Returns a `<figure>` with a lying bar for each name, in the order given.

    Args:
      names: plain text, cut where it is long.
      counts: one a name.
      title: above the chart.
      colors: RGB 0..255 of each bar; None gives all the colour of the page.
    """
    shown = [
        name if len(name) <= _NAME_LETTERS else name[: _NAME_LETTERS - 1] + "…" for name in names
    ]
    left = 12 + _LETTER * max([len(name) for name in shown], default=0)
    room = _WIDTH - left - _LETTER * max([len(f"{count:,}") for count in counts], default=0) - 12
    parts = []
    for index, (name, count) in enumerate(zip(shown, counts)):
        top, length = index * _ROW + 3, room * count / max([*counts, 1])
        bar = left, top, length, _ROW - 6
        parts.append(_text(left - 7, top + 14, name, "end"))
        parts.append(_bar(bar, f"{names[index]}: {count:,}", colors[index] if colors else None))
        parts.append(_text(left + length + 6, top + 14, f"{count:,}", "start"))
    return _figure(title, max(len(names), 1) * _ROW, parts)


def _figure(title, height, parts):
    title = html.escape(title)
    return (
        f"<figure class='chart'><figcaption>{title}</figcaption><svg viewBox='0 0 {_WIDTH} "
        f"{height}' role='img' aria-label='{title}'>{''.join(parts)}</svg></figure>"
    )


def _bar(box, title, color=None):
    x, y, width, height = (round(value, 2) for value in box)
    fill = " style='fill:rgb({},{},{})'".format(*color) if color else ""
    return (
        f"<rect class='bar'{fill} x='{x}' y='{y}' width='{width}' height='{height}'>"
        f"<title>{html.escape(title)}</title></rect>"
    )


def _y_tick(y, value):
    y = round(y, 2)
    line = f"<line class='grid' x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{y}' y2='{y}'/>"
    return line + _text(_LEFT - 7, y + 4, f"{value:,.0f}", "end")


def _x_labels(labels, slot, shift):
    widest = _LETTER * max([len(label) for label in labels], default=0) + 6
    step = max(1, -int(-widest // slot))
    return [
        _text(_LEFT + (index + shift) * slot, _HEIGHT - _BOTTOM + 16, labels[index], "middle")
        for index in range(0, len(labels), step)
    ]


def _range(labels, index):
    return f"{labels[index]} to {labels[index + 1]}"


def _marker(x, text):
    x = round(x, 2)
    end = x + _LETTER * len(text) > _WIDTH
    line = f"<line class='mark' x1='{x}' x2='{x}' y1='4' y2='{_HEIGHT - _BOTTOM}'/>"
    return line + _text(x - 4 if end else x + 4, 13, text, "end" if end else "start")


def _text(x, y, text, anchor):
    x, y = round(x, 2), round(y, 2)
    return f"<text x='{x}' y='{y}' text-anchor='{anchor}'>{html.escape(text)}</text>"
