"""Lenses: the same records otherwise, side by side, with the difference in the KPI's unit and in percent."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.assurance.lenses import lenses_of
from esg_kpis.editions import Edition, read_edition
from esg_kpis.errors import InputProblem
from esg_kpis.factors import Library
from tests.scenario import (
    EVERYWHERE,
    Row,
    computed,
    edition_folder,
    edition_of,
    factor_row,
    gwp_row,
    kpi,
    library_of,
    real_library,
    register,
    rule,
    site,
    year,
)
from tests.test_market import BOTH, FACTORS, GRIDS, OURS, certificate, ledger
from tests.test_scope_1 import COOLING

GHG = kpi("ghg", "tCO2e", "emission_co2e")
REFILL = year("refrigerant_refill", "10", dimensions="refrigerant=HFC-134a")


def lens(more: str, name: str = "other") -> str:
    return f'[[lens]]\nid = "{name}"\ntext = "To see how much it matters."\n{more}\n'


def seen(edition: Edition, bills: list[Row], library: Library, *others: Edition, **given: object) -> dict[tuple[str, str], Row]:
    """Cells of 2023 through the lenses of an edition, by lens and KPI."""
    result = computed(edition, bills, library=library, **given)  # type: ignore[arg-type]
    frame = lenses_of(edition, (edition, *others), result.received, library, edition.rules.knowledge_date, result.values, result.published)
    return {(row["lens"], row["kpi_id"]): row for row in frame.filter(pl.col("period") == "2023").iter_rows(named=True)}


def test_another_gwp_set_with_the_difference_in_tonnes_and_percent(tmp_path: Path) -> None:
    """10 kg HFC-134a: 1,300 by AR5, 1,530 by AR6, 1,430 by AR4."""
    edition = edition_of(tmp_path, [GHG], EVERYWHERE + COOLING + lens('gwp_set = "AR6"', "ar6") + lens('gwp_set = "AR4"', "ar4"))

    cells = seen(edition, [REFILL], real_library())

    ar6, ar4 = cells["ar6", "ghg"], cells["ar4", "ghg"]
    assert (ar6["value"], ar6["lens_value"], ar6["difference"]) == (Decimal(13), Decimal("15.3"), Decimal("2.3"))
    assert (ar6["percent"], ar6["unit"]) == (Decimal("17.692307692307692308"), "tCO2e")
    assert (ar4["lens_value"], ar4["percent"]) == (Decimal("14.3"), Decimal(10))


def test_what_the_edition_has_is_left_as_it_is(tmp_path: Path) -> None:
    edition = edition_of(tmp_path, [GHG], EVERYWHERE + COOLING + lens('gwp_set = "AR6"'))
    result = computed(edition, [REFILL], library=real_library())

    assert set(result.amounts["gwp_set"].drop_nulls()) == {"AR5"}
    assert result.cell("ghg")["value"] == 13


def test_a_later_day_of_knowledge(tmp_path: Path) -> None:
    """A factor that came out after the edition: blocked in it, a number through the lens."""
    rules = rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2")
    edition = edition_of(tmp_path, [GHG], EVERYWHERE + rules + lens("knowledge_date = 2024-06-30"))
    library = library_of(tmp_path, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    later = Library(tuple(item if item.source_id != "mee" else _published(item, "2024-05-01") for item in library.factors), library.gas_groups, library.sources)

    cell = seen(edition, [year("electricity_purchased", "1000000")], later)["other", "ghg"]

    assert (cell["status"], cell["lens_status"], cell["lens_value"], cell["difference"]) == ("blocked", "ok", 500, None)


def _published(item: object, text: str) -> object:
    from dataclasses import replace

    from tests.scenario import day

    return replace(item, published=day(text))  # type: ignore[type-var]


def test_the_other_method_of_scope_2(tmp_path: Path) -> None:
    edition = edition_of(tmp_path, BOTH, EVERYWHERE + GRIDS + OURS + lens('scope_2_total = "market"'))
    library = library_of(tmp_path, {"mee": FACTORS}, [gwp_row("CO2", "1")])

    cells = seen(edition, [year("electricity_purchased", "1000000")], library, instruments=ledger(certificate()))

    assert [cells["other", name]["difference"] for name in ("location", "market", "total")] == [0, 0, Decimal(-140)]
    assert cells["other", "total"]["percent"] == -28


def test_another_boundary(tmp_path: Path) -> None:
    sites = register(site("HQ", business_line="Phones", ownership_share=Decimal("0.5")), site("EV", business_line="Cars"))
    bills = [year("refrigerant_refill", "10", dimensions="refrigerant=HFC-134a", site_id=name) for name in ("HQ", "EV")]
    rules = lens('where = { business_line = ["not Cars"] }', "like-for-like") + lens('consolidation = "equity_share"', "equity")

    cells = seen(edition_of(tmp_path, [GHG], EVERYWHERE + COOLING + rules), bills, real_library(), sites=sites)

    assert [cells[name, "ghg"]["lens_value"] for name in ("like-for-like", "equity")] == [13, Decimal("19.5")]


def test_the_rules_of_another_edition_and_rules_of_its_own(tmp_path: Path) -> None:
    one = rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2")
    other = rule("grid", "electricity_purchased", "emission_gas", "iea", "CO2", more='applies_to = ["2022", "2023"]')
    own = '[[lens]]\nid = "own"\ntext = "t"\n' + other.replace("[[factor_rule]]", "[[lens.factor_rule]]").replace('id = "grid"', 'id = "mine"')
    without = lens('without_rules = ["grid"]', "without")
    edition = edition_of(tmp_path / "a", [GHG], EVERYWHERE + one + lens('factor_rules_of = "e1"', "borrowed") + own + without)
    borrowed_from = edition_of(tmp_path / "b", [GHG], EVERYWHERE + other)
    library = library_of(tmp_path, {"mee": [factor_row()], "iea": [factor_row("iea", value="0.6")]}, [gwp_row("CO2", "1")])
    result = computed(edition, [year("electricity_purchased", "1000000")], library=library)

    frame = lenses_of(edition, [borrowed_from], result.received, library, edition.rules.knowledge_date, result.values, result.published).filter(pl.col("period") == "2023")

    assert {row["lens"]: row["lens_value"] for row in frame.iter_rows(named=True)} == {"borrowed": 600, "own": 600, "without": None}
    assert frame.filter(pl.col("lens") == "without")["lens_status"].to_list() == ["blocked"]


def test_what_an_exclusion_leaves_out(tmp_path: Path) -> None:
    left_out = '[[exclusion]]\nid = "cooling"\ngases = ["HFCs"]\ntext = "Not counted."\n'
    edition = edition_of(tmp_path, [GHG], EVERYWHERE + COOLING + left_out + lens('without_exclusions = ["cooling"]'))

    cell = seen(edition, [REFILL], real_library())["other", "ghg"]

    assert (cell["status"], cell["value"], cell["lens_value"]) == ("not_applicable", None, 13)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", "the lens 'other' changes nothing"),
        ('gwp_set = "AR7"', "There is no GWP set 'AR7'"),
        ('factor_rules_of = "e2"', "There is no edition 'e2'"),
        ('without_rules = ["grdi"]', "there is no factor rule 'grdi'. Did you mean 'grid'"),
        ('scope_2_total = "market"', "needs a [market_based] table"),
        ('where = { colour = ["red"] }', "there is no site attribute 'colour'"),
        ('gwp_set = "AR6"\nmethane = "one_value"', "AR6 values fossil and other methane apart"),
    ],
)
def test_a_lens_that_cannot_be_looked_through_is_named(tmp_path: Path, more: str, message: str) -> None:
    rules = EVERYWHERE + rule("grid", "electricity_purchased", "emission_gas", "mee", "CO2")
    folder = edition_folder(tmp_path, [GHG], rules + lens(more))

    with pytest.raises(InputProblem) as caught:
        seen(read_edition(folder), [year("electricity_purchased", "1")], real_library())

    assert message in str(caught.value)
