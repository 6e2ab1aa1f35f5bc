"""Uncertainty by approach 1 of the IPCC: every case by hand, what is one error and what are two, and what is not stated."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.assurance.propagation import Activity, Linear, difference, of_terms, propagated, qualities, quotient, way_of
from esg_kpis.assurance.uncertainty import uncertainty_of
from esg_kpis.errors import InputProblem
from esg_kpis.exact import printed, square_root
from esg_kpis.factors import Library
from esg_kpis.tables import EDITION_AMOUNTS, conform
from tests.conftest import run_workspace
from tests.scenario import (
    EVERYWHERE,
    GRID,
    NO_FACTORS,
    Computed,
    Row,
    bill,
    computed,
    day,
    edition_folder,
    edition_of,
    factor_row,
    gwp_row,
    kpi,
    library_folder,
    library_of,
    quantities,
    real_library,
    register,
    rule,
    site,
    year,
)
from tests.test_estimates import counted

GHG = kpi("ghg", "tCO2e", "emission_co2e")
POWER = kpi("power", "kWh", "electricity_purchased")
BY_SITE = {"breakdowns": [{"name": "total", "categories": {"All": {}}}, {"name": "site", "each": "site_id"}]}


def stated(entry_id: str, percent: str, **names: str) -> str:
    """An [[uncertainty]]; `names` are further keys as TOML."""
    lines = [f'[[uncertainty]]\nid = "{entry_id}"\npercent = "{percent}"\ntext = "Assumed for the test."', *(f"{key} = {value}" for key, value in names.items())]
    return "\n".join(lines) + "\n"


METERS_2 = stated("meters", "2", measures='["electricity_purchased"]')
GRID_5 = stated("grid", "5", factors='["grid-cn"]')


class Told:
    """The two tables of an edition, cell by cell."""

    def __init__(self, result: Computed, bills: Sequence[Row], *, reverse: bool = False) -> None:
        order = (lambda frame: frame.reverse()) if reverse else (lambda frame: frame)
        frames = (result.values, result.amounts, quantities(*bills), result.filled.estimates, result.sites)
        self.cells, self.sources = uncertainty_of(*map(order, frames), result.inputs)

    def cell(self, kpi_id: str, category: str = "All") -> Row:
        """The row of a cell of 2023."""
        return self.cells.filter((pl.col("kpi_id") == kpi_id) & (pl.col("category") == category) & (pl.col("period") == "2023")).row(0, named=True)

    def percent(self, kpi_id: str, category: str = "All", decimals: int = 2) -> str:
        """Its percentage, as a report prints it."""
        return printed(Fraction(self.cell(kpi_id, category)["percent"]), decimals)

    def most(self, kpi_id: str, category: str = "All") -> list[tuple[str, str, str]]:
        """Its sources: name, own percentage, contribution."""
        rows = self.sources.filter((pl.col("kpi_id") == kpi_id) & (pl.col("category") == category) & (pl.col("period") == "2023")).sort("rank")
        return [(row["source"], printed(Fraction(row["own_percent"]), 2), printed(Fraction(row["contribution_percent"]), 2)) for row in rows.iter_rows(named=True)]


def told(tmp_path: Path, kpis: Sequence[Row], bills: Sequence[Row], rules: str, library: Library | None = None, sites: pl.DataFrame | None = None, **more: object) -> Told:
    """The uncertainty of an edition, from its bills on; a grid factor of China and the GWP of CO2, unless told otherwise."""
    known = library_of(tmp_path, {"mee": [factor_row()]}, [gwp_row("CO2", "1")]) if library is None else library
    result = computed(edition_of(tmp_path, kpis, EVERYWHERE + rules), bills, library=known, sites=sites, **more)  # type: ignore[arg-type]
    return Told(result, bills)


def forty(kwh: str = "1000") -> list[Row]:
    return [year("electricity_purchased", kwh, meter_id=f"E{number}", record_id=f"bill {number}") for number in range(1, 41)]


# ---------------------------------------------------------------- what is one error and what are two


def test_forty_meters_on_one_grid_factor_are_as_uncertain_as_the_factor(tmp_path: Path) -> None:
    """2 % of each of forty meters is 2 / sqrt(40) = 0.316 % of their sum, and the factor's 5 % stays: sqrt(0.1 + 25) = 5.01. As forty factors it would be sqrt(29 / 40) = 0.85."""
    found = told(tmp_path, [GHG, POWER], forty(), GRID + METERS_2 + GRID_5)

    assert found.percent("ghg") == "5.01"
    assert found.cell("ghg")["percent"] == square_root(Fraction(251, 10))
    assert found.percent("power") == "0.32"
    first, second, third = found.most("ghg")
    assert first == ("factor grid-cn", "5.00", "99.60")
    assert second == ("meter E1 at site HQ, electricity_purchased", "2.00", "0.01")
    assert third[1:] == second[1:]


