"""The working paper: written, filled in, taken back; and what is wrong with one that was tampered with or is not complete."""

import csv
import hashlib
import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.files import Source
from esg_kpis.report.working_paper import paper_as_csv, paper_as_xlsx
from esg_kpis.sampling import drawn, evaluate, population_digest
from esg_kpis.sampling.paper import HEADER, OMISSIONS, PLAN, POPULATION, SAMPLE
from esg_kpis.sampling.taken_back import taken_back, things_of
from tests.sampling_scenario import ABOUT, Paper, column, items, omission_column, plan, things

AMOUNTS = {f"r{number:02}": Fraction(number * 37 + 1, 7) for number in range(1, 40)} | {"large": Fraction("900.123456789012345678"), "credit": Fraction(-12), "none": Fraction(0)}
BY = plan(seed=7, materiality="20")


@pytest.fixture
def paper(tmp_path: Path) -> Paper:
    return Paper(tmp_path, drawn(items(AMOUNTS), BY), things("a/gas/2023-01", "b/gas/2023-02"))


def tampered(paper: Paper, change: Callable[[openpyxl.Workbook], object]) -> list[str]:
    """The problems of a filled paper after a change."""
    paper.fill()
    book = openpyxl.load_workbook(paper.path)
    change(book)
    book.save(paper.path)
    found = paper.evaluated()
    assert not found.accepted
    assert found.over is None
    return [str(problem) for problem in found.problems]


def test_a_paper_that_agrees_everywhere_is_below_what_is_material(tmp_path: Path) -> None:
    """59 things were looked for and found, which is what 5 % at 95 % asks for."""
    paper = Paper(tmp_path, drawn(items(AMOUNTS), BY), things(*(f"s{number}/gas/2023-01" for number in range(59))))
    found = paper.fill().evaluated()

    assert (found.conclusion, found.problems) == ("below materiality", ())
    assert found.over is not None
    assert found.over.upper is not None
    assert found.over.errors == 0
    assert found.over.upper <= found.tolerable
    assert found.rounding < Fraction(1, 10**9)  # What 15 digits of a spreadsheet do not hold.
    assert [(rate.omitted, rate.examined, rate.below) for rate in found.rates] == [(0, 59, True)]


def test_two_things_of_a_hundred_say_little_of_the_rest(paper: Paper) -> None:
    found = paper.fill().evaluated()

    assert found.conclusion == "not below materiality"
    assert [rate.below for rate in found.rates] == [False]


def test_an_omission_that_was_found_is_counted(tmp_path: Path) -> None:
    names = [f"s{number}/gas/2023-01" for number in range(59)]
    found = Paper(tmp_path, drawn(items(AMOUNTS), BY), things(*names)).fill(omitted={names[3]: 1}).evaluated()

    assert [(rate.omitted, rate.below) for rate in found.rates] == [(1, False)]
    assert found.conclusion == "not below materiality"
    assert found.reasons == ("more may be omitted than is tolerable (site_month)",)
    assert found.notes == ("1 of the 1 omitted has no amount: the known understatement is without it.",)


def test_amounts_that_are_known_to_be_left_out_are_known_understatement_and_a_credit_note_overstatement(tmp_path: Path) -> None:
    """All 100 things were looked for: 12.5 and 30 of two site months were left out, and a credit note of 4."""
    names = [f"s{number:02}/gas/2023-01" for number in range(100)]
    paper = Paper(tmp_path, drawn(items(AMOUNTS), BY), things(*names))
    before = paper.fill().evaluated()
    found = paper.fill(omitted=dict.fromkeys(names[3:6], 1), amounts={names[3]: 12.5, names[4]: 30, names[5]: -4, names[6]: 0}).evaluated()

    assert before.under is not None
    assert before.over is not None
    assert before.under.upper is not None
    assert before.over.upper is not None
    assert found.under is not None
    assert found.over is not None
    assert (found.under.known, found.under.most_likely, found.under.upper) == (Fraction("42.5"), Fraction("42.5"), before.under.upper + Fraction("42.5"))
    assert (found.over.known, found.over.upper) == (4, before.over.upper + 4)
    assert found.omitted_amount == Fraction("38.5")
    assert [(item.thing_id, item.amount) for item in found.omitted] == [(names[3], Fraction("12.5")), (names[4], 30), (names[5], -4)]
    assert found.rates[0].below  # 3 of 100 is what there is, and 5 % are tolerable.


