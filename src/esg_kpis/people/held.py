"""People as they were locked: the counts of a lock beside what the files say now."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from esg_kpis.domains.people import FORMS
from esg_kpis.ingest.observations import OBSERVATION
from esg_kpis.people.counts import Counting, cross_name
from esg_kpis.people.left import file_records
from esg_kpis.people.lock import Lock
from esg_kpis.people.take_in import People
from esg_kpis.tables import HEADCOUNT, PEOPLE_CONTROLS, PEOPLE_COUNTS, conform

_GRAIN = ["first", "last", "site_id", "cross", "attributes"]


@dataclass(frozen=True)
class _Judged:
    """What became of the locked counts: of which measures they stand, and which of those the files say otherwise."""

    stand: frozenset[str]
    otherwise: dict[str, pl.DataFrame]


def with_lock(people: People, lock: Lock | None, counting: Counting) -> People:
    """People up to the day of a lock as they were locked, and from then on as they are counted.

    A measure that can be counted again from files that are all there, with the same result, is taken from the files: they may be asked for more than was locked.
    Any other stands as it was locked, and no count that would need a day before the lock is made beside it.

    Args:
        people: What was counted, of `counting_with(counting, lock)`.
        lock: The lock, or None.
        counting: What is asked for.
    """
    if lock is None:
        return people
    missing = lock.controls.join(people.controls.select("sha256"), on="sha256", how="anti")
    gone = missing.join(people.controls.select("path"), on="path", how="anti")
    judged = _judged(people, lock, gone)
    stands = pl.col("measure").is_in(list(judged.stand))
    ours = people.counts.filter(~stands | (pl.col("first") > lock.until))
    held = lock.counts.filter(stands)
    counts = _asked(conform(pl.concat([ours, held]), PEOPLE_COUNTS), counting)
    used = pl.col("record_id").is_in(held["record_id"].unique().implode()) | pl.col("path").is_in(gone["path"].implode())
    controls = missing.filter(used).with_columns(pl.lit("locked").alias("state"))
    heads = people.headcount.filter(pl.col("first") > lock.until)
    headcount = conform(pl.concat([lock.headcount, heads]), HEADCOUNT) if "employees" in judged.stand else people.headcount
    told = [*_standing_in(gone, lock), *_otherwise(judged, lock), *_lacking(counts, counting, judged, lock), *_unjoined(heads, lock)]
    return replace(
        people,
        counts=counts,
        headcount=headcount,
        controls=conform(pl.concat([people.controls, controls]), PEOPLE_CONTROLS),
        records=pl.concat([people.records, file_records(controls)]).unique("record_id", keep="first", maintain_order=True),
        observations=pl.concat([people.observations, pl.DataFrame(told, schema=OBSERVATION)]),
    )


def _judged(people: People, lock: Lock, gone: pl.DataFrame) -> _Judged:
    lost = {measure for form in gone["form"].unique() for measure in FORMS[form].measures}
    blocked = {measure for names in people.rejected["measures"] for measure in names.split(";")}
    otherwise = {}
    for measure in sorted({*lock.counts["measure"]} - lost):
        if (differing := _differing(people.counts, lock, measure)).height:
            otherwise[measure] = differing
    stand = frozenset(measure for measure in lock.counting.crosses if measure in lost or measure in otherwise)
    return _Judged(stand, {name: rows for name, rows in otherwise.items() if name not in blocked})


def _differing(counts: pl.DataFrame, lock: Lock, measure: str) -> pl.DataFrame:
    """Where the counts of a measure are otherwise, at the grain of the lock: periods may have been cut finer since."""
    own = pl.col("measure") == measure
    locked = lock.counts.filter(own).group_by(_GRAIN).agg(pl.col("quantity").sum())
    crosses = [cross_name(cross) for cross in lock.counting.crosses.get(measure, ())]
    now = counts.filter(own & (pl.col("last") <= lock.until) & pl.col("cross").is_in(crosses))
    ranges = locked.select(pl.col("first").alias("from"), pl.col("last").alias("to")).unique()
    within = now.join_where(ranges, pl.col("first") >= pl.col("from"), pl.col("last") <= pl.col("to"))
    exact = within.filter((pl.col("first") == pl.col("from")) & (pl.col("last") == pl.col("to")))
    finer = within.join(exact.select("from", "to").unique(), on=["from", "to"], how="anti")
    summed = (
        pl.concat([exact, finer])
        .with_columns(pl.col("from").alias("first"), pl.col("to").alias("last"))
        .group_by(_GRAIN)
        .agg(pl.col("quantity").sum().alias("now"))
    )
    both = locked.join(summed, on=_GRAIN, how="full", coalesce=True)
    silent = locked.join(summed, on=["first", "last"], how="anti")["last"].implode()  # Zero is not the same as nothing said.
    return both.filter((pl.col("quantity").fill_null(0) != pl.col("now").fill_null(0)) | pl.col("last").is_in(silent)).sort(_GRAIN)


def _asked(counts: pl.DataFrame, counting: Counting) -> pl.DataFrame:
    """The counts that are asked for, of those that were compared."""
    wanted = [f"{measure}/{cross_name(cross)}" for measure, crosses in counting.crosses.items() for cross in crosses]
    return counts.filter((pl.col("measure") + "/" + pl.col("cross")).is_in(wanted))


# ---------------------------------------------------------------- what a person should look at


def _standing_in(gone: pl.DataFrame, lock: Lock) -> Iterable[dict[str, Any]]:
    if gone.height:
        seen = f"{gone.height} people files are gone; their locked counts up to {lock.until} stand in"
        yield _row("files", "note", seen, "the files, or their lock", "Nothing: see people_controls.csv.")


def _otherwise(judged: _Judged, lock: Lock) -> Iterable[dict[str, Any]]:
    for measure, rows in judged.otherwise.items():
        yield _row(
            measure, "error", f"{rows.height} locked counts up to {lock.until} would be counted otherwise now, the first for {rows['last'][0]}; what was locked stands",
            "the counts that were locked",
            "Find out what changed in data/raw/people. If the files are right now: `esg-kpis people lock --replace REASON`. If a file holds later days only: give it another name.",
        )  # fmt: skip


def _lacking(counts: pl.DataFrame, counting: Counting, judged: _Judged, lock: Lock) -> Iterable[dict[str, Any]]:
    """What editions ask for and the lock cannot give any more."""
    for measure in sorted(judged.stand & counting.crosses.keys()):
        own = counts.filter((pl.col("measure") == measure) & (pl.col("last") <= lock.until))
        whole = own.filter((pl.col("cross") == "") & (pl.col("quantity") != 0)).select("first", "last").unique()
        lacking = [
            cross_name(cross) or "total"
            for cross in counting.crosses[measure]
            if whole.join(own.filter(pl.col("cross") == cross_name(cross)), on=["first", "last"], how="anti").height
        ]
        if lacking:
            seen = f"it was not counted by {', '.join(sorted(lacking))} when it was locked, and its files cannot say it any more"
            yield _row(measure, "error", seen, "a lock that holds it", "Leave the KPI out, or bring back the files.")
    cut = [f"{first} to {last}" for first, last in counting.periods if first <= lock.until and (first, last) not in lock.counting.periods]
    if cut and judged.stand:
        seen = f"{', '.join(cut)}: these days were not counted by themselves when they were locked; what needs them is not shown"
        yield _row("periods", "error", seen, "periods of the lock, or made up of them", "Use the periods of the lock, or bring back the files.")


def _unjoined(heads: pl.DataFrame, lock: Lock) -> Iterable[dict[str, Any]]:
    """Whether the heads of the first day after the lock are those of its last day: a file cut at the year makes everybody a joiner."""
    total = pl.col("dimension") == "total"
    after = heads.filter(total & (pl.col("first") == pl.col("first").min()))
    before = lock.headcount.filter(total & (pl.col("last") == lock.until))
    if after.is_empty() or (after["first"][0] - lock.until).days != 1:
        return
    opening, closing = after["opening"].sum(), before["closing"].sum()
    if opening != closing:
        yield _row(
            "opening", "error", f"{opening} persons at the end of {lock.until} by the files, {closing} by the lock", "the same heads",
            "Ask for spells with their real first day, also of those who were there before; or joiners and leavers of the following days are wrong.",
        )  # fmt: skip


def _row(subject: str, severity: str, seen: str, expected: str, what_to_do: str) -> dict[str, Any]:
    return {
        "check": "people_lock", "subject": subject, "severity": severity, "passed": False, "observed": seen, "expected": expected, "difference": None,
        "record_ids": "", "what_to_do": what_to_do,
    }  # fmt: skip
