"""What is still to be done about findings: one answer for the report site, the terminal and Dagster, so that all count the same."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from esg_kpis.tables import SEVERITIES


def state_of(row: Mapping[str, Any]) -> str:
    """The state of a finding that is being made.

    Args:
        row: A finding with `passed`, `waived` and `what_to_do`, and with `state` where whoever made it knows that it is explained, or follows from another one.

    Returns:
        One of `FINDING_STATES` of the data dictionary.
    """
    if row["passed"]:
        return "passed"
    if row["waived"] is not None:
        return "waived"
    # Advice that begins with this word is for information: a bill that was corrected, a file that came twice.
    return str(row.get("state") or ("known" if row["what_to_do"].startswith("Nothing") else "open"))


def still_open(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings about which there is something to do: neither passed, nor waived, nor explained, nor only to be known, nor gone once another one is mended."""
    return findings.filter(pl.col("state") == "open")


def needs_a_person(findings: pl.DataFrame) -> pl.DataFrame:
    """Of those, errors and warnings. Notes can wait until there is time."""
    return still_open(findings).filter(pl.col("severity") != "note")


def open_by_severity(findings: pl.DataFrame) -> dict[str, int]:
    """How many findings there is something to do about: errors, warnings, notes."""
    counts = {str(name): int(count) for name, count in still_open(findings).group_by("severity").len().iter_rows()}
    return {name: counts.get(name, 0) for name in SEVERITIES}
