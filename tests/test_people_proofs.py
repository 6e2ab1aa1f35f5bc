"""Which printed people figures of the 2023 ESG report no whole numbers of people can give, and why; and that the worked population gives all others.

Everything here is counted in whole numbers and fractions. The printed figures are those of `editions/2023/published.csv`, pages 83 to 85 of the report.
"""

import csv
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import product
from math import ceil, floor

import pytest

from tests.conftest import REPOSITORY

HEADS = {2020: 22_074, 2021: 33_427, 2022: 32_543, 2023: 33_627}
LEVELS, GENDERS = ("Senior", "Mid-Level", "Junior"), ("Male", "Female")


@cache
def cells() -> dict[tuple[str, str, str], tuple[Fraction, int]]:
    """KPI, category and period to the printed figure and its decimals."""
    with (REPOSITORY / "editions" / "2023" / "published.csv").open(encoding="utf-8-sig", newline="") as lines:
        return {
            (row["kpi_id"], row["category"], row["period"]): (
                Fraction(row["value_as_printed"].replace(",", "").rstrip("%")), int(row["decimals"]),
            )
            for row in csv.DictReader(lines)
        }  # fmt: skip


def bounds(kpi: str, category: str, year: int) -> tuple[Fraction, Fraction]:
    """The least value that prints as this cell does, and the least that no longer does (half-up)."""
    value, decimals = cells()[kpi, category, str(year)]
    half = Fraction(1, 2 * 10**decimals)
    return value - half, value + half


def prints(value: Fraction, kpi: str, category: str, year: int) -> bool:
    low, high = bounds(kpi, category, year)
    return low <= value < high


def heads(kpi: str, category: str, year: int, whole: int) -> range:
    """The whole numbers of people that print as this share of `whole`."""
    low, high = bounds(kpi, category, year)
    return range(ceil(low * whole / 100), ceil(high * whole / 100))


def levels(year: int) -> Iterator[dict[str, int]]:
    """Every way to divide the full-time employees over the levels that the printed shares allow."""
    spans = [heads("workforce_by_level", level, year, HEADS[year]) for level in LEVELS]
    for split in product(*spans):
        if sum(split) == HEADS[year]:
            yield dict(zip(LEVELS, split, strict=True))


@cache
def men(year: int) -> tuple[int, int]:
    """The least and the most men among the full-time employees, by the printed shares of each level."""
    found = []
    for split in levels(year):
        both = [
            [n for n in heads("workforce_by_level_gender", f"{level}|Male", year, size)
             if prints(Fraction(100 * (size - n), size), "workforce_by_level_gender", f"{level}|Female", year)]
            for level, size in split.items()
        ]  # fmt: skip
        if all(both):
            found.append((sum(min(options) for options in both), sum(max(options) for options in both)))
    return min(low for low, _ in found), max(high for _, high in found)


# ---------------------------------------------------------------- the figures that cannot be


def test_total_workforce_of_2021_and_2022_contradicts_its_parts() -> None:
    for year, parts in ((2021, (33_427, 1_988)), (2022, (32_543, 3_434))):
        names = ("Full-time Employees", "Other Types of Employees")
        assert tuple(int(cells()["workforce_by_employment_type", name, str(year)][0]) for name in names) == parts
        assert sum(parts) != cells()["total_workforce", "All", str(year)][0]


def test_turnover_beyond_the_mainland_2020() -> None:
    """The 2020 report prints 1,656 employees overseas; with 20,418 on the mainland these are all."""
    overseas = HEADS[2020] - 20_418
    assert overseas == 1_656
    assert not [
        n for n in range(overseas + 1) if prints(Fraction(100 * n, overseas), "turnover_rate", "Regions beyond the Chinese mainland", 2020)
    ]


def test_turnover_above_50_of_2023() -> None:
    group = heads("workforce_by_age", "Above 50", 2023, HEADS[2023])

    assert list(group) == [244, 245, 246, 247]
    assert not [(n, d) for d in group for n in range(d + 1) if prints(Fraction(100 * n, d), "turnover_rate", "Above 50", 2023)]


@pytest.mark.parametrize(("year", "first", "last"), [(2021, 306, 309), (2022, 321, 323), (2023, 352, 354)])
def test_training_rates_of_senior_employees(year: int, first: int, last: int) -> None:
    group = heads("workforce_by_level", "Senior", year, HEADS[year])

    assert (group[0], group[-1]) == (first, last)
    assert not [(n, d) for d in group for n in range(d + 1) if prints(Fraction(100 * n, d), "training_rate", "Senior", year)]


@pytest.mark.parametrize("year", [2021, 2022, 2023])
def test_giving_up_the_share_of_senior_employees_does_not_help_their_training_rate(year: int) -> None:
    """The other two levels leave the senior ones hardly more room."""
    others = [heads("workforce_by_level", level, year, HEADS[year]) for level in LEVELS[1:]]
    group = range(HEADS[year] - others[0][-1] - others[1][-1], HEADS[year] - others[0][0] - others[1][0] + 1)
    possible = [d for d in group for n in range(d + 1) if prints(Fraction(100 * n, d), "training_rate", "Senior", year)]

    assert len(group) > len(heads("workforce_by_level", "Senior", year, HEADS[year]))
    assert not possible


