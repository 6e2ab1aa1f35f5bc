"""Every check of printed tables, shown to hold and to fail on cases worked by hand."""

from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from esg_kpis.errors import InputProblem
from esg_kpis.printed import ChecksFile
from tests.printed_scenario import checked, over, sum_of, verdicts

NOT = "cannot_be_rounding"
ASKED: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    # The first table holds, the second is off by the least that no rounding explains.
    ("adds_up", {"parts": [{"whole": "w", "parts": ["a", "b"]}]}, ["w 2023: 10.01 t", "a 2023: 5.00 t", "b 2023: 5.00 t"], ["w 2023: 10.02 t", "a 2023: 5.00 t", "b 2023: 5.00 t"]),
    ("adds_up", {"parts": [{"whole": "w", "parts": ["a", "b"]}]}, ["w 2023: 3 t", "a 2023: 1,400 kg", "b 2023: 2,100 kg"], ["w 2023: 3 t", "a 2023: 1,400 kg", "b 2023: 2,101 kg"]),
    ("adds_up", {"parts": [{"whole": "w", "parts": ["a", "b"]}]}, ["w 2023: 9 person", "a 2023: 4 person", "b 2023: 5 person"], ["w 2023: 10 person", "a 2023: 4 person", "b 2023: 5 person"]),
    ("adds_up", {"parts": [{"whole": "w", "parts": ["a", "b"]}], "rounded": ["w", "a", "b"]}, ["w 2023: 10 person", "a 2023: 4 person", "b 2023: 5 person"], ["w 2023: 11 person", "a 2023: 4 person", "b 2023: 5 person"]),
    ("part_of_whole", {"parts": [{"whole": "w", "parts": ["a"], "at_most": True}]}, ["w 2023: 9.5 t", "a 2023: 10 t"], ["w 2023: 9.4 t", "a 2023: 10 t"]),
    ("quotient", {"ratio": [{"result": "r", "numerator": ["a"], "denominator": ["b"]}]}, ["r 2023: 0.33 t/person", "a 2023: 1.0 t", "b 2023: 3 person"], ["r 2023: 0.36 t/person", "a 2023: 1.0 t", "b 2023: 3 person"]),
    ("quotient", {"ratio": [{"result": "r", "numerator": ["a"], "denominator": ["b"]}]}, ["r 2023: 333 kg/person", "a 2023: 1.000 t", "b 2023: 3 person"], ["r 2023: 0.33 kg/person", "a 2023: 1.000 t", "b 2023: 3 person"]),
    ("quotient", {"ratio": [{"result": "r", "numerator": ["a", "- c"], "denominator": ["b"]}]}, ["r 2023: 40.0 %", "a 2023: 5 case", "c 2023: 3 case", "b 2023: 5 case"], ["r 2023: 60.0 %", "a 2023: 5 case", "c 2023: 3 case", "b 2023: 5 case"]),
    ("same_fact", {"same_fact": [{"cells": ["a", "b"]}]}, ["a 2023: 0.37 t", "b 2023: 0.367 t"], ["a 2023: 0.37 t", "b 2023: 0.376 t"]),
    ("same_fact", {"same_fact": [{"cells": ["a", "b", "c"]}]}, ["a 2023: 1.2 t", "b 2023: 1.15 t", "c 2023: 1,151 kg"], ["a 2023: 1.2 t", "b 2023: 1.15 t", "c 2023: 1,161 kg"]),
    ("band", {"band": [{"name": "n", "numerator": ["a"], "denominator": ["b"], "low": "0.2", "high": "0.3", "source": "s"}]}, ["a 2023: 3.04 t", "b 2023: 10 MWh"], ["a 2023: 3.04 t", "b 2023: 10.0 MWh"]),
    ("weighted_mean", {"weights": [{"rate": "r", "breakdown": "g", "weights": {"M": ["n/g/M"], "F": ["n/g/F"]}}]},
     ["r 2023: 2.00 hour", "r 2023 g/M: 1.00 hour", "r 2023 g/F: 3.00 hour", "n 2023 g/M: 50.0 %", "n 2023 g/F: 50.0 %"], ["r 2023: 2.02 hour", "r 2023 g/M: 1.00 hour", "r 2023 g/F: 3.00 hour", "n 2023 g/M: 50.0 %", "n 2023 g/F: 50.0 %"]),
    # 40 and 60 of 100 with rates of 10 % and 20 % are 16 of 100: 16 %. 15.6 % may be the mean of rounded rates, and is no whole number of 100.
    ("weighted_mean", {"weights": [{"rate": "r", "breakdown": "g", "weights": {"M": ["n/g/M"], "F": ["n/g/F"]}, "heads": "n"}]},
     ["r 2023: 16.0 %", "r 2023 g/M: 10 %", "r 2023 g/F: 20 %", "n 2023 g/M: 40 person", "n 2023 g/F: 60 person", "n 2023: 100 person"], ["r 2023: 15.6 %", "r 2023 g/M: 10 %", "r 2023 g/F: 20 %", "n 2023 g/M: 40 person", "n 2023 g/F: 60 person", "n 2023: 100 person"]),
    ("whole_numbers", {"whole": [{"rate": "r", "group": ["n"]}]}, ["r 2023: 33.3 %", "n 2023: 3 person"], ["r 2023: 33.4 %", "n 2023: 3 person"]),
    # A share of 0.73 % of 33,627 is 244 to 247 people: 49 of 246 are 19.92 %, and nothing is 19.91 % (2023 ESG report, turnover above 50).
    ("whole_numbers", {"whole": [{"rate": "r", "group": ["s x n"]}]}, ["r 2023: 19.92 %", "s 2023: 0.73 %", "n 2023: 33,627 person"], ["r 2023: 19.91 %", "s 2023: 0.73 %", "n 2023: 33,627 person"]),
    ("shares", {"shares": [{"parts": ["s/g/A", "s/g/B", "s/g/C"]}]}, ["s 2023 g/A: 33.3 %", "s 2023 g/B: 33.3 %", "s 2023 g/C: 33.3 %"], ["s 2023 g/A: 33.3 %", "s 2023 g/B: 33.3 %", "s 2023 g/C: 33.2 %"]),
    ("shares", {"shares": [{"parts": ["s/g/A", "s/g/B"], "of": "n"}]}, ["s 2023 g/A: 28.6 %", "s 2023 g/B: 71.4 %", "n 2023: 7 person"], ["s 2023 g/A: 28.4 %", "s 2023 g/B: 71.6 %", "n 2023: 7 person"]),
    ("roll_forward", {"roll_forward": [{"closing": "n", "joined": "j", "left": "l"}]}, ["n 2023: 105 person", "n 2022: 100 person", "j 2023: 20 person", "l 2023: 15 person"], ["n 2023: 104 person", "n 2022: 100 person", "j 2023: 20 person", "l 2023: 15 person"]),
    ("roll_forward", {"roll_forward": [{"closing": "n", "joined": "j", "left_share": "l"}]}, ["n 2023: 105 person", "n 2022: 100 person", "j 2023: 20 person", "l 2023: 14.3 %"], ["n 2023: 105 person", "n 2022: 100 person", "j 2023: 20 person", "l 2023: 15.3 %"]),
    ("boundary", {"boundary": [{"cells": ["a", "b"], "above": "All sites", "below": "all  sites"}]}, ["a 2023: 1 t", "b 2023: 1 t"], []),
    ("boundary", {"boundary": [{"cells": ["a", "b"], "above": "all sites", "below": "offices"}]}, [], ["a 2023: 1 t", "b 2023: 1 t"]),
    # One death among 24,810 is 0.0040 %, among 22,074 0.0045 % (2023 ESG report, footnote 87).
    ("denominator_said", {"denominator_said": [{"result": "r", "numerator": ["d"], "said": ["n"], "used": ["f"]}]}, ["r 2023: 0.0040 %", "d 2023: 1 person", "n 2023: 24,810 person", "f 2023: 22,074 person"], ["r 2023: 0.0045 %", "d 2023: 1 person", "n 2023: 24,810 person", "f 2023: 22,074 person"]),
    ("same_denominator", {"same_denominator": [{"name": "heads", "unit": "person", "whole": True, "quotients": [{"result": "r", "numerator": ["a"]}, {"result": "s", "numerator": ["b"]}]}]},
     ["r 2023: 2.0 t/person", "a 2023: 20.0 t", "s 2023: 30 kg/person", "b 2023: 0.3 t"], ["r 2023: 2.0 t/person", "a 2023: 20.0 t", "s 2023: 40 kg/person", "b 2023: 0.3 t"]),
]  # fmt: skip


