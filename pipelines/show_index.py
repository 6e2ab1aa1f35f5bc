"""What `esg-kpis index` asks of the last results, and how it looks in a terminal."""

from pathlib import Path

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.assurance.content_index import content_index
from esg_kpis.editions import read_editions
from esg_kpis.errors import UsageProblem, near_misses
from esg_kpis.frameworks import framework_named
from esg_kpis.tables import ANSWERS
from pipelines.latest import known_edition, latest_of, read_result, unchanged_since

_COLOURS = {"missing": "bold red", "not_collected": "yellow", "suppressed": "yellow", "not_applicable": "dim", "not_material": "dim"}


def indexed(root: Path, out: Path, edition_id: str | None, framework_id: str | None, states: tuple[str, ...]) -> pl.DataFrame:
    """Content indexes of the last run; of a framework that the edition does not name, made now from the KPIs of the last run, for the edition of the newest period where none is named.

    Columns: as `content_index` in the data dictionary.

    Raises:
        UsageProblem: if there is no such edition, framework or state, or the editions name no framework and none is asked for.
        EsgKpisError: if a framework is to be answered that the run did not, and the editions have changed since.
    """
    for state in states:
        if state not in ANSWERS:
            raise UsageProblem(f"There is no state '{state}'.", mend=near_misses(state, ANSWERS) or f"There are: {', '.join(ANSWERS)}.")
    folder = latest_of(out)
    values = read_result(folder, "kpi_values")
    editions = sorted(values["edition"].unique().to_list())
    if edition_id is not None:
        known_edition(edition_id, editions)
    frame = read_result(folder, "content_index")
    if edition_id is not None:
        frame = frame.filter(pl.col("edition") == edition_id)
    if framework_id is not None:
        framework = framework_named(framework_id)
        frame = frame.filter(pl.col("framework") == framework_id)
        if frame.is_empty():
            unchanged_since(root, folder)
            newest = str(values.sort("period", "edition")["edition"][-1])
            frame = content_index(read_editions(root / "editions", (edition_id or newest,))[0], values, framework)
    elif frame.is_empty():
        raise UsageProblem("The editions name no framework.", mend="Ask for one with --framework, or add a [[framework]] to edition.toml: see docs/frameworks.md.")
    return frame.filter(pl.col("status").is_in(states)) if states else frame


def print_index(console: Console, frame: pl.DataFrame) -> None:
    """Framework by framework: code, what it asks, value, place, state."""
    if frame.is_empty():
        console.print("No answer is in that state.")
    for own in frame.partition_by("edition", "framework", maintain_order=True):
        worst = own.group_by("code").agg(pl.col("status").replace_strict(ANSWERS, range(len(ANSWERS)), return_dtype=pl.Int8()).min().alias("best"))
        counts = worst.group_by("best").agg(pl.len().alias("codes")).sort("best")
        told = ", ".join(f"{codes} {ANSWERS[best].replace('_', ' ')}" for best, codes in counts.iter_rows())
        console.print(f"[bold]{escape(own['framework'][0])}, edition {escape(own['edition'][0])}, {escape(own['period'][0])}[/]: {worst.height} codes shown: {told}")
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("Code", "What it asks", "KPI", "Value", "Unit", "Page", "Section", "State", "Reason"):
            table.add_column(name, justify="right" if name == "Value" else "left", overflow="fold")
        before = ""
        for row in own.sort("place", "kpi_id", pl.col("breakdown") != "total", "breakdown", "category").iter_rows(named=True):
            first = row["code"] != before
            before = row["code"]
            kpi = row["kpi_id"] + (f" {row['category']}" if row["breakdown"] not in ("", "total") else "")
            state, colour = row["status"].replace("_", " "), _COLOURS.get(row["status"])
            table.add_row(
                row["code"] if first else "", escape(row["title"]) if first else "", escape(kpi), row["value"] or "", escape(row["unit"] or ""), (row["page"] or "") if first else "",
                escape(row["section"] or "") if first else "", f"[{colour}]{state}[/]" if colour else state, escape(row["reason"] or ""),
            )  # fmt: skip
        console.print(table)
