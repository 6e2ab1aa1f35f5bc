"""How the full-time heads go from year to year, for `find.py`. Needs ortools; no part of any run."""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

from cells import AGES, GENDERS, HEADS, LEVELS, PRINTED, YEARS, distance, solved
from ortools.sat.python import cp_model

PLACES = ("CN", "HK", "IN", "SG", "DE", "US", "BR")
CONVERTED = {2020: 134, 2021: 600, 2022: 400, 2023: 700}  # interns who become full-time
LAST_DAY = {2020: 18, 2021: 30, 2022: 28, 2023: 25}  # who leave on 31 December
BY_AGE = {"Senior": (0.02, 0.88, 0.10), "Mid-Level": (0.20, 0.79, 0.01), "Junior": (0.60, 0.395, 0.005)}
LEAST, MOST = 0.4, 2.0  # of the heads that are likely in a cell
FLOWS = ("closing", "hired", "converted", "aged", "promoted", "left", "left_last_day")
CELLS = [(gender, age, level, place) for gender in GENDERS for age in AGES for level in LEVELS for place in PLACES]
YOUNGER = {"30-50": "Under 30", "Above 50": "30-50"}
LOWER = {"Mid-Level": "Junior", "Senior": "Mid-Level"}


def by_place(of: dict[str, int], year: int) -> dict[str, int]:
    """Heads by place."""
    asia = of["N/Other Asian Countries and Regions"]
    return {
        "CN": of["N/mainland"], "HK": of["N/China"] - of["N/mainland"], "IN": of["N/India"], "SG": asia - of["N/India"], "DE": of["N/European Countries and Regions"],
        "US": of["N/North American Countries and Regions"], "BR": of["N/South American Countries and Regions"],
    }  # fmt: skip


def flows(all_margins: dict[int, dict[str, int]]) -> Iterator[list[object]]:
    """How heads go from year to year so that every margin comes out, as near to even as can be."""
    model = cp_model.CpModel()
    gaps: list[Any] = []
    of = {(2019, cell, "closing"): model.new_int_var(0, 0 if cell[3] == "BR" else 40_000, "") for cell in CELLS}
    for year in YEARS:
        for cell in CELLS:
            most = {"closing": 40_000, "hired": 20_000, "converted": 800 if cell[1:] == ("Under 30", "Junior", "CN") else 0, "left": 6_000, "left_last_day": 40,
                    "aged": 0 if cell[1] == "Above 50" else 3_000, "promoted": 0 if cell[2] == "Senior" else 6_000}  # fmt: skip
            of |= {(year, cell, name): model.new_int_var(0, most[name], "") for name in FLOWS}
        _balance(model, of, year)
        _meet(model, of, year, all_margins[year])
        before = (
            {place: round(0.76 * size) for place, size in by_place(all_margins[year], year).items()}
            if year == YEARS[0]
            else by_place(all_margins[year - 1], year - 1)
        )
        gaps += list(_even(model, of, year, all_margins[year], before))
    gaps += [distance(model, of[2019, cell, "closing"], round(even * 0.76)) for cell, even in expected(all_margins[2020], 2020).items()]
    model.minimize(sum(gaps))
    solver, status = solved(model, 600)
    print("flows", status)
    for year in (2019, *YEARS):
        for cell in CELLS:
            row = [solver.value(of[year, cell, name]) if (year, cell, name) in of else 0 for name in FLOWS]
            if any(row):
                yield [year, *cell, *row]


def _balance(model: cp_model.CpModel, of: dict[Any, Any], year: int) -> None:
    for cell in CELLS:
        gender, age, level, place = cell
        before = of[year - 1, cell, "closing"] - (of[year - 1, cell, "left_last_day"] if year > YEARS[0] else 0)
        staying = before - sum(of[year, cell, name] for name in ("left", "aged", "promoted"))
        coming = of[year, cell, "hired"] + of[year, cell, "converted"]
        if age in YOUNGER:
            coming += of[year, (gender, YOUNGER[age], level, place), "aged"]
        if level in LOWER:
            coming += of[year, (gender, age, LOWER[level], place), "promoted"]
        model.add(staying >= of[year, cell, "left_last_day"])
        model.add(of[year, cell, "closing"] == staying + coming)


