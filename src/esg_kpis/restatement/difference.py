"""What changed from one run to another, and what each change did to each KPI: records, factors, definitions, code.

The older run is computed again from what it kept, by the code of today, with any of records, factors and definitions as the newer run has them. What the older run recorded and today's code
does not make of the same inputs is the effect of code: a remainder that is computed, not one that is left over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import polars as pl

from esg_kpis.exact import rounded
from esg_kpis.restatement.bridge import AND, of_people
from esg_kpis.restatement.causes import rests_on
from esg_kpis.restatement.changed_definitions import Change, definitions_changed, factors_changed
from esg_kpis.restatement.changed_records import Records, records_changed
from esg_kpis.restatement.record_effects import record_effects
from esg_kpis.restatement.rerun import CODE_GROUP, DATA, DEFINITIONS, FACTORS, GROUPS, Cell, Rerun, factor_items, received_alike
from esg_kpis.restatement.runs import CODE, READ, Run, parts_changed
from esg_kpis.restatement.shapley import Effect, Switched, in_order, owen, partition, shapley, subsets


@dataclass(frozen=True)
class CellChange:
    """One cell that is not as it was.

    Attributes:
        cell: The cell.
        unit: Unit of its numbers.
        before: The value recorded by the older run; None where it had none.
        after: The value recorded by the newer one.
        states: The states in both; `-` where a run has no such cell.
        parts: What each group did; groups that cannot be told apart are joined by ` + `. Together after less before. Empty where one of the two has no value.
        items: What single factors did, as parts of their group.
        rows: What single changes of rows did, as parts of the data: their place in `Difference.records`, -1 for all beside them. Only of sums, over all sites.
        note: Why it is not parted, or not further.
    """

    cell: Cell
    unit: str
    before: Fraction | None
    after: Fraction | None
    states: tuple[str, str]
    parts: Mapping[str, Fraction]
    items: Mapping[str, Effect]
    rows: Mapping[int, Fraction] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """Two runs compared."""

    first: Run
    second: Run
    records: Records
    files: tuple[str, ...]
    factors: tuple[Change, ...]
    definitions: Mapping[str, tuple[Change, ...]]
    code: tuple[str, ...]
    dates: Mapping[str, tuple[str, str]]
    cells: tuple[CellChange, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing at all is otherwise."""
        return dict(self.first.ran) == dict(self.second.ran) and not self.cells


def difference(first: Run, second: Run) -> Difference:
    """What changed from `first` to `second`, and what it did to every cell that both have."""
    shared = [name for name in first.editions if name in second.editions]
    factors = factors_changed(first.library, second.library)
    definitions = {name: tuple(definitions_changed(first.editions[name], second.editions[name])) for name in shared}
    code = parts_changed(first, second, CODE)
    dates = {name: (first.ran.get(name, ""), second.ran.get(name, "")) for name in _dates(first, second)}
    # The same files, read otherwise: by other code; or people counted by what other definitions ask for.
    reading = DATA if parts_changed(first, second, READ) or "as_of" in dates else CODE_GROUP if code else DEFINITIONS
    rerun = Rerun(first, second, reading, factor_items(first, second, factors))
    groups = {name: _groups(rerun, otherwise=any(change.moves_values for change in definitions[name]) or f"known on {name}" in dates) for name in shared}
    records = records_changed(first, second)
    changes = [_told(change, rerun, groups[change.cell[0]], code=bool(code)) for change in _changed(first, second, shared)]
    changes = [item for name in shared for item in _with_rows([change for change in changes if change.cell[0] == name], rerun, groups[name], records)]
    return Difference(first, second, records, tuple(_files(first, second)), tuple(factors), definitions, tuple(code), dates, tuple(changes))


def _dates(first: Run, second: Run) -> list[str]:
    names = sorted(name for name in {*first.ran, *second.ran} if name == "as_of" or name.startswith("known on "))
    return [name for name in parts_changed(first, second, tuple(names)) if name in first.ran and name in second.ran]


