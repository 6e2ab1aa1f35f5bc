"""Credit notes: which bills they take back, and that they take back no more than was billed."""

import polars as pl

from esg_kpis.exact import plain, sums
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections
from esg_kpis.ingest.same_bill import COUNTS, FLOWS, IS_BILL, METER, set_out


def credited(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Credit notes of bills that are superseded go with them; and the bills that a credit note takes back as a whole, which then leave their days to others."""
    notes = rows.filter(~IS_BILL & COUNTS)
    if notes.is_empty():
        return rows, pl.Series("record_id", [], dtype=pl.String())
    key = [*METER, "start", "end"]
    of_notes = notes.select("record_id", "column", *key, (-pl.col("canonical")).alias("canonical"))
    bills = rows.filter(IS_BILL).select(pl.col("record_id").alias("__by"), *key, "canonical", "excluded")
    pairs = of_notes.join(bills, on=[*key, "canonical"], how="inner", nulls_equal=True)
    gone = pairs.filter(pl.col("excluded").str.starts_with("superseded").fill_null(value=False))
    void = pairs.filter(pl.col("excluded").is_null())["__by"].unique()
    return set_out(rows, gone.select("record_id", "column", "__by"), "credit note of a superseded bill, record "), void


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
