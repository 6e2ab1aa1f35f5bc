"""Which bills stand for each other: the same one twice, in another spelling or unit; corrected, revised, credited, or estimated first; and those that contradict each other."""

import polars as pl

from esg_kpis.domains import DOMAIN_OF, MEASURES
from esg_kpis.files import folded
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections

METER = ["domain", "measure", "site_id", "meter_id", "tariff", "dimensions"]
"""What a bill of one meter is about; parts of a count (peak, valley) stand beside each other."""
BILL = [*METER, "document"]
WHOLE = frozenset(folded(word) for word in ("总", "合计", "总计", "全部", "total", "all", "sum"))
"""Tariffs that mean the whole count of a meter."""
_FLOWS = [name for name in DOMAIN_OF if MEASURES[name].nature == "flow"]
_COUNTS = pl.col("excluded").is_null()
_IS_BILL = pl.col("bill_kind") != "credit_note"
_PLAIN = r"^[\x20-\x7E]*$"
_ITS_OWN = r"^[A-Z1-9][A-Z0-9]*$"
"""A number of capitals and digits, of which no two different ones are alike."""


def alike(word: str) -> str:
    """A meter or bill number without what a spreadsheet or a hand changes: width, case, spaces, marks, and zeros in front."""
    bare = folded(word)
    return bare.lstrip("0") or bare


def spelled(rows: pl.DataFrame, meters: pl.DataFrame) -> pl.DataFrame:
    """`rows` with one spelling per meter and bill of a site: that of the register, else the first in order; a whole count has no tariff; a bill of no kind is a bill.

    A bill that names no meter is that of the site's only main meter, if the register names just one for its measure.
    """
    mains = meters.filter(pl.col("part_of").is_null() & pl.col("meter_id").is_not_null())
    only = mains.group_by("site_id", "measure").agg(pl.col("meter_id").first().alias("__only"), pl.len().alias("__n")).filter(pl.col("__n") == 1).drop("__n")
    tariffs = {word: None for word in rows["tariff"].drop_nulls().unique().to_list() if folded(word) in WHOLE}
    rows = rows.with_columns(
        pl.col("tariff").replace(tariffs) if tariffs else pl.col("tariff"), pl.col("bill_kind").replace({"": "bill"}), pl.col("revision").fill_null(0)
    )
    if only.height:
        rows = rows.join(only, on=["site_id", "measure"], how="left", maintain_order="left").with_columns(pl.coalesce("meter_id", "__only").alias("meter_id")).drop("__only")
    return _one_spelling(_one_spelling(rows, "meter_id", meters), "document", meters.clear())


def _one_spelling(rows: pl.DataFrame, name: str, register: pl.DataFrame) -> pl.DataFrame:
    known = {(site, alike(word)): word for site, word in register.select("site_id", "meter_id").drop_nulls().iter_rows()}
    if not known and rows.select((pl.col(name).is_null() | pl.col(name).str.contains(_ITS_OWN)).all()).item():
        return rows
    listed = register.select("site_id", pl.col("meter_id").alias(name))
    spellings = pl.concat([rows.select("site_id", name), listed]).drop_nulls().unique()
    # Quick and without misses: of ASCII this is what `alike` makes; what else there is is looked at one by one.
    bare = pl.col(name).str.to_lowercase().str.replace_all(r"[\s_*:\-]+", "").str.strip_chars_start("0")
    words: dict[tuple[str, str], str] = {}
    changed = []
    several = spellings.filter(pl.struct("site_id", bare).is_duplicated() | ~pl.col(name).str.contains(_PLAIN))
    for site, word in several.sort("site_id", name).iter_rows():
        one = known.get((site, alike(word))) or words.setdefault((site, alike(word)), word)
        if one != word:
            changed.append((site, word, one))
    if not changed:
        return rows
    table = pl.DataFrame(changed, schema={"site_id": pl.String(), name: pl.String(), "__one": pl.String()}, orient="row")
    return rows.join(table, on=["site_id", name], how="left", maintain_order="left").with_columns(pl.coalesce("__one", name).alias(name)).drop("__one")


def meeting(rows: pl.DataFrame, key: list[str] = METER) -> pl.DataFrame:
    """The rows of those meters of which two records cover the same day: only among these can a bill stand twice, or overlap.

    Quick, since by hashes, and without misses: if any two bills of a meter meet, so do two that begin one after the other.
    """
    spans = rows.select(pl.struct(key).hash().alias("__meter"), "start", "end").with_row_index("__row").sort("__meter", "start").with_columns(pl.col("__row").shift(1).alias("__before"))
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
    first = found.sort("__by").unique(["record_id", "column"], keep="first", maintain_order=True)
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


