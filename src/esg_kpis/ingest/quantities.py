"""Quantity columns as typed quantities, and what cannot be one: no number, no such measure, a unit that does not fit, more than exact arithmetic holds."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from esg_kpis.domains import DOMAIN_OF, MEASURES
from esg_kpis.domains.definition import Domain
from esg_kpis.errors import UnitProblem, near_misses
from esg_kpis.exact import PRODUCT_LIMIT, QUANTITY, plain, scaled
from esg_kpis.files import LINE, folded
from esg_kpis.files.header import unit_of
from esg_kpis.ingest.declared import measure_aliases
from esg_kpis.ingest.formats import FileFormat, QuantityColumn
from esg_kpis.ingest.numbers import read_numbers
from esg_kpis.ingest.rejections import NO_REJECTIONS, rejections
from esg_kpis.ingest.shape import words_for
from esg_kpis.tables import QUANTITIES
from esg_kpis.units import multiplier, unit_named, units_like

SENT = {
    **{name: dtype for name, dtype in QUANTITIES.schema.items() if name not in ("excluded", "canonical", "unit")},
    "corrects": pl.String(), "revision": pl.Int64(), "bill_kind": pl.String(), "feeds_back": pl.Boolean(), "readings": pl.Boolean(), "reading_start": QUANTITY, "reading_to": QUANTITY, "reading_times": QUANTITY,
}  # fmt: skip
"""A quantity as one row says it: as `quantities` in the data dictionary, before it is compared with others, and what that needs. `feeds_back`: whether the format allows
it to be negative. `readings`: whether it is to be taken from meter readings, because its cell is blank."""

MOST = PRODUCT_LIMIT // 100
"""No single quantity reaches a hundredth of what sums may: 10^12 in the canonical unit, 1,000 TWh or a billion tonnes."""


def no_quantities() -> pl.DataFrame:
    """No quantities, in the columns of `SENT`."""
    return pl.DataFrame(schema=SENT)


def typed_quantities(
    rows: pl.DataFrame, base: pl.DataFrame, spec: QuantityColumn, entry: FileFormat, domain: Domain, merged: pl.DataFrame, *, doubtful: str = ""
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """One quantity column of a feed.

    Args:
        rows: The sheet's rows as text.
        base: The same rows as records, in our columns (see `rows.read_feed`).
        spec: What `_format.toml` says of the column.
        entry: The file's number format.
        domain: The domain it feeds.
        merged: Cells of the sheet that span several rows.
        doubtful: Marks that, before three digits, may be of a fraction or of thousands, where the format does not say and the way the cells are parted does not tell.

    Columns of the first frame: as `SENT`. The second lists the rejections.
    """
    dimensions = [field.name for field in domain.fields if field.dimension]
    received = rows.select(pl.lit("")).to_series().extend_constant("", rows.height - 1) if spec.only_readings and rows.height else rows[spec.column].fill_null("").str.strip_chars()
    plain = ("record_id", LINE, "site_id", "meter_id", "document", "tariff", "corrects", "revision", "bill_kind", "start", "end")
    frame = base.select(*plain, *dimensions).with_columns(
        received.alias("received"),
        _units(rows, spec).alias("received_unit"),
        (_measures(rows[spec.measure_column], spec) if spec.measure_column else pl.lit(spec.measure)).alias("measure"),
        *_read(received, entry).get_columns(),
        *_readings(rows, spec, entry),
        *_own_month(spec),
    )
    known = [name for name, home in DOMAIN_OF.items() if home == domain.name]
    if spec.measure_column and len(entry.feed) > 1:
        # What another feed of the file reads is none of this one's.
        others = {feed.domain for feed in entry.feed} - {domain.name}
        frame = frame.filter(~pl.col("measure").is_in([name for name, home in DOMAIN_OF.items() if home in others]))
    read_off = (pl.col("received") == "") & pl.col("reading_start").is_not_null() & pl.col("reading_to").is_not_null()
    example = f"1{entry.thousands_mark}234{entry.decimal}5"
    problems = _unreadable_readings(rows.filter(pl.col(LINE).is_in(frame[LINE].implode())) if frame.height < rows.height else rows, frame, spec, example)
    unread = pl.concat([NO_REJECTIONS, *problems])["record_id"].unique()
    blank = (pl.col("received") == "") & ~read_off & ~pl.col("record_id").is_in(unread.implode())
    # A blank cell in an optional column says nothing, so neither its unit nor its measure is asked for.
    if spec.blank == "skip":
        frame = frame.filter(~blank)
    else:
        problems.append(
            rejections(frame, blank, "quantity_missing", spec.column, pl.lit(""), 'a number, or `blank = "skip"` in _format.toml')
        )
    problems += _unreadable_cells(frame, spec, entry.decimal, example, merged, doubtful=doubtful)
    choice = ", ".join(words_for([name for name in known if name in spec.measures.values()] or known, spec.measures))
    problems.append(
        rejections(frame, ~pl.col("measure").is_in(known), "measure", spec.measure_column or spec.column, pl.col("measure"), f"one of {choice}", choice)
    )
    problems.append(_unit_problems(frame.filter(pl.col("measure").is_in(known)), spec, domain))
    return _sent(frame, spec, domain, dimensions, read_off), problems


def _sent(frame: pl.DataFrame, spec: QuantityColumn, domain: Domain, dimensions: Sequence[str], read_off: pl.Expr) -> pl.DataFrame:
    """The rows of a quantity column in the columns of `SENT`. `read_off`: whether the quantity is that of its meter's readings."""
    pairs = [pl.when(pl.col(name) == "").then(None).otherwise(pl.lit(f"{name}=") + pl.col(name)) for name in sorted(dimensions)]
    quantities = frame.select(
        "record_id",
        pl.lit(domain.name).alias("domain"),
        "measure",
        pl.col("measure").replace_strict({name: measure.nature for name, measure in MEASURES.items()}, default="flow").alias("nature"),
        "site_id",
        pl.col("meter_id").replace({"": None}),
        pl.col("document").replace({"": None}),
        pl.col("tariff").replace({"": None}),
        "start",
        "end",
        (pl.concat_str(pairs, separator=";", ignore_nulls=True) if pairs else pl.lit("")).alias("dimensions"),
        pl.lit(spec.column).alias("column"),
        "received",
        "received_unit",
        pl.col("value").cast(QUANTITY).alias("quantity"),
        "rounded",
        (pl.col("bill_kind") == "estimate").alias("estimated"),
        pl.col("corrects").replace({"": None}),
        pl.col("revision").replace({"": None}).cast(pl.Int64(), strict=False),
        "bill_kind",
        pl.lit(spec.negative == "net_metering").alias("feeds_back"),
        read_off.alias("readings"),
        "reading_start", "reading_to", "reading_times",
    )  # fmt: skip
    return quantities.cast(SENT).select(list(SENT))  # type: ignore[arg-type]


