"""What `esg-kpis targets` reads of the last run, and how targets look in a terminal, at 100 columns. Computes nothing."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.tree import Tree

from esg_kpis.errors import UsageProblem
from esg_kpis.exact import plain, printed
from pipelines.latest import known_edition, latest_of, read_result

UNKNOWN = ("not known: ", "not computed: ")
"""How the boundary of a target begins that nothing is computed of; the reason stands with its verdict."""
COLOURS = {"on_path": "green", "reached": "green", "behind": "yellow", "missed": "red"}
VALUES = (("base_value", "Base"), ("path_value", "Path"), ("actual", "Actual"), ("target_value", "Target"))


def told(out: Path, edition: str | None) -> list[dict[str, Any]]:
    """The targets of the last run, each with its periods under `progress`.

    Raises:
        UsageProblem: if the run has no such edition, or no target.
    """
    folder = latest_of(out)
    targets, progress = read_result(folder, "targets"), read_result(folder, "target_progress")
    if edition is not None:
        known_edition(edition, sorted(read_result(folder, "kpi_values")["edition"].unique().to_list()))
        targets = targets.filter(pl.col("edition") == edition)
    if targets.is_empty():
        raise UsageProblem("The editions of the last run set no targets." if edition is None else f"Edition {edition} sets no targets.", mend="Add editions/<id>/targets.yaml: see docs/targets.md.")
    key = ["edition", "target_id", "version"]
    steps = progress.rows_by_key(key, named=True)
    ordered = targets.sort("edition", "version_number", "target_year", "target_id")
    return [{**row, "progress": [{name: value for name, value in step.items() if name not in key} for step in steps.get(tuple(row[name] for name in key), [])]} for row in ordered.iter_rows(named=True)]


def as_json(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same for other programs: decimals as text, without exponents."""

    def shown(row: dict[str, Any]) -> dict[str, Any]:
        return {name: plain(value) if isinstance(value, Decimal) else value for name, value in row.items()}

    return [shown(row) | {"progress": [shown(step) for step in row["progress"]]} for row in rows]


def print_targets(console: Console, rows: list[dict[str, Any]]) -> None:
    """Version by version: each target with its periods, and beneath it what is to be known of it."""
    for edition, version in dict.fromkeys((row["edition"], row["version"]) for row in rows):
        own = [row for row in rows if (row["edition"], row["version"]) == (edition, version)]
        console.print(f"\n[bold]{escape(version)}[/] (edition {escape(edition)})")
        for row in own:
            _print_target(console, row)


def _print_target(console: Console, row: dict[str, Any]) -> None:
    console.print(f"\n  [bold]{escape(row['label'])}[/]: {escape(_aim(row))}")
    known = "" if row["boundary"].startswith(UNKNOWN) else f"; boundary: {row['boundary']}"
    _print_below(console, f"[dim]{escape(row['target_id'])}{escape(known)}. {escape(row['source'])}[/]")
    for what in (row["change"], row["ended"]):
        if what not in (None, "first set", "as before"):
            _print_below(console, f"[yellow]{escape(what)}[/]")
    shown = [step for step in row["progress"] if step["verdict"] != "cannot_be_computed" or step["actual"] is not None]
    if shown:
        table = Table(pad_edge=False, box=None, header_style="bold")
        table.add_column("    Period", no_wrap=True)
        for _, name in VALUES:
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("Unit", overflow="fold", max_width=18)
        table.add_column("Way done", justify="right", no_wrap=True)
        table.add_column("Verdict", no_wrap=True)
        for step in shown:
            colour = COLOURS.get(step["verdict"])
            verdict = escape(step["verdict"].replace("_", " "))
            way = "" if step["progress"] is None else f"{printed(Fraction(step['progress']), 1)} %"
            table.add_row(f"    {step['period']}", *(number(step[name]) for name, _ in VALUES), escape(step["unit"] or ""), way, f"[{colour}]{verdict}[/]" if colour else verdict)
        console.print(table)
    for step in row["progress"]:
        if step["verdict"] == "cannot_be_computed":
            _print_below(console, f"[yellow]cannot be computed[/]: {escape(step['reason'] or '')}")
        elif step["reason"]:
            _print_below(console, f"{step['period']}: {escape(step['reason'])}")


def _print_below(console: Console, text: str) -> None:
    """A line that belongs to the target above it; where it is broken, its parts stay together."""
    console.print(Padding(text, (0, 0, 0, 4), expand=False))


def _aim(row: dict[str, Any]) -> str:
    value, base, year = plain(row["value"]), row["base"], row["target_year"]
    spaced = f"{int(value):,}" if value.isdigit() else value
    when = f"in {year}" if row["counts_from"] == year else f"from {row['counts_from']} to {year}" if row["counts_from"] else f"by {year}"
    return {
        "reduction": f"- {value} % by {year} on {base}", "remaining": f"to {value} % of {base} by {year}", "at_least": f"at least {spaced} {row['unit']} {when}",
        "at_most": f"at most {spaced} {row['unit']} {when}", "cumulative": f"{spaced} {row['unit']} {when}",
    }[row["kind"]]  # fmt: skip


def number(value: Decimal | None) -> str:
    """A number as a person reads it: two decimals, more where it is small."""
    if value is None:
        return ""
    text = printed(Fraction(value), 2 if abs(value) >= 1 or not value else 4)
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole not in ("0", "-0") else text


def add_target(tree: Tree, target: dict[str, Any]) -> None:
    """The branches of a trace that are about a target: what it is about, what its version changed, and its periods with the cells behind them."""
    tree.add(escape(f"boundary: {target['boundary_in_words']}"))
    tree.add(escape(f"{target['version']}: {target['change']}{'; ' + target['ended'] if target['ended'] else ''}"))
    for step in target["steps"]:
        parts = [f"{name} {step[name]}" for name in ("base", "path", "actual", "target") if step[name] is not None]
        way = [f"way done {step['progress']} %"] if step["progress"] is not None else []
        reason = f" ({step['reason']})" if step["reason"] else ""
        branch = tree.add(escape(f"{step['period']}: {step['verdict'].replace('_', ' ')}{reason}" + (f"; {', '.join(parts)} {step['unit']}" if parts else "") + "".join(f"; {item}" for item in way)))
        for cell in step["cells"]:
            branch.add(escape(f"{cell['cell']} = {cell['value']} {cell['unit']}" if cell["value"] is not None else f"{cell['cell']} is {cell['status']}: {cell['reason']}"))
