"""Scope 2 both ways: the ledger of instruments, what it covers, what is refused and why. Source: GHG Protocol Scope 2 Guidance (2015), chapter 7, Table 7.1."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from esg_kpis.assurance.market import claim_findings, fallback_findings
from esg_kpis.assurance.trace import trace
from esg_kpis.editions.boundary import record_fates
from esg_kpis.errors import InputProblem
from esg_kpis.factors.certificates import Certificates, certificates_of
from esg_kpis.tables import INSTRUMENTS, METERS, conform, empty
from tests.scenario import (
    EVERYWHERE,
    NO_FLAGS,
    Computed,
    Row,
    bill,
    computed,
    day,
    edition_of,
    factor_row,
    gwp_row,
    kpi,
    library_of,
    records,
    register,
    rule,
    site,
    year,
)

BOTH = [
    kpi("location", "tCO2e", amounts=[{"measure": ["emission_co2e"], "scope": ["2"], "basis": ["location"]}]),
    kpi("market", "tCO2e", amounts=[{"measure": ["emission_co2e"], "scope": ["2"], "basis": ["market"]}]),
    kpi("total", "tCO2e", amounts=[{"measure": ["emission_co2e"], "scope": ["1", "2"]}]),
]
GRIDS = (
    rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2", more='method = "average"')
    + rule("residual", "electricity_uncontracted", "emission_gas", "mee", "CO2", more='method = "excluding_market_traded"')
    + rule("fallback", "electricity_uncontracted", "emission_gas", "mee", "CO2", more='method = "average"')
    + rule("heat", "heat_purchased", "emission_gas", "mee", "CO2")
)
OURS = '[market_based]\nretired_for = ["Example Group"]\n'
FACTORS = [
    factor_row("avg", method="average", value="0.5"), factor_row("ex", method="excluding_market_traded", value="0.6"),
    factor_row("avg-hk", region="HK", method="average", value="0.7"), factor_row("heat", measure="heat_purchased", unit="t/GJ", value="0.1"),
]  # fmt: skip


def certificate(number: str = "GEC-1", volume: str = "400000", **given: Any) -> Row:  # noqa: ANN401
    """A green certificate of 400 MWh of wind of 2023, retired for the group in China, unless told otherwise."""
    row = {"site_id": "HQ", "instrument": number, "instrument_kind": "GEC", "registry": "NEA", "market": "CN", "energy_source": "wind", "volume": Decimal(volume), "emission_rate": Decimal(0)}
    days = {"vintage_from": "2023-01-01", "vintage_to": "2023-12-31", "retired_on": "2024-02-01", "claimed_from": "2023-01-01", "claimed_to": "2023-12-31"}
    days |= {name: given.pop(name) for name in list(given) if name in days}
    return row | {name: day(text) for name, text in days.items()} | {"retired_for": "Example Group", "record_id": f"ledger {number}"} | given


def ledger(*rows: Row) -> pl.DataFrame:
    return conform(pl.DataFrame(list(rows), schema=INSTRUMENTS.schema), INSTRUMENTS)


def bought(tmp_path: Path, *claims: Row, bills: list[Row] | None = None, rules: str = OURS, sites: pl.DataFrame | None = None, **head: str) -> Computed:
    """A thousand MWh of 2023 in Beijing, at 0.5 t/MWh on average and 0.6 t/MWh without what the market traded."""
    edition = edition_of(tmp_path, BOTH, EVERYWHERE + GRIDS + rules, **head)
    sent = [year("electricity_purchased", "1000000")] if bills is None else bills
    return computed(edition, sent, library=library_of(tmp_path, {"mee": FACTORS}, [gwp_row("CO2", "1")]), sites=sites, instruments=ledger(*claims))


def printed(result: Computed, *names: str) -> list[str | None]:
    return [result.cell(name)["printed"] for name in names]


def refused(result: Computed) -> list[str]:
    return result.market.claims.filter(~pl.col("accepted"))["reason"].to_list()


# ---------------------------------------------------------------- what counts


def test_without_instruments_all_takes_the_residual_mix(tmp_path: Path) -> None:
    result = bought(tmp_path)

    assert printed(result, "location", "market", "total") == ["500.00", "600.00", "500.00"]


def test_an_instrument_covers_its_volume_at_its_rate(tmp_path: Path) -> None:
    """400 MWh of wind at 0, 600 MWh at 0.6 t/MWh: 360 t. Location-based stays 500 t."""
    result = bought(tmp_path, certificate())

    assert printed(result, "location", "market") == ["500.00", "360.00"]
    assert result.market.claims["accepted"].to_list() == [True]


def test_a_contract_may_convey_a_rate_above_zero(tmp_path: Path) -> None:
    result = bought(tmp_path, certificate(emission_rate=Decimal("0.05"), instrument_kind="PPA"))

    assert printed(result, "market") == ["380.00"]  # 400 x 0.05 + 600 x 0.6


def test_totals_take_the_basis_of_the_edition_and_never_both(tmp_path: Path) -> None:
    result = bought(tmp_path, certificate(), rules=OURS, scope_2_total="market")

    assert printed(result, "location", "market", "total") == ["500.00", "360.00", "360.00"]


def test_heat_counts_in_both(tmp_path: Path) -> None:
    result = bought(tmp_path, certificate(), bills=[year("electricity_purchased", "1000000"), year("heat_purchased", "1000000")])

    assert printed(result, "location", "market", "total") == ["600.00", "460.00", "600.00"]
    assert set(result.amounts.filter((pl.col("origin") == "heat_purchased") & (pl.col("measure") == "emission_co2e"))["basis"]) == {"both"}


def test_what_is_covered_adds_up_to_the_volume_to_the_last_decimal(tmp_path: Path) -> None:
    sites = register(*(site(name) for name in ("A", "B", "C")), site("GROUP", kind="group"))
    bills = [bill("electricity_purchased", "1000.000000001", f"2023-{month:02}-01", f"2023-{month:02}-28", site_id=name) for month in (2, 3, 7) for name in ("A", "B", "C")]

    result = bought(tmp_path, certificate(volume="1000", site_id="GROUP"), certificate("GEC-2", "333.333333333", site_id="B"), bills=bills, sites=sites)

    covered = result.amounts.filter(pl.col("measure") == "electricity_contracted")
    assert covered.group_by("dimensions").agg(pl.col("quantity").sum()).sort("dimensions")["quantity"].to_list() == [Decimal(1000), Decimal("333.333333333")]
    parted = result.amounts.filter(pl.col("measure").is_in(["electricity_contracted", "electricity_uncontracted"]))
    assert parted["quantity"].sum() == Decimal("9000.000000009")
    assert (parted["quantity"] >= 0).all()
    assert set(covered.filter(pl.col("dimensions").str.contains("GEC-2"))["site_id"]) == {"B"}


def test_without_a_residual_factor_the_stated_fallback_serves_and_a_finding_says_so(tmp_path: Path) -> None:
    sites = register(site("HQ"), site("HK", country="HK", grid_region="HK"))
    result = bought(tmp_path, bills=[year("electricity_purchased", "1000000"), year("electricity_purchased", "1000000", site_id="HK")], sites=sites)

    assert printed(result, "market") == ["1300.00"]  # 600 + 700
    [finding] = fallback_findings(result.applied.uses, result.inputs.library)
    assert "1000000 kWh that no instrument covers take avg-hk, an average of what a grid delivers, by rule fallback" in finding["observed"]


def test_a_total_without_a_rule_for_what_is_left_is_blocked(tmp_path: Path) -> None:
    edition = edition_of(tmp_path, BOTH, EVERYWHERE + rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2", more='method = "average"') + OURS)

    result = computed(edition, [year("electricity_purchased", "1000000")], library=library_of(tmp_path, {"mee": FACTORS}, [gwp_row("CO2", "1")]), instruments=ledger(certificate()))

    assert result.cell("market")["status"] == "blocked"
    assert "No rule of the edition leads from electricity_uncontracted to emissions" in result.cell("market")["reason"]
    assert result.cell("location")["printed"] == "500.00"


def test_an_edition_without_the_method_claims_nothing(tmp_path: Path) -> None:
    edition = edition_of(tmp_path, [BOTH[0], BOTH[2]], EVERYWHERE + GRIDS)
    result = computed(edition, [year("electricity_purchased", "1000000")], library=library_of(tmp_path, {"mee": FACTORS}, [gwp_row("CO2", "1")]), instruments=ledger(certificate()))

    assert result.market.claims.is_empty()
    assert printed(result, "location", "total") == ["500.00", "500.00"]


def test_a_kpi_of_the_market_needs_the_method(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match=r"KPI 'market' is of the basis market, and edition.toml has no \[market_based\]"):
        bought(tmp_path, rules="")


def test_energy_of_the_load_is_counted_once(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="'electricity_uncontracted' leads to emissions only"):
        bought(tmp_path, rules=OURS + rule("energy", "electricity_uncontracted", "energy_standard_coal", "gbt-2589-2020"))


def test_the_instruments_of_a_site_that_counts_in_part_count_by_that_part(tmp_path: Path) -> None:
    """A venture of 60 %: of 1,000 MWh bought 600 count, of 400 MWh claimed 240; what is left is 360 MWh at 0.6 t."""
    sites = register(site("HQ", ownership_share=Decimal("0.6")))

    result = bought(tmp_path, certificate(), sites=sites, consolidation="equity_share")

    assert printed(result, "location", "market") == ["300.00", "216.00"]
    assert result.market.claims.select("volume", "counts", "load").row(0) == (400000, 240000, 600000)
    assert refused(bought(tmp_path, certificate(volume="1000000"), sites=sites, consolidation="equity_share")) == []
    assert refused(bought(tmp_path, certificate(volume="1000001"), sites=sites, consolidation="equity_share")) == [
        "is larger than the load it may cover: 600000.6 kWh of 600000 kWh left; claim no more than that"
    ]


def test_a_range_holds_one_mwh_a_certificate(tmp_path: Path) -> None:
    assert refused(bought(tmp_path, certificate("W0001-0400", "400000"))) == []
    assert refused(bought(tmp_path, certificate("W0001-0400", "400001"))) == ["is of 400 certificates, each of 1 MWh; 400001 kWh are claimed of them"]


def test_trace_of_the_market_leads_to_the_ledger(tmp_path: Path) -> None:
    result = bought(tmp_path, certificate())
    tables = result.tables()
    known = records(result.amounts, result.sites, ledger(certificate()))
    walk = trace(replace(tables, records=known), result.inputs, "market", "2023", "total", "All")

    [part] = walk["parts"]
    assert "ledger GEC-1" in {record["record_id"] for record in part["records"]}
    assert {(factor["factor_id"], factor["rule"]) for factor in part["factors"]} == {("instrument ledger GEC-1", "contractual-instruments"), ("ex", "residual"), ("gwp100-ar5-co2", "gwp-ar5")}
    assert "the rate that the instrument conveys" in next(factor["why"] for factor in part["factors"] if factor["factor_id"].startswith("instrument"))


# ---------------------------------------------------------------- what is refused: the market-based total is shown without it

WITHOUT = "600.00"


def test_a_certificate_used_twice(tmp_path: Path) -> None:
    result = bought(tmp_path, certificate(), certificate(record_id="ledger again"))

    assert printed(result, "market") == [WITHOUT]
    assert refused(result) == ["is claimed twice: also by record ledger again (GEC-1)", "is claimed twice: also by record ledger GEC-1 (GEC-1)"]


@pytest.mark.parametrize(("one", "other"), [("W 0001-0400", "W0350-0500"), ("gec-1", "GEC-1 "), ("A1-A9", "A5"), ("GOOD-0001-0500", "GOOD 0350"), ("GOOD-0001–0500", "good_0001-0500")])
def test_numbers_that_share_certificates_are_used_twice(tmp_path: Path, one: str, other: str) -> None:
    assert printed(bought(tmp_path, certificate(one, "100"), certificate(other, "100")), "market") == [WITHOUT]


@pytest.mark.parametrize(("one", "other"), [("W0001-0400", "W0401-0500"), ("A1", "B1"), ("A1-A9", "A10")])
def test_numbers_that_share_none_are_not(tmp_path: Path, one: str, other: str) -> None:
    assert refused(bought(tmp_path, certificate(one, "100"), certificate(other, "100"))) == []


@pytest.mark.parametrize(
    ("text", "head", "first", "last"),
    [
        ("W0001-0400", "w", 1, 400), ("GEC-2023-0001-0500", "gec2023", 1, 500), ("GEC-2023-5000", "gec2023", 5000, 5000), ("W2001-2400", "w", 2001, 2400), ("2001-2400", "", 2001, 2400),
        ("Q1051-150", "q", 1051, 1150), ("Q0001-0100 wind", "q", 1, 100), ("W0001–W0400", "w", 1, 400), ("GEC 700001", "gec", 700001, 700001), ("REG-12-0050", "reg12", 50, 50),
        ("Ｗ０００１－０４００", "w", 1, 400), ("A1-A9", "a", 1, 9), ("W1-400", "w", 1, 400), ("W0400-0001", "w0400", 1, 1), ("2023-01-0001 至 2023-01-0050", "202301", 1, 50),
    ],
)  # fmt: skip
def test_what_a_number_of_certificates_stands_for(text: str, head: str, first: int, last: int) -> None:
    assert certificates_of(text) == Certificates(head, first, last)


def test_numbers_of_years_spellings_and_registries_do_not_hide_a_second_claim(tmp_path: Path) -> None:
    for one, other, registry in (
        ("GEC-2023-0001-0500", "GEC-2023-0051-0450", "NEA"), ("Q0001-0100 wind", "Q0001-0100 Wind farm", "NEA"), ("Q1001-1100", "Q1051-150", "NEA"), ("GOOD-1", "GOOD-1", "N. E. A."),
    ):  # fmt: skip
        assert printed(bought(tmp_path, certificate(one, "10"), certificate(other, "10", registry=registry, record_id="again")), "market") == [WITHOUT]


def test_contracts_are_told_apart_by_their_words(tmp_path: Path) -> None:
    claims = [certificate(number, "10", instrument_kind="PPA", record_id=number) for number in ("PPA-1-1", "PPA-11", "PPA 1 2", "PPA-2020-2029")]

    assert refused(bought(tmp_path, *claims)) == []


def test_the_world_is_no_market(tmp_path: Path) -> None:
    assert refused(bought(tmp_path, certificate(market="GLOBAL"))) == ["is of the market GLOBAL, in which the site HQ does not lie"]


def test_retired_before_it_was_generated(tmp_path: Path) -> None:
    assert refused(bought(tmp_path, certificate(retired_on="2022-06-01"))) == ["was retired on 2022-06-01, before it was generated"]
    assert refused(bought(tmp_path, certificate(retired_on="2022-06-01", instrument_kind="PPA"))) == []


def test_what_a_site_feeds_back_is_no_load(tmp_path: Path) -> None:
    """100 and 60 MWh bought, 140 MWh fed back at a third site: 20 MWh cover 12.5 and 7.5 of them, and nothing of the third."""
    sites = register(*(site(name) for name in ("A", "B", "C")), site("GROUP", kind="group"))
    bills = [year("electricity_purchased", quantity, site_id=name) for name, quantity in (("A", "100000"), ("B", "60000"), ("C", "-140000"))]

    result = bought(tmp_path, certificate(volume="20000", site_id="GROUP"), bills=bills, sites=sites)

    covered = result.amounts.filter(pl.col("measure") == "electricity_contracted").group_by("site_id").agg(pl.col("quantity").sum()).sort("site_id")
    assert [(name, round(value, 6)) for name, value in covered.rows()] == [("A", 12500), ("B", 7500)]
    assert covered["quantity"].sum() == 20000
    assert printed(result, "market") == ["0.00"]  # 87.5 + 52.5 - 140 MWh
    assert result.market.claims["load"].to_list() == [160000]


def test_the_same_number_of_two_registries_is_not_the_same_certificate(tmp_path: Path) -> None:
    assert refused(bought(tmp_path, certificate(volume="100"), certificate(volume="100", registry="I-TRACK", record_id="other"))) == []


def test_of_the_wrong_market(tmp_path: Path) -> None:
    result = bought(tmp_path, certificate(market="DE"))

    assert printed(result, "market") == [WITHOUT]
    assert refused(result) == ["is of the market DE, in which the site HQ does not lie"]


def test_a_market_may_be_several_countries(tmp_path: Path) -> None:
    rules = OURS + 'markets = { EU = ["DE", "FR"], Both = ["CN", "HK"] }\n'

    assert refused(bought(tmp_path, certificate(market="Both"), rules=rules)) == []
    assert refused(bought(tmp_path, certificate(market="EU"), rules=rules)) == ["is of the market EU, in which the site HQ does not lie"]


def test_of_the_wrong_vintage(tmp_path: Path) -> None:
    claim = certificate(vintage_from="2021-07-01", vintage_to="2021-12-31")
    result = bought(tmp_path, claim)

    assert printed(result, "market") == [WITHOUT]
    assert refused(result) == ["is of the vintage 2021-07-01 to 2021-12-31; for consumption of 2023-01-01 to 2023-12-31 the edition takes 2023-01-01 to 2023-12-31"]
    assert refused(bought(tmp_path, claim, rules=OURS + "vintage_months_before = 18\n")) == []


def test_beyond_the_load(tmp_path: Path) -> None:
    result = bought(tmp_path, certificate(volume="1000001"))

    assert printed(result, "market") == [WITHOUT]
    assert refused(result) == ["is larger than the load it may cover: 1000001 kWh of 1000000 kWh left; claim no more than that"]
    assert refused(bought(tmp_path, certificate(volume="1000000"))) == []


def test_a_second_claim_may_take_what_the_first_left_and_no_more(tmp_path: Path) -> None:
    first, second = certificate(volume="700000"), certificate("GEC-2", "300000", retired_on="2024-03-01")

    assert printed(bought(tmp_path, first, second), "market") == ["0.00"]
    result = bought(tmp_path, first, second | {"volume": Decimal("300000.000000001")})
    assert printed(result, "market") == ["180.00"]
    assert refused(result) == ["is larger than the load it may cover: 300000.000000001 kWh of 300000 kWh left; claim no more than that"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"retired_for": "Somebody Else"}, "was retired for Somebody Else, not for Example Group"),
        ({"retired_on": "2024-04-10"}, "was retired on 2024-04-10, after the knowledge date 2024-04-09"),
        ({"claimed_to": "2024-06-30", "vintage_to": "2024-06-30", "retired_on": "2024-03-01"}, "is claimed for days outside the period 2023 too: 2023-01-01 to 2024-06-30; give each period a claim of its own"),
        ({"claimed_from": "2022-07-01", "vintage_from": "2022-07-01"}, "is claimed for days of several periods: 2022, 2023; give each period a claim of its own"),
    ],
)
def test_quality_criteria(tmp_path: Path, given: Row, reason: str) -> None:
    result = bought(tmp_path, certificate(**given))

    assert refused(result) == [reason]
    assert printed(result, "market") == [WITHOUT]


def test_a_claim_covers_only_the_months_it_is_for(tmp_path: Path) -> None:
    bills = [bill("electricity_purchased", "1000", "2023-01-01", "2023-01-31"), bill("electricity_purchased", "1000", "2023-02-01", "2023-02-28")]

    of_january = {"claimed_to": "2023-01-31", "vintage_to": "2023-01-31"}

    assert refused(bought(tmp_path, certificate(volume="1500", **of_january), bills=bills)) == ["is larger than the load it may cover: 1500 kWh of 1000 kWh left; claim no more than that"]
    assert refused(bought(tmp_path, certificate(volume="1000", **of_january), bills=bills)) == []


def test_every_claim_has_a_fate_and_every_refusal_a_finding(tmp_path: Path) -> None:
    result = bought(tmp_path, certificate(volume="100"), certificate("GEC-2", market="DE"), certificate("GEC-3", vintage_from="2019-01-01", vintage_to="2019-12-31", claimed_from="2019-01-01", claimed_to="2019-12-31"))
    instruments = ledger(certificate(volume="100"), certificate("GEC-2", market="DE"), certificate("GEC-3"))

    fates = record_fates(records(instruments), result.rejected, result.sites, empty(METERS), result.amounts, NO_FLAGS, result.edition, None, instruments, result.market.claims)

    assert {row["record_id"]: (row["fate"], row["reason"]) for row in fates.iter_rows(named=True)} == {
        "ledger GEC-1": ("used", None),
        "ledger GEC-2": ("excluded", "the claim is of the market DE, in which the site HQ does not lie"),
        "ledger GEC-3": ("excluded", "an instrument that this edition does not claim: of other periods, or without the market-based method"),
    }
    [finding] = claim_findings(result.market.claims)
    assert (finding["severity"], finding["record_ids"]) == ("error", "ledger GEC-2")
