"""All files of a workspace: read, typed, judged against the registers and each other, and every row accounted for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from esg_kpis.domains import DOMAINS
from esg_kpis.files import LINE, Source
from esg_kpis.ingest import observations
from esg_kpis.ingest.accounting import FileRead, ragged_rejections, records_of, rejected_of
from esg_kpis.ingest.bills import judged
from esg_kpis.ingest.columns import declared_columns
from esg_kpis.ingest.declared import column_aliases
from esg_kpis.ingest.examples import example_rows
from esg_kpis.ingest.instruments import instrument_rows
from esg_kpis.ingest.kept import Kept
from esg_kpis.ingest.meters import meter_rows
from esg_kpis.ingest.ownership import ownership_rows
from esg_kpis.ingest.quantities import no_quantities
from esg_kpis.ingest.rejections import REJECTION
from esg_kpis.ingest.returned import MENDS, replaced
from esg_kpis.ingest.rows import register_problems
from esg_kpis.ingest.shape import holds_things, theirs_of
from esg_kpis.ingest.sites import site_rows
from esg_kpis.ingest.stated import stated_twice
from esg_kpis.ingest.take import Taken, raw_files, take, take_made
from esg_kpis.ingest.things import UNTIL, listed_and_told, lists_end, thing_rows
from esg_kpis.ingest.totals import control_totals
from esg_kpis.ingest.wide import unread
from esg_kpis.tables import FILES, QUANTITIES, RECORDS, conform, stacked
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
    ownership: pl.DataFrame
    instruments: pl.DataFrame
    published: pl.DataFrame
    observations: pl.DataFrame


@dataclass(frozen=True)
class Metered:
    """What tables of meter readings give: files of months as bills, with the domain that each feeds, some of them as they were known on an earlier day; a row of `files` for everything that lies there; and what was stopped or refused, as rows of `rejected`."""

    months: Sequence[tuple[Source, str]] = ()
    files: Sequence[dict[str, Any]] = ()
    refused: Sequence[dict[str, Any]] = ()


_VERSION = re.compile(r"^readings/[^/@]+/\d{4}-\d{2}@(?P<day>\d{4}-\d{2}-\d{2})\.")
"""How a month of readings is named that is as it was known on another day than the latest."""
AS_KNOWN = "as known on "
"""How the reason begins of what stands in such a month: it counts in editions of that knowledge date only."""


def ingest(workspace: Workspace, as_of: date, metered: Metered | None = None) -> Ingested:
    """Reads everything under data/raw.

    A file that cannot be read, or lacks a column, is stopped: it becomes one row of `rejected` with line 0. A `_format.toml` that cannot be read stops
    the files of its folder.

    Args:
        workspace: The workspace.
        as_of: The last day data can be about.
        metered: What the tables of readings give, for the meters of `registered_meters`.
    """
    taken = Taken(workspace.raw, Kept(workspace.sheets))
    for path, domain in raw_files(workspace.raw):
        take(taken, path, domain)
    if metered is not None:
        for source, domain in metered.months:
            take_made(taken, source, domain)
        taken.files += metered.files
        taken.stopped += metered.refused
    taken.kept.forget_others()
    return _judged(taken, as_of)


def registered_meters(workspace: Workspace) -> pl.DataFrame:
    """The register of meters alone, as `ingest` gives it."""
    return _register_of_meters(workspace)[0]


def refused_meters(workspace: Workspace) -> pl.DataFrame:
    """What the register of meters names in rows that were rejected: `measure`, `meter_id`, `rule`."""
    return _register_of_meters(workspace)[1]


def _register_of_meters(workspace: Workspace) -> tuple[pl.DataFrame, pl.DataFrame]:
    taken = Taken(workspace.raw, Kept(workspace.sheets))
    for path, domain in raw_files(workspace.raw):
        if domain in ("sites", "meters", None):
            take(taken, path, domain)
    mended, idle = _mended(taken)
    gone = mended["record_id"]
    bad = _ids([idle, *(_without(feed.rejected, gone) for item in taken.read for _, feed in item.feeds)])
    sites, problems = site_rows(_bases(taken.read, "sites", gone), bad)
    bases = _bases(taken.read, "meters", gone)
    meters, refused = meter_rows(bases, _ids([bad.to_frame(), problems]), _without(sites, problems["record_id"]))
    rules = pl.concat([refused, idle, *(_without(feed.rejected, gone) for item in taken.read for _, feed in item.feeds)]).select("record_id", "rule")
    named = pl.concat([pl.DataFrame(schema=dict.fromkeys(("record_id", "measure", "meter_id"), pl.String())), *(base.select("record_id", "measure", "meter_id") for base in bases)])
    return meters, named.join(rules, on="record_id", how="inner").select("measure", "meter_id", "rule").unique().sort("measure", "meter_id", "rule")


def _judged(taken: Taken, as_of: date) -> Ingested:
    read = taken.read
    mended, idle = _mended(taken)
    gone = mended["record_id"]
    rejected = [idle, *(feed.rejected for item in read for _, feed in item.feeds), *(ragged_rejections(item) for item in read if item.sheet.ragged)]
    rejected = [*(_without(frame, gone) for frame in rejected), _as_it_was(rejected, mended, read)]
    register, site_problems = site_rows(_bases(read, "sites", gone), _ids(rejected))
    meters, meter_problems = meter_rows(_bases(read, "meters", gone), _ids(rejected), register)
    ownership, ownership_problems = ownership_rows(_bases(read, "ownership", gone), _ids(rejected), register)
    instruments, instrument_problems = instrument_rows(_bases(read, "instruments", gone), _ids(rejected), register)
    versions = _versions(read)
    latest = [item for item in read if item.sheet.source.path not in versions]
    sent = _without(stacked([no_quantities(), *(feed.quantities for item in latest for _, feed in item.feeds)]), gone)
    earlier = stacked([no_quantities(), *(feed.quantities for item in read if item.sheet.source.path in versions for _, feed in item.feeds)])
    rejected += _in_their_words(pl.concat([site_problems, meter_problems, ownership_problems, instrument_problems]), read)
    things = _things(read, gone)
    at_sites = [frame.select("record_id", "domain", "site_id", "start", "end") for frame in (sent, earlier, *things.values())]
    rejected += _in_their_words(register_problems(pl.concat(at_sites), register, as_of), read)
    records = records_of(read, _ids(rejected), mended)
    places = records.select("record_id", "path", "line")
    bills = judged(_without(sent, _ids(rejected)), places, meters)
    as_known = [_as_known(day, latest, read, _without(sent, _ids(rejected)), _without(earlier, _ids(rejected)), places, meters) for day in sorted(set(versions.values()))]
    lists = [thing_rows(DOMAINS[name], _without(frame, _ids(rejected)), places, as_of) for name, frame in things.items()]
    refused = pl.concat([bills.rejected, *(frame for _, frame in as_known), stated_twice(bills.quantities, register), *(problems for _, problems in lists), *(listed_and_told(counted, bills.quantities) for counted, _ in lists)])
    rejected += _in_their_words(refused, read)
    bad = _ids(rejected)
    left = pl.concat([bad, gone]).unique()
    return Ingested(
        files=conform(pl.DataFrame(taken.files, schema=FILES.schema), FILES),
        records=conform(_without_site(records, refused), RECORDS),
        rejected=_at_known_sites(rejected_of(read, rejected, records, taken.stopped), register),
        quantities=conform(_without(stacked([bills.quantities.select(QUANTITIES.names), *(frame for frame, _ in as_known), *(counted for counted, _ in lists)]), bad), QUANTITIES),
        sites=_without(register, bad),
        meters=meters,
        ownership=_without(ownership, bad),
        instruments=_without(instruments, bad),
        published=pl.concat(
            [observations.no_published(), *(observations.published(item.sheet, item.entry, item.records) for item in latest)]
        ),
        observations=pl.concat(
            [observations.observe(item.sheet, item.entry, item.records, left) for item in latest]
            + [observations.of_feed(item.sheet, spec, feed.base, feed.quantities if len(item.feeds) == 1 else pl.concat(own.quantities for _, own in item.feeds), left) for item in latest for spec, feed in item.feeds]
            + [control_totals(item.sheet, item.aside, item.entry) for item in latest]
            + [observations.of_formulas(item.sheet, item.records) for item in latest]
            + [observations.of_columns(item.sheet, unread(item.sheet, [feed for feed, _ in item.feeds], declared_columns(item.entry), column_aliases(None))) for item in latest]
            + [lists_end(DOMAINS[name], _without(frame, left), places, as_of) for name, frame in things.items()]
            + [example_rows(records, left), bills.observations, observations.of_files(pl.DataFrame(taken.files, schema=FILES.schema))]
        ),
    )


def _versions(read: list[FileRead]) -> dict[str, str]:
    """Months of readings as they were known on an earlier day: path to that day."""
    return {item.sheet.source.path: found["day"] for item in read if (found := _VERSION.match(item.sheet.source.path))}


def _as_known(day: str, latest: list[FileRead], read: list[FileRead], sent: pl.DataFrame, earlier: pl.DataFrame, places: pl.DataFrame, meters: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The quantities of months as they were known on a day, judged among everything else but the months they stand for; and the rejections of them. None counts but in editions of that day."""
    of_day = [item for item in read if _versions([item]).get(item.sheet.source.path) == day]
    replaced = {item.sheet.source.path.replace(f"@{day}", "") for item in of_day}
    instead = pl.concat([pl.Series("record_id", [], dtype=pl.String()), *(item.records["record_id"] for item in latest if item.sheet.source.path in replaced)])
    own = pl.concat([pl.Series("record_id", [], dtype=pl.String()), *(item.records["record_id"] for item in of_day)]).implode()
    found = judged(stacked([_without(sent, instead), earlier.filter(pl.col("record_id").is_in(own))]), places, meters)
    known = found.quantities.filter(pl.col("record_id").is_in(own)).with_columns(pl.coalesce("excluded", pl.lit(f"{AS_KNOWN}{day}")).alias("excluded"))
    return known.select(QUANTITIES.names), found.rejected.filter(pl.col("record_id").is_in(own))


