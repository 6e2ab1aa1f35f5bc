"""`esg-kpis run` and `esg-kpis check`: everything, or only as far as the files are read."""

from typing import Annotated, Any

import typer
from rich.console import Console

from pipelines import complete
from pipelines.options import Json, KeyFile, Out, RegisterOption, Root, console, day, name_key, name_register, paths, print_json


def run(
    edition: Annotated[
        list[str] | None, typer.Option("--edition", help="Edition to compute; may be given several times. Default: all.", autocompletion=complete.edition)
    ] = None,
    known_on: Annotated[
        str | None, typer.Option("--known-on", help="Use only factors published by this day, instead of each edition's knowledge date.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Last day that data may be about. Default: the latest knowledge date.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Compute even if nothing has changed since the last run, and hold the bytes against those it wrote.")] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Leave out the report site, for a quick what-if.")] = False,
    person_key_file: KeyFile = None,
    register: RegisterOption = None,
    every: Annotated[bool, typer.Option("--all", help="Print every edition and every row, and each difference from print.")] = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Runs everything and prints the KPI table of the newest edition, the tie-out and what needs a person. Where nothing has changed since the last run, its results stand, and are printed."""
    from pipelines import counts, show_locks, show_run
    from pipelines.asked import Request
    from pipelines.unchanged import documents_of, unchanged

    name_register(register)
    where, target = paths(root, out)
    name_key(person_key_file)
    request = Request(where, target, tuple(edition or ()), day(known_on, "--known-on"), day(as_of, "--as-of"), report=not no_report)
    stands = None if again else unchanged(request)
    computed = _execute(request, quiet=as_json) if stands is None else {}
    locks = show_locks.locks(request, target)
    summary = counts.summary(target) | {"locked": locks, "unchanged": stands is not None, "months_computed": computed}
    if as_json:
        print_json(summary)
    else:
        terminal = console()
        show_run.print_run(terminal, documents_of(request.workspace.editions), target, every=every, computed=computed)
        show_locks.print_locks(terminal, locks)
        if known_on or as_of:
            terminal.print(f"These results are a what-if: known on {known_on or 'each edition’s date'}, as of {as_of or 'the latest of them'}.\nRun again without, or use --out for it.")
        if stands is not None:
            terminal.print(f"Nothing has changed since run {stands}: these are its results, as they were written.\n`esg-kpis run --again` computes them anew.")
    raise typer.Exit(1 if summary["blocked"] else 0)


def check(person_key_file: KeyFile = None, root: Root = None, out: Out = None, as_json: Json = False) -> None:
    """Reads the files and checks them; computes no KPI and leaves the last results as they are."""
    import polars as pl

    from pipelines.asked import Request
    from pipelines.latest import read_work
    from pipelines.show_check import print_check

    where, target = paths(root, out)
    name_key(person_key_file)
    _execute(Request(where, target), quiet=as_json, only_ingest=True)
    files, rejected, observations, records, coverage = (read_work(target, name) for name in ("files", "rejected", "observations", "records", "coverage"))
    missing = coverage.filter(pl.col("missing") > 0)
    if as_json:
        print_json(
            {"records": records.height, "files": files.to_dicts(), "rejected": rejected.to_dicts(), "observations": observations.to_dicts(), "missing": missing.to_dicts()}
        )
    else:
        print_check(console(), files, records, rejected, observations, missing)
    raise typer.Exit(1 if rejected.height else 0)


def _execute(request: Any, *, quiet: bool, only_ingest: bool = False) -> dict[str, list[str]]:  # noqa: ANN401
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from pipelines.run import execute, steps

    console = Console(stderr=True, quiet=quiet)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(), TextColumn("steps,"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("starting", total=steps(only_ingest=only_ingest))

        def told(step: str, ended: bool) -> None:
            progress.update(task, description=f"{step.replace('_', ' '):34.34}", advance=1 if ended else 0)

        return execute(request, told, only_ingest=only_ingest)
