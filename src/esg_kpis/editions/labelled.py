"""`labels.yaml` read and checked against the KPIs of its edition, and every cell of a KPI table under its label and at its place in the report."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

import polars as pl
import yaml
from pydantic import ValidationError

from esg_kpis.editions.labels import BreakdownLabels, Labels, Words
from esg_kpis.editions.model import Edition, Kpi
from esg_kpis.errors import InputProblem, near_misses
from esg_kpis.ingest.declared import problems_of
from esg_kpis.tables import KPI_LABELS, conform
from esg_kpis.words import OTHER, every_word, word

Cell = tuple[str, str, str]
"""KPI id, breakdown, category."""


def labels_of(text: str, where: str, kpis: Mapping[str, Kpi]) -> Labels:
    """The labels of an edition, from the text of its labels.yaml.

    Raises:
        InputProblem: if it cannot be read, says something twice, or names a KPI, breakdown, category or unit that the edition does not have.
    """
    try:
        _check_once(yaml.compose(text, Loader=yaml.CSafeLoader), where)
        labels = Labels.model_validate(yaml.load(text, Loader=yaml.CSafeLoader) or {})
    except yaml.YAMLError as error:
        raise InputProblem(f"It is no YAML: {error}.", where=where, mend="See docs/editions.md, labels.yaml.") from error
    except ValidationError as error:
        raise InputProblem(problems_of(error), where=where, mend="See docs/editions.md, labels.yaml.") from error
    _known(labels.kpis, kpis, "KPI", where)
    _known(labels.headline, kpis, "KPI", f"{where}, headline")
    _known(labels.units, {kpi.unit for kpi in kpis.values()}, "unit", where)
    spreads = categories_of(kpis)
    _known(labels.breakdowns, spreads, "breakdown", where)
    for name, given in labels.breakdowns.items():
        if name not in _each(kpis):
            _known(given.categories, spreads[name], f"category of {name}", where)
    _check_tables(labels, kpis, where)
    return labels


def _check_once(node: yaml.Node | None, where: str) -> None:
    """A key that stands twice would be read once, and the other label silently lost."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                raise InputProblem(f"'{key.value}' stands twice.", where=f"{where}, line {key.start_mark.line + 1}", mend="Keep one of them.")
            seen.add(str(key.value))
            _check_once(value, where)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_once(item, where)


def _known(words: Collection[str], known: Collection[str], what: str, where: str) -> None:
    for name in words:
        if name not in known:
            mend = near_misses(name, known) or f"Labels are for what kpis.yaml defines; known: {', '.join(sorted(known)[:12])}."
            raise InputProblem(f"The edition has no {what} '{name}'.", where=where, mend=mend)


def categories_of(kpis: Mapping[str, Kpi]) -> dict[str, list[str]]:
    """Breakdowns with the categories that any KPI has under them, and the parts of composite ones as breakdowns of their own."""
    found: dict[str, list[str]] = {}
    for kpi in kpis.values():
        for spread in kpi.breakdowns:
            found.setdefault(spread.name, []).extend(spread.categories)
            names = spread.name.split("|")
            for category in spread.categories:
                parts = category.split("|")
                if len(names) == len(parts) > 1:
                    for name, part in zip(names, parts, strict=True):
                        found.setdefault(name, []).append(part)
    return found


def _each(kpis: Mapping[str, Kpi]) -> set[str]:
    """Breakdowns whose categories are what the data hold, such as sites."""
    return {spread.name for kpi in kpis.values() for spread in kpi.breakdowns if spread.each}


def _check_tables(labels: Labels, kpis: Mapping[str, Kpi], where: str) -> None:
    seen: dict[str, str] = {}
    for table, layout in labels.tables.items():
        for item in layout.kpis:
            if item in seen:
                raise InputProblem(f"'{item}' stands in the tables '{seen[item]}' and '{table}'.", where=where, mend="A cell has one place; name the part each table prints: kpi/breakdown/category.")
            seen[item] = table
            kpi_id, *rest = item.split("/", 2)
            _known([kpi_id], kpis, "KPI", f"{where}, table {table}")
            spreads = [spread for spread in kpis[kpi_id].breakdowns if spread.name == rest[0]] if rest else []
            if rest:
                _known(rest[:1], [spread.name for spread in kpis[kpi_id].breakdowns], f"breakdown of {kpi_id}", f"{where}, table {table}")
            if len(rest) > 1 and not any(spread.each for spread in spreads):
                _known(rest[1:], [name for spread in spreads for name in spread.categories], f"category of {kpi_id}/{rest[0]}", f"{where}, table {table}")


