"""Whether a base year is to be calculated anew: what all causes did together, against a threshold.

Source: GHG Protocol Corporate Standard (2004), chapter 5: a base year is recalculated for structural changes, changes of method or factors and errors that are significant, alone or
together; it is not for organic growth or decline. The standard leaves the threshold to the company; 5 % is the one in common use.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from esg_kpis.restatement.bridge import Bridge

DEFAULT = Decimal(5)
"""Percent."""


@dataclass(frozen=True)
class BaseYearTest:
    """What all causes did together, against the value they changed.

    Attributes:
        base: The value computed at the start.
        cumulative: What all causes did, with their signs.
        gross: The same without signs: causes that cancel each other out stay visible.
        percent: `cumulative` in percent of the size of `base`; None where that is zero.
        threshold: In percent.
    """

    base: Fraction
    cumulative: Fraction
    gross: Fraction
    percent: Fraction | None
    threshold: Fraction

    @property
    def reached(self) -> bool:
        """Whether the threshold is reached: at the threshold exactly it is. Of a base of zero any change is."""
        return self.cumulative != 0 if self.percent is None else abs(self.percent) >= self.threshold


def base_year_test(bridge: Bridge, threshold: Decimal = DEFAULT) -> BaseYearTest:
    """The test for one cell.

    Every cause of a bridge counts: both sides are of one period, so that nothing in it is growth. What cannot be reproduced does not: nobody knows what it is.
    """
    base = bridge.computed[0]
    effects = [bar.effect.mean for bar in bridge.bars]
    cumulative = sum(effects, Fraction(0))
    return BaseYearTest(base, cumulative, sum((abs(effect) for effect in effects), Fraction(0)), 100 * cumulative / abs(base) if base else None, Fraction(threshold))
