"""One pack: every file of it, the manifest, the signature, the zip; and the people files for the annex."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from esg_kpis.assurance.approved import approved_digest
from esg_kpis.errors import InputProblem
from esg_kpis.evidence.contents import JUDGED, REGISTER, TABLES, judged_of, tables_of
from esg_kpis.evidence.datapackage import datapackage_of
from esg_kpis.evidence.environment import ENVIRONMENT, as_json, environment_of
from esg_kpis.evidence.manifest import MANIFEST, manifest_of, sha256
from esg_kpis.evidence.readme import ANNEX, readme
from esg_kpis.evidence.received import Found
from esg_kpis.evidence.statement import signed_files, statement_of
from esg_kpis.evidence.tables import as_csv
from esg_kpis.evidence.zipped import zipped
from esg_kpis.kpis import Inputs
from esg_kpis.register import statement_of as statement_in
from esg_kpis.signing import fingerprint, opened, public_key
from esg_kpis.tables import PACK_APPROVALS, RESTATEMENTS

ANNEX_ZIP = "annex.zip"
APPROVALS, KEYS, REGISTER_EXPORT = "approvals/", "keys/", "register.jsonl"


@dataclass(frozen=True)
class Material:
    """What a pack is made of.

    Attributes:
        inputs: What the KPIs of the edition are made of.
        period: The period.
        tables: The tables of the run, by name.
        ran: What `run.json` says of it.
        found: The files received.
        definitions: The files of the editions that the run computed and of the factor library, by path below `definitions/`.
        lock: The files of the people lock, by name.
        approvals: Signed envelopes of the approvals that stand for the period.
        register: The register of approvals as `esg-kpis register export` writes it; empty where there is none.
        restatements: The restatements; None to leave the file out.
        keys: Public keys that approvals are signed with, as PEM, by the name of who holds them.
    """

    inputs: Inputs
    period: str
    tables: Mapping[str, pl.DataFrame]
    ran: Mapping[str, str]
    found: Sequence[Found]
    definitions: Mapping[str, bytes]
    lock: Mapping[str, bytes] = field(default_factory=dict)
    approvals: Sequence[bytes] = ()
    restatements: pl.DataFrame | None = None
    keys: Mapping[str, bytes] = field(default_factory=dict)
    register: bytes = b""


def packed(material: Material, key: Ed25519PrivateKey) -> tuple[bytes, str]:
    """The zip, and the digest of its manifest, by which packs are told apart. The same material and key give the same bytes.

    Raises:
        UsageProblem: if it is too large, or a file has a name that cannot stand in a pack.
    """
    files = _files(material)
    edition = material.inputs.edition
    figures = {
        "cells": len(files[REGISTER].splitlines()) - 1, "files": sum(item.held == "enclosed" for item in material.found), "records": material.tables["record_fates"].filter(pl.col("edition") == edition.id).height,
        "people files": material.tables["people_controls"].height,
    }  # fmt: skip
    files["README.md"] = readme(edition.id, material.period, edition.rules.document, fingerprint(key.public_key()), figures)
    files["datapackage.json"] = datapackage_of(files, edition.id, material.period, edition.rules.document)
    files[MANIFEST] = manifest_of(files)
    files |= signed_files(statement_of(files[MANIFEST], _predicate(material, files)), key)
    return zipped(files), sha256(files[MANIFEST])


def plain_annex(material: Material) -> bytes:
    """The people files as they were received, with their format and the people lock, as a zip: what the annex encrypts. The same files give the same bytes."""
    files = {f"data/raw/{item.path}": item.content for item in material.found if item.held == "annex"}
    return zipped(files | {f"data/locked/people/{name}": content for name, content in material.lock.items()})


def _files(material: Material) -> dict[str, bytes]:
    """Everything but README, descriptor, manifest and signature."""
    edition = material.inputs.edition.id
    made = tables_of(material.inputs, material.tables, material.tables["kpi_values"].filter(pl.col("edition") == edition), material.period, material.found)
    files = {path: as_csv(frame, TABLES[path]) for path, frame in made.items()}
    files |= {path: as_csv(frame, JUDGED[path]) for path, frame in judged_of(material.tables, edition, material.period).items()}
    files |= {f"inputs/{item.path}": item.content for item in material.found if item.held == "enclosed"}
    files |= {f"definitions/{path}": content for path, content in material.definitions.items()}
    files[ENVIRONMENT] = as_json(environment_of(material.ran, edition, material.period))
    if any(item.held == "annex" for item in material.found) or material.lock:
        files[ANNEX] = f"{sha256(plain_annex(material))}  {ANNEX_ZIP}\n".encode()
    if material.restatements is not None:
        files["restatements.csv"] = as_csv(material.restatements, RESTATEMENTS)
    return files | _approvals(material)


def _approvals(material: Material) -> dict[str, bytes]:
    files = {f"{KEYS}{name}.pem": content for name, content in material.keys.items()}
    files |= {f"{APPROVALS}{sha256(envelope)[:16]}.json": envelope for envelope in material.approvals}
    if material.register:
        files[REGISTER_EXPORT] = material.register
    rows = approvals_in(files)
    return files | ({"approvals.csv": as_csv(rows, PACK_APPROVALS)} if rows.height else {})


def approvals_in(files: Mapping[str, bytes]) -> pl.DataFrame:
    """The approvals among the files of a pack, each with what it is about and the keys enclosed that signed it.

    Columns: as `pack_approvals` in the data dictionary.

    Raises:
        InputProblem: if one of them, or a key, is none.
    """
    keys = [public_key(files[name], name) for name in sorted(files) if name.startswith(KEYS)]
    rows = []
    for name in sorted(files):
        if not name.startswith(APPROVALS):
            continue
        seen = opened(files[name], keys)
        try:
            statement = json.loads(seen.payload)
            subject = ";".join(item["digest"]["sha256"] for item in statement["subject"])
            rows.append({"file": name, "sha256": sha256(files[name]), "statement": str(statement["predicateType"]), **_said(files[name]), "subject_sha256": subject, "signed_by": ";".join(seen.signed_by)})
        except (ValueError, KeyError, TypeError) as error:
            raise InputProblem(f"This approval holds no in-toto statement: {type(error).__name__}.", where=name, mend="Take it as it was signed.") from None
    return pl.DataFrame(rows, schema=PACK_APPROVALS.schema)


def _said(envelope: bytes) -> dict[str, str | None]:
    """What an approval of the register says of itself."""
    try:
        said = statement_in(envelope)
    except InputProblem:
        return {"action": None, "role": None, "at": None}
    return {"action": said.action, "role": said.role, "at": said.at}


def _predicate(material: Material, files: Mapping[str, bytes]) -> dict[str, object]:
    """What the statement says beside the digest of the manifest."""
    edition, period = material.inputs.edition, material.period
    return {
        "edition": edition.id, "period": period, "document": edition.rules.document, "knowledge_date": material.ran[f"known on {edition.id}"], "as_of": material.ran["as_of"],
        "kpi_register_sha256": sha256(files[REGISTER]), "approved_sha256": approved_digest(material.tables["kpi_values"], edition.id, period), **({"annex_sha256": files[ANNEX].decode().split()[0]} if ANNEX in files else {}),
    }  # fmt: skip
