"""Charts of emissions: by scope, gas, kind of site and month, from the same sums that KPIs are made of."""

from collections.abc import Callable
from fractions import Fraction

import polars as pl

from esg_kpis.domains import derived
from esg_kpis.editions import Kpi
from esg_kpis.exact import sums
from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.columns import Stacks, over_time, stacked
from esg_kpis.report.charts.draw import COLOURS
from esg_kpis.report.charts.numbers import percent, shown, told
from esg_kpis.report.charts.panels import Panel, small_multiples
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


def _over_periods(view: View, name: str, rows: pl.DataFrame, column: str, calls: Callable[[str], str], most: int = len(COLOURS)) -> Chart:
    """Columns over the periods, stacked by one column of the cube: its largest values, and the others together."""
    found = _tonnes(rows, "period", column)
    values, series = _largest(found, calls, view.say("word", "other"), most, in_order=column == "scope")
    marks, state = _state(view, rows)
    places = decimals_of_emissions(view)
    stacks = Stacks(view.periods, [(period, period, period) for period in view.periods], series, values, _unit(view), places, marks)
    totals = stacks.totals
    title = view.say("title", name)
    header = (view.say("word", "period"), *(f"{item}, {_unit(view)}" for item in series), f"{view.say('word', 'total')}, {_unit(view)}")
    table = tuple(
        (f"{period}{'*' if period in marks else ''}", *(shown(values[period, item], places) if (period, item) in values else "" for item in series), shown(total, places)) for period, total in totals.items()
    )
    spoken = [view.say("said", "of_period", period=view.period(period), value=shown(total, places), unit=_unit(view)) for period, total in totals.items()]
    said = f"{title}: {'; '.join(spoken)}"
    return Chart(name, title, over_time(view, stacks, f"{view.edition_id}-{name}", said), _note(view, state), header, table)


def _largest(found: dict[tuple[str, str], Fraction], calls: Callable[[str], str], other: str, most: int, *, in_order: bool) -> tuple[dict[tuple[str, str], Fraction], list[str]]:
    """Values under the names of their series, the largest first; what is beyond `most` together as others."""
    sizes: dict[str, Fraction] = {}
    for (_, key), value in found.items():
        sizes[key] = sizes.get(key, Fraction(0)) + abs(value)
    ranked = sorted(sizes) if in_order else sorted(sizes, key=lambda key: (-sizes[key], key))
    kept = ranked if len(ranked) <= most else ranked[: most - 1]
    names = {key: calls(key) if key in kept else other for key in ranked}
    values: dict[tuple[str, str], Fraction] = {}
    for (place, key), value in found.items():
        values[place, names[key]] = values.get((place, names[key]), Fraction(0)) + value
    return values, list(dict.fromkeys(names.values()))


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
    found = _tonnes(rows, "period", "gas_group")
    newest = view.latest([period for period, _ in found])
    known = {key for _, key in found}
    if known == {""}:
        return None
    gases = [*(gas for gas in derived.GAS_GROUPS if gas in known), *sorted(known - set(derived.GAS_GROUPS))]
    marks, state = _state(view, rows)
    places = decimals_of_emissions(view)
    whole = sum((value for (period, _), value in found.items() if period == newest), Fraction(0))
    panels = []
    for gas in gases:
        values = {period: found[period, gas] for period in view.periods if (period, gas) in found}
        share = _share(values.get(newest or ""), whole)
        panels.append(Panel(f"{_gas(view, gas)}{share}", _unit(view), values, {period: told(value, places) for period, value in values.items()}, marks))
    name = "emissions-by-gas"
    title = view.say("title", name)
    header = (view.say("word", "period"), *(f"{_gas(view, gas)}, {_unit(view)}" for gas in gases))
    table = tuple((f"{period}{'*' if period in marks else ''}", *(panel.printed.get(period, "") for panel in panels)) for period in view.periods)
    said = f"{title}, {newest}: {'; '.join(panel.title for panel in panels)}"
    svg = small_multiples(panels, view.periods, f"{view.edition_id}-{name}", said)
    return Chart(name, title, svg, _note(view, view.say("note", "gas_shares", period=view.period(newest or "")), view.say("note", "own_scale") if len(panels) > 1 else "", state), header, table)


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
    amounts = view.table("edition_amounts").filter(_selected(view) & pl.col("excluded").is_null())
    joined = amounts.join(view.table("sites").select("site_id", "kind"), on="site_id", how="left").with_columns(pl.col(column, "month").fill_null(""))
    found = _tonnes(joined, "month", column)
    outside = sum((value for (month, _), value in found.items() if not month), Fraction(0))
    return {key: value for key, value in found.items() if key[0]}, outside


def _by_month(view: View) -> Chart | None:
    one_kind = counted(view)["kind"].n_unique() < 2
    found, outside = by_month(view, "scope" if one_kind else "kind")
    if not found:
        return None
    calls = _scope(view) if one_kind else _kind(view)
    values, series = _largest(found, calls, view.say("word", "other"), len(COLOURS), in_order=one_kind)
    months = [month for period in view.periods for month in view.months[period]]
    few = len(months) <= 18
    labels = [(month[5:].lstrip("0") if few else month, month, month) for month in months] if few else [(period, view.months[period][0], view.months[period][-1]) for period in view.periods]
    _, state = _state(view, counted(view))
    name = "emissions-by-month"
    title = view.say("title", name)
    unit = f"{_unit(view)} · {', '.join(view.periods)}" if few else _unit(view)
    places = decimals_of_emissions(view)
    header = (view.say("word", "month"), *(f"{item}, {_unit(view)}" for item in series), f"{view.say('word', 'total')}, {_unit(view)}")
    stacks = Stacks(months, labels, series, values, unit)
    table = []
    for month in months:
        if own := stacks.column(month):
            table.append((month, *(shown(own[item], places) if item in own else "" for item in series), shown(sum(own.values(), Fraction(0)), places)))
    note = _note(view, view.say("note", "no_month", sum=shown(outside, places)) if outside else "", state)
    said = f"{title}, {months[0]} – {months[-1]}"
    return Chart(name, title, stacked(stacks, f"{view.edition_id}-{name}", said), note, header, tuple(table))
