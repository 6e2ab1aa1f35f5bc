"""What each of several causes did to a value, whatever order they are taken in: the Shapley value, in fractions.

Several things changed together. Switched one after the other, the effect of each depends on which were switched before; the Shapley value is the mean of its effects over all orders.
It adds up to the whole change, treats alike causes alike, and gives nothing to a cause that changes nothing in any order. Source: L. S. Shapley, "A Value for n-Person Games", in
Contributions to the Theory of Games II, Annals of Mathematics Studies 28 (1953), pages 307 to 317. As a decomposition of changes: J. Albrecht, D. François, K. Schoors,
"A Shapley decomposition of carbon emissions without residuals", Energy Policy 30 (2002), pages 727 to 736. Groups that are split further: G. Owen, "Values of Games with a Priori
Unions", in Mathematical Economics and Game Theory, Lecture Notes in Economics 141 (1977), pages 76 to 88.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import factorial

Switched = frozenset[str]
"""The causes that are as on the second side; all others are as on the first."""
ValueOf = Callable[[Switched], Fraction]


@dataclass(frozen=True)
class Effect:
    """What one cause did: the mean of its effects over all orders, and the least and the largest of them."""

    mean: Fraction
    low: Fraction
    high: Fraction


def subsets(names: Sequence[str]) -> Iterator[Switched]:
    """Every choice of some names, none and all included."""
    for size in range(len(names) + 1):
        yield from (frozenset(chosen) for chosen in combinations(names, size))


def shapley(parts: Sequence[Switched], value_of: ValueOf) -> list[Effect]:
    """The effect of each part, in the order given; a part is one cause, or several that are switched together.

    Args:
        parts: The parts; no cause stands in two.
        value_of: The value with some parts switched; asked for every union of parts.

    The effects add up to the value with all switched less the value with none, exactly.
    """
    return [_effect(part, [other for other in parts if other is not part], value_of) for part in parts]


def owen(groups: Sequence[Sequence[str]], value_of: ValueOf) -> dict[str, Effect]:
    """The effect of each cause where causes form groups that stay together in every order: the effects within a group add up to the Shapley value of the group.

    Args:
        groups: The groups with their causes.
        value_of: The value with some causes switched; asked for every union of whole groups and part of one more.
    """
    found = {}
    for group in groups:
        others = [frozenset(other) for other in groups if other is not group]
        for name in group:
            found[name] = _effect(frozenset((name,)), others, value_of, [frozenset((other,)) for other in group if other != name])
    return found


def _effect(part: Switched, others: Sequence[Switched], value_of: ValueOf, beside: Sequence[Switched] = ()) -> Effect:
    """The mean of what `part` changes over all that may be switched before it: some of the other groups, and some of what stands beside it in its own."""
    total, least, most = Fraction(0), None, None
    for before, weight in orders_before(others):
        for own, own_weight in orders_before(beside):
            step = value_of(before | own | part) - value_of(before | own)
            total += weight * own_weight * step
            least, most = (step if least is None else min(least, step)), (step if most is None else max(most, step))
    return Effect(total, least or Fraction(0), most or Fraction(0))


def orders_before(others: Sequence[Switched]) -> Iterator[tuple[Switched, Fraction]]:
    """Every choice of some of the others, with the share of orders in which exactly these come before."""
    count = len(others)
    for size in range(count + 1):
        weight = Fraction(factorial(size) * factorial(count - size), factorial(count + 1))
        for chosen in combinations(others, size):
            yield frozenset[str]().union(*chosen), weight


def partition(causes: Sequence[str], valued: Callable[[Switched], bool]) -> list[Switched]:
    """The finest way to part the causes so that every union of parts has a value; of several equally fine ways the first in the order of the causes.

    Where a combination of causes has no value, such as a source without a factor, those that cannot be told apart become one part: no number is made up for what nobody computed.
    """
    best: list[Switched] = [frozenset(causes)]
    for parts in _partitions(list(causes)):
        if len(parts) > len(best) and all(valued(frozenset[str]().union(*chosen)) for size in range(len(parts) + 1) for chosen in combinations(parts, size)):
            best = parts
    return best


def _partitions(names: list[str]) -> Iterator[list[Switched]]:
    if not names:
        yield []
        return
    first, rest = names[0], names[1:]
    for parts in _partitions(rest):
        yield [frozenset((first,)), *parts]
        for place, part in enumerate(parts):
            yield [part | {first}, *parts[:place], *parts[place + 1 :]]


def in_order(parts: Sequence[Switched], order: Sequence[str]) -> list[Switched]:
    """Parts in the order of their first cause."""
    return sorted(parts, key=lambda part: min(order.index(name) for name in part))
