"""`esg-kpis anomalies`: what a person is asked to explain, and the row that explains it in the edition's own explanations.csv."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from esg_kpis.errors import UsageProblem, near_misses
from pipelines import complete
from pipelines.options import EditionOption, Json, Out, Root, console, day, paths, print_json

if TYPE_CHECKING:
    import polars as pl

app = typer.Typer(help="What is unlike last year, its peers, its season or a known factor; and the place for the explanation.", rich_markup_mode=None)

@app.callback(invoke_without_command=True)
def listed(
    context: typer.Context,
    edition: EditionOption = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only what waits for a person: open, or stale since the figure changed.")] = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Shows the anomalies of the last run."""
    if context.invoked_subcommand is not None:
        return
    frame = of_last_run(paths(root, out)[1], edition)
    if only_open:
        frame = frame.filter(frame["state"] != "explained")
    if as_json:
        print_json(frame.to_dicts())
    else:
        print_anomalies(console(), frame)

@app.command()
def explain(
    anomaly: Annotated[str, typer.Argument(help="Id of the anomaly, such as a0123456789a.", autocompletion=complete.anomaly)],
    text: Annotated[str, typer.Option("--text", help="Why it is so; this goes to the assurer.")],
    by: Annotated[str, typer.Option("--by", help="Who says so: a role, initials, or a document.")],
    on: Annotated[str, typer.Option("--on", help="Day of the explanation, such as 2024-03-28.")],
    edition: EditionOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an explanation that still holds.")] = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Writes an explanation to the explanations.csv of the anomaly's edition, with the value as it is now."""
    where, target = paths(root, out)
    path = explained(where, target, anomaly, text, by, on, edition, replace=replace)
    if as_json:
        print_json({"anomaly_id": anomaly, "file": str(path)})
        return
    console().print(f"Explained in {path}. Run `esg-kpis run` to see it in the results.", markup=False)


def of_last_run(out: Path, edition: str | None) -> "pl.DataFrame":
    """The anomalies of the last run, of one edition or all.

    Raises:
        UsageProblem: if the last run has no such edition.
    """
    from pipelines.latest import known_edition, latest_of, read_result

    folder = latest_of(out)
    frame = read_result(folder, "anomalies")
    if edition is None:
        return frame
    known_edition(edition, read_result(folder, "kpi_values")["edition"].unique().sort().to_list())
    return frame.filter(frame["edition"] == edition)


def explained(root: Path, out: Path, anomaly: str, text: str, by: str, on: str, edition: str | None, *, replace: bool) -> Path:
    """Writes one row to the explanations.csv of the anomaly's own edition, in place of one for the same anomaly.

    Raises:
        UsageProblem: if the last run has no such anomaly (in that edition), it is explained already, or text, person or day is none.
        InputProblem: if the file that is there cannot be read.
    """
    import polars as pl

    from esg_kpis.editions.explanations import COLUMNS, FILE, read_explanations
    from esg_kpis.exact import plain
    from esg_kpis.report.outputs import alone, for_people, write_whole

    frame = of_last_run(out, edition)
    row = next(iter(frame.filter(frame["anomaly_id"] == anomaly).iter_rows(named=True)), None)
    if row is None:
        raise UsageProblem(f"The last run has no anomaly '{anomaly}'{f' in edition {edition}' if edition else ''}.", mend=near_misses(anomaly, frame["anomaly_id"]) or "See `esg-kpis anomalies`.")
    text, by = " ".join(text.split()), " ".join(by.split())
    for given, option in ((text, "--text"), (by, "--by")):
        if not any(character.isalnum() for character in given):
            raise UsageProblem("It says nothing.", where=option, mend="Say why it is so, and who says so.")
    said_on = day(on, "--on")
    folder = (root / "editions" / row["edition"]).resolve()
    if folder.parent != (root / "editions").resolve() or not (folder / "edition.toml").is_file():
        raise UsageProblem(f"There is no edition '{row['edition']}' here.", where=str(root / "editions"), mend="Give the workspace of the run with --root.")
    with alone(out):
        known = dict(read_explanations(folder, f"editions/{row['edition']}/{FILE}"))
        before = known.get(anomaly)
        if before is not None and before.observed == row["observed"] and not replace:
            raise UsageProblem(f"It is explained already: {before.explanation}", where=anomaly, mend="--replace writes another explanation in its place.")
        rows = [(item.anomaly_id, plain(item.observed), item.explanation, item.explained_by, item.explained_on) for item in known.values() if item.anomaly_id != anomaly]
        rows.append((anomaly, plain(row["observed"]), text, by, said_on))
        safe = for_people(pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String()), orient="row"))
        path: Path = folder / FILE
        write_whole(path, _csv(COLUMNS, safe.rows()).encode())
    return path


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def print_anomalies(console: Console, frame: "pl.DataFrame") -> None:
    """Rule by rule what was found, what was expected, and why, if somebody said so."""
    from esg_kpis.assurance.anomalies import said
    from esg_kpis.exact import plain

    for part in frame.sort("edition", "rule", "period", "anomaly_id").partition_by("edition", "rule", maintain_order=True):
        first = part.row(0, named=True)
        console.print(f"[bold]{escape(first['edition'])}, {escape(first['rule'])}[/]: {part.height}; usual is {escape(first['threshold'])}")
        for row in part.iter_rows(named=True):
            ratio = f", {plain(row['ratio'])} times" if row["ratio"] is not None else ""
            console.print(f"  {row['anomaly_id']}  {row['state']:9}  {row['month'] or row['period']}  {row['subject']}: {plain(row['observed'])} {row['unit']}, expected {plain(row['expected'])}{ratio}", markup=False)
            for words in (row["contributors"], said(row) if row["explanation"] else ""):
                if words:
                    console.print(f"    {words}", markup=False)
    states = [f"{count} {state}" for state, count in frame.group_by("state").len().sort("state").iter_rows()]
    console.print(f"Anomalies: {', '.join(states) or 'none'}. Explain one: esg-kpis anomalies explain ID --text … --by … --on …", markup=False)
