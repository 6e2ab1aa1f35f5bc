"""What the colours of a picture mean, above it."""

from collections.abc import Sequence

from esg_kpis.report.charts.draw import LINE, SMALL, Spec, boxes, texts
from esg_kpis.report.charts.text import width_of

SWATCH = 11
_GAP = 18


def legend(entries: Sequence[tuple[str, str]], width: int, left: int, top: int) -> tuple[list[Spec], int]:
    """Names with their colours in as many rows as they need, and how high it is.

    Args:
        entries: Names and colours, in the order of the picture.
        width: The room for a row.
        left: Where rows begin, from the left of the view.
        top: Where the first row begins, from its top.
    """
    x, y, swatches, names = 0, 0, [], []
    for name, colour in entries:
        room = SWATCH + 5 + width_of(name, SMALL)
        if x and x + room > width:
            x, y = 0, y + LINE + 2
        middle = top + y + LINE // 2
        swatches.append({"x": left + x, "x2": left + x + SWATCH, "y": middle - 6, "y2": middle - 6 + SWATCH, "fill": colour})
        names.append({"x": left + x + SWATCH + 5, "y": middle, "text": name})
        x += room + _GAP
    return ([boxes(swatches), texts(names)] if entries else []), y + LINE if entries else 0
