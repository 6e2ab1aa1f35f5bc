"""Quantity columns as typed quantities, and what cannot be one: no number, no such measure, a unit that does not fit, more than exact arithmetic holds."""

from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.domains import DOMAIN_OF, MEASURES
from esg_kpis.domains.definition import Domain
from esg_kpis.errors import UnitProblem
from esg_kpis.exact import PRODUCT_LIMIT, QUANTITY, plain
from esg_kpis.ingest.formats import FileFormat, QuantityColumn
from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections
from esg_kpis.units import multiplier

MOST = PRODUCT_LIMIT // 100
"""No single quantity reaches a hundredth of what sums may: 10^12 in the canonical unit, 1,000 TWh or a billion tonnes."""


def typed_quantities(
    rows: pl.DataFrame, base: pl.DataFrame, spec: QuantityColumn, entry: FileFormat, domain: Domain
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """One quantity column of a feed.

    Args:
        rows: The sheet's rows as text.
        base: The same rows as records, in our columns (see `rows.read_feed`).
        spec: What `_format.toml` says of the column.
        entry: The file's number format.
        domain: The domain it feeds.

    Columns of the first frame: as `quantities` in the data dictionary, without `duplicate_of`. The second lists the rejections.
    """
    dimensions = [field.name for field in domain.fields if field.dimension]
    received = rows[spec.column].fill_null("").str.strip_chars()
    frame = base.select("record_id", "site_id", "meter_id", "document", "start", "end", *dimensions).with_columns(
        received.alias("received"),
        (rows[spec.unit_column].fill_null("").str.strip_chars() if spec.unit_column else pl.lit(spec.unit)).alias("received_unit"),
        (_measures(rows[spec.measure_column], spec) if spec.measure_column else pl.lit(spec.measure)).alias("measure"),
        *read_numbers(received, decimal=entry.decimal, thousands=entry.thousands_mark).get_columns(),
    )
    known = [name for name, home in DOMAIN_OF.items() if home == domain.name]
    blank = pl.col("received") == ""
    # A blank cell in an optional column says nothing, so neither its unit nor its measure is asked for.
    problems = []
    if spec.blank == "skip":
        frame = frame.filter(~blank)
    else:
        problems.append(
            rejections(frame, blank, "quantity_missing", spec.column, pl.lit(""), 'a number, or `blank = "skip"` in _format.toml')
        )
    example = f"a number such as 1{entry.thousands_mark}234{entry.decimal}5"
    problems.append(rejections(frame, pl.col("wrong"), "number", spec.column, pl.col("received"), example))
    if spec.negative == "reject":
        problems.append(
            rejections(
                frame, pl.col("value") < 0, "negative", spec.column, pl.col("received"), 'zero or more, or `negative = "net_metering"`'
            )
        )
    home = f"one of {', '.join(known)}"
    problems.append(
        rejections(frame, ~pl.col("measure").is_in(known), "measure", spec.measure_column or spec.column, pl.col("measure"), home)
    )
    problems.append(_unit_problems(frame.filter(pl.col("measure").is_in(known)), spec, domain))
    pairs = [pl.when(pl.col(name) == "").then(None).otherwise(pl.lit(f"{name}=") + pl.col(name)) for name in sorted(dimensions)]
    quantities = frame.select(
        "record_id",
        pl.lit(domain.name).alias("domain"),
        "measure",
        pl.col("measure").replace_strict({name: MEASURES[name].nature for name in known}, default="flow").alias("nature"),
        "site_id",
        pl.col("meter_id").replace({"": None}),
        pl.col("document").replace({"": None}),
        "start",
        "end",
        (pl.concat_str(pairs, separator=";", ignore_nulls=True) if pairs else pl.lit("")).alias("dimensions"),
        pl.lit(spec.column).alias("column"),
        "received",
        "received_unit",
        pl.col("value").cast(QUANTITY).alias("quantity"),
        "rounded",
    )
    return quantities, problems


def _measures(column: pl.Series, spec: QuantityColumn) -> pl.Series:
    return column.fill_null("").str.strip_chars().replace(spec.measures)


def _unit_problems(frame: pl.DataFrame, spec: QuantityColumn, domain: Domain) -> pl.DataFrame:
    """Units that do not fit the measure, and quantities too large for exact arithmetic in the measure's unit."""
    problems = [NO_REJECTIONS]
    for measure, unit in frame.select("measure", "received_unit").unique().sort("measure", "received_unit").iter_rows():
        here = (pl.col("measure") == measure) & (pl.col("received_unit") == unit)
        try:
            limit = Fraction(MOST) / multiplier(unit, MEASURES[measure].unit, domain.name)
        except UnitProblem as problem:
            expected = f"a unit of {measure}. {problem}"
            problems.append(rejections(frame, here, "unit", spec.unit_column or spec.column, pl.col("received_unit"), expected))
            continue
        most = Decimal(min(int(limit), 10**28))
        expected = f"less than {plain(most)} {unit}"
        problems.append(
            rejections(
                frame, here & (pl.col("value").abs() >= pl.lit(most).cast(QUANTITY)), "too_large", spec.column, pl.col("received"), expected
            )
        )
    return pl.concat(problems)
