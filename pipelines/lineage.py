"""Column metadata for the Dagster UI, made from the data dictionary, and which column comes from which."""

from typing import Any

import dagster as dg
import polars as pl

from esg_kpis.tables import QUALITIES, Table
from pipelines.resources import OWNERS

Deps = dict[str, list[tuple[str, str]]]

LINEAGE: dict[str, Deps] = {
    "amounts": {
        "quantity": [("people_counts", "quantity"), ("quantities", "quantity"), ("quantities", "received_unit"), ("quantities", "start"), ("quantities", "end")],
        "unit": [("quantities", "measure")],
        "month": [("quantities", "start"), ("quantities", "end")],
        "share": [("quantities", "start"), ("quantities", "end")],
        "site_id": [("quantities", "site_id")],
        "measure": [("quantities", "measure")],
        "record_id": [("quantities", "record_id")],
        "excluded": [("quantities", "excluded")],
    },
    "edition_amounts": {
        "quantity": [("amounts", "quantity"), ("factors", "value"), ("factors", "unit"), ("ownership", "ownership_share"), ("instruments", "volume"), ("instruments", "emission_rate")],
        "basis": [("instruments", "volume")],
        "excluded": [("amounts", "measure"), ("sites", "kind"), ("sites", "country"), ("sites", "control")],
        "blocked": [("rejected", "message"), ("factors", "factor_id")],
        "period": [("amounts", "month"), ("amounts", "date")],
        "factor_id": [
            ("factors", "factor_id"),
            ("factors", "region"),
            ("factors", "data_from"),
            ("factors", "published"),
            ("sites", "grid_region"),
        ],
        "gas": [("factors", "gas"), ("amounts", "dimensions")],
        "record_id": [("amounts", "record_id")],
        "quality": [("amounts", "estimated"), ("amounts", "estimate_method"), ("amounts", "measure")],
    },
    "claims": {
        "volume": [("instruments", "volume")],
        "counts": [("instruments", "volume"), ("ownership", "ownership_share")],
        "load": [("amounts", "quantity")],
        "accepted": [("instruments", "market"), ("instruments", "vintage_from"), ("instruments", "vintage_to"), ("instruments", "retired_on"), ("instruments", "retired_for"), ("amounts", "quantity")],
        "reason": [("instruments", "instrument"), ("instruments", "registry"), ("sites", "grid_region"), ("sites", "country")],
    },
    "lenses": {
        "value": [("kpi_values", "value")],
        "lens_value": [("amounts", "quantity"), ("factors", "value"), ("ownership", "ownership_share"), ("instruments", "volume")],
        "difference": [("kpi_values", "value"), ("amounts", "quantity")],
    },
    "content_index": {
        "value": [("kpi_values", "printed")],
        "unit": [("kpi_values", "unit")],
        "status": [("kpi_values", "status"), ("kpi_values", "value")],
        "reason": [("kpi_values", "reason")],
    },
    "factor_uses": {
        "quantity_in": [("amounts", "quantity")],
        "quantity_out": [("amounts", "quantity"), ("factors", "value")],
        "factor_id": [("factors", "factor_id")],
        "data_period": [("factors", "data_from"), ("factors", "data_to")],
        "published": [("factors", "published")],
    },
    "coverage": {
        "basis": [("meters", "measure"), ("meters", "site_id")],
        "received": [("quantities", "start"), ("quantities", "end")],
        "expected": [("meters", "valid_from"), ("meters", "valid_to"), ("sites", "valid_from"), ("sites", "valid_to")],
        "missing": [("quantities", "start"), ("quantities", "end"), ("meters", "valid_from"), ("meters", "valid_to"), ("sites", "valid_from"), ("sites", "valid_to")],
        "quantity": [("amounts", "quantity")],
    },
    "coverage_summary": {
        "site_months": [("coverage", "expected")],
        "site_months_missing": [("coverage", "missing"), ("rejected", "start"), ("rejected", "end")],
        "quantity_received": [("amounts", "quantity")],
        "quantity_estimated": [("amounts", "quantity")],
        "quantity_missing": [("amounts", "quantity"), ("coverage", "missing")],
        "share_received": [("amounts", "quantity"), ("coverage", "missing")],
    },
    "estimates": {
        "days": [("coverage", "missing")],
        "quantity": [("amounts", "quantity"), ("sites", "kind"), ("sites", "climate")],
        "basis_amount_ids": [("amounts", "amount_id")],
    },
    "kpi_values": {
        "kpi_id": [("edition_amounts", "measure")],
        "edition": [("edition_amounts", "edition")],
        "period": [("edition_amounts", "period")],
        "category": [("edition_amounts", "gas_group"), ("sites", "kind"), ("sites", "business_line"), ("sites", "country")],
        "breakdown": [("edition_amounts", "gas_group"), ("sites", "kind"), ("sites", "business_line")],
        "value": [("edition_amounts", "quantity"), ("edition_amounts", "unit"), ("edition_amounts", "excluded")],
        "printed": [("edition_amounts", "quantity"), ("published", "decimals")],
        "unit": [("edition_amounts", "unit")],
        "decimals": [("published", "decimals")],
        "status": [("edition_amounts", "blocked"), ("edition_amounts", "estimated")],
        "reason": [("edition_amounts", "blocked"), ("edition_amounts", "excluded")],
        "estimated_share": [("edition_amounts", "estimated"), ("edition_amounts", "quantity")],
    },
    "tie_out": {
        "computed": [("kpi_values", "printed")],
        "published": [("published", "value_as_printed"), ("published", "decimals")],
        "difference": [("kpi_values", "value"), ("published", "value_as_printed")],
        "verdict": [("kpi_values", "status"), ("kpi_values", "value"), ("published", "value_as_printed")],
        "explanation": [("kpi_values", "reason")],
    },
    "anomalies": {
        "observed": [("kpi_values", "value"), ("edition_amounts", "quantity")],
        "expected": [("kpi_values", "value"), ("edition_amounts", "quantity"), ("sites", "kind"), ("sites", "climate")],
        "contributors": [("edition_amounts", "quantity"), ("edition_amounts", "site_id")],
        "record_ids": [("edition_amounts", "record_id")],
    },
    "uncertainty": {
        "percent": [("kpi_values", "value"), ("edition_amounts", "quantity"), ("edition_amounts", "factor_id"), ("factors", "uncertainty"), ("quantities", "meter_id")],
        "status": [("kpi_values", "status"), ("factors", "uncertainty")],
        "left_out": [("factors", "uncertainty")],
        **{f"quality_{name}": [("edition_amounts", "quality"), ("edition_amounts", "quantity")] for name in QUALITIES},
    },
    "uncertainty_sources": {
        "source": [("quantities", "meter_id"), ("estimates", "meter_id"), ("edition_amounts", "factor_id")],
        "own_percent": [("factors", "uncertainty"), ("edition_amounts", "quality")],
        "contribution_percent": [("edition_amounts", "quantity"), ("factors", "uncertainty")],
    },
    "record_fates": {
        "fate": [("edition_amounts", "excluded"), ("rejected", "rule")],
        "share_used": [("edition_amounts", "share"), ("edition_amounts", "excluded")],
        "reason": [("edition_amounts", "excluded")],
        "rule": [("rejected", "rule")],
        "record_id": [("records", "record_id")],
    },
}
"""Asset -> column -> the columns upstream it is made from."""