def test_bills_of_one_meter_are_one_source(tmp_path: Path) -> None:
    """Twelve bills of one meter are off by the same error: 2 %, not 2 / sqrt(12) %."""
    months = [bill("electricity_purchased", str(100 * month), f"2023-{month:02}-01", f"2023-{month:02}-28", meter_id="E1") for month in range(1, 13)]
    found = told(tmp_path, [POWER], months, METERS_2)

    assert found.cell("power")["percent"] == 2
    assert found.most("power") == [("meter E1 at site HQ, electricity_purchased", "2.00", "100.00")]


def test_bills_without_a_meter_are_one_source_per_site(tmp_path: Path) -> None:
    """3 and 4 MWh at two sites, two bills at each: sqrt(3^2 + 4^2) / 7 x 2 % = 1.43 %."""
    bills = [
        bill("electricity_purchased", kwh, f"2023-{month}-01", f"2023-{month}-28", site_id=at)
        for at, kwh, month in (("A", "1000", "01"), ("A", "2000", "02"), ("B", "2500", "01"), ("B", "1500", "02"))
    ]
    found = told(tmp_path, [POWER | BY_SITE], bills, METERS_2, sites=register(site("A"), site("B")))

    assert found.percent("power") == "1.43"
    assert found.percent("power", "A") == "2.00"
    assert found.most("power") == [("electricity_purchased at site B", "2.00", "64.00"), ("electricity_purchased at site A", "2.00", "36.00")]


def test_two_fuels_by_hand(tmp_path: Path) -> None:
    """2006 IPCC Guidelines, volume 1, chapter 3, p. 3.28.

    Equation 3.1: gas sqrt(3^2 + 4^2) = 5 %, diesel sqrt(5^2 + 12^2) = 13 %. Equation 3.2: of 2 t and 3 t, sqrt((2 x 5)^2 + (3 x 13)^2) / 5 = sqrt(1621) / 5 = 8.05 %.
    """
    rows = [
        factor_row("gas", measure="natural_gas", value="2", unit="kg/Nm3"),
        factor_row("diesel", measure="diesel", value="3", unit="kg/kg"),
    ]
    rules = rule("gas", "natural_gas", "emission_gas", "burnt", "CO2") + rule("diesel", "diesel", "emission_gas", "burnt", "CO2")
    rules += stated("gas meter", "3", measures='["natural_gas"]') + stated("tank", "5", measures='["diesel"]')
    rules += stated("gas factor", "4", factors='["gas"]') + stated("diesel factor", "12", sources='["burnt"]')
    library = library_of(tmp_path, {"burnt": rows}, [gwp_row("CO2", "1")])
    found = told(tmp_path, [GHG], [year("natural_gas", "1000"), year("diesel", "1000")], rules, library)

    assert found.cell("ghg")["percent"] == square_root(Fraction(1621, 25))
    assert found.percent("ghg") == "8.05"
    assert [source for source, _, _ in found.most("ghg")] == ["factor diesel", "diesel at site HQ", "factor gas"]
    assert [share for _, _, share in found.most("ghg")] == [printed(Fraction(100 * part, 1621), 2) for part in (36 * 36, 15 * 15, 8 * 8)]


