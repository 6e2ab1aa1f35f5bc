"""Every row accounted for: what was received, and what was rejected with which consequence."""

import hashlib
import json
from dataclasses import dataclass

import polars as pl

from esg_kpis.domains import DOMAIN_OF
from esg_kpis.ingest.files import LINE, Sheet
from esg_kpis.ingest.formats import Feed, FileFormat
from esg_kpis.ingest.rejections import REJECTION
from esg_kpis.ingest.rows import FeedRows
from esg_kpis.tables import RECORDS, REJECTED, conform, empty


@dataclass(frozen=True)
class FileRead:
    """One file that was read: its sheet, format, record ids, and a FeedRows per feed."""

    sheet: Sheet
    entry: FileFormat
    records: pl.DataFrame
    feeds: list[tuple[Feed, FeedRows]]


def record_id(sha256: str, sheet: str, line: int) -> str:
    """The id of a record: it depends on content and place in the file, never on a path or on time."""
    return hashlib.sha256(f"{sha256}\x1f{sheet}\x1f{line}".encode()).hexdigest()[:12]


def ragged_rejections(item: FileRead) -> list[dict[str, str]]:
    """A rejection per row whose number of cells differs from the header's."""
    expected = f"{len(item.sheet.columns)} cells, as in the header"
    return [
        {
            "record_id": record_id(item.sheet.source.sha256, item.sheet.sheet, line),
            "rule": "ragged_row",
            "column": "",
            "read": text,
            "expected": expected,
        }
        for line, text in item.sheet.ragged
    ]


def records_of(read: list[FileRead], bad: pl.Series) -> pl.DataFrame:
    """All records of all files. Columns: as `records` in the data dictionary."""
    parts = []
    for item in read:
        sheet = item.sheet
        received = [json.dumps(row, ensure_ascii=False) for row in sheet.rows.select(sheet.columns).iter_rows(named=True)]
        known = pl.concat([feed.base.select("record_id", "site_id", "start", "end") for _, feed in item.feeds]).unique(
            "record_id", keep="last"
        )
        good = item.records.with_columns(pl.Series("received", received, dtype=pl.String())).join(
            known, on="record_id", how="left", maintain_order="left"
        )
        ragged = pl.DataFrame(
            [
                {
                    "record_id": record_id(sheet.source.sha256, sheet.sheet, line),
                    LINE: line,
                    "received": json.dumps({"": text}, ensure_ascii=False),
                }
                for line, text in sheet.ragged
            ],
            schema={"record_id": pl.String(), LINE: pl.Int64(), "received": pl.String()},
        )
        parts.append(
            pl.concat([good, ragged], how="diagonal").select(
                "record_id", pl.lit(";".join(feed.domain for feed, _ in item.feeds)).alias("domain"), pl.lit(sheet.source.path).alias("path"),
                pl.lit(sheet.sheet).alias("sheet"), pl.col(LINE).alias("line"), pl.lit(sheet.source.sha256).alias("sha256"), "received",
                pl.when(pl.col("record_id").is_in(bad.implode())).then(None).otherwise(pl.col("site_id").replace({"": None})).alias("site_id"),
                "start", "end",
            )
        )  # fmt: skip
    if not parts:
        return empty(RECORDS)
    return pl.concat(parts)


def rejected_of(
    read: list[FileRead], rejected: list[pl.DataFrame], records: pl.DataFrame, stopped: list[dict[str, object]]
) -> pl.DataFrame:
    """All rejections, with their place, the measures they keep back, and the sentence for the sender. Columns: as `rejected` in the data dictionary."""
    rows = pl.concat([pl.DataFrame(schema=REJECTION), *rejected]).unique(["record_id", "rule", "column"], keep="first", maintain_order=True)
    feeds = [(spec, feed) for item in read for spec, feed in item.feeds]
    by_record = [_measures_of(spec, feed) for spec, feed in feeds] + [_measures_of_ragged(item) for item in read]
    measures = (
        pl.concat([pl.DataFrame(schema={"record_id": pl.String(), "measures": pl.String()}), *by_record])
        .group_by("record_id")
        .agg(pl.col("measures").sort().str.join(";"))
    )
    sites = pl.concat(
        [feed.base.select("record_id", "site_id") for _, feed in feeds]
        or [pl.DataFrame(schema={"record_id": pl.String(), "site_id": pl.String()})]
    )
    joined = (
        rows.join(records.select("record_id", "path", "sheet", "line", "start", "end"), on="record_id", how="left")
        .join(measures, on="record_id", how="left")
        .join(sites.unique("record_id"), on="record_id", how="left")
        .with_columns(pl.col("measures").fill_null(""), pl.col("site_id").replace({"": None}))
    )
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
        + "."
    )
    stops = pl.DataFrame(stopped, schema=REJECTED.schema).unique(list(REJECTED.key), keep="first", maintain_order=True)
    return conform(pl.concat([joined.with_columns(message.alias("message")).select(REJECTED.names), stops]), REJECTED)


def _measures_of(spec: Feed, feed: FeedRows) -> pl.DataFrame:
    """The measures each record of a feed would have fed: as read where they could be, else all that the feed may hold."""
    possible = ";".join(_possible(spec))
    told = (
        feed.quantities.filter(pl.col("measure").is_in(list(DOMAIN_OF)).all().over("record_id"))
        .group_by("record_id")
        .agg(pl.col("measure").unique().sort().str.join(";").alias("told"))
    )
    return (
        feed.base.select("record_id")
        .join(told, on="record_id", how="left")
        .select("record_id", pl.col("told").fill_null(possible).alias("measures"))
    )


def _measures_of_ragged(item: FileRead) -> pl.DataFrame:
    """A row whose cells do not match the header might have fed anything that its file feeds."""
    possible = ";".join(measure for spec, _ in item.feeds for measure in _possible(spec))
    ids = [record_id(item.sheet.source.sha256, item.sheet.sheet, line) for line, _ in item.sheet.ragged]
    return pl.DataFrame({"record_id": ids, "measures": [possible] * len(ids)}, schema={"record_id": pl.String(), "measures": pl.String()})


def _possible(spec: Feed) -> list[str]:
    """The measures a feed may hold: those it fixes, else all of its domain."""
    fixed = [quantity.measure for quantity in spec.quantity if quantity.measure]
    return (fixed if len(fixed) == len(spec.quantity) else []) or [name for name, home in DOMAIN_OF.items() if home == spec.domain]


def duplicates_marked(quantities: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Marks a quantity that says exactly what an earlier record said: same measure, site, meter, document, days, dimensions, number and unit."""
    same = ["domain", "measure", "site_id", "meter_id", "document", "start", "end", "dimensions", "quantity", "received_unit"]
    ordered = quantities.join(records.select("record_id", "path", "line"), on="record_id", how="left").sort("path", "line", "column")
    first = pl.col("record_id").first().over(same)
    return ordered.with_columns(pl.when(first != pl.col("record_id")).then(first).alias("duplicate_of")).drop("path", "line")
