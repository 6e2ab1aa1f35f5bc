"""Exactly one factor, or a reason.

A factor serves an amount when an edition's rule names its source for the measure, region and period, when its region lies on the site's chain (grid region,
country, GLOBAL), when its data period contains the reporting period or the rule applies it across years, and when it was published by the knowledge
date. Rules are tried in order; within a rule the nearest region wins. None or two is an error that lists what nearly matched: never a zero,
never a neighbour year in silence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from esg_kpis.domains import derived
from esg_kpis.editions import EditionFile, FactorRule, Period
from esg_kpis.errors import FactorProblem
from esg_kpis.factors.library import Factor, Library

GLOBAL = "GLOBAL"
GWP_SOURCE = "gwp"
"""Stands for gwp.csv, which holds the values of several sources; the GWP set takes the place of the method."""


@dataclass(frozen=True)
class Need:
    """What is looked for: from a measure to an output of one gas, at sites of one region chain and kind, in one period."""

    measure: str
    output: str
    gas: str
    chain: tuple[str, ...]
    kind: str
    period: Period

    def __str__(self) -> str:
        gas = f" of {self.gas}" if self.gas else ""
        return f"{self.output}{gas} from {self.measure} in {' > '.join(self.chain)}, {self.period.id}"


@dataclass(frozen=True)
class Choice:
    """The factor that serves a need, the rule that chose it, and why in one sentence."""

    factor: Factor
    rule: str
    why: str


@dataclass(frozen=True)
class _Candidate:
    factor: Factor
    misses: tuple[str, ...]


def rules_of(edition: EditionFile) -> tuple[FactorRule, ...]:
    """The edition's rules, and the one that follows from its GWP set."""
    gwp = FactorRule(
        id=f"gwp-{edition.gwp_set.lower()}",
        measures=(derived.EMISSION_GAS,),
        output=derived.EMISSION_CO2E,
        gases=("*",),
        source=GWP_SOURCE,
        method=edition.gwp_set,
        text=edition.gwp_text,
    )
    return (*edition.factor_rule, gwp)


def select(library: Library, rules: Sequence[FactorRule], need: Need, *, known_on: date, gwp_set: str) -> Choice:
    """The one factor that serves `need`.

    Raises:
        FactorProblem: if no rule speaks of the need, none of the rules finds a factor, or one finds two; the message lists the near misses.
    """
    speaking = [rule for rule in rules if _speaks(rule, need)]
    if not speaking:
        raise FactorProblem(
            f"No rule of the edition leads to {need}.",
            where="edition.toml",
            mend=f"Add a [[factor_rule]]. {_offers(library, need, known_on)}".strip(),
        )
    for rule in speaking:
        found = [candidate.factor for candidate in _candidates(library, rule, need, known_on) if not candidate.misses]
        if not found:
            if any(source == rule.source for source, _ in library.unreadable):
                break  # What cannot be read might have served: a later rule must not take its place.
            continue
        rung = min(_rung(factor, rule, need) for factor in found)
        nearest = [factor for factor in found if _rung(factor, rule, need) == rung]
        if len(nearest) > 1:
            raise FactorProblem(
                f"{len(nearest)} factors match {need}: {', '.join(factor.factor_id for factor in nearest)}.",
                where=f"edition.toml, rule {rule.id}",
                mend="Narrow the rule by method, data_year or regions.",
            )
        _check_gwp(nearest[0], gwp_set, need)
        return Choice(nearest[0], rule.id, _why(nearest[0], rule, need))
    broken = [text for source, text in library.unreadable if source in {rule.source for rule in speaking}]
    unreadable = f" Could not be read: {' '.join(broken[:3])}" if broken else ""
    raise FactorProblem(
        f"No factor leads to {need}.{unreadable}",
        where=f"edition.toml, rule{'s' if len(speaking) > 1 else ''} {', '.join(rule.id for rule in speaking)}",
        mend="Nearly matched: "
        + "; ".join(near_matches(library, speaking, need, known_on=known_on))
        + ". Add the factor to factors/, or a rule that names another.",
    )


