"""What `esg-kpis pack` and `verify` ask of the library, and how a verification looks in a terminal."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from esg_kpis.assurance.approved import approved_digest
from esg_kpis.assurance.withheld import PER_HEAD
from esg_kpis.errors import EsgKpisError, InputProblem, InternalProblem, UsageProblem
from esg_kpis.evidence import Asked, Line, Material, Verification, packed, plain_annex, verified
from esg_kpis.evidence.annex import encrypted
from esg_kpis.evidence.received import files_below, found_in
from esg_kpis.evidence.verdict import AGREES, DIFFERS, NEEDS_ANNEX, OPEN
from esg_kpis.register import exported, problems_of, read_keys, restatements, state_of
from esg_kpis.report.outputs import write_whole
from esg_kpis.signing import as_pem, fingerprint, read_private, read_public
from esg_kpis.workspace import Workspace
from pipelines.asked import Request, code_digests
from pipelines.last_run import LastRun, last_run
from pipelines.latest import NOT_OF_INPUTS, read_result
from pipelines.locked import noted_head, register_of

PASSPHRASE = "ESG_KPIS_KEY_PASSPHRASE"  # noqa: S105  (the name of a variable)
_KNOWN_ON = "known on "
_ENGINES = {"library": "Library", "duckdb": "DuckDB"}
_TABLES = (
    "records", "files", "quantities", "sites", "meters", "ownership", "instruments", "rejected", "coverage", "published", "claims", "estimates", "coverage_summary", "factor_uses", "edition_amounts",
    "record_fates", "people_controls", "kpi_values", "findings", "anomalies",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A pack that was written, or stood there with the same bytes; and the annex, if one was asked for."""

    pack: Path
    bytes: int
    key: str
    annex: Path | None
    verification: Verification


def made(root: Path, out: Path, edition: str, period: str, key_file: Path, to: Path | None, annex_for: Sequence[str]) -> Made:
    """Writes the pack of an edition and period of the last run, after it was verified.

    Raises:
        UsageProblem: if the last run was a what-if, or there is no such period, or an annex already.
        EsgKpisError: if anything has changed since the run, or another file stands where the pack belongs.
        InternalProblem: if the pack does not verify.
    """
    key = read_private(key_file, os.environ.get(PASSPHRASE, "").encode() or None)
    material = gathered(root, last_run(root, out, edition), out, period)
    content, digest = packed(material, key)
    found = verified(content, Asked(fingerprint(key.public_key()), code=code_digests()))
    if not found.good:
        wrong = [*(f"{check.name}: {'; '.join(check.wrong)}" for check in found.checks if not check.passed), *(f"{line.kpi_id}: {line.difference}" for line in found.lines if line.verdict == DIFFERS)]
        raise InternalProblem(f"The pack would not verify: {' | '.join(wrong[:5])}", where=f"edition {edition}, period {period}", mend="Nothing was written. Please report it.")
    folder = to or out / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    pack = folder / f"evidence-{edition}-{period}-{digest[:12]}.zip"
    annex = _annex(material, key, pack, annex_for)
    if pack.exists() and pack.read_bytes() != content:
        raise EsgKpisError("Another file stands where the pack belongs.", where=str(pack), mend="Move it away: a pack is never overwritten by other bytes.")
    write_whole(pack, content)
    return Made(pack, len(content), fingerprint(key.public_key()), annex, found)


def _annex(material: Material, key: Ed25519PrivateKey, pack: Path, annex_for: Sequence[str]) -> Path | None:
    if not annex_for:
        return None
    if not material.lock and not any(item.held == "annex" for item in material.found):
        raise UsageProblem("There are no people files, so there is no annex.", where="--annex-for", mend="Leave it out.")
    path = pack.with_name(f"{pack.stem}.people.age")
    if path.exists():
        raise UsageProblem("There is an annex already.", where=str(path), mend="Move it away: encryption is never the same twice, and somebody may hold this one's digest.")
    content = encrypted(plain_annex(material), tuple(annex_for))
    write_whole(path, content)
    return path


