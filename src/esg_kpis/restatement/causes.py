"""Why an edition's value may differ from another's for the same period: seven causes, and what of an edition each of them is."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import polars as pl

from esg_kpis.domains import DOMAIN_OF
from esg_kpis.editions import Amounts, Boundary, Edition, Exclusion, Kpi, Period, added_up, needed_measures
from esg_kpis.editions.entry import SITE_ATTRIBUTES
from esg_kpis.factors import Factor, Library, Received, rules_of
from esg_kpis.restatement.links import Link, Links, links_of

CAUSES: Mapping[str, str] = {
    "data": "what was received, where it is of two runs; records that one edition leaves out by a waiver",
    "boundary": "sites that count, and how much of them: boundaries, consolidation",
    "sources": "measures, origins and gases that one edition counts and the other does not",
    "factors": "other factors for what both count: rules and knowledge date",
    "gwp": "the GWP set, and how methane is valued",
    "method": "formula and definition of the KPI, basis of Scope 2, estimates, exclusions",
    "period": "the days of the period",
}
"""Every cause, in the order in which they are shown."""

_TAKEN = ("measure", "origin", "gas_group")
"""What of a selection of amounts says which sources it takes."""
_SAID = ("label", "text", "source", "decimals", "hkex", "hkex_2025", "gri", "sasb", "footing", "roll_forward", "stated", "alternative_to", "breakdowns", "periods", "not_collected", "amounts")
"""What of a KPI is words, or parted further, or decides only whether there is a cell."""


@dataclass(frozen=True)
class Side:
    """One of the two editions as a run had it.

    Attributes:
        edition: The edition.
        known_on: The knowledge date in force.
        library: The factors of the run.
        received: What was received.
        values: The values of the run, as `kpi_values`.
        published: What was printed, as `published`.
        run: The run, where it is not the last one.
    """

    edition: Edition
    known_on: date
    library: Library
    received: Received
    values: pl.DataFrame
    published: pl.DataFrame
    run: str = ""

    @property
    def name(self) -> str:
        """The edition, and its run where that is not the last one."""
        return f"{self.edition.id} of run {self.run}" if self.run else self.edition.id

    def recorded(self, cell: tuple[str, str, str], period: str) -> dict[str, Any] | None:
        """The row of a cell (KPI, breakdown, category) in the values of the run; None if there is none."""
        return self._row(self.values, cell, period)

    def printed(self, cell: tuple[str, str, str], period: str) -> Decimal | None:
        """What the edition printed for a cell; None if it did not."""
        row = self._row(self.published, cell, period)
        return None if row is None else Decimal(row["value_as_printed"].replace(",", "").strip().removesuffix("%"))

    def _row(self, frame: pl.DataFrame, cell: tuple[str, str, str], period: str) -> dict[str, Any] | None:
        at = {"edition": self.edition.id, "kpi_id": cell[0], "breakdown": cell[1], "category": cell[2], "period": period}
        rows = frame.filter(pl.all_horizontal(pl.col(name) == value for name, value in at.items()))
        return rows.row(0, named=True) if rows.height else None

    @property
    def named(self) -> set[str]:
        """The sources that its rules name."""
        return {rule.source for rule in rules_of(self.edition.rules)}

    def factors_of(self, sources: Collection[str]) -> tuple[Factor, ...]:
        """The factors of some sources that were known on its day."""
        return tuple(factor for factor in self.library.factors if factor.file in sources and factor.published <= self.known_on)


@dataclass(frozen=True)
class Pair:
    """Two editions and a period of both, and what is compared.

    Attributes:
        first: The edition the bridge begins at.
        second: The one it ends at.
        period: Id of a period of both.
        kpis: KPIs that both define and that are bridged.
    """

    first: Side
    second: Side
    period: str
    kpis: tuple[str, ...]

    @cached_property
    def _received_alike(self) -> bool:
        first, second = self.first.received, self.second.received
        frames = ("amounts", "sites", "ownership", "instruments", "rejected")
        return first is second or (first.as_of == second.as_of and all(getattr(first, name).equals(getattr(second, name)) for name in frames) and first.coverage.sites.equals(second.coverage.sites))

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both, the first at place 0."""
        return self.first, self.second

    @cached_property
    def editions(self) -> tuple[Edition, Edition]:
        """The two editions with the KPIs bridged, and what these rest on, only: what no KPI asks for needs no factor."""
        return self._only(self.first.edition), self._only(self.second.edition)

    def _only(self, edition: Edition) -> Edition:
        kept = dict.fromkeys(name for kpi in self.kpis for name in rests_on(kpi, edition.defined))
        return Edition(edition.rules, {name: kpi for name, kpi in edition.defined.items() if name in kept}, edition.published, targets=edition.targets)

    @cached_property
    def links(self) -> Links:
        """The rules of both."""
        return links_of((self.first.edition, self.second.edition), self.period)

    @cached_property
    def covered(self) -> dict[str, tuple[Boundary | None, Boundary | None]]:
        """For each measure the boundary of each edition that decides in the period; None where an edition does not count the measure at all."""
        first, second = (_deciding(edition, self.period) for edition in self.editions)
        return {measure: (first[measure], second[measure]) for measure in DOMAIN_OF}

    @cached_property
    def relevant(self) -> frozenset[str]:
        """The measures that may have a part in what is bridged; all of them where estimates may rest on others."""
        if any(side.edition.rules.estimate for side in self.sides):
            return frozenset({*DOMAIN_OF, *(link.measure for own in self.links.own for link in own)})
        return frozenset(name for edition in self.editions for name in needed_measures(edition).union(*added_up(edition).values()))

    @cached_property
    def cells(self) -> dict[str, dict[tuple[str, str], tuple[object, object]]]:
        """What both editions part the KPIs by: breakdown and category (of all sites or the like: an empty one), with what each edition means by it."""
        first, second = ({kpi.id: dict(_spreads(kpi, self.period)) for kpi in edition.kpis.values()} for edition in self.editions)
        return {kpi: {spot: (meant, second[kpi][spot]) for spot, meant in spots.items() if spot in second[kpi]} for kpi, spots in first.items() if kpi in second}

    def has(self, kpi: str, breakdown: str, category: str) -> bool:
        """Whether both editions part a KPI so."""
        spots = self.cells.get(kpi, {})
        return (breakdown, category) in spots or (breakdown, "") in spots

    def period_of(self, side: int) -> Period:
        """The period as an edition has it."""
        return self.sides[side].edition.periods[self.period]

    @cached_property
    def differing(self) -> tuple[str, ...]:
        """The causes that the two editions have otherwise, in order."""
        return tuple(cause for cause in CAUSES if self._of(cause, 0) != self._of(cause, 1))

    def _of(self, cause: str, side: int) -> object:
        edition, rules = self.editions[side], self.sides[side].edition.rules
        if cause == "data":
            return {item.finding: item.until for item in rules.waiver}, self._received_alike or side
        if cause == "boundary":
            both = {measure: pair[side] for measure, pair in self.covered.items() if None not in pair and measure in self.relevant}
            return rules.consolidation, {measure: item and item.where for measure, item in both.items()}, _each(edition, _sites_asked)
        if cause == "sources":
            only = [str(link) for link in self.links.only(side) if link.measure in self.relevant]
            return {measure for measure, pair in self.covered.items() if pair[side] and measure in self.relevant}, only, _each(edition, _taken), [_plain(item) for item in whole_measures(edition, self.period)]
        if cause == "factors":
            shared = [(str(link), [_rule(rule) for rule in own]) for link, own in self.links.own[side].items() if self.is_shared(link) and link.measure in self.relevant]
            values = () if self.first.library is self.second.library else self.sides[side].factors_of(self.first.named & self.second.named)
            return self.sides[side].known_on, shared, values
        if cause == "gwp":
            return rules.gwp_set, rules.methane
        if cause == "method":
            whole = {item.id for item in whole_measures(edition, self.period)}
            exclusions = [_plain(item) for item in rules.exclusion if item.id not in whole and (not item.periods or self.period in item.periods)]
            return (
                [kpi.model_dump(exclude=set(_SAID)) for kpi in edition.defined.values()], _each(edition, _otherwise_asked), rules.scope_2_total, rules.market_based and rules.market_based.model_dump(exclude={"text"}),
                [item.model_dump(exclude={"text", "id"}) for item in rules.estimate if not item.periods or self.period in item.periods], exclusions, [[pair[side] for pair in spots.values()] for spots in self.cells.values()],
            )  # fmt: skip
        return self.period_of(side)

    def is_shared(self, link: Link) -> bool:
        """Whether a link counts, or helps to count, what both editions count."""
        if link.output in self.links.ends:
            return self.links.kind(link) in self.links.shared
        return link in self.links.own[0] and link in self.links.own[1]


