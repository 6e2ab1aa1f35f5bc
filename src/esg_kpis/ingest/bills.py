"""What quantities say together: the same bill twice, bills that supersede others, sub-meters behind main meters, days that two bills cover, counters that rolled over.

A quantity that another one stands for is excluded, with the reason. Where two contradict each other and nobody says which holds, both are rejected: to count both would be
double, to choose one a guess.
"""

from dataclasses import dataclass

import polars as pl

from esg_kpis.domains import DOMAIN_OF, MEASURES
from esg_kpis.exact import QUANTITY
from esg_kpis.ingest.observations import OBSERVATION, seen_in_quantities
from esg_kpis.ingest.quantities import in_canonical_units
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections

METER = ["domain", "measure", "site_id", "meter_id", "tariff", "dimensions"]
"""What a bill of one meter is about; parts of a count (peak, valley) stand beside each other."""
_BILL = [*METER, "document"]


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
        places: `record_id`, `path`, `line` of all records: the first of two equal ones is kept.
        meters: The register of meters.

    Source: GHG Protocol Corporate Standard (2004), chapter 7 (double counting, completeness); GB 17167-2006 (metering levels).
    """
    rows, notes = _read_off(sent, meters)
    wrong = [_signs(rows, meters), _backwards(rows)]
    rows = in_canonical_units(_without(rows, wrong))
    rows = rows.with_columns(pl.lit(None, dtype=pl.String()).alias("excluded"))
    alone = _all_different(rows, [*_BILL, "start", "end"])
    rows = rows if alone else _duplicates(rows, places)
    rows, loops = _corrected(rows)
    rows = _revised(_without(rows, [loops]))
    rows = _sub_meters(rows, meters)
    contradictions = [NO_REJECTIONS if alone else _bills_twice(rows), _overlaps(rows)]
    kept = _without(rows, contradictions)
    problems = pl.concat([NO_REJECTIONS, *wrong, loops, *contradictions])
    return Judged(kept, problems, pl.concat([pl.DataFrame(schema=OBSERVATION), seen_in_quantities(kept, _kinds(kept, notes))]))


def _without(rows: pl.DataFrame, problems: list[pl.DataFrame]) -> pl.DataFrame:
    bad = pl.concat([frame.select("record_id") for frame in problems])["record_id"].unique()
    return rows.filter(~pl.col("record_id").is_in(bad.implode())) if bad.len() else rows


# ---------------------------------------------------------------- one quantity and its meter


def _of_meter(rows: pl.DataFrame, meters: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """`rows` with columns of the register, as it holds on their days; null where no meter is named there."""
    named = meters.filter(pl.col("meter_id").is_not_null()).select("site_id", "measure", "meter_id", "valid_from", "valid_to", *columns)
    joined = rows.join(named, on=["site_id", "measure", "meter_id"], how="left", maintain_order="left")
    valid = (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("start"))) & (pl.col("valid_to").is_null() | (pl.col("end") <= pl.col("valid_to")))
    return joined.with_columns(pl.when(valid).then(pl.col(name)).alias(name) for name in columns).drop("valid_from", "valid_to")


def _read_off(sent: pl.DataFrame, meters: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Quantities taken from the readings where their cell is blank; and which rolled over, or differ from what the readings give."""
    if sent["reading_start"].null_count() == sent.height:
        return sent.with_columns(pl.lit(value=False).alias("__backwards")), {}
    rows = _of_meter(sent, meters, "digits")
    steps = pl.col("reading_to") - pl.col("reading_start")
    around = pl.lit(10).cast(pl.Int64()).pow(pl.col("digits")).cast(QUANTITY)
    rolled = (steps < 0) & pl.col("digits").is_not_null() & (pl.col("reading_start") < around) & (pl.col("reading_to") >= 0)
    counted = pl.when(rolled).then(steps + around).otherwise(steps) * pl.col("reading_times")
    rows = rows.with_columns(counted.cast(QUANTITY).alias("__counted"), rolled.fill_null(value=False).alias("__rolled"))
    rows = rows.with_columns(
        pl.when("readings").then(pl.col("__counted")).otherwise(pl.col("quantity")).alias("quantity"),
        pl.when("readings").then(pl.col("reading_to").cast(pl.String) + " - " + pl.col("reading_start").cast(pl.String)).otherwise(pl.col("received")).alias("received"),
        ((steps < 0) & ~rolled & pl.col("readings")).fill_null(value=False).alias("__backwards"),
    )  # fmt: skip
    apart = (~pl.col("readings") & ((pl.col("quantity") - pl.col("__counted")).abs() >= 1)).fill_null(value=False)
    notes = {"rollover": rows.filter("__rolled")["record_id"], "readings": rows.filter(apart)["record_id"]}
    return rows.drop("digits", "__counted", "__rolled"), notes