@pytest.mark.parametrize(("check", "entries", "right", "wrong"), ASKED, ids=[f"{number}-{item[0]}" for number, item in enumerate(ASKED)])
def test_what_is_asked_for_holds_and_fails(check: str, entries: dict[str, Any], right: list[str], wrong: list[str]) -> None:
    if right:
        assert set(checked(*right, checks=entries).filter(pl.col("check") == check)["verdict"]) <= {"holds", "rounding"}
        assert verdicts(checked(*right, checks=entries), check)
    if wrong:
        assert list(verdicts(checked(*wrong, checks=entries), check).values()) == [NOT]


HEADS = sum_of("heads", "person", "employees", of={"where": {"employment_type": ["full_time"]}})
GROUPS = [{"name": "gender", "categories": {"Male": {"gender": ["Male"]}, "Female": {"gender": ["Female"]}}}]
TOTAL_AND = [{"name": "total", "categories": {"All": {}}}, *GROUPS]
SHARE = over("share", "%", "share", "heads", "heads", denominator_within=[], breakdowns=GROUPS)
LEFT = sum_of("left", "person", "employees_left", of={"where": {"employment_type": ["full_time"]}})
RATE = over("rate", "%", "share", "left", "heads", breakdowns=TOTAL_AND)
TAP, RECLAIMED = sum_of("tap", "tonne", "water_tap"), sum_of("reclaimed", "tonne", "water_reclaimed")
WATER = sum_of("water", "tonne", "water_discharged", footing={"parts": ["tap", "reclaimed"]})
DEFINED: list[tuple[str, list[dict[str, Any]], list[str], list[str]]] = [
    ("adds_up", [TAP, RECLAIMED, WATER], ["water 2023: 687,453.75 tonne", "tap 2023: 523,100.75 tonne", "reclaimed 2023: 164,353.00 tonne"], ["water 2023: 683,906.94 tonne", "tap 2023: 523,100.75 tonne", "reclaimed 2023: 164,353.00 tonne"]),
    ("part_of_whole", [sum_of("tap", "tonne", "water_tap", breakdowns=[{"name": "total", "categories": {"All": {}}}, {"name": "kind", "categories": {"Office": {"kind": ["office"]}}}])], ["tap 2023: 5 tonne", "tap 2023 kind/Office: 5 tonne"], ["tap 2023: 5 tonne", "tap 2023 kind/Office: 7 tonne"]),
    ("adds_up", [sum_of("heads", "person", "employees", breakdowns=[{"name": "region", "categories": {"Home": {"country": ["CN"]}, "Abroad": {"country": ["not CN"]}}}, {"name": "total", "categories": {"All": {}}}])], ["heads 2023: 5 person", "heads 2023 region/Home: 3 person", "heads 2023 region/Abroad: 2 person"], ["heads 2023: 5 person", "heads 2023 region/Home: 3 person", "heads 2023 region/Abroad: 1 person"]),
    ("quotient", [TAP, HEADS, over("each", "tonne/person", "ratio", "tap", "heads")], ["tap 2023: 10.00 tonne", "heads 2023: 3 person", "each 2023: 3.33 tonne/person"], ["tap 2023: 10.00 tonne", "heads 2023: 3 person", "each 2023: 3.34 tonne/person"]),
    ("quotient", [TAP, over("grown", "%", "growth", "tap", "tap")], ["tap 2023: 11.00 tonne", "tap 2022: 10.00 tonne", "grown 2023: 10.0 %"], ["tap 2023: 11.00 tonne", "tap 2022: 10.00 tonne", "grown 2023: 11.0 %"]),
    ("adds_up", [TAP, RECLAIMED, over("more", "tonne", "difference", "tap", "reclaimed")], ["tap 2023: 5 tonne", "reclaimed 2023: 2 tonne", "more 2023: 3 tonne"], ["tap 2023: 5 tonne", "reclaimed 2023: 2 tonne", "more 2023: 5 tonne"]),
    ("shares", [HEADS, SHARE], ["share 2023 gender/Male: 50.1 %", "share 2023 gender/Female: 49.9 %"], ["share 2023 gender/Male: 50.1 %", "share 2023 gender/Female: 49.7 %"]),
    ("weighted_mean", [HEADS, SHARE, LEFT, RATE], ["share 2023 gender/Male: 50.0 %", "share 2023 gender/Female: 50.0 %", "rate 2023: 15.0 %", "rate 2023 gender/Male: 10.0 %", "rate 2023 gender/Female: 20.0 %"], ["share 2023 gender/Male: 50.0 %", "share 2023 gender/Female: 50.0 %", "rate 2023: 15.2 %", "rate 2023 gender/Male: 10.0 %", "rate 2023 gender/Female: 20.0 %"]),
    ("weighted_mean", [HEADS, LEFT, RATE], ["rate 2023: 15.0 %", "rate 2023 gender/Male: 10.0 %", "rate 2023 gender/Female: 20.0 %"], ["rate 2023: 20.2 %", "rate 2023 gender/Male: 10.0 %", "rate 2023 gender/Female: 20.0 %"]),
    ("whole_numbers", [HEADS, LEFT, RATE], ["rate 2023: 33.3 %", "heads 2023: 3 person"], ["rate 2023: 34.3 %", "heads 2023: 3 person"]),
    ("same_fact", [TAP, sum_of("again", "kg", "water_tap")], ["tap 2023: 1.2 tonne", "again 2023: 1,249 kg"], ["tap 2023: 1.2 tonne", "again 2023: 1,251 kg"]),
    ("same_denominator", [TAP, RECLAIMED, HEADS, over("a", "tonne/person", "ratio", "tap", "heads"), over("b", "tonne/person", "ratio", "reclaimed", "heads")], ["tap 2023: 20.0 tonne", "a 2023: 2.0 tonne/person", "reclaimed 2023: 30.0 tonne", "b 2023: 3.0 tonne/person"], ["tap 2023: 20.0 tonne", "a 2023: 2.0 tonne/person", "reclaimed 2023: 30.0 tonne", "b 2023: 4.0 tonne/person"]),
    ("same_groups", [HEADS, LEFT, RATE, over("other", "%", "share", "left", "heads", breakdowns=TOTAL_AND)], ["rate 2023: 15 %", "rate 2023 gender/Male: 10 %", "rate 2023 gender/Female: 20 %", "other 2023: 30 %", "other 2023 gender/Male: 20 %", "other 2023 gender/Female: 40 %"], ["rate 2023: 15 %", "rate 2023 gender/Male: 10 %", "rate 2023 gender/Female: 20 %", "other 2023: 36 %", "other 2023 gender/Male: 20 %", "other 2023 gender/Female: 40 %"]),
    ("roll_forward", [HEADS | {"roll_forward": {"closing": "heads", "joined": "joined", "left_share": "rate", "text": "t"}}, LEFT, sum_of("joined", "person", "employees_joined"), RATE], ["heads 2023: 105 person", "heads 2022: 100 person", "joined 2023: 20 person", "rate 2023: 14.3 %"], ["heads 2023: 105 person", "heads 2022: 100 person", "joined 2023: 30 person", "rate 2023: 14.3 %"]),
    ("boundary", [HEADS, LEFT, RATE | {"breakdowns": [{"name": "total", "categories": {"All": {}}}, {"name": "region", "categories": {"Home": {"country": ["CN"]}, "Abroad": {"country": ["not CN", "not IN"]}}}]}], [], ["rate 2023: 50.0 %", "rate 2023 region/Home: 10.0 %", "rate 2023 region/Abroad: 20.0 %"]),
]  # fmt: skip


