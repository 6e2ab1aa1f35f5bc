"""Every row accounted for: what was received, and what was rejected with which consequence."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from esg_kpis.domains import CONSOLIDATED, DOMAIN_OF
from esg_kpis.files import LINE, Sheet
from esg_kpis.ingest.formats import Feed, FileFormat
from esg_kpis.ingest.meters import METERED
from esg_kpis.ingest.rejections import REJECTION, named_in, with_places
from esg_kpis.ingest.rows import FeedRows
from esg_kpis.ingest.rules import right_zh
from esg_kpis.ingest.totals import reasons
from esg_kpis.tables import RECORDS, REJECTED, conform, empty


@dataclass(frozen=True)
class FileRead:
    """One sheet that was read: its rows that are records, its format as understood, `record_id` by line, a FeedRows per feed, the rows set aside, its domains."""

    sheet: Sheet
    entry: FileFormat
    records: pl.DataFrame
    feeds: list[tuple[Feed, FeedRows]]
    aside: pl.DataFrame
    domain: str


def record_prefix(sha256: str, sheet: str) -> str:
    """What the ids of all records of a sheet begin with. What parts lists of ids, and ids themselves, is escaped in the name of the sheet."""
    name = "".join(f"%{ord(letter):02X}" if letter in ";:%" or letter.isspace() else letter for letter in sheet)
    return f"{sha256[:12]}:{name}:" if name else f"{sha256[:12]}:"


def record_id(sha256: str, sheet: str, line: int) -> str:
    """The id of a record: file, sheet and line, so that a person can walk to it. It depends on content and place in the file, never on a path or on time.

    Lines have seven digits, as many as a spreadsheet has rows, so that ids sort as the lines do.
    """
    return f"{record_prefix(sha256, sheet)}{line:07d}"


def record_ids(sheet: Sheet, lines: pl.Series) -> pl.DataFrame:
    """`record_id` per `__line` of a sheet."""
    prefix = record_prefix(sheet.source.sha256, sheet.sheet)
    ids = (pl.lit(prefix) + pl.col(LINE).cast(pl.String).str.zfill(7)).alias("record_id")
    return pl.LazyFrame({LINE: lines}).select(ids, LINE).collect(engine="streaming")


def ragged_rejections(item: FileRead) -> pl.DataFrame:
    """A rejection per row whose number of cells differs from the header's."""
    cells = str(len(item.sheet.columns))
    rows = [
        {
            "record_id": record_id(item.sheet.source.sha256, item.sheet.sheet, line), "rule": "ragged_row", "column": "", "read": text,
            "expected": f"{cells} cells, as in the header", "detail": cells,
        }
        for line, text in item.sheet.ragged
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=REJECTION)


def records_of(read: list[FileRead], bad: pl.Series, mended: pl.DataFrame) -> pl.DataFrame:
    """All records of all files. Columns: as `records` in the data dictionary.

    Args:
        read: The sheets.
        bad: Ids of rejected records.
        mended: `record_id` and `excluded` of records that another one mends.
    """
    parts = [part for item in read for part in _records_of(item, bad)]
    if not parts:
        return empty(RECORDS)
    records = pl.concat(parts)
    if mended.is_empty():
        return records
    joined = records.join(mended.rename({"excluded": "__mended"}), on="record_id", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("excluded", "__mended").alias("excluded")).drop("__mended")


