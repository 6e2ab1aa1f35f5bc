"""Computed against published, every printed cell."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.editions import Edition, check_unit
from esg_kpis.editions.targets import printed_cells
from esg_kpis.errors import InputProblem
from esg_kpis.exact import printed, rounded
from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.tables import KPI_VALUES, TIE_OUT, conform

Cell = tuple[str, str, str, str]


def published_of(edition: Edition, with_data: pl.DataFrame) -> pl.DataFrame:
    """What an edition printed: its published.csv, and columns of raw files that its formats declare.

    Raises:
        InputProblem: if a figure is no number.
    """
    figures = pl.concat([edition.published, with_data.filter(pl.col("edition") == edition.id)])
    for row in figures.filter(_figures(figures)["wrong"]).head(1).iter_rows(named=True):
        raise InputProblem(
            f"The published figure '{row['value_as_printed']}' of {row['kpi_id']} is no number.",
            where=f"edition {edition.id}, {row['table']}", mend="Write it in published.csv as the report prints it, such as 1,234.50; leave out a figure that is none.",
        )  # fmt: skip
    for kpi_id, unit, table in figures.select("kpi_id", "unit", "table").unique().sort("table", "kpi_id").iter_rows():
        check_unit(kpi_id, unit, edition.kpis, f"edition {edition.id}, {table}")
    return figures


def tie_out(kpi_values: pl.DataFrame, figures: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """One row per printed or computed cell of an edition.

    Equal means: rounded half-up at the printed decimals, both show the same digits. `difference` is the unrounded value minus the printed one.

    Args:
        kpi_values: The edition's cells.
        figures: What it printed, from `published_of`.
        edition: The edition, with its KPIs and known differences.

    Columns: as `tie_out` in the data dictionary.
    """
    ours = {_cell(row): row for row in kpi_values.filter(pl.col("edition") == edition.id).iter_rows(named=True)}
    theirs = {_cell(row): row for row in figures.with_columns(_figures(figures)["value"].alias("number")).iter_rows(named=True)}
    rows = [_row(cell, ours.get(cell), theirs.get(cell), edition) for cell in sorted({*ours, *theirs})]
    return conform(pl.DataFrame(rows, schema=TIE_OUT.schema), TIE_OUT)


def _figures(figures: pl.DataFrame) -> pl.DataFrame:
    return read_numbers(figures["value_as_printed"].str.strip_suffix("%"))


def _cell(row: Mapping[str, Any]) -> Cell:
    return row["kpi_id"], row["period"], row["breakdown"], row["category"]


def _row(cell: Cell, ours: dict[str, Any] | None, theirs: dict[str, Any] | None, edition: Edition) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(KPI_VALUES.key, (edition.id, *cell), strict=True))
    computed = None if ours is None or ours["value"] is None else Fraction(ours["value"])
    row |= {
        "unit": (theirs or ours or {})["unit"],
        "computed": ours and ours["printed"],
        "published": None,
        "difference": None,
        "explanation": ours and ours["reason"],
        "explained": False,
    }
    if ours and ours["status"] == "suppressed":
        return row | {"verdict": "suppressed", "published": None, "explanation": ours["reason"]}
    if theirs is None:
        return row | {"verdict": "blocked" if ours and ours["status"] == "blocked" else "not_published"}
    number = Fraction(theirs["number"])
    known = _known(cell, edition, None if computed is None else abs(computed - number))
    row["published"] = printed(number, theirs["decimals"])
    if computed is None:
        verdict = "blocked" if ours and ours["status"] == "blocked" else "not_computed"
        reason = (ours and ours["reason"]) or "kpis.yaml does not define it"
        if verdict == "blocked" or known is None:
            return row | {"verdict": verdict, "explanation": reason}
        return row | {"verdict": verdict, "explanation": known, "explained": True}
    equal = row["computed"] == row["published"]
    stated = _stated(cell, edition)
    row |= {"difference": rounded(computed - number), "verdict": ("stated" if stated else "equal") if equal else "differs"}
    if equal:
        return row | {"explanation": "; ".join(part for part in (row["explanation"], stated) if part) or None}
    return row | {"explanation": known, "explained": known is not None}


def _stated(cell: Cell, edition: Edition) -> str | None:
    """Where a figure is stated that is set or told, and not computed; None for any other."""
    if (target := printed_cells(edition.targets).get(cell)) is not None:
        return f"A target, set by the report: {target.source}"
    kpi = edition.kpis.get(cell[0])
    return f"Stated by a document: {kpi.source}" if kpi is not None and kpi.stated else None


def _known(cell: Cell, edition: Edition, size: Fraction | None) -> str | None:
    kpi_id, period, breakdown, category = cell
    for item in edition.rules.known_difference:
        fits = item.kpi_id == kpi_id and item.breakdown in (None, breakdown) and item.category in (None, category)
        small = item.within is None or (size is not None and size <= Fraction(item.within))
        if fits and small and (not item.periods or period in item.periods):
            return f"{item.text} Proof: {item.proof}."
    return None