def test_an_estimate_for_a_meter_shares_its_error(tmp_path: Path) -> None:
    """Half of the year is estimated at 20 %, half of it read at 2 %, by one meter: the errors add up, (10 x 2 + 2 x 20) / 12 = 5 %, for ten months read and two estimated."""
    meter = {"measure": "electricity_purchased", "meter_id": "E1", "valid_from": day("2023-01-01"), "valid_to": day("2023-12-31")}
    read = [bill("electricity_purchased", str(days), f"2023-{month:02}-01", f"2023-{month:02}-{days}", meter_id="E1") for month, days in DAYS.items() if month not in (4, 9)]
    allowed = '[[estimate]]\nid = "mean"\nmethod = "mean_of_neighbouring_months"\nmeasures = ["electricity_purchased"]\ntext = "t"\n'
    rules = allowed + stated("guess", "20", measures='["electricity_purchased"]', quality='["estimated"]') + METERS_2
    found = told(tmp_path, [POWER], read, rules, meters=[meter])

    cell = found.cell("power")
    assert Fraction(cell["percent"]) == Fraction(square_root(Fraction(2 * 305 + 20 * 60, 365) ** 2))
    assert (printed(Fraction(cell["quality_measured"]), 2), printed(Fraction(cell["quality_estimated"]), 2)) == ("83.56", "16.44")
    [(source, own, share)] = found.most("power")
    assert (source, own, share) == ("meter E1 at site HQ, electricity_purchased", "4.96", "100.00")


DAYS = {month: (date.replace(month=month % 12 + 1) - date).days if month < 12 else 31 for month, date in ((number, day(f"2023-{number:02}-01")) for number in range(1, 13))}

# ---------------------------------------------------------------- quotients and differences


def two_sites(tmp_path: Path, *kpis: Row, rules: str = GRID + METERS_2 + GRID_5) -> Told:
    """30 MWh at A and 70 MWh at B, and revenue."""
    bills = [year("electricity_purchased", "30000", site_id="A"), year("electricity_purchased", "70000", site_id="B"), year("revenue", "50", site_id="A")]
    own = [kpi(name, "tCO2e", amounts=[{"measure": "emission_co2e", "where": {"site_id": [name.upper()]}}]) for name in ("a", "b")]
    return told(tmp_path, [GHG, kpi("revenue", "RMB million", "revenue"), *own, *kpis], bills, rules, sites=register(site("A"), site("B")))


def test_what_moves_part_and_whole_alike_does_not_move_the_share(tmp_path: Path) -> None:
    """A is 30 % of the whole: each meter's 2 % moves it by 0.7 x 2 %, up or down, sqrt(2) x 1.4 = 1.98; the factor does not move it, be it stated or not."""
    share = kpi("share", "%", formula="share", numerator="a", denominator="ghg")
    for rules in (GRID + METERS_2 + GRID_5, GRID + METERS_2):
        found = two_sites(tmp_path, share, rules=rules)
        assert found.cell("share")["percent"] == square_root(Fraction(98, 25))
        assert found.most("share") == [(f"electricity_purchased at site {name}", "2.00", "50.00") for name in ("A", "B")]


def test_a_ratio_has_the_uncertainty_of_both(tmp_path: Path) -> None:
    """Whole: sqrt((0.3 x 2)^2 + (0.7 x 2)^2 + 5^2 + 1^2) = 5.32."""
    per = kpi("per", "t/RMB million", formula="ratio", numerator="ghg", denominator="revenue")
    found = two_sites(tmp_path, per, rules=GRID + METERS_2 + GRID_5 + stated("books", "1", measures='["revenue"]'))

    assert found.cell("per")["percent"] == square_root(Fraction("0.36") + Fraction("1.96") + 25 + 1)
    assert (found.cell("per")["quality_measured"], found.cell("per")["quality_stated"]) == (50, 50)
    assert [source for source, _, _ in found.most("per")] == ["factor grid-cn", "electricity_purchased at site B", "revenue at site A"]


def test_a_denominator_that_two_ratios_share_cancels(tmp_path: Path) -> None:
    """(a / revenue) / (b / revenue): neither revenue, of which nothing is stated, nor the factor moves it; sqrt(2^2 + 2^2) = 2.83."""
    ratios = [kpi(f"{name}_per", "t/RMB million", formula="ratio", numerator=name, denominator="revenue") for name in ("a", "b")]
    found = two_sites(tmp_path, *ratios, kpi("of_each", "%", formula="share", numerator="a_per", denominator="b_per"))

    assert found.cell("of_each")["percent"] == square_root(Fraction(8))
    assert found.cell("a_per")["status"] == "not_stated"


