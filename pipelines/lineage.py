"""What the Dagster UI knows of the columns of an asset before it is made: schema with units and meanings, and which column comes from which."""

from functools import cache

import dagster as dg

from esg_kpis.tables import Table
from pipelines.column_lineage import LINEAGE
from pipelines.sources import SOURCES


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


def source_metadata(name: str) -> dict[str, object]:
    """Columns that the files of a source may hold, so that a lineage has where to end."""
    columns = [dg.TableColumn(name=column.name, type="text", description=column.meaning) for column in SOURCES[name]]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


def table_out(table: Table, key: str = "") -> dg.AssetOut:
    """A table as the output of a step. What it is in words stands in the catalogue."""
    return dg.AssetOut(key=key or table.name, metadata=table_metadata(table))


@cache
def lineage_metadata(asset: str) -> dict[str, dg.TableColumnLineage]:
    """Column lineage of an asset, as the UI reads it from a materialization."""
    if asset not in LINEAGE:
        return {}
    deps = {
        column: [dg.TableColumnDep(asset_key=dg.AssetKey(of.split("/")), column_name=name) for of, name in names]
        for column, names in LINEAGE[asset].items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}
