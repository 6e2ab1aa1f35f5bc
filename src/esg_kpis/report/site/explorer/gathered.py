"""Everything the explorer's data are written from, each thing under its number."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.explorer.amounts import Numbers, estimates_of, linked, numbers_of
from esg_kpis.report.site.explorer.cells import Pages, pages_of
from esg_kpis.report.site.explorer.feeds import Sets, by_factor, of_groups, of_records, united
from esg_kpis.report.site.explorer.figures import Figures, figures_of
from esg_kpis.report.site.explorer.measures import measure_names
from esg_kpis.report.site.explorer.numbered import Numbered, numbered, records_of
from esg_kpis.report.site.explorer.places import meters_of
from esg_kpis.report.site.explorer.records import numbered_files


@dataclass(frozen=True)
class Feeds:
    """The set of figures that each thing feeds: of records as a frame (`record`, `set`), of the others by number."""

    records: pl.DataFrame
    sites: Mapping[int, int]
    meters: Mapping[int, int]
    files: Mapping[int, int]
    factors: Mapping[int, int]


@dataclass(frozen=True)
class Gathered:
    """One run under numbers. `rows` are the amounts with what they point to."""

    basis: SiteBasis
    amounts: Numbered
    records: pl.DataFrame
    figures: Figures
    numbers: Numbers
    pages: Pages
    sites: pl.DataFrame
    meters: pl.DataFrame
    files: pl.DataFrame
    estimates: pl.DataFrame
    rows: pl.DataFrame
    sets: Sets
    feeds: Feeds

    @cached_property
    def site_of(self) -> dict[str, int]:
        """The number of each site."""
        return dict(self.sites.select("site_id", "site").iter_rows())

    @cached_property
    def measures(self) -> list[str]:
        """The measures in order."""
        return measure_names(self.basis, self.pages)


def gather(basis: SiteBasis) -> Gathered:
    """Puts a run under numbers.

    Raises:
        InternalProblem: if a formula over the terms does not give a figure to its last digit.
    """
    amounts, records = numbered(basis), records_of(basis)
    figures = figures_of(basis, amounts)
    divisors = [item.choice.factor.factor_id for own in figures.editions for item in own.terms.sums if item.choice is not None]
    numbers = numbers_of(amounts, divisors)
    pages = pages_of(basis, figures, numbers.factors)
    sites = basis.tables["sites"].sort("site_id").with_row_index("site")
    meters, files = meters_of(basis), numbered_files(basis, records)
    estimates = estimates_of(basis.tables["estimates"].filter(pl.col("edition").is_in(list(basis.editions))), amounts.hidden_in)
    rows = linked(amounts, records, estimates, numbers)
    sets = Sets()
    groups = of_groups(figures, pages.cell_of, amounts, sets)
    of_record = of_records(rows, groups, records, dict(numbers.factors), sets)
    of_site = amounts.groups.select("group", "site_id").join(groups, on="group", how="inner").join(sites.select("site_id", "site"), on="site_id", how="inner")
    metered = basis.tables["quantities"].select("record_id", "site_id", "meter_id").unique().join(meters, on=["site_id", "meter_id"], how="inner").join(records.select("record_id", "no"), on="record_id", how="inner")
    of_file = records.select("no", "path", "sheet").join(files.select("path", "sheet", "file"), on=["path", "sheet"], how="inner")
    by_record = of_record.rename({"record": "no"})
    pairs = {
        "site": of_site, "meter": metered.join(by_record, on="no", how="inner"), "file": of_file.join(by_record, on="no", how="inner"),
        "factor": by_factor(rows).join(groups, on="group", how="inner"),
    }  # fmt: skip
    fed = {name: dict(united(frame, name, sets).iter_rows()) for name, frame in pairs.items()}
    feeds = Feeds(of_record, fed["site"], fed["meter"], fed["file"], fed["factor"])
    return Gathered(basis, amounts, records, figures, numbers, pages, sites, meters, files, estimates, rows, sets, feeds)
