"""New workspaces for the tests of `init`: written by the library, changed as a person would change their workbooks, and read."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl

from esg_kpis.editions import counting_of, read_editions
from esg_kpis.ingest import Ingested, ingest
from esg_kpis.people import People, people_of
from esg_kpis.starter import Starter, workspace_files
from esg_kpis.starter.template import FILL_IN
from esg_kpis.workspace import open_workspace

YEAR = 2025
STARTER = Starter("Example Group", YEAR, "CN")
Change = Callable[[Any, Any], object]
"""What is done to a workbook and its sheet of data."""


def new_workspace(folder: Path, starter: Starter = STARTER) -> Path:
    """A new workspace in a folder."""
    for name, content in workspace_files(starter).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def changed(root: Path, path: str, change: Change) -> Path:
    """A workspace of which one workbook was changed and saved."""
    book = openpyxl.load_workbook(root / path)
    change(book, book[FILL_IN])
    book.save(root / path)
    return root


def cells(**told: Any) -> Change:  # noqa: ANN401
    """Writes cells by their names, such as E2=5."""

    def change(_book: Any, page: Any) -> None:  # noqa: ANN401
        for name, value in told.items():
            page[name] = value

    return change


def read(root: Path) -> Ingested:
    """What is read of a workspace, without people."""
    return ingest(open_workspace(root), date(YEAR + 1, 4, 30))


def read_people(root: Path) -> People:
    """What is read of its people."""
    day = date(YEAR + 1, 4, 30)
    return people_of(open_workspace(root), day, read(root).sites, counting_of(read_editions(root / "editions")), None)


def refused(root: Path) -> list[str]:
    """The messages about what was refused, in the order of files and lines."""
    return read(root).rejected.sort("path", "line", "rule")["message"].to_list()
