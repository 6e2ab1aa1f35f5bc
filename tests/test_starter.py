"""A new company's workspace: it runs as it is, its workbooks hold people to what is right, and what they get wrong all the same is said in their words."""

import hashlib
import io
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from typer.main import get_command

from esg_kpis.domains import DOMAINS
from esg_kpis.domains.people import FORMS
from esg_kpis.editions import read_edition
from esg_kpis.errors import UsageProblem
from esg_kpis.factors import read_library
from esg_kpis.ingest.examples import MARK
from esg_kpis.signing import new_key
from esg_kpis.starter import Starter, factors_folder, grids, known_places, templates, workbook, workspace_files
from esg_kpis.starter.grids import newest
from esg_kpis.starter.template import FILL_IN, LISTS, READ_ME, Template
from esg_kpis.units import unit_named
from pipelines import evidence
from pipelines.cli import app
from tests.conftest import REPOSITORY, Ran, run_workspace
from tests.recalculated import recalculated
from tests.starter_scenario import STARTER, YEAR, Change, cells, changed, new_workspace, read, read_people, refused

ALL = templates(YEAR, "CN", "Example Group")
ENERGY = "data/raw/energy/energy.xlsx"
SITES = "data/raw/sites/sites.xlsx"


def named(template: Template) -> str:
    return template.path


def opened_from(template: Template, known: dict[str, list[str]] | None = None, *, blank: bool = False) -> io.BytesIO:
    return io.BytesIO(workbook(template, known or {"site": ["GROUP", "A-1"], "country": ["CN"], "region": ["CN-BJ"]}, blank=blank))


# ---------------------------------------------------------------- the workspace


