"""What else can be looked up: sites, meters, files, factors and codes, each with the records, amounts and figures that belong to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from esg_kpis.domains import MEASURES
from esg_kpis.exact import plain
from esg_kpis.factors import Factor, Library
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.explorer.cells import Pages, number
from esg_kpis.report.site.explorer.put import runs

_SITE = ("name", "country", "grid_region", "kind", "business_line", "climate", "control", "ownership_share", "valid_from", "valid_to")


def _texts(frame: pl.DataFrame, names: Sequence[str]) -> list[list[str | None]]:
    """Some columns as texts, a list per row; decimals without zeros at their end."""
    shown = [pl.col(name).map_elements(plain, return_dtype=pl.String()) if frame.schema[name].is_decimal() else pl.col(name).cast(pl.String) for name in names]
    return [list(row) for row in frame.select(shown).iter_rows()]


def meters_of(basis: SiteBasis) -> pl.DataFrame:
    """The meters of records and of the register, one row per site and meter, under numbers.

    Columns: `meter`, `site_id`, `meter_id`.
    """
    known = pl.concat([basis.tables[name].select("site_id", "meter_id") for name in ("quantities", "meters")]).drop_nulls().unique()
    return known.sort("meter_id", "site_id").with_row_index("meter")


def of_places(basis: SiteBasis, records: pl.DataFrame, keys: pl.DataFrame, key: str) -> dict[int, list[list[Any]]]:
    """The records of each site or meter by measure: measure, how many, and runs of their numbers.

    Args:
        basis: The run.
        records: Records under numbers.
        keys: `site_id`, and `meter_id` where `key` is a meter, with their number.
        key: Name of that number.
    """
    on = [name for name in ("site_id", "meter_id") if name in keys.columns]
    at = records.select("record_id", "no")
    placed = basis.tables["quantities"].join(at, on="record_id", how="inner").join(keys, on=on, how="inner").select(key, "measure", "no").unique()
    found: dict[int, list[list[Any]]] = {}
    many = placed.group_by(key, "measure").len()
    for place, measure, where, count in runs(placed, [key, "measure"], "no").join(many, on=[key, "measure"], maintain_order="left").iter_rows():
        found.setdefault(place, []).append([measure, count, where])
    return found


def site_pages(basis: SiteBasis, records: pl.DataFrame, sites: pl.DataFrame, feeds: Mapping[int, int]) -> list[dict[str, Any]]:
    """One entry per site, in order: what the register says, the record that says it, and its records by measure."""
    by_measure = of_places(basis, records, sites.select("site_id", "site"), "site")
    shown = [{"facts": dict(zip(_SITE, row, strict=True))} for row in _texts(sites, _SITE)]
    return [page | {"record": record, "measures": by_measure.get(place, []), "set": feeds.get(place)} for place, (page, record) in enumerate(zip(shown, sites["record_id"], strict=True))]


def meter_pages(basis: SiteBasis, records: pl.DataFrame, meters: pl.DataFrame, feeds: Mapping[int, int]) -> list[dict[str, Any]]:
    """One entry per meter, in order: its records by measure, and what the register of meters says."""
    names = ("measure", "part_of", "digits", "net_metering", "valid_from", "valid_to", "record_id")
    register = basis.tables["meters"].join(meters, on=["site_id", "meter_id"], how="inner").sort("meter", "measure", "record_id")
    said: dict[int, list[list[str | None]]] = {}
    for place, row in zip(register["meter"], _texts(register, names), strict=True):
        said.setdefault(place, []).append(row)
    by_measure = of_places(basis, records, meters, "meter")
    return [{"measures": by_measure.get(place, []), "register": said.get(place, []), "set": feeds.get(place)} for place in range(meters.height)]


def factor_pages(basis: SiteBasis, numbers: Mapping[str, int], rows: pl.DataFrame, feeds: Mapping[int, int]) -> list[dict[str, Any]]:
    """One entry per factor, in order: value, source, every use with the reason for the choice, and the amounts it made."""
    known: dict[str, tuple[Factor, Library]] = {}
    for inputs in basis.inputs.values():
        for factor in inputs.library.factors:
            if factor.factor_id in numbers:
                known.setdefault(factor.factor_id, (factor, inputs.library))
    order = {name: place for place, name in enumerate(basis.editions)}
    uses: dict[str, list[list[Any]]] = {}
    names = ("factor_id", "edition", "measure", "output", "gas", "region", "period", "rule", "data_period", "published", "why", "amounts")
    every = basis.tables["factor_uses"].filter(pl.col("edition").is_in(list(order))).with_columns(pl.col("edition").replace_strict(order, return_dtype=pl.Int64()).alias("place"))
    for name, edition, *use in every.sort("place", *names[:8]).select(names).iter_rows():
        uses.setdefault(name, []).append([order[edition], *use])
    made = rows.filter(pl.col("factor").is_not_null()).select("factor", "no")
    where = dict(runs(made, ["factor"], "no").iter_rows())
    return [_factor(name, known.get(name), uses.get(name, [])) | {"amounts": where.get(place, []), "set": feeds.get(place)} for name, place in numbers.items()]


def _factor(name: str, known: tuple[Factor, Library] | None, uses: list[list[Any]]) -> dict[str, Any]:
    if known is None:
        return {"id": name, "uses": uses}
    factor, library = known
    source = library.sources[factor.source_id]
    per = f"{MEASURES[factor.output].unit}/{MEASURES[factor.measure].unit}"
    return {
        "id": name, "measure": factor.measure, "output": factor.output, "gas_in": factor.gas_in, "gas": factor.gas, "region": factor.region, "method": factor.method, "value": plain(factor.value), "unit": factor.unit,
        "multiplier": number(factor.multiplier), "per": per, "grade": factor.grade, "uncertainty": None if factor.uncertainty is None else plain(factor.uncertainty), "data_period": factor.data_period,
        "published": factor.published.isoformat(), "source": [source["publisher"], source["title"], source["document"], factor.page], "parents": factor.parents, "note": factor.note, "uses": uses,
    }  # fmt: skip


def codes_of(basis: SiteBasis, pages: Pages) -> tuple[list[list[str]], list[list[dict[str, Any]]]]:
    """The codes of disclosure frameworks, and what each edition answers: those of content indexes, and those that KPIs carry and no index asks for.

    Returns:
        Framework, code, title and Chinese title of each; and its answers.
    """
    codes: dict[tuple[str, str], list[str]] = {}
    answers: dict[tuple[str, str], list[dict[str, Any]]] = {}
    order = {name: place for place, name in enumerate(basis.editions)}
    rows = basis.tables["content_index"].filter(pl.col("edition").is_in(list(order))).sort("framework", "place", "kpi_id", "breakdown", "category")
    for row in rows.iter_rows(named=True):
        key = (row["framework"], row["code"])
        codes.setdefault(key, [*key, row["title"], row["title_zh"]])
        told = {name: row[name] for name in ("kind", "obligation", "unit_asked", "value", "unit", "section", "page", "status", "reason") if row[name]}
        if row["kpi_id"]:
            told |= {"kpi": pages.kpi_of.get((row["edition"], row["kpi_id"])), "cell": pages.cell_of.get((row["edition"], row["kpi_id"], row["period"], row["breakdown"], row["category"]))}
        answers.setdefault(key, []).append({"edition": order[row["edition"]], "period": row["period"], **told})
    asked = {code.upper() for _, code in codes}
    for place, kpi in enumerate(pages.kpis):
        for framework, text in kpi.get("codes", {}).items():
            for code in (part.strip() for part in text.replace(",", ";").split(";")):
                if code and code.upper() not in asked:
                    codes.setdefault((framework, code), [framework, code, "", ""])
                    answers.setdefault((framework, code), []).append({"edition": kpi["edition"], "kpi": place, "cell": None})
    ordered = sorted(codes, key=lambda key: (key[0], list(codes).index(key)))
    return [codes[key] for key in ordered], [answers[key] for key in ordered]
