"""Whole runs of a workspace with readings: KPIs, estimates, what is blocked, partitions in Dagster, and packs that are verified from the months they enclose."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from esg_kpis.errors import UsageProblem
from esg_kpis.evidence import Asked, verified
from esg_kpis.evidence.zipped import unzipped
from esg_kpis.readings.rolled import Dates
from esg_kpis.report.outputs import alone
from esg_kpis.tables import finding_id
from pipelines.cli import app
from pipelines.definitions import JOB, build_defs
from pipelines.readings import JOB as BY_MONTH
from pipelines.readings import MONTHS, dates_of
from pipelines.resources import ROLLED, WorkspaceResource
from pipelines.show_run import print_run
from pipelines.unchanged import documents_of
from tests.conftest import Ran, run_workspace
from tests.evidence_scenario import OURS as KEY
from tests.evidence_scenario import TRUSTED, changed, looked_at, pack_of, replaced, signed_again, verdicts, with_manifest, wrong
from tests.metered_scenario import AS_OF, HOURLY, METERS, SHANGHAI, frame, hours, put, put_months, quarter, tables, workspace
from tests.readings_scenario import ENGINES
from tests.scenario import kpi

GONE = [*hours("E1", "2023-02-10", 3), *hours("E1", "2023-03-05", 1)[:20]]
"""Three days of which nothing came, and a day of which four hours came."""


def filled(root: Path) -> Path:
    """A workspace: hours of E1 and E2 with days missing; gas of which a column is not there; water with a meter that nobody registered."""
    workspace(root)
    hourly_of = {"gas": ("natural_gas", "Nm3", {"columns": {"value": "amount"}}), "water": ("water_tap", "m3", {})}
    tables(root, power=HOURLY | {"columns": {"received": "received"}, "tolerance": "0.02"}, **{name: HOURLY | {"measure": measure, "unit": unit} | more for name, (measure, unit, more) in hourly_of.items()})
    gone = {row[1] for row in GONE}
    home = root / "data/raw/readings"
    put_months(home / "power", [*(row for row in quarter("E1") if row[1] not in gone), *quarter("E2", 2)])
    put_months(home / "gas", quarter("G1"))
    put_months(home / "water", [*quarter("W1"), *hours("=cmd()", "2023-01-03", 1)])
    return root


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    place = tmp_path_factory.mktemp("metered")
    return run_workspace(filled(place / "workspace"), place / "out", place / "dagster", report=True)


def test_days_that_lack_more_than_is_tolerated_keep_the_measure_back(tmp_path: Path) -> None:
    """20 of 1,488 hours of March are 1.3 %: what is missing counts as nothing, so that no figure is printed unless somebody says that it may be."""
    root = filled(tmp_path / "workspace")
    path = root / "data/raw/readings/_format.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('tolerance = "0.02"\n', ""), encoding="utf-8")

    found = run_workspace(root, tmp_path / "out", tmp_path / "dagster")

    assert cell(found, "electricity")["status"] == "blocked"
    refused = found.table("rejected").filter(pl.col("rule") == "partial_days").row(0, named=True)
    assert "2023-03: 20 of 1,488" in refused["message"]
    assert (refused["start"], refused["end"], refused["site_id"]) == (date(2023, 3, 1), date(2023, 3, 31), "HQ")
    assert "Ask for the readings that are missing, say as `tolerance` in _format.toml how many may be, or waive this finding in the edition." in found.table("findings")["what_to_do"].to_list()
    assert found.table("reading_months").filter(pl.col("partial_missing") > 0).select("month", "meter_id", "partial_days", "partial_missing").rows() == [("2023-03", "E1", 1, 20)]


@contextmanager
def instance(ran: Ran) -> Iterator[dg.DagsterInstance]:
    """Dagster's storage of a run of `run_workspace`, which lies beside its results."""
    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(ran.out.parent / "dagster")
    try:
        with dg.DagsterInstance.get() as found:
            yield found
    finally:
        del os.environ["DAGSTER_HOME"]
        if before is not None:
            os.environ["DAGSTER_HOME"] = before