@pytest.mark.parametrize(("check", "kpis", "right", "wrong"), DEFINED, ids=[f"{number}-{item[0]}" for number, item in enumerate(DEFINED)])
def test_what_definitions_imply_holds_and_fails(check: str, kpis: list[dict[str, Any]], right: list[str], wrong: list[str]) -> None:
    if right:
        assert set(checked(*right, kpis=kpis)["verdict"]) <= {"holds", "rounding"}
        assert verdicts(checked(*right, kpis=kpis), check)
    assert NOT in verdicts(checked(*wrong, kpis=kpis), check).values()


def test_weights_may_be_made_of_shares_within_shares() -> None:
    """Men by level and levels: 0.5 x 80 % + 0.5 x 40 % = 60 % men. 0.6 x 10 + 0.4 x 20 = 14."""
    levels = {"Senior": {"level": ["Senior"]}, "Junior": {"level": ["Junior"]}}
    both = {f"{level}|{gender}": {**where, "gender": [gender]} for level, where in levels.items() for gender in ("Male", "Female")}
    kpis = [
        HEADS, over("by_level", "%", "share", "heads", "heads", denominator_within=[], breakdowns=[{"name": "level", "categories": levels}]),
        over("within", "%", "share", "heads", "heads", denominator_within=["level"], breakdowns=[{"name": "level|gender", "categories": both}]), LEFT, RATE,
    ]  # fmt: skip
    shares = ["by_level 2023 level/Senior: 50.0 %", "by_level 2023 level/Junior: 50.0 %", *(f"within 2023 level|gender/{name}: {share} %" for name, share in zip(both, ("80.0", "20.0", "40.0", "60.0"), strict=True))]
    rates = ["rate 2023 gender/Male: 10.0 %", "rate 2023 gender/Female: 20.0 %"]

    assert verdicts(checked(*shares, *rates, "rate 2023: 14.0 %", kpis=kpis), "weighted_mean") == {"rate/gender 2023": "holds"}
    assert verdicts(checked(*shares, *rates, "rate 2023: 14.5 %", kpis=kpis), "weighted_mean") == {"rate/gender 2023": NOT}
    assert set(verdicts(checked(*shares, kpis=kpis), "shares")) == {"by_level/level 2023", "within/level|gender (Junior) 2023", "within/level|gender (Senior) 2023"}


