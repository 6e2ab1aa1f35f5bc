"""Who is counted, when, and as what: hand-worked cases of every definition."""

import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.amounts import amounts_of_people
from esg_kpis.domains import MEASURES
from esg_kpis.domains.people import CROSSED
from esg_kpis.editions.boundary import amounts_in_edition
from esg_kpis.people import Counting, People
from esg_kpis.tables import REJECTED, empty
from tests.people_scenario import AS_OF, HEADS, PROGRAMMES, YEARS, count, counted, counting, course, figures, injury, spell, workspace_of
from tests.scenario import edition_of, register, site

FISCAL = ((date(2022, 4, 1), date(2023, 3, 31)), (date(2023, 4, 1), date(2024, 3, 31)))


def test_the_last_day_employed_counts(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [spell("a", "2023-02-01", "2023-12-30"), spell("b", "2023-02-01", "2023-12-31"), spell("c", "2023-12-31", "2024-01-01")]})

    assert figures(people, "2023-12-31") == (2, 3, 2)
    assert figures(people, "2022-12-31") == (0, 0, 0)


def test_who_leaves_on_the_last_day_is_in_the_stock_and_a_leaver_of_that_year_as_she_was_on_it(tmp_path: Path) -> None:
    spells = [
        spell("a", "2021-05-01", "2023-11-30", age_group="30-50"), spell("a", "2023-12-01", "2023-12-31", age_group="Above 50"),
        spell("b", "2023-01-01", age_group="Under 30"),
    ]  # fmt: skip
    people = counted(tmp_path, {"s.csv": spells})

    assert figures(people, "2023-12-31", age_group="Above 50") == (1, 0, 1)
    assert figures(people, "2023-12-31", age_group="30-50") == (0, 0, 0)
    assert figures(people, "2022-12-31", age_group="30-50") == (1, 0, 0)


def test_an_intern_who_is_full_time_the_next_day_neither_joins_nor_leaves(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [spell("a", "2022-07-01", "2023-06-30", employment_type="intern"), spell("a", "2023-07-01")]})

    assert figures(people, "2023-12-31") == (1, 0, 0)
    assert figures(people, "2022-12-31", employment_type="intern") == (1, 1, 0)
    (turned,) = people.headcount.filter((people.headcount["dimension"] == "total") & (people.headcount["employment_type"] == "full_time")).to_dicts()
    assert (turned["opening"], turned["joined"], turned["transferred_in"], turned["left"], turned["closing"]) == (0, 0, 1, 0, 1)


def test_who_comes_back_after_a_gap_of_one_day_left_and_joined(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [spell("a", "2022-01-01", "2023-05-30"), spell("a", "2023-06-01")]})

    assert figures(people, "2023-12-31") == (1, 1, 1)
    assert figures(people, "2022-12-31") == (1, 1, 0)


@pytest.mark.parametrize(
    ("changed", "before", "after"),
    [("level", "Junior", "Senior"), ("age_group", "Under 30", "30-50"), ("site_id", "BJ-01", "IN-01"), ("profession", "Technical", "Non-technical")],
)
def test_promotion_ageing_and_change_of_site_are_transfers(tmp_path: Path, changed: str, before: str, after: str) -> None:
    people = counted(tmp_path, {"s.csv": [spell("a", "2022-01-01", "2023-03-09", **{changed: before}), spell("a", "2023-03-10", **{changed: after})]})

    assert figures(people, "2023-12-31") == (1, 0, 0)
    assert figures(people, "2023-12-31", **{changed: after}) == (1, 0, 0)
    rolled = people.headcount.filter((people.headcount["dimension"] == changed) & (people.headcount["first"] == date(2023, 1, 1))).sort("transferred_in")
    assert rolled.select("category", "opening", "transferred_out", "transferred_in", "closing").rows() == [(before, 1, 1, 0, 0), (after, 0, 0, 1, 1)]


def test_a_country_left_out_is_that_of_the_site(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [spell("a", "2023-01-01", site_id="IN-01"), spell("b", "2023-01-01", country="HK")]})

    assert count(people, "employees", "2023-12-31", country="IN") == 1
    assert count(people, "employees", "2023-12-31", country="HK") == 1


