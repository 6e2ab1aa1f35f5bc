"""A new company's workspace: templates as workbooks, a first edition, and the factor library, so that it runs as it is."""

from esg_kpis.starter.contents import LANGUAGES, Starter, factors_folder, known_places, workspace_files
from esg_kpis.starter.grids import grids
from esg_kpis.starter.template import GROUP_SITE, Template
from esg_kpis.starter.templates import templates
from esg_kpis.starter.workbook import workbook

__all__ = ["GROUP_SITE", "LANGUAGES", "Starter", "Template", "factors_folder", "grids", "known_places", "templates", "workbook", "workspace_files"]
