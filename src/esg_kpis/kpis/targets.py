"""How far targets are: base, path and actual by the cells of their KPIs, and the cells under which a report prints a target.

Everything rests on cells of `kpi_values` as they are shown, so that what is suppressed or blocked there stays so here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.editions import Edition, Kpi, Period
from esg_kpis.editions.targets import OF_BASE, Target
from esg_kpis.exact import plain, printed, rounded
from esg_kpis.kpis.alike import apart
from esg_kpis.tables import KPI_VALUES, TARGET_PROGRESS, conform
from esg_kpis.units import multiplier

_WORST = ("ok", "incomplete", "not_collected", "not_applicable", "suppressed", "blocked")

Cells = Mapping[tuple[str, str, str, str], dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """A target in one period. Values are in the unit of its KPI; `cells` are the KPI's cells that it rests on."""

    target: Target
    period: Period
    verdict: str
    reason: str | None = None
    base: Fraction | None = None
    goal: Fraction | None = None
    path: Fraction | None = None
    actual: Fraction | None = None
    progress: Fraction | None = None
    status: str = "ok"
    estimated_share: Fraction = Fraction(0)
    cells: tuple[dict[str, Any], ...] = ()


def steps_of(edition: Edition, values: pl.DataFrame) -> list[Step]:
    """Every target of an edition in each period from its beginning to its target year; in the latest period if none lies there.

    Args:
        edition: The edition, with its targets.
        values: Its cells as they are shown, small groups left out.
    """
    cells: Cells = {
        (row["kpi_id"], row["period"], row["breakdown"], row["category"]): row for row in values.filter(pl.col("edition") == edition.id).iter_rows(named=True)
    }
    return [step for target in edition.targets for step in _of_target(target, edition, cells)]


def progress_of(edition: Edition, steps: list[Step]) -> pl.DataFrame:
    """The same as a table.

    Columns: as `target_progress` in the data dictionary.
    """
    rows = [
        {
            "edition": edition.id, "target_id": step.target.id, "version": step.target.version, "period": step.period.id, "base_value": _kept(step.base), "target_value": _kept(step.goal),
            "path_value": _kept(step.path), "actual": _kept(step.actual), "gap": None if step.actual is None or step.path is None else _kept(step.actual - step.path),
            "unit": edition.kpis[step.target.kpi].unit if step.target.kpi is not None and step.target.unknown is None else None, "progress": _kept(step.progress), "verdict": step.verdict, "reason": step.reason,
        }
        for step in steps
    ]  # fmt: skip
    return conform(pl.DataFrame(rows, schema=TARGET_PROGRESS.schema), TARGET_PROGRESS)


