"""Files as rows of text: encodings, shapes, workbooks, and what is too dangerous to open."""

import hashlib
import struct
import zipfile
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from esg_kpis.errors import InputProblem
from esg_kpis.files import LINE, Reading, Sheet, Source, folded, read_sheets, read_source
from esg_kpis.files.archives import check_archive
from tests.ingest_scenario import BILL, bills_workbook, csv_of, read_files, rejection, with_part, workbook

TEXT = "site,用量\nBJ-01,5\n"
SHEET_PART = "xl/worksheets/sheet1.xml"


def source(content: str | bytes, name: str = "energy/bills.csv") -> Source:
    raw = content if isinstance(content, bytes) else content.encode()
    return Source(name, raw, hashlib.sha256(raw).hexdigest())


def book(content: bytes) -> Source:
    return source(content, "energy/bills.xlsx")


def read_sheet(item: Source, **reading: Any) -> Sheet:  # noqa: ANN401
    names = frozenset(folded(name) for name in ("site", "用量", "amount", "note", "meter", "day", *BILL))
    return read_sheets(item, Reading(names=names, **reading))[0]


def rows(sheet: Sheet) -> list[tuple[object, ...]]:
    return sheet.rows.select(*sheet.columns, LINE).rows()


def column(content: bytes, name: str) -> list[str]:
    read: list[str] = read_sheet(book(content)).rows[name].to_list()
    return read


# ---------------------------------------------------------------- where a file lies


def test_a_file_is_its_bytes_and_their_digest(tmp_path: Path) -> None:
    (tmp_path / "energy").mkdir()
    (tmp_path / "energy" / "a.csv").write_bytes(b"abc")

    read = read_source(tmp_path, tmp_path / "energy" / "a.csv")

    assert (read.path, read.content, read.sha256) == ("energy/a.csv", b"abc", hashlib.sha256(b"abc").hexdigest())


def test_a_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "secret.csv").write_text(TEXT, encoding="utf-8")
    (tmp_path / "raw" / "a.csv").symlink_to(tmp_path / "secret.csv")

    with pytest.raises(InputProblem, match=r"^a\.csv: The file leads outside data/raw"):
        read_source(tmp_path / "raw", tmp_path / "raw" / "a.csv")


def test_a_path_with_two_dots_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "secret.csv").write_text(TEXT, encoding="utf-8")

    with pytest.raises(InputProblem, match="leads outside data/raw"):
        read_source(tmp_path / "raw", tmp_path / "raw" / ".." / "secret.csv")


def test_a_link_within_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"abc")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")

    assert read_source(tmp_path, tmp_path / "b.csv").content == b"abc"


def test_a_link_that_leads_outside_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(csv_of(BILL), encoding="utf-8")
    (tmp_path / "data" / "raw" / "energy").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "energy" / "a.csv").symlink_to(tmp_path / "secret.csv")

    read = read_files(tmp_path, {})

    assert rejection(read)["message"] == "energy/a.csv: The file leads outside data/raw. Copy the file itself into the folder."
    assert read.quantities.is_empty()


# ---------------------------------------------------------------- encodings


@pytest.mark.parametrize(
    ("written", "recorded"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("gb18030", "gb18030"), ("gbk", "gb18030")],
)
def test_the_encoding_is_found_and_recorded(written: str, recorded: str) -> None:
    sheet = read_sheet(source(TEXT.encode(written)))

    assert sheet.encoding == recorded
    assert (sheet.columns, rows(sheet)) == (["site", "用量"], [("BJ-01", "5", 2)])


def test_a_declared_encoding_is_not_guessed_again() -> None:
    """These bytes are GB18030 as well."""
    sent = source(TEXT.encode("big5"))

    guessed, declared = read_sheet(sent), read_sheet(sent, encoding="big5")

    assert (guessed.encoding, guessed.columns) == ("gb18030", ["site", "ノ秖"])
    assert (declared.encoding, declared.columns) == ("big5", ["site", "用量"])
    with pytest.raises(InputProblem, match=r"energy/bills\.csv: The text is not ascii"):
        read_sheet(source(TEXT), encoding="ascii")


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)),
        TEXT.encode("utf-16-le"),
        b"\xef\xbb\xbfsite\n\xff\n",
        b"\xff\xfes\x00i",
        b"site\nBJ\x00-01\n",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"site\n\xff\xff\n",
    ],
)
def test_bytes_that_are_no_text_are_refused(content: bytes) -> None:
    with pytest.raises(InputProblem, match=r"energy/bills\.csv: .*UTF-8"):
        read_sheet(source(content))


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize("content", ["", "\n\n", ",,\n", "\nsite\nBJ-01\n"])
def test_a_file_without_a_header_is_refused(content: str) -> None:
    with pytest.raises(InputProblem, match=r"energy/bills\.csv(, line 1)?: (The file is empty|There is no header)"):
        read_sheet(source(content))