def test_training_rates_by_gender_of_2023() -> None:
    """Trained men and women need 33,000 people; the headline allows at most 32,999."""
    low, high = men(2023)
    most = ceil(bounds("training_rate", "All", 2023)[1] * HEADS[2023] / 100) - 1
    least = min(
        ceil(bounds("training_rate", "Male", 2023)[0] * m / 100)
        + ceil(bounds("training_rate", "Female", 2023)[0] * (HEADS[2023] - m) / 100)
        for m in range(low, high + 1)
    )

    assert (least, most) == (33_000, 32_999)


def _hours(groups: dict[str, int]) -> tuple[Fraction, Fraction]:
    """The least and the most hours (not reached) that groups of these sizes had together in 2023."""
    spans = [(bounds("avg_training_hours", name, 2023), size) for name, size in groups.items()]
    return sum((low * size for (low, _), size in spans), Fraction(0)), sum((high * size for (_, high), size in spans), Fraction(0))


def test_training_hours_of_2023_contradict_each_other() -> None:
    """By level, by gender and in total the hours exclude each other in pairs, so that no single figure is to blame: two have to be given up."""
    total = _hours({"All": HEADS[2023]})
    by_level = [_hours(split) for split in levels(2023)]
    low, high = men(2023)
    by_gender = [_hours({"Male": m, "Female": HEADS[2023] - m}) for m in range(low, high + 1)]

    assert min(least for least, _ in by_level) >= total[1]
    assert min(least for least, _ in by_gender) >= total[1]
    assert min(least for least, _ in by_level) >= max(most for _, most in by_gender)


def test_each_breakdown_of_the_hours_of_2023_can_be_had_alone() -> None:
    """The proof above would be void if a breakdown contradicted itself: each has room for some hours."""
    assert all(least < most for least, most in (_hours(split) for split in levels(2023)))


# ---------------------------------------------------------------- the population, counted without the product

EXCEPTIONS = {
    ("total_workforce", "All", "2021"), ("total_workforce", "All", "2022"),
    ("turnover_rate", "Regions beyond the Chinese mainland", "2020"), ("turnover_rate", "Above 50", "2023"),
    ("training_rate", "Senior", "2021"), ("training_rate", "Senior", "2022"), ("training_rate", "Senior", "2023"), ("training_rate", "Male", "2023"),
    ("avg_training_hours", "Male", "2023"), ("avg_training_hours", "Mid-Level", "2023"),
}  # fmt: skip
MANAGEMENT = {"Spark Program", "Ignite Program"}
REGIONS = {
    "China": {"CN", "HK"}, "Other Asian Countries and Regions": {"IN", "SG"}, "European Countries and Regions": {"DE"},
    "North American Countries and Regions": {"US"}, "South American Countries and Regions": {"BR"}, "Oceania Countries and Regions": set(),
}  # fmt: skip