def _files(first: Run, second: Run) -> list[str]:
    before, after = (dict(run.records.select("path", "sha256").unique("path").rows()) for run in (first, second))
    return [f"{path}: {'added' if path not in before else 'removed' if path not in after else 'changed'}" for path in sorted({*before, *after}) if before.get(path) != after.get(path)]


def _groups(rerun: Rerun, *, otherwise: bool) -> dict[str, list[str]]:
    """The groups that differ, each with its items; `otherwise`: whether definitions or knowledge dates do."""
    same = received_alike(rerun.first, rerun.second)
    groups: dict[str, list[str]] = {} if same else {rerun.reading: [rerun.reading]}
    if rerun.factor_items:
        groups[FACTORS] = list(rerun.factor_items)
    if otherwise:
        groups[DEFINITIONS] = [DEFINITIONS]
    return {name: groups[name] for name in GROUPS if name in groups}


# ---------------------------------------------------------------- cells


def _changed(first: Run, second: Run, shared: Sequence[str]) -> list[CellChange]:
    """The cells that are not as they were, not yet parted."""
    key = ["edition", "kpi_id", "period", "breakdown", "category"]
    before, after = (run.values.filter(pl.col("edition").is_in(list(shared))).select(*key, "unit", "value", "status", "reason") for run in (first, second))
    joined = before.join(after.rename({"unit": "unit_after", "value": "value_after", "status": "status_after", "reason": "reason_after"}), on=key, how="full", coalesce=True)
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in ("value", "status", "unit"))
    found = []
    for row in joined.filter(differs).sort(key).iter_rows(named=True):
        old, new = (None if row[name] is None else Fraction(row[name]) for name in ("value", "value_after"))
        note = ""
        if old is None or new is None:
            note = " and ".join(_without_value(who, row[f"status{side}"], row[f"reason{side}"]) for who, side, value in (("the first run", "", old), ("the second run", "_after", new)) if value is None)
        elif row["unit"] != row["unit_after"]:
            note = f"the unit was {row['unit']} and is {row['unit_after']}"
        elif row["kpi_id"] not in first.editions[row["edition"]].kpis:
            note = "a target, or the way to it: it follows from the KPI that it is measured by"
        cell = (row["edition"], row["kpi_id"], row["period"], row["breakdown"], row["category"])
        found.append(CellChange(cell, row["unit"] or row["unit_after"], old, new, (row["status"] or "-", row["status_after"] or "-"), {}, {}, note=note))
    return found


def _without_value(who: str, status: str | None, reason: str | None) -> str:
    """That a run has no value of a cell, and why, as its own table of values says."""
    if status is None:
        return f"{who} has no such cell"
    return f"in {who} it is {status.replace('_', ' ')}{f' ({reason})' if reason else ''}"


def _told(change: CellChange, rerun: Rerun, groups: Mapping[str, Sequence[str]], *, code: bool) -> CellChange:
    """A cell with what each group did to it, if it has a value in both runs."""
    if change.note or change.before is None or change.after is None:
        return change
    old, new = change.before, change.after
    every = [*groups, *([CODE_GROUP] if code and CODE_GROUP not in groups else [])]
    whole = replace(change, parts={AND.join(every) or CODE_GROUP: new - old})

    def value(switched: Switched) -> Fraction | None:
        return rerun.value(change.cell, _items_of(switched, groups))

    if len(every) > 1 and _tells_of_people(change.cell, rerun, groups):
        return replace(whole, note="it counts people, or rests on counts of people that changed, and what causes did apart could tell of few of them")

    start, end = value(frozenset()), value(frozenset(groups))
    if start is None or end is None:
        return replace(whole, note="today's code makes no value of what the runs kept")
    parts = _parts(groups, value)
    effects = shapley(parts, lambda switched: value(switched) or Fraction(0))
    told = {AND.join(name for name in GROUPS if name in part): effect.mean for part, effect in zip(parts, effects, strict=True)}
    # What was recorded is rounded to 18 decimals; where today's code makes the same of it, the rounding is no effect of code.
    off = [Fraction(0) if rounded(made) == rounded(recorded) else made - recorded for made, recorded in ((start, old), (end, new))]
    if off != [0, 0]:
        told[CODE_GROUP] = told.get(CODE_GROUP, Fraction(0)) + off[0] - off[1]
    return replace(change, before=start - off[0], after=end - off[1], parts=told, items=_single_factors(change.cell, rerun, groups, parts))


