"""`bridge`, `growth` and `diff` on the command line, and what a run keeps so that it can be read again."""

import json
import shutil
import zipfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from esg_kpis.errors import EsgKpisError, UsageProblem
from pipelines.cli import app
from pipelines.kept import DEFINITIONS, definitions_of
from pipelines.past_runs import folder_of, run_in
from tests.conftest import REPOSITORY, Ran, copy_workspace, run_workspace

EXAMPLE = REPOSITORY / "examples" / "ghg-methods"


def said(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "100"})
    assert result.exception is None or isinstance(result.exception, SystemExit | EsgKpisError), result.exception
    return result.exit_code, result.output if result.exception is None else f"{result.output}{result.exception}"


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The example run twice: in between a bill was corrected and moved, a factor changed, and the GWP set."""
    place = tmp_path_factory.mktemp("twice")
    root = copy_workspace(place / "workspace", EXAMPLE)
    run_workspace(root, place / "out", place / "dagster")
    bills = root / "data" / "raw" / "energy" / "bills.csv"
    lines = bills.read_text(encoding="utf-8").splitlines()
    lines = [lines[0], lines[4], lines[1].replace("1000000", "1100000"), *lines[2:4], *lines[5:]]
    bills.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for path, old, new in (("factors/mee-nbs-2022.csv", "CN-BJ,average,0.558", "CN-BJ,average,0.6"), ("editions/2023/edition.toml", 'gwp_set = "AR5"\ngwp_text', 'gwp_set = "AR4"\ngwp_text')):
        text = (root / path).read_text(encoding="utf-8")
        assert old in text
        (root / path).write_text(text.replace(old, new, 1), encoding="utf-8")
    return run_workspace(root, place / "out", place / "dagster")


def test_a_run_keeps_its_definitions_byte_for_byte_and_the_same_each_time(twice: Ran, tmp_path: Path) -> None:
    from esg_kpis.workspace import open_workspace
    from pipelines.kept import keep

    keep(open_workspace(twice.root), tmp_path)

    with zipfile.ZipFile(twice.out / "latest" / DEFINITIONS) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    assert kept == {path.relative_to(twice.root).as_posix(): path.read_bytes() for part in ("editions", "factors") for path in (twice.root / part).rglob("*") if path.is_file()}
    assert (tmp_path / DEFINITIONS).read_bytes() == (twice.out / "latest" / DEFINITIONS).read_bytes()


def test_the_run_before_is_remembered(twice: Ran) -> None:
    first, second = (folder_of(twice.out, name) for name in ("previous", "latest"))

    assert first != second
    assert {first, second} == set((twice.out / "runs").iterdir())
    assert folder_of(twice.out, first.name[:6]) == folder_of(twice.out, str(first)) == first


def test_diff_names_each_change_and_what_it_did(twice: Ran) -> None:
    """Beijing: 1,000 to 1,100 MWh and 0.558 to 0.6 t/MWh are 57.9 and 44.1 t; the kilograms of the README by AR4 instead of AR5."""
    code, text = said("diff", "previous", "latest", "--json", "--root", str(twice.root), "--out", str(twice.out))

    told = json.loads(text)
    cells = {(row["kpi_id"], row["breakdown"]): row for row in told["cells"]}
    gwp = Decimal("617.216088") * (25 - 28) + Decimal("3.53265") * (298 - 265) + 5 * (675 - 677) + 5 * (3500 - 3170) + 20 * (1430 - 1300)
    assert code == 0
    assert told["files"] == ["energy/bills.csv: changed"]
    assert [(item["what"], item["line_before"], item["line_after"], item["cells"]) for item in told["records"]["changes"]] == [("changed", 2, 3, {"quantity": ["1000000", "1100000"]})]
    assert told["records"]["moved"] == 3
    assert [(item["name"], item["keys"]["value"]) for item in told["factors"]] == [("cn-bj-grid-2022-avg", ["0.558", "0.6"])]
    assert [(item["part"], item["keys"]["gwp_set"]) for item in told["definitions"]["2023"]] == [("gwp_set", ["AR5", "AR4"])]
    parts = {name: Decimal(value) for name, value in cells["ghg_scope_1_2", "total"]["parts"].items()}
    assert parts == {"data": Decimal("57.9"), "factors": Decimal("44.1"), "definitions": gwp / 1000}
    assert Decimal(cells["ghg_scope_1_2", "total"]["after"]) - Decimal(cells["ghg_scope_1_2", "total"]["before"]) == sum(parts.values())
    assert cells["ghg_scope_1_2", "total"]["records"] == [{"change": 0, "effect": "57.9"}]


def test_diff_in_a_terminal_of_100_columns(twice: Ran) -> None:
    code, text = said("diff", "--root", str(twice.root), "--out", str(twice.out))

    assert code == 0
    assert max(map(len, text.splitlines())) <= 100
    assert "energy/bills.csv line 3: quantity 1000000 → 1100000" in text
    assert "factor cn-bj-grid-2022-avg changed: value 0.558 → 0.6" in text
    assert "2023: gwp_set changed: gwp_set AR5 → AR4" in text


def test_two_runs_that_are_equal_say_so_and_end_well(twice: Ran) -> None:
    code, text = said("diff", "latest", "latest", "--root", str(twice.root), "--out", str(twice.out))

    assert (code, "Nothing differs" in text) == (0, True)


def test_the_bridge_from_an_older_run_has_the_data_as_a_cause(twice: Ran) -> None:
    code, text = said("bridge", "--period", "2023", "--from", "2023", "--to", "2023", "--from-run", "previous", "--kpi", "ghg_scope_2_location", "--json", "--root", str(twice.root), "--out", str(twice.out))

    told = json.loads(text)
    [item] = told["bridges"]
    assert code == 0
    assert told["causes_that_differ"] == ["data", "factors", "gwp"]
    assert {bar["cause"]: bar["effect"] for bar in item["bars"] if not bar["cause"].startswith("unrep")} == {"data": "57.9", "factors": "44.1", "gwp": "0"}


def test_an_older_run_without_its_definitions_says_how_to_get_them(twice: Ran, tmp_path: Path) -> None:
    copy = shutil.copytree(twice.out / "latest", tmp_path / "old", symlinks=False)
    (copy / DEFINITIONS).unlink()
    manifest = copy / "manifest.sha256"
    manifest.write_text("".join(line for line in manifest.read_text(encoding="utf-8").splitlines(keepends=True) if DEFINITIONS not in line), encoding="utf-8")

    with pytest.raises(EsgKpisError, match="kept no copy of its editions and factors"):
        run_in(copy)


def test_a_run_that_was_changed_after_it_was_written_is_not_compared(twice: Ran, tmp_path: Path) -> None:
    copy = shutil.copytree(twice.out / "latest", tmp_path / "old", symlinks=False)
    (copy / "kpi_values.parquet").write_bytes(b"")

    with pytest.raises(EsgKpisError, match="not as they were written"):
        run_in(copy)


def test_definitions_of_another_run_are_not_taken_for_its_own(twice: Ran, tmp_path: Path) -> None:
    ran = json.loads((twice.out / "latest" / "run.json").read_text(encoding="utf-8"))
    shutil.copy(folder_of(twice.out, "previous") / DEFINITIONS, tmp_path / DEFINITIONS)

    with pytest.raises(EsgKpisError, match="are not those of the run"), definitions_of(tmp_path, ran):
        pass
    (tmp_path / DEFINITIONS).write_bytes(b"PK no zip")
    with pytest.raises(EsgKpisError, match="cannot be read"), definitions_of(tmp_path, ran):
        pass


@pytest.mark.parametrize("name", ["", "nowhere", "../../etc", "0" * 16])
def test_a_run_that_is_not_there_is_named(twice: Ran, name: str) -> None:
    with pytest.raises(UsageProblem, match=r"There is no run|Several runs"):
        folder_of(twice.out, name)


# ---------------------------------------------------------------- bridge and growth


def test_bridge_in_a_terminal_of_100_columns(worked: Ran) -> None:
    code, text = said("bridge", "--period", "2020", "--from", "2020", "--to", "2023", "--kpi", "ghg_scope_1_2", "--root", str(worked.root), "--out", str(worked.out))

    assert code == 0
    assert max(map(len, text.splitlines())) <= 100
    for line in ("printed, 2020", "+16,486.15", "+22,173.11", "-3,546.57", "printed, 2023", "66,481.29", "Base-year test: all causes together +111.93 %"):
        assert line in text


def test_bridge_as_a_file_has_every_decimal(worked: Ran, tmp_path: Path) -> None:
    place = tmp_path / "bridge.csv"

    code, _ = said("bridge", "--period", "2020", "--from", "2020", "--to", "2023", "--kpi", "ghg_scope_1_2", "--to-file", str(place), "--root", str(worked.root), "--out", str(worked.out))

    table = pl.read_csv(place, infer_schema=False)
    assert code == 0
    assert [Decimal(before) + Decimal(effect) for before, effect in table.select("before", "effect").rows()] == [Decimal(after) for after in table["after"]]
    assert (table["before"][0], table["after"][-1]) == ("31347.06", "66481.29")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--from", "2020", "--to", "2020"], "begins and ends at edition 2020"), (["--from", "2019", "--to", "2023"], "no edition '2019'"), (["--from", "2020", "--to", "2023", "--kpi", "ghg"], "no KPI 'ghg'"),
        (["--from", "2020", "--to", "2023", "--threshold", "many"], "no percentage"), (["--from", "2020", "--to", "2023", "--threshold", "NaN"], "no percentage"), (["--from", "2020", "--to", "2023", "--category", "gas"], "no category"),
        (["--from", "2020", "--to", "2023", "--kpi", "ghg_scope_1", "--category", "gas=CO2"], "do not share the category"), (["--from", "2020", "--to", "2023", "--from-run", "nowhere"], "no run 'nowhere'"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_refused_with_the_way_out(worked: Ran, words: list[str], reason: str) -> None:
    code, text = said("bridge", "--period", "2020", *words, "--root", str(worked.root), "--out", str(worked.out))

    assert code != 0
    assert reason in text


def test_a_period_that_one_edition_lacks_is_refused(worked: Ran) -> None:
    assert "has no period '2021'" in said("bridge", "--period", "2021", "--from", "2020", "--to", "2023", "--root", str(worked.root), "--out", str(worked.out))[1]


def test_growth_in_a_terminal_of_100_columns(worked: Ran) -> None:
    code, text = said("growth", "ghg_scope_1_2", "--edition", "2023", "--from", "2020", "--to", "2023", "--root", str(worked.root), "--out", str(worked.out))

    assert code == 0
    assert max(map(len, text.splitlines())) <= 100
    assert "CN-EV-01 (Automotive factory)" in text.replace("\n", " ")