def cell(ran: Ran, kpi_id: str) -> dict[str, object]:
    return ran.table("kpi_values").filter((pl.col("kpi_id") == kpi_id) & (pl.col("category") == "All")).row(0, named=True)


# ---------------------------------------------------------------- figures


def test_kpis_are_the_sums_of_what_meters_counted_and_of_estimates_for_days_without_readings(ran: Ran) -> None:
    measured = 90 * 24 - 72 - 20 + 90 * 24 * 2
    estimated = Decimal("71.032258065")  # (744 / 31 + 724 / 31) / 2 x 3: the days of March all have some readings, so that March is there as it came.

    assert ran.table("estimates").select("meter_id", "month", "days", "quantity").rows() == [("E1", "2023-02", 3, estimated)]
    assert (cell(ran, "electricity")["status"], cell(ran, "electricity")["value"]) == ("ok", measured + estimated)
    assert cell(ran, "ghg")["value"] == (measured + estimated) / 2000


def test_a_stopped_table_and_unknown_meters_block_their_measures_and_nothing_else(ran: Ran) -> None:
    assert {name: cell(ran, name)["status"] for name in ("electricity", "gas", "water", "ghg")} == {"electricity": "ok", "gas": "blocked", "water": "blocked", "ghg": "ok"}
    assert "It has no column 'amount' for `value`" in str(cell(ran, "gas")["reason"])
    assert "24 readings of 1 meter that the register of meters does not name for water_tap: =cmd()" in str(cell(ran, "water")["reason"])


def test_findings_say_what_is_missing_and_what_was_refused(ran: Ran) -> None:
    found = ran.table("findings").filter(~pl.col("passed"))
    told = {(row["check"], row["subject"]): row["observed"] for row in found.iter_rows(named=True)}

    assert told["readings_missing", "power"] == "92 of 4,320 intervals are missing, of 1 meter; 1 day has some of its, and counts with what there is"
    assert told["coverage_gap", "electricity_purchased"].startswith("3 days missing in 1 site month, at HQ (2023-02)")
    to_do = found.filter(pl.col("check") == "rejected_record").sort("subject")["what_to_do"].to_list()
    assert [text.partition(",")[0] for text in to_do] == ["Mend the file or its _format.toml.", "Add the meter to data/raw/meters with its site and measure"]


def test_months_are_published_as_files_and_records_lead_to_them(ran: Ran) -> None:
    assert sorted(path.relative_to(ran.out / "readings").as_posix() for path in (ran.out / "readings").rglob("*.csv")) == [
        f"{table}/2023-0{month}.rolled.csv" for table in ("power", "water") for month in (1, 2, 3)
    ]  # fmt: skip
    records = ran.table("records").filter(pl.col("path") == "readings/power/2023-02.rolled.csv")
    assert records["line"].to_list() == [2, 3, 4]
    lines = (ran.out / "readings/power/2023-02.rolled.csv").read_text().splitlines()
    assert lines[1:] == ["HQ,E1,electricity_purchased,2023-02-01,2023-02-09,\"\",bill,216,kWh,216,216,0", "HQ,E1,electricity_purchased,2023-02-13,2023-02-28,\"\",bill,384,kWh,384,384,0", "HQ,E2,electricity_purchased,2023-02-01,2023-02-28,\"\",bill,1344,kWh,672,672,0"]


def test_what_people_open_holds_no_formula(ran: Ran) -> None:
    for path in ran.out.glob("*.csv"):
        assert not [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.startswith("=cmd") or ",=cmd" in line], path.name


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["E1", "--day", "xx"], "--day: 'xx' is no date. Write it as 2023-05-03."),
        (["E1", "--day", "20230210"], "--day: '20230210' is no date."),
        (["--day", "2023-02-09"], "--day: The rows of a day are shown of one meter. Name the meter: esg-kpis readings METER --day 2023-02-09."),
        (["E1", "--month", "2023-01", "--day", "2023-02-09"], "--day: 2023-02-09 is no day of 2023-01."),
        (["E1", "--day", "2030-02-09"], "--day: The last run has no readings of E1 in 2030-02."),
        (["--month", "2030-01"], "--month: The last run has no readings in 2030-01."),
        (["E1", "--month", "2030-01"], "--month: The last run has no readings of E1 in 2030-01."),
        (["=cmd()"], "METER: The register of meters did not name '=cmd()' when the last run read it: its rows are rejected."),
        (["--month", "May"], "--month: 'May' is no month. Write it as 2023-05."),
        (["--month", "2023-13"], "--month: '2023-13' is no month."),
    ],
)
def test_what_the_command_cannot_show_is_refused_by_the_option_at_fault(ran: Ran, asked: list[str], said: str) -> None:
    found = CliRunner().invoke(app, ["--root", str(ran.root), "--out", str(ran.out), "readings", *asked])

    assert isinstance(found.exception, UsageProblem)
    assert str(found.exception).startswith(said)


