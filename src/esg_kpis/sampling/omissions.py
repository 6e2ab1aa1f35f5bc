"""The other direction: from what ought to be in a figure to the figure. A sample of the records in it cannot find what is not there.

Three lists are drawn from, each by attribute sampling with no deviation expected: the site months of which something was expected, the pairs of site and measure of which nothing came
at all, and the records that came and do not count.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from esg_kpis.domains import DOMAIN_OF, DOMAINS
from esg_kpis.exact import plain
from esg_kpis.sampling.draw import key_of
from esg_kpis.sampling.limits import attribute_size
from esg_kpis.sampling.plan import Plan, percent

LISTS = {
    "site_month": "Site months of which something was expected, by the register of meters or between the records of a meter",
    "site_measure": "Sites that were there, with a measure of which nothing came from them in the period",
    "record": "Records that came and do not count, or count as zero: excluded or rejected, with the reason",
}
OMISSION = {
    "list": pl.String(), "thing_id": pl.String(), "what": pl.String(), "told": pl.String(), "path": pl.String(), "sheet": pl.String(), "line": pl.Int64(), "sha256": pl.String(), "key": pl.String(),
    "size": pl.Int64(), "taken": pl.Int64(),
}  # fmt: skip
"""A thing that ought to be in a figure: what it is, what the run says of it, and where it stands; with how many there are in its list, and how many are taken."""


@dataclass(frozen=True)
class Ought:
    """What says what ought to be in a figure; every table as in the data dictionary, fates and edition amounts of the one edition.

    `origins` are the measures that lead to the KPI; `first` and `last` the days of the period; `zeros` the records that contribute zero; `estimates` the gaps that the edition filled.
    """

    coverage: pl.DataFrame
    sites: pl.DataFrame
    records: pl.DataFrame
    fates: pl.DataFrame
    origins: tuple[str, ...]
    first: date
    last: date
    zeros: tuple[str, ...] = ()
    estimates: pl.DataFrame | None = None


def origins_of(edition_amounts: pl.DataFrame, measures: Collection[str]) -> tuple[str, ...]:
    """The measures that sites send of which an edition makes some measures, in any of its periods, whether they count or not; none of those that count people."""
    found = edition_amounts.filter(pl.col("measure").is_in(list(measures)))["origin"].unique().to_list()
    return tuple(sorted(name for name in found if not DOMAINS[DOMAIN_OF[name]].counted))


def drawn_omissions(ought: Ought, plan: Plan) -> pl.DataFrame:
    """A random sample of each list: all of a short one.

    Columns: as `OMISSION`. Sorted by list, then in the order of the draw.
    """
    rate = percent(plan.omission_rate, "omission_rate")
    size = attribute_size(Decimal(rate.numerator) / Decimal(rate.denominator), plan.level)
    parts = [_drawn(name, found, plan.seed, size) for name, found in (("site_month", _site_months(ought)), ("site_measure", _site_measures(ought)), ("record", _records(ought)))]
    return pl.concat(parts)


def _drawn(name: str, found: pl.DataFrame, seed: int, size: int) -> pl.DataFrame:
    keys = [key_of(seed, name, thing) for thing in found["thing_id"]]
    keyed = found.with_columns(pl.lit(name).alias("list"), pl.Series("key", keys, dtype=pl.String()), pl.lit(found.height).alias("size"), pl.lit(min(size, found.height)).alias("taken"))
    for column, dtype in OMISSION.items():
        if column not in keyed.columns:
            keyed = keyed.with_columns(pl.lit("" if dtype == pl.String() else None, dtype=dtype).alias(column))
    return keyed.select(pl.col(column).cast(dtype) for column, dtype in OMISSION.items()).sort("key", "thing_id").head(size)


def _of_period(ought: Ought) -> pl.Expr:
    return pl.col("month").is_between(pl.lit(ought.first.isoformat()[:7]), pl.lit(ought.last.isoformat()[:7]))


def _site_months(ought: Ought) -> pl.DataFrame:
    expected = ought.coverage.filter(pl.col("measure").is_in(ought.origins) & _of_period(ought) & (pl.col("expected") > 0))
    place = pl.concat_str("site_id", "measure", "month", separator="/")
    told = pl.format("{} days expected ({}), {} received, {} missing", "expected", pl.col("basis"), "received", "missing")
    found = expected.with_columns(told.alias("told")).join(_filled(ought), on=["site_id", "measure", "month"], how="left")
    return found.select(place.alias("thing_id"), pl.format("{} of {} in {}", "measure", "site_id", "month").alias("what"), pl.concat_str("told", "filled", separator="; ", ignore_nulls=True).alias("told"))


def _filled(ought: Ought) -> pl.DataFrame:
    """Site months that the edition filled: what is not in by a record is in by this."""
    keys = ["site_id", "measure", "month"]
    if ought.estimates is None:
        return pl.DataFrame(schema=dict.fromkeys([*keys, "filled"], pl.String()))
    said = pl.format("filled by estimate {}, method {}: {} {}", "amount_id", "method", pl.col("quantity").map_elements(plain, return_dtype=pl.String()), "unit")
    return ought.estimates.sort("amount_id").group_by(keys, maintain_order=True).agg(said.str.join("; ").alias("filled"))


def _site_measures(ought: Ought) -> pl.DataFrame:
    there = ought.sites.filter((pl.col("valid_from").is_null() | (pl.col("valid_from") <= ought.last)) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= ought.first)))
    pairs = there.select("site_id", "name", "kind").join(pl.DataFrame({"measure": list(ought.origins)}, schema={"measure": pl.String()}), how="cross")
    came = ought.coverage.filter(_of_period(ought)).select("site_id", "measure").unique()
    nothing = pairs.join(came, on=["site_id", "measure"], how="anti")
    what = pl.format("{} of {} ({}, {})", "measure", "site_id", "name", "kind")
    return nothing.select(pl.concat_str("site_id", "measure", separator="/").alias("thing_id"), what.alias("what"), pl.lit("no month of the period was expected, and nothing came").alias("told"))


def _records(ought: Ought) -> pl.DataFrame:
    """Records of the domains that lead to the figure, of the period or of no day that could be read."""
    domains = {DOMAIN_OF[name] for name in ought.origins}
    about = ought.records.filter(
        pl.col("domain").str.split(";").list.eval(pl.element().is_in(list(domains))).list.any()
        & ~pl.col("domain").str.split(";").list.eval(pl.element().is_in([name for name, domain in DOMAINS.items() if domain.counted])).list.any()
        & (pl.col("start").is_null() | (pl.col("start") <= ought.last)) & (pl.col("end").is_null() | (pl.col("end") >= ought.first))
    )  # fmt: skip
    fates = ought.fates.select("record_id", "fate", "reason", "rule")
    out = about.join(fates, on="record_id").filter((pl.col("fate") != "used") | pl.col("record_id").is_in(ought.zeros))
    told = pl.when(pl.col("fate") == "used").then(pl.lit("used, as zero")).otherwise(pl.concat_str("fate", pl.coalesce("reason", "rule", pl.lit("")), separator=": "))
    return out.select(pl.col("record_id").alias("thing_id"), pl.format("record {}, line {}", "path", "line").alias("what"), told.alias("told"), "path", "sheet", "line", "sha256")
