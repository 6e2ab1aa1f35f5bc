"""The example examples/interval-meters: what its README says comes out of the pipeline, and its readings are those that its script makes."""

import importlib.util
import re
import shutil
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.evidence import Asked, verified
from tests.conftest import REPOSITORY, Ran, copy_workspace, run_workspace
from tests.evidence_scenario import TRUSTED, pack_of, wrong
from tests.terminal_scenario import esg_kpis, told

EXAMPLE = REPOSITORY / "examples" / "interval-meters"
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")
OWN = {"uba-2025-13.csv", "sources.csv"}
"""Factor files that are no copies; of `sources.csv` all but the last line is one."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    place = tmp_path_factory.mktemp("meters")
    return run_workspace(copy_workspace(place / "workspace", EXAMPLE), place / "out", place / "dagster")


def test_the_readings_are_those_that_the_script_makes(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_readings", EXAMPLE / "make_readings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make(tmp_path)

    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    kept = EXAMPLE / "data/raw/readings"
    assert made == {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()} - {"_format.toml"}
    for name in made:
        if name.endswith(".parquet"):  # Another version of the writer may pack the same rows in other bytes.
            assert pl.read_parquet(tmp_path / name).equals(pl.read_parquet(kept / name)), name
        else:
            assert (tmp_path / name).read_bytes() == (kept / name).read_bytes(), name
    assert sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()) < 300_000


def test_its_factors_are_copies() -> None:
    for path in (EXAMPLE / "factors").glob("*.csv"):
        if path.name not in OWN:
            assert path.read_bytes() == (REPOSITORY / "factors" / path.name).read_bytes(), path.name
    *lines, own = (EXAMPLE / "factors" / "sources.csv").read_text(encoding="utf-8").splitlines()
    assert lines == (REPOSITORY / "factors" / "sources.csv").read_text(encoding="utf-8").splitlines()
    assert own.startswith("uba-2025-13,")


def test_figures_are_those_of_the_readme(ran: Ran) -> None:
    values = ran.table("kpi_values").filter(pl.col("category") == "All")
    told = dict(re.findall(r"^\| (\w[^|]*) \| ([\d.,]+) (?:MWh|tCO2e) \|$", README, re.MULTILINE))

    assert values["status"].unique().to_list() == ["ok"]
    assert {"electricity": told["Electricity"], "energy": told["Energy: electricity and heat"], "ghg_scope_2_location": told["Scope 2, location-based"]} == dict(values.select("kpi_id", "printed").iter_rows())


def test_a_run_says_which_months_it_computed(tmp_path: Path) -> None:
    root = copy_workspace(tmp_path / "workspace", EXAMPLE)
    path = root / "data/raw/readings/berlin/2023-11.csv"
    first = esg_kpis(root, "run", "--no-report").stdout
    path.write_bytes(path.read_bytes().rsplit(b"\r\n", 2)[0] + b"\r\n")
    second, third = esg_kpis(root, "run", "--no-report").stdout, told(root, "run", "--no-report")

    assert "10 months of 3 tables: all computed " in first
    assert "10 months of 3 tables: 1 computed (2023-11 berlin), the others as they were kept" in " ".join(word for word in second.split() if word not in ("esg-kpis", "readings"))
    assert (third["unchanged"], third["months_computed"]) == (True, {})


def test_electricity_by_hand(ran: Ran) -> None:
    """Each site's readings added up from the files, by what the README says of the wrong ones."""
    home = EXAMPLE / "data/raw/readings"
    rows = pl.concat(pl.read_parquet(path).with_row_index("row", 1) for path in sorted((home / "quarter-hours").glob("*/*.parquet")))
    once = rows.filter(pl.col("received") < pl.datetime(2026, 2, 1, time_zone="UTC"), pl.col("status") != "X", pl.col("wh").is_between(0, 60_000), pl.col("begins").dt.minute() % 15 == 0).sort("meter", "begins", "received")
    last = once.group_by("meter", "begins", maintain_order=True).agg(pl.col("wh").last(), (pl.col("wh").filter(pl.col("received") == pl.col("received").max()).n_unique() == 1).alias("agreed"))
    wh = dict(last.filter("agreed").group_by("meter").agg(pl.col("wh").cast(pl.Int64()).sum()).iter_rows())
    lines = [line.split(";") for path in sorted((home / "berlin").glob("*.csv")) for line in dict.fromkeys(path.read_text(encoding="cp1252").splitlines()[1:])]
    berlin = sum(Decimal(kwh.replace(",", ".")) for _, _, kwh, _ in lines if kwh != "k. A.")
    estimated = ran.table("estimates")["quantity"].item()

    sites = dict(ran.table("kpi_values").filter((pl.col("kpi_id") == "electricity") & (pl.col("breakdown") == "site")).select("category", "value").iter_rows())
    assert sites == {"BJ-OFFICE": (Decimal(wh["BJ-E1"] + wh["BJ-E2"]) / 1000 + estimated) / 1000, "GD-PLANT": Decimal(wh["GD-E1"]) / 1_000_000, "DE-OFFICE": berlin / 1000}
    assert estimated == ((Decimal(11_385_046 + 11_137_896) / 1000 / 31 / 2) * 3).quantize(Decimal("1e-9"))


