"""The tie-out in a terminal: computed against printed, and why they differ. Computes nothing."""

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.counts import OFF, counted_verdicts, counts


def print_tie_out(console: Console, frame: pl.DataFrame, *, every: bool) -> None:
    """The tie-out, by default only what is not equal."""
    for edition in sorted(frame["edition"].unique().to_list()):
        own = frame.filter(pl.col("edition") == edition)
        verdicts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts(own, "verdict").items())
        console.print(f"[bold]{edition}[/]: {own['published'].drop_nulls().len()} printed figures; {verdicts}")
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
    total, _, told = counted_verdicts(ties).partition(": ")
    console.print(f"[bold]All {total}[/]: {told}" if told else total.capitalize())


def print_stated(console: Console, ties: pl.DataFrame) -> None:
    """The printed cells that are inputs by nature, with the document that states them."""
    stated = ties.filter(pl.col("verdict") == "stated").sort("explanation", "kpi_id", "period", "category")
    for (where,), own in stated.group_by("explanation", maintain_order=True):
        console.print(f"  [dim]{escape(str(where))}[/]")
        for row in own.iter_rows(named=True):
            place = "" if row["breakdown"] == "total" else f" {row['breakdown']}={row['category']}"
            console.print(f"    {row['kpi_id']}{escape(place)} {row['period']}: {row['published']} {row['unit']}")


def print_differences(console: Console, ties: pl.DataFrame, most: int = 12) -> None:
    """The printed cells that are not reproduced, with the difference and why."""
    off = ties.filter(pl.col("verdict").is_in(OFF) & pl.col("published").is_not_null()).sort(
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
