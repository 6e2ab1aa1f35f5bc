"""Factors and limits of samples: each against its own equation, worked by hand where a hand can, and against identities between distributions."""

from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb, factorial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.sampling.limits import attribute_size, number_limit, rate_limit, reliability, student

D = Decimal
STEP = D("1e-12")


def poisson(errors: int, mean: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = 50
        return (-mean).exp() * sum((mean**k / factorial(k) for k in range(errors + 1)), D(0))


def test_with_no_error_the_factor_is_minus_the_logarithm_of_the_risk() -> None:
    assert reliability(0, D("0.95")) == D("2.995732273554")  # -ln 0.05 = 2.9957322735539909...
    assert reliability(0, D("0.90")) == D("2.302585092995")  # -ln 0.10 = 2.3025850929940456..., rounded up


@pytest.mark.parametrize("confidence", ["0.5", "0.8", "0.9", "0.95", "0.99"])
@pytest.mark.parametrize("errors", [0, 1, 2, 5, 20, 100])
def test_a_factor_solves_its_equation_and_is_rounded_up(errors: int, confidence: str) -> None:
    factor = reliability(errors, D(confidence))

    assert poisson(errors, factor) <= 1 - D(confidence) < poisson(errors, factor - STEP)


def test_two_decimals_are_those_that_audit_guides_print() -> None:
    """AICPA Audit Guide Audit Sampling, confidence factors at a 5 % and a 10 % risk: 3.00, 4.75, 6.30, 7.76, 9.16 and 2.31, 3.89, 5.33, 6.69, 8.00 (rounded up there)."""
    up = D("0.01")
    assert [reliability(k, D("0.95")).quantize(up, rounding="ROUND_CEILING") for k in range(5)] == [D("3.00"), D("4.75"), D("6.30"), D("7.76"), D("9.16")]
    assert [reliability(k, D("0.90")).quantize(up, rounding="ROUND_CEILING") for k in range(5)] == [D("2.31"), D("3.89"), D("5.33"), D("6.69"), D("8.00")]


@pytest.mark.parametrize(("rate", "confidence", "size"), [("0.05", "0.95", 59), ("0.05", "0.90", 45), ("0.10", "0.95", 29), ("0.01", "0.99", 459), ("0.5", "0.5", 1), ("0.001", "0.95", 2995)])
def test_the_size_of_an_attribute_sample_is_the_smallest_that_serves(rate: str, confidence: str, size: int) -> None:
    risk = 1 - Fraction(confidence)

    assert attribute_size(D(rate), D(confidence)) == size
    assert (1 - Fraction(rate)) ** size <= risk
    assert (1 - Fraction(rate)) ** (size - 1) > risk or size == 1


def test_a_rate_of_which_nothing_was_found_is_bounded_as_the_size_promises() -> None:
    assert rate_limit(0, 59, D("0.95")) <= D("0.05") < rate_limit(0, 58, D("0.95"))
    assert rate_limit(5, 5, D("0.95")) == 1


@given(size=st.integers(1, 60), share=st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_a_rate_limit_solves_its_equation(size: int, share: int) -> None:
    found = size * share // 101
    limit = Fraction(rate_limit(found, size, D("0.95")))

    def chance(rate: Fraction) -> Fraction:
        return sum((comb(size, k) * rate**k * (1 - rate) ** (size - k) for k in range(found + 1)), Fraction(0))

    assert chance(limit) <= Fraction(5, 100) < chance(limit - 2 * Fraction(STEP))


def test_how_many_of_ten_can_be_wrong_when_none_of_five_is() -> None:
    """By hand: with 3 wrong of 10, none among 5 drawn has C(7,5)/C(10,5) = 21/252 = 8.3 % > 5 %; with 4 wrong C(6,5)/252 = 6/252 = 2.4 %. So 3."""
    assert number_limit(0, 5, 10, D("0.95")) == 3
    assert number_limit(5, 5, 10, D("0.95")) == 10
    assert number_limit(2, 10, 10, D("0.95")) == 2


def test_students_quantiles_against_closed_forms() -> None:
    """One degree: t = tan(pi (C - 1/2)); two: t = (2C - 1) sqrt(2 / (1 - (2C - 1)^2)). At 95 %: tan(81 degrees) = 6.3137515146750..., and 0.9 sqrt(2 / 0.19) = 2.9199855803537..."""
    assert student(1, D("0.95")) == D("6.313751514676")
    assert student(2, D("0.95")) == D("2.919985580354")


@pytest.mark.parametrize(("freedom", "printed"), [(3, "2.353"), (4, "2.132"), (9, "1.833"), (10, "1.812"), (19, "1.729"), (30, "1.697"), (59, "1.671"), (120, "1.658"), (1000, "1.646")])
def test_students_quantiles_are_those_of_the_printed_tables(freedom: int, printed: str) -> None:
    assert student(freedom, D("0.95")).quantize(D("0.001"), rounding="ROUND_HALF_UP") == D(printed)
