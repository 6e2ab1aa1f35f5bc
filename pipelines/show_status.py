"""The dashboard in a terminal, at 100 columns."""

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 100
COLUMNS = (("ok", 5), ("incompl.", 9), ("blocked", 8), ("equal", 7), ("differ", 7), ("missing", 8), ("rejected", 9), ("errors", 8), ("warn.", 6), ("notes", 6), ("anom.", 6))
NARROW = (("ok", 4), ("incompl.", 9), ("blocked", 8), ("equal", 6), ("differ", 7), ("missing", 8), ("rejected", 9), ("errors", 7), ("warn.", 6), ("anom.", 6))
"""Where there is less room: no notes, and an approval on a line of its own."""
LEGEND = (
    "equal: also stated by their source; missing: printed, and blocked or not computed; rejected: rows about days of the period; anom.: anomalies that nobody explained. "
    "Findings and anomalies are open ones."
)
STYLES = {"locked": "green", "reviewed": "cyan", "prepared": "cyan", "unknown": "bold red"}


def print_status(console: Console, told: dict[str, Any]) -> None:
    """The last run, a table of periods, what each needs next, and the register."""
    console.width = min(console.width, WIDTH) if console.width < 1000 else WIDTH
    _print_run(console, told)
    if told["periods"] and told["run"] and not told["run"]["damaged"]:
        _print_table(console, told)
    _print_next(console, told)
    if told["target_periods"]:
        by_edition: dict[str, list[str]] = {}
        for row in told["target_periods"]:
            by_edition.setdefault(row["edition"], []).append(row["period"])
        console.print(Text("Periods that only targets name: " + "; ".join(f"{', '.join(periods)} (edition {edition})" for edition, periods in by_edition.items()), style="dim"))
    _print_register(console, told)


def _print_run(console: Console, told: dict[str, Any]) -> None:
    run = told["run"]
    if run is None:
        console.print(Text.assemble(("Last run  ", "bold"), "none"))
    else:
        unlike = run["changed_since"]
        state = Text("no", style="green") if not unlike else Text(f"yes: {', '.join(unlike)}", style="yellow")
        console.print(Text.assemble(("Last run  ", "bold"), f"{run['key']}, written {run['written']}; changed since: ", state))
        if run["damaged"]:
            console.print(Text(f"Damaged   {run['damaged']}", style="bold red"))
        elif told["rejected"] is not None:
            undated = f" ({told['rejected_undated']} of them without dates)" if told["rejected_undated"] else ""
            elsewhere = ", ".join(f"{count} {name}{'s' if count != 1 else ''}" for name, count in told["findings_elsewhere"].items() if count) or "none"
            console.print(Text.assemble(("Rejected  ", "bold"), f"{told['rejected'] or 'no'} rows{undated}"))
            console.print(Text.assemble(("Findings  ", "bold"), f"{elsewhere} of no one period; the others stand below"))
    if told["next"]:
        console.print(Padding(Text.assemble(("Next      ", "bold"), (told["next"], "bold yellow")), (0, 0, 0, 0), expand=False))


def _print_table(console: Console, told: dict[str, Any]) -> None:
    roomy = console.width >= WIDTH
    columns = COLUMNS if roomy else NARROW
    kpis, printed, rows, found = (sum(size for _, size in columns[first:last]) for first, last in ((0, 3), (3, 6), (6, 7), (7, len(columns) - 1)))
    console.print(Text(f"\n{'':8}{'KPIs':^{kpis}}{'printed figures':^{printed}}{'rows':>{rows}}{'findings':^{found}}", style="dim"))
    console.print(Text(f"{'Period':8}{''.join(f'{name:>{size}}' for name, size in columns)}{'  Approval' if roomy else ''}", style="bold"))
    edition = None
    for row in told["periods"]:
        if row["edition"] != edition:
            edition = row["edition"]
            console.print(Text(f"{told['documents'].get(edition, '')} (edition {edition})".strip(), style="cyan"))
        text = Text(f" {row['period']:7}")
        numbers = dict(zip([name for name, _ in COLUMNS], _numbers(row), strict=True))
        for name, size in columns:
            count, style = numbers[name]
            shown = "?" if count is None else f"{count:,}" if count else "–"
            text.append(f"{shown:>{size}}", style=style if count else "dim")
        text.append(f"  {row['state']}" if roomy else "" if row["state"] == "open" else f"\n{'':8}{row['state']}", style="bold red" if row["as_approved"] is False else STYLES.get(row["state"], ""))
        console.print(text, soft_wrap=True)
    console.print(Padding(Text(LEGEND, style="dim"), (0, 0, 1, 0), expand=False))


def _numbers(row: dict[str, Any]) -> tuple[tuple[int | None, str], ...]:
    kpis, tie, found = row["kpis"], row["tie_out"], row["findings"]
    return (
        (kpis["ok"], ""), (kpis["incomplete"], "yellow"), (kpis["blocked"], "bold red"), (tie["equal"] + tie["stated"], ""), (tie["differs"], "yellow"), (tie["not_computed"] + tie["blocked"], "yellow"),
        (row["rejected"], "yellow"), (found["error"], "bold red"), (found["warning"], "yellow"), (found["note"], ""), (row["anomalies"], "yellow"),
    )  # fmt: skip


def _print_next(console: Console, told: dict[str, Any]) -> None:
    """What each period needs, once for those that need the same."""
    if not told["periods"]:
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for row in told["periods"]:
        grid.add_row(Text(f"{row['edition']} / {row['period']}"), Text(row["next"]))
        if row["reason"]:
            grid.add_row("", Text(row["reason"], style="yellow"))
        if row["by"]:
            grid.add_row("", Text(f"{row['state']} by {row['by']} at {row['at']} (entry {row['sequence']}){_same(row)}", style="dim"))
    console.print(Text("Next, by edition and period", style="bold"))
    console.print(grid)


def _same(row: dict[str, Any]) -> str:
    return {True: "; the present numbers are those", False: "; the present numbers are others", None: ""}[row["as_approved"]]


def _print_register(console: Console, told: dict[str, Any]) -> None:
    if not told["entries"] and not told["problems"]:
        console.print(Text("Register  nothing is approved yet: docs/approval.md", style="dim"))
    elif told["entries"] is not None:
        console.print(Text.assemble(("Register  ", "bold"), f"{told['register']}, {told['entries']} entries, chain {'ok' if told['chain_ok'] else 'NOT whole'}"))
        console.print(Text(f"Head: {told['head']}"), soft_wrap=True)
    for problem in [*told["problems"], *(f"{place} is locked, and the last results say otherwise" for place in told["broken"])]:
        console.print(Padding(Text.assemble(("Problem ", "bold red"), problem), (0, 0, 0, 0), expand=False))
