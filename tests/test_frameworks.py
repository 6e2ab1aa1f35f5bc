"""Frameworks: their files are whole, versions lead on to each other, and KPIs and index.yaml name only codes that exist."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from esg_kpis.editions import read_edition, read_editions
from esg_kpis.editions.frameworks import codes_of
from esg_kpis.errors import InputProblem, InternalProblem, UsageProblem
from esg_kpis.frameworks import Framework, carried, framework_ids, framework_named, next_of, unknown_code
from esg_kpis.frameworks.library import COLUMNS, framework_from
from tests.scenario import EVERYWHERE, ROOT, edition_folder, kpi

G16, G20, C25, GRI16, GRI21 = (framework_named(name) for name in ("hkex-guide-2016", "hkex-guide-2020", "hkex-code-2025", "gri-2016", "gri-2021"))
NAMED = '[[framework]]\nid = "hkex-guide-2020"\n[[framework]]\nid = "gri-2021"\n' + EVERYWHERE
TAP = kpi("tap", "tonne", "water_tap", hkex="A2.2", gri="303-3")
HEAD = ",".join(COLUMNS)
LINE = "A1,What it asks,,metric,t,2025-01-01,mandatory,,Somewhere,C"


def refusal(folder: Path) -> str:
    with pytest.raises(InputProblem) as caught:
        read_edition(folder)
    return str(caught.value)


def with_index(root: Path, index: str, *kpis: dict[str, Any], rules: str = NAMED) -> Path:
    folder = edition_folder(root, kpis or (TAP,), rules)
    (folder / "index.yaml").write_text(index, encoding="utf-8")
    return folder


# ---------------------------------------------------------------- the files that ship


def test_the_frameworks_stand_by_family_and_age() -> None:
    assert framework_ids() == ("hkex-guide-2016", "hkex-guide-2020", "hkex-code-2025", "gri-2016", "gri-2021", "sasb-hardware", "sasb-internet")
    assert next_of(G16) == G20
    assert next_of(G20) == C25
    assert next_of(C25) is None
    assert next_of(GRI16) == GRI21
    assert next_of(framework_named("sasb-hardware")) is None


def test_the_guide_of_2020_has_all_its_aspects_and_kpis() -> None:
    kpis = {"A1": 6, "A2": 5, "A3": 1, "A4": 1, "B1": 2, "B2": 3, "B3": 2, "B4": 2, "B5": 4, "B6": 5, "B7": 3, "B8": 2}
    aspects = [code for aspect, count in kpis.items() for code in (aspect, *(f"{aspect}.{number}" for number in range(1, count + 1)))]

    assert list(G20.codes) == ["para 13", "para 14", "para 15", *aspects]
    assert {code for code in G20.codes.values() if code.obligation == "mandatory"} == {G20.codes[f"para {number}"] for number in (13, 14, 15)}
    assert set(G20.codes) - set(G16.codes) == {"para 13", "para 14", "para 15", "A4", "A4.1", "B5.3", "B5.4", "B7.3"}


def test_the_code_of_2025_drops_three_and_adds_part_d() -> None:
    part_d = {f"para {number}" for number in (*range(19, 28), "28(a)", "28(b)", "28(c)", *range(29, 42))}

    assert set(G20.codes) - set(C25.codes) == {"A1.2", "A4", "A4.1"}
    assert set(C25.codes) - set(G20.codes) == part_d
    assert C25.codes["para 28(a)"].obligation == C25.codes["para 28(b)"].obligation == "mandatory"
    assert C25.codes["para 28(c)"].obligation == "comply_or_explain"


@pytest.mark.parametrize("framework", [framework_named(name) for name in framework_ids()], ids=framework_ids())
def test_what_follows_exists_and_chinese_is_there_for_hkex(framework: Framework) -> None:
    after = next_of(framework)
    known = after.codes if after else {}

    assert [name for code in framework.codes.values() for name in code.successor if name not in known] == []
    assert all(bool(code.title_zh) == (framework.family == "hkex") for code in framework.codes.values())
    assert all(len(code.title) < 120 for code in framework.codes.values())


def test_an_edition_year_stands_with_each_topic_of_gri() -> None:
    years = {code.source for code in GRI21.codes.values()}

    assert {"GRI 303: Water and Effluents 2018", "GRI 403: Occupational Health and Safety 2018", "GRI 306: Waste 2020", "GRI 207: Tax 2019", "GRI 305: Emissions 2016"} <= years
    assert len([code for code in GRI21.codes if code.startswith("2-")]) == 30
    assert {"3-1", "3-2", "3-3"} <= set(GRI21.codes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The CSV cannot be read"),
        (f"{HEAD}\n".encode(), "It holds no code."),
        (f"{HEAD}\n{LINE}".encode("utf-16"), "It is no UTF-8."),
        (f"{HEAD}\n{LINE}\n{LINE}\n".encode(), "line 3: The code 'A1' stands twice."),
        (f"{HEAD}\n{LINE.replace('metric', 'number')}\n".encode(), "line 2: 'number' is no kind. Allowed: metric,"),
        (f"{HEAD}\n{LINE.replace('mandatory', '=cmd()')}\n".encode(), "'=cmd()' is no obligation"),
        (f"{HEAD}\n{LINE.replace('2025-01-01', '1,000')}\n".encode(), "The CSV cannot be read: found more fields"),
        (f"{HEAD}\n{LINE.replace('2025-01-01', '1/1/2025')}\n".encode(), "'1/1/2025' is no date. Write it as 2025-01-01."),
        (f"{HEAD}\n{LINE.replace('What it asks', ' ')}\n".encode(), "Code, title and source must not be empty."),
        (f"{HEAD},more\n{LINE},x\n".encode(), "They must be code, title,"),
        (f"{HEAD.replace(',unit', '')}\n".encode(), "Its columns are code, title, title_zh, kind, applies_from"),
    ],
)
def test_a_broken_file_is_named_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(InternalProblem, match=r"frameworks/x.csv") as caught:
        framework_from("x", content, "frameworks/x.csv")
    assert message in str(caught.value)


# ---------------------------------------------------------------- from version to version


@pytest.mark.parametrize(
    ("code", "source", "target", "found"),
    [
        ("A1.1", G20, G20, ("A1.1",)),
        ("A1.1", G20, C25, ("A1.1",)),
        ("A1.2", G20, C25, ("para 28(a)", "para 28(b)")),
        ("A1.2", G16, C25, ("para 28(a)", "para 28(b)")),  # through the Guide of 2020
        ("para 28(b)", C25, G16, ("A1.2",)),
        ("para 28(c)", C25, G20, ()),
        ("B7.3", G20, G16, ()),
        ("2-7", GRI21, GRI16, ("102-8",)),
        ("102-8", GRI16, GRI21, ("2-7", "2-8")),
        ("102-55", GRI16, GRI21, ()),
        ("2-7", GRI21, G20, ()),
        ("TC-HW-330a.1", framework_named("sasb-hardware"), framework_named("sasb-internet"), ()),
    ],
)
def test_a_code_is_followed_from_version_to_version(code: str, source: Framework, target: Framework, found: tuple[str, ...]) -> None:
    assert carried(code, source, target) == found


@pytest.mark.parametrize(
    ("written", "framework", "codes"),
    [
        ({"hkex": "A1.2", "hkex_2025": None}, C25, ("para 28(a)", "para 28(b)")),
        ({"hkex": "A1.2", "hkex_2025": "para 28(a)"}, C25, ("para 28(a)",)),
        ({"hkex": "A1.2", "hkex_2025": ""}, C25, ()),
        ({"hkex": "A1.2", "hkex_2025": "para 28(a)"}, G20, ("A1.2",)),
        ({"hkex": "", "hkex_2025": "para 28(c)"}, C25, ("para 28(c)",)),
        ({"hkex": "", "hkex_2025": "para 28(c)"}, G20, ()),
        ({"hkex": "A1.2", "hkex_2025": None}, G16, ("A1.2",)),
        ({"gri": "305-1;305-2"}, GRI21, ("305-1", "305-2")),
        ({"gri": "2-7"}, GRI16, ("102-8",)),
        ({"sasb": "TC-HW-330a.1"}, framework_named("sasb-hardware"), ("TC-HW-330a.1",)),
        ({"sasb": "TC-HW-330a.1"}, framework_named("sasb-internet"), ()),
        ({"gri": "305-1"}, G20, ()),
    ],
)
def test_the_codes_of_a_kpi_in_a_version(written: dict[str, str | None], framework: Framework, codes: tuple[str, ...]) -> None:
    assert codes_of({"hkex": "", "hkex_2025": None, "gri": "", "sasb": ""} | written, framework) == codes


def test_an_unknown_code_is_told_with_near_misses_or_its_version() -> None:
    assert unknown_code("A1.1", ("hkex-guide-2020",)) is None
    assert unknown_code("A9.1", ("hkex-guide-2020",)) == "'A9.1' is no code of hkex-guide-2020. Did you mean 'A4.1' or 'A3.1' or 'A2.1' or 'A1.1'?"
    assert unknown_code("102-8", ("gri-2021",)) == "'102-8' is no code of gri-2021, but of gri-2016. Here it is called 2-7, 2-8."
    assert unknown_code("xyz", ()) == "'xyz' is no code of any framework that the edition names."


def test_an_unknown_framework_is_told_with_near_misses() -> None:
    with pytest.raises(UsageProblem, match=r"There is no framework 'hkex-code-2052'\. Did you mean 'hkex-code-2025'"):
        framework_named("hkex-code-2052")


# ---------------------------------------------------------------- what a person writes


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ({"hkex": "A1.11"}, "KPI 'tap': hkex: 'A1.11' is no code of hkex-guide-2020. Did you mean 'A1.1'"),
        ({"hkex": "para 28(a)"}, "'para 28(a)' is no code of hkex-guide-2020, but of hkex-code-2025. Here it is called A1.2."),
        ({"hkex_2025": "A1.2"}, "hkex_2025: 'A1.2' is no code of hkex-code-2025, but of hkex-guide-2016, hkex-guide-2020. Here it is called para 28(a), para 28(b)."),
        ({"gri": "303-3;102-7"}, "gri: '102-7' is no code of gri-2021, but of gri-2016. Here it is called 2-6."),
        ({"gri": "303-3,303-5"}, "'303-3,303-5' is no code of gri-2021"),
        ({"sasb": "TC-HW-330a"}, "sasb: 'TC-HW-330a' is no code of sasb-hardware or sasb-internet. Did you mean 'TC-HW-330a.1'"),
        ({"gri": "=cmd()"}, "'=cmd()' is no code"),
        ({"gri": "NaN"}, "'NaN' is no code"),
        ({"gri": "-1"}, "'-1' is no code"),
    ],
)
def test_a_code_of_a_kpi_that_does_not_exist_is_refused(tmp_path: Path, codes: dict[str, str], message: str) -> None:
    told = refusal(edition_folder(tmp_path, [kpi("tap", "tonne", "water_tap", **codes)]))

    assert told.startswith("editions/e1/kpis.yaml: ")
    assert message in told


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ('[[framework]]\nid = "hkex-guide-2021"\n', "framework.0.id: There is no framework 'hkex-guide-2021'. Did you mean 'hkex-guide-2020'"),
        ('[[framework]]\nid = "gri-2021"\n[[framework]]\nid = "gri-2021"\n', "The framework 'gri-2021' is named twice."),
        ('[[framework]]\nid = "hkex-guide-2020"\n[[framework]]\nid = "hkex-code-2025"\nearly = true\n', "The frameworks 'hkex-guide-2020' and 'hkex-code-2025' share codes."),
        ('[[framework]]\nid = "hkex-code-2025"\n', "The framework 'hkex-code-2025' is for years from 2025-01-01, the newest period begins on 2023-01-01. Name the version before it, or say"),
        ('[[framework]]\nid = "gri-2016"\n', "The framework 'gri-2016' is followed by 'gri-2021' for years from 2022-01-01. Name 'gri-2021'."),
        ('[[framework]]\nid = "gri-2021"\nlate = true\n', "framework.0.late: Extra inputs are not permitted"),
    ],
)
def test_a_framework_that_an_edition_cannot_answer_is_refused(tmp_path: Path, rules: str, message: str) -> None:
    assert message in refusal(edition_folder(tmp_path, [TAP], rules + EVERYWHERE))


def test_a_framework_may_be_answered_early(tmp_path: Path) -> None:
    edition = read_edition(edition_folder(tmp_path, [TAP], '[[framework]]\nid = "hkex-code-2025"\nearly = true\n' + EVERYWHERE))

    assert [use.id for use in edition.rules.framework] == ["hkex-code-2025"]


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("answers: [{codes: [A1.55], where: x}]", "'A1.55' is no code of hkex-guide-2020 or gri-2021. Did you mean 'A1.5'"),
        ("answers: [{codes: [TC-HW-440a.1], where: x}]", "'TC-HW-440a.1' is no code of hkex-guide-2020 or gri-2021, but of sasb-hardware. Name the framework"),
        ("answers: [{codes: [A1], where: x, framework: gri-2021}]", "'A1' is no code of gri-2021, but of hkex-guide-2016"),
        ("answers: [{codes: [A1], where: x, framework: gri}]", "There is no framework 'gri'. There are: hkex-guide-2016,"),
        ("answers: [{codes: [A1, A1.5, A1], where: x}]", "The code 'A1' of hkex-guide-2020 is answered twice."),
        ("answers: [{codes: [A1], where: x}, {codes: [A1], pages: 7}]", "The code 'A1' of hkex-guide-2020 is answered twice."),
        ("answers: [{codes: [], where: x}]", "an answer needs at least one code"),
        ("answers: [{codes: [A1]}]", "A1: what is reported needs where or pages"),
        ("answers: [{codes: [B7.1], status: zero, text: none}]", "B7.1: what is zero needs where or pages"),
        ("answers: [{codes: [B7.1], status: zero, where: x}]", "B7.1: zero needs a text that says why"),
        ("answers: [{codes: [A1], status: not_material}]", "A1: not material needs a text that says why"),
        ("answers: [{codes: [A1], status: missing, where: x}]", "status: Input should be 'reported', 'zero'"),
        ("answers: [{codes: [A2.2], status: not_material, text: t}]", "The code 'A2.2' is not material here, and the KPI 'tap' answers it."),
        ("answers: [{codes: [303-3], status: zero, where: x, text: t}]", "The code '303-3' is zero here, and the KPI 'tap' answers it."),
        ("answers: [{codes: [A1], pages: '1,000'}]", "'1,000' are no pages; write them as 61-63, 70"),
        ("answers: [{codes: [A1], pages: -3}]", "'-3' are no pages"),
        ("answers: [{codes: [A1], pages: '=cmd()'}]", "'=cmd()' are no pages"),
        ("answers: [{codes: [A1], pages: .nan}]", "pages: Input should be a valid string"),
        ("answers: [{codes: [A1], where: x, page: 3}]", "page: Extra inputs are not permitted"),
        ("own_index: [{code: A1, printed: x, where: y}]", "own_index.0.ought: Field required"),
        ("[1, 2]", "Input should be a valid dictionary"),
        ("answers: [", "It is no YAML"),
    ],
)
def test_a_mistake_in_index_yaml_is_named(tmp_path: Path, index: str, message: str) -> None:
    told = refusal(with_index(tmp_path, index))

    assert told.startswith("editions/e1/index.yaml: ")
    assert message in told


def test_an_index_in_another_encoding_is_refused(tmp_path: Path) -> None:
    folder = with_index(tmp_path, "")
    (folder / "index.yaml").write_bytes("answers: [{codes: [A1], where: 环境}]".encode("gb18030"))

    assert "It is no YAML" in refusal(folder)


@pytest.mark.parametrize("index", ["", "answers: []"])
def test_an_empty_index_is_one_without_answers(tmp_path: Path, index: str) -> None:
    assert read_edition(with_index(tmp_path, index)).index.answers == ()


@pytest.mark.parametrize(("pages", "read"), [("82", "82"), ("61-63", "61-63"), ("'61–63, 70'", "61-63, 70"), ("''", "")])
def test_pages_are_numbers_and_ranges(tmp_path: Path, pages: str, read: str) -> None:
    assert read_edition(with_index(tmp_path, f"answers: [{{codes: [A1], where: x, pages: {pages}}}]")).index.answers[0].pages == read


def test_an_answer_that_a_kpi_gives_too_may_say_the_place(tmp_path: Path) -> None:
    assert read_edition(with_index(tmp_path, "answers: [{codes: [A2.2], where: Water}]")).index.answers[0].where == "Water"


# ---------------------------------------------------------------- the worked company


def test_the_2020_report_answers_the_guide_that_was_in_force() -> None:
    """Its year began on 1 January 2020; the Guide of 2020 is for years from 1 July 2020, and the report's index has the wording of the one before."""
    named = {edition.id: [use.id for use in edition.rules.framework] for edition in read_editions(ROOT / "editions")}

    assert named["2020"] == ["hkex-guide-2016", "gri-2016"]
    assert named["2023"] == ["hkex-guide-2020", "gri-2021", "sasb-hardware"]
    assert date(2020, 1, 1) < G20.applies_from
