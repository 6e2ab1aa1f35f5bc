"""The chart of energy by carrier: the edition's largest KPI of energy, by what was bought or burnt."""

from fractions import Fraction

import polars as pl

from esg_kpis.editions import Kpi
from esg_kpis.errors import UnitProblem
from esg_kpis.kpis import Part, leaf_value, selected
from esg_kpis.kpis.cut import Cut, Totals
from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.parts import Parts, over_periods
from esg_kpis.report.charts.view import View, printed_of
from esg_kpis.report.charts.words import named, sentences
from esg_kpis.report.site.basis import to_explorer
from esg_kpis.units import multiplier

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
    found = {}
    for (period, origin), rows in _selected(view, kpi).group_by("period", "origin"):
        known = rows.filter(pl.col("blocked").is_null())
        value = leaf_value(kpi, view.edition.periods[str(period)], _always(Cut(known).totals(range(known.height))), view.inputs)
        if value is not None:
            found[str(period), str(origin)] = value
    return found


def blocked_carriers(view: View, kpi: Kpi) -> frozenset[tuple[str, str]]:
    """Periods and measures of which something cannot be computed."""
    return frozenset(_selected(view, kpi).filter(pl.col("blocked").is_not_null()).select("period", "origin").iter_rows())


def _selected(view: View, kpi: Kpi) -> pl.DataFrame:
    """The rows of the cube that the KPI adds up."""
    return pl.concat([selected(view.inputs.cube, amounts) for amounts in kpi.amounts]).filter(pl.col("period").is_in(view.periods))


def _always(totals: Totals) -> Part:
    """A part of the cube that is this, whoever asks."""
    return lambda _kpi, _within: totals


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
    whole = (kpi.id, *WHOLE)
    cells, unit = view.cells[whole], view.unit(whole)
    marks = frozenset(period for period, row in cells.items() if row["status"] in ("incomplete", "blocked"))
    lacking = sorted(period for period, row in cells.items() if row["status"] == "blocked")
    printed = {period: printed_of(row) for period, row in cells.items() if row["printed"] is not None}
    note = [
        view.say("note", "energy", kpi=view.label(whole), unit=unit),
        view.say("note", "blocked", periods=", ".join(lacking)) if lacking else "",
        view.say("note", "incomplete") if marks - set(lacking) else "",
    ]
    parts = Parts(found, blocked_carriers(view, kpi), lambda origin: named("measures", origin, view.language), unit, kpi.decimals, printed)
    return over_periods(view, NAME, parts, marks, sentences(note, view.language), ((view.label(whole), to_explorer("kpi", view.edition_id, kpi.id)),))
