"""All people files of a workspace: read, checked, counted, forgotten. What comes out are counts, control totals, and the places of rows that were wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.domains.definition import Form
from esg_kpis.domains.people import CROSSED, DOMAIN, FORMS, KEPT
from esg_kpis.errors import InputProblem
from esg_kpis.exact import QUANTITY
from esg_kpis.files import LINE, read_source
from esg_kpis.ingest.accounting import record_id
from esg_kpis.ingest.declared import format_for, read_format
from esg_kpis.ingest.formats import Format
from esg_kpis.ingest.rules import right_zh
from esg_kpis.ingest.take import file_row, raw_files, stopped_row
from esg_kpis.people.counts import Counting, counts_of_spells, joint_table, roll_forward
from esg_kpis.people.events import as_they_were, counts_of_injuries, counts_of_training
from esg_kpis.people.observed import last_days_ahead, observed, unfinished_periods
from esg_kpis.people.read import FILE, REFUSAL, PeopleFile, form_of, refusals, sheet_of, typed_rows
from esg_kpis.people.spells import BEFORE, Ordered, against_register, from_snapshots, in_order, monthly, overlapping, without_repeats
from esg_kpis.tables import FILES, HEADCOUNT, PEOPLE_CONTROLS, PEOPLE_COUNTS, RECORDS, REJECTED, conform
from esg_kpis.workspace import Workspace

NOT_SHOWN = "(not shown: people data)"
LIVELY = 10
"""Movements of a period after which one with a tenth of them is no quiet one: of ten expected, at most one comes once in 2,000 times (Poisson)."""
A_FEW_DAYS = timedelta(days=3)


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
    last_snapshot: date | None = None
    ahead: dict[int, int] = field(default_factory=dict)


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
    spells, known_days, again = _spells(read, sites, as_of)
    spells, repeated = without_repeats(spells)
    again.append(repeated)
    ordered = in_order(spells)
    read.refused.append(overlapping(ordered, spells))
    bad = pl.concat([pl.DataFrame(schema=REFUSAL), *read.refused]).select(FILE, LINE).unique()
    if bad.height:
        ordered = in_order(spells := spells.join(bad, on=[FILE, LINE], how="anti"))
    training, injuries = (_events(name, read, ordered, as_of, again) for name in ("training", "injuries"))
    known_until = min(_known_until(read, as_of, known_days), _silent_from(read, spells, counting))
    unfinished = [period for period in counting.periods if period[1] > known_until]
    counting = counting.until(known_until)
    joint = joint_table(ordered, counting)
    counts = pl.concat([
        counts_of_spells(joint, counting, known_days).cast({"quantity": QUANTITY}),
        counts_of_training(training, ordered, counting), counts_of_injuries(injuries, counting, _complete(read)),
    ])  # fmt: skip
    ids = {number: item.record_id for number, item in enumerate(read.items)}
    refused = pl.concat([pl.DataFrame(schema=REFUSAL), *read.refused]).unique(
        [FILE, LINE, "rule", "column"], keep="first", maintain_order=True
    )
    known = pl.col("site_id").is_in(sites["site_id"].implode())
    refused = refused.with_columns(pl.when(known).then(pl.col("site_id")).alias("site_id"))  # What is no site may be anything.
    controls = _controls(read, spells, refused, pl.concat(again), as_of)
    return People(
        files=conform(pl.DataFrame(read.files, schema=FILES.schema), FILES),
        records=conform(_records(read, controls, refused), RECORDS),
        rejected=conform(_rejected(read, refused), REJECTED),
        counts=conform(_named(counts, ids), PEOPLE_COUNTS),
        controls=conform(controls, PEOPLE_CONTROLS),
        headcount=conform(roll_forward(ordered, joint) if spells.height else pl.DataFrame(schema=HEADCOUNT.schema), HEADCOUNT),
        observations=pl.concat([last_days_ahead(controls, read.ahead, as_of), observed(controls, ordered, training, injuries), unfinished_periods(unfinished if read.items else [], known_until)]),
    )


def _known_until(read: _Read, as_of: date, known_days: list[date] | None) -> date:
    """The last day of which the files tell who is employed: of snapshots the last one; of spells what is declared; and never after `as_of`."""
    declared = [item.entry.complete_until for item in read.items if item.form.name == "spells" and item.entry.complete_until]
    return min([as_of, *declared, *([known_days[-1]] if known_days else [])])


def _silent_from(read: _Read, spells: pl.DataFrame, counting: Counting) -> date:
    """The day before the first period in which the spells fall silent, unless a file says how far it tells: an old list is no year without leavers.

    Silent is one of the last periods with at most a tenth of the movements of the period of that length before it, where those are at least `LIVELY`: an end that was planned is no sign that the
    list goes on, and where few ever move, nobody can tell an old list from a quiet year.
    """
    if spells.is_empty() or not any(item.form.name == "spells" for item in read.items) or any(item.entry.complete_until for item in read.items if item.form.name == "spells"):
        return date.max
    days = pl.concat([spells["from"], spells["to"]]).drop_nulls()
    later = days.filter(days > days.min())  # On its first day a list begins, and nobody joins.
    moves = {period: int(later.is_between(*period).sum()) for period in sorted(counting.periods)}
    told = date.max
    for period in sorted(moves, key=lambda span: span[1], reverse=True):
        before = [span for span in moves if span[1] < period[0] and abs((span[1] - span[0]) - (period[1] - period[0])) <= A_FEW_DAYS]
        usual = moves[max(before, key=lambda span: span[1])] if before else 0
        if usual >= LIVELY and moves[period] <= usual // LIVELY:
            told = min(told, period[0] - timedelta(days=1))
        elif moves[period]:
            break
    return told


def _complete(read: _Read) -> list[tuple[int, date, date]]:
    """The files of injuries that are declared to be complete, with their first and last day."""
    return [
        (number, item.entry.complete_from or date.min, item.entry.complete_until)
        for number, item in enumerate(read.items)
        if item.form.name == "injuries" and item.entry.complete_until
    ]


# ---------------------------------------------------------------- reading


def _read(workspace: Workspace, secret_file: Path | None) -> _Read:
    read = _Read()
    seen: dict[str, str] = {}
    formats: dict[Path, Format | None] = {}
    for path, _ in raw_files(workspace.raw, DOMAIN.name):
        relative = path.relative_to(workspace.raw).as_posix()
        row = file_row(relative)
        read.files.append(row)
        known: Form | None = None
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
            sheet = sheet_of(source, entry)
            feed, form = form_of(sheet, entry)
            known = form
            item = PeopleFile(sheet, entry, feed, form)
            stands_for_none = form.name == "injuries" and entry.complete_until
            if not sheet.rows.height and not sheet.ragged and not stands_for_none:
                raise InputProblem("There are no rows below the header.", where=relative, mend="Ask for the rows, or take the file away. Where nobody was injured, say so: complete_until in _format.toml.")
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
            row |= {"sheet": sheet.sheet, "encoding": sheet.encoding, "delimiter": sheet.delimiter, "header_line": sheet.header_line, "records": sheet.rows.height + len(sheet.ragged)}
            row["problem"] = f"Other sheets of the workbook, which were not read: {len(sheet.unread)}." if sheet.unread else None
        except InputProblem as problem:
            row |= {"status": "stopped", "problem": str(problem), "records": 0}
            read.stopped.append(stopped_row(row, [DOMAIN.name], problem) | ({"measures": ";".join(known.measures)} if known else {}))
    return read


def _rows(read: _Read, form: str) -> pl.DataFrame:
    """The rows of a form that are right in themselves."""
    kinds = {"date": pl.Date(), "number": QUANTITY}
    schema = {FILE: pl.Int64(), LINE: pl.Int64(), **{column.name: kinds.get(column.kind, pl.String()) for column in FORMS[form].columns}}
    rows = pl.concat([pl.DataFrame(schema=schema), *(frame.select(list(schema)).cast(schema) for frame in read.rows[form])])  # type: ignore[arg-type]
    bad = pl.concat([pl.DataFrame(schema=REFUSAL), *read.refused]).select(FILE, LINE).unique()
    return rows.join(bad, on=[FILE, LINE], how="anti") if bad.height else rows


def _spells(read: _Read, sites: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, list[date] | None, list[pl.DataFrame]]:
    """All spells, sent as such or made of snapshots; the days on which stocks are known, if these are not all; and the places of rows sent again."""
    spells, made, known_days = _rows(read, "spells"), None, None
    ahead = pl.col("to") > as_of
    read.ahead = dict(spells.filter(ahead).group_by(FILE).len().iter_rows())
    spells = spells.with_columns(pl.when(~ahead).then(pl.col("to")).alias("to"))  # On that day the employment lasts.
    snapshots, later = without_repeats(_snapshots(read, as_of))
    movements, twice = without_repeats(_rows(read, "movements"))
    if snapshots.height:
        days = snapshots["date"].unique().sort().to_list()
        made, odd = from_snapshots(snapshots, movements.filter(pl.col("date") <= days[-1]))
        read.refused.append(odd)
        if spells.height and not monthly(days):
            told = "snapshots of every month-end, where others send spells; otherwise the days between are unknown"
            read.refused.append(refusals(snapshots, pl.lit(value=True), "snapshots_too_rare", "date", told))
            made = made.clear()
        known_days = None if spells.height else days
        read.last_snapshot = days[-1]
        spells = pl.concat([spells, made.select(spells.columns)])
    elif movements.height:
        told = "snapshots of the persons employed, beside the movements"
        read.refused.append(refusals(movements, pl.lit(value=True), "movement_without_snapshot", "date", told))
    registered, refused = against_register(spells, sites, as_of)
    read.refused.append(refused)
    left = registered.join(refused.select(FILE, LINE).unique(), on=[FILE, LINE], how="anti") if refused.height else registered
    return left, known_days, [later, twice]


def _snapshots(read: _Read, as_of: date) -> pl.DataFrame:
    """The rows of snapshots up to `as_of`, without persons of whom one snapshot says two things."""
    rows = _rows(read, "snapshots")
    read.refused.append(refusals(rows, pl.col("date") > as_of, "after_as_of", "date", f"days up to {as_of.isoformat()}"))
    rows = rows.filter(pl.col("date") <= as_of)
    once, _ = without_repeats(rows)
    unclear = once.filter(once.select("person", "date").is_duplicated()).select("person", "date").unique()
    both = rows.join(unclear, on=["person", "date"], how="semi")
    read.refused.append(refusals(both, pl.lit(value=True), "two_rows_in_a_snapshot", "person", "one row a person and day, or rows that say the same"))
    return rows.join(unclear, on=["person", "date"], how="anti")


def _events(form: str, read: _Read, ordered: Ordered, as_of: date, again: list[pl.DataFrame]) -> pl.DataFrame:
    """The rows of training or injuries with what their persons were on the day."""
    rows, repeated = without_repeats(_rows(read, form))
    again.append(repeated)
    read.refused.append(refusals(rows, pl.col("date") > as_of, "after_as_of", "date", f"days up to {as_of.isoformat()}"))
    if form == "injuries":
        contradicts = (pl.col("outcome") == "no_lost_time") & (pl.col("lost_days") > 0)
        read.refused.append(refusals(rows, pl.col("case_id").is_duplicated(), "case_twice", "case_id", "each case once, or rows that say the same"))
        read.refused.append(refusals(rows, contradicts, "outcome_contradicts", "lost_days", "no lost days where the outcome is no_lost_time"))
        rows = rows.filter(~pl.col("case_id").is_duplicated() & ~contradicts)
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


def _controls(read: _Read, spells: pl.DataFrame, refused: pl.DataFrame, repeated: pl.DataFrame, as_of: date) -> pl.DataFrame:
    places = pl.concat([refused.select(FILE, LINE), repeated]).unique()
    totals = {number: row for form in FORMS for number, row in _totals(read, form, places).items()}
    lasting = (pl.col("to").fill_null(as_of) - pl.col("from")).dt.total_days() + 1
    days = dict(spells.filter(pl.col("from") > BEFORE).group_by(FILE).agg(lasting.sum()).iter_rows())
    bad = dict(refused.group_by(FILE).agg(pl.col(LINE).n_unique()).iter_rows())
    rows = []
    for number, item in enumerate(read.items):
        received, wrong, own = item.sheet.rows.height + len(item.sheet.ragged), bad.get(number, 0), totals.get(number, _NOTHING)
        rows.append({
            "path": item.sheet.source.path, "sheet": item.sheet.sheet, "record_id": item.record_id, "sha256": item.sheet.source.sha256, "form": item.form.name,
            "keys": item.feed.keys, "rows": received, "refused": wrong, "repeated": received - wrong - own["counted"] - own["outside"],
            "person_days": days.get(number, 0) if item.form.name in ("spells", "snapshots", "movements") else None, "state": "read", **own,
        })  # fmt: skip
    return pl.DataFrame(rows, schema=PEOPLE_CONTROLS.schema)


_NOTHING: dict[str, Any] = {"counted": 0, "outside": 0, "persons": 0}


def _totals(read: _Read, form: str, places: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """What the rows of a form that are neither refused nor repeated add up to, per file."""
    rows = _rows(read, form)
    kept = rows.join(places, on=[FILE, LINE], how="anti") if places.height else rows
    first, last = ("from", "to") if form == "spells" else ("date", "date")
    outside = pl.col("date") > read.last_snapshot if form == "movements" and read.last_snapshot else pl.lit(value=False)
    sums = [pl.col(name).sum() for name in ("hours", "lost_days") if name in rows.columns]
    inside = kept.filter(~outside).group_by(FILE).agg(
        pl.len().alias("counted"), pl.col("person").n_unique().alias("persons"), pl.col(first).min().alias("first_day"), pl.col(last).max().alias("last_day"), *sums
    )  # fmt: skip
    beyond = kept.filter(outside).group_by(FILE).agg(pl.len().alias("outside"))
    both = inside.join(beyond, on=FILE, how="full", coalesce=True).with_columns(pl.col("counted", "persons", "outside").fill_null(0))
    return {row.pop(FILE): row for row in both.to_dicts()}


def file_records(controls: pl.DataFrame) -> pl.DataFrame:
    """A record per people file, under line 0, that says its control totals. Columns: as `records` in the data dictionary."""
    totals = [name for name in PEOPLE_CONTROLS.names if name not in ("path", "sheet", "record_id", "sha256")]
    return controls.select(
        "record_id", pl.lit(DOMAIN.name).alias("domain"), "path", "sheet", pl.lit(0, dtype=pl.Int64()).alias("line"), "sha256",
        pl.struct(pl.col(totals).cast(pl.String)).struct.json_encode().alias("received"), pl.lit(None, dtype=pl.String()).alias("site_id"),
        pl.col("first_day").alias("start"), pl.col("last_day").alias("end"), pl.lit(None, dtype=pl.String()).alias("excluded"),
    )  # fmt: skip


def _records(read: _Read, controls: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """A record per file, and one per rejected row, without what it said."""
    rows = []
    for line in refused.unique([FILE, LINE], keep="first", maintain_order=True).iter_rows(named=True):
        source, sheet = read.items[line[FILE]].sheet.source, read.items[line[FILE]].sheet.sheet
        rows.append({
            "record_id": record_id(source.sha256, sheet, line[LINE]), "domain": DOMAIN.name, "path": source.path, "sheet": sheet, "line": line[LINE],
            "sha256": source.sha256, "received": f'{{"": "{NOT_SHOWN}"}}', "site_id": None, "start": None, "end": None, "excluded": None,
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
            "expected_zh": right_zh(line["rule"], ""),
            "message": f"{place}{column}: {line['rule'].replace('_', ' ')}; expected {line['expected'].removesuffix('.')}.", "path": source.path, "sheet": sheet,
            "line": line[LINE], "measures": ";".join(item.form.measures), "site_id": line["site_id"], "start": line["start"], "end": line["end"],
        })  # fmt: skip
    frame = pl.DataFrame(rows, schema=REJECTED.schema).with_columns(pl.col("start").dt.offset_by("-1d"), pl.col("end").dt.offset_by("1d"))
    return pl.concat([frame, pl.DataFrame(read.stopped, schema=REJECTED.schema)]).unique(
        list(REJECTED.key), keep="first", maintain_order=True
    )
