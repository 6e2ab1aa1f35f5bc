"""Archives, and what is too large, too dangerous, or no file at all."""

import gzip
import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.gallery.case import HEAD, KOPF, Case, form
from tests.gallery.workbooks import bills, row
from tests.ingest_scenario import with_part

CSV = HEAD + "BJ-01,electricity_purchased,5,kWh,2023-01-01,2023-01-31\n"
OTHER = HEAD + "BJ-01,electricity_purchased,6,kWh,2023-02-01,2023-02-28\n"
LEDGER = KOPF + "BJ-01,外购电力,7,度,2023-03-01,2023-03-31\n"


def packed(members: Mapping[str, str | bytes]) -> bytes:
    """A zip of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def packed_in_gbk() -> bytes:
    """A zip as Chinese Windows makes it: names in GBK, and no mark that says so."""
    name = "一月电费.csv"
    stand_in = "x" * len(name.encode("gbk"))
    return packed({stand_in: LEDGER.encode("gbk")}).replace(stand_in.encode(), name.encode("gbk"))


def bomb() -> bytes:
    """Half a megabyte that unpacks to 500 MB: a sheet of spaces."""
    return with_part(bills(row(5)), "xl/worksheets/sheet1.xml", b"<worksheet><sheetData/>" + b" " * 500_000_000 + b"</worksheet>")


def slow_bomb() -> bytes:
    """Parts each of which is packed no tighter than is usual, and ten times as many bytes as are allowed in all, by their own account."""
    content = bytearray(packed({"a.csv": CSV}))
    struct.pack_into("<I", content, content.rindex(b"PK\x01\x02") + 24, 4_000_000_000)
    return bytes(content)


def wide() -> str:
    """Four hundred columns nobody asked for."""
    return CSV.replace("\n", "," + ",".join(f"c{number}" for number in range(400)) + "\n", 1).replace("01-31\n", "01-31" + "," * 400 + "\n")


def linked_away(raw: Path) -> None:
    """A link to a file outside, one to a folder outside, and one that leads nowhere."""
    (raw / "energy").mkdir()
    (raw.parent / "secret.csv").write_text(CSV, encoding="utf-8")
    (raw / "energy" / "a.csv").symlink_to(raw.parent / "secret.csv")
    (raw / "energy" / "b.csv").symlink_to("/etc")
    (raw / "energy" / "c.csv").symlink_to(raw / "energy" / "gone.csv")


def folder_named_as_a_file(raw: Path) -> None:
    """A folder `x.csv` with a file in it."""
    (raw / "energy" / "x.csv").mkdir(parents=True)
    (raw / "energy" / "x.csv" / "a.csv").write_text(CSV, encoding="utf-8")


def too_large(raw: Path) -> None:
    """A file of 2 MB, where 1 is allowed."""
    (raw / "energy" / "bills.csv").write_bytes(CSV.encode() + b"\n" * 2 * 1024 * 1024)


ARCHIVES = (
    Case("gz", {"energy/bills.csv.gz": lambda: gzip.compress(CSV.encode(), mtime=0)}, "2  used 5 kWh"),
    Case("A workbook in a gz", {"energy/bills.xlsx.gz": lambda: gzip.compress(bills(row(5)), mtime=0)}, "Bills!2  used 5 kWh"),
    Case("A zip with two members, and what a Mac adds", {"energy/bills.zip": lambda: packed({"b.csv": OTHER, "a.csv": CSV, "__MACOSX/._a.csv": b"\0", ".DS_Store": b"\0", "Q1/c.xlsx": bills(row(7, 3))})}, "Q1/c.xlsx/Bills!2  used 7 kWh\na.csv!2  used 5 kWh\nb.csv!2  used 6 kWh"),
    Case("A zip of which one member cannot be read: the others are", {"energy/bills.zip": lambda: packed({"a.csv": CSV, "b.pdf": b"%PDF", "c.csv": ""})}, "a.csv!2  used 5 kWh\nb.pdf!*  stopped: Files of kind '.pdf' are not read.\nc.csv!*  stopped: The file is empty."),
    Case("A zip with names in GBK", {"energy/bills.zip": packed_in_gbk}, "一月电费.csv!2  used 7 kWh"),
    Case("The same file beside a zip that holds it", {"energy/a.csv": CSV, "energy/b.zip": lambda: packed({"a.csv": CSV})}, "a.csv 2  used 5 kWh\nb.zip a.csv!*  ignored: The same bytes as energy/a.csv; its records count once."),
    Case("An archive in an archive", {"energy/b.zip": lambda: packed({"inner.zip": packed({"a.csv": CSV})})}, "*  stopped: It holds another archive. Pack the files once, or not at all."),
    Case("A zip without a file", {"energy/b.zip": lambda: packed({})}, "*  stopped: The archive holds no file."),
    Case("A name with `..` in a zip", {"energy/b.zip": lambda: packed({"../../sites/sites.csv": CSV})}, "*  stopped: It holds a part that is encrypted or leads outside: '../../sites/sites.csv'."),
    Case("A zip that was cut off on its way", {"energy/b.zip": lambda: packed({"a.csv": CSV})[:-40]}, "*  stopped: The archive or workbook is damaged, encrypted, or no such file"),
    Case("A gz that was cut off on its way", {"energy/bills.csv.gz": lambda: gzip.compress(CSV.encode(), mtime=0)[:-12]}, "*  stopped: The gzip file is damaged."),
)

DANGERS = (
    Case("A workbook of 500 kB that unpacks to 500 MB", {"energy/bills.xlsx": bomb}, "*  stopped: more than is safe."),
    Case("A gz of 300 kB that unpacks to 300 MB", {"energy/bills.csv.gz": lambda: gzip.compress(b"," * 300_000_000, 9, mtime=0)}, "*  stopped: more than is safe."),
    Case("A zip whose directory claims four gigabytes", {"energy/bills.zip": slow_bomb}, "*  stopped: It unpacks to 4000000000 bytes in 1 parts, more than is safe."),
    Case("Links that lead outside the workspace, or nowhere", {}, "a.csv *  stopped: The file leads outside data/raw. Copy the file itself into the folder.\nb.csv *  stopped: The file leads outside data/raw.\nc.csv *  stopped: The file cannot be read: No such file or directory.", prepare=linked_away),
    Case("A file above `max_megabytes`", {}, "*  stopped: The file has 2 MB, more than 1 MB. Split it, or allow more with `max_megabytes` in _format.toml.", form("max_megabytes = 1"), prepare=too_large),
    Case("A folder named x.csv", {}, "2  used 5 kWh", prepare=folder_named_as_a_file),
    Case("A file of four hundred columns", {"energy/bills.csv": wide()}, "2  used 5 kWh"),
    Case("A PDF, a picture and a Word file among the bills", {"energy/a.pdf": b"%PDF-1.7", "energy/b.jpg": b"\xff\xd8\xff", "energy/c.docx": b"PK\x03\x04"}, "a.pdf *  stopped: Files of kind '.pdf' are not read.\nb.jpg *  stopped: Files of kind '.jpg' are not read.\nc.docx *  stopped: Files of kind '.docx' are not read."),
    Case("A lock file of Excel, a hidden file and a note", {"energy/~$bills.xlsx": b"x", "energy/.DS_Store": b"x", "energy/read me.md": b"x", "energy/bills.csv": CSV}, "2  used 5 kWh"),
)

CASES = (*ARCHIVES, *DANGERS)
