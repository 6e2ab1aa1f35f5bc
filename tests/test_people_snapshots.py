"""Snapshots with movements count the same as spells; what does not fit together is rejected."""

import itertools
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.domains.people import OF_SPELLS
from esg_kpis.people.counts import Counting, counts_of_spells, joint_table
from esg_kpis.people.spells import FACTS, from_snapshots, in_order, monthly
from tests.people_naive import DAY, WORDS, Stay, days_of, told, walked
from tests.people_scenario import count, counted, figures, movement, rules, snapshot, spell

CROSS = ("gender", "age_group")
MONTHS = tuple((date(2022, 12, 1) if month == 0 else date(2023, month, 1), date(2022, 12, 31) if month == 0 else date(2023, month + 1, 1) - DAY) for month in range(5))
ASKED = Counting(MONTHS, dict.fromkeys(OF_SPELLS, frozenset({(), CROSS})))
ENDS = [last for _, last in MONTHS]


@st.composite
def monthly_crowds(draw: st.DrawFn) -> list[Stay]:
    """Persons who come and go on any day and change on the first of months only; one is always there."""
    facts = st.tuples(*(st.sampled_from(WORDS[name]) for name in FACTS))
    stays: list[Stay] = []
    for person in range(draw(st.integers(1, 5)) + 1):
        known = draw(st.lists(facts, min_size=8, max_size=8))
        spans = [(date(2022, 1, 1), date(2024, 1, 1))]
        if person:
            day, spans = date(2022, 11, 10) + draw(st.integers(0, 120)) * DAY, []
            for gap, length in draw(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 70)), min_size=1, max_size=4)):
                spans.append((day + gap * DAY, day + (gap + length - 1) * DAY))
                day += (gap + length) * DAY
        for first, last in spans:
            cuts = [first, *(day for day in days_of(first + DAY, last) if day.day == 1 and (day.year, day.month) >= (2022, 12)), last + DAY]
            for begin, after in itertools.pairwise(cuts):
                month = max(0, (begin.year - 2022) * 12 + begin.month - 11)
                stays.append(Stay(f"p{person}", begin, after - DAY, known[min(month, 7)]))
    return stays


