"""How a trace looks in a terminal: a walk from a cell to the lines of the files it came from. Computes nothing."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from esg_kpis.assurance.named import without_ids
from esg_kpis.exact import printed
from esg_kpis.report.charts.words import measure_named
from esg_kpis.report.kpi_table import with_thousands
from pipelines.show_targets import add_target

OTHERS = " (and others: see findings)"
"""What a reason ends with where there are more of them."""


def two_decimals(number: Decimal | None) -> str:
    """A number as a person reads it; nothing where there is none."""
    return "" if number is None else printed(Fraction(number), 2)


def print_trace(console: Console, walk: dict[str, Any], rows: int) -> None:
    """A walk from a cell to its records."""
    cell, definition, tie = walk["cell"], walk["definition"], walk["tie_out"]
    place = "" if cell["breakdown"] == "total" else f", {cell['breakdown']}={cell['category']}"
    value = f"{with_thousands(cell['printed'])} {cell['unit']}" if cell["printed"] is not None else f"{cell['status'].replace('_', ' ')}: {without_ids(cell['reason'] or '')}"
    tree = Tree(
        f"[bold]{escape(definition['label'])}[/] {cell['period']}{escape(place)} ({escape(definition['document'])}): [bold]{escape(value)}[/]"
    )
    if cell["value"] is not None:
        tree.add(
            f"unrounded {with_thousands(cell['value'])} {cell['unit']}; status {cell['status']}{f' ({escape(without_ids(reason))})' if (reason := cell['reason']) else ''}; estimated share {cell['estimated_share']}"
            + (f", printed {with_thousands(tie['published'])}: {tie['verdict'].replace('_', ' ')}" if tie and tie["published"] else "")
        )
    if tie and tie["explanation"] and tie["explanation"] != cell["reason"]:
        tree.add(escape(without_ids(tie["explanation"])))
    tree.add(f"definition: {escape(definition['text'])} [dim]({escape(definition['source'])})[/]")
    tree.add(f"formula: {escape(definition['formula'])}")
    for doubt in walk["uncertainty"]:
        known = f"± {two_decimals(doubt['percent'])} % (95 % interval)" if doubt["percent"] is not None else f"{doubt['status'].replace('_', ' ')}: {doubt['reason']}"
        most = "; ".join(f"{item['source']} {two_decimals(item['contribution_percent'])} % of it" for item in walk["uncertainty_sources"])
        tree.add(escape(f"uncertainty: {known}{f', mostly {most}' if most else ''}"))
    for lens in walk["lenses"]:
        tree.add(escape(f"through {lens['lens']}: {two_decimals(lens['lens_value']) or lens['lens_status']} {lens['unit']}, a difference of {two_decimals(lens['difference']) or 'unknown size'}"))
    if "target" in walk:
        add_target(tree, walk["target"])
    for part in walk["parts"]:
        said = {cell["reason"] or ""}
        branch = tree.add(
            f"[bold]{escape(part['label'])}[/] ({part['kpi_id']}) {'= ' + with_thousands(part['value']) + ' ' + part['unit'] if part['value'] is not None else 'is blocked,'} from {part['amounts']} amounts"
        )
        if part["per_factor"]:
            branch.add(escape(part["per_factor"]))
        amounts = branch.add("amounts, added up by site and factor, largest first")
        for group in part["groups"][:rows]:
            gas = f" {group['gas']}" if group["gas"] else ""
            number = (
                f"blocked{_once(group['blocked'], said)}"
                if group["blocked"]
                else f"{with_thousands(group['quantity'])} {group['unit']} = {with_thousands(group['in_kpi_unit'])} {part['unit']}"
            )
            way = f", by {group['way']}" if group["way"] else ""
            amounts.add(escape(f"{group['site_id']}  {_named(group['origin'])}{gas}: {number}  ({group['amounts']} amounts{way})"))
        _more(amounts, len(part["groups"]), rows)
        if part["factors"]:
            factors = branch.add("factors")
            for factor in part["factors"][: rows * 2]:
                leaf = factors.add(
                    escape(
                        f"{factor['factor_id']} = {factor['value']} {factor['unit']} {factor['gas']}  [{factor['grade']}] {factor['source']}"
                    )
                )
                leaf.add(escape(f"why: {factor['why']}; used for sites in {', '.join(factor['regions'])}"))
                if factor["parents"]:
                    leaf.add(escape(f"derived: {factor['parents']}"))
            _more(factors, len(part["factors"]), rows * 2)
        _add_estimates(branch, part, rows)
        _add_records(branch.add(f"records ({len(part['records'])})"), part["records"], rows)
    console.print(tree)


def _named(measure: str) -> str:
    """What a measure is called, with its id."""
    label = measure_named(measure, "en")
    return measure if label is None else f"{label} ({measure})"


def _once(reason: str, said: set[str]) -> str:
    """A reason where it was not said yet: what is blocked far down is blocked for what stands at the top."""
    if any(reason in other or other.removesuffix(OTHERS) == reason for other in said):
        return ", as said above"
    said.add(reason)
    return f": {without_ids(reason)}"


def _add_estimates(branch: Tree, part: dict[str, Any], rows: int) -> None:
    """What was estimated, with its basis down to the records, and what is missing."""
    if part["estimates"]:
        estimates = branch.add(f"estimates ({len(part['estimates'])})")
        for row in part["estimates"][:rows]:
            meter = f" meter {row['meter_id']}" if row["meter_id"] else ""
            what = f"{row['site_id']}{meter} {row['month']}: {with_thousands(row['quantity'])} {row['unit']} of {_named(row['measure'])} for {row['days']} days by {row['method']} ({row['rule']})"
            leaf = estimates.add(escape(what))
            leaf.add(escape(f"basis: {row['basis']}"))
            _add_records(leaf.add(f"records behind the basis ({len(row['records'])})"), row["records"], rows)
        _more(estimates, len(part["estimates"]), rows)
    if part["missing"]:
        missing = branch.add(f"expected and not received in full ({len(part['missing'])} site months)")
        for row in part["missing"][:rows]:
            missing.add(escape(f"{row['site_id']} {row['month']}: {_named(row['measure'])}"))
        _more(missing, len(part["missing"]), rows)


def _add_records(branch: Tree, records: list[dict[str, Any]], rows: int) -> None:
    for record in records[:rows]:
        sheet = f", sheet {record['sheet']}" if record["sheet"] else ""
        place = f"line {record['line']}" if record["line"] else "the file as a whole (people_controls.csv)"
        branch.add(escape(f"{record['path']}{sheet}, {place}: {record['received']}"))
    _more(branch, len(records), rows)


def _more(branch: Tree, total: int, shown: int) -> None:
    if total > shown:
        branch.add(f"[dim]… and {total - shown} more (--rows 0 shows all)[/]")
