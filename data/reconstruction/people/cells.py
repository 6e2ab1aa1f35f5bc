"""The printed people cells as a model in whole numbers, for `find.py`. Needs ortools; no part of any run."""

import csv
from pathlib import Path
from typing import Any

from ortools.sat.python import cp_model

HERE = Path(__file__).resolve().parent
YEARS = (2020, 2021, 2022, 2023)
HEADS = {2020: 22_074, 2021: 33_427, 2022: 32_543, 2023: 33_627}
GENDERS, AGES, LEVELS = ("Male", "Female"), ("Under 30", "30-50", "Above 50"), ("Senior", "Mid-Level", "Junior")
REGIONS = ("China", "Other Asian Countries and Regions", "European Countries and Regions", "North American Countries and Regions",
           "South American Countries and Regions", "Oceania Countries and Regions")  # fmt: skip
BEYOND = "Regions beyond the Chinese mainland"
GIVEN_UP = {  # the choice of cells to miss: as few as can be (tests/test_people_proofs.py), headlines kept
    2020: {("turnover_rate", BEYOND)}, 2021: {("training_rate", "Senior")}, 2022: {("training_rate", "Senior")},
    2023: {("turnover_rate", "Above 50"), ("training_rate", "Senior"), ("training_rate", "Male"), ("avg_training_hours", "Male"), ("avg_training_hours", "Mid-Level")},
}  # fmt: skip
Cell = tuple[str, str]


def printed() -> dict[tuple[str, str, int], tuple[str, int]]:
    """KPI, category and year to the digits and decimals printed."""
    with (HERE.parents[2] / "editions" / "2023" / "published.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        (r["kpi_id"], r["category"], int(r["period"])): (r["value_as_printed"].replace(",", "").rstrip("%"), int(r["decimals"]))
        for r in rows
    }


PRINTED = printed()


class Year:
    """One year's categories as whole numbers that print as the report does; `missed` are the cells given up."""

    def __init__(self, year: int) -> None:
        self.year, self.heads = year, HEADS[year]
        self.model = cp_model.CpModel()
        self.of: dict[str, Any] = {}
        self.missed: list[tuple[str, int, Any, Any]] = []
        self._workforce()
        self._turnover()
        if year > YEARS[0]:
            self._training()

    def number(self, name: str, most: int | None = None) -> Any:  # noqa: ANN401
        """A whole number of people or hours."""
        self.of[name] = self.model.new_int_var(0, self.heads if most is None else most, name)
        return self.of[name]

    def cell(self, kpi: str, category: str, top: Any, bottom: Any, times: int = 100) -> None:  # noqa: ANN401
        """`times` top / bottom prints as the report does, half-up, unless the cell is given up."""
        if (kpi, category, self.year) not in PRINTED:
            return
        digits, decimals = PRINTED[kpi, category, self.year]
        figure, scale = int(digits.replace(".", "")), 10**decimals
        if (kpi, category) in GIVEN_UP[self.year]:
            self.missed.append((category, figure, scale * times * top, bottom))
            return
        self.model.add(2 * times * scale * top >= (2 * figure - 1) * bottom)
        self.model.add(2 * times * scale * top <= (2 * figure + 1) * bottom - 1)

    def _workforce(self) -> None:
        for level in LEVELS:
            self.of[f"N/{level}"] = sum(self.number(f"N/{level}|{gender}") for gender in GENDERS)
            self.cell("workforce_by_level", level, self.of[f"N/{level}"], self.heads)
            for gender in GENDERS:
                self.cell("workforce_by_level_gender", f"{level}|{gender}", self.of[f"N/{level}|{gender}"], self.of[f"N/{level}"])
        for gender in GENDERS:
            self.of[f"N/{gender}"] = sum(self.of[f"N/{level}|{gender}"] for level in LEVELS)
        self.model.add(self.of["N/Male"] + self.of["N/Female"] == self.heads)
        for kpi, names in (("workforce_by_age", AGES), ("workforce_by_region", REGIONS)):
            for name in names:
                self.cell(kpi, name, self.number(f"N/{name}"), self.heads)
            self.model.add(sum(self.of[f"N/{name}"] for name in names) == self.heads)
        technical = self.number("N/T")
        self.cell("workforce_by_profession", "Technical", technical, self.heads)
        self.cell("workforce_by_profession", "Non-technical", self.heads - technical, self.heads)
        mainland, india = self.number("N/mainland"), self.number("N/India")
        self.model.add(mainland <= self.of["N/China"])
        self.model.add(india <= self.of["N/Other Asian Countries and Regions"])
        if self.year == 2020:
            self.model.add(mainland == 20_418)  # 2020 ESG report, section 4
        if self.year == 2023:
            self.model.add(mainland == self.heads - 2_090)  # 2023 ESG report, overseas workforce
        if self.year > YEARS[0]:
            new = int(PRINTED["new_employees", "All", self.year][0])
            men = self.number("J/Male", new)
            self.cell("new_employees_by_gender", "Male", men, new)
            self.cell("new_employees_by_gender", "Female", new - men, new)

    def _turnover(self) -> None:
        total = self.number("L")
        self.cell("turnover_rate", "All", total, self.heads)
        for names in (GENDERS, AGES):
            for name in names:
                left = self.number(f"L/{name}")
                self.model.add(left <= self.of[f"N/{name}"])
                self.cell("turnover_rate", name, left, self.of[f"N/{name}"])
            self.model.add(sum(self.of[f"L/{name}"] for name in names) == total)
        mainland, beyond, india = (self.number(f"L/{name}") for name in ("mainland", "beyond", "India"))
        self.model.add(mainland + beyond == total)
        self.model.add(india <= beyond)
        self.cell("turnover_rate", "Chinese mainland", mainland, self.of["N/mainland"])
        outside = self.heads - self.of["N/mainland"]
        counted = (beyond - india, outside - self.of["N/India"]) if self.year == 2023 else (beyond, outside)
        self.cell("turnover_rate", BEYOND, *counted)

    def _training(self) -> None:
        for kpi, letter, times in (("training_rate", "T", 100), ("avg_training_hours", "H", 1)):
            for level in LEVELS:
                for gender in GENDERS:
                    size = self.number(f"{letter}/{level}|{gender}", 3_000_000)
                    if letter == "T":
                        self.model.add(size <= self.of[f"N/{level}|{gender}"])
            self.cell(kpi, "All", self.trained(letter, "All"), self.heads, times)
            for name in (*LEVELS, *GENDERS):
                self.cell(kpi, name, self.trained(letter, name), self.of[f"N/{name}"], times)

    def trained(self, letter: str, name: str) -> Any:  # noqa: ANN401
        """People trained, or hours, of a level, a gender or all."""
        return sum(self.of[f"{letter}/{level}|{gender}"] for level in LEVELS for gender in GENDERS if name in (level, gender, "All"))


def solved(model: cp_model.CpModel, seconds: int = 300) -> tuple[cp_model.CpSolver, str]:
    """A solution, always the same one."""
    solver = cp_model.CpSolver()
    solver.parameters.max_deterministic_time = seconds
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    status = solver.status_name(solver.solve(model))
    if status not in ("OPTIMAL", "FEASIBLE"):
        raise RuntimeError(f"the model is {status}")
    return solver, status


def distance(model: cp_model.CpModel, left: Any, right: Any, weight: int = 1) -> Any:  # noqa: ANN401
    """How far two numbers are apart, to be made small."""
    gap = model.new_int_var(0, 10**10, "")
    model.add(gap >= left - right)
    model.add(gap >= right - left)
    return weight * gap
