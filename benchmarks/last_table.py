"""The table of a bench: on the terminal, and in docs/performance.md in place of the last one, part by part, with the machine and the day."""

import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count, getloadavg
from pathlib import Path

from rich.console import Console
from rich.table import Table
from timing import Line

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
HEAD = ("ours", "rival", "ours s", "rival s", "ratio", "spread", "processor", "")


def machine() -> str:
    """Day, cores, model of the CPU, versions, and how busy the machine was besides."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(encoding="utf-8"), re.MULTILINE) if info.exists() else None
    versions = ", ".join(f"{name} {version(name)}" for name in ("polars", "duckdb", "narwhals", "pandas", "pyarrow"))
    return f"{datetime.now(UTC):%Y-%m-%d}, {cpu_count()} cores of {found[1] if found else platform.processor()}, Python {platform.python_version()}, {versions}, load {getloadavg()[2]:.1f}"


def show(told: Mapping[str, Sequence[Line]]) -> None:
    """Prints the lines of each part."""
    table = Table(box=None, pad_edge=False, title=machine(), title_justify="left")
    for number, name in enumerate(HEAD):
        table.add_column(name, justify="right" if 2 <= number <= 6 else "left")
    for lines in told.values():
        for line in lines:
            table.add_row(*line.cells)
    Console(width=200, markup=False).print(table)


def keep(told: Mapping[str, Sequence[Line]]) -> None:
    """Writes the table of each part between its marks in the page."""
    page = PAGE.read_text(encoding="utf-8")
    for part, lines in told.items():
        rows = [HEAD, ("---", "---", *("---:" for _ in range(5)), "---"), *(line.cells for line in lines)]
        block = f"<!-- {part} -->\n{machine()}:\n\n" + "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows) + f"\n<!-- end of {part} -->"
        page = re.sub(rf"<!-- {part} -->.*?<!-- end of {part} -->", lambda _, block=block: block, page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")