def test_a_difference_is_as_uncertain_as_it_is_small(tmp_path: Path) -> None:
    """70 - 30 = 40: meters sqrt(0.6^2 + 1.4^2) of 40, factor 5 %; and what is zero has no percentage."""
    gap = kpi("gap", "tCO2e", formula="difference", numerator="b", denominator="a")
    none = kpi("none", "tCO2e", formula="difference", numerator="a", denominator="a")
    found = two_sites(tmp_path, gap, none)

    assert found.cell("gap")["percent"] == square_root(Fraction("2.32") * Fraction(100, 40) ** 2 + 25)
    assert (found.cell("none")["status"], found.cell("none")["percent"]) == ("not_applicable", None)
    assert "zero" in found.cell("none")["reason"]


def test_a_factor_that_multiplies_and_divides_is_gone(tmp_path: Path) -> None:
    """Electricity in coal equivalent, divided by the very factor that led there, is electricity again: the factor needs no uncertainty."""
    total = kpi("total", "MWh", amounts=[{"measure": ["energy_standard_coal"]}], per_factor={"measure": "electricity_purchased", "output": "energy_standard_coal"})
    coal = rule("coal", "electricity_purchased", "energy_standard_coal", "gbt-2589-2020", more='data_year = 2022\napplies_to = ["2022", "2023"]\nfactor_region = "CN"\ntext = "t"')
    found = told(tmp_path, [total], [year("electricity_purchased", "1000")], coal + METERS_2, real_library())

    assert found.cell("total")["percent"] == 2


# ---------------------------------------------------------------- what is not stated


def test_what_lacks_an_uncertainty_is_named_and_never_zero(tmp_path: Path) -> None:
    bills = [year("electricity_purchased", "3000", meter_id="E1"), year("electricity_purchased", "1000", site_id="B")]
    only_hq = stated("meters", "2", measures='["electricity_purchased"]', where='{ site_id = ["HQ"] }')
    found = told(tmp_path, [GHG, POWER], bills, GRID + only_hq, sites=register(site(), site("B")))

    assert (found.cell("power")["status"], found.cell("power")["percent"]) == ("not_stated", None)
    assert found.cell("power")["reason"].startswith(
        "no uncertainty is stated for 1 of 2 sources, through which 25.0 % of it goes: electricity_purchased at site B (measured). Add an [[uncertainty]]"
    )
    assert "for 2 of 3 sources, through which 100.0 % of it goes: factor grid-cn; electricity_purchased at site B (measured)" in found.cell("ghg")["reason"]
    assert found.most("ghg") == []
    assert found.cell("power")["quality_measured"] == 100


def test_zero_is_a_decision_with_a_text(tmp_path: Path) -> None:
    found = told(tmp_path, [GHG, POWER], [year("electricity_purchased", "3000")], GRID + stated("exact", "0", measures='["electricity_purchased"]') + GRID_5)

    assert (found.cell("power")["status"], found.cell("power")["percent"], found.most("power")) == ("ok", 0, [])
    assert (found.cell("ghg")["percent"], found.most("ghg")) == (5, [("factor grid-cn", "5.00", "100.00")])
    with pytest.raises(InputProblem, match="needs a text"):
        edition_of(tmp_path, [GHG], EVERYWHERE + GRID_5.replace("Assumed for the test.", " "))


