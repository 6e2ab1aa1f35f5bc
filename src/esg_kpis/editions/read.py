"""Editions read from their folders: `edition.toml`, `kpis.yaml`, `targets.yaml`, `published.csv`, `labels.yaml`, `index.yaml`. Every mistake names file, key and what would be right."""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from pydantic import ValidationError

from esg_kpis.domains import DOMAIN_OF, MEASURES, derived
from esg_kpis.domains.people import PERSONS_BEHIND
from esg_kpis.editions.definitions import check_definition
from esg_kpis.editions.explanations import check_anomalies, read_explanations
from esg_kpis.editions.frameworks import ContentIndex, check_codes, check_frameworks, check_index, codes_of
from esg_kpis.editions.labelled import labels_of
from esg_kpis.editions.model import Edition, EditionFile, Kpi
from esg_kpis.editions.targets import Target, printed_cells, progress_cells
from esg_kpis.editions.targets_check import targets_of
from esg_kpis.errors import InputProblem, UnitProblem, UsageProblem, near_misses
from esg_kpis.exact import QUANTITY_SCALE
from esg_kpis.files import Source, decode
from esg_kpis.frameworks import framework_ids, framework_named
from esg_kpis.ingest.declared import problems_of
from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.tables import PUBLISHED, conform
from esg_kpis.units import multiplier, unit_named


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
    _check_basis(rules, kpis, f"{where}/kpis.yaml")
    _check_disclosure(rules, kpis, f"{where}/edition.toml")
    check_frameworks(rules.framework, max(period.first for period in rules.period), f"{where}/edition.toml")
    check_anomalies(rules.anomaly, kpis, f"{where}/edition.toml")
    labels, aims = folder / "labels.yaml", folder / "targets.yaml"
    targets = targets_of(_entries(aims, f"{where}/targets.yaml", "targets"), rules, kpis, f"{where}/targets.yaml") if aims.exists() else ()
    return Edition(
        rules,
        kpis,
        _read_published(folder / "published.csv", f"{where}/published.csv", rules, kpis, targets),
        labels=labels_of(decode(Source(f"{where}/labels.yaml", labels.read_bytes(), ""))[0], f"{where}/labels.yaml", kpis) if labels.exists() else None,
        index=_read_index(folder / "index.yaml", f"{where}/index.yaml", rules, kpis),
        targets=targets,
        explanations=read_explanations(folder, f"{where}/explanations.csv"),
    )


def _read_index(path: Path, where: str, rules: EditionFile, kpis: Mapping[str, Kpi]) -> ContentIndex:
    if not path.exists():
        return ContentIndex()
    try:
        index = ContentIndex.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputProblem(f"It is no YAML: {error}.", where=where, mend="See docs/frameworks.md.") from error
    except ValidationError as error:
        raise InputProblem(problems_of(error), where=where, mend="See docs/frameworks.md.") from error
    answered = {name: {code: kpi.id for kpi in kpis.values() if kpi.alternative_to is None for code in codes_of(kpi.codes, framework_named(name))} for name in framework_ids()}
    check_index(index, rules.framework, answered, where)
    return index


def _check_basis(rules: EditionFile, kpis: Mapping[str, Kpi], where: str) -> None:
    for kpi in kpis.values():
        if rules.market_based is None and any("market" in amounts.basis for amounts in kpi.amounts):
            raise InputProblem(f"KPI '{kpi.id}' is of the basis market, and edition.toml has no [market_based].", where=where, mend="See docs/ghg.md.")


def _check_disclosure(rules: EditionFile, kpis: Mapping[str, Kpi], where: str) -> None:
    """What is to be printed though it is about few people must be there: a misspelt cell would stay left out, and nobody would know why."""
    for item in rules.small_groups.disclosure:
        if item.kpi_id not in kpis:
            raise InputProblem(f"A disclosure names the KPI '{item.kpi_id}', which is not defined.", where=where, mend=near_misses(item.kpi_id, kpis) or "Define it in kpis.yaml, or take the disclosure out.")
        breakdowns = {spread.name: spread for spread in kpis[item.kpi_id].breakdowns}
        if item.breakdown is not None and item.breakdown not in breakdowns:
            raise InputProblem(
                f"A disclosure names the breakdown '{item.breakdown}', which {item.kpi_id} does not have.", where=where, mend=f"It has: {', '.join(breakdowns)}."
            )
        chosen = [spread for spread in kpis[item.kpi_id].breakdowns if item.breakdown in (None, spread.name)]
        if item.category is not None and not any(spread.each or item.category in spread.categories for spread in chosen):
            known = [category for spread in chosen for category in spread.categories]
            raise InputProblem(
                f"A disclosure names the category '{item.category}', which {item.kpi_id} does not have.", where=where, mend=near_misses(item.category, known) or f"It has: {', '.join(known[:20])}."
            )


