"""The cells under which a report prints its targets: as they are set, and the way done. They rest on cells of KPIs, as these are kept.

Whether two periods may be compared at all is judged by the first engine; this one makes the arithmetic.
"""

from collections.abc import Mapping
from fractions import Fraction

import duckdb

from esg_kpis.editions import Edition
from esg_kpis.editions.targets import Target
from esg_kpis.reperform.load import Asked, table
from esg_kpis.reperform.ratios import ratio

Cell = tuple[str, str, str, str]
Answer = tuple[str | None, str | None, str]
_KEPT = 10**18


def of_targets(con: duckdb.DuckDBPyConnection, asked: Asked, found: Mapping[Cell, Answer], decimals: Mapping[Cell, int]) -> dict[Cell, Answer]:
    """Value, print and state of the cells of printed targets, in the same form as those of KPIs."""
    rows: list[tuple[str, str, str, int]] = []
    for target in asked.edition.targets:
        if target.published_as is not None:
            at, value = target.published_as.cell, Fraction(target.value)
            own = max(0, -int(target.value.normalize().as_tuple().exponent))
            rows.append(("\x1f".join(at), str(value.numerator), str(value.denominator), decimals.get(at, own)))
        if target.progress_as is not None and (progress := _progress(target, asked.edition, found, target.progress_as.period)) is not None:
            at = target.progress_as.cell
            rows.append(("\x1f".join(at), *progress, decimals.get(at, 2)))
    table(con, "aims", {"cell": "VARCHAR", "top": "VARCHAR", "bottom": "VARCHAR", "decimals": "BIGINT"}, rows)
    done = con.execute("""
        WITH known AS MATERIALIZED (SELECT *, tenfold(bottom) AS multiples FROM aims),
        parts AS MATERIALIZED (SELECT *, long_division(bare_of(top) || repeat('0', 18), multiples) AS kept_at, long_division(bare_of(top) || repeat('0', decimals), multiples) AS print_at FROM known)
        SELECT cell, pointed(kept(top, bottom, kept_at), 18), pointed(print_of(top, bottom, print_at), decimals) FROM parts
    """).fetchall()
    return {(at[0], at[1], at[2], at[3]): (value, printed, "ok") for name, value, printed in done for at in [name.split("\x1f")]}


def _progress(target: Target, edition: Edition, found: Mapping[Cell, Answer], period: str) -> tuple[str, str] | None:
    """The way done in percent, as numerator and denominator of whole numbers; None where something it needs has no value, or the base is beyond the target already."""
    by_year = {item.last.year: item.id for item in edition.periods.values()}
    if target.kpi is None or target.unknown is not None:
        return None
    years = range(target.first or edition.periods[period].last.year, edition.periods[period].last.year + 1) if target.kind == "cumulative" else [edition.periods[period].last.year]
    values = [_units(found, (target.kpi, by_year.get(year, ""), *target.spot)) for year in years]
    goal = Fraction(target.value) * ratio(target.unit, edition.kpis[target.kpi].unit) if target.kind in ("at_least", "at_most", "cumulative") else None
    actual = sum(value for value in values if value is not None)
    if any(value is None for value in values):
        return None
    if target.kind == "cumulative" and goal is not None:
        return _signed(100 * actual * goal.denominator, goal.numerator * _KEPT)
    base = None if target.base is None else _units(found, (target.kpi, by_year.get(target.base, ""), *target.spot))
    if base is None:
        return None
    if goal is None:
        share = Fraction(target.value) / 100 if target.kind == "remaining" else 1 - Fraction(target.value) / 100
        return _signed(100 * (base - actual) * share.denominator, base * (share.denominator - share.numerator)) if base > 0 else None
    beyond = base * goal.denominator <= goal.numerator * _KEPT if target.kind == "at_most" else base * goal.denominator >= goal.numerator * _KEPT
    return None if beyond else _signed(100 * (base - actual) * goal.denominator, base * goal.denominator - goal.numerator * _KEPT)


def _units(found: Mapping[Cell, Answer], cell: Cell) -> int | None:
    """A kept value as a whole number of its 18th decimal."""
    value = found.get(cell, (None, None, "none"))[0]
    return None if value is None else int(value.replace(".", ""))


def _signed(top: int, bottom: int) -> tuple[str, str] | None:
    if bottom == 0:
        return None
    return str(-top if bottom < 0 else top), str(abs(bottom))
