"""Retention: counts and control totals kept when the people files themselves are deleted.

A lock is a folder `data/locked/people` with `counts.csv`, `controls.csv`, `headcount.csv`, and `lock.json`: what was counted, until which day, and the SHA-256 of
the three. While the people files are there, every run counts them again and compares; once they are gone, the locked counts stand in, and the control
totals say what they were counted from. Nothing in a lock knows a person.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.ingest.observations import OBSERVATION
from esg_kpis.people.counts import Counting, Cross, cross_name
from esg_kpis.people.take_in import People, file_records
from esg_kpis.tables import HEADCOUNT, PEOPLE_CONTROLS, PEOPLE_COUNTS, Table, conform

LOCK_FILE = "lock.json"
_TABLES: dict[str, Table] = {"counts": PEOPLE_COUNTS, "controls": PEOPLE_CONTROLS, "headcount": HEADCOUNT}
_VERSION = 1


@dataclass(frozen=True)
class Lock:
    """A lock as read: its tables, the last day it covers, and what was counted."""

    counts: pl.DataFrame
    controls: pl.DataFrame
    headcount: pl.DataFrame
    until: date
    crosses: Mapping[str, frozenset[str]]
    segments: frozenset[tuple[date, date]]


def lock_files(people: People, counting: Counting, until: date) -> dict[str, bytes]:
    """The files of a lock, by name.

    Args:
        people: What was counted.
        counting: What was to be counted.
        until: Last day the lock covers; the end of a period.

    Raises:
        UsageProblem: if a row is rejected, so that the counts are not whole; or no period ends on `until`, or there is nothing to lock.
    """
    if people.rejected.height:
        raise UsageProblem(
            f"{people.rejected.height} rows or files about people are rejected.", mend="Mend them first: `esg-kpis check` lists them."
        )
    ends = sorted({last for _, last in counting.periods})
    if until not in ends:
        raise UsageProblem(
            f"No period of an edition ends on {until}.", where="--until", mend=f"Periods end on: {', '.join(map(str, ends))}."
        )
    if people.controls.is_empty():
        raise UsageProblem("There are no people files to lock.", mend="They lie in data/raw/people.")
    parts = {
        "counts": people.counts.filter(pl.col("last") <= until),
        "controls": people.controls,
        "headcount": people.headcount.filter(pl.col("last") <= until),
    }
    files = {f"{name}.csv": frame.write_csv().encode() for name, frame in parts.items()}
    told = {
        "format_version": _VERSION,
        "until": until.isoformat(),
        "segments": [[first.isoformat(), last.isoformat()] for first, last in counting.segments if last <= until],
        "crosses": {name: sorted(map(cross_name, crosses)) for name, crosses in sorted(counting.crosses.items())},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return {**files, LOCK_FILE: (json.dumps(told, indent=2) + "\n").encode()}


def read_lock(folder: Path) -> Lock | None:
    """The lock of a workspace, or None.

    Raises:
        InputProblem: if it is damaged or was changed after it was written.
    """
    path = folder / LOCK_FILE
    if not path.exists():
        return None
    where = f"{folder.name}/{LOCK_FILE}"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        contents = {name: (folder / f"{name}.csv").read_bytes() for name in _TABLES}
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        changed = [name for name, digest in digests.items() if told["sha256"][f"{name}.csv"] != digest]
        until = date.fromisoformat(told["until"])
        segments = frozenset((date.fromisoformat(first), date.fromisoformat(last)) for first, last in told["segments"])
        crosses = {name: frozenset(names) for name, names in told["crosses"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputProblem(
            f"The lock of the people data cannot be read: {error}.", where=where, mend="Put back the folder as it was locked."
        ) from error
    if changed:
        raise InputProblem(
            f"{', '.join(f'{name}.csv' for name in changed)} is not what was locked.",
            where=where,
            mend="Put back the folder as it was locked.",
        )
    frames = {
        name: conform(
            pl.read_csv(io.BytesIO(contents[name]), schema=table.schema, empty_string_is_null=True).with_columns(_blanks(table)), table
        )
        for name, table in _TABLES.items()
    }
    return Lock(frames["counts"], frames["controls"], frames["headcount"], until, crosses, segments)


def _blanks(table: Table) -> list[pl.Expr]:
    """Empty text where the table allows no null: a CSV cannot tell the two apart."""
    return [pl.col(column.name).fill_null("") for column in table.columns if column.dtype == pl.String() and not column.nullable]


def with_lock(people: People, lock: Lock | None, counting: Counting) -> People:
    """People with a lock: compared with it while its files are there, completed from it when they are gone."""
    if lock is None:
        return people
    gone = lock.controls.join(people.controls.select("sha256"), on="sha256", how="anti")
    asked = _asked(lock.counts, counting)
    if gone.is_empty():
        differing = _differing(people.counts.filter(pl.col("last") <= lock.until), asked)
        return replace(people, observations=pl.concat([people.observations, _observed(_changed(differing, lock))]))
    later = people.counts.filter(pl.col("first") > lock.until)
    heads = people.headcount.filter(pl.col("first") > lock.until)
    controls = gone.with_columns(pl.lit("locked").alias("state"))
    return replace(
        people,
        counts=conform(pl.concat([asked, later]), PEOPLE_COUNTS),
        headcount=conform(pl.concat([lock.headcount, heads]), HEADCOUNT),
        controls=conform(pl.concat([people.controls, controls]), PEOPLE_CONTROLS),
        records=pl.concat([people.records, file_records(controls)]).unique("record_id", keep="first", maintain_order=True),
        observations=pl.concat([people.observations, _observed([*_standing_in(gone, lock), *_lacking(counting, lock)])]),
    )


def _asked(counts: pl.DataFrame, counting: Counting) -> pl.DataFrame:
    """The locked counts that are asked for."""
    wanted = [f"{measure}/{cross_name(cross)}" for measure, crosses in counting.crosses.items() for cross in crosses]
    ends = [last for _, last in counting.segments]
    return counts.filter((pl.col("measure") + "/" + pl.col("cross")).is_in(wanted) & pl.col("last").is_in(ends))


def _differing(ours: pl.DataFrame, locked: pl.DataFrame) -> pl.DataFrame:
    keys = [name for name in PEOPLE_COUNTS.key if name != "record_id"]
    sides = [frame.group_by(keys).agg(pl.col("quantity").sum()) for frame in (ours, locked)]
    both = sides[0].join(sides[1], on=keys, how="full", coalesce=True, suffix="_locked")
    return both.filter(pl.col("quantity").fill_null(0) != pl.col("quantity_locked").fill_null(0))


def _changed(differing: pl.DataFrame, lock: Lock) -> Iterable[dict[str, Any]]:
    for part in differing.sort("measure", "last").partition_by("measure", maintain_order=True):
        yield _row(
            part["measure"][0], "error", f"{part.height} locked counts up to {lock.until} are counted otherwise now, the first for {part['last'][0]}",
            "the counts that were locked", "Find out what changed in data/raw/people, or lock anew with a reason.",
        )  # fmt: skip


def _standing_in(gone: pl.DataFrame, lock: Lock) -> Iterable[dict[str, Any]]:
    yield _row(
        "files",
        "note",
        f"{gone.height} people files are gone; their locked counts up to {lock.until} stand in",
        "the files, or their lock",
        "Nothing: see people_controls.csv.",
    )


def _lacking(counting: Counting, lock: Lock) -> Iterable[dict[str, Any]]:
    """What editions ask for and the lock cannot give any more."""
    for measure, crosses in sorted(counting.crosses.items()):
        lacking = sorted(cross_name(cross) or "total" for cross in crosses if not _has(lock, measure, cross))
        if lacking:
            yield _row(
                measure,
                "error",
                f"it was not counted by {', '.join(lacking)} before its files were deleted",
                "a lock that holds it",
                "Leave the KPI out, or bring back the files.",
            )
    for first, last in counting.segments:
        if last <= lock.until and (first, last) not in lock.segments:
            yield _row(
                f"{first} to {last}",
                "error",
                "these days were not counted by themselves before the files were deleted",
                "a lock that holds them",
                "Use the periods of the lock, or bring back the files.",
            )


def _has(lock: Lock, measure: str, cross: Cross) -> bool:
    return cross_name(cross) in lock.crosses.get(measure, frozenset())


def _observed(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=OBSERVATION)


def _row(subject: str, severity: str, seen: str, expected: str, what_to_do: str) -> dict[str, Any]:
    return {
        "check": "people_lock", "subject": subject, "severity": severity, "passed": False, "observed": seen, "expected": expected, "difference": None,
        "record_ids": "", "what_to_do": what_to_do,
    }  # fmt: skip
