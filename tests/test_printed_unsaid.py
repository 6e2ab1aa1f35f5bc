"""Checks that need no definition: what they find, and where they must keep quiet."""

import pytest

from tests.printed_scenario import checked, verdicts

NOT = "cannot_be_rounding"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["by_age 2023 age/a: 30.0 %", "by_age 2023 age/b: 69.0 %"], {"by_age/age 2023": NOT}),
        (["by_age 2023 age/a: 30.0 %", "by_age 2023 age/b: 70.1 %"], {"by_age/age 2023": "rounding"}),
        (["k 2023 age/a: 30.0 %", "k 2023 age/b: 40.0 %", "k 2023 age/c: 29.0 %"], {"k/age 2023": NOT}),
        (["k 2023 age/a: 30.0 %", "k 2023 age/b: 40.0 %", "k 2022 age/a: 30.0 %", "k 2022 age/b: 70.0 %"], {"k/age 2023": NOT, "k/age 2022": "holds"}),  # the other year tells what they are
        (["rate 2023 gender/m: 45.0 %", "rate 2023 gender/f: 55.2 %"], {}),  # rates, near 100 by chance
        (["rate 2023: 50.0 %", "rate 2023 gender/m: 45.0 %", "rate 2023 gender/f: 54.0 %"], {}),  # with a headline: rates
        (["k 2023 gender/m: 45.0 %", "k 2023 gender/f: 54.0 %"], {}),  # two of no name: nobody knows
        (["k 2023 target/a: 30 %", "k 2023 target/b: 30 %"], {}),
        (["mix 2023 level|gender/S|m: 80.0 %", "mix 2023 level|gender/S|f: 20.0 %", "mix 2023 level|gender/J|m: 60.0 %", "mix 2023 level|gender/J|f: 41.0 %"], {"mix/level|gender (S) 2023": "holds", "mix/level|gender (J) 2023": NOT}),
    ],
)
def test_shares_are_told_from_rates(rows: list[str], found: dict[str, str]) -> None:
    assert verdicts(checked(*rows), "shares") == found


@pytest.mark.parametrize(
    ("rows", "check", "found"),
    [
        (["waste 2023: 10 t", "waste 2023 site/a: 4 t", "waste 2023 site/b: 12 t", "waste 2023 site/c: 5 t"], "part_of_whole", {"waste/site/a 2023": "holds", "waste/site/b 2023": NOT, "waste/site/c 2023": "holds"}),
        (["waste 2023: 10 t", "waste 2023 site/a: 4 t"], "part_of_whole", {"waste/site/a 2023": "holds"}),
        (["hours 2023: 30.2 hour", "hours 2023 g/m: 30.7 hour", "hours 2023 g/f: 29.1 hour"], "part_of_whole", {}),  # a mean
        (["hours 2023: 30.2 hour", "hours 2023 g/m: 30.7 hour", "hours 2023 g/f: 29.1 hour"], "adds_up", {}),
        (["w 2023: 9 t", "w 2023 s/a: 4 t", "w 2023 s/b: 3 t", "w 2022: 9 t", "w 2022 s/a: 4 t", "w 2022 s/b: 5 t"], "adds_up", {"w/s 2023": NOT, "w/s 2022": "holds"}),
        (["w 2023: 9 t", "w 2023 s/a: 4 t", "w 2023 s/b: 3 t"], "adds_up", {}),  # not all sites, perhaps
        (["rate 2023: 30.0 %", "rate 2023 g/m: 10.0 %", "rate 2023 g/f: 20.0 %"], "weighted_mean", {"rate/g 2023": NOT}),
        (["rate 2023: 15.0 %", "rate 2023 g/m: 10.0 %", "rate 2023 g/f: 20.0 %"], "weighted_mean", {"rate/g 2023": "holds"}),
        (["w 2023: 9 t", "w 2023: 9.1 t"], "same_fact", {"w 2023": "rounding"}),
        (["w 2023: 9.0 t", "w 2023: 9.1 t"], "same_fact", {"w 2023": NOT}),
        (["share 2023: 120 %"], "share_range", {"share 2023": NOT}),
        (["growth 2023: 120 %"], "share_range", {}),
        (["w 2023: 9,00 t"], "readable", {"w 2023": "unreadable"}),
    ],
)  # fmt: skip
def test_a_table_is_checked_by_itself(rows: list[str], check: str, found: dict[str, str]) -> None:
    assert verdicts(checked(*rows), check) == found
