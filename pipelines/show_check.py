"""What `esg-kpis check` prints: files, rejected rows, days of which nothing came. Computes nothing."""

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.ranges import months_in_words


def print_check(console: Console, files: pl.DataFrame, records: pl.DataFrame, rejected: pl.DataFrame, observations: pl.DataFrame, missing: pl.DataFrame) -> None:
    """The files read, the rows rejected, the days of which nothing came, and what else was seen."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("File", "Encoding", "Records", "Rejected", "Status"):
        table.add_column(name, overflow="fold", justify="right" if name in ("Records", "Rejected") else "left")
    counts = {(path, sheet): count for path, sheet, count in rejected.filter(pl.col("line") > 0).group_by("path", "sheet").agg(pl.col("record_id").n_unique()).iter_rows()}
    for row in files.iter_rows(named=True):
        table.add_row(escape(": ".join(part for part in (row["path"], row["sheet"]) if part)), row["encoding"], str(row["records"]), str(counts.get((row["path"], row["sheet"]), 0)), row["status"])
    console.print(table)
    for row in rejected.sort(pl.col("line") > 0, "path", "sheet", "line", "rule").head(20).iter_rows(named=True):
        console.print(f"[red]rejected[/] {escape(row['message'])}  ({row['rule']})")
    if rejected.height > 20:
        console.print(f"… and {rejected.height - 20} more")
    for row in observations.filter(~pl.col("passed")).head(20).iter_rows(named=True):
        console.print(f"[yellow]{row['check']}[/] {escape(row['subject'])}: {escape(row['observed'])}")
    gaps = missing.sort("basis", "measure", "site_id", "month", descending=[True, False, False, False]).partition_by("basis", "measure", "site_id", maintain_order=True)
    for part in gaps[:20]:
        by = "the register of meters expects it" if part["basis"][0] == "register" else "it lies between records of the meter"
        console.print(f"[yellow]missing[/] {part['measure'][0]} at {escape(part['site_id'][0])}: {part['missing'].sum()} days of {months_in_words(part['month'])}; {by}")
    if len(gaps) > 20:
        console.print(f"… and {len(gaps) - 20} more sites and measures with days missing: coverage.csv of a run")
    console.print(f"{records.height} records in {files.height} files, {rejected['record_id'].n_unique()} rejected.")
