"""The signed statement of a pack: an in-toto statement about the manifest, in a DSSE envelope, and beside it the same in the pieces that `openssl` takes.

Sources: in-toto attestation framework, Statement v1; DSSE v1.0.2. `PREDICATE` is an address that no one can own (RFC 2606): nothing stands behind it but this code.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from esg_kpis.errors import InputProblem
from esg_kpis.evidence.manifest import MANIFEST, PUBLIC_KEY, SIGNATURE, SIGNED, STATEMENT, sha256
from esg_kpis.signing import IN_TOTO, as_pem, encoded, fingerprint, opened, public_key, sealed

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "https://esg-kpis.invalid/evidence-pack/v1"


@dataclass(frozen=True)
class Signed:
    """Whose signature stands on a pack, what it says, and what of it does not hold."""

    fingerprint: str
    predicate: Mapping[str, Any]
    problems: tuple[str, ...]


def statement_of(manifest: bytes, predicate: Mapping[str, Any]) -> bytes:
    """The payload that is signed. The manifest is its subject, and through it every file."""
    content = {"_type": STATEMENT_TYPE, "subject": [{"name": MANIFEST, "digest": {"sha256": sha256(manifest)}}], "predicateType": PREDICATE, "predicate": dict(predicate)}
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def signed_files(payload: bytes, key: Ed25519PrivateKey) -> dict[str, bytes]:
    """The envelope, and what `openssl pkeyutl` needs to check it: the bytes that were signed, the bare signature, the public key."""
    envelope = sealed(IN_TOTO, payload, [key])
    return {STATEMENT: envelope, SIGNED: encoded(IN_TOTO, payload), SIGNATURE: base64.b64decode(json.loads(envelope)["signatures"][0]["sig"]), PUBLIC_KEY: as_pem(key.public_key())}


def checked(files: Mapping[str, bytes], trusted: str | None) -> Signed:
    """Whether the signature of a pack holds, and whether it is that of the key that is trusted, by its fingerprint; None for the key inside.

    Raises:
        InputProblem: if there is no public key or no envelope to look at.
    """
    key = public_key(files[PUBLIC_KEY], PUBLIC_KEY)
    own = fingerprint(key)
    try:
        seen = opened(files[STATEMENT], [key])
    except InputProblem as problem:
        raise InputProblem(problem.what, where=f"{STATEMENT}, {problem.where}", mend=problem.mend) from None
    problems: list[str] = []
    if trusted is not None and trusted != own:
        problems.append(f"{PUBLIC_KEY} is another key than the one that is trusted: its fingerprint is {own}, and not {trusted}")
    if files[PUBLIC_KEY] != as_pem(key):
        problems.append(f"{PUBLIC_KEY} was changed")
    if own not in seen.signed_by:
        problems.append(f"{STATEMENT} is not signed by {PUBLIC_KEY}")
    if seen.payload_type != IN_TOTO:
        problems.append(f"{STATEMENT} is of the type {seen.payload_type}, and not {IN_TOTO}")
    if files[SIGNED] != encoded(seen.payload_type, seen.payload):
        problems.append(f"{SIGNED} is not what {STATEMENT} holds")
    again = {"payloadType": seen.payload_type, "payload": base64.b64encode(seen.payload).decode(), "signatures": [{"keyid": own, "sig": base64.b64encode(files[SIGNATURE]).decode()}]}
    if files[STATEMENT] != (json.dumps(again, indent=1) + "\n").encode():
        problems.append(f"{SIGNATURE} is not the signature of {STATEMENT}, or that is written otherwise than by us")
    predicate, about = _told(seen.payload, sha256(files[MANIFEST]))
    return Signed(own, predicate, (*problems, *about))


def _told(payload: bytes, manifest: str) -> tuple[Mapping[str, Any], list[str]]:
    """The predicate of a statement, and what is wrong with what it is about."""
    try:
        content = json.loads(payload)
        subjects, kind, predicate = {item["name"]: item["digest"]["sha256"] for item in content["subject"]}, content["predicateType"], dict(content["predicate"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputProblem(f"It holds no in-toto statement: {type(error).__name__}.", where=STATEMENT, mend="Take the pack as it was received.") from None
    problems = []
    if content.get("_type") != STATEMENT_TYPE or kind != PREDICATE:
        problems.append(f"{STATEMENT} holds no statement about an evidence pack of this version: {kind}")
    if subjects != {MANIFEST: manifest}:
        problems.append(f"{MANIFEST} is not the one that was signed")
    return predicate, problems
