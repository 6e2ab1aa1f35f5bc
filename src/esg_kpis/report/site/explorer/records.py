"""The records as pages show them, in files of two thousand: what was sent, what was read from it, what became of it in each edition, and what it feeds. And the files they lie in."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from esg_kpis.assurance.withheld import of_people
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.explorer.packed import packed, sent
from esg_kpis.report.site.explorer.put import SHARD, digits, path_of, script

_COLUMNS = ("line", "file", "site", "start", "end", "domain", "excluded", "quantities", "fates", "rejected", "amounts", "set")


def record_files(basis: SiteBasis, records: pl.DataFrame, rows: pl.DataFrame, feeds: pl.DataFrame, sites: Mapping[str, int], files: pl.DataFrame) -> dict[str, bytes]:
    """The files of records, a column each as `packed` leaves it, and the rows as `sent`.

    Args:
        basis: The run.
        records: Records under numbers.
        rows: Amounts with what they point to.
        feeds: The set of figures that each record feeds.
        sites: The number of each site.
        files: Files under numbers (`file`).
    """
    at = records.select("record_id", "no")
    joined = records.join(files.select("path", "sheet", "file"), on=["path", "sheet"], how="left", maintain_order="left")
    for name, frame in (("quantities", _quantities(basis)), ("fates", _fates(basis)), ("rejected", _rejected(basis))):
        own = frame.join(at, on="record_id", how="inner").sort("no", maintain_order=True).group_by("no", maintain_order=True).agg(pl.col("row").alias(name))
        joined = joined.join(own, on="no", how="left", maintain_order="left")
    made = rows.select(pl.col("record").alias("no"), pl.col("no").cast(pl.Int64).alias("amounts")).drop_nulls().sort("no", "amounts").group_by("no", maintain_order=True).agg("amounts")
    joined = joined.join(made, on="no", how="left", maintain_order="left").join(feeds.select(pl.col("record").alias("no"), "set"), on="no", how="left", maintain_order="left")
    site = pl.col("site_id").replace_strict(sites, default=-1, return_dtype=pl.Int64()) if sites else pl.lit(-1)
    every = joined.with_columns(site.alias("site"), pl.col("start", "end").cast(pl.String))
    parts = ({name: packed(part[name]) for name in _COLUMNS} | sent(part["received"]) for part in every.iter_slices(SHARD))
    return {path_of(f"records/{number}"): script(f"records/{number}", data) for number, data in enumerate(parts)}


def _row(*columns: pl.Expr | str) -> pl.Expr:
    """Some columns as one list of texts."""
    return pl.concat_list(*(pl.col(column).cast(pl.String) if isinstance(column, str) else column.cast(pl.String) for column in columns)).alias("row")


def _quantities(basis: SiteBasis) -> pl.DataFrame:
    """What was read from each record: measure, column, number and unit as received, number and unit as counted, days, meter, document, tariff, and why it does not count."""
    names = ("measure", "column", "received", "received_unit", digits("canonical"), "unit", "start", "end", "meter_id", "document", "tariff", "bill_kind", "excluded", "estimated")
    return basis.tables["quantities"].select("record_id", _row(*names), "column").sort("record_id", "column").drop("column")


def _fates(basis: SiteBasis) -> pl.DataFrame:
    """What became of each record: edition (number), fate, share, reason, rule, flags."""
    return _placed(basis).sort("record_id", "place").select("record_id", _row("place", "fate", digits("share_used"), "reason", "rule", "flags"))


def _placed(basis: SiteBasis) -> pl.DataFrame:
    """The fates of records in the editions that are shown, with the number of the edition as `place`."""
    order = {name: place for place, name in enumerate(basis.editions)}
    known = basis.tables["record_fates"].filter(pl.col("edition").is_in(list(order)))
    return known.with_columns(pl.col("edition").replace_strict(order, return_dtype=pl.Int64()).alias("place"))


def _rejected(basis: SiteBasis) -> pl.DataFrame:
    """The rules that rejected records broke: rule, column, what was read, what would be right in English and Chinese, and the message."""
    return basis.tables["rejected"].filter(~of_people()).sort("record_id", "rule", "column").select("record_id", _row("rule", "column", "read", "expected", "expected_zh", "message"))


def numbered_files(basis: SiteBasis, records: pl.DataFrame) -> pl.DataFrame:
    """The files and sheets that were looked at, under numbers, with where their records stand.

    Columns: those of `files`; `file` (number); `first` and `many` of its records (0 where it has none), `prefix` of their ids; `people`: whether it holds rows of persons.
    """
    prefix = pl.col("record_id").str.replace(r":\d+$", "").first().alias("prefix")
    spans = records.group_by("path", "sheet").agg(pl.col("no").first().alias("first"), pl.len().alias("many"), prefix)
    joined = basis.tables["files"].join(spans, on=["path", "sheet"], how="full", coalesce=True)
    # An upstream table is no file that was looked at, and its records name it all the same.
    return joined.with_columns(pl.col("first", "many").fill_null(0), pl.col("prefix").fill_null(""), of_people().alias("people")).sort("path", "sheet").with_row_index("file")


def lines_of(files: pl.DataFrame, records: pl.DataFrame) -> list[list[int]]:
    """Per file, the line with which each further file of records begins that its records go on in: so that a line is found without reading them all."""
    lines = records["line"]
    return [[lines[start] for start in range((first // SHARD + 1) * SHARD, first + many, SHARD)] for first, many in files.select("first", "many").iter_rows()]


def fate_counts(basis: SiteBasis, files: pl.DataFrame) -> dict[int, list[list[Any]]]:
    """How many records of each file had which fate: edition (number), fate, how many."""
    counted = _placed(basis).filter(~of_people()).group_by("path", "sheet", "place", "fate").len().join(files.select("path", "sheet", "file"), on=["path", "sheet"])
    found: dict[int, list[list[Any]]] = {}
    for file, place, fate, many in counted.sort("file", "place", "fate").select("file", "place", "fate", "len").iter_rows():
        found.setdefault(file, []).append([place, fate, many])
    return found


def file_pages(basis: SiteBasis, files: pl.DataFrame, feeds: Mapping[int, int]) -> list[dict[str, Any]]:
    """One entry per file and sheet, in order: what was seen of it, the fates of its records by edition, what was rejected that is no record, and what it feeds. Of people only that it was there."""
    counts = fate_counts(basis, files)
    seen = ("sha256", "bytes", "encoding", "delimiter", "header_line", "understood", "status", "problem", "mends_path", "mends_sheet")
    lost = basis.tables["rejected"].filter(~of_people()).join(basis.tables["records"].select("record_id"), on="record_id", how="anti")
    alone: dict[tuple[str, str], list[list[Any]]] = {}
    for path, sheet, *told in lost.sort("path", "sheet", "line", "rule", "column").select("path", "sheet", "line", "rule", "message").iter_rows():
        alone.setdefault((path, sheet), []).append(told)
    found = []
    for row in files.iter_rows(named=True):
        names = ("sha256",) if row["people"] else seen  # The size of a file of few rows says how many they are.
        page = {name: row[name] for name in names if row[name] not in (None, "")}
        if not row["people"]:
            page |= {"fates": counts.get(row["file"], []), "rejected": alone.get((row["path"], row["sheet"]), []), "set": feeds.get(row["file"])}
        found.append(page)
    return found
