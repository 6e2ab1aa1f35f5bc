"""Training and injuries: what the person was on the day, and the counts of them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import polars as pl

from esg_kpis.exact import QUANTITY
from esg_kpis.files import LINE
from esg_kpis.people.counts import COUNT, Counting, Cross, by_cross
from esg_kpis.people.read import FILE, refusals
from esg_kpis.people.spells import FACTS, Ordered


def as_they_were(events: pl.DataFrame, ordered: Ordered) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events with what is known of their person on the day, and refusals of those whose person was not employed on it.

    Args:
        events: Rows of the form `training` or `injuries`.
        ordered: The spells.
    """
    numbered = events.join(ordered.persons, on="person", how="left", maintain_order="left").sort("date")
    spells = ordered.spells.select("__person", "from", "to", "__code").sort("from")
    met = numbered.join_asof(spells, left_on="date", right_on="from", by="__person", strategy="backward", check_sortedness=False)
    there = (pl.col("from").is_not_null() & (pl.col("to").is_null() | (pl.col("date") <= pl.col("to")))).fill_null(value=False)
    bad = refusals(
        met.filter(~there).drop("from", "to"),
        pl.lit(value=True),
        "not_employed",
        "date",
        "a day on which the person was employed, by the files of spells or snapshots",
    )
    known = met.filter(there).join(ordered.facts.drop(FILE), on="__code", how="left").drop("from", "to", "__code", "person")
    return known, bad


def counts_of_training(training: pl.DataFrame, ordered: Ordered, counting: Counting) -> pl.DataFrame:
    """Hours, participants, courses, and the employees of a period's last day who took part in any training in it.

    Args:
        training: Rows of the form `training`, as `as_they_were` gives them.
        ordered: The spells.
        counting: What is to be counted.

    Columns: as `COUNT`, with `quantity` as Decimal.
    """
    asked = counting.crosses
    parts = []
    for first, last in counting.segments:
        rows = training.filter(pl.col("date").is_between(first, last))
        hours = rows.with_columns(pl.col("hours").alias("n"))
        parts += [_by(hours, "training_hours", cross, first, last) for cross in asked.get("training_hours", ())]
    for first, last in counting.periods:
        rows = training.filter(pl.col("date").is_between(first, last)).with_columns(pl.lit(1).alias("n"))
        if rows.is_empty():
            continue
        for cross in asked.get("training_participants", ()):
            once = rows.sort("date", FILE, LINE).unique(["__person", *_own(cross)], keep="first", maintain_order=True)
            parts.append(_by(once, "training_participants", cross, first, last))
        for cross in asked.get("training_courses", ()):
            once = rows.sort("date", FILE, LINE).unique(["course", *_own(cross)], keep="first", maintain_order=True)
            parts.append(_by(once, "training_courses", cross, first, last))
        if asked.get("employees_trained"):
            there = _trained(rows, ordered, last)
            parts += [_by(there, "employees_trained", cross, first, last) for cross in asked["employees_trained"]]
    return pl.concat([pl.DataFrame(schema={**COUNT, "quantity": QUANTITY}), *parts])


def _own(cross: Cross) -> list[str]:
    return [name for name in cross if name == "programme"]


def _trained(rows: pl.DataFrame, ordered: Ordered, last: date) -> pl.DataFrame:
    """The employees of the last day, each with the file of their first training in the period, or with none of it (`n` 0)."""
    files = rows.group_by("__person").agg(pl.col(FILE).min().alias("__trained"))
    there = ordered.spells.filter((pl.col("from") <= last) & (pl.col("to").is_null() | (pl.col("to") >= last)))
    known = there.join(files, on="__person", how="left").join(ordered.facts.drop(FILE), on="__code", how="left")
    counted = known.with_columns(
        pl.col("__trained").is_not_null().cast(pl.Int32).alias("n"), pl.col("__trained").fill_null(rows[FILE].min()).alias(FILE)
    )
    return counted.select(FILE, "n", *FACTS)


def counts_of_injuries(injuries: pl.DataFrame, counting: Counting, complete: Sequence[tuple[int, date, date]] = ()) -> pl.DataFrame:
    """Cases, fatalities and lost days, apart by what the authority decided. A case in which nobody died counts zero fatalities.

    Args:
        injuries: Rows of the form `injuries`, as `as_they_were` gives them.
        counting: What is to be counted.
        complete: Files, each with the first and last day of which it holds every case: where it has none, none happened.

    Columns: as `COUNT`, with `quantity` as Decimal.
    """
    sizes = {
        "work_injuries": pl.lit(1),
        "work_fatalities": (pl.col("outcome") == "fatal").cast(pl.Int32),
        "lost_days_injury": pl.col("lost_days"),
    }
    parts = []
    for first, last in counting.segments:
        rows = injuries.filter(pl.col("date").is_between(first, last))
        files = [number for number, start, end in complete if start <= first and last <= end]
        if rows.is_empty() and files:
            parts += [_nothing(files[0], measure, first, last) for measure in sizes if counting.crosses.get(measure)]
            continue
        for measure, size in sizes.items():
            parts += [_by(rows.with_columns(size.alias("n")), measure, cross, first, last) for cross in counting.crosses.get(measure, ())]
    return pl.concat([pl.DataFrame(schema={**COUNT, "quantity": QUANTITY}), *parts])


def _nothing(file: int, measure: str, first: date, last: date) -> pl.DataFrame:
    row = {FILE: file, "measure": measure, "first": first, "last": last, "site_id": "", "cross": "", "quantity": Decimal(0)}
    return pl.DataFrame([row], schema={**COUNT, "quantity": QUANTITY})


def _by(rows: pl.DataFrame, measure: str, cross: Cross, first: date, last: date) -> pl.DataFrame:
    return by_cross(rows, measure, cross, first, last).cast({"quantity": QUANTITY})
