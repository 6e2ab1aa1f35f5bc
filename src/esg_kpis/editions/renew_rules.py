"""The new edition.toml, block by block: what stays, what goes with the oldest period, and what asks for a decision."""

import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from typing import Any

from esg_kpis.editions.renew import ANEW, ENDED, EVERY, FACTORS, FIRST, GONE, LEFT, LISTS, Notes, Plan, check_periods, mark, without_marks
from esg_kpis.editions.toml_blocks import Block, array, blocks_of, text_of
from esg_kpis.errors import InputProblem
from esg_kpis.frameworks import framework_named, next_of


def renewed_rules(text: str, plan: Plan, notes: Notes) -> str:
    """The new edition.toml.

    Raises:
        InputProblem: if periods, or what is not to be taken over, stand where no block can be changed, such as in inline tables.
    """
    blocks = blocks_of(without_marks(text))
    _head(blocks[0], plan, notes)
    gone_rules = {block.data["id"] for block in blocks if block.name in ("factor_rule", "exclusion") and not _stays(block, plan)}
    ids = [block.data["id"] for block in blocks if block.name == "period"]
    if not ids:
        raise _inline("period", plan)
    kept: list[Block] = []
    number = 0
    while number < len(blocks):
        block = blocks[number]
        family = [block, *takewhile(lambda other: other.name.startswith("lens."), blocks[number + 1 :])] if block.name == "lens" else [block]
        kept += _family(family, plan, notes, gone_rules)
        number += len(family)
    result = text_of(_with_new_period(kept, plan, newest_first=ids[0] == plan.newest))
    data = tomllib.loads(result)
    check_periods(data, plan, "edition.toml")
    for name in ("waiver", "known_difference"):
        if name in data:
            raise _inline(name, plan)
    if "disclosure" in data.get("small_groups", ()):
        raise _inline("small_groups.disclosure", plan)
    return result


def _inline(name: str, plan: Plan) -> InputProblem:
    return InputProblem(f"'{name}' is written inline, where single entries cannot be told apart.", where=f"editions/{plan.old}/edition.toml", mend=f"Write each under a header of its own, [[{name}]].")


def _head(top: Block, plan: Plan, notes: Notes) -> None:
    day = (plan.known_on or plan.period.last).isoformat()
    top.replace("id", json.dumps(plan.new, ensure_ascii=False))
    top.replace("document", json.dumps(plan.document, ensure_ascii=False))
    top.replace("knowledge_date", day)
    said = "To be said: what this day is." if plan.known_on else "To be set: the last day of the new period stands in, so no factor published after it is used and no later record may be about it."
    top.replace("knowledge_text", json.dumps(said, ensure_ascii=False))
    place = 1 + next(number for number, line in enumerate(top.lines) if line.lstrip().startswith("knowledge_text"))
    top.lines.insert(place, mark(plan, "knowledge_text must be set." if plan.known_on else "knowledge_date is a placeholder; set it and knowledge_text."))
    top.lead.insert(0, mark(plan, f"made by new-edition from edition {plan.old}. Texts and comments below are those of {plan.old}; each line that begins as this one asks for a decision: delete it when it is made."))
    if plan.known_on is None:
        notes.add(FIRST, f"knowledge_date: {day} stands in, the last day of the new period. Set the day on which the report closes (--known-on): factors published later do not exist for it.")
    elif plan.known_on < plan.period.last:
        notes.add(FIRST, f"knowledge_date: {day} lies before the end of the new period, {plan.period.last}. Records about later days are rejected.")
    notes.add(FIRST, "knowledge_text: say what the day is.")
    notes.add(FIRST, f"document: '{plan.document}'; period {plan.period.id}: {plan.period.first} to {plan.period.last}.")
    notes.add(FIRST, f"data of {plan.period.id}: what was not sent is not collected. People and lists of what lasts (suppliers, certificates) count up to where their last file tells: send them anew, or say complete_until.")
    notes.add(FIRST, f"gwp_set, consolidation, incomplete_above and their texts are those of edition {plan.old}.")


def _stays(block: Block, plan: Plan) -> bool:
    return all(not (names := block.data.get(key)) or set(names) & set(plan.kept) for key in LISTS)


def _family(family: Sequence[Block], plan: Plan, notes: Notes, gone_rules: Collection[str]) -> list[Block]:
    """A block, with those below a lens, as the new edition has it."""
    kept = [new for block in family for new in _one(block, plan, notes, gone_rules)]
    if family[0].name == "lens" and family[0] in kept:
        own = family[0].data
        if not set(own) - {"id", "text"} and not any(block.name.startswith("lens.") for block in kept):
            notes.add(GONE, f"lens {own['id']}: what it changed is gone")
            return [*_only_tails(family)]
    return kept


def _only_tails(family: Sequence[Block]) -> list[Block]:
    return [Block("", tail=tail) for block in family if (tail := _heading(block.tail))]


def _heading(tail: Sequence[str]) -> list[str]:
    """What stays below an entry that is gone: comments of the next section."""
    return list(tail) if any(line.lstrip().startswith("#") for line in tail) else []


