"""Charts of restatement: from what one edition printed to what another printed, cause by cause, as a waterfall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.exact import printed
from esg_kpis.report.charts.axis import axis_above
from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.draw import COLOURS, LINE, MUTED, SMALL, WIDTH, Spec, boxes, rules, specification, svg_of, texts
from esg_kpis.report.charts.numbers import Number, shown, signed, ticks_of
from esg_kpis.report.charts.text import widest, wrapped
from esg_kpis.report.charts.view import View
from esg_kpis.report.charts.words import listed, sentences
from esg_kpis.report.site.basis import to_explorer
from esg_kpis.restatement.bridge import AND, UNREPRODUCED_FROM, UNREPRODUCED_TO

MOST = 6
_LABEL, _BAR = 160, 15
MORE, LESS, LEVEL, UNKNOWN = COLOURS[1], COLOURS[0], MUTED, COLOURS[7]


@dataclass(frozen=True)
class Step:
    """One bar of a waterfall: from one level to another, and what is said behind it."""

    label: str
    start: Number
    end: Number
    said: str
    fill: str


def bridge_charts(view: View) -> list[Chart]:
    """A waterfall per figure of the whole that another edition printed otherwise, in the order of the report."""
    table = view.table("bridge")
    if table.is_empty():
        return []
    own = table.filter((pl.col("to") == view.edition_id) & (pl.col("breakdown") == "total"))
    found = sorted(own.partition_by("from", "period", "kpi_id", "breakdown", "category", maintain_order=True), key=lambda part: view.places.get((part["kpi_id"][0], "total", part["category"][0]), 0))
    changed = [part.sort("place") for part in found if _changes(view, part.sort("place"))]
    return [_waterfall(view, part, len(changed) - MOST if place == min(MOST, len(changed)) - 1 else 0) for place, part in enumerate(changed[:MOST])]


def _changes(view: View, part: pl.DataFrame) -> bool:
    """Whether what is printed changed."""
    places = _decimals(view, part.row(0, named=True))
    return shown(part["before"][0], places) != shown(part["after"][-1], places)


def _decimals(view: View, part: Mapping[str, Any]) -> int:
    """The decimals of a waterfall: those of the figure as either edition prints it, the more of both, so that neither end is rounded once more."""
    same = (pl.col("kpi_id") == part["kpi_id"]) & (pl.col("period") == part["period"]) & (pl.col("breakdown") == part["breakdown"]) & (pl.col("category") == part["category"])
    found: list[int] = view.basis.tables["kpi_values"].filter(same & pl.col("edition").is_in([part["from"], part["to"]]))["decimals"].to_list()
    return max([*found, view.edition.kpis[part["kpi_id"]].decimals if part["kpi_id"] in view.edition.kpis else 2])


def _cause(view: View, row: dict[str, Any]) -> str:
    edition = {UNREPRODUCED_FROM: row["from"], UNREPRODUCED_TO: row["to"]}.get(row["cause"], "")
    return " + ".join(view.say("causes", name, edition=edition) for name in row["cause"].split(AND))


def _moved(row: dict[str, Any], places: int) -> str:
    """What a cause did, between the levels as they are shown, so that who adds up what is printed gets what is printed. `esg-kpis bridge` does the same."""
    return shown(Decimal(printed(Fraction(row["after"]), places)) - Decimal(printed(Fraction(row["before"]), places)), places)


def steps_of(view: View, rows: Sequence[dict[str, Any]]) -> list[Step]:
    """The bars of a waterfall: both ends as levels from zero, and each cause that has an effect between. What could not be reproduced always has a bar."""
    places = _decimals(view, rows[0])
    first, last = rows[0], rows[-1]
    ends = [(first["from"], first["before"], first["cause"] == UNREPRODUCED_FROM), (last["to"], last["after"], last["cause"] == UNREPRODUCED_TO)]
    levels = [Step(view.say("said", "printed_in" if is_printed else "computed_in", edition=edition), 0, value, signed(shown(value, places)), LEVEL) for edition, value, is_printed in ends]
    between = []
    for row in rows:
        unreproduced = row["cause"] in (UNREPRODUCED_FROM, UNREPRODUCED_TO)
        if row["effect"] == 0 and not unreproduced:
            continue
        text = _moved(row, places)
        plus = "+" if row["effect"] > 0 and text.strip("0.") else ""
        between.append(Step(_cause(view, row), row["before"], row["after"], f"{plus}{signed(text)}", UNKNOWN if unreproduced else MORE if row["effect"] > 0 else LESS))
    return [levels[0], *between, levels[1]]


def _waterfall(view: View, part: pl.DataFrame, more: int) -> Chart:
    rows = part.to_dicts()
    kpi, period, first, second = rows[0]["kpi_id"], rows[0]["period"], rows[0]["from"], rows[0]["to"]
    places, unit = _decimals(view, rows[0]), view.unit((kpi, "total", rows[0]["category"]))
    steps = steps_of(view, rows)
    title = view.say("title", "bridge", kpi=view.label((kpi, "total", rows[0]["category"])), period=view.period(period), first=first, second=second)
    idle = [_cause(view, row) for row in rows if row["effect"] == 0 and row["cause"] not in (UNREPRODUCED_FROM, UNREPRODUCED_TO)]
    note = [
        view.say("note", "bridge", unit=unit, first=first, second=second),
        view.say("note", "bridge_none", names=listed(idle, view.language)) if idle else "",
        view.say("note", "bridge_more", count=more) if more else "",
    ]
    name = f"bridge-{kpi}-{period}-from-{first}"
    said = f"{title}: {'; '.join(f'{step.label} {step.said}' for step in steps)}"
    header = (view.say("word", "basis"), f"{view.say('word', 'effect')}, {unit}", f"{view.say('word', 'level')}, {unit}", view.say("word", "meaning"))
    begin = (steps[0].label, "", shown(rows[0]["before"], places), "")
    table = (begin, *((_cause(view, row), _moved(row, places), shown(row["after"], places), row["text"]) for row in rows))
    links = ((view.label((kpi, "total", rows[0]["category"])), to_explorer("cell", view.edition_id, kpi, period, "total", rows[0]["category"])),)
    return Chart(name, title, _picture(steps, unit, f"{view.edition_id}-{name}", said), sentences(note, view.language), header, table, links)


def _picture(steps: Sequence[Step], unit: str, prefix: str, said: str) -> str:
    ticks = ticks_of([level for step in steps for level in (step.start, step.end)])
    behind = widest([step.said for step in steps], SMALL) + 12
    width = WIDTH - _LABEL - behind
    scale = Fraction(width) / (ticks[-1] - ticks[0])
    filled: list[Spec] = []
    joints: list[Spec] = []
    labels: list[Spec] = []
    values: list[Spec] = []
    y = 6
    for place, step in enumerate(steps):
        label = wrapped(step.label, _LABEL - 14, SMALL)
        high = max(LINE * len(label), _BAR) + 10
        middle = y + high // 2
        start, end = ((Fraction(level) - ticks[0]) * scale for level in (step.start, step.end))
        least = Fraction(1) if abs(end - start) < 1 else Fraction(0)  # What is too small to see is a stroke.
        filled.append({"x": min(start, end) - least, "x2": max(start, end) + least, "y": middle - _BAR // 2, "y2": middle + _BAR // 2 + 1, "fill": step.fill})
        labels.append({"x": -8, "y": middle - LINE * (len(label) - 1) // 2, "text": label})
        values.append({"x": max(start, end) + 7, "y": middle, "text": step.said})
        if place < len(steps) - 1:
            joints.append({"x": end, "x2": end, "y": middle + _BAR // 2, "y2": y + high + 6})
        y += high
    layers = [
        *axis_above(ticks, width, [(0, y)]), texts([{"x": -_LABEL, "y": -LINE // 2, "text": unit}], fill=MUTED),
        rules(joints, stroke=MUTED), boxes(filled), texts(labels, align="right"), texts(values, clear=True),
    ]  # fmt: skip
    return svg_of(specification(layers, width, y, (_LABEL, 2 * LINE, behind, 6)), 2 * LINE + y + 6, prefix, said)
