"""The register of meters, from the records of the `meters` domain."""

from collections.abc import Sequence

import polars as pl

from esg_kpis.domains import DOMAIN_OF, DOMAINS, MEASURES
from esg_kpis.errors import near_misses
from esg_kpis.ingest.rejections import REJECTION, rejections
from esg_kpis.ingest.spelling import alike
from esg_kpis.tables import METERS, empty

METERED = [name for name, domain in DOMAIN_OF.items() if not DOMAINS[domain].counted and MEASURES[name].nature == "flow"]
"""What a register may expect of a site: flows that are sent as such."""


def meter_rows(bases: Sequence[pl.DataFrame], bad: pl.Series, sites: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The register of meters, and the rejections of its records: a meter given twice, at no known site, of no measure, behind no known meter, or behind itself.

    Columns: as `meters` in the data dictionary, one row a meter. Records in `bad` are left out.
    """
    if not bases:
        return empty(METERS), pl.DataFrame(schema=REJECTION)
    rows = pl.concat(bases).filter(~pl.col("record_id").is_in(bad.implode()))
    known = sites["site_id"].to_list()
    hints = {name: f"a site of the register. {near_misses(name, known)}".strip() for name in rows["site_id"].unique().to_list()}
    measures = {name: f"a measure that is metered. {near_misses(name, METERED)}".strip() for name in rows["measure"].unique().to_list()}
    rows = _main_meters_as_spelled(rows)
    key = ["site_id", "measure", "meter_id"]
    behind = rows.filter(_behind_nobody(rows))
    problems = pl.concat(
        [
            rejections(rows, ~pl.col("site_id").is_in(known), "unknown_site", "site_id", pl.col("site_id"), _named("site_id", hints)),
            rejections(rows, ~pl.col("measure").is_in(METERED), "measure", "measure", pl.col("measure"), _named("measure", measures)),
            rejections(rows, pl.struct(key).is_duplicated(), "meter_twice", "meter_id", pl.col("meter_id"), "each meter of a site and measure once"),
            rejections(behind, pl.lit(value=True), "main_meter", "part_of", pl.col("part_of"), "a main meter of the same site and measure in this register; several are parted by ;"),
            rejections(rows, (pl.col("part_of") != "") & (pl.col("meter_id") == ""), "main_meter", "part_of", pl.col("part_of"), "blank, where no meter is named"),
            rejections(rows, (pl.col("digits") != "") & ~pl.col("digits").str.contains(r"^[1-9]$|^1[0-2]$"), "digits", "digits", pl.col("digits"), "a whole number from 1 to 12"),
        ]
    )  # fmt: skip
    kept = rows.filter(~pl.col("record_id").is_in(problems["record_id"].implode())).select(
        "site_id", "measure",
        pl.col("meter_id").replace({"": None}), pl.col("part_of").replace({"": None}),
        pl.col("digits").replace({"": None}).cast(pl.Int64()),
        (pl.col("net_metering") == "yes").alias("net_metering"),
        pl.col("start").alias("valid_from"), pl.col("end").alias("valid_to"), "record_id",
    )  # fmt: skip
    return kept.cast(METERS.schema).sort("site_id", "measure", "meter_id"), problems  # type: ignore[arg-type]


def _main_meters_as_spelled(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `part_of` as the main meter is spelled where it is registered; as it stands where that is a meter itself."""
    place = rows.select("site_id", "measure", "meter_id", "part_of").rows()
    listed = {(site, measure, meter) for site, measure, meter, _ in place}
    near = {(site, measure, alike(meter)): meter for site, measure, meter, _ in reversed(place) if meter}

    def own(site: str, measure: str, main: str) -> str:
        return main if (site, measure, main) in listed else near.get((site, measure, alike(main)), main)

    found = [";".join(own(site, measure, main.strip()) for main in mains.replace("；", ";").split(";")) if mains else "" for site, measure, _, mains in place]
    return rows.with_columns(pl.Series("part_of", found, dtype=pl.String()))


def _behind_nobody(rows: pl.DataFrame) -> pl.Series:
    """Which rows name a main meter that is none of the register, or that lies behind them."""
    told = rows.select("site_id", "measure", "meter_id", "part_of").rows()
    above = {(site, measure, meter): [main for main in mains.split(";") if main] for site, measure, meter, mains in told if meter}

    def wrong(site: str, measure: str, meter: str, mains: str) -> bool:
        ahead, seen = [main for main in mains.split(";") if main], set[str]()
        while ahead:
            main = ahead.pop()
            if main == meter or (site, measure, main) not in above:
                return True
            if main not in seen:
                seen.add(main)
                ahead += above[site, measure, main]
        return False

    return pl.Series([bool(row[3]) and wrong(*row) for row in told], dtype=pl.Boolean())


def of_meter(rows: pl.DataFrame, meters: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """`rows` with columns of the register, as it holds on their days; null where no meter is named there."""
    named = meters.filter(pl.col("meter_id").is_not_null()).select("site_id", "measure", "meter_id", "valid_from", "valid_to", *columns)
    joined = rows.join(named, on=["site_id", "measure", "meter_id"], how="left", maintain_order="left")
    valid = (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("start"))) & (pl.col("valid_to").is_null() | (pl.col("end") <= pl.col("valid_to")))
    return joined.with_columns(pl.when(valid).then(pl.col(name)).alias(name) for name in columns).drop("valid_from", "valid_to")


def _named(column: str, words: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(words, default="", return_dtype=pl.String())
