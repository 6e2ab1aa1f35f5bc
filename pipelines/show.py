"""How results look in a terminal, at 100 columns. Reads the tables of a run; computes nothing."""

from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.assurance.states import open_by_severity
from esg_kpis.ranges import months_in_words
from pipelines.run import latest_of, read_result

VERDICTS = {"equal": "equal", "stated": "stated by their source", "differs": "differ", "not_computed": "not computed", "blocked": "blocked", "suppressed": "with too few persons"}
"""What becomes of a printed figure, in the plural."""


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
            edition: _counts(ties.filter(pl.col("edition") == edition), "verdict") for edition in sorted(ties["edition"].unique().to_list())
        },
        "fates": {
            edition: _counts(fates.filter(pl.col("edition") == edition), "fate") for edition in sorted(fates["edition"].unique().to_list())
        },
        "findings": open_by_severity(findings),
        "findings_settled": findings.filter(~pl.col("state").is_in(["open", "passed"])).height,
        "unexplained": findings.filter(
            (pl.col("check") == "tie_out") & (pl.col("severity") == "error") & pl.col("waived").is_null()
        ).height,
    }


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in frame.group_by(column).len().sort(column).iter_rows()}


# ---------------------------------------------------------------- tie-out


def print_differences(console: Console, ties: pl.DataFrame, most: int = 12) -> None:
    """The printed cells that are not reproduced, with the difference and why."""
    off = ties.filter(pl.col("verdict").is_in(["differs", "not_computed", "blocked"]) & pl.col("published").is_not_null()).sort(
        "edition", "kpi_id", "period", "category"
    )
    said: set[str] = set()
    for row in off.head(most).iter_rows(named=True):
        place = "" if row["breakdown"] == "total" else f" {row['breakdown']}={row['category']}"
        computed = row["computed"] if row["computed"] is not None else row["verdict"].replace("_", " ")
        console.print(
            f"  [yellow]{row['edition']} {row['kpi_id']}{escape(place)} {row['period']}[/]: printed {row['published']}, computed {computed} {row['unit']}"
        )
        why = row["explanation"] or "No explanation is known: this is a defect of the data, the edition, or the report."
        console.print(f"    {escape(why) if why not in said else '(as above)'}")
        said.add(why)
    if off.height > most:
        console.print(f"  … and {off.height - most} more: esg-kpis tie-out, or tie_out.csv")


# ---------------------------------------------------------------- check


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


# ---------------------------------------------------------------- tie-out by command


def print_tie_out(console: Console, frame: pl.DataFrame, *, every: bool) -> None:
    """The tie-out, by default only what is not equal."""
    for edition in sorted(frame["edition"].unique().to_list()):
        own = frame.filter(pl.col("edition") == edition)
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in _counts(own, "verdict").items())
        console.print(f"[bold]{edition}[/]: {own['published'].drop_nulls().len()} printed figures; {counts}")
        if every:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for name in ("KPI", "Period", "Category", "Published", "Computed", "Verdict"):
                table.add_column(name, justify="right" if name in ("Published", "Computed") else "left", overflow="fold")
            for row in own.iter_rows(named=True):
                table.add_row(
                    row["kpi_id"],
                    row["period"],
                    escape(row["category"]),
                    row["published"] or "",
                    row["computed"] or "",
                    row["verdict"].replace("_", " "),
                )
            console.print(table)
        print_differences(console, own, most=50)
        print_stated(console, own)
    print_total(console, frame)


def print_total(console: Console, ties: pl.DataFrame) -> None:
    """What became of all printed figures: each is in one of these numbers."""
    total, _, counts = counted_verdicts(ties).partition(": ")
    console.print(f"[bold]All {total}[/]: {counts}" if counts else total.capitalize())


def counted_verdicts(ties: pl.DataFrame) -> str:
    """The same in words."""
    figures = ties.filter(pl.col("published").is_not_null())
    if figures.is_empty():
        return "no printed figures to compare with"
    counts = _counts(figures, "verdict")
    total = ", ".join(f"{counts[name]} {words}" for name, words in VERDICTS.items() if name in counts)
    unexplained = figures.filter(pl.col("verdict").is_in(["differs", "not_computed", "blocked"]) & ~pl.col("explained")).height
    return f"{figures.height} printed figures: {total}; {unexplained or 'none'} without an explanation"


def print_stated(console: Console, ties: pl.DataFrame) -> None:
    """The printed cells that are inputs by nature, with the document that states them."""
    stated = ties.filter(pl.col("verdict") == "stated").sort("explanation", "kpi_id", "period", "category")
    for (where,), own in stated.group_by("explanation", maintain_order=True):
        console.print(f"  [dim]{escape(str(where))}[/]")
        for row in own.iter_rows(named=True):
            place = "" if row["breakdown"] == "total" else f" {row['breakdown']}={row['category']}"
            console.print(f"    {row['kpi_id']}{escape(place)} {row['period']}: {row['published']} {row['unit']}")
