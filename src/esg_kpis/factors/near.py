"""Why no factor serves a need: what came nearest, and what it misses. The message says which of the misses stands in the way."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from esg_kpis.domains import derived
from esg_kpis.editions import FactorRule
from esg_kpis.errors import FactorProblem
from esg_kpis.factors.kinds import FACTORS_OF, METHODS, NEVER, UNNAMED, differs, is_of_grid
from esg_kpis.factors.library import Factor, Library
from esg_kpis.factors.need import Need
from esg_kpis.factors.regions import Rung, chain_of

_WORD = re.compile(r"\{(\w+)\}")
_ORDER = ("published", "period", "region", "kind", "status")
"""Which miss is named where the nearest factor has one only; more than one are listed."""


@dataclass(frozen=True)
class _Miss:
    what: str
    """One of `_ORDER`."""
    short: str
    """For the list of near matches."""
    told: str
    """As a sentence about the factor."""


def no_factor(library: Library, rules: Sequence[FactorRule], need: Need, known_on: date) -> FactorProblem:
    """The error of a need that no rule speaks of, or for which no rule finds a factor."""
    speaking = [rule for rule in rules if speaks(rule, need, library)]
    if not speaking:
        return FactorProblem(
            f"No rule of the edition leads to {need}.", where="edition.toml", mend=f"Add a [[factor_rule]]. {_offers(library, need, known_on)}".strip()
        )
    broken = [text for source, text in library.unreadable if source in {rule.source for rule in speaking}]
    unreadable = f" Could not be read: {' '.join(broken[:3])}" if broken else ""
    return FactorProblem(
        f"No factor leads to {need}{': what may serve it could not be read' if broken else _reason(library, speaking, need, known_on)}.{unreadable}",
        where=f"edition.toml, rule{'s' if len(speaking) > 1 else ''} {', '.join(rule.id for rule in speaking)}",
        mend="Nearly matched: " + "; ".join(near_matches(library, speaking, need, known_on=known_on)) + ". Add the factor to factors/, or a rule that names another.",
    )


def two_factors(library: Library, rule: FactorRule, need: Need, known_on: date) -> FactorProblem:
    """The error of a need that several factors serve equally well."""
    fitting = [factor for factor in library.factors if _is_offered(factor, rule, need) and not _misses(factor, rule, need, library, known_on)]
    places = {rung.region: place for place, rung in enumerate(_rungs(library, need))}
    nearest = min((places.get(factor.region, 0) for factor in fitting), default=0)
    names = [factor.factor_id for factor in fitting if rule.factor_region or places.get(factor.region, 0) == nearest]
    return FactorProblem(
        f"{len(names)} factors match {need}: {', '.join(names)}.",
        where=f"edition.toml, rule {rule.id}",
        mend="Narrow the rule by method, data_year or regions.",
    )


def near_matches(library: Library, rules: Iterable[FactorRule], need: Need, *, known_on: date, most: int = 5) -> list[str]:
    """The factors that came nearest, with what they miss."""
    misses: dict[str, tuple[int, str]] = {}
    for rule in rules:
        for factor, missed in candidates(library, rule, need, known_on):
            if missed:
                entry = (len(missed), f"{factor.factor_id} ({', '.join(miss.short for miss in missed)})")
                misses[factor.factor_id] = min(entry, misses.get(factor.factor_id, entry))
    return [text for _, text in sorted(misses.values())[:most]] or ["nothing"]


def passed_over(library: Library, rules: Sequence[FactorRule], need: Need, *, known_on: date, chosen: str) -> list[str]:
    """The factors that fit a need and do not serve it, each with what goes before: a nearer region, or an earlier rule."""
    places = {rung.region: place for place, rung in reversed(list(enumerate(_rungs(library, need))))}
    texts: dict[str, str] = {}
    served = ""
    for rule in (rule for rule in rules if speaks(rule, need, library)):
        fitting = [factor for factor, missed in candidates(library, rule, need, known_on) if not missed]
        for factor in sorted(fitting, key=lambda factor: (places.get(factor.region, 0), factor.factor_id)):
            if factor.factor_id == chosen or factor.factor_id in texts:
                continue
            why = f"fits rule {rule.id}, but rule {served} goes first" if served else f"describes {factor.region}, and a nearer region serves"
            texts[factor.factor_id] = f"{factor.factor_id} ({why})"
        served = served or (rule.id if fitting else "")
    return list(texts.values())


def silent_rules(library: Library, rules: Sequence[FactorRule], need: Need) -> list[str]:
    """The rules that lead from the measure to the output and do not speak of a need, each with what it is for."""
    return [f"{rule.id} ({_only_for(rule, need, library)})" for rule in rules if need.measure in rule.measures and rule.output == need.output and not speaks(rule, need, library)]


def _only_for(rule: FactorRule, need: Need, library: Library) -> str:
    only = []
    if need.gas not in rule.gases and "*" not in rule.gases:
        only.append(f"for {', '.join(gas or 'no gas' for gas in rule.gases)} only")
    if rule.applies_to and need.period.id not in rule.applies_to:
        only.append(f"for {', '.join(rule.applies_to)} only")
    if rule.regions and not set(rule.regions) & {rung.region for rung in _rungs(library, need)}:
        only.append(f"in {', '.join(rule.regions)} only")
    if rule.site_kinds and need.kind not in rule.site_kinds:
        only.append(f"at sites of kind {', '.join(rule.site_kinds)} only")
    only += [f"where {name} is {', '.join(value or 'not said' for value in values)}" for name, values in rule.where.items() if need.dimensions.get(name, "") not in values]
    return "; ".join(only)


def unnamed(library: Library, rules: Sequence[FactorRule], need: Need, *, known_on: date, most: int = 5) -> list[str]:
    """The factors that describe the need's period in a region of its chain, of sources that no rule names for it; the nearest first."""
    named = {rule.source for rule in rules if need.measure in rule.measures and rule.output == need.output}
    rungs = _rungs(library, need)
    places = {rung.region: place for place, rung in reversed(list(enumerate(rungs)))}
    found = []
    for factor in library.factors:
        if factor.file in named or factor.region not in places or not _leads(factor, need):
            continue
        last = factor.data_to or date.max
        there = any(rung.region == factor.region and factor.data_from <= rung.member_to and last >= rung.member_from for rung in rungs)
        if there and factor.data_from <= need.period.first and last >= need.period.last:
            late = f", published {factor.published.isoformat()}, after the knowledge date {known_on.isoformat()}" if factor.published > known_on else ""
            kept = ", evidence only" if factor.status == "evidence_only" else ""
            found.append((places[factor.region], factor.factor_id, f"{factor.factor_id} (no rule names {factor.source_id}{kept}{late})"))
    return [text for _, _, text in sorted(found)[:most]]


