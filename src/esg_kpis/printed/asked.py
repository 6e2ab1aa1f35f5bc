"""What a person says in checks.yaml: relations, figures that stand elsewhere, and what is left out."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from esg_kpis.errors import InputProblem, UnitProblem, near_misses
from esg_kpis.printed.entries import (
    BandEntry,
    BoundaryEntry,
    Checked,
    ChecksFile,
    DenominatorSaid,
    ImpliedEntry,
    Movements,
    Parts,
    Ratio,
    SameDenominatorEntry,
    SameFact,
    SharesEntry,
    Weights,
    WholeEntry,
)
from esg_kpis.printed.figures import TOTAL, Cell, Figure, Figures, given_figure, is_whole
from esg_kpis.printed.means import Amount, Mean, Part, Shares, Whole
from esg_kpis.printed.movements import RollForward
from esg_kpis.printed.quotients import Band, Implied, Quotient, SameDenominator
from esg_kpis.printed.relations import Judgement, Relation, Rule
from esg_kpis.printed.stated import Boundary
from esg_kpis.printed.sums import Alike, Sum, Term
from esg_kpis.units import multiplier

BASIS = "checks.yaml"
_CELL = re.compile(r"^(?:\[(?P<document>[^\]]+)\]\s*)?(?P<kpi>[^/@]+?)(?:/(?P<breakdown>[^/@]+)/(?P<category>.+?))?(?:@(?P<period>[^@/]+))?$")
Found = tuple[str, str, Rule, str]


@dataclass(frozen=True)
class Missing:
    """A relation that was asked for and could not be looked at, and why."""

    check: str
    subject: str
    document: str
    period: str
    why: str


def given(checks: ChecksFile, document: str) -> list[Figure]:
    """The figures of a checks.yaml that stand elsewhere.

    Raises:
        InputProblem: if one is no number.
    """
    found = []
    for entry in checks.given:
        for period, text in entry.values.items():
            cell = _cell(entry.cell, document, period)
            figure = given_figure(cell, text, entry.unit, entry.source, whole=is_whole(entry.unit) and cell.kpi_id not in checks.rounded)
            if figure is None:
                raise InputProblem(f"The given figure '{text}' of {entry.cell} is no number.", where="checks.yaml", mend="Write it as it is printed, in quotes.")
            found.append(figure)
    return found


def partial(checks: ChecksFile, periods: Sequence[str]) -> frozenset[tuple[str, str, str]]:
    """The KPI, period and breakdown of each breakdown that somebody says is no whole."""
    return frozenset((entry.kpi, period, entry.breakdown) for entry in checks.partial for period in (entry.periods or periods))


def asked(checks: ChecksFile, figures: Figures, document: str) -> Iterator[Relation | Missing]:
    """The relations that a checks.yaml asks for between the figures of a document.

    Raises:
        InputProblem: if a cell is not written as one, a KPI is printed nowhere, or units do not fit and no `times` is given.
    """
    reader = _Reader(figures, document)
    kinds: tuple[tuple[Sequence[Checked], Callable[[Any, str], Found]], ...] = (
        (checks.parts, reader.parts), (checks.ratio, reader.ratio), (checks.same_fact, reader.same_fact), (checks.band, reader.band), (checks.weights, reader.weights),
        (checks.whole, reader.whole), (checks.shares, reader.shares), (checks.roll_forward, reader.roll_forward), (checks.boundary, reader.boundary),
        (checks.denominator_said, reader.denominator_said), (checks.same_denominator, reader.same_denominator),
    )  # fmt: skip
    for entries, read in kinds:
        for entry in entries:
            for period in entry.periods or figures.periods(document):
                reader.missing.clear()
                check, subject, rule, note = read(entry, period)
                if not reader.missing:
                    settled = False
                    if isinstance(entry, DenominatorSaid) and isinstance(rule, Quotient):
                        # What the print does fit holds as well, so that nobody is suspected of a figure that only the words miss.
                        used = Quotient(rule.result, rule.top, reader.terms(entry.used, period), rule.factor)
                        settled = not used.judge(figures.by_cell).failed
                        if settled:
                            yield Relation("quotient", subject, document, period, used, BASIS)
                    yield Relation(check, subject, document, period, rule, BASIS, " ".join(part for part in (note, entry.text) if part), settled)
                elif entry.periods and any(cell.kpi_id == rule.cells[0].kpi_id and cell.document == document for cell in figures.by_cell):
                    yield Missing(check, subject, document, period, f"not printed: {', '.join(str(cell) for cell in dict.fromkeys(reader.missing))}")


class _Reader:
    """Entries to rules; what is printed nowhere is collected in `missing`."""

    def __init__(self, figures: Figures, document: str) -> None:
        self.figures, self.document = figures, document
        self.missing: list[Cell] = []

    def cell(self, text: str, period: str) -> Cell:
        """A cell as written."""
        cell = _cell(text, self.document, period)
        if cell not in self.figures.by_cell:
            self.missing.append(cell)
        return cell

    def terms(self, texts: Iterable[str], period: str, unit: str | None = None) -> tuple[Term, ...]:
        """Cells added up in the unit of the first, or in `unit`; `- ` before one takes it off."""
        found: list[Term] = []
        for text in texts:
            cell = self.cell(text.removeprefix("- "), period)
            own = self.unit(cell)
            wanted = unit if unit is not None else self.unit(found[0].cell) if found else own
            try:
                # Things of two kinds may be compared where somebody asks for it: a request names one device or more.
                alike = own == wanted or not (own and wanted) or (is_whole(own) and is_whole(wanted))
                times = Fraction(1) if alike else multiplier(own, wanted)
            except UnitProblem as problem:
                raise InputProblem(f"'{text}' is in {own}, beside {wanted}: {problem.what}", where="checks.yaml", mend="Only figures of one kind add up.") from problem
            found.append(Term(cell, -times if text.startswith("- ") else times))
        return tuple(found)

    def unit(self, cell: Cell) -> str:
        """The unit in which a cell is printed; nothing if it is not."""
        return self.figures.by_cell[cell].unit if cell in self.figures.by_cell else ""

    def amount(self, texts: Iterable[str], period: str, times: Fraction = Fraction(1)) -> Amount:
        """Products of cells, written `a x b`; a share in percent counts as a hundredth where it is multiplied."""
        products = [tuple(self.cell(part, period) for part in text.split(" x ")) for text in texts]
        hundredths = sum(self.unit(cell) == "%" for cell in products[0])
        return Amount(tuple(products), times / 100**hundredths)

    def factor(self, result: Cell, top: tuple[Term, ...], bottom: tuple[Term, ...], times: object) -> Fraction:
        """What numerator over denominator is multiplied by: as given, or by the units."""
        if times is not None:
            return Fraction(str(times))
        if self.missing:
            return Fraction(1)
        units = [self.unit(cell) for cell in (result, top[0].cell, bottom[0].cell)]
        try:
            if units[0] == "%":
                return 100 * (Fraction(1) if units[1] == units[2] else multiplier(units[1], units[2]))
            return multiplier(f"{units[1]}/{units[2]}", units[0])
        except UnitProblem as problem:
            raise InputProblem(
                f"{result.kpi_id} is in '{units[0]}', its numerator in '{units[1]}', its denominator in '{units[2]}': {problem.what}", where="checks.yaml", mend="Say by `times` what the quotient is multiplied by."
            ) from problem

    def parts(self, entry: Parts, period: str) -> Found:
        """Parts of a whole."""
        whole = self.cell(entry.whole, period)
        rule = Sum(self.terms(entry.parts, period, self.unit(whole)), (Term(whole),), entry.at_most)
        return ("part_of_whole" if entry.at_most else "adds_up"), entry.whole, rule, ""

    def ratio(self, entry: Ratio, period: str) -> Found:
        """Numerator over denominator."""
        result, top, bottom = self.cell(entry.result, period), self.terms(entry.numerator, period), self.terms(entry.denominator, period)
        return "quotient", result.name, Quotient(result, top, bottom, self.factor(result, top, bottom, entry.times)), ""

    def same_fact(self, entry: SameFact, period: str) -> Found:
        """One fact said twice: all are compared with the one of most decimals."""
        cells = [self.cell(text, period) for text in entry.cells]
        terms = self.terms(entry.cells, period)
        rule: Rule = Sum((terms[0],), (terms[1],)) if len(terms) == 2 else Alike(terms)
        return "same_fact", " = ".join(f"{'' if cell.document == self.document else f'[{cell.document}] '}{cell.name}" for cell in cells), rule, ""

    def band(self, entry: BandEntry, period: str) -> Found:
        """An implied factor."""
        rule = Band(
            self.terms(entry.numerator, period), self.terms(entry.denominator, period), Fraction(entry.low), Fraction(entry.high), Fraction(entry.times), entry.unit, f"Source: {entry.source}."
        )  # fmt: skip
        return "band", entry.name, rule, ""

    def weights(self, entry: Weights, period: str) -> Found:
        """A mean with named weights."""
        headline = self.cell(entry.rate, period)
        parts = tuple(
            Part(self.cell(f"{entry.rate}/{entry.breakdown}/{category}", period), self.amount(texts, period)) for category, texts in entry.weights.items()
        )
        heads = self.amount((entry.heads,), period) if entry.heads else None
        return "weighted_mean", f"{headline.name}/{entry.breakdown}", Mean(headline, parts, heads), ""

    def whole(self, entry: WholeEntry, period: str) -> Found:
        """A rate of a count."""
        rate = self.cell(entry.rate, period)
        return "whole_numbers", rate.name, Whole(rate, self.amount(entry.group, period, Fraction(entry.times)), Fraction(entry.per)), ""

    def shares(self, entry: SharesEntry, period: str) -> Found:
        """Shares of a whole."""
        cells = tuple(self.cell(text, period) for text in entry.parts)
        return "shares", f"{cells[0].kpi_id}/{cells[0].breakdown}", Shares(cells, self.amount((entry.of,), period) if entry.of else None), ""

    def roll_forward(self, entry: Movements, period: str) -> Found:
        """Movements."""
        periods = self.figures.periods(self.document)
        before = periods[periods.index(period) + 1] if period in periods[:-1] else "the period before"
        opening = self.cell(entry.opening or entry.closing, before if not entry.opening else period)
        joined, left, closing = self.cell(entry.joined, period), self.cell(entry.left or entry.left_share, period), self.cell(entry.closing, period)
        return "roll_forward", closing.name, RollForward(opening, joined, left, closing, as_share=bool(entry.left_share)), ""

    def boundary(self, entry: BoundaryEntry, period: str) -> Found:
        """What two sides cover."""
        cells = tuple(self.cell(text, period) for text in entry.cells)
        return "boundary", cells[0].name, Boundary(cells, entry.above, entry.below), ""

    def denominator_said(self, entry: DenominatorSaid, period: str) -> Found:
        """The quotient by the denominator that the text names, with a word on the one that the definition takes."""
        result, top = self.cell(entry.result, period), self.terms(entry.numerator, period)
        said, used = self.terms(entry.said, period), self.terms(entry.used, period)
        factor = self.factor(result, top, said, entry.times)
        if self.missing:
            return "denominator_said", result.name, Quotient(result, top, said, factor), ""
        other: Judgement = Quotient(result, top, used, factor).judge(self.figures.by_cell)
        fits = "the print does not fit that either" if other.failed else "the print fits that one"
        names = " + ".join(term.cell.name for term in said), " + ".join(term.cell.name for term in used)
        note = f"The text names {names[0]}; with {names[1]} it is {other.observed.partition(': ')[0]}: {fits}."
        return "denominator_said", result.name, Quotient(result, top, said, factor), note

    def same_denominator(self, entry: SameDenominatorEntry, period: str) -> Found:
        """Quotients over a number that is printed nowhere, in `unit`."""
        quotients = []
        for item in entry.quotients:
            result, top = self.cell(item.result, period), self.terms(item.numerator, period)
            factor = Fraction(item.times) if item.times is not None else Fraction(1)
            if item.times is None and not self.missing:
                try:
                    factor = multiplier(f"{self.unit(top[0].cell)}/{entry.unit}", self.unit(result))
                except UnitProblem as problem:
                    raise InputProblem(f"{result.kpi_id}: {problem.what}", where="checks.yaml", mend="Say by `times` what the quotient is multiplied by.") from problem
            quotients.append(Implied(result, top, factor, item.at_most))
        most = self.cell(entry.part_of, period) if entry.part_of else None
        return "same_denominator", entry.name, SameDenominator(entry.name, tuple(quotients), entry.whole, most), ""


def _cell(text: str, document: str, period: str) -> Cell:
    match = _CELL.match(text.strip())
    if match is None:
        raise InputProblem(f"'{text}' is no cell.", where="checks.yaml", mend="Write kpi_id, or kpi_id/breakdown/category; [document] in front and @period behind where they are others.")
    return Cell(match["document"] or document, match["kpi"].strip(), match["period"] or period, match["breakdown"] or TOTAL[0], match["category"] or TOTAL[1])


def check_names(checks: ChecksFile, figures: Figures, document: str) -> None:
    """Whether each cell that a checks.yaml names is printed or given in some period: a misspelt one would never be checked, and nobody would know.

    Raises:
        InputProblem: naming it, with the near misses.
    """
    known, documents = {cell.kpi_id for cell in figures.by_cell}, figures.documents
    for text in _texts(checks):
        cell = _cell(text, document, "")
        if cell.document in documents and cell.kpi_id not in known:
            raise InputProblem(f"'{text}' names the KPI '{cell.kpi_id}', of which nothing is printed.", where="checks.yaml", mend=near_misses(cell.kpi_id, known) or "Name a KPI of published.csv.")
        places = {f"{other.breakdown}/{other.category}" for other in figures.by_cell if other.kpi_id == cell.kpi_id and other.document == cell.document}
        if cell.document in documents and places and f"{cell.breakdown}/{cell.category}" not in places:
            raise InputProblem(f"'{text}' names a cell of '{cell.kpi_id}' that is printed in no period.", where="checks.yaml", mend=near_misses(f"{cell.breakdown}/{cell.category}", places) or f"Printed: {', '.join(sorted(places)[:8])}.")


def _texts(checks: ChecksFile) -> Iterator[str]:
    for item in checks.parts:
        yield from (item.whole, *item.parts)
    quotients: list[Ratio | DenominatorSaid | ImpliedEntry] = [*checks.ratio, *checks.denominator_said, *(item for group in checks.same_denominator for item in group.quotients)]
    for entry in quotients:
        yield from (entry.result, *(text.removeprefix("- ") for text in entry.numerator))
    for ratio in checks.ratio:
        yield from (text.removeprefix("- ") for text in ratio.denominator)
    for said in checks.denominator_said:
        yield from (text.removeprefix("- ") for text in (*said.said, *said.used))
    for fact in checks.same_fact:
        yield from fact.cells
    for band in checks.band:
        yield from (text.removeprefix("- ") for text in (*band.numerator, *band.denominator))
    for rate in checks.weights:
        yield from (rate.rate, *(part for texts in rate.weights.values() for text in texts for part in text.split(" x ")))
    for whole in checks.whole:
        yield from (whole.rate, *(part for text in whole.group for part in text.split(" x ")))
    for move in checks.roll_forward:
        yield from (text for text in (move.closing, move.joined, move.left or move.left_share) if text)
    for places in (*(item.parts for item in checks.shares), *(item.cells for item in checks.boundary)):
        yield from places