def test_known_omissions_can_be_material_by_themselves(tmp_path: Path) -> None:
    names = [f"s{number:02}/gas/2023-01" for number in range(100)]
    found = Paper(tmp_path, drawn(items(AMOUNTS), BY), things(*names)).fill(omitted={names[0]: 1}, amounts={names[0]: 5000}).evaluated()

    assert found.reasons == ("it may be understated by more than is tolerable",)


def test_an_amount_beside_the_answer_that_nothing_is_omitted_is_a_contradiction(tmp_path: Path) -> None:
    names = [f"s{number:02}/gas/2023-01" for number in range(59)]
    found = Paper(tmp_path, drawn(items(AMOUNTS), BY), things(*names)).fill(amounts={names[0]: 5}).evaluated()

    assert found.conclusion == "not evaluated"
    assert [problem.what for problem in found.problems] == [f"'{names[0]}' has an amount omitted, 5, and the answer 0, which says that nothing is."]


def test_differences_are_projected_from_the_paper_as_they_are_by_hand(paper: Paper) -> None:
    sample = paper.drawn
    item = sample.sample.filter(pl.col("part") == "selectable")["item_id"][0]
    found = paper.fill({item: AMOUNTS[item].numerator / AMOUNTS[item].denominator / 2, "large": 800}).evaluated()

    assert sample.interval is not None
    assert found.over is not None
    assert found.over.known == AMOUNTS["large"] - 800
    assert abs(found.over.projected - Fraction(sample.interval) / 2) < Fraction(1, 10**9)


def test_what_was_typed_to_five_digits_is_taken_for_rounding(paper: Paper) -> None:
    item = paper.drawn.sample.filter(pl.col("part") == "selectable")["item_id"][0]
    found = paper.fill({item: round(float(AMOUNTS[item]), 2)}).evaluated()

    assert found.over is not None
    assert found.under is not None
    assert found.over.errors == found.under.errors == 0
    assert 0 < found.rounding < Fraction(1, 100)


# ---------------------------------------------------------------- what is wrong with a paper


def test_a_blank_is_no_zero(paper: Paper) -> None:
    found = paper.evaluated()

    assert found.conclusion == "incomplete"
    assert found.over is None
    assert len(found.problems) == paper.drawn.sample.height + 2
    assert str(found.problems[0]) == f"sheet '2 Sample', row {HEADER + 1}: large has no audited value."


@pytest.mark.parametrize("typed", ["see bill", "1,234.5", "1.234,5", "=cmd()", "=cmd|' /C calc'!A0", "NaN", "1e999", "-", "１２"])
def test_what_is_no_number_is_named_with_its_row(paper: Paper, typed: str) -> None:
    def change(book: openpyxl.Workbook) -> None:
        book[SAMPLE].cell(HEADER + 2, column("audited")).value = typed

    problems = tampered(paper, change)

    assert len(problems) == 1
    assert problems[0].startswith(f"sheet '2 Sample', row {HEADER + 2}: The audited value of credit is no number")


def test_a_changed_book_value_is_named(paper: Paper) -> None:
    def change(book: openpyxl.Workbook) -> None:
        book[SAMPLE].cell(HEADER + 1, column("book")).value = 800

    assert tampered(paper, change) == [f"sheet '2 Sample', row {HEADER + 1}: The book value of large was changed: it reads '800'."]


def test_a_removed_row_is_named(paper: Paper) -> None:
    assert tampered(paper, lambda book: book[SAMPLE].delete_rows(HEADER + 1)) == ["sheet '2 Sample': The item large is missing: its row was removed."]


def test_a_duplicated_row_is_named(paper: Paper) -> None:
    def change(book: openpyxl.Workbook) -> None:
        page = book[SAMPLE]
        page.append([cell.value for cell in page[HEADER + 1]])

    last = HEADER + paper.drawn.sample.height + 1
    assert tampered(paper, change) == [f"sheet '2 Sample', row {last}: The item large stands in row {HEADER + 1} already."]


def test_an_added_row_is_named(paper: Paper) -> None:
    def change(book: openpyxl.Workbook) -> None:
        page = book[SAMPLE]
        page.append(["", "invented", "", 5, "5", *[""] * 13, 5])

    assert "The item 'invented' was not drawn." in tampered(paper, change)[0]


