"""`esg-kpis check-table`: what must hold between printed figures, of the workspace's editions or of a table of anybody."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.report.unseen import made_visible
from pipelines import complete
from pipelines.options import GIVEN, Json, Root, print_json

if TYPE_CHECKING:
    import polars as pl

WIDTH = 100
_VERDICTS = {
    "cannot_be_rounding": "cannot be rounding", "unreadable": "is no number", "not_checked": "not checked", "rounding": "rounding explains it", "holds": "holds"
}  # fmt: skip


def check_table(
    file: Annotated[Path | None, typer.Argument(help="CSV or XLSX with the columns of published.csv. Left out: the editions of the workspace.")] = None,
    edition: Annotated[str | None, typer.Option("--edition", help="Edition id, such as 2023. Default: all.", autocompletion=complete.edition)] = None,
    definitions: Annotated[Path | None, typer.Option("--definitions", help="A kpis.yaml for FILE.")] = None,
    checks: Annotated[Path | None, typer.Option("--checks", help="A checks.yaml for FILE.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show what holds too.")] = False,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Checks printed figures against each other: sums, shares, means, quotients, whole people. Exit code 1: something cannot be rounding."""
    if file is None and (definitions or checks):
        raise UsageProblem("--definitions and --checks are for a table.", where="check-table", mend="Name the table, or put checks.yaml beside the kpis.yaml of an edition.")
    if file is not None and edition is not None:
        raise UsageProblem("A table and an edition are asked for.", where="check-table", mend="Name one of both.")
    frame = _of_file(file, definitions, checks) if file is not None else _of_workspace(root or GIVEN["root"] or Path.cwd(), edition)
    found = frame.filter(frame["verdict"].is_in(["cannot_be_rounding", "unreadable"]))
    if as_json:
        shown = frame if every else frame.filter(frame["verdict"].is_in(["cannot_be_rounding", "unreadable", "not_checked"]))
        print_json({"checked": frame.height, "found": found.height, "checks": shown.to_dicts()})
    else:
        print(made_visible("\n".join(_lines(frame, every=every))))
    raise typer.Exit(1 if found.height else 0)


def _of_file(file: Path, definitions: Path | None, checks: Path | None) -> "pl.DataFrame":
    from esg_kpis.printed import ChecksFile, Document, check_table, read_checks, read_definitions, read_table

    if not file.is_file():
        raise InputProblem("There is no such file.", where=str(file), mend="Name a CSV or XLSX.")
    table = read_table(file)
    document = Document(read_definitions(definitions) if definitions else {}, read_checks(checks) if checks else ChecksFile())
    return check_table(table, dict.fromkeys(table["document"].unique().to_list(), document))


def _of_workspace(root: Path, edition: str | None) -> "pl.DataFrame":
    import polars as pl

    from esg_kpis.editions import read_editions
    from esg_kpis.printed import check_editions
    from esg_kpis.workspace import open_workspace

    folder = open_workspace(root).editions
    every = read_editions(folder)
    chosen = [item for item in every if edition in (None, item.id)]
    if not chosen:
        raise UsageProblem(f"There is no edition '{edition}'.", mend=f"Editions: {', '.join(item.id for item in every)}.")
    return check_editions(folder, chosen, every, pl.concat([item.published for item in chosen]))


def _lines(frame: "pl.DataFrame", *, every: bool) -> list[str]:
    order = ["unreadable", "cannot_be_rounding", "not_checked", *(["rounding", "holds"] if every else [])]
    lines = [line for verdict in order for row in frame.filter(frame["verdict"] == verdict).iter_rows(named=True) for line in _block(row)]
    counts = dict(frame.group_by("verdict").len().iter_rows())
    told = [f"{counts[verdict]} {words}" for verdict, words in _VERDICTS.items() if verdict in counts]
    return [*lines, f"{frame.height} checks: {', '.join(told)}." if told else "No checks: nothing in the table is tied to anything else in it. See docs/checks.md for checks.yaml."]


def _block(row: dict[str, Any]) -> list[str]:
    head = " ".join(part for part in (row["edition"] and f"[{row['edition']}]", row["subject"], row["period"]) if part)
    explained = ", explained" if row["explained"] else ""
    parts = [
        ("in", row["table"]), ("print", row["observed"]), ("against", row["expected"]),
        ("gap", row["gap"]), ("suspect", row["suspects"]), ("by", row["basis"]), ("note", row["explanation"]),
    ]  # fmt: skip
    lines = [f"{head}: {row['check'].replace('_', ' ')}, {_VERDICTS[row['verdict']]}{explained}"]
    for name, text in parts:
        if text:
            lines += textwrap.wrap(text, WIDTH, initial_indent=f"  {name:<8} ", subsequent_indent=" " * 11, break_long_words=False, break_on_hyphens=False)
    return [*lines, ""]
