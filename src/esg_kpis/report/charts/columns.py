"""Stacked columns over time: one column per period or month, from zero, in one unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from esg_kpis.report.charts.bars import lying, part_by_part
from esg_kpis.report.charts.draw import COLOURS, LINE, MUTED, PANEL, SMALL, WIDTH, Spec, number, rules, specification, svg_of, texts
from esg_kpis.report.charts.legend import legend
from esg_kpis.report.charts.numbers import drawn, signed, tick_decimals, tick_labels, ticks_of
from esg_kpis.report.charts.text import widest, width_of, with_room
from esg_kpis.report.charts.view import View

_HEIGHT, _MOST = 210, 130


@dataclass(frozen=True)
class Stacks:
    """What is stacked.

    Attributes:
        places: Keys of the columns, in order.
        labels: What stands under columns: from the first to the last column that a label is of.
        series: Names, from the bottom upwards.
        values: Per column and series; what is not there is a gap.
        unit: What stands above the axis.
        above: What stands above columns, if all of it has room.
        marks: Columns to be marked with an asterisk.
    """

    places: Sequence[str]
    labels: Sequence[tuple[str, str, str]]
    series: Sequence[str]
    values: Mapping[tuple[str, str], Fraction]
    unit: str
    above: Mapping[str, str] = field(default_factory=dict)
    marks: frozenset[str] = frozenset()

    def column(self, place: str) -> dict[str, Fraction]:
        """The values of one column."""
        return {name: self.values[place, name] for name in self.series if (place, name) in self.values}


def stacked(stacks: Stacks, prefix: str, said: str) -> str:
    """The picture of some stacks."""
    columns = {place: stacks.column(place) for place in stacks.places}
    heights = {place: sum((value for value in column.values() if value > 0), Fraction(0)) for place, column in columns.items()}
    depths = [sum((value for value in column.values() if value < 0), Fraction(0)) for column in columns.values()]
    ticks = ticks_of([*heights.values(), *depths])
    left = widest(tick_labels(ticks), SMALL) + 8
    width = min(WIDTH - left - 4, _MOST * len(stacks.places))
    key, room = legend(list(zip(stacks.series, COLOURS, strict=False)) if len(stacks.series) > 1 else [], WIDTH, -left, 0)
    top = room + LINE + 22 if room else LINE + 16
    key, _ = legend(list(zip(stacks.series, COLOURS, strict=False)) if len(stacks.series) > 1 else [], WIDTH, -left, -top)
    layers = [_bars(stacks, columns, ticks), *key, texts([{"x": -left, "y": -16, "text": stacks.unit}], fill=MUTED)]
    layers += _under(stacks, width, left)
    if ticks[0] < 0:
        zero = ticks[-1] / (ticks[-1] - ticks[0]) * _HEIGHT
        layers.append(rules([{"x": 0, "x2": width, "y": zero, "y2": zero}], stroke=MUTED))
    layers += _above(stacks, heights, ticks, width)
    return svg_of(specification(layers, width, _HEIGHT, (left, top, 4, LINE + 10)), top + _HEIGHT + LINE + 10, prefix, said)


def over_time(view: View, stacks: Stacks, decimals: int, prefix: str, said: str) -> str:
    """The picture of some stacks; where only one period has any, part by part, since a single column compares nothing and hides how much each part is."""
    there = [place for place in stacks.places if stacks.column(place)]
    if len(there) != 1:
        return stacked(stacks, prefix, said)
    [place] = there
    unit = f"{stacks.unit} · {place}{'*' if place in stacks.marks else ''}"
    total = (view.say("word", "total"), stacks.above[place]) if place in stacks.above else None
    return lying(part_by_part(stacks.column(place), unit, decimals, total), prefix, said)


def _bars(stacks: Stacks, columns: Mapping[str, Mapping[str, Fraction]], ticks: list[Fraction]) -> Spec:
    rows = [{"place": place, "series": name, "order": stacks.series.index(name), "value": drawn(value)} for place, column in columns.items() for name, value in column.items() if value]
    gap = 0 if len(stacks.places) > 24 else 1
    bar = {"type": "bar", "stroke": PANEL, "strokeWidth": gap}
    scale = {"domain": list(stacks.places), "paddingInner": number(Fraction(1, 4) if gap else Fraction(1, 6)), "paddingOuter": number(Fraction(1, 8))}
    axis = {"values": [drawn(tick) for tick in ticks], "format": f",.{tick_decimals(ticks)}f"}
    return {
        "data": {"values": rows},
        "mark": bar,
        "encoding": {
            "x": {"field": "place", "type": "ordinal", "scale": scale, "axis": None},
            "y": {"field": "value", "type": "quantitative", "stack": "zero", "scale": {"domain": [drawn(ticks[0]), drawn(ticks[-1])], "nice": False}, "axis": axis},
            "color": {"field": "series", "type": "nominal", "scale": {"domain": list(stacks.series), "range": list(COLOURS[: len(stacks.series)])}, "legend": None},
            "order": {"field": "order", "type": "quantitative"},
        },
    }


def _middle(stacks: Stacks, first: str, last: str, width: int) -> Fraction:
    """The middle of some columns. A band scale parts its width into columns with the room between them."""
    inner, outer = (Fraction(1, 4), Fraction(1, 8)) if len(stacks.places) <= 24 else (Fraction(1, 6), Fraction(1, 8))
    step = width / (len(stacks.places) - inner + 2 * outer)
    middles = [step * (outer + stacks.places.index(place) + (1 - inner) / 2) for place in (first, last)]
    return sum(middles, Fraction(0)) / 2


def _under(stacks: Stacks, width: int, left: int) -> list[Spec]:
    """Labels under columns, and a tick between where a label is of several. Where they would overlap some are left out."""
    middles = [(_middle(stacks, first, last, width), label + ("*" if {first, last} & stacks.marks else "")) for label, first, last in stacks.labels]
    first = [place for place, (_, label) in enumerate(middles) if label.endswith("*")]
    placed = with_room([x for x, _ in middles], [label for _, label in middles], SMALL, (-left, width + 4), first)
    names = [{"x": x, "y": _HEIGHT + 14, "text": label} for x, label in placed]
    starts = [_middle(stacks, first, first, width) - Fraction(width, 2 * len(stacks.places)) for _, first, last in stacks.labels if first != last]
    return [texts(names, align="center", fill=MUTED), *([rules([{"x": x, "x2": x, "y": _HEIGHT, "y2": _HEIGHT + 8} for x in starts])] if starts else [])]


def _above(stacks: Stacks, heights: Mapping[str, Fraction], ticks: list[Fraction], width: int) -> list[Spec]:
    """What stands above columns, where there is room for it."""
    span = ticks[-1] - ticks[0]
    rows = [{"x": _middle(stacks, place, place, width), "y": (ticks[-1] - heights[place]) / span * _HEIGHT - 9, "text": signed(text)} for place, text in stacks.above.items()]
    fits = all(width_of(str(row["text"]), SMALL) <= Fraction(width, len(stacks.places)) - 2 for row in rows)
    return [texts(rows, align="center", clear=True)] if fits and rows else []
