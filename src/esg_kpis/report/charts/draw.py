"""From a specification of Vega-Lite to a picture that stands inside a page."""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from esg_kpis.report.charts.numbers import MARK, Number, drawn
from esg_kpis.report.unseen import made_visible

Spec = dict[str, Any]

WIDTH = 480
"""The width of every picture in its own units: on a telephone text keeps three quarters of its size."""
SIZE, SMALL, LINE = 13, 12, 16
"""Sizes of text, and the height of a line of it."""

VEGA_LITE = "6.1"
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, 'PingFang HK', 'PingFang TC', 'Microsoft JhengHei', 'Noto Sans CJK HK', 'Noto Sans HK', 'Noto Sans TC', sans-serif"

TEXT, MUTED, RULE, PANEL = "var(--text)", "var(--muted)", "var(--line)", "var(--panel)"
COLOURS = tuple(f"var(--c{place})" for place in range(1, 9))

_AXIS = {"title": None, "labelColor": MUTED, "labelFontSize": SMALL, "labelLimit": 0, "labelOverlap": False, "labelFlush": False, "gridColor": RULE, "domainColor": RULE, "tickColor": RULE, "ticks": False, "domain": False, "labelPadding": 6}
CONFIG: Spec = {"view": {"stroke": None}, "aria": False, "axis": _AXIS, "text": {"fontSize": SMALL, "lineHeight": LINE, "limit": 0}}

_TAG = re.compile(r"<[^>]*>")
_NEEDLESS = re.compile(r' (?:(?:class|role|aria-[a-z]+|pointer-events|font-family)="[^"]*"|opacity="1")')
_EMPTY = re.compile(r'<path(?: transform="[^"]*")? d="(?:M0,0h0v0h0Z)?"(?: display="none")?/>|<path d="M0,0h[\d.]+v[\d.]+h-[\d.]+Z"/>')
_GROUP = re.compile(r"<g(?: transform=\"translate\(0(?:\.5)?,0(?:\.5)?\)\")?></g>")
_LONG = re.compile(r"(\d\.\d{3})\d+")


def specification(layers: Sequence[Spec], width: int, height: int, pads: tuple[int, int, int, int]) -> Spec:
    """One view of some layers. `pads` is the room around it: left, top, right, bottom."""
    return {**_around(pads), "width": width, "height": height, "layer": list(layers), "config": CONFIG}


def side_by_side(panels: Sequence[Spec], columns: int, gaps: tuple[int, int], pads: tuple[int, int, int, int]) -> Spec:
    """Some views of one size in rows of `columns`. `gaps` lie between rows and between columns."""
    return {**_around(pads), "concat": list(panels), "columns": columns, "bounds": "flush", "spacing": {"row": gaps[0], "column": gaps[1]}, "config": CONFIG}


def _around(pads: tuple[int, int, int, int]) -> Spec:
    left, top, right, bottom = pads
    padding = {"left": left, "top": top, "right": right, "bottom": bottom}
    return {"$schema": f"https://vega.github.io/schema/vega-lite/v{VEGA_LITE[0]}.json", "background": "transparent", "autosize": {"type": "none"}, "padding": padding}


def json_of(spec: Mapping[str, Any]) -> str:
    """A specification as JSON, with its numbers as numbers."""
    return re.sub(rf'"{re.escape(json.dumps(MARK)[1:-1])}(-?[0-9.]+)"', r"\1", json.dumps(spec, ensure_ascii=False))


def svg_of(spec: Mapping[str, Any], height: int, prefix: str, label: str) -> str:
    """The picture of a specification, `WIDTH` wide. It takes the width of its place in the page; ids in it begin with `prefix`; `label` is said to who does not see it."""
    import vl_convert  # Takes a moment, and only who draws needs it.

    raw = vl_convert.vegalite_to_svg(json_of(spec), vl_version=VEGA_LITE)
    body = _TAG.sub(lambda tag: _LONG.sub(r"\1", _NEEDLESS.sub("", tag[0])), raw[raw.index(">") + 1 : raw.rindex("</svg>")])
    body = _EMPTY.sub("", body)
    while (less := _GROUP.sub("", body)) != body:
        body = less
    body = re.sub(r'(\bid="|url\(#|href="#)', lambda found: f"{found[0]}{escape(prefix, quote=True)}-", body)
    body = re.sub(r"<text(?=[^>]* stroke=)", '<text paint-order="stroke"', body)
    said = escape(label, quote=True)
    return made_visible(f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="{said}" viewBox="0 0 {WIDTH} {height}" width="100%" font-family="{FONTS}">{body}</svg>')


# ---------------------------------------------------------------- marks at places counted in the units of the picture


def texts(rows: Sequence[Mapping[str, Any]], *, align: str = "left", size: int = SMALL, fill: str = TEXT, bold: bool = False, clear: bool = False) -> Spec:
    """Text at places: rows of `x`, `y` (the middle of the first line) and `text`, one line or several. `clear` keeps lines of the grid away from it."""
    mark = {"type": "text", "align": align, "baseline": "middle", "fontSize": size, "fill": fill, "lineHeight": LINE, **({"fontWeight": "bold"} if bold else {}), **({"stroke": PANEL, "strokeWidth": 4, "strokeJoin": "round"} if clear else {})}
    return {"data": {"values": _placed(rows)}, "mark": mark, "encoding": {**_at("x", "y"), "text": {"field": "text", "type": "nominal"}}}


def boxes(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Filled boxes at places: rows of `x`, `x2`, `y`, `y2` and `fill`."""
    fill = {"field": "fill", "type": "nominal", "scale": None}
    return {"data": {"values": _placed(rows)}, "mark": {"type": "rect"}, "encoding": {**_at("x", "y"), "x2": {"field": "x2"}, "y2": {"field": "y2"}, "fill": fill}}


def rules(rows: Sequence[Mapping[str, Any]], *, stroke: str = RULE, wide: int = 1, dash: tuple[int, int] | None = None) -> Spec:
    """Lines from `x`, `y` to `x2`, `y2`."""
    mark = {"type": "rule", "stroke": stroke, "strokeWidth": wide, **({"strokeDash": list(dash)} if dash else {})}
    return {"data": {"values": _placed(rows)}, "mark": mark, "encoding": {**_at("x", "y"), "x2": {"field": "x2"}, "y2": {"field": "y2"}}}


def _at(*channels: str) -> Spec:
    return {channel: {"field": channel, "type": "quantitative", "scale": None, "axis": None} for channel in channels}


def _placed(rows: Sequence[Mapping[str, Any]]) -> list[Spec]:
    return [{name: number(value) if name in ("x", "x2", "y", "y2") else value for name, value in row.items()} for row in rows]


def number(value: Number) -> int | str:
    """A number for a specification: whole ones as they are."""
    return value if isinstance(value, int) else drawn(value)
