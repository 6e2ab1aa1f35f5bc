"""A sample drawn from an evidence pack, by who has nothing else: it is the one that is drawn from the run, and nothing is drawn from a pack that was changed."""

from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner

from esg_kpis.errors import EsgKpisError, InputProblem, UsageProblem
from esg_kpis.sampling import Plan
from esg_kpis.sampling.paper import HEADER, SAMPLE
from pipelines.sampling import of_pack, of_run, sampled_of
from tests.conftest import REPOSITORY, Ran, copy_workspace, run_workspace
from tests.evidence_scenario import changed, pack_of, plainly_zipped, replaced
from tests.sampling_scenario import column, fill_in

GHG = ("ghg_scope_1_2", "--seed", "7")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The example with market-based instruments, leaks, a joint venture, and credit notes."""
    place = tmp_path_factory.mktemp("ghg")
    return run_workspace(copy_workspace(place / "workspace", REPOSITORY / "examples" / "ghg-methods"), place / "out", place / "dagster")


@pytest.fixture(scope="module")
def pack(ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "pack.zip"
    path.write_bytes(pack_of(ran, "2023", "2023"))
    return path


def asked(*arguments: str) -> tuple[int, str]:
    from pipelines.cli import app

    result = CliRunner().invoke(app, ["sample", *arguments], catch_exceptions=False)
    return result.exit_code, result.stdout


@pytest.mark.parametrize(
    ("kpi", "breakdown", "category"),
    [("ghg_scope_1_2", "total", "All"), ("ghg_scope_1_2", "site", "GD-JV"), ("ghg_scope_2_market", "total", "All"), ("ghg_scope_1_by_gas", "gas", "HFCs"), ("ghg_scope_1_by_gas", "gas", "CH4"), ("revenue", "total", "All")],
)  # fmt: skip
def test_the_pack_gives_the_sample_of_the_run_with_every_word_of_it(ran: Ran, pack: Path, kpi: str, breakdown: str, category: str) -> None:
    for method in ({}, {"method": "stratified", "strata": "measure", "size": 10}):
        plan = Plan("2023", kpi, "2023", breakdown, category, seed=7, **method)  # type: ignore[arg-type]
        of_the_run, of_the_pack = (sampled_of(figures, plan) for figures in (of_run(ran.root, ran.out, "2023"), of_pack(pack)))

        assert of_the_pack.drawn.sample.to_dicts() == of_the_run.drawn.sample.to_dicts()
        assert of_the_pack.drawn.population.to_dicts() == of_the_run.drawn.population.to_dicts()
        assert of_the_pack.omissions.to_dicts() == of_the_run.omissions.to_dicts()
        assert of_the_pack.about == of_the_run.about


def test_the_papers_are_the_same_file_and_come_back_to_the_pack(ran: Ran, pack: Path, tmp_path: Path) -> None:
    """Nothing of a workspace is asked for: the edition and the period are those of the pack."""
    mine, theirs = tmp_path / "mine.xlsx", tmp_path / "theirs.xlsx"
    code, said = asked(*GHG, "--pack", str(pack), "--to", str(mine))
    asked(*GHG, "--period", "2023", "--root", str(ran.root), "--out", str(ran.out), "--to", str(theirs))

    assert code == 0
    assert "Drawn from a pack whose hashes and signature hold, signed by the key inside, fingerprint " in said
    assert mine.read_bytes() == theirs.read_bytes()

    book = openpyxl.load_workbook(mine)
    fill_in(book, {}, {})
    book.save(mine)
    code, said = asked("evaluate", str(mine), "--pack", str(pack))
    assert (code, said.strip().splitlines()[-1]) == (0, "Tolerable 71.074 tCO2e: below materiality.")


def test_a_paper_of_other_figures_gets_one_line(pack: Path, tmp_path: Path) -> None:
    paper = tmp_path / "paper.xlsx"
    asked(*GHG, "--pack", str(pack), "--to", str(paper))
    book = openpyxl.load_workbook(paper)
    line = next(cell.row for cell in book["1 Plan"]["A"] if cell.value == "population")
    book["1 Plan"].cell(line, 3).value = "0" * 64
    book.save(paper)
    code, said = asked("evaluate", str(paper), "--pack", str(pack))
    lines = said.strip().splitlines()

    assert code == 1
    assert len(lines) == 2
    assert lines[0].startswith(f"The population is not the one that it was drawn from: figures have changed since, or its digest was. The paper says SHA-256 {'0' * 64}, and the pack gives ")
    assert lines[0].endswith("Take the pack that it was drawn from; or evaluate it as it was drawn, with --paper-only.")
    assert lines[1] == "Tolerable 71.074 tCO2e: not evaluated (1 line)."


def test_nothing_is_drawn_from_a_pack_that_was_changed(pack: Path, tmp_path: Path) -> None:
    path = tmp_path / "changed.zip"
    for files in (changed(pack.read_bytes(), **{"lineage.csv": replaced("BJ-OFFICE", "BJ-OFFICF")}), {"README.md": b""}):
        path.write_bytes(plainly_zipped(files))
        with pytest.raises(InputProblem, match="Nothing is drawn from this pack, since its hashes or signature do not hold"):
            of_pack(path)
    for content in (b"", b"PK\x03\x04 broken"):
        path.write_bytes(content)
        with pytest.raises(InputProblem, match="Nothing is drawn"):
            of_pack(path)
    with pytest.raises(InputProblem, match="no such file"):
        of_pack(tmp_path / "nothing.zip")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ghg_scope_1_2", "--edition", "2020"), "The pack is of 2023, not of 2020"), (("ghg_scope_1_2", "--period", "2022"), "The pack is of 2023, not of 2022"), (("ghg_intensity",), "Sample what it rests on"),
        (("ghg_scope_1_2", "--category", "site=GROUP"), "no value"), (("ghg_scope_1_2", "--category", "gas=CO3"), "has no ghg_scope_1_2"), (("ghg_scope_9",), "ghg_scope_9"),
    ],
)  # fmt: skip
def test_what_the_pack_cannot_give_is_refused(pack: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(EsgKpisError, match=said):
        asked(*arguments, "--seed", "7", "--pack", str(pack))


def test_options_that_do_not_go_together_are_refused(pack: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="say different things"):
        asked("evaluate", str(tmp_path / "paper.xlsx"), "--pack", str(pack), "--paper-only")
    with pytest.raises(UsageProblem, match="The period is not named"):
        asked("ghg_scope_1_2", "--seed", "7")


def test_a_kpi_of_people_is_refused_from_a_pack_as_from_a_run(worked: Ran, tmp_path: Path) -> None:
    """The lineage of a pack has no people; it is the KPI that says so. The worked total is drawn the same, file by file."""
    path = tmp_path / "pack.zip"
    path.write_bytes(pack_of(worked, "2023", "2023"))
    figures = of_pack(path)
    with pytest.raises(UsageProblem, match="It tells of people"):
        sampled_of(figures, Plan("2023", "employees_full_time", "2023", "total", "All"))

    plan = Plan("2023", "ghg_scope_1_2", "2023", "total", "All", seed=7)
    of_the_run, of_the_pack = sampled_of(of_run(worked.root, worked.out, "2023"), plan), sampled_of(figures, plan)
    assert of_the_pack.drawn.population.to_dicts() == of_the_run.drawn.population.to_dicts()
    assert of_the_pack.omissions.to_dicts() == of_the_run.omissions.to_dicts()


def test_every_book_value_is_shown_with_its_computation(pack: Path, tmp_path: Path) -> None:
    paper = tmp_path / "paper.xlsx"
    asked(*GHG, "--pack", str(pack), "--to", str(paper))
    page = openpyxl.load_workbook(paper)[SAMPLE]
    shown = {page.cell(line, column("item_id")).value: str(page.cell(line, column("computed")).value) for line in range(HEADER + 1, page.max_row + 1) if page.cell(line, column("item_id")).value}
    sample = sampled_of(of_pack(pack), Plan("2023", "ghg_scope_1_2", "2023", "total", "All", seed=7)).drawn.sample

    assert shown == dict(sample.select("item_id", "computed").iter_rows())
    assert sample.filter(pl.col("computed").str.contains("= ").not_()).is_empty()


def test_a_file_that_would_take_the_place_of_another_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    from esg_kpis.evidence.opened import Opened
    from esg_kpis.evidence.unpacked import computed_again

    pack = Opened({"inputs/energy/bills.csv": b"honest", "definitions/data/raw/energy/bills.csv": b"other"}, {}, "2023", "2023", date(2024, 1, 1), date(2024, 1, 1), "")

    with pytest.raises(InputProblem, match=r"definitions/data/raw/energy/bills\.csv has no place"):
        computed_again(pack, {}, None, tmp_path)
    assert list(tmp_path.iterdir()) == []
