"""An edition that has some causes as one edition and the rest as another, built so that it means something.

A measure that only one edition counts comes with that edition's boundary, rules and exclusions for it: where it is counted, all of it is counted as that edition does. A way that both
editions have goes by the rules of one of them, and by those of the other only where the first knows no factor, as for sites that it does not count.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from esg_kpis.editions import Amounts, Boundary, Edition, Exclusion, FactorRule, Kpi
from esg_kpis.editions.entry import SITE_ATTRIBUTES
from esg_kpis.factors import Library, Received
from esg_kpis.restatement.causes import Pair, whole_measures
from esg_kpis.restatement.links import of_side
from esg_kpis.restatement.shapley import Switched


@dataclass(frozen=True)
class Mixture:
    """An edition built of two, with what it knows: factors and instruments, and the day up to which they are known."""

    edition: Edition
    library: Library
    received: Received
    known_on: date


def mixture(pair: Pair, switched: Switched) -> Mixture:
    """The edition with the causes in `switched` as the second edition has them, and all others as the first."""

    def side(cause: str) -> int:
        return int(cause in switched)

    of = {cause: pair.sides[side(cause)].edition.rules for cause in ("data", "boundary", "gwp", "method", "period")}
    base = pair.sides[side("method")].edition
    periods = of["period"].period
    if not needs_other_periods(pair):
        periods = (pair.period_of(side("period")),)
    rules = base.rules.model_copy(
        update={
            "waiver": of["data"].waiver, "boundary": tuple(_boundaries(pair, side)), "consolidation": of["boundary"].consolidation, "gwp_set": of["gwp"].gwp_set, "gwp_text": of["gwp"].gwp_text,
            "methane": of["gwp"].methane, "period": periods, "factor_rule": tuple(_rules(pair, side)), "exclusion": tuple(_exclusions(pair, side)),
            "lens": (), "uncertainty": (), "anomaly": (), "known_difference": (), "framework": (),
        }
    )  # fmt: skip
    defined = {name: _merged(kpi, pair, side) for name, kpi in pair.editions[side("method")].defined.items()}
    edition = Edition(rules, defined, base.published, targets=base.targets)
    return Mixture(edition, *_known(pair, side("factors"), side("data")))


def needs_other_periods(pair: Pair) -> bool:
    """Whether more than the period itself has a part in it: the one before in a growth, last year's months in estimates, and claims that reach over its end."""
    grows = any(kpi.formula == "growth" for edition in pair.editions for kpi in edition.defined.values())
    return grows or any(item.edition.rules.estimate or item.edition.rules.market_based for item in pair.sides)


def _boundaries(pair: Pair, side: Callable[[str], int]) -> list[Boundary]:
    """Boundaries by measure. Those of other periods stay those of the edition of `boundary`."""
    groups: dict[tuple[int, str], list[str]] = {}
    deciding: dict[tuple[int, str], Boundary] = {}
    for measure, both in pair.covered.items():
        at = side("boundary") if None not in both else 0 if both[1] is None else 1
        item = both[at]
        if item is None or (None in both and side("sources") != at):
            continue
        groups.setdefault((at, item.id), []).append(measure)
        deciding[(at, item.id)] = item
    own = [item.model_copy(update={"domains": (), "measures": tuple(groups[key]), "periods": (pair.period,)}) for key, item in deciding.items()]
    others = [name for name in pair.sides[side("period")].edition.periods if name != pair.period]
    kept = pair.sides[side("boundary")].edition.rules.boundary if others else ()
    return own + [item.model_copy(update={"periods": tuple(name for name in item.periods or others if name != pair.period)}) for item in kept if not item.periods or set(item.periods) & set(others)]


