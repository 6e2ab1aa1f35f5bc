"""The command line. It runs the assets, and prints what they made; it computes nothing."""

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer

from pipelines import (
    anomalies_command,
    cli_editions,
    cli_evidence,
    cli_factors,
    cli_init,
    cli_keys,
    cli_looking,
    cli_people,
    cli_readings,
    cli_register,
    cli_restatement,
    cli_run,
    cli_sampling,
    cli_status,
    cli_workbook,
    failures,
    plain,
)
from pipelines.check_table import check_table
from pipelines.options import GIVEN, Json, Out, Root, paths, print_json

app = typer.Typer(
    help="From the files that sites send to the KPIs of an ESG report, and back from a printed number to the line it came from.",
    no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


@app.callback()
def common(root: Root = None, out: Out = None) -> None:
    """Options that stand before the command."""
    GIVEN.update(root=root, out=out)


def ui(
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1.", min=1, max=65535)] = 3000,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Opens the Dagster UI on this machine only: it has no login."""
    from pipelines.run import dagster_instance

    where, target = paths(root, out)
    os.environ |= {"ESG_KPIS_ROOT": str(where), "ESG_KPIS_OUT": str(target)}
    with dagster_instance(where):
        pass
    if as_json:
        print_json({"url": f"http://127.0.0.1:{port}", "root": str(where), "out": str(target)})
        sys.stdout.flush()
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.execvp(sys.executable, [sys.executable, "-m", "dagster", "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)])  # noqa: S606


COMMANDS: dict[str, Callable[..., None]] = {
    "run": cli_run.run, "check": cli_run.check,
    "trace": cli_looking.trace, "table": cli_looking.table, "tie-out": cli_looking.tie_out, "targets": cli_looking.targets, "lens": cli_looking.lens, "index": cli_looking.index,
    "readings": cli_readings.readings,
    "check-table": check_table, "new-edition": cli_editions.new_edition, "init": cli_init.init, "templates": cli_init.templates, "workbook": cli_workbook.workbook,
    "pack": cli_evidence.pack, "verify": cli_evidence.verify,
    "bridge": cli_restatement.bridge, "growth": cli_restatement.growth, "diff": cli_restatement.diff,
    "approve": cli_register.approve, "lock": cli_register.lock, "restate": cli_register.restate, "status": cli_status.status, "ui": ui,
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
    """Runs the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=plain.HANDLER)
    sys.exit(answer(sys.argv[1:]))


def answer(words: list[str]) -> int:
    """Does what a command line asks for. Exit codes: 0 all well; 1 something is blocked, or could not be done; 2 wrong usage; 3 input could not be read."""
    as_json = "--json" in words
    try:
        code = app(words, prog_name="esg-kpis", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        failures.hush()
        return 1
    except (Exception, KeyboardInterrupt) as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error, file=sys.stderr)
            return 2
        return failures.report(error, as_json=as_json)
    if code == failures.INTERRUPTED:
        return failures.report(failures.stopped(), as_json=as_json)
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
