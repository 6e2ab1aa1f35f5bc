"""The pages of measures: the KPIs that add one up, those that add up what factors make of it, those that use either through other KPIs, and the files that say it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.domains import MEASURES
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.explorer.cells import Pages
from esg_kpis.report.site.explorer.figures import Figures

Made = Mapping[str, set[tuple[str, str]]]
"""By measure the figures, as edition and KPI, that add up an amount which was made from one of the measure."""


def measure_pages(basis: SiteBasis, pages: Pages, names: Sequence[str], files: pl.DataFrame, made: Made) -> list[dict[str, Any]]:
    """One entry per measure, in order: its KPIs, and the files that say it. Of people only the KPIs.

    Args:
        basis: The run.
        pages: Its KPIs under numbers.
        names: The measures, in order.
        files: Files under numbers.
        made: What is made from each measure, and where it is added up.
    """
    at = basis.tables["records"].select("record_id", "path", "sheet").join(files.select("path", "sheet", "file", "people"), on=["path", "sheet"])
    told = basis.tables["quantities"].select("record_id", "measure").unique().join(at.filter(~pl.col("people")), on="record_id", how="inner").group_by("measure", "file").len().sort("measure", "file")
    by_file: dict[str, list[list[int]]] = {}
    for name, file, many in told.iter_rows():
        by_file.setdefault(name, []).append([file, many])
    users = _users(pages)
    return [{**_kpis(pages, users, name, made.get(name, set())), "files": [] if name in OF_PEOPLE else by_file.get(name, [])} for name in names]


def measure_names(basis: SiteBasis, pages: Pages) -> list[str]:
    """The measures of records, amounts and KPIs in order."""
    seen = {*basis.tables["quantities"]["measure"].unique(), *basis.tables["edition_amounts"]["measure"].unique(), *(name for kpi in pages.kpis for name in kpi.get("measures", ()))}
    return [name for name in MEASURES if name in seen]


def made_from(rows: pl.DataFrame, groups: pl.DataFrame, figures: Figures) -> Made:
    """What is made from each measure, however many factors lie between, and the figures that add it up.

    Args:
        rows: The amounts under numbers, with their `group` and the number of their `parent`.
        groups: What the amounts of a group have in common.
        figures: Which groups each figure adds up.
    """
    own, parents = rows["group"], rows["parent"]
    at = rows.select("group", "parent").filter(pl.col("parent").is_not_null())
    pairs = [pl.DataFrame(schema={"group": rows.schema["group"], "before": rows.schema["group"]})]
    while at.height:
        place = at["parent"]
        pairs.append(pl.DataFrame({"group": at["group"], "before": own.gather(place)}).unique())
        at = pl.DataFrame({"group": at["group"], "parent": parents.gather(place)}).filter(pl.col("parent").is_not_null())
    known = groups.select("group", "measure")
    before = pl.concat(pairs).unique().join(known.rename({"group": "before", "measure": "from"}), on="before").join(known, on="group").filter(pl.col("from") != pl.col("measure"))
    found: dict[str, set[tuple[str, str]]] = {}
    for frame in figures.of_groups:
        for name, edition, kpi in frame.join(before, on="group", how="inner").select("from", "edition", "kpi_id").unique().iter_rows():
            found.setdefault(name, set()).add((edition, kpi))
    return found


def _users(pages: Pages) -> dict[int, list[int]]:
    """The KPIs and targets that are computed from each KPI of their edition."""
    found: dict[int, list[int]] = {}
    for place, kpi in enumerate(pages.kpis):
        for name in {*kpi.get("operands", ()), kpi.get("of")} - {None}:
            for (_, other), number in pages.kpi_of.items():
                if other == name and pages.kpis[number]["edition"] == kpi["edition"]:
                    found.setdefault(number, []).append(place)
    return found


def _kpis(pages: Pages, users: Mapping[int, Sequence[int]], name: str, made: set[tuple[str, str]]) -> dict[str, list[Any]]:
    """The KPIs of a measure: `kpis` add it up, `made` what factors make of it; `through` are computed from one of these, each with the KPIs it is computed from."""
    direct = [place for place, kpi in enumerate(pages.kpis) if name in kpi.get("measures", ())]
    by_factors = sorted(pages.kpi_of[key] for key in made if key in pages.kpi_of and pages.kpis[pages.kpi_of[key]].get("measures") and pages.kpi_of[key] not in direct)
    through: dict[int, list[int]] = {}
    known, level = {*direct, *by_factors}, [*direct, *by_factors]
    while level:
        level = [user for user in _through(level, users, through) if user not in known]
        known |= {*level}
    return {"kpis": direct, "made": by_factors, "through": [[place, sorted(through[place])] for place in sorted(through) if place not in direct and place not in by_factors]}


def _through(level: Iterable[int], users: Mapping[int, Sequence[int]], through: dict[int, list[int]]) -> list[int]:
    """The KPIs computed from those of a level, each once; which of these is added to `through`."""
    found: dict[int, None] = {}
    for place in level:
        for user in users.get(place, ()):
            found[user] = None
            if place not in through.setdefault(user, []):
                through[user].append(place)
    return list(found)
