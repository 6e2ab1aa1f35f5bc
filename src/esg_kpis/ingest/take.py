"""The files of a workspace, one after the other: found, opened, typed, and each accounted for."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from esg_kpis.domains import DOMAINS
from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.files import LINE, Reading, Sheet, Source, read_source
from esg_kpis.files.sandbox import open_packed, open_sheets
from esg_kpis.files.source import MAX_MEGABYTES
from esg_kpis.ingest import observations
from esg_kpis.ingest.accounting import FileRead, measures_held_by, record_id, record_ids
from esg_kpis.ingest.columns import mapping_in_words, names_known, understood
from esg_kpis.ingest.declared import FORMAT_FILE, column_aliases, default_format, formats_for, read_format
from esg_kpis.ingest.formats import COMMON, Feed, FileFormat, Format
from esg_kpis.ingest.identity import refuse_identities, refuse_users
from esg_kpis.ingest.kept import LARGEST, Kept, key_of
from esg_kpis.ingest.returned import index_of, is_returned, rows_of
from esg_kpis.ingest.rows import read_feed
from esg_kpis.ingest.rules import right_zh
from esg_kpis.ingest.shape import check_quantity_columns, check_shape, theirs_of
from esg_kpis.ingest.totals import KIND, filled_from_above, set_aside

_OF_SYSTEMS = ("thumbs.db", "desktop.ini")


class _OfPlace(InputProblem):
    """A file is wrong where it lies; the same bytes may be right elsewhere."""


@dataclass
class Taken:
    """What has been read so far: sheets, a row of `files` for each, files that were stopped, and which rows mend others."""

    raw: Path
    kept: Kept
    read: list[FileRead] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[dict[str, Any]] = field(default_factory=list)
    mends: list[pl.DataFrame] = field(default_factory=list)
    seen: dict[str, tuple[str, str, tuple[FileFormat, ...]]] = field(default_factory=dict)
    formats: dict[Path, Format | None] = field(default_factory=dict)

    def format_of(self, folder: Path) -> Format | None:
        """The `_format.toml` of a folder, read once.

        Raises:
            InputProblem: if it cannot be read.
        """
        if folder not in self.formats:
            self.formats[folder] = read_format(folder, self.raw)
        return self.formats[folder]


def take(taken: Taken, path: Path, domain: str | None) -> None:
    """Reads one file, which may hold several, and accounts for it."""
    relative = path.relative_to(taken.raw).as_posix()
    row = file_row(relative)
    entries: tuple[FileFormat, ...] = ()
    try:
        declared = taken.format_of(path.parent) if domain else None
        entries = _entries(path.name, domain, declared) if domain else ()
        source = read_source(taken.raw, path, max((entry.max_megabytes for entry in entries), default=MAX_MEGABYTES))
        row |= {"sha256": source.sha256, "bytes": len(source.content)}
        if is_returned(source):
            _take_returned(taken, source, row)
            return
        if domain is None:
            raise _homeless(relative)
        inside = open_packed(source)
    except InputProblem as problem:
        _stop(taken, row, _possible_domains(domain, entries, taken.formats.get(path.parent)), problem)
        return
    for item in inside:
        by_outer_name = not item.member or (declared and formats_for(path.name, declared))
        fitting = entries if by_outer_name else _entries(item.name, domain, declared)
        _take_content(taken, item, domain, fitting, row | {"sheet": item.member})


def take_made(taken: Taken, source: Source, domain: str) -> None:
    """Reads a file that was made of what was sent, in our own names, as if it had been sent."""
    row = file_row(source.path) | {"sha256": source.sha256, "bytes": len(source.content)}
    _take_content(taken, source, domain, (default_format(domain),), row)


def _entries(name: str, domain: str, declared: Format | None) -> tuple[FileFormat, ...]:
    """How a file is read: by the entries that fit its name; else, as without a `_format.toml`, by our names and their aliases. An entry without a feed takes that from there."""
    own = default_format(domain)
    fitting = formats_for(name, declared) if declared else []
    return tuple(entry if entry.feed else entry.model_copy(update={"feed": own.feed}) for entry in fitting) or (own,)


def _take_content(taken: Taken, source: Source, domain: str, entries: tuple[FileFormat, ...], row: dict[str, Any]) -> None:
    """Reads the content of one file, a sheet of a workbook by the first entry that names it."""
    declared = taken.formats.get((taken.raw / source.path).parent)
    possible = _possible_domains(domain, entries, declared)
    try:
        if (first := taken.seen.get(source.content_sha256)) is not None:
            taken.files.append(row | _seen_before(source, domain, entries, first))
            return
    except InputProblem as problem:
        _stop(taken, row, possible, problem)
        return
    unread: set[str] | None = None
    done: set[str] = set()
    before = len(taken.files)
    for entry in entries[: None if all(item.sheet for item in entries) else 1 + next(number for number, item in enumerate(entries) if not item.sheet)]:
        try:
            outcomes = _opened(taken, source, entry, declared)
        except InputProblem as problem:
            _stop(taken, row | {"sheet": "/".join(part for part in (source.member, entry.sheet) if part)}, possible, problem)
            continue
        for sheet, outcome in ((sheet, outcome) for sheet, outcome in outcomes if sheet.sheet not in done):
            done.add(sheet.sheet)
            if _take_sheet(taken, sheet, outcome, possible, row):
                taken.seen[source.content_sha256] = (source.where, domain, entries)
        first_sheet = outcomes[0][0]
        left = {name for name in first_sheet.unread if not holds_no_data(name, entry)}
        unread = left if unread is None else unread & left
        if not entry.sheet or first_sheet.encoding not in ("xlsx", "xls", "ods"):
            break
    read = [item for item in taken.files[before:] if item["status"] == "read"]
    if unread and read:
        read[-1]["problem"] = f"Sheets not read: {', '.join(sorted(unread))}."


def holds_no_data(sheet: str, entry: FileFormat) -> bool:
    """Whether the format says that a sheet that was not read holds no data, such as instructions."""
    return any(fnmatchcase(sheet.removesuffix(" (hidden)"), pattern) for pattern in entry.without_data)


def _reading(entry: FileFormat, declared: Format | None) -> Reading:
    return Reading(
        sheet=entry.sheet, header_line=entry.header_line, header_rows=entry.header_rows, delimiter=entry.delimiter, encoding=entry.encoding,
        names=names_known(entry, column_aliases(declared)), decimal=entry.decimal,
    )  # fmt: skip


def _opened(taken: Taken, source: Source, entry: FileFormat, declared: Format | None) -> list[tuple[Sheet, FileRead | InputProblem]]:
    """Each sheet of a file, read and typed, or why it cannot be; as it was kept, where nothing it rests on has changed.

    Raises:
        InputProblem: if the file cannot be opened.
    """
    key = key_of(source, entry, declared) if len(source.content) <= LARGEST else ""
    if key and (before := taken.kept.read(key, source)) is not None:
        return [(item.sheet, item) for item in before]
    outcomes = [(sheet, _read_or_refused(sheet, entry, declared)) for sheet in open_sheets(source, _reading(entry, declared))]
    items = [outcome for _, outcome in outcomes if isinstance(outcome, FileRead)]
    if key and len(items) == len(outcomes):
        taken.kept.keep(key, items)
    return outcomes


def _read_or_refused(sheet: Sheet, entry: FileFormat, declared: Format | None, *, may_be_empty: bool = False) -> FileRead | InputProblem:
    try:
        return read_file(sheet, entry, declared, may_be_empty=may_be_empty)
    except InputProblem as problem:
        return problem


def _take_sheet(
    taken: Taken, sheet: Sheet, outcome: FileRead | InputProblem, possible: list[str], row: dict[str, Any], replaces: pl.DataFrame | None = None
) -> bool:
    """Accounts for one sheet; whether its rows could be typed."""
    received = sheet.rows.height + len(sheet.ragged)
    if isinstance(outcome, FileRead):
        received = outcome.sheet.rows.height + len(outcome.sheet.ragged) + outcome.aside.height
    row = row | {"sheet": sheet.sheet, "encoding": sheet.encoding, "delimiter": sheet.delimiter, "header_line": sheet.header_line, "records": received}
    if isinstance(outcome, InputProblem):
        _stop(taken, row, possible, outcome)
        return False
    taken.read.append(outcome)
    taken.files.append(row | {"understood": mapping_in_words(outcome.sheet, outcome.entry)})
    if replaces is not None:
        taken.mends.append(outcome.records.join(replaces, on=LINE, how="inner").select("record_id", "replaces", "read", pl.col(LINE).alias("line")))
    return True


def read_file(sheet: Sheet, entry: FileFormat, declared: Format | None, *, may_be_empty: bool = False) -> FileRead:
    """The typed rows of one sheet.

    Raises:
        InputProblem: if its columns cannot feed what its format says, or it tells who somebody is.
    """
    if not sheet.rows.height and not sheet.ragged and not may_be_empty:
        raise InputProblem("There are no rows below the header.", where=sheet.where, mend="Ask for the rows, or take the file away.")
    refuse_identities(sheet)
    entry = understood(sheet, entry, column_aliases(declared))
    sheet, aside = set_aside(sheet, entry)
    sheet = replace(sheet, rows=filled_from_above(sheet.rows, entry.fill_down, [line for line, _ in sheet.ragged]))
    for feed in entry.feed:
        check_quantity_columns(feed, sheet.source.path)
        check_shape(sheet, feed)
    observations.check_shape(sheet, entry)
    for feed in entry.feed:
        sheet = _of_users(sheet, feed)
    records = record_ids(sheet, sheet.rows[LINE])
    domain = ";".join(feed.domain for feed in entry.feed)
    return FileRead(sheet, entry, records, [(feed, read_feed(sheet, entry, feed, records)) for feed in entry.feed], aside, domain)


def _of_users(sheet: Sheet, feed: Feed) -> Sheet:
    """A file of a domain that tells of users, refused where it could tell who they are; text of rows that could not be parted into cells is not kept.

    Raises:
        InputProblem: see `refuse_users`.
    """
    fields = DOMAINS[feed.domain].fields
    if not any(field.pseudonym for field in fields):
        return sheet
    theirs = {name: theirs_of(name, sheet, feed) for name in (*COMMON, *(field.name for field in fields))}
    told = [name for quantity in feed.quantity for name in (quantity.column, quantity.unit_column, quantity.measure_column) if name]
    allowed = [*(name for name in theirs.values() if name), *told]
    numbered = [name for field in fields if field.key and (name := theirs[field.name])]
    refuse_users(sheet, allowed, [name for field in fields if field.pseudonym and (name := theirs[field.name]) in sheet.columns], numbered)
    return replace(sheet, ragged=[(line, "(not shown)") for line, _ in sheet.ragged])


def _take_returned(taken: Taken, source: Source, row: dict[str, Any]) -> None:
    """Reads a workbook that came back mended: each sheet by the format of the file its rows came from."""
    if (first := taken.seen.setdefault(source.sha256, (source.path, "", ()))) != (source.path, "", ()):
        taken.files.append(row | {"status": "ignored", "problem": f"The same bytes as {first[0]}; its records count once."})
        return
    for name, origin, origin_sheet in index_of(source):
        here = row | {"sheet": name, "mends_path": origin, "mends_sheet": origin_sheet}
        path = taken.raw / origin
        domain = origin.partition("/")[0]
        try:
            if domain not in DOMAINS or ".." in path.parts:
                raise InputProblem(f"Its rows came from '{origin}', which lies in no domain's folder.", where=f"{source.path}, sheet {name}", mend="Leave the index as it was.")
            declared = taken.format_of(path.parent)
            entry = _entry_of(origin_sheet, _entries_of_origin(path.name, origin_sheet, domain, declared))
            if entry is None:
                raise InputProblem(f"No entry of _format.toml fits '{origin}' any more.", where=f"{source.path}, sheet {name}", mend="Take the workbook away.")
            plain = entry.model_copy(update={"sheet": name, "header_line": 1, "header_rows": 1, "fill_down": (), "encoding": None})
            sheet, replaces, left_out = rows_of(open_sheets(source, _reading(plain, declared))[0])
        except InputProblem as problem:
            _stop(taken, here, [domain] if domain in DOMAINS else [], problem)
            continue
        outcome = _read_or_refused(sheet, plain, declared, may_be_empty=left_out.height > 0)
        if isinstance(outcome, FileRead) and left_out.height:
            gone = left_out.with_columns(pl.lit("left_out").alias(KIND)).select(outcome.aside.columns)
            outcome = replace(outcome, aside=pl.concat([outcome.aside, gone]))
            taken.mends.append(record_ids(sheet, left_out[LINE]).join(replaces, on=LINE, how="inner").select("record_id", "replaces", "read", pl.col(LINE).alias("line")))
        _take_sheet(taken, sheet, outcome, [domain], here, replaces)


def _entries_of_origin(name: str, sheet: str, domain: str, declared: Format | None) -> tuple[FileFormat, ...]:
    """How the file was read that rows came from: by the entries of its own name, else, in a zip, of the member's, which its sheet names."""
    names = [name, *PurePosixPath(sheet).parts]
    return _entries(next((word for word in names if declared and formats_for(word, declared)), name), domain, declared)


