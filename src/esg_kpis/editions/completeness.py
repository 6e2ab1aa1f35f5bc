"""How complete each measure of an edition is: by site months, and as a share by quantity."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.amounts.build import BY_SENDER
from esg_kpis.amounts.coverage import METER, Coverage
from esg_kpis.editions.model import Edition
from esg_kpis.exact import QUANTITY_SCALE, rounded, sums
from esg_kpis.tables import COVERAGE_SUMMARY, conform

_MONTH = ["site_id", "measure", "month"]
_CELL = ["period", "measure"]


def summary_of(expected: pl.DataFrame, seen: pl.DataFrame, estimates: pl.DataFrame, gaps: pl.DataFrame, coverage: Coverage, edition: Edition) -> pl.DataFrame:
    """One row per period and measure of which an edition expects anything.

    Args:
        expected: The site months that count, with `period`, `measure` and `unit`.
        seen: The amounts as the edition sees them.
        estimates: What was estimated, as in the data dictionary.
        gaps: What is left: per meter and month with `period` the `days` missing.
        coverage: What was expected and what came.
        edition: The edition.

    Columns: as `coverage_summary` in the data dictionary.
    """
    missing = gaps.select(_MONTH).unique().with_columns(pl.lit("missing").alias("state"))
    guessed = estimates.select(_MONTH).unique().with_columns(pl.lit("estimated").alias("guess"))
    states = expected.join(missing, on=_MONTH, how="left").join(guessed, on=_MONTH, how="left").with_columns(pl.coalesce("state", "guess", pl.lit("received")).alias("state"))
    states = states.drop("basis").join(coverage.sites.select(*_MONTH, pl.col("basis")), on=_MONTH)  # `basis` of an amount is another thing.
    both = pl.when(pl.col("basis").n_unique() > 1).then(pl.lit("both")).otherwise(pl.col("basis").first())
    counted = states.group_by(_CELL).agg(
        both.alias("basis"),
        pl.col("site_id").n_unique().cast(pl.Int64()).alias("sites"), pl.len().cast(pl.Int64()).alias("site_months"), pl.col("unit").first(),
        *((pl.col("state") == state).sum().cast(pl.Int64()).alias(f"site_months_{state}") for state in ("received", "estimated", "missing")),
    )  # fmt: skip
    came = seen.filter(
        (pl.col("nature") == "flow") & (pl.col("measure") == pl.col("origin")) & pl.col("excluded").is_null() & pl.col("blocked").is_null()
        & (pl.col("estimate_method").is_null() | (pl.col("estimate_method") == BY_SENDER))
    )
    received, estimated = ({(period, measure): total for period, measure, total in sums(frame, _CELL, "quantity").iter_rows()} for frame in (came, estimates))
    lost = _missing_quantities(gaps, coverage, expected)
    rows: list[dict[str, Any]] = []
    for row in counted.iter_rows(named=True):
        cell = (row["period"], row["measure"])
        got, guess, gone = Fraction(received.get(cell) or 0), Fraction(estimated.get(cell) or 0), lost.get(cell, Fraction(0))
        whole = None if gone is None else got + guess + gone
        rows.append(
            {
                **row, "edition": edition.id, "quantity_received": _quantity(got), "quantity_estimated": _quantity(guess), "quantity_missing": None if gone is None else _quantity(gone),
                "share_received": rounded(got / whole) if whole else None,
            }
        )  # fmt: skip
    return conform(pl.DataFrame(rows, schema=COVERAGE_SUMMARY.schema), COVERAGE_SUMMARY)


def _quantity(number: Fraction) -> Decimal:
    return rounded(number, QUANTITY_SCALE)


def _missing_quantities(gaps: pl.DataFrame, coverage: Coverage, expected: pl.DataFrame) -> dict[tuple[str, str], Fraction | None]:
    """Per period and measure the missing days at the mean day of their meter; None where a meter has no record in the period."""
    by = [*METER, "period"]
    lost = gaps.group_by(by).agg(pl.col("days").sum())
    known = coverage.meters.filter(pl.col("quantity").is_not_null() & (pl.col("received") > 0)).join(expected.select(*_MONTH, "period"), on=_MONTH)
    known = known.join(lost, on=by, how="semi")
    days = known.group_by(by).agg(pl.col("received").sum())
    means = sums(known, by, "quantity").join(days, on=by)
    found: dict[tuple[str, str], Fraction | None] = {}
    for period, measure, gone, quantity, received in lost.join(means, on=by, how="left").select("period", "measure", "days", "quantity", "received").iter_rows():
        before = found.get((period, measure), Fraction(0))
        found[period, measure] = None if before is None or quantity is None else before + Fraction(quantity) * gone / received
    return found
