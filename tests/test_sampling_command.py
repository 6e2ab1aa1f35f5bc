"""`esg-kpis sample` on the worked data: the population of real cells, what is refused, and a paper that went through a real spreadsheet."""

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner

from esg_kpis.errors import EsgKpisError, UsageProblem
from esg_kpis.sampling import Plan
from esg_kpis.sampling.omissions import LISTS
from esg_kpis.sampling.paper import HEADER, OMISSIONS, SAMPLE
from esg_kpis.sampling.population import amounts_of
from pipelines.sampling import Sampled, judged, sampled
from tests.conftest import Ran
from tests.sampling_scenario import column, fill_in, omission_column

OFFICE = shutil.which("soffice")
GHG = ("ghg_scope_1_2", "--edition", "2023", "--period", "2023", "--seed", "7")


def asked(worked: Ran, *arguments: str) -> tuple[int, str]:
    from pipelines.cli import app

    result = CliRunner().invoke(app, ["--root", str(worked.root), "--out", str(worked.out), "sample", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def drawn_by(worked: Ran, plan: Plan) -> Sampled:
    return sampled(worked.root, worked.out, plan)


def filled(path: Path, found: dict[str, object] | None = None) -> Path:
    book = openpyxl.load_workbook(path)
    fill_in(book, found or {}, {})
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("kpi", "edition", "period", "category"),
    [("ghg_scope_1_2", "2023", "2023", "total=All"), ("ghg_scope_1_2", "2020", "2020", "total=All"), ("total_energy_consumption", "2023", "2023", "total=All"), ("non_hazardous_waste", "2023", "2022", "total=All"), ("ghg_scope_1_by_gas", "2023", "2021", "gas=CO2"), ("revenue", "2023", "2023", "total=All")],
)  # fmt: skip
def test_the_items_add_up_to_the_cell_to_its_last_digit(worked: Ran, kpi: str, edition: str, period: str, category: str) -> None:
    breakdown, _, name = category.partition("=")
    found = drawn_by(worked, Plan(edition, kpi, period, breakdown, name)).drawn
    value = worked.table("kpi_values").filter((pl.col("edition") == edition) & (pl.col("kpi_id") == kpi) & (pl.col("period") == period) & (pl.col("breakdown") == breakdown) & (pl.col("category") == name))["value"][0]

    assert abs(sum(amounts_of(found.population), Fraction(0)) - Fraction(value)) <= Fraction(1, 2 * 10**18)
    assert found.population["item_id"].n_unique() == found.population.height


def test_an_item_is_what_its_record_contributes_with_its_place(worked: Ran) -> None:
    """The largest: January 2023 of the factory, line 2 of its workbook, with the three quantities it was sent with."""
    row = drawn_by(worked, Plan("2023", "ghg_scope_1_2", "2023", "total", "All")).drawn.population.row(0, named=True)

    assert (row["path"], row["sheet"], row["line"], row["site_id"]) == ("energy/ev_factory_2023.xlsx", "Utilities 2023", 2, "CN-EV-01")
    assert (row["received"], row["received_unit"]) == ("1776.251; 7367.0196; 208970.4", "MWh; GJ; Nm3")
    assert (row["first"], row["last"], len(row["sha256"])) == ("2023-01-01", "2023-01-31", 64)


def test_omissions_are_drawn_from_three_lists_and_none_is_about_people(worked: Ran) -> None:
    found = drawn_by(worked, Plan("2020", "ghg_scope_1_2", "2020", "total", "All")).omissions

    assert set(found["list"]) == set(LISTS)
    assert set(found["taken"]) == {59}
    assert not found["path"].str.starts_with("people/").any()
    assert found.filter(pl.col("list") == "record")["told"].str.starts_with("excluded: ").all()
    pairs = found.filter(pl.col("list") == "site_measure")["thing_id"].str.split("/")
    came = worked.table("coverage").filter(pl.col("month").str.starts_with("2020"))
    assert not {tuple(pair) for pair in pairs} & set(came.select("site_id", "measure").iter_rows())


@pytest.mark.parametrize(
    ("kpi", "category", "said"),
    [
        ("ghg_per_revenue", "total=All", "Sample what it rests on: ghg_scope_1_2 and revenue"), ("employees_full_time", "total=All", "It tells of people"), ("total_workforce", "total=All", "It tells of people"),
        ("turnover_rate", "total=All", "is a share|is a rate|is a ratio"), ("ghg_scope_1_2", "gas=CO3", "has no ghg_scope_1_2"), ("ghg", "total=All", "ghg"),
    ],
)  # fmt: skip
def test_what_cannot_be_sampled_is_refused_with_the_way_out(worked: Ran, kpi: str, category: str, said: str) -> None:
    breakdown, _, name = category.partition("=")
    with pytest.raises(UsageProblem, match=said):
        drawn_by(worked, Plan("2023", kpi, "2023", breakdown, name))


def test_a_paper_is_written_filled_in_and_accepted(worked: Ran, tmp_path: Path) -> None:
    paper = tmp_path / "paper.xlsx"
    code, said = asked(worked, *GHG, "--to", str(paper))
    assert code == 0
    assert "1012 items, which add up to it to the last digit" in said
    assert "Interval 1948.1 tCO2e" in said

    code, said = asked(worked, "evaluate", str(paper))
    assert (code, said.strip().splitlines()[-1]) == (1, "Tolerable 5836.13 tCO2e: incomplete (177 lines).")

    code, said = asked(worked, "evaluate", str(filled(paper)), "--to", str(tmp_path / "result.json"))
    assert (code, said.strip().splitlines()[-1]) == (0, "Tolerable 5836.13 tCO2e: below materiality.")
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert (result["conclusion"], result["overstatement"]["errors"], result["problems"]) == ("below materiality", 0, [])
    assert asked(worked, "evaluate", str(paper), "--paper-only")[0] == 0
    assert asked(worked, "evaluate", str(paper), "--to", str(tmp_path / "result.csv"))[0] == 0
    assert "conclusion,below materiality" in (tmp_path / "result.csv").read_text(encoding="utf-8-sig")


def test_a_bill_that_was_read_ten_times_too_high_is_projected(worked: Ran, tmp_path: Path) -> None:
    paper = tmp_path / "paper.xlsx"
    asked(worked, *GHG, "--to", str(paper))
    page = openpyxl.load_workbook(paper)[SAMPLE]
    item, book = (page.cell(HEADER + 10, column(name)).value for name in ("item_id", "book"))
    filled(paper, {str(item): float(str(book)) / 10})
    code, said = asked(worked, "evaluate", str(paper), "--json")
    result = json.loads(said)

    # Tainting 90 % in one interval of 1,948.147: 1,753.33 projected.
    assert code == 1
    assert result["conclusion"] == "not below materiality"
    assert result["overstatement"]["projected"].startswith("1753.33264")


def test_a_verdict_names_the_omissions_that_it_rests_on(worked: Ran, tmp_path: Path) -> None:
    """One site month of 59 was left out, with 3.5 t: up to 7.79 % may be, and the upper limit of the misstatement is what is tolerable, and no more."""
    paper = tmp_path / "paper.xlsx"
    asked(worked, *GHG, "--to", str(paper))
    page = openpyxl.load_workbook(paper)[OMISSIONS]
    thing = str(next(page.cell(line, omission_column("thing_id")).value for line in range(HEADER + 1, 200) if page.cell(line, omission_column("list")).value == "site_month"))
    book = openpyxl.load_workbook(paper)
    fill_in(book, {}, {thing: 1}, {thing: 3.5})
    book.save(paper)
    code, said = asked(worked, "evaluate", str(paper))
    lines = said.strip().splitlines()

    assert code == 1
    assert "Omissions, site_month: 1 omitted among 59 examined (1,176 in the list); upper limit 7.79 % of the list, tolerable 5 %" in lines
    assert f"  left out, {thing}: 3.50 tCO2e" in lines
    assert "Known to be omitted: 3.50 tCO2e, tolerable misstatement 5836.13 tCO2e. It counts as known understatement above." in lines
    assert lines[-1].startswith("Tolerable 5836.13 tCO2e: not below materiality: ")
    assert lines[-1].endswith("more may be omitted than is tolerable (site_month).")
    result = json.loads(asked(worked, "evaluate", str(paper), "--json")[1])
    assert (result["omitted_amount"], result["understatement"]["known"], result["omitted"][0]["amount"]) == ("3.5", "3.5", "3.5")


def test_without_results_the_other_ways_are_named(worked: Ran, tmp_path: Path) -> None:
    from pipelines.cli import app

    paper = tmp_path / "paper.xlsx"
    asked(worked, *GHG, "--to", str(paper))
    with pytest.raises(EsgKpisError, match="--paper-only"):
        judged(worked.root, tmp_path / "nothing", paper, paper_only=False)
    with pytest.raises(EsgKpisError, match="--paper-only"):
        CliRunner().invoke(app, ["sample", "evaluate", str(paper), "--root", str(tmp_path)], catch_exceptions=False)


def test_a_paper_is_never_overwritten_without_being_told(worked: Ran, tmp_path: Path) -> None:
    paper = tmp_path / "paper.xlsx"
    asked(worked, *GHG, "--to", str(paper))
    before = filled(paper).read_bytes()

    with pytest.raises(UsageProblem, match="such a file already"):
        asked(worked, *GHG, "--to", str(paper))
    assert paper.read_bytes() == before
    asked(worked, *GHG, "--to", str(paper), "--force")
    assert paper.read_bytes() != before
    for name, said in (("paper.pdf", "no XLSX or CSV"), ("nowhere/paper.xlsx", "no such folder")):
        with pytest.raises(UsageProblem, match=said):
            asked(worked, *GHG, "--to", str(tmp_path / name))


def test_a_csv_is_evaluated_beside_the_results_only(worked: Ran, tmp_path: Path) -> None:
    paper = tmp_path / "paper.csv"
    asked(worked, *GHG, "--method", "stratified", "--by", "kind", "--size", "30", "--to", str(paper))
    frame = pl.read_csv(paper, infer_schema=False).with_columns(pl.col("Book value").alias("Audited value"))
    frame.write_csv(paper)
    code, said = asked(worked, "evaluate", str(paper))

    # Thirty of a thousand items without a difference do not show that the others have none.
    assert code == 1
    assert "not below materiality" in said
    with pytest.raises(UsageProblem, match="does not hold the population"):
        asked(worked, "evaluate", str(paper), "--paper-only")


def test_files_that_are_not_there_or_no_paper_are_named(worked: Ran, tmp_path: Path) -> None:
    (tmp_path / "empty.xlsx").write_bytes(b"")
    for name in ("nothing.xlsx", "empty.xlsx"):
        with pytest.raises(EsgKpisError, match=name):
            judged(worked.root, worked.out, tmp_path / name, paper_only=False)


def test_a_paper_that_went_through_a_spreadsheet_computes_and_is_taken_back(worked: Ran, tmp_path: Path) -> None:
    """Filled by formulas (`=D5`), saved by LibreOffice as XLSX and as ODS: its differences and taintings are computed there, and the paper is still the one that was drawn."""
    assert OFFICE is not None, "LibreOffice is not installed, and this test needs a real one: Debian's libreoffice-calc"
    paper = tmp_path / "paper.xlsx"
    asked(worked, *GHG, "--to", str(paper))
    book = openpyxl.load_workbook(paper)
    fill_in(book, {}, {})
    page = book[SAMPLE]
    for line in range(HEADER + 1, HEADER + 20):
        page.cell(line, column("audited")).value = f"=D{line}"
    page.cell(HEADER + 1, column("audited")).value = f"=D{HEADER + 1}/2"
    book.save(paper)
    for kind in ("xlsx", "ods"):
        subprocess.run([OFFICE, f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--headless", "--convert-to", kind, "--outdir", str(tmp_path / kind), str(paper)], check=True, capture_output=True, timeout=180)  # fmt: skip
        found, _, unit, _ = judged(worked.root, worked.out, tmp_path / kind / f"paper.{kind}", paper_only=False)
        assert found.problems == ()
        assert (found.conclusion, unit) == ("below materiality" if found.over is not None and found.over.upper is not None and found.over.upper <= found.tolerable else "not below materiality", "tCO2e")
        assert found.over is not None
        assert round(found.over.known, 6) == Fraction("1137.823640")  # half of 2,275.647281

    page = openpyxl.load_workbook(tmp_path / "xlsx" / "paper.xlsx", data_only=True)[SAMPLE]
    assert page.cell(2, 2).value == 59
    assert page.cell(HEADER + 1, column("tainting")).value == pytest.approx(0.5)
    assert page.cell(HEADER + 2, column("difference")).value == 0
