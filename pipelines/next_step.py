"""What a period needs next, in words, and the command that does it."""

from collections.abc import Mapping
from typing import Any


def next_step(row: Mapping[str, Any], run: Mapping[str, Any] | None) -> str:
    """The first thing to do for a period of an edition, on its way to a pack for the assurer."""
    of = f"--edition {_word(row['edition'])} --period {_word(row['period'])}"
    if row["state"] == "locked":
        return _of_locked(row, of)
    if run is None or run["damaged"] or row["kpis"] is None:
        return "Compute: `esg-kpis run`"
    steps = (
        (row["kpis"]["blocked"], f"Mend what blocks {_many(row['kpis']['blocked'], 'cell')}: `esg-kpis trace {row['first_blocked']} {of}`"),
        (row["errors_to_mend"], f"Mend {_many(row['errors_to_mend'], 'error')}: findings.csv says what to do"),
        (row["unexplained"], f"Explain {_many(row['unexplained'], 'difference')} from print: `esg-kpis tie-out --edition {_word(row['edition'])}`"),
        (row["kpis"]["incomplete"], f"Ask for what is missing of {_many(row['kpis']['incomplete'], 'cell')}: `esg-kpis check`"),
        (row["anomalies"], f"Explain {_many(row['anomalies'], 'anomaly', 'anomalies')}: `esg-kpis anomalies --open --edition {_word(row['edition'])}`"),
        (row["state"] == "unknown", "Mend the register"),
        (row["state"] in ("open", "restated"), f"Prepare: `esg-kpis approve {of} --as prepared --key FILE`"),
        (row["state"] == "prepared", f"Review, by another key: `esg-kpis approve {of} --as reviewed --key FILE`"),
        (row["state"] == "reviewed", f"Lock: `esg-kpis lock {of} --key FILE`"),
    )
    return next(text for applies, text in (*steps, (True, "")) if applies or not text)


def _of_locked(row: Mapping[str, Any], of: str) -> str:
    if row["as_approved"] is False:
        return f"Take back what changed, or `esg-kpis restate {of} --class … --reason … --key FILE`"
    return f"Give it to the assurer: `esg-kpis pack {of} --key FILE`"


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


def _word(text: str) -> str:
    """An id as it is typed in a shell."""
    return f"'{text}'" if any(character.isspace() for character in text) else text
