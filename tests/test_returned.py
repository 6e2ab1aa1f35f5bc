"""Refused rows go back to their sender in a workbook; mended, it is dropped in as it is."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from esg_kpis.ingest import Ingested, ingest
from esg_kpis.ingest.returned import ADDED, INDEX, LEAVE_OUT, REPLACES, ticket_of
from esg_kpis.report.returned import write_returned
from tests.ingest_scenario import AS_OF, bill, csv_of, numbers_of, rules, senders_format, workspace_of

GERMAN = 'format_version = 1\n[[file]]\nglob = "*.csv"\ndecimal = ","\nthousands = "."\ndates = "DMY"\n[[file.feed]]\ndomain = "water"\n[[file.feed.quantity]]\nmeasure_column = "measure"\ncolumn = "quantity"\nunit_column = "unit"\n'


def sent_back(read: Ingested, folder: Path) -> dict[str, Path]:
    write_returned(read.rejected, read.records, read.sites, read.files, folder)
    return {path.stem: path for path in sorted(folder.iterdir())}


def grid(path: Path, sheet: str) -> list[dict[str, Any]]:
    rows = [*openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def mended(path: Path, changes: dict[str, dict[tuple[int, str], Any]]) -> bytes:
    """The workbook with cells changed: per sheet, (row below the header, column) to what was typed."""
    book = openpyxl.load_workbook(path)
    for sheet, cells in changes.items():
        page = book[sheet]
        columns = [cell.value for cell in page[1]]
        for (row, column), value in cells.items():
            page.cell(row + 1, columns.index(column) + 1).value = value
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def test_the_workbook_marks_the_refused_cells_and_says_why_in_both_languages(tmp_path: Path) -> None:
    read = ingest(workspace_of(tmp_path, {"energy/bills.csv": csv_of(bill(), bill(quantity="12,3", unit="kwh"), bill(site_id="BJ-02", period_end="31/01/2023"))}), AS_OF)

    books = sent_back(read, tmp_path / "back")

    assert sorted(books) == ["BJ-01", "BJ-02"]
    page = openpyxl.load_workbook(books["BJ-01"])["1 bills"]
    (row,) = grid(books["BJ-01"], "1 bills")
    assert row["quantity"] == "12,3"
    assert row[REPLACES] == ticket_of(read.rejected.filter(pl.col("rule") == "number")["record_id"].item())
    assert "It is no number" in row["Reason"]
    assert "不是有效的数字" in row["原因"]
    assert "quantity: a number such as 1,234.5" in row["What would be right"]
    assert "quantity：请填写数字，例如 1,234.5" in row["应为"]
    columns = [cell.value for cell in page[1]]
    assert {columns[cell.column - 1] for cell in page[2] if cell.fill.start_color.rgb == "FFFFF2A8"} == {"quantity", "unit"}
    assert "不是有效的数字" in page.cell(2, columns.index("quantity") + 1).comment.text


def test_a_mended_workbook_is_dropped_in_as_it_is_and_takes_the_place_of_the_refused_rows(tmp_path: Path) -> None:
    files = {"energy/bills.csv": csv_of(bill(), bill(quantity="12,3", unit="kwh", meter_id="007"), bill(quantity="n/a", period_start="2023-02-01", period_end="2023-02-28"))}
    workspace = workspace_of(tmp_path, files)
    first = ingest(workspace, AS_OF)
    content = mended(sent_back(first, tmp_path / "back")["BJ-01"], {"1 bills": {(1, "quantity"): 12.3, (1, "unit"): "kWh", (2, "quantity"): 7}})

    for place in ("energy/mended.xlsx", "returned/anything.xlsx"):
        again = ingest(workspace_of(tmp_path / place.replace("/", "-"), files | {place: content}), AS_OF)

        assert again.rejected.is_empty()
        assert sorted(numbers_of(again)) == ["100", "12.3", "7"]
        assert again.quantities.filter(pl.col("quantity") < 20)["meter_id"].to_list() in (["007", None], [None, "007"])
        replaced = again.records.filter(pl.col("excluded").is_not_null())
        assert set(replaced["record_id"]) == set(first.rejected["record_id"])
        assert all(reason.startswith("mended by record ") for reason in replaced["excluded"])


def zipped(name: str, text: str) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, text)
    return content.getvalue()


BROKEN = csv_of(bill(), bill(quantity="n/a", period_start="2023-02-01", period_end="2023-02-28"))


@pytest.mark.parametrize(
    ("path", "content", "sheet", "form"),
    [
        # An entry without a feed takes it from our own names.
        ("energy/w.csv", BROKEN, "1 w", '[[file]]\nglob = "w.csv"\nlast_day = "counted"\n'),
        # The entries of the folder are about other files.
        ("energy/w.csv", BROKEN, "1 w", '[[file]]\nglob = "other.csv"\n[[file.feed]]\ndomain = "water"\n[[file.feed.quantity]]\nmeasure = "water_tap"\ncolumn = "q"\nunit = "t"\n'),
        ("energy/w.zip", zipped("a.csv", BROKEN), None, '[[file]]\nglob = "a.csv"\nlast_day = "counted"\n'),
    ],
)
def test_mended_rows_are_read_as_their_file_was(tmp_path: Path, path: str, content: str | bytes, sheet: str | None, form: str) -> None:
    files = {path: content, "energy/_format.toml": f"format_version = 1\n{form}"}
    first = ingest(workspace_of(tmp_path / "one", files), AS_OF)
    assert first.rejected["rule"].to_list() == ["number"]
    book = sent_back(first, tmp_path / "back")["BJ-01"]
    name = sheet or next(name for name in openpyxl.load_workbook(book).sheetnames if name.startswith("1 "))
    again = ingest(workspace_of(tmp_path / "two", files | {"energy/mended.xlsx": mended(book, {name: {(1, "quantity"): 7}})}), AS_OF)

    assert again.rejected["message"].to_list() == []
    assert sorted(numbers_of(again)) == ["100", "7"]


def test_a_number_that_may_be_two_is_refused_again_where_it_comes_again_as_it_was(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"energy/a.csv": csv_of(bill(quantity="1.234"), bill(quantity="2.345", period_start="2023-02-01", period_end="2023-02-28"), delimiter=";")}
    first = ingest(workspace_of(tmp_path / "one", files), AS_OF)
    book = sent_back(first, tmp_path / "back")["BJ-01"]
    again = ingest(workspace_of(tmp_path / "two", files | {"energy/mended.xlsx": mended(book, {"1 a": {(2, "quantity"): "2345"}})}), AS_OF)

    assert again.rejected.select("rule", "read").rows() == [("number", "1.234")]
    assert numbers_of(again) == ["2345"]


def test_rows_are_read_by_the_format_of_the_file_they_came_from(tmp_path: Path) -> None:
    """Numbers typed into cells are numbers whatever the decimal mark of the file; days typed as days are days."""
    row = {"site_id": "BJ-01", "measure": "water_tap", "quantity": "1.234,5", "unit": "t", "date": "31.01.2023"}
    files = {"water/_format.toml": GERMAN, "water/b.csv": csv_of(row, row | {"quantity": "x"}, row | {"date": "2023/31/01"}, delimiter=";")}
    first = ingest(workspace_of(tmp_path, files), AS_OF)
    day = __import__("datetime").date(2023, 1, 30)
    content = mended(sent_back(first, tmp_path / "back")["BJ-01"], {"1 b": {(1, "quantity"): 1.234, (2, "date"): day, (2, "quantity"): "2.000"}})

    again = ingest(workspace_of(tmp_path / "again", files | {"water/m.xlsx": content}), AS_OF)

    assert rules(again) == {}
    assert numbers_of(again) == ["1234.5", "1.234", "2000"]


def test_what_is_mended_badly_goes_back_again_and_can_be_mended_there(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"energy/bills.csv": csv_of(bill(), bill(quantity="x", document="2"))}
    first = ingest(workspace_of(tmp_path / "1", files), AS_OF)
    files["energy/m1.xlsx"] = mended(sent_back(first, tmp_path / "b1")["BJ-01"], {"1 bills": {(1, "quantity"): "still wrong"}})
    second = ingest(workspace_of(tmp_path / "2", files), AS_OF)

    assert second.rejected.select("path", "rule").rows() == [("energy/m1.xlsx", "number")]
    files["energy/m2.xlsx"] = mended(sent_back(second, tmp_path / "b2")["BJ-01"], {"1 m1": {(1, "quantity"): 5}})
    third = ingest(workspace_of(tmp_path / "3", files), AS_OF)
    assert third.rejected.is_empty()
    assert numbers_of(third) == ["100", "5"]


def test_the_second_round_is_read_by_the_format_of_the_first_file(tmp_path: Path) -> None:
    row = {"site_id": "BJ-01", "measure": "water_tap", "quantity": "1.234", "unit": "t", "date": "2023-01-32"}
    files: dict[str, str | bytes] = {"water/de/_format.toml": GERMAN, "water/de/b.csv": csv_of(row, delimiter=";")}
    first = ingest(workspace_of(tmp_path / "1", files), AS_OF)
    files["returned/m1.xlsx"] = mended(sent_back(first, tmp_path / "b1")["BJ-01"], {"1 b": {(1, "date"): "2023-01-33"}})
    second = ingest(workspace_of(tmp_path / "2", files), AS_OF)
    files["elsewhere/m2.xlsx"] = mended(sent_back(second, tmp_path / "b2")["BJ-01"], {"1 m1": {(1, "date"): "2023-01-31"}})

    third = ingest(workspace_of(tmp_path / "3", files), AS_OF)

    assert third.rejected.is_empty()
    assert numbers_of(third) == ["1234"]


def test_a_row_that_is_not_to_count_is_left_out(tmp_path: Path) -> None:
    """Two bills of one number: the sender says which of them is wrong."""
    files: dict[str, str | bytes] = {"energy/bills.csv": csv_of(bill(document="1", quantity="5"), bill(document="1", quantity="6"))}
    first = ingest(workspace_of(tmp_path / "1", files), AS_OF)
    assert rules(first) == {2: ["bill_twice"], 3: ["bill_twice"]}
    files["energy/m.xlsx"] = mended(sent_back(first, tmp_path / "b")["BJ-01"], {"1 bills": {(1, LEAVE_OUT): "x"}})

    again = ingest(workspace_of(tmp_path / "2", files), AS_OF)

    assert again.rejected.is_empty()
    assert numbers_of(again) == ["6"]
    told = dict(again.records.filter(pl.col("excluded").is_not_null()).select("record_id", "excluded").iter_rows())
    assert sorted(reason.partition(" record")[0] for reason in told.values()) == ["left out by its sender", "mended by", "mended by"]


@pytest.mark.parametrize("said", ["no", "否", " ", "NO"])
def test_a_row_whose_sender_says_no_to_leaving_it_out_counts(tmp_path: Path, said: str) -> None:
    files: dict[str, str | bytes] = {"energy/bills.csv": csv_of(bill(quantity="x"))}
    first = ingest(workspace_of(tmp_path / "1", files), AS_OF)
    files["energy/m.xlsx"] = mended(sent_back(first, tmp_path / "b")["BJ-01"], {"1 bills": {(1, "quantity"): 5, (1, LEAVE_OUT): said}})

    again = ingest(workspace_of(tmp_path / "2", files), AS_OF)

    assert again.rejected.is_empty()
    assert numbers_of(again) == ["5"]


def test_a_remark_under_leave_out_takes_nothing_away(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"energy/bills.csv": csv_of(bill(quantity="x"))}
    first = ingest(workspace_of(tmp_path / "1", files), AS_OF)
    files["energy/m.xlsx"] = mended(sent_back(first, tmp_path / "b")["BJ-01"], {"1 bills": {(1, "quantity"): 5, (1, LEAVE_OUT): "Please check"}})

    again = ingest(workspace_of(tmp_path / "2", files), AS_OF)

    assert again.rejected.sort("path").select("path", "rule").rows() == [("energy/bills.csv", "number"), ("energy/m.xlsx", "file_stopped")]
    assert "'please check' under 'Leave out 作废'" in again.rejected.filter(pl.col("rule") == "file_stopped")["message"].item()


def test_all_rows_may_be_left_out(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"energy/bills.csv": csv_of(bill(quantity="x"))}
    first = ingest(workspace_of(tmp_path / "1", files), AS_OF)
    files["energy/m.xlsx"] = mended(sent_back(first, tmp_path / "b")["BJ-01"], {"1 bills": {(1, LEAVE_OUT): "X"}})

    again = ingest(workspace_of(tmp_path / "2", files), AS_OF)

    assert again.rejected.is_empty()
    assert numbers_of(again) == []


@pytest.mark.parametrize("typed", ["{good}", "{bad}", "{drawn}", "", "x"])
def test_only_a_row_that_was_sent_back_can_be_replaced(tmp_path: Path, typed: str) -> None:
    """A number drawn down by a spreadsheet, or typed, must not take a good row away."""
    files: dict[str, str | bytes] = {"energy/bills.csv": csv_of(bill(quantity="x"), bill(meter_id="M2", quantity="7"))}
    first = ingest(workspace_of(tmp_path / "1", files), AS_OF)
    bad, good = first.records.filter(pl.col("path") == "energy/bills.csv").sort("line")["record_id"]
    cell = typed.format(good=good, bad=bad, drawn=f"{good}{ticket_of(bad)[-5:]}")
    files["energy/m.xlsx"] = mended(sent_back(first, tmp_path / "b")["BJ-01"], {"1 bills": {(1, "quantity"): 5, (1, REPLACES): cell}})

    again = ingest(workspace_of(tmp_path / "2", files), AS_OF)

    assert numbers_of(again) == ["7"]
    assert again.rejected.sort("path").select("path", "rule", "column", "read").rows() == [("energy/bills.csv", "number", "quantity", "x"), ("energy/m.xlsx", "mends_nothing", REPLACES, cell)]


def test_a_row_that_mends_nothing_any_more_is_refused(tmp_path: Path) -> None:
    """The file was sent anew: to count its row and the mended one would be double."""
    first = ingest(workspace_of(tmp_path / "1", {"energy/bills.csv": csv_of(bill(quantity="x"))}), AS_OF)
    content = mended(sent_back(first, tmp_path / "b1")["BJ-01"], {"1 bills": {(1, "quantity"): 5}})

    again = ingest(workspace_of(tmp_path / "2", {"energy/bills.csv": csv_of(bill(quantity="5")), "energy/m.xlsx": content}), AS_OF)
    twice = ingest(workspace_of(tmp_path / "3", {"energy/bills.csv": csv_of(bill(quantity="x")), "energy/m.xlsx": content, "energy/n.xlsx": content + b""}), AS_OF)

    assert again.rejected.select("path", "rule").rows() == [("energy/m.xlsx", "mends_nothing")]
    assert numbers_of(again) == ["5"]
    assert numbers_of(twice) == ["5"]


def test_rows_with_too_few_cells_can_be_mended(tmp_path: Path) -> None:
    text = csv_of(bill(), bill(document="x")).replace("2023-01-31,x", "2023-01-31")
    first = ingest(workspace_of(tmp_path / "1", {"energy/bills.csv": text}), AS_OF)
    book = next(iter(sent_back(first, tmp_path / "b").values()))
    (row,) = grid(book, "1 bills")

    assert "As received: BJ-01,electricity_purchased,100" in row["Reason"]
    content = mended(book, {"1 bills": {(1, column): value for column, value in bill(document="7", quantity="3").items()}})
    again = ingest(workspace_of(tmp_path / "2", {"energy/bills.csv": text, "energy/m.xlsx": content}), AS_OF)
    assert again.rejected.is_empty()
    assert numbers_of(again) == ["100", "3"]


def test_a_stopped_file_is_told_on_the_first_sheet_and_the_index_is_hidden(tmp_path: Path) -> None:
    read = ingest(workspace_of(tmp_path, {"energy/_format.toml": senders_format(), "energy/bills.csv": "站点\nBJ-01\n"}), AS_OF)
    (book,) = sent_back(read, tmp_path / "back").values()

    pages = openpyxl.load_workbook(book)
    words = [str(cell) for row in pages.worksheets[0].iter_rows(values_only=True) for cell in row if cell]
    assert pages[INDEX].sheet_state == "hidden"
    assert any("energy/bills.csv" in word and "'表'" in word for word in words)
    assert "文件无法读取" in words


def test_what_would_start_a_formula_is_text_in_the_workbook(tmp_path: Path) -> None:
    read = ingest(workspace_of(tmp_path, {"energy/bills.csv": csv_of(bill(quantity="=cmd()"), bill(quantity="x", document="@SUM(A1)"))}), AS_OF)
    page = openpyxl.load_workbook(sent_back(read, tmp_path / "back")["BJ-01"])["1 bills"]

    risky = [cell for row in page.iter_rows() for cell in row if str(cell.value).startswith(("=", "@"))]
    assert len(risky) == 2
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in risky)


def test_added_columns_are_not_taken_for_the_senders(tmp_path: Path) -> None:
    read = ingest(workspace_of(tmp_path / "1", {"energy/bills.csv": csv_of(bill(quantity="x"))}), AS_OF)
    content = mended(sent_back(read, tmp_path / "b")["BJ-01"], {"1 bills": {(1, "quantity"): 5}})
    again = ingest(workspace_of(tmp_path / "2", {"energy/bills.csv": csv_of(bill(quantity="x")), "energy/m.xlsx": content}), AS_OF)

    received = again.records.filter(pl.col("path") == "energy/m.xlsx")["received"].item()
    assert not any(word in received for word in ADDED)
