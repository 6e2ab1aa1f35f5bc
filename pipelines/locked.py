"""Locked periods, held against what a run computed, before it is published.

A run whose numbers differ from those locked publishes nothing, wherever its results go. Only a what-if, a run with other dates than the editions' (`--known-on`,
`--as-of`), may differ, if it goes to another folder than the workspace's own results; it says so, and its numbers cannot be approved. A register that is not whole stops
every run but a what-if, since it cannot vouch for a lock; one that cannot be read stops every run.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from esg_kpis.errors import InputProblem, LockedProblem
from esg_kpis.report.outputs import write_whole
from esg_kpis.workspace import Workspace
from pipelines.asked import Request

if TYPE_CHECKING:  # A workspace without a register waits for no database.
    from esg_kpis.register import Guarded, Head, Register

REGISTER = "ESG_KPIS_REGISTER"
"""Names the place of the register, where it is not the workspace. A variable, since a URL may hold a password, and a command line is seen by every user of the machine."""
DATABASE, ANCHOR = "register.sqlite", "head.json"


def register_of(workspace: Workspace) -> "Register":
    """The register of a workspace."""
    from esg_kpis.register import open_register

    return open_register(os.environ.get(REGISTER) or workspace.register / DATABASE)


def hold(request: Request, kpi_values: pl.DataFrame) -> None:
    """Stops a run that would publish other numbers than those that are locked.

    Raises:
        LockedProblem: if it would.
        InputProblem: if the register cannot be read.
    """
    found = looked(request, kpi_values)
    if found is None or not found.stops or is_what_if(request):
        return
    changed = [item for item in found.held if item.changed]
    if not changed:
        raise LockedProblem(f"{'. '.join(found.problems)}.", mend="`esg-kpis status` says more.")
    details = [words if len(changed) == 1 else f"{item.period} of edition {item.edition}: {words}" for item in changed for words in item.named]
    first = changed[0]
    raise LockedProblem(
        f"{'. '.join([*found.problems, *(item.headline for item in changed)])}:", details=details,
        mend=f"Take back what changed, or reopen the period: `esg-kpis restate --edition {first.edition} --period {first.period} --class … --reason … --key FILE`.",
    )  # fmt: skip


def looked(request: Request, kpi_values: pl.DataFrame) -> "Guarded | None":
    """What the guard finds of these numbers; None for a workspace that has no register and never had one."""
    workspace = request.workspace
    if not os.environ.get(REGISTER) and not workspace.register.is_dir():
        return None
    from esg_kpis.register import KEYS_FILE, guarded, read_keys

    if not os.environ.get(REGISTER) and not any((workspace.register / name).exists() for name in (DATABASE, ANCHOR, KEYS_FILE)):
        return None
    with register_of(workspace) as register:
        entries, approved = register.read()
    return guarded(entries, approved, read_keys(workspace.register), noted_head(workspace.register), kpi_values, request.editions)


def is_what_if(request: Request) -> bool:
    """Whether a run is a what-if that may differ from what is locked: other dates, and another folder than the workspace's own results."""
    own = request.workspace.root / "data" / "out"
    return bool(request.known_on or request.as_of) and request.workspace.out.resolve() != own.resolve()


# ---------------------------------------------------------------- the head, noted beside the register


def noted_head(folder: Path) -> "Head | None":
    """The head as it was noted last in this workspace, so that entries taken away from the end are missed.

    Raises:
        InputProblem: if the note cannot be read.
    """
    from esg_kpis.register import Head

    path = folder / ANCHOR
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Head(int(told["sequence"]), str(told["hash"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputProblem(f"The head that was noted cannot be read: {type(error).__name__}.", where=str(path), mend="Put it back from the backup or from version control.") from None


def note_head(folder: Path, head: "Head") -> None:
    """Notes the head of the register. A note of a later one stays; one that was broken off is behind, and still right."""
    before = noted_head(folder)
    if before is None or before.sequence < head.sequence:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / ANCHOR, (json.dumps({"sequence": head.sequence, "hash": head.hash}) + "\n").encode())
