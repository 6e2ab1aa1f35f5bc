"""Small workspaces for the tests of ingest: named builders of bills, files, workbooks and formats. Every builder starts from something that is accepted."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from esg_kpis.ingest import Ingested, ingest
from esg_kpis.workspace import Workspace

AS_OF = date(2023, 12, 31)
SITES = (
    "site_id,name,country,kind,valid_from,valid_to,floor_area,floor_area_unit\n"
    "BJ-01,Beijing campus,CN,office,,,,\n"
    "BJ-02,Beijing annexe,CN,office,,,,\n"
    "SH-01,Shanghai store,CN,store,2022-01-01,2023-06-30,,\n"
)
BILL = {
    "site_id": "BJ-01", "measure": "electricity_purchased", "quantity": "100", "unit": "kWh", "period_start": "2023-01-01", "period_end": "2023-01-31",
}  # fmt: skip
FORMAT = """
format_version = 1
[[file]]
glob = "*"
{file}
[[file.feed]]
domain = "energy"
{feed}
{quantity}
{after}
"""
QUANTITY = """
[[file.feed.quantity]]
measure = "electricity_purchased"
column = "amount"
unit = "kWh"
"""
THEIRS = {"site_id": "站点", "meter_id": "表", "document": "账单", "period_start": "from", "period_end": "to", "use": "purpose"}
SENDER = {
    "站点": "BJ-01",
    "表": "",
    "账单": "",
    "from": "2023-01-01",
    "to": "2023-01-31",
    "purpose": "",
    "type": "electricity_purchased",
    "q": "5",
    "u": "kWh",
}
"""A bill in the words of its sender, and `THEIRS`: our words for them."""


def bill(**changes: str) -> dict[str, str]:
    """One bill that is accepted, changed as told."""
    return BILL | changes


def csv_of(*rows: Mapping[str, str], delimiter: str = ",") -> str:
    """Rows as a CSV file with a header of all their columns."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, restval="", delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def toml(*, file: str = "", feed: str = "", quantity: str = QUANTITY, after: str = "") -> str:
    """A `_format.toml` for a wide file of electricity in `amount`, with further keys where told."""
    return FORMAT.format(file=file, feed=feed, quantity=quantity, after=after)


def senders_format() -> str:
    """The format that reads `SENDER`."""
    columns = ", ".join(f'{ours} = "{theirs}"' for ours, theirs in THEIRS.items())
    return toml(
        feed=f"columns = {{ {columns} }}", quantity='[[file.feed.quantity]]\nmeasure_column = "type"\ncolumn = "q"\nunit_column = "u"\n'
    )


def workspace_of(root: Path, files: Mapping[str, str | bytes]) -> Workspace:
    """A workspace with these files under data/raw, beside the register of sites."""
    for name, content in ({"sites/sites.csv": SITES} | dict(files)).items():
        path = root / "data" / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Workspace(root, root / "out")


def read_files(root: Path, files: Mapping[str, str | bytes], as_of: date = AS_OF) -> Ingested:
    """What ingest makes of these files."""
    return ingest(workspace_of(root, files), as_of)


def read_bills(root: Path, *rows: Mapping[str, str]) -> Ingested:
    """What ingest makes of one CSV file of bills in our own words."""
    return read_files(root, {"energy/bills.csv": csv_of(*rows)})


def read_wide(root: Path, rows: Sequence[Mapping[str, str]], form: str) -> Ingested:
    """What ingest makes of one CSV file read by the format `form`."""
    return read_files(root, {"energy/bills.csv": csv_of(*rows), "energy/_format.toml": form})


def rules(read: Ingested) -> dict[int, list[str]]:
    """Line -> the rules it broke, of files outside the register."""
    outside = read.rejected.filter(~pl.col("path").str.starts_with("sites/")).sort("line", "rule")
    return {line: outside.filter(pl.col("line") == line)["rule"].to_list() for line in outside["line"].unique(maintain_order=True)}


def rejection(read: Ingested) -> dict[str, Any]:
    """The one rejection there is."""
    assert read.rejected.height == 1, read.rejected["message"].to_list()
    return read.rejected.row(0, named=True)


def observed(read: Ingested, check: str) -> list[dict[str, Any]]:
    """The observations of one check."""
    return read.observations.filter(pl.col("check") == check).to_dicts()


def numbers_of(read: Ingested) -> list[str]:
    """The accepted quantities, shortest spelling, in the order of their lines."""
    joined = read.quantities.join(read.records.select("record_id", "path", "line"), on="record_id").sort("path", "line", "column")
    return [f"{value.normalize():f}" for value in joined["quantity"]]


def workbook(rows: Sequence[Sequence[Any]], *, sheets: Sequence[str] = ("Bills",), empty_rows: int = 0) -> bytes:
    """An XLSX workbook with the same rows on every sheet. Text stays text; dates are date cells."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        as_date = book.add_format({"num_format": "yyyy-mm-dd"})
        for name in sheets:
            page = book.add_worksheet(name)
            for line, row in enumerate(rows, empty_rows):
                for place, value in enumerate(row):
                    if isinstance(value, date):
                        page.write_datetime(line, place, value, as_date)
                    elif isinstance(value, str):
                        page.write_string(line, place, value)
                    elif value is not None:
                        page.write(line, place, value)
    return content.getvalue()


def bills_workbook(*quantities: Any, sheets: Sequence[str] = ("Bills",), empty_rows: int = 0) -> bytes:  # noqa: ANN401  (a cell holds anything)
    """A workbook of bills in our own words, one a quantity, with date cells."""
    rows = [["BJ-01", "electricity_purchased", quantity, "kWh", date(2023, 1, 1), date(2023, 1, 31)] for quantity in quantities]
    return workbook([list(BILL), *rows], sheets=sheets, empty_rows=empty_rows)


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The workbook with one part added, or replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, part)
    return out.getvalue()
