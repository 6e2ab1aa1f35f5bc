"""What a person should look at in a table of readings: rows that were refused, intervals that are missing or far too high, counters that broke off."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from esg_kpis.exact import QUANTITY, plain
from esg_kpis.readings.declared import ReadingTable

FEW = 10
"""How many are named, or told one by one."""
_TOWERING, _ALONE, _ENOUGH = 100, 10, 3
"""An interval is looked at that is the first times what its meter shows at most in its other months but one, and the second times the mean of its own, where there are at least so many others."""


def observed(table: ReadingTable, months: pl.DataFrame, fates: pl.DataFrame, begun: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The observations on one table.

    Args:
        table: The table.
        months: Its rows of `reading_months`.
        fates: Its rows of `reading_fates`.
        begun: Meters and months in which a counter began at zero again: `site_id`, `meter_id`, `month`, `resets`.
    """
    rejected = fates.filter((pl.col("fate") == "rejected") & (pl.col("rule") != "unknown_meter"))
    total = int(fates["rows"].sum())
    if rejected.height:
        by_rule = rejected.group_by("rule").agg(pl.col("rows").sum()).sort("rows", "rule", descending=[True, False])
        told = ", ".join(f"{rule} {rows:,}" for rule, rows in by_rule.iter_rows())
        yield _row("readings_refused", table.name, f"{int(rejected['rows'].sum()):,} of {total:,} rows were refused: {told}", "rows that can be used", "Look at reading_samples.csv, where the first of each rule stand with file and row, and ask who sends them.")
    missing, expected = int(months["missing"].sum()), int(months["expected"].sum())
    if missing:
        yield _missing(table, months, missing, expected)
    yield from _high(table, months)
    broken = []
    if breaks := int(months["breaks"].sum() or 0):
        broken.append(f"counters broke off {breaks} {'time' if breaks == 1 else 'times'}, {_months_of(months.filter(pl.col('breaks') > 0))}: they fell without a rollover, or were exchanged with no reading of the new one when the old one was last read; what was consumed between is not known")
    if number := int(begun["resets"].sum()):
        broken.append(f"counters began at zero again {number} {'time' if number == 1 else 'times'}, {_months_of(begun)}: they fell without a rollover, and `resets` says what that means; what they show then counts")
    if broken:
        yield _row("readings_broken", table.name, "; ".join(broken), "counters that go on", "Give the digits of the meters in the register, the device in a column, or say resets in _format.toml.")


def unseen(name: str, seen: str, expected: str) -> dict[str, Any]:
    """The observation on readings that cannot be used, of a table that does not count: nothing rests on them."""
    return _row("readings_refused", name, seen, expected, "Nothing rests on this table, since it says `counts = false`; mend it if it is to be looked at.")


def _towering(months: pl.DataFrame) -> pl.DataFrame:
    """Months of meters in which some intervals are far larger than in its others, and than most of their own month, which a season is not: `site_id`, `meter_id`, `month`, `largest`, and `usual`, the second largest of its other months."""
    keys, known = ["site_id", "meter_id"], months.filter(pl.col("largest") > 0)
    few = known.group_by(keys).agg(pl.len(), pl.col("largest").max().alias("most"), pl.col("largest").min().alias("least")).filter((pl.col("len") > _ENOUGH) & (pl.col("most") >= pl.col("least") * _TOWERING))
    found = []
    for own in known.join(few, on=keys, how="semi").sort(*keys, "month").partition_by(keys, maintain_order=True):
        largest = own["largest"].to_list()
        for place, (site, meter, month, high, used, quantity) in enumerate(own.select("site_id", "meter_id", "month", "largest", "used", "quantity").iter_rows()):
            usual = sorted(largest[:place] + largest[place + 1 :])[-2]
            if high >= _TOWERING * usual and high * used >= _ALONE * quantity:
                found.append((site, meter, month, high, usual))
    return pl.DataFrame(found, schema={"site_id": pl.String(), "meter_id": pl.String(), "month": pl.String(), "largest": QUANTITY, "usual": QUANTITY}, orient="row")


def _high(table: ReadingTable, months: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """One observation for each month of a meter with an interval far too high, or one of the table where these are many."""
    found = _towering(months).rows()
    told = [(f"{meter} at {site} in {month}", f"{plain(largest)} {table.unit}, in its other months mostly up to {plain(usual)}", (site, meter, month)) for site, meter, month, largest, usual in found]
    expected = f"no interval {_TOWERING} times what its meter shows at most in other months"
    then = "If it is true, waive this finding; if not, ask who sends them for the right one, or say in _format.toml what an interval can be at most, such as most = \"500\": what is larger is then refused."
    if len(told) > FEW:
        named = "; ".join(f"{which} {value}" for which, value, _ in told[:FEW])
        yield _row("readings_high", table.name, f"intervals are far above what their meters usually show, {len(told)} times: {named} …", expected, f"Look at the days with esg-kpis readings METER --month YYYY-MM. {then}")
        return
    for which, value, (site, meter, month) in told:
        look = f"Look at the days with esg-kpis readings {meter} --table {table.name} --site {site} --month {month}, and at the one that stands out with --day."
        yield _row("readings_high", f"{table.name}: {which}", f"an interval of {value}", expected, f"{look} {then}")


def _missing(table: ReadingTable, months: pl.DataFrame, missing: int, expected: int) -> dict[str, Any]:
    lacking = months.filter(pl.col("missing") > 0).select("site_id", "meter_id").n_unique()
    seen = f"{missing:,} of {expected:,} {'intervals' if table.form == 'interval' else 'readings'} are missing, of {lacking} {'meter' if lacking == 1 else 'meters'}"
    if table.form == "register":
        if (between := months.filter((pl.col("used") == 0) & (pl.col("missing") > 0))).height:
            seen += f"; {between.height} {'month of a meter has' if between.height == 1 else 'months of meters have'} none, and what was counted over them is parted by time, as an estimate: {_months_of(between)}"
        return _row("readings_missing", table.name, seen, "every reading between the first and the last", "Nothing where the counter went on: what it counted up to the next reading counts.")
    if partial := int(months["partial_days"].sum() or 0):
        seen += "; 1 day has some of its, and counts with what there is" if partial == 1 else f"; {partial} days have some of theirs, and count with what there is"
    return _row("readings_missing", table.name, seen, "every interval of the days on which a meter is read", "See reading_months.csv. Days without any are filled as the edition says; ask for the rest of days that have some.")


def _months_of(rows: pl.DataFrame) -> str:
    told = rows.sort("month", "site_id", "meter_id")
    return ", ".join(f"{meter} in {month}" for meter, month in told.select("meter_id", "month").head(FEW).iter_rows()) + (" …" if told.height > FEW else "")


def _row(check: str, subject: str, seen: str, expected: str, what_to_do: str) -> dict[str, Any]:
    return {"check": check, "subject": subject, "severity": "warning", "passed": False, "observed": seen, "expected": expected, "difference": None, "record_ids": "", "what_to_do": what_to_do}
