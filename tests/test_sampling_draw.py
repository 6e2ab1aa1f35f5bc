"""Drawing: what is taken, why, and that anybody can do it again."""

import hashlib
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.errors import UsageProblem
from esg_kpis.sampling import drawn
from esg_kpis.sampling.draw import key_of, start_of
from esg_kpis.sampling.plan import interval_of, planned_errors
from esg_kpis.sampling.select import allocated
from tests.sampling_scenario import items, plan

AMOUNTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=6), st.decimals("-50", "1000", places=3), min_size=1, max_size=60).filter(lambda found: sum(found.values()) > 0)


def test_the_interval_of_the_worked_total_at_95_and_at_90_percent() -> None:
    """116,722.56 t at 5 %: tolerable 5,836.128 t; / 2.995732 = 1,948.1 t, / 2.302585 = 2,534.6 t. The rounded factor 2.996 would give 1,948.0."""
    total = Fraction("116722.56")

    assert round(interval_of(plan(), total), 1) == Decimal("1948.1")
    assert round(interval_of(plan(confidence="90"), total), 1) == Decimal("2534.6")
    assert Fraction(interval_of(plan(), total)) * Fraction("2.995732273554") <= total / 20


def test_expected_errors_are_planned_for_in_whole_ones() -> None:
    """Expected 1 % of tolerable 5 %: with k = 1, 0.2 x R(1) = 0.2 x 4.743865 = 0.949 <= 1. Expected 2 %: k = 1: 1.898 > 1; 2: 0.4 x 6.295794 = 2.518; 3: 0.4 x 7.753657 = 3.101 > 3; 4: 0.4 x 9.153519 = 3.661 <= 4."""
    assert [planned_errors(plan(expected=text)) for text in ("0", "1", "2")] == [0, 1, 4]


def test_what_is_expected_may_not_reach_what_is_material() -> None:
    with pytest.raises(UsageProblem, match="less than what is material"):
        drawn(items({"a": 1}), plan(expected="5"))
    with pytest.raises(UsageProblem, match="more than a thousand items"):
        drawn(items({"a": 1}), plan(expected="4.9"))


def test_the_random_start_is_what_a_shell_gives() -> None:
    """Printf '%s' '7:start' | sha256sum begins with these eight digits."""
    digits = hashlib.sha256(b"7:start").hexdigest()[:8]
    share = Fraction(int(digits, 16) + 1, 2**32)

    start = start_of(7, Decimal("1948.14738883"))
    assert 0 <= Fraction(start) - share * Fraction("1948.14738883") < Fraction(1, 10**8)
    assert start.as_tuple().exponent == -8