@pytest.mark.parametrize(("asked", "said"), [(["E1", "--day", "2023-02-11"], "No rows on 2023-02-11."), (["E1", "--month", "2023-02", "--day", "2023-02-09"], "used"), (["--month", "2023-02"], "2023-02"), (["--month", "2023-01"], "besides water: 24 rows of no registered meter, among them of =cmd()")])
def test_what_the_command_is_asked_for_it_shows(ran: Ran, asked: list[str], said: str) -> None:
    found = CliRunner().invoke(app, ["--root", str(ran.root), "--out", str(ran.out), "readings", *asked])

    assert found.exception is None
    assert said in " ".join(found.output.split())


def test_a_month_that_cannot_be_read_is_named_and_keeps_its_period_back(tmp_path: Path) -> None:
    """One of power, and all of gas."""
    root = filled(tmp_path / "workspace")
    home = root / "data/raw/readings"
    (home / "power/month=2023-02/readings.parquet").write_bytes(b"")
    found = run_workspace(root, tmp_path / "out", tmp_path / "dagster")

    def shown(*asked: str) -> str:
        told = CliRunner().invoke(app, ["--root", str(root), "--out", str(found.out), "readings", *asked])
        return " ".join((str(told.exception) if told.exception else told.output).split())

    assert cell(found, "electricity")["status"] == "blocked"
    refused = found.table("rejected").filter(pl.col("rule") == "file_stopped").select("path", "start").sort("path")
    assert refused.rows() == [("readings/gas", None), ("readings/power/2023-02", date(2023, 2, 1))]
    assert "stopped power 2023-02: readings/power/month=2023-02/readings.parquet: It is no Parquet file" in shown()
    assert "stopped gas: readings/gas/month=2023-01/readings.parquet: It has no column 'amount' for `value`" in shown()
    assert "stopped" not in shown("--month", "2023-01", "--table", "power")
    assert "The last run has no readings of 'gas'. It stopped gas: readings/gas/" in shown("--table", "gas")
    console = Console(record=True, width=200)
    print_run(console, documents_of(root / "editions"), found.out)
    assert "stopped: gas, power 2023-02" in console.export_text()


