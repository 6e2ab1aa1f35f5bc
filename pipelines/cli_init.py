"""`esg-kpis init`: a new company's workspace. `esg-kpis templates`: blank workbooks for those who fill them in."""

from pathlib import Path
from typing import Annotated

import typer

from esg_kpis.errors import UsageProblem
from pipelines.options import GIVEN, Json, Out, Root, console, in_utf8, paths, print_json


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; it must not exist yet, or be empty.")],
    year: Annotated[int | None, typer.Option("--year", help="The reporting year, such as 2025.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Where the company is at home: CN, GB, HK, IN, SG or US. Decides the factors of fuels; grids of all six are there.")] = None,
    company: Annotated[str, typer.Option("--company", help="Its name, for the titles of report and README.")] = "Our company",
    lang: Annotated[str, typer.Option("--lang", help="Language of the README: en or zh. The workbooks are in both.")] = "en",
    as_json: Json = False,
) -> None:
    """Makes a new company's workspace, with workbooks to fill in, that runs as it is. Writes over nothing."""
    from pipelines import init_command

    if year is None or country is None:
        raise UsageProblem(
            "A new workspace is of a year and a country.", where="--year and --country", mend=f"For example: esg-kpis init {folder} --year 2025 --country CN (or GB, HK, IN, SG, US).",
        )  # fmt: skip
    if GIVEN["root"] is not None:
        raise UsageProblem("init makes a workspace of its own.", where="--root", mend="Leave --root out, and give the new folder behind init.")
    made = init_command.made(folder, in_utf8(company, "--company"), year, country.strip().upper(), lang)
    if as_json:
        print_json(made)
    else:
        init_command.print_made(console(), made)


def templates(
    to: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; it must not exist yet, or be empty.")],
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Writes blank workbooks for those who fill them in, with the sites of your register in their lists."""
    from pipelines import init_command

    where, target = paths(root, out)
    made = init_command.blank_templates(to, where, target)
    if as_json:
        print_json(made)
    else:
        console().print(f"{len(made['files'])} blank workbooks with {made['sites']} sites in their lists: {made['folder']}.", markup=False)
        console().print("What comes back goes into the folder of its kind under data/raw. Workbooks about people are for human resources only.", markup=False)
