"""The tables of a pack, by path: made by the one who packs from a run, and by the one who verifies from the files enclosed."""

from collections.abc import Mapping, Sequence

import polars as pl

from esg_kpis.assurance.lineage import OF_PEOPLE, lineage_of
from esg_kpis.assurance.tie_out import tie_out
from esg_kpis.assurance.withheld import findings_told
from esg_kpis.editions import Edition
from esg_kpis.editions.labelled import kpi_labels
from esg_kpis.evidence.factors_used import factors_used
from esg_kpis.evidence.inputs import inputs_of_pack
from esg_kpis.evidence.people_cells import people_cells
from esg_kpis.evidence.received import Found
from esg_kpis.evidence.register import register_of
from esg_kpis.evidence.tables import TYPED, typed_path
from esg_kpis.evidence.withheld import TOLD_ANOMALIES, TOLD_FINDINGS, anomalies_told, controls_told, estimates_told, rejected_told
from esg_kpis.kpis import Inputs, period_before
from esg_kpis.tables import (
    CLAIMS,
    COVERAGE_SUMMARY,
    ESTIMATES,
    FACTORS_USED,
    INPUTS,
    KPI_REGISTER,
    LINEAGE,
    PACK_CONTROLS,
    PEOPLE_CELLS,
    RECORD_FATES,
    TIE_OUT,
    Table,
    conform,
)

REGISTER, CELLS, CONTROLS = "kpi_register.csv", "people/cells.csv", "people/controls.csv"
TABLES: dict[str, Table] = {
    REGISTER: KPI_REGISTER, "tie_out.csv": TIE_OUT, "lineage.csv": LINEAGE, "record_fates.csv": RECORD_FATES, "inputs.csv": INPUTS, "factors_used.csv": FACTORS_USED, "estimates.csv": ESTIMATES,
    "claims.csv": CLAIMS, "coverage_summary.csv": COVERAGE_SUMMARY, CELLS: PEOPLE_CELLS, CONTROLS: PACK_CONTROLS, **{typed_path(table): table for table in TYPED},
}  # fmt: skip
"""What can be made again from the files enclosed and, where it is about people, from the annex."""
JUDGED: dict[str, Table] = {"findings.csv": TOLD_FINDINGS, "anomalies.csv": TOLD_ANOMALIES}
"""What a run judged, with what other editions and runs say: it is signed, and not made again."""
WHAT = {
    REGISTER: "Every KPI of the edition and period: value, boundary, formula, definition, codes, and what was printed",
    "tie_out.csv": "Computed against published",
    "lineage.csv": "From each KPI to the amounts and records that it adds up: quantity x times, summed over a term, is the term exactly. Sorted by record_id it leads from a record to KPIs. People are left out",
    "record_fates.csv": "What became of each record in the edition",
    "inputs.csv": "Every file received: hash, bytes, rows, what became of them, control totals",
    "factors_used.csv": "The factors with value, source, page, data period, and the rule that chose them",
    "estimates.csv": "Gaps that were filled, each with its computation",
    "claims.csv": "Claims of contractual instruments: accepted, or refused with the reason",
    "coverage_summary.csv": "How complete each measure is",
    CELLS: "Sums of people that the shown KPIs rest on, as far as they tell of no small group",
    CONTROLS: "Control totals of the people files, as far as they tell of no small group",
    "findings.csv": "What checks found, with waivers",
    "anomalies.csv": "What is unlike last year or its peers, with its explanation",
}
"""What each table is, for the README and datapackage.json."""


def periods_of(edition: Edition, period: str) -> list[str]:
    """The period of a pack, and the one before it where a growth rests on that."""
    before = period_before(edition, edition.periods[period]) if any(kpi.formula == "growth" for kpi in edition.kpis.values()) else None
    return [period] if before is None else [period, before.id]


def tables_of(
    inputs: Inputs, tables: Mapping[str, pl.DataFrame], values: pl.DataFrame, period: str, found: Sequence[Found], told: tuple[pl.DataFrame, pl.DataFrame] | None = None
) -> dict[str, pl.DataFrame]:  # fmt: skip
    """The tables of a pack by path, as `TABLES` declares them.

    Args:
        inputs: What the edition's KPIs are made of.
        tables: What was received and what the edition makes of it, by the names of the data dictionary.
        values: Cells of the edition, as they are shown.
        period: The period of the pack.
        found: The files received.
        told: Sums and control totals of people, where their files are not there to make them from.
    """
    edition = inputs.edition
    named = periods_of(edition, edition.period_named(period).id)
    here = pl.col("period") == period
    of_edition = {name: frame.filter(pl.col("edition") == edition.id) if "edition" in frame.columns else frame for name, frame in tables.items()}
    compared = tie_out(values, of_edition["published"], edition)
    if told is None:
        cells = people_cells(inputs, values, period)
        told = cells, controls_told(tables["people_controls"], cells, values, edition)
    cells, controls = told
    withheld = {*controls.filter(pl.col("withheld").is_not_null())["path"]}
    lineage = lineage_of(inputs, of_edition["edition_amounts"], tables["sites"], values.filter(here))
    made = {
        REGISTER: register_of(edition, values, compared, kpi_labels(edition, values), period), "tie_out.csv": compared.filter(here),
        "lineage.csv": lineage.filter(~pl.col("measure").is_in(OF_PEOPLE)), "record_fates.csv": of_edition["record_fates"],
        "inputs.csv": inputs_of_pack(found, of_edition, withheld), "factors_used.csv": factors_used(of_edition["factor_uses"], inputs, named),
        CELLS: cells, CONTROLS: controls,
    }  # fmt: skip
    made |= {f"{name}.csv": of_edition[name].filter(pl.col("period").is_in(named)) for name in ("estimates", "claims", "coverage_summary")}
    made["estimates.csv"] = estimates_told(made["estimates.csv"])
    return made | {typed_path(table): rejected_told(of_edition[table.name]) if table.name == "rejected" else of_edition[table.name] for table in TYPED}


def judged_of(tables: Mapping[str, pl.DataFrame], edition: str, period: str) -> dict[str, pl.DataFrame]:
    """What a run judged, of the edition or of all."""
    anomalies = tables["anomalies"].filter((pl.col("edition") == edition) & (pl.col("period") == period))
    findings = tables["findings"].filter(pl.col("edition").is_in([edition, ""]))
    return {"findings.csv": conform(findings_told(findings, tables["anomalies"], tables["people_controls"]).drop("state"), TOLD_FINDINGS), "anomalies.csv": anomalies_told(anomalies)}
