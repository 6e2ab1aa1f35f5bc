"""What the commands about the factor library ask: what is wrong with it, and which factor serves."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from esg_kpis.assurance.library import gwp_sets_of
from esg_kpis.domains import DIMENSIONS, DOMAIN_OF, DOMAINS, derived, measure_named
from esg_kpis.editions import Edition, FactorRule, read_editions
from esg_kpis.errors import EsgKpisError, FactorProblem, UsageProblem, near_misses
from esg_kpis.exact import plain
from esg_kpis.factors import Factor, Library, Need, library_findings, near_matches, read_library, rules_of, select
from esg_kpis.factors.kinds import FACTORS_OF, METHODS
from esg_kpis.factors.near import passed_over, silent_rules, speaks, unnamed
from esg_kpis.factors.regions import FIRST, LAST, Rung, chain_of

REFRIGERANTS = (*(measure.name for measure in DOMAINS["refrigerants"].measures), derived.REFRIGERANT_EMITTED)
"""Measures whose gas is the refrigerant that stands beside the amount."""

KINDS_OF_SITES = next(field.allowed for field in DOMAINS["sites"].fields if field.name == "kind")


def checked(root: Path) -> dict[str, Any]:
    """How many factors and sources the library of a workspace has, and what was found in it, worst first."""
    library = read_library(root / "factors")
    try:
        used = gwp_sets_of(read_editions(root / "editions"))
    except EsgKpisError:
        used = None  # Editions that cannot be read are another command's to tell; each set is judged as if it were used.
    return {"factors": len(library.factors), "sources": len(library.sources), "findings": [asdict(row) for row in library_findings(library, used)]}


@dataclass(frozen=True)
class Question:
    """What somebody asks: which factor serves a measure, in a region, on a day; `beside` is what stands beside the amount, `gas` narrows to one gas."""

    measure: str
    region: str
    on: date
    kind: str = "office"
    beside: Mapping[str, str] | None = None
    gas: str | None = None

    @property
    def said(self) -> dict[str, str]:
        """What stands beside the amount."""
        return dict(self.beside or {})

    @property
    def own(self) -> tuple[str, ...]:
        """The regions that a register of sites would name: the region itself and its country."""
        return tuple(dict.fromkeys((self.region, self.region.partition("-")[0])))

    @property
    def gas_in(self) -> str:
        """The gas of the amount, where its measure has one."""
        return self.said.get("refrigerant", "") if self.measure in REFRIGERANTS else ""


def beside_of(given: Sequence[str], measure: str) -> dict[str, str]:
    """What `--with NAME=VALUE` says.

    Raises:
        UsageProblem: if nothing of that name stands beside amounts of the measure, the word is none of its words, or a name is given twice.
    """
    domain = DOMAINS.get(DOMAIN_OF.get(measure, ""))
    names = [field.name for field in domain.fields if field.name in DIMENSIONS] if domain else list(DIMENSIONS)
    said: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageProblem(f"'{text}' says nothing.", where="--with", mend="Write NAME=VALUE, such as equipment=chiller.")
        if name not in DIMENSIONS:
            raise UsageProblem(f"Nothing called '{name}' decides a factor.", where="--with", mend=near_misses(name, DIMENSIONS) or f"Names: {', '.join(DIMENSIONS)}.")
        if name not in names:
            raise UsageProblem(f"No {name} stands beside amounts of {measure}.", where="--with", mend=f"Names: {', '.join(names)}." if names else "Leave it out.")
        if value not in DIMENSIONS[name]:
            raise UsageProblem(f"There is no {name} '{value}'.", where="--with", mend=near_misses(value, DIMENSIONS[name]) or f"Words: {', '.join(DIMENSIONS[name])}.")
        if name in said:
            raise UsageProblem(f"{name} is given twice.", where="--with", mend="An amount has one.")
        said[name] = value
    return said


def found(root: Path, asked: Question, edition_id: str | None = None, known_on: date | None = None) -> list[dict[str, Any]]:
    """One answer per output and gas that the measure leads to: the factor and why, or what nearly matched. A refrigerant is followed to the gases it is made of.

    Raises:
        UsageProblem: if the measure, the gas, the kind of site, the edition, or a period of it that holds the day does not exist.
    """
    measure_named(asked.measure)
    if asked.kind not in KINDS_OF_SITES:
        raise UsageProblem(f"There is no kind of site '{asked.kind}'.", where="--kind", mend=near_misses(asked.kind, KINDS_OF_SITES) or f"Kinds: {', '.join(KINDS_OF_SITES)}.")
    library = read_library(root / "factors")
    gases = {factor.gas for factor in library.factors} | {factor.gas_in for factor in library.factors} | set(DIMENSIONS["refrigerant"])
    if asked.gas is not None and asked.gas not in gases - {"", "*"}:
        raise UsageProblem(f"There is no gas '{asked.gas}'.", where="--gas", mend=near_misses(asked.gas, gases) or f"Gases: {', '.join(sorted(gases - {'', '*'}))}.")
    if edition_id is None:
        return _without_edition(library, asked, known_on)
    edition = read_editions(root / "editions", (edition_id,))[0]
    period = next((period for period in edition.periods.values() if period.first <= asked.on <= period.last), None)
    if period is None:
        raise UsageProblem(f"Edition {edition_id} has no period that holds {asked.on}.", where="--on", mend=f"Its periods: {', '.join(edition.periods)}.")
    rules = rules_of(edition.rules)
    if not any(asked.measure in rule.measures for rule in rules):
        raise UsageProblem(f"Edition {edition_id} has no rule for {asked.measure}.", mend="Its factors lead nowhere; leave --edition out to see all of them.")
    day = known_on or edition.rules.knowledge_date
    needs: dict[str, Need] = {}
    ways = [(asked.measure, asked.gas_in)]
    for measure, gas_in in ways:
        for output, gas in _targets(library, [rule for rule in rules if measure in rule.measures], measure, gas_in):
            need = Need(measure, output, gas, asked.own, asked.kind, period, gas_in, asked.said)
            needs.setdefault(f"{need} {gas_in}", need)
            if output == derived.REFRIGERANT_EMITTED and gas_in and (output, gas) not in ways:
                ways.append((output, gas))
    wanted = [need for need in needs.values() if asked.gas in (None, need.gas)]
    if not wanted:
        leads = ", ".join(dict.fromkeys(need.gas for need in needs.values() if need.gas)) or "no gas"
        raise UsageProblem(f"{asked.measure} leads to no {asked.gas} in edition {edition_id}.", where="--gas", mend=f"It leads to: {leads}.")
    return [_answer(library, edition, rules, need, day) for need in wanted]


def _targets(library: Library, rules: Sequence[FactorRule], measure: str, gas_in: str) -> list[tuple[str, str]]:
    """What the rules lead to. `*` keeps the gas or parts the blend; of an amount whose gas nobody said, each gas that the library has for the measure."""
    every = sorted({factor.gas for factor in library.factors if factor.measure == FACTORS_OF.get(measure, measure)})
    targets: dict[tuple[str, str], None] = {}
    for rule in rules:
        for named in rule.gases:
            kept = library.parts_of(rule.source, measure, gas_in) or [gas_in] if gas_in else every
            targets |= dict.fromkeys((rule.output, gas) for gas in (kept if named == "*" else [named]))
    return list(targets)


def _answer(library: Library, edition: Edition, rules: Sequence[FactorRule], need: Need, known_on: date) -> dict[str, Any]:
    speaking = [rule for rule in rules if speaks(rule, need, library)]
    asked = {
        "measure": need.measure, "output": need.output, "gas": need.gas, "gas_in": need.gas_in, "beside": dict(need.dimensions), "edition": edition.id, "period": need.period.id,
        "kind": need.kind, "known_on": known_on.isoformat(),
    }  # fmt: skip
    aside = {"rules_asked": [rule.id for rule in speaking], "rules_silent": silent_rules(library, rules, need), "not_named": unnamed(library, rules, need, known_on=known_on)}
    near = near_matches(library, speaking or [rule for rule in rules if need.measure in rule.measures], need, known_on=known_on)
    try:
        choice = select(library, rules, need, known_on=known_on, gwp_set=edition.rules.gwp_set)
    except FactorProblem as problem:
        chain = _chain(library, need.chain, need.period.first, need.period.last)
        return {**asked, "factor_id": None, "why": str(problem), "chain": chain, "also_fits": [], "nearly": near, **aside}
    rule = next(rule for rule in rules if rule.id == choice.rule)
    also = passed_over(library, rules, need, known_on=known_on, chosen=choice.factor.factor_id)
    return {**asked, **_facts(choice.factor, library, need.chain), "why": choice.why, "rule": _rule(rule), "also_fits": also, "nearly": near, **aside}


def _rule(rule: FactorRule) -> dict[str, Any]:
    """A rule as its edition states it, without what it leaves open."""
    return {"id": rule.id, "text": rule.text, **{name: value for name, value in rule.model_dump(mode="json").items() if value and name not in ("id", "text", "measures", "output")}}


def _facts(factor: Factor, library: Library, own: Sequence[str]) -> dict[str, Any]:
    source = library.sources[factor.source_id]
    last = factor.data_to or LAST
    chain = _chain(library, own, factor.data_from, last)
    place = next((place for place, rung in enumerate(chain, 1) if rung["region"] == factor.region and rung["holds"]), None)
    return {
        "factor_id": factor.factor_id, "value": plain(factor.value), "unit": factor.unit, "region": factor.region, "rung": place, "chain": chain, "method": factor.method,
        "method_means": _means(factor), "data_period": factor.data_period, "published": factor.published.isoformat(), "grade": factor.grade, "note": factor.note,
        "source": f"{source['publisher']}, {source['title']}, {source['document']}, {factor.page}",
    }  # fmt: skip


def _means(factor: Factor) -> str:
    """The kind of an electricity factor, or of a GWP, in words."""
    if factor.file == "gwp":
        return f"global warming potential over 100 years, set {factor.gwp_set}"
    return METHODS.get(factor.method, "") if factor.measure.startswith("electricity") else ""


def _chain(library: Library, own: Sequence[str], first: date, last: date) -> list[dict[str, Any]]:
    """The regions above a site as factors/regions.csv has them, nearest first, each with its days, and whether it is one of them in a period."""
    return [
        {"region": rung.region, "from": _stated(rung.member_from), "to": _stated(rung.member_to), "holds": _holds(rung, first, last)} for rung in chain_of(library.regions, own)
    ]


def _stated(day: date) -> str | None:
    return None if day in (FIRST, LAST) else day.isoformat()


def _holds(rung: Rung, first: date, last: date) -> bool:
    return first <= rung.member_to and last >= rung.member_from


def _without_edition(library: Library, asked: Question, known_on: date | None) -> list[dict[str, Any]]:
    """All factors that describe the day in the region, and those that nearly do."""
    if set(asked.said) - {"refrigerant"}:
        raise UsageProblem("Only the rules of an edition ask for what stands beside an amount.", where="--with", mend="Name one with --edition.")
    rungs = chain_of(library.regions, asked.own)
    head = {"measure": asked.measure, "beside": asked.said, "edition": None, "known_on": known_on.isoformat() if known_on else None}
    answers, nearly = [], []
    for factor in library.factors:
        misses = _misses_of(factor, asked, rungs, known_on)
        if misses is None:
            continue
        if misses:
            nearly.append(f"{factor.factor_id} ({', '.join(misses)})")
            continue
        why = "describes the day in this region; which one serves is for an edition to say"
        answers.append({**head, "output": factor.output, "gas": factor.gas, "gas_in": factor.gas_in, **_facts(factor, library, asked.own), "why": why, "nearly": []})
    if asked.gas_in and asked.measure != derived.REFRIGERANT_EMITTED:
        answers += [row for row in _without_edition(library, replace(asked, measure=derived.REFRIGERANT_EMITTED), known_on) if row["factor_id"]]
    if not answers:
        why = f"No factor for {asked.measure} describes {asked.on} in {asked.region}."
        none = {**head, "output": "", "gas": asked.gas or "", "gas_in": "", "factor_id": None, "why": why, "chain": _chain(library, asked.own, asked.on, asked.on)}
        return [{**none, "nearly": nearly or ["nothing"]}]
    answers[-1]["nearly"] = [*answers[-1]["nearly"], *nearly]
    return answers


def _misses_of(factor: Factor, asked: Question, rungs: Sequence[Rung], known_on: date | None) -> list[str] | None:
    """What a factor misses; None where it is about something else, or another place."""
    refrigerant = asked.gas_in
    if factor.measure != FACTORS_OF.get(asked.measure, asked.measure) or (asked.gas is not None and factor.gas not in (asked.gas, "*")) or all(rung.region != factor.region for rung in rungs):
        return None
    if refrigerant and not (factor.gas_in == refrigerant or (not factor.gas_in and factor.gas in (refrigerant, "*", ""))):
        return None
    last = factor.data_to or LAST
    misses = []
    if factor.data_from > asked.on or last < asked.on:
        misses.append(f"describes {factor.data_period}")
    elif not any(rung.region == factor.region and factor.data_from <= rung.member_to and last >= rung.member_from for rung in rungs):
        misses.append(f"region {factor.region}, which was not on the chain then")
    if known_on is not None and factor.published > known_on:
        misses.append(f"published {factor.published.isoformat()}")
    if factor.status == "evidence_only":
        misses.append("evidence only")
    return misses
