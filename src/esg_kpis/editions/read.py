"""Editions read from their folders: `edition.toml`, `kpis.yaml`, `published.csv`. Every mistake names file, key and what would be right."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import yaml
from pydantic import ValidationError

from esg_kpis.domains import MEASURES, derived
from esg_kpis.editions.model import Edition, EditionFile, Kpi
from esg_kpis.errors import InputProblem, UnitProblem, UsageProblem, near_misses
from esg_kpis.ingest.files import Source, decode
from esg_kpis.ingest.formats import problems_of
from esg_kpis.tables import PUBLISHED, conform
from esg_kpis.units import multiplier


def edition_ids(folder: Path) -> list[str]:
    """The editions of a workspace, in order."""
    return sorted(path.parent.name for path in folder.glob("*/edition.toml"))


def read_editions(folder: Path, wanted: tuple[str, ...] = ()) -> list[Edition]:
    """The editions of a workspace, all or those wanted.

    Raises:
        UsageProblem: if one wanted does not exist.
        InputProblem: if a file of one cannot be read, or names what does not exist.
    """
    known = edition_ids(folder)
    for name in wanted:
        if name not in known:
            raise UsageProblem(f"There is no edition '{name}'.", mend=f"Editions: {', '.join(known)}.")
    if not known:
        raise InputProblem("There is no edition.", where=str(folder), mend="Add editions/<id>/edition.toml and kpis.yaml.")
    return [read_edition(folder / name) for name in known if not wanted or name in wanted]


def read_edition(folder: Path) -> Edition:
    """One edition from its folder.

    Raises:
        InputProblem: if a file of it cannot be read, or names what does not exist.
    """
    where = f"editions/{folder.name}"
    rules = _read_rules(folder / "edition.toml", f"{where}/edition.toml")
    if rules.id != folder.name:
        raise InputProblem(
            f"The edition calls itself '{rules.id}'.", where=f"{where}/edition.toml", mend="Give folder and id the same name."
        )
    kpis = _read_kpis(folder / "kpis.yaml", f"{where}/kpis.yaml", rules)
    return Edition(rules, kpis, _read_published(folder / "published.csv", f"{where}/published.csv", rules.id))


def needed_measures(edition: Edition) -> set[str]:
    """The measures an edition makes any use of: those its KPIs add up, and those its rules turn into these."""
    needed = {measure for kpi in edition.kpis.values() for amounts in kpi.amounts for measure in amounts.measure}
    if derived.EMISSION_CO2E in needed:
        needed.add(derived.EMISSION_GAS)
    for _ in edition.rules.factor_rule:
        needed |= {measure for rule in edition.rules.factor_rule if rule.output in needed for measure in rule.measures}
    return needed


def amount_unit(kpi: Kpi, measure: str) -> str:
    """The unit in which a KPI adds up a measure: the canonical one, or after division by a factor that of the factor's measure."""
    return MEASURES[kpi.per_factor.measure].unit if kpi.per_factor else MEASURES[measure].unit


def _read_rules(path: Path, where: str) -> EditionFile:
    try:
        return EditionFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputProblem(f"It is no TOML: {error}.", where=where, mend="See docs/editions.md.") from error
    except ValidationError as error:
        raise InputProblem(problems_of(error), where=where, mend="See docs/editions.md.") from error


def _read_kpis(path: Path, where: str, rules: EditionFile) -> dict[str, Kpi]:
    if not path.exists():
        raise InputProblem("The file is missing.", where=where, mend="It holds the definitions of the edition's KPIs.")
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or []
        kpis = [Kpi.model_validate(entry) for entry in entries]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputProblem(f"It is no YAML: {error}.", where=where, mend="See docs/editions.md.") from error
    except ValidationError as error:
        raise InputProblem(problems_of(error), where=where, mend="See docs/editions.md.") from error
    by_id: dict[str, Kpi] = {}
    for kpi in kpis:
        if kpi.id in by_id:
            raise InputProblem(f"The KPI '{kpi.id}' is defined twice.", where=where, mend="Give it several breakdowns instead.")
        _check_kpi(kpi, by_id, [period.id for period in rules.period], where)
        by_id[kpi.id] = kpi
    return by_id


def _check_kpi(kpi: Kpi, before: Mapping[str, Kpi], periods: list[str], where: str) -> None:
    for name in (kpi.numerator, kpi.denominator):
        if name is not None and name not in before:
            raise InputProblem(
                f"KPI '{kpi.id}' rests on '{name}', which is not defined above it.", where=where, mend=near_misses(name, before)
            )
    used = [
        *kpi.periods,
        *(name for item in kpi.breakdowns for name in item.periods),
        *(name for gap in kpi.not_collected for name in gap.periods),
    ]
    for name in used:
        if name not in periods:
            raise InputProblem(f"KPI '{kpi.id}' names the period '{name}'.", where=where, mend=f"Periods: {', '.join(periods)}.")
    try:
        _check_unit(kpi, before)
    except UnitProblem as problem:
        raise InputProblem(f"KPI '{kpi.id}': {problem}", where=where, mend="Give it a unit that fits what it is made of.") from problem


def _check_unit(kpi: Kpi, kpis: Mapping[str, Kpi]) -> None:
    if kpi.formula == "sum":
        for measure in {measure for amounts in kpi.amounts for measure in amounts.measure}:
            multiplier(amount_unit(kpi, measure), kpi.unit)
    elif kpi.formula in ("ratio", "rate") and kpi.numerator and kpi.denominator:
        multiplier(f"{kpis[kpi.numerator].unit}/{kpis[kpi.denominator].unit}", kpi.unit)
    elif kpi.formula == "difference" and kpi.numerator:
        multiplier(kpis[kpi.numerator].unit, kpi.unit)


def _read_published(path: Path, where: str, edition: str) -> pl.DataFrame:
    if not path.exists():
        return pl.DataFrame(schema=PUBLISHED.schema)
    text, _ = decode(Source(where, path.read_bytes(), ""))
    frame = pl.read_csv(text.encode(), infer_schema=False)
    missing = [name for name in PUBLISHED.names if name not in frame.columns and name not in ("edition", "record_id", "footnote")]
    if missing:
        raise InputProblem(
            f"Columns are missing: {', '.join(missing)}.", where=where, mend="See the table `published` in docs/data-dictionary.md."
        )
    complete = frame.with_columns(pl.lit(edition).alias("edition"), pl.lit(None, dtype=pl.String()).alias("record_id"))
    if "footnote" not in complete.columns:
        complete = complete.with_columns(pl.lit(None, dtype=pl.String()).alias("footnote"))
    if complete.select(PUBLISHED.key).is_duplicated().any():
        raise InputProblem("A cell is printed twice.", where=where, mend="Keep one row per kpi_id, period, breakdown and category.")
    return conform(complete, PUBLISHED)
