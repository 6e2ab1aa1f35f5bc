"""What the commands of approval do: the numbers of the last results, a key, and an entry of the register."""

import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from esg_kpis.assurance.approved import approved_bytes, approved_digest
from esg_kpis.errors import EsgKpisError, UsageProblem
from esg_kpis.register import (
    KEYS_FILE,
    MAY,
    Entry,
    Keys,
    Restatement,
    Statement,
    effects_of,
    keys_text,
    problems_of,
    read_keys,
    signed,
    state_of,
)
from esg_kpis.report.outputs import WORK, alone, is_intact, run_key, write_whole
from esg_kpis.signing import fingerprint, read_private
from esg_kpis.workspace import open_workspace
from pipelines.asked import Request
from pipelines.clock import given_or_now
from pipelines.latest import MADE_FROM, RUN_FILE, known_edition, latest_of, read_result
from pipelines.locked import note_head, noted_head, register_of

PASSPHRASE = "ESG_KPIS_KEY_PASSPHRASE"  # noqa: S105  (the name of a variable)


@dataclass(frozen=True)
class Asked:
    """What is asked for: an action on a period of an edition, with a key. `at` is the time given instead of the clock's."""

    root: Path
    out: Path
    edition: str
    period: str
    action: str
    key_file: Path
    note: str = ""
    at: str | None = None


def approved(asked: Asked) -> Entry:
    """Signs and appends `prepared`, `reviewed` or `locked` over the last results.

    Raises:
        UsageProblem: if the results have no such period, or the rules of approval refuse it.
        EsgKpisError: if the results are not those of the files as they are now.
    """
    folder = latest_of(asked.out)
    with alone(asked.out) if asked.action == "locked" else nullcontext():
        values, ran = read_result(folder, "kpi_values"), json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        if latest_of(asked.out) != folder or not is_intact(folder):
            raise EsgKpisError("The last results were changed after they were written.", where=str(folder), mend="Run `esg-kpis run` again.")
        _check_present(asked, values, ran)
        own = values.filter((pl.col("edition") == asked.edition) & (pl.col("period") == asked.period))
        cells = {str(status): int(count) for status, count in own["status"].value_counts().sort("status").iter_rows()}
        content = approved_bytes(values, asked.edition, asked.period)

        def say(role: str, at: str) -> tuple[Statement, bytes]:
            return Statement(asked.action, asked.edition, asked.period, approved_digest(values, asked.edition, asked.period), role, "", at, asked.note, ran, cells), content

        return _appended(asked, say)


def restated(asked: Asked, kind: str, reason: str) -> Entry:
    """Reopens a locked period with an entry that says why, and what that does to which cell: the numbers locked against those of the files as they are now.

    Raises:
        UsageProblem: if it is not locked, or the rules refuse it.
        EsgKpisError: if the files were not run as they are now.
    """
    workspace = open_workspace(asked.root, asked.out)
    keys = read_keys(workspace.register)
    with register_of(workspace) as register:
        entries, kept = register.read()
    if found := problems_of(entries, keys, kept, noted_head(workspace.register)):
        raise EsgKpisError(f"The register is not whole: {found[0]}.", where=register.shown, mend="`esg-kpis status` says more.")
    lock = state_of(entries, keys, asked.edition, asked.period, None).standing.locked
    if lock is None:
        raise UsageProblem(f"{asked.period} of edition {asked.edition} is not locked.", mend="What is not locked needs no restatement: `esg-kpis status` shows where it stands.")
    values, ran = _computed(asked)
    effects, unchanged = effects_of(kept[lock.subject], approved_bytes(values, asked.edition, asked.period))
    own = Restatement(reason, kind, lock.sequence, approved_digest(values, asked.edition, asked.period), effects, unchanged)

    def say(role: str, at: str) -> tuple[Statement, bytes]:
        return Statement("restated", asked.edition, asked.period, lock.subject, role, "", at, asked.note, ran, {}, own), kept[lock.subject]

    return _appended(asked, say)


def _appended(asked: Asked, say: Callable[[str, str], tuple[Statement, bytes]]) -> Entry:
    """Signs and appends in one turn: the entry is signed upon the head that it follows, at a time read when its turn has come."""
    workspace, key = open_workspace(asked.root, asked.out), key_at(asked.key_file)
    keys = read_keys(workspace.register)
    role = _role(keys, key, asked)
    with register_of(workspace) as register:
        with register.turn() as turn:
            statement, content = say(role, given_or_now(asked.at))
            entry = turn.append(signed(statement, (turn.head.sequence, turn.head.hash), key), content, keys, noted_head(workspace.register))
            head = turn.head
        note_head(workspace.register, head)
    return entry


def key_at(path: Path) -> Ed25519PrivateKey:
    """The private key of a file; its passphrase comes from the environment, where no list of processes shows it."""
    return read_private(path, os.environ.get(PASSPHRASE, "").encode() or None)


def _role(keys: Keys, key: Ed25519PrivateKey, asked: Asked) -> str:
    own = keys.find(fingerprint(key.public_key()))
    if own is None:
        raise UsageProblem("This key is not trusted here.", where=f"{asked.key_file} ({fingerprint(key.public_key())[:16]})", mend="`esg-kpis keys trust` takes in its public key, with a role.")
    return next((role for role in MAY[asked.action] if role in own.roles), own.roles[0])


def _check_present(asked: Asked, values: pl.DataFrame, ran: dict[str, str]) -> None:
    """The results have the period, and are those of the files and the editions' own dates, as they are now."""
    known_edition(asked.edition, sorted(values["edition"].unique().to_list()))
    periods = sorted(values.filter(pl.col("edition") == asked.edition)["period"].unique().to_list())
    if asked.period not in periods:
        raise UsageProblem(f"Edition {asked.edition} has no period '{asked.period}'.", mend=f"It has: {', '.join(periods)}.")
    now = Request(asked.root, asked.out).parts()
    names = ("raw", "factors", "editions", "people lock", "as_of", f"known on {asked.edition}")
    changed = [name for name in names if now.get(name) != ran.get(name)]
    if changed:
        raise EsgKpisError(
            f"The last results are not of the files and dates as they are now: {', '.join(changed)}.", where=str(asked.out),
            mend="Run `esg-kpis run` again, without --known-on or --as-of: a what-if is not approved.",
        )  # fmt: skip


def _computed(asked: Asked) -> tuple[pl.DataFrame, dict[str, str]]:
    """The numbers that the files as they are now give, from the last run, also one that was stopped since they differ from what is locked."""
    path = asked.out / WORK / "kpi_values.parquet"
    for editions in ((), (asked.edition,)):
        parts = Request(asked.root, asked.out, editions).parts()
        if path.exists() and pl.read_parquet_metadata(path).get(MADE_FROM) == run_key(parts):
            return pl.read_parquet(path), {"key": "", **parts}
    raise EsgKpisError("The files as they are now were not run.", where=str(path), mend="Run `esg-kpis run` first. It stops before it changes what is locked, and the effect is then known.")


def changed_keys(folder: Path, change: Callable[[], Keys]) -> Keys:
    """Writes the keys that `change` makes of those that are trusted; two who do so at once do it one after the other, or the second is told to wait."""
    with alone(folder):
        keys = change()
        write_whole(folder / KEYS_FILE, keys_text(keys).encode())
    return keys
