"""`esg-kpis keys`: keys to sign with, and whose signatures count."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from esg_kpis.errors import UsageProblem
from pipelines import complete
from pipelines.options import GIVEN, Json, Root, console, day, in_utf8, paths, print_json

app = typer.Typer(help="Keys to sign with, and whose signatures count.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="Where the private key goes; outside the workspace. The public one is written beside it.")], root: Root = None, as_json: Json = False
) -> None:
    """Makes a key. ESG_KPIS_KEY_PASSPHRASE holds the passphrase that encrypts it."""
    from esg_kpis.signing import fingerprint, new_key
    from pipelines.approval import PASSPHRASE

    where = root or GIVEN["root"] or (Path.cwd() if (Path.cwd() / "data" / "raw").is_dir() else None)
    if where is not None and file.resolve().is_relative_to(where.resolve()):
        raise UsageProblem("A private key does not lie in the workspace, where it would travel with the data.", where=str(file), mend="Name a place elsewhere, that only its holder can read.")
    passphrase = os.environ.get(PASSPHRASE, "").encode()
    made, public = fingerprint(new_key(file, passphrase or None)), file.with_name(f"{file.name.removesuffix('.pem')}.pub.pem")
    if as_json:
        print_json({"fingerprint": made, "private": str(file), "public": str(public), "encrypted": bool(passphrase)})
        return
    console().print(f"Private key: {file}{'' if passphrase else '  (not encrypted: set ' + PASSPHRASE + ' to encrypt it)'}\nPublic key: {public}\nFingerprint: {made}", markup=False)
    console().print("Publish the fingerprint where the register is not: a board minute, the printed report.", markup=False)


@app.command()
def trust(
    public: Annotated[Path, typer.Argument(help="Public key, as `keys new` wrote it.")],
    role: Annotated[list[str], typer.Option("--role", help="preparer, reviewer, approver or assurer; may be given several times.", autocompletion=complete.choice("preparer", "reviewer", "approver", "assurer"))],
    label: Annotated[str, typer.Option("--label", help="What it is called, such as 'reviewer, group finance'.")],
    first: Annotated[str | None, typer.Option("--from", help="First day on which it counts.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Last day on which it counts.")] = None,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Takes in a public key: from now on its signatures count, in these roles."""
    from esg_kpis.register import TrustedKey, read_keys, roles_of
    from esg_kpis.signing import read_public
    from esg_kpis.workspace import open_workspace
    from pipelines.approval import changed_keys

    if not in_utf8(label, "--label").strip():
        raise UsageProblem("The label is blank.", where="--label", mend="Say whose role it is for; no name is needed.")
    begins, ends = (date.fromisoformat(text) if text else None for text in (day(first, "--from"), day(until, "--until")))
    key = TrustedKey(read_public(public), roles_of(role, "--role"), label.strip(), begins, ends)
    folder = open_workspace(paths(root, None)[0]).register
    changed_keys(folder, lambda: read_keys(folder).with_key(key))
    if as_json:
        print_json({"fingerprint": key.id, "roles": key.roles, "label": key.label})
    else:
        console().print(f"Trusted as {', '.join(key.roles)}: {key.label}\nFingerprint: {key.id}\nCompare it with where its holder published it.", markup=False)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="Fingerprint of the key, or how it begins.")],
    why: Annotated[str, typer.Option("--reason", help="Why.")],
    at: Annotated[str | None, typer.Option("--at", help="Since when it counts no longer, in UTC, such as 2024-04-09T10:00:00Z. Default: now.")] = None,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Revokes a key: what it signs from then on does not count. A time in the past voids what it signed since."""
    from esg_kpis.register import read_keys
    from esg_kpis.workspace import open_workspace
    from pipelines.approval import changed_keys
    from pipelines.clock import given_or_now

    folder, since = open_workspace(paths(root, None)[0]).register, given_or_now(at)
    keys = changed_keys(folder, lambda: read_keys(folder).revoke(key_id, since, in_utf8(why, "--reason")))
    gone = next(key for key in keys.trusted if key.id.startswith(key_id))
    if as_json:
        print_json({"fingerprint": gone.id, "revoked": since})
    else:
        console().print(f"Revoked since {since}: {gone.label} ({gone.id})", markup=False)


@app.command(name="list")
def listed(root: Root = None, as_json: Json = False) -> None:
    """The keys that are trusted, with their fingerprints."""
    from esg_kpis.register import read_keys
    from esg_kpis.workspace import open_workspace

    keys = read_keys(open_workspace(paths(root, None)[0]).register).trusted
    rows = [{"fingerprint": key.id, "roles": key.roles, "label": key.label, "from": key.first, "until": key.until, "revoked": key.revoked, "reason": key.why} for key in keys]
    if as_json:
        print_json(rows)
        return
    for key in keys:
        ends = f"until {key.until}" if key.until else "without an end"
        gone = f"; revoked since {key.revoked}: {key.why}" if key.revoked else ""
        console().print(f"{key.id}  {', '.join(key.roles)}: {key.label} ({f'from {key.first} ' if key.first else ''}{ends}{gone})", markup=False)
    if not keys:
        console().print("No key is trusted yet: `esg-kpis keys trust PUBLIC-KEY --role ROLE --label …`.", markup=False)
