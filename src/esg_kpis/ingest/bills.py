"""What quantities say together: the same bill twice, bills that supersede others, sub-meters behind main meters, days that two bills cover, counters that rolled over.

A quantity that another one stands for is excluded, with the reason. Where two contradict each other and nobody says which holds, both are rejected: to count both would be
double, to choose one a guess.
"""

from dataclasses import dataclass

import polars as pl

from esg_kpis.ingest.credit_notes import credited, credits_too_much
from esg_kpis.ingest.meters import of_meter
from esg_kpis.ingest.observations import OBSERVATION, readings_apart, seen_in_quantities
from esg_kpis.ingest.quantities import in_canonical_units
from esg_kpis.ingest.readings import apart, backwards, read_off
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections, span
from esg_kpis.ingest.rejections import without as without_rejected
from esg_kpis.ingest.same_bill import alike_meters, among, beyond, bills_twice, duplicates, meeting, overlaps, same_days, set_out
from esg_kpis.ingest.spelling import parts_known, spelled
from esg_kpis.ingest.superseded import corrected, read_later, revised
from esg_kpis.ranges import merged, without


@dataclass(frozen=True)
class Judged:
    """Quantities with `canonical`, `unit` and `excluded`; the rejections, and the observations on what is kept."""

    quantities: pl.DataFrame
    rejected: pl.DataFrame
    observations: pl.DataFrame


def judged(sent: pl.DataFrame, places: pl.DataFrame, meters: pl.DataFrame) -> Judged:
    """What becomes of accepted quantities when they are seen together.

    Args:
        sent: Quantities in the columns of `quantities.SENT`.
        places: `record_id`, `path`, `line` of all records: the first of two equal ones is kept, and two that contradict each other are told in this order.
        meters: The register of meters.

    Source: GHG Protocol Corporate Standard (2004), chapter 7 (double counting, completeness); GB 17167-2006 (metering levels).
    """
    rows, notes = read_off(spelled(sent, meters), meters)
    wrong = [_signs(rows, meters), backwards(rows), _outside_life(rows, meters)]
    rows = in_canonical_units(without_rejected(rows, wrong))
    rows = rows.with_columns(pl.lit(None, dtype=pl.String()).alias("excluded"))
    close = meeting(rows)
    rows, ends = _sub_meters(duplicates(rows, close, places), meters)
    rows, corrections, idle = corrected(without_rejected(rows, [ends]))
    rows, revisions, unmet = revised(without_rejected(rows, [corrections]))
    credit = credited(read_later(without_rejected(rows, [revisions])))
    twice = bills_twice(among(credit.rows, close), places)
    contradictions = [twice, beyond(overlaps(credit.rows, close, credit.void), twice), credit.rejected]
    contradictions.append(credits_too_much(without_rejected(credit.rows, contradictions)))
    kept = without_rejected(credit.rows, contradictions)
    problems = pl.concat([NO_REJECTIONS, *wrong, ends, corrections, revisions, *contradictions])
    notes |= {"corrects_nothing": pl.concat([idle, unmet]), "credit_elsewhere": credit.elsewhere, "alike_meters": alike_meters(kept, meters)}
    return Judged(kept, problems, pl.concat([pl.DataFrame(schema=OBSERVATION), seen_in_quantities(kept, _kinds(kept, notes, meters)), readings_apart(apart(kept))]))


# ---------------------------------------------------------------- one quantity and its meter


def _signs(rows: pl.DataFrame, meters: pl.DataFrame) -> pl.DataFrame:
    """Negative quantities that neither the format nor the register nor their kind of bill explains, and credit notes that are none."""
    negative = rows.filter((pl.col("quantity") < 0) & ~pl.col("__backwards"))
    positive = rows.filter((pl.col("bill_kind") == "credit_note") & (pl.col("quantity") > 0))
    told = 'zero or more; or credit_note in a column `bill_kind`, which may be added, a meter that the register says is net metered, or `negative = "net_metering"` in _format.toml'
    unexplained = pl.DataFrame(schema=rows.schema)
    if negative.height:
        allowed = pl.col("feeds_back") | (pl.col("bill_kind") == "credit_note") | pl.col("net_metering").fill_null(value=False)
        unexplained = of_meter(negative, meters, "net_metering").filter(~allowed)
    return pl.concat([
        rejections(unexplained, pl.lit(value=True), "negative", pl.col("column"), pl.col("received"), told),
        rejections(positive, pl.lit(value=True), "credit_note_sign", pl.col("column"), pl.col("received"), "a quantity below zero on a credit note"),
    ])  # fmt: skip


