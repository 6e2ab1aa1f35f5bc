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
