"""What the looking commands ask of the library: a trace through the last results, and the lock of people data."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.assurance.targets import trace_target
from esg_kpis.assurance.trace import Tables, trace
from esg_kpis.editions import counting_of, read_editions
from esg_kpis.errors import UsageProblem
from esg_kpis.factors import read_library, with_instruments
from esg_kpis.ingest import ingest
from esg_kpis.kpis import inputs_of
from esg_kpis.people import Lock, People, count_people, counting_with, lock_files, people_of, read_lock
from pipelines.asked import Request
from pipelines.latest import known_edition, latest_first, latest_of, read_result, unchanged_since


def traced(root: Path, out: Path, kpi: str, period: str, edition_id: str | None, breakdown: str, category: str) -> dict[str, Any]:
    """The walk back from one cell of the last results. Without an edition, the latest that printed the cell."""
    folder = latest_of(out)
    tables = Tables(*(read_result(folder, name) for name in ("kpi_values", "edition_amounts", "factor_uses", "records", "sites", "tie_out", "estimates")))
    known = latest_first(folder, tables.kpi_values["edition"].unique().to_list())
    of_kpi = tables.kpi_values.filter(pl.col("kpi_id") == kpi)
    has_it = [of_kpi.filter(pl.col("period") == period)["edition"].unique().to_list(), of_kpi["edition"].unique().to_list(), known]
    chosen = known_edition(edition_id or next((name for editions in has_it for name in known if name in editions), ""), known)
    ran = unchanged_since(root, folder)
    edition = read_editions(root / "editions", (chosen,))[0]
    library = with_instruments(read_library(root / "factors"), read_result(folder, "instruments"))
    own = tables.edition_amounts.filter(pl.col("edition") == chosen)
    inputs = inputs_of(own, tables.sites, library, edition, date.fromisoformat(ran[f"known on {chosen}"]))
    walk = trace_target(edition, tables.kpi_values, tables.tie_out, kpi, period, breakdown, category) or trace(tables, inputs, kpi, period, breakdown, category)
    cell = {"edition": chosen, "kpi_id": kpi, "period": period, "breakdown": breakdown, "category": category}
    of_cell = pl.all_horizontal(pl.col(name) == value for name, value in cell.items())
    doubt, sources, otherwise = (read_result(folder, name).filter(of_cell) for name in ("uncertainty", "uncertainty_sources", "lenses"))
    return walk | {"uncertainty": doubt.to_dicts(), "uncertainty_sources": sources.sort("rank").to_dicts(), "lenses": otherwise.to_dicts()}


def locked(root: Path, out: Path, until: date, replace: str | None) -> tuple[int, int, Path]:
    """Writes the lock of the people data: how many counts of how many files, and where.

    Args:
        root: The workspace.
        out: Where results go.
        until: Last day the lock covers.
        replace: Why the lock that is there is counted anew from the files; None to write a first one, or to extend one to a later day.

    Raises:
        UsageProblem: if there is a lock already that `until` does not extend, or a file it was counted from is gone; or what is counted is not whole.
    """
    request = Request(root, out)
    workspace = request.workspace
    folder, before = workspace.people_lock, read_lock(workspace.people_lock)
    counting = counting_with(counting_of(request.read_editions), before)
    sites = ingest(workspace, request.last_day).sites
    if replace is None:
        people = people_of(workspace, request.last_day, sites, counting, request.person_key)
        _check_extends(before, people, until)
        history = before.replaced if before else ()
    else:
        people = count_people(workspace, request.last_day, sites, counting, request.person_key)
        gone = before.controls.join(people.controls.select("path"), on="path", how="anti") if before else pl.DataFrame()
        if gone.height:
            raise UsageProblem(
                f"{gone.height} files that were locked are gone: {', '.join(gone['path'].head(3))}. What was counted of them would be lost.",
                where="--replace", mend="Bring the files back; or leave --replace out to extend the lock to a later day.",
            )  # fmt: skip
        history = (*before.history[:-1], {**before.history[-1], "reason": replace}) if before else ()
    files = lock_files(people, counting, until, history)
    _swap(folder, files)
    return people.counts.filter(pl.col("last") <= until).height, people.controls.height, folder


def _check_extends(before: Lock | None, people: People, until: date) -> None:
    if before is None:
        return
    if until <= before.until:
        raise UsageProblem(
            f"There is a lock already, up to {before.until}.", where="--until",
            mend='A later day extends it. --replace "REASON" counts it anew from the files, and keeps the reason.',
        )  # fmt: skip
    wrong = people.observations.filter((pl.col("check") == "people_lock") & (pl.col("severity") == "error"))
    if wrong.height:
        raise UsageProblem(f"The files do not fit the lock: {wrong['observed'][0]}.", where="data/raw/people", mend=wrong["what_to_do"][0])


def _swap(folder: Path, files: dict[str, bytes]) -> None:
    """Puts a folder of these files in the place of another. One of the two is always there under its name or under that of the one before."""
    fresh, old = folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.before")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, content in files.items():
        (fresh / name).write_bytes(content)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.replace(old)
    fresh.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
