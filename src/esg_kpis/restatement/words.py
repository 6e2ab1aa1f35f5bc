"""What two editions have otherwise, cause by cause, in words that name entries of their files."""

from collections.abc import Iterable

from esg_kpis.domains import MEASURES, derived
from esg_kpis.editions import Boundary, Kpi
from esg_kpis.editions.entry import fits
from esg_kpis.restatement.causes import Pair, rests_on
from esg_kpis.restatement.links import Link

TO = " → "


def said_of(cause: str, pair: Pair, kpi: str) -> str:
    """What the two editions have otherwise of one cause, as far as it may touch a KPI."""
    found = list({"data": _data, "boundary": _boundary, "sources": _sources, "factors": _factors, "gwp": _gwp, "method": _method, "period": _period}[cause](pair, kpi))
    return "; ".join(found) or "nothing that this KPI rests on"


def touched(pair: Pair, kpi: str) -> set[str]:
    """The measures that may have a part in a KPI: what it adds up, and what leads there from measures of the scope and origin that it asks for."""
    found: set[str] = set()
    for edition in pair.editions:
        for name in rests_on(kpi, edition.kpis):
            for item in edition.kpis[name].amounts:
                leading = _leading(pair, set(item.measure))
                roots = _roots(pair, leading)
                kept = {name for name in roots if (not item.of_emissions or fits(MEASURES[name].scope, item.scope)) and fits(name, item.origin)}
                found |= _onwards(pair, kept, leading)
    return found


def _leading(pair: Pair, measures: set[str]) -> set[str]:
    """Measures, and all from which rules of either edition lead to them."""
    found = measures | ({derived.EMISSION_GAS} if derived.EMISSION_CO2E in measures else set())
    while more := {link.measure for own in pair.links.own for link in own if link.output in found} - found:
        found |= more
    return found


def _onwards(pair: Pair, roots: set[str], within: set[str]) -> set[str]:
    found = set(roots)
    while more := {link.output for own in pair.links.own for link in own if link.measure in found and link.output in within} - found:
        found |= more
    return found


def _roots(pair: Pair, measures: Iterable[str]) -> set[str]:
    """Those of some measures that sites send."""
    made = {link.output for own in pair.links.own for link in own}
    return {name for name in measures if name not in made and name not in derived.EMISSIONS}


def _data(pair: Pair, kpi: str) -> Iterable[str]:
    first, second = ({item.finding for item in side.edition.rules.waiver} for side in pair.sides)
    if more := sorted(second - first):
        yield f"waived: {', '.join(more)}"
    if less := sorted(first - second):
        yield f"no longer waived: {', '.join(less)}"
    if pair.first.received is not pair.second.received:
        yield "other records, or another last day that data may be about: `esg-kpis diff` of the two runs lists them"
    elif not more and not less:
        yield "waivers hold until other days"


def _boundary(pair: Pair, kpi: str) -> Iterable[str]:
    first, second = (side.edition.rules.consolidation for side in pair.sides)
    if first != second:
        yield f"consolidation {first}{TO}{second}"
    changed: dict[str, list[str]] = {}
    for measure in sorted(touched(pair, kpi)):
        before, after = pair.covered.get(measure, (None, None))
        if before is not None and after is not None and before.where != after.where:
            changed.setdefault(f"{_place(before)}{TO}{_place(after)}", []).append(measure)
    for what, measures in changed.items():
        yield f"{', '.join(measures)}: {what}"
    if any([item.where for item in before.amounts] != [item.where for item in after.amounts] for before, after in _definitions(pair, kpi)):
        yield "the KPI narrows sites otherwise"


def _place(boundary: Boundary) -> str:
    where = "; ".join(f"{name} {', '.join(values)}" for name, values in boundary.where.items())
    return f"{boundary.id} ({where or 'all sites'})"


def _sources(pair: Pair, kpi: str) -> Iterable[str]:
    own = touched(pair, kpi)
    for words, side in (("left out", 0), ("added", 1)):
        measures = [name for name in sorted(own) if (both := pair.covered.get(name)) and both[side] is not None and both[1 - side] is None and name in _roots(pair, own)]
        if measures:
            yield f"{words}: {', '.join(measures)}"
        known = {name for name in own if (both := pair.covered.get(name)) and both[1 - side] is not None}
        links = [link for link in pair.links.only(side) if {link.measure, link.output} <= own and pair.links.component[link.measure] & known]
        if links:
            yield f"{words}: {', '.join(_way(link) for link in links)}"
    if any([(item.measure, item.origin, item.gas_group) for item in before.amounts] != [(item.measure, item.origin, item.gas_group) for item in after.amounts] for before, after in _definitions(pair, kpi)):
        yield "the KPI takes other measures, origins or gases"