def speaks(rule: FactorRule, need: Need, library: Library) -> bool:
    """Whether a rule speaks of a need."""
    return (
        need.measure in rule.measures
        and rule.output == need.output
        and (need.gas in rule.gases or "*" in rule.gases)
        and (not rule.applies_to or need.period.id in rule.applies_to)
        and (not rule.regions or bool(set(rule.regions) & {rung.region for rung in _rungs(library, need)}))
        and (not rule.site_kinds or need.kind in rule.site_kinds)
        and all(need.dimensions.get(name, "") in values for name, values in rule.where.items())
    )


def _reason(library: Library, rules: Sequence[FactorRule], need: Need, known_on: date) -> str:
    """What stands in the way, where one thing does."""
    if need.measure == derived.EMISSION_GAS and need.output == derived.EMISSION_CO2E:
        return f": {_nothing_of(rules, need)}"
    every = [pair for rule in rules for pair in candidates(library, rule, need, known_on) if pair[1]]
    if not every:
        return f": {_nothing_of(rules, need)}"
    single = [(factor, missed[0]) for factor, missed in every if len(missed) == 1]
    if not single:
        return ""
    places = {rung.region: place for place, rung in enumerate(_rungs(library, need))}
    factor, miss = min(single, key=lambda pair: (places.get(pair[0].region, len(places)), _ORDER.index(pair[1].what), pair[0].factor_id))
    return f": {factor.factor_id} {miss.told}"


def _nothing_of(rules: Sequence[FactorRule], need: Need) -> str:
    sources = dict.fromkeys(rule.source for rule in rules)
    if need.measure == derived.EMISSION_GAS:
        return f"the GWP set {rules[0].method} gives no checked value for {need.gas}"
    return f"{' and '.join(sources)} {'has' if len(sources) == 1 else 'have'} none from {need.measure} to {need.output}{f' of {need.gas}' if need.gas else ''}"


def candidates(library: Library, rule: FactorRule, need: Need, known_on: date) -> list[tuple[Factor, list[_Miss]]]:
    """Every factor of the rule's source that leads the right way, or from or to the same of another kind, with what it misses."""
    found = []
    for factor in library.factors:
        if _is_offered(factor, rule, need):
            found.append((factor, _misses(factor, rule, need, library, known_on)))
            continue
        kind = differs(factor.measure, factor.output, factor.gwp_set, FACTORS_OF.get(need.measure, need.measure), need.output) if factor.file == rule.source else None
        if kind is not None and factor.gas in (need.gas, "*", ""):
            found.append((factor, [_Miss("kind", kind, kind), *_misses(factor, rule, need, library, known_on)]))
    return found


