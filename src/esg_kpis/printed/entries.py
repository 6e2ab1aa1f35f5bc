"""`checks.yaml`: what must hold between printed figures that their definitions do not say. docs/checks.md shows every key."""

from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator

from esg_kpis.editions.entry import Entry


class Checked(Entry):
    """What all kinds have: `periods` of which it is asked (all in which every cell is printed, if left out), and why it must hold."""

    periods: tuple[str, ...] = ()
    text: str = ""


class Parts(Checked):
    """The parts add up to the whole; with `at_most`, to no more."""

    whole: str
    parts: tuple[str, ...] = Field(min_length=1)
    at_most: bool = False


class Ratio(Checked):
    """`result` = `times` x numerator / denominator. `times` is left out where the units say it."""

    result: str
    numerator: tuple[str, ...] = Field(min_length=1)
    denominator: tuple[str, ...] = Field(min_length=1)
    times: Decimal | None = None


class SameFact(Checked):
    """Cells that state one fact."""

    cells: tuple[str, ...] = Field(min_length=2)


class BandEntry(Checked):
    """`times` x numerator / denominator (or the numerator alone) lies between `low` and `high`, which `source` says."""

    name: str
    numerator: tuple[str, ...] = Field(min_length=1)
    denominator: tuple[str, ...] = ()
    times: Decimal = Decimal(1)
    low: Decimal
    high: Decimal
    unit: str = ""
    source: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"the band '{self.name}' has a low above its high")
        return self


class Weights(Checked):
    """The headline of `rate` is the mean of the categories of a breakdown, weighted by cells, or products of cells parted by ` x `."""

    rate: str
    breakdown: str
    weights: dict[str, tuple[str, ...]] = Field(min_length=1)
    heads: str = ""
    """The count of everybody, where the rate is a share of persons or things."""


class WholeEntry(Checked):
    """The group of which `rate` is a rate is a count: a cell, or products of cells parted by ` x `, times `times`."""

    rate: str
    group: tuple[str, ...] = Field(min_length=1)
    times: Decimal = Decimal(1)
    per: Decimal = Decimal(100)


class SharesEntry(Checked):
    """These shares add up to 100; `of` is the count they are shares of, where there is one."""

    parts: tuple[str, ...] = Field(min_length=1)
    of: str = ""


class Movements(Checked):
    """Opening of the period before + joined - left = closing; `left` is a count, `left_share` a share of the closing in percent."""

    closing: str
    joined: str
    left: str = ""
    left_share: str = ""
    opening: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.left) == bool(self.left_share):
            raise ValueError("a roll_forward needs `left` or `left_share`")
        return self


class BoundaryEntry(Checked):
    """What the two sides cover, in words that must agree."""

    cells: tuple[str, ...] = Field(min_length=1)
    above: str
    below: str


class DenominatorSaid(Checked):
    """The denominator that the text or a footnote names, where `used` is the one the definition takes."""

    result: str
    numerator: tuple[str, ...] = Field(min_length=1)
    said: tuple[str, ...] = Field(min_length=1)
    used: tuple[str, ...] = Field(min_length=1)
    times: Decimal | None = None


class ImpliedEntry(Entry):
    """One quotient over a denominator that is printed nowhere."""

    result: str
    numerator: tuple[str, ...] = Field(min_length=1)
    times: Decimal | None = None
    at_most: bool = False


class SameDenominatorEntry(Checked):
    """Quotients over one denominator that is printed nowhere; `whole` where it is a count, `part_of` a cell that it cannot exceed."""

    name: str
    unit: str = ""
    quotients: tuple[ImpliedEntry, ...] = Field(min_length=1)
    whole: bool = False
    part_of: str = ""


class Given(Entry):
    """A figure that stands elsewhere, by period."""

    cell: str
    values: dict[str, str] = Field(min_length=1)
    unit: str
    source: str


class Partial(Checked):
    """A breakdown whose categories do not cover the headline: it is neither a mean nor a sum of them."""

    kpi: str
    breakdown: str


class Explained(Entry):
    """Why a check fails, and where the proof stands. It is shown with it, and the finding still counts."""

    check: str
    subject: str
    periods: tuple[str, ...] = ()
    text: str
    proof: str


class ChecksFile(Entry):
    """A `checks.yaml`."""

    rounded: tuple[str, ...] = ()
    """KPIs in persons or things that are averages, full-time equivalents or about: no whole numbers."""
    given: tuple[Given, ...] = ()
    parts: tuple[Parts, ...] = ()
    ratio: tuple[Ratio, ...] = ()
    same_fact: tuple[SameFact, ...] = ()
    band: tuple[BandEntry, ...] = ()
    weights: tuple[Weights, ...] = ()
    whole: tuple[WholeEntry, ...] = ()
    shares: tuple[SharesEntry, ...] = ()
    roll_forward: tuple[Movements, ...] = ()
    boundary: tuple[BoundaryEntry, ...] = ()
    denominator_said: tuple[DenominatorSaid, ...] = ()
    same_denominator: tuple[SameDenominatorEntry, ...] = ()
    partial: tuple[Partial, ...] = ()
    explained: tuple[Explained, ...] = ()
