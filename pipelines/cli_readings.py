"""Meter readings of the last run: what each month became, and from a line of a month's file to the rows of the files it was rolled up from."""

from typing import Annotated

import typer

from esg_kpis.errors import UsageProblem
from pipelines import complete
from pipelines.options import Json, Out, Root, console, paths, print_json


def readings(
    meter: Annotated[str | None, typer.Argument(help="Meter, as the register spells it; all if none is given.")] = None,
    month: Annotated[str | None, typer.Option("--month", help="Month, such as 2023-05: shows the meter day by day, and each row that does not simply count.")] = None,
    day: Annotated[str | None, typer.Option("--day", help="Day, such as 2023-05-03: shows each row of the meter on it.")] = None,
    table: Annotated[str | None, typer.Option("--table", help="Table of readings, by its name in _format.toml.")] = None,
    site: Annotated[str | None, typer.Option("--site", help="Site of the meter, where one meter id stands at several.")] = None,
    edition: Annotated[str | None, typer.Option("--edition", help="With a meter and a month or day: as this edition knew it; the latest knowledge date if none is given.", autocompletion=complete.edition)] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="How many rows to show at most; 0 shows all.")] = 40,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Shows meter readings: what months became, of one meter its days, and each row with the file it stands in and what became of it."""
    from pipelines import show_readings
    from pipelines.readings_looked_at import asked, meter_rows, months, of_no_meter, stopped

    where, target = paths(root, out)
    month = asked(meter, month, day)
    if meter is None or month is None:
        if edition is not None:
            raise UsageProblem("Months are listed as they were last known.", where="--edition", mend="Name a meter and a month: esg-kpis readings METER --month YYYY-MM --edition ID.")
        found = months(target, meter, table, site, month)
        if as_json:
            print_json(found)
        else:
            show_readings.print_months(console(), found, of_no_meter(target, table, month) if meter is None else [], stopped(target, table, month), of_meter=meter is not None)
        return
    walk = meter_rows(where, target, meter, month, table, site, day, edition)
    print_json(walk) if as_json else show_readings.print_rows(console(), walk, rows)
