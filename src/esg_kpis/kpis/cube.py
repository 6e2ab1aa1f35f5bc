"""The cube: an edition's counting amounts, added up exactly by everything a KPI may ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from esg_kpis.domains import ATTRIBUTES, DOMAINS, people
from esg_kpis.editions import Edition
from esg_kpis.editions.boundary import MISSING, WAIVED, may_count
from esg_kpis.editions.counting import cross_of
from esg_kpis.editions.entry import SITE_ATTRIBUTES
from esg_kpis.errors import FactorProblem
from esg_kpis.exact import PRODUCT, sums
from esg_kpis.factors import Choice, Library

if TYPE_CHECKING:
    from esg_kpis.kpis.cut import Cut

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

CUBE = ["period", "measure", "origin", "gas_group", "scope", "basis", "site_id", "country", "grid_region", "kind", "business_line", "attributes"]
"""What a KPI may ask for of an amount."""
_OF_SITE = ["country", "grid_region", "kind", "business_line"]
_OWN = [name for name in CUBE if name not in _OF_SITE]
OF_PEOPLE = [measure.name for measure in people.DOMAIN.measures]
"""Measures that count persons, or what is told of them."""
COUNTED_BY = [name for name in people.ATTRIBUTES if name != "country"]
"""The columns of the cube that only counts of people have."""
_NAMED = {field.name: field.attribute for domain in DOMAINS.values() for field in domain.fields if field.attribute}
"""Dimensions by which KPIs may narrow what is not people, and the attribute each is."""
_ASKED = [measure.name for domain in DOMAINS.values() if domain.counts or any(field.attribute for field in domain.fields) for measure in domain.measures]
OF_LIST = "counted"
"""The column of the cube that says whether a row of it was counted from a list."""
_COLUMNS = (*COUNTED_BY, *ATTRIBUTES, OF_LIST)

Maybe = Mapping[str, Mapping[str, frozenset[str]]]
"""Of a measure, as it was sent, and an attribute of sites the values that it may have."""
APART = "\x1f"
"""Between measure, site and month where the three stand in one text: no name holds it."""


NOT_TOLD = "rests on counts of people that were not told"
"""Stands as the reason of a sum of which `Told` says nothing."""


@dataclass(frozen=True)
class Told:
    """Sums that were told instead of made from amounts: those of people, where the files about them are not there.

    `measures`: of which nothing else is known. `sums`: per sum or count (a KPI id), period, breakdown, category and the attributes that narrow it, of each of these measures how much it adds up
    to and of how many amounts; what is not among them was not told. `categories`: by period and breakdown those of which something came, which of some is known by their people alone.
    """

    measures: frozenset[str]
    sums: Mapping[tuple[str, str, str, str, tuple[str, ...] | None], Sequence[tuple[str, Decimal, int]]]
    categories: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Inputs:
    """What the KPIs of one edition are made of.

    `cube` is the edition's counting amounts added up per `CUBE` key: `quantity` exact, `estimated` the part of it that is estimated, `blocked` a reason where a
    quantity is not known, `rows` how many amounts there are, `short` what is known to be lacking: `WAIVED`, or measure, site and month of what was expected and not received,
    joined by `APART`. `left_out` holds the same keys of what the edition excludes, with the reason. `divisors` fills as sums ask for the factor that they are divided by.
    `maybe` holds, of a period and measure of which something is blocked and nobody knows the site, the sites it may be of and what they are like: attribute and values.
    `told` stands in for amounts that are not there. `cuts` fills with the cube of each period as it is asked for (`cut_of`).
    """

    edition: Edition
    library: Library
    known_on: date
    cube: pl.DataFrame
    left_out: pl.DataFrame
    divisors: dict[tuple[str, str, str], Choice | FactorProblem] = field(default_factory=dict)
    told: Told | None = None
    maybe: Mapping[str, Maybe] = field(default_factory=dict)
    cuts: "dict[str, Cut]" = field(default_factory=dict, init=False, repr=False, compare=False)


def inputs_of(amounts: pl.DataFrame, sites: pl.DataFrame, library: Library, edition: Edition, known_on: date) -> Inputs:
    """The counting amounts of an edition (base and derived, with those it excludes), added up by what a KPI may ask for."""
    # One column that holds all of the key, and sorts as they do, is grouped in a fraction of the time that eight take; and what sites are like is the same for all amounts of a group.
    own, size = amounts.lazy(), pl.col("quantity").abs()
    keyed = _counted(own.filter(pl.col("excluded").is_null())).with_columns(pl.col(_OWN).fill_null("")).select(
        *_OWN, pl.concat_str(_OWN, separator="\0").alias("__key"), "quantity", "blocked", _lacking().alias("short"), stands_in().alias("stands_in"),
        size.alias("size"), pl.when("estimated").then(size).otherwise(pl.lit(0).cast(PRODUCT)).alias("estimated"),
    ).collect(engine="in-memory")  # fmt: skip
    total = sums(keyed, ["__key"], "quantity", "estimated", "size", also=[pl.col(_OWN).first(), (~pl.col("stands_in")).sum().alias("rows")])
    few = keyed.filter(pl.col("blocked").is_not_null() | pl.col("short").is_not_null())
    why = few.group_by("__key").agg(pl.col("blocked").drop_nulls().sort().first(), pl.col("short").drop_nulls().unique().sort())
    found = total.join(why, on="__key", how="left", maintain_order="left")
    cube = _of_sites(found, sites).with_columns(pl.col(CUBE).fill_null("")).select(*CUBE, "quantity", "estimated", "size", "blocked", "rows", pl.col("short").fill_null([]))
    excluded = with_sites(own.filter(pl.col("excluded").is_not_null() & (pl.col("period") != "")), sites.lazy()).with_columns(pl.col(CUBE).fill_null(""))
    left_out = excluded.group_by(CUBE).agg(pl.col("excluded").sort().first(), pl.lit(None, dtype=pl.String()).alias("blocked")).sort(CUBE)
    return Inputs(edition, library, known_on, with_attributes(cube), with_attributes(left_out.collect(engine="in-memory")), maybe=_maybe(cube, sites, edition))


def _maybe(cube: pl.DataFrame, sites: pl.DataFrame, edition: Edition) -> dict[str, Maybe]:
    nowhere = cube.filter(pl.col("blocked").is_not_null() & (pl.col("kind") == "") & (pl.col("measure") == pl.col("origin"))).select("period", "measure").unique()
    if nowhere.is_empty():
        return {}
    found: dict[str, Maybe] = {}
    for (period, measure), of_sites in may_count(nowhere, sites, edition).partition_by("period", "measure", as_dict=True).items():
        found[period] = {**found.get(period, {}), measure: {name: frozenset(of_sites[name].drop_nulls()) for name in SITE_ATTRIBUTES}}
    return found


def stands_in() -> pl.Expr:
    """Whether an amount is only the mark of a quantity that is not there."""
    return pl.col("estimate_method").is_in([WAIVED, MISSING]).fill_null(value=False)


def _lacking() -> pl.Expr:
    site_month = pl.concat_str("origin", "site_id", "month", separator=APART)
    return pl.when(pl.col("estimate_method") == MISSING).then(site_month).when(pl.col("estimate_method") == WAIVED).then(pl.lit(WAIVED))


def counting(amounts: Frame, sites: Frame) -> Frame:
    """The amounts that count, with the attributes of their sites."""
    return with_sites(amounts.filter(pl.col("excluded").is_null()), sites)


def with_sites(amounts: Frame, sites: Frame) -> Frame:
    """Amounts with the attributes of their sites; people with the country they work in. In `attributes` what people were counted by, and what else KPIs may narrow amounts by."""
    return _of_sites(_counted(amounts), sites)


def _counted(amounts: Frame) -> Frame:
    return amounts.with_columns(pl.when(pl.col("measure").is_in([*OF_PEOPLE, *_ASKED])).then(pl.col("dimensions")).otherwise(pl.lit("")).alias("attributes"))


def _of_sites(amounts: Frame, sites: Frame) -> Frame:
    joined = amounts.join(sites.select("site_id", *_OF_SITE), on="site_id", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(pl.col("attributes").str.extract(r"(?:^|;)country=([^;]*)"), "country").alias("country"))


def with_attributes(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with a column per attribute that KPIs may narrow amounts by, and `cross`: by which of them the people of its row were counted.

    Every cross counts everybody once, so a KPI adds up the rows of one cross only. It is '' for what is not counted by persons, and for what is blocked.
    """
    distinct = frame["attributes"].unique().to_list()
    rows = []
    for text in distinct:
        known = dict(part.split("=", 1) for part in text.split(";")) if text else {}
        asked = {_NAMED.get(name, name): value for name, value in known.items()}
        of_people = not known.keys().isdisjoint(people.ATTRIBUTES)
        rows.append({"attributes": text, "cross": cross_name(cross_of(known)) if of_people else "", **{name: asked.get(name, "") for name in _COLUMNS}})
    table = pl.DataFrame(rows, schema=dict.fromkeys(("attributes", "cross", *_COLUMNS), pl.String()))
    return frame.join(table, on="attributes", how="left", maintain_order="left")


def cross_name(names: Sequence[str]) -> str:
    """How the cube writes the attributes that a row was counted by."""
    return "|".join(names) or "all"
