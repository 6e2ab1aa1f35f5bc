"""The workbook with live formulas: every figure of an edition as a formula over terms, sums, amounts and factors, down to the records as received, and of people down to the counts.

`terms` and `shown` evaluate each figure once more in fractions, `made` says how each amount is computed in cells, `sheets` says where everything stands.
"""



from esg_kpis.report.workbook.basis import Basis
from esg_kpis.report.workbook.write import Written, write_workbook

__all__ = ["Basis", "Written", "write_workbook"]
