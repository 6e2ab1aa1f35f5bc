"""The axis above bars that lie: ticks, and their lines behind the rows."""

from collections.abc import Sequence
from fractions import Fraction

from esg_kpis.report.charts.draw import LINE, MUTED, SMALL, Spec, rules, texts
from esg_kpis.report.charts.numbers import tick_labels
from esg_kpis.report.charts.text import widest


def axis_above(ticks: Sequence[Fraction], width: int, spans: Sequence[tuple[int, int]], *, flat: bool = False) -> list[Spec]:
    """Lines of the ticks from and to the heights of `spans`, zero darker; labels of all ticks, or of the outer ones and zero where there is no room for more. Where all is zero (`flat`) that is the only one."""
    if flat:
        return [rules([{"x": 0, "x2": 0, "y": first, "y2": last} for first, last in spans], stroke=MUTED), texts([{"x": 0, "y": -LINE // 2, "text": "0"}], align="center", fill=MUTED)]
    places = [(tick - ticks[0]) / (ticks[-1] - ticks[0]) * width for tick in ticks]
    labels = tick_labels(ticks)
    crowded = widest(labels, SMALL) + 8 > Fraction(width, len(ticks) - 1)
    named = [(x, label) for x, label, tick in zip(places, labels, ticks, strict=True) if not crowded or tick in (ticks[0], ticks[-1], 0)]
    return [
        rules([{"x": x, "x2": x, "y": first, "y2": last} for x in places for first, last in spans]),
        rules([{"x": x, "x2": x, "y": first, "y2": last} for x, tick in zip(places, ticks, strict=True) if tick == 0 for first, last in spans], stroke=MUTED),
        texts([{"x": x, "y": -LINE // 2, "text": label} for x, label in named], align="center", fill=MUTED),
    ]
