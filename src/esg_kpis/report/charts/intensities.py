"""The chart of intensities: every KPI that is one figure per another, over the periods."""

from fractions import Fraction

from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.panels import Panel, small_multiples
from esg_kpis.report.charts.view import View, printed_of
from esg_kpis.report.charts.words import sentences

NAME = "intensities"
MOST = 12


def intensity_chart(view: View) -> Chart | None:
    """A panel per KPI, in the order of the report."""
    cells = [(kpi.id, "total", "All") for kpi in view.edition.kpis.values() if kpi.formula == "ratio" and kpi.denominator and not kpi.alternative_to]
    there = [cell for cell in cells if any(row["value"] is not None for row in view.cells.get(cell, {}).values())]
    there.sort(key=lambda cell: view.places.get(cell, 0))
    panels: list[Panel] = []
    table: list[tuple[str, ...]] = []
    state: list[str] = []
    for cell in there:
        rows = {period: view.cells[cell][period] for period in view.periods if period in view.cells[cell]}
        values = {period: Fraction(row["value"]) for period, row in rows.items() if row["value"] is not None}
        marks = frozenset(period for period, row in rows.items() if row["status"] == "incomplete")
        printed = {period: printed_of(rows[period]) for period in values}
        if len(panels) < MOST:
            panels.append(Panel(view.label(cell), view.unit(cell), values, printed, marks))
            state += marks
        table.append((view.label(cell), view.unit(cell), *(view.told(rows.get(period)) for period in view.periods)))
    if not panels:
        return None
    title = view.say("title", NAME)
    note = [view.say("note", "intensities"), view.say("note", "own_scale") if len(panels) > 1 else "", view.say("note", "incomplete") if state else ""]
    note.append(view.say("note", "intensities_more", count=len(there) - MOST) if len(there) > MOST else "")
    newest = "; ".join(f"{panel.title} {panel.printed[period]} {panel.unit} ({period})" for panel in panels[:4] if (period := view.latest(list(panel.values))) is not None)
    header = (view.say("word", "indicator"), view.say("word", "unit"), *view.periods)
    svg = small_multiples(panels, view.periods, f"{view.edition_id}-{NAME}", f"{title}: {newest}")
    return Chart(NAME, title, svg, sentences(note, view.language), header, tuple(table))