def _cells_of_targets(edition: Edition, values: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    """The cells under which a report prints its targets, as they are set, and the way done, as it is computed.

    Args:
        edition: The edition, with its targets.
        values: Its other cells as they are shown.
        published: What it printed, for the decimals.

    Columns: as `kpi_values` in the data dictionary; in no order, and not checked.
    """
    decimals = {(row["kpi_id"], row["period"], row["breakdown"], row["category"]): row["decimals"] for row in published.filter(pl.col("edition") == edition.id).iter_rows(named=True)}
    rows: list[dict[str, Any]] = []
    for target in edition.targets:
        if target.published_as is not None:
            at = target.published_as.cell
            own = max(0, -int(target.value.normalize().as_tuple().exponent))
            rows.append(_cell(edition, at, Step(target, next(iter(edition.periods.values())), "reached", progress=Fraction(target.value)), target.unit, decimals.get(at, own)))
    for step in steps_of(edition, values) if any(target.progress_as for target in edition.targets) else []:
        printed_as = step.target.progress_as
        if printed_as is not None and printed_as.period == step.period.id:
            rows.append(_cell(edition, printed_as.cell, step, "%", decimals.get(printed_as.cell, 2)))
    return pl.DataFrame(rows, schema=KPI_VALUES.schema)


def with_targets(values: pl.DataFrame, edition: Edition, published: pl.DataFrame) -> pl.DataFrame:
    """The cells of an edition with those of its targets among them."""
    return conform(pl.concat([values, _cells_of_targets(edition, values, published)]), KPI_VALUES) if edition.targets else values


def _cell(edition: Edition, at: tuple[str, str, str, str], step: Step, unit: str, places: int) -> dict[str, Any]:
    value, status = step.progress, step.status
    if value is None and status in ("ok", "incomplete"):
        status = "not_applicable"
    return {
        "edition": edition.id, **dict(zip(("kpi_id", "period", "breakdown", "category"), at, strict=True)), "value": _kept(value), "printed": None if value is None else printed(value, places),
        "unit": unit, "decimals": places, "status": status, "reason": step.reason, "estimated_share": rounded(step.estimated_share),
    }  # fmt: skip


def _kept(value: Fraction | None) -> Any:  # noqa: ANN401
    return None if value is None else rounded(value)


# ---------------------------------------------------------------- one target


def _of_target(target: Target, edition: Edition, cells: Cells) -> list[Step]:
    by_year = {period.last.year: period for period in edition.periods.values()}
    latest = max(by_year)
    blank = Step(target, by_year[latest], "cannot_be_computed", status="not_collected")
    if target.unknown is not None:
        return [replace(blank, reason=target.unknown)]
    for name, year in (("base", target.base), ("target", target.target_year)):
        if year is not None and year not in by_year and (name == "base" or year < latest):
            return [replace(blank, reason=f"the {name} year {year} is no period of this edition")]
    if target.kind == "cumulative" and target.first is not None and target.first < min(by_year):
        return [replace(blank, reason=f"it adds up from {target.first}, and the first period of this edition ends in {min(by_year)}")]
    kpi = edition.kpis[target.kpi or ""]
    begins = target.base + 1 if target.base is not None else target.first if target.first is not None else min(latest, target.target_year)
    years = [year for year in sorted(by_year) if begins <= year <= target.target_year]
    if not years:
        row = cells.get((kpi.id, by_year[target.base].id, *target.spot)) if target.base is not None else None
        base = None if row is None or row["value"] is None else Fraction(row["value"])
        reason = f"its first year is {begins}, and the latest period of this edition is {by_year[latest].id}"
        return [replace(blank, verdict="not_started", reason=reason, base=base, goal=_goal(target, kpi, base), cells=(row,) if row else ())]
    return [_step(target, kpi, edition, by_year, year, cells) for year in years]


def _step(target: Target, kpi: Kpi, edition: Edition, by_year: Mapping[int, Period], year: int, cells: Cells) -> Step:
    """A target in one of its periods."""
    wanted = [by_year[at] for at in (range(target.first or year, year + 1) if target.kind == "cumulative" else (year,))]
    before = [] if target.base is None else [by_year[target.base]]
    rows = {period.id: cells.get((kpi.id, period.id, *target.spot)) for period in (*before, *wanted)}
    known = {name: Fraction(row["value"]) for name, row in rows.items() if row is not None and row["value"] is not None}
    told = tuple(row for row in rows.values() if row is not None)
    base = known.get(before[0].id) if before else None
    actual = sum((known[period.id] for period in wanted), Fraction(0)) if all(period.id in known for period in wanted) else None
    goal = _goal(target, kpi, base)
    share = max((Fraction(row["estimated_share"]) for row in told), default=Fraction(0))
    step = Step(target, by_year[year], "cannot_be_computed", None, base, goal, None, actual, None, "not_collected" if len(told) < len(rows) else _worst(told), share, told)
    lacking = [_why(kpi, target, name, row) for name, row in rows.items() if name not in known]
    if lacking:
        return replace(step, reason="; ".join(lacking))
    if before and (unlike := apart(target, kpi, edition, before[0], by_year[year])) is not None:
        return replace(step, status="not_applicable", reason=unlike)
    if base is not None and base <= 0 and target.kind in OF_BASE:
        return replace(step, status="not_applicable", reason=f"the base is {plain(rounded(base))} {kpi.unit}, and nothing is a percentage of that")
    step = replace(step, path=_path(target, base, goal or Fraction(0), year), progress=_progress(target, base, goal or Fraction(0), actual or Fraction(0)))
    unsure = [f"{row['period']} is incomplete: {row['reason']}" for row in told if row["status"] == "incomplete"]
    if unsure:
        return replace(step, verdict="incomplete", reason="; ".join(unsure))
    return replace(step, verdict=_verdict(step, year))


def _worst(rows: tuple[dict[str, Any], ...]) -> str:
    return max((str(row["status"]) for row in rows), key=_WORST.index)


def _why(kpi: Kpi, target: Target, period: str, row: Mapping[str, Any] | None) -> str:
    inside = f" in {target.boundary.name}" if target.boundary is not None else ""
    if row is None:
        return f"{kpi.id}{inside} has no value of {period}"
    return f"{kpi.id}{inside} of {period} is {row['status'].replace('_', ' ')}: {row['reason']}"


def _goal(target: Target, kpi: Kpi, base: Fraction | None) -> Fraction | None:
    """What is to be reached, in the unit of the KPI."""
    value = Fraction(target.value)
    if target.kind not in OF_BASE:
        return value * multiplier(target.unit, kpi.unit)
    share = value / 100 if target.kind == "remaining" else 1 - value / 100
    return None if base is None else base * share


def _falls(target: Target) -> bool:
    return target.kind in (*OF_BASE, "at_most")


def _path(target: Target, base: Fraction | None, goal: Fraction, year: int) -> Fraction | None:
    """What it ought to be in a year. A base that is beyond the target already asks for nothing but staying there."""
    if year == target.target_year or (target.first is not None and target.kind != "cumulative"):
        return goal
    if target.path == "none" or (base is None and target.kind != "cumulative"):
        return None
    if target.kind == "cumulative":
        first = target.first or year
        return goal * Fraction(year - first + 1, target.target_year - first + 1)
    if base is None or target.base is None or _meets(target, base, goal):
        return goal
    return base + (goal - base) * Fraction(year - target.base, target.target_year - target.base)


def _progress(target: Target, base: Fraction | None, goal: Fraction, actual: Fraction) -> Fraction | None:
    """The share of the way done, in percent; below zero where it goes the wrong way."""
    if target.kind == "cumulative":
        return 100 * actual / goal
    if base is None or _meets(target, base, goal):
        return None
    return 100 * (base - actual) / (base - goal)


def _meets(target: Target, value: Fraction, level: Fraction) -> bool:
    return value <= level if _falls(target) else value >= level


def _verdict(step: Step, year: int) -> str:
    target, actual, goal = step.target, step.actual or Fraction(0), step.goal or Fraction(0)
    held = target.first is not None and target.kind != "cumulative" and year < target.target_year
    if _meets(target, actual, goal):
        return "on_path" if held else "reached"
    if year == target.target_year:
        return "missed"
    if step.path is None:
        return "too_early"
    return "on_path" if _meets(target, actual, step.path) else "behind"


def boundary_in_words(target: Target) -> str:
    """Which sites a target is about."""
    if target.boundary is not None:
        return target.boundary.text
    if target.boundary_unknown is not None:
        return f"not known: {target.boundary_unknown}"
    if target.not_measured is not None:
        return f"not computed: {target.not_measured}"
    return "that of the KPI" if target.spot == ("total", "All") else f"that of the KPI, {target.breakdown} {target.category}"


def kpi_cell_named(row: Mapping[str, Any]) -> str:
    """How a command names a cell: KPI, period and category."""
    category = "" if row["breakdown"] == "total" else f" {row['breakdown']}={row['category']}"
    return f"{row['kpi_id']} {row['period']}{category}"

