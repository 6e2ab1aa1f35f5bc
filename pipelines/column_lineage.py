"""Which column is made from which, from the KPI table back to the files that somebody sent. Dagster shows it; a test walks every column of the KPI table to its sources.

A column is made from those whose content goes into it, and from the definitions that decide it. It is declared here, by hand: the tests hold it against the columns and the arrows between assets
that there are, both ways; that a column named here really goes into another they cannot see.
"""

from esg_kpis.domains import DOMAINS
from esg_kpis.tables import INSTRUMENTS, METERS, OWNERSHIP, QUALITIES, SITES
from pipelines.sources import FILE, SOURCES

Column = tuple[str, str]
Deps = dict[str, list[Column]]


def _of(table: str, *columns: str) -> list[Column]:
    return [(table, column) for column in columns]


def _same(table: str, *columns: str) -> Deps:
    """Columns that are handed on as they are."""
    return {column: [(table, column)] for column in columns}


def _each(columns: tuple[str, ...] | list[str], deps: list[Column]) -> Deps:
    return dict.fromkeys(columns, deps)


def _of_raw(*wanted: str) -> list[Column]:
    """Columns of every folder that has them; all but the file itself if none is named. People are counted elsewhere, and readings rolled up before."""
    return [
        (f"raw/{domain.name}", column.name) for domain in DOMAINS.values() if not (domain.counted or domain.rolled)
        for column in SOURCES[f"raw/{domain.name}"] if (column.name in wanted if wanted else column.name != FILE)
    ]  # fmt: skip


_PEOPLE, _READINGS = "raw/people", "raw/readings"
_KNOWN, _METERS = _of(_READINGS, "received", "quality"), _of("raw/meters", "meter_id", "valid_from", "valid_to", "net_metering")
_READ = _of(_READINGS, "time", "value")
_CELL = ("edition", "kpi_id", "period", "breakdown", "category")
_SETTINGS, _KPIS = _of("edition_files", "edition.toml"), _of("edition_files", "kpis.yaml")
_DEFINED = _of("edition_files", "kpis.yaml", "targets.yaml")
"""What defines the cells of the KPI table: a report prints its targets among them."""
_FILE = [*_of_raw(FILE), (_PEOPLE, FILE), (_READINGS, FILE)]
_SENT = _of("records", "received")

