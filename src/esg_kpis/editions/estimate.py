"""What an edition allows to be estimated: one [[estimate]] of edition.toml."""

from typing import Literal, Self

from pydantic import Field, model_validator

from esg_kpis.domains import DOMAIN_OF, DOMAINS, MEASURES
from esg_kpis.editions.entry import SITE_ATTRIBUTES, Entry, Where, all_known

ESTIMABLE = [name for name, domain in DOMAIN_OF.items() if not DOMAINS[domain].counted and MEASURES[name].nature == "flow"]
"""What may be estimated: flows that are sent as such."""


class Estimate(Entry):
    """A method by which gaps of some measures may be filled. The first one that fits a gap and can be computed does; where none can, the gap stays.

    max_months: the longest gap it may fill, in consecutive months with missing days. least_months: for the same month of last year, how many months must be known in
    both years. least_peers: for floor area and heads, how many sites of the same kind and climate must be known.
    """

    id: str
    method: Literal["same_month_last_year", "mean_of_neighbouring_months", "per_floor_area", "per_head"]
    measures: tuple[str, ...] = Field(min_length=1)
    where: Where = Field(default_factory=dict)
    periods: tuple[str, ...] = ()
    max_months: int | None = Field(default=None, ge=1)
    least_months: int = Field(default=3, ge=1)
    least_peers: int = Field(default=3, ge=1)
    text: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        all_known(self.measures, ESTIMABLE, "measure that can be estimated")
        all_known(self.where, SITE_ATTRIBUTES, "site attribute")
        return self