def _tells_of_people(cell: Cell, rerun: Rerun, groups: Mapping[str, Sequence[str]]) -> bool:
    """Whether parts of a cell could be traced back to counts of people: it counts nothing else, or counts that it rests on are not the same in all mixtures."""
    edition, kpi, period, breakdown, category = cell
    both = [run.editions[edition] for run in (rerun.first, rerun.second)]
    if of_people(kpi, both):
        return True
    beneath = {name for item in both for name in rests_on(kpi, item.defined) if of_people(name, (item,))}
    for name in beneath:
        for at in ((edition, name, period, breakdown, category), (edition, name, period, "total", "All")):
            values = [rerun.value(at, _items_of(switched, groups)) for switched in subsets(list(groups))]
            if None not in values:
                break
        if None in values or len(set(values)) > 1:
            return True
    return False


def _items_of(names: Switched, groups: Mapping[str, Sequence[str]]) -> Switched:
    return frozenset(item for name in names for item in groups[name])


def _parts(groups: Mapping[str, Sequence[str]], value: object) -> list[Switched]:
    return in_order(partition(list(groups), lambda switched: value(switched) is not None), list(GROUPS)) if groups else []  # type: ignore[operator]


def _single_factors(cell: Cell, rerun: Rerun, groups: Mapping[str, Sequence[str]], parts: Sequence[Switched]) -> dict[str, Effect]:
    """What single factors did, where their group is a part by itself and every mixture has a value; empty otherwise."""
    if len(groups.get(FACTORS, ())) < 2 or frozenset((FACTORS,)) not in parts:
        return {}
    by_name = {AND.join(sorted(part)): _items_of(part, groups) for part in parts if part != {FACTORS}}
    lacking = False

    def number(switched: Switched) -> Fraction:
        nonlocal lacking
        found = rerun.value(cell, frozenset[str]().union(*(by_name.get(name, frozenset((name,))) for name in switched)))
        lacking = lacking or found is None
        return found or Fraction(0)

    effects = owen([groups[FACTORS], *([name] for name in by_name)], number)
    return {} if lacking else {name: effects[name] for name in groups[FACTORS]}


def _with_rows(changes: Sequence[CellChange], rerun: Rerun, groups: Mapping[str, Sequence[str]], records: Records) -> list[CellChange]:
    """Sums over all sites with what single rows did to them, where the data are a part by themselves."""
    wanted: dict[tuple[str, tuple[Switched, ...]], list[CellChange]] = {}
    for change in changes:
        edition, kpi, _, breakdown, _ = change.cell
        both = [run.editions[edition] for run in (rerun.first, rerun.second) if edition in run.editions and kpi in run.editions[edition].kpis]
        if DATA in change.parts and breakdown == "total" and len(both) == 2 and all(item.kpis[kpi].formula in ("sum", "count") for item in both) and not of_people(kpi, both):
            parts = tuple(part for part in _parts(groups, lambda switched, cell=change.cell: rerun.value(cell, _items_of(switched, groups))) if part != {DATA})
            wanted.setdefault((edition, parts), []).append(change)
    rows: dict[Cell, Mapping[int, Fraction]] = {}
    for (_, parts), own in wanted.items():
        rows |= record_effects(rerun, [change.cell for change in own], frozenset((DATA,)), [_items_of(part, groups) for part in parts], records)
    return [replace(change, rows=rows.get(change.cell, {})) for change in changes]
