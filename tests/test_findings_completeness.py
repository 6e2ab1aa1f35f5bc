"""Findings of completeness: gaps with their share, estimates, meters nobody knows, and both sides of a year end."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.amounts import outliers_of
from esg_kpis.assurance.completeness import estimated_findings
from esg_kpis.report.outputs import write_table
from esg_kpis.tables import FINDINGS
from tests.scenario import EVERYWHERE, Computed, Row, bill, computed, day, edition_of, kpi, register, site, year
from tests.test_assurance import judged
from tests.test_coverage import MAIN, POWER, power
from tests.test_estimates import allowed, two_years

BOTH = [POWER, kpi("tap", "tonne", "water_tap")]


def found(result: Computed, check: str) -> list[dict[str, Any]]:
    return judged(result).filter((pl.col("check") == check) & ~pl.col("passed")).sort("edition", "period", "subject").to_dicts()


def across(root: Path, *bills: Row, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    return found(computed(edition_of(root, BOTH), bills, **more), "across_periods")


# ---------------------------------------------------------------- the year end


def test_a_bill_across_the_year_end_shows_both_shares(tmp_path: Path) -> None:
    """17 of 31 days in December and 14 in January: 1,000 x 17 / 31 = 548.387096774..., and the rest of 1,000."""
    [finding] = across(tmp_path, bill("electricity_purchased", "1000", "2022-12-15", "2023-01-14", record_id="r"))

    assert finding["observed"] == "2022: 17 of 31 days, 548.387096774 kWh; 2023: 14 of 31 days, 451.612903226 kWh"
    assert (finding["subject"], finding["record_ids"], finding["severity"]) == ("electricity_purchased at HQ, 2022-12-15 to 2023-01-14", "r", "note")


def test_a_bill_across_the_end_of_the_last_period_shows_what_lies_outside(tmp_path: Path) -> None:
    [last] = across(tmp_path, bill("electricity_purchased", "30", "2023-12-17", "2024-01-15"))
    [first] = across(tmp_path, bill("electricity_purchased", "30", "2021-12-17", "2022-01-15"))

    assert last["observed"] == "2023: 15 of 30 days, 15 kWh; outside: 15 of 30 days, 15 kWh"
    assert first["observed"] == "2022: 15 of 30 days, 15 kWh; outside: 15 of 30 days, 15 kWh"


def test_a_record_of_two_measures_is_one_finding(tmp_path: Path) -> None:
    """A store's statement from 31 December to 1 January."""
    parts = [bill(measure, "2", "2022-12-31", "2023-01-01", record_id="r", column=measure) for measure in ("electricity_purchased", "water_tap")]
    [finding] = across(tmp_path, *parts)

    assert finding["observed"] == (
        "electricity_purchased 2022: 1 of 2 days, 1 kWh; electricity_purchased 2023: 1 of 2 days, 1 kWh; water_tap 2022: 1 of 2 days, 1 t; water_tap 2023: 1 of 2 days, 1 t"
    )


def test_what_lies_in_one_period_or_does_not_count_is_no_finding(tmp_path: Path) -> None:
    inside = [year("electricity_purchased", "1"), bill("water_tap", "1", "2022-12-31", "2022-12-31"), year("employees_full_time", "5")]
    never = bill("electricity_purchased", "1", "2020-12-31", "2021-01-01", record_id="never")
    twice = bill("electricity_purchased", "1", "2022-12-31", "2023-01-01", record_id="twice", excluded="duplicate of record other")
    away = bill("electricity_purchased", "1", "2022-12-31", "2023-01-01", record_id="away", site_id="S")

    assert across(tmp_path, *inside, never, twice, away, sites=register(site(), site("S", control="none"))) == []


def test_notes_on_year_ends_come_after_all_else(tmp_path: Path) -> None:
    bills = [bill("electricity_purchased", "2", "2022-12-31", "2023-01-01"), power("2023-01"), power("2023-03")]
    write_table(judged(computed(edition_of(tmp_path, BOTH), bills)), FINDINGS, tmp_path)
    checks = [line.split(",")[1] for line in (tmp_path / "findings.csv").read_text(encoding="utf-8-sig").splitlines()[1:]]

    assert checks.index("across_periods") > checks.index("coverage_gap")