@pytest.mark.parametrize(("first", "last", "waived"), [("2023-01-01", "2023-03-31", {"incomplete": 9}), ("2023-02-01", "2023-02-28", {"incomplete": 1, "not_collected": 8})])
def test_a_month_that_is_kept_back_is_lacking_at_every_site_for_both_engines(tmp_path: Path, first: str, last: str, waived: dict[str, int]) -> None:
    """Nobody knows whose readings the file held: blocked in each cell of the total and by site, and incomplete where that is waived; in a period of that month alone no site has any amount."""
    spread = [{"name": "site", "each": "site_id"}, {"name": "kind", "categories": {"Factories": {"kind": ["factory"]}, "Offices": {"kind": ["office"]}}}]
    own = [kpi("by_site", "kWh", "electricity_purchased", breakdowns=spread), kpi("emitted", "tCO2e", amounts=[{"measure": "emission_co2e", "origin": "electricity_purchased"}], breakdowns=spread)]
    root = workspace(tmp_path / "workspace", METERS.replace("HQ,electricity_purchased,E2", "PLANT,electricity_purchased,E2"), kpis=own)
    tables(root, power=HOURLY)
    put_months(root / "data/raw/readings/power", [*quarter("E1"), *quarter("E2", 2)])
    (root / "data/raw/readings/power/month=2023-02/readings.parquet").write_bytes(b"")
    edition = root / "editions/e1/edition.toml"
    edition.write_text(edition.read_text(encoding="utf-8").replace("first = 2023-01-01\nlast = 2023-03-31", f"first = {first}\nlast = {last}"), encoding="utf-8")

    def statuses(name: str) -> Counter[str]:
        found = run_workspace(root, tmp_path / name, tmp_path / f"dagster-{name}")
        read = verified(pack_of(found, "e1", "2023"), Asked(TRUSTED))
        assert read.good, wrong(read)
        cells = found.table("kpi_values").filter(pl.col("kpi_id").is_in(["electricity", "by_site", "emitted"]))
        # Of nothing that came there is no number but that of the total, of which somebody said that it may lack the record.
        assert cells.filter((pl.col("value") == 0) & (pl.col("breakdown") != "total")).is_empty()
        return Counter(cells["status"])

    assert statuses("first") == {"blocked": 9}
    record = pl.read_parquet(next((tmp_path / "first").rglob("rejected.parquet")))["record_id"].item()
    with edition.open("a", encoding="utf-8") as opened:
        opened.write(f'[[waiver]]\nfinding = "{finding_id("rejected_record", record)}"\nreason = "The file was lost."\nwho = "a controller"\nuntil = 2030-01-01\n')
    assert statuses("second") == waived


def test_rows_of_no_registered_meter_are_told_where_they_are(ran: Ran) -> None:
    fates = ran.table("reading_fates").filter(pl.col("reading_table") == "water")

    assert "besides" not in CliRunner().invoke(app, ["--root", str(ran.root), "--out", str(ran.out), "readings", "--table", "power"]).output
    assert fates.filter(pl.col("month") == "2023-01").select("rule", "rows", "meters").sort("rule").rows() == [("unknown_meter", 24, 1), ("used", 744, 1)]


def test_check_counts_refused_readings_by_table_and_not_by_file(ran: Ran, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["--root", str(ran.root), "--out", str(tmp_path / "out"), "check"], env={"DAGSTER_HOME": str(tmp_path), "COLUMNS": "200"})
    told = {line.split()[0]: line.split()[-3:] for line in found.output.splitlines() if line.startswith("readings/water/")}

    assert told["readings/water/2023-01.rolled.csv"][-1] == "read"
    assert [words for name, words in told.items() if not name.endswith(".rolled.csv")] == 3 * [["–", "rolled", "up"]]


# ---------------------------------------------------------------- Dagster


def test_months_are_partitions_and_each_says_what_was_computed(ran: Ran) -> None:
    with instance(ran) as dagster:
        assert sorted(dagster.get_dynamic_partitions(str(MONTHS.name))) == ["2023-01", "2023-02", "2023-03"]
        assert sorted(dagster.get_materialized_partitions(dg.AssetKey(ROLLED))) == ["2023-01", "2023-02", "2023-03"]


def test_a_changed_month_is_told_alone_and_a_changed_factor_tells_none(tmp_path: Path) -> None:
    root = filled(tmp_path / "workspace")
    first = run_workspace(root, tmp_path / "out", tmp_path / "dagster")
    put_months(root / "data/raw/readings/power", [*hours("E1", "2023-02-01", 28, 3), *hours("E2", "2023-02-01", 28, 2)])
    second = run_workspace(root, tmp_path / "out", tmp_path / "dagster")
    path = root / "factors" / "mee.csv"
    path.write_text(path.read_text().replace(",0.5,", ",0.6,"))
    third = run_workspace(root, tmp_path / "out", tmp_path / "dagster")

    with instance(first) as dagster:
        told = dagster.fetch_materializations(dg.AssetKey(ROLLED), limit=100).records
    assert [record.partition_key for record in told[::-1]] == ["2023-01", "2023-02", "2023-03", "2023-02"]
    assert cell(second, "electricity")["value"] == 744 + 2016 + 724 + 90 * 24 * 2
    assert cell(third, "electricity")["value"] == cell(second, "electricity")["value"]
    assert cell(third, "ghg")["value"] == cell(second, "electricity")["value"] * Decimal("0.0006")


