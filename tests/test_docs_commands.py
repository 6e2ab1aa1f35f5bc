"""Every command that a page shows exists, with the options it is shown with; and pictures fetch nothing."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tests.conftest import REPOSITORY
from tests.test_docs import PAGES

SHOWN = re.compile(r"(?:^\s*(?:\$ )?|`|; |&& |\| )((?:[\w./~-]*/)?esg-kpis(?: [^`\n|;#]*)?)", flags=re.MULTILINE)
"""A command at the beginning of a line of code, behind a prompt, in backticks, or behind another one."""

NO_COMMANDS = {"esg-kpis register entry 1"}
"""What begins like one, and is the first line of what a key signs."""


def commands_of(page: Path) -> Iterator[str]:
    """The command lines of a page; a line that ends in a backslash goes on in the next."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for match in SHOWN.finditer(text):
        yield match[1].strip().rstrip(".,:)")


def _options_of(command: Any) -> tuple[set[str], set[str]]:  # noqa: ANN401
    """The options of a command, and those of them that take a value."""
    return {option for param in command.params for option in param.opts}, {option for param in command.params for option in param.opts if not getattr(param, "is_flag", False)}


def wrong_in(line: str) -> list[str]:
    """Words of a command line that the program does not know."""
    from pipelines.cli import app

    command: Any = get_command(app)
    words = shlex.split(line.replace("…", "X") if line.count('"') % 2 == line.count("'") % 2 == 0 else re.sub("[\"']", "", line))[1:]
    options, takes = _options_of(command)
    options |= {"--help", "-h"}
    wrong: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        name = word.partition("=")[0]
        if name.startswith("-") and name != "-":
            if name not in options:
                wrong.append(name)
            at += 2 if name in takes and "=" not in word else 1
            continue
        if getattr(command, "commands", None):
            if word in command.commands:
                command = command.commands[word]
            elif "draw" in command.commands:
                command = command.commands["draw"]
            elif word.isupper() or word == "X":
                return wrong
            else:
                return [*wrong, word]
            own, with_value = _options_of(command)
            options, takes = options | own, takes | with_value
        at += 1
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    assert {line: wrong for line in commands_of(page) if line not in NO_COMMANDS and (wrong := wrong_in(line))} == {}


def test_the_check_of_commands_finds_what_is_wrong() -> None:
    assert wrong_in("esg-kpis run --editon 2023 --all") == ["--editon"]
    assert wrong_in("esg-kpis --root . nonsense") == ["nonsense"]
    assert wrong_in(".venv/bin/esg-kpis factors find electricity_purchased --region CN --on 2023-06-30 --nope x") == ["--nope"]
    assert wrong_in("esg-kpis sample ghg_scope_1_2 --edition 2023 --period 2023 --seed 7 --to paper.xlsx") == []
    assert len([line for page in PAGES for line in commands_of(page)]) > 100


def test_pictures_ask_nobody_for_a_font() -> None:
    for path in (REPOSITORY / "docs" / "images").glob("*.svg"):
        assert "url(" not in re.sub(r"url\(#[^)]*\)", "", path.read_text(encoding="utf-8")), path.name
