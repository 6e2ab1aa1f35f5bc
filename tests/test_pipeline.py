"""The Dagster code location: what a newcomer sees in the UI, and how a run is written."""


import shutil
import subprocess
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from esg_kpis.errors import EsgKpisError, FactorProblem, InputProblem, InternalProblem, OutOfRange, UnitProblem
from esg_kpis.report.outputs import MANIFEST, changed_before, publish
from esg_kpis.tables import WRITTEN
from pipelines.asked import Request
from pipelines.definitions import ASSETS, JOB, build_defs
from pipelines.latest import read_result
from pipelines.run import execute
from tests.conftest import REPOSITORY, Ran, copy_workspace
from tests.scenario import edition_folder, factor_row, gwp_row, kpi, library_folder


def definitions() -> dg.Definitions:
    return build_defs(REPOSITORY)


def test_definitions_load() -> None:
    dg.Definitions.validate_loadable(definitions())


def test_every_table_of_the_data_dictionary_is_an_asset() -> None:
    keys = {key.to_user_string() for key in definitions().resolve_asset_graph().get_all_asset_keys()}

    assert {table.name for table in WRITTEN} <= keys
    assert {f"raw/{folder}" for folder in ("sites", "energy", "water", "waste", "stated")} <= keys


def test_columns_have_a_type_and_a_meaning_in_the_ui() -> None:
    graph = definitions().resolve_asset_graph()
    schema = graph.get(dg.AssetKey("kpi_values")).metadata["dagster/column_schema"]

    columns = {column.name: column for column in schema.columns}
    assert columns["value"].type == "Decimal(precision=38, scale=18)"
    assert "half-even" in (columns["value"].description or "")


def test_only_the_check_before_the_results_blocks() -> None:
    graph = definitions().resolve_asset_graph()
    blocking = {key.name for key in graph.asset_check_keys if graph.get(key).blocking}

    assert blocking == {"every_record_has_one_fate"}


def test_the_job_of_the_command_line_is_the_job_of_the_ui() -> None:
    job = definitions().resolve_job_def(JOB)

    assert len(ASSETS) >= 20
    assert {node.name for node in job.nodes} >= {"ingested", "applied", "judged", "results", "kpi_values"}


# ---------------------------------------------------------------- a run is written as a whole


def test_stable_paths_lead_to_the_latest_run(worked: Ran) -> None:
    key = (worked.out / "latest").readlink()

    assert key.parts[0] == "runs"
    assert (worked.out / "kpi_values.csv").resolve() == (worked.out / key / "kpi_values.csv").resolve()
    assert {path.name for path in (worked.out / key).glob("*.csv")} == {f"{table.name}.csv" for table in WRITTEN if table.csv} | {"kpi_table_2020.csv", "kpi_table_2023.csv", "kpi_table_transparency-2020.csv"}


def test_a_csv_keeps_every_decimal_and_starts_no_formula(worked: Ran) -> None:
    printed = pl.read_csv(worked.out / "kpi_values.csv", infer_schema=False)
    exact = worked.table("kpi_values")

    assert printed.height == exact.height
    both = printed.join(exact.select("edition", "kpi_id", "period", "breakdown", "category", pl.col("value").alias("exact")), on=["edition", "kpi_id", "period", "breakdown", "category"])
    assert both.filter(pl.col("value").cast(pl.Decimal(38, 18)).ne_missing(pl.col("exact"))).is_empty()


def test_the_same_key_with_other_bytes_is_refused(tmp_path: Path) -> None:
    for content in ("one", "two"):
        staged = tmp_path / "work" / "staged"
        staged.mkdir(parents=True)
        (staged / "a.csv").write_text(content, encoding="utf-8")
        if content == "one":
            publish(staged, tmp_path, "key")
        else:
            with pytest.raises(InternalProblem, match="wrote other bytes"):
                publish(staged, tmp_path, "key")

    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "one"


@pytest.mark.parametrize("change", ["edited", "deleted", "added", "manifest"])
def test_a_set_that_was_changed_by_hand_stays_and_is_written_anew_beside_it(tmp_path: Path, change: str) -> None:
    def again() -> Path:
        staged = tmp_path / "work" / "staged"
        (staged / "by_site").mkdir(parents=True)
        (staged / "a.csv").write_text("one", encoding="utf-8")
        (staged / "by_site" / "b.csv").write_text("two", encoding="utf-8")
        return publish(staged, tmp_path, "key")

    first = again()
    assert again() == first
    if change == "deleted":
        (first / "by_site" / "b.csv").unlink()
    else:
        (first / {"edited": "a.csv", "added": "c.csv", "manifest": MANIFEST}[change]).write_bytes(b"\xff")
    before = sorted((path.name, path.read_bytes()) for path in first.rglob("*") if path.is_file())
    second = again()

    assert (second.name, changed_before(second, "key"), again()) == ("key-2", first, second)
    assert sorted((path.name, path.read_bytes()) for path in first.rglob("*") if path.is_file()) == before
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "one"
    subprocess.run([shutil.which("sha256sum") or "", "--check", "--strict", "--quiet", MANIFEST], cwd=tmp_path / "latest", check=True)