def _at_known_sites(rejected: pl.DataFrame, register: pl.DataFrame) -> pl.DataFrame:
    """Rejections without the site, where it is none: its record may belong to any."""
    return rejected.with_columns(pl.when(pl.col("site_id").is_in(register["site_id"].implode())).then(pl.col("site_id")).alias("site_id"))


def _mended(taken: Taken) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records that others mend, and the rejections of rows that mend nothing."""
    known = pl.Series("record_id", [], dtype=pl.String())
    if taken.mends:
        known = pl.concat([frame["record_id"] for item in taken.read for frame in (item.records, ragged_rejections(item))])
    return replaced(pl.concat([pl.DataFrame(schema=MENDS), *taken.mends]), known)


def _as_it_was(rejected: list[pl.DataFrame], mended: pl.DataFrame, read: list[FileRead]) -> pl.DataFrame:
    """Rejections of mended rows whose number was refused and stands there as it was: what may be two numbers is not one because it comes again."""
    by = {old: words.removeprefix("mended by record ") for old, words in mended.iter_rows()}
    again = pl.concat([pl.DataFrame(schema=REJECTION), *rejected]).filter((pl.col("rule") == "number") & pl.col("record_id").is_in(list(by)))
    if again.is_empty():
        return again
    sheets = {name: (item.sheet.rows, line) for item in read for name, line in item.records.filter(pl.col("record_id").is_in(list(by.values()))).select("record_id", LINE).iter_rows()}
    rows = []
    for row in again.iter_rows(named=True):
        cells, line = sheets.get(by[row["record_id"]], (None, 0))
        if cells is not None and row["column"] in cells.columns and cells.filter(pl.col(LINE) == line)[row["column"]].item() == row["read"]:
            rows.append(row | {"record_id": by[row["record_id"]]})
    return pl.DataFrame(rows, schema=REJECTION)


def _in_their_words(rejected: pl.DataFrame, read: list[FileRead]) -> list[pl.DataFrame]:
    """Rejections with our names for the site and the days replaced by those of the sender."""
    parts = []
    for item in read if rejected.height else ():
        own = rejected.filter(pl.col("record_id").is_in(item.records["record_id"].implode()))
        if own.is_empty():
            continue
        days = {ours: _theirs(item, (ours, "period", "month", "date")) for ours in ("period_start", "period_end")}
        parts.append(own.with_columns(pl.col("column").replace({"site_id": _theirs(item, ("site_id",)), **days})))
    return parts


def _theirs(item: FileRead, names: tuple[str, ...]) -> str:
    """The sender's column for the first of our names that the sheet has."""
    found = (theirs for name in names for spec, _ in item.feeds if (theirs := theirs_of(name, item.sheet, spec)))
    return next(found, names[0])


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


def _things(read: list[FileRead], gone: pl.Series) -> dict[str, pl.DataFrame]:
    """The rows of each domain that are things rather than quantities, with their `domain`."""
    names = dict.fromkeys(spec.domain for item in read for spec, _ in item.feeds if holds_things(item.sheet, spec))
    return {
        name: pl.concat(_without(feed.base, gone).with_columns(pl.lit(item.entry.complete_until, dtype=pl.Date()).alias(UNTIL)) for item in read for spec, feed in item.feeds if spec.domain == name and holds_things(item.sheet, spec)).with_columns(pl.lit(name).alias("domain"))
        for name in names
    }


def _ids(rejected: list[pl.DataFrame]) -> pl.Series:
    return pl.concat([pl.DataFrame(schema={"record_id": pl.String()}), *(frame.select("record_id") for frame in rejected)])["record_id"].unique().sort()