def test_month_ends_are_added_up_over_the_months(tmp_path: Path) -> None:
    """January to April is 4 month-ends; 15 February to 30 March two less the last: one (28 February); the whole year 12."""
    people = counted(tmp_path, {"s.csv": [spell("a", "2023-01-31", "2023-04-30"), spell("b", "2023-02-15", "2023-03-30", gender="Male"), spell("c", "2021-01-01")]})

    assert count(people, "employees_month_ends", "2023-12-31") == 4 + 1 + 12
    assert count(people, "employees_month_ends", "2023-12-31", gender="Male") == 1
    assert count(people, "employees_month_ends", "2022-12-31") == 12


def test_calendar_and_fiscal_years_beside_each_other_never_count_anybody_twice(tmp_path: Path) -> None:
    files = {"s.csv": [spell("a", "2022-02-01", "2023-02-28"), spell("b", "2022-05-01", "2023-05-31"), spell("c", "2023-03-31", "2023-12-31")]}
    both = counted(tmp_path / "both", files, what=counting((*YEARS, *FISCAL)))
    calendar = counted(tmp_path / "calendar", files)

    assert [count(both, "employees_left", day) for day in ("2023-03-31", "2023-12-31", "2024-03-31")] == [1, 2, 0]
    assert count(both, "employees", "2023-03-31") == 2
    for measure in ("employees_joined", "employees_left", "employees_month_ends"):
        assert _in_2023(both, measure, tmp_path) == count(calendar, measure, "2023-12-31"), measure


def _in_2023(people: People, measure: str, root: Path) -> Decimal:
    """What an edition of the calendar years 2022 and 2023 adds up for 2023."""
    asked = HEADS | {"id": measure, "unit": MEASURES[measure].unit, "amounts": [{"measure": [measure]}], "breakdowns": [{"name": "total", "categories": {"All": {}}}]}
    sites = register(*(site(name) for name in people.counts["site_id"].unique()))
    placed = amounts_in_edition(amounts_of_people(people.counts), sites, empty(REJECTED), edition_of(root / measure, [asked]), AS_OF)
    own = placed.filter((pl.col("measure") == measure) & (pl.col("period") == "2023") & pl.col("excluded").is_null())
    return sum((Decimal(row["quantity"]) for row in own.iter_rows(named=True) if not any(f"{name}=" in row["dimensions"] for name in CROSSED)), Decimal(0))


@pytest.mark.parametrize("measure", ["employees_trained", "training_hours", "training_participants", "training_courses", "work_injuries", "lost_days_injury"])
def test_events_of_calendar_and_fiscal_years_never_count_twice(tmp_path: Path, measure: str) -> None:
    """One course and one accident in February 2023: in the calendar year 2023 and in the fiscal year that ends in March 2023."""
    files = {"s.csv": [spell("a", "2021-01-01")], "t.csv": [course("a", "2023-02-01", "8")], "i.csv": [injury("W1", "a", "2023-02-02")]}
    calendar, both = counted(tmp_path / "one", files), counted(tmp_path / "both", files, what=counting((*YEARS, *FISCAL)))

    assert _in_2023(both, measure, tmp_path) == count(calendar, measure, "2023-12-31") > 0


def test_a_half_year_and_a_year_may_end_on_one_day(tmp_path: Path) -> None:
    files = {"s.csv": [spell("a", "2021-01-01"), spell("b", "2021-01-01")], "t.csv": [course("a", "2023-02-01", "8"), course("b", "2023-08-01", "8")]}
    people = counted(tmp_path, files, what=counting((*YEARS, (date(2023, 7, 1), date(2023, 12, 31)))))
    trained = people.counts.filter((pl.col("measure") == "employees_trained") & (pl.col("cross") == "") & (pl.col("last") == date(2023, 12, 31)))

    assert count(people, "employees", "2023-12-31") == 2
    assert count(people, "training_hours", "2023-12-31") == 8
    assert trained.group_by("first").agg(pl.col("quantity").sum()).sort("first").rows() == [(date(2023, 1, 1), 2), (date(2023, 7, 1), 1)]
    assert _in_2023(people, "employees_trained", tmp_path) == 2


