"""What the months of one table tell the rest of the pipeline: files of bills, tables, what is refused, and what a person should look at."""

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from esg_kpis.domains import DOMAIN_OF
from esg_kpis.exact import QUANTITY, plain
from esg_kpis.ingest.accounting import record_id
from esg_kpis.ingest.observations import OBSERVATION
from esg_kpis.ingest.rejections import short
from esg_kpis.ingest.rules import right_zh
from esg_kpis.ingest.superseded import MEASURED, REPLACED
from esg_kpis.ingest.take import file_row
from esg_kpis.readings.calendar import month_after, window_of
from esg_kpis.readings.declared import ReadingTable, Stopped
from esg_kpis.readings.enclosed import path_of_month
from esg_kpis.readings.judged import register_of
from esg_kpis.readings.latest import EACH
from esg_kpis.readings.lines import in_unit, of_intervals, of_registers
from esg_kpis.readings.monthly import Month
from esg_kpis.readings.observed import FEW, observed, unseen
from esg_kpis.readings.rules import CODE, RULES
from esg_kpis.readings.samples import sampled
from esg_kpis.readings.stitched import Chain, Slip, between, pieces, without_slips
from esg_kpis.readings.tables import Source
from esg_kpis.tables import READING_FATES, READING_MONTHS, READING_SAMPLES

_NAMES = {CODE[rule.name]: rule.name for rule in RULES}
_FATES = {rule.name: rule.fate for rule in RULES}


_Between = Mapping[tuple[tuple[str, ...], str], Counter[str]]
"""What happened to counters between two months, see `stitched.between`."""


@dataclass(frozen=True)
class Told:
    """What one table tells: files (path below data/raw, content, domain), its rows of three tables, rows of `rejected`, and observations."""

    files: Sequence[tuple[str, bytes, str]]
    months: pl.DataFrame
    fates: pl.DataFrame
    samples: pl.DataFrame
    refused: Sequence[dict[str, Any]]
    observations: pl.DataFrame


def told_of(source: Source, months: Sequence[Month], meters: pl.DataFrame, raw: Path, refused_rows: Callable[[], pl.DataFrame] = pl.DataFrame) -> Told:
    """The months of a table, seen together.

    Args:
        source: The table.
        months: All its months.
        meters: The register of meters.
        raw: The folder data/raw, below which samples name their files.
        refused_rows: Tells what the register names in rows that were rejected, see `ingest.refused_meters`; asked only where readings are of a meter it does not name.
    """
    table = source.table
    own = meters.filter((pl.col("measure") == table.measure) & pl.col("meter_id").is_not_null()).select("site_id", "meter_id")
    months = _judged_together(source, months, raw)
    every = [*months, *_between(source, months)]
    counters = between(_chain(source, every)) if months and table.form == "register" else {}
    lines = _lines(source, every, counters, own)
    by_meter = pl.concat([pl.DataFrame(schema=READING_MONTHS.schema), *(_by_meter(source, month, lines[month.name], counters, own) for month in every)])
    by_meter = _with_those(by_meter, months[0].task.keys, counters) if counters else by_meter
    fates = pl.concat([pl.DataFrame(schema=READING_FATES.schema), *(_fates(table, month) for month in months)])
    samples = pl.concat([pl.DataFrame(schema=READING_SAMPLES.schema), *(_samples(table, month) for month in months)])
    files = [(path_of_month(table.name, month.name), _csv(table, lines[month.name]), DOMAIN_OF[table.measure]) for month in every if table.counts and lines[month.name].height]
    kept_back = [*_unknown(table, months, own, refused_rows), *_lacking(table, by_meter)]
    seen = [*(unseen(table.name, row["message"], row["expected"]) for row in kept_back if not table.counts), *observed(table, by_meter, fates, _resets(months, counters))]
    return Told(files, by_meter, fates, samples, kept_back if table.counts else [], pl.DataFrame(seen, schema=OBSERVATION))


def _chain(source: Source, months: Sequence[Month]) -> Chain:
    """The counters of the table over all its months."""
    ordered = sorted(months, key=lambda month: month.name)
    return Chain(source.table, {month.name: month.task.window for month in ordered}, {month.name: month.frames["counters"] for month in ordered}, ordered[0].task.registered)


