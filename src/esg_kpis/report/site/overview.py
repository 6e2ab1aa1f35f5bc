"""The first page: what our KPIs are, what changed, what is blocked or incomplete, and whether we tie out."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from esg_kpis.assurance.named import without_ids
from esg_kpis.assurance.states import open_by_severity
from esg_kpis.assurance.withheld import of_people
from esg_kpis.report.kpi_table import periods_of, with_thousands
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.differing import AGREE, TOLD, differing, reasons_of
from esg_kpis.report.site.figures import Figures, change, figures_of, in_words, size_of_change, spark, worst_first
from esg_kpis.report.site.leading import leading
from esg_kpis.report.site.words import said

CARDS, MOVERS, RESTATED, WITHOUT, CONCERNED = 8, 10, 12, 40, 15
"""How many stand on the first page."""
VERDICTS = ("equal", "stated", "differs", "not_computed", "blocked", "suppressed")
_TOTAL = ("total", "All")


def overview(basis: SiteBasis, language: str) -> dict[str, Any]:
    """What the first page says, about the newest edition and beside it what concerns all of them."""
    newest = next(iter(basis.editions))
    figures = figures_of(basis, newest, language)
    periods = periods_of(basis.of("kpi_labels", newest), basis.of("kpi_values", newest))
    period, before = periods[0] if periods else "", periods[1] if len(periods) > 1 else None
    return {
        "editions": len(basis.editions), "received": basis.tables["records"].height, "computed": basis.tables["kpi_values"]["printed"].is_not_null().any(), "period": period, "before": before, "knowledge": basis.facts.get(f"known on {newest}", ""), "tiles": tiles(basis, language), "cards": _cards(basis, newest, figures, periods, language),
        "ends": (periods[-1], periods[0]) if periods else None, "leading": leading(basis, newest, period, language) if period else [],
        "movers": _movers(basis, newest, figures, period, before), "restated": _restated(basis, language), **_without(basis, language), **_tie_out(basis, language),
    }  # fmt: skip


# ---------------------------------------------------------------- at a glance


def tiles(basis: SiteBasis, language: str) -> list[dict[str, Any]]:
    """The figures at the top: each a number, words, and where it leads."""

    def tile(name: str, number: int, tone: str, href: str, more: str = "", **values: object) -> dict[str, Any]:
        return {"number": with_thousands(str(number)), "words": said("index", f"tile_{name}", language, **values), "more": more, "tone": tone, "href": href}

    values, ties, findings, anomalies = (basis.tables[name] for name in ("kpi_values", "tie_out", "findings", "anomalies"))
    of = {str(status): int(count) for status, count in values.group_by("status").len().iter_rows()}
    blocked, incomplete = of.get("blocked", 0), of.get("incomplete", 0)
    told = ties.filter(pl.col("published").is_not_null())
    agree, unexplained = told.filter(pl.col("verdict").is_in(AGREE)).height, told.filter(~pl.col("explained") & ~pl.col("verdict").is_in(AGREE)).height
    of_severity = open_by_severity(findings)
    rejected, open_ones = basis.tables["rejected"]["record_id"].n_unique(), anomalies.filter(pl.col("state") == "open").height
    computed, received = sum(of.get(name, 0) for name in ("ok", "incomplete")), basis.tables["records"].height
    whole = basis.tables["records"].filter(of_people() & (pl.col("line") == 0)).height  # Rows of persons are counted at once: a file of them is one record.
    return [
        tile("kpis", computed, "", "tables.html", said("index", "tile_kpis_more", language, count=values.height - computed - blocked)),
        tile("blocked", blocked + incomplete, "bad" if blocked else "warn" if incomplete else "good" if computed else "", "#blocked", said("index", "tile_blocked_more", language, blocked=blocked, incomplete=incomplete)),
        tile("tie", agree, "bad" if unexplained else "good", "#tie", said("index", "tile_tie_more", language, differs=told.height - agree, unexplained=unexplained), all=with_thousands(str(told.height)))
        if told.height else {**tile("tie_none", 0, "", "#tie"), "number": "–"},
        tile("person", of_severity["error"] + of_severity["warning"], "bad" if of_severity["error"] else "warn" if of_severity["warning"] else "good" if received else "", "findings.html#needs", said("index", "tile_person_more", language, errors=of_severity["error"], warnings=of_severity["warning"], notes=of_severity["note"])),
        tile("rejected", rejected, "bad" if rejected else "good" if received else "", "findings.html#rejected", said("index", "tile_rejected_people" if whole else "tile_rejected_more", language, all=with_thousands(str(received)), count=whole)),
        tile("anomalies", open_ones, "warn" if open_ones else "good" if received else "", "findings.html#anomalies", said("index", "tile_anomalies_more", language, explained=anomalies.height - open_ones)),
    ]  # fmt: skip


def headline(basis: SiteBasis, edition: str, period: str) -> list[str]:
    """The KPIs of the cards: those that the edition's labels.yaml names, or else the first totals that were collected."""
    labels = basis.editions[edition].labels
    if labels is not None and labels.headline:
        return list(labels.headline)
    whole = basis.of("kpi_labels", edition).filter((pl.col("breakdown") == "total") & ~pl.col("open")).sort("place")
    if period:
        told = basis.of("kpi_values", edition).filter((pl.col("breakdown") == "total") & (pl.col("period") == period) & (pl.col("status") != "not_collected"))
        whole = whole.join(told, on="kpi_id", how="semi", maintain_order="left")
    return whole["kpi_id"].unique(maintain_order=True).to_list()[:CARDS]


