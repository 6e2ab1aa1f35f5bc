"""Charts of the report site: static pictures with their numbers as text, in English and Traditional Chinese."""

from collections.abc import Callable

from esg_kpis.report.charts.bridge import bridge_charts
from esg_kpis.report.charts.chart import Chart
from esg_kpis.report.charts.coverage import estimated_chart, heat_chart
from esg_kpis.report.charts.emissions import emission_charts
from esg_kpis.report.charts.energy import energy_chart
from esg_kpis.report.charts.intensities import intensity_chart
from esg_kpis.report.charts.people import people_charts
from esg_kpis.report.charts.targets import target_chart
from esg_kpis.report.charts.uncertainty import uncertainty_chart
from esg_kpis.report.charts.view import View
from esg_kpis.report.charts.words import colours
from esg_kpis.report.site.basis import SiteBasis

_MAKERS: tuple[Callable[[View], list[Chart] | Chart | None], ...] = (emission_charts, energy_chart, intensity_chart, people_charts, target_chart, bridge_charts, heat_chart, estimated_chart, uncertainty_chart)


def charts_of(basis: SiteBasis, edition_id: str, language: str) -> list[Chart]:
    """The charts of one edition in one language, in the order of the page. One of which the edition has no data is left out.

    Args:
        basis: The run.
        edition_id: An edition of it.
        language: en or zh.
    """
    view = View(basis, edition_id, language)
    found: list[Chart] = []
    for make in _MAKERS:
        made = make(view)
        found += made if isinstance(made, list) else [made] if made is not None else []
    return found


__all__ = ["Chart", "charts_of", "colours"]
