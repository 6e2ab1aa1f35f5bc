"""The example examples/ghg-methods: each KPI of its README, worked out by hand there, comes out of the pipeline."""

import math
from decimal import Decimal

import dagster as dg
import polars as pl
import pytest

from pipelines.definitions import JOB, build_defs
from tests.conftest import REPOSITORY, Ran, copy_workspace

EXAMPLE = REPOSITORY / "examples" / "ghg-methods"
COPIES = sorted(path.name for path in (EXAMPLE / "factors").glob("*.csv"))

SCOPE_1 = Decimal("370.842202714")
SCOPE_2 = {"location": Decimal("1050.636"), "market": Decimal("1693.272")}
CELLS = {
    ("ghg_scope_1", "All"): SCOPE_1,
    ("ghg_scope_1_by_gas", "CO2"): Decimal("307.389"),
    ("ghg_scope_1_by_gas", "CH4"): Decimal("17.282050464"),
    ("ghg_scope_1_by_gas", "N2O"): Decimal("0.93615225"),
    ("ghg_scope_1_by_gas", "HFCs"): Decimal("45.235"),
    ("ghg_scope_2_location", "All"): SCOPE_2["location"],
    ("ghg_scope_2_market", "All"): SCOPE_2["market"],
    ("ghg_scope_1_2", "All"): SCOPE_1 + SCOPE_2["location"],
    ("ghg_scope_1_2", "GD-JV"): Decimal("52.836") + Decimal("19.235"),
    ("ghg_hcfcs", "All"): Decimal("3.52"),
    ("ghg_biogenic_co2", "All"): Decimal("17.472"),
    ("ghg_intensity", "All"): (SCOPE_1 + SCOPE_2["location"]) / 1000,
}
REFUSED = {
    ("MARKET-0001-0100", "BJ-OFFICE"): "of the market EU, in which the site BJ-OFFICE does not lie",
    ("TWICE-0001-0100", "BJ-OFFICE"): "claimed twice",
    ("TWICE-0051-0150", "SC-PLANT"): "claimed twice",
    ("VINTAGE-0001-0100", "BJ-OFFICE"): "of the vintage 2022-01-01 to 2022-12-31",
    ("LARGE-0001-0200", "GD-JV"): "larger than the load it may cover: 200000 kWh of 120000 kWh",
}
LENSES = {
    ("ar6", "ghg_scope_1_2"): Decimal("7.3661461584"),
    ("ar6", "ghg_hcfcs"): Decimal("0.4"),
    ("equity-share", "ghg_scope_1_2"): Decimal("-37.5187"),
    ("equity-share", "ghg_scope_1"): Decimal("-11.541"),
    ("equity-share", "ghg_scope_2_market"): Decimal("-34.5504"),
    ("market-totals", "ghg_scope_1_2"): SCOPE_2["market"] - SCOPE_2["location"],
    ("without-joint-venture", "ghg_scope_1_2"): Decimal("-72.071"),
    ("grid-2023", "ghg_scope_1_2"): Decimal("29.592"),
    ("grid-2023", "ghg_scope_2_market"): Decimal("62.88"),
}

