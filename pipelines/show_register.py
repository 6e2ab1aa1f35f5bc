"""The register in a terminal and as JSON: an entry just made, where every period stands, what an export is worth."""

from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.exact import plain
from esg_kpis.register import (
    Entry,
    Head,
    Keys,
    approvals,
    head_of,
    keys_of,
    problems_of,
    read_export,
    read_keys,
    restatements,
    states,
    states_with,
)
from esg_kpis.tables import KPI_VALUES, empty
from esg_kpis.workspace import open_workspace
from pipelines.locked import noted_head, register_of

_WORST = 10


def entry_told(entry: Entry) -> dict[str, Any]:
    """An entry, with what it does to which cell where it is a restatement."""
    return approvals([entry]).to_dicts()[0] | {"effects": _plain(restatements([entry]).filter(restatements([entry])["kpi_id"] != "").to_dicts())}


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    numbers = ("old", "new", "difference", "percent")
    return [{name: plain(value) if name in numbers and value is not None else value for name, value in row.items()} for row in rows]


def print_entry(console: Console, told: dict[str, Any]) -> None:
    """What was signed, and what is to be known of it."""
    console.print(f"Entry {told['sequence']}: {told['period']} of edition {told['edition']} is {told['action']}, at {told['at']} as {told['role']}.", markup=False)
    console.print(f"Numbers: {told['digest']}\nHead: {told['sequence']}:{told['hash']}", markup=False)
    if told["blocked"] or told["incomplete"]:
        console.print(f"Of {told['cells']} cells {told['blocked']} are blocked and {told['incomplete']} incomplete; this is signed with it.", markup=False)
    if told["action"] == "restated":
        console.print(f"{len(told['effects'])} cells change; the lock and its pack stay. Now `esg-kpis run`, then prepare, review and lock anew.", markup=False)
    for row in told["effects"][:_WORST]:
        cell = row["kpi_id"] if row["breakdown"] == "total" else f"{row['kpi_id']} {row['breakdown']}={row['category']}"
        share = "" if row["percent"] is None else f", {row['percent']} %{', over 5 %' if row['over_5_percent'] else ''}"
        console.print(f"  {cell}: {row['old']} -> {row['new']} {row['unit']} (difference {row['difference']}{share})", markup=False)
    if len(told["effects"]) > _WORST:
        console.print(f"  and {len(told['effects']) - _WORST} more: --json lists them.", markup=False)


# ---------------------------------------------------------------- status


def standing(root: Path, out: Path, values: pl.DataFrame | None = None) -> dict[str, Any]:
    """Where every period stands beside these KPI values (None: there are none), what is wrong with the register, and which locks are broken."""
    workspace = open_workspace(root, out)
    keys, values = read_keys(workspace.register), empty(KPI_VALUES) if values is None else values
    with register_of(workspace) as register:
        entries, kept = register.read()
        place = register.shown
    standings = states(entries, values, keys)
    problems = problems_of(entries, keys, kept, noted_head(workspace.register))
    head = head_of(entries)
    return {
        "register": place, "entries": len(entries), "head": f"{head.sequence}:{head.hash}", "chain_ok": not problems, "problems": [str(problem) for problem in problems],
        "broken": [f"{row['period']} of edition {row['edition']}" for row in standings.to_dicts() if row["state"] == "locked" and row["as_approved"] is False],
        "results": str(out) if values.height else None, "periods": standings.to_dicts(),
    }  # fmt: skip


def _safe(text: str) -> str:
    return text.replace("[", r"\[")


# ---------------------------------------------------------------- verify


def verified(file: Path, keys_file: Path | None, head: str | None) -> dict[str, Any]:
    """What an export is worth, by one's own keys or by those it brings along."""
    read = read_export(_content(file), str(file))
    keys = keys_of(_content(keys_file).decode(errors="replace"), str(keys_file)) if keys_file else read.keys
    problems = [*problems_of(read.entries, keys, read.approved, read.head), *(problems_of(read.entries, keys, None, _head(head)) if head else [])]
    return {
        "file": str(file), "entries": len(read.entries), "head": f"{read.head.sequence}:{read.head.hash}", "problems": list(dict.fromkeys(map(str, problems))),
        "own_keys": keys_file is not None, "keys": _keys(keys), "approvals": approvals(read.entries).to_dicts(), "periods": states_with(read.entries, {}, keys).to_dicts(),
    }  # fmt: skip


def _keys(keys: Keys) -> list[dict[str, Any]]:
    return [{"fingerprint": key.id, "roles": key.roles, "label": key.label} for key in keys.trusted]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputProblem(f"It cannot be read: {error.strerror}.", where=str(path), mend="Check path and permissions.") from None


def _head(text: str) -> Head:
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise UsageProblem(f"'{text}' is no head.", where="--head", mend="Write it as `esg-kpis status` prints it: number:hash.")
    return Head(int(number), digest)


def print_verified(console: Console, told: dict[str, Any]) -> None:
    """A line per entry, per period, per key, and what is wrong."""
    for row in told["approvals"]:
        console.print(f"entry {row['sequence']}: {row['period']} of edition {row['edition']} {row['action']} at {row['at']} as {row['role']}, key {row['key'][:16]}", markup=False)
    for row in told["periods"]:
        console.print(f"{row['edition']} / {row['period']}: {row['state']}{'; ' + row['reason'] if row['reason'] else ''}", markup=False)
    console.print("Keys you gave:" if told["own_keys"] else "Keys as the file brings them; compare with fingerprints published elsewhere:", markup=False)
    for key in told["keys"]:
        console.print(f"  {key['fingerprint']}  {', '.join(key['roles'])}: {key['label']}", markup=False)
    for problem in told["problems"]:
        console.print(f"[bold red]Problem[/]: {_safe(problem)}")
    console.print(f"{told['entries']} entries, head {told['head']}: {'NOT whole' if told['problems'] else 'chain, signatures and numbers hold'}", markup=False)