def _one(block: Block, plan: Plan, notes: Notes, gone_rules: Collection[str]) -> list[Block]:
    data = block.data if block.name else {}
    name = _named(block.name, data)
    if block.name in ("waiver", "small_groups.disclosure", "known_difference"):
        why = {"waiver": ANEW, "small_groups.disclosure": ANEW, "known_difference": LEFT}[block.name]
        notes.add(why, f"{name}: {data.get('reason') or data.get('text')}" if why == ANEW else f"{name}: it explains a figure that was printed, and the new edition has none yet")
        return _only_tails([block])
    if block.name == "period":
        return [block] if data["id"] in plan.kept else _only_tails([block])
    if block.name == "framework":
        _in_force(block, data["id"], plan, notes)
    if not _stays(block, plan):
        notes.add(GONE, f"{name}, for {', '.join([*data.get('applies_to', ()), *data.get('periods', ())])}")
        served = block.name == "factor_rule" and plan.newest in data.get("applies_to", ())
        asked = [mark(plan, f"{name} was for {', '.join(data['applies_to'])} only and is gone. {_lost(data, plan, notes, gone=True)}"), "\n"] if served else []
        return [Block("", lines=asked, tail=_heading(block.tail))]
    for key in LISTS:
        if names := data.get(key):
            block.replace(key, array(item for item in names if item in plan.kept))
    if block.name == "lens":
        for key in ("without_rules", "without_exclusions"):
            if key in data:
                left = [item for item in data[key] if item not in gone_rules]
                block.replace(key, array(left) if left else None)
    _extent(block, data, name, plan, notes)
    return [block]


def _in_force(block: Block, framework: str, plan: Plan, notes: Notes) -> None:
    """A framework by the version that is for the new period, where another has followed."""
    now = framework_named(framework)
    while (after := next_of(now)) is not None and after.applies_from <= plan.period.first:
        now = after
    if now.id != framework:
        block.replace("id", json.dumps(now.id))
        block.lines.append(mark(plan, f"{now.id} is for years from {now.applies_from}, in place of {framework}. Codes of KPIs lead on to it by themselves where the framework says how; go through index.yaml."))
        notes.add(FIRST, f"framework {framework} is followed by {now.id} for years from {now.applies_from}: go through index.yaml, and through `esg-kpis index --status missing` after a run.")


def _extent(block: Block, data: Mapping[str, Any], name: str, plan: Plan, notes: Notes) -> None:
    """Says whether an entry that stays speaks of the new period: one that names periods does not, one that names none does."""
    named: list[str] = data.get("applies_to") or data.get("periods") or []
    if block.name == "factor_rule":
        if named and plan.newest in named:
            block.lines.append(mark(plan, f"{name} does not speak of {plan.period.id}. {_lost(data, plan, notes)}"))
        elif not named and (hint := plan.hints.get(data["id"])):
            notes.add(FACTORS, f"{name} ({data['source']}) speaks of every period. {hint}")
            block.lines.append(mark(plan, hint))
    elif named and plan.newest in named:
        notes.add(ENDED, f"{name}, for {', '.join(named)}")
    elif not named and block.name in ("boundary", "exclusion", "estimate", "uncertainty", "market_based", "lens"):
        notes.add(EVERY, name)


def _lost(data: Mapping[str, Any], plan: Plan, notes: Notes, *, gone: bool = False) -> str:
    """Notes what a rule did for the period before that none does for the new one by itself, and says what to do."""
    year = f", data year {data['data_year']}" if "data_year" in data else ""
    gases = f" ({', '.join(data['gases'])})" if any(data.get("gases", ())) else ""
    where = "".join(f" in {', '.join(data[key])}" for key in ("regions", "site_kinds") if data.get(key))
    what = f"{', '.join(data['measures'])} to {data['output']}{gases}{where}: {data['source']}{year}"
    mend = f"rite a rule for the factor in force in {plan.period.id}."
    mend = f"W{mend}" if gone else f'Add "{plan.period.id}" to applies_to if that is to serve, or w{mend}'
    hint = f" {plan.hints[data['id']]}" if plan.hints.get(data["id"]) else ""
    notes.add(FACTORS, f"no rule {data['id']} for {plan.period.id}: {what}. {mend}{hint}")
    return f"{mend}{hint}"


def _named(kind: str, data: Mapping[str, Any]) -> str:
    """An entry by its kind and id, or by the cell it is about."""
    cell = "/".join(str(data[key]) for key in ("kpi_id", "breakdown", "category") if data.get(key))
    periods = f" {', '.join(data['periods'])}" if cell and data.get("periods") else ""
    return f"{kind} {data.get('id') or data.get('finding') or cell}{periods}".strip()


def _with_new_period(blocks: list[Block], plan: Plan, *, newest_first: bool) -> list[Block]:
    """The new period beside the newest: before it where the newest comes first in the file, behind it otherwise; where none is left, in the place of the old ones."""
    fresh = Block("period", lines=["[[period]]\n", f'id = "{plan.period.id}"\n', f"first = {plan.period.first}\n", f"last = {plan.period.last}\n"], tail=["\n"])
    places = [number for number, block in enumerate(blocks) if block.name == "period"]
    if not places:
        place = next((number for number, block in enumerate(blocks) if block.name), len(blocks))
    elif newest_first:
        place = places[0]
    else:
        place = places[-1] + 1
        blocks[places[-1]].tail, fresh.tail = fresh.tail, blocks[places[-1]].tail
    return [*blocks[:place], fresh, *blocks[place:]]
