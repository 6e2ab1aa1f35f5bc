"""One edition computed from a folder of files, from the bytes on: the way of `esg-kpis run`, without Dagster and without what a run keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from esg_kpis.amounts import Coverage, amounts_of, amounts_of_people, coverage_of, outliers_of
from esg_kpis.assurance import findings as judging
from esg_kpis.assurance.tie_out import published_of
from esg_kpis.disclosure import suppressed
from esg_kpis.editions import Edition, counting_of, read_editions
from esg_kpis.editions.boundary import record_fates
from esg_kpis.editions.consolidation import days_of
from esg_kpis.editions.gaps import months_expected
from esg_kpis.errors import InputProblem
from esg_kpis.factors import Library, Received, counted_in, read_library, with_earlier, with_instruments
from esg_kpis.ingest import Ingested, ingest
from esg_kpis.kpis import Inputs, Told, evaluate, inputs_of, with_targets
from esg_kpis.people import People, people_of
from esg_kpis.readings.enclosed import enclosed_months
from esg_kpis.tables import REJECTED, conform
from esg_kpis.workspace import Workspace


@dataclass(frozen=True)
class Rebuilt:
    """What the library makes of a workspace for one edition. `values` are its cells as they are shown; `tables` what else a run would write, of the edition, by name; `versions` which months of readings stand for which knowledge date."""

    edition: Edition
    editions: Sequence[Edition]
    library: Library
    ingested: Ingested
    people: People
    inputs: Inputs
    tables: dict[str, pl.DataFrame]
    values: pl.DataFrame
    versions: pl.DataFrame


def rebuilt(workspace: Workspace, edition_id: str, known_on: date, as_of: date, rejected: pl.DataFrame, secret_file: Path | None = None, told: Told | None = None) -> Rebuilt:
    """One edition, computed anew.

    Args:
        workspace: The folder.
        edition_id: The edition; people are counted, and months expected, by what all editions in the folder ask.
        known_on: The knowledge date in force.
        as_of: The last day data can be about.
        rejected: Rejections of files that are not in the folder.
        secret_file: Secret for pseudonyms of staff numbers, where a format declares them; any one gives the same counts.
        told: Sums of people, where their files are not in the folder.
    """
    editions = read_editions(workspace.editions)
    edition = next((item for item in editions if item.id == edition_id), None)
    if edition is None:
        raise InputProblem(f"The edition '{edition_id}' is not in it.", where="definitions/editions", mend="Take the pack as it was received.")
    library = read_library(workspace.factors)
    months, versions = enclosed_months(workspace.raw)
    read = ingest(workspace, as_of, months)
    people = people_of(workspace, as_of, read.sites, counting_of(editions), secret_file)
    refused = conform(pl.concat([read.rejected, people.rejected, rejected]), REJECTED)
    amounts = pl.concat([amounts_of(read.quantities), amounts_of_people(people.counts)])
    expected = months_expected(editions, as_of)
    coverage = coverage_of(read.quantities, amounts, read.sites, read.meters, expected)
    received = Received(amounts, read.sites, read.ownership, read.instruments, refused, coverage, as_of, days_of(read.quantities))
    received = with_earlier(received, read.quantities, read.meters, expected, versions)
    tables = counted_in(received, edition, library, known_on).tables
    inputs = replace(inputs_of(tables["edition_amounts"], read.sites, with_instruments(library, read.instruments), edition, known_on), told=told)
    published = published_of(edition, read.published)
    values = with_targets(suppressed(evaluate(inputs, published), inputs), edition, published)
    tables |= _received(read, people, refused, coverage, published) | {"record_fates": _fates(read, people, refused, tables, edition)}
    return Rebuilt(edition, editions, library, read, people, inputs, tables, values, versions)


def _received(read: Ingested, people: People, rejected: pl.DataFrame, coverage: Coverage, published: pl.DataFrame) -> dict[str, pl.DataFrame]:
    both = {name: pl.concat([getattr(read, name), getattr(people, name)]) for name in ("files", "records")}
    return both | {
        "quantities": read.quantities, "sites": read.sites, "meters": read.meters, "ownership": read.ownership, "instruments": read.instruments, "rejected": rejected,
        "coverage": coverage.sites, "published": published, "people_controls": people.controls,
    }  # fmt: skip


def _fates(read: Ingested, people: People, rejected: pl.DataFrame, tables: dict[str, pl.DataFrame], edition: Edition) -> pl.DataFrame:
    observations = pl.concat([read.observations, people.observations])
    base = tables["edition_amounts"].filter(pl.col("measure") == pl.col("origin"))
    records = pl.concat([read.records, people.records])
    return record_fates(records, rejected, read.sites, read.meters, base, judging.flags_of(observations, outliers_of(read.quantities)), edition, read.ownership, read.instruments, tables["claims"])
