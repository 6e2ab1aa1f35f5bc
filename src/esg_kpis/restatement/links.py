"""The rules of two editions as links from measure to measure, and which of them one has and the other has not.

What is counted of a measure, gas by gas, is a matter of sources; by which way and which factors it is counted, where both count it, is a matter of factors.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from esg_kpis.domains import derived
from esg_kpis.editions import Edition, FactorRule

ENDS = frozenset({derived.EMISSION_GAS, derived.EMISSION_CO2E, derived.ENERGY_COAL})
OF_MARKET = frozenset({derived.CONTRACTED, derived.UNCONTRACTED})
"""Measures that the market-based method makes: rules from them come with the method."""


@dataclass(frozen=True, order=True)
class Link:
    """What a rule leads from and to."""

    measure: str
    output: str
    gas: str


@dataclass(frozen=True)
class Links:
    """The rules of two editions, link by link, for one period.

    Attributes:
        own: For each edition its rules by link, in order.
        ends: Measures at which ways end: emissions, and what KPIs add up.
        component: Measure to the measures it is joined with by ways in either edition, ends left out.
    """

    own: tuple[Mapping[Link, Sequence[FactorRule]], Mapping[Link, Sequence[FactorRule]]]
    ends: frozenset[str]
    component: Mapping[str, frozenset[str]]

    def kind(self, link: Link) -> tuple[frozenset[str], str, str]:
        """What a link that ends a way counts: a source, what of it, and which gas."""
        return self.component[link.measure], link.output, link.gas

    def counted(self, side: int) -> set[tuple[frozenset[str], str, str]]:
        """What an edition has ways to count."""
        return {self.kind(link) for link in self.own[side] if link.output in self.ends}

    @property
    def shared(self) -> set[tuple[frozenset[str], str, str]]:
        """What both have ways to count."""
        return self.counted(0) & self.counted(1)

    def only(self, side: int) -> list[Link]:
        """The links that end a way and count what the other edition does not."""
        shared = self.shared
        return sorted(link for link in self.own[side] if link.output in self.ends and self.kind(link) not in shared)

    def chosen(self, factors: int, sources: int, method: int) -> list[tuple[int, Link]]:
        """The links of a mixture, each with the edition whose rules it takes.

        What both editions count goes by the way of the edition that `factors` names, what only one counts by its own and only where `sources` (of the market-based method: `method`)
        names it. Steps in between come from the edition of `factors`, or where only the other one has them from there.
        """
        shared = self.shared
        ending = [(factors, link) for link in self.own[factors] if link.output in self.ends and self.kind(link) in shared]
        for side in (0, 1):
            ending += [(side, link) for link in self.only(side) if (method if self.component[link.measure] & OF_MARKET else sources) == side]
        found = dict.fromkeys(ending)
        wanted = {link.measure for _, link in ending}
        while wanted:
            steps = [(self._side_of(link, factors), link) for link in {*self.own[0], *self.own[1]} if link.output in wanted and link.output not in self.ends]
            fresh = [step for step in sorted(steps) if step not in found]
            found |= dict.fromkeys(fresh)
            wanted = {link.measure for _, link in fresh}
        return list(found)

    def _side_of(self, link: Link, factors: int) -> int:
        return factors if link in self.own[factors] else 1 - factors


def links_of(editions: tuple[Edition, Edition], period: str) -> Links:
    """The links of two editions in a period. Ways end at what any of their KPIs adds up, whichever are bridged."""
    own = tuple(_by_link(edition.rules.factor_rule, period) for edition in editions)
    asked = {measure for edition in editions for kpi in edition.defined.values() for amounts in kpi.amounts for measure in amounts.measure}
    outputs = {link.output for links in own for link in links}
    ends = frozenset(ENDS | (asked & outputs))
    return Links((own[0], own[1]), ends, _components((link for links in own for link in links), ends))


def _by_link(rules: Iterable[FactorRule], period: str) -> dict[Link, list[FactorRule]]:
    found: dict[Link, list[FactorRule]] = {}
    for rule in rules:
        if rule.applies_to and period not in rule.applies_to:
            continue
        for measure in rule.measures:
            for gas in rule.gases:
                found.setdefault(Link(measure, rule.output, gas), []).append(rule)
    return found


def _components(links: Iterable[Link], ends: Collection[str]) -> dict[str, frozenset[str]]:
    joined: dict[str, set[str]] = {}
    for link in links:
        group = joined.setdefault(link.measure, {link.measure})
        if link.output not in ends:
            other = joined.setdefault(link.output, {link.output})
            group |= other
            for name in other:
                joined[name] = group
    return {name: frozenset(group) for name, group in joined.items()}


def of_side(rules: Sequence[FactorRule], chosen: Collection[Link], period: str) -> list[FactorRule]:
    """The rules of one edition cut down to some links and one period, in their order."""
    found = []
    for rule in rules:
        if rule.applies_to and period not in rule.applies_to:
            continue
        applies = {"applies_to": (period,) if rule.applies_to else ()}
        own = [Link(measure, rule.output, gas) for measure in rule.measures for gas in rule.gases]
        kept = [link for link in own if link in chosen]
        if len(kept) == len(own):
            found.append(rule.model_copy(update=applies))
        else:
            found += [rule.model_copy(update={"measures": (link.measure,), "gases": (link.gas,), **applies}) for link in kept]
    return found
