"""What the Dagster UI shows of a frame that was made: how many rows, a few of them, a digest. Nothing that tells of a person, and nothing that is suppressed."""

import hashlib
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import dagster as dg
import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.assurance.withheld import PEOPLE_CHECKS, PER_HEAD, of_people
from esg_kpis.domains import DOMAINS
from pipelines.catalogue import PREVIEWED
from pipelines.lineage import lineage_metadata

NO_ROWS = frozenset({"people_counts", "people_controls", "headcount"})
"""Tables that hold small groups: no row of them is shown, and no digest, by which somebody who knows all but one number could try that one."""

_ROWS, _COLUMNS, _WIDTH, _DIGITS = 5, 5, 40, 16
_HASHED = 500_000
"""Larger tables are not digested in passing; `manifest.sha256` among the results lists their files."""
_SLICE = 50_000
_WITH_PSEUDONYMS = [domain.name for domain in DOMAINS.values() if domain.counted or any(item.pseudonym for item in domain.fields)]


def visible(frame: pl.DataFrame, asset: str) -> pl.DataFrame:
    """The part of a frame that may be shown to whoever may open the UI.

    Left out are tables and rows about people, rows of domains whose rows stand for a person, estimates and anomalies by head, suppressed cells, and rows as they were received: these may hold
    anything.
    """
    if asset in NO_ROWS:
        return frame.clear()
    names, hidden = frame.columns, []
    if "measure" in names:
        hidden.append(pl.col("measure").is_in(OF_PEOPLE))
    if "path" in names:
        hidden.append(of_people())
    if "domain" in names:
        hidden.append(pl.any_horizontal(pl.col("domain").str.split(";").list.contains(name) for name in _WITH_PSEUDONYMS))
    if {"check", "subject"} <= set(names):
        hidden.append(about_people())
    by_head = {"estimates": "method", "anomalies": "kind"}.get(asset, "estimate_method")
    if by_head in names:
        hidden.append(pl.col(by_head) == PER_HEAD)
    if "status" in names:
        hidden.append(pl.col("status") == "suppressed")
    if "verdict" in names:
        hidden.append(pl.col("verdict") == "suppressed")
    kept = frame.filter(~pl.any_horizontal(expression.fill_null(value=False) for expression in hidden)) if hidden else frame
    return kept.drop("received") if asset == "records" else kept


def about_people() -> pl.Expr:
    """Whether a finding counts persons or names a row of one."""
    return pl.col("check").is_in(PEOPLE_CHECKS) | of_people("subject") | pl.col("subject").is_in(OF_PEOPLE)


def digest(frame: pl.DataFrame) -> str:
    """SHA-256 of a frame as CSV: the same for the same rows, however they lie in memory, and whoever has the table can compute it too."""
    found = hashlib.sha256(frame.clear().write_csv().encode())
    for part in frame.iter_slices(_SLICE):
        text = BytesIO()
        part.write_csv(text, include_header=False)
        found.update(text.getbuffer())
    return found.hexdigest()


def preview(frame: pl.DataFrame, asset: str) -> dg.TableMetadataValue:
    """A few rows as a table, spread over the frame; of checks those that failed. Long cells are cut."""
    columns = list(PREVIEWED.get(asset, frame.columns[:_COLUMNS]))
    first = frame.sort("passed", maintain_order=True) if "passed" in frame.columns else frame.select(columns).gather_every(max(1, frame.height // _ROWS))
    rows = first.head(_ROWS).select(pl.col(columns).cast(pl.String)).rows(named=True)
    return table(({name: _cut(row[name] or "") for name in columns} for row in rows), columns)


def _cut(text: str) -> str:
    number = text.replace(".", "", 1).lstrip("-").isdigit()
    plain, width = (text.rstrip("0").rstrip(".") if "." in text else text, _DIGITS) if number else (text, _WIDTH)
    return plain if len(plain) <= width else f"{plain[: width - 1]}…"


def table(rows: Iterable[dict[str, Any]], columns: list[str]) -> dg.TableMetadataValue:
    """Rows as the UI shows a table."""
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows], dg.TableSchema([dg.TableColumn(name) for name in columns]))


def counted(frame: pl.DataFrame, asset: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """What the UI shows of a frame that was made: rows, a preview, a digest, where its columns come from, and `more`."""
    told: dict[str, Any] = {"dagster/row_count": frame.height}
    seen = visible(frame, asset)
    if asset in NO_ROWS:
        told["preview"] = "No row is shown: this table holds small groups of people."
    else:
        told["preview"] = preview(seen, asset)
        if seen.height < frame.height:
            told["rows not shown"] = f"{frame.height - seen.height} that tell of people, or are suppressed, are in neither the preview nor the digest."
        told["sha256"] = digest(seen) if seen.height <= _HASHED else "Too large to be digested in passing; see manifest.sha256 among the results."
    return {**told, **lineage_metadata(asset), **more}


def refused(records: pl.DataFrame, rejected: pl.DataFrame) -> dict[str, Any]:
    """How much of what came could not be read, as numbers of which the UI draws a line over time."""
    count = rejected["record_id"].n_unique()
    return {"rejected records": count, "rejected percent": percent(count, records.height)}


def percent(part: int, whole: int) -> float:
    """A share for a chart. It is shown, and nothing is computed from it."""
    return round(100 * part / whole, 3) if whole else 0.0