def rests_on(kpi: str, defined: Mapping[str, Kpi]) -> Iterable[str]:
    """A KPI and all that its formula rests on."""
    if kpi in defined:
        yield kpi
        for name in (defined[kpi].numerator, defined[kpi].denominator):
            if name is not None:
                yield from rests_on(name, defined)


def whole_measures(edition: Edition, period: str) -> list[Exclusion]:
    """Exclusions of measures that the edition has no rule for: what it does not count at all."""
    ruled = {measure for rule in edition.rules.factor_rule for measure in rule.measures}
    found = []
    for item in edition.rules.exclusion:
        measures = tuple(measure for measure in item.measures if measure not in ruled)
        if measures and not item.gases and (not item.periods or period in item.periods):
            found.append(item.model_copy(update={"measures": measures}))
    return found


def _deciding(edition: Edition, period: str) -> dict[str, Boundary | None]:
    return {measure: next((item for item in edition.rules.boundary if item.covers(measure, domain, period)), None) for measure, domain in DOMAIN_OF.items()}


def _spreads(kpi: Kpi, period: str) -> Iterable[tuple[tuple[str, str], object]]:
    for spread in kpi.breakdowns:
        if not spread.periods or period in spread.periods:
            yield from (((spread.name, ""), spread.each) for _ in range(1) if spread.each)
            yield from (((spread.name, category), where) for category, where in spread.categories.items())


def _each(edition: Edition, what: object) -> dict[str, list[object]]:
    return {kpi.id: [what(item) for item in kpi.amounts] for kpi in edition.defined.values()}  # type: ignore[operator]


def _taken(item: Amounts) -> object:
    return [sorted(getattr(item, name)) for name in _TAKEN]


def _sites_asked(item: Amounts) -> object:
    return {name: sorted(values) for name, values in item.where.items() if name in SITE_ATTRIBUTES}


def _otherwise_asked(item: Amounts) -> object:
    return {name: sorted(values) for name, values in item.where.items() if name not in SITE_ATTRIBUTES}, sorted(item.scope), sorted(item.basis)


def _rule(rule: object) -> object:
    return rule.model_dump(exclude={"id", "text", "measures", "gases", "applies_to"})  # type: ignore[attr-defined]


def _plain(item: Exclusion) -> object:
    return item.model_dump(exclude={"id", "text"})
