"""The first sheet: what the workbook is, how to follow a number through it, what is exact in it and what is not, and the way to each sheet."""

from collections.abc import Sequence
from typing import Any

from esg_kpis.report.workbook.basis import Basis
from esg_kpis.report.workbook.page import Looks, Sheet

_FOLLOW = (
    "Choose a figure on the sheet KPIs. Printed is ROUND of the cell Unrounded; Unrounded is a formula over its operands, which are cells of the sheet Terms.",
    "Use the link in the column KPI, or Trace Precedents (Excel: Formulas, Trace Precedents; LibreOffice: Tools, Detective). Each step down has a link, and one back.",
    "Terms add up Sums, Sums add up a block of Rows, Rows are amounts. An amount is another amount times a factor, or a record's quantity by days. Records name file, sheet, line and SHA-256.",
    "Counts of people end at the sheet Counts: persons are in no workbook.",
    "To ask what if: change a value on Factors, Records, Counts or Estimates. Everything above it computes anew.",
    "Filter as you like; do not sort Rows, Amounts or Sums, whose formulas name blocks of rows.",
)
_EXACT = (
    "The engine computes with decimals and fractions and rounds once, half up, when it prints. A spreadsheet computes in binary64, which holds 15 significant digits.",
    "Recalculated, every printed figure here is the engine's, and unrounded ones agree to 12 significant digits; where a figure is a small difference of large ones, to 12 digits of these.",
    "Where an unrounded figure lies within 1e-12 of its size from a tie, binary64 may round the other way: those are listed on the sheet Halfway_cases.",
    "A number that was received or published with more digits than 15 stands in full, as text, beside the cell.",
)


def write_read_me(page: Any, looks: Looks, basis: Basis, period: str | None, listed: Sequence[tuple[Sheet, int]], halfway: int) -> None:  # noqa: ANN401
    """The sheet Read me. It is written last, when it is known what there is, and stands first."""
    rules, ran = basis.inputs.edition.rules, basis.ran
    page.hide_gridlines(2)
    page.set_column(0, 0, 26)
    page.set_column(1, 1, 125)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    facts = (
        ("Document", rules.document), ("Edition", rules.id), ("Figures of", period or ", ".join(sorted(basis.values["period"].unique()))), ("Factors known on", ran.get(f"known on {rules.id}", "")), ("Data about days up to", ran.get("as_of", "")),
        ("GWP set", rules.gwp_set or "none"), ("Consolidation", rules.consolidation.replace("_", " ")), ("Run", ran.get("key", "")), ("Half-way cases", str(halfway)),
    )  # fmt: skip
    page.set_row(0, 24)
    page.write_string(0, 0, "KPI workbook with live formulas", looks.of("title"))
    line = 2
    for name, text in facts:
        page.write_string(line, 0, name, looks.of("plain"))
        page.write_string(line, 1, text, looks.of("plain"))
        line += 1
    for title, sentences in (("How to follow a number", _FOLLOW), ("What is exact", _EXACT)):
        line += 1
        page.write_string(line, 0, title, looks.of("strong"))
        for sentence in sentences:
            _sentence(page, line, sentence, looks)
            line += 1
    line += 1
    page.write_string(line, 0, "Sheets", looks.of("strong"))
    line += 1
    for sheet, count in listed:
        about = f"{count:,} row{'' if count == 1 else 's'}. {sheet.about}"
        page.set_row(line, _height(about))
        page.write_url(line, 0, f"internal:{sheet.name}!A1", looks.of("link"), sheet.name)
        page.write_string(line, 1, about, looks.of("plain"))
        line += 1


def _sentence(page: Any, line: int, sentence: str, looks: Looks) -> None:  # noqa: ANN401
    page.set_row(line, _height(sentence))
    page.write_string(line, 1, sentence, looks.of("plain"))


def _height(text: str) -> int:
    """The height of a row in points, by how often its text breaks."""
    return 14 * (1 + len(text) // 155)