def test_a_file_that_a_later_run_no_longer_writes_disappears_from_the_stable_paths(tmp_path: Path) -> None:
    for key, names in (("first", ("a.csv", "b.csv")), ("second", ("a.csv",))):
        staged = tmp_path / "work" / "staged"
        staged.mkdir(parents=True)
        for name in names:
            (staged / name).write_text(key, encoding="utf-8")
        publish(staged, tmp_path, key)

    assert not (tmp_path / "b.csv").is_symlink()
    assert (tmp_path / "runs" / "first" / "b.csv").exists()


def test_a_failed_run_leaves_the_last_results(tmp_path: Path, worked: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    root = copy_workspace(tmp_path / "workspace")
    out = tmp_path / "out"
    out.mkdir()
    (out / "runs").symlink_to(worked.out / "runs")
    (out / "latest").symlink_to((worked.out / "latest").readlink())
    (out / "kpi_values.parquet").symlink_to("latest/kpi_values.parquet")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))

    def broken(*_: object) -> pl.DataFrame:
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setattr("pipelines.assets.coverage_of", broken)
    with pytest.raises(EsgKpisError, match="broken on purpose"):
        execute(Request(root, out), lambda _step, _ended: None)

    assert read_result(out, "kpi_values").equals(worked.table("kpi_values"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of one site, one bill and one KPI."""
    root = tmp_path_factory.mktemp("small")
    for folder in ("data/raw/sites", "data/raw/water"):
        (root / folder).mkdir(parents=True)
    (root / "data/raw/sites/sites.csv").write_text("site_id,name,country,kind\nHQ,HQ,CN,office\n", encoding="utf-8")
    bills = "site_id,month,tap,printed\nHQ,2023-01,5,5\n"
    (root / "data/raw/water/bills.csv").write_text(bills, encoding="utf-8")
    library_folder(root, {"mee": [factor_row()]}, [gwp_row("CO2", "1")])
    edition_folder(root, [kpi("tap", "tonne", "water_tap", breakdowns=[{"name": "site", "each": "site_id"}])])
    return root


WATER_FORMAT = """
format_version = 1
[[file]]
glob = "*"
[[file.feed]]
domain = "water"
[[file.feed.quantity]]
measure = "water_tap"
column = "tap"
unit = "m3"
[[file.published]]
edition = "e1"
kpi_id = "tap"
breakdown = "site"
category_column = "site_id"
period = "2023"
column = "printed"
unit = "{unit}"
decimals = 0
"""


@pytest.mark.parametrize(
    ("raised", "kind", "exit_code"),
    [
        (InputProblem("It is wrong.", where="a.csv, line 2", mend="Mend it."), InputProblem, 3),
        (UnitProblem("It is wrong.", where="a.csv, line 2", mend="Mend it."), UnitProblem, 3),
        (FactorProblem("It is wrong.", where="a.csv, line 2", mend="Mend it."), FactorProblem, 3),
        (OutOfRange("It is wrong.", where="a.csv, line 2", mend="Mend it."), OutOfRange, 3),
        (ZeroDivisionError("a.csv, line 2: It is wrong. Mend it."), InternalProblem, 70),
    ],
)
def test_what_a_step_raises_keeps_its_kind_and_its_words(
    tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception, kind: type[EsgKpisError], exit_code: int
) -> None:
    def broken(*_: object) -> pl.DataFrame:
        raise raised

    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setattr("pipelines.assets.coverage_of", broken)

    with pytest.raises(EsgKpisError) as caught:
        execute(Request(small, tmp_path / "out"), lambda _step, _ended: None)

    assert (type(caught.value), caught.value.exit_code) == (kind, exit_code)
    assert "a.csv, line 2: It is wrong. Mend it." in str(caught.value)
    assert "Nothing was published" in str(caught.value)
    assert not (tmp_path / "out" / "latest").exists()


@pytest.mark.parametrize("unit", ["tonne", "kg"])
def test_a_mistake_that_only_a_step_can_see_is_the_users_to_mend(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch, unit: str) -> None:
    """Published figures in a unit that is not the KPI's: known when data and edition meet."""
    root = copy_workspace(tmp_path / "workspace", small)
    (root / "data/raw/water/_format.toml").write_text(WATER_FORMAT.format(unit=unit), encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    out = tmp_path / "out"

    if unit == "tonne":
        execute(Request(root, out), lambda _step, _ended: None)
        assert read_result(out, "tie_out").filter(pl.col("published").is_not_null())["verdict"].to_list() == ["equal"]
        return
    with pytest.raises(InputProblem) as caught:
        execute(Request(root, out), lambda _step, _ended: None)

    assert caught.value.exit_code == 3
    assert str(caught.value).startswith("edition e1, water/bills.csv, column printed: The figure is in 'kg', the KPI tap in 'tonne'. Give both the same unit.")


def test_two_runs_never_write_to_one_place(tmp_path: Path) -> None:
    import fcntl

    root, out = copy_workspace(tmp_path / "workspace"), tmp_path / "out"
    out.mkdir()
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EsgKpisError, match="Another run is writing here"):
            execute(Request(root, out), lambda _step, _ended: None)
