"""All files of a workspace: read, typed, judged against the register, and every row accounted for."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from esg_kpis.domains import DOMAIN_OF, DOMAINS
from esg_kpis.errors import InputProblem
from esg_kpis.ingest import observations
from esg_kpis.ingest.files import LINE, Sheet, read_sheet, read_source
from esg_kpis.ingest.formats import FORMAT_FILE, Feed, FileFormat, Format, format_for, read_format
from esg_kpis.ingest.rows import REJECTION, FeedRows, check_quantity_columns, check_shape, read_feed, register_problems
from esg_kpis.ingest.sites import site_rows
from esg_kpis.tables import FILES, QUANTITIES, RECORDS, REJECTED, conform, empty
from esg_kpis.workspace import Workspace


@dataclass(frozen=True)
class Ingested:
    """What ingest hands on: tables of the data dictionary, published figures that came with the data, and observations for a person."""

    files: pl.DataFrame
    records: pl.DataFrame
    rejected: pl.DataFrame
    quantities: pl.DataFrame
    sites: pl.DataFrame
    published: pl.DataFrame
    observations: pl.DataFrame


@dataclass(frozen=True)
class _Read:
    """One file that was read: its sheet, format, record ids, and a FeedRows per feed."""

    sheet: Sheet
    entry: FileFormat
    records: pl.DataFrame
    feeds: list[tuple[Feed, FeedRows]]


def ingest(workspace: Workspace, as_of: date) -> Ingested:
    """Reads everything under data/raw.

    A file that cannot be read, or lacks a column, is stopped: it becomes one row of `rejected` with line 0. A `_format.toml` that cannot be read stops
    the files of its folder.

    Args:
        workspace: The workspace.
        as_of: The last day data can be about.
    """
    read: list[_Read] = []
    files: list[dict[str, object]] = []
    stopped: list[dict[str, object]] = []
    seen: dict[str, str] = {}
    formats: dict[Path, Format | None] = {}
    for path, domain in _raw_files(workspace.raw):
        relative = path.relative_to(workspace.raw).as_posix()
        row: dict[str, object] = {
            "path": relative,
            "sheet": "",
            "sha256": "",
            "bytes": 0,
            "encoding": "",
            "records": 0,
            "status": "read",
            "problem": None,
        }
        files.append(row)
        try:
            if path.parent not in formats:
                formats[path.parent] = read_format(path.parent, workspace.raw)
            entry = format_for(path.name, domain, formats[path.parent])
            source = read_source(workspace.raw, path)
            row |= {"sha256": source.sha256, "bytes": len(source.content)}
            if source.sha256 in seen:
                row |= {"status": "ignored", "problem": f"The same bytes as {seen[source.sha256]}; its records count once."}
                continue
            seen[source.sha256] = relative
            if entry is None:
                raise InputProblem(
                    "No entry of _format.toml fits this file.", where=relative, mend="Add a [[file]] whose glob fits, or take it away."
                )
            sheet = read_sheet(source, sheet=entry.sheet, header_line=entry.header_line, delimiter=entry.delimiter)
            row |= {"sheet": sheet.sheet, "encoding": sheet.encoding, "records": sheet.rows.height + len(sheet.ragged)}
            read.append(_read(sheet, entry))
        except InputProblem as problem:
            row |= {"status": "stopped", "problem": str(problem)}
            stopped.append(_stopped(row, domain, problem))
    return _judged(read, pl.DataFrame(files, schema=FILES.schema), stopped, as_of)


def _raw_files(raw: Path) -> Iterator[tuple[Path, str]]:
    """Every file of every domain's folder, in a fixed order. Formats, notes and hidden files are not data."""
    for domain in DOMAINS:
        for path in sorted((raw / domain).rglob("*")):
            if path.is_file() and path.name != FORMAT_FILE and not path.name.startswith((".", "~$")) and path.suffix.lower() != ".md":
                yield path, domain


def _stopped(row: dict[str, object], domain: str, problem: InputProblem) -> dict[str, object]:
    measures = ";".join(measure.name for measure in DOMAINS[domain].measures)
    return {
        "record_id": record_id(str(row["sha256"]) or str(row["path"]), str(row["sheet"]), 0), "rule": "file_stopped", "column": "",
        "read": "", "expected": problem.mend, "message": str(problem), "path": row["path"], "sheet": row["sheet"], "line": 0,
        "measures": measures, "site_id": None, "start": None, "end": None,
    }  # fmt: skip


def record_id(sha256: str, sheet: str, line: int) -> str:
    """The id of a record: it depends on content and place in the file, never on a path or on time."""
    return hashlib.sha256(f"{sha256}\x1f{sheet}\x1f{line}".encode()).hexdigest()[:12]


