"""Options that commands have in common, and how they find a workspace and print."""

import json
import os
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from esg_kpis.errors import UsageProblem
from esg_kpis.report.unseen import made_visible
from pipelines import complete

Root = Annotated[Path | None, typer.Option("--root", help="The workspace: a folder with data/raw, factors and editions.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where results go; default: data/out of the workspace.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--person-key-file", help="Secret key that makes pseudonyms of staff numbers; outside the workspace.", envvar="ESG_KPIS_PERSON_KEY_FILE"),
]
RegisterOption = Annotated[
    str | None,
    typer.Option("--register", help="Where the register is kept: a file, or postgresql://user@host/name. Default: ESG_KPIS_REGISTER, or data/register of the workspace."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
EditionOption = Annotated[str | None, typer.Option("--edition", help="Edition id, such as 2023.", autocompletion=complete.edition)]
GIVEN: dict[str, Path | None] = {"root": None, "out": None}
"""What stands before the command."""


def paths(root: Path | None, out: Path | None) -> tuple[Path, Path]:
    """The workspace and where its results go, by the options behind the command, before it, or the current folder.

    Raises:
        UsageProblem: if there is no workspace.
    """
    from esg_kpis.workspace import open_workspace

    chosen, target = root or GIVEN["root"] or Path.cwd(), out or GIVEN["out"]
    workspace = open_workspace(chosen, target)
    return workspace.root, workspace.out


def day(text: str | None, option: str) -> str:
    """A day as ISO 8601 writes it; empty where none is given.

    Raises:
        UsageProblem: if it is no date.
    """
    if text is None:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageProblem(f"'{text}' is no date.", where=option, mend="Write it as 2024-04-09.") from None


def in_utf8(text: str, option: str) -> str:
    """Text of the command line that goes into a file.

    Raises:
        UsageProblem: if it came in another encoding.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageProblem("This text is not in UTF-8.", where=option, mend="Set the terminal to UTF-8.") from None
    return text


class Terminal(Console):
    """A console that shows text and obeys none: what stands in the name of a file or in a cell gives the terminal no orders."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is written, piece by piece; rich's own orders stay."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else made_visible(text), style, control)


def console() -> Console:
    """A console as wide as the terminal; into a file or a pipe nothing is cut."""
    return Terminal(width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS") or 4000), highlight=False)


def print_json(value: Any) -> None:  # noqa: ANN401
    """JSON for other programs. Where not every character of it can be written, all of them are written as escapes: nothing of the data is lost."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2, default=str)
    print(text)


def name_key(path: Path | None) -> None:
    """Where the secret key lies reaches the steps by the environment: it is in no configuration that Dagster keeps."""
    if path is not None:
        os.environ["ESG_KPIS_PERSON_KEY_FILE"] = str(path.resolve())


def name_register(place: str | None) -> None:
    """Where the register is kept reaches the steps by the environment too."""
    if place is not None:
        os.environ["ESG_KPIS_REGISTER"] = place if "://" in place else str(Path(place).resolve())
