"""What the Dagster UI is told: words, places and columns of every asset, previews without persons, checks that say what to do."""

from decimal import Decimal
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from hypothesis import given
from hypothesis import strategies as st

from esg_kpis.amounts import coverage_of
from esg_kpis.assurance.named import CHECKS
from esg_kpis.domains import DOMAINS
from esg_kpis.tables import AMOUNTS, BRIDGE, FINDINGS, KPI_VALUES, METERS, QUANTITIES, RECORDS, SITES, WRITTEN, Table, empty
from pipelines.catalogue import CATALOGUE, GROUPS, PREVIEWED
from pipelines.checks import check_result, plain
from pipelines.column_lineage import LINEAGE
from pipelines.definitions import JOB, build_defs
from pipelines.lineage import beginnings
from pipelines.raw_observed import observed
from pipelines.resources import WorkspaceResource
from pipelines.shown import NO_ROWS, counted, digest, preview, refused, visible
from pipelines.sources import SOURCES
from tests.conftest import REPOSITORY, Ran

COLUMNS = {table.name: set(table.names) for table in WRITTEN} | {name: {column.name for column in columns} for name, columns in SOURCES.items()}
COLUMNS["published_with_data"] = COLUMNS["published"]
COLUMNS["bridge"] = set(BRIDGE.names)
COLUMNS["meter_months"] = set(coverage_of(empty(QUANTITIES), empty(AMOUNTS), empty(SITES), empty(METERS), []).meters.columns)
WITHOUT_TABLE = ("published_with_data", "bridge", "meter_months")


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    return build_defs(REPOSITORY).resolve_asset_graph()


def row(table: Table, **values: object) -> pl.DataFrame:
    """One row of a table: what is not given is empty, zero or false."""
    blank = {pl.String(): "", pl.Int64(): 0, pl.Boolean(): False}
    given = {column.name: values.get(column.name, None if column.nullable else blank.get(column.dtype, Decimal(0))) for column in table.columns}
    return pl.DataFrame([given], schema=table.schema)


# ---------------------------------------------------------------- words and places


def test_every_asset_is_in_the_catalogue_and_the_catalogue_names_no_other(graph: AssetGraph) -> None:
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == set(CATALOGUE)


def test_every_asset_says_what_it_is_what_a_row_is_and_who_acts(graph: AssetGraph) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name in GROUPS
        assert "**One row:**" in (node.description or "")
        assert "**Who acts on it:**" in (node.description or "")
        assert node.owners
        assert all(owner.startswith("team:") for owner in node.owners)
        assert node.kinds
        assert {"report page"} <= set(node.metadata)


def test_no_arrow_leads_back_to_an_earlier_group(graph: AssetGraph) -> None:
    assert sorted(GROUPS) == list(GROUPS)
    for key in graph.get_all_asset_keys():
        for parent in graph.get(key).parent_keys:
            assert (graph.get(parent).group_name or "") <= (graph.get(key).group_name or ""), f"{parent} -> {key}"


def test_every_table_lies_where_its_asset_says(worked: Ran) -> None:
    graph = build_defs(worked.root, worked.out).resolve_asset_graph()
    files = [graph.get(dg.AssetKey(name)).metadata["file"].value for name in COLUMNS if name not in SOURCES and name not in WITHOUT_TABLE]

    assert len(files) >= 30
    assert [path for path in files if not Path(str(path)).exists()] == []


def test_code_references_lead_to_the_step_and_to_the_function_it_calls(graph: AssetGraph) -> None:
    references = graph.get(dg.AssetKey("kpi_values")).metadata["dagster/code_references"].code_references

    lines = [(Path(item.file_path).read_text(encoding="utf-8").splitlines()[item.line_number - 1 :], item.label) for item in references]
    assert "def kpi_values(" in "\n".join(lines[0][0][:3])
    assert lines[1][0][0].startswith("def evaluate(")


def test_links_lead_to_a_server_where_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESG_KPIS_REPORT_URL", "https://reports.example/esg/")
    monkeypatch.setenv("ESG_KPIS_SOURCE_URL", "https://code.example/esg-kpis/blob/main")
    metadata = build_defs(REPOSITORY).resolve_asset_graph().get(dg.AssetKey("kpi_values")).metadata

    assert metadata["report page"] == dg.MetadataValue.url("https://reports.example/esg/tables.html")
    assert metadata["dagster/code_references"].code_references[1].url.startswith("https://code.example/esg-kpis/blob/main/src/esg_kpis/kpis/evaluate.py#L")


