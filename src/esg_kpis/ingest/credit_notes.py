"""Credit notes: which bills they take back, and that they take back no more than was billed."""

from dataclasses import dataclass

import polars as pl

from esg_kpis.exact import plain, sums
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections, without
from esg_kpis.ingest.same_bill import COUNTS, FLOWS, IS_BILL, METER, set_out

_SUPERSEDED = pl.col("excluded").str.starts_with("superseded").fill_null(value=False)


@dataclass(frozen=True)
class Credited:
    """Quantities without credit notes that went with their bill; bills that are taken back as a whole, which leave their days to others; notes that count on other days than the bill they name."""

    rows: pl.DataFrame
    void: pl.Series
    elsewhere: pl.Series
    rejected: pl.DataFrame


def credited(rows: pl.DataFrame) -> Credited:
    """What becomes of credit notes.

    A note that names its bill under `corrects` takes back from that bill; another one from the bill of its meter, days and amount, one note from one bill. A note of a bill that is
    superseded goes with it, if it takes back the whole; else it is rejected, since nobody says whether the bill that stands for it has been lowered already.
    Rejected are also notes of a bill that is not there, and those that name one bill and together take back more than it.
    """
    nobody = pl.Series("record_id", [], dtype=pl.String())
    if rows.filter(~IS_BILL & COUNTS).is_empty():
        return Credited(rows, nobody, nobody, NO_REJECTIONS)
    named = _named(rows)
    live, gone = named.filter(pl.col("__excluded").is_null()), named.filter(pl.col("__superseded") & ~pl.col("__live"))
    whole = -pl.col("canonical") == pl.col("__canonical")
    rows = set_out(rows, gone.filter(whole), "credit note of a superseded bill, record ")
    rows = set_out(rows, _of_same_days(rows, superseded=True), "credit note of a superseded bill, record ")
    problems = [_of_no_bill(rows, named), _of_corrected(rows, gone)]
    over = _more_than_billed(live)
    problems += [over]
    rows, live = without(rows, problems), without(live, problems)
    taken = [_one_by_one(live.filter(whole), ["measure", "site_id", "corrects"]), _of_same_days(rows, superseded=False)]
    void = pl.concat([*(frame["__by"] for frame in taken), _taken_back_whole(live), _of_one_document(rows)]).unique()
    note = ["record_id", "column"]
    within = (pl.col("start") >= pl.col("__start").min().over(note)) & (pl.col("end") <= pl.col("__end").max().over(note))
    elsewhere = live.filter(~within)["record_id"].unique()
    return Credited(rows, void, elsewhere, pl.concat(problems))


def _taken_back_whole(live: pl.DataFrame) -> pl.Series:
    """Records of bills which the notes that name them take back to nothing, together."""
    bill = ["measure", "site_id", "corrects"]
    if live.is_empty():
        return live["__by"]
    notes = sums(live.unique(["record_id", "column"]), bill, "canonical")
    bills = sums(live.unique(["__by", "__column"]), bill, "__canonical")
    even = notes.join(bills, on=bill).filter(pl.col("canonical") + pl.col("__canonical") == 0)
    return live.join(even.select(bill), on=bill, how="semi")["__by"]


