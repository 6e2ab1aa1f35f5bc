"""One entry of the register, and the hash that chains it to the one before."""

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from esg_kpis.register.statement import Statement, statement_of
from esg_kpis.signing import as_pem, opened, public_key


@dataclass(frozen=True)
class Entry:
    """A row of the register as it stands there, right or wrong. `subject` repeats the digest that the envelope signs, so that the database can hold it to the numbers kept."""

    sequence: int
    previous: str
    hash: str
    subject: str
    envelope: bytes

    @cached_property
    def statement(self) -> Statement:
        """What it says.

        Raises:
            InputProblem: if its envelope cannot be read.
        """
        return statement_of(self.envelope)

    def is_signed_with(self, key: Ed25519PublicKey) -> bool:
        """Whether its signature is good by a key. Asked by the chain and by the rules, and worked out once."""
        return _is_signed(self.envelope, as_pem(key))


@lru_cache(maxsize=1024)
def _is_signed(envelope: bytes, pem: bytes) -> bool:
    return bool(opened(envelope, [public_key(pem, "")]).signed_by)


def canonical_text(sequence: int, previous: str, envelope: bytes) -> bytes:
    """What the hash of an entry is of: four lines, so that `printf` and `sha256sum` can make it again (docs/approval.md)."""
    return f"esg-kpis register entry 1\n{sequence}\n{previous}\n{hashlib.sha256(envelope).hexdigest()}\n".encode()


def entry_after(sequence: int, previous: str, subject: str, envelope: bytes) -> Entry:
    """The entry that follows upon the entry of that sequence number and hash."""
    return Entry(sequence + 1, previous, hash_of(sequence + 1, previous, envelope), subject, envelope)


def hash_of(sequence: int, previous: str, envelope: bytes) -> str:
    """The hash of an entry."""
    return hashlib.sha256(canonical_text(sequence, previous, envelope)).hexdigest()