def test_there_is_one_job_and_one_for_months_of_readings_and_nothing_starts_by_itself() -> None:
    defs = build_defs(REPOSITORY)

    assert [job.name for job in defs.jobs or ()] == [JOB, "readings_by_month"]
    assert "The one job" in (defs.resolve_job_def(JOB).description or "")
    assert [sensor.default_status for sensor in defs.sensors or ()] == [dg.DefaultSensorStatus.STOPPED]
    assert [schedule.default_status for schedule in defs.schedules or () if isinstance(schedule, dg.ScheduleDefinition)] == [dg.DefaultScheduleStatus.STOPPED]


# ---------------------------------------------------------------- columns


def test_lineage_names_only_columns_that_exist() -> None:
    for asset, deps in LINEAGE.items():
        assert set(deps) <= COLUMNS[asset], asset
        for names in deps.values():
            assert [(of, name) for of, name in names if name not in COLUMNS[of]] == [], asset


def test_lineage_runs_along_the_arrows_between_assets(graph: AssetGraph) -> None:
    for asset, deps in LINEAGE.items():
        upstream = {key.to_user_string() for key in graph.get_ancestor_asset_keys(dg.AssetKey(asset))}
        assert {of for names in deps.values() for of, _ in names} <= upstream, asset


NOT_IN_A_COLUMN = {"kpi_values": {"instruments"}}
"""Arrows of which no column says anything: of the ledger of instruments the KPIs take factors only, and amounts have gone through them before."""


@pytest.mark.parametrize("asset", ["quantities", "amounts", "factors", "edition_amounts", "published", "kpi_values", "tie_out"])
def test_on_the_way_to_the_kpis_no_arrow_between_assets_is_left_out_of_the_columns(graph: AssetGraph, asset: str) -> None:
    arrows = {key.to_user_string() for key in graph.get(dg.AssetKey(asset)).parent_keys}
    said = {of for names in LINEAGE[asset].values() for of, _ in names}

    assert arrows - said == NOT_IN_A_COLUMN.get(asset, set())
    assert arrows >= {"edition_files"} or asset in ("quantities", "amounts", "factors"), "what an edition decides is an arrow too"


@pytest.mark.parametrize("column", KPI_VALUES.names)
def test_every_column_of_the_kpi_table_goes_back_to_files_that_somebody_wrote(column: str) -> None:
    assert LINEAGE["kpi_values"][column]
    ends = {asset for asset, _ in beginnings("kpi_values", column)}

    assert ends
    assert {CATALOGUE[asset].group for asset in ends} == {GROUPS[0]}


def test_a_value_goes_back_to_the_number_on_the_bill_the_factor_and_the_definition() -> None:
    assert {("raw/energy", "quantity"), ("raw/energy", "unit"), ("raw/people", "person"), ("factor_files", "source.value"), ("edition_files", "kpis.yaml")} <= beginnings("kpi_values", "value")


@pytest.mark.parametrize("asset", ["records", "quantities", "factors", "edition_amounts", "published", "kpi_values", "tie_out"])
def test_on_the_way_from_records_to_kpis_every_column_says_where_it_comes_from(asset: str) -> None:
    assert set(LINEAGE[asset]) == COLUMNS[asset]


def test_a_column_says_in_the_ui_where_it_comes_from(graph: AssetGraph) -> None:
    columns = {column.name: column.description or "" for column in graph.get(dg.AssetKey("kpi_values")).metadata["dagster/column_schema"].columns}

    assert columns["decimals"].endswith("*From* [published](/assets/published): `decimals`; [edition_files](/assets/edition_files): `kpis.yaml`, `targets.yaml`")
    assert all("*From*" in words for words in columns.values())


def test_a_run_tells_dagster_the_lineage_of_every_column_of_the_kpi_table() -> None:
    told = counted(pl.DataFrame(schema=KPI_VALUES.schema), "kpi_values")["dagster/column_lineage"]

    assert set(told.deps_by_column) == set(KPI_VALUES.names)


# ---------------------------------------------------------------- rows


def test_columns_of_previews_exist() -> None:
    own = {name: set(columns) for name, columns in PREVIEWED.items() if name in COLUMNS}

    assert {name: columns - COLUMNS[name] for name, columns in own.items() if columns - COLUMNS[name]} == {}
    assert len(own) >= 28


