"""The workbook: recalculated by LibreOffice, with no stored value to lean on, it gives the engine's figures; and it goes on doing so when its inputs change."""

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from typer.testing import CliRunner

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.errors import EsgKpisError, UsageProblem
from esg_kpis.report.workbook import Basis, write_workbook
from esg_kpis.report.workbook.page import Looks, Page
from esg_kpis.report.workbook.sheets import ROWS
from pipelines.cli import app
from pipelines.last_run import last_run
from pipelines.workbook import basis_of, make_workbook
from tests.conftest import REPOSITORY, Ran, copy_workspace, run_workspace
from tests.recalculated import Sheets, errors_in, recalculated, sheets_of, without_values

GHG = REPOSITORY / "examples" / "ghg-methods"
GAS_FACTOR, GAS_VALUE = "cn-natgas-co2", Decimal("2.3456")
BILL, BILL_LINE, BILL_QUANTITY = "energy/bills.csv", 2, Decimal("1234567.89")
READ = ("KPIs", "Lead_sheet", "Counts", "People_files", "Not_formulas")
WORKED = ("2020", "2023", "transparency-2020")


@dataclass(frozen=True)
class Made:
    """A workbook as written, as LibreOffice computes it, some sheets of that, and the figures of the engine that it ought to show."""

    written: Path
    computed: Path
    sheets: Sheets
    basis: Basis


def edited(source: Path, old: str, new: str) -> None:
    text = source.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    source.write_text(text.replace(old, new), encoding="utf-8")


def with_other_inputs(root: Path) -> None:
    """Another factor, another bill."""
    factors = (root / "factors/ndrc-sector-guidelines.csv").read_text(encoding="utf-8").splitlines()
    row = next(line for line in factors if line.startswith(f"{GAS_FACTOR},"))
    edited(root / "factors/ndrc-sector-guidelines.csv", row, row.replace(",2.1622,", f",{GAS_VALUE},", 1))
    edited(root / "data/raw" / BILL, "electricity_purchased,1000000,kWh,", f"electricity_purchased,{BILL_QUANTITY},kWh,")


def with_shares_and_gaps(root: Path) -> None:
    """Equity share with an owner that changes within a month, a month that is estimated, and an instrument whose volume does not divide evenly."""
    edited(root / "editions/2023/edition.toml", 'consolidation = "operational_control"', 'consolidation = "equity_share"')
    rule = '\n[[estimate]]\nid = "neighbours"\nmethod = "mean_of_neighbouring_months"\nmeasures = ["electricity_purchased"]\ntext = "A bill that is missing."\n'
    with (root / "editions/2023/edition.toml").open("a", encoding="utf-8") as file:
        file.write(rule)
    bills = root / "data/raw/energy/joint_venture.csv"
    edited(bills, "GD-JV,JV-E1,JV-E-202307,2023-07-01,2023-07-31,electricity_purchased,10000,kWh\n", "")
    edited(bills, "2023-08-31,electricity_purchased,10000,kWh", "2023-08-31,electricity_purchased,12345.67,kWh")
    edited(root / "data/raw/instruments/ledger.csv", ",500,MWh", ",333.333333,MWh")


@pytest.fixture(scope="module")
def made(worked: Ran, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Made]:
    """The workbooks of the worked data and of the GHG example, all computed by one start of LibreOffice. `edited` is that of the example with inputs changed by hand."""
    place = tmp_path_factory.mktemp("workbooks")

    def ran(name: str, change: Callable[[Path], None]) -> Ran:
        root = copy_workspace(place / name, GHG)
        change(root)
        return run_workspace(root, place / f"{name}-out", place / f"{name}-dagster")

    runs = {edition: (worked, edition) for edition in WORKED}
    runs |= {"methods": (ran("methods", lambda _: None), "2023"), "changed": (ran("changed", with_other_inputs), "2023"), "shares": (ran("shares", with_shares_and_gaps), "2023")}
    bases = {name: basis_of(last_run(run.root, run.out, edition)) for name, (run, edition) in runs.items()}
    written = {name: place / "written" / f"{name}.xlsx" for name in bases}
    for name, basis in bases.items():
        write_workbook(basis, written[name])
    given = {name: without_values(path, place / "given" / path.name) for name, path in written.items()}
    given["edited"] = by_hand(written["methods"], place / "given" / "edited.xlsx")
    computed = dict(zip(given, recalculated(list(given.values()), place / "office"), strict=True))
    return {name: Made(written.get(name, given[name]), computed[name], sheets_of(computed[name], READ), bases["changed" if name == "edited" else name]) for name in given}


