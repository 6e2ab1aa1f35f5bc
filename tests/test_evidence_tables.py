"""The CSV files of a pack: exact, harmless in a spreadsheet, and read back without loss."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.errors import InputProblem
from esg_kpis.evidence.contents import JUDGED, TABLES
from esg_kpis.evidence.datapackage import _MORE
from esg_kpis.evidence.tables import as_csv, from_csv
from esg_kpis.exact import VALUE
from esg_kpis.tables import REJECTED, Column, Table
from esg_kpis.tables.definition import text

TABLE = Table(
    "some", "one row", ("id",),
    (
        Column("id", pl.Int64(), "Number"), text("said", "Text"), text("more", "Text", nullable=True), Column("value", VALUE, "Value", nullable=True), Column("day", pl.Date(), "Day", nullable=True),
        Column("flag", pl.Boolean(), "Flag"),
    ),
)  # fmt: skip


def rows(*given: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(list(given), schema=TABLE.schema, orient="row")


def test_tables_of_a_pack_keep_the_form_in_which_packs_were_signed() -> None:
    """A column more or less, and `verify` refuses every pack that was signed before: whoever changes this makes it read both forms."""
    columns = {path: " ".join(table.names) for path, table in {**TABLES, **JUDGED, **_MORE}.items()}

    assert columns == dict(line.split(": ", 1) for line in (Path(__file__).parent / "pack_columns.txt").read_text(encoding="utf-8").splitlines())


def test_rejections_of_a_pack_from_before_they_had_a_knowledge_date_are_read() -> None:
    frame = pl.DataFrame([{"record_id": "a:1", "rule": "r", "line": 1}], schema=REJECTED.schema).with_columns(pl.col(name).fill_null("") for name, dtype in REJECTED.schema.items() if dtype == pl.String())

    now = as_csv(frame, REJECTED)
    before = b"\n".join(line.rpartition(b",")[0] for line in now.splitlines()) + b"\n"

    assert b"known_on" not in before
    assert from_csv(before, REJECTED, "").equals(from_csv(now, REJECTED, ""))


def test_a_table_by_hand() -> None:
    frame = rows((2, "", None, Decimal("-1.5"), date(2023, 1, 2), True), (1, "=cmd()", "'=x", None, None, False))

    assert as_csv(frame, TABLE).decode() == "id,said,more,value,day,flag\n1,'=cmd(),''=x,,,false\n2,\"\",,-1.500000000000000000,2023-01-02,true\n"


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.none() | st.text(max_size=12) | st.sampled_from(["=1", "+1", "-", "-5 kg", "@x", "\t", "\r", "'", "''=", "＝x", 'a"b', "a,b", "a\nb"])), max_size=6))
def test_whatever_was_written_is_read_back(texts: list[tuple[str, str | None]]) -> None:
    frame = rows(*((number, said, more, None, None, False) for number, (said, more) in enumerate(texts)))

    assert from_csv(as_csv(frame, TABLE), TABLE, "x").equals(frame)


@settings(deadline=None)
@given(st.text(max_size=12))
def test_no_cell_starts_a_formula(said: str) -> None:
    written = from_csv(as_csv(rows((1, "x", None, None, None, False)), TABLE), TABLE, "x")
    cell = pl.read_csv(as_csv(written.with_columns(pl.lit(said).alias("said")), TABLE), infer_schema=False)["said"][0]

    assert not cell.startswith(("=", "+", "@", "\t", "\r", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"id,said\n1,x\n", b"id,said,more,value,day,flag\n1,x,,NaN,,true\n", b"id,said,more,value,day,flag\n1,x,,\"1,5\",,true\n", b"id,said,more,value,day,flag\n1,x,,,02.01.2023,true\n",
        b"id,said,more,value,day,flag\n1,x,,,,yes\n", b"id,said,more,value,day,flag\n1,x,,,,true\n1,y,,,,true\n", b"id,said,more,value,day,flag\n1,,,,,true\n", b"\xff\xfe", b"id,said,more,value,day,flag\n1,x\n",
    ],
)  # fmt: skip
def test_what_is_no_such_table_is_refused(content: bytes) -> None:
    with pytest.raises(InputProblem, match="table some"):
        from_csv(content, TABLE, "x")
