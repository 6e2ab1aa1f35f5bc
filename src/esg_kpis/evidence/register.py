"""The register of a pack: every KPI of one edition and period with its value, boundary, formula, definition, codes, and what was printed."""

from typing import Any

import polars as pl

from esg_kpis.assurance.trace import formula
from esg_kpis.domains import DOMAIN_OF, DOMAINS
from esg_kpis.editions import Edition, Kpi
from esg_kpis.editions.entry import NOT, Where
from esg_kpis.editions.targets import Target, printed_cells, progress_cells
from esg_kpis.kpis.alike import made_of, touches
from esg_kpis.kpis.targets import boundary_in_words
from esg_kpis.tables import KPI_REGISTER, KPI_VALUES, conform

_OF_TIE_OUT = ("published", "verdict", "explanation")


def register_of(edition: Edition, values: pl.DataFrame, tie_out: pl.DataFrame, labels: pl.DataFrame, period: str) -> pl.DataFrame:
    """The register of one edition and period.

    Args:
        edition: The edition.
        values: `kpi_values` of it.
        tie_out: The same beside what was printed.
        labels: `kpi_labels` of it.
        period: The period.

    Columns: as `kpi_register` in the data dictionary.
    """
    own = values.filter((pl.col("edition") == edition.id) & (pl.col("period") == period))
    told = {kpi_id: _of_kpi(edition.kpis[kpi_id], edition, period) for kpi_id in own["kpi_id"].unique() if kpi_id in edition.kpis}
    targets = printed_cells(edition.targets) | progress_cells(edition.targets)
    key = list(KPI_VALUES.key)
    named = own.join(labels.select(*(name for name in key if name != "period"), "label_en", "label_zh"), on=[name for name in key if name != "period"], how="left")
    rows = []
    for row in named.join(tie_out.select(*key, *_OF_TIE_OUT), on=key, how="left").iter_rows(named=True):
        target = targets.get((row["kpi_id"], row["period"], row["breakdown"], row["category"]))
        rows.append(row | (told[row["kpi_id"]] if target is None and row["kpi_id"] in told else _of_target(target)))
    return conform(pl.DataFrame(rows, schema=KPI_REGISTER.schema), KPI_REGISTER)


def _of_kpi(kpi: Kpi, edition: Edition, period: str) -> dict[str, Any]:
    rules = edition.rules
    return {
        "boundary": boundary_of(kpi, edition, period), "consolidation": rules.consolidation.replace("_", " "), "formula": formula(kpi), "definition": f"{kpi.label}: {kpi.text}", "source": kpi.source,
        "hkex": kpi.hkex, "hkex_2025": kpi.hkex_2025, "gri": kpi.gri, "sasb": kpi.sasb,
    }  # fmt: skip


def _of_target(target: Target | None) -> dict[str, Any]:
    """What a printed target is: set by a report, or computed from the cells of its KPI."""
    codes: dict[str, Any] = {"consolidation": "", "hkex": "", "hkex_2025": None, "gri": "", "sasb": ""}
    if target is None:
        return codes | {"boundary": "", "formula": "", "definition": "", "source": ""}
    return codes | {"boundary": boundary_in_words(target), "formula": f"target: {target.kind.replace('_', ' ')} {target.value} {target.unit} by {target.target_year}", "definition": f"{target.label}: {target.text}", "source": target.source}


def boundary_of(kpi: Kpi, edition: Edition, period: str) -> str:
    """Which sites count for what a KPI is made of, and what the edition leaves out of it."""
    chain = made_of(kpi, edition)
    said: dict[str, list[str]] = {}
    for measure in sorted(chain & set(DOMAIN_OF)):
        found = next((item for item in edition.rules.boundary if item.covers(measure, DOMAIN_OF[measure], period)), None)
        text = f"{found.id} ({_sites(found.where)}): {found.text}" if found is not None else "no boundary of the edition covers it"
        said.setdefault(text, []).append(measure)
    parts = [f"{', '.join(_named(measures))}: {text}" if len(said) > 1 else text for text, measures in said.items()]
    parts += [f"left out, {item.id}: {item.text}" for item in edition.rules.exclusion if (not item.periods or period in item.periods) and touches(item, chain, kpi, edition)]
    return " | ".join(parts)


def _named(measures: list[str]) -> list[str]:
    """Measures in words: a domain by its title, where all of it is among them."""
    whole = [domain for domain in DOMAINS.values() if len(domain.measures) > 1 and {measure.name for measure in domain.measures} <= {*measures}]
    rest = [name for name in measures if not any(name in (measure.name for measure in domain.measures) for domain in whole)]
    return [*(domain.title.lower() for domain in whole), *rest]


def _sites(where: Where) -> str:
    if not where:
        return "all sites"
    return "sites with " + " and ".join(f"{name.replace('_', ' ')} {_among(values)}" for name, values in where.items())


def _among(values: list[str]) -> str:
    left_out = [value.removeprefix(NOT) for value in values if value.startswith(NOT)]
    return f"other than {', '.join(left_out)}" if left_out else " or ".join(values)
