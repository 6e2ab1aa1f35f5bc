"""What is seen in people files that a person should look at."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from esg_kpis.domains.people import NOT_STATED
from esg_kpis.files import LINE
from esg_kpis.ingest.observations import OBSERVATION
from esg_kpis.people.read import FILE
from esg_kpis.people.spells import Ordered

MOST_HOURS = 744
"""Hours of the longest month."""

OUTLIER = 10
"""How many times the median of its file a number of hours or lost days may be before a person should look at it."""

A_DAY = 24
"""Hours, or days, that are never an outlier."""


def observed(controls: pl.DataFrame, ordered: Ordered, training: pl.DataFrame, injuries: pl.DataFrame) -> pl.DataFrame:
    """Observations: rows sent twice, movements that nothing is counted of yet, levels and professions that are not stated, sizes that look like a slip."""
    sizes = (*_outliers(controls, training, "hours", MOST_HOURS), *_outliers(controls, injuries, "lost_days", 366))
    return pl.DataFrame([*_of_controls(controls), *_not_stated(ordered), *sizes], schema=OBSERVATION)


def last_days_ahead(controls: pl.DataFrame, ahead: Mapping[int, int], as_of: date) -> pl.DataFrame:
    """An observation per file with last days that lie after `as_of`: on that day the persons are still employed."""
    rows = [
        _row(
            "people_ahead", controls["path"][number], "note", f"{count} rows have a last day after {as_of}; they count as employed", f"last days up to {as_of}",
            controls["record_id"][number], "Nothing, if they are notices given; otherwise correct the days.",
        )
        for number, count in sorted(ahead.items())
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=OBSERVATION)


def unfinished_periods(periods: Sequence[tuple[date, date]], known_until: date) -> pl.DataFrame:
    """An observation per period that goes on after the last day of which the files tell."""
    rows = [
        _row(
            "people_unfinished", f"{first} to {last}", "warning", f"people files tell of days up to {known_until}; nobody is counted for this period", "files up to its last day",
            "", "Ask for the rest; or, if the files are complete, see complete_until in docs/people.md, and --as-of.",
        )
        for first, last in periods
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=OBSERVATION)


def _outliers(controls: pl.DataFrame, rows: pl.DataFrame, name: str, most: int) -> Iterator[dict[str, Any]]:
    """Rows of which the size is more than is likely, by their lines; a slip of the decimal point or of three digits looks like that."""
    usual = pl.col(name).cast(pl.Decimal(38, 9)).median().over(FILE)
    many = (pl.col(name) > A_DAY) & (pl.col(name) > OUTLIER * usual) if name == "hours" else pl.lit(value=False)  # Days lost have no usual size.
    far = rows.filter((pl.col(name) > most) | many).sort(FILE, LINE)
    for (number,), part in far.group_by(FILE, maintain_order=True):
        file = controls.row(int(number), named=True)
        lines = ", ".join(map(str, part[LINE].head(10)))
        yield _row(
            "people_outlier", f"{file['path']} {name}", "warning",
            f"{part.height} of {file['rows']} rows have more than {most} {name.replace('_', ' ')}{f', or more than {OUTLIER} times the median of the file' if name == 'hours' else ''}: lines {lines}{' …' if part.height > 10 else ''}",
            f"{name.replace('_', ' ')} of one person in one row", file["record_id"], "Ask the sender whether the decimal point is right. The rows count as they are.",
        )  # fmt: skip


def _of_controls(controls: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in controls.iter_rows(named=True):
        if row["repeated"]:
            yield _row(
                "duplicate", row["path"], "warning", f"{row['repeated']} of {row['rows']} rows say exactly what an earlier one says; they count once",
                "each row once", row["record_id"], "Ask the sender whether the rows were sent twice.",
            )  # fmt: skip
        if row["outside"]:
            yield _row(
                "movement_uncounted", row["path"], "note", f"{row['outside']} rows lie after the last snapshot or in no spell", "movements up to the last snapshot",
                row["record_id"], "Nothing, if the next snapshot will follow.",
            )  # fmt: skip


def _not_stated(ordered: Ordered) -> Iterator[dict[str, Any]]:
    sizes = ordered.spells.group_by("__code").agg(pl.len().alias("n")).join(ordered.facts, on="__code")
    for name in ("level", "profession"):
        blank = int(sizes.filter(pl.col(name) == NOT_STATED)["n"].sum())
        if blank and blank < ordered.spells.height:
            yield _row(
                "not_stated", name, "note", f"{blank} of {ordered.spells.height} spells do not state the {name}", "a word in every row",
                "", f"Shares by {name} are of all persons, so they do not add up to 100 %. Ask for it.",
            )  # fmt: skip


def _row(check: str, subject: str, severity: str, seen: str, expected: str, record_ids: str, what_to_do: str) -> dict[str, Any]:
    return {
        "check": check, "subject": subject, "severity": severity, "passed": False, "observed": seen, "expected": expected, "difference": None,
        "record_ids": record_ids, "what_to_do": what_to_do,
    }  # fmt: skip
