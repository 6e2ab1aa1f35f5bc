"""What the definitions of an edition imply: relations between its printed figures, from kpis.yaml as it is."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

from esg_kpis.editions import Kpi
from esg_kpis.editions.entry import Where
from esg_kpis.errors import UnitProblem
from esg_kpis.printed.facts import Facts, fact_of, left_out, parts_the_whole
from esg_kpis.printed.figures import TOTAL, Cell, Figures, is_whole
from esg_kpis.printed.means import Amount, Between, Mean, Part, Shares, Whole
from esg_kpis.printed.mixtures import Pair, SameGroups
from esg_kpis.printed.movements import RollForward
from esg_kpis.printed.quotients import Implied, Quotient, SameDenominator
from esg_kpis.printed.relations import Relation, Rule
from esg_kpis.printed.stated import Boundary
from esg_kpis.printed.sums import Sum, Term
from esg_kpis.units import multiplier

BASIS = "kpis.yaml"


def defined(kpis: Mapping[str, Kpi], figures: Figures, document: str, partial: frozenset[tuple[str, str, str]] = frozenset()) -> Iterator[Relation]:
    """The relations that the definitions of one document imply between its printed figures.

    Args:
        kpis: Its definitions.
        figures: All figures.
        document: The document.
        partial: KPI, period and breakdown whose categories somebody says do not cover the headline.
    """
    facts = Facts(kpis, figures, document)
    periods = figures.periods(document)
    for kpi in kpis.values():
        for period in periods:
            rules = [*_footing(kpi, period, facts), *_parts_of(kpi, period, facts), *_quotients(kpi, period, periods, facts), *_shares(kpi, period, facts), *_means(kpi, period, facts, partial)]
            for check, subject, rule, note in rules:
                yield Relation(check, subject, document, period, rule, BASIS, note)
    yield from _same_facts(facts)
    yield from _same_denominators(facts, periods)
    yield from _same_groups(facts, periods, partial)
    yield from _roll_forwards(facts, periods)


Found = tuple[str, str, Rule, str]


def _footing(kpi: Kpi, period: str, facts: Facts) -> Iterator[Found]:
    whole = facts.cell(kpi.id, period, *TOTAL)
    if kpi.footing is None or whole is None:
        return
    parts: list[Cell | None] = []
    for name in kpi.footing.parts:
        part_id, _, breakdown = name.removesuffix("/*").partition("/")
        if not breakdown:
            parts.append(facts.cell(part_id, period, *TOTAL))
            continue
        wanted = [category for spread, categories in facts.categories(facts.kpis[part_id], period) if spread == breakdown for category in categories]
        parts += [facts.cell(part_id, period, breakdown, category) for category in wanted] or [None]
    terms = tuple(_term(part, facts, kpi.unit) for part in parts if part is not None)
    if None not in parts and None not in terms:
        yield "adds_up", kpi.id, Sum(tuple(term for term in terms if term is not None), (Term(whole),)), ""


def _parts_of(kpi: Kpi, period: str, facts: Facts) -> Iterator[Found]:
    """Categories of a sum are parts of its total; where they say that nothing is left out, they add up to it."""
    whole = facts.cell(kpi.id, period, *TOTAL)
    if kpi.formula not in ("sum", "count") or whole is None or (kpi.footing and any(name.startswith(f"{kpi.id}/") for name in kpi.footing.parts)):
        return
    for breakdown, categories in facts.categories(kpi, period):
        if breakdown == TOTAL[0]:
            continue
        printed = {category: cell for category in categories if (cell := facts.cell(kpi.id, period, breakdown, category))}
        missing = left_out([categories[category] for category in printed])
        if missing == set() and len(printed) == len(categories) and any(value.startswith("not ") for where in categories.values() for values in where.values() for value in values):
            yield "adds_up", f"{kpi.id}/{breakdown}", Sum(tuple(Term(cell) for cell in printed.values()), (Term(whole),)), ""
        elif missing is not None and printed:
            yield "part_of_whole", f"{kpi.id}/{breakdown}", Sum(tuple(Term(cell) for cell in printed.values()), (Term(whole),), at_most=True), ""
        else:
            for cell in printed.values():
                yield "part_of_whole", cell.name, Sum((Term(cell),), (Term(whole),), at_most=True), ""


def _quotients(kpi: Kpi, period: str, periods: list[str], facts: Facts) -> Iterator[Found]:
    if kpi.formula in ("sum", "count"):
        return
    for breakdown, categories in facts.categories(kpi, period):
        for category, where in categories.items():
            result = facts.cell(kpi.id, period, breakdown, category)
            if result is None:
                continue
            top = facts.stating(kpi.numerator or "", where, period)
            if kpi.formula == "growth":
                before = _before(period, periods)
                earlier = facts.stating(kpi.numerator or "", where, before) if before else None
                if top and earlier:
                    yield "quotient", result.name, Quotient(result, (Term(top),), (Term(earlier),), Fraction(100), Fraction(100)), ""
                continue
            bottom = facts.stating(kpi.denominator or "", narrowed(kpi, where), period)
            yield from _of_cells(kpi, result, top, bottom, facts)
            if top is None and kpi.formula in ("share", "rate", "ratio") and is_whole(facts.kpis[kpi.numerator or ""].unit) and is_whole(facts.kpis[kpi.denominator or ""].unit):
                group = facts.size(kpi.denominator or "", narrowed(kpi, where), period)
                if group is not None and _all_whole(group, facts):
                    yield "whole_numbers", result.name, Whole(result, group, factor_of(kpi, facts.kpis)), ""


def _of_cells(kpi: Kpi, result: Cell, top: Cell | None, bottom: Cell | None, facts: Facts) -> Iterator[Found]:
    if top is None or bottom is None or result in (top, bottom) or top == bottom:
        return
    above, below = facts.kpis[kpi.numerator or ""], facts.kpis[kpi.denominator or ""]
    if kpi.formula == "difference":
        first, second = _term(top, facts, kpi.unit), _term(bottom, facts, kpi.unit)
        if first and second:
            yield "adds_up", result.name, Sum((first, Term(second.cell, -second.times)), (Term(result),)), ""
        return
    first, second = _term(top, facts, above.unit), _term(bottom, facts, below.unit)
    if first and second:
        yield "quotient", result.name, Quotient(result, (first,), (second,), factor_of(kpi, facts.kpis)), ""


def _shares(kpi: Kpi, period: str, facts: Facts) -> Iterator[Found]:
    """Shares that part a whole add up to 100: all of a breakdown, or within each category of `denominator_within`."""
    if not parts_the_whole(kpi, facts.kpis):
        return
    for breakdown, categories in facts.categories(kpi, period):
        cells = {category: facts.cell(kpi.id, period, breakdown, category) for category in categories}
        if len(cells) < 2 or None in cells.values():
            continue
        groups: dict[str, list[str]] = {}
        for category, where in categories.items():
            groups.setdefault(repr(narrowed(kpi, where)), []).append(category)
        for members in groups.values():
            if len(members) < 2:
                continue
            size = facts.size(kpi.denominator or "", narrowed(kpi, categories[members[0]]), period)
            whole = size if size is not None and _all_whole(size, facts) else None
            within = f" ({members[0].partition('|')[0]})" if len(groups) > 1 else ""
            yield "shares", f"{kpi.id}/{breakdown}{within}", Shares(tuple(cell for name in members if (cell := cells[name])), whole), ""


def _means(kpi: Kpi, period: str, facts: Facts, partial: frozenset[tuple[str, str, str]]) -> Iterator[Found]:
    """The headline of a quotient is the weighted mean of its categories, as far as these cover it."""
    headline = facts.cell(kpi.id, period, *TOTAL)
    if headline is None or kpi.formula not in ("share", "rate", "ratio"):
        return
    for breakdown, categories in facts.categories(kpi, period):
        cells = {category: facts.cell(kpi.id, period, breakdown, category) for category in categories}
        if breakdown == TOTAL[0] or len(cells) < 2 or None in cells.values() or (kpi.id, period, breakdown) in partial:
            continue
        missing = left_out(categories.values())
        if missing is None or any(narrowed(kpi, where) != where for where in categories.values()):
            continue
        parts = {category: cell for category, cell in cells.items() if cell is not None}
        if missing:
            [name] = {name for where in categories.values() for name in where}
            yield "boundary", f"{kpi.id}/{breakdown}", Boundary((headline, *parts.values()), f"the categories leave out {name} {', '.join(sorted(missing))}", "the headline leaves out nothing", "in the headline and in its categories"), ""
            continue
        sizes = {category: facts.size(kpi.denominator or "", where, period, relative=True) for category, where in categories.items()}
        weighed = _lighter([(parts[category], size) for category, size in sizes.items() if size is not None])
        if len(weighed) == len(parts):
            heads = facts.size(kpi.denominator or "", {}, period)
            counted = is_whole(facts.kpis[kpi.numerator or ""].unit) and heads is not None and _all_whole(heads, facts)
            yield "weighted_mean", f"{kpi.id}/{breakdown}", Mean(headline, weighed, heads if counted else None, factor_of(kpi, facts.kpis)), ""
        else:
            yield "weighted_mean", f"{kpi.id}/{breakdown}", Between(headline, tuple(parts.values())), "What weighs the categories is not printed."


def _lighter(sizes: list[tuple[Cell, Amount]]) -> tuple[Part, ...]:
    """Weights without the count of everybody, where all are shares of it: a mean asks for proportions only."""
    products = [product for _, size in sizes for product in size.products]
    common = len({product[-1] for product in products if product}) == 1 and all(len(product) > 1 for product in products)
    return tuple(Part(cell, Amount(tuple(product[:-1] for product in size.products), size.factor) if common else size) for cell, size in sizes)


def _same_facts(facts: Facts) -> Iterator[Relation]:
    for (_, period), cells in facts.by_fact.items():
        for first, second in pairwise(cells):
            term = _term(second, facts, facts.figures.by_cell[first].unit)
            if term is not None:
                yield Relation("same_fact", f"{first.name} = {second.name}", facts.document, period, Sum((Term(first),), (term,)), BASIS, "Both are defined as the same amounts.")


def _same_denominators(facts: Facts, periods: list[str]) -> Iterator[Relation]:
    """Quotients over a denominator that is printed nowhere."""
    for period in periods:
        groups: dict[tuple[str, str], list[Implied]] = {}
        for kpi in facts.kpis.values():
            if kpi.formula not in ("share", "rate", "ratio"):
                continue
            for breakdown, categories in facts.categories(kpi, period):
                for category, where in categories.items():
                    result = facts.cell(kpi.id, period, breakdown, category)
                    top = facts.stating(kpi.numerator or "", where, period)
                    below = narrowed(kpi, where)
                    if result is None or top is None or facts.stating(kpi.denominator or "", below, period):
                        continue
                    term = _term(top, facts, facts.kpis[kpi.numerator or ""].unit)
                    if term is not None:
                        groups.setdefault((kpi.denominator or "", repr(below)), []).append(Implied(result, (term,), factor_of(kpi, facts.kpis)))
        for (denominator, _), quotients in groups.items():
            if len(quotients) > 1:
                whole = is_whole(facts.kpis[denominator].unit)
                cell = quotients[0].result
                subject = denominator if (cell.breakdown, cell.category) == TOTAL else f"{denominator}/{cell.breakdown}/{cell.category}"
                yield Relation("same_denominator", subject, facts.document, period, SameDenominator(denominator, tuple(quotients), whole), BASIS, "The denominator is printed nowhere.")


def _same_groups(facts: Facts, periods: list[str], partial: frozenset[tuple[str, str, str]]) -> Iterator[Relation]:
    """Headlines with two categories each, over the same people, whose sizes are printed nowhere."""
    for period in periods:
        groups: dict[tuple[object, ...], list[tuple[str, Pair]]] = {}
        for kpi in facts.kpis.values():
            headline = facts.cell(kpi.id, period, *TOTAL)
            if kpi.formula not in ("share", "rate", "ratio") or headline is None:
                continue
            for breakdown, categories in facts.categories(kpi, period):
                cells = [facts.cell(kpi.id, period, breakdown, category) for category in categories]
                if len(cells) != 2 or left_out(categories.values()) != set() or (kpi.id, period, breakdown) in partial or any(narrowed(kpi, where) != where for where in categories.values()):
                    continue
                first, second = cells
                sizes = [facts.size(kpi.denominator or "", where, period, relative=True) for where in categories.values()]
                if first and second and None in sizes:
                    fact = fact_of(facts.kpis[kpi.denominator or ""], {})
                    groups.setdefault((fact, repr(sorted(map(repr, categories.values())))), []).append((f"{breakdown} {next(iter(categories))}", Pair(headline, first, second)))
        for pairs in groups.values():
            if len(pairs) > 1:
                what = pairs[0][0]
                subject = f"{what} in {', '.join(pair.headline.kpi_id for _, pair in pairs)}"
                yield Relation("same_groups", subject, facts.document, period, SameGroups(what, tuple(pair for _, pair in pairs)), BASIS, "How large the groups are is not printed.")


def _roll_forwards(facts: Facts, periods: list[str]) -> Iterator[Relation]:
    for kpi in facts.kpis.values():
        if kpi.roll_forward is None:
            continue
        for later, earlier in pairwise(periods):
            named = [(kpi.roll_forward.closing, earlier), (kpi.roll_forward.joined, later), (kpi.roll_forward.left_share, later), (kpi.roll_forward.closing, later)]
            cells = [facts.cell(*_place(name, period)) for name, period in named]
            if None not in cells:
                opening, joined, left, closing = (cell for cell in cells if cell is not None)
                yield Relation("roll_forward", kpi.id, facts.document, later, RollForward(opening, joined, left, closing), BASIS, kpi.roll_forward.text)


def _place(name: str, period: str) -> tuple[str, str, str, str]:
    kpi_id, _, rest = name.partition("/")
    breakdown, _, category = rest.partition("/")
    return kpi_id, period, breakdown or TOTAL[0], category or TOTAL[1]


def narrowed(kpi: Kpi, where: Where) -> Where:
    """The part of the denominator that belongs to a category."""
    return where if kpi.denominator_within is None else {name: values for name, values in where.items() if name in kpi.denominator_within}


def factor_of(kpi: Kpi, kpis: Mapping[str, Kpi]) -> Fraction:
    """What numerator over denominator is multiplied by, units included."""
    top, bottom = kpis[kpi.numerator or ""], kpis[kpi.denominator or ""]
    if kpi.formula == "share":
        return 100 * multiplier(top.unit, bottom.unit)
    return kpi.times * multiplier(f"{top.unit}/{bottom.unit}", kpi.whole_unit)


def _term(cell: Cell, facts: Facts, unit: str) -> Term | None:
    own = facts.figures.by_cell[cell].unit
    try:
        return Term(cell, Fraction(1) if own == unit else multiplier(own, unit))
    except UnitProblem:
        return None


def _all_whole(group: Amount, facts: Facts) -> bool:
    """Whether the count at the end of each product is one of whole numbers."""
    return all(product and facts.figures.by_cell[product[-1]].whole for product in group.products)


def _before(period: str, periods: list[str]) -> str | None:
    return next((earlier for later, earlier in pairwise(periods) if later == period), None)