def by_hand(source: Path, target: Path) -> Path:
    """A copy in which somebody typed another factor and another quantity."""
    book = openpyxl.load_workbook(source)
    for name, key, what, value in (("Factors", {"Factor": GAS_FACTOR}, "Value as published", GAS_VALUE), ("Records", {"File": BILL, "Line": BILL_LINE}, "Quantity", BILL_QUANTITY)):
        sheet = book[name]
        titles = [cell.value for cell in sheet[2]]
        rows = [row for row in sheet.iter_rows(min_row=3) if all(row[titles.index(title)].value == wanted for title, wanted in key.items())]
        assert len(rows) == 1
        rows[0][titles.index(what)].value = value
    book.save(target)
    return target


def figures(basis: Basis) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The engine's figures as the sheets name them."""
    return {(row["kpi_id"], row["period"], "" if row["breakdown"] == "total" else f"{row['breakdown']}: {row['category']}"): row for row in basis.values.iter_rows(named=True)}


def disagreements(rows: list[dict[str, Any]], basis: Basis) -> list[tuple[Any, ...]]:
    """Figures of the sheet KPIs that are not the engine's: at the printed decimals, and to 12 significant digits unrounded."""
    wanted, wrong = figures(basis), []
    for row in rows:
        name = (row["KPI (leads to its terms)"], str(row["Period"]), row["Category"] or "")
        own = wanted.pop(name)
        here = (row["Printed"], row["Unrounded"])
        if own["value"] is None:
            if here != (None, None) or row["Status"] != own["status"].replace("_", " ") or row["Reason"] != own["reason"]:
                wrong.append((name, here, own["status"]))
            continue
        if not all(isinstance(item, int | float) for item in here) or Decimal(repr(row["Printed"])) != Decimal(own["printed"]):
            wrong.append((name, here, own["printed"]))
        elif abs(Decimal(row["Unrounded"]) - own["value"]) > abs(own["value"]) * Decimal("5e-13"):
            wrong.append((name, here, own["value"]))
    return wrong + [(name, "is not there") for name in wanted]


@pytest.mark.parametrize("name", [*WORKED, "methods", "changed", "shares"])
def test_recalculated_by_libreoffice_every_figure_is_the_engines(made: Mapping[str, Made], name: str) -> None:
    rows = made[name].sheets["KPIs"]

    assert disagreements(rows, made[name].basis) == []
    assert len(rows) == made[name].basis.values.height
    assert errors_in(made[name].computed) == 0


@pytest.mark.parametrize("name", ["2020", "2023"])
def test_stored_values_are_the_engines_too_for_who_computes_nothing(made: Mapping[str, Made], name: str) -> None:
    assert disagreements(sheets_of(made[name].written, ["KPIs"])["KPIs"], made[name].basis) == []


@pytest.mark.parametrize("name", ["2020", "methods", "shares"])
def test_every_amount_is_the_engines_to_twelve_digits(made: Mapping[str, Made], name: str) -> None:
    """A month's part of a bill is so only where it is rounded as the engine does, to 9 decimals."""
    wanted = dict(made[name].basis.amounts.select("amount_id", "quantity").iter_rows())
    rows = sheets_of(made[name].computed, ["Amounts"])["Amounts"]
    wrong = [(row["Amount"], row["Quantity"]) for row in rows if abs(Decimal(row["Quantity"]) - wanted[row["Amount"]]) > abs(wanted[row["Amount"]]) * Decimal("5e-13")]

    assert len(rows) > 900
    assert wrong == []


def test_a_factor_and_a_quantity_changed_in_the_workbook_change_the_figures_as_the_engine_says(made: Mapping[str, Made]) -> None:
    before = {row["No."]: row["Unrounded"] for row in made["methods"].sheets["KPIs"]}
    after = made["edited"].sheets["KPIs"]

    assert disagreements(after, made["edited"].basis) == []
    assert sum(row["Unrounded"] != before[row["No."]] for row in after) >= 6


