"""Columns of amounts and records in few characters: most of their values follow from the one before. `unpacked` in static/explorer.js is the way back."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

_LEAST = 3
"""How many values a run must hold on average to be worth it."""

_FEW = 30


def packed(column: pl.Series) -> list[Any] | dict[str, Any]:
    """A column as a list, or where that is shorter as `runs` (value, how many times, …), as `steps` (first, how many, each one more than the one before, …), or as its different values `of` and where they stand, `at`."""
    many = column.len()
    if column.dtype.is_nested():
        return _by_text(column.to_list())
    if (equal := column.rle()).len() * _LEAST <= many:
        return {"runs": _flat(equal, "value")}
    if column.dtype.is_integer():
        rising = (column.cast(pl.Int64()) - pl.int_range(many, eager=True)).rle()
        if rising.len() * _LEAST <= many:
            lengths = rising.struct.field("len").cast(pl.Int64())
            begins = lengths.cum_sum().shift(1, fill_value=0)
            return {"steps": _flat(pl.DataFrame({"len": lengths, "value": rising.struct.field("value") + begins}).to_struct(), "value")}
    elif (different := column.unique(maintain_order=True)).len() * _LEAST <= many:
        places = pl.DataFrame({"value": different}).with_row_index("at")
        at = column.to_frame("value").join(places, on="value", how="left", nulls_equal=True, maintain_order="left")["at"]
        return {"of": different.to_list(), "at": packed(at)}
    return column.to_list()


def _flat(runs: pl.Series, value: str) -> list[Any]:
    """Value and length of each run, one after the other."""
    return [item for one, many in zip(runs.struct.field(value).to_list(), runs.struct.field("len").to_list(), strict=True) for item in (one, many)]


def _by_text(values: Sequence[Any]) -> list[Any] | dict[str, Any]:
    """Lists, each different one once where many are alike. The first few tell whether it is worth looking at all of them."""
    few = values[:_FEW]
    if len({json.dumps(value) for value in few}) * _LEAST > len(few):
        return list(values)
    places: dict[str, int] = {}
    different, at = [], []
    for value in values:
        text = json.dumps(value, ensure_ascii=False)
        if text not in places:
            places[text] = len(places)
            different.append(value)
        at.append(places[text])
    return list(values) if len(different) * _LEAST > len(values) else {"of": different, "at": packed(pl.Series("at", at, dtype=pl.Int64()))}


def sent(column: pl.Series) -> dict[str, Any]:
    """The rows as they were sent, with the names of their columns once: `heads`, and in `received` the number of its heads and the values of each row. What is no row stays a text."""
    heads: dict[tuple[str, ...], int] = {}
    rows: list[Any] = []
    for text in column.to_list():
        row = _row(text)
        rows.append(text if row is None else [heads.setdefault(tuple(row), len(heads)), *row.values()])
    return {"heads": [list(names) for names in heads], "received": rows}


def _row(text: str | None) -> dict[str, Any] | None:
    """A row by its columns. Its numbers stay as they are written: none becomes a binary one."""
    try:
        found = json.loads(text or "", parse_float=str, parse_int=str)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
