"""What the looking commands ask of the library: a trace through the last results, and the choice of a factor."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.assurance.trace import Tables, trace
from esg_kpis.domains import measure_named
from esg_kpis.editions import Edition, FactorRule, counting_of, read_editions
from esg_kpis.errors import EsgKpisError, FactorProblem, UsageProblem
from esg_kpis.exact import plain
from esg_kpis.factors import Factor, Library, Need, near_matches, read_library, rules_of, select, with_instruments
from esg_kpis.ingest import ingest
from esg_kpis.kpis import inputs_of
from esg_kpis.people import Lock, People, count_people, counting_with, lock_files, people_of, read_lock
from esg_kpis.report.outputs import digest_of
from pipelines.resources import WorkspaceResource
from pipelines.results import RUN_FILE
from pipelines.run import latest_of, read_result


def traced(root: Path, out: Path, kpi: str, period: str, edition_id: str | None, breakdown: str, category: str) -> dict[str, Any]:
    """The walk back from one cell of the last results. Without an edition, the latest that printed the cell."""
    folder = latest_of(out)
    tables = Tables(*(read_result(folder, name) for name in ("kpi_values", "edition_amounts", "factor_uses", "records", "sites", "tie_out", "estimates")))
    known = sorted(tables.kpi_values["edition"].unique().to_list(), reverse=True)
    has_it = tables.kpi_values.filter((pl.col("kpi_id") == kpi) & (pl.col("period") == period))["edition"].unique().to_list()
    chosen = edition_id or next((name for name in known if name in has_it), known[0] if known else "")
    if chosen not in known:
        raise UsageProblem(f"The last run has no edition '{chosen}'.", mend=f"It has: {', '.join(known)}.")
    ran = unchanged_since(root, folder)
    edition = read_editions(root / "editions", (chosen,))[0]
    library = with_instruments(read_library(root / "factors"), read_result(folder, "instruments"))
    own = tables.edition_amounts.filter(pl.col("edition") == chosen)
    inputs = inputs_of(own, tables.sites, library, edition, date.fromisoformat(ran[f"known on {chosen}"]))
    return trace(tables, inputs, kpi, period, breakdown, category)


def unchanged_since(root: Path, folder: Path) -> dict[str, str]:
    """What `run.json` says of a set of results, if factors and editions are as they were then.

    Raises:
        EsgKpisError: if they are not.
    """
    ran: dict[str, str] = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    for part in ("factors", "editions"):
        if ran[part] != digest_of(root / part):
            raise EsgKpisError(f"The {part} have changed since the last run.", where=str(folder), mend="Run `esg-kpis run` again; this shows what a run used.")
    return ran


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
    resource = WorkspaceResource(root=str(root), out=str(out))
    workspace = resource.workspace
    folder, before = workspace.people_lock, read_lock(workspace.people_lock)
    counting = counting_with(counting_of(resource.read_editions), before)
    sites = ingest(workspace, resource.last_day).sites
    if replace is None:
        people = people_of(workspace, resource.last_day, sites, counting, resource.person_key)
        _check_extends(before, people, until)
        history = before.replaced if before else ()
    else:
        people = count_people(workspace, resource.last_day, sites, counting, resource.person_key)
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


def found(root: Path, measure: str, region: str, on: date, edition_id: str | None, known_on: str, kind: str) -> list[dict[str, Any]]:
    """One answer per output and gas that the measure leads to: the factor and why, or what nearly matched.

    Raises:
        UsageProblem: if the measure, the edition, or a period of it that holds the day does not exist.
    """
    measure_named(measure)
    library = read_library(root / "factors")
    if edition_id is None:
        return _without_edition(library, measure, region, on, date.fromisoformat(known_on) if known_on else None)
    edition = read_editions(root / "editions", (edition_id,))[0]
    period = next((period for period in edition.periods.values() if period.first <= on <= period.last), None)
    if period is None:
        raise UsageProblem(
            f"Edition {edition_id} has no period that holds {on}.", where="--on", mend=f"Its periods: {', '.join(edition.periods)}."
        )
    day = date.fromisoformat(known_on) if known_on else edition.rules.knowledge_date
    rules = [rule for rule in rules_of(edition.rules) if measure in rule.measures]
    gases = sorted({factor.gas for factor in library.factors if factor.measure == measure})
    wanted = list(
        dict.fromkeys((rule.output, gas) for rule in rules for named in rule.gases for gas in (gases if named == "*" else [named]))
    )
    if not wanted:
        raise UsageProblem(
            f"Edition {edition_id} has no rule for {measure}.", mend="Its factors lead nowhere; leave --edition out to see all of them."
        )
    chain = _chain(region)
    return [_answer(library, edition, rules, Need(measure, output, gas, chain, kind, period), day) for output, gas in wanted]


def _chain(region: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((region, region.partition("-")[0])))


def _answer(library: Library, edition: Edition, rules: list[FactorRule], need: Need, known_on: date) -> dict[str, Any]:
    near = near_matches(library, rules, need, known_on=known_on)
    try:
        choice = select(library, rules, need, known_on=known_on, gwp_set=edition.rules.gwp_set)
    except FactorProblem as problem:
        return {"output": need.output, "gas": need.gas, "factor_id": None, "why": str(problem), "nearly": near}
    return {"output": need.output, "gas": need.gas, **_facts(choice.factor, library), "why": choice.why, "nearly": near}


def _facts(factor: Factor, library: Library) -> dict[str, Any]:
    source = library.sources[factor.source_id]
    return {
        "factor_id": factor.factor_id, "value": plain(factor.value), "unit": factor.unit, "region": factor.region, "method": factor.method,
        "data_period": factor.data_period, "published": factor.published.isoformat(), "grade": factor.grade, "note": factor.note,
        "source": f"{source['publisher']}, {source['title']}, {source['document']}, {factor.page}",
    }  # fmt: skip


def _without_edition(library: Library, measure: str, region: str, on: date, known_on: date | None) -> list[dict[str, Any]]:
    """All factors that describe the day in the region, and those that nearly do."""
    chain = (*_chain(region), "GLOBAL")
    answers, nearly = [], []
    for factor in library.factors:
        if factor.measure != measure:
            continue
        misses = []
        if factor.region not in chain:
            continue
        if factor.data_from > on or (factor.data_to is not None and factor.data_to < on):
            misses.append(f"describes {factor.data_period}")
        if known_on is not None and factor.published > known_on:
            misses.append(f"published {factor.published.isoformat()}")
        if misses:
            nearly.append(f"{factor.factor_id} ({', '.join(misses)})")
        else:
            answers.append(
                {
                    "output": factor.output,
                    "gas": factor.gas,
                    **_facts(factor, library),
                    "why": "describes the day in this region; which one serves is for an edition to say",
                    "nearly": [],
                }
            )
    if not answers:
        return [
            {
                "output": "",
                "gas": "",
                "factor_id": None,
                "why": f"No factor for {measure} describes {on} in {region}.",
                "nearly": nearly or ["nothing"],
            }
        ]
    answers[-1]["nearly"] = nearly
    return answers