def test_a_factor_keeps_its_own_uncertainty_unless_the_edition_gives_another(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    own = replace(library, factors=tuple(replace(factor, uncertainty=Decimal(7)) if factor.factor_id == "grid-cn" else factor for factor in library.factors))
    exact = stated("exact", "0", measures='["electricity_purchased"]')

    assert told(tmp_path, [GHG], forty(), GRID + exact, own).cell("ghg")["percent"] == 7
    assert told(tmp_path, [GHG], forty(), GRID + exact + GRID_5, own).cell("ghg")["percent"] == 5
    assert told(tmp_path, [GHG], forty(), GRID + exact + stated("other year", "5", factors='["grid-cn"]', periods='["2022"]'), own).cell("ghg")["percent"] == 7


def methane(tmp_path: Path, *more: str) -> Told:
    rows = [factor_row("burnt-co2", measure="natural_gas", value="2", unit="kg/Nm3"), factor_row("burnt-ch4", measure="natural_gas", gas="CH4", value="0.1", unit="kg/Nm3")]
    library = library_of(tmp_path, {"burnt": rows}, [gwp_row("CO2", "1"), gwp_row("CH4", "28")])
    rules = rule("gas", "natural_gas", "emission_gas", "burnt", "CO2", "CH4") + stated("meter", "0", measures='["natural_gas"]') + stated("burnt", "10", sources='["burnt"]')
    return told(tmp_path, [GHG], [year("natural_gas", "1000")], rules + "".join(more), library)


def test_gwps_are_left_out_unless_stated(tmp_path: Path) -> None:
    """2,000 kg CO2 and 100 kg CH4, 2,800 kg CO2e. The GWP of CO2 is 1 by definition, whatever an entry says of the source."""
    found, with_gwp = methane(tmp_path), methane(tmp_path, stated("gwp", "30", sources='["ipcc"]'))

    assert found.cell("ghg")["percent"] == square_root(Fraction(20**2 + 28**2, 48**2) * 100)
    assert found.cell("ghg")["left_out"] == "GWPs of CH4: none is stated, and inventories of companies leave them out"
    assert with_gwp.cell("ghg")["percent"] == square_root(Fraction(100 * (20**2 + 28**2) + 900 * 28**2, 48**2))
    assert with_gwp.cell("ghg")["left_out"] is None
    assert [source for source, _, _ in with_gwp.most("ghg")] == ["factor gwp100-ar5-ch4", "factor burnt-ch4", "factor burnt-co2"]


def test_gases_narrow_an_entry(tmp_path: Path) -> None:
    found = methane(tmp_path).percent("ghg")
    assert methane(tmp_path, stated("never", "99", sources='["burnt"]', gases='["CH4"]')).percent("ghg") == found
    text = stated("first", "40", sources='["burnt"]', gases='["CH4"]')
    rows = [factor_row("burnt-ch4", measure="natural_gas", gas="CH4", value="0.1", unit="kg/Nm3")]
    library = library_of(tmp_path, {"burnt": rows}, [gwp_row("CH4", "28")])
    rules = rule("gas", "natural_gas", "emission_gas", "burnt", "CH4") + text + stated("meter", "0", measures='["natural_gas"]')

    assert told(tmp_path, [GHG], [year("natural_gas", "1000")], rules, library).cell("ghg")["percent"] == 40


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (stated("x", "5", factors='["grid-ch"]'), "names the factor 'grid-ch', which the library does not have. Did you mean 'grid-cn'"),
        (stated("x", "5", sources='["me"]'), "names the source 'me'"),
    ],
)
def test_a_name_that_the_library_does_not_have_stops(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(InputProblem, match=message):
        told(tmp_path, [GHG], forty(), GRID + METERS_2 + entry)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (stated("x", "5"), "must speak either of activities"),
        (stated("x", "5", measures='["revenue"]', factors='["a"]'), "must speak either of activities"),
        (stated("x", "5", factors='["a"]', quality='["stated"]'), "quality and where narrow activities only"),
        (stated("x", "5", measures='["revenue"]', gases='["CO2"]'), "gases narrow factors only"),
        (stated("x", "5", measures='["revenu"]'), "Did you mean 'revenue'"),
        (stated("x", "5", measures='["emission_co2e"]'), "there is no measure that is sent 'emission_co2e'"),
        (stated("x", "5", measures='["revenue"]', quality='["metered"]'), "there is no quality 'metered'"),
        (stated("x", "5", measures='["revenue"]', periods='["2021"]'), "there is no period '2021'"),
        (stated("x", "-1", measures='["revenue"]'), "greater than or equal to 0"),
        (stated("x", "nan", measures='["revenue"]'), "finite"),
        (METERS_2 + METERS_2, "uncertainty 'meters' is given twice"),
    ],
)
def test_an_entry_that_says_nothing_clear_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(InputProblem, match=message):
        edition_of(tmp_path, [GHG], EVERYWHERE + entry)