def test_the_headcount_closes_in_every_dimension(tmp_path: Path) -> None:
    spells = [
        spell("a", "2021-06-01", "2022-12-31", level="Junior"), spell("a", "2023-01-01", level="Senior"),
        spell("b", "2022-03-01", "2022-12-31"), spell("c", "2022-12-31", "2023-06-30", site_id="SH-01"), spell("c", "2023-07-01", site_id="IN-01"),
        spell("d", "2023-01-01", "2023-12-31", employment_type="intern", profession=""), spell("e", "2023-05-05", "2023-05-05", gender="Male"),
    ]  # fmt: skip
    rolled = counted(tmp_path, {"s.csv": spells}).headcount

    assert rolled["gap"].unique().to_list() == [0]
    assert set(rolled["dimension"]) == {"total", "site_id", "country", "gender", "age_group", "level", "profession"}
    (total,) = rolled.filter((rolled["dimension"] == "total") & (rolled["employment_type"] == "full_time") & (rolled["first"] == date(2023, 1, 1))).to_dicts()
    named = {name: total[name] for name in ("opening", "left_at_open", "joined", "left", "left_at_close", "closing")}
    assert named == {"opening": 3, "left_at_open": 1, "joined": 1, "left": 1, "left_at_close": 0, "closing": 2}


TRAINED = {
    "s.csv": [
        spell("a", "2021-01-01", "2023-06-30", employment_type="intern"), spell("a", "2023-07-01"), spell("b", "2021-01-01", gender="Male"),
        spell("c", "2021-01-01", "2023-11-30"), spell("d", "2021-01-01"),
    ],
    "t.csv": [
        course("a", "2023-06-30", "10", "C-1", "Sprouts"), course("a", "2023-07-01", "5", "C-2", "Bridges"), course("a", "2023-09-01", "2.5", "C-2", "Bridges"),
        course("b", "2023-02-01", "4", "C-1", "Sprouts"), course("c", "2023-03-01", "7", "C-3"), course("d", "2022-12-31", "100", "C-4"),
    ],
    "_format.toml": PROGRAMMES,
}  # fmt: skip


def test_trained_are_the_employees_of_the_last_day_who_took_part_in_the_period(tmp_path: Path) -> None:
    """C had left, d was trained the year before; a counts once and as she is on the last day."""
    people = counted(tmp_path, TRAINED)

    assert count(people, "employees_trained", "2023-12-31") == 2
    assert count(people, "employees_trained", "2023-12-31", employment_type="intern") == 0
    assert count(people, "employees_trained", "2023-12-31", gender="Male") == 1
    assert count(people, "employees_trained", "2022-12-31") == 1


def test_hours_are_counted_as_what_the_person_was_on_the_day(tmp_path: Path) -> None:
    people = counted(tmp_path, TRAINED)

    assert count(people, "training_hours", "2023-12-31") == Decimal("28.5")
    assert count(people, "training_hours", "2023-12-31", employment_type="intern") == 10
    assert count(people, "training_hours", "2023-12-31", employment_type="full_time", gender="Female") == Decimal("14.5")
    assert count(people, "training_hours", "2022-12-31") == 100


def test_participants_and_courses_of_a_programme_are_counted_once_each(tmp_path: Path) -> None:
    people = counted(tmp_path, TRAINED)

    assert count(people, "training_participants", "2023-12-31") == 3
    assert count(people, "training_participants", "2023-12-31", programme="Sprouts") == 2
    assert count(people, "training_participants", "2023-12-31", programme="Bridges") == 1
    assert count(people, "training_courses", "2023-12-31") == 3
    assert count(people, "training_courses", "2023-12-31", programme="Sprouts") == 1
    assert count(people, "training_courses", "2023-12-31", programme="Not stated") == 1


