"""What an edition decides by: its periods, boundaries, factor rules and exclusions, and lenses that change them for a comparison."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from esg_kpis.domains import DIMENSIONS, DOMAINS, MEASURES, derived, scope_3
from esg_kpis.editions.entry import SITE_ATTRIBUTES, Entry, Where, all_known, all_or_not


class Period(Entry):
    """A named range of whole months."""

    id: str
    first: date
    last: date

    @model_validator(mode="after")
    def _whole_months(self) -> Self:
        if self.first.day != 1 or (self.last + timedelta(days=1)).day != 1 or self.last < self.first:
            raise ValueError(f"period '{self.id}' must run from the first day of a month to the last day of one")
        return self

    @property
    def months(self) -> int:
        """How many months it has."""
        return 12 * (self.last.year - self.first.year) + self.last.month - self.first.month + 1


def _dimensions_known(where: Mapping[str, Sequence[str]]) -> None:
    all_known(where, DIMENSIONS, "dimension")
    for name, values in where.items():
        all_known(values, ["", *DIMENSIONS[name]], name)


class Boundary(Entry):
    """Which sites count, for some domains or measures in some periods. The first boundary that covers an amount decides."""

    id: str
    domains: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    where: Where = Field(default_factory=dict)
    text: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        all_known(self.domains, DOMAINS, "domain")
        all_known(self.measures, MEASURES, "measure")
        all_known(self.where, SITE_ATTRIBUTES, "site attribute")
        all_or_not(self.where)
        return self

    def covers(self, measure: str, domain: str, period: str) -> bool:
        """Whether this boundary speaks of the measure in the period."""
        named = (not self.domains and not self.measures) or domain in self.domains or measure in self.measures
        return named and (not self.periods or period in self.periods)


class FactorRule(Entry):
    """One rule of the edition: which source serves which measure, in which periods, at which sites.

    Without `data_year` a factor serves only if its data period contains the whole reporting period. With it, the factor of that data year is applied to
    the periods in `applies_to`, and says so. `where` narrows it by what stands beside an amount, such as `use` or `treatment`; in `method` such a word in braces stands for
    the amount's own: `{equipment}_upper`.
    """

    id: str
    measures: tuple[str, ...]
    output: str
    gases: tuple[str, ...] = ("",)
    source: str
    method: str | None = None
    data_year: int | None = None
    applies_to: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    factor_region: str | None = None
    site_kinds: tuple[str, ...] = ()
    where: dict[str, list[str]] = Field(default_factory=dict)
    text: str = ""

    @model_validator(mode="after")
    def _known(self) -> Self:
        all_known([*self.measures, self.output], MEASURES, "measure")
        if scope_3.STATED in (*self.measures, self.output):
            raise ValueError(f"no factor leads from {scope_3.STATED} or to it: it is CO2e, as it was supplied")
        _dimensions_known(self.where)
        parted = [name for name in self.measures if name in (derived.CONTRACTED, derived.UNCONTRACTED)]
        if parted and self.output not in (derived.EMISSION_GAS, derived.EMISSION_CO2E):
            raise ValueError(f"'{parted[0]}' leads to emissions only: it is a part of the electricity that was bought, whose energy counts already")
        return self


class Exclusion(Entry):
    """What the edition leaves out, and why. It is still computed where a factor is known, so that a finding can say how much it is."""

    id: str
    measures: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    gases: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    where: dict[str, list[str]] = Field(default_factory=dict)
    text: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        all_known([*self.measures, *self.outputs], MEASURES, "measure")
        _dimensions_known(self.where)
        return self


class Lens(Entry):
    """The same records seen otherwise: what of the edition is replaced, for a comparison side by side.

    Attributes:
        id: Name of the lens.
        text: Why it is looked through.
        gwp_set: Another GWP set, with `methane` where that asks for it.
        methane: Methane by one value or by its origin.
        knowledge_date: Factors and instruments known on another day.
        consolidation: Another approach to the organizational boundary.
        scope_2_total: Totals by the other method of Scope 2.
        where: Only sites inside, such as all but a segment for figures like for like: `{ business_line = ["not Automotive factory"] }`.
        boundary: Boundaries in place of the edition's.
        factor_rules_of: Factor rules of another edition in place of this one's, by its id.
        factor_rule: Rules that are tried before the edition's.
        without_rules: Ids of the edition's rules that are left out.
        without_exclusions: Ids of the edition's exclusions that are left out, so that what they leave out counts.
    """

    id: str
    text: str
    gwp_set: str | None = None
    methane: Literal["one_value", "by_origin"] | None = None
    knowledge_date: date | None = None
    consolidation: Literal["operational_control", "financial_control", "equity_share"] | None = None
    scope_2_total: Literal["location", "market"] | None = None
    where: Where = Field(default_factory=dict)
    boundary: tuple[Boundary, ...] = ()
    factor_rules_of: str | None = None
    factor_rule: tuple[FactorRule, ...] = ()
    without_rules: tuple[str, ...] = ()
    without_exclusions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        all_known(self.where, SITE_ATTRIBUTES, "site attribute")
        all_or_not(self.where)
        if not self.model_fields_set - {"id", "text"}:
            raise ValueError(f"the lens '{self.id}' changes nothing")
        return self
