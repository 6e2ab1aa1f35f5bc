"""The analyst's page, walked: every command of it is run, every table of it is written into the workbooks, and what it quotes is printed."""

import re
from pathlib import Path

import pytest

from tests.analyst_walk import Walk, steps, walked
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "analyst.md"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    folder = tmp_path_factory.mktemp("analyst")
    (folder / "dagster").mkdir()
    return walked(PAGE, folder)


def plain(text: str) -> str:
    return " ".join(text.split())


def test_every_command_of_the_page_ends_as_the_page_says(walk: Walk) -> None:
    assert [(command, code, shown[-1500:]) for command, code, said, shown in walk.commands if code != said] == []
    assert len(walk.commands) >= 18


def test_the_page_quotes_what_is_printed(walk: Walk) -> None:
    assert [line for line, shown in walk.quotes if plain(line) not in plain(shown)] == []
    assert len(walk.quotes) >= 12


def test_only_setting_up_is_not_run(walk: Walk) -> None:
    assert walk.not_run == [["make run", "source .venv/bin/activate", "cd .."]]
    assert re.search(r"^run:", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_no_block_or_table_of_the_page_is_passed_over() -> None:
    """A block whose mark is misspelt would be shown and never walked."""
    text = PAGE.read_text(encoding="utf-8")
    found = list(steps(text))

    assert len(found) == text.count("\n```") // 2 + text.count("<!-- fill")
    assert {step.kind for step in found if not step.mark} <= {"sh", "text"}
    assert all(step.mark in ("file", "append", "fill", "not run") for step in found if step.kind not in ("sh", "text"))


def test_the_commands_that_the_page_names_in_passing_exist() -> None:
    from typer.main import get_command

    from pipelines.cli import app

    named = set(re.findall(r"`esg-kpis ([a-z-]+)", PAGE.read_text(encoding="utf-8")))

    assert named <= set(get_command(app).commands)  # type: ignore[attr-defined]
    assert named


def test_the_walk_leaves_a_pack_for_the_assurer(walk: Walk, tmp_path_factory: pytest.TempPathFactory) -> None:
    packs = [shown for command, _, _, shown in walk.commands if " pack " in command]

    assert len(packs) == 1
    assert "verified after it was made" in packs[0]
    assert Path(packs[0].split(": ")[0]).suffix == ".zip"
