"""Counting people the slow way: a calendar, walked day by day, that says who is there and as what. And random spells to walk over."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from esg_kpis.people.counts import Counting, cross_name
from esg_kpis.people.spells import FACTS

DAY = timedelta(days=1)
WORDS: dict[str, tuple[str, ...]] = {
    "site_id": ("BJ-01", "IN-01"), "country": ("CN",), "gender": ("Female", "Male"), "age_group": ("Under 30", "30-50"), "level": ("Junior",),
    "profession": ("Technical",), "employment_type": ("full_time", "intern"),
}  # fmt: skip
SEEN = ("site_id", "country", "gender", "age_group", "employment_type")
"""What the counts are compared by."""


@dataclass(frozen=True)
class Stay:
    """One spell of a person: first and last day (None while it lasts), and what is known of her, as words by the names of `FACTS`."""

    person: str
    first: date
    last: date | None
    facts: tuple[str, ...]


def someone(start: date, steps: Sequence[tuple[int, int, dict[str, str]]], person: str, *, open_end: bool) -> list[Stay]:
    """Spells of one person from gaps, lengths and facts; a gap of 0 is a change from one day to the next."""
    stays, day = [], start
    for place, (gap, length, facts) in enumerate(steps):
        day += gap * DAY
        last = None if open_end and place == len(steps) - 1 else day + (length - 1) * DAY
        stays.append(Stay(person, day, last, tuple(facts[name] for name in FACTS)))
        day += length * DAY
    return stays


@st.composite
def crowds(draw: st.DrawFn, start: date, *, span: int = 100, persons: int = 6) -> list[Stay]:
    """A few persons, each with spells that do not overlap, around `start`, in any order."""
    facts = st.fixed_dictionaries({name: st.sampled_from(words) for name, words in WORDS.items()})
    steps = st.lists(st.tuples(st.sampled_from([0, 0, 1, 2, 15]), st.integers(1, 45), facts), min_size=1, max_size=5)
    rows: list[Stay] = []
    for number in range(draw(st.integers(1, persons))):
        rows += someone(start + draw(st.integers(0, span)) * DAY, draw(steps), f"p{number}", open_end=draw(st.booleans()))
    return draw(st.permutations(rows))


def frame(stays: Iterable[Stay]) -> pl.DataFrame:
    """Spells as the room counts them."""
    rows = [{"__file": 0, "__line": line, "person": stay.person, "from": stay.first, "to": stay.last, **dict(zip(FACTS, stay.facts, strict=True))} for line, stay in enumerate(stays, 2)]
    days = {"from": pl.Date(), "to": pl.Date()}
    schema = {"__file": pl.Int64(), "__line": pl.Int64(), "person": pl.String(), **days, **dict.fromkeys(FACTS, pl.String())}
    return pl.DataFrame(rows, schema=schema)


def days_of(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


Counted = Counter[tuple[str, date, tuple[str, ...]]]


def walked(stays: Sequence[Stay], counting: Counting) -> Counted:
    """Measure, last day and facts (of `SEEN`) to a number, for each segment of `counting`, by looking at every person on every day."""
    first, last = min(day for day, _ in counting.periods) - DAY, max(day for _, day in counting.periods) + DAY
    there: dict[tuple[str, date], tuple[str, ...]] = {}
    for stay in stays:
        kept = tuple(word for name, word in zip(FACTS, stay.facts, strict=True) if name in SEEN)
        there |= {(stay.person, day): kept for day in days_of(max(first, stay.first), min(last, stay.last or last))}
    counts: Counted = Counter()
    ends = {end for _, end in counting.periods}
    for opening, closing in counting.segments:
        for (person, day), facts in there.items():
            if not opening <= day <= closing:
                continue
            counts["employees", closing, facts] += day == closing and closing in ends
            counts["employees_joined", closing, facts] += (person, day - DAY) not in there
            counts["employees_left", closing, facts] += (person, day + DAY) not in there
            counts["employees_month_ends", closing, facts] += (day + DAY).day == 1
    return +counts


def told(counts: pl.DataFrame, cross: tuple[str, ...]) -> Counted:
    """The same of counts that the room made by one cross, which holds all that `SEEN` names."""
    found: Counted = Counter()
    rows: Iterable[dict[str, Any]] = counts.filter(pl.col("cross") == cross_name(cross)).iter_rows(named=True)
    for row in rows:
        found[row["measure"], row["last"], tuple(row[name] for name in SEEN)] += row["quantity"]
    return +found