def needed_measures(edition: Edition) -> set[str]:
    """The measures an edition makes any use of: those its KPIs add up, those its rules turn into these, and those that count the persons behind them."""
    needed = {measure for kpi in edition.kpis.values() for amounts in kpi.amounts for measure in amounts.measure}
    needed |= {PERSONS_BEHIND[measure] for measure in needed if measure in PERSONS_BEHIND}
    if derived.EMISSION_CO2E in needed:
        needed.add(derived.EMISSION_GAS)
    for _ in edition.rules.factor_rule:
        needed |= {measure for rule in edition.rules.factor_rule if rule.output in needed for measure in rule.measures}
    if edition.rules.market_based is not None and needed & {derived.CONTRACTED, derived.UNCONTRACTED}:
        needed |= {*edition.rules.market_based.load}
    return needed


def added_up(edition: Edition) -> dict[str, set[str]]:
    """What the edition adds up of what no site sends, and the measures that belong in it: none of them may be passed over in silence."""
    wanted = {measure for kpi in edition.kpis.values() for amounts in kpi.amounts for measure in amounts.measure}
    energy = {name for name, domain in DOMAIN_OF.items() if domain == "energy"}
    return {derived.EMISSION_CO2E: scoped_measures(edition)} | ({derived.ENERGY_COAL: energy} if derived.ENERGY_COAL in wanted else {})


def scoped_measures(edition: Edition) -> set[str]:
    """The measures that factors make GHG emissions of, if the edition adds up emissions: none of them may be passed over in silence."""
    wanted = {measure for kpi in edition.kpis.values() for amounts in kpi.amounts for measure in amounts.measure}
    return {name for name, measure in MEASURES.items() if measure.scope in derived.BY_FACTORS} if derived.EMISSION_CO2E in wanted else set()


def amount_unit(kpi: Kpi, measure: str) -> str:
    """The unit in which a KPI adds up a measure: the canonical one, or after division by a factor that of the factor's measure."""
    return MEASURES[kpi.per_factor.measure].unit if kpi.per_factor else MEASURES[measure].unit


