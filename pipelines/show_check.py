"""What `esg-kpis check` prints: files, rejected rows, days of which nothing came. Computes nothing."""

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.assurance.withheld import of_people
from esg_kpis.domains import DOMAINS
from esg_kpis.ranges import months_in_words
from esg_kpis.readings.declared import ROLLED_FILE


def print_check(console: Console, files: pl.DataFrame, records: pl.DataFrame, rejected: pl.DataFrame, observations: pl.DataFrame, missing: pl.DataFrame) -> None:
    """The files read, the rows rejected, the days of which nothing came, and what else was seen."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("File", "Encoding", "Records", "Rejected", "Status"):
        table.add_column(name, overflow="fold", justify="right" if name in ("Records", "Rejected") else "left")
    counts = {(path, sheet): count for path, sheet, count in rejected.filter(pl.col("line") > 0).group_by("path", "sheet").agg(pl.col("record_id").n_unique()).iter_rows()}
    rolled = 0
    for row in files.iter_rows(named=True):
        named, refused, status = escape(": ".join(part for part in (row["path"], row["sheet"]) if part)), f"{counts.get((row['path'], row['sheet']), 0):,}", row["status"]
        domain = DOMAINS.get(row["path"].split("/")[0])  # None of a file that lies in no folder of a domain.
        if status == "read" and domain is not None and domain.rolled and not row["path"].endswith(ROLLED_FILE):
            rolled, refused, status = rolled + 1, "–", "rolled up"
        table.add_row(named, row["encoding"], f"{row['records']:,}", refused, status)
    console.print(table)
    if rolled:
        console.print("[dim]– rows of readings are counted by table and month, not by file: esg-kpis readings, and reading_fates.csv of a run[/]")
    for row in rejected.sort(pl.col("line") > 0, "path", "sheet", "line", "rule").head(20).iter_rows(named=True):
        console.print(f"[red]rejected[/] {escape(row['message'])}  ({row['rule']})")
    if rejected.height > 20:
        console.print(f"… and {rejected.height - 20:,} more")
    for row in observations.filter(~pl.col("passed")).head(20).iter_rows(named=True):
        console.print(f"[yellow]{row['check']}[/] {escape(row['subject'])}: {escape(row['observed'])}")
    gaps = missing.sort("basis", "measure", "site_id", "month", descending=[True, False, False, False]).partition_by("basis", "measure", "site_id", maintain_order=True)
    for part in gaps[:20]:
        by = "the register of meters expects it" if part["basis"][0] == "register" else "it lies between records of the meter"
        console.print(f"[yellow]missing[/] {part['measure'][0]} at {escape(part['site_id'][0])}: {part['missing'].sum()} days of {months_in_words(part['month'])}; {by}")
    if len(gaps) > 20:
        console.print(f"… and {len(gaps) - 20} more sites and measures with days missing: coverage.csv of a run")
    console.print(f"{records.height:,} {'record' if records.height == 1 else 'records'} in {files.height:,} {'file' if files.height == 1 else 'files'}, {rejected['record_id'].n_unique():,} rejected.{_of_persons(records, rejected)}")


def _of_persons(records: pl.DataFrame, rejected: pl.DataFrame) -> str:
    """Why the records are fewer than the rows of the table above: those of persons are counted at once, and only refused ones stand by themselves."""
    whole, refused = records.filter(of_people() & (pl.col("line") == 0)).height, rejected.filter(of_people() & (pl.col("line") > 0))["record_id"].n_unique()
    if not whole:
        return ""
    each = "One of these records is a whole file of persons" if whole == 1 else f"{whole:,} of these records are whole files of persons"
    apart = f"; besides, {refused:,} rejected {'row' if refused == 1 else 'rows'} of persons" if refused else ""
    return f"\n{each}, whose rows are counted at once{apart}. The column Records counts rows."
