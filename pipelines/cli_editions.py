"""`esg-kpis new-edition`: next year's edition from this year's."""

from typing import Annotated

import typer

from pipelines import complete
from pipelines.options import Json, Out, Root, console, day, paths, print_json


def new_edition(
    new: Annotated[str, typer.Argument(help="Id of the new edition, such as 2024.")],
    old: Annotated[str, typer.Option("--from", help="Id of the edition it is made from, such as 2023.", autocompletion=complete.edition)],
    document: Annotated[str | None, typer.Option("--document", help="The report it is of. Default: that of the old one, a year later.")] = None,
    known_on: Annotated[str | None, typer.Option("--known-on", help="Its knowledge date, such as 2025-04-09. Default: the end of the new period stands in, and is to be set.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="Id of the new period, where it does not follow from the newest one's.")] = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Makes next year's edition from this year's, and says what a person must decide."""
    from pipelines import new_edition as making

    where, _ = paths(root, out)
    made = making.new_edition(where, new, old, document, day(known_on, "--known-on"), period)
    if as_json:
        print_json(made)
    else:
        making.print_made(console(), made)
