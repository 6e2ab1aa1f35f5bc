"""The organizational boundary: control or equity share, by the days on which it held. Source: GHG Protocol Corporate Standard (2004), chapters 3 and 5."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from esg_kpis.editions.boundary import record_fates
from esg_kpis.tables import METERS, OWNERSHIP, conform, empty
from tests.scenario import (
    EVERYWHERE,
    NO_FLAGS,
    Computed,
    Row,
    bill,
    computed,
    day,
    edition_of,
    kpi,
    records,
    register,
    rejected_row,
    site,
    year,
)

POWER = kpi("power", "kWh", "electricity_purchased")
AREA = kpi("area", "m2", "floor_area")


def owned(*spans: Row) -> pl.DataFrame:
    """Spans of `site_id`, control, share, first and last day."""
    rows = [{"record_id": f"own {number}", **span} for number, span in enumerate(spans)]
    return conform(pl.DataFrame(rows, schema=OWNERSHIP.schema), OWNERSHIP)


def span(first: str | None, last: str | None, share: str | None = None, control: str | None = None, site_id: str = "HQ") -> Row:
    share_owned = Decimal(share) if share else None
    return {"site_id": site_id, "valid_from": first and day(first), "valid_to": last and day(last), "ownership_share": share_owned, "control": control}


def by(tmp_path: Path, approach: str, bills: list[Row], *spans: Row, kpis: list[Row] | None = None, **given: Any) -> Computed:  # noqa: ANN401
    return computed(edition_of(tmp_path, kpis or [POWER], EVERYWHERE, consolidation=approach), bills, ownership=owned(*spans), **given)


def monthly(quantity: str = "310") -> list[Row]:
    return [bill("electricity_purchased", quantity, f"2023-{month:02}-01", f"2023-{month:02}-{last}") for month, last in ((1, 31), (2, 28), (3, 31))]


@pytest.mark.parametrize(("approach", "expected"), [("operational_control", "930"), ("financial_control", None), ("equity_share", "558")])
def test_a_joint_venture_by_each_approach(tmp_path: Path, approach: str, expected: str | None) -> None:
    """Operated by the group, which owns 60 %: all of it, nothing, or 0.6 x 930 kWh."""
    venture = register(site(ownership_share=Decimal("0.6")))

    cell = by(tmp_path, approach, monthly(), sites=venture).cell("power")

    assert cell["value"] == (Decimal(expected) if expected else None)


def test_a_share_that_changes_within_a_month_counts_by_its_days(tmp_path: Path) -> None:
    """40 % until 10 January, 100 % from the 11th: (10 x 0.4 + 21) / 31 of 310 kWh is 250 kWh; February and March whole."""
    cell = by(tmp_path, "equity_share", monthly(), span(None, "2023-01-10", "0.4")).cell("power")

    assert cell["value"] == Decimal(250) + 620


def test_a_last_bill_counts_by_its_own_days(tmp_path: Path) -> None:
    """Owned until 15 June: the bill of 1 to 15 June counts whole, the next owner's of 16 to 30 June not at all, one of the whole month by half."""
    bills = [bill("electricity_purchased", "1000", f"2023-06-{first}", f"2023-06-{last}", meter_id=first) for first, last in (("01", "15"), ("16", "30"))]
    whole = bill("electricity_purchased", "1000", "2023-06-01", "2023-06-30", meter_id="whole", record_id="whole")

    for approach, given in (("equity_share", span("2023-06-16", None, "0")), ("operational_control", span("2023-06-16", None, control="none"))):
        assert by(tmp_path, approach, bills, given).cell("power")["value"] == 1000
        assert by(tmp_path, approach, [whole], given).cell("power")["value"] == 500


def test_both_halves_of_what_is_split_add_up_to_what_came(tmp_path: Path) -> None:
    result = by(tmp_path, "equity_share", monthly(), span(None, "2023-01-10", "0.4"), span("2023-01-11", None, "0.7"))

    counted, left = (result.amounts.filter(pl.col("excluded").is_null() == counts)["quantity"].sum() for counts in (True, False))
    assert counted + left == 930
    assert result.cell("power")["value"] == 10 * (10 * Decimal("0.4") + 21 * Decimal("0.7")) + 434
    assert set(result.amounts["excluded"].drop_nulls()) == {"not consolidated by equity share: the other part counts, 60.3226 %", "not consolidated by equity share: the other part counts, 70 %"}
    assert result.amounts["amount_id"].is_unique().all()