def _unreadable_cells(frame: pl.DataFrame, spec: QuantityColumn, decimal: str, example: str, merged: pl.DataFrame, *, doubtful: str) -> list[pl.DataFrame]:
    """Cells that hold no number, a formula without a value, one that may be two numbers, or one number for several rows."""
    read, formula = pl.col("received"), pl.col("wrong") & pl.col("received").str.starts_with("=")
    mark = "." if decimal == "," else ","
    other_mark = read.str.contains(rf"^[-+(]?[0-9][0-9. ']*{mark}[0-9]+\)?$") if mark == "," else read.str.contains(r"^[-+(]?[0-9][0-9, ']*\.[0-9]+\)?$")
    declared = f'if its `{mark}` is the decimal mark, say so of the file in _format.toml: decimal = "{mark}"'
    saved = "a number, not a formula: in a workbook it has no saved value, so save it in a spreadsheet program, or type the number"
    problems = [
        rejections(frame, pl.col("wrong") & ~formula & ~other_mark, "number", spec.column, read, f"a number such as {example}", example),
        rejections(frame, pl.col("wrong") & other_mark, "number", spec.column, read, f"a number such as {example}; {declared}", example),
        rejections(frame, formula, "formula", spec.column, read, saved),
    ]
    if doubtful and not _shows_its_marks(frame["received"]):
        either = read.str.contains(rf"^[-+(]?[0-9]{{1,3}}[{doubtful}][0-9]{{3}}\)?$")
        told = f"a number that is plain: in a file whose cells are parted by `;` or tabs, or of what is counted, this may be a thousand or a fraction, so say `decimal` in _format.toml; else write {example} without its mark of thousands, and a fraction with a zero behind it"
        problems.append(rejections(frame, either, "number", spec.column, read, told, example))
    if merged.height and (spans := merged.filter(pl.col("column").is_in(_counted_from(spec)))[LINE]).len():
        told = "a quantity in each row: which part of it belongs to which row cannot be known"
        problems.append(rejections(frame, pl.col(LINE).is_in(spans.implode()), "merged_quantity", spec.column, read, told))
    return problems


