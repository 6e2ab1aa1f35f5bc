"""The printed figures that are not as computed, and where their reasons stand."""

import polars as pl

from esg_kpis.report.site.basis import SiteBasis

AGREE = ("equal", "stated")
"""Verdicts of the tie-out by which a printed figure is as computed."""
TOLD = 200
"""How many differences from print the first page tells of, each with its reason; those beyond have it in the explorer."""


def differing(basis: SiteBasis) -> pl.DataFrame:
    """The printed figures that are not as computed: those without an explanation first, and of an edition the totals."""
    ties = basis.tables["tie_out"].filter(pl.col("published").is_not_null() & ~pl.col("verdict").is_in(AGREE))
    return ties.sort("explained", "edition", pl.col("breakdown") != "total", "kpi_id", "breakdown", "category", "period")


def reasons_of(basis: SiteBasis) -> dict[tuple[str, ...], str]:
    """Where on the first page the reason of each difference from print stands, by edition and KPI, breakdown, category and period; of the first `TOLD`."""
    rows = differing(basis).head(TOLD).select("edition", "kpi_id", "breakdown", "category", "period").rows()
    return {row: f"differs-{number}" for number, row in enumerate(rows, 1)}
