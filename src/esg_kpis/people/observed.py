"""What is seen in people files that a person should look at."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from esg_kpis.domains.people import NOT_STATED
from esg_kpis.ingest.observations import OBSERVATION
from esg_kpis.people.spells import Ordered


def observed(controls: pl.DataFrame, ordered: Ordered) -> pl.DataFrame:
    """Observations: rows sent twice, movements that nothing is counted of yet, levels and professions that are not stated."""
    return pl.DataFrame([*_of_controls(controls), *_not_stated(ordered)], schema=OBSERVATION)


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
