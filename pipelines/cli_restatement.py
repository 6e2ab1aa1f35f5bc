"""Commands about why a figure is another one than before: between editions, between periods, between runs."""

from pathlib import Path
from typing import Annotated

import typer

from esg_kpis.errors import UsageProblem
from pipelines import complete
from pipelines.options import Json, Out, Root, console, paths, print_json


def bridge(
    period: Annotated[str, typer.Option("--period", help="Period, such as 2020, that both editions have.", autocompletion=complete.period)],
    first: Annotated[str, typer.Option("--from", help="Edition the bridge begins at.", autocompletion=complete.edition)],
    second: Annotated[str, typer.Option("--to", help="Edition it ends at.", autocompletion=complete.edition)],
    kpi: Annotated[list[str] | None, typer.Option("--kpi", help="KPI id; may be given several times. Default: all that differ.", autocompletion=complete.kpi)] = None,
    category: Annotated[str | None, typer.Option("--category", help="BREAKDOWN=CATEGORY, such as gas=CO2. Default: all that both editions have.", autocompletion=complete.category)] = None,
    from_run: Annotated[str | None, typer.Option("--from-run", help="Take the first edition from this run, with its records and factors: previous, a key or a folder. Default: the last.")] = None,
    threshold: Annotated[str, typer.Option("--threshold", help="Percent at which a base year is to be calculated anew.")] = "5",
    exact: Annotated[bool, typer.Option("--exact", help="Show all 18 decimals.")] = False,
    to_file: Annotated[Path | None, typer.Option("--to-file", help="Write the table `bridge` there as CSV, with all decimals.")] = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Splits what one edition printed and another restated for the same period into causes that add up exactly."""
    from pipelines import restating, show_restatement

    where, target = paths(root, out)
    percent = restating.percent_of(threshold)
    breakdown, equals, name = (category or "").partition("=")
    if category and not equals:
        raise UsageProblem(f"'{category}' is no category.", where="--category", mend="Write BREAKDOWN=CATEGORY, such as gas=CO2.")
    found = restating.bridged(where, target, period, first, second, tuple(dict.fromkeys(kpi or ())), (breakdown, name) if category else None, from_run)
    if to_file is not None:
        restating.write_bridge(found, to_file)
    if as_json:
        print_json(restating.bridge_json(found, percent))
    else:
        show_restatement.print_bridges(console(), found, percent, exact=exact)


def growth(
    kpi: Annotated[str, typer.Argument(help="KPI id of a sum, such as ghg_scope_1_2.", autocompletion=complete.kpi)],
    edition: Annotated[str, typer.Option("--edition", help="Edition id, such as 2023.", autocompletion=complete.edition)],
    earlier: Annotated[str, typer.Option("--from", help="The earlier period, such as 2020.", autocompletion=complete.period)],
    later: Annotated[str, typer.Option("--to", help="The later period, such as 2023.", autocompletion=complete.period)],
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Splits the change of a KPI between two periods of one edition into organic growth and what is like for like."""
    from pipelines import restating, show_restatement
    from pipelines.latest import latest_of, read_result

    where, target = paths(root, out)
    found = restating.grown(where, target, kpi, edition, earlier, later)
    if as_json:
        print_json({"kpi_id": kpi, "edition": edition, "from": earlier, "to": later, **restating.growth_json(found)})
    else:
        show_restatement.print_growth(console(), found, kpi, edition, earlier, later, read_result(latest_of(target), "sites"))


def diff(
    first: Annotated[str, typer.Argument(help="A run: latest, previous, a key (its beginning will do), or a folder under data/out/runs.", autocompletion=complete.run)] = "previous",
    second: Annotated[str, typer.Argument(help="The run to compare it with.", autocompletion=complete.run)] = "latest",
    kpi: Annotated[list[str] | None, typer.Option("--kpi", help="KPI id to show; may be given several times. Default: all that changed.", autocompletion=complete.kpi)] = None,
    every: Annotated[bool, typer.Option("--all", help="Show breakdowns, and every row, factor and entry that changed.")] = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Says which records, factors, definitions or code changed between two runs, and what each did to each KPI."""
    from pipelines import differing

    _, target = paths(root, out)
    found = differing.compared(target, first, second)
    cells = differing.chosen(found, tuple(kpi or ()))
    if as_json:
        print_json(differing.as_json(found, cells))
    else:
        differing.print_difference(console(), found, cells, every=every)
