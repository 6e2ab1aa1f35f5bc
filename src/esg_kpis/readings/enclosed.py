"""Months of readings as files of bills: which of them stands for which knowledge date, and how they are read where an evidence pack encloses them in place of the readings."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from esg_kpis.domains import DOMAIN_OF
from esg_kpis.errors import InputProblem
from esg_kpis.files.source import Source, read_source
from esg_kpis.ingest import Metered
from esg_kpis.ingest.take import file_row
from esg_kpis.readings.declared import ROLLED_FILE
from esg_kpis.tables import READING_VERSIONS, conform, empty

_MONTH = re.compile(r"^readings/(?P<table>[A-Za-z0-9][A-Za-z0-9_-]{0,63})/(?P<month>\d{4}-\d{2})(?:@(?P<day>\d{4}-\d{2}-\d{2}))?" + re.escape(ROLLED_FILE) + "$")


def path_of_month(table: str, month: str, day: date | None = None) -> str:
    """Where the file of a month stands, or that of what was known of it on a day: below the results, and below data/raw of a pack. Not `<month>.csv`, since a sender may have a file of that name in a folder that is named like the table."""
    return f"readings/{table}/{month}{f'@{day}' if day else ''}{ROLLED_FILE}"


def versions_of(files: Mapping[str, bytes]) -> pl.DataFrame:
    """Which month each file is of, and for which knowledge date it stands instead of which other.

    Args:
        files: Content by path, such as `readings/smart/2023-05.rolled.csv`, or `readings/smart/2023-05@2021-04-01.rolled.csv` for what was known on that day.

    Columns: as `reading_versions` in the data dictionary.
    """
    rows = []
    for path, content in files.items():
        if found := _MONTH.match(path):
            instead = files.get(path_of_month(found["table"], found["month"])) if found["day"] else None
            rows.append({
                "path": path, "sha256": hashlib.sha256(content).hexdigest(), "reading_table": found["table"], "month": found["month"],
                "known_on": date.fromisoformat(found["day"]) if found["day"] else None, "instead_of": hashlib.sha256(instead).hexdigest() if instead is not None else None,
            })  # fmt: skip
    return conform(pl.DataFrame(rows, schema=READING_VERSIONS.schema), READING_VERSIONS) if rows else empty(READING_VERSIONS)


def enclosed_months(raw: Path) -> tuple[Metered, pl.DataFrame]:
    """The months of readings that lie in a folder as files of bills, for ingest, and `versions_of` them. A file without a line says that nothing of the month was known.

    Raises:
        InputProblem: if one is no month of readings.
    """
    home = raw / "readings"
    paths = sorted(path for path in home.rglob("*.csv") if _MONTH.match(path.relative_to(raw).as_posix())) if home.is_dir() else []
    sources = [read_source(raw, path) for path in paths]
    filled = [source for source in sources if holds_lines(source.content)]
    return Metered([(source, _domain(source)) for source in filled], [row_without_lines(source.path, source.content) for source in sources if source not in filled]), versions_of({source.path: source.content for source in sources})


def holds_lines(content: bytes) -> bool:
    """Whether a month has any line below its header."""
    return content.count(b"\n") > 1


def row_without_lines(path: str, content: bytes) -> dict[str, object]:
    """The row of `files` for a month without a line."""
    return file_row(path) | {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "encoding": "text"}


def _domain(source: Source) -> str:
    """The domain of the one measure that a month is of."""
    try:
        measures = pl.read_csv(source.content, infer_schema=False, columns=["measure"])["measure"].unique().to_list()
    except pl.exceptions.PolarsError as error:
        raise InputProblem(f"It is no month of readings: {error}", where=source.path, mend="Take the pack as it was received.") from error
    if len(measures) != 1 or measures[0] not in DOMAIN_OF:
        raise InputProblem("It is no month of readings of one measure.", where=source.path, mend="Take the pack as it was received.")
    return DOMAIN_OF[measures[0]]
