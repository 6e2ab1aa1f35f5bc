"""Targets of an edition: what a report set itself, in which version, by which KPI it is measured and inside which boundary. docs/targets.md shows every key."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from esg_kpis.editions.entry import NOT, SITE_ATTRIBUTES, Entry, Where, all_known, all_or_not

BOUNDARY = "boundary"
"""The breakdown under which a KPI stands for the boundaries of targets; its categories are their names."""

OF_BASE = ("reduction", "remaining")
"""Kinds whose value is a percentage of the base."""

WHOLE_GROUP = "group"
"""The kind of site to which figures belong that are stated for the group as a whole."""


class OwnBoundary(Entry):
    """The sites a target is about, where they are not those of the KPI: the same sites in the base year and in every year after it.

    What is stated for the group as a whole (a site of kind `group`) lies in no boundary of sites, unless `where` asks for that kind.
    """

    name: str
    text: str
    where: Where = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Self:
        all_known(self.where, SITE_ATTRIBUTES, "site attribute")
        all_or_not(self.where)
        return self

    @property
    def sites(self) -> Where:
        """`where` without what is stated for the group as a whole."""
        kinds = self.where.get("kind", [])
        if any(not kind.startswith(NOT) for kind in kinds):
            return self.where
        return {**self.where, "kind": [*kinds, f"{NOT}{WHOLE_GROUP}"]}


class Printed(Entry):
    """The cell under which a report printed a target, or how far it is."""

    kpi_id: str
    period: str
    breakdown: str = "total"
    category: str = "All"

    @property
    def cell(self) -> tuple[str, str, str, str]:
        """KPI id, period, breakdown, category."""
        return self.kpi_id, self.period, self.breakdown, self.category


class Target(Entry):
    """One target in one version of the set.

    Attributes:
        id: The same in every version.
        version: The set it belongs to. Versions stand in the file in the order of time.
        label: Name for a table.
        text: The report's own words.
        source: Page or footnote.
        kind: reduction: the KPI falls by `value` percent of the base. remaining: it falls to `value` percent of the base. at_least, at_most: its level is `value`
            or better. cumulative: what it adds up to from the year `from` on reaches `value`.
        value: In `unit`.
        unit: Percent for the kinds of a base, else one that fits the KPI's.
        base: The year in which the base period ends.
        first: The first year that counts: of a sum, or of a level that is to hold in each year. Written `from`.
        target_year: The year by the end of which it is to be reached.
        path: linear from the base (or from nothing, for a sum) to the target year, or none: nothing is said about the years between.
        kpi: By which KPI it is measured, as a whole or in a category of a breakdown.
        boundary: Its own boundary, if it is not that of the KPI.
        boundary_unknown: Why nobody can say which sites it is about; then nothing is computed.
        not_measured: Why no KPI measures it; then nothing is computed.
        replaces: Id of the target of an earlier version in whose place it stands.
        published_as: Where the target itself was printed.
        progress_as: Where the percentage of the way done was printed.
    """

    id: str
    version: str
    label: str
    label_zh: str | None = None
    text: str
    source: str
    kind: Literal["reduction", "remaining", "at_least", "at_most", "cumulative"]
    value: Decimal = Field(max_digits=20, decimal_places=9)
    unit: str
    base: int | None = None
    first: int | None = Field(default=None, alias="from")
    target_year: int
    path: Literal["linear", "none"] = "linear"
    kpi: str | None = None
    breakdown: str = "total"
    category: str = "All"
    boundary: OwnBoundary | None = None
    boundary_unknown: str | None = None
    not_measured: str | None = None
    replaces: str | None = None
    published_as: Printed | None = None
    progress_as: Printed | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Id and version."""
        return self.id, self.version

    @property
    def unknown(self) -> str | None:
        """Why it cannot be computed whatever the data are."""
        return self.boundary_unknown or self.not_measured

    @property
    def spot(self) -> tuple[str, str]:
        """Breakdown and category of the KPI's cell that it is measured by."""
        return (BOUNDARY, self.boundary.name) if self.boundary else (self.breakdown, self.category)

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        if self.kind in OF_BASE:
            if self.base is None:
                raise ValueError(f"a {self.kind} needs a base year: write base")
            if not self.unit.startswith("%"):
                raise ValueError(f"a {self.kind} is a percentage of the base: its unit is %, not '{self.unit}'")
            if not (0 < self.value <= 100 if self.kind == "reduction" else 0 <= self.value < 100):
                raise ValueError(f"{self.value} is no percentage of a {self.kind}: give {'more than 0 and at most 100' if self.kind == 'reduction' else 'at least 0 and less than 100'}")
        if self.kind == "cumulative":
            if self.first is None or self.base is not None:
                raise ValueError("a cumulative target has no base; write from: the first year that counts")
            if self.value <= 0:
                raise ValueError("a cumulative target is more than zero")
        return self

    @model_validator(mode="after")
    def _years_in_order(self) -> Self:
        if self.base is not None and self.first is not None:
            raise ValueError("give base or from, not both")
        if self.first is not None and self.kind in OF_BASE:
            raise ValueError(f"a {self.kind} begins at its base; leave from out")
        if self.base is not None and self.base >= self.target_year:
            raise ValueError(f"the base year {self.base} does not lie before the target year {self.target_year}")
        if self.first is not None and self.first > self.target_year:
            raise ValueError(f"it counts from {self.first}, after the target year {self.target_year}")
        return self

    @model_validator(mode="after")
    def _measured_or_not(self) -> Self:
        if (self.kpi is None) == (self.not_measured is None):
            raise ValueError("name the kpi it is measured by, or say in not_measured why none does; not both")
        if self.boundary is not None and self.boundary_unknown is not None:
            raise ValueError("give boundary or boundary_unknown, not both")
        if self.boundary is not None and (self.breakdown, self.category) != ("total", "All"):
            raise ValueError("give boundary, or breakdown and category, not both")
        if self.kpi is None and self.boundary is not None:
            raise ValueError("a boundary needs a kpi to compute inside it")
        return self


def printed_cells(targets: Iterable[Target]) -> dict[tuple[str, str, str, str], Target]:
    """The cells under which targets were printed: figures that are set, not computed."""
    return {target.published_as.cell: target for target in targets if target.published_as is not None}


def progress_cells(targets: Iterable[Target]) -> dict[tuple[str, str, str, str], Target]:
    """The cells under which the way done was printed."""
    return {target.progress_as.cell: target for target in targets if target.progress_as is not None}


def boundaries_of(targets: Iterable[Target], kpi_id: str) -> dict[str, Where]:
    """The boundaries that targets draw for a KPI, by name."""
    return {target.boundary.name: target.boundary.sites for target in targets if target.kpi == kpi_id and target.boundary is not None}


def versions_of(targets: Iterable[Target]) -> Sequence[str]:
    """The versions in the order of time."""
    return list(dict.fromkeys(target.version for target in targets))
