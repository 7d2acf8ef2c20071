"""Curves as SVG that stands in the page itself."""

import html
import math
from typing import Mapping, Sequence, Tuple

_WIDTH, _HEIGHT = 420, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 14, 14, 38
# Read well on white and on near-black; the page's style sheet sets text and grid colours.
_COLORS = ("#2f7de1", "#e2562c", "#2ca25f", "#a05bd6", "#c99700", "#13a0b0")


def line_chart(
    series: Mapping[str, Sequence[Tuple[float, float]]],
    title: str,
    x_label: str,
    log_y: bool = False,
    unit_square: bool = False,
) -> str:
    """Returns a `<figure>` with one line a series, axes and a legend.

    Args:
      series: name -> (x, y) points; points whose y is not finite (or not positive when `log_y`) are
        left out, as are series without points.
      title: above the chart.
      x_label: below it.
      log_y: logarithmic y axis.
      unit_square: both axes go from 0 to 1, whatever the points; without it, x counts something.
    """
    lines = {name: _usable(points, log_y) for name, points in series.items()}
    lines = {name: points for name, points in lines.items() if points}
    if not lines:
        caption = f"{html.escape(title)}: no points"
        return f"<figure class='chart'><figcaption>{caption}</figcaption></figure>"
    xs = [x for points in lines.values() for x, _ in points]
    ys = [math.log10(y) if log_y else y for points in lines.values() for _, y in points]
    if unit_square:
        xs, ys = [0.0, 1.0], [0.0, 1.0]
    x_ticks = nice_ticks(min(xs), max(xs))
    y_ticks = log_ticks(min(ys), max(ys)) if log_y else nice_ticks(min(ys), max(ys))
    to_x = _scale(min(xs), max(xs), _LEFT, _WIDTH - _RIGHT)
    to_y = _scale(min(y_ticks[0], *ys), max(y_ticks[-1], *ys), _HEIGHT - _BOTTOM, _TOP)
    parts = [_y_tick(to_y(tick), 10**tick if log_y else tick) for tick in y_ticks]
    # Between whole epochs there is nothing.
    shown = [
        tick
        for tick in x_ticks
        if min(xs) <= tick <= max(xs) and (unit_square or tick == int(tick))
    ]
    parts += [_x_tick(to_x(tick), tick) for tick in shown]
    for color, points in zip(_cycle(len(lines)), lines.values()):
        drawn = [(to_x(x), to_y(math.log10(y) if log_y else y)) for x, y in points]
        parts.append(_line(drawn, color))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, x_label, "middle"))
    return (
        f"<figure class='chart'><figcaption>{html.escape(title)}</figcaption>"
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img' aria-label='{html.escape(title)}'>"
        f"{''.join(parts)}</svg>{_legend(list(lines))}</figure>"
    )


def nice_ticks(low: float, high: float, count: int = 5) -> list:
    """Returns about `count` round numbers that span low..high; at least two."""
    if high <= low:
        low, high = (low - 0.1 * abs(low), high + 0.1 * abs(high)) if low else (0.0, 1.0)
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list:
    """Returns log10 of 1, 2 and 5 times powers of ten within low..high, which are log10 as well."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    for factors in ((1, 2, 5), (1,)):
        ticks = [power + math.log10(factor) for power in powers for factor in factors]
        ticks = [tick for tick in ticks if low - 1e-9 <= tick <= high + 1e-9]
        if len(ticks) <= 7:
            break
    return ticks if len(ticks) > 1 else nice_ticks(low, high)


def _usable(points, log_y):
    return [(x, y) for x, y in points if math.isfinite(y) and (y > 0 or not log_y)]


def _scale(low, high, start, end):
    span = (high - low) or 1.0
    return lambda value: round(start + (value - low) / span * (end - start), 2)


def _cycle(count):
    return [_COLORS[index % len(_COLORS)] for index in range(count)]


def _y_tick(y, value):
    line = f"<line class='grid' x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{y}' y2='{y}'/>"
    return line + _text(_LEFT - 7, y + 4, f"{value:.3g}", "end")


def _x_tick(x, value):
    return _text(x, _HEIGHT - _BOTTOM + 16, f"{value:g}", "middle")


def _text(x, y, text, anchor):
    return f"<text x='{x}' y='{y}' text-anchor='{anchor}'>{html.escape(text)}</text>"


def _line(points, color):
    if len(points) == 1:
        (x, y) = points[0]
        return f"<circle cx='{x}' cy='{y}' r='3.5' fill='{color}'/>"
    path = " ".join(f"{x},{y}" for x, y in points)
    return f"<polyline points='{path}' fill='none' stroke='{color}' stroke-width='2'/>"


def _legend(names):
    entries = zip(_cycle(len(names)), names)
    spans = "".join(
        f"<span><i style='background:{c}'></i>{html.escape(n)}</span>" for c, n in entries
    )
    return f"<div class='legend'>{spans}</div>"
