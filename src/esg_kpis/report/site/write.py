"""The files of the site: pages from templates in both languages, what they look like, and the data of the explorer."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from esg_kpis.report.charts import Chart, charts_of, colours
from esg_kpis.report.site.basis import LANGUAGES, PAGES, SiteBasis
from esg_kpis.report.site.explorer import explorer_files
from esg_kpis.report.site.explorer.put import of_run
from esg_kpis.report.site.findings import findings_page
from esg_kpis.report.site.overview import overview
from esg_kpis.report.site.tables_page import tables_page
from esg_kpis.report.site.told import told
from esg_kpis.report.site.what_if import what_if
from esg_kpis.report.site.words import said
from esg_kpis.report.unseen import made_visible

STATIC = ("site.css", "site.js", "findings.js", "explorer.css", "explorer.js", "explorer_search.js", "explorer_figures.js", "explorer_sources.js")


FIRST = ("emissions-by-scope", "emissions-by-site-kind", "energy-by-carrier", "turnover")
"""Charts that stand on the first page too."""


def site_files(basis: SiteBasis, key: str) -> dict[str, bytes]:
    """Every file of the site by its path in `report/`. The same run gives the same bytes.

    Args:
        basis: What is shown.
        key: Key of the run.
    """
    basis = told(basis)
    templates = Environment(loader=PackageLoader("esg_kpis.report.site"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, keep_trailing_newline=True, finalize=_shown)
    made = {"static/charts.css": colours().encode()} | {f"static/{name}": (files(__package__) / "static" / name).read_bytes() for name in STATIC}
    for language in LANGUAGES:
        for page, content in _contents(basis, language).items():
            text = templates.get_template(f"{page}.html.j2").render(**_around(basis, page, language, key), **content)
            made[f"{'zh/' if language == 'zh' else ''}{page}.html"] = text.encode()
    return dict(sorted((made | {path: of_run(content, key) for path, content in explorer_files(basis).items()}).items()))


def _shown(value: object) -> object:
    """What a template puts on a page. Pictures are markup of ours and stay as they are."""
    return made_visible(value) if type(value) is str else value


def _contents(basis: SiteBasis, language: str) -> Mapping[str, dict[str, Any]]:
    charts: dict[str, list[Chart]] = {edition: charts_of(basis, edition, language) for edition in basis.editions}
    first = [chart for chart in next(iter(charts.values())) if chart.id in FIRST and not chart.flat]
    drawn = [{"id": edition, "document": basis.editions[edition].rules.document, "charts": made} for edition, made in charts.items() if made]
    return {
        "index": {**overview(basis, language), "charts": first}, "tables": tables_page(basis, language), "charts": {"editions": drawn}, "findings": findings_page(basis, language), "explorer": {},
    }  # fmt: skip


def _around(basis: SiteBasis, page: str, language: str, key: str) -> dict[str, Any]:
    """What every page has around its content."""
    newest = next(iter(basis.editions.values()))
    return {
        "page": page, "pages": PAGES, "lang": language, "up": "../" if language == "zh" else "", "other_language": f"../{page}.html" if language == "zh" else f"zh/{page}.html", "document": newest.rules.document,
        "key": key, "as_of": basis.facts.get("as_of", ""), "what_if": what_if(basis, language), "said": lambda group, name, **values: said(group, name, language, **values),
    }  # fmt: skip
