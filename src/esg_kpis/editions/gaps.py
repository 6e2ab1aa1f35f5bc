"""What an edition makes of gaps: estimates by the methods it allows, a mark where nothing came and nothing may be estimated, and how complete each measure is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from esg_kpis.amounts.build import scope_of, with_ids
from esg_kpis.amounts.coverage import METER, Coverage
from esg_kpis.amounts.estimates import METHODS, OF_SITES, Estimated, Gap, Known
from esg_kpis.domains import MEASURES
from esg_kpis.editions.boundary import MISSING, amounts_in_edition, inside, told_by_rejected
from esg_kpis.editions.completeness import summary_of
from esg_kpis.editions.estimate import Estimate
from esg_kpis.editions.known import known_of
from esg_kpis.editions.model import Edition
from esg_kpis.editions.rules import Period
from esg_kpis.exact import PRODUCT
from esg_kpis.tables import AMOUNTS, ESTIMATES, REJECTED, conform, empty

MONTH = ["site_id", "measure", "month"]


@dataclass(frozen=True)
class Filled:
    """What an edition adds to the amounts it sees, and the tables `estimates` and `coverage_summary` that tell of it."""

    amounts: pl.DataFrame
    estimates: pl.DataFrame
    summary: pl.DataFrame


@dataclass(frozen=True)
class _Open:
    """A gap that is not filled, its period, and whether the register expects it."""

    gap: Gap
    period: str
    registered: bool


def months_expected(editions: Iterable[Edition], as_of: date) -> list[str]:
    """The months of the periods of some editions that were over on `as_of`. Nothing is expected of the others."""
    months: set[str] = set()
    for period in (period for edition in editions for period in edition.rules.period):
        days = pl.date_range(period.first, period.last, "1mo", eager=True)
        months |= set(days.filter(days.dt.month_end() <= as_of).dt.strftime("%Y-%m"))
    return sorted(months)


def filled(
    seen: pl.DataFrame, amounts: pl.DataFrame, coverage: Coverage, sites: pl.DataFrame, rejected: pl.DataFrame, edition: Edition, as_of: date, ownership: pl.DataFrame | None = None
) -> Filled:
    """What an edition makes of the gaps inside its boundary and periods.

    A gap is filled by the first [[estimate]] of the edition that fits it and can be computed. What is left of those that the register of meters expects becomes a zero marked
    `MISSING`, one a site month, so that a KPI that needs it is incomplete and not merely smaller. In a site month that a rejected record touches nothing is
    estimated and nothing marked: the record blocks or shortens the KPI by itself. In one with records of a meter that the register does not name nothing is
    estimated either: they may be the very records that are missed.

    Args:
        seen: The amounts as the edition sees them (`amounts_in_edition`).
        amounts: All amounts before any edition; estimates may rest on those outside its periods.
        coverage: What was expected and what came.
        sites: The register of sites.
        rejected: The rejections.
        edition: The edition.
        as_of: The last day that data may be about.
        ownership: Who controls the sites, by days; None where the register of sites says all.
    """
    expected = _in_edition(coverage.sites.filter(pl.col("expected") > 0), sites, edition, as_of, ownership)
    doubtful = _touched(coverage.sites, rejected, sites)
    strays = coverage.meters.filter("stray").select(MONTH).unique()
    left = _gaps(coverage.meters, METER, expected, edition)
    rows: list[dict[str, Any]] = []
    if edition.rules.estimate and left:
        known = known_of(seen, amounts, coverage, doubtful, strays, sites, edition)
        rows, left = _estimated(left, _of_whole_sites(coverage, expected, edition), set(pl.concat([doubtful, strays]).rows()), known, sites, edition)
    estimates = _with_amount_ids(pl.DataFrame(rows, schema={name: dtype for name, dtype in ESTIMATES.schema.items() if name != "amount_id"}))
    missing = pl.DataFrame([_key(item) for item in left if item.registered], schema=dict.fromkeys(MONTH, pl.String()), orient="row").unique()
    added = pl.concat([_estimated_amounts(estimates, expected), _missing_amounts(missing, expected)])
    open_gaps = pl.DataFrame(
        [(*item.gap.meter, item.gap.month, item.period, item.gap.days) for item in left],
        schema={**dict.fromkeys((*METER, "month", "period"), pl.String()), "days": pl.Int64()}, orient="row",
    )  # fmt: skip
    return Filled(conform(added, AMOUNTS), conform(estimates, ESTIMATES), summary_of(expected, seen, estimates, open_gaps, coverage, edition))


def _estimated(
    gaps: list[_Open], whole: list[_Open], barred: set[tuple[str, ...]], known: Known, sites: pl.DataFrame, edition: Edition
) -> tuple[list[dict[str, Any]], list[_Open]]:
    """The rows of `estimates`, and the gaps of meters that are left. A site of which nothing came is filled as a whole, or meter by meter, never both."""
    rows: list[dict[str, Any]] = []
    left, begun = gaps, set(barred)
    for rule in edition.rules.estimate:
        fits, of_sites = _fitting(rule, sites), rule.method in OF_SITES
        untouched = {_key(item) for item in left} - begun
        chosen = [item for item in whole if _key(item) in untouched] if of_sites else [item for item in left if _key(item) not in barred]
        done = set()
        for item in chosen:
            estimated = METHODS[rule.method](item.gap, known, rule.least_peers if of_sites else rule.least_months) if fits(item) else None
            if estimated is not None:
                rows.append(_row(item, estimated, rule, edition))
                done.add(_key(item) if of_sites else item)
                begun.add(_key(item))
        left = [item for item in left if (_key(item) if of_sites else item) not in done]
    return rows, left


def _of_whole_sites(coverage: Coverage, expected: pl.DataFrame, edition: Edition) -> list[_Open]:
    """The gaps of sites in months in which nothing at all of the measure came."""
    nothing = set(coverage.sites.filter(pl.col("quantity").is_null() & (pl.col("received") == 0)).select(MONTH).rows())
    gaps = _gaps(coverage.sites, MONTH[:2], expected, edition)
    return [replace(item, gap=replace(item.gap, whole=True)) for item in gaps if _key(item) in nothing]


def _key(item: _Open) -> tuple[str, str, str]:
    return (item.gap.site, item.gap.meter[1], item.gap.month)


def _in_edition(months: pl.DataFrame, sites: pl.DataFrame, edition: Edition, as_of: date, ownership: pl.DataFrame | None) -> pl.DataFrame:
    """The site months that count in an edition, as amounts of zero: they go through the same boundary as amounts that came."""
    asked = months.select(
        pl.concat_str(MONTH, separator="\x1f").alias("amount_id"), pl.lit("flow").alias("nature"), pl.col("measure").alias("origin"), *MONTH, "unit",
        scope_of("measure").alias("scope"), pl.lit(0).cast(PRODUCT).alias("quantity"), pl.lit(1).cast(PRODUCT).alias("share"), pl.lit(value=False).alias("estimated"),
        *(pl.lit("").alias(name) for name in ("edition", "period", "dimensions", "record_id")),
    )  # fmt: skip
    blank = pl.concat([empty(AMOUNTS), asked], how="diagonal").select(AMOUNTS.names)
    return amounts_in_edition(blank, sites, empty(REJECTED), edition, as_of, ownership).filter(pl.col("excluded").is_null())


def _touched(months: pl.DataFrame, rejected: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """The site months that a rejected record may belong to. One of an unknown site may belong to any."""
    told = told_by_rejected(rejected).select("site_id", "measure", "start", "end").unique()
    first = pl.concat_str("month", pl.lit("-01")).str.to_date("%Y-%m-%d")
    meets = (pl.col("start").is_null() | (pl.col("start") <= first.dt.month_end())) & (pl.col("end").is_null() | (pl.col("end") >= first))
    here = pl.col("site_id").is_in(sites["site_id"].implode()).fill_null(value=False)
    asked = months.select(MONTH)
    at_site = asked.join(told.filter(here), on=["site_id", "measure"])
    anywhere = asked.join(told.filter(~here).drop("site_id").unique(), on="measure")
    return pl.concat([frame.filter(meets).select(MONTH) for frame in (at_site, anywhere)]).unique()


def _gaps(days: pl.DataFrame, by: list[str], expected: pl.DataFrame, edition: Edition) -> list[_Open]:
    """The gaps of meters or sites inside an edition. Consecutive months with missing days are one gap."""
    gone = days.filter(pl.col("missing") > 0).sort(*by, "month")
    number = pl.col("month").str.slice(0, 4).cast(pl.Int64()) * 12 + pl.col("month").str.slice(5, 2).cast(pl.Int64())
    run = (number - pl.int_range(pl.len()).over(by)).alias("run")
    runs = gone.with_columns(run).with_columns(
        pl.col("month").min().over(*by, "run").alias("first"), pl.col("month").max().over(*by, "run").alias("last")
    )
    here = runs.join(expected.select(*MONTH, "period"), on=MONTH).sort(*by, "month")
    months = {period.id: _months(period) for period in edition.rules.period}
    meter = [pl.col(name) if name in by else pl.lit("").alias(name) for name in METER]
    return [
        _Open(Gap((site, measure, name), month, missing, first, last, months[period], edition.periods[period].last), period, basis == "register")
        for site, measure, name, month, missing, first, last, period, basis in here.select(*meter, "month", "missing", "first", "last", "period", "basis").iter_rows()
    ]


def _months(period: Period) -> tuple[str, ...]:
    return tuple(pl.date_range(period.first, period.last, "1mo", eager=True).dt.strftime("%Y-%m"))


def _row(item: _Open, estimated: Estimated, rule: Estimate, edition: Edition) -> dict[str, Any]:
    gap = item.gap
    return {
        "edition": edition.id, "period": item.period, "site_id": gap.site, "measure": gap.meter[1], "meter_id": gap.meter[2] or None, "month": gap.month, "days": gap.days,
        "method": rule.method, "rule": rule.id, "quantity": estimated.quantity, "unit": MEASURES[gap.meter[1]].unit, "basis": estimated.basis,
        "basis_amount_ids": ";".join(dict.fromkeys(estimated.ids)),
    }  # fmt: skip


def _with_amount_ids(estimates: pl.DataFrame) -> pl.DataFrame:
    return with_ids(estimates.with_columns(pl.lit("estimate").alias("what")), ("what", "edition", *METER, "month")).drop("what")


def _estimated_amounts(estimates: pl.DataFrame, expected: pl.DataFrame) -> pl.DataFrame:
    own = estimates.select("amount_id", *MONTH, pl.col("quantity").cast(PRODUCT), pl.col("method").alias("estimate_method"))
    joined = own.join(expected.drop("amount_id", "quantity", "estimate_method"), on=MONTH).with_columns(pl.lit(value=True).alias("estimated"))
    return joined.select(AMOUNTS.names)


def _missing_amounts(missing: pl.DataFrame, expected: pl.DataFrame) -> pl.DataFrame:
    marked = expected.join(missing, on=MONTH, how="semi").with_columns(pl.lit(MISSING).alias("estimate_method"))
    return with_ids(marked, ("estimate_method", "edition", *MONTH)).select(AMOUNTS.names)


def _fitting(rule: Estimate, sites: pl.DataFrame) -> Callable[[_Open], bool]:
    """Whether a gap is one that a rule speaks of: its measure, site and period, and not longer than the rule allows."""
    at = set(sites.filter(inside(rule.where))["site_id"])

    def fits(item: _Open) -> bool:
        gap = item.gap
        known = gap.meter[1] in rule.measures and gap.site in at and (not rule.periods or item.period in rule.periods)
        return known and (rule.max_months is None or gap.length <= rule.max_months)

    return fits
