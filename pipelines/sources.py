"""What stands at the beginning: the columns that files may hold, so that the lineage of a column ends at a name its sender knows."""

from dataclasses import dataclass

from esg_kpis.domains import DOMAINS
from esg_kpis.domains.definition import Domain
from esg_kpis.domains.people import FORMS
from esg_kpis.factors.library import FACTOR_COLUMNS, GWP_COLUMNS, OPTIONAL_COLUMNS, SOURCE_COLUMNS
from esg_kpis.ingest.formats import COMMON

FILE = "file"
"""Stands among the columns of a folder for the file itself: its name, place and bytes."""

_MEANINGS = {
    "site_id": "Site, as the register of sites names it", "meter_id": "Meter", "document": "Bill or document number", "tariff": "Part of the meter's count: peak, flat, valley",
    "corrects": "Bill that this one corrects", "revision": "Number of the correction", "bill_kind": "bill, credit_note or estimate", "period": "Year or month in words",
    "period_start": "First day", "period_end": "Last day, counted in", "month": "Month", "date": "Day", "measure": "What is counted", "quantity": "The number", "unit": "Its unit",
}  # fmt: skip


@dataclass(frozen=True)
class SourceColumn:
    """A column that files of one source may hold, under our name for it."""

    name: str
    meaning: str


def _of_domain(domain: Domain) -> tuple[SourceColumn, ...]:
    file = SourceColumn(FILE, "Name, place and bytes of the file")
    if domain.counted:
        columns = {column.name: column.meaning for form in FORMS.values() for column in form.columns}
        return (file, *(SourceColumn(name, meaning) for name, meaning in sorted(columns.items())))
    common = ("site_id", *(("meter_id",) if domain.name == "meters" or domain.rolled else ())) if not domain.dated else (*COMMON, "measure", "quantity", "unit")
    own = {item.name: item.meaning for item in domain.fields}
    return (file, *(SourceColumn(name, _MEANINGS[name]) for name in common if name not in own), *(SourceColumn(name, meaning) for name, meaning in own.items()))


SOURCES: dict[str, tuple[SourceColumn, ...]] = {
    **{f"raw/{domain.name}": _of_domain(domain) for domain in DOMAINS.values()},
    "factor_files": tuple(
        SourceColumn(f"{file}.{name}", f"Column {name} of {where}")
        for file, where, names in (("source", "the file of a source", (*FACTOR_COLUMNS, *OPTIONAL_COLUMNS)), ("gwp", "gwp.csv", GWP_COLUMNS), ("sources", "sources.csv", SOURCE_COLUMNS))
        for name in names
    ),
    "edition_files": (
        SourceColumn("edition.toml", "Periods, boundary, factor rules, GWP set, waivers, known differences"),
        SourceColumn("kpis.yaml", "Definitions: formula, unit, decimals, breakdowns"),
        SourceColumn("published.csv", "Every printed figure"),
        SourceColumn("labels.yaml", "Names in English and Chinese"),
        SourceColumn("targets.yaml", "Targets by version"),
        SourceColumn("index.yaml", "Where the report answers which code"),
        SourceColumn("checks.yaml", "What must hold between printed figures"),
        SourceColumn("explanations.csv", "Explanations of anomalies"),
    ),
}  # fmt: skip
"""Source -> the columns its files may hold, under our names. What a sender calls them otherwise stands in `files`, column `understood`."""