def _backwards(rows: pl.DataFrame) -> pl.DataFrame:
    told = "a later reading above the earlier one, or the meter's digits in the register of meters, if its counter rolled over"
    return rejections(rows, pl.col("__backwards"), "reading_backwards", pl.col("column"), pl.col("received"), told)


def _signs(rows: pl.DataFrame, meters: pl.DataFrame) -> pl.DataFrame:
    """Negative quantities that neither the format nor the register nor their kind of bill explains, and credit notes that are none."""
    negative = rows.filter((pl.col("quantity") < 0) & ~pl.col("__backwards"))
    positive = rows.filter((pl.col("bill_kind") == "credit_note") & (pl.col("quantity") > 0))
    told = 'zero or more; or `bill_kind` credit_note, a meter that the register says is net metered, or `negative = "net_metering"` in _format.toml'
    unexplained = pl.DataFrame(schema=rows.schema)
    if negative.height:
        allowed = pl.col("feeds_back") | (pl.col("bill_kind") == "credit_note") | pl.col("net_metering").fill_null(value=False)
        unexplained = _of_meter(negative, meters, "net_metering").filter(~allowed)
    return pl.concat([
        rejections(unexplained, pl.lit(value=True), "negative", pl.col("column"), pl.col("received"), told),
        rejections(positive, pl.lit(value=True), "credit_note_sign", pl.col("column"), pl.col("received"), "a quantity below zero on a credit note"),
    ])  # fmt: skip


# ---------------------------------------------------------------- one bill and another


def _all_different(rows: pl.DataFrame, key: list[str]) -> bool:
    """Whether no two rows have the same key: told by hashes, so that it is quick; two keys of one hash make it look at all of them."""
    different: int = rows.select(pl.struct(key).hash().n_unique()).item()
    return rows.height == different


