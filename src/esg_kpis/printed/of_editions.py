"""The printed tables of a workspace's editions, with the checks.yaml that may stand beside each kpis.yaml."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from esg_kpis.editions import Edition
from esg_kpis.printed.entries import ChecksFile
from esg_kpis.printed.judge import Document, check_table
from esg_kpis.printed.read import CHECKS_FILE, read_checks


def check_editions(folder: Path, editions: Sequence[Edition], every: Sequence[Edition], published: pl.DataFrame) -> pl.DataFrame:
    """The checks of `editions`; the others of `every` lend figures that are named as theirs.

    Args:
        folder: Where the editions lie.
        editions: Those to be checked.
        every: All of the workspace.
        published: Figures of those to be checked.

    Columns: as `table_checks` in the data dictionary.

    Raises:
        InputProblem: if a checks.yaml cannot be read, or names what is not there.
    """
    wanted = [edition.id for edition in editions]
    figures = pl.concat([published, *(edition.published for edition in every if edition.id not in wanted)]).with_columns(pl.col("edition").alias("document"))
    return check_table(figures, {edition.id: Document(edition.kpis, _checks_of(folder / edition.id)) for edition in editions}, wanted)


def _checks_of(folder: Path) -> ChecksFile:
    path = folder / CHECKS_FILE
    return read_checks(path, f"editions/{folder.name}/{CHECKS_FILE}") if path.exists() else ChecksFile()
