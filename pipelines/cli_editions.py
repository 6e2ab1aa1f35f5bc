"""Commands about editions: the KPI table as the report has it, and next year's edition from this year's. Added to the command line in cli.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

Paths = Callable[[Path | None, Path | None], tuple[Path, Path]]
Root = Annotated[Path | None, typer.Option("--root", help="The workspace: a folder with data/raw, factors and editions.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where results go; default: data/out of the workspace.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def add_to(app: typer.Typer, paths: Paths, console: Callable[[], Any], print_json: Callable[[Any], None], day: Callable[[str | None, str], str]) -> None:
    """Adds the commands to the command line, with its way of finding a workspace and of printing."""

    @app.command()
    def table(
        edition: Annotated[str | None, typer.Option("--edition", help="Edition id, such as 2023. Default: all.")] = None,
        lang: Annotated[str, typer.Option("--lang", help="Language of labels: en or zh (Traditional Chinese).")] = "en",
        root: Root = None,
        out: Out = None,
        as_json: Json = False,
    ) -> None:
        """Prints the KPI table of the last run in the order of the report's tables."""
        from pipelines import show_table

        _, target = paths(root, out)
        found = show_table.tables(target, edition, lang)
        if as_json:
            print_json(show_table.as_json(found, lang))
        else:
            show_table.print_tables(console(), found, lang)

    @app.command(name="new-edition")
    def new_edition(
        new: Annotated[str, typer.Argument(help="Id of the new edition, such as 2024.")],
        old: Annotated[str, typer.Option("--from", help="Id of the edition it is made from, such as 2023.")],
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
