"""Charts of completeness: sites by month, and what is estimated or missing of each measure."""

from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from esg_kpis.report.charts.bars import Bars, Group, Row, lying
from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.draw import LINE, MUTED, PANEL, SMALL, WIDTH, boxes, rules, specification, svg_of, texts
from esg_kpis.report.charts.legend import legend
from esg_kpis.report.charts.numbers import shown
from esg_kpis.report.charts.text import widest, width_of, with_room
from esg_kpis.report.charts.view import View
from esg_kpis.report.charts.words import named, sentences
from esg_kpis.report.kpi_table import with_thousands

MOST_SITES, LEAST_SITES, MOST_MONTHS = 60, 12, 60
_WIDEST = 200
_STATES = ("received", "estimated-1", "estimated-2", "missing-1", "missing-2")
_SITE_MONTH = ["site_id", "month"]


@dataclass(frozen=True)
class Heat:
    """Days expected, received, estimated and missing of all measures, by site and month."""

    days: pl.DataFrame
    months: list[str]


def days_of(view: View) -> pl.DataFrame:
    """The site months of each measure that count in the edition: days expected, received, estimated by it and missing.

    A site month of which nothing came counts as the others of its site and measure do, in its period or else in any: amounts say what an edition leaves out, and of what did not come there is none.

    Columns: `site_id`, `measure`, `month`, `period`; `expected`, `received`, `estimated`, `missing` (Int64, days).
    """
    months = pl.DataFrame([(month, period) for period, own in view.months.items() for month in own], schema={"month": pl.String(), "period": pl.String()}, orient="row")
    coverage = view.table("coverage").filter(pl.col("expected") > 0).join(months, on="month").join(view.table("coverage_summary").select("period", "measure"), on=["period", "measure"])
    seen = view.table("edition_amounts").filter((pl.col("measure") == pl.col("origin")) & pl.col("month").is_not_null())
    counts = pl.col("excluded").is_null().any().alias("counts")
    by_month = seen.group_by("site_id", "measure", "month").agg(counts)
    by_period = seen.filter(pl.col("period") != "").group_by("site_id", "measure", "period").agg(counts.alias("in_period"))
    ever = seen.filter(pl.col("period") != "").group_by("site_id", "measure").agg(counts.alias("ever"))
    known = coverage.join(by_month, on=["site_id", "measure", "month"], how="left").join(by_period, on=["site_id", "measure", "period"], how="left").join(ever, on=["site_id", "measure"], how="left")
    inside = known.filter(pl.coalesce("counts", "in_period", "ever", pl.lit(value=False)))
    guessed = view.table("estimates").group_by("site_id", "measure", "month").agg(pl.col("days").sum().alias("filled"))
    joined = inside.join(guessed, on=["site_id", "measure", "month"], how="left").with_columns(pl.min_horizontal(pl.col("filled").fill_null(0), "missing").alias("estimated"))
    return joined.select("site_id", "measure", "month", "period", "expected", "received", "estimated", pl.col("missing") - pl.col("estimated"))


