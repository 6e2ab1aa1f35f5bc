"""What of other tables tells of people, and is left out of a pack."""

from dataclasses import replace

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.assurance.withheld import NOT_SHOWN, PER_HEAD, of_people
from esg_kpis.domains.people import FORMS
from esg_kpis.editions import Edition, Kpi
from esg_kpis.tables import ANOMALIES, FINDINGS, PACK_CONTROLS, PEOPLE_CONTROLS, Table, conform

FEW = "it would tell of fewer persons than the edition shows"

TOLD_FINDINGS: Table = replace(FINDINGS, columns=tuple(column for column in FINDINGS.columns if column.name != "state"))
"""Findings without what is still to be done about each at home: it follows from the other columns, and a pack that was signed before it was there has the same form."""
TOLD_ANOMALIES: Table = replace(ANOMALIES, columns=tuple(replace(column, nullable=column.nullable or column.name in ("observed", "expected")) for column in ANOMALIES.columns))
"""Anomalies without the figures per head."""


def controls_told(controls: pl.DataFrame, cells: pl.DataFrame, values: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Control totals of people files.

    Those of a form (spells, training, injuries) are told as a whole or not at all: not where a file of it tells of too few persons, nor where anything that is counted from it is left out of the
    KPIs or of `cells`, since a total may give that back.

    Columns: as `pack_controls` in the data dictionary.
    """
    hidden = _measures(edition, values.filter(pl.col("status") == "suppressed")["kpi_id"].unique().to_list()) | {*cells.filter(pl.col("withheld").is_not_null())["measure"]}
    few = controls.filter((pl.col("persons") > 0) & (pl.col("persons") < edition.rules.small_groups.k))["form"].unique().to_list()
    forms = [name for name, form in FORMS.items() if name in few or hidden.intersection(form.measures)]
    kept = (*PEOPLE_CONTROLS.key, "record_id", "form", "keys", "state")
    gone = pl.col("form").is_in(forms)
    told = controls.with_columns(pl.when(~gone).then(pl.col(name)).alias(name) for name in PEOPLE_CONTROLS.names if name not in kept)
    return conform(told.with_columns(pl.when(gone).then(pl.lit(FEW)).alias("withheld")), PACK_CONTROLS)


def _measures(edition: Edition, kpi_ids: list[str]) -> set[str]:
    """The measures of people that some KPIs rest on."""

    def below(kpi: Kpi) -> set[str]:
        own = {measure for amounts in kpi.amounts for measure in amounts.measure if measure in OF_PEOPLE}
        return own.union(*(below(edition.kpis[name]) for name in (kpi.numerator, kpi.denominator) if name))

    return set().union(*(below(edition.kpis[name]) for name in kpi_ids if name in edition.kpis))


def rejected_told(rejected: pl.DataFrame) -> pl.DataFrame:
    """Rejections; those of people by place alone, without the site and the days of a person."""
    return rejected.with_columns(pl.when(~of_people()).then(pl.col(name)).alias(name) for name in ("site_id", "start", "end"))


def estimates_told(estimates: pl.DataFrame) -> pl.DataFrame:
    """Estimates; those per head without the sentence that names how many there are."""
    return estimates.with_columns(pl.when(pl.col("method") == PER_HEAD).then(pl.lit(NOT_SHOWN)).otherwise(pl.col("basis")).alias("basis"))


def anomalies_told(anomalies: pl.DataFrame) -> pl.DataFrame:
    """Anomalies; those per head without their figures, of which together with exact amounts the heads of a site would follow."""
    gone = pl.col("kind") == PER_HEAD
    figures = [pl.when(~gone).then(pl.col(name)).alias(name) for name in ("observed", "expected", "ratio", "explained_observed")]
    return conform(anomalies.with_columns(*figures, pl.when(gone).then(pl.lit(NOT_SHOWN)).otherwise(pl.col("contributors")).alias("contributors")), TOLD_ANOMALIES)
