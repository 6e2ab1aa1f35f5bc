"""How meter readings look in a terminal. Computes nothing."""

from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.exact import plain
from esg_kpis.report.kpi_table import with_thousands


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in ("table", "month", "unit", "day", "time", "what became of it", "file and row", "site") else "right")
    return table


def print_months(console: Console, found: list[dict[str, Any]], besides: list[tuple[str, int, str]], stopped: list[tuple[str, str]], *, of_meter: bool) -> None:
    """Months of tables, or of one meter; besides, rows that are of none, and what could not be read."""
    counts = ("rows", "used", "missing", "estimated", "rejected", "excluded", *(name for name in ("rollovers", "breaks") if any(row[name] for row in found)))
    table = _table("table", "month", *(("site",) if of_meter else ("meters",)), *counts, "quantity", "unit")
    for row in found:
        who = row["site_id"] if of_meter else f"{row['meters']:,}"
        table.add_row(escape(row["reading_table"]), row["month"], escape(str(who)), *("" if row[name] is None else f"{row[name]:,}" for name in counts), with_thousands(plain(row["quantity"])), escape(row["unit"]))
    console.print(table)
    for name, rows, named in besides:
        meters = f", among them of {named}" if named else ""
        console.print(f"[yellow]besides[/] {escape(name)}: {rows:,} {'row' if rows == 1 else 'rows'} of no registered meter{escape(meters)}: reading_fates.csv says why, reading_samples.csv shows some")
    for name, problem in stopped:
        console.print(f"[yellow]stopped[/] {escape(name)}: {escape(problem)}")
    console.print("[dim]used, missing and estimated are intervals, or readings of a counter; rejected and excluded are rows. Why: reading_fates.csv. One meter: esg-kpis readings METER --month YYYY-MM[/]")


def print_rows(console: Console, walk: dict[str, Any], most: int) -> None:
    """A meter in a month: its lines in the month's file, its days, and the rows that do not simply count; of one day all rows."""
    meter = walk["meter"]
    console.print(f"[bold]{escape(meter['meter_id'])}[/], {escape(meter['site_id'])}, {meter['month']}, table {escape(meter['reading_table'])}: {with_thousands(meter['quantity'])} {escape(meter['unit'])} as known on {walk['known_on']}")
    for line in walk["lines"]:
        kind = ", estimated" if line["bill_kind"] == "estimate" else ""
        console.print(f"  {escape(line['path'])}, line {line['line']}: {line['period_start']} to {line['period_end']} {with_thousands(line['quantity'])} {escape(line['unit'])}{kind}")
    if not meter["rows"]:
        console.print("  [dim]it was not read in this month: what it went on between the readings before and after is parted by time[/]")
        return
    if walk["form"] == "register":
        console.print("  [dim]of a counter each row counts what it went on since the reading before; what it went on between two months is parted by time at midnight, and stands in the lines above and in no row[/]")
    if walk["day"] is None:
        days = _table("day", "used", "of", "not used", "estimated", f"counted {meter['unit']}")
        for row in walk["days"]:
            days.add_row(str(row["day"]), str(row["used"]), str(row["expected"]), str(row["not_used"] or ""), str(row["estimated"] or ""), with_thousands(row["counted"] or "0"))
        console.print(days)
    shown = walk["rows"] if walk["day"] is not None else [row for row in walk["rows"] if row["fate"] != "used"]
    if walk["day"] is None:
        console.print(f"{len(shown)} rows do not count" + ("" if shown else ". Each row of a day: --day"))
    elif not shown:
        console.print(f"No rows on {walk['day']}.")
    _print_rows(console, shown, most or len(shown))


def _print_rows(console: Console, rows: list[dict[str, Any]], most: int) -> None:
    if not rows:
        return
    table = _table("time", "value", "counted", "what became of it", "file and row")
    for row in rows[:most]:
        fate = "used" + (", an estimate" if row["estimated"] else "") if row["fate"] == "used" else f"{row['fate']}: {row['rule']}"
        table.add_row(escape(row["time"] or ""), escape(row["value"] or ""), with_thousands(row["counted"]) if row["counted"] else "", escape(fate), escape(f"{row['path']}, {row['row']}"))
    console.print(table)
    if len(rows) > most:
        console.print(f"[dim]and {len(rows) - most} more: --rows 0[/]")
