"""Data as scripts: a page opened from disk may load nothing else. Each file hands one value to `ESG.put`, and nothing in it can end the script or begin another."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

SHARD = 2_000
"""Amounts and records to a file."""
WEIGHT = 120_000
"""About how many characters of other things go to a file."""


def script(name: str, data: Any) -> bytes:  # noqa: ANN401
    """A data file: `name` is its path below `data/` without the ending, by which the page asks for it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in ("<", "\u2028", "\u2029"):
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    # A lone surrogate, which no encoding holds, becomes an escape that JSON knows.
    return f'ESG.put("{name}",{text});\n'.encode(errors="backslashreplace")


def of_run(content: bytes, key: str) -> bytes:
    """A data file that says which run it is of, so that a page that stays open while another run is published shows nothing of both."""
    return content.removesuffix(b");\n") + f",{json.dumps(key)});\n".encode()


def path_of(name: str) -> str:
    """Where a data file lies in the site."""
    return f"data/{name}.js"


def shelved(kind: str, items: Iterable[Any], weight: int = WEIGHT) -> tuple[dict[str, bytes], list[int]]:
    """Some things in files of about the same size, and the number of the first thing in each file."""
    files: dict[str, bytes] = {}
    starts: list[int] = []
    held: list[Any] = []
    size = place = 0
    for place, item in enumerate(items, 1):
        if not held:
            starts.append(place - 1)
        held.append(item)
        size += len(json.dumps(item, ensure_ascii=False))
        if size >= weight:
            files[path_of(f"{kind}/{len(files)}")] = script(f"{kind}/{len(files)}", held)
            held, size = [], 0
    if held:
        files[path_of(f"{kind}/{len(files)}")] = script(f"{kind}/{len(files)}", held)
    return files, starts


def digits(column: str) -> pl.Expr:
    """A decimal as text, exact, without zeros at its end."""
    text = pl.col(column).cast(pl.String)
    return pl.when(text.str.contains(".", literal=True)).then(text.str.strip_chars_end("0").str.strip_chars_end(".")).otherwise(text)


def runs(frame: pl.DataFrame, keys: Sequence[str], number: str) -> pl.DataFrame:
    """Whole numbers as runs: per key a list of `[first, how many]`, in order.

    Columns: `keys`, `runs`; sorted by `keys`.
    """
    ordered = frame.select(*keys, pl.col(number).cast(pl.Int64)).unique().sort(*keys, number)
    # Within a key, a number less its place is the same as long as each follows the one before.
    marked = ordered.with_columns((pl.col(number) - pl.int_range(pl.len()).over(keys)).alias("run"))
    found = marked.group_by(*keys, "run", maintain_order=True).agg(pl.col(number).first().alias("first"), pl.len().cast(pl.Int64).alias("many"))
    return found.group_by(keys, maintain_order=True).agg(pl.concat_list("first", "many").alias("runs"))
