"""All files of a workspace: read, typed, judged against the register, and every row accounted for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from esg_kpis.domains import DOMAINS
from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.ingest import observations
from esg_kpis.ingest.accounting import FileRead, duplicates_marked, ragged_rejections, record_id, records_of, rejected_of
from esg_kpis.ingest.files import LINE, Sheet, read_sheet, read_source
from esg_kpis.ingest.formats import FORMAT_FILE, FileFormat, Format, format_for, read_format
from esg_kpis.ingest.identity import refuse_identities
from esg_kpis.ingest.meters import meter_rows
from esg_kpis.ingest.rejections import REJECTION
from esg_kpis.ingest.rows import read_feed, register_problems
from esg_kpis.ingest.shape import check_quantity_columns, check_shape
from esg_kpis.ingest.sites import site_rows
from esg_kpis.tables import FILES, QUANTITIES, RECORDS, conform, empty
from esg_kpis.workspace import Workspace


@dataclass(frozen=True)
class Ingested:
    """What ingest hands on: tables of the data dictionary, published figures that came with the data, and observations for a person.

    Files of counted domains (people) are not among them: see the room `people`.
    """

    files: pl.DataFrame
    records: pl.DataFrame
    rejected: pl.DataFrame
    quantities: pl.DataFrame
    sites: pl.DataFrame
    meters: pl.DataFrame
    published: pl.DataFrame
    observations: pl.DataFrame


def ingest(workspace: Workspace, as_of: date) -> Ingested:
    """Reads everything under data/raw.

    A file that cannot be read, or lacks a column, is stopped: it becomes one row of `rejected` with line 0. A `_format.toml` that cannot be read stops
    the files of its folder.

    Args:
        workspace: The workspace.
        as_of: The last day data can be about.
    """
    read: list[FileRead] = []
    files: list[dict[str, object]] = []
    stopped: list[dict[str, object]] = []
    seen: dict[str, _Seen] = {}
    formats: dict[Path, Format | None] = {}
    for path, domain in raw_files(workspace.raw):
        relative = path.relative_to(workspace.raw).as_posix()
        row = file_row(relative)
        files.append(row)
        entry: FileFormat | None = None
        try:
            if domain is None:
                raise _homeless(relative)
            if path.parent not in formats:
                formats[path.parent] = read_format(path.parent, workspace.raw)
            entry = format_for(path.name, domain, formats[path.parent])
            source = read_source(workspace.raw, path)
            row |= {"sha256": source.sha256, "bytes": len(source.content)}
            if entry is None:
                raise InputProblem(
                    "No entry of _format.toml fits this file.", where=relative, mend="Add a [[file]] whose glob fits, or take it away."
                )
            if source.sha256 in seen:
                row |= _seen_before(relative, domain, entry, seen[source.sha256])
                continue
            sheet = read_sheet(source, sheet=entry.sheet, header_line=entry.header_line, delimiter=entry.delimiter, encoding=entry.encoding)
            row |= {"sheet": sheet.sheet, "encoding": sheet.encoding, "records": sheet.rows.height + len(sheet.ragged)}
            if not row["records"]:
                raise InputProblem("There are no rows below the header.", where=relative, mend="Ask for the rows, or take the file away.")
            read.append(_read(sheet, entry))
            seen[source.sha256] = _Seen(relative, domain, entry)
            if sheet.unread:
                row["problem"] = f"Sheets not read: {', '.join(sheet.unread)}."
        except InputProblem as problem:
            row |= {"status": "stopped", "problem": str(problem), "records": 0}
            stopped.append(stopped_row(row, _possible_domains(domain, entry, formats.get(path.parent)), problem))
    return _judged(read, pl.DataFrame(files, schema=FILES.schema), stopped, as_of)


@dataclass(frozen=True)
class _Seen:
    """Where bytes were read first, and how."""

    path: str
    domain: str
    entry: FileFormat


def _seen_before(relative: str, domain: str, entry: FileFormat, first: _Seen) -> dict[str, object]:
    """What becomes of bytes that were read before: ignored if they would say the same again.

    Raises:
        InputProblem: if they would be read as something else; a record can be only one thing.
    """
    if (domain, entry) != (first.domain, first.entry):
        raise InputProblem(
            f"The same bytes stand at {first.path}, read as something else.",
            where=relative,
            mend="Keep one file and give it a feed for each domain.",
        )
    return {"status": "ignored", "problem": f"The same bytes as {first.path}; its records count once."}


def file_row(relative: str) -> dict[str, object]:
    """The row of `files` for a file of which nothing was read yet."""
    return {"path": relative, "sheet": "", "sha256": "", "bytes": 0, "encoding": "", "records": 0, "status": "read", "problem": None}


def raw_files(raw: Path, counted: str | None = None) -> Iterator[tuple[Path, str | None]]:
    """Every file under data/raw with the domain of its folder, sites first, in a fixed order. Formats, notes and hidden files are not data.

    Files of a counted domain are left out; with `counted` only those of that domain are given.

    Links to folders and links that lead nowhere are listed too, so that they are stopped and not passed over.
    """
    order = {name: place for place, name in enumerate(DOMAINS)}
    found = []
    for path in raw.rglob("*"):
        name, top = path.name, path.relative_to(raw).parts[0]
        if name == FORMAT_FILE or name.startswith((".", "~$")) or path.suffix.lower() == ".md":
            continue
        if path.is_file() or path.is_symlink():
            domain = top if top in order and path.parent != raw else None
            if (domain == counted) if counted else (domain is None or not DOMAINS[domain].counted):
                found.append((path, domain))
    yield from sorted(found, key=lambda item: (order.get(item[1] or "", len(order)), item[0]))


def _possible_domains(domain: str | None, entry: FileFormat | None, declared: Format | None) -> list[str]:
    """What a stopped file might have fed: what the formats of its folder feed; anything at all, if it has no folder or its format cannot be read."""
    if domain is None or (entry is None and declared is None):
        return list(DOMAINS)
    feeds = {feed.domain for item in (declared.file if declared else [entry] if entry else []) for feed in item.feed}
    return [name for name in DOMAINS if name in feeds | {domain}]


def _homeless(relative: str) -> InputProblem:
    folder = relative.partition("/")[0]
    return InputProblem(
        "The file lies in no domain's folder.",
        where=relative,
        mend=near_misses(folder, DOMAINS) or f"The folders are: {', '.join(DOMAINS)}.",
    )


def stopped_row(row: dict[str, object], domains: list[str], problem: InputProblem) -> dict[str, object]:
    """The row of `rejected` for a file that was stopped, with every measure it might have fed."""
    measures = ";".join(measure.name for domain in domains for measure in DOMAINS[domain].measures)
    place = str(row["sha256"]) if row["sha256"] and "same bytes" not in str(problem) else str(row["path"])
    return {
        "record_id": record_id(place, str(row["sheet"]), 0), "rule": "file_stopped", "column": "",
        "read": "", "expected": problem.mend, "message": str(problem), "path": row["path"], "sheet": row["sheet"], "line": 0,
        "measures": measures, "site_id": None, "start": None, "end": None,
    }  # fmt: skip


def _read(sheet: Sheet, entry: FileFormat) -> FileRead:
    refuse_identities(sheet)
    for feed in entry.feed:
        check_quantity_columns(feed, sheet.source.path)
        check_shape(sheet, feed)
    observations.check_shape(sheet, entry)
    lines = sheet.rows[LINE].to_list()
    ids = [record_id(sheet.source.sha256, sheet.sheet, line) for line in lines]
    records = pl.DataFrame({"record_id": ids, LINE: lines}, schema={"record_id": pl.String(), LINE: pl.Int64()})
    return FileRead(sheet, entry, records, [(feed, read_feed(sheet, entry, feed, records)) for feed in entry.feed])


# ---------------------------------------------------------------- judging


def _judged(read: list[FileRead], files: pl.DataFrame, stopped: list[dict[str, object]], as_of: date) -> Ingested:
    rejected = [feed.rejected for item in read for _, feed in item.feeds]
    ragged = [row for item in read for row in ragged_rejections(item)]
    register, site_problems = site_rows(_bases(read, "sites"), _ids(rejected))
    meters, meter_problems = meter_rows(_bases(read, "meters"), _ids(rejected), register)
    all_quantities = [feed.quantities for item in read for _, feed in item.feeds if feed.quantities.height]
    quantities = pl.concat(all_quantities) if all_quantities else empty(QUANTITIES).drop("duplicate_of")
    rejected += [site_problems, meter_problems, pl.DataFrame(ragged, schema=REJECTION)]
    rejected += [register_problems(item.sheet, spec, feed.quantities, register, as_of) for item in read for spec, feed in item.feeds]
    bad = _ids(rejected)
    records = records_of(read, bad)
    kept = duplicates_marked(quantities.filter(~pl.col("record_id").is_in(bad.implode())), records)
    sites = register.filter(~pl.col("record_id").is_in(bad.implode()))
    return Ingested(
        files=conform(files, FILES),
        records=conform(records, RECORDS),
        rejected=rejected_of(read, rejected, records, stopped),
        quantities=conform(kept, QUANTITIES),
        sites=sites,
        meters=meters,
        published=pl.concat(
            [observations.published(item.sheet, item.entry, item.records) for item in read] or [observations.no_published()]
        ),
        observations=pl.concat(
            [observations.observe(item.sheet, item.entry, item.records, bad) for item in read]
            + [observations.of_feed(item.sheet, spec, feed.base, feed.quantities, bad) for item in read for spec, feed in item.feeds]
            + [observations.of_quantities(kept), observations.of_files(files)]
        ),
    )


def _bases(read: list[FileRead], domain: str) -> list[pl.DataFrame]:
    return [feed.base for item in read for spec, feed in item.feeds if spec.domain == domain]


def _ids(rejected: list[pl.DataFrame]) -> pl.Series:
    return (
        pl.concat([frame.select("record_id") for frame in rejected] or [pl.DataFrame(schema={"record_id": pl.String()})])["record_id"]
        .unique()
        .sort()
    )
