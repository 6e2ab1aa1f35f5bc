"""Every rule by which a row is rejected has its words in both languages."""

import ast
import re
from collections.abc import Iterator

from esg_kpis.ingest.rules import RULES, right_zh
from tests.conftest import REPOSITORY


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


def test_the_detail_of_a_row_stands_in_what_would_be_right() -> None:
    assert right_zh("number", "1,234.5") == "请填写数字，例如 1,234.5"
    assert right_zh("unknown_site", "") == "应为登记表中的站点"
    assert all("{" not in right_zh(name, detail) for name in RULES for detail in ("", "x"))