def missing_labels(edition: Edition) -> dict[str, list[str]]:
    """What has no Chinese label in an edition that has labels: by kind, `KPI`, `category`, `breakdown`, `unit`, `table`. Sites and other categories that only the data know need none."""
    labels, kpis = edition.labels, edition.defined
    if labels is None:
        return {}
    found: dict[str, list[str]] = {
        "KPI": [name for name in kpis if labels.kpis.get(name, Words()).zh is None],
        "category": [
            f"{name}/{category}"
            for name, category in dict.fromkeys((spread.name, category) for kpi in kpis.values() for spread in kpi.breakdowns for category in spread.categories)
            if name != "total" and labels.category_zh(name, category) is None
        ],
        "breakdown": [name for name in dict.fromkeys(spread.name for kpi in kpis.values() for spread in kpi.breakdowns) if name != "total" and labels.breakdowns.get(name, BreakdownLabels()).label.zh is None],
        "unit": [unit for unit in dict.fromkeys(kpi.unit for kpi in kpis.values()) if labels.units.get(unit, Words()).zh is None],
        "table": [name for name, layout in labels.tables.items() if layout.zh is None],
    }
    return {kind: names for kind, names in found.items() if names}


# ---------------------------------------------------------------- the library's own words


@cache
def library_words() -> dict[str, dict[str, Words]]:
    """The words of the library itself (`esg_kpis.words`), as labels."""
    return {group: {name: Words.model_validate(words) for name, words in entries.items()} for group, entries in every_word().items()}


# ---------------------------------------------------------------- every cell under its label


def kpi_labels(edition: Edition, values: pl.DataFrame) -> pl.DataFrame:
    """Label, unit and place of every category of every KPI of an edition, in the order of the report's tables; what no table names follows, in the order of kpis.yaml.

    Args:
        edition: The edition.
        values: Its rows of `kpi_values`, for categories that only the data know (`each`).

    Columns: as `kpi_labels` in the data dictionary.
    """
    labels = edition.labels or Labels()
    cells = _cells(edition, values)
    rows: list[dict[str, Any]] = []
    for place, (table, cell) in enumerate(_in_order(labels, cells), 1):
        rows.append({"edition": edition.id, "place": place, **_table_names(labels, table), **_names(edition, labels, cell)})
    return conform(pl.DataFrame(rows, schema=KPI_LABELS.schema), KPI_LABELS)


def _cells(edition: Edition, values: pl.DataFrame) -> list[Cell]:
    """The cells of an edition in the order of kpis.yaml. A breakdown that is given per period counts once."""
    there = values.select("kpi_id", "breakdown", "category").unique().sort(pl.all()).rows()
    found: dict[Cell, None] = {}
    for kpi in edition.defined.values():
        for spread in kpi.breakdowns:
            found |= dict.fromkeys((kpi.id, spread.name, category) for category in spread.categories)
        found |= dict.fromkeys(cell for cell in there if cell[0] == kpi.id)
    return list(found)


def _in_order(labels: Labels, cells: list[Cell]) -> Iterator[tuple[str | None, Cell]]:
    named = {item for layout in labels.tables.values() for item in layout.kpis}
    left = dict.fromkeys(cells)
    for table, layout in labels.tables.items():
        for item in layout.kpis:
            for cell in [cell for cell in left if _closest(cell, named) == item]:
                del left[cell]
                yield table, cell
    for cell in left:
        yield None, cell


def _closest(cell: Cell, named: Collection[str]) -> str | None:
    """By which words a cell is named in the tables: the closest of `kpi/breakdown/category`, `kpi/breakdown` and `kpi`."""
    return next((item for item in ("/".join(cell), "/".join(cell[:2]), cell[0]) if item in named), None)


def _table_names(labels: Labels, table: str | None) -> dict[str, str | None]:
    if table is None:
        return {"table": word("table", OTHER, "en"), "table_zh": word("table", OTHER, "zh") if labels.tables else None}
    return {"table": labels.tables[table].en or table, "table_zh": labels.tables[table].zh}


def _names(edition: Edition, labels: Labels, cell: Cell) -> dict[str, Any]:
    kpi, (kpi_id, breakdown, category) = edition.defined[cell[0]], cell
    is_open = not any(category in spread.categories for spread in kpi.breakdowns if spread.name == breakdown)
    own, unit = labels.kpis.get(kpi_id, Words()), labels.units.get(kpi.unit, Words())
    english, chinese = own.en or kpi.label, own.zh
    if kpi.alternative_to:
        english += f" ({word('table', 'alternative', 'en')})"
        chinese = chinese and f"{chinese}（{word('table', 'alternative', 'zh')}）"
    if breakdown != "total":
        english += f": {labels.category_en(breakdown, category)}"
        known = labels.category_zh(breakdown, category) or (category if is_open else None)
        chinese = f"{chinese}：{known}" if chinese and known else None
    spread = labels.breakdowns.get(breakdown, BreakdownLabels()).label
    grouped = {"breakdown_en": None if breakdown == "total" else spread.en or breakdown.replace("_", " ").replace("|", ", "), "breakdown_zh": spread.zh}
    return {"kpi_id": kpi_id, "breakdown": breakdown, "category": category, **grouped, "label_en": english, "label_zh": chinese, "unit": unit.en or kpi.unit, "unit_zh": unit.zh, "open": is_open}
