"""The page of KPI tables: every edition's, in the layout of its report."""

import re
from itertools import groupby
from typing import Any

from esg_kpis.report.kpi_table import kpi_table, periods_of
from esg_kpis.report.site.basis import SiteBasis, to_explorer
from esg_kpis.report.site.figures import figures_of, in_words, spark
from esg_kpis.report.site.words import said


def tables_page(basis: SiteBasis, language: str) -> dict[str, Any]:
    """What the page says: per edition its periods, newest first, and its tables."""
    return {"editions": [_edition(basis, name, language) for name in basis.editions]}


def _edition(basis: SiteBasis, edition: str, language: str) -> dict[str, Any]:
    labels, values = basis.of("kpi_labels", edition), basis.of("kpi_values", edition)
    periods, figures = periods_of(labels, values), figures_of(basis, edition, language)
    tables = []
    for number, (name, rows) in enumerate(groupby(kpi_table(labels, values, basis.of("published", edition), language), key=lambda row: (row["table"], row["table_zh"])), 1):
        made, last = [], None
        for row in rows:
            spot = (row["kpi_id"], row["breakdown"], row["category"])
            cells = [figures.cells.get((*spot, period)) for period in periods]
            group, label = _parted(figures.label(*spot), row, language)
            line = {
                "label": label, "group": group if group != last else None, "inner": group is not None, "unit": figures.unit(*spot), "cells": cells, "footnote": row["footnote"].replace(";", ", "), "href": to_explorer("kpi", edition, row["kpi_id"]),
                "spark": spark([None if cell is None else cell["value"] for cell in reversed(cells)]),
            }  # fmt: skip
            line["words"] = in_words({"label": figures.label(*spot)}, list(reversed(cells)), list(reversed(periods)), said("tables", "trend_words", language))
            last = group
            made.append(line)
        tables.append({"id": f"t-{re.sub(r'[^a-z0-9]+', '-', edition.lower())}-{number}", "name": (language == "zh" and name[1]) or name[0], "rows": made, "notes": any(line["footnote"] for line in made)})
    return {"id": edition, "document": basis.editions[edition].rules.document, "knowledge": basis.facts.get(f"known on {edition}", ""), "periods": periods, "tables": tables}


def _parted(label: str, row: dict[str, Any], language: str) -> tuple[str | None, str]:
    """A KPI's name, over the rows of its categories, and the name of the category."""
    if row["breakdown"] == "total":
        return None, label
    before, apart, after = label.rpartition("：" if language == "zh" and row["label_zh"] else ": ")
    return (before, after) if apart else (None, label)
