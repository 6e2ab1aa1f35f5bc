"""Bars that lie under headings: one row per category, from zero, with the value behind each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from esg_kpis.report.charts.axis import axis_above
from esg_kpis.report.charts.draw import COLOURS, LINE, MUTED, RULE, SMALL, TEXT, WIDTH, Spec, boxes, rules, specification, svg_of, texts
from esg_kpis.report.charts.legend import SWATCH, legend
from esg_kpis.report.charts.numbers import Number, percent, shown, signed, ticks_of
from esg_kpis.report.charts.text import widest, width_of, wrapped

_LABEL = 168
_BAR = 14


@dataclass(frozen=True)
class Row:
    """One bar: its label, its parts one behind the other with what they are, and what is said behind it. `before`: what it was before, as a stroke."""

    label: str
    parts: tuple[tuple[str, Number], ...]
    said: str
    before: Number | None = None


@dataclass(frozen=True)
class Group:
    """Bars under a heading."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Bars:
    """Groups of bars in one unit. `names`: what the parts are, in the order of the colours; `stroke`: what the stroke across a bar means. With strokes the values stand in a column of their own."""

    groups: Sequence[Group]
    unit: str
    names: Sequence[str] = ()
    stroke: str = ""
    extent: Sequence[Number] = field(default=())


def part_by_part(values: Mapping[str, Fraction], unit: str, decimals: int, total: tuple[str, str] | None) -> Bars:
    """What stacks of columns would show of one period alone: a bar for each part with its share, and one for all of them. Of a single part that is all.

    Args:
        values: The parts by name.
        unit: What stands above the axis.
        decimals: The decimals of parts.
        total: What the total is called, and how it is printed; None where it cannot be computed, and so no part has a share of it.
    """
    whole = sum(values.values(), Fraction(0))
    several = len(values) > 1 and total is not None
    rows = [Row(name, (("", value),), f"{signed(shown(value, decimals))}{f' · {percent(value, whole)}' if several and whole > 0 else ''}") for name, value in values.items()]
    return Bars([Group("", (*rows, *([Row(total[0], (("", whole),), signed(total[1]))] if several and total else [])))], unit)


def lying(bars: Bars, prefix: str, said: str) -> str:
    """The picture of some bars."""
    rows = [row for group in bars.groups for row in group.rows]
    lows = [sum((Fraction(size) for _, size in row.parts if size < 0), Fraction(0)) for row in rows]
    highs = [sum((Fraction(size) for _, size in row.parts if size > 0), Fraction(0)) for row in rows]
    ends = [*bars.extent, *lows, *highs, *(row.before for row in rows if row.before is not None)]
    ticks = ticks_of(ends) if any(ends) else [Fraction(0), Fraction(1)]
    behind = widest([row.said for row in rows], SMALL) + 10
    width = WIDTH - _LABEL - behind
    colours = dict(zip(bars.names, COLOURS, strict=False))
    key, room = _key(bars, colours, 0)
    top = room + (2 * LINE + 8 if room else LINE + 6)
    key, _ = _key(bars, colours, -top)
    layers, height, spans = _rows(bars, ticks, width, colours)
    unit = texts([{"x": -_LABEL, "y": -LINE // 2, "text": bars.unit}], fill=MUTED)
    layers = [*axis_above(ticks, width, spans, flat=not any(ends)), unit, *key, *layers]
    return svg_of(specification(layers, width, height, (_LABEL, top, behind, 8)), top + height + 8, prefix, said)


def _key(bars: Bars, colours: dict[str, str], top: int) -> tuple[list[Spec], int]:
    """What colours and strokes mean, and how high that is."""
    if len(colours) < 2 and not bars.stroke:
        return [], 0
    key, room = legend(list(colours.items()), WIDTH, -_LABEL, top)
    if not bars.stroke:
        return key, room
    x, middle = -_LABEL + sum(SWATCH + 23 + width_of(name, SMALL) for name in colours), top + LINE // 2
    return [*key, rules([{"x": x + 3, "x2": x + 3, "y": middle - 7, "y2": middle + 7}], stroke=TEXT, wide=2), texts([{"x": x + 12, "y": middle, "text": bars.stroke}])], max(room, LINE)


def _rows(bars: Bars, ticks: list[Fraction], width: int, colours: dict[str, str]) -> tuple[list[Spec], int, list[tuple[int, int]]]:
    """The rows one below the other, how high they are, and from where to where the rows of each group go."""
    scale = Fraction(width) / (ticks[-1] - ticks[0])
    headings: list[Spec] = []
    labels: list[Spec] = []
    values: list[Spec] = []
    filled: list[Spec] = []
    strokes: list[Spec] = []
    lines: list[Spec] = []
    spans: list[tuple[int, int]] = []
    y = 6
    for place, group in enumerate(bars.groups):
        if group.heading:
            if place:
                lines.append({"x": -_LABEL, "x2": WIDTH - _LABEL, "y": y - 1, "y2": y - 1})
            said = wrapped(group.heading, WIDTH - 8, SMALL, bold=True)
            headings.append({"x": -_LABEL, "y": y + LINE // 2 + 4, "text": said})
            y += LINE * len(said) + 8
        begun = y
        for row in group.rows:
            label = wrapped(row.label, _LABEL - 14, SMALL)
            high = max(LINE * len(label), _BAR) + 6
            middle = y + high // 2
            labels.append({"x": -8, "y": middle - LINE * (len(label) - 1) // 2, "text": label})
            ends = {True: -ticks[0] * scale, False: -ticks[0] * scale}
            for name, size in row.parts:
                start = ends[size >= 0]
                ends[size >= 0] = start + Fraction(size) * scale
                filled.append({"x": start, "x2": ends[size >= 0], "y": middle - _BAR // 2, "y2": middle + _BAR // 2, "fill": colours.get(name, COLOURS[0])})
            if row.before is not None:
                at = (Fraction(row.before) - ticks[0]) * scale
                strokes.append({"x": at, "x2": at, "y": middle - 9, "y2": middle + 9})
            values.append({"x": WIDTH - _LABEL - 2 if bars.stroke else ends[True] + 6, "y": middle, "text": row.said})
            y += high
        spans.append((begun - 2, y + 2))
        y += 8
    layers = [rules(lines, stroke=RULE), boxes(filled), rules(strokes, stroke=TEXT, wide=2), texts(headings, bold=True), texts(labels, align="right"), texts(values, align="right" if bars.stroke else "left", clear=True)]
    return [layer for layer in layers if layer["data"]["values"]], y - 2, spans