def test_the_denominator_that_the_print_fits_is_named() -> None:
    check, entries, _, wrong = next(item for item in ASKED if item[0] == "denominator_said")
    row = checked(*wrong, checks=entries).filter(pl.col("check") == check).row(0, named=True)

    assert "with f it is 1 / 22,074 x 100 = 0.0045302: the print fits that one" in row["explanation"]
    assert row["suspects"] is None


def test_a_given_figure_is_compared_with_and_never_suspected() -> None:
    entries = {"given": [{"cell": "sales", "values": {"2023": "100"}, "unit": "RMB million", "source": "annual report"}], "ratio": [{"result": "r", "numerator": ["a"], "denominator": ["sales"]}]}
    row = checked("a 2023: 200.0 t", "r 2023: 3.0 t/RMB million", checks=entries).row(0, named=True)

    assert row["verdict"] == NOT
    assert "sales" not in row["suspects"]
    assert "sales 2023 100 RMB million (annual report)" in row["figures"]


def test_what_is_explained_counts_and_says_why() -> None:
    entries = {"parts": [{"whole": "w", "parts": ["a"]}], "explained": [{"check": "adds_up", "subject": "w", "text": "Two boundaries.", "proof": "page 7"}]}
    row = checked("w 2023: 3 t", "a 2023: 1 t", checks=entries).row(0, named=True)

    assert (row["verdict"], row["explained"], row["explanation"]) == (NOT, True, "Explained: Two boundaries. Proof: page 7.")


