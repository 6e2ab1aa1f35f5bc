"""The chart of targets: base, path, actual figures and target of each, earlier versions of it quietly beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.draw import COLOURS, LINE, MUTED, SMALL, TEXT, WIDTH, Spec, rules, specification, svg_of, texts
from esg_kpis.report.charts.numbers import drawn, shown, signed, tick_labels, ticks_of
from esg_kpis.report.charts.text import widest, width_of, wrapped
from esg_kpis.report.charts.view import View
from esg_kpis.report.charts.words import listed, sentences

NAME = "targets"
_HEIGHT, _BEHIND, _GAP = 96, 104, 22
Point = tuple[int, Fraction]


@dataclass(frozen=True)
class Track:
    """One target in one version: points of its path, the target, and the actual figures."""

    version: str
    path: tuple[Point, ...]
    goal: Point
    base: Point | None
    actual: tuple[Point, ...]
    verdict: str


@dataclass(frozen=True)
class Plotted:
    """One target as it is drawn: its newest version, and the earlier ones that were otherwise."""

    title: str
    unit: str
    decimals: int
    track: Track
    earlier: tuple[Track, ...]
    ended: bool
    printed: Mapping[Point, str]

    def said(self, point: Point) -> str:
        """A figure as the results print it, where it is one of theirs."""
        return signed(self.printed.get(point) or shown(point[1], self.decimals))

    @property
    def points(self) -> list[Point]:
        """Everything that is drawn."""
        return [point for track in (self.track, *self.earlier) for point in (*track.path, *track.actual, track.goal, *([track.base] if track.base else []))]


def target_chart(view: View) -> Chart | None:
    """A panel per target that has a figure to show, in the order of the edition."""
    rows = view.table("targets")
    if rows.is_empty():
        return None
    progress: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in view.table("target_progress").iter_rows(named=True):
        progress.setdefault((row["target_id"], row["version"]), []).append(row)
    by_target: dict[str, list[dict[str, Any]]] = {}
    order = list(dict.fromkeys(target.id for target in view.edition.targets))
    for row in sorted(rows.iter_rows(named=True), key=lambda row: (order.index(row["target_id"]), row["version_number"])):
        by_target.setdefault(row["target_id"], []).append(row)
    plotted, left_out = [], []
    for versions in by_target.values():
        made = _plotted(view, versions, progress)
        if made is None:
            left_out.append(_label(view, versions[-1]))
        else:
            plotted.append(made)
    if not plotted:
        return None
    title = view.say("title", NAME)
    note = sentences([view.say("note", "targets"), view.say("note", "targets_left_out", names=listed(left_out, view.language)) if left_out else ""], view.language)
    said = f"{title}: {'; '.join(f'{item.title}: {item.track.verdict}' for item in plotted)}"
    header = tuple(view.say("word", name) for name in ("target", "version", "period", "base", "path", "actual", "target", "unit", "verdict"))
    return Chart(NAME, title, _picture(view, plotted, f"{view.edition_id}-{NAME}", said), note, header, _table(view, by_target, progress))


def _label(view: View, row: dict[str, Any]) -> str:
    return str((row["label_zh"] if view.language == "zh" else None) or row["label"])


def _plotted(view: View, versions: Sequence[dict[str, Any]], progress: dict[tuple[str, str], list[dict[str, Any]]]) -> Plotted | None:
    tracks = [(row, track) for row in versions if (track := _track(view, row, progress.get((row["target_id"], row["version"]), []))) is not None]
    if not any(track.actual or track.base for _, track in tracks):
        return None
    row, newest = tracks[-1]
    earlier = tuple(track for _, track in tracks[:-1] if (track.path, track.goal) != (newest.path, newest.goal) or (track.actual and not newest.actual))
    ended = row["ended"] is not None
    label = _label(view, row)
    cell = (row["kpi_id"], row["breakdown"] or "total", row["category"] or "All")
    unit = view.unit(cell) or view.unit((row["kpi_id"], "total", "All")) or progress[row["target_id"], row["version"]][0]["unit"] or row["unit"]
    decimals = view.edition.kpis[row["kpi_id"]].decimals if row["kpi_id"] in view.edition.kpis else 2
    figures = [point for _, track in tracks for point in (*track.actual, *([track.base] if track.base else []))]
    printed = {point: text for point in figures if (text := _printed(view, row, *point))}
    return Plotted(view.say("said", "dropped", label=label, version=row["version"]) if ended else label, unit, decimals, newest, earlier, ended, printed)


def _printed(view: View, row: Mapping[str, Any], year: int | None, value: Fraction | Decimal | None) -> str | None:
    """The figure of a target's KPI in a year as the results print it; None for what is none of theirs, such as a sum over years."""
    period = next((name for name in view.periods if _year(view, name) == year), "")
    return None if value is None else view.printed((row["kpi_id"], row["breakdown"] or "total", row["category"] or "All"), period, Fraction(value))


