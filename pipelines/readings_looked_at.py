"""What `esg-kpis readings` shows: months from the tables of the last run; the rows of a meter from the files themselves, judged again for the dates of that run."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.errors import EsgKpisError, UsageProblem, near_misses
from esg_kpis.exact import plain
from esg_kpis.workspace import open_workspace
from pipelines.latest import latest_of, ran_of, read_result


def asked(meter: str | None, month: str | None, day: str | None) -> str | None:
    """The month that is asked for, by its name or that of a day.

    Raises:
        UsageProblem: if there is no such month or day, the day is of another month, or a day is asked for of no meter.
    """
    if month is not None and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise UsageProblem(f"'{month}' is no month.", where="--month", mend="Write it as 2023-05.")
    if day is None:
        return month
    try:
        right = date.fromisoformat(day).isoformat() == day
    except ValueError:
        right = False
    if not right:
        raise UsageProblem(f"'{day}' is no date.", where="--day", mend="Write it as 2023-05-03.")
    if meter is None:
        raise UsageProblem("The rows of a day are shown of one meter.", where="--day", mend=f"Name the meter: esg-kpis readings METER --day {day}.")
    if month not in (None, day[:7]):
        raise UsageProblem(f"{day} is no day of {month}.", where="--day", mend="Leave --month out, or name a day of it.")
    return day[:7]


def months(out: Path, meter: str | None, table: str | None, site: str | None, month: str | None) -> list[dict[str, Any]]:
    """A row per table and month, or of one meter per month.

    Raises:
        UsageProblem: if the last run has no such meter, table or month.
        EsgKpisError: if there are no results yet.
    """
    found = _chosen(latest_of(out), meter, table, site)
    if month is not None:
        known = found["month"].unique().sort().to_list()
        if month not in known:
            raise UsageProblem(f"The last run has no readings in {month}. {_why(out, table, month)}".rstrip(), where="--month", mend=near_misses(month, known) or f"It has those of {known[0]} to {known[-1]}.")
        found = found.filter(pl.col("month") == month)
    if meter is not None:
        return found.to_dicts()
    counts = pl.col("rows", "expected", "used", "missing", "estimated", "rejected", "excluded", "rollovers", "breaks", "quantity").sum()
    return found.group_by("reading_table", "month", "measure", "unit").agg(pl.len().alias("meters"), counts).sort("reading_table", "month").to_dicts()


def of_no_meter(out: Path, table: str | None, month: str | None) -> list[tuple[str, int, str]]:
    """Tables whose files hold rows that stand under no meter above: how many, and of which meters they are as far as samples of them tell."""
    folder = latest_of(out)
    received, shown, samples = (read_result(folder, name) for name in ("reading_fates", "reading_months", "reading_samples"))
    own = (pl.col("reading_table") == table if table is not None else pl.lit(value=True)) & (pl.col("month") == month if month is not None else pl.lit(value=True))
    counted = received.filter(own).group_by("reading_table").agg(pl.col("rows").sum()).join(shown.filter(own).group_by("reading_table").agg(pl.col("rows").sum().alias("shown")), on="reading_table", how="left")
    unknown = samples.filter(own & (pl.col("rule") == "unknown_meter")).group_by("reading_table").agg(pl.col("meter_id").unique().sort().str.join(", ").alias("named"))
    rest = counted.with_columns((pl.col("rows") - pl.col("shown").fill_null(0)).alias("rest")).filter(pl.col("rest") > 0).join(unknown, on="reading_table", how="left")
    return rest.sort("reading_table").select("reading_table", "rest", pl.col("named").fill_null("")).rows()


def stopped(out: Path, table: str | None = None, month: str | None = None) -> list[tuple[str, str]]:
    """Tables, or months of them, that the last run could not read, and why; behind a format that it could not read may be any."""
    found = read_result(out, "files").filter((pl.col("status") == "stopped") & pl.col("path").str.contains("^readings(/|$)"))
    told = [((*path.split("/")[1:], "", "")[:2], problem) for path, problem in found.sort("path").select("path", "problem").iter_rows()]
    return [(" ".join(part for part in name if part) or "a table", problem) for name, problem in told if name[0] in ("", table or name[0]) and name[1] in ("", month or name[1])]


def meter_rows(root: Path, out: Path, meter: str, month: str, table: str | None, site: str | None, day: str | None, edition: str | None = None) -> dict[str, Any]:
    """The rows of a meter in a month as an edition knew them, else the latest, with the line of the month's file that they add up to.

    Raises:
        UsageProblem: if the last run has no such meter, table, month or edition.
        EsgKpisError: if there are no results yet, or the files are no longer those of the last run.
    """
    from esg_kpis.readings.rolled import Dates, month_of_table, readings_beside
    from esg_kpis.readings.rows import rows_of

    folder = latest_of(out)
    own = _chosen(folder, meter, table, site).filter(pl.col("month") == month)
    if own.is_empty():
        raise UsageProblem(f"The last run has no readings of {meter} in {month}. {_why(folder, table, month)}".rstrip(), where="--month" if day is None else "--day", mend="`esg-kpis readings` lists the months of each table.")
    if own.height > 1:
        raise UsageProblem(f"{meter} stands in {own.height} places: {'; '.join(' '.join(row) for row in own.select('reading_table', 'site_id').iter_rows())}.", where="METER", mend="Name one with --table and --site.")
    fact = own.row(0, named=True)
    workspace, ran = open_workspace(root, out), ran_of(folder)
    dates = Dates(_known_on(ran, edition), date.fromisoformat(ran["as_of"]))
    lines, fact = _as_known(folder, fact, dates.known_on)
    told = {"meter": fact | {"quantity": plain(fact["quantity"]), "estimated_quantity": plain(fact["estimated_quantity"])}, "known_on": dates.known_on.isoformat(), "day": day, "lines": lines}
    if not fact["rows"]:  # Only a counter goes on over a month of which it sent none.
        return told | {"form": "register", "days": [], "rows": []}
    register = read_result(folder, "meters")
    task = month_of_table(workspace, fact["reading_table"], month, register, dates)
    _check_files(task.files, workspace.raw, read_result(folder, "files"))
    asked = {"meter_id": meter, **({"site_id": fact["site_id"]} if "site_id" in task.keys else {})}
    rows = rows_of(task, asked, workspace.raw, readings_beside(workspace, task, asked, register, dates) if task.table.form == "register" else {})
    first = date.fromisoformat(f"{month}-01")
    rows = rows.with_columns((pl.lit(first) + pl.duration(days=pl.col("day"))).alias("day"), (pl.col("counted").cast(pl.Decimal(38, 9)) / pl.lit(10**task.table.decimals).cast(pl.Decimal(38, 0))).alias("counted"))
    if day is not None:
        rows = rows.filter(pl.col("day") == date.fromisoformat(day))
    return told | {
        "form": task.table.form,
        "days": _by_day(rows, [(after - before) // task.table.interval for before, after in zip(task.window.days, task.window.days[1:], strict=False)]),
        "rows": rows.drop("at").with_columns(pl.col("counted").cast(pl.String).str.replace(r"\.?0+$", "")).to_dicts(),
    }  # fmt: skip


def _chosen(folder: Path, meter: str | None, table: str | None, site: str | None) -> pl.DataFrame:
    found = read_result(folder, "reading_months")
    if meter is not None and meter not in found["meter_id"] and meter in read_result(folder, "reading_samples").filter(pl.col("rule") == "unknown_meter")["meter_id"]:
        raise UsageProblem(f"The register of meters did not name '{meter}' when the last run read it: its rows are rejected.", where="METER", mend="Add it to data/raw/meters with its site and measure, and run again. Rows of it stand in reading_samples.csv.")
    if found.is_empty() and stopped(folder):
        raise EsgKpisError(f"The last run could read no meter readings. {_why(folder)}", where="data/raw/readings", mend="Mend it, and run again.")
    if found.is_empty():
        raise EsgKpisError("The last run has no meter readings.", where="data/raw/readings", mend="docs/readings.md says how they come in.")
    for column, wanted, where in (("reading_table", table, "--table"), ("meter_id", meter, "METER"), ("site_id", site, "--site")):
        if wanted is None:
            continue
        known = found[column].unique().sort().to_list()
        if wanted not in known:
            raise UsageProblem(f"The last run has no readings of '{wanted}'. {_why(folder, wanted) if column == 'reading_table' else ''}".rstrip(), where=where, mend=near_misses(wanted, known) or "`esg-kpis readings` lists what there is.")
        found = found.filter(pl.col(column) == wanted)
    return found


def _why(out: Path, table: str | None = None, month: str | None = None) -> str:
    """What the last run stopped that may hold what is asked for: the month itself rather than a table."""
    unread = sorted(stopped(out, table, month), key=lambda item: month is None or not item[0].endswith(month))
    more = f" {len(unread) - 1} more: esg-kpis readings." if len(unread) > 1 else ""
    return f"It stopped {unread[0][0]}: {unread[0][1]}{more}" if unread else ""


def _check_files(files: Any, raw: Path, listed: pl.DataFrame) -> None:  # noqa: ANN401
    """The files are those that the last run read, by their digests."""
    from esg_kpis.report.outputs import sha256_of

    known = dict(listed.select("path", "sha256").iter_rows())
    for file in files:
        name = file.origin.relative_to(raw).as_posix()
        if known.get(name) != sha256_of(file.origin):
            raise EsgKpisError("The file is no longer the one that the last run read.", where=name, mend="Run `esg-kpis run` again.")


def _known_on(ran: Mapping[str, str], edition: str | None) -> date:
    """The knowledge date of an edition in the last run, else the latest of all."""
    known = {name.removeprefix("known on "): date.fromisoformat(value) for name, value in ran.items() if name.startswith("known on ")}
    if edition is not None and edition not in known:
        raise UsageProblem(f"The last run has no edition '{edition}'.", where="--edition", mend=near_misses(edition, known) or f"It has {', '.join(sorted(known))}.")
    return max(known.values()) if edition is None else known[edition]


def _as_known(folder: Path, fact: dict[str, Any], known_on: date) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of a meter in the month's file for a knowledge date; and what `reading_months` says of it, with the quantities of that date where the month was another then."""
    from esg_kpis.readings.enclosed import path_of_month

    latest, then = (path_of_month(fact["reading_table"], fact["month"], day) for day in (None, known_on))
    name = then if (folder / then).is_file() else latest
    if not (folder / name).is_file():
        return [], fact
    rows = pl.read_csv(folder / name, infer_schema=False).with_row_index("line", 2).filter((pl.col("meter_id") == fact["meter_id"]) & (pl.col("site_id") == fact["site_id"]))
    lines = rows.with_columns(pl.lit(name).alias("path")).to_dicts()
    if name == latest:
        return lines, fact
    counted = {kind: sum((Decimal(line["quantity"]) for line in lines if line["bill_kind"] == kind), Decimal(0)) for kind in ("bill", "estimate")}
    return lines, fact | {"quantity": counted["bill"] + counted["estimate"], "estimated_quantity": counted["estimate"]}


def _by_day(rows: pl.DataFrame, slots: list[int]) -> list[dict[str, Any]]:
    """How many rows of each day count, and what they add up to."""
    days = rows.drop_nulls("day").group_by("day").agg((pl.col("fate") == "used").sum().alias("used"), (pl.col("fate") != "used").sum().alias("not_used"), pl.col("estimated").filter(pl.col("fate") == "used").sum().alias("estimated"), pl.col("counted").sum())
    return days.sort("day").with_columns(
        pl.col("day").dt.day().sub(1).replace_strict(dict(enumerate(slots)), return_dtype=pl.Int64()).alias("expected"), pl.col("counted").cast(pl.String).str.replace(r"\.?0+$", "")
    ).to_dicts()  # fmt: skip
