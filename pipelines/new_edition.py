"""Next year's edition from this year's, as a folder: written whole or not at all, read before it is there, with a list of what a person must decide."""

import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape

from esg_kpis.editions import Edition, FactorRule, Period, edition_ids, read_edition
from esg_kpis.editions.renew import LEFT, Notes, Plan, copied, planned
from esg_kpis.editions.renew_kpis import pruned_labels, renewed_kpis
from esg_kpis.editions.renew_rules import renewed_rules
from esg_kpis.errors import InputProblem, UsageProblem, near_misses
from esg_kpis.factors import Library, read_library
from esg_kpis.files import Source, decode
from esg_kpis.report.outputs import write_whole
from esg_kpis.workspace import open_workspace

COPIED = ("labels.yaml", "targets.yaml", "checks.yaml", "index.yaml")
"""Files of an edition that go on as they are."""
PUBLISHED = "kpi_id,period,breakdown,category,value_as_printed,unit,decimals,table,footnote\n"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BEING_MADE = ".new-edition"
_OPEN = 9999


def new_edition(root: Path, new: str, old: str, document: str | None = None, known_on: str = "", period: str | None = None) -> dict[str, Any]:
    """Makes `editions/<new>` from `editions/<old>`.

    Returns:
        `edition`, `folder`, `document`, `knowledge_date`, `period`, `periods`, and `decide`: what a person must know, by heading.

    Raises:
        UsageProblem: if the new id is no name of a folder, or is there already, or the old edition is not there.
        InputProblem: if the old edition cannot be read, or the new one would not be readable.
    """
    workspace = open_workspace(root)
    editions = workspace.editions
    _check_ids(editions, new, old)
    before = read_edition(editions / old)
    plan = planned(old, new, before.rules.period, before.rules.document, document, date.fromisoformat(known_on) if known_on else None, period)
    plan = Plan(**{**plan.__dict__, "hints": hints_of(before, plan.period, plan.known_on or plan.period.last, read_library(workspace.factors))})
    notes = Notes()
    texts = _texts(editions / old, before, plan, notes)
    made = _written(editions, plan, texts, notes)
    return {
        "edition": new, "folder": str(editions / new), "document": plan.document, "knowledge_date": made.rules.knowledge_date.isoformat(),
        "period": {"id": plan.period.id, "first": plan.period.first.isoformat(), "last": plan.period.last.isoformat()}, "periods": list(made.periods),
        "decide": {heading: said for heading, said in notes.said.items() if said},
    }  # fmt: skip


def _check_ids(editions: Path, new: str, old: str) -> None:
    if not _ID.fullmatch(new):
        raise UsageProblem(f"'{new}' is no id of an edition.", mend="It is the name of a folder: letters, digits, '-', '_' and '.', such as 2024.")
    known = edition_ids(editions)
    if old not in known:
        raise UsageProblem(f"There is no edition '{old}'.", where="--from", mend=near_misses(old, known) or f"Editions: {', '.join(known)}.")
    if new == old or (editions / new).exists():
        raise UsageProblem(f"There is an edition '{new}' already.", where=str(editions / new), mend="Give another id, or move that folder away.")


def _texts(folder: Path, before: Edition, plan: Plan, notes: Notes) -> dict[str, str]:
    """The files of the new edition."""
    texts = {"edition.toml": renewed_rules(_text(folder / "edition.toml"), plan, notes), "kpis.yaml": renewed_kpis(_text(folder / "kpis.yaml"), plan, notes), "published.csv": PUBLISHED}
    for path in sorted(path for path in folder.iterdir() if path.name not in texts):
        if path.name in COPIED:
            texts[path.name] = copied(_text(path), path.name, plan, notes)
        else:
            notes.add(LEFT, f"{path.name}: not a file that goes on by itself")
    if before.published.height:
        notes.add(LEFT, f"published.csv: {before.published.height} printed figure{'s' if before.published.height != 1 else ''}. The new report prints the periods before anew, perhaps restated: enter what it prints.")
    return texts


def _text(path: Path) -> str:
    return decode(Source(path.name, path.read_bytes(), ""))[0].replace("\r\n", "\n")


