"""What counts in an edition: amounts placed in its periods and inside its boundaries, and the fate of every record."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from esg_kpis.amounts.build import with_ids
from esg_kpis.domains import DOMAIN_OF, MEASURES
from esg_kpis.editions.consolidation import BY_SHARE, CONTROL, consolidated_parts, counts, why_not
from esg_kpis.editions.entry import NOT, Where
from esg_kpis.editions.model import Edition
from esg_kpis.editions.read import added_up, needed_measures
from esg_kpis.editions.rules import Boundary
from esg_kpis.exact import PRODUCT, VALUE, VALUE_SCALE
from esg_kpis.tables import (
    AMOUNTS,
    CLAIMS,
    INSTRUMENTS,
    OWNERSHIP,
    RECORD_FATES,
    conform,
    empty,
    finding_id,
    none_twice,
    stacked,
)

WAIVED = "left out by waiver"
"""Stands as estimate method of a rejected record that is waived: its quantity is taken as zero, and the KPI is incomplete."""

MISSING = "expected and not received"
"""Stands as estimate method where the register expects days of a site month that neither came nor were estimated: a zero, and the KPI is incomplete."""

NO_LAST_DAY = "a stock that holds on no last day of a period of this edition"
NOT_CLAIMED = "an instrument that this edition does not claim: of other periods, or without the market-based method"
_DATE_RULES = ("date", "date_missing", "dates_disagree", "period_reversed", "period_too_long", "after_as_of", "outside_site_life")
"""Rules that cast doubt on the dates of a record: it may then belong to any period."""


def amounts_in_edition(
    amounts: pl.DataFrame, sites: pl.DataFrame, rejected: pl.DataFrame, edition: Edition, as_of: date, ownership: pl.DataFrame | None = None,
    days: pl.DataFrame | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Every amount as the edition sees it: in a period, and with the reason in `excluded` when it does not count.

    A rejected record that is not waived stands in as a blocked amount of each measure it would have fed, in each period it may belong to, so that a KPI that needs it is
    blocked and not merely smaller. What `ownership` says of the days of a site goes before the register of sites; what counts in part only is split later, by `consolidated`.

    Columns: as `amounts` in the data dictionary, with `edition` and `period` ('' when outside every period). A stock appears once per period at
    whose end it holds, under an id of its own.
    """
    anew = pl.col("measure").is_in([name for name, measure in MEASURES.items() if measure.per_period])
    ranged = (pl.col("nature") != "stock") & pl.col("until").is_not_null() & ~anew
    rest = amounts.filter(~anew & ~ranged)
    placed = stacked([
        _in_months(rest, edition), _at_period_ends(rest, edition), _of_ranges(amounts.filter(ranged), edition), _of_one_period(amounts.filter(anew), edition),
        _of_rejected(rejected, edition, as_of),
    ])  # fmt: skip
    part = consolidated_parts(placed, sites, empty(OWNERSHIP) if ownership is None else ownership, edition, days)
    of_sites = sites.select("site_id", "country", "grid_region", "kind", "business_line", "control")
    joined = placed.select("site_id", "measure", "nature", "period", "excluded").join(of_sites, on="site_id", how="left", maintain_order="left")
    needed = needed_measures(edition).union(*added_up(edition).values())
    reason = (
        pl.when(pl.col("excluded").is_not_null())
        .then(pl.col("excluded"))
        .when((pl.col("period") == "") & (pl.col("nature") == "stock") & ~anew)
        .then(pl.lit(NO_LAST_DAY))
        .when(pl.col("period") == "")
        .then(pl.lit("outside the periods of this edition"))
        .when(_never_counts(part, sites, edition))
        .then(pl.lit(why_not(edition)))
        .otherwise(
            pl.coalesce(
                _outside_boundary(joined, edition),
                pl.when(~pl.col("measure").is_in(list(needed))).then(pl.lit("measure not used in this edition")),
            )
        )
    )
    seen = placed.with_columns(joined.select(reason.alias("excluded")).to_series(), pl.lit(edition.id).alias("edition"))
    return conform(seen.select(AMOUNTS.names), AMOUNTS)


