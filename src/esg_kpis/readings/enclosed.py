"""Months of readings as an evidence pack encloses them: files of bills in place of the readings they were rolled up from."""

import re
from pathlib import Path

import polars as pl

from esg_kpis.domains import DOMAIN_OF
from esg_kpis.errors import InputProblem
from esg_kpis.files.source import Source, read_source
from esg_kpis.ingest import Metered
from esg_kpis.readings.declared import ROLLED_FILE

_MONTH = re.compile(r"^readings/[A-Za-z0-9][A-Za-z0-9_-]{0,63}/\d{4}-\d{2}" + re.escape(ROLLED_FILE) + "$")


def path_of_month(table: str, month: str) -> str:
    """Where the file of a month stands: below the results, and below data/raw of a pack. Not `<month>.csv`, since a sender may have a file of that name in a folder that is named like the table."""
    return f"readings/{table}/{month}{ROLLED_FILE}"


def enclosed_months(raw: Path) -> Metered:
    """The months of readings that lie in a folder as files of bills, by table and month.

    Raises:
        InputProblem: if one is none.
    """
    home = raw / "readings"
    paths = sorted(path for path in home.rglob("*.csv") if _MONTH.match(path.relative_to(raw).as_posix())) if home.is_dir() else []
    return Metered([(source, _domain(source)) for source in (read_source(raw, path) for path in paths)])


def _domain(source: Source) -> str:
    """The domain of the one measure that a month is of."""
    try:
        measures = pl.read_csv(source.content, infer_schema=False, columns=["measure"])["measure"].unique().to_list()
    except pl.exceptions.PolarsError as error:
        raise InputProblem(f"It is no month of readings: {error}", where=source.path, mend="Take the pack as it was received.") from error
    if len(measures) != 1 or measures[0] not in DOMAIN_OF:
        raise InputProblem("It is no month of readings of one measure.", where=source.path, mend="Take the pack as it was received.")
    return DOMAIN_OF[measures[0]]