def _records_of(item: FileRead, bad: pl.Series) -> list[pl.DataFrame]:
    sheet = item.sheet
    bases = [feed.base.select("record_id", "site_id", "start", "end") for _, feed in item.feeds]
    known = bases[0] if len(bases) == 1 else pl.concat(bases).unique("record_id", keep="last", maintain_order=True)
    told = pl.when(_is_bad(bad)).then(None).otherwise(pl.col("site_id").replace({"": None})).alias("site_id")
    rows = _as_received(sheet.rows, sheet.columns)
    good = pl.concat([rows, known], how="horizontal") if known.height == rows.height else (
        item.records.join(rows, on=LINE).join(known, on="record_id", how="left", maintain_order="left")
    )  # fmt: skip
    place = (
        pl.lit(item.domain).alias("domain"), pl.lit(sheet.source.path).alias("path"), pl.lit(sheet.sheet).alias("sheet"), pl.col(LINE).alias("line"),
        pl.lit(sheet.source.sha256).alias("sha256"), "received",
    )  # fmt: skip
    nothing = pl.lit(None, dtype=pl.String()).alias("excluded")
    kept = good.select("record_id", *place, told, "start", "end", nothing)
    if not sheet.ragged and item.aside.is_empty():
        return [kept]
    ragged = [
        {"record_id": record_id(sheet.source.sha256, sheet.sheet, line), LINE: line, "received": json.dumps({"": text}, ensure_ascii=False)}
        for line, text in sheet.ragged
    ]
    aside = _as_received(item.aside, sheet.columns).join(record_ids(sheet, item.aside[LINE]), on=LINE).join(reasons(item.aside), on=LINE)
    unread = pl.concat([pl.DataFrame(ragged, schema={"record_id": pl.String(), LINE: pl.Int64(), "received": pl.String()}), aside], how="diagonal")
    rest = unread.with_columns(pl.lit(None, dtype=pl.String()).alias("site_id"), pl.lit(None, dtype=pl.Date()).alias("start"), pl.lit(None, dtype=pl.Date()).alias("end"))
    return [
        kept,
        rest.select("record_id", *place, "site_id", "start", "end", pl.col("excluded") if "excluded" in rest.columns else nothing),
    ]


def _is_bad(bad: pl.Series) -> pl.Expr:
    return pl.col("record_id").is_in(bad.implode()) if bad.len() else pl.lit(value=False)


