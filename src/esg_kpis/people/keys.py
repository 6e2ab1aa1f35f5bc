"""Person keys: what counts as a pseudonym, and how a staff number becomes one.

A pseudonym here is a keyed hash (HMAC-SHA-256, RFC 2104) or a random number that the sender keeps the list of. Pseudonymous data stay personal
data (GDPR art. 4(5); PIPL art. 73 calls them de-identified); only counts are not.
"""

import hashlib
import hmac
from pathlib import Path

import polars as pl

from esg_kpis.errors import InputProblem, UsageProblem, near_misses
from esg_kpis.files import Sheet
from esg_kpis.ingest.identity import refuse_copy

STAFF_NUMBER = r"^[0-9A-Za-z][0-9A-Za-z._/-]{0,31}$"
"""What may be made into a pseudonym: a number or code in ASCII, without blanks, so that no name slips through."""

MIN_KEY_BYTES = 32
_DIGITS = 32


def read_secret(path: Path | None, root: Path | None) -> bytes:
    """The secret key for pseudonyms, from a file outside the workspace.

    Raises:
        UsageProblem: if none is named.
        InputProblem: if it cannot be read, is shorter than 32 bytes, or lies in the workspace, where it would travel with the data.
    """
    if path is None:
        raise UsageProblem(
            "Staff numbers need a secret key to become pseudonyms, and none is named.",
            mend="Give the key's file with --person-key-file, or as ESG_KPIS_PERSON_KEY_FILE. It lies outside the workspace.",
        )
    if root is not None and path.resolve().is_relative_to(root.resolve()):
        raise InputProblem(
            "The secret key lies inside the workspace.", where=path.name, mend="Keep it elsewhere, readable for those only who may know it."
        )
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise InputProblem(
            f"The secret key cannot be read: {error.strerror}.", where=path.name, mend="Check path and permissions."
        ) from error
    if len(secret) < MIN_KEY_BYTES:
        raise InputProblem(
            f"The secret key has {len(secret)} bytes, fewer than {MIN_KEY_BYTES}.",
            where=path.name,
            mend="Make one: openssl rand -hex 32 > FILE",
        )
    return secret


def pseudonyms(staff_numbers: pl.Series, secret: bytes) -> pl.Series:
    """The pseudonym of each staff number: the first 128 bits of its HMAC-SHA-256, in hexadecimal. Blanks stay blank. The same key gives the same pseudonym."""
    distinct = staff_numbers.unique().drop_nulls()
    made = [hmac.new(secret, number.encode(), hashlib.sha256).hexdigest()[:_DIGITS] if number else "" for number in distinct]
    return staff_numbers.replace_strict(distinct, pl.Series(made, dtype=pl.String()), default="", return_dtype=pl.String())


def pseudonymised(sheet: Sheet, column: str, secret: bytes) -> bytes:
    """A sheet as CSV, with a pseudonym in place of each staff number, and otherwise as it was.

    Args:
        sheet: The sheet; it holds nothing else that could tell who somebody is.
        column: The column of staff numbers.
        secret: The secret key.

    Raises:
        InputProblem: if the column is missing, holds something else than staff numbers, or the sheet holds names, identity numbers or birth dates.
    """
    where = sheet.source.path
    if column not in sheet.columns:
        raise InputProblem(
            f"There is no column '{column}'. {near_misses(column, sheet.columns)}",
            where=where,
            mend=f"The header has: {', '.join(sheet.columns)}.",
        )
    if sheet.ragged:
        raise InputProblem(
            f"{len(sheet.ragged)} rows do not have as many cells as the header.",
            where=f"{where}, line {sheet.ragged[0][0]}",
            mend="Mend them first.",
        )
    refuse_copy(sheet, [name for name in sheet.columns if name != column])
    numbers = sheet.rows[column].str.strip_chars()
    if blank := (numbers == "").sum():
        raise InputProblem(f"{blank} cells are blank.", where=f"{where}, column '{column}'", mend="Give every row its staff number.")
    if wrong := ((numbers != "") & ~numbers.str.contains(STAFF_NUMBER)).sum():
        raise InputProblem(
            f"{wrong} cells are no staff numbers (letters and digits, no blanks).",
            where=f"{where}, column '{column}'",
            mend="Send staff numbers, no names.",
        )
    made = sheet.rows.select(sheet.columns).with_columns(pseudonyms(numbers, secret).alias(column))
    return made.write_csv().encode()