def _judged_together(source: Source, months: Sequence[Month], raw: Path) -> list[Month]:
    """The months without first and last readings of counters that the months beside show to be wrong: these are refused as such within a month are."""
    if source.table.form == "interval" or not months:
        return [*months]
    chain, on = _chain(source, months), [*months[0].task.keys, "device", "segment"]
    ends = {month.name: month.frames["ends"] for month in months}
    counters, slips = without_slips(replace(chain, counters={name: frame.join(ends[name], on=on, how="left", maintain_order="left") for name, frame in chain.counters.items()}))
    found = []
    for month in months:
        own = [slip for slip in slips if slip.month == month.name]
        found.append(replace(month, frames={**month.frames, **_refusing(month, own, counters[month.name], raw)}) if own else month)
    return found


def _refusing(month: Month, slips: Sequence[Slip], counters: pl.DataFrame, raw: Path) -> dict[str, pl.DataFrame]:
    """The frames of a month that slips change."""
    keys, refused, samples = month.task.keys, month.frames["refused"], month.frames["samples"]
    more = pl.DataFrame([(*slip.key, slip.code, 1, slip.at) for slip in slips], schema={**{name: refused.schema[name] for name in refused.columns}, "place": pl.Int64()}, orient="row")
    both = pl.concat([refused, more.drop("place")]).group_by(*keys, "code").agg(pl.col("rows").sum()).sort(*keys, "code")
    shown = pl.concat([samples, sampled(month.task, more.drop("place"), more.select(*keys, "place", "code").unique([*keys, "place"], keep="first", maintain_order=True), raw)])
    return {"refused": both, "counters": counters.select(month.frames["counters"].columns), "samples": shown.group_by("rule", maintain_order=True).head(EACH).select(samples.columns)}


def _between(source: Source, months: Sequence[Month]) -> list[Month]:
    """The months between the first and the last in which a counter was read that have no rows: what counters went on over them is parted by time."""
    read = [month.name for month in months if source.table.form == "register" and month.frames["counters"].height]
    if not read:
        return []
    known, found, name = {month.name for month in months}, [], read[0]
    while (name := month_after(name)) < read[-1]:
        if name not in known:
            task = replace(months[0].task, window=window_of(name, source.zone), files=[])
            found.append(Month(task, "", {part: frame.clear() for part, frame in months[0].frames.items()}))
    return found