RECEIVED: dict[str, Deps] = {
    "files": {"path": _FILE, "sha256": _FILE},
    "reading_months": {
        **_each(("reading_table", "unit"), _of(_READINGS, FILE)),
        "month": _of(_READINGS, "time"), "site_id": _of("raw/meters", "site_id"), "meter_id": [*_of(_READINGS, "meter_id"), *_of("raw/meters", "meter_id")], "measure": _of("raw/meters", "measure"),
        "rows": _of(_READINGS, "meter_id"), "expected": _of("raw/meters", "valid_from", "valid_to"),
        **_each(("used", "missing", "estimated", "rejected", "excluded", "partial_days", "partial_missing", "missing_days", "quantity", "estimated_quantity"), [*_READ, *_KNOWN, *_METERS]),
        **_each(("rollovers", "breaks"), [*_READ, *_of(_READINGS, "device"), *_of("raw/meters", "digits")]),
    },
    "reading_fates": {
        "reading_table": _of(_READINGS, FILE), "month": _of(_READINGS, "time"), **_each(("rule", "fate", "rows", "meters", "meaning"), [*_READ, *_KNOWN, *_METERS]),
    },
    "reading_samples": {
        **_each(("reading_table", "path", "row"), _of(_READINGS, FILE)), **_each(("month", "time"), _of(_READINGS, "time")), **_each(("rule", "right"), [*_READ, *_KNOWN, *_METERS]),
        **_same(_READINGS, "site_id", "meter_id", "value"),
    },
    "reading_versions": {
        **_each(("path", "reading_table"), _of(_READINGS, FILE)), "month": _of(_READINGS, "time"), **_each(("sha256", "instead_of"), [*_READ, *_KNOWN, *_METERS]),
        "known_on": [*_of(_READINGS, "received"), *_of("edition_files", "edition.toml")],
    },
    "records": {
        **_same("files", "path", "sheet", "sha256"),
        "record_id": _of("files", "sha256", "sheet"),
        "domain": _of("files", "path", "understood"),
        "line": _of("files", "header_line"),
        "received": [*_of_raw(), *_of("reading_months", "site_id", "meter_id", "measure", "month", "quantity", "estimated_quantity", "unit")],
        "site_id": _of_raw("site_id"),
        **_each(("start", "end"), _of_raw("period", "period_start", "month", "date", "valid_from", "claimed_from")),
        "excluded": _of_raw("quantity"),
    },
    "rejected": {
        **_same("records", "record_id", "path", "sheet", "line", "site_id", "start", "end"),
        **_each(("rule", "column", "read", "expected", "expected_zh", "message", "measures"), _SENT),
    },
    "quantities": {
        **_same("records", "record_id", "domain"),
        "site_id": _of("records", "site_id", "received"),
        **_each(("start", "end"), [*_of("records", "start", "end"), *_SENT]),
        **_each(("measure", "nature", "meter_id", "document", "tariff", "dimensions", "column", "received", "received_unit", "quantity", "rounded", "estimated", "canonical", "unit", "bill_kind"), _SENT),
        "excluded": [*_SENT, *_of("meters", "part_of", "net_metering", "digits")],
    },
    **{table.name: {**_each(table.names, _SENT), "record_id": _of("records", "record_id")} for table in (SITES, METERS, OWNERSHIP, INSTRUMENTS)},
    "published_with_data": {
        **_each((*_CELL, "value_as_printed", "unit", "decimals", "table", "footnote"), _SENT), "record_id": _of("records", "record_id"),
    },
    "people_counts": {
        "measure": _of(_PEOPLE, "from", "to", "event", "course", "outcome"),
        **_each(("first", "last"), [*_SETTINGS, *_of(_PEOPLE, "from", "to", "date")]),
        "record_id": _of(_PEOPLE, FILE),
        "site_id": [*_of(_PEOPLE, "site_id"), *_of("sites", "site_id")],
        "cross": _KPIS,
        "attributes": [*_KPIS, *_of(_PEOPLE, "country", "gender", "age_group", "level", "profession", "employment_type", "programme", "outcome", "recognition")],
        "quantity": _of(_PEOPLE, "person", "from", "to", "date", "event", "course", "hours", "case_id", "lost_days"),
    },
}  # fmt: skip
"""What was received: from the files to typed records and counts."""

_VALUE = [*_of("edition_amounts", "quantity", "unit", "excluded", "blocked"), *_of("factors", "value"), *_SETTINGS, *_DEFINED]
"""A value, or that there is none: by the amounts, what they are divided by, the periods and small groups of the edition, and the definition."""