def _shows_its_marks(cells: pl.Series) -> bool:
    """Whether any cell of a column tells that `.` is its decimal mark: by decimals other than three, by more digits in front, or beside a comma for thousands."""
    return bool(cells.str.contains(r"^[-+(]?(?:[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})|[0-9]{4,}\.[0-9]+|0\.[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+)\)?$").any())


def _read(text: pl.Series, entry: FileFormat) -> pl.DataFrame:
    return read_numbers(text, decimal=entry.decimal, thousands=entry.thousands_mark)


def _counted_from(spec: QuantityColumn) -> list[str]:
    """The columns whose numbers make the quantity."""
    return [spec.column, *([spec.readings.start, spec.readings.to] if spec.readings else [])]


def _own_month(spec: QuantityColumn) -> list[pl.Expr]:
    """The days of a column that is about one month, whatever the row says."""
    if spec.month is None:
        return []
    first = pl.lit(date.fromisoformat(f"{spec.month}-01"))
    return [first.alias("start"), first.dt.month_end().alias("end")]


def _readings(rows: pl.DataFrame, spec: QuantityColumn, entry: FileFormat) -> list[pl.Series] | list[pl.Expr]:
    """The readings of the meter before and after, and what a step of its counter is worth; null where the format names none, or a cell holds no number."""
    if spec.readings is None:
        return [pl.lit(None, dtype=QUANTITY).alias(f"reading_{name}") for name in ("start", "to", "times")]
    times = rows[spec.readings.times] if spec.readings.times in rows.columns else pl.Series([spec.readings.times] * rows.height, dtype=pl.String())
    texts = {"start": rows[spec.readings.start], "to": rows[spec.readings.to], "times": times}
    return [_read(text.fill_null("").str.strip_chars(), entry)["value"].alias(f"reading_{name}") for name, text in texts.items()]


def _unreadable_readings(rows: pl.DataFrame, frame: pl.DataFrame, spec: QuantityColumn, example: str) -> list[pl.DataFrame]:
    """Rejections of readings that are no number, and of a blank multiplier where the readings give the quantity: a step is not worth 1 for want of it.

    `frame` has the rows of `rows`, in their order.
    """
    problems = []
    told = pl.col("reading_start").is_not_null() & pl.col("reading_to").is_not_null() & (pl.col("received") == "")
    for name in ("start", "to", "times") if spec.readings else ():
        theirs = getattr(spec.readings, name)
        if theirs not in rows.columns:
            continue
        texts = frame.with_columns(rows[theirs].fill_null("").str.strip_chars().alias("__text"))
        needed = (pl.col("__text") != "") | (told if name == "times" else pl.lit(value=False))
        problems.append(rejections(texts, pl.col(f"reading_{name}").is_null() & needed, "number", theirs, pl.col("__text"), f"a number such as {example}", example))
    return problems


def _units(rows: pl.DataFrame, spec: QuantityColumn) -> pl.Expr:
    """The unit of each row, as its sender spells it. Files say the same few again and again: each is looked at once."""
    if not spec.unit_column:
        return pl.lit(spec.unit)
    bare = {word: (word or "").strip() for word in rows[spec.unit_column].unique().to_list()}
    told = list(bare.values())
    return pl.lit(told[0]) if len(told) == 1 else pl.lit(rows[spec.unit_column]).replace_strict(bare, return_dtype=pl.String())