def test_a_header_that_names_a_column_twice_is_refused() -> None:
    with pytest.raises(InputProblem, match=r"line 1: The header names 'site' more than once"):
        read_sheet(source("site, site ,amount\nBJ-01,BJ-02,1\n"))


def test_a_column_without_a_name_is_kept_under_its_place() -> None:
    sheet = read_sheet(source("site,,amount\nBJ-01,x,1\n"))

    assert sheet.columns == ["site", "column 2", "amount"]


def test_a_column_that_has_the_name_of_ours_is_not_overwritten() -> None:
    with pytest.raises(InputProblem, match=f"line 1: The header names a column '{LINE}', which is kept for line numbers. Rename it"):
        read_sheet(source(f"site,{LINE}\nBJ-01,x\n"))


@pytest.mark.parametrize("suffix", [".xlsm", ".xlsb", ".docx", ".pdf", ""])
def test_other_kinds_of_files_are_refused(suffix: str) -> None:
    with pytest.raises(InputProblem, match=r"are not read\. Send CSV, TSV, XLSX"):
        read_sheet(source(TEXT, f"energy/bills{suffix}"))


def test_lines_are_those_of_the_file() -> None:
    sheet = read_sheet(source('title\n\nsite,note\nBJ-01,"two\nlines"\n\n,\nBJ-02,x\n'), header_line=3)

    assert rows(sheet) == [("BJ-01", "two\nlines", 4), ("BJ-02", "x", 8)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_end_of_line_is_understood(newline: str) -> None:
    sheet = read_sheet(source(TEXT.replace("\n", newline)))

    assert rows(sheet) == [("BJ-01", "5", 2)]


def test_ragged_rows_are_kept_apart_as_received() -> None:
    sheet = read_sheet(source("site,amount\nBJ-01\nBJ-01,1,\nBJ-01,1,x\nBJ-01,2\n"))

    assert sheet.ragged == [(2, "BJ-01"), (4, "BJ-01,1,x")]
    assert rows(sheet) == [("BJ-01", "1", 3), ("BJ-01", "2", 5)]


def test_a_broken_quote_stops_the_file_at_its_line() -> None:
    with pytest.raises(InputProblem, match=r"energy/bills\.csv, line 3: The CSV cannot be parsed"):
        read_sheet(source('site,amount\nBJ-01,1\n"BJ-01"x,2\n'))


# ---------------------------------------------------------------- workbooks


@pytest.mark.parametrize(
    ("cell", "text"),
    [(1, "1"), (0.1 + 0.2, "0.3"), (1.5e-7, "1.5e-07"), (1e-10, "1e-10"), (1234.5678901234567, "1234.56789012346"), (-2.5, "-2.5"),
     (999999999999999, "999999999999999"), (0.000000001234, "1.234e-09"), ("1,234", "1,234"), ("n/a", "n/a"), (None, ""), (True, "TRUE"), (False, "FALSE"), (100, "100"), (-0.0, "0")],
)  # fmt: skip
def test_a_number_of_a_sheet_is_read_at_its_fifteen_digits(cell: object, text: str) -> None:
    assert column(workbook([["site", "amount"], ["BJ-01", cell]]), "amount") == [text]


@pytest.mark.parametrize("text", ["007", "12345678901234567890", "1.10", "1e5", "2023-01-31", "TRUE", " x "])
def test_text_of_a_sheet_stays_as_it_is(text: str) -> None:
    assert column(workbook([["meter"], [text]]), "meter") == [text]


def test_date_cells_are_dates() -> None:
    noon = datetime(2023, 1, 31, 12, tzinfo=UTC).replace(tzinfo=None)

    assert column(workbook([["day"], [date(2023, 1, 31)], [noon]]), "day") == ["2023-01-31", "2023-01-31 12:00:00"]


@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A"])
def test_an_error_cell_of_a_sheet_is_no_blank(error: str) -> None:
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as written:
        page = written.add_worksheet("Bills")
        page.write_row(0, 0, ["site", "amount"])
        page.write_string(1, 0, "BJ-01")
        page.write_formula(1, 1, "=1/0", None, error)

    try:
        cells = column(content.getvalue(), "amount")
    except InputProblem:
        return
    assert cells != [""]


def test_lines_of_a_sheet_are_its_rows_even_below_empty_ones() -> None:
    content = workbook([["site"], ["BJ-01"], [None], ["BJ-02"]], empty_rows=3)

    sheet = read_sheet(book(content), header_line=4)

    assert (sheet.encoding, sheet.sheet) == ("xlsx", "Bills")
    assert rows(sheet) == [("BJ-01", 5), ("BJ-02", 7)]


def test_of_several_sheets_those_with_a_known_header_are_read_unless_one_is_named() -> None:
    content = bills_workbook(1, sheets=("Bills", "More"))

    assert [sheet.sheet for sheet in read_sheets(book(content), Reading(names=frozenset(folded(name) for name in BILL)))] == ["Bills", "More"]
    with pytest.raises(InputProblem, match=r"sheets 'Bills', 'More'; none of them has a header that is known. .*`sheet` in _format\.toml"):
        read_sheets(book(content), Reading())
    named = read_sheet(book(content), sheet="M*")
    assert (named.sheet, named.unread) == ("More", ("Bills",))


def test_a_sheet_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputProblem, match="The workbook has the sheets 'Bills', and none is called 'bills'"):
        read_sheet(book(bills_workbook(1)), sheet="bills")


