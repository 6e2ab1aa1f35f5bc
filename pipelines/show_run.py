"""What `esg-kpis run` prints when it is done, at 100 columns: the newest edition's KPIs, what is blocked and why, and what needs a person. Reads the tables of a run; computes nothing."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from esg_kpis.assurance.named import without_ids
from esg_kpis.assurance.states import still_open
from esg_kpis.report.outputs import changed_before
from pipelines.counts import counted_verdicts, summary_of
from pipelines.latest import RUN_FILE, latest_first, latest_of, read_result
from pipelines.readings_looked_at import stopped
from pipelines.show_kpis import WIDTH, lines_of, print_kpis
from pipelines.show_tie_out import print_differences, print_total

REASONS, ERRORS, IDS, MONTHS = 6, 6, 8, 3
REPORT = Path("report") / "index.html"
"""Where the first page of the report site lies in the results."""


def print_run(console: Console, documents: Mapping[str, str], out: Path, *, every: bool = False, computed: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
    """The KPIs of the newest edition, or of all; then what is blocked or incomplete and why, and a summary: what needs a person, and where everything is.

    Args:
        console: Where to.
        documents: Names the report of each edition.
        out: The results folder.
        every: Prints every edition and every row.
        computed: Of each month of meter readings that the run had to compute, the tables.
    """
    folder = latest_of(out)
    names = ("kpi_labels", "kpi_values", "tie_out", "findings", "anomalies")
    tables = {name: read_result(folder, name) for name in names}
    order = [name for name in latest_first(folder, tables["kpi_values"]["edition"].unique().to_list()) if name in documents]
    for number, name in enumerate(order if every else order[:1]):
        if number:
            console.print()
        own = [tables[table].filter(pl.col("edition") == name) for table in ("kpi_labels", "kpi_values", "tie_out")]
        print_kpis(console, f"{documents[name]} (edition {name})", *lines_of(*own), every=every)
    if not every and order[1:]:
        console.print()
        for name in order[1:]:
            _below(console, _other(tables, name, documents[name]), 0)
    for status, style, title in (("blocked", "bold red", "blocked, never shown as a number"), ("incomplete", "bold yellow", "incomplete, marked ~")):
        print_reasons(console, tables["kpi_values"].filter(pl.col("status") == status), style, title, every=every)
    if every:
        _print_tie_out(console, tables["tie_out"], summary_of(folder))
    _print_summary(console, folder, out, tables, computed)


def _other(tables: Mapping[str, pl.DataFrame], name: str, document: str) -> Text:
    values, ties = (tables[table].filter(pl.col("edition") == name) for table in ("kpi_values", "tie_out"))
    states = dict(values["status"].value_counts().iter_rows())
    blocked = "".join(f", {states[state]} {state}" for state in ("blocked", "incomplete") if state in states)
    printed = ties.filter(pl.col("published").is_not_null())
    as_printed = printed.filter(pl.col("verdict").is_in(["equal", "stated"])).height
    return Text.assemble((f"{document} (edition {name})", "bold"), f": {values.height} cells{blocked}; {as_printed} of {printed.height} printed figures reproduced: `esg-kpis table --edition {name}`")


def print_reasons(console: Console, cells: pl.DataFrame, style: str, title: str, *, every: bool) -> None:
    """Cells of one state by the reason for it: what they have in common once, then which they are."""
    if cells.is_empty():
        return
    by_reason = cells.with_columns(pl.col("reason").fill_null("")).partition_by("reason", maintain_order=True)
    console.print(Text.assemble("\n", (f"{cells.height} cells are {title}", style), f", for {len(by_reason)} reason{'s' if len(by_reason) != 1 else ''}:"))
    for own in by_reason if every else by_reason[:REASONS]:
        _below(console, Text(without_ids(own["reason"][0])), 2)
        for (edition,), part in own.group_by("edition", maintain_order=True):
            periods = part.group_by("kpi_id", maintain_order=True).agg(pl.col("period").unique().sort(descending=True))
            named = [f"{kpi} {' '.join(when)}" for kpi, when in (periods if every else periods.head(IDS)).iter_rows()]
            more = f" and {periods.height - IDS} more KPIs" if periods.height > IDS and not every else ""
            _below(console, Text(f"{edition}: {', '.join(named)}{more}", style="dim"), 4)
    if len(by_reason) > REASONS and not every:
        _below(console, Text(f"and {len(by_reason) - REASONS} more reasons: kpi_values.csv, or run with --all"), 2)


def _print_tie_out(console: Console, ties: pl.DataFrame, facts: dict[str, Any]) -> None:
    console.print("\n[bold]Tie-out[/] (computed against printed)")
    for edition, verdicts in facts["tie_out"].items():
        console.print(f"  {edition}: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in verdicts.items()))
    print_total(console, ties)
    print_differences(console, ties, most=ties.height)
    for edition, fates in facts["fates"].items():
        console.print(f"[bold]Records[/] {edition}: " + ", ".join(f"{count:,} {name}" for name, count in fates.items()) + f" = {facts['records']:,} read")


def _print_summary(console: Console, folder: Path, out: Path, tables: Mapping[str, pl.DataFrame], computed: Mapping[str, Sequence[str]]) -> None:
    """What needs a person, and where everything is: the last lines, where the eye is when a run ends."""
    facts, ties, findings = summary_of(folder), tables["tie_out"], tables["findings"]
    off = ties.filter(pl.col("verdict").is_in(["differs", "not_computed"]) & pl.col("published").is_not_null() & ~pl.col("explained"))
    if off.height:
        console.print("\n[bold yellow]Figures that differ from print without an explanation[/]")
        print_differences(console, off, most=6)
    _print_errors(console, findings)
    waiting = tables["anomalies"].filter(pl.col("state") != "explained").height
    counts = facts["findings"]
    persons = ", ".join(_many(counts[name], name) for name in ("error", "warning") if counts[name])
    words = f"{f'{persons} to act on' if persons else 'none to act on'}, {_many(counts['note'], 'note')} for later, {facts['findings_settled']:,} settled"
    rows = [
        ("KPIs", f"{facts['kpi_values']:,} cells: {facts['blocked'] or 'none'} blocked, {facts['incomplete'] or 'none'} incomplete", "esg-kpis table"),
        ("Tie-out", counted_verdicts(ties), "esg-kpis tie-out"),
        ("Records", f"{facts['records']:,} read, {facts['rejected_records'] or 'none'} rejected", "rejected_by_site" if facts["rejected_records"] else ""),
        *_readings(read_result(folder, "reading_fates"), computed, stopped(folder)),
        ("Findings", words, "report/findings.html" if (out / REPORT).exists() else "findings.csv"),
        ("Anomalies", f"{waiting or 'none'} to be explained", "esg-kpis anomalies --open" if waiting else ""),
        ("Next", "what each period needs", "esg-kpis status"),
        ("Results", str(out), ""),
        *([("Report", str(out / REPORT), "")] if (out / REPORT).exists() else []),
    ]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold", max_width=66)
    grid.add_column(style="cyan", no_wrap=True)
    for row in rows:
        grid.add_row(*map(Text, row))
    console.print()
    console.print(grid)
    if (changed := changed_before(folder, json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))["key"])) is not None:
        console.print(Text(f"Files in {changed} were changed after they were written, so this run stands beside them, in {folder.name}.", style="yellow"))


def _readings(fates: pl.DataFrame, computed: Mapping[str, Sequence[str]], unread: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """How many months of meter readings there are, which of them were computed, and what could not be read."""
    told_stopped = [("Readings" if fates.is_empty() else "", f"stopped: {', '.join(name for name, _ in unread)}", "esg-kpis readings")] if unread else []
    if fates.is_empty():
        return told_stopped
    months, many = fates.select("reading_table", "month").n_unique(), sum(len(tables) for tables in computed.values())
    which = "; ".join(f"{month} {', '.join(tables)}" for month, tables in sorted(computed.items())[:MONTHS]) + (" …" if len(computed) > MONTHS else "")
    told = "none computed" if not many else "all computed" if many == months else f"{many} computed ({which}), the others as they were kept"
    return [("Readings", f"{_many(months, 'month')} of {_many(fates['reading_table'].n_unique(), 'table')}: {told}", "esg-kpis readings"), *told_stopped]


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' if count != 1 else ''}"


def _print_errors(console: Console, findings: pl.DataFrame) -> None:
    """The first error of each kind, with what to do; what blocks, and what differs from print, has been said."""
    every = still_open(findings).filter(pl.col("severity") == "error")
    errors = every.filter(~pl.col("check").is_in(["kpi_blocked", "tie_out"])).sort(
        pl.col("check") == "rejected_record", pl.col("subject").str.contains(", line "), "check", pl.col("subject").str.replace(r", line \d+.*", ""),
        pl.col("subject").str.extract(r", line (\d+)").cast(pl.Int64), "subject",
    )  # fmt: skip
    if errors.is_empty():
        return
    console.print(Text(f"\n{errors.height} {'other ' if errors.height < every.height else ''}error{'s' if errors.height != 1 else ''} among the findings", style="bold red"))
    by_kind = errors.partition_by("check", maintain_order=True)
    for own in by_kind[:ERRORS]:
        row = own.row(0, named=True)
        more = f" (and {own.height - 1} more of this kind: findings.csv)" if own.height > 1 else ""
        _below(console, Text.assemble((row["check"], "red"), f" {row['subject']}: {row['observed']}", (more, "dim")), 2)
        _below(console, Text(row["what_to_do"]), 4)
    if len(by_kind) > ERRORS:
        _below(console, Text(f"and {len(by_kind) - ERRORS} more kinds: findings.csv"), 2)


def _below(console: Console, text: Text, indent: int) -> None:
    """A paragraph that belongs to the line above it; where it is broken, its parts stay together."""
    width = console.width if console.width > 1000 else min(console.width, WIDTH)
    console.print(Padding(text, (0, 0, 0, indent), expand=False), width=width)