def near_matches(library: Library, rules: Iterable[FactorRule], need: Need, *, known_on: date, most: int = 5) -> list[str]:
    """The factors that came nearest, with what they miss."""
    misses: dict[str, tuple[int, str]] = {}
    for rule in rules:
        for candidate in _candidates(library, rule, need, known_on):
            if candidate.misses:
                entry = (len(candidate.misses), f"{candidate.factor.factor_id} ({', '.join(candidate.misses)})")
                misses[candidate.factor.factor_id] = min(entry, misses.get(candidate.factor.factor_id, entry))
    return [text for _, text in sorted(misses.values())[:most]] or ["nothing"]


def _speaks(rule: FactorRule, need: Need) -> bool:
    return (
        need.measure in rule.measures
        and rule.output == need.output
        and (need.gas in rule.gases or "*" in rule.gases)
        and (not rule.applies_to or need.period.id in rule.applies_to)
        and (not rule.regions or bool(set(rule.regions) & set(need.chain)))
        and (not rule.site_kinds or need.kind in rule.site_kinds)
    )


def _candidates(library: Library, rule: FactorRule, need: Need, known_on: date) -> list[_Candidate]:
    """Every factor that leads the right way, with what it misses under a rule. Those from other sources are not near."""
    return [
        _Candidate(factor, tuple(_misses(factor, rule, need, known_on)))
        for factor in library.factors
        if factor.measure == need.measure
        and factor.output == need.output
        and factor.gas in (need.gas, "*")
        and _file_of(factor) == rule.source
    ]


def _file_of(factor: Factor) -> str:
    return GWP_SOURCE if factor.measure == derived.EMISSION_GAS else factor.source_id


def _method_of(factor: Factor) -> str:
    return factor.gwp_set or "" if factor.measure == derived.EMISSION_GAS else factor.method


def _misses(factor: Factor, rule: FactorRule, need: Need, known_on: date) -> list[str]:
    misses = []
    regions = (rule.factor_region,) if rule.factor_region else (*need.chain, GLOBAL)
    if factor.region not in regions:
        misses.append(f"region {factor.region}")
    if rule.method is not None and _method_of(factor) != rule.method:
        misses.append(f"method {_method_of(factor) or 'none'}, not {rule.method}")
    if rule.data_year is not None:
        if not (factor.data_from.year <= rule.data_year and (factor.data_to is None or rule.data_year <= factor.data_to.year)):
            misses.append(f"describes {factor.data_period}, not {rule.data_year}")
    elif factor.data_from > need.period.first or (factor.data_to is not None and factor.data_to < need.period.last):
        misses.append(f"describes {factor.data_period}")
    if factor.published > known_on:
        misses.append(f"published {factor.published.isoformat()}, after the knowledge date {known_on.isoformat()}")
    if factor.status == "evidence_only":
        misses.append("evidence only")
    return misses


def _rung(factor: Factor, rule: FactorRule, need: Need) -> int:
    return 0 if rule.factor_region else (*need.chain, GLOBAL).index(factor.region)


def _check_gwp(factor: Factor, gwp_set: str, need: Need) -> None:
    if need.output == derived.EMISSION_CO2E and factor.gwp_set != gwp_set:
        raise FactorProblem(
            f"{factor.factor_id} is in CO2e by {factor.gwp_set or 'no named GWP set'}, the edition by {gwp_set}.",
            where=str(need),
            mend="Two GWP sets never stand in one total. Use a factor by gas, or one of the edition's set.",
        )


def _why(factor: Factor, rule: FactorRule, need: Need) -> str:
    chain = " > ".join((*need.chain, GLOBAL))
    region = (
        f"region {factor.region}, by edition rule whatever the site's"
        if rule.factor_region
        else f"region {factor.region}, on the site's chain {chain}"
    )
    year = factor.data_from.year if rule.data_year is None else rule.data_year
    outside = factor.data_from > need.period.first or (factor.data_to is not None and factor.data_to < need.period.last)
    when = f"data year {year} applied to {need.period.id} by edition rule" if outside else f"describes {factor.data_period}"
    if factor.measure == derived.EMISSION_GAS:
        when = f"GWP set {factor.gwp_set}"
    return f"{when}; {region}; published {factor.published.isoformat()}; rule {rule.id}"


def _offers(library: Library, need: Need, known_on: date) -> str:
    offers = [
        factor
        for factor in library.factors
        if factor.measure == need.measure and factor.output == need.output and factor.gas in (need.gas, "*")
    ]
    known = [f"{factor.factor_id} ({factor.region}, {factor.data_period})" for factor in offers if factor.published <= known_on][:5]
    return f"The library has: {'; '.join(known)}." if known else "The library has none either."