def test_a_preview_has_five_rows_and_short_cells() -> None:
    frame = pl.DataFrame({"a": [f"{number}" * 100 for number in range(1000)], "b": [Decimal("1.500")] * 1000})
    shown = preview(frame, "anything")

    assert [record.data["b"] for record in shown.records] == ["1.5"] * 5
    assert [record.data["a"][0] for record in shown.records] == ["0", "2", "4", "6", "8"]
    assert max(len(str(value)) for record in shown.records for value in record.data.values()) <= 40


def test_a_preview_of_findings_begins_with_what_failed() -> None:
    findings = pl.concat([row(FINDINGS, finding_id="1", check="anomaly", subject="well", passed=True), row(FINDINGS, finding_id="2", check="anomaly", subject="ill")])

    assert [record.data["subject"] for record in preview(findings, "findings").records] == ["ill", "well"]


@pytest.mark.parametrize("name", sorted(NO_ROWS))
def test_of_tables_about_people_neither_a_row_nor_a_digest_is_shown(name: str) -> None:
    told = counted(pl.DataFrame({"site_id": ["SITE-1"], "persons": [3]}), name)

    assert told["dagster/row_count"] == 1
    assert "sha256" not in told
    assert isinstance(told["preview"], str)


def test_nothing_about_people_and_nothing_suppressed_is_in_a_preview() -> None:
    amounts = pl.concat([row(AMOUNTS, amount_id="1", measure="employees"), row(AMOUNTS, amount_id="2", measure="water_tap")])
    records = pl.concat([row(RECORDS, record_id=name, domain=domain, path=f"{domain.split(';')[0]}/a.csv", received='{"a": "1"}') for name, domain in (("1", "people"), ("2", "energy;water"), ("3", "government_requests"))])
    cells = pl.concat([row(KPI_VALUES, kpi_id="a", status="suppressed"), row(KPI_VALUES, kpi_id="b", status="ok")])
    findings = pl.concat([row(FINDINGS, check=check, subject=subject) for check, subject in (("roll_forward", "2023"), ("rejected_record", "people/spells.csv, line 5"), ("tie_out", "employees"), ("tie_out", "tap"))])

    by_head = pl.concat([amounts, row(AMOUNTS, amount_id="3", measure="water_tap", estimate_method="per_head"), row(AMOUNTS, amount_id="4", measure="water_tap", estimate_method="per_floor_area")])

    assert visible(amounts, "amounts")["measure"].to_list() == ["water_tap"]
    assert visible(by_head, "edition_amounts")["amount_id"].to_list() == ["2", "4"]
    assert visible(records, "records")["record_id"].to_list() == ["2"]
    assert "received" not in visible(records, "records").columns
    assert visible(cells, "kpi_values")["kpi_id"].to_list() == ["b"]
    assert visible(findings, "findings")["subject"].to_list() == ["tap"]
    assert "1 that tell of people" in counted(amounts, "amounts")["rows not shown"]


def test_a_digest_knows_blank_from_nothing_and_does_not_mind_how_rows_lie_in_memory() -> None:
    frame = pl.DataFrame({"a": ["x", "", None, "y"], "b": [1, 2, 3, 4]})
    in_parts = pl.concat([frame[:1], frame[1:]], rechunk=False)

    assert digest(frame) == digest(in_parts)
    assert len({digest(frame), digest(frame.with_columns(pl.col("a").fill_null(""))), digest(frame.rename({"a": "c"})), digest(frame.reverse())}) == 4


def test_how_much_was_refused_is_a_number() -> None:
    assert refused(pl.DataFrame({"record_id": ["1", "2", "3"]}), pl.DataFrame({"record_id": ["1", "1"]})) == {"rejected records": 1, "rejected percent": 33.333}
    assert refused(pl.DataFrame({"record_id": []}), pl.DataFrame({"record_id": []})) == {"rejected records": 0, "rejected percent": 0.0}


def test_a_folder_shows_its_files_with_bytes_and_hash_but_people_only_how_many(worked: Ran) -> None:
    workspace = WorkspaceResource(root=str(worked.root), out=str(worked.out))
    told = {item.asset_key.to_user_string(): item.metadata for item in observed(workspace, worked.table("files"), worked.table("rejected"))}

    assert set(told) == set(SOURCES)
    listed = {record.data["file"]: record.data for record in told["raw/energy"]["what is there"].records}
    assert listed["heat.csv"]["bytes"] == (worked.root / "data/raw/energy/heat.csv").stat().st_size
    assert (listed["heat.csv"]["state"], listed["_format.toml"]["state"]) == ("read", "rules")
    assert told["raw/energy"]["files"].value == len(listed)
    people = {key: value for key, value in told["raw/people"].items() if key not in ("records", "rejected records", "rejected percent")}
    assert set(people) == {"files", "what is there"}
    assert told["raw/vehicles"]["files"].value == 0


