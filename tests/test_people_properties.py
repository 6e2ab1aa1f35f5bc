"""Counts of any small crowd equal those of a calendar that is walked day by day, whatever the order of the rows."""

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.domains.people import OF_SPELLS
from esg_kpis.people.counts import Counting, counts_of_spells, joint_table, roll_forward
from esg_kpis.people.spells import in_order, overlapping
from tests.people_naive import DAY, Stay, crowds, frame, told, walked

CROSS = ("gender", "age_group")
MONTHS = (
    (date(2022, 12, 1), date(2022, 12, 31)), (date(2023, 1, 1), date(2023, 1, 31)), (date(2023, 1, 1), date(2023, 2, 28)), (date(2023, 4, 1), date(2023, 4, 30)),
)  # fmt: skip
"""Periods with a gap in March, and one in two."""
ASKED = Counting(MONTHS, dict.fromkeys(OF_SPELLS, frozenset({(), CROSS, ("gender",)})))


@settings(deadline=None, max_examples=120)
@given(crowd=crowds(date(2022, 11, 20)))
def test_stocks_joiners_and_leavers_are_those_of_a_calendar(crowd: list[Stay]) -> None:
    ordered = in_order(frame(crowd))
    counts = counts_of_spells(joint_table(ordered, ASKED), ASKED)

    assert told(counts, CROSS) == walked(crowd, ASKED)


@settings(deadline=None, max_examples=80)
@given(crowd=crowds(date(2022, 11, 20)))
def test_every_cross_counts_everybody_once(crowd: list[Stay]) -> None:
    counts = counts_of_spells(joint_table(in_order(frame(crowd)), ASKED), ASKED)
    totals = counts.group_by("measure", "last", "cross").agg(pl.col("quantity").sum()).filter(pl.col("quantity") > 0)

    assert totals.group_by("measure", "last").agg(pl.col("quantity").n_unique(), pl.len()).filter((pl.col("quantity") > 1) | (pl.col("len") != 3)).is_empty()


@settings(deadline=None, max_examples=80)
@given(crowd=crowds(date(2022, 11, 20)))
def test_the_headcount_of_every_dimension_closes(crowd: list[Stay]) -> None:
    ordered = in_order(frame(crowd))
    rolled = roll_forward(ordered, joint_table(ordered, ASKED))

    assert rolled.filter(pl.col("gap") != 0).is_empty()
    naive = walked(crowd, ASKED)
    for _, last in MONTHS:
        closing = rolled.filter((pl.col("dimension") == "total") & (pl.col("last") == last))["closing"].sum()
        assert closing == sum(number for (measure, day, _), number in naive.items() if measure == "employees" and day == last)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), crowd=crowds(date(2022, 11, 20)))
def test_the_order_of_rows_changes_nothing(data: st.DataObject, crowd: list[Stay]) -> None:
    again = data.draw(st.permutations(crowd))
    both = [counts_of_spells(joint_table(in_order(frame(rows)), ASKED), ASKED).sort(pl.all()) for rows in (crowd, again)]

    assert both[0].equals(both[1])


@settings(deadline=None, max_examples=120)
@given(data=st.data(), crowd=crowds(date(2022, 11, 20), persons=3))
def test_overlaps_are_found_as_by_looking_at_every_pair(data: st.DataObject, crowd: list[Stay]) -> None:
    moved = [data.draw(st.sampled_from([stay, Stay(stay.person, stay.first - 5 * DAY, stay.last, stay.facts)])) for stay in crowd]
    far = date(9999, 12, 31)
    clashing = {
        line
        for line, one in enumerate(moved, 2)
        for other_line, other in enumerate(moved, 2)
        if line != other_line and one.person == other.person and one.first <= (other.last or far) and other.first <= (one.last or far)
    }
    spells = frame(moved)

    assert set(overlapping(in_order(spells), spells)["__line"]) == clashing