COUNTED: dict[str, Deps] = {
    "amounts": {
        "amount_id": [*_of("quantities", "record_id", "measure", "start"), *_of("people_counts", "record_id", "measure")],
        **_each(("nature", "measure", "origin"), [*_of("quantities", "measure"), *_of("people_counts", "measure")]),
        "site_id": [*_of("quantities", "site_id"), *_of("people_counts", "site_id")],
        "month": [*_of("quantities", "start", "end"), *_of("people_counts", "last")],
        "date": [*_of("quantities", "start"), *_of("people_counts", "first", "last")],
        "until": [*_of("quantities", "end"), *_of("people_counts", "last")],
        "dimensions": [*_of("quantities", "dimensions"), *_of("people_counts", "attributes")],
        "quantity": [*_of("quantities", "canonical", "start", "end"), *_of("people_counts", "quantity")],
        "unit": [*_of("quantities", "unit"), *_of("people_counts", "measure")],
        "scope": _of("quantities", "measure"),
        **_each(("estimated", "estimate_method"), _of("quantities", "estimated")),
        "record_id": [*_of("quantities", "record_id"), *_of("people_counts", "record_id")],
        "share": _of("quantities", "start", "end"),
        "excluded": _of("quantities", "excluded"),
    },
    "factors": {
        **{name: _of("factor_files", f"source.{name}") for name in ("measure", "output", "gas", "region", "method", "unit", "data_from", "data_to", "status", "parents", "grade", "page", "note")},
        "factor_id": _of("factor_files", "source.factor_id", "gwp.gwp_set", "gwp.gas"),
        "source_id": _of("factor_files", "sources.source_id", "gwp.source_id"),
        "gas_in": _of("factor_files", "source.gas_in", "gwp.gas"),
        "value": _of("factor_files", "source.value", "gwp.value"),
        "uncertainty": _of("factor_files", "source.uncertainty"),
        "gwp_set": _of("factor_files", "source.gwp_set", "gwp.gwp_set"),
        "published": _of("factor_files", "sources.published"),
    },
    "edition_amounts": {
        **_same("amounts", "nature", "origin", "site_id", "month", "date", "until", "dimensions", "scope", "share"),
        "amount_id": [*_of("amounts", "amount_id"), *_of("factors", "factor_id")],
        "edition": _SETTINGS,
        "period": [*_of("amounts", "month", "date", "until"), *_SETTINGS],
        "measure": [*_of("amounts", "measure"), *_of("factors", "output")],
        "quantity": [*_of("amounts", "quantity"), *_of("factors", "value", "unit"), *_of("ownership", "ownership_share"), *_of("sites", "ownership_share"), *_of("instruments", "volume", "emission_rate"), *_of("coverage", "missing"), *_of("meter_months", "missing", "quantity"), *_of("quantities", "start", "end"), *_of("meters", "valid_from", "valid_to")],
        "unit": [*_of("amounts", "unit"), *_of("factors", "unit")],
        "gas": [*_of("factors", "gas"), *_of("amounts", "dimensions")],
        "gas_group": [*_of("factors", "gas"), ("factor_files", "gwp.gas_group")],
        "gwp_set": [*_of("factors", "gwp_set"), *_SETTINGS],
        "basis": [*_of("instruments", "volume"), *_SETTINGS],
        "method": _of("factors", "method"),
        "estimated": [*_of("amounts", "estimated"), *_of("coverage", "missing"), *_of("meter_months", "missing")],
        "estimate_method": [*_of("amounts", "estimate_method"), *_of("coverage", "missing"), *_of("meter_months", "missing"), *_of("rejected", "rule"), *_SETTINGS],
        "factor_id": [*_of("factors", "factor_id", "region", "data_from", "published"), *_of("sites", "grid_region"), *_SETTINGS],
        "rule_id": _SETTINGS,
        "parent_amount_id": _of("amounts", "amount_id"),
        "record_id": [*_of("amounts", "record_id"), *_of("rejected", "record_id")],
        "excluded": [*_of("amounts", "excluded", "measure"), *_of("reading_versions", "sha256", "known_on", "instead_of"), *_of("sites", "kind", "country", "control", "valid_from", "valid_to"), *_of("ownership", "control"), *_SETTINGS],
        "blocked": [*_of("rejected", "message", "measures"), *_of("factors", "factor_id")],
        "quality": _of("amounts", "estimated", "estimate_method", "measure"),
    },
    "published": {
        **{name: [*_of("edition_files", "published.csv"), *_of("published_with_data", name)] for name in (*_CELL, "value_as_printed", "unit", "decimals", "table", "footnote")},
        "record_id": _of("published_with_data", "record_id"),
    },
    "kpi_values": {
        "edition": [*_of("edition_amounts", "edition"), *_SETTINGS],
        "kpi_id": [*_of("edition_amounts", "measure"), *_DEFINED],
        "period": [*_of("edition_amounts", "period"), *_SETTINGS, *_DEFINED],
        "breakdown": _DEFINED,
        "category": [*_of("edition_amounts", "gas_group", "dimensions", "scope", "basis", "origin"), *_of("sites", "site_id", "kind", "business_line", "country", "grid_region"), *_DEFINED],
        "value": _VALUE,
        "printed": [*_VALUE, *_of("published", "decimals")],
        "unit": [*_of("edition_amounts", "unit"), *_DEFINED],
        "decimals": [*_of("published", "decimals"), *_DEFINED],
        "status": [*_VALUE, *_of("edition_amounts", "estimated", "estimate_method")],
        "reason": [*_VALUE, *_of("edition_amounts", "estimated", "estimate_method")],
        "estimated_share": [*_of("edition_amounts", "estimated", "quantity"), *_DEFINED],
    },
}  # fmt: skip
"""What is counted: from amounts to KPIs."""