def _entry_of(sheet: str, entries: tuple[FileFormat, ...]) -> FileFormat | None:
    own = sheet.rpartition("/")[2]
    return next((entry for entry in entries if entry.sheet is None or fnmatchcase(own, entry.sheet)), None)


def _seen_before(source: Source, domain: str, entries: tuple[FileFormat, ...], first: tuple[str, str, tuple[FileFormat, ...]]) -> dict[str, Any]:
    """What becomes of bytes that were read before: ignored if they would say the same again.

    Raises:
        InputProblem: if they would be read as something else; a record can be only one thing.
    """
    where, first_domain, first_entries = first
    if (domain, entries) != (first_domain, first_entries):
        raise _OfPlace(
            f"The same bytes stand at {where}, read as something else.", where=source.where, mend="Keep one file and give it a feed for each domain.",
        )  # fmt: skip
    return {"status": "ignored", "problem": f"The same bytes as {where}; its records count once."}


def _stop(taken: Taken, row: dict[str, Any], domains: list[str], problem: InputProblem) -> None:
    declared = taken.formats.get((taken.raw / row["path"]).parent)
    if declared is not None and not formats_for(Path(row["sheet"] or row["path"]).name, declared) and not formats_for(Path(row["path"]).name, declared) and not isinstance(problem, _OfPlace):
        problem = InputProblem(f"No entry of _format.toml fits this file, so it was read by our own names. {problem.what}", where=problem.where, mend=f"{problem.mend} Or add a [[file]] whose glob fits.")
    row = row | {"status": "stopped", "problem": str(problem), "records": 0}
    taken.files.append(row)
    taken.stopped.append(stopped_row(row, domains, problem))


