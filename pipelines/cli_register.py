"""`approve`, `lock`, `restate`, and `register`: who stands for which numbers, and what became of them since."""

from pathlib import Path
from typing import Annotated, Any

import typer

from esg_kpis.errors import UsageProblem
from pipelines import complete
from pipelines.options import Json, Out, RegisterOption, Root, console, in_utf8, name_register, paths, print_json

app = typer.Typer(help="The register of approvals as a file that verifies offline.", no_args_is_help=True, rich_markup_mode=None)
Edition = Annotated[str, typer.Option("--edition", help="Edition id, such as 2023.", autocompletion=complete.edition)]
Period = Annotated[str, typer.Option("--period", help="Period id, such as 2023.", autocompletion=complete.period)]
Key = Annotated[Path, typer.Option("--key", help="Private key to sign with. ESG_KPIS_KEY_PASSPHRASE holds its passphrase.")]
Note = Annotated[str, typer.Option("--note", help="A note that is signed with it.")]
At = Annotated[str | None, typer.Option("--at", help="Time of the entry in UTC, such as 2024-04-09T10:00:00Z, not before the last one's. Default: now.")]


def approve(
    edition: Edition,
    period: Period,
    as_: Annotated[str, typer.Option("--as", help="prepared or reviewed.", autocompletion=complete.choice("prepared", "reviewed"))],
    key: Key,
    note: Note = "",
    at: At = None,
    register: RegisterOption = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Signs the numbers of a period of the last results as prepared or reviewed. A number that changes later voids it."""
    if as_ not in ("prepared", "reviewed"):
        raise UsageProblem(f"'{as_}' is no approval.", where="--as", mend="Give prepared or reviewed; `esg-kpis lock` locks.")
    _sign(as_, edition, period, key, note, at, register, root, out, as_json=as_json)


def lock(
    edition: Edition,
    period: Period,
    key: Key,
    note: Note = "",
    at: At = None,
    register: RegisterOption = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Locks a period that is prepared and reviewed: a run that would change its numbers publishes nothing from then on."""
    _sign("locked", edition, period, key, note, at, register, root, out, as_json=as_json)


def restate(
    edition: Edition,
    period: Period,
    kind: Annotated[str, typer.Option("--class", help="error, method, factor, boundary, structural or data.", autocompletion=complete.choice("error", "method", "factor", "boundary", "structural", "data"))],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words.")],
    key: Key,
    note: Note = "",
    at: At = None,
    register: RegisterOption = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Reopens a locked period: an entry with reason, class, and what changes in which KPI. The lock and the pack of it stay."""
    from esg_kpis.register import CLASSES
    from pipelines.approval import Asked, restated

    if kind not in CLASSES:
        raise UsageProblem(f"There is no class '{kind}'.", where="--class", mend=f"Classes: {', '.join(CLASSES)}.")
    if not in_utf8(reason, "--reason").strip():
        raise UsageProblem("The reason is blank.", where="--reason", mend="Say why, for who reads the register in ten years.")
    where, target = _at(root, out, register)
    _told(restated(Asked(where, target, edition, period, "restated", key, in_utf8(note, "--note"), at), kind, reason.strip()), as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="File to write, JSON lines; it must not exist yet.")], register: RegisterOption = None, root: Root = None, out: Out = None, as_json: Json = False
) -> None:
    """Writes the register with the trusted keys and the numbers approved to one file. Exit code 1: the register is not whole; it is written all the same."""
    from esg_kpis.register import exported, head_of, problems_of, read_keys
    from esg_kpis.report.outputs import write_whole
    from esg_kpis.workspace import open_workspace
    from pipelines.locked import noted_head, register_of

    workspace = open_workspace(*_at(root, out, register))
    if file.exists():
        raise UsageProblem("There is such a file already.", where=str(file), mend="Give another name.")
    with register_of(workspace) as kept:
        entries, approved = kept.read()
    keys = read_keys(workspace.register)
    found = [str(problem) for problem in problems_of(entries, keys, approved, noted_head(workspace.register))]
    write_whole(file, exported(entries, approved, keys))
    head = head_of(entries)
    if as_json:
        print_json({"file": str(file), "entries": len(entries), "head": f"{head.sequence}:{head.hash}", "problems": found})
    else:
        console().print("\n".join([f"{len(entries)} entries written to {file}", f"Head: {head.sequence}:{head.hash}", *found]), markup=False)
    raise typer.Exit(1 if found else 0)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="Export to verify.")],
    keys: Annotated[Path | None, typer.Option("--keys", help="Keys that you trust, a keys.toml of your own. Default: those in the file, whose fingerprints you compare.")] = None,
    head: Annotated[str | None, typer.Option("--head", help="Head that was noted elsewhere, as `status` prints it; it must be in the chain.")] = None,
    as_json: Json = False,
) -> None:
    """Verifies an export: chain, signatures, the numbers kept, and the rules of approval. Needs nothing but the file. Exit code 1: something is wrong."""
    from pipelines.show_register import print_verified, verified

    told = verified(file, keys, head)
    if as_json:
        print_json(told)
    else:
        print_verified(console(), told)
    raise typer.Exit(1 if told["problems"] else 0)


def _sign(action: str, edition: str, period: str, key: Path, note: str, at: str | None, register: str | None, root: Path | None, out: Path | None, *, as_json: bool) -> None:
    from pipelines.approval import Asked, approved

    where, target = _at(root, out, register)
    _told(approved(Asked(where, target, edition, period, action, key, in_utf8(note, "--note"), at)), as_json=as_json)


def _told(entry: Any, *, as_json: bool) -> None:  # noqa: ANN401
    from pipelines.show_register import entry_told, print_entry

    told = entry_told(entry)
    if as_json:
        print_json(told)
    else:
        print_entry(console(), told)


def _at(root: Path | None, out: Path | None, register: str | None) -> tuple[Path, Path]:
    name_register(register)
    return paths(root, out)