def _read(sheet: Sheet, entry: FileFormat) -> _Read:
    for feed in entry.feed:
        check_quantity_columns(feed, sheet.source.path)
        check_shape(sheet, feed)
    observations.check_shape(sheet, entry)
    lines = sheet.rows[LINE].to_list()
    ids = [record_id(sheet.source.sha256, sheet.sheet, line) for line in lines]
    records = pl.DataFrame({"record_id": ids, LINE: lines}, schema={"record_id": pl.String(), LINE: pl.Int64()})
    return _Read(sheet, entry, records, [(feed, read_feed(sheet, entry, feed, records)) for feed in entry.feed])


# ---------------------------------------------------------------- judging


def _judged(read: list[_Read], files: pl.DataFrame, stopped: list[dict[str, object]], as_of: date) -> Ingested:
    rejected = [feed.rejected for item in read for _, feed in item.feeds]
    ragged = [row for item in read for row in _ragged(item)]
    register, site_problems = site_rows([feed.base for item in read for spec, feed in item.feeds if spec.domain == "sites"], _ids(rejected))
    all_quantities = [feed.quantities for item in read for _, feed in item.feeds if feed.quantities.height]
    quantities = pl.concat(all_quantities) if all_quantities else empty(QUANTITIES).drop("duplicate_of")
    rejected += [site_problems, register_problems(quantities, register, as_of), pl.DataFrame(ragged, schema=REJECTION)]
    bad = _ids(rejected)
    records = _records(read, bad)
    kept = _duplicates(quantities.filter(~pl.col("record_id").is_in(bad.implode())), records)
    sites = register.filter(~pl.col("record_id").is_in(bad.implode()))
    return Ingested(
        files=conform(files, FILES),
        records=conform(records, RECORDS),
        rejected=_rejected(read, rejected, records, stopped),
        quantities=conform(kept, QUANTITIES),
        sites=sites,
        published=pl.concat(
            [observations.published(item.sheet, item.entry, item.records) for item in read] or [observations.no_published()]
        ),
        observations=pl.concat(
            [observations.observe(item.sheet, item.entry, item.records, bad) for item in read]
            + [observations.of_feed(item.sheet, spec, feed.base, feed.quantities, bad) for item in read for spec, feed in item.feeds]
            + [observations.of_quantities(kept), observations.of_files(files)]
        ),
    )


def _ids(rejected: list[pl.DataFrame]) -> pl.Series:
    return (
        pl.concat([frame.select("record_id") for frame in rejected] or [pl.DataFrame(schema={"record_id": pl.String()})])["record_id"]
        .unique()
        .sort()
    )


def _ragged(item: _Read) -> list[dict[str, str]]:
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


def _records(read: list[_Read], bad: pl.Series) -> pl.DataFrame:
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


def _rejected(read: list[_Read], rejected: list[pl.DataFrame], records: pl.DataFrame, stopped: list[dict[str, object]]) -> pl.DataFrame:
    rows = pl.concat([pl.DataFrame(schema=REJECTION), *rejected]).unique(["record_id", "rule", "column"], keep="first", maintain_order=True)
    feeds = [(spec, feed) for item in read for spec, feed in item.feeds]
    by_record = [_measures_of(spec, feed, records) for spec, feed in feeds] or [
        pl.DataFrame(schema={"record_id": pl.String(), "measures": pl.String()})
    ]
    measures = pl.concat(by_record).group_by("record_id").agg(pl.col("measures").sort().str.join(";"))
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
        + pl.col("expected")
        + "."
    )
    stops = pl.DataFrame(stopped, schema=REJECTED.schema).unique(list(REJECTED.key), keep="first", maintain_order=True)
    return conform(pl.concat([joined.with_columns(message.alias("message")).select(REJECTED.names), stops]), REJECTED)


def _measures_of(spec: Feed, feed: FeedRows, records: pl.DataFrame) -> pl.DataFrame:
    """The measures each record of a feed would have fed: as read where they could be, else all that the feed may hold."""
    fixed = [quantity.measure for quantity in spec.quantity if quantity.measure]
    possible = ";".join(fixed or [name for name, home in DOMAIN_OF.items() if home == spec.domain])
    told = (
        feed.quantities.filter(pl.col("measure").is_in(list(DOMAIN_OF)))
        .group_by("record_id")
        .agg(pl.col("measure").unique().sort().str.join(";").alias("told"))
    )
    return (
        feed.base.select("record_id")
        .join(told, on="record_id", how="left")
        .select("record_id", pl.col("told").fill_null(possible).alias("measures"))
    )


def _duplicates(quantities: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Marks a quantity that says exactly what an earlier record said: same measure, site, meter, document, days, dimensions, number and unit."""
    same = ["domain", "measure", "site_id", "meter_id", "document", "start", "end", "dimensions", "quantity", "received_unit"]
    ordered = quantities.join(records.select("record_id", "path", "line"), on="record_id", how="left").sort("path", "line", "column")
    first = pl.col("record_id").first().over(same)
    return ordered.with_columns(pl.when(first != pl.col("record_id")).then(first).alias("duplicate_of")).drop("path", "line")