def test_every_figure_is_a_formula_down_to_what_was_received(made: Mapping[str, Made]) -> None:
    book = openpyxl.load_workbook(made["2020"].written, read_only=True)
    columns = {"KPIs": ("Printed", "Unrounded"), "Terms": ("Value",), "Sums": ("Sum", "In the term's unit"), "Rows": ("Quantity",), "Amounts": ("Quantity", "Start: record, or amount it is made from"), "Factors": ("Per canonical unit",), "Records": ("Canonical",)}

    for name, titles in columns.items():
        rows = book[name].iter_rows(min_row=2, values_only=True)
        header = list(next(rows))
        found = [row[header.index(title)] for row in rows for title in titles]
        plain = [cell for cell in found if cell is not None and not str(cell).startswith("=")]
        # A zero of a category in which there is nothing is the only number that stands there as such.
        assert plain == [cell for cell in plain if name == "Sums" and cell == 0]
        assert len(found) >= 10
    book.close()


def test_what_is_no_formula_is_listed_and_counted(made: Mapping[str, Made]) -> None:
    told = {name: {row["What"]: row["How many"] for row in made[name].sheets["Not_formulas"]} for name in ("2023", "shares")}

    basis = made["2023"].basis
    lineage = basis.lineage.filter(~pl.col("measure").is_in(OF_PEOPLE))
    received = basis.amounts.join(lineage, on="amount_id", how="semi").select("record_id", "origin").unique()

    assert told["2023"]["Factors as published"] == len({name for way in lineage["way"].unique() for name in way.split(" > ") if name})
    assert told["2023"]["Quantities as received"] == received.height
    assert told["shares"]["Estimates"] == 1
    assert told["shares"]["Volumes of instruments, and the load each may cover"] == 1
    assert not {"Other amounts", "Covered parts of load"} & (told["2023"].keys() | told["shares"].keys())


def test_shares_of_days_parts_of_load_and_estimates_are_formulas(made: Mapping[str, Made]) -> None:
    book = openpyxl.load_workbook(made["shares"].written, read_only=True)
    rows = list(book["Amounts"].iter_rows(min_row=2, values_only=True))
    book.close()
    header = list(rows[0])
    amounts = [dict(zip(header, row, strict=False)) for row in rows[1:]]
    parts = {row["Month or date"]: row["Part that is consolidated"] for row in amounts if row["Site"] == "GD-JV" and row["Measure"] == "electricity_purchased"}
    covered = [row["Quantity"] for row in amounts if row["Measure"] == "electricity_contracted"]

    assert (parts["2023-05"], parts["2023-06"], parts["2023-07"]) == ("=(0.4*31)/31", "=(0.4*15+0.6*15)/30", "=(0.6*31)/31")
    assert [row["How it is made"] for row in amounts if row["Site"] == "GD-JV" and row["Month or date"] == "2023-07" and row["Measure"] == "electricity_purchased"] == ["estimate"]
    assert len(covered) == 12
    assert sum(text.startswith("=Claims!") for text in covered) == 1
    assert sum(text.startswith("=ROUND((") for text in covered) == 11


def test_the_lead_sheet_has_a_row_per_figure_and_leaves_the_assurers_columns_empty(made: Mapping[str, Made]) -> None:
    sheets = made["2023"].sheets
    book = openpyxl.load_workbook(made["methods"].written)

    assert [row["KPI"] for row in sheets["Lead_sheet"]] == [row["KPI (leads to its terms)"] for row in sheets["KPIs"]]
    assert [row["Printed"] for row in sheets["Lead_sheet"] if not isinstance(row["Printed"], str)] == [row["Printed"] for row in sheets["KPIs"] if row["Printed"] is not None]
    assert all(row[title] is None for row in sheets["Lead_sheet"] for title in ("Sample reference", "Recomputed", "Conclusion", "By", "Date"))
    for name in book.sheetnames[1:]:
        assert book[name].freeze_panes is not None
        assert book[name].auto_filter.ref
        assert (book[name].page_setup.orientation, book[name].page_setup.fitToHeight, book[name].print_title_rows) == ("landscape", 0, "$2:$2")


def test_links_lead_to_cells_that_are_there(made: Mapping[str, Made]) -> None:
    book = openpyxl.load_workbook(made["methods"].written)
    links = [link for sheet in book for row in sheet.iter_rows() for cell in row if (link := cell.hyperlink)]
    places = [re.fullmatch(r"'?([^'!]+)'?!([A-Z]+)(\d+)", link.location) for link in links]

    assert len(links) > 150
    assert all(place is not None and place[1] in book.sheetnames and int(place[3]) <= book[place[1]].max_row for place in places)