def test_an_edition_that_states_nothing_is_asked_for_nothing(tmp_path: Path) -> None:
    found = told(tmp_path, [GHG], forty(), GRID)

    assert (found.cells.height, found.sources.height) == (0, 0)


def test_only_cells_with_a_value_have_a_row_and_growth_and_people_have_none_to_tell(tmp_path: Path) -> None:
    growth = kpi("growth", "%", formula="growth", numerator="power")
    heads = kpi("heads", "person", "employees")
    per = kpi("per_head", "kWh/person", formula="ratio", numerator="power", denominator="heads")
    water = kpi("water", "t", "water_tap")
    bills = [year("electricity_purchased", "1000"), year("electricity_purchased", "900", 2022)]
    found = told(tmp_path, [POWER, growth, heads, per, water, kpi("injury_rate", "person/kWh", formula="rate", numerator="heads", denominator="power")], bills, METERS_2 + stated("hr", "1", measures='["employees"]'), NO_FACTORS, heads=counted({"HQ": 50}))

    assert "water" not in found.cells["kpi_id"]
    assert (found.cell("growth")["status"], found.cell("heads")["status"]) == ("not_applicable", "not_applicable")
    assert "growth compares two periods" in found.cell("growth")["reason"]
    assert found.cell("heads")["reason"] == found.cell("injury_rate")["reason"] == "it is about people"
    assert found.cell("per_head")["percent"] == square_root(Fraction(5))
    assert found.cell("per_head")["quality_counted"] == 50
    assert found.most("per_head")[1] == ("count of employees", "1.00", "20.00")


def test_uncertainties_for_which_the_first_order_is_rough_are_told(tmp_path: Path) -> None:
    found = told(tmp_path, [GHG], forty(), GRID + METERS_2 + stated("grid", "80", factors='["grid-cn"]'))

    assert found.cell("ghg")["status"] == "ok"
    assert found.cell("ghg")["reason"] == "rough: approach 1 is for uncertainties of up to 60 %, and factor grid-cn (80 %) is above that"


# ---------------------------------------------------------------- quality


