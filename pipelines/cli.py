"""The command line. It runs the assets, and prints what they made; it computes nothing."""

import json
import os
import sys
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import polars as pl
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from esg_kpis.errors import EsgKpisError, UsageProblem
from pipelines.check_table import check_table

app = typer.Typer(
    help="From the files that sites send to the KPIs of an ESG report, and back from a printed number to the line it came from.",
    no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
factors_app = typer.Typer(help="The factor library.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(factors_app, name="factors")
people_app = typer.Typer(help="People data: pseudonyms, and counts that outlive the files.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(people_app, name="people")
app.command(name="check-table")(check_table)

Root = Annotated[Path | None, typer.Option("--root", help="The workspace: a folder with data/raw, factors and editions.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where results go; default: data/out of the workspace.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--person-key-file",
        help="Secret key that makes pseudonyms of staff numbers; outside the workspace.",
        envvar="ESG_KPIS_PERSON_KEY_FILE",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
EditionOption = Annotated[str | None, typer.Option("--edition", help="Edition id, such as 2023.")]
_given: dict[str, Path | None] = {"root": None, "out": None}


@app.callback()
def common(root: Root = None, out: Out = None) -> None:
    """Options that stand before the command."""
    _given.update(root=root, out=out)


def _paths(root: Path | None, out: Path | None) -> tuple[Path, Path]:
    from esg_kpis.workspace import open_workspace

    chosen, target = root or _given["root"] or Path.cwd(), out or _given["out"]
    workspace = open_workspace(chosen, target)
    return workspace.root, workspace.out


def _day(text: str | None, option: str) -> str:
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageProblem(f"'{text}' is no date.", where=option, mend="Write it as 2024-04-09.") from None


def _console() -> Console:
    """A console as wide as the terminal; into a file or a pipe nothing is cut."""
    return Console(width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS") or 4000), highlight=False)


def _print_json(value: Any) -> None:  # noqa: ANN401
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


# ---------------------------------------------------------------- run, check


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
    person_key_file: KeyFile = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Runs everything and prints the KPI table, the tie-out and what needs a person."""
    from pipelines import show
    from pipelines.run import Request

    where, target = _paths(root, out)
    _name_key(person_key_file)
    request = Request(where, target, tuple(edition or ()), _day(known_on, "--known-on"), _day(as_of, "--as-of"))
    _execute(request, quiet=as_json)
    summary = show.summary(target)
    if as_json:
        _print_json(summary)
    else:
        console = _console()
        show.print_run(console, request.resource().read_editions, target)
        if known_on or as_of:
            console.print(
                f"These results are a what-if: known on {known_on or 'each edition’s date'}, as of {as_of or 'the latest of them'}. Run again without, or use --out for it."
            )
    raise typer.Exit(1 if summary["blocked"] else 0)


@app.command()
def check(person_key_file: KeyFile = None, root: Root = None, out: Out = None, as_json: Json = False) -> None:
    """Reads the files and checks them; computes no KPI and leaves the last results as they are."""
    from pipelines import show
    from pipelines.run import Request, read_work

    where, target = _paths(root, out)
    _name_key(person_key_file)
    _execute(Request(where, target), quiet=as_json, only_ingest=True)
    files, rejected, observations, records, coverage = (read_work(target, name) for name in ("files", "rejected", "observations", "records", "coverage"))
    missing = coverage.filter(pl.col("missing") > 0)
    if as_json:
        _print_json(
            {"records": records.height, "files": files.to_dicts(), "rejected": rejected.to_dicts(), "observations": observations.to_dicts(), "missing": missing.to_dicts()}
        )
    else:
        show.print_check(_console(), files, records, rejected, observations, missing)
    raise typer.Exit(1 if rejected.height else 0)


def _name_key(path: Path | None) -> None:
    """Where the secret key lies reaches the steps by the environment: it is in no configuration that Dagster keeps."""
    if path is not None:
        os.environ["ESG_KPIS_PERSON_KEY_FILE"] = str(path.resolve())


def _execute(request: Any, *, quiet: bool, only_ingest: bool = False) -> None:  # noqa: ANN401
    from pipelines.run import execute

    console = Console(stderr=True, quiet=quiet)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30), TimeElapsedColumn(), console=console, transient=True
    ) as progress:
        task = progress.add_task("starting", total=9 if only_ingest else 16)

        def told(step: str, ended: bool) -> None:
            progress.update(task, description=step.replace("_", " "), advance=1 if ended else 0)

        execute(request, told, only_ingest=only_ingest)


# ---------------------------------------------------------------- looking at results


@app.command()
def trace(
    kpi: Annotated[str, typer.Argument(help="KPI id, such as ghg_scope_2.")],
    period: Annotated[str, typer.Option("--period", help="Period, such as 2023.")],
    edition: EditionOption = None,
    category: Annotated[str, typer.Option("--category", help="BREAKDOWN=CATEGORY, such as gas=CO2.")] = "total=All",
    rows: Annotated[int, typer.Option("--rows", min=0, help="How many amounts and records to show of each; 0 shows all.")] = 8,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Walks from a printed KPI to its formula, amounts, factors, and the lines of the files they came from."""
    from pipelines import show
    from pipelines.look import traced

    where, target = _paths(root, out)
    breakdown, equals, name = category.partition("=")
    if not equals:
        raise UsageProblem(f"'{category}' is no category.", where="--category", mend="Write BREAKDOWN=CATEGORY, such as gas=CO2.")
    walk = traced(where, target, kpi, period, edition, breakdown, name)
    if as_json:
        _print_json(walk)
    else:
        show.print_trace(_console(), walk, rows or sys.maxsize)


@app.command(name="tie-out")
def tie_out(
    edition: EditionOption = None,
    every: Annotated[bool, typer.Option("--all", help="Show equal cells too, and computed ones that were not published.")] = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Shows computed against published for every printed cell of the last run."""
    from pipelines import show
    from pipelines.run import read_result

    _, target = _paths(root, out)
    frame = read_result(target, "tie_out")
    if edition is not None:
        frame = frame.filter(pl.col("edition") == edition)
        if frame.is_empty():
            raise UsageProblem(f"The last run has no edition '{edition}'.", mend="Run it with --edition, or leave the option out.")
    if as_json:
        _print_json(frame.to_dicts())
    else:
        show.print_tie_out(_console(), frame, every=every)


@app.command()
def lens(
    kpi: Annotated[list[str] | None, typer.Argument(help="KPI ids to show; all if none is given.")] = None,
    edition: EditionOption = None,
    name: Annotated[str | None, typer.Option("--lens", help="One lens of the edition, by its id.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="Period, such as 2023.")] = None,
    gwp_set: Annotated[str | None, typer.Option("--gwp-set", help="Look by another GWP set: AR4, AR5, AR6.")] = None,
    known_on: Annotated[str | None, typer.Option("--known-on", help="Look with what was known on another day.")] = None,
    consolidation: Annotated[str | None, typer.Option("--consolidation", help="Look by operational_control, financial_control or equity_share.")] = None,
    scope_2: Annotated[str | None, typer.Option("--scope-2", help="Totals by location or market.")] = None,
    rules_of: Annotated[str | None, typer.Option("--rules-of", help="Look by the factor rules of another edition.")] = None,
    without: Annotated[str | None, typer.Option("--without", metavar="ATTRIBUTE=VALUE", help="Leave sites out, such as business_line='Automotive factory'.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show cells that do not differ too.")] = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Shows KPIs by another GWP set, factor rules, Scope 2 method, boundary or knowledge date, beside those of the edition."""
    from pipelines import otherwise

    where, target = _paths(root, out)
    attribute, equals, value = (without or "").partition("=")
    if without and not equals:
        raise UsageProblem(f"'{without}' is no attribute and value.", where="--without", mend="Write ATTRIBUTE=VALUE, such as business_line='Automotive factory'.")
    asked = {"gwp_set": gwp_set, "knowledge_date": _day(known_on, "--known-on"), "consolidation": consolidation, "scope_2_total": scope_2, "factor_rules_of": rules_of}
    changes: dict[str, Any] = {key: item for key, item in asked.items() if item}
    if without:
        changes["where"] = {attribute: [f"not {value}"]}
    frame = otherwise.seen(where, target, edition, name, changes, kpi or (), period)
    if as_json:
        _print_json(otherwise.as_json(frame))
    else:
        otherwise.print_lenses(_console(), frame, every=every)


@factors_app.command(name="find")
def find(
    measure: Annotated[str, typer.Argument(help="Measure, such as electricity_purchased.")],
    region: Annotated[str, typer.Option("--region", help="Grid region or country of the site, such as CN-NCG or CN.")],
    on: Annotated[str, typer.Option("--on", help="A day the amount is about, such as 2023-06-30.")],
    edition: EditionOption = None,
    known_on: Annotated[
        str | None, typer.Option("--known-on", help="Only factors published by this day; default: the edition's knowledge date.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="Kind of site, where a rule asks for it.")] = "office",
    beside: Annotated[
        list[str] | None, typer.Option("--with", metavar="NAME=VALUE", help="What stands beside the amount, such as equipment=chiller; may be given several times.")
    ] = None,
    gas: Annotated[str | None, typer.Option("--gas", help="Only this gas, such as CH4.")] = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Says which factor serves a measure, by which rule, why, and what nearly matched. Without an edition: all that describe the day."""
    from esg_kpis.domains import measure_named
    from pipelines.library import Question, beside_of, found
    from pipelines.show_factors import print_factors

    where, _ = _paths(root, out)
    measure_named(measure)
    day = _day(known_on, "--known-on")
    asked = Question(measure, region, date.fromisoformat(_day(on, "--on")), kind, beside_of(beside or (), measure), gas)
    answers = found(where, asked, edition, date.fromisoformat(day) if day else None)
    if as_json:
        _print_json(answers)
    else:
        print_factors(_console(), answers)
    raise typer.Exit(0 if any(answer["factor_id"] for answer in answers) else 1)


@factors_app.command(name="check")
def check_library(root: Root = None, as_json: Json = False) -> None:
    """Looks for gaps, overlaps, revisions and outliers in the library itself. Exit code 1: there is an error."""
    from pipelines.library import checked
    from pipelines.show_factors import print_library

    told = checked(_paths(root, None)[0])
    if as_json:
        _print_json(told)
    else:
        print_library(_console(), told)
    raise typer.Exit(1 if any(row["severity"] == "error" for row in told["findings"]) else 0)


# ---------------------------------------------------------------- people


@people_app.command()
def pseudonymise(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with staff numbers, and without names, identity numbers or birth dates.")],
    to: Annotated[Path, typer.Option("--to", help="CSV to write; it must not exist yet.")],
    column: Annotated[str, typer.Option("--column", help="The column of staff numbers.")] = "person",
    person_key_file: KeyFile = None,
    root: Root = None,
) -> None:
    """Writes a copy of a file with a pseudonym in place of each staff number: keyed hashes that cannot be undone without the key."""
    from esg_kpis.domains.people import FORMS
    from esg_kpis.files import Reading, folded, read_source
    from esg_kpis.files.sandbox import open_sheets
    from esg_kpis.people.keys import pseudonymised, read_secret

    where = root or _given["root"] or (Path.cwd() if (Path.cwd() / "data" / "raw").is_dir() else None)
    if to.exists():
        raise UsageProblem("There is such a file already.", where=str(to), mend="Give another name.")
    names = frozenset(folded(name) for name in (column, *(item.name for form in FORMS.values() for item in form.columns)))
    sheet = open_sheets(read_source(file.resolve().parent, file.resolve()), Reading(names=names))[0]
    content = pseudonymised(sheet, column, read_secret(person_key_file, where))
    to.write_bytes(content)
    _console().print(f"{sheet.rows.height} rows written to {to}.", markup=False)


@people_app.command()
def lock(
    until: Annotated[str, typer.Option("--until", help="Last day the lock covers: the end of a period, such as 2023-12-31.")],
    replace: Annotated[
        str | None, typer.Option("--replace", metavar="REASON", help="Count the lock that is there anew from the files; the reason is kept in it.")
    ] = None,
    person_key_file: KeyFile = None,
    root: Root = None,
    out: Out = None,
) -> None:
    """Keeps counts and control totals of the people files, so that the files can be deleted and the figures still stand."""
    from pipelines.look import locked

    where, target = _paths(root, out)
    _name_key(person_key_file)
    counts, files, folder = locked(where, target, date.fromisoformat(_day(until, "--until")), replace)
    _console().print(f"Locked {counts} counts of {files} files up to {until}, in {folder}.", markup=False)
    _console().print("The people files may now be deleted as your retention rule says. Keep this folder with the editions.", markup=False)


@app.command()
def ui(
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1.")] = 3000,
    root: Root = None,
    out: Out = None,
) -> None:
    """Opens the Dagster UI on this machine only: it has no login."""
    from pipelines.run import dagster_instance

    where, target = _paths(root, out)
    os.environ |= {"ESG_KPIS_ROOT": str(where), "ESG_KPIS_OUT": str(target)}
    with dagster_instance(where):
        pass
    os.execvp(sys.executable, [sys.executable, "-m", "dagster", "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)])  # noqa: S606


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
            _print_json({"error": error.what, "where": error.where, "mend": error.mend})
        else:
            console = Console(stderr=True, highlight=False, soft_wrap=True)
            console.print(f"Error: {error.where + ': ' if error.where else ''}{error.what}", style="bold red", markup=False)
            if error.mend:
                console.print(f"  {error.mend}", markup=False)
        sys.exit(error.exit_code)
    sys.exit(0)


if __name__ == "__main__":
    main()
