"""What would tell who a person is: names, identity-card numbers, birth dates, addresses. A file that holds any of it is stopped.

What may come is listed (`domains.people.FORMS`); a column beyond that stops the file. Inside the columns that may come, each cell is looked at too.
Messages name file, column and line, never the value.

Source: GB/T 35273-2020, annex A (identity-card number, name, birth date as personal information); GB 11643-1999 (the identity number and its check digit).
"""

import re
from collections.abc import Sequence
from datetime import date

import polars as pl

from esg_kpis.errors import InputProblem
from esg_kpis.files import LINE, Sheet

PSEUDONYM = r"^(?:[0-9a-fA-F]{16,64}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$"
"""16 to 64 hexadecimal digits, or a UUID."""

_TELLING = {
    "a name": r"姓名|名字|员工名|surname|(?:first|last|given|family|full|middle|employee|staff|person)[ _-]*name|^name$|^nom$|^vorname$|^nachname$",
    "an identity number": r"身份证|证件|护照|(?<![a-z])id[ _-]*(?:card|number|no\b)|national[ _-]*id|passport|social[ _-]*security|\bssn\b|aadhaar|\bhkid\b",
    "a birth date": r"出生|生日|birth|\bdob\b|geburt",
    "an address": r"住址|家庭地址|手机|电话|邮箱|e-?mail|phone|mobile|home[ _-]*address",
}
_IDENTITY_CARD = r"(?:^|[^0-9A-Za-z])([1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])(?:$|[^0-9A-Za-z])"
_SHORTEST = 18
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_A_DATE = r"^\s*(?:(?:19|20)\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d{2})\s*$"
_A_CONTACT = r"@[\w.-]+\.\w|^\s*(?:\+?86[ -]?)?1[3-9]\d{9}\s*$|^\s*\+\d[\d ()./-]{6,}$"
_ANY_NAME = r"name|nombre|\bnom\b|nome\b|address|姓"


def telling_header(columns: Sequence[str], kinds: Sequence[str] = tuple(_TELLING)) -> tuple[str, str] | None:
    """The first column whose name announces what would tell a person, and what that is."""
    for column in columns:
        for what in kinds:
            if re.search(_TELLING[what], column.strip(), re.IGNORECASE):
                return column, what
    return None


def is_identity_card(number: str) -> bool:
    """Whether 18 characters are an identity number of the People's Republic: a date inside, and the check digit of ISO 7064 MOD 11-2."""
    try:
        date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    except ValueError:
        return False
    rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True)) % 11
    return "10X98765432"[rest] == number[17].upper()


def identity_card_line(rows: pl.DataFrame, columns: Sequence[str], *, damaged_too: bool = False) -> tuple[str, int] | None:
    """The first column and line that hold an identity number of the People's Republic.

    With `damaged_too` also one whose check digit does not fit: misspelt, or cut by a spreadsheet, which keeps 15 digits.
    """
    long = rows.select(pl.col(columns).str.len_bytes().max() >= _SHORTEST) if columns and rows.height else rows.head(0)
    for column in columns:
        if not (long.height and long[column].item()):
            continue
        long_enough = rows.select(LINE, column).filter(pl.col(column).str.contains(r"\d{17}"))
        found = long_enough.select(LINE, pl.col(column).str.extract(_IDENTITY_CARD).alias("number")).drop_nulls("number")
        for line, number in found.iter_rows():
            if damaged_too or is_identity_card(number):
                return column, line
    return None


def refuse_telling(sheet: Sheet, allowed: Sequence[str], dates: Sequence[str]) -> None:
    """Stops a people file that could tell who a person is.

    Args:
        sheet: The file.
        allowed: The sender's columns that a form knows.
        dates: Those of them that hold days of employment, training or an accident.

    Raises:
        InputProblem: naming the column, and the line where a cell gives it away; never the value.
    """
    away = "Take the column away and send the file again; nothing of it was kept."
    telling = telling_header([column for column in sheet.columns if column not in allowed]) or telling_header(allowed, ("a name", "a birth date"))
    if telling is not None:
        raise InputProblem(
            f"The column '{telling[0]}' looks like {telling[1]}, which must not come in.", where=sheet.source.path, mend=away
        )
    if beyond := [column for column in sheet.columns if column not in allowed]:
        names = ", ".join(f"'{column}'" for column in beyond[:8])
        raise InputProblem(
            f"A people file may hold only the columns of its form, and this one also holds {names}.",
            where=sheet.source.path,
            mend=f"{away} The form has: {', '.join(allowed)}.",
        )
    if (found := identity_card_line(sheet.rows, allowed, damaged_too=True)) is not None:
        raise InputProblem(
            f"The column '{found[0]}' holds an identity-card number.", where=f"{sheet.source.path}, line {found[1]}", mend=away
        )
    for column in allowed:
        _refuse_cells(sheet, column, _A_CONTACT, "an address or telephone number", away)
        if column not in dates:
            _refuse_cells(sheet, column, _A_DATE, "a date where none belongs, perhaps a birth date", away)