def test_every_amount_has_the_quality_of_what_it_goes_back_to(tmp_path: Path) -> None:
    meter = {"measure": "natural_gas", "meter_id": "G1", "valid_from": day("2023-03-01"), "valid_to": day("2023-03-31")}
    bills = [
        year("electricity_purchased", "1000"), year("water_tap", "5"), year("revenue", "50"), year("floor_area", "80", 2023),
        bill("electricity_purchased", "10", "2023-01-01", "2023-01-31", record_id="guessed", estimated=True),
    ]  # fmt: skip
    kpis = [GHG, POWER, kpi("water", "t", "water_tap"), kpi("revenue", "RMB million", "revenue"), kpi("area", "m2", "floor_area"), kpi("gas", "Nm3", "natural_gas")]
    library = library_of(tmp_path, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    left_out = '[[exclusion]]\nid = "gas"\nmeasures = ["natural_gas"]\noutputs = ["emission_co2e"]\ntext = "t"\n'
    result = computed(edition_of(tmp_path, kpis, EVERYWHERE + GRID + left_out), bills, library=library, meters=[meter])

    of = {(row["measure"], row["record_id"]): row["quality"] for row in conform(result.amounts, EDITION_AMOUNTS).iter_rows(named=True)}
    assert {of["water_tap", "HQ water_tap 2023-01-01"], of["emission_co2e", "HQ electricity_purchased 2023-01-01"]} == {"measured"}
    assert {of["electricity_purchased", "guessed"], of["emission_co2e", "guessed"]} == {"estimated_by_sender"}
    assert {of["revenue", "HQ revenue 2023-01-01"], of["floor_area", "HQ floor_area 2023-12-31"]} == {"stated"}
    assert of["natural_gas", ""] is None


def test_a_run_writes_both_tables_and_the_quality_of_amounts(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    sent = {"sites": "site_id,name,country,kind\nHQ,Head office,CN,office\n", "water": "site_id,month,measure,quantity,unit,meter_id\nHQ,2023-01,water_tap,5,t,W1\nHQ,2023-02,water_tap,7,t,W2\n"}
    for domain, text in sent.items():
        (root / "data/raw" / domain).mkdir(parents=True)
        (root / "data/raw" / domain / "sent.csv").write_text(text, encoding="utf-8")
    library_folder(root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    edition_folder(root, [kpi("tap", "t", "water_tap")], EVERYWHERE + stated("water", "3", measures='["water_tap"]'))
    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster")

    [cell] = ran.table("uncertainty").to_dicts()
    assert (cell["status"], cell["percent"], cell["quality_measured"]) == ("ok", square_root(Fraction(9 * (25 + 49), 144)), 100)
    assert ran.table("uncertainty_sources").sort("rank")["source"].to_list() == ["meter W2 at site HQ, water_tap", "meter W1 at site HQ, water_tap"]
    assert set(ran.table("edition_amounts")["quality"]) == {"measured"}
    assert (ran.out / "uncertainty.csv").read_text(encoding="utf-8").count("\n") == 2


# ---------------------------------------------------------------- what changes nothing


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    bills = [*forty("123.456"), year("electricity_purchased", "77.7", site_id="B")]
    library = library_of(tmp_path, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    sites = register(site(), site("B"))
    result = computed(edition_of(tmp_path, [GHG | BY_SITE, POWER], EVERYWHERE + GRID + METERS_2 + GRID_5), bills, library=library, sites=sites)
    found, again = Told(result, bills), Told(result, bills[::-1], reverse=True)

    assert found.cells.equals(again.cells)
    assert found.sources.equals(again.sources)


SIZES = st.integers(-9, 9).map(Fraction)
TERMS = st.dictionaries(st.tuples(st.integers(0, 3), st.sampled_from([way_of([]), way_of(["f"]), way_of(["f", "g"]), way_of(["g"], ["f"]), way_of(["g", "g"])])), SIZES, max_size=8)
ACTIVITIES = (Activity("one", "measured", Fraction(2)), Activity("one", "estimated", Fraction(20)), Activity("two", "measured", Fraction(3)), Activity("three", "stated", Fraction(0)))
PERCENT = {"f": Fraction(5), "g": Fraction(7)}


def pairwise(linear: Linear) -> Fraction:
    """The square of the uncertainty by the covariance of every pair of terms: the same equation, put another way."""
    total = Fraction(0)
    for (left, way), size in linear.moved.items():
        for (right, other), part in linear.moved.items():
            one, two = ACTIVITIES[left], ACTIVITIES[right]
            shared = (one.percent or 0) * (two.percent or 0) if one.source == two.source else Fraction(0)
            shared += sum((power * dict(other).get(name, 0) * PERCENT[name] ** 2 for name, power in way), Fraction(0))
            total += size * part * shared
    return total / linear.value**2


@settings(max_examples=150, deadline=None)
@given(TERMS, TERMS)
def test_squares_added_by_source_are_the_covariances_of_all_pairs(top: dict, bottom: dict) -> None:  # type: ignore[type-arg]
    above, below = of_terms(top), of_terms(bottom)
    made = [difference(above, below, Fraction(3), Fraction(1, 2))]
    made += [quotient(above, below, Fraction(100))] if below.value else []
    for linear in made:
        shares = qualities(linear, ACTIVITIES)
        assert not shares or sum(shares.values()) == 100
        if linear.value:
            found = propagated(linear, ACTIVITIES, PERCENT.get)
            assert sum((item.square for item in found.contributions), Fraction(0)) == pairwise(linear)
            assert found.lacking == ()


@given(st.fractions(min_value=0, max_value=10**12))
def test_a_square_root_is_the_nearest_there_is(value: Fraction) -> None:
    root, half = Fraction(square_root(value)), Fraction(1, 2 * 10**18)

    assert max(root - half, Fraction(0)) ** 2 <= value <= (root + half) ** 2
