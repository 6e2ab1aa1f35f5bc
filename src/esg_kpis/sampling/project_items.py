"""Projection of random and stratified samples: by difference, ratio or mean per unit, with a limit by Student's t, and by counting where too few items differ for that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from esg_kpis.exact import square_root
from esg_kpis.sampling.limits import number_limit, student
from esg_kpis.sampling.project import Audited, Limit
from esg_kpis.sampling.select import variance

ENOUGH = 20
"""With fewer differences than this in a sample, their spread says little of the spread of all, and t is not relied upon."""


@dataclass(frozen=True)
class Stratum:
    """A stratum: the book values of all its items by id, and the items examined."""

    books: Mapping[str, Fraction]
    items: Sequence[Audited]


def item_limits(strata: Mapping[str, Stratum], projection: str, confidence: Decimal) -> tuple[Limit, Limit]:
    """The overstatement and the understatement of a random or stratified sample, with their upper limits.

    Per stratum of N items, n of them examined, with book values x, audited values y and differences d = x - y: by difference N x mean(d); by ratio X x sum(d) / sum(x), where X is the book
    value of the stratum; by mean per unit X - N x mean(y). Its variance: N^2 x (1 - n/N) x s^2 / n, where s^2 is the variance of d, of d - (sum(d)/sum(x)) x, or of y. Estimates and
    variances of strata are added. The limit is the estimate and t standard errors, with the degrees of freedom of F. E. Satterthwaite (1946), rounded down.

    Where fewer than twenty differences were found (mean per unit does not rest on them), the limit of an overstatement is that of counting instead, if it is the larger: of each stratum no more items can be
    wrong than the hypergeometric distribution leaves possible, and these could be its largest, wrong in full. Nothing of the sort bounds an understatement: it has no limit then.

    Source: W. G. Cochran, Sampling Techniques (3rd ed., 1977): 2.8, 5.3, 5.4 (degrees of freedom), 6.4 (ratio).
    """
    estimates = {name: _estimate(stratum, projection) for name, stratum in strata.items()}
    sampled = [name for name, stratum in strata.items() if len(stratum.items) < len(stratum.books)]
    total = sum((value for value, _ in estimates.values()), Fraction(0))
    known = sum((estimates[name][0] for name in strata if name not in sampled), Fraction(0))
    spread = sum((estimates[name][1] for name in sampled), Fraction(0))
    error = Fraction(square_root(spread))
    freedom = _freedom([(estimates[name][1], len(strata[name].items)) for name in sampled if estimates[name][1]])
    allowance = Fraction(student(freedom, confidence)) * error if freedom else Fraction(0)
    found = [item for stratum in strata.values() for item in stratum.items if item.difference]
    few = projection != "mean" and bool(sampled) and sum(1 for item in found if not item.known) < ENOUGH
    counted = _by_counting([strata[name] for name in sampled], confidence) if few else Fraction(0)
    over, under = max(total, Fraction(0)), max(-total, Fraction(0))
    known_over, known_under = min(max(known, Fraction(0)), over), min(max(-known, Fraction(0)), under)
    return (
        Limit(sum(1 for item in found if item.difference > 0), known_over, over - known_over, Fraction(0), max(total + allowance, known + counted, Fraction(0)) - over, max(total + allowance, known + counted, Fraction(0))),
        Limit(sum(1 for item in found if item.difference < 0), known_under, under - known_under, Fraction(0), max(allowance - total, Fraction(0)) - under, None if few else max(allowance - total, Fraction(0))),
    )  # fmt: skip


def _estimate(stratum: Stratum, projection: str) -> tuple[Fraction, Fraction]:
    """The misstatement of a stratum, above zero for too much, and the variance of that estimate."""
    count, size, items = len(stratum.books), len(stratum.items), stratum.items
    book = sum(stratum.books.values(), Fraction(0))
    differences = [item.difference for item in items]
    if projection == "mean":
        values = [item.found for item in items]
        estimate = book - count * sum(values, Fraction(0)) / size
    elif projection == "ratio" and (sampled_book := sum((item.book for item in items), Fraction(0))):
        ratio = sum(differences, Fraction(0)) / sampled_book
        values = [item.difference - ratio * item.book for item in items]
        estimate = book * ratio
    else:
        values, estimate = differences, count * sum(differences, Fraction(0)) / size
    return estimate, count**2 * (1 - Fraction(size, count)) * variance(values) / size


def _freedom(parts: Sequence[tuple[Fraction, int]]) -> int:
    """Degrees of freedom of a sum of variances; 0 where nothing varies."""
    if not parts:
        return 0
    return int(sum(spread for spread, _ in parts) ** 2 / sum(spread**2 / (size - 1) for spread, size in parts))


def _by_counting(strata: Sequence[Stratum], confidence: Decimal) -> Fraction:
    """The most that strata can be overstated, by how many of their items can be wrong. The risk is shared among the strata evenly (Bonferroni)."""
    each = 1 - (1 - confidence) / len(strata)
    most = Fraction(0)
    for stratum in strata:
        wrong = [item for item in stratum.items if item.difference > 0]
        number = number_limit(len(wrong), len(stratum.items), len(stratum.books), each)
        examined = {item.item_id for item in stratum.items}
        rest = sorted((book for item, book in stratum.books.items() if item not in examined and book > 0), reverse=True)
        most += sum((item.difference for item in wrong), Fraction(0)) + sum(rest[: number - len(wrong)], Fraction(0))
    return most
