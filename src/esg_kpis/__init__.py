"""ESG KPIs, from the records that sites send to the figures a report prints.

Plain functions over polars frames. Knows no company (that is data in a workspace) and no orchestrator (that is `pipelines`).
"""

__version__ = "0.1.0"