def _track(view: View, row: dict[str, Any], steps: Sequence[dict[str, Any]]) -> Track | None:
    """A target in one version; None where there is no figure to aim at."""
    steps = sorted(steps, key=lambda step: _year(view, step["period"]))
    goals = [step["target_value"] for step in steps if step["target_value"] is not None]
    if not goals:
        return None
    goal = (row["target_year"], Fraction(goals[-1]))
    bases = [step["base_value"] for step in steps if step["base_value"] is not None]
    base = (row["base"], Fraction(bases[-1])) if bases and row["base"] is not None else None
    actual = tuple((_year(view, step["period"]), Fraction(step["actual"])) for step in steps if step["actual"] is not None)
    path: tuple[Point, ...] = ()
    if row["path"] != "none":
        if base is not None:
            path = (base, goal)
        elif row["kind"] == "cumulative" and row["counts_from"] is not None:
            path = ((row["counts_from"] - 1, Fraction(0)), goal)
        elif row["counts_from"] is not None:
            path = ((row["counts_from"], goal[1]), goal)
    return Track(row["version"], path, goal, base, actual, view.say("verdicts", steps[-1]["verdict"]))


def _year(view: View, period: str) -> int:
    return view.edition.periods[period].last.year


def _table(view: View, by_target: dict[str, list[dict[str, Any]]], progress: dict[tuple[str, str], list[dict[str, Any]]]) -> tuple[tuple[str, ...], ...]:
    found = []
    for versions in by_target.values():
        for row in versions:
            places = view.edition.kpis[row["kpi_id"]].decimals if row["kpi_id"] in view.edition.kpis else 2
            for step in sorted(progress.get((row["target_id"], row["version"]), []), key=lambda step: _year(view, step["period"])):
                years = {"base_value": row["base"], "actual": _year(view, step["period"])}
                numbers = ["" if step[name] is None else _printed(view, row, years.get(name), step[name]) or shown(step[name], places) for name in ("base_value", "path_value", "actual", "target_value")]
                found.append((_label(view, row), row["version"], step["period"], *numbers, step["unit"] or "", view.say("verdicts", step["verdict"])))
    return tuple(found)


# ---------------------------------------------------------------- the picture


