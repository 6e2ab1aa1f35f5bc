"""How an item came to its book value, in words and numbers: from what was received, by the share that counts and the factors, so that an auditor can compute it with pencil and paper."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.assurance.ways import factors_of
from esg_kpis.exact import plain, rounded
from esg_kpis.factors import Factor

DECIMALS = 9
"""Of the result of a line; what goes into it stands in full."""
_NEAR = Fraction(1, 10**15)
_KEPT = Fraction(1, 10**8)
_SHARE_DECIMALS = 15
_GROUP = ("item_id", "record_id", "origin", "way", "times", "unit", "term_unit")


@dataclass(frozen=True)
class _Sent:
    """What a record was sent with of one measure: in words, in the canonical unit, whether the two are the same but for tens; and the days of the record."""

    text: str
    total: Fraction
    unit: str
    same: bool
    days: int


def computed(rows: pl.DataFrame, amounts: pl.DataFrame, quantities: pl.DataFrame, estimates: pl.DataFrame, factors: Mapping[str, Factor]) -> pl.DataFrame:
    """A line for each measure of an item and each way of factors, such as `heat_purchased: 2017.04 GJ x 14/31 days x 0.11 t/GJ (cn-heat-default) = 100.2 tCO2e`.

    Units are carried along, so that tens between them, as from kg to t, are not written out.

    Args:
        rows: The lineage of a cell, with `item_id` and `origin`.
        amounts: `edition_amounts`; the roots of the lineage are among them.
        quantities: `quantities`.
        estimates: `estimates`.
        factors: The factors by id.

    Columns: `item_id`, `computed`. The lines of an item add up to its book value, but for their rounding to nine decimals.
    """
    roots = {name: (Fraction(quantity), unit) for name, quantity, unit in amounts.filter(pl.col("quantity").is_not_null()).select("amount_id", "quantity", "unit").iter_rows()}
    roots |= {name: (Fraction(quantity), unit) for name, quantity, unit in estimates.select("amount_id", "quantity", "unit").drop_nulls("quantity").iter_rows()}
    sent = _sent(quantities.join(rows.select("record_id").unique(), on="record_id", how="semi"))
    lines: dict[str, list[str]] = {}
    groups = rows.group_by(*_GROUP, maintain_order=True).agg("root_amount_id", "quantity").sort(*_GROUP)
    for row in groups.iter_rows(named=True):
        lines.setdefault(row["item_id"], []).append(_line(row, roots, sent.get((row["record_id"], row["origin"])), factors))
    return pl.DataFrame({"item_id": list(lines), "computed": ["\n".join(found) for found in lines.values()]}, schema={"item_id": pl.String(), "computed": pl.String()})


def _sent(quantities: pl.DataFrame) -> dict[tuple[str, str], _Sent]:
    """By record and measure: what was received in words, the same in the canonical unit, that unit, and the days of the record."""
    found: dict[tuple[str, str], _Sent] = {}
    for row in quantities.filter(pl.col("excluded").is_null() & pl.col("canonical").is_not_null()).sort("record_id", "column").iter_rows(named=True):
        key = (row["record_id"], row["measure"])
        before, number, canonical = found.get(key), Fraction(row["quantity"]), Fraction(row["canonical"])
        days = 0 if row["start"] is None or row["end"] is None else (row["end"] - row["start"]).days + 1
        received = f"{row['received']} {row['received_unit']}"
        if before is None:
            found[key] = _Sent(received, canonical, row["unit"], bool(number) and _is_tens(canonical / number), days)
        else:
            found[key] = _Sent(f"{before.text}; {received}", before.total + canonical, row["unit"], same=False, days=days)
    return found


def _line(row: Mapping[str, Any], roots: Mapping[str, tuple[Fraction, str]], sent: _Sent | None, factors: Mapping[str, Factor]) -> str:
    times = Fraction(row["times"])
    result = sum((Fraction(quantity) for quantity in row["quantity"]), Fraction(0)) * times
    said = f"{_short(result)} {row['term_unit']}"
    if row["unit"] == "1":  # A count: the quantity behind it plays no part.
        return f"{row['origin']}: counts as {said}"
    known = [roots[name] for name in dict.fromkeys(row["root_amount_id"]) if name in roots]
    lead = times
    for name in factors_of(row["way"]):
        lead *= factors[name].multiplier if name in factors else 1
    if known:
        root, unit = sum((quantity for quantity, _ in known), Fraction(0)), known[0][1]
    else:  # Of what is held from a day on, such as a charge of refrigerant, a period has its part, which is no amount of its own.
        root, unit = result / lead if lead else Fraction(0), sent.unit if sent is not None else ""
    parts = [*_start(root, unit, sent), *(_factor(name, factors) for name in factors_of(row["way"]))]
    product = root * lead
    # Whatever else the edition applied, such as the part of a site that it counts, is what is left.
    if product and all(name in factors for name in factors_of(row["way"])) and abs(result / product - 1) > _NEAR:
        parts.append(f"{_share(result / product)} (share that the edition counts)")
    if not _is_tens(times):
        parts.append(f"{times} ({row['unit']} to {row['term_unit']})")
    return f"{row['origin']}: {' x '.join(parts)} = {said}"


def _start(root: Fraction, unit: str, sent: _Sent | None) -> Iterable[str]:
    """What was received and the share of it that counts; of an estimate, what stands in."""
    if sent is None:
        yield f"{_full(root)} {unit} (estimated)"
        return
    yield sent.text if sent.same else f"{sent.text} = {_full(sent.total)} {sent.unit}"
    if sent.total and abs(root / sent.total - 1) > _NEAR:
        yield _days(root, sent.total, sent.days)
    elif not sent.total and root:
        yield f"(of which {_full(root)} {unit})"


def _days(root: Fraction, total: Fraction, days: int) -> str:
    """The part of a record that counts, by days where it is: the parts of its months are kept to nine decimals."""
    counted = round(root / total * days)
    return f"{counted}/{days} days" if days and abs(total * counted / days - root) <= _KEPT else f"{_share(root / total)} (share of the record)"


def _factor(name: str, factors: Mapping[str, Factor]) -> str:
    found = factors.get(name)
    return name if found is None else f"{plain(found.value)} {found.unit} ({name})"


def _is_tens(number: Fraction) -> bool:
    """Whether it is 1, 10, 1000, 1/1000 and so on."""
    text = str(number.numerator if number.denominator == 1 else number.denominator)
    return 1 in (number.numerator, number.denominator) and text[0] == "1" and not text.strip("0")[1:]


def _share(share: Fraction) -> str:
    return plain(rounded(share, _SHARE_DECIMALS))


def _full(number: Fraction) -> str:
    return plain(rounded(number))


def _short(number: Fraction) -> str:
    return plain(rounded(number, DECIMALS))
