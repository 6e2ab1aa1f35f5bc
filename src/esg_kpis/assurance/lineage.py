"""Lineage of cells: every amount that each of them adds up, exactly, back to its record. What `trace` walks for one cell, as a table for many."""

from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.assurance.trace import leaves
from esg_kpis.assurance.ways import with_ways
from esg_kpis.domains import DOMAIN_OF, DOMAINS
from esg_kpis.editions import Breakdown, Edition, Kpi, amount_unit
from esg_kpis.errors import FactorProblem
from esg_kpis.kpis import Inputs, Within, attributes_of, counting, divisor, only, period_before, selected, stands_in, with_attributes
from esg_kpis.tables import LINEAGE, conform, empty
from esg_kpis.units import multiplier

OF_PEOPLE = [name for name, domain in DOMAIN_OF.items() if DOMAINS[domain].counted]
"""Measures that are counts of people."""
_NARROWED = ("gas_group", "kind", "business_line", "grid_region", "country", "scope", "basis")


def lineage_of(inputs: Inputs, edition_amounts: pl.DataFrame, sites: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Every amount of every term of some cells of one edition, so that the quantities of a term times `times` add up to it to the last digit.

    Args:
        inputs: What the KPIs of the edition are made of.
        edition_amounts: Its amounts.
        sites: The register.
        cells: Rows of `kpi_values`; those without a value have no lineage, and printed targets rest on other cells.

    Columns: as `lineage` in the data dictionary. A term that is a count has `times` 1 over quantities 1.
    """
    edition = inputs.edition
    own = edition_amounts.filter(pl.col("edition") == edition.id)
    amounts = with_attributes(counting(own, sites)).with_columns(pl.col(_NARROWED).fill_null("")).filter(~stands_in())
    by_period = {name: amounts.filter(pl.col("period") == name) for name in edition.periods}
    found: list[pl.DataFrame] = []
    for cell in cells.filter((pl.col("edition") == edition.id) & pl.col("value").is_not_null()).iter_rows(named=True):
        kpi = edition.kpis.get(cell["kpi_id"])
        spread = None if kpi is None else spread_of(kpi, cell["period"], cell["breakdown"])
        if kpi is None or spread is None:
            continue
        for period, (leaf, within) in terms_of(kpi, edition, cell["period"]):
            found.append(_term(cell, leaf, within, period, only(by_period[period], spread, cell["category"], within), spread, inputs))
    if not found:
        return empty(LINEAGE)
    return conform(with_ways(pl.concat(found), own).rename({"root": "root_amount_id"}), LINEAGE)


def terms_of(kpi: Kpi, edition: Edition, period: str) -> list[tuple[str, tuple[Kpi, Within]]]:
    """The sums and counts that a KPI rests on, each with its period and the attributes that narrow it."""
    before = period_before(edition, edition.periods[period]) if kpi.formula == "growth" else None
    own = [(period, term) for term in leaves(kpi, edition)]
    return own + ([(before.id, term) for term in leaves(kpi, edition)] if before is not None else [])


def spread_of(kpi: Kpi, period: str, breakdown: str) -> Breakdown | None:
    """A breakdown of a KPI as it is defined for a period; None where there is none."""
    return next((item for item in kpi.breakdowns if item.name == breakdown and (not item.periods or period in item.periods)), None)


def times_of(leaf: Kpi, measure: str, period: str, inputs: Inputs) -> Fraction:
    """What a quantity of a measure is multiplied by to stand in the unit of a term.

    Raises:
        FactorProblem: if the term is divided by a factor, and none matches.
    """
    if leaf.formula == "count":
        return Fraction(1)
    choice = divisor(leaf, inputs.edition.periods[period], inputs)
    per = (choice.factor.multiplier if choice else Fraction(1)) * (inputs.edition.periods[period].months if leaf.mean_over == "months" else 1)
    return multiplier(amount_unit(leaf, measure), leaf.unit) / per


def _term(cell: dict[str, Any], leaf: Kpi, within: Within, period: str, amounts: pl.DataFrame, spread: Breakdown, inputs: Inputs) -> pl.DataFrame:
    narrowing = attributes_of(spread, cell["category"], within)
    chosen = pl.concat([selected(amounts, item, narrowing) for item in leaf.amounts])
    times: dict[str, str] = {}
    for measure in chosen["measure"].unique().to_list():
        try:
            times[measure] = str(times_of(leaf, measure, period, inputs))
        except FactorProblem:
            chosen = chosen.filter(pl.col("measure") != measure)
    quantity = pl.lit(1).cast(chosen.schema["quantity"]) if leaf.formula == "count" else pl.col("quantity")
    return chosen.select(
        *(pl.lit(cell[name]).alias(name) for name in ("edition", "kpi_id")), pl.lit(cell["period"]).alias("period"), *(pl.lit(cell[name]).alias(name) for name in ("breakdown", "category")),
        pl.lit(leaf.id).alias("term"), pl.lit(period).alias("term_period"), pl.lit("*" if within is None else ";".join(within)).alias("within"),
        "amount_id", "measure", "site_id", "month", "record_id", quantity.alias("quantity"), pl.lit("1").alias("unit") if leaf.formula == "count" else pl.col("unit"),
        pl.col("measure").replace_strict(times, default="1", return_dtype=pl.String()).alias("times"), pl.lit(leaf.unit).alias("term_unit"), "estimated", "factor_id", "rule_id", "parent_amount_id",
    )  # fmt: skip
