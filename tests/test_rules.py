"""Every rule by which a row is rejected has its words in both languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from esg_kpis.ingest.rules import RULES, right_zh
from tests.conftest import REPOSITORY
from tests.ingest_scenario import bill, read_bills, read_files, rejection


def named_in_code() -> Iterator[str]:
    """The rules that calls of the functions that reject name as their third argument."""
    for room in ("ingest", "people"):
        for path in (REPOSITORY / "src" / "esg_kpis" / room).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("rejections", "refusals", "_refuse") and len(node.args) > 2:
                    rule = node.args[2]
                    if isinstance(rule, ast.Constant):
                        yield str(rule.value)


def test_every_rule_is_told_in_both_languages() -> None:
    assert set(named_in_code()) <= set(RULES)
    assert len(set(named_in_code())) > 30
    assert all(re.search(r"[一-鿿]", rule.reason_zh) and re.search(r"[一-鿿]", rule.right_zh) for rule in RULES.values())


@pytest.mark.parametrize(
    ("changes", "english", "chinese"),
    [
        ({"quantity": "1.000,5"}, 'if its `,` is the decimal mark, say so of the file in _format.toml: decimal = ","', "请填写数字，例如 1,234.5"),
        ({"unit": "kwhs"}, "a unit of electricity_purchased, such as kWh, ", "（例如 kWh）"),
        ({"site_id": "bj-01"}, "Did you mean 'BJ-01'?", "应为登记表中的站点：BJ-01"),
        ({"site_id": "BJ-03"}, "Did you mean 'BJ-02' or 'BJ-01'?", "应为登记表中的站点：BJ-02、BJ-01"),
        ({"site_id": "华北小计"}, "The row looks like a subtotal or total", "该行作废"),
        ({"site_id": "", "document": "Total:"}, "The row looks like a subtotal or total", "该行作废"),
        ({"meter_id": "合 计"}, "The row looks like a subtotal or total", "该行作废"),
        ({"site_id": "", "origin": "Sum"}, "The row looks like a subtotal or total", "该行作废"),
        # A remark that ends in such a word hides nothing.
        ({"site_id": "", "origin": "含上月累计"}, "the site's id", "请填写"),
    ],
)
def test_what_would_be_right_is_told_in_both_languages(tmp_path: Path, changes: dict[str, str], english: str, chinese: str) -> None:
    told = rejection(read_bills(tmp_path, bill(**changes)))

    assert english in told["expected"]
    assert chinese in told["expected_zh"]


def test_a_part_of_a_count_that_is_called_a_total_is_no_total_row(tmp_path: Path) -> None:
    assert rejection(read_bills(tmp_path, bill(tariff="合计", site_id="")))["rule"] == "required"


def test_a_western_file_that_passes_for_gb18030_says_so(tmp_path: Path) -> None:
    told = rejection(read_files(tmp_path, {"energy/a.csv": "Standort,Monat,Stra\xdfe\nBJ-01,2023-01,1\n".encode("cp1252")}))

    assert "was read as GB18030; if letters look wrong, say `encoding` in _format.toml (Western files: cp1252)" in told["message"]


def test_the_detail_of_a_row_stands_in_what_would_be_right() -> None:
    assert right_zh("number", "1,234.5") == "请填写数字，例如 1,234.5"
    assert right_zh("unknown_site", "") == "应为登记表中的站点"
    assert all("{" not in right_zh(name, detail) for name in RULES for detail in ("", "x"))