def _cards(basis: SiteBasis, edition: str, figures: Figures, periods: list[str], language: str) -> list[dict[str, Any]]:
    cards = []
    for kpi in headline(basis, edition, periods[0] if periods else ""):
        cells = [figures.cells.get((kpi, *_TOTAL, period)) for period in periods]
        if not cells or cells[0] is None:
            continue
        old = cells[1] if len(cells) > 1 else None
        row = {"label": figures.label(kpi), "unit": figures.unit(kpi), "cell": cells[0], "change": change(old, cells[0]), "was": old["figure"] if old else None, "before": periods[1] if len(periods) > 1 else ""}
        row["spark"] = spark([None if cell is None else cell["value"] for cell in reversed(cells)])
        row["words"] = in_words(row, list(reversed(cells)), list(reversed(periods)), said("tables", "trend_words", language))
        cards.append(row)
    return cards


# ---------------------------------------------------------------- what changed


def _movers(basis: SiteBasis, edition: str, figures: Figures, period: str, before: str | None) -> list[dict[str, Any]]:
    """Totals that changed most on the period before, largest first, with the explanation that an anomaly was given."""
    if before is None:
        return []
    given = {(row["subject"], row["period"]): row["explanation"] for row in basis.of("anomalies", edition).iter_rows(named=True) if row["site_id"] is None}
    found = []
    for (kpi, *spot, at), new in figures.cells.items():
        old = figures.cells.get((kpi, *_TOTAL, before))
        if at == period and tuple(spot) == _TOTAL and (kpi, *_TOTAL) in figures.labels and (told := change(old, new)) is not None and old is not None and new["value"] != old["value"]:
            found.append((size_of_change(old, new), {"label": figures.label(kpi), "unit": figures.unit(kpi), "old": old, "new": new, "change": told, "why": given.get((kpi, period)) or ""}))
    return [row for _, row in sorted(found, key=lambda pair: (-pair[0], pair[1]["label"]))[:MOVERS]]


