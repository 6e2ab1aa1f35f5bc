"""The chart of energy by carrier: the edition's largest KPI of energy, by what was bought or burnt."""

from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from esg_kpis.editions import Kpi
from esg_kpis.errors import UnitProblem
from esg_kpis.kpis import Part, leaf_value, selected
from esg_kpis.kpis.selection import Row
from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.columns import Stacks, over_time
from esg_kpis.report.charts.draw import COLOURS
from esg_kpis.report.charts.numbers import shown
from esg_kpis.report.charts.view import View
from esg_kpis.report.charts.words import named, sentences
from esg_kpis.report.site.basis import to_explorer
from esg_kpis.units import multiplier

_ROW = ("measure", "quantity", "estimated", "size", "blocked", "rows", "short")
NAME = "energy-by-carrier"
WHOLE = ("total", "All")


def _is_energy(unit: str) -> bool:
    try:
        multiplier(unit, "MWh")
    except UnitProblem:
        return False
    return True


def energy_kpi(view: View) -> Kpi | None:
    """The KPI of energy that takes in most: the one with the largest value in the newest period of any."""
    found = []
    for place, kpi in enumerate(view.edition.kpis.values()):
        whole = view.cells.get((kpi.id, *WHOLE), {})
        values = [(view.periods.index(period), row["value"]) for period, row in whole.items() if row["value"] is not None]
        if kpi.formula == "sum" and not any(item.where for item in kpi.amounts) and values and _is_energy(kpi.unit):
            period, value = max(values)
            found.append((period, Fraction(value) * multiplier(kpi.unit, "MWh"), -place, kpi))
    return max(found, key=lambda entry: entry[:3])[3] if found else None


def by_carrier(view: View, kpi: Kpi) -> dict[tuple[str, str], Fraction]:
    """The KPI by period and the measure that its amounts go back to, in its unit: its own sum, of one measure each."""
    cube = pl.concat([selected(view.inputs.cube, amounts) for amounts in kpi.amounts])
    found = {}
    for (period, origin), rows in cube.filter(pl.col("period").is_in(view.periods)).group_by("period", "origin"):
        known = rows.filter(pl.col("blocked").is_null()).select(_ROW).rows()
        value = leaf_value(kpi, view.edition.periods[str(period)], _always(known), view.inputs) if known else None
        if value is not None:
            found[str(period), str(origin)] = value
    return found


def _always(rows: Sequence[Row]) -> Part:
    """A part of the cube that is these rows, whoever asks."""
    return lambda _kpi, _within: rows


def energy_by_carrier(view: View) -> tuple[Kpi | None, dict[tuple[str, str], Fraction]]:
    """The KPI of energy and what it is made of; nothing where it may not be told in parts."""
    kpi = energy_kpi(view)
    if kpi is None or view.of_heads.intersection(name for item in kpi.amounts for name in item.measure):
        return None, {}
    return kpi, by_carrier(view, kpi)


def energy_chart(view: View) -> Chart | None:
    """Energy by carrier over the periods."""
    kpi, found = energy_by_carrier(view)
    if kpi is None or not found:
        return None
    sizes: dict[str, Fraction] = {}
    for (_, origin), value in found.items():
        sizes[origin] = sizes.get(origin, Fraction(0)) + abs(value)
    ranked = sorted(sizes, key=lambda origin: (-sizes[origin], origin))
    kept = ranked if len(ranked) <= len(COLOURS) else ranked[: len(COLOURS) - 1]
    names = {origin: named("measures", origin, view.language) if origin in kept else view.say("word", "other") for origin in ranked}
    values: dict[tuple[str, str], Fraction] = {}
    for (period, origin), value in found.items():
        values[period, names[origin]] = values.get((period, names[origin]), Fraction(0)) + value
    cells, unit = view.cells[kpi.id, *WHOLE], view.unit((kpi.id, *WHOLE))
    marks = frozenset(period for period, row in cells.items() if row["status"] in ("incomplete", "blocked"))
    blocked = sorted(period for period, row in cells.items() if row["status"] == "blocked")
    series = list(dict.fromkeys(names.values()))
    stacks = Stacks(view.periods, [(period, period, period) for period in view.periods], series, values, unit, kpi.decimals, marks)
    totals = stacks.totals
    note = [
        view.say("note", "energy", kpi=view.label((kpi.id, *WHOLE)), unit=unit),
        view.say("note", "blocked", periods=", ".join(blocked)) if blocked else "",
        view.say("note", "incomplete") if marks - set(blocked) else "",
    ]
    title = view.say("title", NAME)
    header = (view.say("word", "period"), *(f"{item}, {unit}" for item in series), f"{view.say('word', 'total')}, {unit}")
    table = tuple(
        (f"{period}{'*' if period in marks else ''}", *(shown(values[period, item], kpi.decimals) if (period, item) in values else "" for item in series), shown(total, kpi.decimals))
        for period, total in totals.items()
    )
    said = f"{title}: {'; '.join(view.say('said', 'of_period', period=view.period(period), value=shown(total, kpi.decimals), unit=unit) for period, total in totals.items())}"
    return Chart(NAME, title, over_time(view, stacks, f"{view.edition_id}-{NAME}", said), sentences(note, view.language), header, table, ((view.label((kpi.id, *WHOLE)), to_explorer("kpi", view.edition_id, kpi.id)),))