def _picture(view: View, plotted: Sequence[Plotted], prefix: str, said: str) -> str:
    axes = [ticks_of([value for _, value in item.points], 3) for item in plotted]
    left = max(widest(tick_labels(ticks), SMALL) for ticks in axes) + 8
    width = WIDTH - left - _BEHIND
    layers: list[Spec] = []
    y = 0
    for item, ticks in zip(plotted, axes, strict=True):
        title = wrapped(item.title, WIDTH - 4, SMALL, bold=True)
        layers.append(texts([{"x": -left, "y": y + LINE // 2, "text": title}], bold=True, fill=MUTED if item.ended else TEXT))
        layers.append(texts([{"x": -left, "y": y + LINE // 2 + LINE * len(title), "text": item.unit}], fill=MUTED))
        y += LINE * (len(title) + 1) + 14
        layers += _panel(view, item, ticks, left, width, y)
        y += _HEIGHT + LINE + 6 + _GAP
    return svg_of(specification(layers, width, y - _GAP, (left, 2, _BEHIND, 2)), y - _GAP + 4, prefix, said)


def _panel(view: View, item: Plotted, ticks: list[Fraction], left: int, width: int, top: int) -> list[Spec]:
    years = [year for year, _ in item.points]
    first, last = min(years), max(years)
    first = first - 1 if first == last else first

    def at(point: Point) -> tuple[Fraction, Fraction]:
        return Fraction(width * (point[0] - first), last - first), top + (ticks[-1] - point[1]) / (ticks[-1] - ticks[0]) * _HEIGHT

    lines = [{"x": 0, "x2": width, "y": at((first, tick))[1], "y2": at((first, tick))[1]} for tick in ticks]
    layers = [rules(lines), texts([{"x": -6, "y": line["y"], "text": label} for line, label in zip(lines, tick_labels(ticks), strict=True)], align="right", fill=MUTED)]
    layers.append(texts(_years(first, last, item, width, top), align="center", fill=MUTED))
    for track in item.earlier:
        layers += [*_line(at, track.path, MUTED, (1, 4)), _diamond(at(track.goal), MUTED)]
    layers += _line(at, item.track.path, MUTED if item.ended else TEXT, (6, 4))
    measured = next((track for track in (item.track, *reversed(item.earlier)) if track.actual), item.track)
    actual = [*([measured.base] if measured.base else []), *measured.actual]
    layers += _line(at, actual, COLOURS[0], None, wide=2)
    layers += [_marks([at(point) for point in actual], COLOURS[0], "circle"), _diamond(at(item.track.goal), MUTED if item.ended else COLOURS[1])]
    goal = [*wrapped(signed(shown(item.track.goal[1], item.decimals)), _BEHIND - 12, SMALL), view.say("said", "target_in", year=item.track.goal[0])]
    goal_y = min(at(item.track.goal)[1] - Fraction(LINE * (len(goal) - 1), 2), Fraction(top + _HEIGHT - LINE * (len(goal) - 1) - 4))
    layers.append(texts([{"x": width + 10, "y": goal_y, "text": goal}]))
    return layers + ([_newest(item, measured, actual[-1], at(actual[-1]), width, top)] if actual else [])


def _newest(item: Plotted, track: Track, point: Point, place: tuple[Fraction, Fraction], width: int, top: int) -> Spec:
    """The newest actual figure with its verdict beside its point, on the side where the path is not."""
    text = f"{item.said(point)} · {track.verdict}"
    x, y = place
    room = width_of(text, SMALL)
    path = track.path or (track.goal,)
    rising = path[-1][1] > path[0][1]
    free = y + 22 <= top + _HEIGHT  # Below a rising path and above a falling one there is room to the right.
    above = not (rising and free) if rising or point[1] >= _on(path, point[0]) else not free
    to_the_left = x + 8 + room > width + 6 or (above and rising and x - 8 - room >= 0)
    return texts([{"x": x + 4 if to_the_left else max(x - 4, Fraction(4)), "y": y - 13 if above else y + 14, "text": text}], align="right" if to_the_left else "left", clear=True)


def _on(path: Sequence[Point], year: int) -> Fraction:
    (first, low), (last, high) = path[0], path[-1]
    return low if first == last else low + (high - low) * Fraction(year - first, last - first)


def _years(first: int, last: int, item: Plotted, width: int, top: int) -> list[Spec]:
    """Years under a panel: the ends, and between them those with actual figures that have room."""
    found = []
    taken: list[Fraction] = []
    for year in dict.fromkeys([first, last, item.track.goal[0], *sorted((year for year, _ in item.points), reverse=True)]):
        x = Fraction(width * (year - first), last - first)
        if first <= year <= last and all(abs(x - other) > 36 for other in taken):
            taken.append(x)
            found.append({"x": x, "y": top + _HEIGHT + 14, "text": str(year)})
    return found


def _line(at: Any, points: Sequence[Point], stroke: str, dash: tuple[int, int] | None, wide: int = 1) -> list[Spec]:  # noqa: ANN401
    places = [at(point) for point in points]
    parts = [{"x": x, "y": y, "x2": x2, "y2": y2} for (x, y), (x2, y2) in pairwise(places)]
    return [rules(parts, stroke=stroke, dash=dash, wide=wide)] if parts else []


def _diamond(place: tuple[Fraction, Fraction], fill: str) -> Spec:
    return _marks([place], fill, "diamond")


def _marks(places: Sequence[tuple[Fraction, Fraction]], fill: str, shape: str) -> Spec:
    rows = [{"x": drawn(x), "y": drawn(y)} for x, y in places]
    encoding = {channel: {"field": channel, "type": "quantitative", "scale": None, "axis": None} for channel in ("x", "y")}
    return {"data": {"values": rows}, "mark": {"type": "point", "shape": shape, "filled": True, "fill": fill, "size": 90 if shape == "diamond" else 44, "opacity": 1}, "encoding": encoding}