def _written(editions: Path, plan: Plan, texts: dict[str, str], notes: Notes) -> Edition:
    """Writes a folder beside the editions, reads it, and moves it to its place in one step. A run that is killed leaves only what the next one takes away."""
    place = editions / _BEING_MADE
    shutil.rmtree(place, ignore_errors=True)
    folder = place / plan.new
    folder.mkdir(parents=True)
    try:
        for name in ("edition.toml", "kpis.yaml", "published.csv"):
            write_whole(folder / name, texts[name].encode())
        made = read_edition(folder)
        for name in [name for name in COPIED if name in texts]:
            text = pruned_labels(texts[name], made.defined, notes) if name == "labels.yaml" else texts[name]
            write_whole(folder / name, text.encode())
            try:
                made = read_edition(folder)
            except InputProblem as problem:
                (folder / name).unlink()
                notes.add(LEFT, f"{name}: with it the new edition could not be read. {problem}")
        folder.rename(editions / plan.new)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return made


# ---------------------------------------------------------------- what the factor library has for the new period


def hints_of(before: Edition, period: Period, known_on: date, library: Library) -> dict[str, str]:
    """What to look for, by the id of a rule: of one that names periods, what the library has that is newer; of one that names none, whether its source describes the new period."""
    said = {rule.id: _newer(rule, period, known_on, library) if rule.applies_to else _describes(rule, period, library) for rule in before.rules.factor_rule}
    return {rule_id: hint for rule_id, hint in said.items() if hint}


def _describes(rule: FactorRule, period: Period, library: Library) -> str:
    if rule.data_year is not None:
        return f"It applies data year {rule.data_year} to every period, {period.id} too."
    own = library.offers.filter(_fits(rule) & (pl.col("file") == rule.source))
    whole = own.filter((pl.col("data_from") <= period.first) & (pl.col("data_to") >= period.last))
    return "" if whole.height or own.is_empty() else f"Its source has no value that describes {period.id}: add one, or a rule for {period.id}."


def _newer(rule: FactorRule, period: Period, known_on: date, library: Library) -> str:
    known = library.offers.filter(_fits(rule) & (pl.col("data_to").dt.year() >= period.first.year - 1) & (pl.col("data_from") <= period.last))
    own = library.offers.filter(_fits(rule) & (pl.col("file") == rule.source))["region"]
    regions = rule.regions or sorted({region.split("-")[0] for region in own})
    if regions:
        known = known.filter(pl.any_horizontal(pl.col("region").is_in(list(regions)), *(pl.col("region").str.starts_with(f"{region}-") for region in regions)))
    if rule.data_year is not None:
        known = known.filter((pl.col("file") != rule.source) | (pl.col("data_to").dt.year() > rule.data_year))
    found = known.group_by("file").agg(pl.col("data_to").max(), pl.col("published").max()).sort("data_to", "file", descending=[True, False])
    words = [f"{file} (data to {'any year' if to.year == _OPEN else to.isoformat()}, published {day}{', after the knowledge date' if day > known_on else ''})" for file, to, day in found.head(4).iter_rows()]
    return f"The library has: {'; '.join(words)}." if words else "The library holds nothing newer for it."


def _fits(rule: FactorRule) -> pl.Expr:
    gases = pl.lit(value=True) if "*" in rule.gases else pl.col("gas").is_in(list(rule.gases))
    return pl.col("measure").is_in(list(rule.measures)) & (pl.col("output") == rule.output) & gases & (pl.col("status") != "evidence_only")


# ---------------------------------------------------------------- in a terminal


def print_made(console: Console, made: dict[str, Any]) -> None:
    """What was made, and what a person must decide now."""
    first = made["period"]
    console.print(f"[bold]Edition {escape(made['edition'])}[/] ({escape(made['document'])}) is in {escape(made['folder'])}: periods {escape(', '.join(made['periods']))}.")
    console.print(f"New period {escape(first['id'])}: {first['first']} to {first['last']}; knowledge date {made['knowledge_date']}.")
    console.print("\n[bold]What a person must decide now[/] (lines that begin with '# DECIDE' in the files say the same where it belongs)")
    for heading, said in made["decide"].items():
        console.print(f"\n[bold]{escape(heading[0].upper() + heading[1:])}[/]")
        for line in said:
            console.print(f"  [ ] {line}", markup=False)
    console.print("\nThen run it: esg-kpis run --edition " + escape(made["edition"]) + ". What has no factor or no data is blocked or not collected, and says why.")
