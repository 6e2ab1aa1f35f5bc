"""Projection of a monetary-unit sample: from the taintings found to the misstatement of the whole, and its upper limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from esg_kpis.sampling.limits import reliability


@dataclass(frozen=True)
class Audited:
    """An item as it stood in the books and as the assurer found it. `known` is true where all items of its part were examined, so that nothing is projected."""

    item_id: str
    part: str
    book: Fraction
    found: Fraction
    known: bool

    @property
    def difference(self) -> Fraction:
        """How much it was overstated; below zero when understated."""
        return self.book - self.found


@dataclass(frozen=True)
class Limit:
    """A misstatement in one direction, in the unit of the cell.

    `known` was found where all was examined; `projected` stands for what lies between the units examined; `most_likely` is both. `basic` is what could be there had nothing been found,
    `allowance` what each tainting adds beyond its projection. `upper` is all of them; None where nothing bounds it. `errors` counts the items.
    """

    errors: int
    known: Fraction
    projected: Fraction
    basic: Fraction
    allowance: Fraction
    upper: Fraction | None

    @property
    def most_likely(self) -> Fraction:
        """What was found where all was examined, and what is projected."""
        return self.known + self.projected


def monetary_limit(items: Sequence[Audited], interval: Decimal, confidence: Decimal, *, over: bool, sampled: bool) -> Limit:
    """The misstatement in one direction and its upper limit (K. W. Stringer's bound with Poisson factors).

    Taintings t = difference / book value of the items that a unit hit, the largest first; I the interval; R_k the reliability factors. Projected: sum of t x I. Basic precision: R_0 x I, for
    taintings up to 100 % (times the largest where one is larger). Incremental allowance: sum of (R_k - R_(k-1) - 1) x t_k x I. What was found in parts of which all was examined
    is added as it is. Errors in the other direction are not set off.

    Args:
        items: All items examined.
        interval: The sampling interval.
        confidence: One-sided, as a share.
        over: Overstatement, or else understatement.
        sampled: Whether any part of the population was sampled, and not taken whole.

    Source: AICPA Audit Guide Audit Sampling, chapter on monetary unit sampling: UML = basic precision + projected misstatement + incremental allowance.
    """
    sign = 1 if over else -1
    wrong = [(item, sign * item.difference) for item in items if sign * item.difference > 0]
    known = sum((size for item, size in wrong if item.known), Fraction(0))
    taints = sorted((size / item.book for item, size in wrong if not item.known), reverse=True)
    step = Fraction(interval)
    factors = [Fraction(reliability(number, confidence)) for number in range(len(taints) + 1)]
    projected = sum(taints, Fraction(0)) * step
    basic = factors[0] * step * max([Fraction(1), *taints]) if sampled else Fraction(0)
    allowance = sum(((factors[place] - factors[place - 1] - 1) * taint for place, taint in enumerate(taints, 1)), Fraction(0)) * step
    return Limit(len(wrong), known, projected, basic, allowance, known + basic + projected + allowance)
