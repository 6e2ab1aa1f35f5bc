"""The zip of a pack: the same bytes for the same files, and nothing unpacked that somebody hostile made."""

import io
import stat
import struct
import warnings
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.errors import InputProblem, UsageProblem
from esg_kpis.evidence.zipped import unfit, unzipped, zipped
from tests.evidence_scenario import plainly_zipped

FILES = {"README.md": b"read me", "a/b.csv": b"x\n1\n", "inputs/\u7535\u529b.csv": "度\n".encode(), "empty": b""}


def test_files_come_out_as_they_went_in_and_the_readme_stands_first() -> None:
    packed = zipped(FILES)

    assert unzipped(packed) == FILES
    assert zipfile.ZipFile(io.BytesIO(packed)).namelist()[0] == "README.md"
    assert packed == zipped(dict(reversed(FILES.items())))


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(lambda name: unfit(name) is None), st.binary(max_size=64), max_size=5))
def test_whatever_is_packed_is_unpacked(files: dict[str, bytes]) -> None:
    assert unzipped(zipped(files)) == files


def test_what_packs_too_well_is_stored_so_that_no_reader_takes_it_for_a_bomb() -> None:
    files = {"zeros": bytes(2_000_000)}

    assert unzipped(zipped(files)) == files


@pytest.mark.parametrize("name", ["../a", "a/../b", "/a", "a\\b", "a//b", "./a", "a/.", "a\nb", "a\x7f", "", "a/"])
def test_a_name_that_leads_outside_is_refused_on_both_sides(name: str) -> None:
    with pytest.raises(UsageProblem):
        zipped({name: b""})
    if name:
        with pytest.raises(InputProblem):
            unzipped(plainly_zipped({name: b"x"}))


def entry_of(name: str, mode: int = 0) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, mode << 16
    return entry


def zip_with(*entries: tuple[zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")  # It warns of a name that stands twice.
        archive.comment = comment
        for entry, content in entries:
            archive.writestr(entry, content, method)
    return buffer.getvalue()


def with_first_size(packed: bytes, size: int) -> bytes:
    """The directory says that the first file is of another size."""
    at = packed.index(b"PK\x01\x02")
    return packed[: at + 24] + struct.pack("<I", size) + packed[at + 28 :]


@pytest.mark.parametrize(
    ("packed", "says"),
    [
        (b"", "empty"),
        (b"no zip at all", "no zip"),
        (zipped(FILES)[:-30], "no zip"),
        (zipped(FILES)[: len(zipped(FILES)) // 2], "no zip"),
        (zip_with((entry_of("a"), b"1"), (entry_of("a"), b"2")), "twice"),
        (zip_with((entry_of("a", stat.S_IFLNK | 0o777), b"/etc/passwd")), "link"),
        (zip_with((entry_of("a/../../b/", stat.S_IFDIR | 0o755), b"")), "folder"),
        (zip_with((entry_of("a/"), b"more")), "folder"),
        (zip_with((entry_of("bomb"), bytes(30_000_000)), method=zipfile.ZIP_DEFLATED), "more than is safe"),
        (zip_with((entry_of("a"), b"1"), method=zipfile.ZIP_BZIP2), "unknown way"),
        (zip_with((entry_of("a"), b"1"), comment=b"hidden"), "before or behind"),
        (b"#!/bin/sh\n" + zip_with((entry_of("a"), b"1")), "before or behind"),
        (with_first_size(zipped({"a": b"12345"}), 3), "no zip|not as long"),
        (with_first_size(zipped({"a": b"12345"}), 3_000_000_000), "more than is safe"),
        (zip_with((entry_of("a"), b"1")) + b"behind", "before or behind"),
    ],
)  # fmt: skip
def test_a_zip_that_is_none_or_hides_something_is_refused(packed: bytes, says: str) -> None:
    with pytest.raises(InputProblem, match=says):
        unzipped(packed)


def test_folders_of_who_zipped_it_again_are_passed_over() -> None:
    assert unzipped(zip_with((entry_of("a/", stat.S_IFDIR | 0o755), b""), (entry_of("a/b"), b"1"))) == {"a/b": b"1"}


def test_a_changed_byte_of_a_packed_file_is_noticed() -> None:
    packed = bytearray(plainly_zipped({"a": b"hello"}))
    packed[packed.index(b"hello")] ^= 1

    with pytest.raises(InputProblem, match="no zip"):
        unzipped(bytes(packed))
    assert zlib.crc32(b"hello") != zlib.crc32(b"iello")