def file_row(relative: str) -> dict[str, Any]:
    """The row of `files` for a file of which nothing was read yet."""
    return {
        "path": relative, "sheet": "", "sha256": "", "bytes": 0, "encoding": "", "delimiter": "", "header_line": 0, "understood": "", "records": 0, "status": "read",
        "problem": None, "mends_path": None, "mends_sheet": None,
    }  # fmt: skip


def raw_files(raw: Path, counted: str | None = None) -> Iterator[tuple[Path, str | None]]:
    """Every file under data/raw with the domain of its folder, sites first, in a fixed order. Formats, notes and hidden files are not data.

    Files of a counted domain, and tables of readings, are left out; with `counted` only those of that domain are given.

    Links to folders and links that lead nowhere are listed too, so that they are stopped and not passed over.
    """
    order = {name: place for place, name in enumerate(DOMAINS)}
    found = []
    for path in raw.rglob("*"):
        name, top = path.name, path.relative_to(raw).parts[0]
        if name == FORMAT_FILE or is_left_over(path) or path.suffix.lower() == ".md":
            continue
        if path.is_symlink() or not path.is_dir():
            domain = top if top in order and path.parent != raw else None
            if (domain == counted) if counted else (domain is None or not (DOMAINS[domain].counted or DOMAINS[domain].rolled)):
                found.append((path, domain))
    yield from sorted(found, key=lambda item: (order.get(item[1] or "", len(order)), item[0]))


