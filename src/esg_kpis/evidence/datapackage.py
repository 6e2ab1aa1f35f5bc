"""`datapackage.json`: what each CSV of a pack holds, column by column, so that any tool can read it.

Source: Frictionless Data, Data Package v1 and Tabular Data Resource (specs.frictionlessdata.io).
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from esg_kpis.evidence.contents import JUDGED, TABLES, WHAT
from esg_kpis.evidence.environment import as_json
from esg_kpis.evidence.manifest import sha256
from esg_kpis.tables import PACK_APPROVALS, RESTATEMENTS, Column, Table

APOSTROPHE = "Text that would start a formula in a spreadsheet, and text that begins with an apostrophe, stands behind an apostrophe: take one away."
_MORE = {"approvals.csv": PACK_APPROVALS, "restatements.csv": RESTATEMENTS}


def datapackage_of(files: Mapping[str, bytes], edition: str, period: str, document: str) -> bytes:
    """The descriptor of the CSV files of a pack that we write; those enclosed as received are none of its resources."""
    tables = {**TABLES, **JUDGED, **_MORE}
    resources = [_resource(path, files[path], tables[path]) for path in sorted(files) if path in tables]
    title = f"Evidence pack of the edition {edition}, period {period}: {document}"
    return as_json({"profile": "tabular-data-package", "name": f"evidence-{edition}-{period}".lower(), "title": title, "description": APOSTROPHE, "resources": resources})


def _resource(path: str, content: bytes, table: Table) -> dict[str, Any]:
    blank = {column.name for column in table.columns if column.nullable}
    key = {} if blank.intersection(table.key) else {"primaryKey": list(table.key)}  # A primary key has no blanks.
    schema = {"fields": [_field(column) for column in table.columns], **key, "missingValues": [""]}
    said = WHAT.get(path, f"One row: {table.grain}")
    return {
        "profile": "tabular-data-resource", "name": path.removesuffix(".csv").replace("/", "-"), "path": path, "description": f"{said}.", "format": "csv", "mediatype": "text/csv",
        "encoding": "utf-8", "bytes": len(content), "hash": f"sha256:{sha256(content)}", "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": schema,
    }  # fmt: skip


def _field(column: Column) -> dict[str, Any]:
    constraints: dict[str, Any] = {} if column.nullable or column.dtype == pl.String() else {"required": True}
    if column.allowed:
        constraints["enum"] = list(column.allowed)
    return {
        "name": column.name, "type": _kind(column), "description": column.meaning, **({"unit": column.unit} if column.unit else {}),
        **({"decimals": column.dtype.scale} if isinstance(column.dtype, pl.Decimal) else {}), **({"constraints": constraints} if constraints else {}),
    }  # fmt: skip


def _kind(column: Column) -> str:
    if isinstance(column.dtype, pl.Decimal):
        return "number"
    return next((kind for dtype, kind in ((pl.Int64(), "integer"), (pl.Date(), "date"), (pl.Boolean(), "boolean")) if column.dtype == dtype), "string")
