"""`esg-kpis status`: the one look at everything."""

import typer

from pipelines.options import Json, Out, RegisterOption, Root, console, name_register, paths, print_json


def status(register: RegisterOption = None, root: Root = None, out: Out = None, as_json: Json = False) -> None:
    """Shows where every period of every edition stands: last run, KPIs, tie-out, findings, approval, and what to do next. Exit code 1: results are damaged, the register is not whole, or a lock is broken; 3: the register or the editions cannot be read."""
    from pipelines.dashboard import dashboard
    from pipelines.show_status import print_status

    name_register(register)
    told = dashboard(*paths(root, out))
    if as_json:
        print_json(told)
    else:
        print_status(console(), told)
    if told["register"] is None or told["editions_unreadable"]:
        raise typer.Exit(3)
    raise typer.Exit(1 if told["problems"] or told["broken"] or (told["run"] and told["run"]["damaged"]) else 0)
