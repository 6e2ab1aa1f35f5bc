"""Worked rows of templates that nobody overwrote. They count like any other row, so that a new workspace runs as it is; this says so until they are gone."""

import polars as pl

from esg_kpis.ingest.observations import OBSERVATION

MARK = "EXAMPLE-"
"""What a cell of a worked row begins with: a site, a bill number or the name of a statement. Nothing real is called so."""
_IN_A_ROW = f'":"{MARK}'
_SHOWN = 6


def example_rows(records: pl.DataFrame, gone: pl.Series) -> pl.DataFrame:
    """One observation per sheet that holds rows of which a cell begins with `MARK`.

    Args:
        records: As in the data dictionary.
        gone: Ids of records that do not count: refused or replaced.

    Columns: as `OBSERVATION`.
    """
    marked = records.filter(pl.col("received").str.contains(_IN_A_ROW, literal=True))
    if marked.is_empty():
        return pl.DataFrame(schema=OBSERVATION)
    rows = []
    for part in marked.filter(~pl.col("record_id").is_in(gone.implode())).sort("path", "sheet", "line").partition_by("path", "sheet", maintain_order=True):
        lines = part["line"].to_list()
        shown = ", ".join(map(str, lines[:_SHOWN])) + (" …" if len(lines) > _SHOWN else "")
        rows.append({
            "check": "example_rows", "subject": ", ".join(name for name in (part["path"][0], part["sheet"][0]) if name), "severity": "warning", "passed": False,
            "observed": f"line{'s' if len(lines) > 1 else ''} {shown}: worked example{'s' if len(lines) > 1 else ''} of the template, counted as if {'they were' if len(lines) > 1 else 'it were'} yours",
            "expected": "rows of your own only", "difference": None, "record_ids": ";".join(part["record_id"]),
            "what_to_do": f"Overwrite it with a row of your own, or delete the row: a cell of it begins with {MARK}.",
        })  # fmt: skip
    return pl.DataFrame(rows, schema=OBSERVATION)
