"""What the Tab key offers: editions, KPIs, periods, categories, measures and regions of the workspace at hand.

A shell waits for the answer, so nothing heavy is imported: names come from the CSV of the last results, and before the first run from the files of the editions, looked through
and not read. What cannot be found is not offered; a Tab never ends in an error.
"""

import csv
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

ROWS = 50_000
"""Rows of a table that are looked at; a Tab is no place to read more."""
Completer = Callable[[typer.Context, str], list[str]]


def _offered(names: Callable[[typer.Context], Iterable[str]]) -> Completer:
    """Makes a completer of a function that finds names: those that begin as what was typed, each once; none where anything goes wrong."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return [name for name in dict.fromkeys(names(ctx)) if name.startswith(incomplete)]
        except Exception:
            return []

    complete.__doc__ = names.__doc__
    return complete


def choice(*words: str) -> Completer:
    """A completer for words that are known beforehand."""
    return _offered(lambda _ctx: words)


def _param(ctx: Any, name: str) -> Any:  # noqa: ANN401
    """What was typed for a parameter, behind the command or before it."""
    while ctx is not None:
        value = ctx.params.get(name)
        if value not in (None, ""):
            return value
        ctx = ctx.parent
    return None


def _root(ctx: typer.Context) -> Path:
    return Path(_param(ctx, "root") or Path.cwd())


def _out(ctx: typer.Context) -> Path:
    return Path(_param(ctx, "out") or _root(ctx) / "data" / "out")


def _rows(path: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number >= ROWS:
                return
            yield row


def _cells(ctx: typer.Context) -> Iterator[dict[str, str]]:
    """Cells of the last results, narrowed by what the command line says already."""
    path = _out(ctx) / "kpi_values.csv"
    if not path.exists():
        return
    wanted = {column: _param(ctx, name) for column, name in (("edition", "edition"), ("kpi_id", "kpi"), ("period", "period"))}
    # Behind an option that has no value yet, an argument is not taken apart from the rest of the line.
    wanted["kpi_id"] = wanted["kpi_id"] or next((word for word in ctx.args if not word.startswith("-")), None)
    for row in _rows(path):
        if all(not value or not isinstance(value, str) or row[column] == value for column, value in wanted.items()):
            yield row


def _defined(ctx: typer.Context) -> Iterator[str]:
    """KPIs of kpis.yaml of each edition, or of the one that was named. The file is looked through and not read: that would take as long as all the rest."""
    named = _param(ctx, "edition")
    for path in sorted((_root(ctx) / "editions").glob("*/kpis.yaml")):
        if not isinstance(named, str) or path.parent.name == named:
            yield from re.findall(r"^- id:\s*['\"]?([^\s'\"#]+)", path.read_text(encoding="utf-8", errors="replace"), flags=re.MULTILINE)


def _declared(ctx: typer.Context, *entries: str) -> Iterator[str]:
    """The ids of such entries in the edition.toml of each edition, or of the one that was named."""
    named = _param(ctx, "edition")
    for path in sorted((_root(ctx) / "editions").glob("*/edition.toml")):
        if not isinstance(named, str) or path.parent.name == named:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
            yield from (item["id"] for entry in entries for item in told.get(entry, []))


@_offered
def edition(ctx: typer.Context) -> Iterator[str]:
    """Editions of the workspace."""
    yield from sorted(path.parent.name for path in (_root(ctx) / "editions").glob("*/edition.toml"))


def _without(ctx: typer.Context, name: str) -> Any:  # noqa: ANN401
    """The context with one parameter left out: what is being typed does not narrow itself."""
    ctx.params.pop(name, None)
    return ctx


@_offered
def kpi(ctx: typer.Context) -> Iterator[str]:
    """KPIs of the last results, or of the editions where there are none."""
    own = _without(ctx, "kpi")
    found = [row["kpi_id"] for row in _cells(own)]
    yield from found or _defined(own)


@_offered
def period(ctx: typer.Context) -> Iterator[str]:
    """Periods, newest first."""
    own = _without(ctx, "period")
    found = [row["period"] for row in _cells(own)]
    yield from sorted(found or _declared(own, "period"), reverse=True)


@_offered
def category(ctx: typer.Context) -> Iterator[str]:
    """BREAKDOWN=CATEGORY of the cells that are left by KPI, period and edition."""
    yield from (f"{row['breakdown']}={row['category']}" for row in _cells(ctx))


@_offered
def measure(_ctx: typer.Context) -> list[str]:
    """Measures that are known."""
    from esg_kpis.domains import MEASURES

    return sorted(MEASURES)


@_offered
def region(ctx: typer.Context) -> list[str]:
    """Regions of the factor library, and the countries above them."""
    rows = list(_rows(_root(ctx) / "factors" / "regions.csv"))
    return sorted({row[name] for row in rows for name in ("region", "parent") if row[name]})


@_offered
def gas(ctx: typer.Context) -> list[str]:
    """Gases that have a GWP."""
    return sorted({row["gas"] for row in _rows(_root(ctx) / "factors" / "gwp.csv")})


@_offered
def framework(_ctx: typer.Context) -> list[str]:
    """Disclosure frameworks."""
    import esg_kpis

    return sorted(path.stem for path in (Path(esg_kpis.__file__).parent / "frameworks").glob("*.csv"))


@_offered
def answer(ctx: typer.Context) -> Iterator[str]:
    """States of answers in the content indexes of the last results."""
    yield from sorted({row["status"] for row in _rows(_out(ctx) / "content_index.csv")})


@_offered
def lens(ctx: typer.Context) -> Iterator[str]:
    """Lenses of the editions."""
    yield from _declared(ctx, "lens")


@_offered
def anomaly(ctx: typer.Context) -> Iterator[str]:
    """Anomalies that nobody has explained."""
    yield from (row["anomaly_id"] for row in _rows(_out(ctx) / "anomalies.csv") if row["state"] != "explained")


@_offered
def run(ctx: typer.Context) -> Iterator[str]:
    """Sets of results by name and key."""
    yield from ("latest", "previous")
    yield from sorted(path.parent.name for path in (_out(ctx) / "runs").glob("*/run.json") if json.loads(path.read_text(encoding="utf-8")))
