"""Organic growth kept apart: sites that began or ended between two periods, sites of which another part counts, and all others."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.errors import UsageProblem
from esg_kpis.exact import rounded
from esg_kpis.restatement.growth import Growth, growth_of
from esg_kpis.tables import OWNERSHIP, conform
from tests.conftest import Ran
from tests.scenario import EVERYWHERE, GRID, Row, computed, edition_of, factor_row, gwp_row, kpi, library_of, register, site, year

GHG = kpi("ghg", "tCO2e", "emission_co2e")
TWICE = kpi("twice", "tCO2e/tCO2e", formula="ratio", numerator="ghg", denominator="ghg", unit_per="")


def grown(root: Path, bills: list[Row], sites: pl.DataFrame, ownership: pl.DataFrame | None = None, kpi_id: str = "ghg", **head: str) -> Growth:
    """Growth from 2022 to 2023 at 0.5 t/MWh in both years."""
    edition = edition_of(root, [GHG], EVERYWHERE + GRID, **head)
    library = library_of(root, {"mee": [factor_row(data_from="2022-01-01")]}, [gwp_row("CO2", "1")])
    result = computed(edition, bills, library=library, sites=sites, ownership=ownership)
    return growth_of(result.inputs, result.amounts, result.received.amounts, sites, result.received.ownership, result.values, kpi_id, "2022", "2023")


def power(site_id: str, mwh: int, number: int) -> Row:
    return year("electricity_purchased", str(1000 * mwh), number, site_id=site_id, record_id=f"{site_id} {number}")


def test_the_four_parts_by_hand(tmp_path: Path) -> None:
    """HQ 100 to 130 MWh; a factory opened in March 2023, 400; an office closed in June 2022, 60; together 80 to 265 t."""
    sites = register(site(), site("NEW", valid_from=date(2023, 3, 1)), site("OLD", valid_to=date(2022, 6, 30)))

    found = grown(tmp_path, [power("HQ", 100, 2022), power("HQ", 130, 2023), power("OLD", 60, 2022), power("NEW", 400, 2023)], sites)

    assert (found.before, found.after) == (80, 265)
    assert dict(found.parts) == {"organic_opened": Fraction(200), "organic_closed": Fraction(-30), "structural": Fraction(0), "like_for_like": Fraction(15)}
    assert found.organic == 170
    assert found.sites["organic_opened"] == (("NEW", Fraction(200)),)


def test_a_site_began_with_its_first_amount_where_the_register_does_not_say(tmp_path: Path) -> None:
    found = grown(tmp_path, [power("HQ", 100, 2022), power("HQ", 100, 2023), power("NEW", 10, 2023)], register(site(), site("NEW")))

    assert found.parts["organic_opened"] == 5


def test_a_site_that_was_there_and_of_which_another_part_counts_is_structural(tmp_path: Path) -> None:
    """Owned by 40 % in 2022 and wholly from 2023: 100 MWh each year are 20 and 50 t."""
    spans = [{"site_id": "HQ", "ownership_share": Decimal("0.4"), "valid_to": date(2022, 12, 31), "record_id": "a"}, {"site_id": "HQ", "ownership_share": Decimal(1), "valid_from": date(2023, 1, 1), "record_id": "b"}]
    ownership = conform(pl.DataFrame(spans, schema=OWNERSHIP.schema), OWNERSHIP)

    found = grown(tmp_path, [power("HQ", 100, 2022), power("HQ", 100, 2023)], register(site()), ownership, consolidation="equity_share")

    assert (found.before, found.after, found.parts["structural"], found.organic) == (20, 50, 30, 0)


def test_periods_stand_in_order_and_the_kpi_is_a_sum(tmp_path: Path) -> None:
    edition = edition_of(tmp_path, [GHG, TWICE | {"unit": "%", "formula": "share"}], EVERYWHERE + GRID)
    result = computed(edition, [power("HQ", 1, 2022), power("HQ", 1, 2023)], library=library_of(tmp_path, {"mee": [factor_row(data_from="2022-01-01")]}, [gwp_row("CO2", "1")]))

    for kpi_id, first, second, said in (("ghg", "2023", "2022", "does not lie before"), ("twice", "2022", "2023", "which has no parts by site"), ("ghg", "2022", "2024", "no period '2024'")):
        with pytest.raises(UsageProblem, match=said):
            growth_of(result.inputs, result.amounts, result.received.amounts, result.sites, result.received.ownership, result.values, kpi_id, first, second)


def test_people_are_not_told_apart_by_site(worked: Ran) -> None:
    from pipelines.restating import grown as asked

    with pytest.raises(UsageProblem, match="counts people"):
        asked(worked.root, worked.out, "employees_full_time", "2023", "2020", "2023")


def test_the_factory_is_organic_growth(worked: Ran) -> None:
    """2023 ESG report, footnote 75: 4,244.79 and 18,451.93 t of the automotive factory, which began in 2023."""
    from pipelines.restating import grown as asked

    found = asked(worked.root, worked.out, "ghg_scope_1_2", "2023", "2020", "2023")
    values = worked.table("kpi_values").filter((pl.col("edition") == "2023") & (pl.col("period") == "2023"))
    factory = values.filter((pl.col("breakdown") == "business_line") & pl.col("kpi_id").is_in(["ghg_scope_1", "ghg_scope_2"]))["value"].sum()

    assert dict(found.sites["organic_opened"])["CN-EV-01"] == Fraction(factory)
    assert sum(found.parts.values()) == found.after - found.before
    assert Fraction(values.filter((pl.col("kpi_id") == "ghg_scope_1_2") & (pl.col("breakdown") == "total"))["value"][0]) == Fraction(rounded(found.after))