def test_another_seed_in_the_plan_is_found_by_the_digest(paper: Paper) -> None:
    def change(book: openpyxl.Workbook) -> None:
        book[PLAN].cell(next(cell.row for cell in book[PLAN]["A"] if cell.value == "seed"), 3).value = "8"

    paper.fill()
    book = openpyxl.load_workbook(paper.path)
    change(book)
    book.save(paper.path)
    filled = taken_back(_source(paper.path))
    again = evaluate(drawn(items(AMOUNTS), filled.plan), paper.omissions, filled)

    assert filled.plan.seed == 8
    assert again.conclusion == "not evaluated"
    assert "Draw anew" in again.problems[0].what


def test_figures_that_changed_since_are_found(paper: Paper) -> None:
    filled = taken_back(_source(paper.fill().path))
    changed = evaluate(drawn(items({**AMOUNTS, "r01": Fraction(7)}), filled.plan), paper.omissions, filled)

    # One line, with both digests and the way out: row by row there would be as many as the sample has.
    assert changed.conclusion == "not evaluated"
    assert len(changed.problems) == 1
    said = str(changed.problems[0])
    assert said.startswith("The population is not the one that it was drawn from")
    assert population_digest(items(AMOUNTS)) in said
    assert population_digest(items({**AMOUNTS, "r01": Fraction(7)})) in said
    assert "--paper-only" in said


@pytest.mark.parametrize(("typed", "said"), [("yes", "neither 0 nor 1"), (2, "neither 0 nor 1"), (None, "has no answer"), ("=1", "neither 0 nor 1")])
def test_an_answer_about_an_omission_is_0_or_1(paper: Paper, typed: object, said: str) -> None:
    def change(book: openpyxl.Workbook) -> None:
        book[OMISSIONS].cell(HEADER + 1, omission_column("omitted")).value = typed  # type: ignore[assignment]

    problems = tampered(paper, change)
    assert len(problems) == 1
    assert said in problems[0]


def test_sorted_rows_and_remarks_below_the_table_are_allowed(paper: Paper) -> None:
    paper.fill()
    book = openpyxl.load_workbook(paper.path)
    page = book[SAMPLE]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=HEADER + 1)]
    for line, row in enumerate(reversed(rows), HEADER + 1):
        for place, value in enumerate(row, 1):
            page.cell(line, place).value = value
    page.cell(page.max_row + 2, column("why")).value = "Seen on site."
    book.save(paper.path)

    assert paper.evaluated().problems == ()


@pytest.mark.parametrize("sheet", [PLAN, SAMPLE, OMISSIONS, POPULATION])
def test_a_sheet_that_is_gone_is_named(paper: Paper, sheet: str) -> None:
    book = openpyxl.load_workbook(paper.path)
    del book[sheet]
    book.save(paper.path)

    with pytest.raises(InputProblem, match=sheet):
        paper.evaluated()


def test_a_column_that_is_gone_is_named(paper: Paper) -> None:
    book = openpyxl.load_workbook(paper.path)
    book[SAMPLE].cell(HEADER, column("audited")).value = "Found"
    book.save(paper.path)

    with pytest.raises(InputProblem, match="'Audited value' is gone"):
        paper.evaluated()


@pytest.mark.parametrize(("key", "value"), [("seed", "seven"), ("materiality", None), ("size", "9" * 40)])
def test_a_plan_that_cannot_be_read_is_named(paper: Paper, key: str, value: str | None) -> None:
    book = openpyxl.load_workbook(paper.path)
    line = next(cell.row for cell in book[PLAN]["A"] if cell.value == key)
    book[PLAN].cell(line, 3).value = value
    book.save(paper.path)

    with pytest.raises((InputProblem, UsageProblem)):
        drawn(items(AMOUNTS), taken_back(_source(paper.path)).plan)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"No,Item\n1,a\n"])
def test_a_file_that_is_no_paper_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "paper.xlsx").write_bytes(content)
    with pytest.raises(InputProblem):
        taken_back(_source(tmp_path / "paper.xlsx"))


# ---------------------------------------------------------------- as a file


