"""How the factor library looks in a terminal: what was found in it, and which factor serves."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from esg_kpis.factors.check import KINDS, SEVERITIES

COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def print_library(console: Console, told: dict[str, Any]) -> None:
    """What was found in a library, worst first, by kind."""
    findings = told["findings"]
    for severity in SEVERITIES:
        for kind, title in KINDS.items():
            rows = [row for row in findings if (row["severity"], row["kind"]) == (severity, kind)]
            if not rows:
                continue
            tree = Tree(f"[bold {COLOURS[severity]}]{severity}[/] [bold]{escape(title)}[/] ({kind}, {len(rows)})")
            for row in rows:
                tree.add(f"[bold]{escape(row['subject'])}[/]\n{escape(row['message'])}")
            for text in dict.fromkeys(row["what_to_do"] for row in rows):
                tree.add(f"[dim]{escape(text)}[/]")
            console.print(tree)
    counts = Counter(row["severity"] for row in findings)
    words = ", ".join(f"{counts[name]} {name}{'s' if counts[name] != 1 else ''}" for name in SEVERITIES)
    console.print(f"[bold]{told['factors']}[/] factors of {told['sources']} sources: {words}.")


def print_factors(console: Console, answers: list[dict[str, Any]]) -> None:
    """The factors found, each with what it is, the rule, and what did not serve; or why none was."""
    for answer in answers:
        goal = f"{answer['output']} {answer['gas']}".strip() or "none"
        beside = ", ".join(f"{name} {value}" for name, value in answer["beside"].items())
        where = f" ({answer['period']}, site kind {answer['kind']})" if answer["edition"] else ""
        asked = f"{goal} from {answer['measure']}{f' ({beside})' if beside else ''}{where}"
        if answer["factor_id"]:
            tree = Tree(f"[bold]{escape(asked)}[/]: {escape(answer['factor_id'])} = [bold]{answer['value']} {escape(answer['unit'])}[/] (grade {answer['grade']})")
            tree.add(escape(f"why: {answer['why']}"))
            _add_what(tree, answer)
        else:
            tree = Tree(f"[bold red]{escape(asked)}[/]: {escape(answer['why'])}")
        tree.add(escape(f"chain: {_chain(answer)}"))
        if answer["known_on"]:
            tree.add(f"known on {answer['known_on']}: what was published later does not exist")
        for name, title in (
            ("also_fits", "also fits, and does not serve"), ("nearly", "nearly matched"), ("not_named", "describe the period, of sources that no rule names for this"),
            ("rules_silent", "rules that do not speak here"),
        ):  # fmt: skip
            if (texts := answer.get(name)) and texts != ["nothing"]:
                branch = tree.add(title)
                for text in texts:
                    branch.add(escape(text))
        console.print(tree)


def _add_what(tree: Tree, answer: dict[str, Any]) -> None:
    means = f": {answer['method_means']}" if answer["method_means"] else ""
    tree.add(escape(f"kind: {answer['method'] or 'no method named'}{means}"))
    place = f"rung {answer['rung']} of the chain" if answer["rung"] else "not on the chain, taken by the rule"
    tree.add(escape(f"region: {answer['region']}, {place}"))
    if rule := answer.get("rule"):
        tree.add(escape(f"rule {rule['id']}{': ' + rule['text'] if rule['text'] else ''}"))
    tree.add(escape(f"source: {answer['source']}; data {answer['data_period']}; published {answer['published']}"))
    if answer["note"]:
        tree.add(escape(f"note: {answer['note']}"))


def _chain(answer: dict[str, Any]) -> str:
    """The chain with the days of its regions; one that is no part of it in the period stands in brackets."""
    words = []
    for rung in answer["chain"]:
        days = " ".join(part for part in (f"from {rung['from']}" if rung["from"] else "", f"until {rung['to']}" if rung["to"] else "") if part)
        text = f"{rung['region']}{f' ({days})' if days else ''}"
        words.append(text if rung["holds"] else f"[{text}]")
    return " > ".join(words)
