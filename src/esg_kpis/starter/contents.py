"""Every file of a new company's workspace, by its path: templates, how they are read, the edition, factors, and a README. The same arguments give the same bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from string import Template as Text

from esg_kpis.domains.derived import EMISSION_CO2E
from esg_kpis.errors import InternalProblem, UsageProblem
from esg_kpis.factors import Library, read_library
from esg_kpis.starter.formats import formats
from esg_kpis.starter.grids import checked_country, grid_rules, grids
from esg_kpis.starter.template import EXAMPLE_SITE, GROUP_SITE
from esg_kpis.starter.templates import templates
from esg_kpis.starter.workbook import workbook

EDITION_FILES = ("edition.toml", "kpis.yaml", "targets.yaml", "labels.yaml", "published.csv")
LANGUAGES = ("en", "zh")
_YEARS = range(2000, 2100)
_LONGEST = 120
_HINT = 'IFRS S2 asks for the latest assessment: "AR6", with methane = "by_origin".'
_HINT_CO2E = "The grid factor that ships is in CO2e by AR5, and two sets are never mixed."


@dataclass(frozen=True)
class Starter:
    """What a new workspace is for."""

    company: str
    year: int
    country: str
    language: str = "en"

    @property
    def knowledge_date(self) -> date:
        """Four months after the end of the year."""
        return date(self.year + 1, 4, 30)


def workspace_files(starter: Starter) -> dict[str, bytes]:
    """Path to content of every file of the workspace.

    Raises:
        UsageProblem: if the library has no factor for the country and year, or an argument is none.
    """
    _check(starter)
    folder = factors_folder()
    library = read_library(folder)
    rules = grid_rules(library, starter.country, starter.year, starter.knowledge_date)
    checked_country(starter.country, rules, starter.year)
    asked = templates(starter.year, starter.country, starter.company)
    known = {"site": [GROUP_SITE, EXAMPLE_SITE], **known_places(library)}
    made = {template.path: workbook(template, known) for template in asked}
    made |= {path: text.encode() for path, text in formats(asked, starter.year).items()}
    made |= {f"editions/{starter.year}/{name}": text.encode() for name, text in _edition(starter, rules).items()}
    made |= {f"factors/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.csv"))}
    made["README.md"] = _filled(f"readme_{starter.language}.md", _words(starter, rules)).encode()
    made[".gitignore"] = b"data/out/\n.dagster/\n"
    return dict(sorted(made.items()))


def known_places(library: Library) -> dict[str, list[str]]:
    """What drop-down lists offer of countries (those with a rule) and of grid regions (those that factors of electricity describe)."""
    regions = {factor.region for factor in library.factors if factor.measure == "electricity_purchased" and factor.status == "selectable" and "-" in factor.region}
    return {"country": list(grids()), "region": sorted(regions)}


def factors_folder() -> Path:
    """The factor library that ships: in an installed package inside it, in the repository beside `src`.

    Raises:
        InternalProblem: if it is in neither place.
    """
    packed = Path(str(files("esg_kpis.starter"))) / "factors"
    beside = Path(__file__).parents[3] / "factors"
    for folder in (packed, beside):
        if (folder / "sources.csv").is_file():
            return folder
    raise InternalProblem("The factor library that ships is not there.", where=str(packed), mend="Install esg-kpis again.")


def _check(starter: Starter) -> None:
    if starter.year not in _YEARS:
        raise UsageProblem(f"{starter.year} is no reporting year.", where="--year", mend="Give one such as 2025.")
    if starter.language not in LANGUAGES:
        raise UsageProblem(f"There is no language '{starter.language}'.", where="--lang", mend=f"Languages: {', '.join(LANGUAGES)}.")
    if not starter.company.strip() or len(starter.company) > _LONGEST or not starter.company.isprintable():
        raise UsageProblem("That is no name of a company.", where="--company", mend=f"Give one line of at most {_LONGEST} letters.")


def _edition(starter: Starter, rules: Mapping[str, str]) -> dict[str, str]:
    words = _words(starter, rules)
    by_co2e = grids()[starter.country].output == EMISSION_CO2E
    told = {
        "grids": "\n".join(rules.values()), "fuels": _text("fuels_cn.toml" if starter.country == "CN" else "fuels_ipcc.toml"), "heats": _filled("heats_gb.toml" if by_co2e else "heats.toml", words),
        "lens": "" if by_co2e else _text("lens.toml"), "gwp_hint": _HINT_CO2E if by_co2e else _HINT, "gwp_text": "That of the grid factor, which is in CO2e." if by_co2e else "The lens ar6 below shows the difference.",
    }  # fmt: skip
    return {name: _filled(name, words | told) for name in EDITION_FILES}


def _words(starter: Starter, rules: Mapping[str, str]) -> dict[str, str]:
    """What stands for the names in the texts."""
    known, year = grids(), starter.year
    home = known[starter.country]
    return {
        "company": starter.company, "year": str(year), "country": starter.country, "home": home.name, "home_zh": home.name_zh,
        "document": json.dumps(f"{starter.company} ESG report {year}", ensure_ascii=False), "knowledge_date": starter.knowledge_date.isoformat(), "first": f"{year}-01-01", "last": f"{year}-12-31",
        "countries": ", ".join(f"{code} ({known[code].name})" for code in rules), "countries_zh": "、".join(f"{code}（{known[code].name_zh}）" for code in rules), "grid": f"grid-{starter.country.lower()}",
    }  # fmt: skip


def _filled(name: str, words: Mapping[str, str]) -> str:
    return Text(_text(name)).substitute(words)


def _text(name: str) -> str:
    return files("esg_kpis.starter").joinpath("edition", name).read_text(encoding="utf-8")
