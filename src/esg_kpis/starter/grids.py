"""Which average of a country's grid a new edition takes, out of the library that ships."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from esg_kpis.errors import UsageProblem
from esg_kpis.factors import Factor, Library


@dataclass(frozen=True)
class Grid:
    """How the grid of a country is counted: its name, and where its average comes from."""

    country: str
    name: str
    name_zh: str
    sources: tuple[str, ...]
    text: str
    method: str | None = None
    output: str = "emission_gas"


def grids() -> dict[str, Grid]:
    """The countries a new edition has a rule for, by their ISO 3166-1 alpha-2 codes."""
    read = tomllib.loads(files("esg_kpis.starter").joinpath("edition", "grids.toml").read_text(encoding="utf-8"))
    return {country: Grid(country=country, **{**told, "sources": tuple(told["sources"])}) for country, told in sorted(read.items())}


def newest(grid: Grid, library: Library, year: int, known_on: date) -> tuple[Factor, int] | None:
    """The factor of the latest data year that was known and is not after the year, and the `data_year` by which a rule finds it alone; None where there is none.

    Financial years share a calendar year with the one before, so not every factor can be told by a year.
    """
    known = [
        factor for factor in library.factors
        if factor.source_id in grid.sources and factor.measure == "electricity_purchased" and factor.output == grid.output and factor.region == grid.country
        and factor.status != "evidence_only" and grid.method in (None, factor.method) and factor.published <= known_on
    ]  # fmt: skip
    for factor in sorted(known, key=lambda item: (item.data_from, -grid.sources.index(item.source_id)), reverse=True):
        own = [item for item in known if item.source_id == factor.source_id]
        alone = [told for told in _years(factor) if [item for item in own if told in _years(item)] == [factor]]
        if factor.data_from.year <= year and alone:
            return factor, alone[0]
    return None


def _years(factor: Factor) -> range:
    return range(factor.data_from.year, (factor.data_to or factor.data_from).year + 1)


def _said(factor: Factor) -> str:
    years = _years(factor)
    return str(years[0]) if len(years) == 1 else f"{factor.data_from} to {factor.data_to}"


def grid_rules(library: Library, country: str, year: int, known_on: date) -> dict[str, str]:
    """Country to the factor rule of its grid, as edition.toml has it; countries without a factor by then are left out.

    An edition takes either the mass of CO2 or CO2e from electricity, for every site: a country that only states CO2e stands alone.
    """
    all_of_them = grids()
    output = all_of_them[country].output if country in all_of_them else ""
    rules = {}
    for grid in (item for item in all_of_them.values() if item.output == output):
        found = newest(grid, library, year, known_on)
        if found is not None:
            rules[grid.country] = _rule(grid, *found, year, known_on)
    return rules


def _rule(grid: Grid, factor: Factor, data_year: int, year: int, known_on: date) -> str:
    lines = [
        "[[factor_rule]]", f'id = "grid-{grid.country.lower()}"', 'measures = ["electricity_purchased"]', f'output = "{grid.output}"',
        *(['gases = ["CO2"]'] if grid.output == "emission_gas" else []), f'source = "{factor.source_id}"', *([f'method = "{grid.method}"'] if grid.method else []),
        f"data_year = {data_year}", f'applies_to = ["{year}"]', f'regions = ["{grid.country}"]',
        f'text = "{grid.text} Data of {_said(factor)}: the latest in the library that was known on {known_on}."',
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def checked_country(country: str, rules: Collection[str], year: int) -> str:
    """The country, if a new edition can compute its electricity.

    Raises:
        UsageProblem: naming the countries there are and the way to another one.
    """
    known = grids()
    if country not in known:
        raise UsageProblem(
            f"The factor library that ships has no average of the grid of '{country}' that could be added up.", where="--country",
            mend=f"Take one of {', '.join(f'{code} ({grid.name})' for code, grid in known.items())}; then add the factor of '{country}' to factors/ and a rule to edition.toml, as the README of the new workspace says.",
        )  # fmt: skip
    if country not in rules:
        raise UsageProblem(
            f"The factor library that ships has no average of the grid of {known[country].name} that describes {year} or earlier and was known four months after it.", where="--year",
            mend="Take a later year.",
        )  # fmt: skip
    return country
