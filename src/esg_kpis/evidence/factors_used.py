"""The factors that the cells of a pack rest on, with their sources."""

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from esg_kpis.domains import MEASURES
from esg_kpis.errors import FactorProblem
from esg_kpis.kpis import Inputs, divisor
from esg_kpis.tables import FACTOR_USES, FACTORS_USED, conform

_OF_SOURCE = ("publisher", "title", "document", "retrieved", "licence")


def factors_used(uses: pl.DataFrame, inputs: Inputs, periods: Iterable[str]) -> pl.DataFrame:
    """Where each factor was applied in some periods, and which sums it divides, beside its value and source.

    Args:
        uses: `factor_uses` of the edition.
        inputs: What its KPIs are made of.
        periods: The periods.

    Columns: as `factors_used` in the data dictionary.
    """
    named, library = list(periods), inputs.library
    dividing = pl.DataFrame(list(_dividing(inputs, named)), schema={**FACTOR_USES.schema, "divides": pl.String()})
    own = pl.concat([uses.filter(pl.col("period").is_in(named)).with_columns(pl.lit(None, dtype=pl.String()).alias("divides")), dividing])
    used = set(own["factor_id"])
    rows = [
        {
            "factor_id": factor.factor_id, "value": factor.value, "unit": factor.unit, "gwp_set": factor.gwp_set, "method": factor.method, "factor_region": factor.region, "grade": factor.grade,
            "source_id": factor.source_id, "page": factor.page, "parents": factor.parents, "note": factor.note,
            **{name: library.sources[factor.source_id].get(name) or "" for name in _OF_SOURCE},
        }
        for factor in library.factors if factor.factor_id in used
    ]  # fmt: skip
    kept = [column for column in FACTORS_USED.columns if column.name == "factor_id" or column.name not in own.columns]
    facts = pl.DataFrame(rows, schema={column.name: column.dtype for column in kept})
    return conform(own.join(facts, on="factor_id", how="left"), FACTORS_USED)


def _dividing(inputs: Inputs, periods: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The factors that sums are divided by, such as the coal equivalent of a kilowatt-hour."""
    edition = inputs.edition
    for period in periods:
        found: dict[str, tuple[dict[str, Any], list[str]]] = {}
        for kpi in edition.kpis.values():
            try:
                choice = divisor(kpi, edition.periods[period], inputs)
            except FactorProblem:
                continue
            if choice is None or kpi.per_factor is None:
                continue
            factor, named = choice.factor, kpi.per_factor
            row = {
                "edition": edition.id, "factor_id": factor.factor_id, "measure": named.measure, "output": named.output, "gas": "", "region": factor.region, "period": period, "rule": f"{choice.rule} (divides)",
                "data_period": factor.data_period, "published": factor.published.isoformat(), "why": choice.why, "unit_in": MEASURES[named.measure].unit, "unit_out": MEASURES[named.output].unit,
            }  # fmt: skip
            found.setdefault(factor.factor_id, (row, []))[1].append(kpi.id)
        yield from (row | {"divides": ";".join(kpis)} for row, kpis in found.values())