def _is_offered(factor: Factor, rule: FactorRule, need: Need) -> bool:
    return _leads(factor, need) and factor.file == rule.source


def _leads(factor: Factor, need: Need) -> bool:
    gas_in = need.gas_in or need.gas
    return (
        factor.measure == FACTORS_OF.get(need.measure, need.measure)
        and factor.output == need.output
        and ((factor.gas == need.gas and factor.gas_in in ("", gas_in)) or (factor.gas == "*" and need.gas == gas_in))
    )


def _rungs(library: Library, need: Need) -> list[Rung]:
    return chain_of(library.regions, need.chain)


def _misses(factor: Factor, rule: FactorRule, need: Need, library: Library, known_on: date) -> list[_Miss]:
    misses = []
    last = factor.data_to or date.max
    rungs = _rungs(library, need)
    if rule.factor_region:
        wrong_region = factor.region != rule.factor_region
    else:
        wrong_region = not any(rung.region == factor.region and factor.data_from <= rung.member_to and last >= rung.member_from for rung in rungs)
    if wrong_region:
        where = rule.factor_region or " > ".join(str(rung) for rung in rungs)
        misses.append(_Miss("region", f"region {factor.region}", f"describes the region {factor.region}; the need is in {where}"))
    misses += _method_missed(factor, rule, need)
    described = f"describes {factor.data_period}"
    if rule.data_year is not None:
        if not (factor.data_from.year <= rule.data_year <= last.year):
            misses.append(_Miss("period", f"{described}, not {rule.data_year}", f"{described}, and the rule asks for the data year {rule.data_year}"))
    elif factor.data_from > need.period.first:
        misses.append(_Miss("period", described, f"{described}, and does not hold yet on {need.period.first}"))
    elif last < need.period.last:
        misses.append(_Miss("period", described, f"{described}, and has expired on {need.period.last}"))
    if factor.published > known_on:
        late = f"published {factor.published.isoformat()}, after the knowledge date {known_on.isoformat()}"
        misses.append(_Miss("published", late, f"was {late}"))
    if factor.status == "evidence_only":
        misses.append(_Miss("status", "evidence only", f"is kept as evidence only{f': {factor.note}' if factor.note else ''}".rstrip(".")))
    return misses


def _method_missed(factor: Factor, rule: FactorRule, need: Need) -> list[_Miss]:
    own = factor.named_method
    of_grid = is_of_grid(need.measure, need.output)
    if own in NEVER and of_grid:
        return [_Miss("kind", f"{own}: never for Scope 2", f"is {METHODS[own]}, and never serves Scope 2")]
    if rule.method is None:
        if of_grid and own not in UNNAMED:
            kind = METHODS.get(own, f"by the method {own}, which is no average that is known here")
            return [_Miss("kind", f"{own}: asked for by name only", f"is {kind}; a rule without a method asks for an average grid factor")]
        return []
    wanted = rule.method
    for name, value in need.dimensions.items():
        wanted = wanted.replace(f"{{{name}}}", value)
    if own == wanted:
        return []
    if unsaid := _WORD.findall(wanted):
        names = " and ".join(unsaid)
        return [_Miss("kind", f"no {names} stated", f"is one of several by {names}, and the amount states none: the rule's method is {rule.method}")]
    if own in METHODS and wanted in METHODS:
        return [_Miss("kind", f"method {own}, not {wanted}", f"is {METHODS[own]}; the rule asks for {wanted}: {METHODS[wanted]}")]
    return [_Miss("kind", f"method {own or 'none'}, not {wanted}", f"is by the method {own or 'none'}; the rule asks for {wanted}")]


def _offers(library: Library, need: Need, known_on: date) -> str:
    offers = [
        factor
        for factor in library.factors
        if factor.measure == FACTORS_OF.get(need.measure, need.measure) and factor.output == need.output and factor.gas in (need.gas, "*")
    ]
    places = {rung.region: place for place, rung in enumerate(_rungs(library, need))}
    offers.sort(key=lambda factor: (places.get(factor.region, len(places)), factor.status == "evidence_only", factor.factor_id))
    known = [f"{factor.factor_id} ({factor.region}, {factor.data_period})" for factor in offers if factor.published <= known_on][:5]
    return f"The library has: {'; '.join(known)}." if known else "The library has none either."
