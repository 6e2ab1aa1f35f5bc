"""`esg-kpis check-table`: what it prints, how it ends, and what it says of a table that cannot be read."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from esg_kpis.errors import EsgKpisError
from pipelines.cli import app
from tests.conftest import REPOSITORY

HEAD = "kpi_id,period,breakdown,category,value_as_printed,unit\n"
RIGHT = HEAD + 'mix,2023,age,young,60.0,%\nmix,2023,age,old,40.0,%\nwaste,2023,,,"1,234.5",t\n'
WRONG = RIGHT.replace("40.0", "49.0")


def ran(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check-table", *map(str, args)])
    if isinstance(result.exception, EsgKpisError):
        return result.exception.exit_code, str(result.exception)
    return result.exit_code, result.output


def file(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_table_without_a_fault_ends_with_0(tmp_path: Path) -> None:
    assert ran(file(tmp_path, RIGHT)) == (0, "1 checks: 1 holds.\n")
    assert "mix/age 2023: shares, holds" in ran(file(tmp_path, RIGHT), "--all")[1]


def test_a_fault_ends_with_1_and_is_written_out_within_100_columns(tmp_path: Path) -> None:
    code, text = ran(file(tmp_path, WRONG))

    assert code == 1
    assert max(map(len, text.splitlines())) <= 100
    assert "mix/age 2023: shares, cannot be rounding" in text
    assert "60.0 + 49.0 = 109: from 108.9 to below 109.1" in text
    assert "49.0 for 40.0 (one digit changed)" in text


def test_json_says_the_same(tmp_path: Path) -> None:
    code, text = ran(file(tmp_path, WRONG), "--json")
    told = json.loads(text)

    assert (code, told["found"], told["checked"]) == (1, 1, 1)
    assert told["checks"][0]["gap"] == "8.9 %"


@pytest.mark.parametrize("kind", ["utf-16", "semicolon", "gb18030", "xlsx"])
def test_a_table_comes_in_any_usual_form(tmp_path: Path, kind: str) -> None:
    if kind == "xlsx":
        path = tmp_path / "table.xlsx"
        pl.read_csv(WRONG.encode(), infer_schema=False).write_excel(path)
    else:
        text = WRONG.replace('"1,234.5"', "1234.5").replace(",", ";") if kind == "semicolon" else WRONG.replace("young", "青年")
        path = file(tmp_path, text.encode({"semicolon": "utf-8"}.get(kind, kind)))

    assert ran(path)[0] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The file is empty."),
        (HEAD, "no row"),
        ("kpi_id,period,unit\na,2023,t\n", "Columns are missing: value_as_printed."),
        (RIGHT.replace("waste,2023", "waste,"), "names no KPI or no period"),
    ],
)
def test_a_table_that_cannot_be_read_ends_with_3(tmp_path: Path, content: str, message: str) -> None:
    code, text = ran(file(tmp_path, content))

    assert code == 3
    assert message in text


def test_a_cell_that_is_no_number_is_a_finding(tmp_path: Path) -> None:
    code, text = ran(file(tmp_path, RIGHT.replace('"1,234.5"', "=cmd()")))

    assert code == 1
    assert "waste 2023: readable, is no number" in text


def test_the_same_row_twice_is_no_contradiction_and_another_value_is(tmp_path: Path) -> None:
    again = "waste,2023,total,All,{},t\n"

    assert ran(file(tmp_path, RIGHT + again.format("1234.5")))[0] == 0
    assert "same fact, cannot be rounding" in ran(file(tmp_path, RIGHT + again.format("1243.5")))[1]


@pytest.mark.parametrize(("args", "code"), [(("--checks", "x.yaml"), 2), (("no.csv",), 3), (("--root", str(REPOSITORY), "--edition", "1999"), 2)])
def test_wrong_usage_is_told(args: tuple[str, ...], code: int) -> None:
    assert ran(*args)[0] == code


@pytest.mark.parametrize(("text", "message"), [("- a\n", "no list of checks by kind"), ("part: []\n", "part: Extra inputs are not permitted"), ("a: [\n", "It is no YAML"), ("parts: [{whole: wast, parts: [mix]}]\n", "Did you mean 'waste'?")])
def test_checks_that_cannot_be_read_are_told(tmp_path: Path, text: str, message: str) -> None:
    code, told = ran(file(tmp_path, RIGHT), "--checks", file(tmp_path, text, "checks.yaml"))

    assert code == 3
    assert message in told


def test_the_editions_of_the_workspace_are_checked() -> None:
    code, text = ran("--root", REPOSITORY, "--edition", "2023")

    assert code == 1
    assert "[2023] water_withdrawal 2023: adds up, cannot be rounding" in text
    assert "523,100.75 + 164,353.00 = 687,453.75" in text