def table_metadata(table: Table) -> dict[str, object]:
    """Schema with units and meanings, as Dagster shows them."""
    columns = [
        dg.TableColumn(
            name=column.name,
            type=str(column.dtype),
            description=column.meaning + (f" [{column.unit}]" if column.unit else ""),
            constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=table.key == (column.name,)),
        )
        for column in table.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "grain": table.grain, "key": ", ".join(table.key)}


def lineage_metadata(asset: str) -> dict[str, dg.TableColumnLineage]:
    """Column lineage of an asset, as the UI reads it from a materialization."""
    if asset not in LINEAGE:
        return {}
    deps = {
        column: [dg.TableColumnDep(asset_key=dg.AssetKey(of), column_name=name) for of, name in names]
        for column, names in LINEAGE[asset].items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def table_out(table: Table, description: str, group: str, key: str = "") -> dg.AssetOut:
    """A table as the output of a step."""
    return dg.AssetOut(
        key=key or table.name,
        description=f"{description} One row: {table.grain}.",
        metadata=table_metadata(table),
        group_name=group,
        kinds={"polars"},
        owners=OWNERS,
    )


def counted(frame: pl.DataFrame, asset: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """What the UI shows of a frame that was made: rows, a preview, where its columns come from."""
    preview = frame.head(5).select(pl.all().cast(pl.String)).rows(named=True)
    columns = list(frame.columns)
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += [
        "| " + " | ".join(str(row[name] or "").replace("|", "\\|").replace("\n", " ")[:60] for name in columns) + " |" for row in preview
    ]
    return {"dagster/row_count": frame.height, "preview": dg.MetadataValue.md("\n".join(lines)), **lineage_metadata(asset), **more}