def test_an_explanation_of_what_does_not_fail_is_told() -> None:
    entries = {"parts": [{"whole": "w", "parts": ["a"]}], "explained": [{"check": "adds_up", "subject": "v", "text": "t", "proof": "p"}]}

    assert verdicts(checked("w 2023: 1 t", "a 2023: 1 t", checks=entries), "adds_up") == {"w 2023": "holds", "v ": "not_checked"}


def test_what_is_asked_of_a_period_and_not_printed_is_told() -> None:
    entries = {"parts": [{"whole": "w", "parts": ["a", "b"], "periods": ["2023"]}]}
    row = checked("w 2023: 1 t", "a 2023: 1 t", "b 2022: 1 t", checks=entries).row(0, named=True)

    assert (row["verdict"], row["observed"]) == ("not_checked", "not printed: b 2023")


def test_a_breakdown_that_is_partial_is_no_mean() -> None:
    rows = ["rate 2023: 25.0 %", "rate 2023 gender/Male: 10.0 %", "rate 2023 gender/Female: 20.0 %"]

    assert NOT in verdicts(checked(*rows, kpis=[HEADS, LEFT, RATE]), "weighted_mean").values()
    assert verdicts(checked(*rows, kpis=[HEADS, LEFT, RATE], checks={"partial": [{"kpi": "rate", "breakdown": "gender"}]}), "weighted_mean") == {}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"parts": [{"whole": "wat", "parts": ["a"]}]}, "'wat' names the KPI 'wat', of which nothing is printed. Did you mean 'water'?"),
        ({"parts": [{"whole": "water", "parts": ["heads"]}]}, "'heads' is in person, beside t: 'person' does not measure"),
        ({"ratio": [{"result": "water", "numerator": ["a"], "denominator": ["heads"]}]}, "Say by `times`"),
        ({"same_fact": [{"cells": ["water", "//"]}]}, "'//' is no cell."),
        ({"given": [{"cell": "s", "values": {"2023": "n/a"}, "unit": "t", "source": "s"}]}, "The given figure 'n/a' of s is no number."),
    ],
)
def test_a_mistake_in_checks_is_named(entries: dict[str, Any], message: str) -> None:
    with pytest.raises(InputProblem) as caught:
        checked("water 2023: 1 t", "a 2023: 1 t", "heads 2023: 2 person", checks=entries)

    assert message in str(caught.value)


@pytest.mark.parametrize("entries", [{"part": []}, {"parts": [{"whole": "w"}]}, {"band": [{"name": "n", "numerator": ["a"], "low": "2", "high": "1", "source": "s"}]}, {"roll_forward": [{"closing": "n", "joined": "j"}]}])
def test_what_is_no_check_is_refused(entries: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChecksFile.model_validate(entries)