def test_the_same_results_give_the_same_bytes(made: Mapping[str, Made], worked: Ran, tmp_path: Path) -> None:
    again = make_workbook(worked.root, worked.out, "2020", None, tmp_path / "again.xlsx")

    assert (tmp_path / "again.xlsx").read_bytes() == made["2020"].written.read_bytes()
    assert again["with_number"] == 45
    assert [path.name for path in tmp_path.iterdir()] == ["again.xlsx"]


def test_persons_are_in_no_workbook(made: Mapping[str, Made]) -> None:
    keys = made["2023"].basis.tables["people_controls"]
    people = made["2023"].basis.lineage.filter(pl.col("measure").is_in(OF_PEOPLE))
    with zipfile.ZipFile(made["2023"].written) as book:
        words = {word for name in book.namelist() for word in re.findall(r"\b[0-9a-f]{16}\b", book.read(name).decode())}
    counts = made["2023"].sheets["Counts"]

    assert people.height > 1000
    assert len(words) > 1000
    assert not words & {*people["amount_id"]}
    # The one that died in 2020 is in print, by a decision that the edition holds.
    assert [(row["Term"], row["Period"], row["Count"]) for row in counts if row["Unit"] == "person" and 0 < row["Count"] < 5] == [("work_related_fatalities", "2020", 1)]
    assert {row["SHA-256"] for row in made["2023"].sheets["People_files"]} <= {*keys["sha256"]}


# ---------------------------------------------------------------- without LibreOffice


def changed_row(basis: Basis, kpi: str, category: str = "All", **new: Any) -> Basis:  # noqa: ANN401
    """The basis with other values in the row of one figure."""
    here = (pl.col("kpi_id") == kpi) & (pl.col("category") == category)
    values = basis.values.with_columns(*(pl.when(here).then(pl.lit(value, dtype=basis.values.schema[name])).otherwise(pl.col(name)).alias(name) for name, value in new.items()))
    return replace(basis, values=values)


def test_a_blocked_figure_shows_its_reason_and_never_a_number(made: Mapping[str, Made], tmp_path: Path) -> None:
    blocked = changed_row(made["methods"].basis, "ghg_scope_1", value=None, printed=None, status="blocked", reason="rejected record 1")
    write_workbook(blocked, tmp_path / "b.xlsx")
    sheets = sheets_of(tmp_path / "b.xlsx", ["KPIs", "Lead_sheet"])
    row = next(row for row in sheets["KPIs"] if row["KPI (leads to its terms)"] == "ghg_scope_1")

    assert (row["Status"], row["Reason"], row["Printed"], row["Unrounded"], row["First operand"]) == ("blocked", "rejected record 1", None, None, None)
    assert next(row["Printed"] for row in sheets["Lead_sheet"] if row["KPI"] == "ghg_scope_1") == "blocked"


def test_a_tie_at_the_printed_decimals_is_listed_and_counted(made: Mapping[str, Made], tmp_path: Path) -> None:
    basis = made["methods"].basis
    assert basis.values.filter((pl.col("kpi_id") == "ghg_scope_1_by_gas") & (pl.col("category") == "HFCs"))["value"][0] == Decimal("45.235")
    tied = changed_row(basis, "ghg_scope_1_by_gas", "HFCs", decimals=2, printed="45.24")
    written = write_workbook(tied, tmp_path / "t.xlsx")
    rows = sheets_of(tmp_path / "t.xlsx", ["Halfway_cases"])["Halfway_cases"]

    assert written.halfway == 1
    assert [(row["KPI"], row["Unrounded, exactly"], row["Printed by the engine"]) for row in rows] == [("ghg_scope_1_by_gas", "45.235", "45.24")]


def test_a_formula_that_does_not_give_the_figure_is_not_written(made: Mapping[str, Made], tmp_path: Path) -> None:
    wrong = changed_row(made["methods"].basis, "ghg_scope_1", value=Decimal("370.8422"), printed="370.842")

    with pytest.raises(EsgKpisError, match=r"gives 370\.842202714\d* for ghg_scope_1 2023"):
        write_workbook(wrong, tmp_path / "w.xlsx")
    assert [*tmp_path.iterdir()] == []


