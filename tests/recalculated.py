"""Workbooks computed anew by a real LibreOffice: its cells after recalculation, and copies of a workbook that hold no computed value to begin with."""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""A profile in which workbooks of Excel are always computed anew when they are opened."""
_STORED = re.compile(rb"</f><v>[^<]*</v>")
_ERROR = re.compile(rb'<c [^>]*t="e"')

Sheets = dict[str, list[dict[str, Any]]]
"""The rows of each sheet below its header, by title."""


def without_values(source: Path, target: Path) -> Path:
    """A copy of a workbook in which every formula has the stored value -1: what is right afterwards was computed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, _STORED.sub(b"</f><v>-1</v>", content) if name.startswith("xl/worksheets/") else content)
    return target


def recalculated(books: Sequence[Path], work: Path) -> list[Path]:
    """The same workbooks as LibreOffice computes and saves them."""
    office = shutil.which("soffice")
    if office is None:
        pytest.fail("LibreOffice is not installed, and this test needs a real one. Install Debian's libreoffice-calc.")
    profile = work / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_ALWAYS, encoding="utf-8")
    command = [office, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(work / "computed"), *map(str, books)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    made = [work / "computed" / book.name for book in books]
    assert all(path.exists() for path in made), ended.stdout + ended.stderr
    return made


def sheets_of(book: Path, names: Sequence[str]) -> Sheets:
    """Some sheets of a workbook, as far as it has them, with the values that are stored in it."""
    read = openpyxl.load_workbook(book, read_only=True, data_only=True)
    found: Sheets = {}
    for name in (name for name in names if name in read.sheetnames):
        rows = read[name].iter_rows(min_row=2, values_only=True)
        titles = next(rows)
        # Of columns with one title the first holds; those of units stand behind what they are of.
        first = {title: place for place, title in reversed(list(enumerate(titles)))}
        found[name] = [{title: row[place] if place < len(row) else None for title, place in first.items()} for row in rows]
    read.close()
    return found


def errors_in(book: Path) -> int:
    """How many cells of a workbook hold an error, such as #REF!."""
    with zipfile.ZipFile(book) as files:
        return sum(len(_ERROR.findall(files.read(name))) for name in files.namelist() if name.startswith("xl/worksheets/"))
