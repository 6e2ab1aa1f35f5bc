"""A gallery of awkward files, as sites send them, with the fate of every row spelled out."""

from pathlib import Path

import polars as pl
import pytest

from tests.gallery import bills, dangers, texts, workbooks
from tests.gallery.case import Case, as_text, as_told, outcome

CASES: tuple[Case, ...] = (*texts.CASES, *bills.CASES, *workbooks.CASES, *dangers.CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_fate_of_every_row_is_the_one_spelled_out(case: Case, tmp_path: Path) -> None:
    result = outcome(case, tmp_path)

    expected = as_told(case.fates)
    told = {place: expected[place] if _says(fate, expected.get(place, "")) else fate for place, fate in result.fates.items()}
    assert as_text(told) == as_text({place: expected[place] for place in told if place in expected} | expected)
    assert [words for words in case.observed if not any(words in told for told in result.observed)] == [], result.observed
    assert _accounted(result.read.records, result.records) == (0, 0, 0)
    assert result.read.files["records"].sum() == result.read.records.height


def _says(fate: str, expected: str) -> bool:
    """A file that was stopped says at least the words of the case."""
    state, _, words = expected.partition(": ")
    return state in ("stopped", "ignored", "unread") and fate.startswith(f"{state}: ") and words in fate


def _accounted(records: pl.DataFrame, fates: pl.DataFrame) -> tuple[int, int, int]:
    """Records read less those with a fate; those that come twice; fates that are none of the three."""
    known = fates["fate"].is_in(["used", "excluded", "rejected"]).sum()
    return records.height - fates.height, records.height - records["record_id"].n_unique(), fates.height - int(known)


def test_there_are_many_cases_and_each_is_told_apart() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