def _never_counts(part: pl.Series, sites: pl.DataFrame, edition: Edition) -> pl.Expr:
    """What the consolidation leaves out altogether. What no share touches, such as people, counts where the register of sites names the control."""
    controls = CONTROL.get(edition.rules.consolidation)
    if part.null_count() == part.len() and (controls is None or sites["control"].is_in(list(controls)).all()):
        return pl.lit(value=False)
    by_share = pl.Series("part", part == 0).fill_null(value=False)
    touched = pl.col("measure").is_in(BY_SHARE)
    return pl.lit(by_share) | (~touched & pl.col("control").is_not_null() & ~pl.col("control").is_in(controls) if controls else pl.lit(value=False))


def _in_months(amounts: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    months = {month: period.id for period in edition.rules.period for month in _months(period.first, period.last)}
    return amounts.filter(pl.col("nature") != "stock").with_columns(
        pl.col("month").replace_strict(months, default="", return_dtype=pl.String()).alias("period")
    )


def _months(first: date, last: date) -> list[str]:
    return pl.date_range(first, last, "1mo", eager=True).dt.strftime("%Y-%m").to_list()


def _at_period_ends(amounts: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Stocks, once per period at whose last day they hold; those that hold at none keep period ''."""
    stocks = amounts.filter(pl.col("nature") == "stock")
    ends = pl.DataFrame([{"period": period.id, "at": period.last} for period in edition.rules.period])
    holding = (
        stocks.drop("period")
        .join(ends, how="cross")
        .filter(
            (pl.col("date").is_null() | (pl.col("date") <= pl.col("at"))) & (pl.col("until").is_null() | (pl.col("at") <= pl.col("until")))
        )
        .drop("at")
        .with_columns(pl.col("amount_id").alias("parent_amount_id"))
    )
    apart = with_ids(holding, ("parent_amount_id", "period"))
    return pl.concat([apart.select(AMOUNTS.names), stocks.join(holding, on="amount_id", how="anti")])


def _of_ranges(amounts: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """What was counted over a range of days: in the period that holds the whole range; blocked in one that cuts it, since the part of it is not known."""
    periods = pl.DataFrame([{"at": period.id, "first": period.first, "last": period.last} for period in edition.rules.period])
    meeting = amounts.drop("period").join_where(periods, pl.col("date") <= pl.col("last"), pl.col("until") >= pl.col("first")).rename({"at": "period"})
    whole = (pl.col("first") <= pl.col("date")) & (pl.col("until") <= pl.col("last"))
    cut = meeting.filter(~whole).with_columns(
        (pl.lit("counted from ") + pl.col("date").cast(pl.String) + " to " + pl.col("until").cast(pl.String) + " as a whole, of which this period is a part").alias("blocked"),
        pl.lit(None, dtype=pl.Decimal(38, 24)).alias("quantity"), pl.col("amount_id").alias("parent_amount_id"),
    )  # fmt: skip
    outside = amounts.join(meeting.select("amount_id").unique(), on="amount_id", how="anti")
    return pl.concat([frame.select(AMOUNTS.names) for frame in (meeting.filter(whole), with_ids(cut, ("parent_amount_id", "period")), outside)])


def _of_one_period(amounts: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """What was counted for one period as a whole: it counts in that period, and in none that merely contains it or ends on its day."""
    of_days = {(period.first, period.last): period.id for period in edition.rules.period}
    names = [of_days.get(days, "") for days in amounts.select("date", "until").iter_rows()]
    return amounts.with_columns(pl.Series("period", names, dtype=pl.String()))


def told_by_rejected(rejected: pl.DataFrame) -> pl.DataFrame:
    """What is known of each rejected record: one row per measure it would have fed.

    Columns: `record_id`, `message` of its first rule, `site_id` as understood (null for none), `measure`, `start`, `end` (null where its dates are in doubt).
    """
    unsure = rejected.filter(pl.col("rule").is_in(_DATE_RULES))["record_id"].unique().to_list()
    dates = pl.when(~pl.col("record_id").is_in(unsure))
    one = (
        rejected.filter(pl.col("measures") != "").sort("record_id", "rule", "column").unique("record_id", keep="first", maintain_order=True)
    )
    return one.select(
        "record_id", "message", "site_id", pl.col("measures").str.split(";").alias("measure"), dates.then(pl.col("start")).alias("start"), dates.then(pl.col("end")).alias("end")
    ).explode("measure", empty_as_null=True)  # fmt: skip


def _of_rejected(rejected: pl.DataFrame, edition: Edition, as_of: date) -> pl.DataFrame:
    """A blocked amount per rejected record, measure and period it may belong to; if it is waived, zero and marked as left out."""
    waived = {waiver.finding for waiver in edition.rules.waiver if waiver.until >= as_of}
    accepted = [record for record in rejected["record_id"].unique().to_list() if finding_id("rejected_record", record) in waived]
    from_records = told_by_rejected(rejected)
    periods = pl.DataFrame([{"period": period.id, "first": period.first, "last": period.last} for period in edition.rules.period])
    spread = from_records.join(periods, how="cross").filter(
        (pl.col("start").is_null() | (pl.col("start") <= pl.col("last"))) & (pl.col("end").is_null() | (pl.col("end") >= pl.col("first")))
    )
    natures = {name: measure.nature for name, measure in MEASURES.items()}
    units = {name: measure.unit for name, measure in MEASURES.items()}
    scopes = {name: measure.scope or None for name, measure in MEASURES.items()}
    waived_row, zero = pl.col("record_id").is_in(accepted), pl.lit(0).cast(PRODUCT)
    return with_ids(
        spread.select(
            "period", "record_id", "site_id", "measure", pl.col("measure").alias("origin"),
            pl.col("measure").replace_strict(natures, return_dtype=pl.String()).alias("nature"),
            pl.col("measure").replace_strict(units, return_dtype=pl.String()).alias("unit"),
            pl.col("measure").replace_strict(scopes, default=None, return_dtype=pl.String()).alias("scope"),
            pl.lit("").alias("dimensions"), pl.lit(value=False).alias("estimated"), pl.when(waived_row).then(zero).alias("quantity"), pl.lit(0).cast(PRODUCT).alias("share"),
            pl.when(waived_row).then(pl.lit(WAIVED)).alias("estimate_method"),
            pl.when(~waived_row).then(pl.lit("rejected record ") + pl.col("record_id") + ": " + pl.col("message")).alias("blocked"),
        ),
        ("record_id", "measure", "period"),
    )  # fmt: skip


def _outside_boundary(joined: pl.DataFrame, edition: Edition) -> pl.Expr:
    reason: pl.Expr = pl.lit("no boundary of this edition covers it")
    for boundary in reversed(edition.rules.boundary):
        why_not = pl.when(inside(boundary.where)).then(None).otherwise(pl.lit(f"outside boundary {boundary.id}"))
        reason = pl.when(_covered(boundary, edition)).then(why_not).otherwise(reason)
    return reason


def may_count(asked: pl.DataFrame, sites: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """The sites of the register of which an amount of some measures and periods may count: valid in the period, consolidated as the register of sites says, and inside the boundary of the measure.

    Of measures that no share touches, such as people, the control alone decides. Ownership by days, and the days of a single record, are not looked at.

    Args:
        asked: `period` and `measure`.
        sites: The register of sites.
        edition: The edition.

    Columns: `period`, `measure`, and those of the register.
    """
    periods = pl.DataFrame([{"period": period.id, "first": period.first, "last": period.last} for period in edition.rules.period])
    by_share = [site for site, control, share in sites.select("site_id", "control", "ownership_share").iter_rows() if not counts(control, share, edition)]
    controls = CONTROL.get(edition.rules.consolidation)
    touched = pl.col("measure").is_in(BY_SHARE)
    left_out = (touched & pl.col("site_id").is_in(by_share)) | (~touched & ~pl.col("control").is_in(controls) if controls else pl.lit(value=False))
    each = asked.join(periods, on="period").join(sites, how="cross")
    there = each.filter(~left_out, (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("last"))) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("first"))))
    return there.filter(_outside_boundary(there, edition).is_null()).drop("first", "last")


def _covered(boundary: Boundary, edition: Edition) -> pl.Expr:
    measures = {period: tuple(measure for measure in DOMAIN_OF if boundary.covers(measure, DOMAIN_OF[measure], period)) for period in edition.periods}
    alike = {covered: [period for period in measures if measures[period] == covered] for covered in measures.values()}
    return pl.any_horizontal(pl.lit(value=False), *(pl.col("period").is_in(periods) & pl.col("measure").is_in(covered) for covered, periods in alike.items()))


def inside(where: Where) -> pl.Expr:
    """Whether a site is inside; of an unknown site nobody can say that it is not."""
    conditions = [_among(name, values) for name, values in where.items()]
    return pl.all_horizontal(conditions).fill_null(value=False) | pl.col("kind").is_null() if conditions else pl.lit(value=True)


def _among(name: str, values: Sequence[str]) -> pl.Expr:
    left_out = [value.removeprefix(NOT) for value in values if value.startswith(NOT)]
    return (~pl.col(name).is_in(left_out)).fill_null(value=True) if left_out else pl.col(name).is_in(list(values))


def _by_record(known: pl.DataFrame) -> pl.DataFrame:
    """What an edition makes of each record's amounts: `used`, the part of their shares that counts, null where none does; `why`, the reasons of those that do not."""
    if none_twice(known["record_id"]):
        counts = pl.col("excluded").is_null()
        return known.select("record_id", pl.when(counts).then(pl.lit(1).cast(PRODUCT)).alias("used"), pl.col("excluded").alias("why"))
    reasons = known["excluded"].drop_nulls().unique().sort()
    numbers = pl.int_range(reasons.len(), dtype=pl.Int32(), eager=True)
    words = pl.DataFrame({"first": numbers, "why": reasons}, schema={"first": pl.Int32(), "why": pl.String()})
    numbered = known.select("record_id", "share", "excluded").join(words.rename({"why": "excluded", "first": "reason"}), on="excluded", how="left").drop("excluded")
    grouped = numbered.group_by("record_id").agg(
        pl.col("share").sum().alias("all"), pl.when(pl.col("reason").is_null()).then(pl.col("share")).sum().alias("used"), pl.col("reason").is_null().any().alias("counts"),
        pl.col("reason").min().alias("first"), pl.col("reason").max().alias("last"),
    )  # fmt: skip
    several = grouped.filter(pl.col("first") != pl.col("last")).select("record_id")
    told = numbered.join(several, on="record_id", how="semi").drop_nulls("reason").unique(["record_id", "reason"]).sort("reason").join(words.rename({"first": "reason"}), on="reason")
    joined = told.group_by("record_id").agg(pl.col("why").sort().str.join("; ").str.replace_all(".; ", ". ", literal=True).alias("several"))
    both = grouped.join(words, on="first", how="left").join(joined, on="record_id", how="left")
    return both.select(
        "record_id", pl.when("counts").then(pl.col("used") / pl.col("all")).alias("used"), pl.coalesce("several", "why").alias("why")
    )


def _beside(records: pl.DataFrame, by_record: pl.DataFrame, registers: pl.Series) -> pl.DataFrame:
    """`records` with what `by_record` says of each; where it is of all but the registers' own, and in their order, without looking each up."""
    other = ~records.select(pl.col("record_id").is_in(registers.implode())).to_series()
    if not (other.sum() == by_record.height and (records["record_id"].filter(other) == by_record["record_id"]).all()):
        return records.join(by_record, on="record_id", how="left", maintain_order="left")
    place = pl.select(pl.when(other).then(other.cast(pl.Int64).cum_sum() - 1)).to_series()
    return records.with_columns(by_record[name].gather(place) for name in by_record.columns[1:])


def record_fates(
    records: pl.DataFrame, rejected: pl.DataFrame, sites: pl.DataFrame, meters: pl.DataFrame, seen: pl.DataFrame, flags: pl.DataFrame, edition: Edition,
    ownership: pl.DataFrame | None = None, instruments: pl.DataFrame | None = None, claims: pl.DataFrame | None = None,
) -> pl.DataFrame:  # fmt: skip
    """One fate per record: used if any share of it counts, excluded with the reason, or rejected with the rule.

    `share_used` is the share of the record's days over all its quantities. A record of the register of sites or meters counts when any amount
    of the site, or of the measure at it, does; so does one of the register of ownership. A record of the ledger of instruments counts where its claim is accepted.

    `flags` holds `record_id` and `flag`, the checks that found something about a record.

    Columns: as `record_fates` in the data dictionary. Records of stopped files were never read and have no fate.
    """
    known = seen.filter(pl.col("blocked").is_null() & ~pl.col("estimate_method").is_in([WAIVED, MISSING]).fill_null(value=False))
    counted = known.filter(pl.col("excluded").is_null())
    by_record = _by_record(known)
    owned, ledger, claimed = (empty(table) if frame is None else frame for table, frame in ((OWNERSHIP, ownership), (INSTRUMENTS, instruments), (CLAIMS, claims)))
    registers = pl.concat([frame.select("record_id") for frame in (sites, meters, owned, ledger)])["record_id"]
    active = pl.concat([
        sites.join(counted, on="site_id", how="semi").select("record_id"), meters.join(counted, on=["site_id", "measure"], how="semi").select("record_id"),
        owned.join(counted, on="site_id", how="semi").select("record_id"), claimed.filter("accepted").select("record_id"),
    ])["record_id"]  # fmt: skip
    not_accepted = dict.fromkeys(ledger["record_id"], NOT_CLAIMED) | {name: f"the claim {reason}" for name, reason in claimed.filter(~pl.col("accepted")).select("record_id", "reason").iter_rows()}
    in_order = rejected.sort("record_id", "rule", "column").group_by("record_id", maintain_order=True)
    rules = in_order.agg(pl.col("rule").unique().sort().str.join(";").alias("rule"), pl.col("message").unique(maintain_order=True).str.join(" ").alias("refusal"))
    flagged = flags.group_by("record_id").agg(pl.col("flag").unique().sort().str.join(";").alias("flags"))
    joined = _beside(records.select("record_id", "path", "sheet", "line", "excluded"), by_record, registers)
    for told in (rules, flagged):
        # Nothing to join costs as much as everything.
        nothing = [pl.lit(None, dtype=pl.String()).alias(name) for name in told.columns[1:]]
        joined = joined.join(told, on="record_id", how="left", maintain_order="left") if told.height else joined.with_columns(nothing)
    is_rejected, is_site = pl.col("rule").is_not_null(), pl.col("record_id").is_in(active.implode())
    share = pl.when(is_site).then(pl.lit(1).cast(PRODUCT)).otherwise(pl.col("used").fill_null(0))
    fates = joined.with_columns(
        pl.when(is_rejected)
        .then(pl.lit("rejected"))
        .when(is_site | pl.col("used").is_not_null())
        .then(pl.lit("used"))
        .otherwise(pl.lit("excluded"))
        .alias("fate"),
        pl.when(is_rejected).then(pl.lit(0).cast(PRODUCT)).otherwise(share).round(VALUE_SCALE).cast(VALUE).alias("share_used"),
    ).with_columns(
        pl.when(is_rejected)
        .then(pl.col("refusal"))
        .when((pl.col("fate") == "excluded") & pl.col("excluded").is_not_null())
        .then(pl.col("excluded"))
        .when((pl.col("fate") == "excluded") & pl.col("why").is_null())
        .then(
            pl.when(pl.col("record_id").is_in(registers.implode()))
            .then(pl.col("record_id").replace_strict(not_accepted, default="no amount of this site or meter counts", return_dtype=pl.String()))
            .otherwise(pl.lit("no quantity"))
        )
        .when(pl.col("share_used") == 1)
        .then(None)
        .otherwise(pl.col("why"))
        .alias("reason"),
        pl.lit(edition.id).alias("edition"),
    )
    return conform(fates, RECORD_FATES)
