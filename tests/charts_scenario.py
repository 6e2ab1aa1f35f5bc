"""What tests of the charts share: the basis of a run, and what stands where in a picture."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from esg_kpis.editions import read_editions
from esg_kpis.factors import read_library, with_instruments
from esg_kpis.kpis import inputs_of
from esg_kpis.report.charts.draw import LINE, WIDTH
from esg_kpis.report.charts.text import width_of
from esg_kpis.report.site.basis import SiteBasis

SVG = "{http://www.w3.org/2000/svg}"


def basis_of(root: Path, out: Path) -> SiteBasis:
    """The basis of the report site of the last run."""
    tables = {path.stem: pl.read_parquet(path) for path in out.glob("*.parquet")}
    ran = json.loads((out / "run.json").read_text(encoding="utf-8"))
    editions = {edition.id: edition for edition in read_editions(root / "editions")}
    library = with_instruments(read_library(root / "factors"), tables["instruments"])
    inputs = {
        name: inputs_of(tables["edition_amounts"].filter(pl.col("edition") == name), tables["sites"], library, edition, date.fromisoformat(ran[f"known on {name}"]))
        for name, edition in editions.items()
    }
    return SiteBasis(editions, inputs, tables, {})


@dataclass(frozen=True)
class Said:
    """One line of text in a picture, and the box that it takes by the widths that pictures are laid out with."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


def lines_of(svg: str) -> list[Said]:
    """Every line of text of a picture."""
    return list(_below(ElementTree.fromstring(svg), 0, 0))  # noqa: S314 - made here


def _moved(element: ElementTree.Element) -> tuple[float, float]:
    text = element.get("transform", "")
    assert "rotate" not in text
    x, _, y = text.removeprefix("translate(").partition(")")[0].partition(",") if text else ("0", "", "0")
    return float(x), float(y or 0)


def _below(element: ElementTree.Element, x: float, y: float) -> Iterator[Said]:
    dx, dy = _moved(element)
    x, y = x + dx, y + dy
    if element.tag == f"{SVG}text":
        spans = element.findall(f"{SVG}tspan")
        size = int(element.get("font-size", "0").removesuffix("px"))
        for place, text in enumerate([span.text or "" for span in spans] if spans else [element.text or ""]):
            wide = width_of(text, size, bold=element.get("font-weight") == "bold")
            left = x - {"middle": wide / 2, "end": wide}.get(element.get("text-anchor", ""), 0)
            yield Said(text, left, left + wide, y + place * LINE - 9, y + place * LINE + 2)
        return
    for child in element:
        yield from _below(child, x, y)


def overlaps(lines: list[Said]) -> list[tuple[str, str]]:
    """Lines of text that lie on each other."""
    return [
        (first.text, second.text)
        for place, first in enumerate(lines)
        for second in lines[place + 1 :]
        if first.left < second.right - 1 and second.left < first.right - 1 and first.top < second.bottom - 1 and second.top < first.bottom - 1
    ]


def outside(svg: str) -> list[str]:
    """Lines of text that leave the picture."""
    high = int(ElementTree.fromstring(svg).get("viewBox", "").split()[3])  # noqa: S314
    return [line.text for line in lines_of(svg) if line.left < -1 or line.right > WIDTH + 1 or line.top < -1 or line.bottom > high + 1]