CH4, N2O = 0.028, 0.265
GAS, GENERATOR, TRUCKS, WOOD, CARS = (3.8931 * CH4, 0.38931 * N2O), (1.27956 * CH4, 0.255912 * N2O), (1.663428 * CH4, 1.663428 * N2O), (4.68 * CH4, 0.624 * N2O), (5.7 * CH4, 0.6 * N2O)
ERRORS_OF_SCOPE_1 = [  # tonnes that go through an activity or a factor, its percentage
    *[(216.22 + sum(GAS), 2), (30.959 + sum(GENERATOR), 5), (30.959 + sum(TRUCKS), 5), (29.251, 5), (sum(WOOD), 5), (sum(CARS), 5)],
    *[(19.235, 10), (1.3, 10), (26.0, 10), (23.4, 10), (13.0, 10), (10.4, 10), (19.5, 10)],
    *[(56.0, 20), (11.2, 20), (28.0, 20)],
    *[(216.22, 5), (sum(GAS), 5), (61.918, 5), (sum(GENERATOR) + sum(TRUCKS), 5), (29.251, 5), (sum(WOOD), 5)],
    *[(tonnes, 50) for fuel in (GAS, GENERATOR, TRUCKS, WOOD, CARS) for tonnes in fuel],
    *[(19.5, 50), (44.8, 30), (44.8, 30)],  # B0 of load and sludge is one error, and so is the MCF
]
LOADS = [558.0, 280.8, 52.836, 49.0, 110.0]
ERRORS_OF_SCOPE_2 = {
    "location": [(tonnes, percent) for tonnes in LOADS for percent in (2, 5)],
    "market": [*[(tonnes, 2) for tonnes in (585.6, 878.4, 70.272, 49.0, 110.0)], *[(tonnes, 5) for tonnes in (1534.272, 49.0, 110.0)]],
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The real pipeline, once, on a copy of the example."""
    root = copy_workspace(tmp_path_factory.mktemp("ghg") / "workspace", EXAMPLE)
    job = build_defs(root).resolve_job_def(JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance).success
    return Ran(root, root / "data" / "out")


@pytest.fixture(scope="module")
def cells(ran: Ran) -> dict[tuple[str, str], Decimal]:
    """The values of the KPI table."""
    return {(row["kpi_id"], row["category"]): row["value"] for row in ran.table("kpi_values").iter_rows(named=True)}


def failed(ran: Ran) -> pl.DataFrame:
    """The checks that found something."""
    return ran.table("findings").filter(~pl.col("passed"))


@pytest.mark.parametrize("name", COPIES)
def test_a_copied_factor_file_is_that_of_the_repository(name: str) -> None:
    assert (EXAMPLE / "factors" / name).read_bytes() == (REPOSITORY / "factors" / name).read_bytes()


def test_only_factor_files_that_the_edition_names_are_copied() -> None:
    edition = (EXAMPLE / "editions" / "2023" / "edition.toml").read_text(encoding="utf-8")

    assert [name for name in COPIES if name not in ("sources.csv", "regions.csv", "gwp.csv") and f'source = "{name.removesuffix(".csv")}"' not in edition] == []


@pytest.mark.parametrize(("cell", "by_hand"), CELLS.items(), ids=lambda part: "-".join(part) if isinstance(part, tuple) else "")
def test_a_kpi_is_what_the_readme_works_out(cells: dict[tuple[str, str], Decimal], cell: tuple[str, str], by_hand: Decimal) -> None:
    assert cells[cell] == by_hand


def test_every_printed_cell_is_equal(ran: Ran) -> None:
    tie_out = ran.table("tie_out").filter(pl.col("published").is_not_null())

    assert tie_out["verdict"].value_counts().sort("verdict").rows() == [("equal", 11), ("stated", 1)]


def test_nothing_is_rejected_and_nothing_is_blocked(ran: Ran) -> None:
    assert ran.table("rejected").is_empty()
    assert ran.table("files")["status"].unique().to_list() == ["read"]
    assert failed(ran)["check"].unique().sort().to_list() == ["beside_scopes", "instrument_refused", "library", "residual_mix"]


def test_one_certificate_counts_and_five_are_refused_with_their_reasons(ran: Ran) -> None:
    claims = ran.table("claims")
    refused = {(row["instrument"], row["site_id"]): row["reason"] for row in claims.filter(~pl.col("accepted")).iter_rows(named=True)}

    assert claims.filter(pl.col("accepted"))["instrument"].to_list() == ["GOOD-0001-0500"]
    assert refused.keys() == REFUSED.keys()
    assert [claim for claim, words in REFUSED.items() if words not in refused[claim]] == []
    assert failed(ran).filter(pl.col("check") == "instrument_refused").height == len(REFUSED)


def test_the_fallback_for_hong_kong_is_said(ran: Ran) -> None:
    said = failed(ran).filter(pl.col("check") == "residual_mix")

    assert said["subject"].to_list() == ["HK hk-clp-2019"]
    assert "rule no-residual-mix-hk" in said["observed"][0]


@pytest.mark.parametrize(("cell", "by_hand"), LENSES.items(), ids=lambda part: "-".join(part) if isinstance(part, tuple) else "")
def test_a_lens_differs_by_what_the_readme_works_out(ran: Ran, cell: tuple[str, str], by_hand: Decimal) -> None:
    lens, kpi_id = cell
    row = ran.table("lenses").filter((pl.col("lens") == lens) & (pl.col("kpi_id") == kpi_id) & (pl.col("category") == "All"))

    assert row["difference"].to_list() == [by_hand]


@pytest.mark.parametrize(
    ("kpi_id", "errors", "total"),
    [
        ("ghg_scope_1", ERRORS_OF_SCOPE_1, SCOPE_1),
        ("ghg_scope_2_location", ERRORS_OF_SCOPE_2["location"], SCOPE_2["location"]),
        ("ghg_scope_2_market", ERRORS_OF_SCOPE_2["market"], SCOPE_2["market"]),
        ("ghg_scope_1_2", [*ERRORS_OF_SCOPE_1, *ERRORS_OF_SCOPE_2["location"]], SCOPE_1 + SCOPE_2["location"]),
    ],
)
def test_the_uncertainty_is_that_of_its_parts(ran: Ran, kpi_id: str, errors: list[tuple[float, int]], total: Decimal) -> None:
    row = ran.table("uncertainty").filter((pl.col("kpi_id") == kpi_id) & (pl.col("category") == "All")).row(0, named=True)

    assert row["status"] == "ok"
    assert float(row["percent"]) == pytest.approx(math.sqrt(sum((tonnes * percent) ** 2 for tonnes, percent in errors)) / float(total), rel=1e-12)