# ---------------------------------------------------------------- checks


def checked(tmp_path: Path, *findings: pl.DataFrame, name: str = "rejected_record") -> dg.AssetCheckResult:
    for part in ("data/raw", "factors", "editions"):
        (tmp_path / part).mkdir(parents=True, exist_ok=True)
    return check_result(pl.concat(findings) if findings else pl.DataFrame(schema=FINDINGS.schema), name, WorkspaceResource(root=str(tmp_path), out=str(tmp_path / "out")))


def finding(number: int = 1, **values: object) -> pl.DataFrame:
    return row(FINDINGS, **({"finding_id": str(number), "check": "rejected_record", "subject": f"a.csv, line {number}", "severity": "error", "observed": "read 'x'", "expected": "a number", "what_to_do": "Send it back.", "state": "open"} | values))


def test_a_failed_check_says_what_how_many_which_and_what_to_do(tmp_path: Path) -> None:
    result = checked(tmp_path, *(finding(number) for number in range(1, 13)))
    words, wrong, steps = result.description or "", str(result.metadata["what is wrong"].value), str(result.metadata["what to do"].value)

    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert words.startswith("**12 rows or files were rejected.** What ought to hold: every record received can be read.")
    assert words.count("a.csv, line") == 3
    assert "and 9 more" in words
    assert words.endswith("**What to do:** Send it back.")
    assert wrong.count("| a.csv, line") == 10
    assert wrong.endswith("The first 10 of 12.")
    assert steps.startswith("1. Send it back. (12 findings)\n2. Run the main job again")
    assert str(tmp_path / "out" / "report" / "findings.html") in steps
    assert result.metadata["failed"].value == 12


def test_a_check_is_as_bad_as_its_worst_finding_and_names_that_first(tmp_path: Path) -> None:
    result = checked(tmp_path, finding(1, severity="warning", subject="A"), finding(2, severity="error", subject="Z"))

    assert result.severity == dg.AssetCheckSeverity.ERROR
    assert (result.description or "").index("Z") < (result.description or "").index("**A**")
    assert checked(tmp_path, finding(1, severity="warning")).severity == dg.AssetCheckSeverity.WARN


def test_notes_and_waivers_fail_no_check_but_are_counted(tmp_path: Path) -> None:
    result = checked(tmp_path, finding(1, severity="note"), finding(2, waived="preparer, until 2024-12-31: known", state="waived"), finding(3, severity="warning", state="explained"))

    assert result.passed
    assert result.description == "It holds: every record received can be read. 1 waived; 1 explained; 1 noted, without need to act."
    assert checked(tmp_path).passed


def test_what_to_do_is_told_before_what_needs_nothing(tmp_path: Path) -> None:
    result = checked(tmp_path, finding(1, what_to_do="Nothing; it is explained."), finding(2, what_to_do="Trace it."))

    assert (result.description or "").endswith("Trace it.")


def test_a_row_about_a_person_is_named_by_its_file_alone(tmp_path: Path) -> None:
    result = checked(tmp_path, finding(1, subject="people/spells.csv, line 5"))

    assert "people/spells.csv" in (result.description or "")
    assert "line 5" not in str(result.description) + str(result.metadata)


def test_every_check_has_a_description_in_the_ui(graph: AssetGraph) -> None:
    described = {key.name for key in graph.asset_check_keys if graph.get(key).description}

    assert described == {*CHECKS, "every_record_has_one_fate"}


@given(st.text(alphabet=st.sampled_from("![]()<>|`*_~#\\@:/.wab \n\r"), max_size=60))
def test_text_from_files_stays_text_in_markdown(text: str) -> None:
    told = plain(text)

    assert "\n" not in told
    assert "://" not in told
    assert "www." not in told
    for index, letter in enumerate(told):
        if letter in "[]<>|`*_~#!":
            assert told[index - 1] == "\\"


def test_domains_of_persons_are_those_the_catalogue_says_so_of() -> None:
    assert [name for name, domain in DOMAINS.items() if domain.counted and "rows of persons" not in CATALOGUE[f"raw/{name}"].what] == []
