"""`esg-kpis init` and `esg-kpis templates`: folders that are written whole or not at all, and never over anything."""

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape

from esg_kpis.errors import UsageProblem
from esg_kpis.report.outputs import write_whole
from esg_kpis.starter import GROUP_SITE, Starter, known_places, templates, workbook, workspace_files
from esg_kpis.workspace import open_workspace

_SHOWN = 5
_STAGE = ".being-made"


def made(folder: Path, company: str, year: int, country: str, language: str) -> dict[str, Any]:
    """Makes a workspace.

    Returns:
        `folder`, `company`, `year`, `country`, and `files` by their paths in it.

    Raises:
        UsageProblem: if something is in the way, or an argument is none.
    """
    target = _free(folder)
    files = workspace_files(Starter(company.strip(), year, country, language))
    _write(target, files)
    return {"folder": str(target), "company": company.strip(), "year": year, "country": country, "files": list(files)}


def blank_templates(folder: Path, root: Path, out: Path) -> dict[str, Any]:
    """Writes the templates without their worked rows, with the sites of the register of a workspace in their lists.

    Returns:
        `folder`, `sites` (how many), and `files`.

    Raises:
        UsageProblem: if something is in the way, or the register was not read yet.
    """
    from esg_kpis.factors import read_library
    from pipelines.latest import read_work

    target = _free(folder)
    sites = _register(read_work(out, "sites") if (out / "work").is_dir() else None)
    known = {"site": sites, **known_places(read_library(open_workspace(root, out).factors))}
    files = {f"{item.domain}/{item.stem}.xlsx": workbook(item, known, blank=True) for item in templates(_ANY_YEAR, "CN", GROUP_SITE) if item.domain != "sites"}
    _write(target, files)
    return {"folder": str(target), "sites": len(sites), "files": list(files)}


_ANY_YEAR = 2025
"""Only worked rows lie in a year, and blank workbooks have none."""


def _register(sites: pl.DataFrame | None) -> list[str]:
    if sites is None or sites.is_empty():
        raise UsageProblem("The register of sites was not read yet.", where="data/raw/sites", mend="Run `esg-kpis check` first.")
    return sites["site_id"].sort().to_list()


# ---------------------------------------------------------------- the folder


def _free(folder: Path) -> Path:
    """The folder to make, resolved, if nothing is in the way.

    Raises:
        UsageProblem: naming what is there, and the way out.
    """
    target = folder.expanduser().resolve()
    file = next((path for path in (target, *target.parents) if path.exists() and not path.is_dir()), None)
    if file is not None:
        raise UsageProblem("That is a file, and no folder.", where=str(file), mend="Name a folder that does not exist yet.")
    try:
        there = sorted(path.name for path in target.iterdir()) if target.is_dir() else []
    except OSError as error:
        raise _unwritable(target, error) from error
    if there:
        shown = ", ".join(there[:_SHOWN]) + (f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else "")
        raise UsageProblem(f"The folder is not empty; it holds {shown}.", where=str(target), mend="Nothing was written. Name a folder that does not exist yet, or an empty one.")
    inside = next((parent for parent in target.parents if (parent / "data" / "raw").is_dir() and target.is_relative_to(parent / "data")), None)
    if inside is not None:
        raise UsageProblem(f"That lies among the data of the workspace {inside}.", where=str(target), mend="Name a folder outside its data.")
    return target


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    """Writes everything beside its place and moves it there when it is whole. A folder that is there stays the same folder, since somebody may be standing in it."""
    stands = target.is_dir()
    stage = target / _STAGE if stands else target.with_name(f".{target.name}{_STAGE}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        stage.mkdir()
    except FileExistsError as error:
        raise UsageProblem("It is being made already, or that was interrupted.", where=str(stage), mend="If nobody is at it, delete that folder and try again.") from error
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        for name, content in files.items():
            path = stage / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        if stands:
            _move_out(stage, target)
        else:
            stage.rename(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _move_out(stage: Path, target: Path) -> None:
    """Moves what is in a folder one level up; all of it, or nothing."""
    moved: list[Path] = []
    try:
        for path in sorted(stage.iterdir()):
            path.rename(target / path.name)
            moved.append(target / path.name)
    except OSError:
        for path in moved:
            path.rename(stage / path.name)
        raise


def _unwritable(target: Path, error: OSError) -> UsageProblem:
    return UsageProblem(f"It cannot be made: {error.strerror or error}.", where=str(target), mend="Nothing was written. Name another folder, or ask for the right to write there.")


# ---------------------------------------------------------------- in a terminal


def print_made(console: Console, made: Mapping[str, Any]) -> None:
    """What was made, and what to do next."""
    folder = made["folder"]
    console.print(f"[bold]A workspace for {escape(made['company'])}, {made['year']}, is in {escape(folder)}.[/]")
    console.print("It runs as it is, on worked rows that are to be overwritten. Next:")
    if Path(folder) != Path.cwd():
        console.print(f"  cd {shlex.quote(folder)}", markup=False)
    console.print("  esg-kpis run")
    console.print("  write your sites into data/raw/sites/sites.xlsx; README.md has the rest")
