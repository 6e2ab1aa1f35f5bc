"""Pages that are walked: files that a page says to write, and commands that it says to run, in its own order, in a place of one's own."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.command_line import OF_THE_MACHINE, in_bash, line_in
from tests.conftest import REPOSITORY

STEP = re.compile(
    r"^(?P<verb>Write|Add to|Replace in) `(?P<path>[^`]+)`:\n\n```\w*\n(?P<text>.*?)```\n(?:\nby:\n\n```\w*\n(?P<by>.*?)```\n)?|^```sh\n(?P<commands>.*?)```\n",
    flags=re.MULTILINE | re.DOTALL,
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One thing a page says to do: `verb` is Write, Add to, Replace in, or run."""

    verb: str
    path: str
    text: str
    by: str = ""


def steps_of(page: Path) -> Iterator[Step]:
    """What a page says to do, in order."""
    for found in STEP.finditer(page.read_text(encoding="utf-8")):
        if found["commands"] is not None:
            yield from (Step("run", "", command) for command in found["commands"].replace("\\\n", " ").splitlines() if command.strip())
        else:
            yield Step(found["verb"], found["path"], found["text"], found["by"] or "")


def walked(page: Path, place: Path, *, source: Path = REPOSITORY, **environment: str) -> list[tuple[str, str]]:
    """Does what a page says in a folder. The commands run with the program of `source`, each in a shell of its own where it asks for one; what each said.

    Raises:
        AssertionError: if a command fails, or a text that is to be replaced is not there exactly once.
    """
    program = place / ".bin"
    program.mkdir(exist_ok=True)
    for name, words in (("esg-kpis", "-m pipelines.cli"), ("python", "")):
        (program / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', encoding="utf-8")
        (program / name).chmod(0o755)
    around = {
        **{name: value for name, value in os.environ.items() if name not in OF_THE_MACHINE}, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join((str(source / "src"), str(source))), "DAGSTER_HOME": str(place / ".dagster-home"),
        "COLUMNS": "100", "HOME": str(place),
    } | environment  # fmt: skip
    said = []
    for step in steps_of(page):
        if step.verb == "run":
            done = line_in(place, step.text, around) if source == REPOSITORY else in_bash(place, step.text, around)
            assert done.returncode == 0, f"{step.text}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            said.append((step.text, done.stdout))
        else:
            _written(step, place / step.path)
    return said


def _written(step: Step, path: Path) -> None:
    if step.verb == "Write":
        assert not path.exists(), path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        return
    before = path.read_text(encoding="utf-8")
    if step.verb == "Add to":
        path.write_text(before + ("" if before.endswith("\n") else "\n") + step.text, encoding="utf-8")
        return
    assert before.count(step.text) == 1, f"{path} has this {before.count(step.text)} times:\n{step.text}"
    path.write_text(before.replace(step.text, step.by), encoding="utf-8")
