"""Finds the whole numbers of people behind the printed cells, once; the result is committed and this is not part of any run.

    pip install ortools==9.15.6755
    python data/reconstruction/people/find.py

Reads the printed people cells from editions/2023/published.csv; writes margins.csv (heads, leavers, trained, hours per category and year) and flows.csv (how
the full-time heads of each gender, age group, level and place go from year to year) beside itself, the same bytes each time. Another solution would do as well.
That fewer cells cannot be missed is proved in tests/test_people_proofs.py, without a solver.
"""

import csv
from fractions import Fraction
from typing import Any

from cells import BEYOND, GENDERS, HERE, LEVELS, REGIONS, YEARS, Year, distance, solved
from find_flows import FLOWS, flows

HK = {
    2020: (130, 240),
    2021: (95, 140),
    2022: (5, 40),
    2023: (100, 240),
}  # heads in China outside the mainland; in 2022 the rates allow 13 at most
MEN = {"Senior": (78, 86), "Mid-Level": (70, 77), "Junior": (58, 67)}  # % of a level, where the report does not say
ABOUT = {
    "Male": 23_287,
    "Mid-Level": 15_798,
    "Senior": 330,
    "Above 50": 246,
    BEYOND: 1_656,
}  # people behind the cells given up, to weigh them
GROUPS = [f"{level}|{gender}" for level in LEVELS for gender in GENDERS]


def margins(year: int) -> dict[str, int]:
    """Numbers of one year that print as the report does, with the cells given up as near as can be and the rest plausible."""
    made = Year(year)
    model, of = made.model, made.of
    outside = of["N/China"] - of["N/mainland"]
    model.add(outside >= HK[year][0])
    model.add(outside <= HK[year][1])
    for name in REGIONS[4 if year < 2023 else 5 :]:
        model.add(of[f"N/{name}"] == 0)
    asia = of["N/Other Asian Countries and Regions"]
    model.add(10 * of["N/India"] >= 7 * asia)
    model.add(10 * of["N/India"] <= 8 * asia + 5)
    model.add(100 * of["L/India"] >= 8 * of["N/India"])
    model.add(100 * of["L/India"] <= 75 * of["N/India"])
    if year < 2022:
        for level, (low, high) in MEN.items():
            model.add(100 * of[f"N/{level}|Male"] >= low * of[f"N/{level}"])
            model.add(100 * of[f"N/{level}|Male"] <= high * of[f"N/{level}"])
    for group in GROUPS if year > YEARS[0] else []:
        model.add(2 * of[f"H/{group}"] >= 15 * of[f"T/{group}"])
        model.add(100 * of[f"T/{group}"] >= 70 * of[f"N/{group}"])
    far = sum(  # in points of the printed unit, all alike
        distance(model, top, figure * bottom, 1_000_000 // ABOUT[category]) for category, figure, top, bottom in made.missed
    )
    first = _least(made, 100 * far - (outside if year == 2022 else 0), "margins")
    return first if year == YEARS[0] else _evenly(made, first)


def _least(made: Year, goal: Any, what: str) -> dict[str, int]:  # noqa: ANN401
    made.model.minimize(goal)
    solver, status = solved(made.model)
    print(made.year, what, status)
    return {name: solver.value(number) for name, number in made.of.items()}


def _evenly(made: Year, first: dict[str, int]) -> dict[str, int]:
    """The same heads, as near to print, with training spread over level and gender as evenly as the cells allow."""
    model = made.model
    for name, number in made.of.items():
        if name[0] in "NLJ":
            model.add(number == first[name])
    for letter in ("T", "H"):
        for name in (*LEVELS, *GENDERS):
            model.add(made.trained(letter, name) == sum(first[f"{letter}/{group}"] for group in GROUPS if name in group.split("|")))
    gaps = []
    for letter in ("T", "H"):
        total = sum(first[f"{letter}/{group}"] for group in GROUPS)
        for level in LEVELS:
            for gender in GENDERS:
                own = [sum(first[f"{letter}/{group}"] for group in GROUPS if name in group.split("|")) for name in (level, gender)]
                share = Fraction(first[f"N/{level}|{gender}"] * made.heads, first[f"N/{level}"] * first[f"N/{gender}"])
                gaps.append(distance(model, made.of[f"{letter}/{level}|{gender}"], round(own[0] * own[1] / Fraction(total) * share)))
    return _least(made, sum(gaps), "training")


def write(name: str, header: list[str], rows: list[list[object]]) -> None:
    """One file of the result."""
    with (HERE / name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Find and write."""
    found = {year: margins(year) for year in YEARS}
    write("margins.csv", ["year", "what", "number"], [[year, name, size] for year, of in found.items() for name, size in of.items()])
    write("flows.csv", ["year", "gender", "age_group", "level", "place", *FLOWS], list(flows(found)))


if __name__ == "__main__":
    main()
