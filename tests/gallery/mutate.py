"""Files of the gallery, damaged: the same number always gives the same damage."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from esg_kpis.files.archives import BROKEN
from tests.gallery import bills, dangers, texts, workbooks
from tests.gallery.case import Case, contents

Damage = Callable[[bytes, Random], bytes]
LARGE = 200_000
"""Files above this are no start of a damage: what makes them awkward is their size."""
NASTY = (
    "", " ", "\u3000", "\ufeff", "\u200b", '"', '""', "'", "\n", "\r", "\x00", ",", ";", "\t", "$", "=1+1", "@x", "-", "--", "0", "-0", "+5", "٣", "²", "½", "１２", "1e5", "1e99", "1e-99",
    "1e999999999", "9" * 40, "0." + "9" * 60, "-" + "9" * 29, "1.2.3", "1,2,3", "NaN", "inf", "#REF!", "TRUE", "2023-02-30", "0000-00-00", "9999-12-31", "2023-01-01", "20230101", "44927",
    "99999", "2023年", "2023.1.1-2023.1.31", "至", "~", "合计", "小计", "site_id", "quantity", "月份", "BJ-01", "kWh", "万kWh", "electricity_purchased", "credit_note", "estimate", "110101199001011234", "𠮷", "é", "x" * 5000,
)  # fmt: skip


@dataclass(frozen=True)
class Start:
    """A file of the gallery: its name in its folder, its content, and the format beside it."""

    name: str
    content: bytes
    form: str

    @property
    def kind(self) -> str:
        """What it is, by the end of its name."""
        return self.name.rpartition(".")[2]


@cache
def starts() -> dict[str, list[Start]]:
    """All small files for energy, by kind."""
    cases: tuple[Case, ...] = (*texts.CASES, *bills.CASES, *workbooks.CASES, *dangers.ARCHIVES)
    found: dict[str, list[Start]] = {}
    for case in cases:
        for path, content in contents(case).items():
            folder, _, name = path.partition("/")
            raw = content.encode() if isinstance(content, str) else content
            if folder == "energy" and not name.startswith("_") and 0 < len(raw) < LARGE:
                start = Start(name, raw, case.form)
                found.setdefault(start.kind, []).append(start)
    return found


TURNS = ("csv", "xlsx", "csv", "ods", "csv", "xls", "xlsx", "csv", "gz", "zip", "csv", "txt", "xlsx", "parquet")
"""Kinds in the order of the numbers."""


def damaged(number: int) -> Start:
    """The damaged file of a number: kinds in turn, then files of a kind in turn, and one to three damages."""
    turn, place = divmod(number, len(TURNS))
    found = starts()[TURNS[place]]
    start = found[(turn * TURNS.count(TURNS[place]) + TURNS[:place].count(TURNS[place])) % len(found)]
    random = Random(number)
    content = start.content
    for _ in range(random.choice((1, 1, 2, 3))):
        content = random.choice(_damages(content))(content, random)
    return Start(start.name, content, start.form)


def _damages(content: bytes) -> Sequence[Damage]:
    if content.startswith(b"PK"):
        return (*ON_BYTES, *[change_part] * 30, drop_part, drop_part)
    if content.startswith(b"\x1f\x8b"):
        return (*ON_BYTES, *[change_packed] * 8)
    return (*ON_BYTES, *ON_TEXT, *ON_TEXT)


# ---------------------------------------------------------------- bytes


def flip_bits(content: bytes, random: Random) -> bytes:
    out = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 8)) if out else 0):
        out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def cut_off(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def insert(content: bytes, random: Random) -> bytes:
    place = random.randrange(len(content) + 1)
    added = random.choice((random.randbytes(random.randrange(1, 20)), random.choice(NASTY).encode(), random.choice(NASTY).encode("gb18030")))
    return content[:place] + added + content[place:]


def remove(content: bytes, random: Random) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + content[place + random.randrange(1, 30) :]


def repeat(content: bytes, random: Random) -> bytes:
    place, size = random.randrange(len(content) + 1), random.randrange(1, 200)
    return content[: place + size] + content[place:]


# ---------------------------------------------------------------- text


def swap_lines(content: bytes, random: Random) -> bytes:
    lines = content.split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _in_a_cell(content: bytes, random: Random, change: Callable[[list[bytes], int], None]) -> bytes:
    lines = content.split(b"\n")
    line = random.randrange(len(lines))
    mark = random.choice([mark for mark in (b",", b";", b"\t", b"$") if mark in lines[line]] or [b","])
    cells = lines[line].split(mark)
    change(cells, random.randrange(len(cells)))
    lines[line] = mark.join(cells)
    return b"\n".join(lines)


def double_a_cell(content: bytes, random: Random) -> bytes:
    return _in_a_cell(content, random, lambda cells, place: cells.insert(place, cells[place]))


def spoil_a_cell(content: bytes, random: Random) -> bytes:
    word = random.choice(NASTY).encode()
    return _in_a_cell(content, random, lambda cells, place: cells.__setitem__(place, word))


def double_a_line(content: bytes, random: Random) -> bytes:
    lines = content.split(b"\n")
    line = random.randrange(len(lines))
    return b"\n".join([*lines[:line], lines[line], *lines[line:]])


def other_delimiter(content: bytes, random: Random) -> bytes:
    old, new = (random.choice((b",", b";", b"\t", b"|", b"$", b"^", b"~", b"\n", b'"', b" ", "，".encode())) for _ in range(2))
    return content.replace(old, new, random.choice((1, 5, -1)))


# ---------------------------------------------------------------- parts of a zip


def _repacked(content: bytes, random: Random, change: Callable[[dict[str, bytes]], None]) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except BROKEN:
        return flip_bits(content, random)
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def change_part(content: bytes, random: Random) -> bytes:
    """One part is damaged, and the archive around it is sound."""

    def change(parts: dict[str, bytes]) -> None:
        likely = [name for name in parts if "sheet" in name or name.endswith(("content.xml", "sharedStrings.xml", "workbook.xml", ".csv"))]
        name = random.choice(likely if likely and random.random() < 0.8 else sorted(parts)) if parts else "x"
        part = parts.get(name, b"")
        how = random.choice((*ON_BYTES, *ON_TEXT, *ON_XML, *ON_XML, *ON_XML) if b"<" in part else (*ON_BYTES, *ON_TEXT))
        parts[name] = how(part, random)

    return _repacked(content, random, change)


def change_packed(content: bytes, random: Random) -> bytes:
    """What is in a gz is damaged, and the gz around it is sound."""
    try:
        inside = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return flip_bits(content, random)
    return gzip.compress(random.choice(_damages(inside))(inside, random), mtime=0)


def drop_part(content: bytes, random: Random) -> bytes:
    def change(parts: dict[str, bytes]) -> None:
        if parts:
            del parts[random.choice(sorted(parts))]

    return _repacked(content, random, change)


def _between(content: bytes, random: Random, mark: bytes) -> tuple[int, int]:
    """Where one of the places between two marks begins and ends."""
    places = [place for place in range(len(content)) if content.startswith(mark, place)]
    if len(places) < 2:
        return 0, 0
    number = random.randrange(len(places) - 1)
    return places[number], places[number + 1]


def double_an_element(content: bytes, random: Random) -> bytes:
    """A cell, a row or a merged range once more."""
    first, last = _between(content, random, random.choice((b"<c ", b"<row ", b"<mergeCell ", b"<table:table-cell", b"<table:table-row", b"<sheet ", b"<si>")))
    return content[:last] + content[first:last] + content[last:]


def drop_an_element(content: bytes, random: Random) -> bytes:
    first, last = _between(content, random, random.choice((b"<c ", b"<row ", b"<v>", b"<si>", b"<table:table-cell", b"<table:table-row", b"<sheet ")))
    return content[:first] + content[last:]


def spoil_a_value(content: bytes, random: Random) -> bytes:
    """Another number in an attribute or a value."""
    places = [place for place in range(1, len(content)) if content[place : place + 1].isdigit() and content[place - 1 : place] in (b'"', b">", b"A", b"C", b"-")]
    if not places:
        return content
    place = random.choice(places)
    word = random.choice(("0", "-1", "1", "2", "7", "1048576", "1048577", "99999999", "99999999999999999999", "1e400", "NaN", "x", "", "A1:XFD1048576", "2023-13-45", "60", "-5e9"))
    return content[:place] + word.encode() + content[place + 1 :]


ON_BYTES: tuple[Damage, ...] = (flip_bits, cut_off, insert, remove, repeat)
ON_TEXT: tuple[Damage, ...] = (swap_lines, double_a_cell, spoil_a_cell, spoil_a_cell, double_a_line, other_delimiter)
ON_XML: tuple[Damage, ...] = (double_an_element, drop_an_element, spoil_a_value, spoil_a_value)
