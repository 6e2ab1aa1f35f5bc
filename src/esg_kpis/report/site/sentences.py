"""Sentences of findings as a reader of the site sees them: labels beside ids, thousands parted, rows by file and line. The files keep them as they were made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from esg_kpis.assurance.named import without_ids
from esg_kpis.domains import MEASURES
from esg_kpis.report.charts.words import measure_named
from esg_kpis.report.kpi_table import with_thousands
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.figures import Figures, figures_of
from esg_kpis.report.unseen import made_visible

_NAME = re.compile(r"(?<![\w./:=-])(?:[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[a-z][a-z0-9]*(?=/))")
"""What may be an id in a sentence: words joined by `_`, or a word before `/`."""
_GOES_ON = re.compile(r"(?:\.\w|::|[\w(=-])")
"""What follows a name that is a file, a test or a command rather than an id."""

_BY = re.compile(r"/(\w+)(?![\w/|])")
"""A breakdown of a KPI behind its id, without a category."""


@dataclass(frozen=True)
class Reader:
    """What sentences are told with.

    Attributes:
        figures: What KPIs are called, by edition, newest first.
        targets: What targets are called, by edition.
        places: File and line of records, by id.
        units: What numbers stand before.
        language: en or zh.
    """

    figures: Mapping[str, Figures]
    targets: Mapping[str, Mapping[str, str]]
    places: Mapping[str, str]
    units: re.Pattern[str]
    language: str

    def tell(self, text: str, edition: str = "") -> Markup:
        """A sentence in HTML: each id once with its label before it, numbers before units with their thousands parted, rows by their place."""
        plain = made_visible(self.units.sub(lambda found: _parted(found[0]), without_ids(text, self.places)))
        told, at, said = Markup(""), 0, set[str]()
        for found in _NAME.finditer(plain):
            known = self._known(plain[found.end() :], found[0], edition) if found.start() >= at else None
            if known is None:
                continue
            label, length = known
            beside = "" if found[0] in said or label == found[0] else Markup(' <small class="id">({})</small>').format(found[0])
            told += escape(plain[at : found.start()]) + escape(made_visible(label)) + beside
            said.add(found[0])
            at = found.end() + length
        return told + escape(plain[at:])

    def _known(self, rest: str, name: str, edition: str) -> tuple[str, int] | None:
        """What an id is called, and how much of what follows belongs to it: a KPI, also with `/breakdown` or `/breakdown/category` behind it, a target, or a measure."""
        for figures in [self.figures[edition]] if edition in self.figures else self.figures.values():
            if rest.startswith("/"):
                ways = [(breakdown, category) for kpi, breakdown, category in figures.labels if kpi == name and rest.startswith(f"/{breakdown}/{category}")]
                if ways:
                    breakdown, category = max(ways, key=lambda way: len(way[1]))
                    return figures.label(name, breakdown, category), len(breakdown) + len(category) + 2
                if (by := _BY.match(rest)) and (name, "total", "All") in figures.labels:
                    return f"{figures.label(name)}, {by[1].replace('_', ' ')}", by.end()
            elif "_" in name and not _GOES_ON.match(rest) and (name, "total", "All") in figures.labels:
                return figures.label(name), 0
        label = self.targets.get(edition, {}).get(name) or measure_named(name, self.language)
        return (label, 0) if label and "_" in name and not _GOES_ON.match(rest) and not rest.startswith("/") else None

    def subject(self, subject: str, edition: str) -> str:
        """What a finding is about, with the label of its KPI, measure or target in place of the id; as it stands where it begins with none of them."""
        name, _, rest = subject.partition(" ")
        known = self.targets.get(edition, {}).get(name) or measure_named(name, self.language)
        if (figures := self.figures.get(edition)) is not None:
            breakdown, is_cell, category = rest.partition("=")
            if is_cell and (name, breakdown, category) in figures.labels:
                return figures.label(name, breakdown, category)
            if (name, "total", "All") in figures.labels:
                known = figures.label(name)
        return subject if known is None else f"{known} {rest}".strip()


def reader_of(basis: SiteBasis, places: Mapping[str, str], language: str) -> Reader:
    """What the sentences of a run are told with in one language."""
    targets: dict[str, dict[str, str]] = {}
    for edition, name, label, label_zh in basis.tables["targets"].sort("edition", "target_id", "version_number").select("edition", "target_id", "label", "label_zh").iter_rows():
        targets.setdefault(edition, {})[name] = (language == "zh" and label_zh) or label
    units = {*basis.tables["kpi_values"]["unit"], *(measure.unit for measure in MEASURES.values()), "%"} - {""}
    words = "|".join(re.escape(unit) for unit in sorted(units, key=lambda unit: (-len(unit), unit)))
    numbers = re.compile(rf"(?<![\w.,:/'-])-?\d{{4,}}(?:\.\d+)?(?=(?: (?:to|and|or|of) -?\d+(?:\.\d+)?)*(?: (?:{words})(?:[/ ,;:.)]|$)))")
    return Reader({edition: figures_of(basis, edition, language) for edition in basis.editions}, targets, places, numbers, language)


def _parted(number: str) -> str:
    return number if number.lstrip("-").startswith("0") else with_thousands(number)
