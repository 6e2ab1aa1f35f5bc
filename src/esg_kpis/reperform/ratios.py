"""How many of one unit another one is, read from `units.txt` a second time: its own reader, on fractions, without pint."""

import re
from fractions import Fraction
from functools import cache
from importlib.resources import files

from esg_kpis.errors import UnitProblem

_DEFINED = re.compile(r"^(?P<name>[^=@]+?)\s*=\s*(?:\[(?P<kind>\w+)\]|(?P<top>[\d.]+)(?:/(?P<bottom>[\d.]+))?\s+(?P<of>\S+))$")
_ALIAS = re.compile(r"^@alias(?:\[(?P<domain>\w+)\])?\s+(?P<name>.+?)\s*=\s*(?P<of>\S+.*)$")


def ratio(source: str, target: str, domain: str = "") -> Fraction:
    """How many `target` one `source` is, exactly. Both may be quotients, such as `kg/kWh`.

    Raises:
        UnitProblem: if a unit is unknown, or the two do not measure the same.
    """
    tops, bottoms = zip(*((text.partition("/")[0].strip(), text.partition("/")[2].strip()) for text in (source, target)), strict=True)
    found = _of(tops[0], tops[1], domain)
    if any(bottoms):
        found /= _of(bottoms[0], bottoms[1], domain)
    return found


def _of(source: str, target: str, domain: str) -> Fraction:
    (kind, size), (other, unit) = _size(source, domain), _size(target, domain)
    if kind != other:
        raise UnitProblem(f"'{source}' does not measure what '{target}' measures.", where="second engine", mend="Give the quantity in a unit of the same kind.")
    return size / unit


def _size(name: str, domain: str) -> tuple[str, Fraction]:
    sizes, aliases = _read()
    known = aliases.get((domain, name), aliases.get(("", name), name))
    if known not in sizes:
        raise UnitProblem(f"The unit '{name}' is unknown.", where="second engine", mend="units.txt defines what is known.")
    return sizes[known]


@cache
def _read() -> tuple[dict[str, tuple[str, Fraction]], dict[tuple[str, str], str]]:
    """Each unit as kind and size, and the aliases by domain ('' for all)."""
    sizes: dict[str, tuple[str, Fraction]] = {}
    aliases: dict[tuple[str, str], str] = {}
    for line in files("esg_kpis").joinpath("units.txt").read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if alias := _ALIAS.match(text):
            aliases[(alias["domain"] or "", alias["name"])] = alias["of"]
        elif defined := _DEFINED.match(text):
            if defined["kind"]:
                sizes[defined["name"]] = (defined["kind"], Fraction(1))
            else:
                kind, size = sizes[defined["of"]]
                sizes[defined["name"]] = (kind, size * Fraction(defined["top"]) / Fraction(defined["bottom"] or 1))
    return sizes, aliases
