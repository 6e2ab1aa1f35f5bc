"""The command line. It runs the assets, and prints what they made; it computes nothing."""

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Annotated, Any, NoReturn

import polars as pl
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from esg_kpis.errors import EsgKpisError
from pipelines import (
    anomalies_command,
    cli_editions,
    cli_evidence,
    cli_factors,
    cli_init,
    cli_keys,
    cli_looking,
    cli_people,
    cli_register,
    cli_restatement,
    cli_sampling,
    cli_workbook,
)
from pipelines.check_table import check_table
from pipelines.options import GIVEN, Json, KeyFile, Out, RegisterOption, Root, console, day, name_key, name_register, paths, print_json

app = typer.Typer(
    help="From the files that sites send to the KPIs of an ESG report, and back from a printed number to the line it came from.",
    no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


@app.callback()
def common(root: Root = None, out: Out = None) -> None:
    """Options that stand before the command."""
    GIVEN.update(root=root, out=out)


@app.command()
def run(
    edition: Annotated[
        list[str] | None, typer.Option("--edition", help="Edition to compute; may be given several times. Default: all.")
    ] = None,
    known_on: Annotated[
        str | None, typer.Option("--known-on", help="Use only factors published by this day, instead of each edition's knowledge date.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Last day that data may be about. Default: the latest knowledge date.")
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Leave out the report site, for a quick what-if.")] = False,
    person_key_file: KeyFile = None,
    register: RegisterOption = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Runs everything and prints the KPI table, the tie-out and what needs a person."""
    from pipelines import show, show_register
    from pipelines.run import Request

    name_register(register)
    where, target = paths(root, out)
    name_key(person_key_file)
    request = Request(where, target, tuple(edition or ()), day(known_on, "--known-on"), day(as_of, "--as-of"), report=not no_report)
    _execute(request, quiet=as_json)
    locks = show_register.locks(request.resource(), target)
    summary = show.summary(target) | {"locked": locks}
    if as_json:
        print_json(summary)
    else:
        terminal = console()
        show.print_run(terminal, request.resource().read_editions, target)
        show_register.print_locks(terminal, locks)
        if known_on or as_of:
            terminal.print(
                f"These results are a what-if: known on {known_on or 'each edition’s date'}, as of {as_of or 'the latest of them'}. Run again without, or use --out for it."
            )
    raise typer.Exit(1 if summary["blocked"] else 0)


@app.command()
def check(person_key_file: KeyFile = None, root: Root = None, out: Out = None, as_json: Json = False) -> None:
    """Reads the files and checks them; computes no KPI and leaves the last results as they are."""
    from pipelines import show
    from pipelines.run import Request, read_work

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
        show.print_check(console(), files, records, rejected, observations, missing)
    raise typer.Exit(1 if rejected.height else 0)


def _execute(request: Any, *, quiet: bool, only_ingest: bool = False) -> None:  # noqa: ANN401
    from pipelines.run import execute

    console = Console(stderr=True, quiet=quiet)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn(), console=console, transient=True
    ) as progress:
        task = progress.add_task("starting", total=9 if only_ingest else 19)

        def told(step: str, ended: bool) -> None:
            progress.update(task, description=step.replace("_", " "), advance=1 if ended else 0)

        execute(request, told, only_ingest=only_ingest)


@app.command()
def ui(
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1.")] = 3000,
    root: Root = None,
    out: Out = None,
) -> None:
    """Opens the Dagster UI on this machine only: it has no login."""
    from pipelines.run import dagster_instance

    where, target = paths(root, out)
    os.environ |= {"ESG_KPIS_ROOT": str(where), "ESG_KPIS_OUT": str(target)}
    with dagster_instance(where):
        pass
    os.execvp(sys.executable, [sys.executable, "-m", "dagster", "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)])  # noqa: S606


COMMANDS: dict[str, Callable[..., None]] = {
    "trace": cli_looking.trace, "table": cli_looking.table, "tie-out": cli_looking.tie_out, "targets": cli_looking.targets, "lens": cli_looking.lens, "index": cli_looking.index,
    "check-table": check_table, "new-edition": cli_editions.new_edition, "init": cli_init.init, "templates": cli_init.templates, "workbook": cli_workbook.workbook,
    "pack": cli_evidence.pack, "verify": cli_evidence.verify,
    "bridge": cli_restatement.bridge, "growth": cli_restatement.growth, "diff": cli_restatement.diff,
    "approve": cli_register.approve, "lock": cli_register.lock, "restate": cli_register.restate, "status": cli_register.status,
}  # fmt: skip
for name, command in COMMANDS.items():
    app.command(name=name)(command)
app.add_typer(anomalies_command.app, name="anomalies")
app.add_typer(cli_factors.app, name="factors")
app.add_typer(cli_people.app, name="people")
app.add_typer(cli_sampling.app, name="sample")
app.add_typer(cli_keys.app, name="keys")
app.add_typer(cli_register.app, name="register")


# ---------------------------------------------------------------- errors


def main() -> NoReturn:
    """Runs the command line. Exit codes: 0 all well; 1 something is blocked; 2 wrong usage; 3 input could not be read."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except EsgKpisError as error:
        if "--json" in sys.argv:
            print_json({"error": error.what, "where": error.where, "mend": error.mend})
        else:
            console = Console(stderr=True, highlight=False, soft_wrap=True)
            console.print(f"Error: {error.where + ': ' if error.where else ''}{error.what}", style="bold red", markup=False)
            if error.mend:
                console.print(f"  {error.mend}", markup=False)
        sys.exit(error.exit_code)
    sys.exit(0)


if __name__ == "__main__":
    main()