def test_a_month_that_no_table_has_any_more_is_no_partition(tmp_path: Path) -> None:
    """A wrong year had made one; the row is mended."""
    root = workspace(tmp_path / "workspace")
    tables(root, power=HOURLY | {"path": "power.parquet"})
    path = root / "data/raw/readings/power.parquet"
    rows = frame(hours("E1", "2023-01-01", 31))
    found = []
    for odd in (["2052-06-01", "2052-06-02"], []):
        pl.concat([rows, *(frame(hours("E1", day, 1)) for day in odd)]).write_parquet(path)
        with instance(run_workspace(root, tmp_path / "out", tmp_path / "dagster")) as dagster:
            found.append(sorted(dagster.get_dynamic_partitions(str(MONTHS.name))))

    assert found == [["2023-01", "2052-06"], ["2023-01"]]


def test_a_month_alone_is_computed_beside_a_folder_that_is_held_and_the_run_takes_it(tmp_path: Path) -> None:
    root, out = filled(tmp_path / "workspace"), tmp_path / "out"
    tables(root, power=HOURLY | {"columns": {"received": "received"}})
    job = build_defs(root, out, quiet=True).resolve_job_def(BY_MONTH)
    with dg.DagsterInstance.ephemeral() as dagster:
        dagster.add_dynamic_partitions(str(MONTHS.name), ["2023-02"])
        with alone(out):
            result = job.execute_in_process(instance=dagster, partition_key="2023-02")
            again = job.execute_in_process(instance=dagster, partition_key="2023-02")
    materialized = [item.asset_materializations_for_node(ROLLED)[0].metadata["computed"].value for item in (result, again)]
    assert materialized == ["power", "none: all were as they had been kept"]

    ran = run_workspace(root, out, tmp_path / "dagster")
    with instance(ran) as dagster:
        told = dagster.fetch_materializations(dg.AssetKey(ROLLED), limit=100).records
    assert sorted(str(record.partition_key) for record in told) == ["2023-01", "2023-03"]


def test_the_main_job_has_no_partitions_and_months_can_be_computed_again_alone() -> None:
    defs = build_defs(Path(__file__).parent.parent)

    assert defs.resolve_job_def(JOB).partitions_def is None
    assert defs.resolve_job_def(BY_MONTH).partitions_def == MONTHS
    graph = defs.resolve_asset_graph()
    assert dg.AssetKey(ROLLED) in graph.get(dg.AssetKey("reading_months")).parent_keys


def test_the_dates_are_the_latest_of_the_editions_or_those_that_are_asked_for(tmp_path: Path) -> None:
    root = filled(tmp_path / "workspace")
    given = {"root": str(root), "out": str(tmp_path / "out")}

    assert dates_of(WorkspaceResource(**given)) == Dates(AS_OF, AS_OF)
    assert dates_of(WorkspaceResource(**given, known_on="2024-06-01")) == Dates(date(2024, 6, 1), AS_OF)
    assert dates_of(WorkspaceResource(**given, known_on="2024-06-01", as_of="2023-03-31")) == Dates(date(2024, 6, 1), date(2023, 3, 31))


# ---------------------------------------------------------------- packs


@pytest.fixture(scope="module")
def pack(ran: Ran) -> bytes:
    return pack_of(ran, "e1", "2023")


def test_a_pack_encloses_the_months_and_is_verified_from_them(pack: bytes) -> None:
    files = unzipped(pack)
    found = verified(pack, Asked(TRUSTED))

    assert wrong(found) == {}
    assert verdicts(found)["electricity", "All"] == "agrees"
    assert "inputs/readings/power/2023-02.rolled.csv" in files
    assert not [name for name in files if name.endswith(".parquet")]
    inputs = pl.read_csv(files["inputs.csv"], infer_schema=False)
    assert inputs.filter(pl.col("path") == "readings/power/month=2023-02/readings.parquet").select("held", "received").rows() == [("named", "rolled up")]


