"""The statistics of a sample: factors and limits out of four distributions, by decimals of forty digits. No table is copied, and no binary float is used.

Each is the solution of an equation that rises or falls, found by halving. What is returned is rounded to 12 decimals towards the careful side, up.
"""

from collections.abc import Callable
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from fractions import Fraction
from functools import cache
from math import comb

DECIMALS = 12
_WORK = Context(prec=40)
_ONE = Decimal(1)


@cache
def reliability(errors: int, confidence: Decimal) -> Decimal:
    """The reliability factor R: the mean of a Poisson distribution that gives at most `errors` with the probability 1 - `confidence`.

    Solves exp(-R) x (1 + R + R^2/2! + ... + R^k/k!) = 1 - C for k `errors`: 2.995732273554 at 95 % and none, 4.743864518365 at one.

    Source: our own computation of the standard formula; the tables of the AICPA Audit Guide Audit Sampling print the same to two decimals (T. R. Stewart, Technical Notes on that guide, 2012).
    """
    with localcontext(_WORK):
        risk = _ONE - confidence

        def chance(mean: Decimal) -> Decimal:
            term = total = _ONE
            for number in range(1, errors + 1):
                term = term * mean / number
                total += term
            return total * (-mean).exp()

        high = _ONE
        while chance(high) > risk:
            high *= 2
        return _halved(lambda mean: chance(mean) <= risk, Decimal(0), high)


@cache
def attribute_size(rate: Decimal, confidence: Decimal) -> int:
    """The smallest sample whose being free of deviations shows that their rate is at most `rate`: the smallest n with (1 - rate)^n <= 1 - `confidence`; 59 for 5 % at 95 %.

    Source: ISA 530 leaves the method open; this is the binomial formula of attribute sampling with no deviation expected.
    """
    with localcontext(_WORK):
        size = max(1, int((_ONE - confidence).ln() / (_ONE - rate).ln()) - 1)
        while (_ONE - rate) ** size > _ONE - confidence:
            size += 1
        return size


@cache
def rate_limit(deviations: int, size: int, confidence: Decimal) -> Decimal:
    """The upper limit of a rate of which a sample shows `deviations` of `size`: by the binomial distribution, one-sided (C. J. Clopper and E. S. Pearson, 1934)."""
    if deviations >= size:
        return _ONE
    with localcontext(_WORK):

        def chance(rate: Decimal) -> Decimal:
            return sum((comb(size, number) * rate**number * (_ONE - rate) ** (size - number) for number in range(deviations + 1)), Decimal(0))

        return _halved(lambda rate: chance(rate) <= _ONE - confidence, Decimal(0), _ONE)


def number_limit(deviations: int, size: int, population: int, confidence: Decimal) -> int:
    """The largest number of deviating items in a population that a sample without replacement with `deviations` among `size` does not rule out: by the hypergeometric distribution, in whole numbers."""
    risk, all_draws = 1 - Fraction(confidence), comb(population, size)

    def possible(number: int) -> bool:
        ways = sum(comb(number, found) * comb(population - number, size - found) for found in range(deviations + 1))
        return Fraction(ways, all_draws) > risk

    low, high = deviations, population - size + deviations
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if possible(middle) else (low, middle - 1)
    return low


@cache
def student(freedom: int, confidence: Decimal) -> Decimal:
    """The quantile t of Student's distribution with a whole number of degrees of freedom, one-sided: 1.729132811521 at 95 % and 19.

    Source: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4: the distribution as a finite sum.
    """
    with localcontext(_WORK):
        wanted = 2 * confidence - 1
        high = _ONE
        while _within(high, freedom) < wanted:
            high *= 2
        return _halved(lambda value: _within(value, freedom) >= wanted, Decimal(0), high)


def _within(value: Decimal, freedom: int) -> Decimal:
    """The probability that Student's t lies between -`value` and `value`."""
    square = freedom / (freedom + value * value)
    sine, cosine = (_ONE - square).sqrt(), square.sqrt()
    odd = freedom % 2
    term, total = _ONE, Decimal(0)
    if odd:
        term = cosine
        for number in range(1, freedom - 1, 2):
            total += term
            term = term * square * (number + 1) / (number + 2)
        return (_arctan(value / Decimal(freedom).sqrt()) + sine * total) / (2 * _arctan(_ONE))
    for number in range(0, freedom - 1, 2):
        total += term
        term = term * square * (number + 1) / (number + 2)
    return sine * total


def _arctan(value: Decimal) -> Decimal:
    """The angle, by halving it until the series is short."""
    halvings = 0
    while value > Decimal("0.01"):
        value = value / (_ONE + (_ONE + value * value).sqrt())
        halvings += 1
    square, term, total, number = value * value, value, Decimal(0), 1
    while abs(term) > Decimal(10) ** -45:
        total += term / number
        term, number = -term * square, number + 2
    return total * (1 << halvings)


def _halved(reached: Callable[[Decimal], bool], low: Decimal, high: Decimal) -> Decimal:
    """The least value at which something is reached, rounded up."""
    step = Decimal(1).scaleb(-DECIMALS)
    while high - low > step / 1000:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high.quantize(step, rounding=ROUND_CEILING)