def _refuse_cells(sheet: Sheet, column: str, pattern: str, what: str, mend: str) -> None:
    found = sheet.rows.filter(pl.col(column).str.contains(pattern))
    if found.height:
        raise InputProblem(f"The column '{column}' holds {what}.", where=f"{sheet.source.path}, line {found[LINE][0]}", mend=mend)


def refuse_copy(sheet: Sheet, columns: Sequence[str]) -> None:
    """Stops a file of staff from being copied with anything that tells who somebody is, beside the column that is made into pseudonyms.

    Raises:
        InputProblem: naming the column, and the line where a cell gives it away; never the value.
    """
    mend = "Take the column away first."
    telling = telling_header(columns) or next(((column, "a name") for column in columns if re.search(_ANY_NAME, column, re.IGNORECASE)), None)
    if telling is not None:
        raise InputProblem(f"The column '{telling[0]}' looks like {telling[1]}, which must not go on.", where=sheet.source.path, mend=mend)
    if (found := identity_card_line(sheet.rows, sheet.columns, damaged_too=True)) is not None:
        raise InputProblem(
            f"The column '{found[0]}' holds an identity-card number.", where=f"{sheet.source.path}, line {found[1]}", mend=mend
        )
    for column in sheet.columns:
        _refuse_cells(sheet, column, _A_CONTACT, "an address or telephone number", mend)


OF_USERS = r"^(?:[0-9a-fA-F]{32,64}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$"
"""A pseudonym of a user's device, card or account: 32 to 64 hexadecimal digits, or a UUID. Numbers of devices, cards and telephones are shorter."""
_A_LONG_NUMBER = r"[0-9]{11}"


def refuse_users(sheet: Sheet, allowed: Sequence[str], subjects: Sequence[str], numbered: Sequence[str]) -> None:
    """Stops a file that could tell who a user is.

    Args:
        sheet: The file.
        allowed: The sender's columns that are known.
        subjects: Those of them that hold pseudonyms.
        numbered: Those that hold numbers of requests, which may be long.

    Raises:
        InputProblem: naming the column, and the line where a cell gives it away; never the value.
    """
    away = "Nothing of the file was kept. Send keyed hashes (HMAC-SHA-256) or UUIDs in place of identifiers, and no column beyond those of the data dictionary."
    if beyond := [column for column in sheet.columns if column not in allowed]:
        raise InputProblem(f"A file about users may hold only known columns, and this one also holds {', '.join(map(repr, beyond[:8]))}.", where=sheet.source.path, mend=away)
    for column in subjects:
        wrong = sheet.rows.filter((pl.col(column).fill_null("").str.strip_chars() != "") & ~pl.col(column).str.strip_chars().str.contains(OF_USERS))
        if wrong.height:
            raise InputProblem(f"The column '{column}' holds something else than 32 to 64 hexadecimal digits or a UUID, perhaps an identifier in clear.", where=f"{sheet.source.path}, line {wrong[LINE][0]}", mend=away)
    for column in (name for name in sheet.columns if name not in subjects):
        _refuse_cells(sheet, column, _A_CONTACT, "an address or telephone number", away)
        if column not in numbered:
            _refuse_cells(sheet, column, _A_LONG_NUMBER, "a long number, perhaps of a device, card or telephone", away)


def refuse_identities(sheet: Sheet) -> None:
    """Stops a file of any other domain that holds an identity number or a column of names, birth dates or the like.

    Raises:
        InputProblem: naming the column and the line.
    """
    mend = "Take the column away and send the file again; files about people go to data/raw/people, without it."
    if (telling := telling_header([column for column in sheet.columns if column.lower() != "name"])) is not None and telling[
        1
    ] != "an address":
        raise InputProblem(
            f"The column '{telling[0]}' looks like {telling[1]}, which must not come in.", where=sheet.source.path, mend=mend
        )
    if (found := identity_card_line(sheet.rows, sheet.columns)) is not None:
        raise InputProblem(
            f"The column '{found[0]}' holds an identity-card number.", where=f"{sheet.source.path}, line {found[1]}", mend=mend
        )
    ragged = pl.DataFrame(sheet.ragged, schema={LINE: pl.Int64(), "": pl.String()}, orient="row")
    if (found := identity_card_line(ragged, [""])) is not None:
        raise InputProblem("The row holds an identity-card number.", where=f"{sheet.source.path}, line {found[1]}", mend=mend)
