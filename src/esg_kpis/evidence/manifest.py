"""The manifest of a pack: the SHA-256 of every file, as `sha256sum --check` reads it."""

import hashlib
import re
from collections.abc import Iterator, Mapping

from esg_kpis.errors import InputProblem, near_misses

MANIFEST, STATEMENT, SIGNED, SIGNATURE, PUBLIC_KEY = "manifest.sha256", "statement.dsse.json", "statement.pae", "statement.sig", "pub.pem"
BESIDE = (MANIFEST, STATEMENT, SIGNED, SIGNATURE, PUBLIC_KEY)
"""What the manifest cannot name: itself, and what is made of it."""
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def sha256(content: bytes) -> str:
    """The SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """The manifest of some files, in the order of their names."""
    return "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files) if name not in BESIDE).encode()


def read_manifest(content: bytes) -> dict[str, str]:
    """Name to digest.

    Raises:
        InputProblem: if a line is no digest and name, or a name stands twice.
    """
    digests: dict[str, str] = {}
    try:
        lines = content.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise InputProblem("It is no text.", where=MANIFEST, mend="Take the pack as it was received.") from None
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        if found is None or found.group(2) in digests:
            raise InputProblem("It is no digest and name, or a name that stands there already.", where=f"{MANIFEST}, line {number}", mend="Take the pack as it was received.")
        digests[found.group(2)] = found.group(1)
    return digests


def differences(files: Mapping[str, bytes], digests: Mapping[str, str]) -> Iterator[str]:
    """What is not as the manifest says, file by file: changed, missing, or there without being named."""
    for name in sorted({*files, *digests} - {*BESIDE}):
        if name not in files:
            yield f"{name} is missing{_near(name, files)}"
        elif name not in digests:
            yield f"{name} is not named in {MANIFEST}{_near(name, digests)}"
        elif sha256(files[name]) != digests[name]:
            yield f"{name} was changed"
    yield from (f"{name} is missing{_near(name, files)}" for name in BESIDE if name not in files)


def _near(name: str, known: Mapping[str, object]) -> str:
    hint = near_misses(name, known)
    return f" ({hint.rstrip('?')}?)" if hint else ""
