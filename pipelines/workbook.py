"""The workbook of one edition of the last results."""

from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.errors import UsageProblem
from esg_kpis.report.workbook import Basis, write_workbook
from pipelines.evidence import check_no_heads
from pipelines.last_run import LastRun, last_run
from pipelines.latest import read_result

TABLES = ("quantities", "records", "estimates", "claims", "instruments", "sites", "ownership", "factor_uses", "kpi_labels", "tie_out", "people_controls")
"""The tables of a run that a workbook shows rows of."""


def basis_of(ran: LastRun) -> Basis:
    """What a workbook of an edition is made of."""
    values = ran.table("kpi_values")
    received = read_result(ran.folder, "amounts").filter(pl.col("edition") == "")
    return Basis(ran.inputs, ran.ran, values, ran.lineage(values), received, ran.edition_amounts, {name: ran.table(name) for name in TABLES})


def make_workbook(root: Path, out: Path, edition: str, period: str | None, to: Path | None) -> dict[str, Any]:
    """Writes the workbook of an edition, or of one period of it, and says what it holds.

    Args:
        root: The workspace.
        out: Where the last results are.
        edition: Edition id.
        period: Only figures of this period.
        to: File to write; by default beside the results.

    Raises:
        UsageProblem: if the last results do not hold the edition or the period, the file is no .xlsx, or estimates per head would tell of few persons.
        EsgKpisError: if there are no results, or a sheet would need more rows than it holds.
    """
    target = to or out / f"kpi_workbook_{edition}{f'_{period}' if period else ''}.xlsx"
    if target.suffix.lower() != ".xlsx" or target.is_dir():
        raise UsageProblem(f"'{target.name}' is no name of a workbook.", where="--to", mend="Name a file that ends in .xlsx.")
    ran = last_run(root, out, edition)
    check_no_heads({name: ran.table(name) for name in ("estimates", "kpi_values")}, edition)
    written = write_workbook(basis_of(ran), target, period)
    return {
        "file": str(target), "bytes": target.stat().st_size, "edition": edition, "period": period, "figures": written.figures, "with_number": written.numbers, "rows_below": written.rows,
        "halfway_cases": written.halfway, "inputs_in_place_of_formulas": written.inputs,
    }  # fmt: skip
