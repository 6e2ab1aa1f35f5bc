"""Bills of one meter that meet: the same one twice, in whatever unit, and those that contradict each other."""

import polars as pl

from esg_kpis.domains import DOMAIN_OF, MEASURES
from esg_kpis.ingest.rejections import NO_REJECTIONS, named_in, rejections, short, span

METER = ["domain", "measure", "site_id", "meter_id", "tariff", "dimensions"]
"""What a bill of one meter is about; parts of a count (peak, valley) stand beside each other."""
BILL = [*METER, "document"]
_PARTS = {"tariff": pl.col("tariff").is_null(), "dimensions": pl.col("dimensions") == ""}
"""What parts a count, and where it is the whole."""
FLOWS = [name for name in DOMAIN_OF if MEASURES[name].nature == "flow"]
COUNTS = pl.col("excluded").is_null()
"""Nothing else stands for it."""
IS_BILL = pl.col("bill_kind") != "credit_note"
"""It is a bill, or an estimate of one, and takes nothing back."""

_NAMED, MORE = 4, "; and "
"""How many of the bills that a bill meets are named, and what stands before the number of the others."""


def meeting(rows: pl.DataFrame, key: list[str] = METER) -> pl.DataFrame:
    """The rows of those meters of which two records cover the same day: only among these can a bill stand twice, or overlap.

    Quick, since by hashes, and without misses: if any two bills of a meter meet, so do two that begin one after the other.
    """
    if rows.is_empty():
        return rows
    same = rows.select(pl.col(name).eq_missing(pl.col(name).first()).all() for name in key).row(0)
    key = [name for name, constant in zip(key, same, strict=True) if not constant] or key[:1]
    spans = rows.select(pl.struct(key).hash().alias("__meter"), "start", "end")
    another = pl.col("__meter").ne_missing(pl.col("__meter").shift(1))
    blocks, in_order = spans.select(another.sum().alias("blocks"), (another | (pl.col("start") > pl.col("end").shift(1)).fill_null(value=False)).all().alias("in_order")).row(0)
    if in_order and blocks == spans["__meter"].n_unique():
        return rows.clear()  # As most files come: meter by meter, bill after bill.
    spans = spans.with_row_index("__row").sort("__meter", "start").with_columns(pl.col("__row").shift(1).alias("__before"))
    common_day = (pl.col("start") <= pl.col("end").shift(1)).fill_null(value=True)
    met = spans.filter((pl.col("__meter") == pl.col("__meter").shift(1)) & common_day)
    met = met.filter(rows["record_id"].gather(met["__row"]) != rows["record_id"].gather(met["__before"]))
    return rows.filter(pl.struct(key).hash().is_in(met["__meter"].unique().implode())) if met.height else rows.clear()


