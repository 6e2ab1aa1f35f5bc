"""Printed tables for tests: rows to figures, what is found in them, and figures changed on purpose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import polars as pl

from esg_kpis.editions import Kpi, read_editions
from esg_kpis.printed import ChecksFile, Document, check_table, read_checks
from esg_kpis.printed.asked import given
from esg_kpis.printed.figures import Cell, Figure, Figures, figures_of
from esg_kpis.printed.judge import relations_of
from esg_kpis.printed.locate import Searching
from esg_kpis.printed.relations import Relation
from tests.conftest import REPOSITORY

COLUMNS = ("kpi_id", "period", "breakdown", "category", "value_as_printed", "unit")
REPORT = "2023"


def table(*rows: str) -> pl.DataFrame:
    """Printed cells, each written `kpi 2023 breakdown/category: 1,234.5 tonne`; breakdown and category may be left out."""
    cells = []
    for row in rows:
        place, _, print_ = row.partition(": ")
        kpi_id, period, *rest = place.split(" ", 2)
        breakdown, _, category = (rest[0] if rest else "total/All").partition("/")
        text, _, unit = print_.partition(" ")
        cells.append(dict(zip(COLUMNS, (kpi_id, period, breakdown, category, text, unit), strict=True)) | {"document": "", "table": "T"})
    return pl.DataFrame(cells, schema=dict.fromkeys((*COLUMNS, "document", "table"), pl.String))


def checked(*rows: str, checks: Mapping[str, Any] | None = None, kpis: Sequence[Mapping[str, Any]] = ()) -> pl.DataFrame:
    """All checks of a table."""
    document = Document({kpi["id"]: Kpi.model_validate(kpi) for kpi in kpis}, ChecksFile.model_validate(checks or {}))
    return check_table(table(*rows), {"": document})


def verdicts(frame: pl.DataFrame, check: str) -> dict[str, str]:
    """Subject and period of the checks of one kind, to their verdicts."""
    return {f"{row['subject']} {row['period']}": row["verdict"] for row in frame.filter(pl.col("check") == check).iter_rows(named=True)}


def sum_of(kpi_id: str, unit: str, measure: str, **more: object) -> dict[str, Any]:
    """A definition of a sum."""
    return {"id": kpi_id, "label": kpi_id, "text": "t", "source": "s", "unit": unit, "decimals": 2, "formula": "sum", "amounts": [{"measure": measure, **dict(more.pop("of", {}))}], **more}  # type: ignore[call-overload]


def over(kpi_id: str, unit: str, formula: str, top: str, bottom: str, **more: object) -> dict[str, Any]:
    """A definition of a quotient."""
    return {"id": kpi_id, "label": kpi_id, "text": "t", "source": "s", "unit": unit, "decimals": 2, "formula": formula, "numerator": top, "denominator": bottom, **more}


@dataclass(frozen=True)
class Report:
    """The figures of the worked editions, what must hold between those of the 2023 report, and what fails as printed."""

    figures: Figures
    relations: list[Relation]
    failing: list[Relation]

    def around(self, cell: Cell) -> list[Relation]:
        """The relations a figure stands in, and those of all figures these are about."""
        near = [relation for relation in self.relations if cell in relation.rule.cells]
        cells = {other for relation in near for other in relation.rule.cells}
        return [relation for relation in self.relations if cells & set(relation.rule.cells)]


@cache
def report() -> Report:
    """The 2023 report as printed, without what checks.yaml explains."""
    editions = read_editions(REPOSITORY / "editions")
    frame = pl.concat([edition.published for edition in editions]).with_columns(pl.col("edition").alias("document"))
    documents = {edition.id: Document(edition.kpis, read_checks(REPOSITORY / "editions" / edition.id / "checks.yaml")) for edition in editions}
    figures = figures_of(frame)
    for name, document in documents.items():
        figures = figures.with_given(given(document.checks, name))
    every, _ = relations_of(figures, documents, [REPORT])
    explained = {(item.check, item.subject) for item in documents[REPORT].checks.explained}
    failing = [relation for relation in every if relation.rule.judge(figures.by_cell).failed]
    relations = [relation for relation in every if relation not in failing or (relation.check, relation.subject) not in explained]
    return Report(figures, relations, [relation for relation in failing if relation in relations])


@dataclass
class Told:
    """What became of planted faults."""

    planted: int = 0
    found: int = 0
    among: int = 0
    """The culprit is among the suspects."""
    named: int = 0
    """So is what it was."""
    alone: int = 0
    """It is called the likeliest."""
    wrong: int = 0
    """Another one is."""


def plant(place: Report, cell: Cell, faults: Iterator[Figure], told: Told) -> list[Figure]:
    """Plants each fault, counts what was told of it, and returns those that were not found."""
    near = place.around(cell)
    before = {id(relation) for relation in near if relation in place.failing}
    unseen = []
    for fault in faults:
        prints = {**place.figures.by_cell, cell: fault}
        told.planted += 1
        fails = [relation for relation in near if relation.rule.judge(prints).failed]
        fresh = [relation for relation in fails if id(relation) not in before]
        if not fresh:
            unseen.append(fault)
            continue
        search = Searching(prints, near, fails)
        located = [search.locate(relation) for relation in fresh]
        suspects = [suspect for each in located for suspect in each.suspects if suspect.cell == cell]
        true = place.figures.by_cell[cell].value
        told.found += 1
        told.among += bool(suspects)
        told.named += any(Fraction(text.replace(",", "").rstrip("%")) == true for suspect in suspects for text, _ in suspect.ways)
        right = any(each.alone and each.suspects[0].cell == cell for each in located)
        told.alone += right
        told.wrong += not right and any(each.alone for each in located)
    return unseen


def changed_digits(figure: Figure) -> Iterator[Figure]:
    """The figure with each digit replaced by each other."""
    for place, sign in enumerate(figure.text):
        if sign.isdigit():
            for other in "0123456789":
                if other != sign:
                    yield printed_as(figure, figure.text[:place] + other + figure.text[place + 1 :])


def printed_as(figure: Figure, text: str) -> Figure:
    """The cell with another print of as many decimals."""
    return replace(figure, text=text, value=Fraction(text.replace(",", "").rstrip("%")))