def _rules(pair: Pair, side: Callable[[str], int]) -> list[FactorRule]:
    """The rules of a mixture: those of each edition for what it gives, and, where anything but factors is of the other one, its rules for ways of both after all others."""
    chosen = pair.links.chosen(side("factors"), side("sources"), side("method"))
    found: list[FactorRule] = []
    for at in (side("factors"), 1 - side("factors")):
        found += of_side(pair.sides[at].edition.rules.factor_rule, {link for where, link in chosen if where == at}, pair.period)
    other = 1 - side("factors")
    if any(side(cause) == other for cause in ("boundary", "sources", "method", "period")):
        lent = {link for where, link in chosen if where == side("factors") and link in pair.links.own[other]}
        found += of_side(pair.sides[other].edition.rules.factor_rule, lent, pair.period)
    return found


def _exclusions(pair: Pair, side: Callable[[str], int]) -> list[Exclusion]:
    """What is left out: of what both editions have rules for by the edition of `method`; of what only one has, by its own, where its sources are counted."""
    measures = [{link.measure for link in own} for own in pair.links.own]
    found: list[Exclusion] = []
    for place, edition in enumerate(pair.editions):
        whole = {item.id for item in whole_measures(edition, pair.period)}
        governed = (measures[0] & measures[1] if side("method") == place else set()) | (measures[place] - measures[1 - place] if side("sources") == place else set())
        for item in edition.rules.exclusion:
            if item.periods and pair.period not in item.periods:
                continue
            if item.id in whole:
                found += [item] if side("sources") == place else []
            elif kept := sorted(governed & set(item.measures) if item.measures else governed):
                found.append(item.model_copy(update={"measures": tuple(kept)}))
    return found


def _merged(kpi: Kpi, pair: Pair, side: Callable[[str], int]) -> Kpi:
    """A KPI with its sources, sites and the rest of its selections each from the edition that the cause names."""
    variants = [edition.defined.get(kpi.id) for edition in pair.editions]
    first, second = variants
    if first is None or second is None or not first.amounts or not second.amounts:
        return kpi
    sources, sites, method = ((first, second)[side(cause)].amounts for cause in ("sources", "boundary", "method"))
    if len(sources) == len(sites) == len(method):
        return kpi.model_copy(update={"amounts": tuple(_one(*three) for three in zip(sources, sites, method, strict=True))})
    taken = [sorted((item.measure, item.origin, item.gas_group) for item in variant.amounts) for variant in (first, second)]
    return kpi.model_copy(update={"amounts": sources if taken[0] != taken[1] else method})


def _one(sources: Amounts, sites: Amounts, method: Amounts) -> Amounts:
    where = {name: values for name, values in method.where.items() if name not in SITE_ATTRIBUTES} | {name: values for name, values in sites.where.items() if name in SITE_ATTRIBUTES}
    return method.model_copy(update={"measure": sources.measure, "origin": sources.origin, "gas_group": sources.gas_group, "where": where})


def _known(pair: Pair, factors: int, data: int) -> tuple[Library, Received, date]:
    """What is known: of the sources that the edition of `factors` names what it knew, of those that only the other one names what that one knew; records of `data`."""
    own, other = pair.sides[factors], pair.sides[1 - factors]
    received = pair.sides[data].received
    if own.known_on == other.known_on and own.library is other.library:
        return own.library, received, own.known_on
    lent = other.named - own.named
    kept = tuple(factor for factor in own.library.factors if factor.file not in lent and factor.published <= own.known_on)
    library = replace(
        own.library, factors=(*kept, *other.factors_of(lent)), gas_groups=other.library.gas_groups | own.library.gas_groups, sources=other.library.sources | own.library.sources,
        unreadable=tuple(pair_ for side, is_lent in ((own, False), (other, True)) for pair_ in side.library.unreadable if (pair_[0] in lent) == is_lent),
        broken=tuple(item for side, is_lent in ((own, False), (other, True)) for item in side.library.broken if (item.file in lent) == is_lent),
    )  # fmt: skip
    ledger = received.instruments.filter(received.instruments["retired_on"] <= own.known_on)
    return library, replace(received, instruments=ledger), max(own.known_on, other.known_on)
