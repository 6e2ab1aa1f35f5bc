"""Bills that others stand for: corrected, revised, or estimated first."""

import polars as pl

from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections, span
from esg_kpis.ingest.same_bill import COUNTS, IS_BILL, set_out
from esg_kpis.ranges import merged, without

MEASURED, REPLACED = "measured", "replaced"
"""Parts of the count of a meter that sends readings: what it measured, and what was estimated where it did not."""


def _pairs(old: pl.DataFrame, new: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Quantities of `old` and, as `__by`, records of `new` with the same key, a common day, and the same meter where both name one."""
    names = ["meter_id", "start", "end", "revision", "canonical", "tariff", "dimensions"]
    right = new.select(*on, pl.col("record_id").alias("__by"), *(pl.col(name).alias(f"__{name}") for name in names if name not in on))
    both = old.join(right, on=on, how="inner", nulls_equal=True).filter(pl.col("record_id") != pl.col("__by"))
    meets = (pl.col("start") <= pl.col("__end")) & (pl.col("__start") <= pl.col("end"))
    same = pl.lit(value=True) if "meter_id" in on else (pl.col("meter_id") == pl.col("__meter_id")).fill_null(value=True)
    return both.filter(meets & same)


def corrected(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """Bills that a later one names as corrected are superseded, if their days and parts are all told anew, and rejected else; so are bills that correct each other.

    A meter of the bill that no correction tells of stays as it is. The last of the three are corrections that meet no bill.
    """
    correcting = rows.filter(pl.col("corrects").is_not_null() & COUNTS & IS_BILL)
    if correcting.is_empty():
        return rows, NO_REJECTIONS, correcting["record_id"]
    key = ["measure", "site_id", "document"]
    steps = correcting.select("measure", "site_id", pl.col("corrects").alias("document"), pl.col("document").alias("__end"))
    circular = correcting.join(_in_circles(steps), on=key, how="semi")
    told = "the number of another bill, which does not correct this one"
    problems = rejections(circular, pl.lit(value=True), "corrects_itself", pl.col("column"), pl.col("corrects"), told)
    by = correcting.with_columns(pl.col("corrects").alias("document"))
    pairs = _pairs(rows.filter(pl.col("document").is_not_null()), by, key)
    found, in_part = _told_anew(pairs)
    idle = correcting.filter(~pl.col("record_id").is_in(pairs["__by"].implode()))["record_id"]
    return set_out(rows, found, "superseded by record "), pl.concat([problems, in_part, _corrected_twice(pairs)]), idle


def _corrected_twice(pairs: pl.DataFrame) -> pl.DataFrame:
    """Two corrections of one quantity, without a meter, for the same days and part: nobody says which holds. Of a meter they overlap."""
    key = ["record_id", "column", "__tariff", "__dimensions"]
    several = pairs.filter(pl.col("__meter_id").is_null() & (pl.col("__by").n_unique().over(key) > 1)) if pairs.height else pairs
    if several.is_empty():
        return NO_REJECTIONS
    other = several.select(*key, pl.col("__by").alias("__other"), pl.col("__start").alias("__from"), pl.col("__end").alias("__to"))
    met = several.join(other, on=key, how="inner", nulls_equal=True).filter((pl.col("__by") != pl.col("__other")) & (pl.col("__start") <= pl.col("__to")) & (pl.col("__from") <= pl.col("__end")))
    told = pl.lit("one correction of that bill: say `corrects` of the later one for the earlier, or leave one out; the other is ") + pl.col("__other")
    found = met.unique(["__by"], keep="first", maintain_order=True).select(pl.col("__by").alias("record_id"), "document", told.alias("told"), "__other")
    return rejections(found, pl.lit(value=True), "bill_twice", pl.lit("corrects"), pl.col("document"), pl.col("told"), pl.col("__other"))


def _told_anew(pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of `_pairs` those whose old quantity is told anew as a whole, and the rejections of the others: of what days they have beyond, nobody says whether they hold.

    A part of a count (a tariff, a treatment) is told anew by the same part or by the whole. Where the new bills share no part with the old one, and have no fewer, they part it otherwise.
    """
    if pairs.is_empty():
        return pairs, NO_REJECTIONS
    whole = pl.col("tariff").is_null() | pl.col("__tariff").is_null()
    same_part = (pl.col("dimensions") == pl.col("__dimensions")) & (whole | (pl.col("tariff") == pl.col("__tariff")))
    bill = ["measure", "site_id", "document", "meter_id"]
    parted = pairs.with_columns(same_part.alias("__same_part"))
    fewer = pl.struct("__tariff", "__dimensions").n_unique().over(bill) < pl.struct("tariff", "dimensions").n_unique().over(bill)
    telling = parted.filter(pl.col("__same_part") | ~(pl.col("__same_part").any().over(bill) | fewer))
    key = ["record_id", "column"]
    telling = _whole_by_all_parts(telling, key)
    days = telling.select(*key, pl.max_horizontal("start", "__start").alias("start"), pl.min_horizontal("end", "__end").alias("end"))
    left = without(pairs.unique(key).select(*key, "start", "end"), merged(days, key), key)
    left = left.group_by(key).agg(span().sort_by("start").str.join("; ").alias("__left"))
    open_ = pairs.filter(COUNTS).join(left, on=key, how="inner").sort(*key, "__by").unique(key, keep="first", maintain_order=True)
    part = pl.concat_str("tariff", pl.col("dimensions").replace({"": None}), separator=", ", ignore_nulls=True)
    of = pl.col("__left") + pl.when(part != "").then(pl.lit(" (") + part + ")").otherwise(pl.lit(""))
    told = pl.lit("a correction of all days and parts of this bill; that of ") + pl.col("__by") + " says nothing of " + of + ": send it whole, or leave in this row only these days and their quantity (of several spans the first; the others come in a file of their own)"
    return telling.join(left, on=key, how="anti"), rejections(open_.with_columns(of.alias("__of")), pl.lit(value=True), "corrected_in_part", pl.lit("period_start"), span(), told, pl.col("__of"))


def _whole_by_all_parts(telling: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """`telling` without the days of a whole count on which fewer parts of it are told anew than on others, or one part only: the rest of it is told by nobody."""
    split = pl.col("tariff").is_null() & pl.col("__tariff").is_not_null()
    parts = telling.filter(split)
    if parts.is_empty():
        return telling
    one = parts.filter(pl.col("__tariff").n_unique().over(key) == 1)
    ranges = parts.select(*key, "__tariff", "start", "end").unique()
    days = parts.select(*key, "__tariff", pl.max_horizontal("start", "__start").alias("start"), pl.min_horizontal("end", "__end").alias("end"))
    uneven = without(ranges, merged(days, [*key, "__tariff"]), [*key, "__tariff"])
    bad = pl.concat([one.select(key), uneven.select(key)]).unique()
    return pl.concat([telling.filter(~split), parts.join(bad, on=key, how="anti")])


def _in_circles(steps: pl.DataFrame) -> pl.DataFrame:
    """Documents from which following `corrects` leads back to themselves."""
    after: dict[tuple[str, str, str], set[str]] = {}
    for measure, site, wrong, document in steps.select("measure", "site_id", "document", "__end").iter_rows():
        if document is not None:
            after.setdefault((measure, site, document), set()).add(wrong)
    found = []
    for start in after:
        seen: set[str] = set()
        ahead = list(after[start])
        while ahead:
            document = ahead.pop()
            if document not in seen:
                seen.add(document)
                ahead += after.get((*start[:2], document), ())
        if start[2] in seen:
            found.append(start)
    return pl.DataFrame(found, schema={"measure": pl.String(), "site_id": pl.String(), "document": pl.String()}, orient="row")


def revised(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """Of the revisions of one bill the highest counts, for the days and the meter that it covers; rejected are lower ones that it covers in part.

    The last of the three are revisions that share no day with what there is of their bill and meter in a lower one.
    """
    if not (rows["revision"] > 0).any():
        return rows, NO_REJECTIONS, pl.Series("record_id", [], dtype=pl.String())
    own = rows.filter(pl.col("document").is_not_null() & COUNTS & IS_BILL)
    pairs = _pairs(own, own, ["measure", "site_id", "document"]).filter(pl.col("__revision") > pl.col("revision"))
    found, in_part = _told_anew(pairs)
    highest = found.filter(pl.col("__revision") == pl.col("__revision").max().over("record_id", "column"))
    bill = pl.struct("measure", "site_id", "document", "meter_id")
    lower = pl.col("revision") > pl.col("revision").min().over(bill)
    unmet = own.filter(lower & ~pl.col("record_id").is_in(pairs["__by"].implode()))["record_id"]
    return set_out(rows, highest, "superseded by record "), in_part, unmet


def read_later(rows: pl.DataFrame) -> pl.DataFrame:
    """A bill that its sender estimated is superseded by one that was read and covers all of its days: of the same meter, or without one of the same number.

    Not so the part of a month of readings that was replaced: the part that was measured stands beside it, and the two together are the count.
    """
    estimates = rows.filter((pl.col("bill_kind") == "estimate") & COUNTS & (pl.col("meter_id").is_not_null() | pl.col("document").is_not_null()))
    if estimates.is_empty():
        return rows
    bills = rows.filter((pl.col("bill_kind") == "bill") & COUNTS)
    of_meter, of_number = (pl.col("meter_id").is_not_null(), ["domain", "measure", "site_id", "document"])
    by_meter = _pairs(estimates.filter(of_meter), bills.filter(of_meter), ["domain", "measure", "site_id", "meter_id"])
    by_number = _pairs(estimates.filter(~of_meter), bills.filter(pl.col("document").is_not_null()), of_number)
    beside = ((pl.col("tariff") == REPLACED) & (pl.col("__tariff") == MEASURED)).fill_null(value=False)
    found = [_told_anew(pairs.filter(~beside))[0].select("record_id", "column", "__by") for pairs in (by_meter, by_number)]
    return set_out(rows, pl.concat(found), "superseded by record ")