def heat_chart(view: View) -> Chart | None:
    """Sites by month, those with the most missing and estimated days first."""
    days = days_of(view)
    if days.is_empty():
        return None
    months = [month for period in view.periods for month in view.months[period]][-MOST_MONTHS:]
    cells = days.group_by(_SITE_MONTH).agg(pl.col("expected", "received", "estimated", "missing").sum()).filter(pl.col("month").is_in(months))
    sites = cells.group_by("site_id").agg(pl.col("expected", "received", "estimated", "missing").sum()).sort(pl.col("missing") + pl.col("estimated"), pl.col("missing"), "site_id", descending=[True, True, False])
    complete = sites.filter(pl.col("missing") + pl.col("estimated") == 0).height
    most = sites.height if sites.height <= MOST_SITES else min(MOST_SITES, max(sites.height - complete, LEAST_SITES))
    chosen, others = sites.head(most), sites.slice(most)
    left_out = others.filter(pl.col("missing") + pl.col("estimated") == 0).height
    note = [
        view.say("note", "coverage"),
        view.say("note", "coverage_gaps") if "records" in view.table("coverage").filter(pl.col("missing") > 0)["basis"].to_list() else "",
        _left_out(view, most, sites.height, others.height, left_out),
        view.say("note", "coverage_months", count=MOST_MONTHS) if sum(map(len, view.months.values())) > MOST_MONTHS else "",
    ]
    title = view.say("title", "coverage")
    said = f"{title}: {view.say('said', 'coverage', complete=complete, count=sites.height)}"
    names = dict(view.table("sites").select("site_id", "name").iter_rows())
    svg = _heat(view, chosen["site_id"].to_list(), months, cells, names, said)
    percent = view.say("word", "days_of")
    header = (view.say("word", "site"), *(f"{view.say('word', name)}, {percent}" for name in ("received", "estimated", "missing")))
    table = tuple(
        (f"{names.get(site, site)} ({site})", *(shown(Fraction(part, expected) * 100, 1) for part in parts))
        for site, expected, *parts in chosen.select("site_id", "expected", "received", "estimated", "missing").iter_rows()
    )
    return Chart("coverage", title, svg, sentences(note, view.language), header, table)


def _left_out(view: View, most: int, sites: int, others: int, complete: int) -> str:
    """Which sites are not shown, if any."""
    if others == complete and complete:
        return view.say("note", "coverage_complete", shown=most, count=with_thousands(str(sites)), complete=with_thousands(str(others)))
    return view.say("note", "coverage_more", shown=most, count=with_thousands(str(others)), complete=with_thousands(str(complete))) if others else ""


def _state(expected: int, estimated: int, missing: int) -> str:
    """The colour of a site month: what is missing goes before what is estimated."""
    part, name = (missing, "missing") if missing else (estimated, "estimated")
    return f"{name}-{2 if 2 * part > expected else 1}" if part else "received"


