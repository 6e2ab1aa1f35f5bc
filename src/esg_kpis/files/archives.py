"""Archives, and workbooks as the archives they are: looked at before anything is unpacked, and unpacked up to a limit."""

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

from esg_kpis.errors import InputProblem
from esg_kpis.files.source import MEGABYTE, Source

MAX_UNPACKED = 512 * MEGABYTE
MAX_ENTRIES = 5_000
MAX_RATIO = 200
_SMALL = 1024 * 1024
"""A part below this may be packed as tightly as it likes."""
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
"""What the library raises over a damaged, encrypted or unknown part."""
_ACTIVE = ("vbaProject.bin", "/externalLinks/", "Basic/", "Scripts/")


def check_archive(source: Source) -> None:
    """Looks at the directory of a zip, which every XLSX and ODS is, before anything is unpacked.

    Raises:
        InputProblem: if it is no zip, is encrypted, unpacks to too much, or names a path with `..`; in a workbook also if it carries macros or links to other files.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            entries = archive.infolist()
            _check_directory(source, entries)
            for entry in entries:
                # The directory may lie about sizes: each part is unpacked piece by piece, up to the size it claims, and its checksum compared.
                with archive.open(entry) as part:
                    while part.read(MEGABYTE):
                        pass
    except BROKEN as error:
        raise _refusal(source, "The archive or workbook is damaged, encrypted, or no such file: its parts are not what its directory says.") from error


def _check_directory(source: Source, entries: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    tight = any(entry.file_size > max(MAX_RATIO * entry.compress_size, _SMALL) for entry in entries)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or tight:
        raise _refusal(source, f"It unpacks to {unpacked} bytes in {len(entries)} parts, more than is safe.")
    for entry in entries:
        if ".." in PurePosixPath(entry.filename.replace("\\", "/")).parts or entry.filename.startswith(("/", "\\")) or entry.flag_bits & 1:
            raise _refusal(source, f"It holds a part that is encrypted or leads outside: '{entry.filename}'.")
        if any(entry.filename.endswith(mark) or mark in f"/{entry.filename}" for mark in _ACTIVE):
            raise _refusal(source, "It carries macros or links to other files.")


def _refusal(source: Source, what: str) -> InputProblem:
    return InputProblem(what, where=source.where, mend="Save the plain values as a new XLSX or CSV file.")


def gunzipped(source: Source) -> Source:
    """The one file inside a gzip, named without its suffix.

    Raises:
        InputProblem: if it is damaged or unpacks to too much.
    """
    try:
        with gzip.open(io.BytesIO(source.content)) as stream:
            content = stream.read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _refusal(source, "The gzip file is damaged.") from error
    if len(content) > min(MAX_UNPACKED, max(MAX_RATIO * len(source.content), _SMALL)):
        raise _refusal(source, f"It unpacks to more than {len(content) - 1} bytes, more than is safe.")
    return Source(source.path, content, source.sha256, source.member, wrapped="gzip")


def unzipped(source: Source) -> list[Source]:
    """The files inside a zip, by name; folders, hidden files and what systems add for themselves are none.

    Raises:
        InputProblem: if it is unsafe, damaged or holds no file.
    """
    check_archive(source)
    with zipfile.ZipFile(io.BytesIO(source.content), metadata_encoding=_names_encoding(source)) as archive:
        names = sorted(entry.filename for entry in archive.infolist() if not entry.is_dir())
        found = [name for name in names if not PurePosixPath(name).name.startswith((".", "~$")) and not name.startswith("__MACOSX/")]
        if not found:
            raise _refusal(source, "The archive holds no file.")
        return [Source(source.path, archive.read(name), source.sha256, name, wrapped="zip") for name in found]


def _names_encoding(source: Source) -> str:
    """How names without the UTF-8 flag are spelled: UTF-8 or GB18030, as the whole directory allows; archives of Chinese systems have the latter."""
    with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
        raw = b"".join(entry.filename.encode("cp437") for entry in archive.infolist() if not entry.flag_bits & 0x800)
    for encoding in ("utf-8", "gb18030"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "cp437"
