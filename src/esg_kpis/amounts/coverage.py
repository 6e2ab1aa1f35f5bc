"""Coverage: which days were expected of a meter, by the register or between its records, and which of them no record covers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from esg_kpis.domains import MEASURES, STATED
from esg_kpis.domains.definition import COUNTED
from esg_kpis.exact import PRODUCT, sums
from esg_kpis.ranges import days_by_month, merged, without
from esg_kpis.tables import COVERAGE, conform

METER = ["site_id", "measure", "meter_id"]
_SITE = ["site_id", "measure"]


@dataclass(frozen=True)
class Coverage:
    """What was expected and what came.

    `sites` is the table `coverage`: per site, measure and month. `meters` says the same per meter, which is what gaps are filled by: `site_id`, `measure`, `meter_id` ('' for
    none in particular), `month`, `basis`, `stray` (a record of a meter that the register does not name, though it names others of the site and measure), `days` of the
    month, of them `expected`, `received` and `missing`, `covered` by records whether expected or not, `quantity` received (canonical unit, 24 decimals, null for none) and `amount_ids` of it, joined by `;`.
    """

    sites: pl.DataFrame
    meters: pl.DataFrame


def coverage_of(quantities: pl.DataFrame, amounts: pl.DataFrame, sites: pl.DataFrame, meters: pl.DataFrame, months: Sequence[str]) -> Coverage:
    """Days expected, received and missing, and the quantity received, per site, measure and month, and per meter.

    Where the register of meters names a site and measure, each of its main meters is expected on every day of `months` on which both the meter and its site are there; a row
    without a meter expects any record at all. Sub-meters expect nothing, and what they count covers nothing. Elsewhere a meter is expected between its first and its
    last record, while its site is there. A bill that names no meter is that of the site's only main meter, if there is just one. Events and stocks are left out, and so
    are stated figures that no register names.

    Args:
        quantities: Accepted quantities; those that do not count are left out.
        amounts: The amounts of the same quantities, before any edition.
        sites: The register of sites.
        meters: The register of meters.
        months: Months (YYYY-MM) that are expected of what the register names.
    """
    flows = _flows(quantities, meters)
    by_register = _by_register(meters, sites, months)
    expected = pl.concat([by_register, _by_records(flows, sites)])
    received = merged(flows, METER)
    gaps = without(expected, received, METER)
    known = pl.col("month").is_in(list(months)) | (pl.col("basis") == "records")
    bases = expected.select(*_SITE, "basis").unique()

    def counted(ranges: pl.DataFrame, by: list[str], name: str) -> pl.DataFrame:
        return days_by_month(merged(ranges, by), by, name).join(bases, on=_SITE).filter(known)

    by_meter, by_site = (
        counted(expected, by, "expected").join(counted(gaps, by, "missing").drop("basis"), on=[*by, "month"], how="left") for by in (METER, _SITE)
    )
    of_meter, of_site = _received(flows, amounts)
    metered = _with_quantities(by_meter, of_meter, METER).join(_strays(flows, meters), on=METER, how="left")
    metered = metered.join(days_by_month(received, METER, "covered"), on=[*METER, "month"], how="left")
    columns = [
        *METER, "month", "basis", pl.col("stray").fill_null(value=False), "days", "expected", "received", "missing", pl.col("covered").fill_null(0), "quantity", "amount_ids",
    ]  # fmt: skip
    units = {name: measure.unit for name, measure in MEASURES.items()}
    covered = _with_quantities(by_site, of_site, _SITE).with_columns(
        pl.col("measure").replace_strict(units, return_dtype=pl.String()).alias("unit"), pl.lit(0).cast(pl.Int64()).alias("estimated")
    )
    return Coverage(conform(covered, COVERAGE), metered.select(columns).sort(*METER, "month"))


def _flows(quantities: pl.DataFrame, meters: pl.DataFrame) -> pl.DataFrame:
    """The flows that cover days, under the meters of the register; once more under no meter, where the register expects any record of the site and measure."""
    named = meters.select(_SITE).unique().with_columns(pl.lit(value=True).alias("registered"))
    mains, subs = meters.filter(pl.col("part_of").is_null()), meters.filter(pl.col("part_of").is_not_null())
    only = mains.group_by(_SITE).agg(pl.col("meter_id").first().alias("only"), pl.len().alias("mains")).filter(pl.col("mains") == 1).drop("mains")
    counting = quantities.filter((pl.col("nature") == "flow") & ~pl.col("dimensions").str.starts_with(COUNTED) & pl.col("excluded").is_null() & pl.col("bill_kind").ne_missing("credit_note"))
    flows = (
        counting.join(named, on=_SITE, how="left").with_columns(pl.col("registered").fill_null(value=False))
        .filter(pl.col("registered") | ~pl.col("domain").is_in(STATED))
        .join(subs, on=METER, how="anti")
        .join(only, on=_SITE, how="left")
        .with_columns(pl.coalesce("meter_id", "only", pl.lit("")).alias("meter_id"))
        .select("record_id", *METER, "start", "end", "registered")
    )  # fmt: skip
    anyone = flows.filter(pl.col("meter_id") != "").join(mains.filter(pl.col("meter_id").is_null()), on=_SITE, how="semi")
    return pl.concat([flows.with_columns(pl.lit(value=False).alias("again")), anyone.with_columns(pl.lit("").alias("meter_id"), pl.lit(value=True).alias("again"))])


def _strays(flows: pl.DataFrame, meters: pl.DataFrame) -> pl.DataFrame:
    """Meters with records that the register does not name, though it names the others of their site and measure."""
    mains = meters.filter(pl.col("part_of").is_null()).select(*_SITE, pl.col("meter_id").fill_null(""))
    unnamed = flows.filter("registered").select(METER).unique().join(mains, on=METER, how="anti")
    return unnamed.join(mains.filter(pl.col("meter_id") == ""), on=_SITE, how="anti").with_columns(pl.lit(value=True).alias("stray"))


def _by_register(meters: pl.DataFrame, sites: pl.DataFrame, months: Sequence[str]) -> pl.DataFrame:
    """The days on which main meters are to be read; without a meter, the days on which no named one is."""
    schema = {**dict.fromkeys(METER, pl.String()), "start": pl.Date(), "end": pl.Date(), "basis": pl.String()}
    if not months:
        return pl.DataFrame(schema=schema)
    first, last = date.fromisoformat(f"{min(months)}-01"), pl.lit(date.fromisoformat(f"{max(months)}-01")).dt.month_end()
    of_site = sites.select("site_id", pl.col("valid_from").alias("opened"), pl.col("valid_to").alias("closed"))
    lives = (
        meters.filter(pl.col("part_of").is_null()).join(of_site, on="site_id")
        .select(
            *_SITE, pl.col("meter_id").fill_null(""),
            pl.max_horizontal("valid_from", "opened", pl.lit(first)).alias("start"), pl.min_horizontal("valid_to", "closed", last).alias("end"),
        )
        .filter(pl.col("start") <= pl.col("end"))
    )  # fmt: skip
    named = lives.filter(pl.col("meter_id") != "")
    rest = without(lives.filter(pl.col("meter_id") == ""), merged(named, _SITE), _SITE).with_columns(pl.lit("").alias("meter_id"))
    return pl.concat([named, rest.select(named.columns)]).with_columns(pl.lit("register").alias("basis")).select(list(schema))


def _by_records(flows: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """The days between the first and the last record of a meter, while its site is in the group, where the register does not speak."""
    spans = flows.filter(~pl.col("registered")).group_by(METER).agg(pl.col("start").min(), pl.col("end").max())
    return (
        spans.join(sites.select("site_id", "valid_from", "valid_to"), on="site_id", how="left")
        .select(
            *METER, pl.max_horizontal("start", "valid_from").alias("start"), pl.min_horizontal("end", "valid_to").alias("end"), pl.lit("records").alias("basis"),
        )
        .filter(pl.col("start") <= pl.col("end"))
    )  # fmt: skip


def _received(flows: pl.DataFrame, amounts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Quantities received by month: per meter, with the ids of their amounts, and per site."""
    of_record = flows.select("record_id", *METER, "registered", "again").unique(["record_id", *METER], keep="first", maintain_order=True)
    parts = amounts.filter((pl.col("nature") == "flow") & pl.col("excluded").is_null()).select("record_id", "site_id", "measure", "month", "quantity", "amount_id")
    both = of_record.join(parts, on=["record_id", *_SITE])
    basis = pl.when("registered").then(pl.lit("register")).otherwise(pl.lit("records")).first().alias("basis")
    by_meter, by_site = [*METER, "month"], [*_SITE, "month"]
    ids = both.sort("amount_id").group_by(by_meter).agg(basis, pl.col("amount_id").str.join(";").alias("amount_ids"))  # Order within a group stays.
    own = both.filter(~pl.col("again"))
    return sums(both, by_meter, "quantity").join(ids, on=by_meter), sums(own, by_site, "quantity").join(own.group_by(by_site).agg(basis), on=by_site)


def _with_quantities(days: pl.DataFrame, received: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Days with the quantities received, also in months in which nothing was expected."""
    joined = days.join(received.rename({"basis": "basis_of"}), on=[*by, "month"], how="full", coalesce=True)
    of_month = pl.concat_str("month", pl.lit("-01")).str.to_date("%Y-%m-%d").dt.days_in_month().cast(pl.Int64())
    return joined.with_columns(
        pl.coalesce("basis", "basis_of").alias("basis"), of_month.alias("days"), pl.col("expected", "missing").fill_null(0), pl.col("quantity").cast(PRODUCT)
    ).with_columns((pl.col("expected") - pl.col("missing")).alias("received"))
