"""Every cell of every KPI of an edition, rounded once for keeping and once for print."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import polars as pl

from esg_kpis.editions import Edition, Kpi, Period
from esg_kpis.editions.targets import BOUNDARY
from esg_kpis.exact import printed, rounded
from esg_kpis.kpis.cube import Inputs
from esg_kpis.kpis.formulas import Value, left_out_value, value_of
from esg_kpis.kpis.selection import only
from esg_kpis.kpis.told import parts_with, unseen_in
from esg_kpis.tables import KPI_VALUES, conform


def evaluate(inputs: Inputs, published: pl.DataFrame) -> pl.DataFrame:
    """Every cell of every KPI of an edition.

    Args:
        inputs: What they are made of.
        published: What the edition printed; a printed cell's own decimals go before the definition's.

    Columns: as `kpi_values` in the data dictionary.
    """
    decimals = {
        (row["kpi_id"], row["period"], row["breakdown"], row["category"]): row["decimals"] for row in published.iter_rows(named=True)
    }
    rows = []
    for kpi, period, breakdown, category, value in cells(inputs):
        places = decimals.get((kpi.id, period, breakdown, category), kpi.decimals)
        rows.append(
            {
                "edition": inputs.edition.id, "kpi_id": kpi.id, "period": period, "breakdown": breakdown, "category": category,
                "value": None if value.value is None else rounded(value.value), "printed": None if value.value is None else printed(value.value, places),
                "unit": kpi.unit, "decimals": places, "status": value.status, "reason": value.reason, "estimated_share": rounded(value.estimated_share),
            }
        )  # fmt: skip
    return conform(pl.DataFrame(_with_parts(rows, inputs.edition), schema=KPI_VALUES.schema), KPI_VALUES)


def _with_parts(rows: list[dict[str, Any]], edition: Edition) -> list[dict[str, Any]]:
    """A whole whose declared parts are not all there is incomplete, and what is made of it: what is missing from a part is missing from the whole."""
    found = _marked(rows, edition)
    while found:
        found = _marked(rows, edition)
    return rows


def _marked(rows: list[dict[str, Any]], edition: Edition) -> bool:
    """Marks what is incomplete by the states as they are; whether any was."""
    states = {(row["kpi_id"], row["period"], row["breakdown"], row["category"]): row["status"] for row in rows}
    before = [row["status"] for row in rows]
    for row in rows:
        kpi = edition.kpis[row["kpi_id"]]
        if row["status"] != "ok" or row["breakdown"] not in ("total", BOUNDARY):
            continue
        for name in (kpi.numerator, kpi.denominator):
            if name is not None and states.get((name, row["period"], row["breakdown"], row["category"])) == "incomplete":
                row |= {"status": "incomplete", "reason": f"{name}, which it is made of, is incomplete"}
        if kpi.footing is None:
            continue
        for part in kpi.footing.parts:
            name, _, breakdown = part.removesuffix("/*").partition("/")
            here = [
                (key[3], state)
                for key, state in states.items()
                if key[0] == name and key[1] == row["period"] and key[2] == (breakdown or "total")
            ]
            for category, state in here:
                if state in ("not_collected", "blocked", "incomplete"):
                    what = name if category == "All" else f"{name} {category}"
                    row |= {"status": "incomplete", "reason": f"its part {what} is {state.replace('_', ' ')}"}
    return [row["status"] for row in rows] != before


def cells(inputs: Inputs) -> Iterable[tuple[Kpi, str, str, str, Value]]:
    """KPI, period, breakdown, category and value of every cell, in the order of kpis.yaml."""
    left_out_of = cache(lambda period: inputs.left_out.filter(pl.col("period") == period))
    for kpi in inputs.edition.kpis.values():
        for period in inputs.edition.periods.values():
            if kpi.periods and period.id not in kpi.periods:
                continue
            for breakdown in kpi.breakdowns:
                if breakdown.periods and period.id not in breakdown.periods:
                    continue
                previous = period_before(inputs.edition, period)
                unseen = unseen_in(inputs, breakdown, period.id)
                before = parts_with(inputs, breakdown, previous.id) if previous else {}
                for category, part in parts_with(inputs, breakdown, period.id).items():
                    earlier = before.get(category, lambda _kpi, _within: {}) if previous else None
                    value = value_of(kpi, period, part, earlier, previous, inputs)
                    if category in unseen and value.status != "blocked":
                        continue  # Nothing came of it, and nothing that is blocked may be of it.
                    if value.status == "not_collected":
                        left_out = only(left_out_of(period.id), breakdown, category)
                        value = left_out_value(kpi, period, part, left_out, value, inputs)
                    yield kpi, period.id, breakdown.name, category, value


def period_before(edition: Edition, period: Period) -> Period | None:
    """The latest period of an edition that ends before another begins."""
    earlier = [other for other in edition.periods.values() if other.last < period.first]
    return max(earlier, key=lambda other: other.last, default=None)