def _of_one_document(rows: pl.DataFrame) -> pl.Series:
    """Records of bills all parts of which one note without a name takes back, of the same meter and days; one note to one bill."""
    key = ["domain", "measure", "site_id", "meter_id", "start", "end"]
    notes = rows.filter(~IS_BILL & COUNTS & pl.col("corrects").is_null())
    bills = rows.filter(IS_BILL & COUNTS).join(notes.select(key).unique(), on=key, how="semi", nulls_equal=True).with_columns(pl.coalesce("document", "record_id").alias("__bill"))
    if bills.is_empty():
        return bills["record_id"]
    of_notes = sums(notes, [*key, "record_id"], "canonical").with_columns(-pl.col("canonical"))
    of_bills = sums(bills, [*key, "__bill"], "canonical")
    pairs = of_notes.join(of_bills, on=[*key, "canonical"], how="inner", nulls_equal=True)
    same = [*key, "canonical"]
    one = pairs.filter(pl.col("record_id").rank("dense").over(same) == pl.col("__bill").rank("dense").over(same)) if pairs.height else pairs
    return bills.join(one.select(*key, "__bill"), on=[*key, "__bill"], how="semi", nulls_equal=True)["record_id"]


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """Notes that name a bill, each with the quantities of that bill: `__by`, its record, `__canonical`, `__start`, `__end`, `__excluded`, and whether any of them counts (`__live`) or is superseded."""
    notes = rows.filter(~IS_BILL & COUNTS & pl.col("corrects").is_not_null())
    names = ["meter_id", "tariff", "dimensions", "canonical", "start", "end", "excluded"]
    bills = rows.filter(IS_BILL & pl.col("document").is_not_null()).select(
        "measure", "site_id", pl.col("document").alias("corrects"), pl.col("record_id").alias("__by"), pl.col("column").alias("__column"), *(pl.col(name).alias(f"__{name}") for name in names)
    )
    pairs = notes.join(bills, on=["measure", "site_id", "corrects"], how="inner")
    same = (pl.col("meter_id") == pl.col("__meter_id")).fill_null(value=True) & (pl.col("tariff") == pl.col("__tariff")).fill_null(value=True)
    told = pairs.filter(same).with_columns(pl.col("__excluded").str.starts_with("superseded").fill_null(value=False).alias("__superseded"))
    return told.with_columns(pl.col("__excluded").is_null().any().over("record_id", "column").alias("__live"))


def _of_same_days(rows: pl.DataFrame, *, superseded: bool) -> pl.DataFrame:
    """Notes that name no bill, and `__by`, a bill of the same meter, days and amount; one note to one bill."""
    key = [*METER, "start", "end", "canonical"]
    notes = rows.filter(~IS_BILL & COUNTS & pl.col("corrects").is_null()).with_columns(-pl.col("canonical"))
    bills = rows.filter(IS_BILL & (_SUPERSEDED if superseded else COUNTS)).select(*key, pl.col("record_id").alias("__by"), pl.col("column").alias("__column"))
    return _one_by_one(notes.join(bills, on=key, how="inner", nulls_equal=True), key)