# ---------------------------------------------------------------- what is too dangerous to open


@pytest.mark.parametrize(
    ("part", "content", "why"),
    [
        ("xl/vbaProject.bin", b"x", "carries macros"),
        ("xl/externalLinks/externalLink1.xml", b"<x/>", "links to other files"),
        ("../evil.xml", b"x", r"leads outside: '\.\./evil\.xml'"),
        ("/etc/evil", b"x", "leads outside: '/etc/evil'"),
        ("xl/media/bomb.bin", b"\0" * 3_000_000, "more than is safe"),
    ],
)
def test_a_workbook_with_a_dangerous_part_is_refused(part: str, content: bytes, why: str) -> None:
    with pytest.raises(InputProblem, match=why):
        read_sheet(book(with_part(bills_workbook(1), part, content)))


def test_a_workbook_of_too_many_parts_is_refused() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(5_001):
            archive.writestr(f"{number}", b"")

    with pytest.raises(InputProblem, match="5001 parts, more than is safe"):
        check_archive(book(out.getvalue()))


def test_a_workbook_with_an_encrypted_part_is_refused() -> None:
    content = bytearray(bills_workbook(1))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 8] |= 1

    with pytest.raises(InputProblem, match="encrypted"):
        check_archive(book(bytes(content)))


@pytest.mark.parametrize("claimed", [5000, 100_000])
def test_a_workbook_that_lies_about_its_size_is_refused(claimed: int) -> None:
    padded = with_part(bills_workbook(1), SHEET_PART, sheet_xml().replace(b"</sheetData>", b" " * 4_000_000 + b"</sheetData>"))
    with zipfile.ZipFile(BytesIO(padded)) as archive:
        size = archive.getinfo(SHEET_PART).file_size

    with pytest.raises(InputProblem, match="its parts are not what its directory says"):
        read_sheet(book(padded.replace(struct.pack("<I", size), struct.pack("<I", claimed))))


def test_every_part_of_a_workbook_is_unpacked_and_checked() -> None:
    """One byte of a part that nobody reads is changed; its checksum no longer fits."""
    content = bytearray(with_part(bills_workbook(1), "docProps/notes.txt", b"some words"))
    start = content.index(b"docProps/notes.txt") + len("docProps/notes.txt")
    content[start + 2] ^= 0xFF

    with pytest.raises(InputProblem, match="its parts are not what its directory says"):
        check_archive(book(bytes(content)))


def sheet_xml() -> bytes:
    with zipfile.ZipFile(BytesIO(bills_workbook(1))) as archive:
        return archive.read(SHEET_PART)


@pytest.mark.parametrize(
    "content",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"not a zip",
        bills_workbook(1)[:600],
        with_part(bills_workbook(1), "xl/workbook.xml", b""),
        with_part(bills_workbook(1), SHEET_PART, sheet_xml()[:600]),
    ],
    ids=["encrypted by password", "no zip", "cut off", "no workbook", "broken sheet"],
)
def test_a_damaged_or_encrypted_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(InputProblem, match=r"^energy/bills\.xlsx: The (archive or workbook is damaged|workbook cannot be read|content is no XLSX)"):
        read_sheet(book(content))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "mimetype"])
def test_a_part_that_cannot_be_unpacked_stops_its_file_and_no_other(tmp_path: Path, part: str) -> None:
    """Both parts are looked at before anything else is, to tell what the file is."""
    content = bytearray(with_part(bills_workbook(1), part, b"some words " * 9))
    start = content.rindex(b"PK\x03\x04") + 30 + len(part)
    content[start : start + 8] = b"\xff" * 8

    read = read_files(tmp_path, {"energy/a.xlsx": bytes(content), "energy/b.csv": csv_of(BILL)})

    assert "its parts are not what its directory says" in rejection(read)["message"]
    assert read.quantities.height == 1
