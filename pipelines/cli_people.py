"""`esg-kpis people`: pseudonyms, and the lock of people data."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from esg_kpis.errors import UsageProblem
from pipelines.options import GIVEN, Json, KeyFile, Out, Root, console, day, name_key, paths, print_json

app = typer.Typer(help="People data: pseudonyms, and counts that outlive the files.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def pseudonymise(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with staff numbers, and without names, identity numbers or birth dates.")],
    to: Annotated[Path, typer.Option("--to", help="CSV to write; it must not exist yet.")],
    column: Annotated[str, typer.Option("--column", help="The column of staff numbers.")] = "person",
    person_key_file: KeyFile = None,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Writes a copy of a file with a pseudonym in place of each staff number: keyed hashes that cannot be undone without the key."""
    from esg_kpis.domains.people import FORMS
    from esg_kpis.files import Reading, folded, read_source
    from esg_kpis.files.sandbox import open_sheets
    from esg_kpis.people.keys import pseudonymised, read_secret

    where = root or GIVEN["root"] or (Path.cwd() if (Path.cwd() / "data" / "raw").is_dir() else None)
    if to.exists():
        raise UsageProblem("There is such a file already.", where=str(to), mend="Give another name.")
    names = frozenset(folded(name) for name in (column, *(item.name for form in FORMS.values() for item in form.columns)))
    sheet = open_sheets(read_source(file.resolve().parent, file.resolve()), Reading(names=names))[0]
    content = pseudonymised(sheet, column, read_secret(person_key_file, where))
    to.write_bytes(content)
    if as_json:
        print_json({"rows": sheet.rows.height, "file": str(to)})
        return
    console().print(f"{sheet.rows.height} rows written to {to}.", markup=False)


@app.command()
def lock(
    until: Annotated[str, typer.Option("--until", help="Last day the lock covers: the end of a period, such as 2023-12-31.")],
    replace: Annotated[
        str | None, typer.Option("--replace", metavar="REASON", help="Count the lock that is there anew from the files; the reason is kept in it.")
    ] = None,
    person_key_file: KeyFile = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Keeps counts and control totals of the people files, so that the files can be deleted and the figures still stand."""
    from pipelines.look import locked

    where, target = paths(root, out)
    name_key(person_key_file)
    counts, files, folder = locked(where, target, date.fromisoformat(day(until, "--until")), replace)
    if as_json:
        print_json({"counts": counts, "files": files, "until": until, "folder": str(folder)})
        return
    console().print(f"Locked {counts} counts of {files} files up to {until}, in {folder}.", markup=False)
    console().print("The people files may now be deleted as your retention rule says. Keep this folder with the editions.", markup=False)
