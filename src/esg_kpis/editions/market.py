"""What an edition says of the market-based method, as pydantic reads it."""

from calendar import monthrange
from datetime import date
from typing import Self

from pydantic import Field, model_validator

from esg_kpis.domains import DOMAIN_OF
from esg_kpis.editions.entry import Entry, all_known


class MarketBased(Entry):
    """The market-based method of an edition: which electricity it covers, and when a contractual instrument counts.

    Source: GHG Protocol Scope 2 Guidance (2015), chapter 7, Table 7.1.

    Attributes:
        load: Measures of electricity that instruments may cover.
        retired_for: Names of the company under which an instrument must be retired.
        vintage_months_before: How many months before the consumption it is claimed for the generation may lie.
        vintage_months_after: The same after it.
        markets: Markets of several countries or regions, such as `EU`, by those that make them up. A country or region is a market of its own.
        text: Why these.
    """

    load: tuple[str, ...] = ("electricity_purchased",)
    retired_for: tuple[str, ...] = Field(min_length=1)
    vintage_months_before: int = Field(default=0, ge=0, le=24)
    vintage_months_after: int = Field(default=0, ge=0, le=12)
    markets: dict[str, list[str]] = Field(default_factory=dict)
    text: str = ""

    @model_validator(mode="after")
    def _known(self) -> Self:
        all_known(self.load, [name for name, domain in DOMAIN_OF.items() if domain == "energy" and name.startswith("electricity")], "measure of electricity")
        return self


def shifted(day: date, months: int) -> date:
    """`day`, some months later or earlier; the last day of the month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
