"""Signatures: Ed25519 keys, and the DSSE envelope, whose signature `openssl` alone can check.

Sources: RFC 8032 (Ed25519); DSSE v1.0.2, protocol.md (pre-authentication encoding) and envelope.md; RFC 8410 (keys as PEM).
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from esg_kpis.errors import InputProblem, UsageProblem

IN_TOTO = "application/vnd.in-toto+json"
"""Payload type of an in-toto statement."""


@dataclass(frozen=True)
class Opened:
    """What an envelope holds: its payload, and the ids of those of the given keys whose signature on it is good."""

    payload_type: str
    payload: bytes
    signed_by: tuple[str, ...]


def encoded(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: the pre-authentication encoding of DSSE."""
    kind = payload_type.encode()
    return b" ".join((b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload))


def fingerprint(key: Ed25519PublicKey) -> str:
    """The SHA-256 of a public key as DER: what `openssl pkey -pubin -in pub.pem -outform DER | sha256sum` prints. It is also the key id in an envelope."""
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def sealed(payload_type: str, payload: bytes, keys: Sequence[Ed25519PrivateKey]) -> bytes:
    """A DSSE envelope with a signature of each key, as JSON. The same payload and keys give the same bytes."""
    signed = encoded(payload_type, payload)
    signatures = [{"keyid": fingerprint(key.public_key()), "sig": base64.b64encode(key.sign(signed)).decode()} for key in keys]
    content = {"payloadType": payload_type, "payload": base64.b64encode(payload).decode(), "signatures": signatures}
    return (json.dumps(content, indent=1) + "\n").encode()


def opened(envelope: bytes, keys: Sequence[Ed25519PublicKey]) -> Opened:
    """What an envelope holds, and which of `keys` signed it. Signatures of other keys say nothing.

    Raises:
        InputProblem: if it is no DSSE envelope.
    """
    try:
        content = json.loads(envelope)
        payload_type, payload = content["payloadType"], base64.b64decode(content["payload"], validate=True)
        signatures = [base64.b64decode(item["sig"], validate=True) for item in content["signatures"]]
        signed = encoded(payload_type, payload)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise InputProblem("This is no DSSE envelope.", where=str(error)[:80], mend="Take the file as it was received.") from None
    good = [fingerprint(key) for key in keys if any(_is_of(key, signature, signed) for signature in signatures)]
    return Opened(payload_type, payload, tuple(good))


def _is_of(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


# ---------------------------------------------------------------- keys


def new_key(path: Path, passphrase: bytes | None = None) -> Ed25519PublicKey:
    """Makes a key: the private one at `path`, readable by its owner only, the public one beside it as `<name>.pub.pem`.

    Raises:
        UsageProblem: if one of the two is there already: a key is never overwritten.
    """
    public_path = path.with_name(f"{path.name.removesuffix('.pem')}.pub.pem")
    if there := next((place for place in (path, public_path) if place.exists()), None):
        raise UsageProblem("There is a key already.", where=str(there), mend="Give another name; a key that is lost makes what it signed unverifiable.")
    key = Ed25519PrivateKey.generate()
    cipher = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, cipher))
    public_path.write_bytes(as_pem(key.public_key()))
    return key.public_key()


def as_pem(key: Ed25519PublicKey) -> bytes:
    """A public key as `openssl` reads it."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def read_private(path: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """The private key at `path`.

    Raises:
        InputProblem: if there is none, it needs a passphrase or another one, or it is not Ed25519.
    """
    try:
        key = serialization.load_pem_private_key(_content(path), passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        mend = "Give its passphrase as ESG_KPIS_KEY_PASSPHRASE." if "ENCRYPTED" in _content(path).decode(errors="replace") else "`esg-kpis keys new` makes one."
        raise InputProblem(f"This private key cannot be read: {error}.", where=str(path), mend=mend) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputProblem("This key is not of the kind Ed25519.", where=str(path), mend="`esg-kpis keys new` makes one.")
    return key


def read_public(path: Path) -> Ed25519PublicKey:
    """The public key at `path`, as `public_key` reads it.

    Raises:
        InputProblem: if there is none, or it is not Ed25519.
    """
    return public_key(_content(path), str(path))


def public_key(pem: bytes, where: str) -> Ed25519PublicKey:
    """A public key from PEM.

    Raises:
        InputProblem: if it is none, or not Ed25519.
    """
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputProblem(f"This public key cannot be read: {error}.", where=where, mend="It begins with -----BEGIN PUBLIC KEY-----.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise InputProblem("This key is not of the kind Ed25519.", where=where, mend="`esg-kpis keys new` makes one.")
    return key


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputProblem(f"This key cannot be read: {error.strerror}.", where=str(path), mend="Name the file of the key.") from None