def _read_rules(path: Path, where: str) -> EditionFile:
    try:
        return EditionFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputProblem("The file is missing.", where=where, mend="See docs/editions.md.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputProblem(f"It is no TOML: {error}.", where=where, mend="See docs/editions.md.") from error
    except ValidationError as error:
        raise InputProblem(problems_of(error), where=where, mend="See docs/editions.md.") from error


def _read_kpis(path: Path, where: str, rules: EditionFile) -> dict[str, Kpi]:
    if not path.exists():
        raise InputProblem("The file is missing.", where=where, mend="It holds the definitions of the edition's KPIs.")
    by_id: dict[str, Kpi] = {}
    for entry in _entries(path, where, "KPIs"):
        try:
            kpi = Kpi.model_validate(entry)
        except ValidationError as error:
            raise InputProblem(f"KPI '{entry.get('id', '?')}': {problems_of(error)}", where=where, mend="See docs/editions.md.") from error
        if kpi.id in by_id:
            raise InputProblem(f"The KPI '{kpi.id}' is defined twice.", where=where, mend="Give it several breakdowns instead.")
        _check_kpi(kpi, by_id, [period.id for period in rules.period], where)
        by_id[kpi.id] = kpi
    for kpi in by_id.values():
        if kpi.alternative_to is not None and kpi.alternative_to not in by_id:
            raise InputProblem(
                f"KPI '{kpi.id}' is an alternative to '{kpi.alternative_to}', which is not defined.",
                where=where,
                mend=near_misses(kpi.alternative_to, by_id) or "Name a KPI of kpis.yaml.",
            )
        for part in kpi.footing.parts if kpi.footing else ():
            if part.partition("/")[0] not in by_id:
                raise InputProblem(f"KPI '{kpi.id}' foots on '{part}', which is not defined.", where=where, mend=near_misses(part, by_id) or "Name KPIs of kpis.yaml.")
    return by_id


def _entries(path: Path, where: str, what: str) -> list[dict[str, Any]]:
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or []
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputProblem(f"It is no YAML: {error}.", where=where, mend="See docs/editions.md.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputProblem(f"It is no list of {what}.", where=where, mend=f"Begin each of the {what} with `- id:`.")
    return entries


def _check_kpi(kpi: Kpi, before: Mapping[str, Kpi], periods: list[str], where: str) -> None:
    for name in (kpi.numerator, kpi.denominator):
        if name is not None and name not in before:
            raise InputProblem(
                f"KPI '{kpi.id}' rests on '{name}', which is not defined above it.", where=where, mend=near_misses(name, before) or "Define it above, or name a KPI that is."
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
    check_definition(kpi, where)
    check_codes(kpi.id, kpi.codes, where)


def _check_unit(kpi: Kpi, kpis: Mapping[str, Kpi]) -> None:
    if kpi.formula == "sum":
        for measure in {measure for amounts in kpi.amounts for measure in amounts.measure}:
            multiplier(amount_unit(kpi, measure), kpi.unit)
    elif kpi.formula == "count":
        unit_named(kpi.unit)
    elif kpi.formula == "growth":
        multiplier("%", kpi.unit)
    elif kpi.numerator and kpi.denominator:
        top, bottom = kpis[kpi.numerator].unit, kpis[kpi.denominator].unit
        if kpi.formula == "difference":
            multiplier(top, kpi.unit)
            multiplier(bottom, kpi.unit)
        elif kpi.formula == "share":
            multiplier(top, bottom)
            multiplier("%", kpi.unit)
        else:
            multiplier(f"{top}/{bottom}", kpi.whole_unit)


def _read_published(path: Path, where: str, rules: EditionFile, kpis: Mapping[str, Kpi], targets: Collection[Target]) -> pl.DataFrame:
    if not path.exists():
        return pl.DataFrame(schema=PUBLISHED.schema)
    text, _ = decode(Source(where, path.read_bytes(), ""))
    try:
        frame = pl.read_csv(text.encode(), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise InputProblem(
            f"The CSV cannot be read: {str(error).splitlines()[0]}", where=where, mend="Check its commas and quotes."
        ) from error
    missing = [name for name in PUBLISHED.names if name not in frame.columns and name not in ("edition", "record_id", "footnote")]
    if missing:
        raise InputProblem(
            f"Columns are missing: {', '.join(missing)}.", where=where, mend="See the table `published` in docs/data-dictionary.md."
        )
    complete = frame.with_columns(pl.lit(rules.id).alias("edition"), pl.lit(None, dtype=pl.String()).alias("record_id"))
    if "footnote" not in complete.columns:
        complete = complete.with_columns(pl.lit(None, dtype=pl.String()).alias("footnote"))
    _check_published(complete, where, rules, kpis, targets)
    if complete.select(PUBLISHED.key).is_duplicated().any():
        raise InputProblem("A cell is printed twice.", where=where, mend="Keep one row per kpi_id, period, breakdown and category.")
    return conform(complete, PUBLISHED)


def _check_published(frame: pl.DataFrame, where: str, rules: EditionFile, kpis: Mapping[str, Kpi], targets: Collection[Target]) -> None:
    """Every row is a cell: a period of the edition or the year of a target, a number, its decimals, and the unit of the KPI or target."""
    periods = [period.id for period in rules.period]
    units = {cell: target.unit for cell, target in printed_cells(targets).items()} | dict.fromkeys(progress_cells(targets), "%")
    numbers = read_numbers(frame["value_as_printed"].str.strip_suffix("%"))["value"].is_not_null().to_list()
    for line, (row, is_number) in enumerate(zip(frame.iter_rows(named=True), numbers, strict=True), 2):
        place = f"{where}, line {line}"
        unit = units.get((row["kpi_id"], row["period"], row["breakdown"], row["category"]))
        if unit is None and row["period"] not in periods:
            raise InputProblem(f"There is no period '{row['period']}'.", where=place, mend=f"Periods: {', '.join(periods)}.{' Or name the cell in targets.yaml.' if targets else ''}")
        if unit not in (None, row["unit"]):
            raise InputProblem(f"The figure is in '{row['unit']}', the target in '{unit}'.", where=place, mend="Give both the same unit.")
        if not is_number:
            raise InputProblem(
                f"The figure '{row['value_as_printed'] or ''}' is no number.", where=place, mend="Leave cells out that print a dash."
            )
        if not (row["decimals"] or "").isdigit() or int(row["decimals"]) > QUANTITY_SCALE:
            raise InputProblem(
                f"'{row['decimals'] or ''}' is no count of decimals.", where=place, mend="Count the digits printed after the point."
            )
        check_unit(row["kpi_id"], row["unit"], kpis, place)


def check_unit(kpi_id: str, unit: str, kpis: Mapping[str, Kpi], where: str) -> None:
    """Whether a published figure stands in the unit of its KPI, if the edition defines it.

    Raises:
        InputProblem: if not; a tonne never ties out to a kilogram.
    """
    if kpi_id not in kpis:
        return
    try:
        same = unit == kpis[kpi_id].unit or multiplier(unit, kpis[kpi_id].unit) == 1
    except UnitProblem:
        same = False
    if not same:
        raise InputProblem(
            f"The figure is in '{unit}', the KPI {kpi_id} in '{kpis[kpi_id].unit}'.", where=where, mend="Give both the same unit."
        )
