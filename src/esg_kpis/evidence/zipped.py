"""The pack as one zip: written so that the same files give the same bytes, and read as if somebody hostile had made it."""

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.files.archives import BROKEN, MAX_RATIO
from esg_kpis.files.source import MEGABYTE

MAX_FILES = 20_000
MAX_BYTES = 2048 * MEGABYTE
_LEVEL = 6
_DAY = (1980, 1, 1, 0, 0, 0)
"""The first day that a zip can name stands for all: a pack tells no time of day."""
_END = 22
"""Bytes of the record with which a zip without a comment ends."""
_PLAIN = stat.S_IFREG | 0o644
_MEND = "Take the pack as it was received, or ask for it again."


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files as one zip. The same files give the same bytes as long as zlib packs in the same way.

    Raises:
        UsageProblem: if a name cannot stand in a pack, or all of it is more than `unzipped` would take.
    """
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_BYTES:
        raise UsageProblem(f"The pack would hold {len(files)} files of {sum(map(len, files.values()))} bytes, more than {MAX_FILES} or {MAX_BYTES}.", mend="Pack an edition with fewer data.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files, key=lambda item: (item != "README.md", item)):
            if why := unfit(name):
                raise UsageProblem(f"A file cannot stand in a pack: its name {why}.", where=repr(name), mend="Rename it.")
            entry = zipfile.ZipInfo(name, _DAY)
            entry.create_system, entry.external_attr = 3, _PLAIN << 16
            archive.writestr(entry, files[name], zipfile.ZIP_STORED if _too_tight(files[name]) else zipfile.ZIP_DEFLATED, _LEVEL)
    return buffer.getvalue()


def unzipped(content: bytes) -> dict[str, bytes]:
    """The files of a zip, after its directory was looked at and each part unpacked no further than the directory says.

    Raises:
        InputProblem: if it is no zip, is damaged or encrypted, unpacks to too much, or holds a name twice, a link, a path that leads outside, or anything before or behind its parts.
    """
    if not content:
        raise InputProblem("The file is empty.", mend=_MEND)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_directory(archive, content)
            return {entry.filename: _part(archive, entry) for entry in archive.infolist() if not _is_folder(entry)}
    except BROKEN as error:
        raise InputProblem(f"It is no zip, or a damaged one: {error}.", mend=_MEND) from None


def _check_directory(archive: zipfile.ZipFile, content: bytes) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES or unpacked > MAX_BYTES:
        raise InputProblem(f"It unpacks to {unpacked} bytes in {len(entries)} files, more than is safe.", mend=_MEND)
    if content[-_END:][:4] != b"PK\x05\x06" or (entries and min(entry.header_offset for entry in entries) != 0):
        raise InputProblem("Something stands before or behind its files.", mend=_MEND)
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if _is_folder(entry):  # Who unpacked it and zipped it again: it says nothing of the files.
            continue
        if why := _refused(entry):
            raise InputProblem(f"One of its files {why}.", where=repr(name), mend=_MEND)
        if name in seen:
            raise InputProblem("A name stands in it twice.", where=repr(name), mend=_MEND)
        seen.add(name)


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith("/") and entry.file_size == 0 and unfit(entry.filename.rstrip("/")) is None


def _refused(entry: zipfile.ZipInfo) -> str | None:
    """Why a part is not unpacked."""
    if why := unfit(entry.orig_filename) or unfit(entry.filename):
        return f"has a name that {why}"
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        return "is a link or no plain file"
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in an unknown way"
    if entry.file_size > max(MAX_RATIO * entry.compress_size, MEGABYTE):
        return f"unpacks to {entry.file_size} bytes from {entry.compress_size}, more than is safe"
    return None


def unfit(name: str) -> str | None:
    """Why a name cannot stand in a pack; None where it can. What a shell, another system or `sha256sum` might take for something else is left out."""
    if not name or name.endswith("/"):
        return "is that of a folder"
    if name.startswith("/") or "\\" in name or PurePosixPath(name).as_posix() != name or any(part in (".", "..") for part in name.split("/")):
        return "leads outside or is written in a strange way"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "holds a control character"
    return None


def _part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as part:
        content = part.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise InputProblem("A file is not as long as the directory says.", where=repr(entry.filename), mend=_MEND)
    return content


def _too_tight(content: bytes) -> bool:
    """Whether it packs so well that a reader would take it for a bomb."""
    return len(content) > MEGABYTE and len(zlib.compress(content, _LEVEL)) * MAX_RATIO < len(content)
