"""The chart of what contributes most to the uncertainty of the figures of the newest period."""

import re
from fractions import Fraction

import polars as pl

from esg_kpis.report.charts.bars import Bars, Group, Row, lying
from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.numbers import shown
from esg_kpis.report.charts.view import View, printed_of
from esg_kpis.report.charts.words import named

NAME = "uncertainty"
MOST = 8
_METER = re.compile(r"meter (?P<meter>.+) at site (?P<site>[^,]+), (?P<measure>\w+)")
_ACTIVITY = re.compile(r"(?P<measure>\w+) at site (?P<site>[^,]+)")


def uncertainty_chart(view: View) -> Chart | None:
    """Per figure of the whole its three largest sources, and the others together."""
    states, sources = view.table("uncertainty"), view.table("uncertainty_sources")
    if states.is_empty() or sources.is_empty():
        return None
    whole = states.filter((pl.col("breakdown") == "total") & (pl.col("status") == "ok") & (pl.col("percent") > 0))
    newest = view.latest(whole["period"].unique().to_list())
    if newest is None:
        return None
    cells = sorted(((row["kpi_id"], row["breakdown"], row["category"], row["percent"]) for row in whole.filter(pl.col("period") == newest).iter_rows(named=True)), key=lambda row: view.places.get(row[:3], 0))
    groups, table = [], []
    for kpi, breakdown, category, percent in cells[:MOST]:
        cell = (kpi, breakdown, category)
        own = sources.filter((pl.col("kpi_id") == kpi) & (pl.col("period") == newest) & (pl.col("breakdown") == breakdown) & (pl.col("category") == category)).sort("rank")
        found = [(source_in_words(view, row["source"]), Fraction(row["contribution_percent"]), shown(row["own_percent"], 1)) for row in own.iter_rows(named=True)]
        rest = 100 - sum((share for _, share, _ in found), Fraction(0))
        if rest >= Fraction(5, 100):
            found.append((view.say("word", "rest"), rest, ""))
        heading = view.say("said", "half_interval", label=view.label(cell), value=printed_of(view.cells.get(cell, {}).get(newest)), unit=view.unit(cell), percent=shown(percent, 1))
        groups.append(Group(heading, tuple(Row(label, (("", share),), f"{shown(share, 1)} %") for label, share, _ in found)))
        table += [(view.label(cell), label, alone, shown(share, 1)) for label, share, alone in found]
    title = view.say("title", NAME)
    said = f"{title}, {newest}: {'; '.join(f'{group.heading}: {group.rows[0].label} {group.rows[0].said}' for group in groups if group.rows)}"
    svg = lying(Bars(groups, view.say("word", "of_variance"), extent=(100,)), f"{view.edition_id}-{NAME}", said)
    header = (view.say("word", "indicator"), view.say("word", "source"), view.say("word", "own"), view.say("word", "contribution"))
    return Chart(NAME, title, svg, view.say("note", NAME, period=view.period(newest)), header, tuple(table))


def source_in_words(view: View, source: str) -> str:
    """What contributes, in words."""
    if source.startswith("factor "):
        return view.say("said", "factor", name=source.removeprefix("factor "))
    if found := _METER.fullmatch(source):
        return view.say("said", "meter", meter=found["meter"], site=found["site"], measure=named("measures", found["measure"], view.language))
    if found := _ACTIVITY.fullmatch(source):
        return view.say("said", "activity", site=found["site"], measure=named("measures", found["measure"], view.language))
    return source