def test_the_same_sample_gives_the_same_bytes(paper: Paper) -> None:
    assert paper_as_xlsx(paper.drawn, paper.omissions, ABOUT) == paper.path.read_bytes()


def test_the_paper_alone_is_enough_to_draw_again(paper: Paper) -> None:
    """As an assurer does who has no results: the population sheet holds the exact values, and the digest is of them."""
    filled = taken_back(_source(paper.fill().path))
    assert filled.items is not None
    again = drawn(filled.items, filled.plan)

    assert again.sample["item_id"].to_list() == paper.drawn.sample["item_id"].to_list()
    assert evaluate(again, things_of(filled), filled).problems == ()


def test_a_population_that_was_changed_in_the_paper_is_found(paper: Paper) -> None:
    paper.fill()
    book = openpyxl.load_workbook(paper.path)
    exact = [cell.value for cell in book[POPULATION][HEADER]].index("Book value, exact") + 1
    book[POPULATION].cell(HEADER + 5, exact).value = "3"
    book.save(paper.path)
    filled = taken_back(_source(paper.path))
    assert filled.items is not None

    assert evaluate(drawn(filled.items, filled.plan), things_of(filled), filled).conclusion == "not evaluated"


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    sample = drawn(items({"a": 100, "b": 200}, path={"a": "=cmd()", "b": "@x"}, received={"a": "+1", "b": "=1+1"}), plan())
    paper = Paper(tmp_path, sample, things())
    page = openpyxl.load_workbook(paper.path)[SAMPLE]

    cells = [page.cell(line, column(name)) for line in range(HEADER + 1, HEADER + 3) for name in ("path", "received")]
    assert {cell.value: (cell.data_type, cell.quotePrefix) for cell in cells if cell.value} == dict.fromkeys(("=cmd()", "@x", "+1", "=1+1"), ("s", 1))
    assert b",'=cmd()," in paper_as_csv(sample, things(), ABOUT)


def test_a_csv_holds_the_sample_and_is_taken_back(tmp_path: Path) -> None:
    paper = Paper(tmp_path, drawn(items(AMOUNTS), BY), things("a/gas/2023-01"), "paper.csv")
    assert paper.evaluated().conclusion == "incomplete"
    rows = list(csv.DictReader(io.StringIO(paper.path.read_text(encoding="utf-8-sig"))))
    assert [row["Item"] for row in rows] == paper.drawn.sample["item_id"].to_list()
    for row in rows:
        row["Audited value"] = row["Book value"]

    def written(rows_: list[dict[str, str]]) -> None:
        with paper.path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows_[0]))
            writer.writeheader()
            writer.writerows(rows_)

    written(rows)
    found = paper.evaluated()
    assert found.conclusion == "below materiality"
    assert found.notes == ("A CSV holds no sample of omissions: whether something was left out is not evaluated.",)

    rows[1]["Audited value"] = "1,234.50"
    written(rows)
    assert [str(problem) for problem in paper.evaluated().problems] == ["row 3: The audited value of credit is no number: '1,234.50'. Write it as 1234.56, without thousands separators."]


def test_a_population_larger_than_a_sheet_is_refused(monkeypatch: pytest.MonkeyPatch, paper: Paper) -> None:
    monkeypatch.setattr("esg_kpis.report.working_paper._MOST_ROWS", 10)
    with pytest.raises(UsageProblem, match="more than a sheet has rows"):
        paper_as_xlsx(paper.drawn, paper.omissions, ABOUT)


def test_random_and_stratified_papers_come_back_too(tmp_path: Path) -> None:
    amounts = {f"i{number}": Fraction(number + 5) for number in range(30)}
    kinds = {name: "office" if place % 3 else "store" for place, name in enumerate(amounts)}
    for method, strata in (("random", ""), ("stratified", "kind")):
        for projection in ("difference", "ratio", "mean"):
            sample = drawn(items(amounts, kind=kinds), plan(method=method, strata=strata, size=30, projection=projection))
            found = Paper(tmp_path, sample, things(), f"{method}-{projection}.xlsx").fill({"i7": 6}).evaluated()
            assert found.over is not None
            assert (found.over.known, found.over.upper, found.conclusion) == (6, 6, "below materiality")


def _source(path: Path) -> Source:
    content = path.read_bytes()
    return Source(path.name, content, hashlib.sha256(content).hexdigest())