def test_a_month_that_was_changed_in_the_pack_is_noticed(pack: bytes) -> None:
    change = {"inputs/readings/power/2023-02.rolled.csv": replaced(",1344,kWh", ",1345,kWh")}

    assert "signature" in wrong(looked_at(with_manifest(changed(pack, **change))))
    found = wrong(looked_at(signed_again(changed(pack, **change), KEY)))
    assert "electricity" in found
    assert "gas" not in found


def test_a_month_that_is_gone_from_the_pack_is_noticed(pack: bytes) -> None:
    files = dict(unzipped(pack))
    del files["inputs/readings/power/2023-02.rolled.csv"]

    assert wrong(looked_at(signed_again(files, KEY)))


def two_editions(root: Path) -> Path:
    """e1 of 9 April and e2 of 1 June 2024; half of each day of February came in May."""
    workspace(root)
    tables(root, power=HOURLY | {"columns": {"received": "received"}})
    late = datetime(2024, 5, 1, tzinfo=UTC)
    rows = [row for meter in ("E1", "E2") for row in quarter(meter)]
    put_months(root / "data/raw/readings/power", [(*row, late) if number % 24 >= 12 and row[1].month == 2 else row for number, row in enumerate(rows)])
    shutil.copytree(root / "editions" / "e1", root / "editions" / "e2")
    path = root / "editions" / "e2" / "edition.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("knowledge_date = 2024-04-09", "knowledge_date = 2024-06-01").replace('id = "e1"', 'id = "e2"'), encoding="utf-8")
    return root


def test_each_edition_is_judged_by_what_was_known_on_its_own_date(tmp_path: Path) -> None:
    both = run_workspace(two_editions(tmp_path / "both"), tmp_path / "out", tmp_path / "dagster")
    single = two_editions(tmp_path / "alone")
    shutil.rmtree(single / "editions" / "e2")
    first = run_workspace(single, tmp_path / "first", tmp_path / "dagster-first")

    told = both.table("kpi_values").filter(pl.col("kpi_id") == "electricity").select("edition", "status", "value").sort("edition").rows()
    assert told == [("e1", "blocked", None), ("e2", "ok", 2 * 90 * 24)]
    assert cell(first, "electricity")["status"] == "blocked"
    refused = both.table("rejected").select("rule", "known_on", "message")
    assert refused.select("rule", "known_on").rows() == [("partial_days", date(2024, 4, 9))]
    assert refused["message"].item().startswith("readings/power: as known on 2024-04-09, on days that have some intervals, more than 1 % of all of a month are missing: 2023-02: ")
    asked = ["--root", str(tmp_path / "both"), "--out", str(both.out), "readings", "E1", "--month", "2023-02", "--json", "--rows", "0"]
    walks = {name: json.loads(CliRunner().invoke(app, [*asked, *more]).output) for name, more in {"e1": ["--edition", "e1"], "e2": ["--edition", "e2"], "": []}.items()}
    assert {name: (walk["known_on"], walk["meter"]["quantity"], walk["lines"][0]["path"]) for name, walk in walks.items()} == {
        "e1": ("2024-04-09", "336", "readings/power/2023-02@2024-04-09.rolled.csv"), **dict.fromkeys(("e2", ""), ("2024-06-01", "672", "readings/power/2023-02.rolled.csv")),
    }  # fmt: skip
    assert {name: Counter(row["rule"] for row in walk["rows"] if row["fate"] != "used") for name, walk in walks.items()} == {"e1": {"not_known": 336}, "e2": {}, "": {}}
    assert str(CliRunner().invoke(app, [*asked, "--edition", "e3"]).exception).startswith("--edition: The last run has no edition 'e3'.")
    assert str(CliRunner().invoke(app, [*asked[:5], "--edition", "e1"]).exception).startswith("--edition: Months are listed as they were last known.")
    for name in ("e1", "e2"):
        found = verified(pack_of(both, name, "2023"), Asked(TRUSTED))
        assert found.good, wrong(found)
        assert verdicts(found)["electricity", "All"] == "agrees"