def _lines(source: Source, months: Sequence[Month], counters: _Between, own: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The lines of each month, see `lines.LINE`."""
    if source.table.form == "interval":
        return {month.name: of_intervals(month.task, month.frames["meters"].filter(pl.col("used") > 0), month.frames["days"], own) for month in months}
    if not months:
        return {}
    found = pieces(_chain(source, months))
    return {month.name: of_registers(month.task, found, _readings(month, counters), own) for month in months}


def _with_those(by_meter: pl.DataFrame, keys: Sequence[str], found: _Between) -> pl.DataFrame:
    """The rows of `reading_months` with what happened to counters between two months, told with the later one, beside what happened within."""
    more = pl.DataFrame([(*key, month, told["rollovers"], told["breaks"]) for (key, month), told in found.items()], schema={**dict.fromkeys((*keys, "month"), pl.String()), "_rollovers": pl.Int64(), "_breaks": pl.Int64()}, orient="row")
    joined = by_meter.join(more, on=[*keys, "month"], how="left", maintain_order="left")
    return joined.with_columns(pl.when(pl.col(f"_{name}").is_null()).then(name).otherwise(pl.col(name).fill_null(0) + pl.col(f"_{name}")).alias(name) for name in ("rollovers", "breaks")).drop("_rollovers", "_breaks")


def _readings(month: Month, found: _Between) -> pl.DataFrame:
    """Readings of each counter in a month: `expected`, `used`, `estimated`. Those that are missing around its ends are known from the months beside."""
    keys = month.task.keys
    beside = [(*key, 0, told["missing"], 0) for (key, name), told in found.items() if name == month.name and told["missing"]]
    within = month.frames["counters"].select(*keys, "used", "missing", "estimated")
    counters = pl.concat([within, pl.DataFrame(beside, schema=within.schema, orient="row")]).group_by(keys).agg(pl.col("used", "missing", "estimated").sum())
    return counters.select(*month.task.keys, (pl.col("used") + pl.col("missing")).alias("expected"), "used", "estimated")


def _csv(table: ReadingTable, lines: pl.DataFrame) -> bytes:
    """Lines as a file of bills. What rests on estimates, or on no reading of the month, stands on a line of its own, as the part of the count that it is."""
    part = (pl.col("estimated") > 0) | (pl.col("estimated_quantity") != 0) | (pl.col("used") == 0)
    both = part & ((pl.col("estimated") < pl.col("used")) | (pl.col("estimated_quantity") != pl.col("quantity")))
    measured = lines.filter(~part | both).with_columns((pl.col("quantity") - pl.col("estimated_quantity")).alias("quantity"), pl.when(both).then(pl.lit(MEASURED)).otherwise(pl.lit("")).alias("tariff"), pl.lit("bill").alias("bill_kind"))
    replaced = lines.filter(part).with_columns(pl.col("estimated_quantity").alias("quantity"), pl.when(both).then(pl.lit(REPLACED)).otherwise(pl.lit("")).alias("tariff"), pl.lit("estimate").alias("bill_kind"))
    told = pl.concat([measured, replaced]).sort("site_id", "meter_id", "first", "tariff").select(
        "site_id", "meter_id", pl.lit(table.measure).alias("measure"), pl.col("first").alias("period_start"), pl.col("last").alias("period_end"), "tariff", "bill_kind",
        short(pl.col("quantity")).alias("quantity"), pl.lit(table.unit).alias("unit"), pl.col("expected").alias("intervals_expected"), pl.col("used").alias("intervals_used"), pl.col("estimated").alias("intervals_estimated"),
    )  # fmt: skip
    buffer = io.BytesIO()
    told.write_csv(buffer)
    return buffer.getvalue()


def _by_meter(source: Source, month: Month, lines: pl.DataFrame, counters: _Between, own: pl.DataFrame) -> pl.DataFrame:
    """The rows of `reading_months` of one month: of meters that sent rows, and of counters that went on over it without being read."""
    task, keys = month.task, month.task.keys
    fate = pl.col("code").replace_strict({code: _FATES[name] for code, name in _NAMES.items()}, return_dtype=pl.String())
    refused = month.frames["refused"].group_by(keys).agg(*(pl.col("rows").filter(fate == name).sum().alias(name) for name in ("rejected", "excluded")))
    sent = month.frames["meters"].select(*keys, "rows").join(refused, on=keys, how="left")
    sent = sent.join(own, on=keys, how="inner") if "site_id" in keys else sent.join(own, on="meter_id", how="inner")
    sums = lines.group_by("site_id", "meter_id").agg(pl.col("quantity", "estimated_quantity").sum())
    silent = sums.join(sent, on=["site_id", "meter_id"], how="anti").select("site_id", "meter_id", pl.lit(0, dtype=pl.Int64()).alias("rows"))
    sent = pl.concat([sent, silent], how="diagonal_relaxed")
    counts = _interval_counts(month) if source.table.form == "interval" else _counter_counts(month, counters)
    joined = sent.join(sums, on=["site_id", "meter_id"], how="left").join(counts, on=keys, how="left").with_columns(pl.col("used").fill_null(0))
    zero = pl.lit(0).cast(QUANTITY)
    return joined.select(
        pl.lit(source.table.name).alias("reading_table"), pl.lit(task.window.month).alias("month"), "site_id", "meter_id", pl.lit(source.table.measure).alias("measure"), "rows",
        pl.col("expected").fill_null(0), "used", (pl.col("expected") - pl.col("used")).fill_null(0).alias("missing"), pl.col("estimated").fill_null(0), pl.col("rejected").fill_null(0), pl.col("excluded").fill_null(0),
        "partial_days", "partial_missing", "missing_days", "rollovers", "breaks", pl.col("quantity").fill_null(zero), pl.col("estimated_quantity").fill_null(zero), "largest", pl.lit(source.table.unit).alias("unit"),
    ).cast(READING_MONTHS.schema)  # type: ignore[arg-type]  # fmt: skip


def _interval_counts(month: Month) -> pl.DataFrame:
    """Intervals expected and used of each meter of the register that sent rows, and its days that lack some."""
    task, interval = month.task, month.task.table.interval
    # Nothing is expected after the last day that data may be about.
    until = max(0, min(task.slots, (task.window.shown(task.until) - task.window.start + interval - 1) // interval))
    expected = register_of(task).with_columns((pl.col("after").clip(0, until) - pl.col("first")).clip(0).alias("expected"))
    a_day = [(end - start) // interval for start, end in zip(task.window.days, task.window.days[1:], strict=False)]
    days = month.frames["days"].filter(pl.col("used") > 0).with_columns(pl.col("day").replace_strict(dict(enumerate(a_day)), return_dtype=pl.Int64()).alias("slots"))
    lacking = days.group_by(task.keys).agg((pl.col("used") < pl.col("slots")).sum().alias("partial_days"), (pl.col("slots") - pl.col("used")).sum().alias("partial_missing"), pl.len().alias("any"))
    used = month.frames["meters"].select(*task.keys, "used", "estimated", in_unit(task.table, "largest", "largest"))
    joined = used.join(expected.select(*task.keys, "expected"), on=task.keys, how="inner").join(lacking, on=task.keys, how="left")
    whole = pl.col("used") == task.slots
    read_days = (pl.col("expected") * interval / 86_400_000_000).round(0).cast(pl.Int64())
    none = pl.lit(None, dtype=pl.Int64())
    return joined.with_columns(
        *(pl.when(whole).then(0).otherwise(pl.col(name).fill_null(0)).alias(name) for name in ("partial_days", "partial_missing")),
        pl.when(whole).then(0).otherwise(read_days - pl.col("any").fill_null(0)).clip(0).alias("missing_days"), none.alias("rollovers"), none.alias("breaks"),
    )  # fmt: skip


def _counter_counts(month: Month, found: _Between) -> pl.DataFrame:
    """Readings of each counter, how often it went round, and how often it broke off."""
    none = pl.lit(None, dtype=pl.Int64())
    begins_later = pl.col("first_at") > pl.col("last_at").cum_max().shift(1)
    counters = month.frames["counters"].sort(*month.task.keys, "first_at").group_by(month.task.keys, maintain_order=True).agg(pl.col("rollovers").sum(), begins_later.sum().cast(pl.Int64()).alias("breaks"))
    return _readings(month, found).join(counters, on=month.task.keys, how="left").with_columns(none.alias("partial_days"), none.alias("partial_missing"), none.alias("missing_days"), pl.lit(None, dtype=QUANTITY).alias("largest"))


def _fates(table: ReadingTable, month: Month) -> pl.DataFrame:
    """The rows of `reading_fates` of one month: they add up to the rows of its files."""
    named = month.frames["refused"].with_columns(pl.col("code").replace_strict(_NAMES, return_dtype=pl.String()).alias("rule"))
    refused = named.group_by("rule").agg(pl.col("rows").sum(), pl.struct(month.task.keys).n_unique().alias("meters")).with_columns(pl.col("rule").replace_strict(_FATES, return_dtype=pl.String()).alias("fate"))
    lost = named.group_by(month.task.keys).agg(pl.col("rows").sum().alias("lost"))
    left = month.frames["meters"].join(lost, on=month.task.keys, how="left", nulls_equal=True).select(pl.col("rows") - pl.col("lost").fill_null(0))
    used = left.select(pl.lit("used").alias("rule"), pl.lit("used").alias("fate"), pl.col("rows").sum(), (pl.col("rows") > 0).sum().alias("meters"))
    meanings = {rule.name: rule.meaning for rule in RULES} | {"used": "counts"}
    return pl.concat([used.select("rule", "fate", "rows", "meters"), refused.select("rule", "fate", "rows", "meters")], how="vertical_relaxed").select(
        pl.lit(table.name).alias("reading_table"), pl.lit(month.name).alias("month"), "rule", "fate", "rows", "meters", pl.col("rule").replace_strict(meanings, return_dtype=pl.String()).alias("meaning")
    ).cast(READING_FATES.schema)  # type: ignore[arg-type]  # fmt: skip


def _samples(table: ReadingTable, month: Month) -> pl.DataFrame:
    right = {rule.name: rule.right for rule in RULES}
    return month.frames["samples"].with_columns(
        pl.lit(table.name).alias("reading_table"), pl.lit(month.name).alias("month"), pl.col("rule").replace_strict(right, return_dtype=pl.String()).alias("right")
    ).select(READING_SAMPLES.names).cast(READING_SAMPLES.schema)  # type: ignore[arg-type]  # fmt: skip


def _unknown(table: ReadingTable, months: Sequence[Month], own: pl.DataFrame, refused_rows: Callable[[], pl.DataFrame]) -> list[dict[str, Any]]:
    """What meters that nobody registered keep back: nobody knows of which site they are, so whatever counts the measure is not known."""
    code = CODE["unknown_meter"]
    refused = pl.concat([month.frames["refused"].filter(pl.col("code") == code) for month in months]) if months else pl.DataFrame()
    if refused.is_empty():
        return []
    names = refused.select(months[0].task.keys).unique().sort(months[0].task.keys)
    told = ", ".join(" ".join(row) for row in names.head(FEW).iter_rows()) + (" …" if names.height > FEW else "")
    rows = int(refused["rows"].sum())
    expected = f"meters that the register names for {table.measure}"
    message = f"{rows} {'reading' if rows == 1 else 'readings'} of {names.height} {'meter' if names.height == 1 else 'meters'} that the register of meters does not name for {table.measure}: {told}.{_spelled_otherwise(names, own)}{_named_in_vain(table, names, refused_rows())}"
    return [_refusal(f"readings/{table.name}", [table.measure], "unknown_meter", table.columns.meter_id, told, expected, message)]


def _spelled_otherwise(names: pl.DataFrame, own: pl.DataFrame) -> str:
    """Of the meters that the register does not name those that it does, but for capital letters and spaces at the ends."""
    known = {name.strip().casefold(): name for name in own["meter_id"]}
    alike = [f"'{name}' is '{known[name.strip().casefold()]}' there" for name in names["meter_id"].unique().sort() if name.strip().casefold() in known]
    return f" Spelled otherwise: {', '.join(alike[:FEW])}{' …' if len(alike) > FEW else ''}." if alike else ""


def _named_in_vain(table: ReadingTable, names: pl.DataFrame, refused_rows: pl.DataFrame) -> str:
    """Of the meters that the register does not name those that it would, had its rows of them not been rejected: such as one that stands there twice, since it was exchanged."""
    if refused_rows.is_empty():
        return ""
    own = refused_rows.filter((pl.col("measure") == table.measure) & pl.col("meter_id").is_in(names["meter_id"].implode())).group_by("meter_id").agg(pl.col("rule").unique().sort().str.join(", ")).sort("meter_id")
    if own.is_empty():
        return ""
    told = "; ".join(f"{meter} ({rule})" for meter, rule in own.head(FEW).iter_rows()) + (" …" if own.height > FEW else "")
    twice = " A meter stands there once for a site and measure: one that was exchanged keeps its row, and a counter's readings tell the `device`, or the new one has an id of its own." if own["rule"].str.contains("meter_twice").any() else ""
    return f" The rows of the register that name these were rejected: {told}.{twice}"


def _lacking(table: ReadingTable, by_meter: pl.DataFrame) -> list[dict[str, Any]]:
    """What too many gaps within days keep back: a day with some of its intervals counts with these, so that the sum is too low by the others.

    It is the amounts of the sites that lack some; where these are many, one row says it of the whole table.
    """
    shares = by_meter.group_by("month").agg(pl.col("partial_missing").sum(), pl.col("expected").sum()).filter(pl.col("partial_missing") > 0).sort("month")
    most = Fraction(table.tolerance)
    beyond = [(month, missing, expected) for month, missing, expected in shares.iter_rows() if Fraction(missing, expected) > most]
    if not beyond:
        return []
    right = "the readings that are missing, or the share that may be, as `tolerance` in _format.toml"
    found = []
    for month, missing, expected in beyond:
        read = f"{month}: {missing:,} of {expected:,}"
        sites = by_meter.filter((pl.col("month") == month) & (pl.col("partial_missing") > 0)).group_by("site_id").agg(pl.col("partial_missing").sum()).sort("site_id").rows()
        for site, own in sites if len(sites) <= FEW else [(None, missing)]:
            of_site = "" if site is None else f", {own:,} of them at {site}"
            message = f"on days that have some intervals, more than {plain(Decimal(table.tolerance) * 100)} % of all of a month are missing: {read}{of_site}. What is missing counts as zero."
            found.append(_refusal(f"readings/{table.name}", [table.measure], "partial_days", table.columns.time, f"{read}{of_site}", right, message, month, site))
    return found


def stopped_rows(stopped: Sequence[Stopped]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of `files` and of `rejected` for tables that were stopped, or months of them: whatever counts one of their measures is not known. Behind a `_format.toml` that cannot be read may be any."""
    by_path: dict[str, list[Stopped]] = {}
    for item in stopped:
        by_path.setdefault("/".join(["readings", *(part for part in (item.name, item.month) if part)]), []).append(item)
    files, refused = [], []
    for path, items in sorted(by_path.items()):
        problem = " ".join(dict.fromkeys(str(item.problem) for item in items))
        measures = {measure for item in items for measure in item.measures}
        files.append(file_row(path) | {"status": "stopped", "problem": problem})
        refused.append(_refusal(path, measures, "file_stopped", "", "", items[0].problem.mend, problem, items[0].month))
    return files, refused


def _refusal(path: str, measures: Iterable[str], rule: str, column: str, read: str, expected: str, message: str, month: str | None = None, site: str | None = None) -> dict[str, Any]:
    """A row of `rejected` that holds for all editions; of a month and of a site, where what it keeps back is of these alone."""
    first = None if month is None else date.fromisoformat(f"{month}-01")
    last = None if month is None else date.fromisoformat(f"{month_after(month)}-01") - timedelta(days=1)
    return {
        "record_id": record_id(hashlib.sha256(" ".join([path, rule, *(one for one in (month, site) if one)]).encode()).hexdigest(), "", 0), "rule": rule, "column": column, "read": read, "expected": expected,
        "expected_zh": right_zh(rule, ""), "message": f"{path}: {message}", "path": path, "sheet": "", "line": 0, "measures": ";".join(sorted(measures)), "site_id": site, "start": first, "end": last, "known_on": None,
    }  # fmt: skip


def as_known_then(day: date, refused: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `rejected` as it holds for the editions of an earlier knowledge date alone. Its id stays, so that a waiver of it holds on after more became known."""
    path, _, told = refused["message"].partition(": ")
    return {**refused, "message": f"{path}: as known on {day}, {told}", "known_on": day}


def not_known_then(day: date, refused: Mapping[str, Any]) -> dict[str, Any]:
    """That a row of `rejected` does not hold for the editions of an earlier knowledge date, of which it keeps nothing back: what was known then did not lack that, or is told by another row."""
    path = refused["path"]
    return {**refused, "message": f"{path}: as known on {day}, this did not hold.", "measures": "", "known_on": day}


def _resets(months: Sequence[Month], found: _Between) -> pl.DataFrame:
    """Meters and months in which a counter began at zero again: `site_id`, `meter_id`, `month`, `resets`."""
    # The meter's id is the last part of its key.
    schema = {"meter_id": pl.String(), "month": pl.String(), "resets": pl.Int64()}
    parts = [pl.DataFrame([(key[-1], month, told["resets"]) for (key, month), told in found.items()], schema=schema, orient="row")]
    parts += [month.frames["counters"].select("meter_id", pl.lit(month.name).alias("month"), "resets") for month in months if "counters" in month.frames]
    return pl.concat(parts).group_by("meter_id", "month").agg(pl.col("resets").sum()).filter(pl.col("resets") > 0).with_columns(pl.lit("").alias("site_id")).sort("month", "meter_id")