def as_snapshots(stays: Sequence[Stay], ends: Sequence[date], first: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Snapshots on `ends`, and the joiners and leavers from `first` up to the last of them, out of spells."""
    began, ended = {(stay.person, stay.first) for stay in stays}, {(stay.person, stay.last) for stay in stays}
    there, moved = [], []
    for stay in stays:
        facts, last = dict(zip(FACTS, stay.facts, strict=True)), stay.last or date.max
        there += [{"person": stay.person, "date": end, **facts} for end in ends if stay.first <= end <= last]
        if (stay.person, stay.first - DAY) not in ended and first <= stay.first <= ends[-1]:
            moved.append({"person": stay.person, "date": stay.first, "event": "joiner", **facts})
        if last != date.max and (stay.person, last + DAY) not in began and first <= last <= ends[-1]:
            moved.append({"person": stay.person, "date": last, "event": "leaver", **facts})
    names: dict[str, pl.DataType] = {"person": pl.String(), "date": pl.Date(), **{name: pl.String() for name in FACTS}}
    frames = pl.DataFrame(there, schema=names), pl.DataFrame(moved, schema={**names, "event": pl.String()})
    placed = [frame.with_row_index("__line", 2).with_columns(pl.col("__line").cast(pl.Int64), pl.lit(number, dtype=pl.Int64()).alias("__file")) for number, frame in enumerate(frames)]
    return placed[0], placed[1]


@settings(deadline=None, max_examples=100)
@given(stays=monthly_crowds())
def test_month_ends_with_movements_count_as_spells_do(stays: list[Stay]) -> None:
    spells, odd = from_snapshots(*as_snapshots(stays, ENDS, MONTHS[0][0]))
    counts = counts_of_spells(joint_table(in_order(spells), ASKED), ASKED)

    assert odd.is_empty()
    assert told(counts, CROSS) == walked(stays, ASKED)


@settings(deadline=None, max_examples=60)
@given(stays=monthly_crowds())
def test_two_snapshots_far_apart_give_the_same_stocks_and_the_same_heads_joining_and_leaving(stays: list[Stay]) -> None:
    whole = Counting(((date(2022, 12, 1), ENDS[-1]),), dict.fromkeys(OF_SPELLS[:1] + OF_SPELLS[2:], frozenset({(), CROSS})))
    spells, odd = from_snapshots(*as_snapshots(stays, [ENDS[0], ENDS[-1]], MONTHS[0][0]))
    made, real = told(counts_of_spells(joint_table(in_order(spells), whole), whole), CROSS), walked(stays, whole)
    del_months = {key: number for key, number in real.items() if key[0] != "employees_month_ends"}

    assert odd.is_empty()
    assert {key: number for key, number in made.items() if key[0] != "employees_joined"} == {key: number for key, number in del_months.items() if key[0] != "employees_joined"}
    assert sum(number for key, number in made.items() if key[0] == "employees_joined") == sum(number for key, number in del_months.items() if key[0] == "employees_joined")


YEAR_ENDS = [
    snapshot("a", "2022-12-31"), snapshot("b", "2022-12-31", gender="Male"), snapshot("a", "2023-12-31", level="Senior"), snapshot("c", "2023-12-31"),
]  # fmt: skip
MOVED = [movement("b", "2023-04-30", "leaver", gender="Male"), movement("c", "2023-12-31", "joiner")]


def test_year_ends_count_as_the_spells_of_the_same_people(tmp_path: Path) -> None:
    spells = [spell("a", "2021-01-01", "2022-12-31"), spell("a", "2023-01-01", level="Senior"), spell("b", "2021-01-01", "2023-04-30", gender="Male"), spell("c", "2023-12-31")]
    told_in_full = counted(tmp_path / "spells", {"s.csv": spells})
    people = counted(tmp_path / "snapshots", {"n.csv": YEAR_ENDS, "m.csv": MOVED})

    assert people.rejected.is_empty()
    for last in ("2022-12-31", "2023-12-31"):
        for word in ({}, {"gender": "Male"}, {"level": "Senior"}):
            assert figures(people, last, **word) == figures(told_in_full, last, **word), (last, word)
    assert figures(people, "2023-12-31") == (2, 1, 1)


def test_a_joiner_is_counted_as_on_the_first_day(tmp_path: Path) -> None:
    """An intern in India who is a full-time senior in Beijing by the snapshot joined as an intern, and was transferred."""
    joined = movement("c", "2023-03-01", "joiner", site_id="IN-01", employment_type="intern")
    people = counted(tmp_path, {"n.csv": [*YEAR_ENDS[:3], snapshot("c", "2023-12-31", level="Senior")], "m.csv": [MOVED[0], joined]})

    assert people.rejected.is_empty()
    assert figures(people, "2023-12-31", employment_type="intern") == (0, 1, 0)
    assert figures(people, "2023-12-31", country="IN") == (0, 1, 0)
    assert figures(people, "2023-12-31", level="Senior") == (2, 0, 0)
    assert figures(people, "2023-12-31") == (2, 1, 1)
    assert people.headcount["gap"].unique().to_list() == [0]


def test_month_ends_are_unknown_between_year_ends(tmp_path: Path) -> None:
    people = counted(tmp_path, {"n.csv": YEAR_ENDS, "m.csv": MOVED})

    assert "employees_month_ends" not in people.counts["measure"].to_list()


def test_who_leaves_on_the_day_of_the_snapshot_is_in_it_and_a_leaver(tmp_path: Path) -> None:
    files = {"n.csv": [snapshot("a", "2022-12-31"), snapshot("b", "2022-12-31"), snapshot("b", "2023-12-31")], "m.csv": [movement("a", "2022-12-31", "leaver")]}
    people = counted(tmp_path, files)

    assert people.rejected.is_empty()
    assert figures(people, "2022-12-31") == (2, 0, 1)
    assert figures(people, "2023-12-31") == (1, 0, 0)


def test_who_vanishes_or_appears_without_a_movement_is_rejected(tmp_path: Path) -> None:
    people = counted(tmp_path, {"n.csv": YEAR_ENDS})

    assert rules(people) == {("n.csv", 3): ["unexplained_movement"], ("n.csv", 5): ["unexplained_movement"]}
    assert "file of movements" in people.rejected["message"][0]
    assert count(people, "employees", "2023-12-31") == 1


@pytest.mark.parametrize("event", ["leaver", "joiner"])
def test_a_movement_that_no_snapshot_bears_out_is_rejected(tmp_path: Path, event: str) -> None:
    people = counted(tmp_path, {"n.csv": YEAR_ENDS, "m.csv": [*MOVED, movement("x", "2023-05-05", event)]})

    assert rules(people) == {("m.csv", 4): ["unexplained_movement"]}
    assert figures(people, "2023-12-31") == (2, 1, 1)


def test_who_vanishes_is_no_leaver_of_a_year_that_is_not_held_back(tmp_path: Path) -> None:
    """The row of the last snapshot she is in is rejected, and with it the spell that led up to it: what she was before must not end in a year that looks whole."""
    rows = [snapshot("a", day) for day in ("2022-12-31", "2023-12-31")] + [snapshot("b", day) for day in ("2022-12-31", "2023-12-31", "2024-03-31")]
    people = counted(tmp_path, {"n.csv": rows})
    false_leavers = people.counts.filter((pl.col("measure") == "employees_left") & (pl.col("quantity") > 0))["last"].to_list()

    held_back = people.rejected.select(pl.col("start").min(), pl.col("end").max()).row(0)
    assert people.rejected.height == 1
    assert all(held_back[0] <= day <= held_back[1] for day in false_leavers), (false_leavers, held_back)


@pytest.mark.parametrize("turned", [False, True])
def test_two_rows_of_one_person_in_one_snapshot_are_both_rejected_whatever_their_order(tmp_path: Path, turned: bool) -> None:
    rows = [snapshot("a", "2022-12-31", level="Senior"), snapshot("a", "2022-12-31", level="Junior"), snapshot("b", "2022-12-31")]
    people = counted(tmp_path, {"n.csv": rows[::-1] if turned else rows})

    lines = (3, 4) if turned else (2, 3)
    assert set(rules(people)) == {("n.csv", line) for line in lines}
    assert count(people, "employees", "2022-12-31") == 1


def test_a_row_sent_twice_counts_once(tmp_path: Path) -> None:
    people = counted(tmp_path, {"n.csv": [*YEAR_ENDS, YEAR_ENDS[0]], "m.csv": [*MOVED, MOVED[0]]})

    assert people.rejected.is_empty()
    assert figures(people, "2023-12-31") == (2, 1, 1)


def test_movements_that_are_all_counted_are_no_note(tmp_path: Path) -> None:
    people = counted(tmp_path, {"n.csv": YEAR_ENDS, "m.csv": MOVED})

    assert people.controls.filter(pl.col("form") == "movements").select("rows", "counted", "outside").row(0) == (2, 2, 0)
    assert "movement_uncounted" not in people.observations["check"].to_list()


def test_movements_after_the_last_snapshot_are_noted_and_count_later(tmp_path: Path) -> None:
    people = counted(tmp_path, {"n.csv": YEAR_ENDS, "m.csv": [*MOVED, movement("a", "2024-02-01", "leaver")]})

    assert figures(people, "2023-12-31") == (2, 1, 1)
    (note,) = people.observations.filter(pl.col("check") == "movement_uncounted").to_dicts()
    assert (note["subject"], note["severity"]) == ("people/m.csv", "note")


def test_movements_without_snapshots_are_rejected(tmp_path: Path) -> None:
    people = counted(tmp_path, {"m.csv": MOVED})

    assert rules(people) == {("m.csv", line): ["movement_without_snapshot"] for line in (2, 3)}
    assert people.counts.is_empty()


def test_year_ends_beside_spells_are_rejected_and_month_ends_are_taken(tmp_path: Path) -> None:
    mixed = counted(tmp_path / "rare", {"n.csv": YEAR_ENDS, "m.csv": MOVED, "s.csv": [spell("z", "2023-01-01")]})
    assert {rule for broken in rules(mixed).values() for rule in broken} == {"snapshots_too_rare"}
    assert figures(mixed, "2023-12-31") == (1, 1, 0)

    months = [date(2022 + month // 12, month % 12 + 1, 28) for month in range(24)]
    ends = [(day + 4 * DAY).replace(day=1) - DAY for day in months]
    monthly_rows = [snapshot("a", end.isoformat()) for end in ends]
    both = counted(tmp_path / "often", {"n.csv": monthly_rows, "s.csv": [spell("z", "2023-01-01")]})
    assert both.rejected.is_empty()
    assert figures(both, "2023-12-31") == (2, 1, 0)
    assert count(both, "employees_month_ends", "2023-12-31") == 24


def test_one_person_in_both_forms_is_rejected_where_they_overlap(tmp_path: Path) -> None:
    rows = [snapshot(name, day) for name in ("a", "b") for day in ("2023-11-30", "2023-12-31")]
    people = counted(tmp_path, {"n.csv": rows, "s.csv": [spell("a", "2023-12-05"), spell("z", "2023-01-01")]})

    assert ("s.csv", 2) in rules(people)
    assert set(rules(people)[("s.csv", 2)]) == {"overlapping_spells"}


def test_a_snapshot_of_the_future_is_rejected(tmp_path: Path) -> None:
    people = counted(tmp_path, {"n.csv": [*YEAR_ENDS, snapshot("a", "2024-12-31")], "m.csv": MOVED})

    assert rules(people) == {("n.csv", 6): ["after_as_of"]}
    assert figures(people, "2023-12-31") == (2, 1, 1)


@pytest.mark.parametrize(
    ("days", "are"),
    [(["2023-01-31", "2023-02-28"], True), (["2023-02-28"], True), (["2023-01-31", "2023-03-31"], False), (["2023-01-30", "2023-01-31"], False), (["2024-02-28"], False)],
)
def test_month_ends_without_a_gap_are_known_as_such(days: list[str], are: bool) -> None:
    assert monthly([date.fromisoformat(day) for day in days]) is are
