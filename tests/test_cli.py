"""The command line on the worked data: what it prints, its exit codes, and what it says when something is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.command_line import Done, esg_kpis_in
from tests.conftest import Ran, copy_workspace


def esg_kpis(*args: str, home: Path) -> Done:
    return esg_kpis_in(home.parent, *args, DAGSTER_HOME=str(home), COLUMNS="120")


def look(worked: Ran, *args: str) -> Done:
    return esg_kpis("--root", str(worked.root), "--out", str(worked.out), *args, home=worked.out.parent / "dagster")


def answer(worked: Ran, *args: str) -> Any:  # noqa: ANN401
    return json.loads(look(worked, *args, "--json").stdout)


def test_trace_walks_from_a_printed_kpi_to_file_and_line(worked: Ran) -> None:
    walk = answer(worked, "trace", "ghg_scope_1_by_gas", "--period", "2023", "--category", "gas=N2O")
    part = walk["parts"][0]

    assert walk["cell"]["printed"] == "1.97"
    assert part["value"] == walk["cell"]["value"]
    assert any(group["way"] == "cn-natgas-ncv > ipcc2006-natgas-n2o-manufacturing > gwp100-ar5-n2o" for group in part["groups"])
    assert {"path", "line", "received", "sha256"} <= set(part["records"][0])
    lines = (worked.root / "data" / "raw" / part["records"][-1]["path"]).read_text(encoding="utf-8").splitlines()
    assert next(iter(json.loads(part["records"][-1]["received"]).values())) in lines[part["records"][-1]["line"] - 1]


def test_trace_says_which_rule_applied_another_year(worked: Ran) -> None:
    walk = answer(worked, "trace", "ghg_scope_2", "--period", "2020", "--edition", "2020")

    assert all("data year 2019 applied to 2020 by edition rule" in factor["why"] for factor in walk["parts"][0]["factors"] if factor["factor_id"].startswith("cn-grid"))


def test_trace_of_a_ratio_shows_both_sides(worked: Ran) -> None:
    shown = look(worked, "trace", "ghg_per_capita", "--period", "2023").stdout

    assert "ghg_scope_1_2 / employees_full_time" in shown
    assert "33,627 person" in shown


@pytest.mark.parametrize(
    ("args", "message", "code"),
    [
        (("trace", "ghg_scop", "--period", "2023"), "Did you mean 'ghg_scope_", 2),
        (("trace", "ghg_scope_2", "--period", "1999"), "no period '1999'", 2),
        (("trace", "ghg_scope_2", "--period", "2023", "--category", "gas=CO2"), "no breakdown 'gas'", 2),
        (("trace", "ghg_scope_2", "--period", "2023", "--category", "CO2"), "BREAKDOWN=CATEGORY", 2),
        (("run", "--edition", "1999"), "no edition '1999'", 2),
        (("run", "--as-of", "31/12/2023"), "is no date", 2),
        (("factors", "find", "electricty_purchased", "--region", "CN", "--on", "2023-01-01"), "Did you mean 'electricity_purchased'", 2),
        (("tie-out", "--edition", "1999"), "no edition '1999'", 2),
    ],
)
def test_wrong_usage_names_the_way_out(worked: Ran, args: tuple[str, ...], message: str, code: int) -> None:
    done = look(worked, *args)

    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == code


def test_factors_find_says_why_and_what_nearly_matched(worked: Ran) -> None:
    found = answer(worked, "factors", "find", "electricity_purchased", "--region", "CN-NCG", "--on", "2020-06-30", "--edition", "2020")
    grid = next(item for item in found if item["gas"] == "CO2")

    assert grid["factor_id"] == "cn-grid-ncg-2019-om50bm50"
    assert "data year 2019 applied to 2020 by edition rule" in grid["why"]
    assert any("cn-grid-ncg-2019-om (method operating_margin" in text for text in grid["nearly"])


def test_factors_find_gives_no_factor_rather_than_a_neighbour(worked: Ran) -> None:
    done = look(worked, "factors", "find", "electricity_purchased", "--region", "DE", "--on", "2023-06-30", "--edition", "2023")

    assert "No rule of the edition leads to emission_gas of CO2" in " ".join(done.stdout.split())


def test_tie_out_shows_what_differs_and_why(worked: Ran) -> None:
    shown = look(worked, "tie-out", "--edition", "2023").stdout

    assert "printed 683906.94, computed 687453.75" in shown
    assert "contradicts its printed parts" in " ".join(shown.split())


def test_a_folder_that_is_no_workspace_is_input_that_cannot_be_read(tmp_path: Path) -> None:
    done = esg_kpis("--root", str(tmp_path), "run", home=tmp_path / "dagster")

    assert done.returncode == 3
    assert "There is no folder 'data/raw'" in done.stderr


def test_looking_before_the_first_run_says_to_run(worked: Ran, tmp_path: Path) -> None:
    done = esg_kpis("--root", str(worked.root), "--out", str(tmp_path / "none"), "tie-out", home=tmp_path / "dagster")

    assert done.returncode == 1
    assert "Run `esg-kpis run` first" in done.stderr


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_broken_inputs_block_what_rests_on_them_and_print_the_rest(tmp_path: Path) -> None:
    """A factor deleted, a unit misspelt, a required column removed: each says what, where and how to mend it."""
    root = copy_workspace(tmp_path / "workspace")
    factor_file = root / "factors" / "mee-ets-2022-111.csv"
    factor_file.write_text(factor_file.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    edit(root / "data" / "raw" / "waste" / "waste_2023.csv", ",kg,", ",kgs,")
    edit(root / "data" / "raw" / "water" / "discharge_2023.csv", "quantity", "Menge")

    done = esg_kpis("run", "--root", str(root), "--out", str(tmp_path / "out"), "--json", home=tmp_path / "dagster")
    values = pl.read_parquet(tmp_path / "out" / "kpi_values.parquet").filter(pl.col("edition") == "2023")
    findings = pl.read_parquet(tmp_path / "out" / "findings.parquet").filter(pl.col("severity") == "error")
    rejected = pl.read_parquet(tmp_path / "out" / "rejected.parquet")
    status = {(row["kpi_id"], row["period"]): row for row in values.filter(pl.col("category") == "All").iter_rows(named=True)}

    assert done.returncode == 1
    assert status["ghg_scope_2", "2021"]["status"] == "blocked"
    assert "No factor leads to emission_gas of CO2 from electricity_purchased" in status["ghg_scope_2", "2021"]["reason"]
    assert status["ghg_scope_2", "2021"]["value"] is None
    assert status["ghg_per_capita", "2021"]["status"] == "blocked"
    assert status["ghg_scope_2", "2022"]["printed"] == "78620.01"
    assert status["hazardous_waste", "2023"]["status"] == "blocked"
    assert status["hazardous_waste", "2022"]["printed"] == "1.43"
    assert status["water_discharge", "2023"]["status"] == "blocked"
    assert status["total_energy_consumption", "2023"]["printed"] == "211171.84"
    stopped = rejected.filter(pl.col("rule") == "file_stopped")
    assert stopped["path"].to_list() == ["water/discharge_2023.csv"]
    assert "'quantity'" in stopped["message"].item()
    units = rejected.filter(pl.col("rule") == "unit")
    assert units.height > 0
    assert "The unit 'kgs' is unknown" in units["expected"][0]
    assert "'kg'" in units["expected"][0]
    assert findings.filter(pl.col("check") == "missing_factor").height > 0
    assert (tmp_path / "out" / "rejected_by_site").is_dir()


def test_check_names_the_months_of_which_nothing_came(tmp_path: Path) -> None:
    root = copy_workspace(tmp_path / "workspace")
    halls = root / "data" / "raw" / "energy" / "data_hall_electricity.csv"
    lines = halls.read_text(encoding="utf-8").splitlines(keepends=True)
    halls.write_text("".join(line for line in lines if "CN-DC-BJ-E1" not in line or (",2021-05-01," not in line and ",2022-" not in line)), encoding="utf-8")

    done = esg_kpis("check", "--root", str(root), "--out", str(tmp_path / "out"), home=tmp_path / "dagster")

    assert done.returncode == 0
    assert "missing electricity_purchased at CN-DC-BJ: 396 days of 2021-05, 2022-01 to 2022-12; it lies between" in done.stdout


def test_a_second_run_writes_the_same_bytes(worked: Ran, tmp_path: Path) -> None:
    """Under the same key the run itself compares; here from another place, with another key's history, in another process, whose sets and dictionaries are hashed otherwise."""
    again = Ran(copy_workspace(tmp_path / "elsewhere" / "workspace", worked.root), tmp_path / "results")
    (tmp_path / "dagster").mkdir()
    command = [sys.executable, "-m", "pipelines.cli", "--root", str(again.root), "--out", str(again.out), "run"]
    done = subprocess.run(command, env={**os.environ, "DAGSTER_HOME": str(tmp_path / "dagster"), "PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    first, second = ({path.relative_to(ran.out / "latest").as_posix(): path.read_bytes() for path in (ran.out / "latest").rglob("*") if path.is_file()} for ran in (worked, again))

    assert (again.out / "latest").readlink() == (worked.out / "latest").readlink()
    assert sorted(first) == sorted(second)
    assert "report/zh/index.html" in first
    assert [name for name in first if first[name] != second[name]] == []


def test_an_earlier_knowledge_date_blocks_what_was_not_known(tmp_path: Path, worked: Ran) -> None:
    done = esg_kpis(
        "run", "--root", str(worked.root), "--out", str(tmp_path / "out"), "--edition", "2023", "--known-on", "2022-12-31", "--json", home=tmp_path / "dagster"
    )
    values = pl.read_parquet(tmp_path / "out" / "kpi_values.parquet").filter(pl.col("breakdown") == "total")
    cells = {(row["kpi_id"], row["period"]): row for row in values.iter_rows(named=True)}

    assert done.returncode == 1
    assert "published 2023-02-07, after the knowledge date 2022-12-31" in cells["ghg_scope_2", "2022"]["reason"]
    assert "in-cea-fy2022-23-v19-imports" in cells["ghg_scope_2", "2021"]["reason"]
    assert cells["ghg_scope_1", "2023"]["printed"] == "12252.52"
