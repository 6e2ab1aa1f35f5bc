"""From a printed KPI back to formula, amounts, factors, and the lines of the files they came from."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from esg_kpis.assurance.ways import factors_of, with_ways
from esg_kpis.domains import MEASURES
from esg_kpis.editions import Breakdown, Edition, Kpi, amount_unit
from esg_kpis.editions.boundary import MISSING
from esg_kpis.errors import FactorProblem, UsageProblem, near_misses
from esg_kpis.exact import plain, rounded, sums
from esg_kpis.factors.need import OF_INSTRUMENT
from esg_kpis.kpis import Inputs, Within, attributes_of, divisor, narrowed, only, selected, stands_in, with_attributes, with_sites
from esg_kpis.units import multiplier

_GROUP = ["measure", "origin", "gas", "site_id", "way"]


@dataclass(frozen=True)
class Tables:
    """The tables of one run that a trace walks over, all of them as in the data dictionary."""

    kpi_values: pl.DataFrame
    edition_amounts: pl.DataFrame
    factor_uses: pl.DataFrame
    records: pl.DataFrame
    sites: pl.DataFrame
    tie_out: pl.DataFrame
    estimates: pl.DataFrame


def trace(tables: Tables, inputs: Inputs, kpi_id: str, period: str, breakdown: str, category: str) -> dict[str, Any]:
    """Everything one cell rests on, as plain data.

    Keys: `cell` (the row of kpi_values), `tie_out`, `definition`, `formula` in words and numbers, `parts`: one per sum that the formula needs, each with its
    `label`, `groups` (amounts added up by origin, gas, site and factor), `factors` (value, source, why chosen), `records` (file, line, as received), `estimates`
    (method, computation, and the records behind its basis), and `missing`: site months expected and not received.

    Raises:
        UsageProblem: if there is no such KPI, period, breakdown or category.
    """
    edition = inputs.edition
    kpi, at = edition.kpi_named(kpi_id), edition.period_named(period)
    spread = _breakdown(kpi, period, breakdown, category, tables)
    key = (
        (pl.col("edition") == edition.id)
        & (pl.col("kpi_id") == kpi_id)
        & (pl.col("period") == period)
        & (pl.col("breakdown") == breakdown)
        & (pl.col("category") == category)
    )
    cell = tables.kpi_values.filter(key)
    if cell.is_empty():
        raise UsageProblem(
            f"Edition {edition.id} has no {kpi_id} for {period}, {breakdown}={category}.", mend=_offers(tables, edition, kpi_id)
        )
    counting = tables.edition_amounts.filter(
        (pl.col("edition") == edition.id) & (pl.col("period") == period) & pl.col("excluded").is_null()
    )
    amounts = with_attributes(with_sites(counting, tables.sites)).with_columns(
        pl.col("gas_group", "kind", "business_line", "grid_region", "country", "scope", "basis").fill_null("")
    )
    hidden = cell["status"][0] == "suppressed"
    return {
        "cell": _row(cell),
        "tie_out": _row(tables.tie_out.filter(key)),
        "definition": {
            "label": kpi.label,
            "text": kpi.text,
            "source": kpi.source,
            "formula": formula(kpi),
            "document": edition.rules.document,
        },
        "parts": [
            _part(leaf, at.id, only(amounts, spread, category, within), attributes_of(spread, category, within), tables, inputs)
            for leaf, within in leaves(kpi, edition)
            if not hidden
        ],
    }


def formula(kpi: Kpi) -> str:
    """The formula of a KPI in one line."""
    if kpi.formula in ("sum", "count"):
        terms = []
        for amounts in kpi.amounts:
            of = " + ".join(amounts.measure)
            by = [f"{name} {', '.join(values)}" for name in ("origin", "gas_group", "scope", "basis") if (values := getattr(amounts, name))]
            by += [f"{name} {', '.join(values)}" for name, values in amounts.where.items()]
            terms.append(of + (f" [{'; '.join(by)}]" if by else ""))
        per = f" / factor {kpi.per_factor.measure} to {kpi.per_factor.output}" if kpi.per_factor else ""
        mean = ", divided by the months of the period" if kpi.mean_over else ""
        return f"{kpi.formula} of {' + '.join(terms)}{per}{mean}, in {kpi.unit}"
    shape = {
        "ratio": "{} / {}",
        "rate": "{} / {}",
        "share": "{} / {} x 100",
        "difference": "{} - {}",
        "growth": "change of {} on the period before x 100",
    }[kpi.formula]
    times = f" x {kpi.times}" if kpi.times != 1 else ""
    over = "" if kpi.denominator_within is None else f" of {' and '.join(kpi.denominator_within) or 'the whole'}"
    return shape.format(kpi.numerator, f"{kpi.denominator}{over}") + f"{times}, in {kpi.unit}"


def leaves(kpi: Kpi, edition: Edition, within: Within = None) -> list[tuple[Kpi, Within]]:
    """The sums and counts a KPI rests on, each with the attributes that narrow it: itself, or those of its operands."""
    if kpi.formula in ("sum", "count"):
        return [(kpi, within)]
    found: dict[tuple[str, Within], Kpi] = {}
    for name, narrow in ((kpi.numerator, within), (kpi.denominator, narrowed(within, kpi))):
        if name is not None:
            found |= {(leaf.id, narrower): leaf for leaf, narrower in leaves(edition.kpis[name], edition, narrow)}
    return [(leaf, narrower) for (_, narrower), leaf in found.items()]


# ---------------------------------------------------------------- parts


def _breakdown(kpi: Kpi, period: str, breakdown: str, category: str, tables: Tables) -> Breakdown:
    """The breakdown as it is defined for the period: one name may stand for other categories in other periods."""
    spread = next((item for item in kpi.breakdowns if item.name == breakdown and (not item.periods or period in item.periods)), None)
    if spread is None:
        raise UsageProblem(
            f"{kpi.id} has no breakdown '{breakdown}' for {period}.", mend=f"It has: {', '.join(dict.fromkeys(item.name for item in kpi.breakdowns))}."
        )
    known = sorted(tables.sites[spread.each].drop_nulls().unique().to_list()) if spread.each else list(spread.categories)
    if category not in known:
        raise UsageProblem(
            f"{kpi.id} has no category '{category}' in '{breakdown}'.",
            mend=near_misses(category, known) or f"It has: {', '.join(known[:20])}.",
        )
    return spread


def _offers(tables: Tables, edition: Edition, kpi_id: str) -> str:
    rows = tables.kpi_values.filter((pl.col("edition") == edition.id) & (pl.col("kpi_id") == kpi_id)).head(12)
    return "It has: " + "; ".join(f"{row['period']} {row['breakdown']}={row['category']}" for row in rows.iter_rows(named=True)) + "."


def _part(kpi: Kpi, period: str, amounts: pl.DataFrame, attributes: list[str], tables: Tables, inputs: Inputs) -> dict[str, Any]:
    plain_amounts = pl.concat([selected(amounts, item, attributes) for item in kpi.amounts]).with_columns(
        pl.col("gas", "site_id").fill_null("")
    )
    chosen = with_ways(plain_amounts, tables.edition_amounts.filter(pl.col("edition") == inputs.edition.id))
    is_sum = kpi.formula == "sum"
    units = {name: multiplier(amount_unit(kpi, name), kpi.unit) for item in kpi.amounts for name in item.measure} if is_sum else {}
    per, per_text = Fraction(1), None
    try:
        choice = divisor(kpi, inputs.edition.periods[period], inputs)
    except FactorProblem as problem:
        choice, per_text = None, str(problem)
    if choice is not None:
        per = choice.factor.multiplier
        per_text = f"divided by {plain(choice.factor.value)} {choice.factor.unit}: {choice.factor.factor_id}, {choice.why}"
    if kpi.mean_over == "months":
        months = inputs.edition.periods[period].months
        per, per_text = per * months, f"divided by {months} months"
    totals = sums(chosen, _GROUP, "quantity").join(
        chosen.group_by(_GROUP).agg((~stands_in()).sum().alias("amounts"), pl.col("blocked").drop_nulls().first()), on=_GROUP
    )
    groups, exact = [], Fraction(0)
    for row in totals.iter_rows(named=True):
        known = row["quantity"] is not None
        size = Fraction(row["quantity"] or 0) * units[row["measure"]] / per if is_sum else Fraction(row["amounts"])
        exact += size
        groups.append(
            {
                **row, "quantity": plain(row["quantity"]) if known else None, "unit": MEASURES[row["measure"]].unit,
                "in_kpi_unit": plain(rounded(size)) if known else None,
            }
        )  # fmt: skip
    groups.sort(key=lambda group: (-abs(Fraction(group["in_kpi_unit"] or 0)), group["site_id"]))
    return {
        "kpi_id": kpi.id, "label": kpi.label, "formula": formula(kpi), "value": None if any(group["blocked"] for group in groups) else plain(rounded(exact)), "unit": kpi.unit, "amounts": chosen.filter(~stands_in()).height, "per_factor": per_text,
        "groups": groups, "factors": _factors(chosen, tables, inputs), "records": _records(chosen, tables),
        "estimates": _estimates(chosen, tables, inputs.edition), "missing": _missing(chosen),
    }  # fmt: skip


def _factors(chosen: pl.DataFrame, tables: Tables, inputs: Inputs) -> list[dict[str, Any]]:
    """The factors on the way from the records to these amounts, the whole chain."""
    pairs = {pair for way, rules in chosen.select("way", "rules").unique().iter_rows() for pair in zip(factors_of(way), factors_of(rules), strict=True)}
    used = {name for name, _ in pairs}
    periods = set(chosen["period"].to_list())
    facts = {factor.factor_id: factor for factor in inputs.library.factors}
    uses = tables.factor_uses.filter(
        (pl.col("edition") == inputs.edition.id) & pl.col("factor_id").is_in(list(used)) & pl.col("period").is_in(list(periods))
    )
    rows = []
    for part in uses.sort("factor_id", "rule", "region").partition_by("factor_id", "rule", maintain_order=True):
        row = part.row(0, named=True)
        if (row["factor_id"], row["rule"]) not in pairs:
            continue
        factor = facts[row["factor_id"]]
        source = inputs.library.sources[factor.source_id]
        rows.append(
            {
                "factor_id": row["factor_id"], "value": plain(factor.value), "unit": factor.unit, "gas": factor.gas, "regions": part["region"].unique().sort().to_list(),
                "rule": row["rule"], "why": row["why"], "data_period": factor.data_period, "published": factor.published.isoformat(),
                "source": f"{source['publisher']}, {source['title']}, {source['document']}, {factor.page}", "grade": factor.grade, "parents": factor.parents, "note": factor.note,
            }
        )  # fmt: skip
    return rows


def _records(chosen: pl.DataFrame, tables: Tables) -> list[dict[str, Any]]:
    ways = chosen["way"].unique().to_list() if "way" in chosen.columns else []
    claimed = [name.removeprefix(OF_INSTRUMENT) for way in ways for name in factors_of(way) if name.startswith(OF_INSTRUMENT)]
    joined = pl.concat([chosen.select("record_id"), pl.DataFrame({"record_id": claimed}, schema={"record_id": pl.String()})]).unique().join(tables.records, on="record_id").sort("path", "sheet", "line")
    return (
        joined.select("record_id", "path", "sheet", "line", "site_id", "start", "end", "received", "sha256")
        .with_columns(pl.col("start", "end").cast(pl.String))
        .to_dicts()
    )


def _estimates(chosen: pl.DataFrame, tables: Tables, edition: Edition) -> list[dict[str, Any]]:
    """The estimates that these amounts began with, each with the records behind what it rests on."""
    began = tables.estimates.filter((pl.col("edition") == edition.id) & pl.col("amount_id").is_in(chosen.filter("estimated")["root"].implode()))
    known = tables.edition_amounts.filter((pl.col("edition") == edition.id) & (pl.col("record_id") != ""))
    # A stock stands in an edition once per period, under an id of its own, made from the id it rests on.
    by_id = pl.concat([known.select(pl.col(name).alias("amount_id"), "record_id") for name in ("amount_id", "parent_amount_id")]).drop_nulls()
    rows = []
    for row in began.sort("measure", "site_id", "month", "amount_id").iter_rows(named=True):
        basis = by_id.filter(pl.col("amount_id").is_in(row["basis_amount_ids"].split(";")))
        rows.append({**row, "quantity": plain(row["quantity"]), "records": _records(basis, tables)})
    return rows


def _missing(chosen: pl.DataFrame) -> list[dict[str, Any]]:
    """The site months that were expected and did not come in full."""
    marked = chosen.filter(pl.col("estimate_method") == MISSING)
    return marked.select(pl.col("origin").alias("measure"), "site_id", "month").unique().sort("measure", "site_id", "month").to_dicts()


def _row(frame: pl.DataFrame) -> dict[str, Any] | None:
    if frame.is_empty():
        return None
    return {name: plain(value) if hasattr(value, "as_tuple") else value for name, value in frame.row(0, named=True).items()}
