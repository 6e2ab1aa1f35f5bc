"""All people files of a workspace: read, checked, counted, forgotten. What comes out are counts, control totals, and the places of rows that were wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.domains.people import CROSSED, DOMAIN, FORMS, KEPT
from esg_kpis.errors import InputProblem
from esg_kpis.exact import QUANTITY
from esg_kpis.ingest.accounting import record_id
from esg_kpis.ingest.files import LINE, read_sheet, read_source
from esg_kpis.ingest.formats import Format, format_for, read_format
from esg_kpis.ingest.run import raw_files, stopped_row
from esg_kpis.people.counts import Counting, counts_of_spells, joint_table, roll_forward
from esg_kpis.people.events import as_they_were, counts_of_injuries, counts_of_training
from esg_kpis.people.observed import observed
from esg_kpis.people.read import FILE, REFUSAL, PeopleFile, form_of, refusals, typed_rows
from esg_kpis.people.spells import BEFORE, FACTS, Ordered, against_register, from_snapshots, in_order, monthly, overlapping, without_repeats
from esg_kpis.tables import FILES, HEADCOUNT, PEOPLE_CONTROLS, PEOPLE_COUNTS, RECORDS, REJECTED, conform
from esg_kpis.workspace import Workspace

NOT_SHOWN = "(not shown: people data)"
_TEXT = {name: pl.String() for name in ("person", *FACTS, "event", "course", "programme", "case_id", "outcome", "recognition")}


@dataclass(frozen=True)
class People:
    """What is left of the people files: tables of the data dictionary, none of which knows a person."""

    files: pl.DataFrame
    records: pl.DataFrame
    rejected: pl.DataFrame
    counts: pl.DataFrame
    controls: pl.DataFrame
    headcount: pl.DataFrame
    observations: pl.DataFrame


@dataclass
class _Read:
    """What has been read so far: files, their rows by form, and what was refused."""

    files: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[dict[str, Any]] = field(default_factory=list)
    items: list[PeopleFile] = field(default_factory=list)
    rows: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: {name: [] for name in FORMS})
    refused: list[pl.DataFrame] = field(default_factory=list)


def count_people(workspace: Workspace, as_of: date, sites: pl.DataFrame, counting: Counting, secret_file: Path | None = None) -> People:
    """Counts everybody under data/raw/people.

    A file that is damaged, fits no form, or could tell who somebody is, is stopped: it becomes one row of `rejected` with line 0, and nothing of it is
    kept. A row that is wrong is rejected by its place.

    Args:
        workspace: The workspace.
        as_of: The last day data can be about.
        sites: The register of sites.
        counting: What is to be counted.
        secret_file: File of the secret key for staff numbers, where a format declares them.
    """
    read = _read(workspace, secret_file)
    spells, known_days = _spells(read, sites, as_of)
    spells, repeated = without_repeats(spells)
    ordered = in_order(spells)
    read.refused.append(overlapping(ordered, spells))
    bad = pl.concat([pl.DataFrame(schema=REFUSAL), *read.refused]).select(FILE, LINE).unique()
    if bad.height:
        ordered = in_order(spells := spells.join(bad, on=[FILE, LINE], how="anti"))
    training, injuries = (_events(name, read, ordered, as_of, bad) for name in ("training", "injuries"))
    joint = joint_table(ordered, counting)
    counts = pl.concat([
        counts_of_spells(joint, counting, known_days).cast({"quantity": QUANTITY}),
        counts_of_training(training, ordered, counting), counts_of_injuries(injuries, counting),
    ])  # fmt: skip
    ids = {number: item.record_id for number, item in enumerate(read.items)}
    refused = pl.concat([pl.DataFrame(schema=REFUSAL), *read.refused]).unique(
        [FILE, LINE, "rule", "column"], keep="first", maintain_order=True
    )
    used = {"spells": spells, "training": training, "injuries": injuries}
    controls = _controls(read, used, refused, repeated, as_of)
    return People(
        files=conform(pl.DataFrame(read.files, schema=FILES.schema), FILES),
        records=conform(_records(read, controls, refused), RECORDS),
        rejected=conform(_rejected(read, refused), REJECTED),
        counts=conform(_named(counts, ids), PEOPLE_COUNTS),
        controls=conform(controls, PEOPLE_CONTROLS),
        headcount=conform(roll_forward(ordered, joint) if spells.height else pl.DataFrame(schema=HEADCOUNT.schema), HEADCOUNT),
        observations=observed(controls, ordered),
    )


# ---------------------------------------------------------------- reading


def _read(workspace: Workspace, secret_file: Path | None) -> _Read:
    read = _Read()
    seen: dict[str, str] = {}
    formats: dict[Path, Format | None] = {}
    for path, _ in raw_files(workspace.raw, DOMAIN.name):
        relative = path.relative_to(workspace.raw).as_posix()
        row: dict[str, Any] = {
            "path": relative,
            "sheet": "",
            "sha256": "",
            "bytes": 0,
            "encoding": "",
            "records": 0,
            "status": "read",
            "problem": None,
        }
        read.files.append(row)
        try:
            if path.parent not in formats:
                formats[path.parent] = read_format(path.parent, workspace.raw)
            declared = formats[path.parent]
            entry = format_for(path.name, DOMAIN.name, declared)
            source = read_source(workspace.raw, path)
            row |= {"sha256": source.sha256, "bytes": len(source.content)}
            if entry is None:
                raise InputProblem(
                    "No entry of _format.toml fits this file.", where=relative, mend="Add a [[file]] whose glob fits, or take it away."
                )
            if source.sha256 in seen:
                row |= {"status": "ignored", "problem": f"The same bytes as {seen[source.sha256]}; its rows count once."}
                continue
            sheet = read_sheet(source, sheet=entry.sheet, header_line=entry.header_line, delimiter=entry.delimiter, encoding=entry.encoding)
            feed, form = form_of(sheet, entry)
            item = PeopleFile(sheet, entry, feed, form)
            if not sheet.rows.height and not sheet.ragged:
                raise InputProblem("There are no rows below the header.", where=relative, mend="Ask for the rows, or take the file away.")
            rows, refused = typed_rows(item, len(read.items), declared.vocabulary if declared else {}, secret_file, workspace.root)
            ragged = [
                {
                    FILE: len(read.items),
                    LINE: line,
                    "rule": "ragged_row",
                    "column": "",
                    "expected": f"{len(sheet.columns)} cells, as in the header",
                }
                for line, _ in sheet.ragged
            ]
            read.refused += [refused, pl.DataFrame(ragged, schema=REFUSAL)]
            read.rows[form.name].append(rows)
            read.items.append(item)
            seen[source.sha256] = relative
            row |= {"sheet": sheet.sheet, "encoding": sheet.encoding, "records": sheet.rows.height + len(sheet.ragged)}
            row["problem"] = f"Sheets not read: {', '.join(sheet.unread)}." if sheet.unread else None
        except InputProblem as problem:
            row |= {"status": "stopped", "problem": str(problem), "records": 0}
            read.stopped.append(stopped_row(row, [DOMAIN.name], problem))
    return read


def _rows(read: _Read, form: str) -> pl.DataFrame:
    """The rows of a form that are right in themselves."""
    kinds = {"date": pl.Date(), "number": QUANTITY}
    schema = {FILE: pl.Int64(), LINE: pl.Int64(), **{column.name: kinds.get(column.kind, pl.String()) for column in FORMS[form].columns}}
    rows = pl.concat([pl.DataFrame(schema=schema), *(frame.select(list(schema)).cast(schema) for frame in read.rows[form])])  # type: ignore[arg-type]
    bad = pl.concat([pl.DataFrame(schema=REFUSAL), *read.refused]).select(FILE, LINE).unique()
    return rows.join(bad, on=[FILE, LINE], how="anti") if bad.height else rows


def _spells(read: _Read, sites: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, list[date] | None]:
    """All spells, sent as such or made of snapshots, and the days on which stocks are known, if these are not all."""
    spells = _rows(read, "spells")
    snapshots, movements = _rows(read, "snapshots"), _rows(read, "movements")
    late = refusals(snapshots, pl.col("date") > as_of, "after_as_of", "date", f"days up to {as_of.isoformat()}")
    read.refused.append(late)
    snapshots = snapshots.filter(pl.col("date") <= as_of)
    known_days: list[date] | None = None
    if snapshots.height:
        days = snapshots["date"].unique().sort().to_list()
        within = movements.filter(pl.col("date") <= days[-1])
        made, odd = from_snapshots(without_repeats(snapshots)[0], without_repeats(within)[0])
        read.refused.append(odd)
        if spells.height and not monthly(days):
            told = "snapshots of every month-end, where others send spells; otherwise the days between are unknown"
            read.refused.append(refusals(snapshots, pl.lit(value=True), "snapshots_too_rare", "date", told))
            made = made.clear()
        known_days = None if spells.height else days
        spells = pl.concat([spells, made.select(spells.columns)])
    elif movements.height:
        told = "snapshots of the persons employed, beside the movements"
        read.refused.append(refusals(movements, pl.lit(value=True), "movement_without_snapshot", "date", told))
    registered, refused = against_register(spells, sites, as_of)
    read.refused.append(refused)
    return registered.join(refused.select(FILE, LINE).unique(), on=[FILE, LINE], how="anti") if refused.height else registered, known_days


def _events(form: str, read: _Read, ordered: Ordered, as_of: date, bad: pl.DataFrame) -> pl.DataFrame:
    """The rows of training or injuries with what their persons were on the day."""
    rows = _rows(read, form)
    read.refused.append(refusals(rows, pl.col("date") > as_of, "after_as_of", "date", f"days up to {as_of.isoformat()}"))
    if form == "injuries":
        read.refused.append(refusals(rows, pl.col("case_id").is_duplicated(), "case_twice", "case_id", "each case once"))
        rows = rows.filter(~pl.col("case_id").is_duplicated())
    else:
        once = rows.unique(["person", "date", "course", "programme", "hours"], keep="first", maintain_order=True)
        read.refused.append(
            refusals(
                rows.join(once, on=[FILE, LINE], how="anti"),
                pl.lit(value=True),
                "repeated_training",
                "course",
                "each course of a person and day once",
            )
        )
        rows = once
    known, odd = as_they_were(rows.filter(pl.col("date") <= as_of), ordered)
    read.refused.append(odd)
    return known


# ---------------------------------------------------------------- what is left


def _named(counts: pl.DataFrame, ids: Mapping[int, str]) -> pl.DataFrame:
    """Counts under the records of their files, with their attributes in one column."""
    parts = [pl.when(pl.col(name).is_not_null()).then(pl.lit(f"{name}=") + pl.col(name)) for name in (*KEPT, *CROSSED)]
    return counts.select(
        "measure", "first", "last", pl.col(FILE).replace_strict(ids, return_dtype=pl.String()).alias("record_id"), "site_id", "cross",
        pl.concat_str(parts, separator=";", ignore_nulls=True).alias("attributes"), "quantity",
    )  # fmt: skip


def _controls(read: _Read, used: Mapping[str, pl.DataFrame], refused: pl.DataFrame, repeated: pl.DataFrame, as_of: date) -> pl.DataFrame:
    rows = []
    bad = refused.select(FILE, LINE).unique()
    for number, item in enumerate(read.items):
        here = used["spells" if item.form.name in ("spells", "snapshots", "movements") else item.form.name].filter(pl.col(FILE) == number)
        received = item.sheet.rows.height + len(item.sheet.ragged)
        wrong = bad.filter(pl.col(FILE) == number).height
        again = repeated.filter(pl.col(FILE) == number).height
        is_spell = "from" in here.columns
        first, last = ("from", "to") if is_spell else ("date", "date")
        real = here.filter(pl.col(first) > BEFORE)
        days = (pl.col("to").fill_null(as_of) - pl.col("from")).dt.total_days() + 1
        counted = received - wrong - again if item.form.name in ("spells", "training", "injuries") else min(here.height, received - wrong)
        rows.append({
            "path": item.sheet.source.path, "sheet": item.sheet.sheet, "record_id": item.record_id, "sha256": item.sheet.source.sha256, "form": item.form.name,
            "keys": item.feed.keys, "rows": received, "counted": counted, "refused": wrong, "repeated": again, "outside": received - wrong - again - counted,
            "persons": here["person" if is_spell else "__person"].n_unique(), "first_day": real[first].min(), "last_day": here[last].max(),
            "person_days": real.select(days.sum()).item() if is_spell else None, "hours": here["hours"].sum() if "hours" in here.columns else None,
            "lost_days": here["lost_days"].sum() if "lost_days" in here.columns else None, "state": "read",
        })  # fmt: skip
    return pl.DataFrame(rows, schema=PEOPLE_CONTROLS.schema)


def file_records(controls: pl.DataFrame) -> pl.DataFrame:
    """A record per people file, under line 0, that says its control totals. Columns: as `records` in the data dictionary."""
    totals = [name for name in PEOPLE_CONTROLS.names if name not in ("path", "sheet", "record_id", "sha256")]
    return controls.select(
        "record_id", pl.lit(DOMAIN.name).alias("domain"), "path", "sheet", pl.lit(0, dtype=pl.Int64()).alias("line"), "sha256",
        pl.struct(pl.col(totals).cast(pl.String)).struct.json_encode().alias("received"), pl.lit(None, dtype=pl.String()).alias("site_id"),
        pl.col("first_day").alias("start"), pl.col("last_day").alias("end"),
    )  # fmt: skip


def _records(read: _Read, controls: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """A record per file, and one per rejected row, without what it said."""
    rows = []
    for line in refused.unique([FILE, LINE], keep="first", maintain_order=True).iter_rows(named=True):
        source, sheet = read.items[line[FILE]].sheet.source, read.items[line[FILE]].sheet.sheet
        rows.append({
            "record_id": record_id(source.sha256, sheet, line[LINE]), "domain": DOMAIN.name, "path": source.path, "sheet": sheet, "line": line[LINE],
            "sha256": source.sha256, "received": f'{{"": "{NOT_SHOWN}"}}', "site_id": None, "start": None, "end": None,
        })  # fmt: skip
    return pl.concat([file_records(controls), pl.DataFrame(rows, schema=RECORDS.schema)])


def _rejected(read: _Read, refused: pl.DataFrame) -> pl.DataFrame:
    """Rejections by place. The row's neighbours in time are held back too: without it, they look like joiners or leavers."""
    rows = []
    for line in refused.iter_rows(named=True):
        item = read.items[line[FILE]]
        source, sheet = item.sheet.source, item.sheet.sheet
        place = f"{source.path}{', sheet ' + sheet if sheet else ''}, line {line[LINE]}"
        column = f", column '{line['column']}'" if line["column"] else ""
        rows.append({
            "record_id": record_id(source.sha256, sheet, line[LINE]), "rule": line["rule"], "column": line["column"], "read": NOT_SHOWN, "expected": line["expected"],
            "message": f"{place}{column}: {line['rule'].replace('_', ' ')}; expected {line['expected'].removesuffix('.')}.", "path": source.path, "sheet": sheet,
            "line": line[LINE], "measures": ";".join(item.form.measures), "site_id": line["site_id"], "start": line["start"], "end": line["end"],
        })  # fmt: skip
    frame = pl.DataFrame(rows, schema=REJECTED.schema).with_columns(pl.col("start").dt.offset_by("-1d"), pl.col("end").dt.offset_by("1d"))
    return pl.concat([frame, pl.DataFrame(read.stopped, schema=REJECTED.schema)]).unique(
        list(REJECTED.key), keep="first", maintain_order=True
    )
