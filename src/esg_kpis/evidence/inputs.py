"""The table of inputs: every file of data/raw with its hash, bytes, rows, what became of them, and control totals."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from esg_kpis.evidence.received import OF_PEOPLE, Found
from esg_kpis.exact import plain, sums
from esg_kpis.tables import INPUTS, conform

_COUNTS = ("rows", "used", "excluded", "rejected")


def inputs_of_pack(found: Sequence[Found], tables: Mapping[str, pl.DataFrame], withheld: set[str]) -> pl.DataFrame:
    """The table of inputs.

    Args:
        found: The files.
        tables: `records`, `record_fates` of the edition, `quantities` and `people_controls` of a run.
        withheld: People files of which the size would tell of few persons.

    Columns: as `inputs` in the data dictionary.
    """
    totals, fates = control_totals(tables["quantities"], tables["records"]), _fates(tables["record_fates"])
    rows = [_row(item, totals, fates, withheld) for item in found]
    here = {item.path for item in found}
    locked = tables["people_controls"].filter(~pl.col("path").is_in(list(here))).unique("path", keep="first", maintain_order=True)
    rows += [
        {"path": row["path"], "domain": OF_PEOPLE[0], "held": "annex", "received": "locked", "sha256": row["sha256"]} for row in locked.sort("path").iter_rows(named=True)
    ]
    return conform(pl.DataFrame(rows, schema=INPUTS.schema), INPUTS)


def _row(item: Found, totals: Mapping[str, str], fates: Mapping[str, dict[str, int]], withheld: set[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": item.path, "domain": item.domain, "held": item.held, "received": item.received, "sha256": item.sha256, "bytes": item.bytes, "problem": item.problem,
    }  # fmt: skip
    if item.domain in OF_PEOPLE:
        return row | {"bytes": None if item.path in withheld else row["bytes"]}
    if item.received in ("read", "ignored"):
        row |= dict.fromkeys(_COUNTS, 0) | fates.get(item.path, {}) | {"control_totals": totals.get(item.path)}
    return row


def _fates(fates: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Per file how many of its records there are, and how many of each fate."""
    counted = fates.group_by("path").agg(pl.len().alias("rows"), *((pl.col("fate") == fate).sum().alias(fate) for fate in _COUNTS[1:]))
    return {row.pop("path"): row for row in counted.to_dicts()}


def control_totals(quantities: pl.DataFrame, records: pl.DataFrame) -> dict[str, str]:
    """Per file what its quantities add up to, by measure, in words."""
    counting = quantities.filter(pl.col("excluded").is_null()).join(records.select("record_id", "path"), on="record_id")
    totals = sums(counting, ["path", "measure", "unit"], "canonical")
    said = [(row["path"], f"{row['measure']} {plain(row['canonical'])} {row['unit']}") for row in totals.iter_rows(named=True)]
    found: dict[str, list[str]] = {}
    for path, text in said:
        found.setdefault(path, []).append(text)
    return {path: "; ".join(texts) for path, texts in found.items()}
