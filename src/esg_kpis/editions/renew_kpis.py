"""The new kpis.yaml, and labels.yaml without what is no longer defined: changed at the places of what changes, so that all else stays as it is written."""

from collections.abc import Callable, Mapping

import yaml

from esg_kpis.editions.labelled import categories_of
from esg_kpis.editions.model import Kpi
from esg_kpis.editions.renew import ENDED, EVERY, GONE, Notes, Plan, check_periods, mark, without_marks
from esg_kpis.editions.yaml_cuts import Cuts, composed, items, number_of, pairs, texts
from esg_kpis.errors import InputProblem


def renewed_kpis(text: str, plan: Plan, notes: Notes) -> str:
    """The new kpis.yaml: definitions go on, so what named the newest period names the new one too; `not_collected` does not.

    Raises:
        InputProblem: if a KPI that goes with the oldest period is needed by one that stays, or by an alias.
    """
    bare = without_marks(text)
    cuts, root = Cuts(bare), composed(bare)
    gone: dict[int, str] = {}
    for number, node in enumerate(items(root)):
        kpi_id = pairs(node)["id"].value
        if _renew_kpi(node, kpi_id, cuts, plan, notes):
            gone[number] = kpi_id
    if isinstance(root, yaml.SequenceNode) and gone:
        cuts.remove(root, gone)
    try:
        entries = yaml.load(done := cuts.done(), Loader=yaml.CSafeLoader) or []
    except yaml.YAMLError as error:
        raise InputProblem(f"An entry for the oldest period holds an anchor that others need: {error}.", where=f"editions/{plan.old}/kpis.yaml", mend="Write the anchor at an entry that stays.") from error
    for entry in entries:
        needed = [entry.get("numerator"), entry.get("denominator"), entry.get("alternative_to"), *(part.partition("/")[0] for part in (entry.get("footing") or {}).get("parts", ()))]
        if lost := [name for name in needed if name in gone.values()]:
            raise InputProblem(f"KPI '{lost[0]}' is for the oldest period only, and '{entry['id']}' rests on it.", where=f"editions/{plan.old}/kpis.yaml", mend=f"Give '{lost[0]}' the periods in which '{entry['id']}' needs it.")
    check_periods(entries, plan, "kpis.yaml")
    header = mark(plan, f"made by new-edition from edition {plan.old}. Definitions are taken over; each `text` and `source` is that of {plan.old}.")
    return header + done


def _renew_kpi(node: yaml.Node, kpi_id: str, cuts: Cuts, plan: Plan, notes: Notes) -> bool:
    """Changes one KPI; true if nothing of it stays."""
    own = pairs(node)
    if _go_on(own.get("periods"), cuts, plan) is None:
        notes.add(GONE, f"KPI {kpi_id}, for {', '.join(texts(own['periods']))}")
        return True
    spreads = own.get("breakdowns")
    lost = []
    for number, spread in enumerate(items(spreads)):
        named = pairs(spread)
        went_on = _go_on(named.get("periods"), cuts, plan)
        if went_on is None:
            notes.add(GONE, f"KPI {kpi_id}, breakdown {named['name'].value} for {', '.join(texts(named['periods']))}")
            lost.append(number)
        elif went_on:
            notes.add(EVERY, f"KPI {kpi_id}, breakdown {named['name'].value}: the definition of {plan.newest} goes on")
    if isinstance(spreads, yaml.SequenceNode) and lost:
        if len(lost) == len(spreads.value):
            return True
        cuts.remove(spreads, lost)
    _gaps(node, kpi_id, cuts, plan, notes)
    return False


def _go_on(node: yaml.Node | None, cuts: Cuts, plan: Plan) -> bool | None:
    """Takes the periods that are gone out of a list; the new one joins where the newest stood: whether it did. None if nothing is left."""
    names = texts(node)
    if not names or not isinstance(node, yaml.SequenceNode):
        return False
    joins = plan.newest in names
    left = [name for name in names if name in plan.kept]
    if joins:
        left.insert(0 if names.index(plan.newest) == 0 else len(left), plan.period.id)
    if left:
        cuts.replace_list(node, left)
    return joins if left else None


def _gaps(node: yaml.Node, kpi_id: str, cuts: Cuts, plan: Plan, notes: Notes) -> None:
    """`not_collected` keeps the periods that stay, and never speaks of the new one."""
    gaps = pairs(node).get("not_collected")
    if not isinstance(gaps, yaml.SequenceNode) or not isinstance(node, yaml.MappingNode):
        return
    lost = []
    for number, gap in enumerate(gaps.value):
        named = pairs(gap)["periods"]
        names = texts(named)
        left = [name for name in names if name in plan.kept]
        if plan.newest in names:
            notes.add(ENDED, f"KPI {kpi_id}, not_collected for {', '.join(names)}: {plan.period.id} is expected to be collected")
        if left and isinstance(named, yaml.SequenceNode):
            cuts.replace_list(named, left)
        else:
            notes.add(GONE, f"KPI {kpi_id}, not_collected for {', '.join(names)}")
            lost.append(number)
    if len(lost) == len(gaps.value):
        cuts.remove(node, [number_of(node, "not_collected")])
    else:
        cuts.remove(gaps, lost)


def pruned_labels(text: str, kpis: Mapping[str, Kpi], notes: Notes) -> str:
    """labels.yaml without the KPIs, breakdowns, categories and units that the new edition no longer has: it would refuse them."""
    spreads = categories_of(kpis)
    cuts, root = Cuts(text), composed(text)
    parts = pairs(root) if root is not None else {}
    _keep(cuts, parts.get("kpis"), kpis.__contains__, "KPI", notes)
    _keep(cuts, parts.get("units"), {kpi.unit for kpi in kpis.values()}.__contains__, "unit", notes)
    for name, node in pairs(parts.get("breakdowns")).items():
        if name in spreads:
            _keep(cuts, pairs(node).get("categories"), spreads[name].__contains__, f"category of {name}", notes)
    _keep(cuts, parts.get("breakdowns"), spreads.__contains__, "breakdown", notes)
    lost = []
    for name, node in pairs(parts.get("tables")).items():
        printed = pairs(node).get("kpis")
        gone = [number for number, item in enumerate(texts(printed)) if not _printable(item, kpis)]
        if isinstance(printed, yaml.SequenceNode) and gone:
            if len(gone) == len(printed.value):
                lost.append(name)
            else:
                cuts.remove(printed, gone)
    _keep(cuts, parts.get("tables"), lambda name: name not in lost, "table", notes)
    return cuts.done()


def _keep(cuts: Cuts, node: yaml.Node | None, stays: Callable[[str], bool], what: str, notes: Notes) -> None:
    names = list(pairs(node))
    gone = [number for number, name in enumerate(names) if not stays(name)]
    if isinstance(node, yaml.MappingNode) and gone:
        notes.add(GONE, f"label of {what} {', '.join(names[number] for number in gone)}")
        cuts.remove(node, gone)


def _printable(item: str, kpis: Mapping[str, Kpi]) -> bool:
    kpi_id, *rest = item.split("/", 2)
    if kpi_id not in kpis:
        return False
    spreads = [spread for spread in kpis[kpi_id].breakdowns if not rest or spread.name == rest[0]]
    return bool(spreads) and (len(rest) < 2 or any(spread.each or rest[1] in spread.categories for spread in spreads))
