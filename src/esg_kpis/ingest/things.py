"""Rows that are things, not quantities: each different thing counts one, however many rows are about it.

What tells one thing from another, and which rows count which measure, is data of the domain (`domains.definition.Count`).
"""

from collections.abc import Callable
from datetime import date

import polars as pl

from esg_kpis.domains import MEASURES
from esg_kpis.domains.definition import COUNTED, Count, Domain, Field
from esg_kpis.exact import QUANTITY
from esg_kpis.ingest.observations import OBSERVATION
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections, span
from esg_kpis.tables import QUANTITIES

UNTIL = "__until"
"""The last day of which the file of a row tells, where its format says so."""
_BESIDE = ("record_id", "site_id", "start", "end")


def thing_rows(domain: Domain, base: pl.DataFrame, places: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the rows of a domain count, and the rejections of rows that contradict each other.

    Args:
        domain: A domain with `counts`.
        base: Its records that were not rejected, in our columns with `start` and `end`, and `UNTIL`.
        places: `record_id`, `path`, `line` of all records: of several rows about one thing the earliest counts, then the first.
        as_of: The last day data can be about.

    A record gives one quantity of 1 per measure it may count; those that another row stands for are `excluded`, with the reason. Columns: as `quantities`.
    """
    fields = {field.name: field for field in domain.fields}
    apart = [_one_spelling(fields[name]) for name in dict.fromkeys(name for count in domain.counts for name in count.of)]
    placed = base.join(places, on="record_id", how="left").with_columns(_last_day(domain, as_of), *apart)
    rows = placed.select(*_BESIDE, "path", "line", *fields).sort("start", "path", "line", nulls_last=False)
    told = [_of_count(domain, count, fields, _taking_part(rows, count)) for count in domain.counts]
    return pl.concat([quantities for quantities, _ in told]), pl.concat([NO_REJECTIONS, *(problems for _, problems in told)]).unique(maintain_order=True)


def _last_day(domain: Domain, as_of: date) -> pl.Expr:
    """What lasts counts as far as its file tells: until the day the format says, else to the end of the year in which the latest thing in it begins, up to `as_of`. An old list knows no later year."""
    if not domain.lasting:
        return pl.col("end")
    latest = pl.col("start").filter(pl.col("start") <= as_of).max().over("path")
    told = pl.coalesce(UNTIL, pl.date(latest.dt.year(), 12, 31))
    return pl.when(pl.col("start") <= told).then(pl.min_horizontal("end", told)).otherwise("end").alias("end")


def _one_spelling(field: Field) -> pl.Expr:
    """A field that tells one thing from another, spelled one way: pseudonyms without dashes, numbers without zeros around them, full width as half, letters small."""
    text = pl.col(field.name)
    if field.pseudonym:
        return text.str.to_lowercase().str.replace_all("-", "").alias(field.name)
    if field.whole:
        return text.str.replace(r"^0*([0-9]+)(?:\.0+)?$", "${1}").replace({"0": ""}).alias(field.name)
    return text.str.normalize("NFKC").str.strip_chars().str.to_lowercase().alias(field.name)


def listed_and_told(listed: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Rejections of numbers that a list of the same measure, site and days gives too: to add them up would count twice. What differs in an attribute that both state is about something else.

    Args:
        listed: Quantities that lists count, from `thing_rows`.
        told: Quantities that were sent as numbers.
    """
    measures = told.filter(pl.col("measure").is_in(listed["measure"].unique().implode()) & pl.col("excluded").is_null())
    if measures.is_empty():
        return NO_REJECTIONS
    far = pl.lit(date.max)
    by_list = listed.filter(pl.col("excluded").is_null()).group_by("measure", "site_id", "dimensions", pl.col("start").alias("__from")).agg(
        pl.when(pl.col("nature") == "stock").then(pl.col("end").fill_null(far)).otherwise(pl.col("start")).max().alias("__to"), pl.col("record_id").min().alias("__by"),
    )  # fmt: skip
    pairs = measures.join(by_list, on=["measure", "site_id"], suffix="_listed").filter((pl.col("start") <= pl.col("__to")) & (pl.col("end").fill_null(far) >= pl.col("__from")))
    both = pairs.filter(pl.Series([_alike(one, other) for one, other in pairs.select("dimensions", "dimensions_listed").iter_rows()], dtype=pl.Boolean()))
    first = both.sort("__by").unique(["record_id", "column"], keep="first", maintain_order=True)
    expected = pl.lit("numbers for days, sites or attributes of which no list is sent, or the list alone; a row of the list is ") + pl.col("__by")
    return rejections(first, pl.lit(value=True), "listed_too", pl.col("column"), pl.col("received"), expected, pl.col("__by"))


def _alike(one: str, other: str) -> bool:
    """Whether two sets of attributes may be of the same thing: they differ in none that both state."""
    told, listed = (dict(part.split("=", 1) for part in text.split(";") if part) for text in (one, other))
    return all(listed[name] == value for name, value in told.items() if name in listed)


def lists_end(domain: Domain, base: pl.DataFrame, places: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """An observation per file of how far a list of what lasts tells, where rows last longer; a warning where another file of the domain tells of later days."""
    if not domain.lasting:
        return pl.DataFrame(schema=OBSERVATION)
    told = base.join(places, on="record_id", how="left").with_columns(_last_day(domain, as_of).alias("__to"))
    cut = told.filter(pl.col("end").is_null() | (pl.col("end") > pl.col("__to")))
    by_file = cut.group_by("path").agg(pl.col("__to").max(), pl.len().alias("rows")).sort("path")
    latest = max((day for day in told["__to"].to_list() if day is not None), default=None)
    rows = [
        {
            "check": "list_ends", "subject": path, "severity": "warning" if latest is not None and day is not None and day < latest else "note", "passed": False, "difference": None,
            "observed": f"it tells of days up to {day}; {count} rows may last longer, and count up to that day", "expected": "a list that tells of every period to be counted",
            "record_ids": "", "what_to_do": "For a later period send the list anew, or say in _format.toml how far this one tells: complete_until.",
        }
        for path, day, count in by_file.iter_rows()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=OBSERVATION)


def thing_problems(base: pl.DataFrame, domain: Domain, theirs: Callable[[str], str]) -> list[pl.DataFrame]:
    """Rejections of rows that do not say which thing they are, or number it by what is no number."""
    blank = [
        rejections(base, (pl.col(field.name) == "") & _needed(field), "required", theirs(field.name), pl.lit(""), field.meaning.lower()) for field in domain.fields if field.key or field.needed
    ]
    numbers = [
        rejections(base, ~pl.col(field.name).str.contains(r"^[0-9]{0,6}(\.0+)?$"), "revision", theirs(field.name), pl.col(field.name), "a whole number such as 2, or blank") for field in domain.fields if field.whole
    ]
    return [*blank, *numbers]


def _needed(field: Field) -> pl.Expr:
    return pl.any_horizontal(pl.lit(field.key), *(pl.col(name).is_in(list(words)) for name, words in field.needed.items()))


def _taking_part(rows: pl.DataFrame, count: Count) -> pl.DataFrame:
    return rows.filter(pl.all_horizontal(pl.lit(value=True), *(pl.col(name).is_in(list(words)) for name, words in count.where.items())))


def _of_count(domain: Domain, count: Count, fields: dict[str, Field], rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    measure = MEASURES[count.measure]
    key = list(count.of)
    agreeing = [name for name, field in fields.items() if field.dimension and name not in count.most and name not in key]
    about = [*key, "start", "end"] if domain.lasting else key
    problems = [_contradictions(rows, about, name, measure.unit) for name in ("site_id", *agreeing)]
    if domain.lasting:
        problems.append(_overlaps(rows, key, measure.unit))
    ranks = {name: {word: place for place, word in enumerate(("", *fields[name].allowed))} for name in count.most}
    told = rows.with_columns(
        *(pl.col(name).sort_by(pl.col(name).replace_strict(rank, return_dtype=pl.Int64())).last().over(key).alias(name) for name, rank in ranks.items()),
        pl.col("record_id").first().over(about).alias("__first"),
        pl.concat_str([name for name in key if not fields[name].pseudonym], separator="/").str.strip_suffix("/").alias("document"),
    )
    pairs = [pl.when(pl.col(name) == "").then(None).otherwise(pl.lit(f"{name}=") + pl.col(name)) for name, field in fields.items() if field.dimension]
    words = pl.concat_str(pl.lit(COUNTED), *pairs, separator=";", ignore_nulls=True)
    again = pl.when(pl.col("__first") != pl.col("record_id")).then(pl.lit(f"the same {measure.unit} as record ") + pl.col("__first"))
    quantities = told.select(
        "record_id", pl.lit(domain.name).alias("domain"), pl.lit(measure.name).alias("measure"), pl.lit(measure.nature).alias("nature"), "site_id", "document", "start", "end",
        words.alias("dimensions"), pl.lit(measure.name).alias("column"), pl.lit("1").alias("received"), pl.lit(measure.unit).alias("received_unit"),
        pl.lit(1).cast(QUANTITY).alias("quantity"), pl.lit(value=False).alias("rounded"), pl.lit(value=False).alias("estimated"), pl.lit(1).cast(QUANTITY).alias("canonical"),
        pl.lit(measure.unit).alias("unit"), again.alias("excluded"),
        *(pl.lit(None, dtype=pl.String()).alias(name) for name in ("meter_id", "tariff", "bill_kind")),
    )  # fmt: skip
    return quantities.select(QUANTITIES.names).cast(QUANTITIES.schema), pl.concat([NO_REJECTIONS, *problems])  # type: ignore[arg-type]


def _contradictions(rows: pl.DataFrame, key: list[str], name: str, noun: str) -> pl.DataFrame:
    """Rows about one thing that do not agree in a field: to take one of them would be a guess."""
    apart = rows.filter(pl.col(name).n_unique().over(key) > 1)
    others = pl.col("record_id").unique().sort().head(5).str.join(", ").over(key)
    named = apart.with_columns(others.alias("__others"))
    told = pl.lit(f"one {name} in all rows about one {noun}; the rows are ") + pl.col("__others")
    return rejections(named, pl.lit(value=True), "thing_contradicts", name, pl.col(name), told, pl.col("__others"))


def _overlaps(rows: pl.DataFrame, key: list[str], noun: str) -> pl.DataFrame:
    """Spans of one thing that share days without being the same."""
    far = pl.lit("9999-12-31").str.to_date()
    spans = rows.unique([*key, "start", "end"], keep="first", maintain_order=True).sort(*key, "start", nulls_last=False)
    reach = pl.col("end").fill_null(far).cum_max().shift(1).over(key)
    met = spans.filter((pl.col("start").is_null() & reach.is_not_null()) | (pl.col("start") <= reach)).select(key).unique()
    named = rows.join(met, on=key, how="semi").with_columns(pl.col("record_id").unique().sort().head(5).str.join(", ").over(key).alias("__others"))
    told = pl.lit(f"spans of one {noun} that share no day; the rows are ") + pl.col("__others")
    return rejections(named, pl.lit(value=True), "thing_overlaps", "period_end", span(), told, pl.col("__others"))
