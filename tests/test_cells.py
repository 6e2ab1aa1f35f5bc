"""Properties of reading text: cells come back as they were written, at their lines, and the fast way and the slow way read the same."""

import csv
import hashlib
import io
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.errors import InputProblem
from esg_kpis.files import LINE, Reading, Sheet, Source, read_sheets
from esg_kpis.files.header import sheet_of
from esg_kpis.files.sheet import Grid
from esg_kpis.files.text import DELIMITERS, _cells, even_rows

NASTY = st.sampled_from(['"', '""', "\n", "\r", "\r\n", *DELIMITERS, " ", "\t", "\u3000", "\ufeff", "\u200b", "\x0b", "\x0c", "\x85", "\u2028", "１", "＂", "，", "a", "5", "é", "𠮷", "#", "'", "\\", "=1"])
CELL = st.lists(NASTY, max_size=6).map("".join)
TEXT = st.lists(st.sampled_from(["site", "用量", "BJ-01", "5", "x", ",", ",", ",", ";", '"', '""', '",', ',"', "\n", "\n", "\n", "\r\n", "\r", " ", "\u3000", "\ufeff", "\x85", "\u2028", "１"]), max_size=60).map("".join)
NAMES = frozenset(("site", "用量"))


def source(text: str) -> Source:
    raw = text.encode()
    return Source("energy/a.csv", raw, hashlib.sha256(raw).hexdigest())


def rows(sheet: Sheet) -> list[tuple[object, ...]]:
    return sheet.rows.select(LINE, *sheet.columns).rows()


@settings(max_examples=400, deadline=None)
@given(
    table=st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)),
    delimiter=st.sampled_from(DELIMITERS), end=st.sampled_from(["\n", "\r\n"]), quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), last=st.booleans(),
)  # fmt: skip
def test_cells_come_back_as_they_were_written_at_their_lines(table: list[list[str]], delimiter: str, end: str, quoting: int, last: bool) -> None:
    # A carriage return alone is quoted by the library only where it is part of the line end.
    careful = csv.QUOTE_ALL if end == "\n" else quoting
    header = [f"h{place}" for place in range(len(table[0]))]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=careful)  # type: ignore[arg-type]
    writer.writerow(header)
    expected = []
    for row in table:
        line = 1 + len(re.findall(r"\r\n|\r|\n", out.getvalue()))
        writer.writerow(row)
        if any(cell.strip() for cell in row):
            expected.append((line, *row))
    text = out.getvalue() if last else out.getvalue().removesuffix(end)

    (sheet,) = read_sheets(source(text), Reading(header_line=1, delimiter=delimiter))

    assert (sheet.columns, sheet.ragged) == (header, [])
    assert rows(sheet) == expected


@settings(max_examples=1500, deadline=None)
@given(text=TEXT, head=st.sampled_from(["", "site,用量\n", "title\nsite,用量\r\n", "a\rb\nsite,用量\n", '"two\nlines",\nsite,用量\n']))
def test_the_fast_and_the_slow_way_read_the_same(text: str, head: str) -> None:
    text = head + text
    item, reading = source(text), Reading(names=NAMES, delimiter=",")

    def slowly() -> Sheet | str:
        try:
            return sheet_of(item, Grid("", list(_cells(text.removeprefix("\ufeff"), ",", item))), reading, "utf-8", ",")
        except InputProblem as problem:
            return str(problem)

    try:
        told: Sheet | str = read_sheets(item, reading)[0]
    except InputProblem as problem:
        told = str(problem)
    slow = slowly()
    if isinstance(told, str) or isinstance(slow, str):
        assert told == slow or not text
    else:
        assert (told.columns, told.header_line, told.ragged, rows(told)) == (slow.columns, slow.header_line, slow.ragged, rows(slow))


@settings(max_examples=200, deadline=None)
@given(table=st.lists(st.lists(st.sampled_from(["a", "5", " ", "", "１", "x y"]), min_size=3, max_size=3), min_size=1, max_size=8), end=st.sampled_from(["\n", "\r\n"]))
def test_a_plain_file_goes_the_fast_way(table: list[list[str]], end: str) -> None:
    """Else the test above would compare the slow way with itself."""
    text = end.join([",".join(row) for row in [["site", "用量", "note"], *table]])

    even = even_rows(text.encode(), ",")

    assert even is not None
    assert even[0] == ["site", "用量", "note"]
