"""Charts of emissions: by scope, gas, kind of site and month, from the same sums that KPIs are made of."""

from collections.abc import Callable
from fractions import Fraction

import polars as pl

from esg_kpis.domains import derived
from esg_kpis.editions import Kpi
from esg_kpis.exact import sums
from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.columns import Stacks, stacked
from esg_kpis.report.charts.numbers import percent, shown, told
from esg_kpis.report.charts.panels import Panel, small_multiples
from esg_kpis.report.charts.parts import ANY, Parts, header_of, named_parts, over_periods
from esg_kpis.report.charts.view import View
from esg_kpis.report.charts.words import named, sentences

KG_PER_TONNE = 1000
UNIT = "tCO2e"


def emission_charts(view: View) -> list[Chart]:
    """Emissions of scopes 1 and 2 over the periods, in parts, and over the months."""
    rows = counted(view)
    if rows.is_empty() or not _tonnes(rows, "period", "scope") or derived.EMISSION_CO2E in view.of_heads:
        return []  # Nothing is known, as where every bill was refused, or what is known is not told.
    return [chart for chart in (_by_scope(view, rows), _by_gas(view, rows), _by_kind(view, rows), _by_month(view)) if chart is not None]


def emissions_by(view: View, column: str, period: str) -> dict[str, Fraction]:
    """The emissions of one period in tonnes by a column of the cube; nothing where they may not be told in parts."""
    if derived.EMISSION_CO2E in view.of_heads:
        return {}
    return {key: value for (own, key), value in _tonnes(counted(view), "period", column).items() if own == period}


def _selected(view: View) -> pl.Expr:
    """Emissions of scopes 1 and 2, Scope 2 on the basis of the edition's totals."""
    basis = ["", "both", view.edition.rules.scope_2_total]
    return (pl.col("measure") == derived.EMISSION_CO2E) & pl.col("scope").is_in(derived.BY_FACTORS) & pl.col("basis").fill_null("").is_in(basis) & pl.col("period").is_in(view.periods)


def counted(view: View) -> pl.DataFrame:
    """The rows of the cube that are emissions of scopes 1 and 2."""
    return view.inputs.cube.filter(_selected(view))


def decimals_of_emissions(view: View) -> int:
    """The decimals that the edition prints emissions with."""
    return next((kpi.decimals for kpi in view.edition.kpis.values() if kpi.unit == UNIT and _is_sum_of_emissions(kpi)), 2)


def _is_sum_of_emissions(kpi: Kpi) -> bool:
    return kpi.formula == "sum" and all(item.of_emissions for item in kpi.amounts)


def _tonnes(frame: pl.DataFrame, *by: str) -> dict[tuple[str, str], Fraction]:
    """Sums in tonnes by two columns; of what is known."""
    known = frame.filter(pl.col("quantity").is_not_null())
    return {(first, second): Fraction(total) / KG_PER_TONNE for first, second, total in sums(known, by, "quantity").iter_rows()}


def _unit(view: View) -> str:
    units = view.edition.labels.units if view.edition.labels else {}
    return (units[UNIT].zh if UNIT in units and view.language == "zh" else None) or UNIT


def _state(view: View, rows: pl.DataFrame) -> tuple[frozenset[str], str]:
    """The periods that are marked, and the sentence that says why."""
    blocked = rows.filter(pl.col("blocked").is_not_null())["period"].unique().to_list()
    short = rows.filter(pl.col("short").list.len() > 0)["period"].unique().to_list()
    short += [row["period"] for cell in _totals_of(view) for row in view.cells.get(cell, {}).values() if row["status"] == "incomplete"]
    said = [view.say("note", "blocked", periods=", ".join(sorted(blocked)))] if blocked else []
    said += [view.say("note", "incomplete")] if set(short) - set(blocked) else []
    return frozenset([*blocked, *short]), sentences(said, view.language)


def _totals_of(view: View) -> list[tuple[str, str, str]]:
    """Cells of the whole of KPIs that add up emissions of both scopes."""
    return [(kpi.id, "total", "All") for kpi in view.edition.kpis.values() if _is_sum_of_emissions(kpi) and {scope for item in kpi.amounts for scope in item.scope} == set(derived.BY_FACTORS)]


def _note(view: View, *more: str) -> str:
    basis = view.say("word", view.edition.rules.scope_2_total)
    return sentences([view.say("note", "emissions", basis=basis), *more], view.language)


def _blocked(rows: pl.DataFrame, *by: str) -> frozenset[tuple[str, str]]:
    """Values of two columns of which something cannot be computed."""
    return frozenset(rows.filter(pl.col("blocked").is_not_null()).select(pl.col(by).fill_null("")).iter_rows())


def _printed(view: View, rows: pl.DataFrame) -> dict[str, str]:
    """The totals of periods as a KPI prints them, where one is the same sum."""
    totals = {period: Fraction(total) / KG_PER_TONNE for period, total in sums(rows, ["period"], "quantity").iter_rows() if total is not None}
    return {period: text for period, total in totals.items() for cell in _totals_of(view) if (text := view.printed(cell, period, total))}


def _over_periods(view: View, name: str, rows: pl.DataFrame, column: str, calls: Callable[[str], str]) -> Chart:
    """Columns over the periods, stacked by one column of the cube."""
    marks, state = _state(view, rows)
    parts = Parts(_tonnes(rows, "period", column), _blocked(rows, "period", column), calls, _unit(view), decimals_of_emissions(view), _printed(view, rows), in_order=column == "scope")
    return over_periods(view, name, parts, marks, _note(view, state))


def _by_scope(view: View, rows: pl.DataFrame) -> Chart:
    return _over_periods(view, "emissions-by-scope", rows, "scope", _scope(view))