def test_injuries_are_kept_apart_by_what_the_authority_decided(tmp_path: Path) -> None:
    injuries = [
        injury("W1", "a", "2023-01-01", "fatal", "0"), injury("W2", "b", "2023-12-31", "lost_time", "12.5"), injury("W3", "b", "2023-05-01", "lost_time", "30", "refused"),
        injury("W4", "a", "2022-05-01", "no_lost_time", "0", "pending"),
    ]  # fmt: skip
    people = counted(tmp_path, {"s.csv": [spell("a", "2021-01-01", "2023-01-01"), spell("b", "2021-01-01")], "i.csv": injuries})

    by = {word: [count(people, name, "2023-12-31", recognition=word) for name in ("work_injuries", "work_fatalities", "lost_days_injury")] for word in ("recognised", "refused")}
    assert by == {"recognised": [2, 1, Decimal("12.5")], "refused": [1, 0, 30]}
    assert count(people, "work_injuries", "2022-12-31", recognition="pending") == 1


COUNT = """
import sys
from datetime import date
from pathlib import Path
import polars as pl
from tests.people_scenario import counted_or_locked
from esg_kpis.workspace import Workspace
root = Path(sys.argv[1])
people = counted_or_locked(Workspace(root, root / "out"))
print(pl.thread_pool_size(), people.counts.write_csv(), people.headcount.write_csv(), people.controls.write_csv())
"""


def test_the_number_of_threads_changes_nothing(tmp_path: Path) -> None:
    spells = [
        spell(str(number), f"2022-{1 + number % 12:02}-01", "" if number % 3 else f"2023-{1 + number % 11:02}-15", gender="Male" if number % 2 else "Female", level="" if number % 5 else "Senior")
        for number in range(400)
    ]  # fmt: skip
    training = [course(str(number), "2023-12-01", str(number)) for number in range(0, 400, 7) if number % 3]
    workspace_of(tmp_path, {"s.csv": spells, "t.csv": training})
    said = []
    for threads in ("1", "4"):
        known = {**os.environ, "POLARS_MAX_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", COUNT, str(tmp_path)], capture_output=True, text=True, env=known, cwd=Path(__file__).parent.parent, check=True)
        said.append(done.stdout.partition(" "))

    assert [size for size, _, _ in said] == ["1", "4"]
    assert said[0][2] == said[1][2]
    assert "employees_left" in said[0][2]


def test_only_what_is_asked_for_is_counted(tmp_path: Path) -> None:
    people = counted(tmp_path, {"s.csv": [spell("a", "2021-01-01")]}, what=Counting(YEARS, {"employees": frozenset({(), ("gender",)})}))

    assert set(people.counts["measure"]) == {"employees"}
    assert set(people.counts["cross"]) == {"", "gender"}


def test_a_word_that_does_not_exist_is_no_zero(tmp_path: Path) -> None:
    """`fulltime` for `full_time`, and a country left out in which nobody is."""
    from tests.people_scenario import cell, esg_kpis, result, whole_workspace

    typo = HEADS | {"id": "typo", "amounts": [{"measure": ["employees"], "where": {"employment_type": ["fulltime"]}}], "breakdowns": [{"name": "total", "categories": {"All": {}}}]}
    abroad = HEADS | {"id": "abroad", "breakdowns": [{"name": "region", "categories": {"Abroad": {"country": ["not CN", "not ID"]}}}]}
    root = whole_workspace(tmp_path / "w", {"s.csv": [spell("a", "2021-01-01"), spell("b", "2021-01-01", site_id="IN-01"), spell("c", "2021-01-01", site_id="IN-01")]}, [typo, abroad])
    assert esg_kpis(root, "run").returncode == 0

    assert (cell(root, "typo")["status"], cell(root, "typo")["value"]) == ("not_collected", None)
    found = result(root, "findings").filter((pl.col("check") == "unknown_word") & ~pl.col("passed")).sort("subject")
    assert found.select("subject", "what_to_do").rows() == [("abroad country 'not ID'", "Known: CN, IN."), ("typo employment_type 'fulltime'", "Did you mean 'full_time'?")]