def _factors(pair: Pair, kpi: str) -> Iterable[str]:
    own = touched(pair, kpi)
    told: dict[str, None] = {}
    for link in sorted({*pair.links.own[0], *pair.links.own[1]}):
        if not {link.measure, link.output} <= own or not _is_shared(pair, link):
            continue
        before, after = (", ".join(dict.fromkeys(f"{rule.source}{f' {rule.method}' if rule.method else ''}" for rule in side.get(link, ()))) or "no such step" for side in pair.links.own)
        if before != after:
            told[f"{_way(link)}: {before}{TO}{after}"] = None
    yield from told
    first, second = (side.known_on for side in pair.sides)
    if first != second:
        yield f"known on {first}{TO}{second}"
    if pair.first.library is not pair.second.library:
        both = pair.first.named & pair.second.named
        known = [{factor.factor_id: factor for factor in side.factors_of(both)} for side in pair.sides]
        changed = sorted(name for name in known[0].keys() | known[1].keys() if known[0].get(name) != known[1].get(name))
        if changed:
            yield f"changed in the library: {', '.join(changed[:5])}{f' and {len(changed) - 5} more' if len(changed) > 5 else ''}"


def _is_shared(pair: Pair, link: Link) -> bool:
    if link.output in pair.links.ends:
        return pair.links.kind(link) in pair.links.shared
    counted = {name for kind in pair.links.shared for name in kind[0]}
    return link.measure in counted


def _way(link: Link) -> str:
    return f"{link.measure} to {link.output}{f' {link.gas}' if link.gas not in ('', '*') else ''}"


def _gwp(pair: Pair, kpi: str) -> Iterable[str]:
    first, second = (side.edition.rules for side in pair.sides)
    for what, before, after in (("", first.gwp_set, second.gwp_set), ("methane ", first.methane, second.methane)):
        if before != after:
            yield f"{what}{before or 'none'}{TO}{after or 'none'}"


def _method(pair: Pair, kpi: str) -> Iterable[str]:
    first, second = (side.edition.rules for side in pair.sides)
    if first.scope_2_total != second.scope_2_total:
        yield f"Scope 2 by {first.scope_2_total}{TO}{second.scope_2_total}"
    if (first.market_based is None) != (second.market_based is None):
        yield "the market-based method is " + ("added" if first.market_based is None else "dropped")
    ruled = {link.measure for own in pair.links.own for link in own}
    shared = {link.measure for link in pair.links.own[0]} & {link.measure for link in pair.links.own[1]}
    for words, mine, other in (("no longer left out", first, second), ("left out", second, first)):
        said = {(item.measures, item.outputs, item.gases, str(item.where)) for item in other.exclusion if not item.periods or pair.period in item.periods}
        items = [item for item in mine.exclusion if (not item.periods or pair.period in item.periods) and (item.measures, item.outputs, item.gases, str(item.where)) not in said]
        named = [item.id for item in items if not item.measures or set(item.measures) & (shared | (set(item.measures) - ruled))]
        if named:
            yield f"{words} by exclusion: {', '.join(named)}"
    if [item.id for item in first.estimate] != [item.id for item in second.estimate]:
        yield f"estimates {', '.join(item.id for item in first.estimate) or 'none'}{TO}{', '.join(item.id for item in second.estimate) or 'none'}"
    for before, after in _definitions(pair, kpi):
        names = [name for name in ("formula", "per_factor", "numerator", "denominator", "denominator_within", "times", "mean_over", "unit_per") if getattr(before, name) != getattr(after, name)]
        if names:
            yield f"definition of {before.id}: {', '.join(names)}"


def _definitions(pair: Pair, kpi: str) -> Iterable[tuple[Kpi, Kpi]]:
    first, second = pair.editions
    for name in rests_on(kpi, first.defined):
        if name in second.defined:
            yield first.defined[name], second.defined[name]


def _period(pair: Pair, kpi: str) -> Iterable[str]:
    before, after = pair.period_of(0), pair.period_of(1)
    yield f"{before.first} to {before.last}{TO}{after.first} to {after.last}"