def test_a_selection_done_by_hand() -> None:
    """Ten items of 10 and one of 100: total 200, tolerable 50 %.

    100 / 2.995732 = 33.38: the one of 100 is certain, and of the other 100 units those at start, start + 33.38 and so on are selected, counted along the keys.
    """
    amounts = {f"i{number}": 10 for number in range(10)} | {"large": 100}
    sample = drawn(items(amounts), plan(materiality="50", seed=3))
    assert sample.interval is not None
    assert sample.start is not None
    order = sorted((name for name in amounts if name != "large"), key=lambda name: hashlib.sha256(f"3:order:{name}".encode()).hexdigest())
    pointers = [sample.start + step * sample.interval for step in range(4) if sample.start + step * sample.interval <= 100]
    by_hand = [order[min(9, int((pointer - Decimal("1e-20")) // 10))] for pointer in pointers]

    assert sample.sample["item_id"].to_list() == ["large", *by_hand]
    assert sample.sample["why"][0].startswith("certainty")


def test_negative_items_are_taken_whole_and_zero_ones_left() -> None:
    sample = drawn(items({"credit": -5, "nothing": 0, "bill": 100, "small": 1}), plan(materiality="10"))
    parts = dict(sample.population.select("item_id", "part").iter_rows())

    assert parts == {"credit": "negative", "nothing": "zero", "bill": "certainty", "small": "selectable"}
    assert {"credit", "bill"} <= set(sample.sample["item_id"])
    assert "nothing" not in sample.sample["item_id"]


def test_a_total_that_is_not_above_zero_has_no_units() -> None:
    for amounts in ({"a": 5, "b": -5}, {"a": -1}, {"a": 0}):
        with pytest.raises(UsageProblem, match="not above zero"):
            drawn(items(amounts), plan())


@pytest.mark.parametrize("given", [{"method": "monetary"}, {"materiality": "0"}, {"materiality": "5%"}, {"materiality": "-1"}, {"confidence": "100"}, {"confidence": "NaN"}, {"expected": "1,5"}, {"method": "stratified", "strata": "colour"}, {"projection": "guess"}, {"omission_rate": "0"}, {"seed": -1}, {"size": 5}, {"strata": "kind"}, {"method": "random", "expected": "1"}])
def test_a_plan_without_meaning_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(UsageProblem):
        drawn(items({"a": 1}), plan(**given))


@given(AMOUNTS, st.integers(0, 10**6), st.sampled_from(["0.5", "5", "20"]))
@settings(max_examples=60, deadline=None)
def test_whatever_the_population_the_sample_is_sound(amounts: dict[str, Decimal], seed: int, materiality: str) -> None:
    by = plan(materiality=materiality, seed=seed)
    sample = drawn(items({name: Fraction(amount) for name, amount in amounts.items()}), by)
    chosen = set(sample.sample["item_id"])
    assert sample.interval is not None

    # All of them are there, once, and add up to the control total.
    assert sorted(sample.population["item_id"]) == sorted(amounts)
    assert sum(Fraction(text) for text in sample.population["exact"]) == sample.value == sum(Fraction(amount) for amount in amounts.values())
    # Every item of the interval and above is taken, and every negative one; no zero one is.
    assert {name for name, amount in amounts.items() if amount >= sample.interval or amount < 0} <= chosen
    assert not {name for name, amount in amounts.items() if amount == 0} & chosen
    # As many as the selectable total has intervals, give or take one.
    selectable = sum((Fraction(amount) for amount in amounts.values() if 0 < amount < sample.interval), Fraction(0))
    hits = sample.population.filter((pl.col("part") == "selectable") & pl.col("chosen")).height
    assert abs(hits - selectable / Fraction(sample.interval)) < 1
    # The cumulative totals end at the selectable total, and each selected unit lies in its item.
    for row in sample.population.filter(pl.col("unit") != "").iter_rows(named=True):
        assert Fraction(row["cumulative"]) - Fraction(row["exact"]) < Fraction(row["unit"]) <= Fraction(row["cumulative"])
    # The order in which the items come changes nothing, and the same seed gives the same sample.
    again = drawn(items({name: Fraction(amounts[name]) for name in reversed(list(amounts))}), by)
    assert again.population.equals(sample.population)


def test_an_item_is_drawn_in_proportion_to_its_size() -> None:
    """Over 4,000 seeds an item of a quarter of the interval is drawn in a quarter of them, within 3 standard errors: 3 x sqrt(0.25 x 0.75 / 4000) = 2.1 %; likewise one of a half."""
    amounts = {f"fill{number:03}": Fraction(10) for number in range(60)} | {"quarter": Fraction(25), "half": Fraction(50)}
    total = sum(amounts.values(), Fraction(0))
    share = Fraction(100 * Fraction("2.995732273554"), total) * 100  # so that the interval is 100
    population, seeds = items(amounts), 4000
    by = plan(materiality=f"{share.numerator / share.denominator:.6f}")
    found = {"quarter": 0, "half": 0}
    for seed in range(seeds):
        picked = set(drawn(population, plan(materiality=by.materiality, seed=seed)).sample["item_id"])
        for name in found:
            found[name] += name in picked

    assert abs(Fraction(found["quarter"], seeds) - Fraction(1, 4)) < Fraction(21, 1000)
    assert abs(Fraction(found["half"], seeds) - Fraction(1, 2)) < Fraction(24, 1000)


# ---------------------------------------------------------------- random and stratified


def test_a_random_sample_takes_the_smallest_keys() -> None:
    amounts = {f"i{number}": number + 1 for number in range(40)}
    sample = drawn(items(amounts), plan(method="random", size=7, seed=5))

    assert sample.sample["item_id"].to_list() == sorted(amounts, key=lambda name: key_of(5, "item", name))[:7]
    assert hashlib.sha256(b"5:item:i3").hexdigest() == key_of(5, "item", "i3")


def test_a_random_sample_is_as_large_as_attribute_sampling_unless_a_size_is_given() -> None:
    population = items({f"i{number}": 1 for number in range(100)})

    assert drawn(population, plan(method="random")).sample.height == 59
    assert drawn(population, plan(method="random", size=500)).sample.height == 100


def test_strata_are_given_items_in_proportion_to_their_number_or_spread() -> None:
    """100 items in all, 10 to give: 60, 30 and 10 of them would give 6, 3 and 1, but each gives 2; the rest goes to whoever is furthest below that, the larger first: 6, 2 and 2. By Neyman the stratum that does not vary gives its 2 only."""
    strata = {"a": [Fraction(1)] * 60, "b": [Fraction(number) for number in range(30)], "c": [Fraction(5)] * 10}

    assert allocated(strata, 10) == {"a": 6, "b": 2, "c": 2}
    assert allocated(strata, 10, neyman=True) == {"a": 2, "b": 6, "c": 2}
    assert allocated({"one": [Fraction(1)]}, 10) == {"one": 1}
    assert allocated(strata, 1000) == {"a": 60, "b": 30, "c": 10}


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 100), st.booleans())
def test_an_allocation_gives_what_there_is(counts: list[int], size: int, neyman: bool) -> None:
    strata = {f"s{place}": [Fraction(place * number) for number in range(count)] for place, count in enumerate(counts)}
    given_ = allocated(strata, size, neyman=neyman)

    assert all(min(2, len(amounts)) <= given_[name] <= len(amounts) for name, amounts in strata.items())
    least = sum(min(2, count) for count in counts)
    assert sum(given_.values()) == max(least, min(size, sum(counts)))


def test_strata_are_those_of_the_column() -> None:
    amounts = {f"i{number}": 1 for number in range(30)}
    sites = {name: "CN-01" if place < 20 else "HK-01" for place, name in enumerate(amounts)}
    sample = drawn(items(amounts, site_id=sites), plan(method="stratified", strata="site_id", size=9))

    assert dict(sample.sizes) == {"CN-01": (20, 6), "HK-01": (10, 3)}


def test_the_same_item_twice_is_refused() -> None:
    twice = pl.concat([items({"a": 1}), items({"a": 2})])
    for method in ("mus", "random"):
        with pytest.raises(UsageProblem, match="more than once"):
            drawn(twice, plan(method=method))