def _measures(column: pl.Series, spec: QuantityColumn) -> pl.Expr:
    """Measures out of their sender's words: as declared, by our own name, or by an alias."""
    aliases = measure_aliases()
    declared = {folded(word): measure for word, measure in spec.measures.items()}
    known = {}
    for word in column.unique().to_list():
        bare = (word or "").strip()
        known[word] = spec.measures.get(bare) or (bare if bare in MEASURES else declared.get(folded(bare)) or aliases.get(folded(bare), bare))
    words = list(known.values())
    return pl.lit(words[0]) if len(words) == 1 else pl.lit(column).replace_strict(known, return_dtype=pl.String())


def _unit_of_header(spec: QuantityColumn, domain: Domain) -> str:
    """The unit that stands in brackets in the header, where another column names units too; empty where none does, or it is none."""
    stated = unit_of(spec.column)[1] if spec.unit_column else ""
    try:
        return unit_named(stated, domain.name) if stated else ""
    except UnitProblem:
        return ""


def _unit_problems(frame: pl.DataFrame, spec: QuantityColumn, domain: Domain) -> pl.DataFrame:
    """Units that do not fit the measure, and quantities too large for exact arithmetic in the measure's unit."""
    problems = [NO_REJECTIONS]
    stated = _unit_of_header(spec, domain)
    for measure, unit in _measures_and_units(frame).iter_rows():
        here = (pl.col("measure") == measure) & (pl.col("received_unit") == unit)
        try:
            limit = Fraction(MOST) / multiplier(unit, MEASURES[measure].unit, domain.name)
        except UnitProblem as problem:
            like = units_like(MEASURES[measure].unit, domain.name)
            expected = f"a unit of {measure}, such as {', '.join(like[:4])}. {problem.what} {near_misses(unit, like)}".rstrip()
            problems.append(rejections(frame, here, "unit", spec.unit_column or spec.column, pl.col("received_unit"), expected, f"{measure}（例如 {MEASURES[measure].unit}）"))
            continue
        if stated and multiplier(unit, stated, domain.name) != 1:
            told = f"the unit of the header, {stated}, or a header without a unit"
            problems.append(rejections(frame, here, "unit", spec.unit_column or spec.column, pl.col("received_unit"), told, measure))
        most = Decimal(min(int(limit), 10**28))
        expected = f"less than {plain(most)} {unit}"
        problems.append(
            rejections(
                frame, here & (pl.col("value").abs() >= pl.lit(most).cast(QUANTITY)), "too_large", spec.column, pl.col("received"), expected, f"{plain(most)} {unit}"
            )
        )
    return pl.concat(problems)


def _measures_and_units(frame: pl.DataFrame) -> pl.DataFrame:
    """Each measure with each of its units, in order. Where one of the two is the same throughout, nothing has to be paired."""
    measures, units = (frame[name].unique() for name in ("measure", "received_unit"))
    if min(measures.len(), units.len()) == 1:
        return measures.to_frame().join(units.to_frame(), how="cross").sort("measure", "received_unit")
    return frame.select("measure", "received_unit").unique().sort("measure", "received_unit")


def in_canonical_units(quantities: pl.DataFrame) -> pl.DataFrame:
    """`quantities` with `canonical`, the quantity in the canonical unit of its measure, and that `unit`. One exact multiplier per distinct pair."""
    pairs = _measures_and_units(quantities)
    fractions = [multiplier(unit, MEASURES[measure].unit, DOMAIN_OF[measure]) for measure, unit in pairs.iter_rows()]
    whole = pl.Decimal(38, 0)
    table = pairs.with_columns(
        pl.Series("unit", [MEASURES[measure].unit for measure in pairs["measure"]], dtype=pl.String()),
        pl.Series("numerator", [fraction.numerator for fraction in fractions], dtype=pl.Int128()).cast(whole),
        pl.Series("denominator", [fraction.denominator for fraction in fractions], dtype=pl.Int128()).cast(whole),
    )
    told = ("unit", "numerator", "denominator")
    each: Sequence[pl.Expr | pl.Series]
    if pairs.height == 1:
        each = [pl.lit(table[name].item(), dtype=table[name].dtype).alias(name) for name in told]
    else:
        each = quantities.select("measure", "received_unit").join(table, on=["measure", "received_unit"], how="left", maintain_order="left").select(told).get_columns()
    canonical = scaled(pl.col("quantity"), pl.col("numerator"), pl.col("denominator")).alias("canonical")
    return quantities.with_columns(each).with_columns(canonical).drop("numerator", "denominator")
