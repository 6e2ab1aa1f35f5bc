"""`esg-kpis pack` and `esg-kpis verify`: evidence for an assurer, and its verification by anybody."""

from pathlib import Path
from typing import Annotated

import typer

from esg_kpis.errors import UsageProblem
from pipelines import complete
from pipelines.options import Json, Out, Root, console, paths, print_json


def pack(
    edition: Annotated[str, typer.Option("--edition", help="Edition id, such as 2023.", autocompletion=complete.edition)],
    period: Annotated[str, typer.Option("--period", help="Period of it, such as 2023.", autocompletion=complete.period)],
    key: Annotated[Path | None, typer.Option("--key", help="Private key that signs the pack; its public part goes into it.", envvar="ESG_KPIS_KEY")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Folder for the pack. Default: evidence in the results.")] = None,
    annex_for: Annotated[list[str] | None, typer.Option("--annex-for", help="Public key (age1…) of an assurer: writes the people files beside the pack, encrypted to it. May be given several times.")] = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Makes the evidence pack of one edition and period from the last run, and verifies it before it is written."""
    from pipelines import evidence

    where, target = paths(root, out)
    if key is None:
        raise UsageProblem("A pack is signed, and no key is given.", where="--key", mend="`esg-kpis keys new FILE` makes one, the public part beside it. Keep it outside the workspace, and tell the assurer its fingerprint in another way.")
    found = evidence.made(where, target, edition, period, key, to, annex_for or [])
    if as_json:
        print_json({"pack": str(found.pack), "bytes": found.bytes, "fingerprint": found.key, "annex": None if found.annex is None else str(found.annex), "verification": evidence.as_json(found.verification)})
        return
    terminal = console()
    terminal.print(f"{found.pack}: {found.bytes} bytes, verified after it was made.", markup=False)
    terminal.print(f"Signed by the key with the fingerprint {found.key}. Tell it to the assurer in another way than with the pack.", markup=False)
    if found.annex is not None:
        terminal.print(f"{found.annex}: the people files, encrypted. Send it apart from the pack, to nobody else.", markup=False)


def verify(
    pack: Annotated[Path, typer.Argument(help="The pack, as it was received.")],
    trust: Annotated[Path | None, typer.Option("--trust", help="Public key that must have signed it, as PEM.")] = None,
    fingerprint: Annotated[str | None, typer.Option("--fingerprint", help="Fingerprint of the key that must have signed it.")] = None,
    annex: Annotated[Path | None, typer.Option("--annex", help="The encrypted people files that belong to it.")] = None,
    identity: Annotated[Path | None, typer.Option("--identity", help="File of the secret key that opens the annex.")] = None,
    as_json: Json = False,
) -> None:
    """Verifies a pack: signature, hashes, and every KPI computed again from the files in it. Needs no workspace."""
    from pipelines import evidence

    found = evidence.looked_at(pack, trust, fingerprint, annex, identity)
    if as_json:
        print_json(evidence.as_json(found))
    else:
        evidence.print_verification(console(), found)
    raise typer.Exit(0 if found.good else 1)
