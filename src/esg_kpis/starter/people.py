"""The templates about people: pseudonyms, bands and closed words only. Their worked rows are enough persons for a figure to be shown."""

import hashlib
from datetime import date
from decimal import Decimal

from esg_kpis.ingest.examples import MARK
from esg_kpis.starter import columns, words
from esg_kpis.starter.template import EXAMPLE_SITE, Cell, Column, Template

_PERSONS = 12
"""Groups of fewer than five are never shown, so six women and six men are the fewest that show how a breakdown looks."""
_NO_NAMES = (
    "No names, staff numbers, identity numbers, birth dates or further columns: a file that holds one is stopped as a whole.",
    "不得填写姓名、工号、证件号、生日，也不得增加列：含有此类内容的文件会被整份拒收。",
)
_KEYS = (
    "Keys are made by `esg-kpis people pseudonymise` from staff numbers; the same person has the same key in every file and year. docs/people.md of the product says how.",
    "代码由 `esg-kpis people pseudonymise` 根据工号生成；同一人在所有文件和年度中代码相同。做法见产品文档 docs/people.md。",
)


def people_templates(year: int) -> tuple[Template, ...]:
    """Spells of employment, training and injuries."""
    return _spells(year), _training(year), _injuries(year)


def _key(number: int) -> str:
    """The pseudonym of a person of the examples, who does not exist."""
    return hashlib.sha256(f"{MARK}{number}".encode()).hexdigest()[:16]


def _spells(year: int) -> Template:
    rows: list[dict[str, Cell]] = [
        {
            "person": _key(number), "from": date(year - 1, 1 + number % 12, 1), "site_id": EXAMPLE_SITE, "gender": ("Female", "Male")[number % 2],
            "age_group": ("Under 30", "30-50")[number // 2 % 2], "level": "Junior" if number % 4 < 2 else "Mid-Level", "employment_type": "full_time",
        }
        for number in range(_PERSONS)
    ]  # fmt: skip
    return Template(
        "people", "employees", "Employees: a row as long as nothing about a person changes. A change ends one row and begins the next on the day after.", "员工：信息不变则为一行；有变动时结束一行，次日另起一行。",
        (
            columns.person(),
            Column("from", "First day", "起始日", "date", "First day of this row; of somebody new the first day employed", "本行首日；新入职者为入职日", 13),
            Column("to", "Last day", "截止日", "date", "Last day employed, counted; blank while it lasts", "在职末日（含）；在职者留空", 13, required=False),
            *columns.as_they_are(),
        ),
        tuple(rows), form="spells", notes=(_NO_NAMES, _KEYS, ("Include those who left in the year, and their real first days: joiners and leavers are counted from these.", "请包含年内离职者，并填写真实入职日：入职与离职人数由此得出。")),
    )  # fmt: skip


def _training(year: int) -> Template:
    return Template(
        "people", "training", "Training: a row per person and course.", "培训：每人每门课程一行。",
        (
            columns.person("The same key as in employees.xlsx", "与 employees.xlsx 相同的代码"),
            Column("date", "Day", "日期", "date", "Day of the course; the last one of several", "课程日期；多天课程填最后一天", 13),
            Column("course", "Course code", "课程代码", "text", "A code without blanks", "代码，不含空格", 18),
            Column("hours", "Hours", "学时", "number", "Hours of this person in this course", "该员工在该课程的学时", 10),
        ),
        tuple({"person": _key(number), "date": date(year, 6, 15), "course": f"{MARK}SAFETY", "hours": Decimal(2)} for number in range(_PERSONS)),
        form="training", notes=(_NO_NAMES, _KEYS),
    )  # fmt: skip


def _injuries(year: int) -> Template:
    return Template(
        "people", "injuries", "Work-related injuries: a row per case.", "工伤：每起一行。",
        (
            Column("case_id", "Case no.", "案例编号", "text", "Number of the case", "案例编号", 18),
            columns.person("The same key as in employees.xlsx", "与 employees.xlsx 相同的代码"),
            Column("date", "Day", "日期", "date", "Day of the accident", "事故日期", 13),
            Column("outcome", "Outcome", "后果", "word", "Choose from the list", "请从列表中选择", 20, words=words.OUTCOME),
            Column("lost_days", "Working days lost", "误工天数", "number", "Working days lost; 0 where none", "损失的工作日数；没有则填 0", 19),
            Column("recognition", "Recognition", "认定情况", "word", "What the authority decided", "主管部门的认定", 20, words=words.RECOGNITION),
        ),
        ({"case_id": f"{MARK}CASE-1", "person": _key(0), "date": date(year, 8, 20), "outcome": "lost_time", "lost_days": Decimal(3), "recognition": "recognised"},),
        form="injuries",
        notes=(
            _NO_NAMES, _KEYS,
            ("Nobody injured: do not just empty the sheet, since a blank is not zero. Delete the example and take the # off the line complete_until of injuries in _format.toml.", "全年无工伤：不要只清空工作表（空白不等于零）。请删除示例行，并去掉 _format.toml 中 injuries 的 complete_until 行前的 #。"),
        ),
    )  # fmt: skip
