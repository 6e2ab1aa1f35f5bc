"""`esg-kpis sample`: an assurer's sample of the records behind one cell, as a working paper; and the paper taken back."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from esg_kpis.errors import EsgKpisError, UsageProblem
from pipelines import complete
from pipelines.options import EditionOption, Json, Out, Root, console, paths, print_json


class DrawByDefault(TyperGroup):
    """`esg-kpis sample KPI …` is `esg-kpis sample draw KPI …`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """The arguments, `draw` before them where no command is named."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["draw", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=DrawByDefault, no_args_is_help=True, rich_markup_mode=None,
    help="An assurer's sample: `sample KPI --period P …` draws one and writes a working paper, `sample evaluate PAPER` takes it back.",
)  # fmt: skip
To = Annotated[Path | None, typer.Option("--to", help="File to write.")]
Pack = Annotated[Path | None, typer.Option("--pack", help="An evidence pack (zip) to draw from instead of the last run; for who has no results.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


@app.command()
def draw(
    kpi: Annotated[str, typer.Argument(help="KPI id of a sum or count, such as ghg_scope_1_2.", autocompletion=complete.kpi)],
    seed: Annotated[int, typer.Option("--seed", help="Whole number that the draw rests on. The assurer chooses it, once the records are fixed.", min=0)],
    period: Annotated[str | None, typer.Option("--period", help="Period, such as 2023; with --pack that of the pack.", autocompletion=complete.period)] = None,
    edition: EditionOption = None,
    pack: Pack = None,
    category: Annotated[str, typer.Option("--category", help="BREAKDOWN=CATEGORY, such as gas=CO2.", autocompletion=complete.category)] = "total=All",
    method: Annotated[str, typer.Option("--method", help="mus (monetary units), stratified or random.", autocompletion=complete.choice("mus", "stratified", "random"))] = "mus",
    materiality: Annotated[str, typer.Option("--materiality", help="Tolerable misstatement, in percent of the value.")] = "5",
    confidence: Annotated[str, typer.Option("--confidence", help="Confidence, in percent, one-sided.")] = "95",
    expected: Annotated[str, typer.Option("--expected", help="Misstatement that is expected, in percent of the value; for mus.")] = "0",
    size: Annotated[int, typer.Option("--size", help="Items to take, for random and stratified; 0 lets the formula decide.", min=0)] = 0,
    by: Annotated[str | None, typer.Option("--by", help="What makes the strata: site_id, measure (the default), kind or country.", autocompletion=complete.choice("site_id", "measure", "kind", "country"))] = None,
    allocation: Annotated[str, typer.Option("--allocation", help="proportional (to the number of items) or neyman (and to their spread).", autocompletion=complete.choice("proportional", "neyman"))] = "proportional",
    projection: Annotated[str, typer.Option("--projection", help="difference, ratio or mean; for random and stratified.", autocompletion=complete.choice("difference", "ratio", "mean"))] = "difference",
    tolerable_rate: Annotated[str, typer.Option("--tolerable-rate", help="Rate of omitted things that is tolerable, in percent.")] = "5",
    to: To = None,
    force: Force = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Draws a sample of the records behind one cell of the last run or of a pack, and of what ought to be in it, and writes the working paper (.xlsx, or .csv with the sample only)."""
    from esg_kpis.sampling import Plan
    from pipelines import sampling

    breakdown, equals, name = category.partition("=")
    if not equals:
        raise UsageProblem(f"'{category}' is no category.", where="--category", mend="Write BREAKDOWN=CATEGORY, such as gas=CO2.")
    if pack is not None:
        figures = sampling.of_pack(pack)
        sampling.check_of_pack(figures, edition, period)
        edition, period = figures.edition.id, sampling.period_of(figures)
    elif period is None:
        raise UsageProblem("The period is not named.", where="--period", mend="Give --period 2023; or --pack, which is of one period.")
    else:
        where, target = paths(root, out)
        edition = edition or sampling.edition_with(target, kpi, period)
        figures = sampling.of_run(where, target, edition)
    plan = Plan(
        edition, kpi, period, breakdown, name, method, materiality, confidence, expected, seed, size,
        by or ("measure" if method == "stratified" else ""), allocation, projection, tolerable_rate,
    )  # fmt: skip
    found = sampling.sampled_of(figures, plan)
    if to is not None:
        sampling.write_paper(found, to, force=force)
    if as_json:
        print_json(sampling.sample_as_json(found))
    else:
        sampling.print_sampled(console(), found, to)


@app.command(name="evaluate")
def evaluate_paper(
    paper: Annotated[Path, typer.Argument(help="The filled working paper, .xlsx, .ods or .csv.")],
    paper_only: Annotated[bool, typer.Option("--paper-only", help="Draw again from the population in the paper instead of the last results; for who has the paper alone.")] = False,
    pack: Pack = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write the result too, as .json or .csv.")] = None,
    force: Force = False,
    root: Root = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Takes a filled working paper back: checks that it is the one that was drawn, projects the misstatement, and says whether it is below what is material. Exit code 0 if it is, else 1."""
    from pipelines import sampling

    if paper_only and pack is not None:
        raise UsageProblem("--paper-only and --pack say different things.", mend="Give one of them.")
    try:
        where, target = (Path(), Path()) if paper_only or pack is not None else paths(root, out)
    except EsgKpisError as problem:
        raise sampling.with_other_ways(problem) from problem
    found, plan, unit, decimals = sampling.judged(where, target, paper, paper_only=paper_only, pack=pack)
    if to is not None:
        sampling.write_result(found, plan, unit, to, force=force)
    if as_json:
        print_json(sampling.as_json(found, plan, unit))
    else:
        sampling.print_evaluated(console(), found, unit, decimals)
    raise typer.Exit(0 if found.accepted else 1)
