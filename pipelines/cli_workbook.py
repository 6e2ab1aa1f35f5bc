"""`esg-kpis workbook`: the figures of an edition as formulas, down to the records."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import complete
from pipelines.options import Json, Out, Root, console, paths, print_json


def workbook(
    edition: Annotated[str, typer.Option("--edition", help="Edition id, such as 2023.", autocompletion=complete.edition)],
    period: Annotated[str | None, typer.Option("--period", help="Only figures of this period, such as 2023. Default: all periods.", autocompletion=complete.period)] = None,
    to: Annotated[Path | None, typer.Option("--to", help="File to write. Default: kpi_workbook_EDITION.xlsx beside the results.")] = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Writes the figures of the last run as a workbook of live formulas, for analysts and assurers."""
    from pipelines.workbook import make_workbook

    made = make_workbook(*paths(root, out), edition, period, to)
    if as_json:
        print_json(made)
        return
    terminal = console()
    terminal.print(f"{made['file']}: {made['with_number']} figures as formulas over {made['rows_below']:,} rows, {made['bytes'] / 1_000_000:,.1f} MB")
    terminal.print(f"{made['halfway_cases']} half-way cases (sheet Halfway_cases); {made['inputs_in_place_of_formulas']} inputs in place of a formula (sheet Not_formulas)")
