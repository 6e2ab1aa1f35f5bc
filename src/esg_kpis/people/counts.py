"""Counts of people: stocks at a date and events of a period, by what an edition asks for. One pass over the spells; after it nobody is known.

A spell counts on its first and its last day. A person joins with a spell that no spell of theirs precedes by a day, and leaves with one that none
follows the day after; anything else between two spells is a transfer. Who leaves on the last day of a period is in the stock of that day and a leaver of
that period, as they were on that day (2023 ESG report, footnote 85; GRI 401-1).

All rows fall into one joint table (what is known x when the spell counts), by one grouping; each breakdown is then a sum over that small table, so
that time and memory do not grow with the number of breakdowns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import polars as pl

from esg_kpis.people.read import FILE
from esg_kpis.people.spells import BEFORE, FACTS, Ordered

Cross = tuple[str, ...]
COUNT = {
    "measure": pl.String(), "first": pl.Date(), "last": pl.Date(), FILE: pl.Int64(), "site_id": pl.String(), "country": pl.String(), "employment_type": pl.String(),
    "recognition": pl.String(), "gender": pl.String(), "age_group": pl.String(), "level": pl.String(), "profession": pl.String(), "programme": pl.String(),
    "cross": pl.String(), "quantity": pl.Int64(),
}  # fmt: skip
_KEYS = (FILE, "site_id", "country", "employment_type", "recognition")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Counting:
    """What is to be counted.

    Attributes:
        periods: First and last day of each period that an edition reports on.
        crosses: Per measure the crosses of attributes it is asked by; () for none.
    """

    periods: tuple[tuple[date, date], ...]
    crosses: Mapping[str, frozenset[Cross]]

    @property
    def segments(self) -> list[tuple[date, date]]:
        """The coarsest ranges of days of which every period is made up."""
        cuts = sorted({day for first, last in self.periods for day in (first, last + _DAY)})
        ranges = [(first, after - _DAY) for first, after in pairwise(cuts)]
        return [part for part in ranges if any(first <= part[0] and part[1] <= last for first, last in self.periods)]

    def until(self, day: date) -> "Counting":
        """The same, without periods that go on after a day: nobody can say yet what they hold."""
        return Counting(tuple(period for period in self.periods if period[1] <= day), self.crosses)


def cross_name(cross: Cross) -> str:
    """How a cross is written in the counts."""
    return "|".join(cross)


@dataclass(frozen=True)
class Joint:
    """All spells as two small tables: what is known, when, and how many in `n`.

    `starts`: by `start` (the first of `days` on which a spell counts) and `joined` (segment, -1 for none). `ends`: by `end` (the first of `days` on which it
    no longer counts), `left` (segment, -1 for none), and `closing`: they left on the last day of a segment, or on the day before one begins.
    """

    starts: pl.DataFrame
    ends: pl.DataFrame
    days: pl.Series
    segments: list[tuple[date, date]]

    def at(self, day: date) -> pl.DataFrame:
        """Who counts on a day: what is known, and how many in `n`."""
        return self.over([day])

    def over(self, days: Sequence[date]) -> pl.DataFrame:
        """Who counts on each of some days, added up over them: a spell that has begun by a day counts on it, less those that have ended."""
        places = [self.days.search_sorted(day, "left") for day in days]
        sides = []
        for side, name, sign in ((self.starts, "start", 1), (self.ends, "end", -1)):
            times = pl.sum_horizontal((pl.col(name) <= place).cast(pl.Int64) for place in places)
            sides.append(side.select(*_KNOWN, (pl.col("n") * times * sign).alias("n")))
        return pl.concat(sides).group_by(_KNOWN).agg(pl.col("n").sum()).filter(pl.col("n") != 0)


_KNOWN = (FILE, *FACTS)


def joint_table(ordered: Ordered, counting: Counting) -> Joint:
    """The one pass over the spells.

    Args:
        ordered: Spells, none overlapping another of the same person.
        counting: What is to be counted.
    """
    segments, spells = counting.segments, ordered.spells
    firsts, lasts = pl.Series([first for first, _ in segments], dtype=pl.Date()), pl.Series([last for _, last in segments], dtype=pl.Date())
    opens = firsts.dt.offset_by("-1d")
    wanted = {*lasts, *opens}
    if counting.crosses.get("employees_month_ends"):
        wanted |= {day for first, last in segments for day in pl.date_range(first, last, "1mo", eager=True).dt.month_end()}
    days = pl.Series("days", sorted(wanted), dtype=pl.Date())

    def segment_of(column: pl.Series) -> pl.Series:
        if not segments:
            return pl.Series([-1], dtype=pl.Int32()).new_from_index(0, len(column))
        place = firsts.search_sorted(column, "right").cast(pl.Int32) - 1
        inside = (place >= 0) & (column <= lasts.gather(place.clip(0)))
        return pl.select(pl.when(inside).then(place).otherwise(-1)).to_series()

    to = spells["to"].fill_null(date(9999, 12, 31))
    follows = _meets(spells)
    joined = pl.select(pl.when(~follows & (spells["from"] > BEFORE)).then(segment_of(spells["from"])).otherwise(-1)).to_series()
    ends = ~follows.shift(-1, fill_value=False)
    left = pl.select(pl.when(ends).then(segment_of(to)).otherwise(-1)).to_series()
    timed = spells.select(
        "__code", days.search_sorted(spells["from"], "left").alias("start"), joined.alias("joined"), days.search_sorted(to, "right").alias("end"),
        left.alias("left"), (ends & to.is_in(pl.concat([lasts, opens]).implode())).alias("closing"),
    )  # fmt: skip
    sides = [
        timed.group_by("__code", *names).agg(pl.len().cast(pl.Int64).alias("n"))
        for names in (("start", "joined"), ("end", "left", "closing"))
    ]
    known = [side.join(ordered.facts, on="__code", how="left").drop("__code") for side in sides]
    return Joint(known[0], known[1], days, segments)


def _meets(spells: pl.DataFrame) -> pl.Series:
    """Whether each spell begins on the day after the one before it ended, of the same person."""
    same = pl.col("__person") == pl.col("__person").shift(1)
    return spells.select((same & (pl.col("from") == pl.col("to").shift(1) + pl.duration(days=1))).fill_null(value=False)).to_series()


def counts_of_spells(joint: Joint, counting: Counting, known_days: Sequence[date] | None = None) -> pl.DataFrame:
    """Stocks, joiners and leavers.

    Args:
        joint: The spells.
        counting: What is to be counted.
        known_days: The only days on which stocks are known, where snapshots are all there is; None for any.

    Columns: as `COUNT`. The cross () also has rows of zero, for each site and type of employment with somebody there.
    """
    asked = counting.crosses
    parts = []
    lasts = [last for _, last in counting.periods]
    for number, (first, last) in enumerate(joint.segments):
        there = joint.at(last)
        if last in lasts and (known_days is None or last in known_days):
            parts += [by_cross(there, "employees", cross, last, last) for cross in asked.get("employees", ())]
        events = {
            "employees_joined": joint.starts.filter(pl.col("joined") == number),
            "employees_left": joint.ends.filter(pl.col("left") == number),
        }
        present = pl.concat([there.select(_KNOWN), *(rows.select(_KNOWN) for rows in events.values())])
        for name, rows in events.items():
            parts += [by_cross(rows, name, cross, first, last, present) for cross in asked.get(name, ())]
        months = pl.date_range(first, last, "1mo", eager=True).dt.month_end()
        if asked.get("employees_month_ends") and (known_days is None or months.is_in(list(known_days)).all()):
            every = joint.over(months.to_list())
            parts += [by_cross(every, "employees_month_ends", cross, first, last) for cross in asked["employees_month_ends"]]
    return pl.concat([pl.DataFrame(schema=COUNT), *parts])


def by_cross(rows: pl.DataFrame, measure: str, cross: Cross, first: date, last: date, present: pl.DataFrame | None = None) -> pl.DataFrame:
    """The sum of `n` by what is always kept apart and by the attributes of a cross. Columns: as `COUNT`, with `quantity` of the type of `n`."""
    keys = [*(name for name in _KEYS if name in rows.columns), *cross]
    counted = rows.group_by(keys).agg(pl.col("n").sum().alias("quantity"))
    if present is not None and not cross:
        here = present.select(keys).unique()
        counted = pl.concat(
            [
                counted,
                here.join(counted, on=keys, how="anti", nulls_equal=True).with_columns(
                    pl.lit(0, dtype=counted["quantity"].dtype).alias("quantity")
                ),
            ]
        )
    fixed = {"measure": measure, "first": first, "last": last, "cross": cross_name(cross)}
    blank = [name for name in COUNT if name not in (*keys, *fixed, "quantity")]
    filled = counted.with_columns(
        *(pl.lit(value).alias(name) for name, value in fixed.items()), *(pl.lit(None, dtype=pl.String()).alias(name) for name in blank)
    )
    return filled.select(pl.col(name).cast(counted["quantity"].dtype if name == "quantity" else dtype) for name, dtype in COUNT.items())


# ---------------------------------------------------------------- closing = opening + joiners - leavers + transfers


ROLL = ("total", "site_id", "country", "gender", "age_group", "level", "profession")
"""The dimensions by which the headcount is rolled forward, each with the type of employment."""


def roll_forward(ordered: Ordered, joint: Joint) -> pl.DataFrame:
    """How the headcount of each segment, dimension and category goes from opening to closing.

    Columns: first, last (days), dimension, category, employment_type; opening, joined, transferred_in, transferred_out, left, left_at_open, left_at_close,
    closing, gap (persons). A leaver on the last day of a segment is still in its closing stock, so that

        opening - left_at_open + joined + transferred_in - transferred_out - left + left_at_close = closing + gap
    """
    moved = _transfers(ordered, joint)
    parts = []
    for number, (first, last) in enumerate(joint.segments):
        before = joint.days.search_sorted(first - _DAY, "left")
        going = joint.ends.filter(pl.col("left") == number)
        frames = {
            "opening": joint.at(first - _DAY), "joined": joint.starts.filter(pl.col("joined") == number), "left": going,
            "left_at_open": joint.ends.filter((pl.col("end") == before + 1) & pl.col("closing")), "left_at_close": going.filter(pl.col("closing")),
            "closing": joint.at(last),
        }  # fmt: skip
        here = moved.filter(pl.col("segment") == number)
        parts += [_rolled(frames, here, dimension, first, last) for dimension in ROLL]
    return pl.concat([pl.DataFrame(schema=_ROLLED), *parts])


_NAMES = ("opening", "joined", "transferred_in", "transferred_out", "left", "left_at_open", "left_at_close", "closing")
_ROLLED = {
    "first": pl.Date(),
    "last": pl.Date(),
    "dimension": pl.String(),
    "category": pl.String(),
    "employment_type": pl.String(),
    **dict.fromkeys((*_NAMES, "gap"), pl.Int64()),
}


def _transfers(ordered: Ordered, joint: Joint) -> pl.DataFrame:
    """Pairs of spells of one person that meet, with something changed: what was known before (`old_…`) and after, the segment, and how many."""
    later = _meets(ordered.spells).arg_true()
    both = pl.DataFrame({
        "from": ordered.spells["from"].gather(later), "__code": ordered.spells["__code"].gather(later), "__old": ordered.spells["__code"].gather(later.cast(pl.Int64) - 1),
    })  # fmt: skip
    parts = [
        both.filter(pl.col("from").is_between(first, last)).with_columns(pl.lit(number).alias("segment"))
        for number, (first, last) in enumerate(joint.segments)
    ]
    pairs = (
        pl.concat([both.clear().with_columns(pl.lit(0).alias("segment")), *parts])
        .group_by("segment", "__code", "__old")
        .agg(pl.len().cast(pl.Int64).alias("n"))
    )
    old = ordered.facts.select(pl.col("__code").alias("__old"), *(pl.col(name).alias(f"old_{name}") for name in FACTS))
    return pairs.join(ordered.facts, on="__code", how="left").join(old, on="__old", how="left")


def _rolled(frames: Mapping[str, pl.DataFrame], moved: pl.DataFrame, dimension: str, first: date, last: date) -> pl.DataFrame:
    def of(prefix: str = "") -> list[pl.Expr]:
        category = pl.lit("All") if dimension == "total" else pl.col(f"{prefix}{dimension}")
        return [category.alias("category"), pl.col(f"{prefix}employment_type").alias("employment_type")]

    changed = moved.filter((pl.col("employment_type") != pl.col("old_employment_type")) if dimension == "total"
                           else (pl.col(dimension) != pl.col(f"old_{dimension}")) | (pl.col("employment_type") != pl.col("old_employment_type")))  # fmt: skip
    sides = {**{name: (frame, "") for name, frame in frames.items()}, "transferred_in": (changed, ""), "transferred_out": (changed, "old_")}
    long = pl.concat([frame.select(*of(prefix), pl.lit(name).alias("name"), pl.col("n")) for name, (frame, prefix) in sides.items()])
    wide = long.group_by("category", "employment_type").agg(
        *(pl.col("n").filter(pl.col("name") == name).sum().cast(pl.Int64).alias(name) for name in _NAMES)
    )
    plus = pl.col("opening") + pl.col("joined") + pl.col("transferred_in") + pl.col("left_at_close")
    minus = pl.col("transferred_out") + pl.col("left") + pl.col("left_at_open")
    full = wide.with_columns(
        pl.lit(first).alias("first"),
        pl.lit(last).alias("last"),
        pl.lit(dimension).alias("dimension"),
        (plus - minus - pl.col("closing")).alias("gap"),
    )
    return full.select(pl.col(name).cast(dtype) for name, dtype in _ROLLED.items())
