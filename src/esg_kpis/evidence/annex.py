"""The annex: the people files, encrypted to the assurer's key. It stands beside the pack, because encryption is never the same twice; the pack holds the digest of what is encrypted.

Source: the age format, version 1 (age-encryption.org/v1), with X25519 recipients.
"""

from collections.abc import Mapping

import pyrage  # type: ignore[import-untyped]

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.evidence.manifest import sha256
from esg_kpis.evidence.zipped import unzipped

PLACES = ("data/raw/people/", "data/locked/people/")
"""Where files of an annex may go in a workspace."""


def encrypted(plain: bytes, recipients: tuple[str, ...]) -> bytes:
    """`plain` for the holders of some public keys (`age1…`), each of whom can open it.

    Raises:
        UsageProblem: if one is no such key.
    """
    keys = []
    for text in recipients:
        try:
            keys.append(pyrage.x25519.Recipient.from_str(text.strip()))
        except pyrage.RecipientError:
            raise UsageProblem("This is no public key of the age format.", where=text[:80], mend="It begins with age1; `age-keygen` prints it. A secret key never goes here.") from None
    return bytes(pyrage.encrypt(plain, keys))


def opened_annex(content: bytes, identities: str, digest: str) -> Mapping[str, bytes]:
    """The files of an annex by path in a workspace.

    Args:
        content: The encrypted file.
        identities: What the file of the secret key says: lines that begin with AGE-SECRET-KEY-1, and comments.
        digest: The SHA-256 of what was encrypted, as the pack has it.

    Raises:
        InputProblem: if no key opens it, or what comes out is not what belongs to the pack.
    """
    lines = [line.strip() for line in identities.splitlines() if line.strip() and not line.startswith("#")]
    mend = "Take the annex that was sent with this pack, and the key that it was encrypted to."
    try:
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines]
        plain = bytes(pyrage.decrypt(content, keys))
    except (pyrage.IdentityError, ValueError):
        raise InputProblem("The file holds no secret key of the age format.", where="--identity", mend="It holds a line that begins with AGE-SECRET-KEY-1.") from None
    except pyrage.DecryptError as error:
        raise InputProblem(f"The annex cannot be opened: {error}.", where="--annex", mend=mend) from None
    if sha256(plain) != digest:
        raise InputProblem("The annex is not the one of this pack: its SHA-256 is another one.", where="--annex", mend=mend)
    files = unzipped(plain)
    if strange := [name for name in files if not name.startswith(PLACES)]:
        raise InputProblem("The annex holds a file that is not about people.", where=repr(strange[0]), mend=mend)
    return files