@pytest.fixture(scope="module")
def ran_as_it_is(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """A new workspace of a country, run once."""

    @cache
    def ran(country: str) -> Ran:
        place = tmp_path_factory.mktemp(country)
        return run_workspace(new_workspace(place / "new", Starter("Example Group", YEAR, country)), place / "out", place / "dagster")

    return ran


@pytest.mark.parametrize("country", sorted(grids()))
def test_a_new_workspace_runs_as_it_is(country: str, ran_as_it_is: Callable[[str], Ran]) -> None:
    ran = ran_as_it_is(country)
    values, findings = ran.table("kpi_values"), ran.table("findings").filter(~pl.col("passed"))

    assert ran.table("rejected").height == 0
    assert set(values["status"].unique()) <= {"ok", "suppressed", "not_collected", "not_applicable"}
    assert values.filter(pl.col("kpi_id").is_in(["ghg_scope_1_2", "ghg_scope_2", "total_energy_consumption", "total_workforce", "turnover_rate", "water_withdrawal"]) & (pl.col("breakdown") == "total"))["status"].to_list() == ["ok"] * 6
    assert findings.filter(pl.col("severity") == "error").height == 0
    assert set(findings.filter(pl.col("check") != "library")["check"]) == {"example_rows"}


def test_the_first_figures_are_those_of_the_worked_rows(ran_as_it_is: Callable[[str], Ran]) -> None:
    values = {(row["kpi_id"], row["category"]): row["value"] for row in ran_as_it_is("CN").table("kpi_values").iter_rows(named=True) if row["value"] is not None}

    # 10,000 kWh x 0.5306 kg (mee-nbs-2023); 100 kg diesel x 3.0959 (ndrc-sector-guidelines); 2 kg R-410A, half HFC-32 (677) and half HFC-125 (3,170).
    assert values["ghg_scope_2", "All"] == Decimal("5.306")
    assert values["ghg_scope_1_by_gas", "CO2"] == Decimal("0.30959")
    assert values["ghg_scope_1_by_gas", "HFCs"] == Decimal("3.847")
    # 100 kg x 42.652 MJ/kg = 4,265.2 MJ, of which 10 kg CH4 and 0.6 kg N2O come per TJ (ipcc-2006-v2-ch2, commercial).
    assert values["diesel", "All"] == pytest.approx(Decimal("4265.2") / 3600, abs=Decimal("1e-12"))
    assert values["ghg_scope_1_by_gas", "CH4"] == Decimal("0.0042652") * 10 * 28 / 1000
    assert (values["total_workforce", "All"], values["total_workforce", "Female"], values["training_rate", "All"]) == (12, 6, 100)


def test_the_same_arguments_give_the_same_bytes_and_others_do_not() -> None:
    first, again, other = workspace_files(STARTER), workspace_files(STARTER), workspace_files(Starter("Example Group", YEAR - 1, "CN"))

    assert first == again
    assert list(first) == sorted(first)
    assert first[ENERGY] != other[ENERGY]


def test_the_workbook_is_the_same_on_another_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook that held the time of its making would differ by it."""
    before = hashlib.sha256(workbook(ALL[0], {"site": []})).hexdigest()
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    monkeypatch.setattr("time.localtime", lambda *_: (2096, 10, 2, 7, 6, 40, 1, 276, 0))

    assert hashlib.sha256(workbook(ALL[0], {"site": []})).hexdigest() == before


def test_the_factor_library_goes_along_whole() -> None:
    files = workspace_files(STARTER)

    assert factors_folder() == REPOSITORY / "factors"
    assert {name for name in files if name.startswith("factors/")} == {f"factors/{path.name}" for path in (REPOSITORY / "factors").glob("*.csv")}
    assert all(files[f"factors/{path.name}"] == path.read_bytes() for path in (REPOSITORY / "factors").glob("*.csv"))


@pytest.mark.parametrize("company", ['Tea "and" $more', "O'Neil \\ Söhne", "茶 & 100 %", "$year ${country}"])
def test_a_company_may_be_called_anything_that_fits_on_a_line(company: str, tmp_path: Path) -> None:
    root = new_workspace(tmp_path, Starter(company, YEAR, "HK", "zh"))

    assert read_edition(root / "editions" / str(YEAR)).rules.document == f"{company} ESG report {YEAR}"
    assert (root / "README.md").read_text(encoding="utf-8").startswith(f"# {company}：")


@pytest.mark.parametrize(
    ("starter", "told"),
    [
        (Starter("x", YEAR, "BR"), "no average of the grid of 'BR'"), (Starter("x", 2019, "CN"), "describes 2019 or earlier"), (Starter("x", 1890, "CN"), "is no reporting year"),
        (Starter(" ", YEAR, "CN"), "no name of a company"), (Starter("a\nb", YEAR, "CN"), "no name of a company"), (Starter("x" * 200, YEAR, "CN"), "no name of a company"),
        (Starter("x", YEAR, "CN", "de"), "no language 'de'"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_with_the_way_out(starter: Starter, told: str) -> None:
    with pytest.raises(UsageProblem, match=told) as problem:
        workspace_files(starter)

    assert problem.value.mend


def test_a_rule_of_a_grid_finds_one_factor_in_every_year_that_is_offered() -> None:
    """Financial years share a calendar year with the one before; a rule that found two would block."""
    library = read_library(REPOSITORY / "factors")
    for grid in grids().values():
        for year in range(2000, 2030):
            found = newest(grid, library, year, date(year + 1, 4, 30))
            if found is None:
                continue
            factor, data_year = found
            same = [item for item in library.factors if item.source_id == factor.source_id and item.measure == factor.measure and item.output == factor.output and item.region == factor.region and grid.method in (None, item.method)]
            assert [item.factor_id for item in same if item.data_from.year <= data_year <= (item.data_to or item.data_from).year] == [factor.factor_id]
            assert factor.data_from.year <= year
            assert factor.published <= date(year + 1, 4, 30)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_readme_names_only_commands_and_files_that_exist(language: str, tmp_path: Path) -> None:
    root = new_workspace(tmp_path, Starter("Example Group", YEAR, "IN", language))
    text = (root / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"esg-kpis ([a-z-]+)", text)) <= set(get_command(app).commands)  # type: ignore[attr-defined]
    for path in re.findall(r"`((?:data|editions|factors)/[\w./-]+)`", text):
        assert (root / path).exists()
    assert "$" not in text
    assert "grid-in" in text


# ---------------------------------------------------------------- the workbooks


@pytest.mark.parametrize("template", ALL, ids=named)
def test_a_template_says_in_both_languages_what_to_write(template: Template) -> None:
    book = openpyxl.load_workbook(opened_from(template))
    page = book[FILL_IN]
    titles = [str(cell.value) for cell in page[1]]

    assert book.sheetnames == [FILL_IN, READ_ME, LISTS]
    assert page.freeze_panes == "B2"
    assert all(len(title.split("\n")) == 2 and title.split("\n")[0].isascii() and not title.split("\n")[1].isascii() for title in titles)
    told = [[cell.value for cell in row] for row in book[READ_ME].iter_rows()]
    for title in titles:
        row = next(row for row in told if row[0] == title.replace(" *\n", "\n"))
        assert row[1]
        assert row[2]


@pytest.mark.parametrize("template", ALL, ids=named)
def test_every_column_is_checked_while_somebody_types(template: Template) -> None:
    book = openpyxl.load_workbook(opened_from(template))
    page, lists = book[FILL_IN], book[LISTS]
    checks = {next(iter(check.sqref.ranges)).min_col: check for check in page.data_validations.dataValidation}

    assert sorted(checks) == list(range(1, len(template.columns) + 1))
    for place, column in enumerate(template.columns, 1):
        check = checks[place]
        assert next(iter(check.sqref.ranges)).min_row == 2
        assert next(iter(check.sqref.ranges)).max_row > 1000
        assert column.says in check.prompt
        kinds = {"date": "date", "number": "decimal", "person": "textLength", "word": "list", "country": "list", "region": "list", "text": None}
        assert check.type == kinds.get(column.kind, None if template.domain == "sites" else "list")
        if column.words:
            offered = [row[0].value for row in lists[check.formula1.replace("$", "").split("!")[1]]]
            assert offered == [word.shown for word in column.words]
            assert check.errorStyle in (None, "stop")


@pytest.mark.parametrize("template", ALL, ids=named)
def test_every_word_of_a_list_is_one_that_the_reader_knows(template: Template) -> None:
    fields = {field.name: field.allowed for field in DOMAINS[template.domain].fields} | ({column.name: column.words for column in FORMS[template.form].columns} if template.form else {})
    measures = [measure.name for measure in DOMAINS[template.domain].measures] or [measure.name for domain in DOMAINS.values() for measure in domain.measures]
    for column in template.columns:
        for word in column.words:
            if column.name == "unit":
                unit_named(word.shown, template.domain)
            else:
                assert word.ours in (measures if column.name == "measure" else fields[column.name])


def test_words_of_either_language_alone_are_understood_too(tmp_path: Path) -> None:
    root = changed(new_workspace(tmp_path), ENERGY, cells(B2="外购电力", B3="diesel", G3="固定设备"))
    found = read(root)

    assert found.rejected.height == 0
    assert found.quantities.filter(pl.col("domain") == "energy")["measure"].sort().to_list() == ["diesel", "electricity_purchased"]


def test_a_workbook_that_a_spreadsheet_program_saved_reads_as_before(tmp_path: Path) -> None:
    root = new_workspace(tmp_path / "new")
    before = read(root)
    books = [root / template.path for template in ALL]
    for saved, book in zip(recalculated(books, tmp_path / "work"), books, strict=True):
        assert saved.read_bytes() != book.read_bytes()
        assert len(openpyxl.load_workbook(saved)[FILL_IN].data_validations.dataValidation) == len(openpyxl.load_workbook(book)[FILL_IN].data_validations.dataValidation)
        saved.replace(book)
    after = read(root)
    kept = ["domain", "measure", "site_id", "meter_id", "document", "start", "end", "dimensions", "quantity", "canonical", "unit"]

    assert after.rejected.height == 0
    assert after.quantities.select(kept).sort("domain", "measure").equals(before.quantities.select(kept).sort("domain", "measure"))
    assert after.sites.drop("record_id").equals(before.sites.drop("record_id"))
    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster")
    assert ran.table("kpi_values").filter((pl.col("kpi_id") == "total_workforce") & (pl.col("breakdown") == "total"))["value"].item() == 12


def test_blank_templates_hold_no_row_and_the_sites_of_the_register() -> None:
    for template in ALL:
        book = openpyxl.load_workbook(opened_from(template, {"site": ["GROUP", "SH-01"], **known_places(read_library(REPOSITORY / "factors"))}, blank=True))
        assert [cell.value for row in book[FILL_IN].iter_rows(min_row=2, max_row=30) for cell in row if cell.value is not None] == []
        if any(column.kind == "site" for column in template.columns) and template.domain != "sites":
            assert [book[LISTS].cell(line, 1).value for line in (2, 3)] == ["GROUP", "SH-01"]


# ---------------------------------------------------------------- worked rows


def test_worked_rows_are_found_until_they_are_gone(tmp_path: Path) -> None:
    root = new_workspace(tmp_path)
    found = read(root).observations.filter(pl.col("check") == "example_rows")

    assert found["subject"].to_list() == [f"{name}, {FILL_IN}" for name in ("energy/energy.xlsx", "meters/meters.xlsx", "refrigerants/refrigerants.xlsx", "sites/sites.xlsx", "stated/revenue.xlsx", "waste/waste.xlsx", "water/water.xlsx")]
    assert found.filter(pl.col("subject").str.starts_with("energy"))["observed"].item() == "lines 2, 3: worked examples of the template, counted as if they were yours"
    assert len(found["record_ids"][0].split(";")) == 2

    changed(root, "data/raw/stated/revenue.xlsx", cells(F2="Annual accounts, page 4"))
    assert "stated/revenue.xlsx" not in " ".join(read(root).observations.filter(pl.col("check") == "example_rows")["subject"])


def test_worked_rows_cannot_outlive_their_site(tmp_path: Path) -> None:
    """Whoever writes a site of their own over the worked one, and forgets the rest, is told of every row left, people included."""
    root = changed(new_workspace(tmp_path / "new"), SITES, cells(A3="SH-01", B3="Shanghai", I3=None))
    ran = run_workspace(root, tmp_path / "out", tmp_path / "dagster")
    told = ran.table("rejected").group_by("path").len().sort("path").rows()

    assert told == [
        ("energy/energy.xlsx", 2), ("meters/meters.xlsx", 1), ("people/employees.xlsx", 12), ("people/injuries.xlsx", 1), ("people/training.xlsx", 12), ("refrigerants/refrigerants.xlsx", 1),
        ("waste/waste.xlsx", 1), ("water/water.xlsx", 1),
    ]  # fmt: skip
    assert "column 'Site * 站点编号'" in ran.table("rejected").filter(pl.col("path") == "people/employees.xlsx")["message"][0]
    assert ran.table("kpi_values").filter(pl.col("status") == "ok")["kpi_id"].unique().to_list() == ["revenue"]


def test_no_worked_row_is_without_its_mark() -> None:
    for template in ALL:
        for row in template.examples:
            marked = any(str(cell).startswith(MARK) for cell in row.values())
            assert marked or row["site_id"] == "GROUP"


# ---------------------------------------------------------------- what goes wrong when people fill them in

BILL = ["EXAMPLE-1", "Electricity bought / 外购电力", date(YEAR, 1, 1), date(YEAR, 1, 31), 10000, "kWh", None, "EXAMPLE-E1", "EXAMPLE-BILL-1"]


def again(_book: Any, page: Any) -> None:  # noqa: ANN401
    for place, value in enumerate(BILL, 1):
        page.cell(4, place, value)


def headers(part: int) -> Change:
    def change(_book: Any, page: Any) -> None:  # noqa: ANN401
        for cell in page[1]:
            cell.value = cell.value.split("\n")[part].removesuffix(" *")

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda book, page: book.move_sheet(page, 2), lambda book, _: book.remove(book[READ_ME]), lambda book, _: book.remove(book[LISTS]), cells(K1="Our code", K2="x"), cells(E2="10,000"), cells(E2="１０，０００"),
        cells(C2="2025/1/1"), cells(J2="=cmd()"), headers(0), headers(1), lambda _, page: page.insert_rows(1), lambda _, page: page.insert_rows(3), again, cells(C2=45658),
    ],
    ids=["sheet order", "no instructions", "no lists", "extra column", "thousands", "full width", "slashes", "formula in a note", "English header", "Chinese header", "blank row above", "blank row between", "row twice", "date as a number in a date cell"],
)  # fmt: skip
def test_what_does_no_harm_is_read_as_it_was_meant(change: Change, tmp_path: Path) -> None:
    found = read(changed(new_workspace(tmp_path), ENERGY, change))
    counted = found.quantities.filter((pl.col("domain") == "energy") & pl.col("excluded").is_null())

    assert found.rejected.height == 0
    assert counted.sort("measure").select("measure", "canonical", "start", "end").rows() == [
        ("diesel", Decimal(100), date(YEAR, 1, 1), date(YEAR, 1, 31)), ("electricity_purchased", Decimal(10000), date(YEAR, 1, 1), date(YEAR, 1, 31)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "change", "told"),
    [
        (ENERGY, lambda _, page: page.delete_rows(2, 2), "There are no rows below the header."),
        (ENERGY, lambda _, page: page.delete_rows(1, 5), "There is no header."),
        (ENERGY, lambda _, page: page.delete_rows(1), "Line 2 looks like the header of another table."),
        (ENERGY, lambda _, page: setattr(page, "title", "Sheet1"), "none is called 'Fill in*'. Give the sheet that name again"),
        (ENERGY, lambda _, page: page.delete_cols(5), "The column 'quantity' needed for 'energy' is missing."),
        (ENERGY, cells(E2=-5), "line 2, column 'Quantity * 数量': read '-5', expected zero or more"),
        (ENERGY, cells(E2="10.000,5"), "line 2, column 'Quantity * 数量': read '10.000,5', expected a number such as 1,234.5"),
        (ENERGY, cells(E2="10000 kWh"), "line 2, column 'Quantity * 数量': read '10000 kWh', expected a number"),
        (ENERGY, cells(E2="=cmd()"), "line 2, column 'Quantity * 数量': read '=cmd()', expected a number, not a formula"),
        (ENERGY, cells(A2="=cmd()"), "line 2, column 'Site * 站点编号': read '=cmd()', expected a value, not a formula"),
        (ENERGY, cells(C2="31/01/2025"), "line 2, column 'First day * 起始日': read '31/01/2025', expected a date such as"),
        (ENERGY, cells(F2="kg"), "line 2, column 'Unit * 单位': read 'kg', expected a unit of electricity_purchased, such as kWh"),
        (ENERGY, cells(B2="Power"), "line 2, column 'Type of energy * 能源种类': read 'Power', expected one of Electricity bought / 外购电力, Heat bought / 外购热力"),
        (ENERGY, cells(A2="EXAMPLE1"), "line 2, column 'Site * 站点编号': read 'EXAMPLE1', expected a site of the register. Did you mean 'EXAMPLE-1'?"),
        (ENERGY, cells(E2=None), "line 2, column 'Quantity * 数量': read '', expected a number"),
        (SITES, cells(E3="Shed"), "line 3, column 'Kind of site * 站点类型': read 'Shed', expected one of Office / 办公室, Store / 门店"),
        ("data/raw/meters/meters.xlsx", cells(A2="SH-9"), "line 2, column 'Site * 站点编号': read 'SH-9', expected a site of the register"),
        ("data/raw/refrigerants/refrigerants.xlsx", cells(C2="R-999"), "line 2, column 'Refrigerant * 制冷剂': read 'R-999', expected one of HFC-134a"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_the_words_of_the_workbook(path: str, change: Change, told: str, tmp_path: Path) -> None:
    messages = refused(changed(new_workspace(tmp_path), path, change))

    assert told in " ".join(messages)
    assert path.removeprefix("data/raw/") in " ".join(messages)


def test_a_column_that_may_hold_a_quantity_is_not_passed_over(tmp_path: Path) -> None:
    found = read(changed(new_workspace(tmp_path), ENERGY, cells(K1="Natural gas (Nm3)", K2=5)))

    assert found.observations.filter(pl.col("check") == "column_unread")["observed"].to_list() == ["not read: 'Natural gas (Nm3)'"]


def test_copies_of_a_template_lie_beside_each_other(tmp_path: Path) -> None:
    root = new_workspace(tmp_path)
    (root / "data/raw/energy/能源 SH-01.XLSX").write_bytes((root / ENERGY).read_bytes())
    changed(root, "data/raw/energy/能源 SH-01.XLSX", cells(C2=date(YEAR, 2, 1), D2=date(YEAR, 2, 28), E2=9000, H2=None, I2="B-2", C3=date(YEAR, 2, 1), D3=date(YEAR, 2, 28), I3="B-3"))
    found = read(root)

    assert found.rejected.height == 0
    assert found.quantities.filter(pl.col("measure") == "electricity_purchased")["canonical"].sort().to_list() == [9000, 10000]


@pytest.mark.parametrize(
    ("path", "change", "told"),
    [
        ("people/employees.xlsx", cells(I1="Name", I2="x"), "column"),
        ("people/employees.xlsx", cells(A2="1001"), "1 of 12 person keys are no pseudonyms"),
        ("people/employees.xlsx", headers(1), "names no column of a people file"),
        ("people/employees.xlsx", cells(E2="F"), "expected one of Female / 女, Male / 男"),
        ("people/training.xlsx", cells(A2="ffffffffffffffff"), "expected a day on which the person was employed"),
        ("people/injuries.xlsx", lambda _, page: page.delete_rows(2), "Where nobody was injured, say so: complete_until"),
    ],
)  # fmt: skip
def test_people_files_say_what_is_wrong_without_saying_who(path: str, change: Change, told: str, tmp_path: Path) -> None:
    rejected = read_people(changed(new_workspace(tmp_path), f"data/raw/{path}", change)).rejected.filter(pl.col("path") == path)

    assert told in " ".join(rejected["message"])
    assert "ffffffffffffffff" not in str(rejected.to_dicts())


def test_a_year_without_injuries_is_zero_once_that_is_said(tmp_path: Path) -> None:
    root = changed(new_workspace(tmp_path / "new"), "data/raw/people/injuries.xlsx", lambda _, page: page.delete_rows(2))
    toml = root / "data/raw/people/_format.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("# complete_", "complete_"), encoding="utf-8")
    values = run_workspace(root, tmp_path / "out", tmp_path / "dagster").table("kpi_values").filter(pl.col("kpi_id") == "lost_days_work_injury")
    new_key(tmp_path / "key.pem")
    seen = evidence.made(root, tmp_path / "out", str(YEAR), str(YEAR), tmp_path / "key.pem", tmp_path / "packs", []).verification

    assert values.select("status", "value").rows() == [("ok", Decimal(0))]
    # The second engine says the same.
    assert [line.verdict for line in seen.lines if line.kpi_id == "lost_days_work_injury"] == ["agrees"]
