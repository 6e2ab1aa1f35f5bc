"""Projections worked by hand, from the standard formulas; the arithmetic is spelled out beside each figure and is our own."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.sampling.limits import number_limit, student
from esg_kpis.sampling.project import Audited, monetary_limit
from esg_kpis.sampling.project_items import Stratum, item_limits

D, F = Decimal, Fraction
C95 = D("0.95")


def audited(name: str, book: int | str, found: int | str, *, known: bool = False) -> Audited:
    return Audited(name, "", F(book), F(found), known)


def test_monetary_units_by_hand() -> None:
    """Interval 1,000; 95 %. A certainty item of 2,500 found at 2,200: 300 too much, known. Item a of 400 found at 100: tainting 300/400 = 0.75. Item b of 200 found at 150: 0.25. Item c of 500 agrees.

    Reliability factors (from exp(-R)(1 + R + ...) = 0.05): R0 = 2.995732273554, R1 = 4.743864518, R2 = 6.295793622.
    Basic precision        2.995732 x 1,000                                    = 2,995.732
    Projected              (0.75 + 0.25) x 1,000                               = 1,000.000
    Allowance, largest first: (4.743864518 - 2.995732274 - 1) x 0.75 x 1,000   =   561.099
                              (6.295793622 - 4.743864518 - 1) x 0.25 x 1,000   =   137.982
    Known                                                                          300.000
    Upper limit                                                                  4,994.814; most likely 1,300.
    """
    items = [audited("large", 2500, 2200, known=True), audited("b", 200, 150), audited("a", 400, 100), audited("c", 500, 500)]
    over = monetary_limit(items, D(1000), C95, over=True, sampled=True)

    assert over.errors == 3
    assert (over.known, over.projected, over.most_likely) == (300, 1000, 1300)
    assert round(over.basic, 3) == F("2995.732")
    assert round(over.allowance, 3) == F("699.081")
    assert over.upper is not None
    assert round(over.upper, 3) == F("4994.814")


def test_an_understatement_is_projected_by_itself_and_not_set_off() -> None:
    """Item u of 100 found at 140: tainting 0.40 of understatement. Basic 2,995.732 + 400 + (4.743864518 - 2.995732274 - 1) x 400 = 299.253: 3,694.985. The overstatement keeps its basic precision."""
    items = [audited("u", 100, 140), audited("c", 500, 500)]
    over, under = (monetary_limit(items, D(1000), C95, over=direction, sampled=True) for direction in (True, False))

    assert (over.errors, over.projected, under.errors, under.projected) == (0, 0, 1, 400)
    assert under.upper is not None
    assert round(under.upper, 3) == F("3694.985")
    assert over.upper == over.basic


def test_where_all_was_examined_only_what_was_found_counts() -> None:
    over = monetary_limit([audited("a", 10, 4, known=True)], D(5), C95, over=True, sampled=False)

    assert (over.upper, over.basic, over.allowance) == (6, 0, 0)


def test_a_tainting_above_the_whole_raises_the_basic_precision() -> None:
    """Found below zero: tainting (10 + 5)/10 = 1.5, so other items might be as wrong: basic 1.5 x R0."""
    over = monetary_limit([audited("a", 10, -5)], D(100), C95, over=True, sampled=True)

    assert over.basic == F("1.5") * F("299.5732273554")


def test_a_larger_error_never_gives_a_smaller_limit() -> None:
    limits = [monetary_limit([audited("a", 100, 100 - wrong), audited("b", 50, 40)], D(1000), C95, over=True, sampled=True).upper or F(0) for wrong in range(0, 101, 5)]

    assert limits == sorted(limits)


# ---------------------------------------------------------------- random


def stratum(books: dict[str, int], found: dict[str, int]) -> Stratum:
    whole = len(found) == len(books)
    return Stratum({name: F(book) for name, book in books.items()}, [Audited(name, "", F(books[name]), F(value), whole) for name, value in found.items()])


BOOKS = {f"i{number}": 10 * (number + 1) for number in range(10)}
"""10, 20, ... 100: total 550."""


def test_mean_per_unit_by_hand() -> None:
    """Examined 10, 30, 50, 70, 90 and found at 10, 30, 40, 70, 90: mean 48; total 480; misstatement 550 - 480 = 70.

    Variance of 10, 30, 40, 70, 90 about 48: (1444 + 324 + 64 + 484 + 1764)/4 = 1020. Standard error: 10 x sqrt((1 - 5/10) x 1020/5) = 10 x sqrt(102) = 100.995.
    t at 95 %, 4 degrees: 2.131847. Upper limit of overstatement 70 + 2.131847 x 100.995 = 285.306; of understatement 2.131847 x 100.995 - 70 = 145.306.
    """
    over, under = item_limits({"": stratum(BOOKS, {"i0": 10, "i2": 30, "i4": 40, "i6": 70, "i8": 90})}, "mean", C95)

    assert (over.most_likely, under.most_likely) == (70, 0)
    assert over.upper is not None
    assert under.upper is not None
    assert round(over.upper, 3) == F("285.306")
    assert round(under.upper, 3) == F("145.306")


def test_difference_and_ratio_by_hand_where_enough_items_differ() -> None:
    """100 items: 50 of 10 and 50 of 30, total 2,000. Examined 20 of each, all overstated: those of 10 found at 9, those of 30 found at 26.

    Difference: mean d = (20 x 1 + 20 x 4)/40 = 2.5; projected 100 x 2.5 = 250. Variance of d about 2.5: 40 x 1.5^2/39 = 90/39 = 2.307692. Standard error 100 x sqrt((1 - 0.4) x 2.307692/40)
    = 100 x sqrt(0.0346154) = 18.605. t at 95 %, 39 degrees: 1.684875. Upper limit 250 + 31.347 = 281.347.
    Ratio: sum d / sum x = 100/800 = 0.125; projected 2,000 x 0.125 = 250. Residuals d - 0.125 x: 1 - 1.25 = -0.25 and 4 - 3.75 = 0.25: variance 40 x 0.0625/39 = 0.0641026. Standard error
    100 x sqrt(0.6 x 0.0641026/40) = 100 x sqrt(0.000961538) = 3.1009. Upper limit 250 + 1.684875 x 3.1009 = 255.225.
    """
    books = {f"s{number}": 10 for number in range(50)} | {f"l{number}": 30 for number in range(50)}
    found = {f"s{number}": 9 for number in range(20)} | {f"l{number}": 26 for number in range(20)}
    by_difference, by_ratio = (item_limits({"": stratum(books, found)}, name, C95)[0] for name in ("difference", "ratio"))

    assert by_difference.most_likely == by_ratio.most_likely == 250
    assert by_difference.upper is not None
    assert by_ratio.upper is not None
    assert round(by_difference.upper, 3) == F("281.347")
    assert round(by_ratio.upper, 3) == F("255.225")


def test_strata_by_hand() -> None:
    """Two strata.

    Stratum a as in mean per unit above: misstatement 70, variance 100.995^2 = 10,200, 4 degrees. Stratum b: ten items of 5, total 50, examined 4 at 5, 5, 4, 4: mean 4.5, total 45, misstatement 5; variance (4 x 0.25)/3 = 0.333333; variance of the total 100 x (1 - 0.4) x 0.333333/4 = 5.

    Together 75, variance 10,205. Degrees of freedom 10205^2 / (10200^2/4 + 5^2/3) = 104142025 / 26010008.33 = 4.0039: 4. Upper limit 75 + 2.131847 x 101.0198 = 290.359.
    """
    small = {f"b{number}": 5 for number in range(10)}
    strata = {"a": stratum(BOOKS, {"i0": 10, "i2": 30, "i4": 40, "i6": 70, "i8": 90}), "b": stratum(small, {"b0": 5, "b1": 5, "b2": 4, "b3": 4})}
    over, _ = item_limits(strata, "mean", C95)

    assert over.most_likely == 75
    assert over.upper is not None
    assert round(over.upper, 3) == F("290.359")


def test_a_stratum_that_was_examined_whole_adds_no_doubt() -> None:
    whole = stratum({"a": 10, "b": 20}, {"a": 7, "b": 20})
    over, under = item_limits({"": whole}, "difference", C95)

    assert (over.known, over.projected, over.upper, under.upper) == (3, 0, 3, 0)


def test_no_difference_in_a_sample_is_no_proof_that_there_is_none() -> None:
    """With no difference the standard error is 0, and t would accept anything. By counting: of 10 items, 5 examined without an error, up to 3 can be wrong at 95 %; the largest of the others are 100, 80 and 60: 240."""
    over, under = item_limits({"": stratum(BOOKS, {"i0": 10, "i2": 30, "i4": 50, "i6": 70, "i8": 90})}, "difference", C95)

    assert number_limit(0, 5, 10, C95) == 3
    assert over.most_likely == 0
    assert over.upper == 240
    assert under.upper is None


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 100), min_size=2, max_size=9), st.sampled_from(["difference", "ratio", "mean"]))
@settings(max_examples=60, deadline=None)
def test_a_limit_is_never_below_what_is_most_likely(found: dict[int, int], projection: str) -> None:
    over, under = item_limits({"": stratum(BOOKS, {f"i{number}": value for number, value in found.items()})}, projection, C95)

    assert over.upper is None or over.upper >= over.most_likely >= 0
    assert under.upper is None or under.upper >= under.most_likely >= 0
    assert over.most_likely == 0 or under.most_likely == 0


@pytest.mark.parametrize("freedom", [1, 2, 3, 10])
def test_more_confidence_needs_a_larger_t(freedom: int) -> None:
    assert student(freedom, D("0.9")) < student(freedom, D("0.95")) < student(freedom, D("0.99"))
