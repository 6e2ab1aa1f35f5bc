"""What was received as it was known on earlier days: meter readings that were corrected later count in an edition as they were known on its knowledge date."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from esg_kpis.amounts import coverage_of
from esg_kpis.factors.counted import Received
from esg_kpis.ingest import AS_KNOWN

_DIGITS = 12
"""Of the digest of a file, with which its records begin."""


def with_earlier(received: Received, quantities: pl.DataFrame, meters: pl.DataFrame, months: Sequence[str], versions: pl.DataFrame) -> Received:
    """`received`, with what of it was known on each day that `reading_versions` names.

    Args:
        received: What was received, as it is known now.
        quantities: The accepted quantities.
        meters: The register of meters.
        months: Months that are expected, see `coverage_of`.
        versions: The table `reading_versions`.
    """
    days = versions["known_on"].drop_nulls().unique().sort().to_list()
    return replace(received, earlier={day: _on(day, received, quantities, meters, months, versions) for day in days})


def _on(day: date, received: Received, quantities: pl.DataFrame, meters: pl.DataFrame, months: Sequence[str], versions: pl.DataFrame) -> Received:
    then, amounts = (as_known_on(day, frame, versions) for frame in (quantities, received.amounts))
    return replace(received, amounts=amounts, coverage=coverage_of(then, amounts, received.sites, meters, months))


def as_known_on(day: date, frame: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Quantities or amounts with `excluded` as it is for what was known on a day: what stands in the months of that day counts, and what was corrected later does not."""
    own = versions.filter(pl.col("known_on") == day)
    if own.is_empty():
        return frame
    file = pl.col("record_id").str.slice(0, _DIGITS)
    instead, known = (own[name].drop_nulls().str.slice(0, _DIGITS).implode() for name in ("instead_of", "sha256"))
    of_version = pl.col("excluded").str.starts_with(AS_KNOWN).fill_null(value=False)
    return frame.with_columns(pl.when(file.is_in(instead)).then(pl.lit(f"known otherwise on {day}, and corrected later")).when(file.is_in(known) & of_version).then(None).otherwise(pl.col("excluded")).alias("excluded"))