# ---------------------------------------------------------------- gaps and estimates


def test_an_estimate_that_rests_on_a_flagged_record_says_so(tmp_path: Path) -> None:
    """May of this year came a thousand times too large; February is estimated by the change of the known months."""
    bills = [power(f"{number}-{month:02}", "100") for number in (2022, 2023) for month in range(1, 13) if (number, month) != (2023, 2)]
    slipped = [row | {"quantity": Decimal(100_000)} if row["start"] == day("2023-05-01") else row for row in bills]
    edition = edition_of(tmp_path, [POWER], EVERYWHERE + allowed("same_month_last_year"))
    result = computed(edition, slipped, meters=[MAIN])
    flagged = outliers_of(result.gaps.quantities)
    [finding] = (row for row in estimated_findings(edition, result.gaps, flagged) if row["period"] == "2023")
    [sound] = (row for row in estimated_findings(edition, computed(edition, bills, meters=[MAIN]).gaps, flagged.clear()) if row["period"] == "2023")

    assert (finding["severity"], finding["record_ids"]) == ("warning", "HQ E1 2023-05")
    assert finding["observed"].endswith("; some rest on 1 record flagged as unit_slip or outlier")
    assert finding["what_to_do"].startswith("Look at the flagged records first")
    assert (sound["record_ids"], "flagged" in sound["observed"]) == ("", False)


def test_a_gap_says_what_expects_it_and_which_share_came(tmp_path: Path) -> None:
    """310 kWh of January; February and March at ten a day would be 590 more."""
    meter = MAIN | {"valid_from": day("2023-01-01"), "valid_to": day("2023-03-31")}
    [finding] = found(computed(edition_of(tmp_path, BOTH), [power("2023-01", "310")], meters=[meter]), "coverage_gap")

    assert finding["observed"] == (
        "59 days missing in 2 site months, at HQ (2023-02 to 2023-03); expected 2 by the register of meters; received by quantity: 34.4 % of 2023 in edition e1"
    )
    assert finding["severity"] == "warning"


def test_a_gap_between_records_is_a_note(tmp_path: Path) -> None:
    [finding] = found(computed(edition_of(tmp_path, BOTH), [power("2023-01"), power("2023-03")]), "coverage_gap")

    assert finding["severity"] == "note"
    assert "expected 1 by the span of their records" in finding["observed"]


def test_estimates_say_how_much_by_which_method(tmp_path: Path) -> None:
    rules = EVERYWHERE + allowed("same_month_last_year")
    for limit, severity in (("0.05", "warning"), ("0.1", "note")):
        [finding] = found(computed(edition_of(tmp_path, BOTH, rules, incomplete_above=limit), two_years(), meters=[MAIN]), "estimated")
        assert finding["observed"] == "1320 kWh, 9.8 % of received and estimated, in 1 gaps at HQ, by same_month_last_year (1)"
        assert (finding["period"], finding["severity"], finding["subject"]) == ("2023", severity, "electricity_purchased")


def test_records_of_a_meter_that_the_register_does_not_name_are_told(tmp_path: Path) -> None:
    [finding] = found(computed(edition_of(tmp_path, BOTH), [power("2023-01"), power("2023-02", meter="E9")], meters=[MAIN]), "unknown_meter")

    assert (finding["subject"], finding["observed"]) == ("electricity_purchased at HQ", "records of E9 in 1 months: 2023-02")


def test_a_site_of_which_everything_is_missing_has_fallen_silent(tmp_path: Path) -> None:
    """The mark of what is missing is no report."""
    [finding] = found(computed(edition_of(tmp_path, BOTH), [power("2022-05")], meters=[MAIN]), "fell_silent")

    assert (finding["subject"], finding["period"]) == ("electricity_purchased", "2023")