def _heat(view: View, sites: list[str], months: list[str], cells: pl.DataFrame, names: dict[str, str], said: str) -> str:
    labels = _labels(sites, names)
    left = min(widest(list(labels.values()), SMALL), WIDTH // 2) + 8
    high = 14 if len(sites) > 12 else 18
    width, height = WIDTH - left - 2, high * len(sites)
    step = Fraction(width, len(months))
    at = {month: place for place, month in enumerate(months)}
    states = {(site, month): _state(expected, estimated, missing) for site, month, expected, estimated, missing in cells.select(*_SITE_MONTH, "expected", "estimated", "missing").iter_rows()}
    filled = []
    for row, site in enumerate(sites):
        begun, state = 0, states.get((site, months[0]))
        for place in range(1, len(months) + 1):  # One box for months in a row that are alike: the lines between are drawn over it.
            after = states.get((site, months[place])) if place < len(months) else ""
            if after != state:
                if state:
                    filled.append({"x": step * begun, "x2": step * place, "y": row * high + 1, "y2": (row + 1) * high - 1, "fill": f"var(--heat-{state})"})
                begun, state = place, after
    starts = [(period, [month for month in view.months[period] if month in at]) for period in view.periods]
    spans = [((at[own[0]] + Fraction(len(own), 2)) * step, period) for period, own in starts if own]
    shown_spans = with_room([x for x, _ in spans], [period for _, period in spans], SMALL, (0, width))
    lines = [{"x": step * place, "x2": step * place, "y": 0, "y2": height} for place in range(1, len(months))]
    bounds = [{"x": step * at[own[0]], "x2": step * at[own[0]], "y": -LINE, "y2": height} for _, own in starts[1:] if own and at[own[0]]]
    keys = [(_word(view, state), f"var(--heat-{state})") for state in _STATES if state == "received" or state in states.values()]
    _, space = legend(keys, WIDTH, -left, 0)
    top = space + LINE + 10
    key, _ = legend(keys, WIDTH, -left, -top)
    layers = [
        boxes(filled), rules(lines, stroke=PANEL), *([rules(bounds, stroke=MUTED)] if bounds else []), *key,
        texts([{"x": -8, "y": row * high + high // 2, "text": labels[site]} for row, site in enumerate(sites)], align="right"),
        texts([{"x": x, "y": -LINE // 2, "text": period} for x, period in shown_spans], align="center", fill=MUTED),
    ]  # fmt: skip
    return svg_of(specification(layers, width, height, (left, top, 2, 4)), top + height + 4, f"{view.edition_id}-coverage", said)


def _labels(sites: list[str], names: dict[str, str]) -> dict[str, str]:
    """What sites are called: by their names where these fit, with their ids where two have the same, else by their ids."""
    own = [names.get(site) or site for site in sites]
    wanted = {site: name if own.count(name) == 1 else f"{name} ({site})" for site, name in zip(sites, own, strict=True)}
    return {site: name if width_of(name, SMALL) <= _WIDEST else site for site, name in wanted.items()}


def _word(view: View, state: str) -> str:
    name, _, step = state.partition("-")
    return view.say("word", name) + (f", {view.say('word', 'upto_half' if step == '1' else 'over_half')}" if step else "")


# ---------------------------------------------------------------- estimated and missing, by measure


def estimated_chart(view: View) -> Chart | None:
    """What is estimated and what is missing of each measure that is not complete, by period."""
    summary = view.table("coverage_summary")
    if summary.is_empty():
        return None
    short = summary.filter(pl.col("site_months_estimated") + pl.col("site_months_missing") > 0)
    if short.is_empty():
        return None
    parts = [view.say("word", name) for name in ("estimated", "missing")]
    groups, table, by_months = [], [], False
    # With the rate, an estimate per head says how many heads its site has: where groups are hidden, months are shown in place of quantities.
    for (measure,), own in short.sort("measure").group_by("measure", maintain_order=True):
        rows = []
        for row in sorted(own.iter_rows(named=True), key=lambda row: view.periods.index(row["period"])):
            known = row["quantity_missing"] is not None and row["share_received"] is not None and measure not in view.of_heads
            what = "quantity" if known else "site_months"
            sizes = [Fraction(row[f"{what}_{name}"]) for name in ("received", "estimated", "missing")]
            shares = [size / sum(sizes) * 100 if sum(sizes) else Fraction(0) for size in sizes[1:]]
            by_months = by_months or not known
            label = f"{row['period']}{'' if known else '*'}"
            printed = [shown(share, 1) for share in shares]
            rows.append(Row(label, tuple(zip(parts, shares, strict=True)), " + ".join(f"{text} %" for text, share in zip(printed, shares, strict=True) if share) or "0 %"))
            table.append((named("measures", str(measure), view.language), label, *printed))
        groups.append(Group(named("measures", str(measure), view.language), tuple(rows)))
    rest = summary["measure"].n_unique() - len(groups)
    note = [view.say("note", "estimated_share"), view.say("note", "by_site_months") if by_months else "", view.say("note", "complete_measures", count=rest) if rest else ""]
    note.append(view.say("note", "coverage_gaps") if "register" not in short["basis"].to_list() else "")
    title = view.say("title", "estimated-share")
    percent = view.say("word", "quantity_of")
    said = f"{title}: {'; '.join(f'{group.heading} {row.label} {row.said}' for group in groups for row in group.rows[-1:])}"
    svg = lying(Bars(groups, percent, names=parts, extent=(100,)), f"{view.edition_id}-estimated-share", said)
    header = (view.say("word", "measure"), view.say("word", "period"), *(f"{part}, {percent}" for part in parts))
    return Chart("estimated-share", title, svg, sentences(note, view.language), header, tuple(table))
