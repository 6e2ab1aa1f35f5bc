"""Units: a closed registry, read from `units.txt`, and exact multipliers between two of its units.

The only place that knows pint. pint never sees rows: a frame asks for one multiplier per distinct pair of units and multiplies by it. Aliases may hold in one
domain only (a cubic metre of water is a tonne). What stands above dimensions (CO2 or CO2e, net or gross) is said by the measure, not by the unit.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from esg_kpis.errors import UnitProblem, near_misses

if TYPE_CHECKING:
    import pint

_DEFINITION = re.compile(r"^(?P<name>[^=@]+?)\s*=\s*(?P<expression>.+)$")
_DIRECTIVE = re.compile(r"^@(?P<what>alias|refuse)(\[(?P<domain>\w+)\])?\s+(?P<name>.+?)\s*[=:]\s*(?P<value>.+)$")
_BASE = re.compile(r"^\[\w+\]$")
_MULTIPLE = re.compile(r"^(?P<top>[\d.]+)(/(?P<bottom>[\d.]+))?\s+(?P<unit>\S+)$")


@dataclass(frozen=True)
class Registry:
    """What `units.txt` says: pint's registry, and our names, aliases and refusals beside it."""

    pint: "pint.UnitRegistry[Fraction]"
    keys: dict[str, str]
    """Unit as written here -> the ASCII name pint knows it by."""
    aliases: dict[tuple[str, str], str]
    """(domain or '', spelling) -> unit."""
    refused: dict[str, str]


@cache
def registry() -> Registry:
    """The registry, built once.

    Raises:
        UnitProblem: if a line of `units.txt` cannot be read.
    """
    import pint  # Who asks for no unit does not wait for it.

    ureg: pint.UnitRegistry[Fraction] = pint.UnitRegistry(None, non_int_type=Fraction, cache_folder=None)
    keys: dict[str, str] = {}
    aliases: dict[tuple[str, str], str] = {}
    refused: dict[str, str] = {}
    for number, line in enumerate(files("esg_kpis").joinpath("units.txt").read_text(encoding="utf-8").splitlines(), 1):
        text = line.split("#", 1)[0].strip()
        if not text:
            continue
        if directive := _DIRECTIVE.match(text):
            if directive["what"] == "alias":
                aliases[(directive["domain"] or "", directive["name"])] = directive["value"].strip()
            else:
                refused[directive["name"]] = directive["value"].strip()
        elif definition := _DEFINITION.match(text):
            keys[definition["name"]] = _define(ureg, keys, definition["name"], definition["expression"], number)
        else:
            raise UnitProblem(f"'{text}' is no definition.", where=f"units.txt, line {number}", mend="Write `name = [dimension]`, or `name = number * unit` with a unit that stands above it.")
    return Registry(ureg, keys, aliases, refused)


def _define(ureg: "pint.UnitRegistry[Fraction]", keys: dict[str, str], name: str, expression: str, line: int) -> str:
    key = f"u{len(keys)}"
    if _BASE.match(expression):
        ureg.define(f"{key} = {expression}")
        return key
    multiple = _MULTIPLE.match(expression)
    if multiple is None or multiple["unit"] not in keys:
        raise UnitProblem(f"'{name} = {expression}' does not rest on a unit above it.", where=f"units.txt, line {line}", mend="Write it as a number times a unit that is defined in a line above.")
    ureg.define(f"{key} = {multiple['top']} / {multiple['bottom'] or 1} * {keys[multiple['unit']]}")
    return key


def unit_named(text: str, domain: str = "") -> str:
    """The registry's own name of a unit as somebody wrote it: `度` is `kWh`, `m3` in the water domain is `t`.

    Raises:
        UnitProblem: if the unit is refused by name or unknown; the message lists the near misses.
    """
    known = registry()
    written = text.strip()
    for key in ((domain, written), ("", written)):
        if key in known.aliases:
            return known.aliases[key]
    if written in known.refused:
        raise UnitProblem(f"The unit '{written}' is refused: {known.refused[written]}.")
    if written in known.keys:
        return written
    if (
        reason := next((text for name, text in known.refused.items() if len(name) > 1 and name.lower() == written.lower()), None)
    ) is not None:
        raise UnitProblem(f"The unit '{written}' is refused: {reason}.")
    spellings = [*known.keys, *(spelling for scope, spelling in known.aliases if scope in ("", domain))]
    raise UnitProblem(f"The unit '{written}' is unknown.", mend=near_misses(written, spellings) or "docs/formats.md says how units are written.")


def multiplier(source: str, target: str, domain: str = "") -> Fraction:
    """How many `target` one `source` is, exactly. Either may be a quotient such as `kg/kWh` or `t/RMB million`.

    Raises:
        UnitProblem: if one is unknown, or the two do not measure the same thing.
    """
    return _multiplier(source, target, domain)


@cache
def _multiplier(source: str, target: str, domain: str) -> Fraction:
    tops, bottoms = zip(*(_halves(text) for text in (source, target)), strict=True)
    top = _simple(tops[0], tops[1], domain)
    if not any("/" in text for text in (source, target)):
        return top
    return top / _simple(bottoms[0], bottoms[1], domain)


def units_like(unit: str, domain: str = "") -> list[str]:
    """Every spelling of units that measure what `unit` does: itself, the other units, then aliases.

    Raises:
        UnitProblem: if it is unknown.
    """
    known = registry()
    own = unit_named(unit, domain)
    keys = [name for name, key in known.keys.items() if known.pint.Quantity(Fraction(1), key).is_compatible_with(known.keys[own])]
    aliases = [spelling for (scope, spelling), name in known.aliases.items() if scope in ("", domain) and name in keys]
    return list(dict.fromkeys([own, *keys, *aliases]))


def _halves(text: str) -> tuple[str, str]:
    top, _, bottom = text.partition("/")
    return top.strip(), bottom.strip()


def _simple(source: str, target: str, domain: str) -> Fraction:
    if not source or not target:
        raise UnitProblem(f"'{source or target}' stands against no unit.", mend="Give both units the same form, such as kg/kWh.")
    known = registry()
    from_unit, to_unit = unit_named(source, domain), unit_named(target, domain)
    quantity = known.pint.Quantity(Fraction(1), known.keys[from_unit])
    from pint import DimensionalityError

    try:
        return Fraction(quantity.to(known.keys[to_unit]).magnitude)
    except DimensionalityError:
        like = [unit for unit in units_like(to_unit, domain) if unit in known.keys]
        raise UnitProblem(f"'{source}' does not measure what '{target}' measures.", mend=f"Units that do: {', '.join(like)}.") from None
