"""Charts of people by group, from the cells of KPIs only: what is suppressed there stays hidden here."""

from collections.abc import Sequence
from fractions import Fraction

from esg_kpis.domains import people
from esg_kpis.editions import Kpi
from esg_kpis.report.charts.bars import Bars, Group, Row, lying
from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.numbers import signed
from esg_kpis.report.charts.view import View
from esg_kpis.report.charts.words import sentences

_MEASURES = {measure.name for measure in people.DOMAIN.measures}
LEFT = "employees_left"
MOST = 40


def people_charts(view: View) -> list[Chart]:
    """Turnover by group, and the other shares of people by group."""
    shares = [kpi for kpi in view.edition.kpis.values() if kpi.formula in ("share", "rate") and kpi.unit == "%" and _measures(view, kpi) & _MEASURES]
    turnover = [kpi for kpi in shares if LEFT in _measures(view, kpi)]
    others = [kpi for kpi in shares if kpi not in turnover and kpi.numerator == kpi.denominator]
    return [chart for chart in (_chart(view, "turnover", turnover, whole=True), _chart(view, "people-shares", others, whole=False)) if chart is not None]


def _measures(view: View, kpi: Kpi) -> set[str]:
    """The measures that the numerator of a share adds up."""
    top = view.edition.kpis.get(kpi.numerator or "")
    return {name for item in top.amounts for name in item.measure} if top is not None else set()


def _chart(view: View, name: str, kpis: Sequence[Kpi], *, whole: bool) -> Chart | None:
    spots = [(kpi, cell) for kpi in kpis for cell in sorted((cell for cell in view.cells if cell[0] == kpi.id and cell[1] != "boundary"), key=lambda cell: view.places.get(cell, 0)) if whole or cell[1] != "total"]
    there = [cell for kpi, cell in spots if not _alone(view, kpi)]
    newest = view.latest([period for cell in there for period, row in view.cells[cell].items() if row["value"] is not None or row["status"] == "suppressed"])
    if newest is None or all(cell[1] == "total" for cell in there):
        return None
    earlier = view.periods[: view.periods.index(newest)]
    before = earlier[-1] if earlier else None
    shown = [cell for cell in there if newest in view.cells[cell] and (view.cells[cell][newest]["value"] is not None or view.cells[cell][newest]["status"] == "suppressed")]
    groups = _groups(view, shown[:MOST], newest, before)
    rows = [row for group in groups for row in group.rows]
    flat = not any(any(size for _, size in row.parts) or row.before for row in rows)
    hidden = any(row["status"] == "suppressed" for cell in there for row in view.cells[cell].values())
    note = [
        view.say("note", "groups", period=view.period(newest)),
        view.say("note", "groups_zero") if flat and not hidden else "",
        view.say("note", "groups_before") if any(row.before is not None for row in rows) else "",
        view.say("note", "hidden") if hidden else "",
        view.say("note", "incomplete") if any(row.said.endswith("*") for row in rows) else "",
        view.say("note", "groups_more", count=len(shown) - MOST) if len(shown) > MOST else "",
    ]
    title = view.say("title", name)
    stroke = view.period(before or "") if any(row.before is not None for row in rows) else ""
    said = f"{title}, {newest}: {'; '.join(f'{row.label} {row.said}' for row in rows[:12])}"
    svg = lying(Bars(groups, "%", names=[view.period(newest)] if stroke else [], stroke=stroke), f"{view.edition_id}-{name}", said)
    header = (view.say("word", "indicator"), view.say("word", "group"), *view.periods)
    table = tuple((view.kpi_label(view.edition.kpis[cell[0]]), _called(view, cell), *(view.told(view.cells[cell].get(period)) for period in view.periods)) for cell in there)
    return Chart(name, title, svg, sentences(note, view.language), header, table, flat=flat)


def _alone(view: View, kpi: Kpi) -> bool:
    """Whether a KPI stands for the whole only, beside one of the same kind with groups: a variant of it."""
    return bool(kpi.alternative_to) or not any(cell[0] == kpi.id and cell[1] != "total" for cell in view.cells)


def _called(view: View, cell: tuple[str, str, str]) -> str:
    return view.say("word", "total") if cell[1] == "total" else view.category(cell[1], cell[2])


def _groups(view: View, cells: Sequence[tuple[str, str, str]], newest: str, before: str | None) -> list[Group]:
    """Bars by KPI and breakdown."""
    found: dict[tuple[str, str], list[Row]] = {}
    several = len({cell[0] for cell in cells}) > 1
    for cell in cells:
        row, earlier = view.cells[cell][newest], view.cells[cell].get(before or "")
        value = row["value"]
        stroke = earlier["value"] if earlier is not None and value is not None else None
        parts = (("", Fraction(value)),) if value is not None else ()
        found.setdefault((cell[0] if several else "", cell[1]), []).append(Row(_called(view, cell), parts, signed(view.told(row)), stroke))
    return [Group(_heading(view, kpi, breakdown, several=several), tuple(rows)) for (kpi, breakdown), rows in found.items()]


def _heading(view: View, kpi: str, breakdown: str, *, several: bool) -> str:
    if several:
        return view.kpi_label(view.edition.kpis[kpi])
    return "" if breakdown == "total" else view.breakdown(breakdown)