def _one_by_one(pairs: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Of all pairs of notes and bills of a key those that stand in one place among the notes and among the bills."""
    note, bill = (pl.struct(pl.col("record_id"), pl.col("column")).rank("dense").over(key), pl.struct(pl.col("__by"), pl.col("__column")).rank("dense").over(key))
    return pairs.filter(note == bill) if pairs.height else pairs


def _of_no_bill(rows: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Notes that name a bill which is not there."""
    told = pl.lit("a bill of the same site, measure and meter that is there; '") + pl.col("corrects") + "' is not: send it, or mend its number"
    notes = rows.filter(~IS_BILL & COUNTS & pl.col("corrects").is_not_null())
    return rejections(notes, ~pl.col("record_id").is_in(named["record_id"].implode()), "credits_nothing", pl.lit("corrects"), pl.col("corrects"), told, pl.col("corrects"))


def _of_corrected(rows: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """Notes that take back a part of a bill that another one stands for."""
    told = pl.lit("the number of the bill that stands for '") + pl.col("corrects") + "', if it is to be lowered too; else leave the credit note out, because that bill is lower already"
    notes = rows.filter(~IS_BILL & COUNTS)
    return rejections(notes, pl.col("record_id").is_in(gone["record_id"].implode()), "credits_corrected", pl.lit("corrects"), pl.col("corrects"), told, pl.col("corrects"))


def _more_than_billed(live: pl.DataFrame) -> pl.DataFrame:
    """Notes that name one bill, and together are more than it."""
    if live.is_empty():
        return NO_REJECTIONS
    bill = ["measure", "site_id", "corrects"]
    notes = sums(live.unique(["record_id", "column"]), bill, "canonical")
    bills = sums(live.unique(["__by", "__column"]), bill, "__canonical")
    over = notes.join(bills, on=bill).filter(pl.col("canonical") + pl.col("__canonical") < 0)
    against = {(row["measure"], row["site_id"], row["corrects"]): f"{plain(row['__canonical'])}, {plain(row['canonical'])}" for row in over.iter_rows(named=True)}
    found = live.unique(["record_id", "column"], keep="first", maintain_order=True).join(over.select(bill), on=bill, how="semi")
    told = pl.Series("__against", [against[key] for key in found.select(bill).iter_rows()], dtype=pl.String())
    hint = pl.lit("no more than was billed: of that bill and its credit notes the quantities are ") + pl.col("__against") + " " + pl.col("unit") + ". Leave out a credit note that came twice"
    return rejections(found.with_columns(told), pl.lit(value=True), "credits_too_much", pl.col("column"), pl.col("received"), hint, pl.col("__against"))


def credits_too_much(rows: pl.DataFrame) -> pl.DataFrame:
    """Credit notes that together are more than the bills of the meter whose days they share: one was sent twice, or its bill never came. To count them would take away what others used.

    A credit note that names its bill under `corrects` stands on the days of that bill. Where bills name no meter they may be of any. Meters that feed back are left alone.
    """
    counting = rows.filter(COUNTS & pl.col("measure").is_in(FLOWS))
    if (notes := counting.filter(~IS_BILL)).is_empty():
        return NO_REJECTIONS
    about = ["measure", "site_id", "dimensions"]
    near = counting.join(notes.select(about).unique(), on=about, how="semi")
    near = near.with_columns(pl.when(~pl.col("meter_id").is_null().any().over(about)).then("meter_id").fill_null("").alias("__meter"))
    meter = [*about, "__meter"]
    named = near.filter(IS_BILL & pl.col("document").is_not_null()).group_by(*meter, pl.col("document").alias("corrects")).agg(
        pl.col("start").min().alias("__start"), pl.col("end").max().alias("__end")
    )  # fmt: skip
    placed = near.join(named, on=[*meter, "corrects"], how="left").with_columns(
        pl.when(IS_BILL).then(name).otherwise(pl.coalesce(f"__{name}", name)).alias(f"__{name}") for name in ("start", "end")
    ).sort(*meter, "__start", "__end")  # fmt: skip
    apart = (pl.col("__start") > pl.col("__end").cum_max().shift(1).over(meter)).fill_null(value=True)
    blocks = placed.with_columns(apart.cum_sum().alias("__block"))
    block = blocks.filter((~IS_BILL).any().over("__block") & ~(IS_BILL & (pl.col("canonical") < 0)).any().over("__block"))
    wrong = sums(block, ["__block"], "canonical").filter(pl.col("canonical") < 0)["__block"]
    block = block.filter(pl.col("__block").is_in(wrong.implode()))
    if block.is_empty():
        return NO_REJECTIONS
    told = {number: _sides(part) for (number,), part in block.group_by("__block")}
    against = pl.col("__block").replace_strict(told, return_dtype=pl.String())
    hint = pl.lit("no more than was billed on the days of the meter; bills and credit notes are ") + against + ": leave out a credit note that came twice, send the bill it credits, or name that bill's number under `corrects`"
    found = block.filter(~IS_BILL).with_columns(against.alias("__against"))
    return rejections(found, pl.lit(value=True), "credits_too_much", pl.col("column"), pl.col("received"), hint, pl.col("__against"))


def _sides(block: pl.DataFrame) -> str:
    """What was billed, and what is taken back, with the days of both."""
    unit = block["unit"].item(0)
    sides = []
    for side in (block.filter(IS_BILL), block.filter(~IS_BILL)):
        total = plain(sums(side, ["unit"], "canonical")["canonical"].item()) if side.height else "0"
        days = f" ({min(side['start'])} to {max(side['end'])})" if side.height else ""
        sides.append(f"{total} {unit}{days}")
    return ", ".join(sides)
