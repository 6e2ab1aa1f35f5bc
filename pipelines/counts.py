"""A set of results in a few numbers: states, verdicts, fates, and what is open. Reads the tables of a run; computes nothing."""

from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.assurance.states import open_by_severity
from pipelines.latest import latest_of, read_result

VERDICTS = {"equal": "equal", "stated": "stated by their source", "differs": "differ", "not_computed": "not computed", "blocked": "blocked", "suppressed": "with too few persons"}
"""What becomes of a printed figure, in the plural."""
OFF = ("differs", "not_computed", "blocked")
"""Verdicts on a figure that was printed and is not reproduced."""


def summary(out: Path) -> dict[str, Any]:
    """The last run in a few numbers: what is blocked, how the tie-out stands, what needs a person."""
    return {"results": str(out), **summary_of(latest_of(out))}


def summary_of(folder: Path) -> dict[str, Any]:
    """The same of one set of results."""
    values, ties, findings = read_result(folder, "kpi_values"), read_result(folder, "tie_out"), read_result(folder, "findings")
    rejected, fates = read_result(folder, "rejected"), read_result(folder, "record_fates")
    return {
        "kpi_values": values.height,
        "blocked": values.filter(pl.col("status") == "blocked").height,
        "incomplete": values.filter(pl.col("status") == "incomplete").height,
        "records": fates["record_id"].n_unique(),
        "rejected_records": rejected["record_id"].n_unique(),
        "tie_out": {
            edition: counts(ties.filter(pl.col("edition") == edition), "verdict") for edition in sorted(ties["edition"].unique().to_list())
        },
        "fates": {
            edition: counts(fates.filter(pl.col("edition") == edition), "fate") for edition in sorted(fates["edition"].unique().to_list())
        },
        "findings": open_by_severity(findings),
        "findings_settled": findings.filter(~pl.col("state").is_in(["open", "passed"])).height,
        "unexplained": findings.filter(
            (pl.col("check") == "tie_out") & (pl.col("severity") == "error") & pl.col("waived").is_null()
        ).height,
    }


def counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    """How many rows have which value of a column."""
    return {str(name): int(count) for name, count in frame.group_by(column).len().sort(column).iter_rows()}


def counted_verdicts(ties: pl.DataFrame) -> str:
    """What became of all printed figures, in words."""
    figures = ties.filter(pl.col("published").is_not_null())
    if figures.is_empty():
        return "no printed figures to compare with"
    found = counts(figures, "verdict")
    total = ", ".join(f"{found[name]} {words}" for name, words in VERDICTS.items() if name in found)
    unexplained = figures.filter(pl.col("verdict").is_in(OFF) & ~pl.col("explained")).height
    return f"{figures.height} printed figures: {total}; {unexplained or 'none'} without an explanation"
