"""`esg-kpis factors`: the factor library, asked and checked."""

from datetime import date
from typing import Annotated

import typer

from pipelines import complete
from pipelines.options import EditionOption, Json, Out, Root, console, day, paths, print_json

app = typer.Typer(help="The factor library.", no_args_is_help=True, rich_markup_mode=None)


@app.command(name="find")
def find(
    measure: Annotated[str, typer.Argument(help="Measure, such as electricity_purchased.", autocompletion=complete.measure)],
    region: Annotated[str, typer.Option("--region", help="Grid region or country of the site, such as CN-NCG or CN.", autocompletion=complete.region)],
    on: Annotated[str, typer.Option("--on", help="A day the amount is about, such as 2023-06-30.")],
    edition: EditionOption = None,
    known_on: Annotated[
        str | None, typer.Option("--known-on", help="Only factors published by this day; default: the edition's knowledge date.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="Kind of site, where a rule asks for it.")] = "office",
    beside: Annotated[
        list[str] | None, typer.Option("--with", metavar="NAME=VALUE", help="What stands beside the amount, such as equipment=chiller; may be given several times.")
    ] = None,
    gas: Annotated[str | None, typer.Option("--gas", help="Only this gas, such as CH4.", autocompletion=complete.gas)] = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Says which factor serves a measure, by which rule, why, and what nearly matched. Without an edition: all that describe the day."""
    from esg_kpis.domains import measure_named
    from pipelines.library import Question, beside_of, found
    from pipelines.show_factors import print_factors

    where, _ = paths(root, out)
    measure_named(measure)
    known_day = day(known_on, "--known-on")
    asked = Question(measure, region, date.fromisoformat(day(on, "--on")), kind, beside_of(beside or (), measure), gas)
    answers = found(where, asked, edition, date.fromisoformat(known_day) if known_day else None)
    if as_json:
        print_json(answers)
    else:
        print_factors(console(), answers)
    raise typer.Exit(0 if any(answer["factor_id"] for answer in answers) else 1)


@app.command(name="check")
def check_library(root: Root = None, as_json: Json = False) -> None:
    """Looks for gaps, overlaps, revisions and outliers in the library itself. Exit code 1: there is an error."""
    from pipelines.library import checked
    from pipelines.show_factors import print_library

    told = checked(paths(root, None)[0])
    if as_json:
        print_json(told)
    else:
        print_library(console(), told)
    raise typer.Exit(1 if any(row["severity"] == "error" for row in told["findings"]) else 0)
