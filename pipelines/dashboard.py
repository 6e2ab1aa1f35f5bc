"""Where everything stands, at one look: the last run, and per edition and period what is ready, what is not, who approved it, and what to do next. Reads; computes no KPI."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.assurance.states import open_by_severity, still_open
from esg_kpis.editions import Edition
from esg_kpis.errors import EsgKpisError, InputProblem
from esg_kpis.report.outputs import LATEST, is_intact
from esg_kpis.workspace import open_workspace
from pipelines.asked import Request
from pipelines.counts import OFF, counts
from pipelines.latest import NOT_OF_INPUTS, RUN_FILE, latest_of, read_result
from pipelines.next_step import next_step
from pipelines.show_register import standing

TABLES = ("kpi_values", "kpi_labels", "tie_out", "findings", "anomalies", "rejected")
PARTS = {
    "raw": "data/raw", "factors": "factors", "editions": "editions", "people lock": "the lock of people data", "as_of": "the last day data may be about",
    "esg_kpis": "the program", "pipelines": "the program",
}  # fmt: skip
"""What the parts of a run's key are called; the others are versions of libraries, and the knowledge dates."""


def dashboard(root: Path, out: Path) -> dict[str, Any]:
    """What `esg-kpis status` tells: `run`, `editions` with their `periods`, the register as `standing` has it, and `next`."""
    workspace = open_workspace(root, out)
    tables, damage = _tables(workspace.out)
    ran, request = _ran(workspace.out), Request(root, out)
    try:
        editions, unreadable = {edition.id: edition for edition in request.read_editions}, ""
    except EsgKpisError as problem:
        editions, unreadable = {}, str(problem)
    told = _register(root, out, tables)
    run = None if ran is None else _run(workspace.out, ran, request, editions, damage)
    reporting, others = _split(told["periods"], tables, editions)
    found = [row | _facts(row["edition"], row["period"], tables, editions) for row in reporting]
    for row in found:
        row["next"] = next_step(row, run)
    # As in the table of a run: the edition with the latest knowledge first, its newest period first; editions that were not run come last.
    known = run["known_on"] if run else {}
    found.sort(key=lambda row: (known.get(row["edition"], ""), row["edition"], row["period"]), reverse=True)
    not_run = sorted(editions.keys() - {name.removeprefix("known on ") for name in ran or () if name.startswith("known on ")})
    undated = tables["rejected"].filter(pl.col("start").is_null() | pl.col("end").is_null())["record_id"].n_unique() if tables else None
    return {
        **told, "periods": found, "target_periods": others, "run": run, "editions_not_run": not_run, "editions_unreadable": unreadable or None,
        "documents": {name: edition.rules.document for name, edition in editions.items()}, "rejected": tables["rejected"]["record_id"].n_unique() if tables else None, "rejected_undated": undated,
        "findings_elsewhere": _elsewhere(tables), "next": _overall(run, unreadable, not_run),
    }  # fmt: skip


def _tables(out: Path) -> tuple[dict[str, pl.DataFrame], str]:
    """The tables of the last results, and what is wrong with them."""
    if not (out / LATEST).exists():
        lost = (out / LATEST).is_symlink() or (out / "runs").is_dir()
        return {}, "the pointer to the last results leads nowhere" if lost else ""
    try:
        folder = latest_of(out)
        return {name: read_result(folder, name) for name in TABLES}, "" if is_intact(folder) else "files of the last results were changed after they were written"
    except (EsgKpisError, OSError, pl.exceptions.PolarsError) as problem:
        return {}, f"the last results cannot be read ({str(problem).splitlines()[0]})"