def _excluded(rows: pl.DataFrame, reason: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(pl.coalesce("excluded", reason).alias("excluded"))


def _duplicates(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """A quantity that says what an earlier record said, in whatever unit: same measure, site, meter, bill, days, dimensions and amount."""
    same = [*_BILL, "start", "end", "canonical", "corrects", "revision", "bill_kind"]
    twice = rows.filter(pl.struct(same).is_duplicated()).select("record_id", "column", *same) if rows.height else rows
    if twice.is_empty():
        return rows
    ordered = twice.join(places, on="record_id", how="left").sort("path", "line", "column")
    first = ordered.with_columns(pl.col("record_id").first().over(same).alias("__first"))
    again = first.filter(pl.col("__first") != pl.col("record_id")).select("record_id", "column", "__first")
    marked = rows.join(again, on=["record_id", "column"], how="left", maintain_order="left")
    return _excluded(marked, pl.lit("duplicate of record ") + pl.col("__first")).drop("__first")


def _corrected(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bills that a later one names as corrected are superseded; bills that correct each other are rejected."""
    correcting = rows.filter(pl.col("corrects").is_not_null() & pl.col("excluded").is_null())
    if correcting.is_empty():
        return rows, NO_REJECTIONS
    key = ["measure", "site_id", "document"]
    by = correcting.select("measure", "site_id", pl.col("corrects").alias("document"), pl.col("document").alias("__by_document"), pl.col("record_id").alias("__by"))
    steps = by.rename({"__by_document": "__end"})
    loops = _in_circles(steps)
    circular = correcting.join(loops, on=key, how="semi")
    told = "the number of another bill, which does not correct this one"
    problems = rejections(circular, pl.lit(value=True), "corrects_itself", pl.col("column"), pl.col("corrects"), told)
    first = by.sort("__by").unique(key, keep="first", maintain_order=True)
    marked = rows.join(first.select(*key, "__by"), on=key, how="left", maintain_order="left")
    return _excluded(marked, pl.lit("superseded by record ") + pl.col("__by")).drop("__by"), problems


def _in_circles(steps: pl.DataFrame) -> pl.DataFrame:
    """Documents from which following `corrects` leads back to themselves."""
    after: dict[tuple[str, str, str], set[str]] = {}
    for measure, site, corrected, document in steps.select("measure", "site_id", "document", "__end").iter_rows():
        if document is not None:
            after.setdefault((measure, site, document), set()).add(corrected)
    found = []
    for start in after:
        seen: set[str] = set()
        ahead = list(after[start])
        while ahead:
            document = ahead.pop()
            if document not in seen:
                seen.add(document)
                ahead += after.get((*start[:2], document), ())
        if start[2] in seen:
            found.append(start)
    return pl.DataFrame(found, schema={"measure": pl.String(), "site_id": pl.String(), "document": pl.String()}, orient="row")


def _revised(rows: pl.DataFrame) -> pl.DataFrame:
    """Of the revisions of one bill the highest counts."""
    if rows["revision"].null_count() == rows.height:
        return rows
    own = pl.col("document").is_not_null() & pl.col("excluded").is_null()
    number = pl.when(own).then(pl.col("revision").fill_null(0))
    latest = number.max().over(_BILL)
    by = pl.when(own & (number == latest)).then(pl.col("record_id")).min().over(_BILL)
    return _excluded(rows, pl.when(own & (number < latest)).then(pl.lit("superseded by record ") + by))


def _sub_meters(rows: pl.DataFrame, meters: pl.DataFrame) -> pl.DataFrame:
    """What a sub-meter counts is in the bills of its main meter."""
    if meters["part_of"].null_count() == meters.height:
        return rows
    return _excluded(_of_meter(rows, meters, "part_of"), pl.lit("sub-meter, counted in the bills of ") + pl.col("part_of")).drop("part_of")


def _bills_twice(rows: pl.DataFrame) -> pl.DataFrame:
    """The same bill of the same meter for the same days, with another amount, and nothing says which holds."""
    counts = pl.col("document").is_not_null() & pl.col("excluded").is_null()
    key = [*_BILL, "start", "end", "column", "bill_kind"]
    twice = rows.filter(counts)
    twice = twice.filter(pl.struct(key).is_duplicated()) if twice.height else twice
    if twice.is_empty():
        return NO_REJECTIONS
    others = pl.col("record_id").unique().sort().str.join(", ").over(key)
    told = pl.lit("one bill of that number, meter and days: say `corrects` or `revision`, or take the wrong one away; the rows are ") + others
    return rejections(twice.with_columns(others.alias("__others"), told.alias("__told")), pl.lit(value=True), "bill_twice", pl.col("column"), pl.col("received"), pl.col("__told"), pl.col("__others"))


def _overlaps(rows: pl.DataFrame) -> pl.DataFrame:
    """Bills of one meter that cover the same day; columns of one record stand beside each other."""
    flows = [name for name in DOMAIN_OF if MEASURES[name].nature == "flow"]
    own = pl.col("meter_id").is_not_null() & pl.col("excluded").is_null() & pl.col("measure").is_in(flows) & (pl.col("bill_kind") != "credit_note")
    metered = rows.filter(own)
    # Quick and without misses: if any two bills of a meter meet, so do two that begin one after the other.
    spans = metered.select(pl.struct(METER).hash().alias("__meter"), "record_id", "start", "end").sort("__meter", "start")
    later = (pl.col("__meter") == pl.col("__meter").shift(1)) & (pl.col("record_id") != pl.col("record_id").shift(1)) & (pl.col("start") <= pl.col("end").shift(1))
    if not spans.select(later.any()).item():
        return NO_REJECTIONS
    spans = metered.select(*METER, "record_id", "start", "end").unique().sort(*METER, "start", "end", "record_id")
    same = pl.struct(METER) == pl.struct(METER).shift(1)
    ended = pl.col("end").cum_max().over(METER).shift(1)
    meets = (same & (pl.col("start") <= ended)).fill_null(value=False)
    if not spans.select(meets.any()).item():
        return NO_REJECTIONS
    marked = spans.with_columns(meets.alias("__meets"))
    block = (~pl.col("__meets")).cum_sum().alias("__block")  # Bills that meet, and the one they meet, are one block.
    blocks = marked.with_columns(block).filter(pl.len().over("__block") > 1)
    others = (pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)).sort_by("start", "record_id").str.join("; ").over("__block")
    told = blocks.with_columns(others.alias("__others")).select("record_id", *METER, "__others")
    found = metered.join(told, on=["record_id", *METER], how="inner", nulls_equal=True)
    hint = pl.lit("days of the meter that no other bill covers, or `corrects`, `tariff`, or `last_day` in _format.toml; the bills run ") + pl.col("__others")
    span = pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)
    return rejections(found, pl.lit(value=True), "overlap", pl.lit("period_start"), span, hint, pl.col("__others"))


# ---------------------------------------------------------------- what a person should know


def _kinds(kept: pl.DataFrame, notes: dict[str, pl.Series]) -> dict[str, pl.Expr]:
    """Check to the quantities it is about."""
    def excluded(words: str) -> pl.Expr:
        return pl.col("excluded").str.starts_with(words).fill_null(value=False)

    counts = pl.col("excluded").is_null()
    correcting = kept.filter(pl.col("corrects").is_not_null() & counts)
    known = kept.select("measure", "site_id", pl.col("document").alias("corrects")).drop_nulls().unique() if correcting.height else correcting
    lost = correcting.join(known, on=["measure", "site_id", "corrects"], how="anti")["record_id"]
    return {
        "duplicate": excluded("duplicate"),
        "superseded": excluded("superseded"),
        "sub_meter": excluded("sub-meter"),
        "credit_note": (pl.col("bill_kind") == "credit_note") & counts,
        "negative": (pl.col("quantity") < 0) & (pl.col("bill_kind") != "credit_note") & counts,
        "estimated_by_sender": pl.col("estimated") & counts,
        "corrects_nothing": pl.col("record_id").is_in(lost.implode()),
        "rounded": pl.col("rounded"),
        **{check: pl.col("record_id").is_in(found.implode()) for check, found in notes.items()},
    }