def _scope(view: View) -> Callable[[str], str]:
    return lambda key: view.say("word", f"scope_{key}")


def _kind(view: View) -> Callable[[str], str]:
    return lambda key: named("kinds", key, view.language) if key else view.say("word", "without_kind")


def _by_kind(view: View, rows: pl.DataFrame) -> Chart | None:
    """None where all sites are of one kind."""
    if rows["kind"].n_unique() < 2:
        return None
    return _over_periods(view, "emissions-by-site-kind", rows, "kind", _kind(view))


def _by_gas(view: View, rows: pl.DataFrame) -> Chart | None:
    """A panel per gas: one is most often almost all, and would hide the others in a stack. None where no gas is known."""
    marks, state = _state(view, rows)
    parts = Parts(_tonnes(rows, "period", "gas_group"), _blocked(rows, "period", "gas_group"), lambda gas: _gas(view, gas), _unit(view), decimals_of_emissions(view))
    newest = view.latest([period for period, _ in parts.values])
    known = set(parts.ranked)
    if newest is None or known == {ANY}:
        return None
    gases = [*(gas for gas in derived.GAS_GROUPS if gas in known), *sorted(known - set(derived.GAS_GROUPS))]
    lacking = newest in {period for period, _ in parts.blocked}
    whole = Fraction(0) if lacking else sum((value for (period, _), value in parts.values.items() if period == newest), Fraction(0))
    panels = [_panel(view, parts, gas, _share(parts.values.get((newest, gas)), whole), marks) for gas in gases]
    name = "emissions-by-gas"
    title = view.say("title", name)
    header = (view.say("word", "period"), *(f"{_gas(view, gas)}, {_unit(view)}" for gas in gases))
    table = tuple(
        (f"{period}{'*' if period in marks else ''}", *(view.state("blocked") if parts.lacks(period, gas) else panel.printed.get(period, "") for gas, panel in zip(gases, panels, strict=True)))
        for period in view.periods
    )
    said = f"{title}, {newest}: {'; '.join(panel.title for panel in panels)}"
    svg = small_multiples(panels, view.periods, f"{view.edition_id}-{name}", said)
    note = _note(view, view.say("note", "gas_shares", period=view.period(newest)) if whole else "", view.say("note", "own_scale") if len(panels) > 1 else "", state)
    return Chart(name, title, svg, note, header, table)


def _panel(view: View, parts: Parts, gas: str, share: str, marks: frozenset[str]) -> Panel:
    values = {period: parts.values[period, gas] for period in view.periods if (period, gas) in parts.values and not parts.lacks(period, gas)}
    return Panel(f"{_gas(view, gas)}{share}", parts.unit, values, {period: told(value, parts.decimals) for period, value in values.items()}, marks)


def _gas(view: View, gas: str) -> str:
    return named("gases", gas, view.language) if gas else view.say("word", "without_gas")


def _share(part: Fraction | None, whole: Fraction) -> str:
    """A part of a whole in percent; see `percent`."""
    if part is None or not whole:
        return ""
    return f" · {percent(part, whole)}"


# ---------------------------------------------------------------- months


def by_month(view: View, column: str = "kind") -> tuple[dict[tuple[str, str], Fraction], Fraction]:
    """Tonnes by month and kind of site, or scope; and what belongs to no single month."""
    found = _tonnes(_amounts(view, column), "month", column)
    outside = sum((value for (month, _), value in found.items() if not month), Fraction(0))
    return {key: value for key, value in found.items() if key[0]}, outside


def _amounts(view: View, column: str) -> pl.DataFrame:
    """The amounts that are emissions of scopes 1 and 2, with the kinds of their sites."""
    amounts = view.table("edition_amounts").filter(_selected(view) & pl.col("excluded").is_null())
    return amounts.join(view.table("sites").select("site_id", "kind"), on="site_id", how="left").with_columns(pl.col(column, "month").fill_null(""))


def blocked_months(view: View, column: str) -> frozenset[tuple[str, str]]:
    """Months, and kind of site or scope, of which something cannot be computed: all months of a period where nobody knows which."""
    lacking = _amounts(view, column).filter(pl.col("blocked").is_not_null()).select("month", "period", column).unique().iter_rows()
    return frozenset((month, key) for own, period, key in lacking for month in ([own] if own else view.months[period]))


def _by_month(view: View) -> Chart | None:
    one_kind = counted(view)["kind"].n_unique() < 2
    column, calls = ("scope", _scope(view)) if one_kind else ("kind", _kind(view))
    found, outside = by_month(view, column)
    if not found:
        return None
    blocked = blocked_months(view, column)
    parts = Parts(found, blocked, calls, _unit(view), decimals_of_emissions(view), in_order=one_kind)
    told = named_parts(parts, view.say("word", "other"))
    months = [month for period in view.periods for month in view.months[period]]
    few = len(months) <= 18
    labels = [(month[5:].lstrip("0") if few else month, month, month) for month in months] if few else [(period, view.months[period][0], view.months[period][-1]) for period in view.periods]
    _, state = _state(view, counted(view))
    name = "emissions-by-month"
    title = view.say("title", name)
    stacks = Stacks(months, labels, told.series, told.values, f"{parts.unit} · {', '.join(view.periods)}" if few else parts.unit)
    # What is blocked may belong to no single month too; then that sum is not known.
    note = _note(view, view.say("note", "no_month", sum=shown(outside, parts.decimals)) if outside and not blocked else "", state)
    svg = stacked(stacks, f"{view.edition_id}-{name}", f"{title}, {months[0]} – {months[-1]}")
    return Chart(name, title, svg, note, header_of(view, "month", told.series, parts.unit), told.table(months, frozenset(), view.state("blocked")))