def _sub_meters(rows: pl.DataFrame, meters: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a sub-meter counts is in the bills of the meters it lies behind, while both are read; a bill on some of whose days only one of them is read is rejected, as it is in theirs in part."""
    subs = meters.filter(pl.col("part_of").is_not_null()).select("site_id", "measure", "meter_id", "part_of", "valid_from", "valid_to")
    if subs.is_empty():
        return rows, NO_REJECTIONS
    key = ["record_id", "column"]
    lives = meters.filter(pl.col("meter_id").is_not_null()).select("site_id", "measure", pl.col("meter_id").alias("__main"), pl.col("valid_from").alias("__from"), pl.col("valid_to").alias("__to"))
    own = rows.join(subs, on=["site_id", "measure", "meter_id"], how="inner").filter(_there("valid_from", "valid_to"))
    own = own.with_columns(pl.max_horizontal("start", "valid_from").alias("start"), pl.min_horizontal("end", "valid_to").alias("end"))
    behind = own.with_columns(pl.col("part_of").str.split(";").alias("__main")).explode("__main", empty_as_null=True)
    behind = behind.join(lives, on=["site_id", "measure", "__main"], how="left").filter(_there("__from", "__to"))
    days = behind.select(*key, pl.max_horizontal("start", "__from").alias("start"), pl.min_horizontal("end", "__to").alias("end"))
    left = without(own.select(*key, "start", "end"), merged(days, key), key).select(key).unique()
    by = behind.group_by(key).agg(pl.col("__main").unique().sort().str.join(", ").alias("__by"))
    problems = _main_meter_ends(behind.join(left, on=key, how="semi"))
    return set_out(rows, by.join(left, on=key, how="anti"), "sub-meter, counted in the bills of "), problems


def _main_meter_ends(behind: pl.DataFrame) -> pl.DataFrame:
    """Bills of sub-meters whose main meter is read on some of their days only."""
    lives = pl.col("__from").cast(pl.String).fill_null("the beginning") + " to " + pl.col("__to").cast(pl.String).fill_null("now")
    found = behind.with_columns(lives.alias("__life")).unique(["record_id", "__main"], keep="first", maintain_order=True)
    told = (
        pl.lit("bills that begin or end with the main meter ") + pl.col("__main") + ", which is read " + pl.col("__life")
        + ": what the sub-meter counted then is in its bills, what it counted else is not; if another main meter follows, name both in part_of of the register, parted by ;"
    )  # fmt: skip
    return rejections(found, pl.lit(value=True), "main_meter_ends", pl.lit("period_end"), span(), told, pl.col("__life"))


def _outside_life(rows: pl.DataFrame, meters: pl.DataFrame) -> pl.DataFrame:
    """Bills of a meter on none of whose days the register says that it is read."""
    lives = meters.filter(pl.col("meter_id").is_not_null()).select("site_id", "measure", "meter_id", "valid_from", "valid_to")
    ends = lives.filter(pl.col("valid_from").is_not_null() | pl.col("valid_to").is_not_null())
    if ends.is_empty():
        return NO_REJECTIONS
    found = rows.join(ends, on=["site_id", "measure", "meter_id"], how="inner").filter(~_there("valid_from", "valid_to"))
    life = pl.col("valid_from").cast(pl.String).fill_null("the beginning") + " to " + pl.col("valid_to").cast(pl.String).fill_null("now")
    return rejections(found, pl.lit(value=True), "outside_meter_life", pl.lit("period_end"), span(), pl.lit("days within the life of the meter by the register, ") + life, life)


def _there(first: str, last: str) -> pl.Expr:
    """Whether a validity holds on any day of a bill."""
    return (pl.col(first).is_null() | (pl.col(first) <= pl.col("end"))) & (pl.col(last).is_null() | (pl.col("start") <= pl.col(last)))


# ---------------------------------------------------------------- what a person should know


def _kinds(kept: pl.DataFrame, notes: dict[str, pl.Series], meters: pl.DataFrame) -> dict[str, pl.Expr]:
    """Check to the quantities it is about."""
    def excluded(words: str) -> pl.Expr:
        return pl.col("excluded").str.starts_with(words).fill_null(value=False)

    counts = pl.col("excluded").is_null()
    behind = meters.filter(pl.col("part_of").is_not_null()).select("site_id", "measure", "meter_id", "valid_from", "valid_to")
    alone = kept.join(behind, on=["site_id", "measure", "meter_id"], how="inner").filter(_there("valid_from", "valid_to"))["record_id"]
    return {
        "duplicate": excluded("duplicate"),
        "superseded": excluded("superseded"),
        "sub_meter": excluded("sub-meter"),
        "credit_note": (pl.col("bill_kind") == "credit_note") & counts,
        "negative": (pl.col("quantity") < 0) & (pl.col("bill_kind") != "credit_note") & counts,
        "estimated_by_sender": pl.col("estimated") & counts,
        "sub_meter_alone": pl.col("record_id").is_in(alone.implode()) & counts,
        "unknown_tariff": (counts & pl.col("tariff").is_not_null() & ~pl.col("tariff").is_in(list(parts_known()))).fill_null(value=False),
        "same_days": pl.col("record_id").is_in(same_days(kept).implode()),
        "rounded": pl.col("rounded"),
        **{check: pl.col("record_id").is_in(found.implode()) for check, found in notes.items()},
    }
