"""The results that stand, for who reads them. Nothing here computes, and nothing heavy is imported: commands that look start as fast as they can read."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from esg_kpis.errors import EsgKpisError, UsageProblem, near_misses
from esg_kpis.report.outputs import WORK, current, digest_of

RUN_FILE = "run.json"
"""The file that says what a run was made of."""
MADE_FROM = "esg_kpis"
"""Under which name a frame between steps says what it was made from."""
PEOPLE, PERSON_KEY, REPORT = "people as read", "person key", "report"
NOT_OF_INPUTS = ("key", PEOPLE, PERSON_KEY, REPORT)
"""What run.json says beside what a run was made from: what became of the people files, that a secret key was named, and whether the site was left out, which changes no figure."""


def latest_of(out: Path) -> Path:
    """The folder of the last results, which no later run changes: for who reads several tables.

    Raises:
        EsgKpisError: if there are none yet.
    """
    folder = current(out)
    if not folder.exists():
        raise EsgKpisError("There are no results yet.", where=str(out), mend="Run `esg-kpis run` first.")
    return folder


def read_result(out: Path, name: str) -> pl.DataFrame:
    """A table of the last results, by its stable path or in their own folder.

    Raises:
        EsgKpisError: if there are none yet.
    """
    path = out / f"{name}.parquet"
    if not path.exists():
        raise EsgKpisError("There are no results yet.", where=str(out), mend="Run `esg-kpis run` first.")
    return pl.read_parquet(path)


def read_work(out: Path, name: str) -> pl.DataFrame:
    """A frame between steps, as the last run left it. Only for the command that stops there."""
    return pl.read_parquet(out / WORK / f"{name}.parquet")


def known_edition(edition: str, known: Collection[str]) -> str:
    """An edition that a set of results has.

    Raises:
        UsageProblem: if it does not have it.
    """
    if edition not in known:
        raise UsageProblem(f"The last run has no edition '{edition}'.", where="--edition", mend=near_misses(edition, known) or f"It has: {', '.join(known)}.")
    return edition


def ran_of(folder: Path) -> dict[str, str]:
    """What `run.json` says of a set of results."""
    ran: dict[str, str] = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    return ran


def latest_first(folder: Path, editions: Sequence[str]) -> list[str]:
    """Editions of a run, by what was known when they were made; the last known first."""
    ran = ran_of(folder)
    return sorted(editions, key=lambda name: (ran[f"known on {name}"], name), reverse=True)


def unchanged_since(root: Path, folder: Path) -> dict[str, str]:
    """What `run.json` says of a set of results, if factors and editions are as they were then.

    Raises:
        EsgKpisError: if they are not.
    """
    ran = ran_of(folder)
    for part in ("factors", "editions"):
        if ran[part] != digest_of(root / part):
            raise EsgKpisError(f"The {part} have changed since the last run.", where=str(folder), mend="Run `esg-kpis run` again; this shows what a run used.")
    return ran
