"""Commands that look at the results of the last run. Each prints; none computes anything new but a lens that is asked for."""

import sys
from typing import Annotated, Any

import typer

from esg_kpis.errors import UsageProblem
from pipelines import complete
from pipelines.options import EditionOption, Json, Out, Root, console, day, paths, print_json


def trace(
    kpi: Annotated[str, typer.Argument(help="KPI id, such as ghg_scope_2.", autocompletion=complete.kpi)],
    period: Annotated[str, typer.Option("--period", help="Period, such as 2023.", autocompletion=complete.period)],
    edition: EditionOption = None,
    category: Annotated[str, typer.Option("--category", help="BREAKDOWN=CATEGORY, such as gas=CO2.", autocompletion=complete.category)] = "total=All",
    rows: Annotated[int, typer.Option("--rows", min=0, help="How many amounts and records to show of each; 0 shows all.")] = 8,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Walks from a printed KPI to its formula, amounts, factors, and the lines of the files they came from."""
    from pipelines.look import traced
    from pipelines.show_trace import print_trace

    where, target = paths(root, out)
    breakdown, equals, name = category.partition("=")
    if not equals:
        raise UsageProblem(f"'{category}' is no category.", where="--category", mend="Write BREAKDOWN=CATEGORY, such as gas=CO2.")
    walk = traced(where, target, kpi, period, edition, breakdown, name)
    if as_json:
        print_json(walk)
    else:
        print_trace(console(), walk, rows or sys.maxsize)


def tie_out(
    edition: EditionOption = None,
    every: Annotated[bool, typer.Option("--all", help="Show equal cells too, and computed ones that were not published.")] = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Shows computed against published for every printed cell of the last run."""
    import polars as pl

    from pipelines.latest import known_edition, read_result
    from pipelines.show_tie_out import print_tie_out

    _, target = paths(root, out)
    frame = read_result(target, "tie_out")
    if edition is not None:
        frame = frame.filter(pl.col("edition") == known_edition(edition, sorted(frame["edition"].unique().to_list())))
    if as_json:
        print_json(frame.to_dicts())
    else:
        print_tie_out(console(), frame, every=every)


def targets(edition: EditionOption = None, root: Root = None, out: Out = None, as_json: Json = False) -> None:
    """Shows the targets of the last run: base, path and actual, what cannot be computed and why, and what each version changed."""
    from pipelines import show_targets

    rows = show_targets.told(paths(root, out)[1], edition)
    if as_json:
        print_json(show_targets.as_json(rows))
    else:
        show_targets.print_targets(console(), rows)


def lens(
    kpi: Annotated[list[str] | None, typer.Argument(help="KPI ids to show; all if none is given.", autocompletion=complete.kpi)] = None,
    edition: EditionOption = None,
    name: Annotated[str | None, typer.Option("--lens", help="One lens of the edition, by its id.", autocompletion=complete.lens)] = None,
    period: Annotated[str | None, typer.Option("--period", help="Period, such as 2023.", autocompletion=complete.period)] = None,
    gwp_set: Annotated[str | None, typer.Option("--gwp-set", help="Look by another GWP set: AR4, AR5, AR6.", autocompletion=complete.choice("AR4", "AR5", "AR6"))] = None,
    known_on: Annotated[str | None, typer.Option("--known-on", help="Look with what was known on another day.")] = None,
    consolidation: Annotated[str | None, typer.Option("--consolidation", help="Look by operational_control, financial_control or equity_share.", autocompletion=complete.choice("operational_control", "financial_control", "equity_share"))] = None,
    scope_2: Annotated[str | None, typer.Option("--scope-2", help="Totals by location or market.", autocompletion=complete.choice("location", "market"))] = None,
    rules_of: Annotated[str | None, typer.Option("--rules-of", help="Look by the factor rules of another edition.", autocompletion=complete.edition)] = None,
    without: Annotated[str | None, typer.Option("--without", metavar="ATTRIBUTE=VALUE", help="Leave sites out, such as business_line='Automotive factory'.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show cells that do not differ too.")] = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Shows KPIs by another GWP set, factor rules, Scope 2 method, boundary or knowledge date, beside those of the edition."""
    from pipelines import otherwise

    where, target = paths(root, out)
    attribute, equals, value = (without or "").partition("=")
    if without and not equals:
        raise UsageProblem(f"'{without}' is no attribute and value.", where="--without", mend="Write ATTRIBUTE=VALUE, such as business_line='Automotive factory'.")
    asked = {"gwp_set": gwp_set, "knowledge_date": day(known_on, "--known-on"), "consolidation": consolidation, "scope_2_total": scope_2, "factor_rules_of": rules_of}
    changes: dict[str, Any] = {key: item for key, item in asked.items() if item}
    if without:
        changes["where"] = {attribute: [f"not {value}"]}
    frame = otherwise.seen(where, target, edition, name, changes, kpi or (), period)
    if as_json:
        print_json(otherwise.as_json(frame))
    else:
        otherwise.print_lenses(console(), frame, every=every)


def index(
    edition: EditionOption = None,
    framework: Annotated[str | None, typer.Option("--framework", help="Framework, such as hkex-code-2025; also one that the edition does not name.", autocompletion=complete.framework)] = None,
    status: Annotated[list[str] | None, typer.Option("--status", help="Only answers of this state, such as missing; may be given several times.", autocompletion=complete.answer)] = None,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Shows the content index: what the report answers of each code of a disclosure framework, where, and what is missing."""
    from pipelines import show_index

    frame = show_index.indexed(*paths(root, out), edition, framework, tuple(status or ()))
    if as_json:
        print_json(frame.to_dicts())
    else:
        show_index.print_index(console(), frame)


def table(
    edition: Annotated[str | None, typer.Option("--edition", help="Edition id, such as 2023. Default: all.", autocompletion=complete.edition)] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of labels: en or zh (Traditional Chinese).", autocompletion=complete.choice("en", "zh"))] = "en",
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Prints the KPI table of the last run in the order of the report's tables."""
    from pipelines import show_table

    _, target = paths(root, out)
    found = show_table.tables(target, edition, lang)
    if as_json:
        print_json(show_table.as_json(found, lang))
    else:
        show_table.print_tables(console(), found, lang)