def _rows(name: str) -> list[dict[str, str]]:
    with (REPOSITORY / "data" / "raw" / "people" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def spells() -> list[dict[str, str]]:
    return _rows("spells.csv")


def _there(day: str) -> list[dict[str, str]]:
    return [row for row in spells() if row["from"] <= day and (not row["to"] or day <= row["to"])]


@cache
def _ends() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Spells that nothing of the same person follows the next day, and those that nothing precedes."""
    from datetime import date, timedelta

    starts = {(row["person"], row["from"]) for row in spells()}
    ends = {(row["person"], row["to"]) for row in spells()}
    one = timedelta(days=1)
    left = [row for row in spells() if row["to"] and (row["person"], f"{date.fromisoformat(row['to']) + one}") not in starts]
    joined = [row for row in spells() if (row["person"], f"{date.fromisoformat(row['from']) - one}") not in ends]
    return left, joined


def _match(rows: list[dict[str, str]], **wanted: str | set[str]) -> int:
    return sum(all(row[name] in value if isinstance(value, set) else row[name] == value for name, value in wanted.items()) for row in rows)


def counted(year: int) -> dict[tuple[str, str, str], Fraction]:
    """Every people cell of a year, counted row by row."""
    y, first, last = str(year), f"{year}-01-01", f"{year}-12-31"
    everybody = _there(last)
    full = [row for row in everybody if row["employment_type"] == "full_time"]
    left, joined = ([row for row in rows if first <= row[side] <= last] for rows, side in zip(_ends(), ("to", "from"), strict=True))
    gone = [row for row in left if row["employment_type"] == "full_time"]
    found: dict[tuple[str, str, str], Fraction] = {
        ("total_workforce", "All", y): Fraction(len(everybody)), ("workforce_by_employment_type", "Full-time Employees", y): Fraction(len(full)),
        ("workforce_by_employment_type", "Other Types of Employees", y): Fraction(len(everybody) - len(full)),
        ("new_employees", "All", y): Fraction(len(joined)), ("turnover_rate", "All", y): Fraction(100 * len(gone), len(full)),
    }  # fmt: skip
    for gender in GENDERS:
        found["new_employees_by_gender", gender, y] = Fraction(100 * _match(joined, gender=gender), len(joined))
        found["turnover_rate", gender, y] = Fraction(100 * _match(gone, gender=gender), _match(full, gender=gender))
    for age in ("Under 30", "30-50", "Above 50"):
        found["workforce_by_age", age, y] = Fraction(100 * _match(full, age_group=age), len(full))
        found["turnover_rate", age, y] = Fraction(100 * _match(gone, age_group=age), _match(full, age_group=age))
    for profession in ("Technical", "Non-technical"):
        found["workforce_by_profession", profession, y] = Fraction(100 * _match(full, profession=profession), len(full))
    for level in LEVELS:
        found["workforce_by_level", level, y] = Fraction(100 * _match(full, level=level), len(full))
        for gender in GENDERS:
            found["workforce_by_level_gender", f"{level}|{gender}", y] = Fraction(
                100 * _match(full, level=level, gender=gender), _match(full, level=level)
            )
    for region, countries in REGIONS.items():
        found["workforce_by_region", region, y] = Fraction(100 * _match(full, country=countries), len(full))
    beyond = {"HK", "IN", "SG", "DE", "US", "BR"} - ({"IN"} if year == 2023 else set())
    found["turnover_rate", "Chinese mainland", y] = Fraction(100 * _match(gone, country="CN"), _match(full, country="CN"))
    found["turnover_rate", "Regions beyond the Chinese mainland", y] = Fraction(
        100 * _match(gone, country=beyond), _match(full, country=beyond)
    )
    cases = [row for row in _rows("injuries.csv") if first <= row["date"] <= last and row["recognition"] == "recognised"]
    deaths = _match(cases, outcome="fatal")
    found["work_related_fatalities", "All", y] = Fraction(deaths)
    found["work_related_fatality_rate", "All", y] = Fraction(100 * deaths, len(full))
    found["lost_days_work_injury", "All", y] = Fraction(sum(int(row["lost_days"]) for row in cases))
    return found | (_trained(year, full) if year > 2020 else {})


def _trained(year: int, full: list[dict[str, str]]) -> dict[tuple[str, str, str], Fraction]:
    y, rows = str(year), _rows(f"training_{year}.csv")
    by_person: dict[str, list[dict[str, str]]] = {}
    for spell in spells():
        by_person.setdefault(spell["person"], []).append(spell)
    took_part = {row["person"] for row in rows}
    of_day = [
        (next(spell for spell in by_person[row["person"]] if spell["from"] <= row["date"] and (not spell["to"] or row["date"] <= spell["to"])), int(row["hours"]))
        for row in rows
    ]  # fmt: skip
    found = {}
    for name, column in [("All", ""), *((gender, "gender") for gender in GENDERS), *((level, "level") for level in LEVELS)]:
        group = [row for row in full if not column or row[column] == name]
        hours = sum(size for spell, size in of_day if spell["employment_type"] == "full_time" and (not column or spell[column] == name))
        found["training_rate", name, y] = Fraction(100 * sum(row["person"] in took_part for row in group), len(group))
        found["avg_training_hours", name, y] = Fraction(hours, len(group))
    for programme in {row["programme"] for row in rows} - {""}:
        own = [row for row in rows if row["programme"] == programme]
        participants = Fraction(len({row["person"] for row in own}))
        if programme in MANAGEMENT:
            found["management_program_participants", programme, y] = participants
            continue
        found["new_employee_training_participants", programme, y] = participants
        found["new_employee_training_courses", programme, y] = Fraction(len({row["course"] for row in own}))
        found["new_employee_training_hours", programme, y] = Fraction(sum(int(row["hours"]) for row in own))
    return found


def test_the_population_gives_every_other_printed_figure() -> None:
    every = {cell: value for year in HEADS for cell, value in counted(year).items()}
    printed = {cell for cell in cells() if cell[0] in {kpi for kpi, _, _ in every}}
    off = {cell for cell in printed if not prints(every[cell], cell[0], cell[1], int(cell[2]))}

    assert len(printed) == 199
    assert off == EXCEPTIONS


def test_heads_of_2020_are_where_the_2020_report_has_them() -> None:
    """20,418 in mainland China, of them 19,185 at main offices, and 1,656 overseas: what the per-head figures of that report rest on."""
    full = [row for row in _there("2020-12-31") if row["employment_type"] == "full_time"]
    stores = sum(row["site_id"].startswith("CN-ST-") for row in full)

    assert (_match(full, country="CN"), _match(full, country="CN") - stores, len(full) - _match(full, country="CN")) == (
        20_418,
        19_185,
        1_656,
    )
    assert floor(Fraction(303_132_92, 19_185)) == 1_580