def gathered(root: Path, run: LastRun, out: Path, period: str) -> Material:
    """What a pack is made of, from the last run.

    Raises:
        UsageProblem: if the run was a what-if, or the edition has no such period.
        EsgKpisError: if inputs, definitions or code have changed since.
    """
    run.edition.period_named(period)
    names = [name.removeprefix(_KNOWN_ON) for name in run.ran if name.startswith(_KNOWN_ON)]
    request = Request(root, out, tuple(sorted(names)))
    _check_unchanged(run, request)
    workspace = request.workspace
    latest = max(edition.rules.knowledge_date for edition in request.read_editions).isoformat()
    if run.ran["as_of"] != latest:
        raise UsageProblem(f"The last run took data up to {run.ran['as_of']}, and the editions it computed are of {latest}.", where=str(run.folder), mend="Run `esg-kpis run` without --edition; a pack encloses the editions that its dates follow from.")
    tables = {name: read_result(run.folder, name) for name in _TABLES}
    check_no_heads(tables, run.edition.id)
    definitions = {f"factors/{name}": content for name, content in files_below(workspace.factors).items()}
    for name in names:
        definitions |= {f"editions/{name}/{path}": content for path, content in files_below(workspace.editions / name).items()}
    material = Material(run.inputs, period, tables, run.ran, found_in(workspace.raw, tables["files"], run.folder), definitions, files_below(workspace.people_lock))
    return _with_register(material, workspace)


def check_no_heads(tables: Mapping[str, pl.DataFrame], edition: str) -> None:
    """Estimates per head tell of the heads of their sites, exactly: no pack and no workbook holds them beside groups that are hidden.

    Raises:
        UsageProblem: if it would.
    """
    own = pl.col("edition") == edition
    by_head = tables["estimates"].filter(own & (pl.col("method") == PER_HEAD)).height
    hidden = tables["kpi_values"].filter(own & (pl.col("status") == "suppressed")).height
    if by_head and hidden:
        raise UsageProblem(
            f"{by_head} estimates per head stand beside {hidden} figures that are hidden because they tell of few persons; whoever has the bills could compute heads from the estimates.", where=f"edition {edition}",
            mend="Fill these gaps by another method, such as per_floor_area.",
        )  # fmt: skip


def _with_register(material: Material, workspace: Workspace) -> Material:
    """With the approvals that stand for the figures, the restatements of the edition, and the register that holds them all.

    Raises:
        EsgKpisError: if the register is not whole.
    """
    with register_of(workspace) as register:
        entries, approved = register.read()
    if not entries:
        return material
    edition, keys = material.inputs.edition.id, read_keys(workspace.register)
    if problems := problems_of(entries, keys, approved, noted_head(workspace.register)):
        raise EsgKpisError(f"The register of approvals is not whole: {problems[0]}", where=str(workspace.register), mend="`esg-kpis status` says more.")
    digest = approved_digest(material.tables["kpi_values"], edition, material.period)
    standing = state_of(entries, keys, edition, material.period, digest).standing
    signed = [entry for entry in (standing.prepared, standing.reviewed, standing.locked) if entry is not None and entry.subject == digest]
    used = {key.id: key for entry in signed if (key := keys.find(entry.statement.key)) is not None}
    return replace(
        material, approvals=[entry.envelope for entry in signed], restatements=restatements(entries).filter(pl.col("edition") == edition), register=exported(entries, approved, keys),
        keys={f"{name[:16]}": as_pem(key.public) for name, key in used.items()},
    )  # fmt: skip


def _check_unchanged(run: LastRun, request: Request) -> None:
    now = request.parts()
    then = {name: value for name, value in run.ran.items() if name not in NOT_OF_INPUTS}
    apart = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
    if what_if := [name for name in apart if name == "as_of" or name.startswith(_KNOWN_ON)]:
        told = ", ".join(f"{name} {then.get(name)} instead of {now.get(name)}" for name in what_if)
        raise UsageProblem(f"The last results are a what-if: {told}.", where=str(run.folder), mend="Run `esg-kpis run` without --known-on and --as-of; a pack is of what the edition says.")
    if apart:
        raise EsgKpisError(f"What the last run was made from has changed since: {', '.join(apart)}.", where=str(run.folder), mend="Run `esg-kpis run` again.")


# ---------------------------------------------------------------- verification