def test_a_waiver_of_an_earlier_edition_holds_on_after_more_became_known(tmp_path: Path) -> None:
    """e1 waived what February lacked when only it was there. Then more came: enough for e2, or still too little, which e2 is told with its own figures."""
    lacking = '[[waiver]]\nfinding = "{}"\nreason = "Asked for."\nwho = "w"\nuntil = 2030-01-01\n'
    single = two_editions(tmp_path / "alone")
    shutil.rmtree(single / "editions" / "e2")
    first = run_workspace(single, tmp_path / "first", tmp_path / "dagster-first")
    waived = finding_id("rejected_record", first.table("rejected")["record_id"].item())
    told = {}
    for name, gone in (("enough", 0), ("more", 12)):
        root = two_editions(tmp_path / name)
        with (root / "editions" / "e1" / "edition.toml").open("a", encoding="utf-8") as stream:
            stream.write(lacking.format(waived))
        if gone:
            late = datetime(2024, 5, 1, tzinfo=UTC)
            rows = [row for meter in ("E1", "E2") for row in quarter(meter)]
            kept = [row for row in rows if not (row[1].month == 2 and row[1].hour in (22, 23))]
            put_months(root / "data/raw/readings/power", [(*row, late) if number % 24 >= 12 and row[1].month == 2 else row for number, row in enumerate(kept)])
        both = run_workspace(root, tmp_path / f"{name}-out", tmp_path / f"{name}-dagster")
        told[name] = both.table("kpi_values").filter(pl.col("kpi_id") == "electricity").sort("edition").select("edition", "status", "reason").rows()
        assert both.table("rejected")["record_id"].unique().to_list() == first.table("rejected")["record_id"].to_list()
        for edition in ("e1", "e2"):
            found = verified(pack_of(both, edition, "2023"), Asked(TRUSTED))
            assert found.good, wrong(found)

    assert [row[:2] for row in told["enough"]] == [("e1", "incomplete"), ("e2", "ok")]
    assert [row[:2] for row in told["more"]] == [("e1", "incomplete"), ("e2", "blocked")]
    assert "as known on" not in told["more"][1][2]
    assert "of 1,344" in told["more"][1][2]


def test_what_an_edition_lacks_later_does_not_block_an_earlier_one_that_did_not(tmp_path: Path) -> None:
    """Nothing of February was known for e1, which estimates it; half of each day came for e2, which is blocked."""
    root = two_editions(tmp_path / "workspace")
    late = datetime(2024, 5, 1, tzinfo=UTC)
    there = [(row, row[1].astimezone(SHANGHAI)) for meter in ("E1", "E2") for row in quarter(meter)]
    put_months(root / "data/raw/readings/power", [(*row, late) if at.month == 2 else row for row, at in there if at.month != 2 or at.hour < 12])

    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster")

    assert ran.table("kpi_values").filter(pl.col("kpi_id") == "electricity").sort("edition")["status"].to_list() == ["incomplete", "blocked"]
    held = ran.table("rejected").filter(pl.col("rule") == "partial_days").sort("known_on", nulls_last=True)
    assert held.select("known_on", pl.col("measures") == "").rows()[:1] == [(date(2024, 4, 9), True)]
    for edition in ("e1", "e2"):
        found = verified(pack_of(ran, edition, "2023"), Asked(TRUSTED))
        assert found.good, wrong(found)


# ---------------------------------------------------------------- the same whichever engine


def test_runs_on_every_engine_write_the_same_bytes(ran: Ran, tmp_path: Path) -> None:
    for name in ENGINES[1:]:
        root = filled(tmp_path / name)
        (root / "workspace.toml").write_text(f'[engine]\nname = "{name}"\n')
        other = run_workspace(root, tmp_path / f"{name}-out", tmp_path / f"{name}-dagster", report=True)
        theirs, ours = ({path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()} for out in (other.out / "latest", ran.out / "latest"))
        assert {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)} == set()


def test_an_empty_folder_of_readings_changes_nothing(tmp_path: Path) -> None:
    root = workspace(tmp_path / "workspace")
    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster")

    assert ran.table("reading_months").is_empty()
    assert not (ran.out / "readings").exists()
    put(root, "_format.toml", "table = []\n")
    assert run_workspace(root, tmp_path / "out", tmp_path / "dagster").table("reading_fates").is_empty()
    assert frame([]).is_empty()
