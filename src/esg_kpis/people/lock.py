"""Retention: counts and control totals kept when the people files themselves are deleted.

A lock is a folder `data/locked/people` with `counts.csv`, `controls.csv`, `headcount.csv`, and `lock.json`: what was counted, until which day, and the SHA-256 of
the three. It holds until it is replaced on purpose: while the people files are there, every run counts them again and compares; where they say otherwise, the
locked counts stand and a finding says so; once they are gone, the locked counts stand in, and the control totals say what they were counted from. A later
lock extends an earlier one. Nothing in a lock knows a person.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.people.counts import Counting, Cross, cross_name
from esg_kpis.people.take_in import People
from esg_kpis.tables import HEADCOUNT, PEOPLE_CONTROLS, PEOPLE_COUNTS, Table, conform

LOCK_FILE = "lock.json"
_TABLES: dict[str, Table] = {"counts": PEOPLE_COUNTS, "controls": PEOPLE_CONTROLS, "headcount": HEADCOUNT}
_VERSION = 1


@dataclass(frozen=True)
class Lock:
    """A lock as read: its tables, the last day it covers, what was counted, and the locks that it replaced."""

    counts: pl.DataFrame
    controls: pl.DataFrame
    headcount: pl.DataFrame
    until: date
    counting: Counting
    replaced: tuple[Mapping[str, str], ...] = ()

    @property
    def history(self) -> tuple[Mapping[str, str], ...]:
        """The locks that one in place of this would replace: this one, before a reason is added, after those it replaced itself."""
        digest = hashlib.sha256(self.counts.write_csv().encode()).hexdigest()
        return (*self.replaced, {"until": self.until.isoformat(), "counts_sha256": digest})


def lock_files(people: People, counting: Counting, until: date, replaced: Iterable[Mapping[str, str]] = ()) -> dict[str, bytes]:
    """The files of a lock, by name.

    Args:
        people: What was counted, with the counts of an earlier lock where this one extends it.
        counting: What was to be counted.
        until: Last day the lock covers; the end of a period.
        replaced: The locks that this one replaces: until, counts_sha256, reason.

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
        "periods": [[first.isoformat(), last.isoformat()] for first, last in counting.periods if last <= until],
        "crosses": {name: sorted(map(cross_name, crosses)) for name, crosses in sorted(counting.crosses.items())},
        "replaced": list(replaced),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return {**files, LOCK_FILE: (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()}


def read_lock(folder: Path) -> Lock | None:
    """The lock of a workspace, or None.

    Raises:
        InputProblem: if it is damaged, was changed after it was written, or the writing of it was broken off.
    """
    where = f"{folder.name}/{LOCK_FILE}"
    if not folder.exists():
        if folder.with_name(f"{folder.name}.before").exists():
            raise InputProblem(
                "A lock was being replaced when the program was ended.",
                where=f"{folder.name}.before",
                mend=f"Rename the folder {folder.name}.before back to {folder.name}, and lock again.",
            )
        return None
    try:
        told = json.loads((folder / LOCK_FILE).read_text(encoding="utf-8"))
        contents = {name: (folder / f"{name}.csv").read_bytes() for name in _TABLES}
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        changed = [name for name, digest in digests.items() if told["sha256"][f"{name}.csv"] != digest]
        until = date.fromisoformat(told["until"])
        periods = tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in told["periods"])
        crosses = {name: frozenset(map(_cross, names)) for name, names in told["crosses"].items()}
        replaced = tuple(told["replaced"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputProblem(
            f"The lock of the people data cannot be read: {type(error).__name__}.", where=where, mend="Put back the folder as it was locked."
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
    return Lock(frames["counts"], frames["controls"], frames["headcount"], until, Counting(periods, crosses), replaced)


def _cross(name: str) -> Cross:
    return tuple(name.split("|")) if name else ()


def _blanks(table: Table) -> list[pl.Expr]:
    """Empty text where the table allows no null: a CSV cannot tell the two apart."""
    return [pl.col(column.name).fill_null("") for column in table.columns if column.dtype == pl.String() and not column.nullable]


def counting_with(counting: Counting, lock: Lock | None) -> Counting:
    """What is to be counted, and what was locked beside it, so that the two can be compared and a later lock loses nothing."""
    if lock is None:
        return counting
    names = {*counting.crosses, *lock.counting.crosses}
    crosses = {name: counting.crosses.get(name, frozenset()) | lock.counting.crosses.get(name, frozenset()) for name in names}
    return Counting(tuple(sorted({*counting.periods, *lock.counting.periods})), crosses)