def _meet(model: cp_model.CpModel, of: dict[Any, Any], year: int, want: dict[str, int]) -> None:
    def total(names: tuple[str, ...], fits: Callable[[tuple[str, ...]], bool] = lambda _: True) -> Any:  # noqa: ANN401
        return sum(of[year, cell, name] for cell in CELLS if fits(cell) for name in names)

    left = ("left", "left_last_day")
    for gender in GENDERS:
        model.add(total(left, lambda cell, g=gender: cell[0] == g) == want[f"L/{gender}"])
        for level in LEVELS:
            model.add(total(("closing",), lambda cell, g=gender, v=level: (cell[0], cell[2]) == (g, v)) == want[f"N/{level}|{gender}"])
    for age in AGES:
        model.add(total(("closing",), lambda cell, a=age: cell[1] == a) == want[f"N/{age}"])
        model.add(total(left, lambda cell, a=age: cell[1] == a) == want[f"L/{age}"])
    for place, heads in by_place(want, year).items():
        model.add(total(("closing",), lambda cell, p=place: cell[3] == p) == heads)
    model.add(total(left, lambda cell: cell[3] == "CN") == want["L/mainland"])
    model.add(total(left, lambda cell: cell[3] == "IN") == want["L/India"])
    model.add(total(("left_last_day",)) == LAST_DAY[year])
    model.add(total(("converted",)) == CONVERTED[year])
    model.add(total(("aged",), lambda cell: cell[1] == "30-50") <= 60)
    if year == YEARS[0]:
        model.add(total(("hired",)) == 7_885)  # 2020 ESG report, section 4
    else:
        men, new = total(("hired",), lambda cell: cell[0] == "Male"), int(PRINTED["new_employees", "All", year][0])
        model.add(want["J/Male"] - men >= 300)
        model.add(new - want["J/Male"] - total(("hired",), lambda cell: cell[0] == "Female") >= 200)
    if not by_place(want, year)["BR"]:
        model.add(total(("hired",), lambda cell: cell[3] == "BR") == 0)


def expected(want: dict[str, int], year: int) -> dict[tuple[str, str, str, str], float]:
    """The heads of each cell if level, gender and age met as usual and every place were alike: `BY_AGE` fitted to the margins."""
    size = {
        (gender, age, level): want[f"N/{level}|{gender}"] * BY_AGE[level][AGES.index(age)]
        for gender in GENDERS
        for age in AGES
        for level in LEVELS
    }
    for _ in range(50):
        for age in AGES:
            now = sum(size[gender, age, level] for gender in GENDERS for level in LEVELS)
            size |= {key: number * want[f"N/{age}"] / now for key, number in size.items() if key[1] == age}
        for gender in GENDERS:
            for level in LEVELS:
                now = sum(size[gender, age, level] for age in AGES)
                size |= {
                    key: number * want[f"N/{level}|{gender}"] / now for key, number in size.items() if (key[0], key[2]) == (gender, level)
                }
    places = by_place(want, year)
    return {cell: size[cell[:3]] * places[cell[3]] / HEADS[year] for cell in CELLS}


def _leavers(want: dict[str, int], places: dict[str, int], before: dict[str, int]) -> dict[str, float]:
    """Who leaves by place: overseas like the whole of it, and at least as many as the place shrinks by."""
    others = sum(places.values()) - places["CN"] - places["IN"]
    rest = want["L/beyond"] - want["L/India"]
    even = {place: max(rest * heads / others, before[place] - heads) for place, heads in places.items()}
    return even | {"CN": want["L/mainland"], "IN": want["L/India"]}


def _even(model: cp_model.CpModel, of: dict[Any, Any], year: int, want: dict[str, int], before: dict[str, int]) -> Iterator[Any]:
    """How far each cell is from what its margins make likely; nothing may be very far."""
    places, heads = by_place(want, year), HEADS[year]
    gone = _leavers(want, places, before)
    came = {place: size - before[place] + gone[place] - CONVERTED[year] * (place == "CN") for place, size in places.items()}
    for cell, even in expected(want, year).items():
        gender, age, level, place = cell
        model.add(of[year, cell, "closing"] <= ceil(MOST * even) + 1)
        model.add(of[year, cell, "closing"] >= int(LEAST * even))
        shift = {"Under 30": 1.4, "30-50": 0.6, "Above 50": 0.5}[age] * {"Junior": 1.2, "Mid-Level": 0.7, "Senior": 0.4}[level]
        leaving = want[f"L/{gender}"] / want["L"] * want[f"L/{age}"] / want["L"] * want[f"N/{level}"] / heads * gone[place]
        model.add(of[year, cell, "left"] <= ceil(3 * leaving) + 3)
        yield distance(model, of[year, cell, "closing"], round(even))
        yield distance(model, of[year, cell, "left"], round(leaving))
        yield distance(model, of[year, cell, "left_last_day"], round(LAST_DAY[year] * even / heads), 5)
        yield distance(model, of[year, cell, "hired"], round(max(came[place], 0) * even / max(places[place], 1) * shift))
        if age == "Under 30":
            yield distance(model, of[year, cell, "aged"], round(0.1 * even), 3)
        if level == "Junior":
            share = 0.64 if gender == "Male" else 0.36
            yield distance(
                model, of[year, cell, "promoted"], round(1_500 * BY_AGE["Junior"][AGES.index(age)] * share * places[place] / heads)
            )
