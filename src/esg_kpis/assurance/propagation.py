"""Error propagation of the first order, on fractions: what a KPI is made of, and how far it may be off.

Source: 2006 IPCC Guidelines for National Greenhouse Gas Inventories, volume 1, chapter 3, section 3.2.3.1 (approach 1), equations 3.1 and 3.2, p. 3.28. The equations there are for
terms that are independent of each other. Here every activity and every factor stands once, with all that goes through it added up before it is squared, so that what is the same error is
one term, and only different ones are added as squares.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

ZERO = Fraction(0)

Way = tuple[tuple[str, int], ...]
"""Factors with their powers: 1 for one that multiplies, -1 for one that divides."""
Term = tuple[int, Way]
"""The number of an activity, and the way from it to the KPI."""


@dataclass(frozen=True)
class Activity:
    """What was metered or stated, as far as it is of one quality; `source` names all of it, whose error is one. `percent` is None where nobody states it."""

    source: str
    quality: str
    percent: Fraction | None


@dataclass(frozen=True)
class Linear:
    """A KPI as its terms.

    Attributes:
        value: Its value.
        moved: How much the value changes, to the first order, when all of a term changes by one of itself.
        made: How much of it is made of each term, by size: what shares are shares of.
    """

    value: Fraction
    moved: Mapping[Term, Fraction]
    made: Mapping[Term, Fraction]


@dataclass(frozen=True)
class Contribution:
    """One activity or factor: its own uncertainty in percent, and what it adds to the square of the KPI's, in percent squared."""

    source: str
    own: Fraction
    square: Fraction


@dataclass(frozen=True)
class Propagated:
    """What became of a KPI.

    Attributes:
        contributions: Largest first.
        lacking: What lacks an uncertainty, largest first.
        lacking_share: The share of the KPI that goes through what lacks one.
        sources: How many activities and factors there are that are not exact.
    """

    contributions: tuple[Contribution, ...]
    lacking: tuple[str, ...]
    lacking_share: Fraction
    sources: int


# ---------------------------------------------------------------- formulas


def of_terms(terms: Mapping[Term, Fraction]) -> Linear:
    """A sum of terms."""
    return Linear(sum(terms.values(), ZERO), terms, {term: abs(size) for term, size in terms.items()})


def difference(top: Linear, bottom: Linear, top_unit: Fraction, bottom_unit: Fraction) -> Linear:
    """`top` minus `bottom`, each times its unit."""
    return Linear(
        top.value * top_unit - bottom.value * bottom_unit,
        _added((top.moved, top_unit), (bottom.moved, -bottom_unit)),
        _added((top.made, abs(top_unit)), (bottom.made, abs(bottom_unit))),
    )


def quotient(top: Linear, bottom: Linear, times: Fraction) -> Linear:
    """`top` over `bottom`, times `times`. What moves both alike moves nothing."""
    value = top.value / bottom.value * times
    size = (abs(value) or Fraction(1)) / 2
    halves = [(part.made, size / whole) for part in (top, bottom) if (whole := sum(part.made.values(), ZERO))]
    return Linear(value, _added((top.moved, times / bottom.value), (bottom.moved, -value / bottom.value)), _added(*halves))


def _added(*parts: tuple[Mapping[Term, Fraction], Fraction]) -> dict[Term, Fraction]:
    total: dict[Term, Fraction] = {}
    for terms, times in parts:
        for term, size in terms.items():
            total[term] = total.get(term, ZERO) + size * times
    return total


# ---------------------------------------------------------------- factors, and the whole


def way_of(multiplied: Iterable[str], divided: Iterable[str] = ()) -> Way:
    """The powers of factors that multiply and divide. One that does both is gone."""
    powers = Counter(multiplied)
    powers.subtract(divided)
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def qualities(linear: Linear, activities: Sequence[Activity]) -> dict[str, Fraction]:
    """The share of a KPI, in percent, that is made of data of each quality; nothing where it is made of nothing."""
    whole = sum(linear.made.values(), ZERO)
    shares: dict[str, Fraction] = {}
    for (activity, _), size in linear.made.items():
        name = activities[activity].quality
        shares[name] = shares.get(name, ZERO) + size
    return {name: 100 * size / whole for name, size in shares.items()} if whole else {}


def moving(linear: Linear) -> tuple[dict[int, Fraction], dict[str, Fraction]]:
    """How much each activity, and each factor, moves the value: all that goes through it added up. What moves nothing is left out."""
    of_activities: dict[int, Fraction] = {}
    of_factors: dict[str, Fraction] = {}
    for (activity, way), size in linear.moved.items():
        of_activities[activity] = of_activities.get(activity, ZERO) + size
        for name, power in way:
            of_factors[name] = of_factors.get(name, ZERO) + size * power
    return {key: size for key, size in of_activities.items() if size}, {key: size for key, size in of_factors.items() if size}


def propagated(linear: Linear, activities: Sequence[Activity], percent_of: Callable[[str], Fraction | None]) -> Propagated:
    """What the activities and factors of a KPI contribute to the square of its uncertainty.

    All of one source is one error, be it of several qualities; different sources, and different factors, are independent of each other.

    Args:
        linear: The KPI; its value is not zero.
        activities: By number.
        percent_of: The uncertainty of a factor in percent; None where nobody states it.
    """
    of_activities, of_factors = moving(linear)
    lacking: dict[str, Fraction] = {}
    by_source: dict[str, list[tuple[Fraction, Fraction]]] = {}
    bare = {number for number in of_activities if activities[number].percent is None}
    for number, size in of_activities.items():
        activity = activities[number]
        if activity.percent is None:
            name = f"{activity.source} ({activity.quality})"
            lacking[name] = lacking.get(name, ZERO) + abs(size)
        else:
            by_source.setdefault(activity.source, []).append((activity.percent, size))
    unknown = set()
    for name, size in of_factors.items():
        percent = percent_of(name)
        if percent is None:
            lacking[f"factor {name}"] = abs(size)
            unknown.add(name)
        else:
            by_source[f"factor {name}"] = [(percent, size)]
    whole = sum(linear.made.values(), ZERO)
    through = sum((size for (activity, way), size in linear.made.items() if activity in bare or any(name in unknown for name, _ in way)), ZERO)
    contributions = [_contribution(source, parts, linear.value) for source, parts in by_source.items()]
    return Propagated(
        tuple(sorted(contributions, key=lambda item: (-item.square, item.source))),
        tuple(sorted(lacking, key=lambda name: (-lacking[name], name))),
        through / whole if whole else ZERO,
        sum(1 for item in contributions if item.own) + len(lacking),
    )


def _contribution(source: str, parts: Sequence[tuple[Fraction, Fraction]], value: Fraction) -> Contribution:
    size = sum((abs(part) for _, part in parts), ZERO)
    own = sum((percent * abs(part) for percent, part in parts), ZERO) / size
    return Contribution(source, own, (sum((percent * part for percent, part in parts), ZERO) / value) ** 2)
