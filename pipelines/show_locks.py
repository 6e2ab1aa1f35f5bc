"""After a run: how its numbers stand beside those that are locked. A workspace without a register loads nothing of it."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from pipelines.asked import Request
from pipelines.latest import latest_of, read_result
from pipelines.locked import is_what_if, looked


def locks(request: Request, out: Path) -> dict[str, Any]:
    """How the last results stand beside what is locked, what is wrong with the register, and whether they are a what-if that went on all the same."""
    found = looked(request, read_result(latest_of(out), "kpi_values"))
    held = [{"edition": item.edition, "period": item.period, "entry": item.entry, "computed": item.computed, "changed": list(item.changed), "said": str(item)} for item in (found.held if found else ())]
    return {"held": held, "problems": list(found.problems) if found else [], "what_if": is_what_if(request)}


def print_locks(console: Console, told: dict[str, Any]) -> None:
    """A line per locked period."""
    for item in told["held"]:
        console.print(f"[bold]Locked[/]: {escape(item['said'])}")
    for problem in told["problems"]:
        console.print(f"[bold red]Problem[/] of the register: {escape(problem)}")
    if told["problems"] or any(item["changed"] for item in told["held"]):
        console.print("  This what-if was not stopped, since it lies in a folder of its own. Its numbers cannot be approved.")