def _ran(out: Path) -> dict[str, str] | None:
    try:
        found = json.loads((out / LATEST / RUN_FILE).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else None
    except (OSError, ValueError):
        return None


def _register(root: Path, out: Path, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """The register beside the results; one that cannot be read is a problem that is told, since all the rest can be told without it."""
    values = tables.get("kpi_values")
    try:
        return standing(root, out, values)
    except InputProblem as problem:
        places = [] if values is None else sorted(values.select("edition", "period").unique().iter_rows())
        empty = {"state": "unknown", "as_approved": None, "sequence": None, "by": None, "at": None, "approved_digest": None, "present_digest": None, "reason": None}
        return {
            "register": None, "entries": None, "head": None, "chain_ok": False, "problems": [f"the register cannot be read: {problem}"], "broken": [],
            "results": str(out) if values is not None else None, "periods": [{"edition": edition, "period": period, **empty} for edition, period in places],
        }  # fmt: skip


def _run(out: Path, ran: Mapping[str, str], request: Request, editions: Mapping[str, Edition], damage: str) -> dict[str, Any]:
    """The last run: its key, when it was written, and what has changed since."""
    computed = sorted(name.removeprefix("known on ") for name in ran if name.startswith("known on "))
    dates = {name: ran[f"known on {name}"] for name in computed}
    what_if = sorted(name for name, edition in editions.items() if name in dates and dates[name] != edition.rules.knowledge_date.isoformat())
    changed = _changed(ran, request, computed, editions)
    written = (out / LATEST / RUN_FILE).stat().st_mtime
    return {
        "key": ran.get("key", ""), "folder": str(latest_of(out)), "written": datetime.fromtimestamp(int(written), UTC).isoformat().replace("+00:00", "Z"), "editions": computed,
        "known_on": dates, "what_if": what_if, "changed_since": changed, "damaged": damage or None,
    }  # fmt: skip


def _changed(ran: Mapping[str, str], request: Request, computed: Iterable[str], editions: Mapping[str, Edition]) -> list[str]:
    """What a run would find changed now, in words; an edition's date that was given for a what-if is none of it."""
    if not editions:
        return ["editions"]
    some = () if set(computed) == editions.keys() else tuple(name for name in computed if name in editions)
    now = Request(request.root, request.out, some).parts()
    if any(ran.get(f"known on {name}") != now.get(f"known on {name}") for name in computed):
        now = now | {"as_of": ran.get("as_of", "")}
    names = [name for name in now.keys() | ran.keys() if not name.startswith("known on ") and name not in NOT_OF_INPUTS and now.get(name) != ran.get(name)]
    return list(dict.fromkeys(PARTS.get(name, f"library {name}") for name in sorted(names, key=lambda name: (list(PARTS).index(name) if name in PARTS else len(PARTS), name))))


def _split(rows: list[dict[str, Any]], tables: Mapping[str, pl.DataFrame], editions: Mapping[str, Edition]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Reporting periods, and apart from them those that only targets name; what somebody signed counts as reporting in any case."""
    labelled = set(tables["kpi_values"].join(tables["kpi_labels"], on=["edition", "kpi_id"], how="semi").select("edition", "period").unique().iter_rows()) if tables else set()
    reporting = [
        row for row in rows
        if row["sequence"] or row["approved_digest"] or (row["edition"], row["period"]) in labelled or (row["edition"] in editions and row["period"] in editions[row["edition"]].periods)
    ]  # fmt: skip
    return reporting, [{"edition": row["edition"], "period": row["period"]} for row in rows if row not in reporting]


def _facts(edition: str, period: str, tables: Mapping[str, pl.DataFrame], editions: Mapping[str, Edition]) -> dict[str, Any]:
    """One period in numbers."""
    if not tables:
        return {"kpis": None, "tie_out": None, "unexplained": None, "findings": None, "errors_to_mend": None, "anomalies": None, "rejected": None, "first_blocked": None}
    own = {name: frame.filter((pl.col("edition") == edition) & (pl.col("period") == period)) for name, frame in tables.items() if name not in ("rejected", "kpi_labels")}
    states = counts(own["kpi_values"], "status")
    ties = own["tie_out"].filter(pl.col("published").is_not_null())
    blocked = own["kpi_values"].filter(pl.col("status") == "blocked").sort(pl.col("breakdown") != "total", maintain_order=True)
    return {
        "kpis": {name: states.pop(name, 0) for name in ("ok", "incomplete", "blocked")} | states,
        "tie_out": {name: counts(ties, "verdict").get(name, 0) for name in ("equal", "stated", *OFF, "suppressed")},
        "unexplained": ties.filter(pl.col("verdict").is_in(OFF) & ~pl.col("explained")).height,
        "findings": open_by_severity(own["findings"]),
        "errors_to_mend": still_open(own["findings"]).filter((pl.col("severity") == "error") & ~pl.col("check").is_in(["kpi_blocked", "tie_out"])).height,
        "anomalies": own["anomalies"].filter(pl.col("state") != "explained").height,
        "rejected": _rejected(tables["rejected"], editions.get(edition), period),
        "first_blocked": _named(blocked.row(0, named=True)) if blocked.height else None,
    }


def _named(cell: Mapping[str, Any]) -> str:
    """A cell as `esg-kpis trace` takes it."""
    return str(cell["kpi_id"]) if cell["breakdown"] == "total" else f"{cell['kpi_id']} --category '{cell['breakdown']}={cell['category']}'"


def _rejected(rejected: pl.DataFrame, edition: Edition | None, period: str) -> int | None:
    """Rejected rows about days of a period; None where the days of the period are not known."""
    if edition is None or period not in edition.periods:
        return None
    first, last = edition.periods[period].first, edition.periods[period].last
    return rejected.filter((pl.col("start") <= pl.lit(last, dtype=pl.Date)) & (pl.col("end") >= pl.lit(first, dtype=pl.Date)))["record_id"].n_unique()


def _elsewhere(tables: Mapping[str, pl.DataFrame]) -> dict[str, int] | None:
    """Open findings that are of no one period: of files, factors, or an edition as a whole."""
    if not tables:
        return None
    return open_by_severity(tables["findings"].filter(pl.col("period").fill_null("") == ""))


def _overall(run: Mapping[str, Any] | None, unreadable: str, not_run: list[str]) -> str:
    """What comes before anything that a period needs."""
    if unreadable:
        return f"Mend the editions: {unreadable}"
    if run is None:
        return "Nothing was computed yet: `esg-kpis check` reads the files, `esg-kpis run` computes."
    if run["damaged"]:
        return f"Run `esg-kpis run` again: {run['damaged']}."
    if run["changed_since"]:
        return f"Run `esg-kpis run`: since the last run {_and(run['changed_since'])} changed."
    if run["what_if"]:
        return "These results are a what-if: run `esg-kpis run` without --known-on."
    if not_run:
        return f"Run `esg-kpis run`: {_and([f'edition {name}' for name in not_run])} {'was' if len(not_run) == 1 else 'were'} left out of the last run."
    return ""


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