@pytest.mark.parametrize(("spans", "expected"), [
    ([span("2023-02-01", None, control="none")], "310"),
    ([span(None, "2023-01-31", control="none")], "620"),
    ([span("2023-02-15", None, control="none")], "465"),  # 310 + 14 of 28 days
    ([span("2023-02-01", "2023-02-28", control="financial")], "620"),
])  # fmt: skip
def test_a_site_that_joins_or_leaves_within_a_year(tmp_path: Path, spans: list[Row], expected: str) -> None:
    assert by(tmp_path, "operational_control", monthly(), *spans).cell("power")["value"] == Decimal(expected)


def test_a_stock_counts_by_the_last_day_of_the_period(tmp_path: Path) -> None:
    result = by(tmp_path, "equity_share", [bill("floor_area", "1000", "2020-01-01", None)], span("2023-07-01", None, "0.25"), kpis=[AREA])

    assert result.cell("area", "2022")["value"] == 1000
    assert result.cell("area", "2023")["value"] == 250


def test_an_event_counts_by_its_day(tmp_path: Path) -> None:
    refill = kpi("refill", "kg", "refrigerant_refill")
    bills = [bill("refrigerant_refill", "10", text, text, dimensions="refrigerant=HFC-134a") for text in ("2023-06-30", "2023-07-01")]

    assert by(tmp_path, "equity_share", bills, span("2023-07-01", None, "0.5"), kpis=[refill]).cell("refill")["value"] == 15


def test_what_is_stated_for_the_group_counts_whole(tmp_path: Path) -> None:
    revenue = kpi("revenue", "RMB million", "revenue")

    assert by(tmp_path, "equity_share", [year("revenue", "100")], span(None, None, "0.5"), kpis=[revenue]).cell("revenue")["value"] == 100


def test_days_out_of_control_are_not_expected(tmp_path: Path) -> None:
    """From February on the site is nobody's business: that nothing came is no gap."""
    meters = [{"site_id": "HQ", "measure": "electricity_purchased", "meter_id": "E1", "valid_from": day("2023-01-01")}]
    bills = [bill("electricity_purchased", "310", "2023-01-01", "2023-01-31", meter_id="E1")]

    assert by(tmp_path, "operational_control", bills, meters=meters).cell("power")["status"] == "incomplete"
    assert by(tmp_path, "operational_control", bills, span("2023-02-01", None, control="none"), meters=meters).cell("power")["status"] == "ok"


def test_fates_say_how_much_of_a_record_counts(tmp_path: Path) -> None:
    result = by(tmp_path, "equity_share", monthly(), span("2023-02-01", None, "0.7"))
    ownership = owned(span("2023-02-01", None, "0.7"))

    fates = record_fates(
        records(result.amounts, ownership), result.rejected, result.sites, empty(METERS), result.amounts, NO_FLAGS, result.edition, ownership
    )

    told = {row["record_id"]: (row["fate"], row["share_used"], row["reason"]) for row in fates.iter_rows(named=True)}
    assert told["HQ electricity_purchased 2023-01-01"] == ("used", 1, None)
    assert told["HQ electricity_purchased 2023-02-01"] == ("used", Decimal("0.7"), "not consolidated by equity share: the other part counts, 70 %")
    assert told["own 0"] == ("used", 1, None)


def test_a_rejected_row_of_ownership_blocks_what_its_site_counts(tmp_path: Path) -> None:
    cell = by(tmp_path, "equity_share", monthly(), bad=[rejected_row("electricity_purchased", path="ownership/shares.csv")]).cell("power")

    assert cell["status"] == "blocked"


def test_a_rejected_record_of_a_site_that_never_counts_blocks_nothing(tmp_path: Path) -> None:
    sites = register(site("HQ"), site("FAR", control="none"))
    rows = [*monthly()]

    assert by(tmp_path, "operational_control", rows, sites=sites, bad=[rejected_row("electricity_purchased", site_id="FAR")]).cell("power")["value"] == 930
    assert by(tmp_path, "operational_control", rows, sites=sites, bad=[rejected_row("electricity_purchased", site_id="HQ")]).cell("power")["status"] == "blocked"


def test_what_is_derived_follows_the_share(tmp_path: Path) -> None:
    """Gas of a half-owned site: CO2 counts by half, and trace leads on to the record."""
    from tests.scenario import BURNT, real_library

    ghg = kpi("ghg", "kgCO2e", amounts=[{"measure": ["emission_co2e"], "gas_group": ["CO2"]}])
    edition = edition_of(tmp_path, [ghg], EVERYWHERE + BURNT, consolidation="equity_share")

    result = computed(edition, [year("natural_gas", "1000")], library=real_library(), ownership=owned(span(None, None, "0.5")))

    assert result.cell("ghg")["value"] == Decimal("1081.1")  # 1,000 Nm3 x 2.1622 kg / 2
    assert set(result.amounts.filter(pl.col("measure") == "emission_co2e")["record_id"]) == {"HQ natural_gas 2023-01-01"}
