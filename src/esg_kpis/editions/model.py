"""What an edition consists of, as pydantic reads it from the files a person edits. docs/editions.md shows every key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from esg_kpis.domains import ATTRIBUTES as OF_DOMAINS
from esg_kpis.domains import MEASURES, derived
from esg_kpis.domains.people import ATTRIBUTES
from esg_kpis.editions.anomalies import Anomaly, Explanation
from esg_kpis.editions.entry import CATEGORY_ATTRIBUTES, NOT, SITE_ATTRIBUTES, Entry, Where, all_known, all_or_not, categories_known, fits
from esg_kpis.editions.estimate import Estimate
from esg_kpis.editions.frameworks import ContentIndex, FrameworkUse
from esg_kpis.editions.labels import Labels
from esg_kpis.editions.market import MarketBased
from esg_kpis.editions.rules import Boundary, Exclusion, FactorRule, Lens, Period
from esg_kpis.editions.targets import BOUNDARY, Target, boundaries_of
from esg_kpis.editions.uncertainty import Uncertainty
from esg_kpis.errors import UsageProblem, near_misses


class Waiver(Entry):
    """A finding that a person has accepted: which, why, who, until when."""

    finding: str
    reason: str
    who: str
    until: date


class Disclosure(Entry):
    """What management chose to print though it is about few people: which cells, why, who decided."""

    kpi_id: str
    periods: tuple[str, ...] = ()
    breakdown: str | None = None
    category: str | None = None
    reason: str
    who: str


class SmallGroups(Entry):
    """How small groups of people are kept from being read out of what is published.

    k: the least number of persons of which a figure may tell; a count from 1 to k - 1 is suppressed, and so is whatever would give it back.
    """

    k: int = Field(default=5, ge=2, le=100)
    disclosure: tuple[Disclosure, ...] = ()


class KnownDifference(Entry):
    """Why a printed figure cannot be reproduced, and where the proof stands."""

    kpi_id: str
    periods: tuple[str, ...] = ()
    breakdown: str | None = None
    category: str | None = None
    within: Decimal | None = None
    text: str
    proof: str


class EditionFile(Entry):
    """An `edition.toml`."""

    id: str
    document: str
    text: str = ""
    knowledge_date: date
    knowledge_text: str
    gwp_set: str = ""
    gwp_text: str = ""
    methane: Literal["one_value", "by_origin"] = "one_value"
    consolidation: Literal["operational_control", "financial_control", "equity_share"] = "operational_control"
    incomplete_above: Decimal = Decimal("0.05")
    period: tuple[Period, ...]
    boundary: tuple[Boundary, ...]
    factor_rule: tuple[FactorRule, ...] = ()
    exclusion: tuple[Exclusion, ...] = ()
    waiver: tuple[Waiver, ...] = ()
    estimate: tuple[Estimate, ...] = ()
    framework: tuple[FrameworkUse, ...] = ()
    uncertainty: tuple[Uncertainty, ...] = ()
    anomaly: tuple[Anomaly, ...] = ()
    lens: tuple[Lens, ...] = ()
    known_difference: tuple[KnownDifference, ...] = ()
    market_based: MarketBased | None = None
    scope_2_total: Literal["location", "market"] = "location"
    small_groups: SmallGroups = SmallGroups()

    @model_validator(mode="after")
    def _periods_known(self) -> Self:
        ids = [period.id for period in self.period]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"period '{twice[0]}' is given twice")
        for what, given in (("estimate", [item.id for item in self.estimate]), ("uncertainty", [item.id for item in self.uncertainty]), ("anomaly", [item.id for item in self.anomaly])):
            if twice := sorted({name for name in given if given.count(name) > 1}):
                raise ValueError(f"{what} '{twice[0]}' is given twice")
        ordered = sorted(self.period, key=lambda period: period.first)
        for before, after in pairwise(ordered):
            if after.first <= before.last:
                raise ValueError(f"periods '{before.id}' and '{after.id}' overlap; give the second an edition of its own")
        named: list[tuple[str, ...]] = [item.periods for item in self.boundary]
        named += [item.periods for item in self.exclusion] + [item.periods for item in self.known_difference]
        named += [item.periods for item in self.estimate] + [item.periods for item in self.uncertainty]
        named += [item.periods for item in self.small_groups.disclosure] + [item.periods for item in self.anomaly]
        for names in named:
            all_known(names, ids, "period")
        for rule in self.factor_rule:
            all_known(rule.applies_to, ids, "period")
        return self

    @model_validator(mode="after")
    def _lenses_known(self) -> Self:
        names = [item.id for item in self.lens]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"lens '{twice[0]}' is given twice")
        for item in self.lens:
            all_known(item.without_rules, [rule.id for rule in self.factor_rule], "factor rule")
            all_known(item.without_exclusions, [exclusion.id for exclusion in self.exclusion], "exclusion")
        return self

    @model_validator(mode="after")
    def _market_is_there(self) -> Self:
        if self.scope_2_total == "market" and self.market_based is None:
            raise ValueError('scope_2_total = "market" needs a [market_based] table')
        return self

    @model_validator(mode="after")
    def _gwp_set_named(self) -> Self:
        if not self.gwp_set and any(rule.output in derived.EMISSIONS for rule in self.factor_rule):
            raise ValueError("factor rules lead to emissions, so gwp_set and gwp_text are needed: of which Assessment Report CO2e is, and who says so")
        return self

    @model_validator(mode="after")
    def _methane_as_the_set_has_it(self) -> Self:
        if self.gwp_set == "AR6" and self.methane == "one_value":
            raise ValueError('AR6 values fossil and other methane apart (29.8 and 27.0, Table 7.15); its 27.9 is neither. Write methane = "by_origin"')
        return self


# ---------------------------------------------------------------- KPIs


NOT_AVOIDED = (f"{NOT}{derived.AVOIDED}",)


class Amounts(Entry):
    """A selection of amounts to add up: by measure, and further by origin, gas group, scope, or site.

    Emissions that name neither scope nor gas group are those of scopes 1 and 2; of Scope 2 by one basis, that of `scope_2_total` where none is named.
    """

    measure: tuple[str, ...]
    origin: tuple[str, ...] = ()
    gas_group: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    basis: tuple[Literal["location", "market"], ...] = ()
    where: Where = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, Mapping):
            return {key: [item] if isinstance(item, str) else item for key, item in value.items()}
        return value

    @model_validator(mode="after")
    def _known(self) -> Self:
        all_known([*self.measure, *self.origin], MEASURES, "measure")
        all_known(self.where, (*SITE_ATTRIBUTES, *ATTRIBUTES, *OF_DOMAINS), "attribute")
        all_or_not(self.where | {"gas_group": [*self.gas_group], "scope": [*self.scope]})
        categories_known(self.where)
        return self

    @property
    def of_emissions(self) -> bool:
        """Whether it takes emissions that factors make."""
        return not derived.EMISSIONS.isdisjoint(self.measure)

    @property
    def in_scope_2(self) -> bool:
        """Whether it may take emissions of Scope 2, which stand on a basis."""
        return self.of_emissions and fits("2", self.scope)

    def in_scopes(self) -> tuple["Amounts", ...]:
        """The same with the scopes it takes where it names none: of emissions 1 and 2, never what stands beside them; of a gas group all. What was avoided is taken only where it is named."""
        if not self.of_emissions:
            return (self,)
        if self.scope or self.gas_group:
            leaves_out = all(name.startswith(NOT) for name in self.scope)
            return (self.model_copy(update={"scope": tuple(dict.fromkeys((*self.scope, *NOT_AVOIDED)))}) if leaves_out else self,)
        rest = tuple(name for name in self.measure if name not in derived.EMISSIONS)
        emissions = self.model_copy(update={"measure": tuple(name for name in self.measure if name in derived.EMISSIONS), "scope": derived.BY_FACTORS})
        return (emissions, self.model_copy(update={"measure": rest})) if rest else (emissions,)


class PerFactor(Entry):
    """Division by a factor of the library, such as kgce by 0.1229 kgce/kWh."""

    measure: str
    output: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        all_known([self.measure, self.output], MEASURES, "measure")
        return self


class Footing(Entry):
    """The KPIs, or `kpi/breakdown/*` for the categories of one, that add up to this one in print."""

    parts: tuple[str, ...] = Field(min_length=1)


class RollForward(Entry):
    """Printed figures of which opening + joined - left ought to give the closing: `kpi` or `kpi/breakdown/category`; `left_share` in percent of the closing."""

    closing: str
    joined: str
    left_share: str
    text: str


class Breakdown(Entry):
    """Categories of a KPI. `each` makes one category per value of an attribute of sites or of a domain."""

    name: str
    categories: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    each: str | None = None
    periods: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        for category in self.categories.values():
            all_known(category, CATEGORY_ATTRIBUTES, "attribute")
            all_or_not(category)
            categories_known(category)
        if self.each is not None:
            all_known([self.each], (*SITE_ATTRIBUTES, *OF_DOMAINS), "attribute")
        return self


class NotCollected(Entry):
    """Periods in which a KPI was not collected, and why."""

    periods: tuple[str, ...]
    text: str


TOTAL = Breakdown(name="total", categories={"All": {}})


class Kpi(Entry):
    """One KPI of a closed set of formulas.

    sum: `amounts` added up, in `unit`. count: how many amounts. ratio and rate: `numerator` over `denominator` (KPI ids), times `times`. share: the same
    in percent. difference: `numerator` minus `denominator`. growth: the change of `numerator` on the period before, in percent.

    `denominator_within` names the attributes of a category that also narrow the denominator: none of them for the share of the whole, `level` for the share
    of women within each level; left out, the denominator is that of the category itself. `mean_over: months` divides a sum by the months of the period.
    `unit_per` is what print leaves out of the unit: hours, where it means hours per person. `alternative_to` labels a variant of another KPI, by another denominator than the report's.
    """

    id: str
    label: str
    text: str
    source: str
    unit: str
    unit_per: str = ""
    decimals: int = Field(ge=0, le=9)
    formula: Literal["sum", "ratio", "share", "rate", "count", "difference", "growth"]
    amounts: tuple[Amounts, ...] = ()
    per_factor: PerFactor | None = None
    numerator: str | None = None
    denominator: str | None = None
    denominator_within: tuple[str, ...] | None = None
    times: int = 1
    mean_over: Literal["months"] | None = None
    alternative_to: str | None = None
    breakdowns: tuple[Breakdown, ...] = (TOTAL,)
    periods: tuple[str, ...] = ()
    not_collected: tuple[NotCollected, ...] = ()
    stated: bool = False
    footing: Footing | None = None
    roll_forward: RollForward | None = None
    hkex: str = ""
    hkex_2025: str | None = None
    gri: str = ""
    sasb: str = ""

    @property
    def codes(self) -> dict[str, str | None]:
        """What it carries of disclosure frameworks, by key; `hkex_2025` is None where the codes of 2020 lead on."""
        return {"hkex": self.hkex, "hkex_2025": self.hkex_2025, "gri": self.gri, "sasb": self.sasb}

    @property
    def whole_unit(self) -> str:
        """The unit with what print leaves out."""
        return f"{self.unit}/{self.unit_per}" if self.unit_per else self.unit

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.formula in ("sum", "count"):
            if not self.amounts:
                raise ValueError(f"KPI '{self.id}': a {self.formula} needs amounts")
        elif self.numerator is None or (self.denominator is None and self.formula != "growth"):
            raise ValueError(f"KPI '{self.id}': a {self.formula} needs numerator and denominator")
        if self.mean_over is not None and self.formula != "sum":
            raise ValueError(f"KPI '{self.id}': only a sum can be a mean over months")
        if self.unit_per and self.formula not in ("ratio", "rate"):
            raise ValueError(f"KPI '{self.id}': only a ratio or a rate can be per something")
        all_known(self.denominator_within or (), CATEGORY_ATTRIBUTES, "attribute")
        return self


@dataclass(frozen=True)
class Edition:
    """An edition as read: its rules, its KPIs by id as kpis.yaml defines them, what it printed, its labels if it has any, its content index, and the targets it set."""

    rules: EditionFile
    defined: dict[str, Kpi]
    published: pl.DataFrame
    labels: Labels | None = None
    index: ContentIndex = field(default_factory=ContentIndex)
    targets: tuple[Target, ...] = ()
    explanations: Mapping[str, Explanation] = field(default_factory=dict)

    @cached_property
    def kpis(self) -> dict[str, Kpi]:
        """The KPIs by id, with what they do not say: of emissions scopes 1 and 2, on the basis of the edition's totals, so that the two methods of Scope 2 never stand in one; and inside the boundaries of targets."""
        return {
            name: kpi.model_copy(update={"amounts": tuple(self._on_one_basis(part) for item in kpi.amounts for part in item.in_scopes()), "breakdowns": self._with_boundaries(kpi)})
            for name, kpi in self.defined.items()
        }

    def _with_boundaries(self, kpi: Kpi) -> tuple[Breakdown, ...]:
        own = boundaries_of(self.targets, kpi.id)
        return (*kpi.breakdowns, Breakdown(name=BOUNDARY, categories=own)) if own else kpi.breakdowns

    def _on_one_basis(self, amounts: Amounts) -> Amounts:
        return amounts.model_copy(update={"basis": (self.rules.scope_2_total,)}) if amounts.in_scope_2 and not amounts.basis else amounts

    @property
    def id(self) -> str:
        """The edition's id."""
        return self.rules.id

    @property
    def periods(self) -> dict[str, Period]:
        """Periods by id, newest first."""
        return {period.id: period for period in sorted(self.rules.period, key=lambda period: period.first, reverse=True)}

    def period_named(self, period_id: str) -> Period:
        """The period of that id.

        Raises:
            UsageProblem: if there is none.
        """
        if period_id not in self.periods:
            raise UsageProblem(f"Edition {self.id} has no period '{period_id}'.", mend=f"Its periods: {', '.join(self.periods)}.")
        return self.periods[period_id]

    def kpi_named(self, kpi_id: str) -> Kpi:
        """The KPI of that id.

        Raises:
            UsageProblem: if there is none.
        """
        if kpi_id not in self.kpis:
            raise UsageProblem(
                f"Edition {self.id} has no KPI '{kpi_id}'.", mend=near_misses(kpi_id, self.kpis) or f"Its KPIs: {', '.join(list(self.kpis)[:12])}{' …: see its kpis.yaml' if len(self.kpis) > 12 else ''}."
            )
        return self.kpis[kpi_id]
