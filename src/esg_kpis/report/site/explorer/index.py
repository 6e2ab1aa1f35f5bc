"""The index: what a search and every link need at once. Distinct things only; records and amounts are found through the files and runs they stand in."""

from typing import Any

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.domains import MEASURES
from esg_kpis.report.site.explorer.gathered import Gathered
from esg_kpis.report.site.explorer.put import SHARD
from esg_kpis.report.site.explorer.records import lines_of
from esg_kpis.report.site.explorer.words import region_names


def index_of(run: Gathered, codes: list[list[str]], starts: dict[str, list[int]]) -> dict[str, Any]:
    """The index.

    Args:
        run: The run.
        codes: Framework, code and titles.
        starts: Of each kind of data files, the number of the first thing in each.

    Keys: `editions` (id, document, known on, periods, whether estimates per head are left out), `kpis` (edition, id, labels, unit, codes, whether a target), `cells` (KPI, period, breakdown, category, as printed, status, verdict),
    `sites` (id, name, country, kind, grid region), `files` (path, sheet, beginning of its record ids, first record, how many, whether of people, lines at which further files of records begin), `meters` (id, site),
    `factors` (id, measure, output, gas, region), `regions` (names in English and Chinese by code, of those that sites and factors are in), `measures` (name, unit, meaning, whether of people), `codes`; `rules` and `qualities` by the numbers that amounts name them by; `many` (how many of what), `shard`, `starts`.
    """
    pages, editions = run.pages, run.basis.editions
    factors = {factor.factor_id: factor for inputs in run.basis.inputs.values() for factor in inputs.library.factors if factor.factor_id in run.numbers.factors}
    hidden, names = run.amounts.hidden_in, region_names()
    regions = {factor.region for factor in factors.values()} | {code for column in ("country", "grid_region") for code in run.sites[column].drop_nulls()}
    return {
        "editions": [
            {"id": name, "document": edition.rules.document, "known_on": run.basis.facts.get(f"known on {name}", edition.rules.knowledge_date.isoformat()), "periods": list(edition.periods), "heads": name in hidden}
            for name, edition in editions.items()
        ],
        "kpis": [[kpi["edition"], kpi["id"], *kpi.get("label", [kpi["id"], None]), kpi["unit"], "; ".join(kpi.get("codes", {}).values()), int(bool(kpi.get("target")))] for kpi in pages.kpis],
        "cells": [[cell["kpi"], cell["period"], cell["breakdown"], cell["category"], cell["printed"], cell["status"], cell.get("tie", {}).get("verdict")] for cell in pages.cells],
        "sites": [list(row) for row in run.sites.select("site_id", "name", "country", "kind", "grid_region").iter_rows()],
        "files": [
            [path, sheet, prefix, first, many, int(people), lines]
            for (path, sheet, prefix, first, many, people), lines in zip(run.files.select("path", "sheet", "prefix", "first", "many", "people").iter_rows(), lines_of(run.files, run.records), strict=True)
        ],
        "meters": [[meter, run.site_of.get(site, -1)] for meter, site in run.meters.select("meter_id", "site_id").iter_rows()],
        "factors": [[name, *((factor.measure, factor.output, factor.gas, factor.region) if (factor := factors.get(name)) else ("", "", "", ""))] for name in run.numbers.factors],
        "regions": {code: list(names[code]) for code in sorted(regions & names.keys())},
        "measures": [[name, MEASURES[name].unit, MEASURES[name].meaning, int(name in OF_PEOPLE)] for name in run.measures],
        "codes": codes, "rules": list(run.numbers.rules), "qualities": list(run.numbers.qualities), "many": {"records": run.records.height, "people": run.basis.tables["records"].height - run.records.height, "amounts": run.rows.height}, "shard": SHARD, "starts": starts,
    }  # fmt: skip
