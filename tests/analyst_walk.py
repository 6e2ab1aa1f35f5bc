"""Walks a page of the documents as a reader would: writes its tables into workbooks and its blocks into files, runs its commands, and keeps what they print."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import openpyxl

from esg_kpis.starter.template import FILL_IN
from tests.command_line import line_in
from tests.conftest import REPOSITORY

_MARK = re.compile(r"^<!-- (not run|exits|fill|file|append)[: ]?(.*?) -->$")


@dataclass
class Step:
    """One block of a page: its kind (sh, text, table, or the language of a block that goes into a file), what the mark above it says, and its lines."""

    kind: str
    mark: str
    told: str
    lines: list[str]


@dataclass
class Walk:
    """What came of it: each command with its exit code, the code that the page says, and what it printed; each text that the page quotes, with the print it is quoted from."""

    commands: list[tuple[str, int, int, str]] = field(default_factory=list)
    quotes: list[tuple[str, str]] = field(default_factory=list)
    not_run: list[list[str]] = field(default_factory=list)


def steps(page: str) -> Iterator[Step]:
    """The blocks and tables of a page in order."""
    lines, mark, told = iter(page.splitlines()), "", ""
    for line in lines:
        if found := _MARK.match(line):
            mark, told = found.groups()
        elif line.startswith("```"):
            block = []
            for inside in lines:
                if inside == "```":
                    break
                block.append(inside)
            yield Step(line.removeprefix("```"), mark, told, block)
            mark = told = ""
        elif line.startswith("|") and mark == "fill":
            table = [line]
            for inside in lines:
                if not inside.startswith("|"):
                    break
                table.append(inside)
            yield Step("table", mark, told, table)
            mark = told = ""


def walked(page: Path, folder: Path) -> Walk:
    """Walks a page, beginning in a folder."""
    walk, here = Walk(), folder
    environment = _environment(folder)
    for step in steps(page.read_text(encoding="utf-8")):
        if step.mark == "not run":
            walk.not_run.append(step.lines)
        elif step.kind == "table":
            path, _, row = step.told.partition(" from row ")
            fill(here / path, step.lines, int(row))
        elif step.mark in ("file", "append"):
            path = here / step.told
            before = path.read_text(encoding="utf-8") if step.mark == "append" else ""
            path.write_text(before + ("" if not before or before.endswith("\n") else "\n") + "\n".join(step.lines) + "\n", encoding="utf-8")
        elif step.kind == "sh":
            for line in step.lines:
                if line.startswith("cd "):
                    here = here / line.removeprefix("cd ")
                    continue
                done = line_in(here, line, environment)
                walk.commands.append((line, done.returncode, int(step.told or 0), done.stdout + done.stderr))
        elif step.kind == "text":
            walk.quotes += [(line, walk.commands[-1][3]) for line in step.lines]
    return walk


def fill(path: Path, table: list[str], first: int) -> None:
    """Writes the rows of a Markdown table into a template, under the columns whose English names head it. Blank cells are left as they are."""
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table]
    book = openpyxl.load_workbook(path)
    page = book[FILL_IN]
    places = {str(cell.value).split("\n")[0].removesuffix(" *"): cell.column for cell in page[1]}
    for line, row in enumerate(cells[2:], first):
        for title, text in zip(cells[0], row, strict=True):
            if text:
                page.cell(line, places[title], _typed(text))
    book.save(path)


def _typed(text: str) -> str | float | date:
    """What a spreadsheet makes of what somebody types."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text)
    return float(text.replace(",", "")) if re.fullmatch(r"[\d,]+(\.\d+)?", text) else text


def _environment(folder: Path) -> dict[str, str]:
    """An environment in which `esg-kpis` is the code under test."""
    tools = folder / "tools"
    tools.mkdir()
    command = tools / "esg-kpis"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipelines.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return {
        **os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}", "DAGSTER_HOME": str(folder / "dagster"), "COLUMNS": "4000",
    }  # fmt: skip
