"""Whether the results that stand are those that a run would make, so that nothing needs to be computed.

Every doubt is answered with a computation: a part that is not the same, a file that cannot be read, a secret key that was named, a run that was killed, a frame between
steps that is of something else, a lock that would stop the run. What is compared is what `run.json` keeps: the digests of what there is now, all taken anew, and twice.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.errors import EsgKpisError
from esg_kpis.report.outputs import WORK, alone, current, is_whole, run_key, was_killed
from esg_kpis.workspace import check_names
from pipelines.asked import Request, parts_of
from pipelines.latest import MADE_FROM, PEOPLE, PERSON_KEY, REPORT, ran_of, read_result
from pipelines.locked import hold

COMPUTED = "kpi_values"
"""The frame between steps that `esg-kpis restate` takes as what the files as they are now give."""


def unchanged(request: Request) -> str | None:
    """The key of the results that stand, if a run as it is asked for would write the same; None where it has to be computed.

    Where a secret key for pseudonyms is named, or was, it is always computed: its file may hold another key now, and nothing of a key may be kept to tell.

    Raises:
        EsgKpisError: if another run is writing there, or a name of a file cannot be written down.
    """
    if request.person_key is not None or was_killed(request.out) or not current(request.out).is_dir():
        return None
    check_names(request.workspace)
    with alone(request.out):
        try:
            return _standing(request)
        except (OSError, ValueError, LookupError, TypeError, pl.exceptions.PolarsError):
            return None


def documents_of(folder: Path) -> dict[str, str]:
    """How the document of each edition is called, from files that a run has read before."""
    return {name: str(told["document"]) for name, told in _declared(folder).items()}


def _standing(request: Request) -> str | None:
    folder = current(request.out)
    ran = ran_of(folder)
    key = ran.pop("key")
    found = _parts(request)
    asked = {**found, PEOPLE: ran[PEOPLE]} | ({} if request.report else {REPORT: "left out"})
    if PERSON_KEY in ran or ran != asked or run_key(ran) != key:
        return None
    if not (_frames_are_of(request.out / WORK, run_key(found)) and is_whole(request.out, key)):
        return None
    try:
        hold(request, read_result(folder, "kpi_values"))
    except EsgKpisError:
        return None  # The run finds the same, and says it.
    return key if _parts(request) == found else None


def _parts(request: Request) -> dict[str, str]:
    """`Request.parts` without reading what the editions define: their files are those of the run that is compared, or the digests differ."""
    declared = _declared(request.workspace.editions)
    dates = {name: str(told["knowledge_date"]) for name, told in declared.items()}
    known_on = {name: request.known_on or day for name, day in dates.items() if name in request.editions or not request.editions}
    if set(request.editions) - dates.keys():
        raise LookupError("An edition that is asked for does not exist.")
    return parts_of(request.workspace, known_on, request.as_of or max(dates.values()))


def _declared(folder: Path) -> dict[str, Mapping[str, Any]]:
    """What each `edition.toml` of a workspace says, as it stands there."""
    return {path.parent.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*/edition.toml"))}


def _frames_are_of(work: Path, made_from: str) -> bool:
    """Whether every frame between steps was made from the same, as after a run: a run that was stopped, and `check`, leave others, and what reads them would miss its own."""
    frames = sorted(work.glob("*.parquet"))
    return work / f"{COMPUTED}.parquet" in frames and all(pl.read_parquet_metadata(path).get(MADE_FROM) == made_from for path in frames)
