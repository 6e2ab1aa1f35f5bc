"""What a sample is drawn by: the cell, the method and the numbers an assurer decides on; and what follows from them."""

import re
from dataclasses import asdict, dataclass
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction

from esg_kpis.errors import UsageProblem, near_misses
from esg_kpis.exact import plain
from esg_kpis.sampling.limits import attribute_size, reliability

METHODS = ("mus", "random", "stratified")
ALLOCATIONS = ("proportional", "neyman")
PROJECTIONS = ("difference", "ratio", "mean")
STRATA = ("site_id", "measure", "kind", "country")
"""What strata may be made by."""
DIGITS = 12
"""Significant digits of a sampling interval: as many as a person can type."""
_MOST_ERRORS = 400
_PERCENT = re.compile(r"^\d{1,3}(\.\d{1,6})?$", re.ASCII)


@dataclass(frozen=True)
class Plan:
    """What a sample is drawn by. Percentages are texts, as they were given.

    `materiality` and `expected` are in percent of the value of the cell; `size` 0 lets the formula decide; `omission_rate` is the rate of omitted things, in percent, that is still tolerable.
    """

    edition: str
    kpi_id: str
    period: str
    breakdown: str
    category: str
    method: str = "mus"
    materiality: str = "5"
    confidence: str = "95"
    expected: str = "0"
    seed: int = 0
    size: int = 0
    strata: str = ""
    allocation: str = "proportional"
    projection: str = "difference"
    omission_rate: str = "5"

    def checked(self) -> "Plan":
        """The plan itself.

        Raises:
            UsageProblem: if a word is unknown or a number is outside what has a meaning.
        """
        for name, known in (("method", METHODS), ("allocation", ALLOCATIONS), ("projection", PROJECTIONS)):
            _known(getattr(self, name), name, known)
        if self.method == "stratified":
            _known(self.strata, "by", STRATA)
        elif self.strata:
            raise UsageProblem(f"A sample by {self.method} has no strata.", where="--by", mend="Leave it out, or use --method stratified.")
        if self.method == "mus" and self.size:
            raise UsageProblem("The size of a monetary-unit sample follows from materiality and confidence.", where="--size", mend="Leave it out, or use --method random or stratified.")
        for name, low, high in (("materiality", "0", "100"), ("confidence", "50", "99.9999"), ("omission_rate", "0.1", "50")):
            number = percent(getattr(self, name), name)
            if not Fraction(low) <= number * 100 <= Fraction(high) or not number:
                raise UsageProblem(f"{getattr(self, name)} % is outside what can be.", where=_option(name), mend=f"Give a number from {low} to {high}, and more than 0.")
        if percent(self.expected, "expected") >= percent(self.materiality, "materiality"):
            raise UsageProblem("What is expected to be wrong must be less than what is material.", where="--expected", mend="No sample can show that a total is free of an error that is in it.")
        if self.method != "mus" and percent(self.expected, "expected"):
            raise UsageProblem("Only a monetary-unit sample is planned for an expected misstatement.", where="--expected", mend="Leave it out, and give a larger --size.")
        if self.seed < 0 or self.size < 0:
            raise UsageProblem("Seed and size are whole numbers from 0 on.", where="--seed, --size", mend="Give such as --seed 7.")
        return self

    @property
    def level(self) -> Decimal:
        """The confidence, as a share."""
        number = percent(self.confidence, "confidence")
        return Decimal(number.numerator) / Decimal(number.denominator)

    def as_texts(self) -> dict[str, str]:
        """The plan as texts by name, in order."""
        return {name: str(value) for name, value in asdict(self).items()}


def percent(text: str, name: str) -> Fraction:
    """A percentage as a share.

    Raises:
        UsageProblem: if it is none.
    """
    if not _PERCENT.match(text):
        raise UsageProblem(f"'{text}' is no percentage.", where=_option(name), mend="Write it as 5 or 2.5, without a percent sign.")
    return Fraction(text) / 100


def tolerable_of(plan: Plan, value: Fraction) -> Fraction:
    """The tolerable misstatement, in the unit of the cell."""
    return abs(value) * percent(plan.materiality, "materiality")


def planned_errors(plan: Plan) -> int:
    """For how many whole errors a monetary-unit sample is planned: the least k for which the expected misstatement makes at most k of them, one interval each.

    With the interval TM / R_k that is EM x R_k <= k x TM. With none expected, k is 0.

    Raises:
        UsageProblem: if so much is expected that no sample of a sensible size can tell it from what is tolerable.
    """
    expected, tolerable = percent(plan.expected, "expected"), percent(plan.materiality, "materiality")
    for number in range(_MOST_ERRORS + 1):
        if expected * Fraction(reliability(number, plan.level)) <= number * tolerable:
            return number
    raise UsageProblem("So much is expected to be wrong that a sample would need more than a thousand items to tell it from what is material.", where="--expected", mend="Mend the records first, or examine all of them.")


def interval_of(plan: Plan, value: Fraction) -> Decimal:
    """The sampling interval TM / R_k, rounded down to twelve significant digits."""
    exact = tolerable_of(plan, value) / Fraction(reliability(planned_errors(plan), plan.level))
    context = Context(prec=DIGITS, rounding=ROUND_DOWN)
    # Division of two whole numbers is rounded once, and down.
    return context.divide(Decimal(exact.numerator), Decimal(exact.denominator))


def size_of(plan: Plan) -> int:
    """How many items a random or stratified sample takes: as many as were asked for, or as attribute sampling takes at the rate of materiality."""
    rate = percent(plan.materiality, "materiality")
    return plan.size or attribute_size(Decimal(rate.numerator) / Decimal(rate.denominator), plan.level)


def in_words(plan: Plan, interval: Decimal | None) -> str:
    """The method in one sentence, for a person."""
    if plan.method == "mus" and interval is not None:
        return f"Monetary-unit sampling: one unit in {plain(interval)} is selected, and the item in which it lies is examined; items of that size and above are all taken."
    if plan.method == "stratified":
        return f"Stratified random sampling by {plan.strata}, {plan.allocation} allocation, {plan.projection} projection."
    return f"Simple random sampling without replacement, {plan.projection} projection."


def _known(word: str, name: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise UsageProblem(f"'{word}' is none.", where=_option(name), mend=near_misses(word, known) or f"Known: {', '.join(known)}.")


def _option(name: str) -> str:
    return "--tolerable-rate" if name == "omission_rate" else f"--{name}"
