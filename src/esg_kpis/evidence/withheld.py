"""What of other tables tells of people, and is left out of a pack."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.domains.people import FORMS
from esg_kpis.editions import Edition, Kpi
from esg_kpis.evidence.received import OF_PEOPLE as FOLDERS
from esg_kpis.tables import ANOMALIES, PACK_CONTROLS, PEOPLE_CONTROLS, Table, conform

NOT_SHOWN = "(withheld: it tells of people)"
FEW = "it would tell of fewer persons than the edition shows"
PEOPLE_CHECKS = ("people_lock", "roll_forward", "unknown_word", "uncovered", "people_unfinished", "people_ahead", "people_outlier", "movement_uncounted", "not_stated")
"""Checks of which what was observed counts persons, or names rows of persons."""
_PER_HEAD = "per_head"

TOLD_ANOMALIES: Table = replace(ANOMALIES, columns=tuple(replace(column, nullable=column.nullable or column.name in ("observed", "expected")) for column in ANOMALIES.columns))
"""Anomalies without the figures per head."""


def of_people(path: str = "path") -> pl.Expr:
    """Whether a row is about a file of persons."""
    return pl.any_horizontal(pl.lit(value=False), *(pl.col(path).str.starts_with(f"{folder}/") for folder in FOLDERS))


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
    return estimates.with_columns(pl.when(pl.col("method") == _PER_HEAD).then(pl.lit(NOT_SHOWN)).otherwise(pl.col("basis")).alias("basis"))


def anomalies_told(anomalies: pl.DataFrame) -> pl.DataFrame:
    """Anomalies; those per head without their figures, of which together with exact amounts the heads of a site would follow."""
    gone = pl.col("kind") == _PER_HEAD
    figures = [pl.when(~gone).then(pl.col(name)).alias(name) for name in ("observed", "expected", "ratio", "explained_observed")]
    return conform(anomalies.with_columns(*figures, pl.when(gone).then(pl.lit(NOT_SHOWN)).otherwise(pl.col("contributors")).alias("contributors")), TOLD_ANOMALIES)


def tells_heads(estimates: pl.DataFrame, values: pl.DataFrame) -> tuple[str, ...]:
    """The editions that have estimates per head beside figures that are hidden: with the rate, such an estimate says how many heads its site has."""
    by_head = estimates.filter(pl.col("method") == _PER_HEAD)["edition"].unique()
    return tuple(values.filter((pl.col("status") == "suppressed") & pl.col("edition").is_in(by_head.implode()))["edition"].unique().sort())


def without_shares(column: str, where: pl.Expr) -> pl.Expr:
    """A sentence of a table without how large a part was estimated, or received: of a total that is shown, that is the estimate."""
    less = pl.col(column).str.replace(r"[\d.]+ % is estimated, more than ([\d.]+ %)", "more than ${1} is estimated").str.replace(r"; received by quantity: .*$", "")
    return pl.when(where).then(less).otherwise(pl.col(column))


def findings_told(findings: pl.DataFrame, anomalies: pl.DataFrame, controls: pl.DataFrame, heads_in: Sequence[str] = ()) -> pl.DataFrame:
    """Findings; those that count persons without what they observed, and in editions of `heads_in` those that say how much was estimated per head."""
    heads = anomalies.filter(pl.col("kind") == _PER_HEAD)["subject"].unique().to_list()
    records = controls["record_id"].unique().to_list()
    on_record = pl.any_horizontal(pl.lit(value=False), *(pl.col("record_ids").str.contains(name, literal=True) for name in records))
    per_head = (pl.col("check") == "anomaly") & pl.any_horizontal(pl.lit(value=False), *(pl.col("subject").str.starts_with(name) for name in heads))
    by_head = (pl.col("check") == "estimated") & pl.col("observed").str.contains(_PER_HEAD, literal=True) & pl.col("edition").is_in(list(heads_in))
    about = pl.col("check").is_in(PEOPLE_CHECKS) | per_head | by_head | of_people("subject") | on_record | pl.col("subject").is_in(OF_PEOPLE)
    gone = about & ~pl.col("passed")
    return findings.with_columns(observed=without_shares("observed", pl.lit(bool(heads_in)) & pl.col("edition").is_in(["", *heads_in]))).with_columns(
        pl.when(gone).then(pl.lit(NOT_SHOWN)).otherwise(pl.col("observed")).alias("observed"), pl.when(~gone).then(pl.col("difference")).alias("difference"),
        pl.when(gone & (pl.col("check") == "anomaly")).then(pl.lit(NOT_SHOWN)).otherwise(pl.col("expected")).alias("expected"),
    )  # fmt: skip
