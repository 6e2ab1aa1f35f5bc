"""All files of a workspace: read, typed, judged against the registers and each other, and every row accounted for."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from esg_kpis.ingest import observations
from esg_kpis.ingest.accounting import FileRead, ragged_rejections, records_of, rejected_of
from esg_kpis.ingest.bills import judged
from esg_kpis.ingest.meters import meter_rows
from esg_kpis.ingest.quantities import no_quantities
from esg_kpis.ingest.returned import MENDS, replaced
from esg_kpis.ingest.rows import register_problems
from esg_kpis.ingest.sites import site_rows
from esg_kpis.ingest.take import Taken, raw_files, take
from esg_kpis.ingest.totals import control_totals
from esg_kpis.tables import FILES, QUANTITIES, RECORDS, conform
from esg_kpis.workspace import Workspace


@dataclass(frozen=True)
class Ingested:
    """What ingest hands on: tables of the data dictionary, published figures that came with the data, and observations for a person.

    Files of counted domains (people) are not among them: see the room `people`.
    """

    files: pl.DataFrame
    records: pl.DataFrame
    rejected: pl.DataFrame
    quantities: pl.DataFrame
    sites: pl.DataFrame
    meters: pl.DataFrame
    published: pl.DataFrame
    observations: pl.DataFrame


def ingest(workspace: Workspace, as_of: date) -> Ingested:
    """Reads everything under data/raw.

    A file that cannot be read, or lacks a column, is stopped: it becomes one row of `rejected` with line 0. A `_format.toml` that cannot be read stops
    the files of its folder.

    Args:
        workspace: The workspace.
        as_of: The last day data can be about.
    """
    taken = Taken(workspace.raw)
    for path, domain in raw_files(workspace.raw):
        take(taken, path, domain)
    return _judged(taken, as_of)


def _judged(taken: Taken, as_of: date) -> Ingested:
    read = taken.read
    known = pl.concat([pl.DataFrame(schema={"record_id": pl.String()}), *(item.records.select("record_id") for item in read), *(pl.DataFrame({"record_id": ragged_rejections(item)["record_id"]}) for item in read)])
    mended, idle = replaced(pl.concat([pl.DataFrame(schema=MENDS), *taken.mends]), known["record_id"])
    gone = mended["record_id"]
    rejected = [idle, *(feed.rejected for item in read for _, feed in item.feeds), *(ragged_rejections(item) for item in read)]
    rejected = [_without(frame, gone) for frame in rejected]
    register, site_problems = site_rows(_bases(read, "sites", gone), _ids(rejected))
    meters, meter_problems = meter_rows(_bases(read, "meters", gone), _ids(rejected), register)
    sent = _without(pl.concat([no_quantities(), *(feed.quantities for item in read for _, feed in item.feeds)]), gone)
    rejected += [site_problems, meter_problems]
    rejected += [register_problems(item.sheet, spec, _without(feed.quantities, gone), register, as_of) for item in read for spec, feed in item.feeds]
    records = records_of(read, _ids(rejected), mended)
    bills = judged(_without(sent, _ids(rejected)), records.select("record_id", "path", "line"), meters)
    rejected += [_in_their_words(bills.rejected, item) for item in read] if bills.rejected.height else []
    bad = _ids(rejected)
    left = pl.concat([bad, gone]).unique()
    return Ingested(
        files=conform(pl.DataFrame(taken.files, schema=FILES.schema), FILES),
        records=conform(_without_site(records, bills.rejected), RECORDS),
        rejected=rejected_of(read, rejected, records, taken.stopped),
        quantities=conform(_without(bills.quantities, bad), QUANTITIES),
        sites=_without(register, bad),
        meters=meters,
        published=pl.concat(
            [observations.no_published(), *(observations.published(item.sheet, item.entry, item.records) for item in read)]
        ),
        observations=pl.concat(
            [observations.observe(item.sheet, item.entry, item.records, left) for item in read]
            + [observations.of_feed(item.sheet, spec, feed.base, feed.quantities, left) for item in read for spec, feed in item.feeds]
            + [control_totals(item.sheet, item.aside, item.entry) for item in read]
            + [observations.of_formulas(item.sheet, item.records) for item in read]
            + [bills.observations, observations.of_files(pl.DataFrame(taken.files, schema=FILES.schema))]
        ),
    )


def _in_their_words(rejected: pl.DataFrame, item: FileRead) -> pl.DataFrame:
    """The rejections of one sheet, with the day a bill begins called as its sender calls it."""
    own = rejected.filter(pl.col("record_id").is_in(item.records["record_id"].implode()))
    names = (name for spec, _ in item.feeds for name in ("period_start", "period", "month", "date") if name in spec.columns or name in item.sheet.columns)
    ours = next(names, "period_start")
    theirs = next((spec.columns[ours] for spec, _ in item.feeds if ours in spec.columns), ours)
    return own.with_columns(pl.col("column").replace({"period_start": theirs}))


def _without(frame: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return frame.filter(~pl.col("record_id").is_in(ids.implode())) if ids.len() and frame.height else frame


def _without_site(records: pl.DataFrame, rejected: pl.DataFrame) -> pl.DataFrame:
    """A rejected record has no site as understood."""
    if rejected.is_empty():
        return records
    bad = pl.col("record_id").is_in(rejected["record_id"].unique().implode())
    return records.with_columns(pl.when(bad).then(None).otherwise(pl.col("site_id")).alias("site_id"))


def _bases(read: list[FileRead], domain: str, gone: pl.Series) -> list[pl.DataFrame]:
    return [_without(feed.base, gone) for item in read for spec, feed in item.feeds if spec.domain == domain]


def _ids(rejected: list[pl.DataFrame]) -> pl.Series:
    return pl.concat([pl.DataFrame(schema={"record_id": pl.String()}), *(frame.select("record_id") for frame in rejected)])["record_id"].unique().sort()
