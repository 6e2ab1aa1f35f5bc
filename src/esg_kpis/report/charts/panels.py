"""Small multiples: one panel per figure, each over the same periods and on its own scale from zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from esg_kpis.report.charts.draw import COLOURS, LINE, MUTED, SMALL, WIDTH, Spec, boxes, rules, side_by_side, svg_of, texts
from esg_kpis.report.charts.numbers import drawn, signed, tick_decimals, tick_labels, ticks_of
from esg_kpis.report.charts.text import widest, width_of, with_room, wrapped

_COLUMNS = 2
_HEIGHT, _GAP, _BAR = 84, 22, 64


@dataclass(frozen=True)
class Panel:
    """One panel: what it shows, in which unit, its values by period, what is printed of them, and which periods are marked with an asterisk."""

    title: str
    unit: str
    values: dict[str, Fraction]
    printed: dict[str, str]
    marks: frozenset[str] = frozenset()


def small_multiples(panels: Sequence[Panel], periods: Sequence[str], prefix: str, said: str) -> str:
    """The picture of some panels."""
    columns = min(_COLUMNS, len(panels))
    axes = [ticks_of(panel.values.values(), 2) for panel in panels]
    left = max(widest(tick_labels(ticks), SMALL) for ticks in axes) + 8
    room = (WIDTH - _GAP * (columns - 1)) // columns
    width = room - left - 4
    titles = [wrapped(panel.title, room - 4, SMALL, bold=True) for panel in panels]
    units = [wrapped(panel.unit, room - 4, SMALL) for panel in panels]
    above = max(LINE * (len(title) + len(unit)) for title, unit in zip(titles, units, strict=True)) + LINE + 12
    views = [_view(*parts, periods, left, width) for parts in zip(panels, axes, titles, units, strict=True)]
    below, between = LINE + 8, LINE + 8 + 14
    rows = -(-len(panels) // columns)
    spec = side_by_side(views, columns, (above + between, room + _GAP - width), (left, above, 4, below))
    return svg_of(spec, rows * (above + _HEIGHT) + (rows - 1) * between + below, prefix, said)


def _view(panel: Panel, ticks: list[Fraction], title: list[str], unit: list[str], periods: Sequence[str], left: int, width: int) -> Spec:
    step = Fraction(width) / len(periods)
    span = ticks[-1] - ticks[0]
    tops = {period: (ticks[-1] - max(value, Fraction(0))) / span * _HEIGHT for period, value in panel.values.items()}
    zero = ticks[-1] / span * _HEIGHT
    marked = [f"{period}*" if period in panel.marks else period for period in periods]
    middles = [step * place + step / 2 for place in range(len(periods))]
    first = [place for place, period in enumerate(periods) if period in panel.marks]
    under = [{"x": x, "y": _HEIGHT + 13, "text": label} for x, label in with_room(middles, marked, SMALL, (-left, width + 4), first)]
    half = min(step / 3, Fraction(_BAR, 2))
    filled = [
        {"x": step * place + step / 2 - half, "x2": step * place + step / 2 + half, "y": zero, "y2": (ticks[-1] - panel.values[period]) / span * _HEIGHT, "fill": COLOURS[0]}
        for place, period in enumerate(periods)
        if period in panel.values
    ]
    above = LINE * (len(title) + len(unit))
    axis = {"values": [drawn(tick) for tick in ticks], "format": f",.{tick_decimals(ticks)}f"}
    scale: Spec = {"domain": [drawn(ticks[0]), drawn(ticks[-1])], "nice": False}
    grid: Spec = {"data": {"values": [{"value": drawn(ticks[0])}]}, "mark": {"type": "point", "stroke": "transparent", "size": 0}, "encoding": {"y": {"field": "value", "type": "quantitative", "scale": scale, "axis": axis}}}
    layers = [
        grid,
        boxes(filled),
        *([rules([{"x": 0, "x2": width, "y": zero, "y2": zero}], stroke=MUTED)] if ticks[0] < 0 else []),
        texts([{"x": -left, "y": -LINE - 8 - above + LINE // 2, "text": title}], bold=True),
        texts([{"x": -left, "y": -LINE - 8 - above + LINE // 2 + LINE * len(title), "text": unit}], fill=MUTED),
        texts(under, align="center", fill=MUTED),
        *_values(panel, periods, tops, step, width),
    ]
    return {"width": width, "height": _HEIGHT, "layer": layers}


def _values(panel: Panel, periods: Sequence[str], tops: dict[str, Fraction], step: Fraction, width: int) -> list[Spec]:
    """What is printed above each bar where all fit, else above the last one."""
    there = [period for period in periods if period in panel.values]
    fits = all(width_of(panel.printed[period], SMALL) <= step - 2 for period in there)
    rows = []
    for period in there if fits else there[-1:]:
        half = Fraction(width_of(panel.printed[period], SMALL), 2)
        middle = step * periods.index(period) + step / 2
        rows.append({"x": max(half, min(middle, width + 4 - half)), "y": tops[period] - 9, "text": signed(panel.printed[period])})
    return [texts(rows, align="center", clear=True)] if rows else []
