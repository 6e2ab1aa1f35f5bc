"""What the Dagster UI knows of the columns of an asset before it is made: schema with units and meanings, and which column comes from which."""

from functools import cache

import dagster as dg

from esg_kpis.tables import Table
from pipelines.column_lineage import LINEAGE
from pipelines.sources import SOURCES, SourceColumn

_FEW = 5


def table_metadata(table: Table, key: str = "") -> dict[str, object]:
    """Schema with units and meanings, as Dagster shows them, and from where each column comes.

    The open UI draws no lineage of columns (that of Dagster+ does), so each column says it in words, with links by which a person walks back.
    """
    asset = key or table.name
    columns = [
        dg.TableColumn(
            name=column.name,
            type=str(column.dtype),
            description="\n\n".join(filter(None, (column.meaning + (f" [{column.unit}]" if column.unit else ""), comes_from(asset, column.name)))),
            constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=table.key == (column.name,)),
        )
        for column in table.columns
    ]
    ways = {"where columns come from": dg.MetadataValue.md(ways_back(asset))} if asset in LINEAGE else {}
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "key": ", ".join(table.key), **ways}


@cache
def comes_from(asset: str, column: str) -> str:
    """The columns before it, in Markdown, as links to their assets; empty for one that nothing comes before."""
    before: dict[str, list[str]] = {}
    for of, name in LINEAGE.get(asset, {}).get(column, ()):
        before.setdefault(of, []).append(name)
    folders = [_link(of, of.removeprefix("raw/")) for of in before if of.startswith("raw/")]
    if len(folders) > 1:
        named = [f"the files in data/raw: {', '.join(folders)}" if len(folders) <= _FEW else f"the files in data/raw, of {len(folders)} folders", *(_named(of, names) for of, names in before.items() if not of.startswith("raw/"))]
    else:
        named = [_named(of, names) for of, names in before.items()]
    return f"*From* {'; '.join(named)}" if named else ""


def _named(asset: str, columns: list[str]) -> str:
    return f"{_link(asset, asset)}: {', '.join(f'`{name}`' for name in columns)}"


def _link(asset: str, text: str) -> str:
    return f"[{text}](/assets/{asset})"


def ways_back(asset: str) -> str:
    """For each column what comes directly before it, and what somebody sent at the very beginning, in Markdown."""
    lines = ["| column | comes from | and that, in the end, from |", "|---|---|---|"]
    for column in LINEAGE[asset]:
        before = comes_from(asset, column).removeprefix("*From* ")
        lines.append(f"| `{column}` | {before or 'nothing: it is the same in every row'} | {_in_the_end(beginnings(asset, column))} |")
    return "\n".join(lines)


@cache
def _in_the_end(columns: frozenset[tuple[str, str]]) -> str:
    """Beginnings in words. Many columns have the same."""
    ends: dict[str, list[str]] = {}
    for of, name in sorted(column for column in columns if not column[0].startswith("raw/")):
        ends.setdefault(of, []).append(name)
    told = [_named(of, names) for of, names in ends.items()]
    return "; ".join([*told, *(["the files in data/raw"] if any(of.startswith("raw/") for of, _ in columns) else [])])


@cache
def beginnings(asset: str, column: str) -> frozenset[tuple[str, str]]:
    """The columns of files at which the lineage of a column begins."""
    if asset in SOURCES:
        return frozenset({(asset, column)})
    return frozenset().union(*(beginnings(of, name) for of, name in LINEAGE.get(asset, {}).get(column, ())))


def source_metadata(name: str) -> dict[str, object]:
    """Columns that the files of a source may hold, so that a lineage has where to end."""
    return {"dagster/column_schema": dg.TableSchema(columns=[_shown(column) for column in SOURCES[name]])}


@cache
def _shown(column: SourceColumn) -> dg.TableColumn:
    """Many sources share a column."""
    return dg.TableColumn(name=column.name, type="text", description=column.meaning)


def table_out(table: Table, key: str = "") -> dg.AssetOut:
    """A table as the output of a step. What it is in words stands in the catalogue."""
    return dg.AssetOut(key=key or table.name, metadata=table_metadata(table, key))


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
