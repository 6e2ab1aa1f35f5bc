"""Re-performance: every KPI computed a second time by DuckDB, from the typed records, by SQL made from the definitions.

No code is shared with the first engine after the typed records: nothing here imports `exact`, `units`, `amounts`, `factors` or `kpis`, and a test keeps it so. What
both engines read is data: the typed records, the factor library, `units.txt` and the edition. Numbers are whole numbers of 128 bits up to the KPI (DuckDB raises
where one does not fit) and text of any length in its fractions; no binary float is made anywhere.
"""

from esg_kpis.reperform.engine import recomputed
from esg_kpis.reperform.load import Asked, Typed

__all__ = ["Asked", "Typed", "recomputed"]