def test_text_that_looks_like_a_formula_stays_text(made: Mapping[str, Made], tmp_path: Path) -> None:
    basis = made["methods"].basis
    evil = '=HYPERLINK("http://x.example";"y")'
    records = basis.tables["records"].with_columns(pl.lit(evil).alias("path"))
    tables = {**basis.tables, "records": records, "kpi_labels": basis.tables["kpi_labels"].with_columns(pl.lit("@SUM(1)").alias("label_en"))}
    write_workbook(replace(basis, tables=tables), tmp_path / "e.xlsx")
    book = openpyxl.load_workbook(tmp_path / "e.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value in (evil, "@SUM(1)")]
    with zipfile.ZipFile(tmp_path / "e.xlsx") as files:
        formulas = [found for name in files.namelist() for found in re.findall(rb"<f>([^<]*)</f>", files.read(name))]

    assert len(cells) > 40
    assert all(cell.data_type != "f" and cell.quotePrefix for cell in cells)
    assert not [found for found in formulas if b"HYPERLINK" in found or b"@" in found]


def test_more_rows_than_a_sheet_holds_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "m.xlsx") as book, pytest.raises(EsgKpisError, match=r"The sheet Rows would need 1,048,575 rows, and a sheet holds 1,048,574.*--period"):
        Page(book, ROWS, Looks(book), rows=1_048_575)


def test_a_figure_whose_counts_are_withheld_stands_as_a_number_and_its_counts_nowhere(made: Mapping[str, Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    basis, main = made["2020"].basis, ("boundary", "Main offices mainland China")
    held = {(("energy_per_capita", "2020", *main), "employees_full_time", "2020", None, "employees")}
    monkeypatch.setattr("esg_kpis.report.shown.withheld", lambda _values, _inputs: held)
    written = write_workbook(basis, tmp_path / "h.xlsx")
    book = openpyxl.load_workbook(tmp_path / "h.xlsx", read_only=True)
    rows = list(book["KPIs"].iter_rows(min_row=2, values_only=True))
    unrounded = {row[1]: row[rows[0].index("Unrounded")] for row in rows[1:] if row[5] == ": ".join(main)}
    counts = [row[6] for row in book["Counts"].iter_rows(min_row=3, values_only=True)]
    book.close()
    people = [name for name in unrounded if name.endswith("_per_capita") or name == "employees_full_time"]
    count = basis.values.filter((pl.col("kpi_id") == "employees_full_time") & (pl.col("breakdown") == "boundary"))["value"][0]

    # What divides by the very same count would give it away.
    assert len(people) == 5
    assert {name for name, cell in unrounded.items() if not str(cell).startswith("=")} == {*people}
    assert count not in [Decimal(item) for item in counts]
    assert written.inputs == len(people)


def test_a_period_alone_has_its_own_figures_and_what_its_targets_rest_on(worked: Ran, tmp_path: Path) -> None:
    make_workbook(worked.root, worked.out, "2023", "2023", tmp_path / "p.xlsx")
    rows = sheets_of(tmp_path / "p.xlsx", ["KPIs"])["KPIs"]
    others = [row["KPI (leads to its terms)"] for row in rows if row["Period"] != "2023"]

    assert others == ["ewaste_recycled"]
    assert len(rows) > 100


def test_the_command_says_what_it_wrote(worked: Ran, tmp_path: Path) -> None:
    given = ["--root", str(worked.root), "--out", str(worked.out), "workbook", "--edition", "transparency-2020", "--to", str(tmp_path / "w.xlsx")]
    plain, told = (CliRunner(env={"COLUMNS": "4000"}).invoke(app, [*given, *more]) for more in ([], ["--json"]))

    assert (plain.exit_code, told.exit_code) == (0, 0)
    assert "48 figures as formulas over 6,756 rows" in plain.stdout
    assert json.loads(told.stdout) == {
        "file": str(tmp_path / "w.xlsx"), "bytes": (tmp_path / "w.xlsx").stat().st_size, "edition": "transparency-2020", "period": None, "figures": 48, "with_number": 48, "rows_below": 6756, "halfway_cases": 0,
        "inputs_in_place_of_formulas": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"edition": "1999", "period": None, "to": None}, "has no edition '1999'"),
        ({"edition": "2020", "period": "1066", "to": None}, "no figure of 1066"),
        ({"edition": "2020", "period": None, "to": Path("w.csv")}, "'w.csv' is no name of a workbook"),
    ],
)
def test_wrong_usage_is_named(worked: Ran, given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageProblem, match=re.escape(says)):
        make_workbook(worked.root, worked.out, **given)