def among(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Those of `rows` whose record is among `others`."""
    return rows.filter(pl.col("record_id").is_in(others["record_id"].unique().implode())) if others.height else rows.clear()


def set_out(rows: pl.DataFrame, found: pl.DataFrame, words: str) -> pl.DataFrame:
    """`rows` with `excluded`, where it says nothing yet, for the quantities in `found` (record_id, column, `__by`: the record that stands for it)."""
    if found.is_empty():
        return rows
    first = found.select("record_id", "column", "__by").sort("__by").unique(["record_id", "column"], keep="first", maintain_order=True)
    marked = rows.join(first, on=["record_id", "column"], how="left", maintain_order="left")
    return marked.with_columns(pl.coalesce("excluded", pl.lit(words) + pl.col("__by")).alias("excluded")).drop("__by")


def duplicates(rows: pl.DataFrame, close: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """A quantity that says what an earlier record said, in whatever unit: same measure, site, meter, bill, days, dimensions and amount."""
    same = [*BILL, "start", "end", "canonical", "corrects", "revision", "bill_kind"]
    if close.is_empty() or (twice := close.filter(pl.struct(same).is_duplicated()).select("record_id", "column", *same)).is_empty():
        return rows
    ordered = twice.join(places, on="record_id", how="left").sort("path", "line", "column")
    first = ordered.with_columns(pl.col("record_id").first().over(same).alias("__by"))
    return set_out(rows, first.filter(pl.col("__by") != pl.col("record_id")).select("record_id", "column", "__by"), "duplicate of record ")


# ---------------------------------------------------------------- contradictions


def bills_twice(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The same bill of the same meter for the same days, with another amount, and nothing says which holds."""
    key = [*BILL, "start", "end", "bill_kind"]
    twice = rows.filter(pl.col("document").is_not_null() & COUNTS)
    twice = twice.filter(pl.struct(key).is_duplicated()) if twice.height else twice
    twice = twice.filter(pl.col("record_id").n_unique().over(key) > 1) if twice.height else twice
    if twice.is_empty():
        return NO_REJECTIONS
    twice = twice.join(places.select("record_id", "path", "line"), on="record_id", how="left", maintain_order="left")
    each = short(pl.col("quantity")) + " " + pl.col("received_unit") + " (" + pl.col("record_id") + ")"
    sent = each.sort_by("path", "line").head(_NAMED).str.join("; ") + _and_more(pl.len())
    meter = pl.when(pl.col("meter_id").is_null()).then(pl.lit("")).otherwise(pl.lit(" of meter ") + pl.col("meter_id"))
    part = pl.when(pl.col("tariff").is_null()).then(pl.lit("")).otherwise(pl.lit(" (") + pl.col("tariff") + ")")
    told = (
        pl.lit("one quantity for bill ") + pl.col("document") + meter + part + " for " + span() + ". It was sent " + pl.len().cast(pl.String).over(key) + " times with different quantities: " + sent.over(key)
        + ". Keep the row that is right and leave the others out; or, if one of them corrects another, write the number of the bill it corrects in a column `corrects`, or a higher number in a column `revision`"
    )  # fmt: skip
    return rejections(twice.with_columns(told.alias("__told"), sent.over(key).alias("__sent")), pl.lit(value=True), "bill_twice", pl.col("column"), pl.col("received"), pl.col("__told"), pl.col("__sent"))


def beyond(overlapping: pl.DataFrame, twice: pl.DataFrame) -> pl.DataFrame:
    """Rejections of bills that share days, without those that say nothing but that the same bill came twice, which has been said."""
    said: dict[str, set[str]] = {}
    for record, detail in twice.select("record_id", "detail").iter_rows():
        said.setdefault(record, set()).update(named_in(detail))
    news = [record not in said or MORE in detail or not said[record].issuperset(named_in(detail)) for record, detail in overlapping.select("record_id", "detail").iter_rows()]
    return overlapping.filter(pl.Series(news, dtype=pl.Boolean())) if twice.height else overlapping


def overlaps(rows: pl.DataFrame, close: pl.DataFrame, void: pl.Series) -> pl.DataFrame:
    """Bills of one meter that cover the same day, of one part of its count, or of the whole beside a part; columns of one record stand beside each other.

    Parts are tariffs, and what a dimension says of a fuel; where none is said, it is the whole.
    """
    metered = rows.filter(
        pl.col("meter_id").is_not_null() & COUNTS & pl.col("measure").is_in(FLOWS) & IS_BILL & ~pl.col("record_id").is_in(void.implode())
    )
    found = [_blocks(among(metered, close), METER)]
    for name, whole in _PARTS.items():
        across = [other for other in METER if other != name]
        parts = metered.select(whole.sum()).item() if metered.height else 0
        if parts not in (0, metered.height):
            mixed = metered.filter(whole.any().over(across) & ~whole.all().over(across))
            found.append(_blocks(mixed, across, whole))
    blocks = pl.concat(found)
    if blocks.is_empty():
        return NO_REJECTIONS
    told = metered.join(blocks, on="record_id", how="inner")
    hint = (
        pl.lit("days that no other bill of meter ") + pl.col("meter_id") + " covers. These cover some of them too: " + pl.col("__others")
        + ". If a bill was sent twice, leave one out; if its dates are wrong, mend them; if it corrects the other, write the number of that bill in a column `corrects`; if both are parts of one count, such as peak and valley, name the part of each in a column `tariff`. "
        "Days that two bills share by custom, and rows of a whole, are told in _format.toml (`last_day`, [[file.aside]])"
    )  # fmt: skip
    return rejections(told, pl.lit(value=True), "overlap", pl.lit("period_start"), span(), hint, pl.col("__others"))


def _and_more(count: pl.Expr) -> pl.Expr:
    return pl.when(count > _NAMED).then(pl.lit(MORE) + (count - _NAMED).cast(pl.String) + " more").otherwise(pl.lit(""))


def _blocks(rows: pl.DataFrame, key: list[str], odd: pl.Expr | None = None, *, all_odd: bool = False) -> pl.DataFrame:
    """Records whose days meet those of another one of the same key: `record_id`, and `__others`, the days and ids of those that meet.

    With `odd` only those count among which it holds of one, and of another not, unless `all_odd`.
    """
    nothing = pl.DataFrame(schema={"record_id": pl.String(), "__others": pl.String()})
    if (rows := meeting(rows, key)).is_empty():
        return nothing
    is_odd = pl.lit(value=True) if odd is None else odd
    each = rows.with_columns(is_odd.alias("__odd")).group_by(*key, "record_id", "start", "end").agg(pl.col("__odd").any(), (~pl.col("__odd")).any().alias("__even"))
    each = each.sort(*key, "start", "end", "record_id")
    same = pl.struct(key) == pl.struct(key).shift(1)
    ended = pl.col("end").cum_max().over(key).shift(1)
    block = (~(same & (pl.col("start") <= ended)).fill_null(value=False)).cum_sum().alias("__block")
    blocks = each.with_columns(block).filter(pl.col("record_id").n_unique().over("__block") > 1)
    if odd is not None:
        blocks = blocks.filter(pl.col("__odd").any().over("__block") & (all_odd | pl.col("__even").any().over("__block")))
    return _others(blocks) if blocks.height else nothing


def _others(blocks: pl.DataFrame) -> pl.DataFrame:
    """`record_id` of each record, and `__others`: days and ids of the bills of its block that share a day with it."""
    told = blocks.select("__block", pl.col("record_id").alias("__id"), pl.col("start").alias("__start"), pl.col("end").alias("__end"))
    met = blocks.join(told, on="__block", how="inner").filter((pl.col("record_id") != pl.col("__id")) & (pl.col("start") <= pl.col("__end")) & (pl.col("__start") <= pl.col("end")))
    each = met.unique(["record_id", "__id"], keep="first", maintain_order=True).sort("record_id", "__start", "__id")
    words = pl.col("__start").cast(pl.String) + " to " + pl.col("__end").cast(pl.String) + " (" + pl.col("__id") + ")"
    more = _and_more(pl.len())
    return each.group_by("record_id", maintain_order=True).agg(words.head(_NAMED).str.join("; ").alias("__others"), more.alias("__more")).select("record_id", pl.col("__others") + pl.col("__more"))


def alike_meters(rows: pl.DataFrame, meters: pl.DataFrame) -> pl.Series:
    """Bills of the same days and quantity, which is not zero, on meters of a site whose numbers differ by marks or zeros only (`E1` and `E001`, `1-1` and `11`), and not both in the register."""
    named = rows.select("site_id", "meter_id").unique().drop_nulls("meter_id")
    bare = pl.col("meter_id").str.to_lowercase().str.replace_all(r"[\s_*:\-]+", "").str.replace_all(r"(^|[^0-9])0+([0-9])", "${1}${2}").alias("__bare")
    listed = pl.col("meter_id").is_in(meters["meter_id"].drop_nulls().implode())
    near = named.with_columns(bare).filter(pl.struct("site_id", "__bare").is_duplicated())
    near = near.filter(~listed.all().over("site_id", "__bare")) if near.height else near
    if near.is_empty():
        return pl.Series("record_id", [], dtype=pl.String())
    bills = rows.filter(COUNTS & IS_BILL & (pl.col("canonical") != 0)).join(near, on=["site_id", "meter_id"], how="inner")
    return bills.filter(pl.col("meter_id").n_unique().over("domain", "measure", "site_id", "__bare", "tariff", "dimensions", "start", "end", "canonical") > 1)["record_id"]


def same_days(rows: pl.DataFrame) -> pl.Series:
    """Bills of which one names no meter, that cover the same day of a site and measure: two accounts, or one bill sent twice. Consignments of one day are left alone, as of waste: there may be many."""
    spans = pl.col("domain").is_in(["energy", "water"]) | (pl.col("start") < pl.col("end"))
    flows = rows.filter(spans & COUNTS & pl.col("measure").is_in(FLOWS) & IS_BILL)
    key = ["domain", "measure", "site_id", "dimensions"]
    without = flows.filter(pl.col("meter_id").is_null().any().over(key)) if flows["meter_id"].null_count() else flows.clear()
    return _blocks(without, key, pl.col("meter_id").is_null(), all_odd=True)["record_id"]