def test_heat_by_hand(ran: Ran) -> None:
    """Last reading less first; BJ-H1 went round once, GD-H1 was exchanged."""
    shows = [line.split(",") for line in (EXAMPLE / "data/raw/readings/heat.csv").read_text(encoding="utf-8").splitlines()[1:]]
    of = {(meter, serial): [Decimal(value) for name, _, value, device in shows if (name, device) == (meter, serial)] for meter, _, _, serial in shows}
    beijing, guangdong = of["BJ-H1", "A1"][-1] - of["BJ-H1", "A1"][0] + 10_000, sum((of["GD-H1", name][-1] - of["GD-H1", name][0] for name in ("B1", "B2")), Decimal(0))

    months = dict(ran.table("reading_months").filter(pl.col("reading_table") == "heat").group_by("meter_id").agg(pl.col("quantity").sum()).iter_rows())
    assert months == {"BJ-H1": beijing, "GD-H1": guangdong}


def test_rows_become_what_the_readme_says(ran: Ran) -> None:
    fates = {(row["reading_table"], row["rule"]): row["rows"] for row in ran.table("reading_fates").group_by("reading_table", "rule").agg(pl.col("rows").sum()).iter_rows(named=True)}

    assert {key: rows for key, rows in fates.items() if key[1] != "used"} == {
        ("quarter-hours", "duplicate"): 8, ("quarter-hours", "too_large"): 1, ("quarter-hours", "negative"): 1, ("quarter-hours", "off_grid"): 1, ("quarter-hours", "conflict"): 2,
        ("quarter-hours", "superseded"): 24, ("quarter-hours", "not_known"): 4, ("quarter-hours", "quality"): 4, ("berlin", "duplicate"): 1, ("berlin", "number"): 1, ("heat", "below_the_last"): 1,
    }  # fmt: skip
    received = {table: sum(rows for (name, _), rows in fates.items() if name == table) for table in ("quarter-hours", "berlin")}
    assert f"{received['quarter-hours']:,} quarter-hours in Parquet, {received['berlin']:,} hours" in README
    checks = set(ran.table("findings").filter(~pl.col("passed"))["check"])
    assert {"readings_refused", "readings_missing", "coverage_gap", "estimated", "estimated_by_sender", "sub_meter"} <= checks


def test_the_walk_of_the_readme_ends_at_the_rows(ran: Ran, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    line = (ran.out / "readings/quarter-hours/2023-10.rolled.csv").read_text(encoding="utf-8").splitlines()[3]
    assert line == 'GD-PLANT,GD-E1,electricity_purchased,2023-10-01,2023-10-31,"",bill,86965306,Wh,2976,2972,0'
    named = ran.table("reading_samples").filter((pl.col("reading_table") == "quarter-hours") & (pl.col("month") == "2023-10")).sort("row")["row"].to_list()
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    assert f"wrong = {named}" in code
    monkeypatch.chdir(REPOSITORY)
    exec(code, {})  # noqa: S102  (the example's own page)
    assert capsys.readouterr().out.strip() == "86965306"


def test_a_later_knowledge_date_corrects_one_month(tmp_path: Path) -> None:
    from esg_kpis.ingest import registered_meters
    from esg_kpis.readings.rolled import Dates, roll_up
    from tests.metered_scenario import AS_OF, Way
    from tests.scenario import day

    root = copy_workspace(tmp_path / "workspace", EXAMPLE)
    found = Way(root, tmp_path / "out")
    found.rolled(day("2026-01-31"), AS_OF)
    computed: list[tuple[str, str]] = []
    after = roll_up(found.workspace, registered_meters(found.workspace), Dates(day("2026-03-01"), AS_OF), lambda *month: computed.append(month))

    assert computed == [("quarter-hours", "2023-11")]
    assert after.fates.filter(pl.col("rule") == "not_known").is_empty()


def test_its_pack_verifies(ran: Ran) -> None:
    assert wrong(verified(pack_of(ran, "2023", "2023"), Asked(TRUSTED))) == {}


def test_without_a_meter_in_the_register_electricity_is_blocked_and_named(tmp_path: Path) -> None:
    root = copy_workspace(tmp_path / "workspace", EXAMPLE)
    path = root / "data/raw/meters/meters.csv"
    path.write_text(path.read_text().replace("DE-OFFICE,electricity_purchased,DE-E2,,,,,\n", ""))
    shutil.rmtree(root / "data/raw/readings/quarter-hours/month=2023-12")
    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster")
    cells = {row["kpi_id"]: row for row in ran.table("kpi_values").filter(pl.col("category") == "All").iter_rows(named=True)}

    assert {row["status"] for row in cells.values()} == {"blocked"}
    assert "DE-E2" in str(cells["electricity"]["reason"])
