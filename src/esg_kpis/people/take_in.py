"""All people files of a workspace: read, checked, counted, forgotten. What comes out are counts, control totals, and the places of rows that were wrong."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from esg_kpis.exact import QUANTITY
from esg_kpis.files import LINE
from esg_kpis.people.counts import Counting, counts_of_spells, joint_table, roll_forward
from esg_kpis.people.events import as_they_were, counts_of_injuries, counts_of_training
from esg_kpis.people.left import controls_of, named, records_of, rejected_of
from esg_kpis.people.observed import last_days_ahead, observed, unfinished_periods
from esg_kpis.people.read import FILE, REFUSAL, refusals
from esg_kpis.people.received import Read, read_files, rows_of
from esg_kpis.people.spells import FACTS, Ordered, against_register, from_snapshots, in_order, monthly, overlapping, without_repeats
from esg_kpis.tables import FILES, HEADCOUNT, PEOPLE_CONTROLS, PEOPLE_COUNTS, RECORDS, REJECTED, conform
from esg_kpis.workspace import Workspace

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


@dataclass(frozen=True)
class _Accepted:
    """The rows that are right, as persons: what counts are made of. It never leaves this room but as `Persons`."""

    read: Read
    spells: pl.DataFrame
    ordered: Ordered
    training: pl.DataFrame
    injuries: pl.DataFrame
    known_days: list[date] | None
    known_until: date
    again: list[pl.DataFrame]


@dataclass(frozen=True)
class Persons:
    """Typed rows about persons under numbers that hold within one run only: what a second engine counts again. Only an assurer's annex leads to it.

    `spells`: `person`, `from`, `to` (null while it lasts) and what is known. `training`: `person`, `date`, `course`, `programme`, `hours`. `injuries`: `person`, `date`, `outcome`,
    `lost_days`, `recognition`. `known_days`: the only days on which stocks are known; None for any. `known_until`: the last day of which the files tell. `complete`: first and last days of which every injury is told.
    """

    spells: pl.DataFrame
    training: pl.DataFrame
    injuries: pl.DataFrame
    known_days: list[date] | None
    known_until: date
    complete: list[tuple[date, date]]


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
    accepted = _accepted(workspace, as_of, sites, counting, secret_file)
    read, spells, ordered = accepted.read, accepted.spells, accepted.ordered
    unfinished = [period for period in counting.periods if period[1] > accepted.known_until]
    counting = counting.until(accepted.known_until)
    joint = joint_table(ordered, counting)
    counts = pl.concat([
        counts_of_spells(joint, counting, accepted.known_days).cast({"quantity": QUANTITY}),
        counts_of_training(accepted.training, ordered, counting), counts_of_injuries(accepted.injuries, counting, _complete(read)),
    ])  # fmt: skip
    ids = {number: item.record_id for number, item in enumerate(read.items)}
    refused = _in_their_words(pl.concat([pl.DataFrame(schema=REFUSAL), *read.refused]), read).unique(
        [FILE, LINE, "rule", "column"], keep="first", maintain_order=True
    )
    known = pl.col("site_id").is_in(sites["site_id"].implode())
    refused = refused.with_columns(pl.when(known).then(pl.col("site_id")).alias("site_id"))  # What is no site may be anything.
    controls = controls_of(read, spells, refused, pl.concat(accepted.again), as_of)
    return People(
        files=conform(pl.DataFrame(read.files, schema=FILES.schema), FILES),
        records=conform(records_of(read, controls, refused), RECORDS),
        rejected=conform(rejected_of(read, refused), REJECTED),
        counts=conform(named(counts, ids), PEOPLE_COUNTS),
        controls=conform(controls, PEOPLE_CONTROLS),
        headcount=conform(roll_forward(ordered, joint) if spells.height else pl.DataFrame(schema=HEADCOUNT.schema), HEADCOUNT),
        observations=pl.concat([last_days_ahead(controls, read.ahead, as_of), observed(controls, ordered, accepted.training, accepted.injuries), unfinished_periods(unfinished if read.items else [], accepted.known_until)]),
    )


def _in_their_words(refused: pl.DataFrame, read: Read) -> pl.DataFrame:
    """Refusals with our names of columns replaced by those of the sender."""
    for number, item in enumerate(read.items):
        renamed = {ours: theirs for ours, theirs in item.feed.columns.items() if ours not in item.sheet.columns}
        if renamed:
            refused = refused.with_columns(pl.when(pl.col(FILE) == number).then(pl.col("column").replace(renamed)).otherwise("column").alias("column"))
    return refused


def typed_persons(workspace: Workspace, as_of: date, sites: pl.DataFrame, counting: Counting, secret_file: Path | None = None) -> Persons:
    """The typed rows behind `count_people`, for a second engine to count them again. Arguments as there."""
    accepted = _accepted(workspace, as_of, sites, counting, secret_file)
    person = pl.col("__person").alias("person")
    spells = accepted.ordered.spells.join(accepted.ordered.facts.drop(FILE), on="__code", how="left").select(person, "from", "to", *FACTS)
    training = accepted.training.sort("date", FILE, LINE).select(person, "date", "course", "programme", "hours").with_row_index("place")
    injuries = accepted.injuries.select(person, "date", "outcome", "lost_days", "recognition")
    complete = [(first, last) for _, first, last in _complete(accepted.read)]
    return Persons(spells, training, injuries, accepted.known_days, accepted.known_until, complete)


def _accepted(workspace: Workspace, as_of: date, sites: pl.DataFrame, counting: Counting, secret_file: Path | None) -> _Accepted:
    read = read_files(workspace, secret_file)
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
    return _Accepted(read, spells, ordered, training, injuries, known_days, known_until, again)


def _known_until(read: Read, as_of: date, known_days: list[date] | None) -> date:
    """The last day of which the files tell who is employed: of snapshots the last one; of spells what is declared; and never after `as_of`."""
    declared = [item.entry.complete_until for item in read.items if item.form.name == "spells" and item.entry.complete_until]
    return min([as_of, *declared, *([known_days[-1]] if known_days else [])])


def _silent_from(read: Read, spells: pl.DataFrame, counting: Counting) -> date:
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


def _complete(read: Read) -> list[tuple[int, date, date]]:
    """The files of injuries that are declared to be complete, with their first and last day."""
    return [
        (number, item.entry.complete_from or date.min, item.entry.complete_until)
        for number, item in enumerate(read.items)
        if item.form.name == "injuries" and item.entry.complete_until
    ]


# ---------------------------------------------------------------- persons


def _spells(read: Read, sites: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, list[date] | None, list[pl.DataFrame]]:
    """All spells, sent as such or made of snapshots; the days on which stocks are known, if these are not all; and the places of rows sent again."""
    spells, made, known_days = rows_of(read, "spells"), None, None
    ahead = pl.col("to") > as_of
    read.ahead = dict(spells.filter(ahead).group_by(FILE).len().iter_rows())
    spells = spells.with_columns(pl.when(~ahead).then(pl.col("to")).alias("to"))  # On that day the employment lasts.
    snapshots, later = without_repeats(_snapshots(read, as_of))
    movements, twice = without_repeats(rows_of(read, "movements"))
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


def _snapshots(read: Read, as_of: date) -> pl.DataFrame:
    """The rows of snapshots up to `as_of`, without persons of whom one snapshot says two things."""
    rows = rows_of(read, "snapshots")
    read.refused.append(refusals(rows, pl.col("date") > as_of, "after_as_of", "date", f"days up to {as_of.isoformat()}"))
    rows = rows.filter(pl.col("date") <= as_of)
    once, _ = without_repeats(rows)
    unclear = once.filter(once.select("person", "date").is_duplicated()).select("person", "date").unique()
    both = rows.join(unclear, on=["person", "date"], how="semi")
    read.refused.append(refusals(both, pl.lit(value=True), "two_rows_in_a_snapshot", "person", "one row a person and day, or rows that say the same"))
    return rows.join(unclear, on=["person", "date"], how="anti")


def _events(form: str, read: Read, ordered: Ordered, as_of: date, again: list[pl.DataFrame]) -> pl.DataFrame:
    """The rows of training or injuries with what their persons were on the day."""
    rows, repeated = without_repeats(rows_of(read, form))
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