def _as_received(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Each row, by line, as a JSON object of column to text. On all cores: of a large file this is what takes longest."""
    text = pl.struct(pl.col(column) for column in columns).struct.json_encode().alias("received")
    return rows.lazy().select(LINE, text).collect(engine="streaming")


def rejected_of(
    read: list[FileRead], rejected: list[pl.DataFrame], records: pl.DataFrame, stopped: list[dict[str, object]]
) -> pl.DataFrame:
    """All rejections, with their place, the measures they keep back, and the sentence for the sender. Columns: as `rejected` in the data dictionary."""
    stops = pl.DataFrame(stopped, schema=REJECTED.schema).unique(list(REJECTED.key), keep="first", maintain_order=True)
    rows = pl.concat([pl.DataFrame(schema=REJECTION), *rejected]).unique(["record_id", "rule", "column"], keep="first", maintain_order=True)
    if rows.is_empty():
        return conform(stops, REJECTED)
    feeds = [(spec, feed) for item in read for spec, feed in item.feeds]
    wrong = rows["record_id"].unique()
    by_record = [_measures_of(spec, feed, wrong) for spec, feed in feeds] + [_measures_of_ragged(item) for item in read if item.sheet.ragged]
    measures = (
        pl.concat([pl.DataFrame(schema={"record_id": pl.String(), "measures": pl.String()}), *by_record])
        .group_by("record_id")
        .agg(pl.col("measures").sort().str.join(";"))
    )
    sites = pl.concat(
        [
            pl.DataFrame(schema={"record_id": pl.String(), "site_id": pl.String()}),
            *(feed.base.filter(pl.col("record_id").is_in(wrong.implode())).select("record_id", "site_id") for _, feed in feeds),
        ]
    )
    joined = (
        rows.join(records.select("record_id", "path", "sheet", "line", "start", "end"), on="record_id", how="left")
        .join(measures, on="record_id", how="left")
        .join(sites.unique("record_id"), on="record_id", how="left")
        .with_columns(pl.col("measures").fill_null(""), pl.col("site_id").replace({"": None}))
    )
    joined = _with_places(joined, records)
    place = pl.col("path") + pl.when(pl.col("sheet") != "").then(pl.lit(", sheet ") + pl.col("sheet")).otherwise(pl.lit(""))
    column = pl.when(pl.col("column") != "").then(pl.lit(", column '") + pl.col("column") + "'").otherwise(pl.lit(""))
    message = (
        place
        + ", line "
        + pl.col("line").cast(pl.String)
        + column
        + ": read '"
        + pl.col("read")
        + "', expected "
        + pl.col("expected").str.strip_suffix(".")
        + pl.when(pl.col("expected").str.ends_with("?")).then(pl.lit("")).otherwise(pl.lit("."))
    )
    chinese = [right_zh(rule, detail) for rule, detail in joined.select("rule", "detail").iter_rows()]
    joined = joined.with_columns(pl.Series("expected_zh", chinese, dtype=pl.String()))
    return conform(pl.concat([joined.with_columns(message.alias("message"), pl.lit(None, dtype=pl.Date()).alias("known_on")).select(REJECTED.names), stops]), REJECTED)


def _with_places(rejected: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Rejections that name other rows by file and line, as their sender knows them, instead of by the ids of their records."""
    ids = pl.Series("record_id", sorted({name for column in ("expected", "detail") for text in rejected[column].to_list() for name in named_in(text)}), dtype=pl.String())
    if ids.is_empty():
        return rejected
    there = records.select("record_id", "path", "sheet", "line").join(ids.to_frame(), on="record_id", how="semi").rows()
    english = {name: f"{path}{f', sheet {sheet}' if sheet else ''}, line {line}" for name, path, sheet, line in there}
    chinese = {name: f"{path}{f' 工作表 {sheet}' if sheet else ''} 第 {line} 行" for name, path, sheet, line in there}
    told = [pl.Series(column, [with_places(text, places) for text in rejected[column].to_list()], dtype=pl.String()) for column, places in (("expected", english), ("detail", chinese))]
    return rejected.with_columns(told)


def _measures_of(spec: Feed, feed: FeedRows, wrong: pl.Series) -> pl.DataFrame:
    """The measures each rejected record of a feed would have fed: as read where they could be, else all that the feed may hold."""
    possible = ";".join(_possible(spec))
    if spec.domain == "meters":
        named = pl.when(pl.col("measure").is_in(METERED)).then(pl.col("measure")).otherwise(pl.lit(possible))
        return feed.base.filter(pl.col("record_id").is_in(wrong.implode())).select("record_id", named.alias("measures"))
    told = (
        feed.quantities.filter(pl.col("record_id").is_in(wrong.implode()))
        .filter(pl.col("measure").is_in(list(DOMAIN_OF)).all().over("record_id"))
        .group_by("record_id")
        .agg(pl.col("measure").unique().sort().str.join(";").alias("told"))
    )
    return (
        feed.base.filter(pl.col("record_id").is_in(wrong.implode()))
        .select("record_id")
        .join(told, on="record_id", how="left")
        .select("record_id", pl.col("told").fill_null(possible).alias("measures"))
    )


def _measures_of_ragged(item: FileRead) -> pl.DataFrame:
    """A row whose cells do not match the header might have fed anything that its file feeds."""
    possible = ";".join(measure for spec, _ in item.feeds for measure in _possible(spec))
    ids = [record_id(item.sheet.source.sha256, item.sheet.sheet, line) for line, _ in item.sheet.ragged]
    return pl.DataFrame({"record_id": ids, "measures": [possible] * len(ids)}, schema={"record_id": pl.String(), "measures": pl.String()})


def measures_held_by(domain: str) -> list[str]:
    """What cannot be known without a record of the domain: its measures; of the register of meters all that is metered, since a sub-meter may be counted twice without it; of ownership all that counts by it."""
    if domain == "ownership":
        return [name for name, home in DOMAIN_OF.items() if home in CONSOLIDATED]
    return METERED if domain == "meters" else [name for name, home in DOMAIN_OF.items() if home == domain]


def _possible(spec: Feed) -> list[str]:
    """The measures a feed may hold: those it fixes, else all of its domain."""
    fixed = list(dict.fromkeys(quantity.measure for quantity in spec.quantity if quantity.measure))
    return (fixed if all(quantity.measure for quantity in spec.quantity) else []) or measures_held_by(spec.domain)
