"""Targets as an edition gives them, checked against its periods and KPIs: what cannot be meant is refused when the edition is read."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from esg_kpis.editions.model import EditionFile, Kpi
from esg_kpis.editions.targets import BOUNDARY, OF_BASE, Target
from esg_kpis.errors import InputProblem, UnitProblem, near_misses
from esg_kpis.ingest.declared import problems_of
from esg_kpis.units import multiplier, unit_named

HELP = "See docs/targets.md."


def targets_of(entries: Sequence[Mapping[str, Any]], rules: EditionFile, kpis: Mapping[str, Kpi], where: str) -> tuple[Target, ...]:
    """The entries of a `targets.yaml` as targets.

    Raises:
        InputProblem: if one contradicts itself, its edition, or another.
    """
    targets = tuple(_target(entry, where) for entry in entries)
    for target in targets:
        place = f"{where}, target '{target.id}' of {target.version}"
        _check_years(target, rules, place)
        if target.kpi is not None:
            _check_kpi(target, kpis, place)
        _check_unit(target, kpis, place)
        _check_printed(target, rules, kpis, place)
    _check_together(targets, where)
    return targets


def _target(entry: Mapping[str, Any], where: str) -> Target:
    try:
        return Target.model_validate(entry)
    except ValidationError as error:
        name = f"{entry.get('id', '?')}' of {entry.get('version', '?')}"
        raise InputProblem(f"Target '{name}: {problems_of(error).removeprefix('file: ')}.", where=where, mend=HELP) from error


def _check_years(target: Target, rules: EditionFile, place: str) -> None:
    """Each year is one period, and a sum begins with a period that is there and lacks none."""
    years = sorted(period.last.year for period in rules.period)
    if twice := sorted({year for year in years if years.count(year) > 1}):
        raise InputProblem(f"Two periods end in {twice[0]}, and targets go by the year.", where=place, mend="Give half-years an edition of their own, without targets.")
    if target.kind == "cumulative" and target.first is not None:
        lacking = [year for year in range(max(target.first, years[0]), min(target.target_year, years[-1]) + 1) if year not in years]
        if lacking:
            raise InputProblem(f"It adds up from {target.first}, and the edition has no period that ends in {lacking[0]}.", where=place, mend="Add the period, or let it begin where the edition does.")


def _check_kpi(target: Target, kpis: Mapping[str, Kpi], place: str) -> None:
    kpi = kpis.get(target.kpi or "")
    if kpi is None:
        raise InputProblem(f"There is no KPI '{target.kpi}'.", where=place, mend=near_misses(str(target.kpi), kpis) or "Define it in kpis.yaml, or say in not_measured why nothing measures it.")
    spreads = {spread.name: spread for spread in kpi.breakdowns}
    if target.boundary is not None:
        if BOUNDARY in spreads:
            raise InputProblem(f"{kpi.id} has a breakdown '{BOUNDARY}' of its own.", where=place, mend="Name that breakdown otherwise.")
        for part in _rests_on(kpi, kpis):
            if part.denominator_within is not None and not {*target.boundary.sites} <= {*part.denominator_within}:
                raise InputProblem(
                    f"The denominator of {part.id} is not narrowed to the boundary (denominator_within).", where=place, mend="Measure it by a KPI of its own, with a category for these sites."
                )
        return
    if target.boundary_unknown is not None:
        return
    if target.breakdown not in spreads:
        raise InputProblem(f"{kpi.id} has no breakdown '{target.breakdown}'.", where=place, mend=f"It has: {', '.join(spreads)}.")
    of_name = [spread for spread in kpi.breakdowns if spread.name == target.breakdown]
    known = [name for spread in of_name for name in spread.categories]
    if target.category not in known and not any(spread.each for spread in of_name):
        raise InputProblem(f"{kpi.id} has no category '{target.category}' in '{target.breakdown}'.", where=place, mend=near_misses(target.category, known) or f"It has: {', '.join(known)}.")


def _rests_on(kpi: Kpi, kpis: Mapping[str, Kpi]) -> list[Kpi]:
    return [kpi, *(part for name in (kpi.numerator, kpi.denominator) if name for part in _rests_on(kpis[name], kpis))]


def _check_unit(target: Target, kpis: Mapping[str, Kpi], place: str) -> None:
    if target.kind in OF_BASE:
        return
    try:
        if target.kpi is None:
            unit_named(target.unit)
        else:
            multiplier(target.unit, kpis[target.kpi].unit)
    except UnitProblem as problem:
        mend = "Give it a unit of the registry." if target.kpi is None else f"The KPI is in {kpis[target.kpi].unit}; give the target a unit that fits."
        raise InputProblem(f"The unit does not fit: {problem}", where=place, mend=mend) from problem


def _check_printed(target: Target, rules: EditionFile, kpis: Mapping[str, Kpi], place: str) -> None:
    for what, printed in (("published_as", target.published_as), ("progress_as", target.progress_as)):
        if printed is not None and printed.kpi_id in kpis:
            raise InputProblem(f"{what} names '{printed.kpi_id}', which kpis.yaml computes.", where=place, mend="A target is no KPI: give its cell an id of its own.")
    years = {period.id: period.last.year for period in rules.period}
    if target.progress_as is not None:
        period = target.progress_as.period
        if period not in years:
            raise InputProblem(f"progress_as names the period '{period}'.", where=place, mend=f"Periods: {', '.join(years)}.")
        begins = target.base + 1 if target.base is not None else target.first
        if begins is None or not begins <= years[period] <= target.target_year:
            raise InputProblem(f"progress_as names {period}, and there is no way done in it.", where=place, mend="Progress needs a base before it, or a sum that it belongs to.")


def _check_together(targets: Sequence[Target], where: str) -> None:
    seen: dict[tuple[str, str], Target] = {}
    cells: dict[tuple[str, str, str, str], Target] = {}
    named: dict[tuple[str | None, str], Target] = {}
    for target in targets:
        place = f"{where}, target '{target.id}' of {target.version}"
        if target.key in seen:
            raise InputProblem("It stands there twice.", where=place, mend="Keep one entry per id and version; a changed target is a new version.")
        seen[target.key] = target
        for printed in (target.published_as, target.progress_as):
            if printed is not None and printed.cell in cells:
                raise InputProblem(f"The cell {' '.join(printed.cell)} is that of the target '{cells[printed.cell].id}' too.", where=place, mend="Give each its own cell.")
            if printed is not None:
                cells[printed.cell] = target
        if target.boundary is not None:
            other = named.setdefault((target.kpi, target.boundary.name), target)
            if other.boundary is not None and other.boundary.where != target.boundary.where:
                raise InputProblem(f"The boundary '{target.boundary.name}' has other sites in the target '{other.id}' of {other.version}.", where=place, mend="Give the two boundaries two names.")
        if target.replaces is not None and not any(key[0] == target.replaces and key[1] != target.version for key in seen):
            raise InputProblem(f"It replaces '{target.replaces}', which no version before it has.", where=place, mend=near_misses(target.replaces, [key[0] for key in seen]) or "Versions stand in the file in the order of time.")