JUDGED: dict[str, Deps] = {
    "claims": {
        **_same("instruments", "record_id", "instrument", "instrument_kind", "registry", "market", "site_id", "volume", "emission_rate"),
        "edition": _SETTINGS,
        "period": [*_of("instruments", "claimed_from", "claimed_to"), *_SETTINGS],
        "counts": [*_of("instruments", "volume"), *_of("ownership", "ownership_share")],
        "load": _of("amounts", "quantity"),
        "accepted": [*_of("instruments", "market", "vintage_from", "vintage_to", "retired_on", "retired_for"), *_of("amounts", "quantity")],
        "reason": [*_of("instruments", "instrument", "registry"), *_of("sites", "grid_region", "country")],
    },
    "lenses": {
        "value": _of("kpi_values", "value"),
        "lens_value": [*_of("amounts", "quantity"), *_of("factors", "value"), *_of("ownership", "ownership_share"), *_of("instruments", "volume")],
        "difference": [*_of("kpi_values", "value"), *_of("amounts", "quantity")],
    },
    "content_index": {
        "value": _of("kpi_values", "printed"), "unit": _of("kpi_values", "unit"), "status": _of("kpi_values", "status", "value"), "reason": _of("kpi_values", "reason"),
        **_each(("section", "page"), _of("edition_files", "index.yaml")),
    },
    "factor_uses": {
        "quantity_in": _of("amounts", "quantity"),
        "quantity_out": [*_of("amounts", "quantity"), *_of("factors", "value")],
        "factor_id": _of("factors", "factor_id"),
        "data_period": _of("factors", "data_from", "data_to"),
        "published": _of("factors", "published"),
    },
    "coverage": {
        "basis": _of("meters", "measure", "site_id"),
        "received": _of("quantities", "start", "end"),
        "expected": [*_of("meters", "valid_from", "valid_to"), *_of("sites", "valid_from", "valid_to")],
        "missing": [*_of("quantities", "start", "end"), *_of("meters", "valid_from", "valid_to"), *_of("sites", "valid_from", "valid_to")],
        "quantity": _of("amounts", "quantity"),
    },
    "meter_months": {
        "basis": _of("meters", "measure", "site_id"),
        "received": _of("quantities", "start", "end"),
        **_each(("expected", "missing"), [*_of("quantities", "start", "end"), *_of("meters", "meter_id", "valid_from", "valid_to"), *_of("sites", "valid_from", "valid_to")]),
        "quantity": _of("amounts", "quantity"),
    },
    "coverage_summary": {
        "site_months": _of("coverage", "expected"),
        "site_months_missing": [*_of("coverage", "missing"), *_of("rejected", "start", "end")],
        **_each(("quantity_received", "quantity_estimated"), _of("amounts", "quantity")),
        **_each(("quantity_missing", "share_received"), [*_of("amounts", "quantity"), *_of("coverage", "missing")]),
    },
    "estimates": {
        "days": _of("coverage", "missing"), "quantity": [*_of("amounts", "quantity"), *_of("sites", "kind", "climate")], "basis_amount_ids": _of("amounts", "amount_id"),
    },
    "kpi_labels": _each(("table", "table_zh", "place", "breakdown_en", "breakdown_zh", "label_en", "label_zh", "unit_zh"), _of("edition_files", "labels.yaml")),
    "tie_out": {
        **{name: [*_of("kpi_values", name), *_of("published", name)] for name in (*_CELL, "unit")},
        "computed": _of("kpi_values", "printed"),
        "published": _of("published", "value_as_printed", "decimals"),
        "difference": [*_of("kpi_values", "value"), *_of("published", "value_as_printed")],
        "verdict": [*_of("kpi_values", "status", "value"), *_of("published", "value_as_printed")],
        "explanation": [*_of("kpi_values", "reason"), *_SETTINGS],
        "explained": _SETTINGS,
    },
    "targets": _each(("target_id", "version", "value", "unit", "base", "target_year", "kpi_id"), _of("edition_files", "targets.yaml")),
    "target_progress": {
        "actual": _of("kpi_values", "value"),
        **_each(("target_value", "path_value"), [*_of("edition_files", "targets.yaml"), *_of("kpi_values", "value")]),
        "verdict": [*_of("kpi_values", "value", "status"), *_of("edition_files", "targets.yaml")],
    },
    "anomalies": {
        "observed": [*_of("kpi_values", "value"), *_of("edition_amounts", "quantity")],
        "expected": [*_of("kpi_values", "value"), *_of("edition_amounts", "quantity"), *_of("sites", "kind", "climate")],
        "contributors": _of("edition_amounts", "quantity", "site_id"),
        "record_ids": _of("edition_amounts", "record_id"),
        **_each(("explanation", "explained_by", "explained_on"), _of("edition_files", "explanations.csv")),
    },
    "bridge": {
        **_each(("before", "effect", "after", "low", "high", "share"), [*_of("kpi_values", "value"), *_of("published", "value_as_printed"), *_of("amounts", "quantity"), *_of("sites", "kind", "country"), *_SETTINGS]),
        **{name: _of("kpi_values", name) for name in (*_CELL, "unit") if name != "edition"},
        **_each(("from", "to", "cause", "text"), _SETTINGS),
    },
    "uncertainty": {
        "percent": [*_of("kpi_values", "value"), *_of("edition_amounts", "quantity", "factor_id"), *_of("factors", "uncertainty"), *_of("quantities", "meter_id")],
        "status": [*_of("kpi_values", "status"), *_of("factors", "uncertainty")],
        "left_out": _of("factors", "uncertainty"),
        **{f"quality_{name}": _of("edition_amounts", "quality", "quantity") for name in QUALITIES},
    },
    "uncertainty_sources": {
        "source": [*_of("quantities", "meter_id"), *_of("estimates", "meter_id"), *_of("edition_amounts", "factor_id")],
        "own_percent": [*_of("factors", "uncertainty"), *_of("edition_amounts", "quality")],
        "contribution_percent": [*_of("edition_amounts", "quantity"), *_of("factors", "uncertainty")],
    },
    "record_fates": {
        "fate": [*_of("edition_amounts", "excluded"), *_of("rejected", "rule")],
        "share_used": _of("edition_amounts", "share", "excluded"),
        "reason": _of("edition_amounts", "excluded"),
        "rule": _of("rejected", "rule"),
        "record_id": _of("records", "record_id"),
    },
}  # fmt: skip
"""What is said of KPIs and records, as far as a column is more than handed on."""

LINEAGE: dict[str, Deps] = {**RECEIVED, **COUNTED, **JUDGED}
"""Asset -> column -> the columns before it that it is made from."""
