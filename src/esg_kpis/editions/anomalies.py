"""What an edition wants a person to look at and explain: one [[anomaly]] of edition.toml, and the columns of explanations.csv."""

from decimal import Decimal
from fractions import Fraction
from typing import Literal, Self

from pydantic import Field, model_validator

from esg_kpis.editions.entry import SITE_ATTRIBUTES, Entry, Where, all_known
from esg_kpis.editions.estimate import ESTIMABLE

KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "year_on_year": (("above",), ("kpis", "by", "where", "least")),
    "per_head": ((), ("kpis", "measures", "where", "above", "times", "same", "least_peers", "least")),
    "per_floor_area": ((), ("kpis", "measures", "where", "above", "times", "same", "least_peers", "least")),
    "implied_factor": (("numerator", "denominator", "source"), ("by", "where", "low", "high", "least")),
    "season": (("measures", "times"), ("where", "least_years", "least")),
}
"""Kind of anomaly -> the keys that it needs, and those that it may have."""

PEER_ATTRIBUTES = ("kind", "climate", "country", "grid_region", "business_line")


class Anomaly(Entry):
    """A comparison, and how far it may go before a person is asked. All thresholds are open: what is at one is not beyond it.

    year_on_year: KPIs against the period before, `by` total, site, or a breakdown of theirs. per_head, per_floor_area: what each site uses over its employees or floor area, against the median
    of its peers (`times`) or against its own year before (`above`). implied_factor: one KPI over another against a band, `by` total or an attribute of sites. season: a month of a site against
    the same month of other years, scaled to the level of its year.

    above: relative change, 0.30 for 30 %. times: how many times the expected, or how many times less. low, high: the band, in the unit of numerator over denominator. least: quantity below
    which nothing is looked at, in the unit of the KPI or measure (of the denominator, for implied factors): what was observed or what was expected has to reach it. same: what peers have
    in common with the site. least_peers: how many of them there must be. least_years: how many other years must tell of the month.
    """

    id: str = Field(min_length=1)
    kind: Literal["year_on_year", "per_head", "per_floor_area", "implied_factor", "season"]
    kpis: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    numerator: str = ""
    denominator: str = ""
    by: str = "total"
    where: Where = Field(default_factory=dict)
    above: Decimal | None = Field(default=None, gt=0, max_digits=30, decimal_places=12, allow_inf_nan=False)
    times: Decimal | None = Field(default=None, gt=1, max_digits=30, decimal_places=12, allow_inf_nan=False)
    low: Decimal | None = Field(default=None, max_digits=30, decimal_places=12, allow_inf_nan=False)
    high: Decimal | None = Field(default=None, max_digits=30, decimal_places=12, allow_inf_nan=False)
    source: str = ""
    least: Decimal = Field(default=Decimal(0), ge=0, max_digits=30, decimal_places=12, allow_inf_nan=False)
    same: tuple[str, ...] = ("kind", "climate")
    least_peers: int = Field(default=3, ge=2)
    least_years: int = Field(default=2, ge=2)
    periods: tuple[str, ...] = ()
    text: str

    @property
    def change(self) -> Fraction:
        """The relative change above which it asks."""
        return Fraction(self.above or 0)

    @property
    def multiple(self) -> Fraction:
        """How many times the expected, or less, is beyond it."""
        return Fraction(self.times or 1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed, allowed = KINDS[self.kind]
        given = self.model_fields_set - {"id", "kind", "periods", "text"}
        if lacking := [name for name in needed if name not in given]:
            raise ValueError(f"anomaly '{self.id}' of the kind {self.kind} needs '{lacking[0]}'")
        if more := sorted(given - {*needed, *allowed}):
            raise ValueError(f"anomaly '{self.id}' of the kind {self.kind} has no '{more[0]}'; it has: {', '.join((*needed, *allowed))}")
        if not self.text.strip():
            raise ValueError(f"anomaly '{self.id}' needs a text: why this threshold")
        if self.kind in ("per_head", "per_floor_area"):
            if (self.above is None) == (self.times is None):
                raise ValueError(f"anomaly '{self.id}' needs either times (against peers) or above (against its own year before)")
            if not self.kpis and not self.measures:
                raise ValueError(f"anomaly '{self.id}' needs kpis or measures")
        return self

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.kind == "implied_factor":
            if self.low is None and self.high is None:
                raise ValueError(f"anomaly '{self.id}' needs low or high")
            if self.low is not None and self.high is not None and self.low > self.high:
                raise ValueError(f"anomaly '{self.id}': low is above high")
            if not self.source.strip():
                raise ValueError(f"anomaly '{self.id}' needs a source: who says what is usual")
            all_known([self.by], ("total", "site", *SITE_ATTRIBUTES), "site attribute")
        if self.kind == "season" and not self.measures:
            raise ValueError(f"anomaly '{self.id}' needs measures")
        all_known(self.measures, ESTIMABLE, "flow that is sent")
        all_known(self.where, SITE_ATTRIBUTES, "site attribute")
        all_known(self.same, PEER_ATTRIBUTES, "attribute of peers")
        if self.where and self.by not in ("site", *SITE_ATTRIBUTES) and self.kind in ("year_on_year", "implied_factor"):
            raise ValueError(f"anomaly '{self.id}': where narrows sites, and a {self.by} is none; write by = \"site\"")
        return self


class Explanation(Entry):
    """Why an anomaly is as it is: one row of explanations.csv. `observed` is the value as it was explained, so that it does not explain another one later."""

    anomaly_id: str = Field(pattern=r"^a[0-9a-f]{11}$")
    observed: Decimal = Field(max_digits=38, decimal_places=18)
    explanation: str = Field(min_length=1)
    explained_by: str = Field(min_length=1)
    explained_on: str