def _restated(basis: SiteBasis, language: str) -> list[dict[str, Any]]:
    """Totals of one year that the newest edition prints otherwise than an earlier one."""
    newest, *earlier = list(basis.editions)
    now, rows = figures_of(basis, newest, language), []
    for edition in earlier:
        old = figures_of(basis, edition, language)
        for (kpi, *spot, period), cell in old.cells.items():
            new = now.cells.get((kpi, *_TOTAL, period))
            if tuple(spot) == _TOTAL and new is not None and new["unit"] == cell["unit"] and (told := change(cell, new)) is not None and new["printed"] != cell["printed"]:
                documents = {"old_document": basis.editions[edition].rules.document, "new_document": basis.editions[newest].rules.document}
                rows.append({"label": now.label(kpi), "unit": now.unit(kpi), "period": period, "old": cell, "new": new, "change": told, **documents})
    return sorted(rows, key=lambda row: (row["period"], row["label"]))[:RESTATED]


# ---------------------------------------------------------------- what has no figure, and what print says


def _without(basis: SiteBasis, language: str) -> dict[str, Any]:
    """Why figures are not ok, one row per state and reason with all that it concerns: blocked and incomplete ones, and those without a figure for a known reason."""
    every = {edition: figures_of(basis, edition, language) for edition in basis.editions}
    rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in worst_first(basis.tables["kpi_values"]).iter_rows(named=True):
        figures = every[row["edition"]]
        spot = (row["kpi_id"], row["breakdown"], row["category"])
        concerned = rows.setdefault((row["status"], row["reason"] or ""), {}).setdefault("/".join((row["edition"], *spot)), {"label": figures.label(*spot), "document": basis.editions[row["edition"]].rules.document, "cells": []})
        concerned["cells"].append({"period": row["period"], "href": figures.cells[(*spot, row["period"])]["href"]})
    parts: dict[str, list[dict[str, Any]]] = {"blocked": [], "dashes": []}
    for (status, reason), concerned in rows.items():
        shown, rest = list(concerned.values())[:CONCERNED], list(concerned.values())[CONCERNED:]
        found = {"status": status, "reason": without_ids(reason), "concerned": shown, "count": _cells(concerned.values()), "more": _cells(rest)}
        parts["blocked" if status in ("blocked", "incomplete") else "dashes"].append(found)
    counts = {f"more_{name}": sum(row["count"] for row in found[WITHOUT:]) for name, found in parts.items()}
    return {name: found[:WITHOUT] for name, found in parts.items()} | counts | {"dashes_count": sum(row["count"] for row in parts["dashes"])}


def _cells(concerned: Iterable[Mapping[str, Any]]) -> int:
    return sum(len(item["cells"]) for item in concerned)


def _tie_out(basis: SiteBasis, language: str) -> dict[str, Any]:
    ties = basis.tables["tie_out"].filter(pl.col("published").is_not_null())
    rows: list[dict[str, Any]] = []
    there: set[str] = set()
    for edition, read in basis.editions.items():
        counts: Mapping[str, int] = {str(name): int(count) for name, count in ties.filter(pl.col("edition") == edition).group_by("verdict").len().iter_rows()}
        there |= counts.keys()
        if counts:
            rows.append({"document": read.rules.document, "printed": with_thousands(str(sum(counts.values()))), "counts": {name: with_thousands(str(counts.get(name, 0))) for name in VERDICTS}})
    every = {edition: figures_of(basis, edition, language) for edition in basis.editions}
    found, reasons, off = [], reasons_of(basis), differing(basis)
    for row in off.head(TOLD).iter_rows(named=True):
        figures, spot = every[row["edition"]], (row["kpi_id"], row["breakdown"], row["category"])
        cell = figures.cells.get((*spot, row["period"]), {})
        found.append(
            {**row, "id": reasons[row["edition"], *spot, row["period"]], "published": with_thousands(row["published"]), "label": figures.label(*spot), "unit": figures.unit(*spot), "document": basis.editions[row["edition"]].rules.document, "href": cell.get("href", "explorer.html"), "computed": with_thousands(row["computed"]) if row["computed"] else None}
        )  # fmt: skip
    return {"ties": rows, "verdicts": [name for name in VERDICTS if name in there], "differing": found, "more_differing": off.height - len(found)}