def is_left_over(path: Path) -> bool:
    """Whether a file is none that somebody sent: hidden, or left behind by a system."""
    return path.name.startswith((".", "~$")) or path.name.lower() in _OF_SYSTEMS


def _possible_domains(domain: str | None, entries: tuple[FileFormat, ...], declared: Format | None) -> list[str]:
    """What a stopped file might have fed: what the formats of its folder feed; anything at all, if it has no folder or its format cannot be read."""
    if domain is None or (not entries and declared is None):
        return list(DOMAINS)
    feeds = {feed.domain for item in (declared.file if declared else entries) for feed in item.feed}
    return [name for name in DOMAINS if name in feeds | {domain}]


def _homeless(relative: str) -> InputProblem:
    folder = relative.partition("/")[0]
    return _OfPlace(
        "The file lies in no domain's folder.",
        where=relative,
        mend=near_misses(folder, DOMAINS) or f"The folders are: {', '.join(DOMAINS)}.",
    )


def stopped_row(row: dict[str, Any], domains: list[str], problem: InputProblem) -> dict[str, Any]:
    """The row of `rejected` for a file that was stopped, with every measure it might have fed."""
    measures = ";".join(dict.fromkeys(measure for domain in domains for measure in measures_held_by(domain)))
    by_content = row["sha256"] and not isinstance(problem, _OfPlace)
    place = str(row["sha256"]) if by_content else hashlib.sha256(str(row["path"]).encode()).hexdigest()
    return {
        "record_id": record_id(place, str(row["sheet"]), 0), "rule": "file_stopped", "column": "",
        "read": "", "expected": problem.mend, "expected_zh": right_zh("file_stopped", ""), "message": str(problem), "path": row["path"], "sheet": row["sheet"], "line": 0,
        "measures": measures, "site_id": None, "start": None, "end": None,
    }  # fmt: skip
