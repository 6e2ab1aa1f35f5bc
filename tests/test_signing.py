"""Signatures: what is signed cannot be changed, and `openssl` agrees without us."""

import base64
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.signing import IN_TOTO, as_pem, encoded, fingerprint, new_key, opened, public_key, read_private, read_public, sealed

ONE, TWO = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))


def test_the_encoding_is_that_of_dsse() -> None:
    """The example of DSSE's protocol.md."""
    assert encoded("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_the_same_payload_and_key_give_the_same_bytes_and_only_signers_count() -> None:
    envelope = sealed(IN_TOTO, b"{}", [ONE])

    assert envelope == sealed(IN_TOTO, b"{}", [ONE])
    assert opened(envelope, [ONE.public_key(), TWO.public_key()]).signed_by == (fingerprint(ONE.public_key()),)
    assert opened(sealed(IN_TOTO, b"{}", [ONE, TWO]), [TWO.public_key(), ONE.public_key()]).signed_by == (fingerprint(TWO.public_key()), fingerprint(ONE.public_key()))


@pytest.mark.parametrize("part", ["payload", "payloadType", "sig"])
def test_whatever_is_changed_voids_the_signature(part: str) -> None:
    content = json.loads(sealed(IN_TOTO, b'{"value": "116722.56"}', [ONE]))
    if part == "payload":
        content["payload"] = base64.b64encode(b'{"value": "116722.57"}').decode()
    elif part == "payloadType":
        content["payloadType"] = "text/plain"
    else:
        content["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()

    assert opened(json.dumps(content).encode(), [ONE.public_key()]).signed_by == ()


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"payloadType": "a", "payload": "%%", "signatures": []}', b'{"payloadType": 1, "payload": "", "signatures": []}', b'{"payloadType": "a", "payload": "", "signatures": [1]}', b"\xff", b"[" * 100_000])
def test_what_is_no_envelope_is_refused(raw: bytes) -> None:
    with pytest.raises(InputProblem, match="no DSSE envelope"):
        opened(raw, [ONE.public_key()])


def test_openssl_checks_a_signature_and_prints_the_fingerprint(tmp_path: Path) -> None:
    envelope = json.loads(sealed(IN_TOTO, b'{"a": 1}', [ONE]))
    (tmp_path / "pub.pem").write_bytes(as_pem(ONE.public_key()))
    (tmp_path / "signed").write_bytes(encoded(IN_TOTO, base64.b64decode(envelope["payload"])))
    (tmp_path / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))

    good = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "pub.pem", "-rawin", "-in", "signed", "-sigfile", "sig"], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S607
    der = subprocess.run(["openssl", "pkey", "-pubin", "-in", "pub.pem", "-outform", "DER", "-out", "pub.der"], cwd=tmp_path, check=True)  # noqa: S607
    digest = subprocess.run(["sha256sum", "pub.der"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout  # noqa: S607

    assert (good.returncode, der.returncode) == (0, 0)
    assert digest.split()[0] == fingerprint(ONE.public_key())


def test_a_key_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    public = new_key(tmp_path / "keys" / "preparer.pem", b"secret")

    assert (tmp_path / "keys" / "preparer.pem").stat().st_mode & 0o777 == 0o600
    assert fingerprint(read_public(tmp_path / "keys" / "preparer.pub.pem")) == fingerprint(public)
    assert fingerprint(read_private(tmp_path / "keys" / "preparer.pem", b"secret").public_key()) == fingerprint(public)
    with pytest.raises(UsageProblem, match="already"):
        new_key(tmp_path / "keys" / "preparer.pem")
    with pytest.raises(InputProblem, match="ESG_KPIS_KEY_PASSPHRASE"):
        read_private(tmp_path / "keys" / "preparer.pem")
    with pytest.raises(InputProblem, match="cannot be read"):
        read_private(tmp_path / "keys" / "preparer.pem", b"wrong")


def test_other_keys_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rsa.pem").write_bytes(subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout)  # noqa: S607
    public = subprocess.run(["openssl", "pkey", "-in", "rsa.pem", "-pubout"], cwd=tmp_path, capture_output=True, check=True).stdout  # noqa: S607

    with pytest.raises(InputProblem, match="not of the kind Ed25519"):
        read_private(tmp_path / "rsa.pem")
    with pytest.raises(InputProblem, match="not of the kind Ed25519"):
        public_key(public, "rsa")
    with pytest.raises(InputProblem, match="cannot be read"):
        public_key(b"", "empty")
    with pytest.raises(InputProblem, match="No such file"):
        read_public(tmp_path / "none.pem")