def looked_at(pack: Path, trust: Path | None, named: str | None, annex: Path | None, identity: Path | None) -> Verification:
    """A verification of a file.

    Raises:
        UsageProblem: if options contradict each other, or a fingerprint is none.
        InputProblem: if a file cannot be read.
    """
    if (annex is None) != (identity is None):
        raise UsageProblem("--annex and --identity belong together.", mend="Give the encrypted file and the file of the secret key that opens it.")
    if trust is not None and named is not None:
        raise UsageProblem("--trust and --fingerprint say the same thing twice.", mend="Give one of them.")
    trusted = fingerprint(read_public(trust)) if trust is not None else None if named is None else _fingerprint(named)
    identities = "" if identity is None else _content(identity).decode(errors="replace")
    return verified(_content(pack), Asked(trusted, None if annex is None else _content(annex), identities, code_digests()))


def _fingerprint(text: str) -> str:
    bare = "".join(text.split()).replace(":", "").lower()
    if len(bare) != 64 or not set(bare) <= set("0123456789abcdef"):
        raise UsageProblem("This is no fingerprint.", where="--fingerprint", mend="It has 64 hexadecimal digits; the README of the pack says how it is computed.")
    return bare


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputProblem(f"The file cannot be read: {error.strerror}.", where=str(path), mend="Check its path.") from None


def as_json(found: Verification) -> dict[str, Any]:
    """A verification for other programs."""
    verdicts = [line.verdict for line in found.lines]
    return {
        "verified": found.good, "edition": found.edition, "period": found.period, "fingerprint": found.fingerprint, "people": found.people,
        "verdicts": {verdict: verdicts.count(verdict) for verdict in (AGREES, NEEDS_ANNEX, DIFFERS)},
        "checks": [{"check": check.name, "passed": check.passed, "seen": check.seen, "wrong": list(check.wrong)} for check in found.checks],
        "lines": [json.loads(json.dumps(vars(line), default=dict)) for line in found.lines],
    }  # fmt: skip


def print_verification(console: Console, found: Verification) -> None:
    """The checks, a line per KPI, and the verdict."""
    for check in found.checks:
        colour, word = ("bold red", "FAILED") if not check.passed else ("yellow", "open  ") if check.seen == OPEN else ("green", "ok    ")
        console.print(f"[{colour}]{word}[/] {escape(check.name)}: {escape(check.seen)}")
        for text in check.wrong:
            console.print(f"       {escape(text)}", style="red")
    if found.lines:
        console.print(_lines(found.lines))
    for line in found.lines:
        if line.verdict == DIFFERS:
            console.print(f"{line.kpi_id} {line.breakdown} {line.category}: {line.difference}", style="red", markup=False)
    if not found.lines:
        console.print("NOT VERIFIED. Nothing of it was recomputed.", style="bold red")
        return
    told = as_json(found)["verdicts"]
    engines = " and ".join(found.lines[0].engines)
    console.print(f"Edition {found.edition}, period {found.period}: of {len(found.lines)} cells {told[AGREES]} agree with {engines} digit by digit, {told[NEEDS_ANNEX]} need the annex, {told[DIFFERS]} differ.", markup=False)
    console.print(f"People data used: {found.people}.", markup=False)
    failed = sum(not check.passed for check in found.checks)
    if found.good:
        console.print(f"VERIFIED as far as the pack alone goes: {told[NEEDS_ANNEX]} cells need the annex." if told[NEEDS_ANNEX] else "VERIFIED.", style="bold green")
    else:
        console.print(f"NOT VERIFIED: {failed} checks failed, {told[DIFFERS]} cells differ.", style="bold red")


def _lines(lines: Sequence[Line]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    engines = list(lines[0].engines)
    for name in ("KPI", "Category", "Register", *(_ENGINES.get(engine, engine) for engine in engines), "Unit", "Verdict"):
        table.add_column(name, overflow="fold", justify="right" if name == "Register" or name.lower() in engines else "left")
    for line in lines:
        category = "" if line.breakdown == "total" else f"{line.breakdown} {line.category}"
        table.add_row(line.kpi_id, escape(category), line.register, *(line.engines[name] for name in engines), escape(line.unit), line.verdict, style="red" if line.verdict == DIFFERS else None)
    return table