def _pairs(old: pl.DataFrame, new: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Quantities of `old` and, as `__by`, records of `new` with the same key, a common day, and the same meter where both name one."""
    names = ["meter_id", "start", "end", "revision", "canonical", "tariff", "dimensions"]
    right = new.select(*on, pl.col("record_id").alias("__by"), *(pl.col(name).alias(f"__{name}") for name in names if name not in on))
    both = old.join(right, on=on, how="inner", nulls_equal=True).filter(pl.col("record_id") != pl.col("__by"))
    meets = (pl.col("start") <= pl.col("__end")) & (pl.col("__start") <= pl.col("end"))
    same = pl.lit(value=True) if "meter_id" in on else (pl.col("meter_id") == pl.col("__meter_id")).fill_null(value=True)
    return both.filter(meets & same)


def corrected(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bills that a later one names as corrected, for days and meter of both, are superseded; bills that correct each other are rejected."""
    correcting = rows.filter(pl.col("corrects").is_not_null() & _COUNTS & _IS_BILL)
    if correcting.is_empty():
        return rows, NO_REJECTIONS
    key = ["measure", "site_id", "document"]
    steps = correcting.select("measure", "site_id", pl.col("corrects").alias("document"), pl.col("document").alias("__end"))
    circular = correcting.join(_in_circles(steps), on=key, how="semi")
    told = "the number of another bill, which does not correct this one"
    problems = rejections(circular, pl.lit(value=True), "corrects_itself", pl.col("column"), pl.col("corrects"), told)
    by = correcting.with_columns(pl.col("corrects").alias("document"))
    found = _pairs(rows.filter(pl.col("document").is_not_null()), by, key).select("record_id", "column", "__by")
    return set_out(rows, found, "superseded by record "), problems


def _in_circles(steps: pl.DataFrame) -> pl.DataFrame:
    """Documents from which following `corrects` leads back to themselves."""
    after: dict[tuple[str, str, str], set[str]] = {}
    for measure, site, wrong, document in steps.select("measure", "site_id", "document", "__end").iter_rows():
        if document is not None:
            after.setdefault((measure, site, document), set()).add(wrong)
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


def revised(rows: pl.DataFrame) -> pl.DataFrame:
    """Of the revisions of one bill the highest counts, for the days and the meter that it covers."""
    if not (rows["revision"] > 0).any():
        return rows
    own = rows.filter(pl.col("document").is_not_null() & _COUNTS & _IS_BILL)
    pairs = _pairs(own, own, ["measure", "site_id", "document"]).filter(pl.col("__revision") > pl.col("revision"))
    highest = pairs.filter(pl.col("__revision") == pl.col("__revision").max().over("record_id", "column"))
    return set_out(rows, highest.select("record_id", "column", "__by"), "superseded by record ")


def read_later(rows: pl.DataFrame) -> pl.DataFrame:
    """A bill that its sender estimated is superseded by one that was read and covers all of its days."""
    estimates = rows.filter((pl.col("bill_kind") == "estimate") & _COUNTS & pl.col("meter_id").is_not_null())
    if estimates.is_empty():
        return rows
    pairs = _pairs(estimates, rows.filter((pl.col("bill_kind") == "bill") & _COUNTS), METER)
    covered = pairs.filter((pl.col("__start") <= pl.col("start")) & (pl.col("end") <= pl.col("__end")))
    return set_out(rows, covered.select("record_id", "column", "__by"), "superseded by record ")


def credited(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Credit notes of bills that are superseded go with them; and the bills that a credit note takes back as a whole, which then leave their days to others."""
    notes = rows.filter((pl.col("bill_kind") == "credit_note") & _COUNTS)
    if notes.is_empty():
        return rows, pl.Series("record_id", [], dtype=pl.String())
    key = [*METER, "start", "end"]
    of_notes = notes.select("record_id", "column", *key, (-pl.col("canonical")).alias("canonical"))
    bills = rows.filter(_IS_BILL).select(pl.col("record_id").alias("__by"), *key, "canonical", "excluded")
    pairs = of_notes.join(bills, on=[*key, "canonical"], how="inner", nulls_equal=True)
    gone = pairs.filter(pl.col("excluded").str.starts_with("superseded").fill_null(value=False))
    void = pairs.filter(pl.col("excluded").is_null())["__by"].unique()
    return set_out(rows, gone.select("record_id", "column", "__by"), "credit note of a superseded bill, record "), void


# ---------------------------------------------------------------- contradictions


def bills_twice(rows: pl.DataFrame) -> pl.DataFrame:
    """The same bill of the same meter for the same days, with another amount, and nothing says which holds."""
    key = [*BILL, "start", "end", "column", "bill_kind"]
    twice = rows.filter(pl.col("document").is_not_null() & _COUNTS)
    twice = twice.filter(pl.struct(key).is_duplicated()) if twice.height else twice
    if twice.is_empty():
        return NO_REJECTIONS
    others = pl.col("record_id").unique().sort().str.join(", ").over(key)
    told = pl.lit("one bill of that number, meter and days: say `corrects` or `revision`, or leave the wrong one out; the rows are ") + others
    named = twice.with_columns(others.alias("__others"), told.alias("__told"))
    return rejections(named, pl.lit(value=True), "bill_twice", pl.col("column"), pl.col("received"), pl.col("__told"), pl.col("__others"))


def overlaps(rows: pl.DataFrame, close: pl.DataFrame, void: pl.Series) -> pl.DataFrame:
    """Bills of one meter that cover the same day, of one tariff, or of the whole count beside a part of it; columns of one record stand beside each other."""
    metered = rows.filter(
        pl.col("meter_id").is_not_null() & _COUNTS & pl.col("measure").is_in(_FLOWS) & _IS_BILL & ~pl.col("record_id").is_in(void.implode())
    )
    across = [name for name in METER if name != "tariff"]
    found = [_blocks(among(metered, close), METER)]
    if metered["tariff"].null_count() not in (0, metered.height):
        mixed = metered.filter(pl.col("tariff").is_null().any().over(across) & pl.col("tariff").is_not_null().any().over(across))
        found.append(_blocks(mixed, across, mixed_only=True))
    blocks = pl.concat(found)
    if blocks.is_empty():
        return NO_REJECTIONS
    told = metered.join(blocks, on="record_id", how="inner")
    hint = (
        pl.lit("days of the meter that no other bill covers, and either its whole count or the parts of it; else `corrects`, `tariff`, or `last_day` in _format.toml; the bills run ")
        + pl.col("__others")
    )  # fmt: skip
    span = pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)
    return rejections(told, pl.lit(value=True), "overlap", pl.lit("period_start"), span, hint, pl.col("__others"))


def _blocks(rows: pl.DataFrame, key: list[str], *, mixed_only: bool = False) -> pl.DataFrame:
    """Records whose days meet those of another one of the same key: `record_id`, and `__others`, the days of all that meet. With `mixed_only` a whole must meet a part."""
    nothing = pl.DataFrame(schema={"record_id": pl.String(), "__others": pl.String()})
    if (rows := meeting(rows, key)).is_empty():
        return nothing
    each = rows.group_by(*key, "record_id", "start", "end").agg(pl.col("tariff").is_null().any().alias("__whole"), pl.col("tariff").is_not_null().any().alias("__part"))
    each = each.sort(*key, "start", "end", "record_id")
    same = pl.struct(key) == pl.struct(key).shift(1)
    ended = pl.col("end").cum_max().over(key).shift(1)
    block = (~(same & (pl.col("start") <= ended)).fill_null(value=False)).cum_sum().alias("__block")
    blocks = each.with_columns(block).filter(pl.col("record_id").n_unique().over("__block") > 1)
    if mixed_only:
        blocks = blocks.filter(pl.col("__whole").any().over("__block") & pl.col("__part").any().over("__block"))
    days = (pl.col("start").cast(pl.String) + " to " + pl.col("end").cast(pl.String)).sort_by("start", "record_id").str.join("; ").over("__block")
    return blocks.select("record_id", days.alias("__others")).unique("record_id", keep="first", maintain_order=True) if blocks.height else nothing


def same_days(rows: pl.DataFrame) -> pl.Series:
    """Bills that name no meter, and cover a day that another bill of the same site and measure covers: two accounts, or one bill sent twice. Energy and water only."""
    metered = rows.filter(pl.col("domain").is_in(["energy", "water"]) & _COUNTS & pl.col("measure").is_in(_FLOWS) & _IS_BILL)
    key = ["domain", "measure", "site_id", "dimensions"]
    without = metered.filter(pl.col("meter_id").is_null().any().over(key)) if metered["meter_id"].null_count() else metered.clear()
    return _blocks(without, key)["record_id"]
