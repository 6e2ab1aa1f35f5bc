"""What `esg-kpis lens` asks of the library, and how it looks in a terminal."""

import json
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.assurance.lenses import through
from esg_kpis.editions import Lens, read_editions
from esg_kpis.errors import UsageProblem, near_misses
from esg_kpis.exact import printed
from esg_kpis.factors import read_library
from esg_kpis.ingest.declared import problems_of
from pipelines.latest import known_edition, latest_first, latest_of, read_result, unchanged_since
from pipelines.received import received_of


def seen(root: Path, out: Path, edition_id: str | None, lens: str | None, changes: dict[str, Any], kpis: Sequence[str], period: str | None) -> pl.DataFrame:
    """Cells through lenses: those of the last run, or one made of `changes` for this look only.

    Columns: as `lenses` in the data dictionary.

    Raises:
        UsageProblem: if there is no such edition, lens, KPI or period, or `changes` contradict themselves.
    """
    folder = latest_of(out)
    values = read_result(folder, "kpi_values")
    editions = latest_first(folder, values["edition"].unique().to_list())
    chosen = edition_id or (editions[0] if changes else None)
    if chosen is not None:
        known_edition(chosen, editions)
    frame = _looked(root, folder, str(chosen), changes, values) if changes else read_result(folder, "lenses")
    if chosen is not None:
        frame = frame.filter(pl.col("edition") == chosen)
    if frame.is_empty():
        raise UsageProblem("The edition names no lens.", mend="Give one here, such as --gwp-set AR6, or add a [[lens]] to edition.toml: see docs/editions.md.")
    for name, column, given in (("lens", "lens", [lens] if lens else []), ("KPI", "kpi_id", list(kpis)), ("period", "period", [period] if period else [])):
        known = frame[column].unique().sort().to_list()
        for item in given:
            if item not in known:
                raise UsageProblem(f"There is no {name} '{item}' here.", mend=near_misses(item, known) or f"There are: {', '.join(known[:20])}.")
        if given:
            frame = frame.filter(pl.col(column).is_in(given))
    return frame


def _looked(root: Path, folder: Path, edition_id: str, changes: dict[str, Any], values: pl.DataFrame) -> pl.DataFrame:
    try:
        lens = Lens.model_validate({"id": "this look", "text": "Asked for on the command line.", **changes})
    except ValidationError as error:
        raise UsageProblem(problems_of(error), mend="See `esg-kpis lens --help`.") from error
    ran = unchanged_since(root, folder)
    editions = {item.id: item for item in read_editions(root / "editions")}
    as_of = date.fromisoformat(ran["as_of"])
    received = received_of(folder, list(editions.values()), as_of)
    known_on = date.fromisoformat(ran[f"known on {edition_id}"])
    return through(lens, editions[edition_id], editions, received, read_library(root / "factors"), known_on, values, read_result(folder, "published"))


def print_lenses(console: Console, frame: pl.DataFrame, *, every: bool) -> None:
    """Lens by lens the cells side by side, by default those that differ."""
    for own in frame.partition_by("edition", "lens", maintain_order=True):
        differs = pl.col("value").ne_missing(pl.col("lens_value")) | (pl.col("status") != pl.col("lens_status"))
        changed = own.filter(differs)
        console.print(f"[bold]{escape(own['edition'][0])}, through {escape(own['lens'][0])}[/]: {changed.height} of {own.height} cells differ")
        shown = own if every else changed
        if shown.is_empty():
            continue
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("KPI", "Period", "Category", "As it is", "Through it", "Difference", "%", "Unit"):
            table.add_column(name, justify="right" if name in ("As it is", "Through it", "Difference", "%") else "left", overflow="fold")
        for row in shown.iter_rows(named=True):
            category = "" if row["breakdown"] == "total" else row["category"]
            table.add_row(
                row["kpi_id"], row["period"], escape(category), _value(row["value"], row["status"]), _value(row["lens_value"], row["lens_status"]), _value(row["difference"], ""),
                _value(row["percent"], ""), escape(row["unit"]),
            )  # fmt: skip
        console.print(table)
        for reason in shown.filter(pl.col("lens_status") == "blocked")["reason"].drop_nulls().unique().sort().to_list()[:5]:
            console.print(f"blocked: {escape(reason)}")


def _value(number: Any, state: str) -> str:  # noqa: ANN401
    return state.replace("_", " ") if number is None else printed(Fraction(number), 2 if abs(number) >= 10 or not number else 4)


def as_json(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows for other programs."""
    rows: list[dict[str, Any]] = json.loads(json.dumps(frame.to_dicts(), default=str))
    return rows
