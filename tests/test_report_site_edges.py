"""The report site of workspaces in which something is lacking: it is made, and says so."""

from pathlib import Path

from esg_kpis.report.charts.draw import svg_of
from tests.conftest import run_workspace
from tests.scenario import EVERYWHERE, GRID, edition_folder, factor_row, gwp_row, kpi, library_folder


def test_where_every_bill_was_refused_the_site_is_made_and_shows_no_emissions(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    for folder, text in (
        ("sites", "site_id,name,country,grid_region,kind\nHQ,Head office,CN,CN-NCG,office\n"),
        ("energy", "site_id,period_start,period_end,measure,quantity,unit\nHQ,2023-01-01,2023-12-31,electricity_purchased,x,kWh\n"),
    ):
        (root / "data/raw" / folder).mkdir(parents=True)
        (root / "data/raw" / folder / f"{folder}.csv").write_text(text, encoding="utf-8")
    edition_folder(root, [kpi("electricity", "MWh", "electricity_purchased"), kpi("ghg", "tCO2e", "emission_co2e")], EVERYWHERE + GRID)
    library_folder(root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])

    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster", report=True)

    pages = {name: (ran.out / "report" / f"{name}.html").read_text(encoding="utf-8") for name in ("index", "charts", "tables")}
    assert set(ran.table("kpi_values").filter(period="2023")["status"]) == {"blocked"}
    assert "state-blocked" in pages["tables"]
    assert "state-blocked" in pages["index"]
    assert "emissions-by-" not in pages["charts"]
    assert "No total stands in both periods" in pages["index"]


def test_where_nothing_was_received_the_first_page_says_so_and_praises_nothing(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    (root / "data/raw/energy").mkdir(parents=True)
    edition_folder(root, [kpi("electricity", "MWh", "electricity_purchased"), kpi("ghg", "tCO2e", "emission_co2e")], EVERYWHERE + GRID)
    library_folder(root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])

    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster", report=True)

    page = (ran.out / "report" / "index.html").read_text(encoding="utf-8")
    assert ran.table("records").is_empty()
    assert "Nothing was received yet" in page
    assert "尚未收到任何數據" in (ran.out / "report" / "zh" / "index.html").read_text(encoding="utf-8")
    assert "tile good" not in page
    assert 'class="fine"' not in page
    assert '<ul class="cards"></ul>' not in page
    assert 'class="leading"' not in page


def test_the_id_of_an_edition_stays_within_the_ids_of_a_picture() -> None:
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "width": 10, "height": 10, "data": {"values": [{"x": 1}]}, "mark": {"type": "point", "clip": True}, "encoding": {"x": {"field": "x", "type": "quantitative"}}}
    svg = svg_of(spec, 10, 'e\\1"><script>', "label")

    assert 'id="e\\1&quot;&gt;&lt;script&gt;-' in svg
    assert "<script>" not in svg
