"""One spelling per meter and bill of a site, and one word for a whole count."""

import re
import unicodedata

import polars as pl

from esg_kpis.files import folded

WHOLE = frozenset(folded(word) for word in ("总", "合计", "总计", "全部", "total", "all", "sum"))
"""Tariffs that mean the whole count of a meter."""
_PLAIN = r"^[\x20-\x7E]*$"
_ITS_OWN = r"^[A-Z1-9][A-Z0-9]*$"
"""A number of capitals and digits, of which no two different ones are alike."""


def alike(word: str) -> str:
    """A meter or bill number without what a spreadsheet or a hand changes: width, case, spaces, marks but those between two digits (`1-1` is not `11`), and zeros in front."""
    plain = re.sub(r"[\s*]+", "", unicodedata.normalize("NFKC", word)).casefold()
    bare = re.sub(r"(?<![0-9])[-_:]+|[-_:]+(?![0-9])", "", re.sub(r"[-_:]+", "-", plain))
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
    # Quick and without misses: of ASCII this folds at least what `alike` does; what else there is is looked at one by one.
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
