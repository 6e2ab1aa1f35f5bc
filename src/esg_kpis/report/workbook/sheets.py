"""The sheets of the workbook in reading order, with their columns. What stands in them is written elsewhere; where it stands is said here, and only here."""

from esg_kpis.report.workbook.page import Column, Sheet

_N = "#,##0.000000"
_WHOLE = "0"

LEAD = Sheet(
    "Lead_sheet", "One row per figure, for the assurer's own work: the yellow columns are empty. The difference computes itself.",
    (
        Column("no", "No.", 6, "link"), Column("kpi", "KPI", 30), Column("label", "Label", 40, "wrap"), Column("period", "Period", 8), Column("category", "Category", 24, "wrap"),
        Column("unit", "Unit", 16), Column("printed", "Printed", 16, "printed"), Column("population", "Amounts behind it", 10, "#,##0"), Column("sample", "Sample reference", 18, "empty"),
        Column("recomputed", "Recomputed", 16, "empty"), Column("difference", "Difference", 14, "General"), Column("conclusion", "Conclusion", 26, "empty"), Column("by", "By", 10, "empty"), Column("date", "Date", 11, "empty"),
    ), frozen=2, ruled=True,
)  # fmt: skip

KPIS = Sheet(
    "KPIs", "One row per figure of the edition. Printed = ROUND of the unrounded one; unrounded = formula over the sheet Terms. A figure that is blocked has a reason and no number.",
    (
        Column("no", "No.", 6, "General"), Column("kpi", "KPI (leads to its terms)", 30, "link"), Column("label", "Label", 36, "wrap"), Column("label_zh", "名稱", 26, "wrap"), Column("period", "Period", 8), Column("category", "Category", 24, "wrap"),
        Column("unit", "Unit", 16), Column("printed", "Printed", 16, "printed"), Column("text", "Definition", 56, "wrap"), Column("status", "Status", 13), Column("reason", "Reason", 34, "wrap"),
        Column("unrounded", "Unrounded", 26, "#,##0.000000000"), Column("decimals", "Decimals", 9, _WHOLE), Column("formula", "Formula in words", 50, "wrap"),
        Column("first", "First operand", 22, "#,##0.000000"), Column("first_times", "times", 10, "General"), Column("second", "Second operand", 22, "#,##0.000000"), Column("second_times", "times", 10, "General"),
        Column("published", "Published", 16, "printed"), Column("difference", "Printed - published", 14, "printed"), Column("verdict", "Tie-out", 14), Column("explanation", "Explanation", 44, "wrap"),
        Column("hkex", "HKEX", 10), Column("hkex_2025", "HKEX 2025", 10), Column("gri", "GRI", 12), Column("sasb", "SASB", 14), Column("source", "Source of the definition", 36, "wrap"),
    ), frozen=2, printed=11, ruled=True,
)  # fmt: skip

TERMS = Sheet(
    "Terms", "What the figures are made of: one row per sum or count that a formula needs, for a period and a category, and per formula inside a formula.",
    (
        Column("no", "No.", 7, "General"), Column("term", "Term", 32), Column("period", "Period", 8), Column("category", "Category", 28, "wrap"), Column("within", "Narrowed by", 22, "wrap"), Column("formula", "Formula in words", 60, "wrap"),
        Column("value", "Value", 26, "#,##0.000000000"), Column("unit", "Unit", 18), Column("sums", "Leads to its sums", 14, "link"), Column("first", "First operand", 20, _N), Column("first_times", "times", 10, "General"),
        Column("second", "Second operand", 20, _N), Column("second_times", "times", 10, "General"), Column("used", "First used by KPI No.", 12, "link"),
    ), frozen=2,
)  # fmt: skip

SUMS = Sheet(
    "Sums", "One row per measure of a term: the rows added up, and how their unit becomes that of the term. In the term's unit = sum x times / over / factor / months.",
    (
        Column("no", "No.", 7, "General"), Column("term", "Term", 32, "link"), Column("period", "Period", 8), Column("measure", "Measure", 26), Column("count", "Amounts", 9, "#,##0"), Column("rows", "Leads to its rows", 16, "link"),
        Column("total", "Sum", 26, "#,##0.000000000"), Column("unit", "Unit", 12), Column("times", "times", 10, "General"), Column("over", "over", 10, "General"), Column("factor", "over factor", 14, "General"),
        Column("factor_id", "Factor", 28), Column("months", "over months", 9, _WHOLE), Column("value", "In the term's unit", 26, "#,##0.000000000"), Column("term_unit", "Unit", 16), Column("note", "Note", 44, "wrap"),
    ), frozen=2,
)  # fmt: skip

ROWS = Sheet(
    "Rows", "The amounts that each sum adds up, in blocks: a block lists them with the quantity that stands in the sheet Amounts. Filter, do not sort: sums are over blocks.",
    (
        Column("sum", "Sum No. (leads back)", 10, "General"), Column("amount_id", "Amount", 44), Column("site", "Site", 16), Column("month", "Month", 10), Column("quantity", "Quantity", 24, "#,##0.000000000"), Column("unit", "Unit", 12),
    ), frozen=2,
)  # fmt: skip

AMOUNTS = Sheet(
    "Amounts", "One row per amount. From a record: quantity = ROUND(start x through / days, 9) - ROUND(start x before / days, 9) where a bill touches several months. By a factor: quantity = start x factor x years. Filter, do not sort.",
    (
        Column("amount_id", "Amount", 44), Column("measure", "Measure", 24), Column("site", "Site", 16), Column("period", "Period", 8), Column("month", "Month or date", 11), Column("gas", "Gas", 10), Column("scope", "Scope", 8), Column("basis", "Basis", 9),
        Column("how", "How it is made", 20), Column("start", "Start: record, or amount it is made from", 22, _N), Column("through", "Days through the month", 9, _WHOLE), Column("before", "Days before the month", 9, _WHOLE),
        Column("days", "Days of the bill", 8, _WHOLE), Column("part", "Part that is consolidated", 12, "General"), Column("factor", "Factor", 16, "General"), Column("years", "Years", 7, "General"), Column("quantity", "Quantity", 24, "#,##0.000000000"), Column("unit", "Unit", 10),
        Column("factor_id", "Factor", 34), Column("rule", "Rule of the edition", 24), Column("parent", "Made from amount", 44), Column("record", "Record", 24), Column("estimated", "Estimate", 16),
    ), frozen=2, printed=18,
)  # fmt: skip

FACTORS = Sheet(
    "Factors", "One row per factor used. Per canonical unit = value x times / over. Why it was chosen stands in Factor_uses.",
    (
        Column("factor_id", "Factor", 36), Column("measure", "From", 22), Column("output", "To", 18), Column("gas", "Gas", 12), Column("value", "Value as published", 16, "General"), Column("unit", "Unit", 14), Column("times", "times", 10, "General"), Column("over", "over", 10, "General"),
        Column("multiplier", "Per canonical unit", 18, "General"), Column("own_unit", "Unit", 12), Column("exactly", "In full, where binary64 does not hold it", 22), Column("region", "Region", 12), Column("method", "Method", 18), Column("data_period", "Describes", 24), Column("published", "Published", 11),
        Column("source", "Source", 60, "wrap"), Column("grade", "Grade", 6), Column("uncertainty", "± %", 7, "General"), Column("parents", "Derived from", 30, "wrap"), Column("note", "Note", 50, "wrap"),
    ),
)  # fmt: skip

USES = Sheet(
    "Factor_uses", "Why each factor was chosen: by which rule of the edition, for which measure, region and period.",
    (
        Column("factor_id", "Factor", 36, "link"), Column("measure", "From", 22), Column("output", "To", 18), Column("gas", "Gas", 12), Column("region", "Region", 12), Column("period", "Period", 8), Column("rule", "Rule of the edition", 26),
        Column("data_period", "Describes", 24), Column("published", "Published", 11), Column("why", "Why", 90, "wrap"),
    ),
)  # fmt: skip

RECORDS = Sheet(
    "Records", "One row per quantity as somebody sent it. Canonical = ROUND(quantity x times / over, 9).",
    (
        Column("record_id", "Record", 24), Column("file", "File", 40), Column("sheet", "Sheet", 14), Column("line", "Line", 7, _WHOLE), Column("column", "Column", 22), Column("site", "Site", 16), Column("start", "First day", 11), Column("end", "Last day", 11), Column("measure", "Measure", 24),
        Column("received", "As received", 16), Column("quantity", "Quantity", 20, "#,##0.000######"), Column("unit", "Unit received", 10), Column("times", "times", 12, "General"), Column("over", "over", 12, "General"), Column("canonical", "Canonical", 22, "#,##0.000000000"),
        Column("canonical_unit", "Unit", 10), Column("exactly", "Quantity in full, where binary64 does not hold it", 22), Column("sha256", "SHA-256 of the file", 66),
    ),
)  # fmt: skip

COUNTS = Sheet(
    "Counts", "Counts of people, one per measure of a term: here the way ends. A row is a group, never a person; counts that would give back a small group are not shown.",
    (
        Column("sum", "Sum No. (leads back)", 10, "link"), Column("term", "Term", 32), Column("measure", "Measure", 26), Column("period", "Period", 8), Column("category", "Category", 30, "wrap"), Column("within", "Narrowed by", 24, "wrap"), Column("count", "Count", 18, "#,##0.######"), Column("unit", "Unit", 10),
        Column("files", "Files counted (see People_files)", 30, "wrap"),
    ),
)  # fmt: skip

PEOPLE_FILES = Sheet(
    "People_files", "The files about people that the counts rest on, by their digest. Their rows are not in this workbook, nor are their totals.",
    (Column("record_id", "Record", 24), Column("file", "File", 50), Column("sheet", "Sheet", 20), Column("sha256", "SHA-256", 66)),
)  # fmt: skip

ESTIMATES = Sheet(
    "Estimates", "Gaps that the edition fills. The quantity is an input here; the computation stands beside it in words and numbers.",
    (
        Column("amount_id", "Amount", 24), Column("site", "Site", 16), Column("measure", "Measure", 24), Column("meter", "Meter", 14), Column("month", "Month", 9), Column("days", "Days", 6, _WHOLE), Column("method", "Method", 28), Column("rule", "Rule of the edition", 22),
        Column("quantity", "Quantity", 20, "#,##0.000######"), Column("unit", "Unit", 10), Column("basis", "Computation", 110, "wrap"), Column("exactly", "Quantity in full, where binary64 does not hold it", 22),
    ),
)  # fmt: skip

CLAIMS = Sheet(
    "Claims", "Contractual instruments that cover load. Covered part of an amount = ROUND(what of it is open x volume that counts / load, 9); the rest of the rounding lies at the largest amount.",
    (
        Column("record_id", "Record", 24), Column("instrument", "Instrument", 30), Column("kind", "Kind", 10), Column("market", "Market", 12), Column("site", "Site", 16), Column("period", "Period", 8), Column("counts", "Volume that counts", 18, "#,##0.000######"), Column("load", "Load it covers", 18, "#,##0.000######"), Column("unit", "Unit", 8),
        Column("file", "File", 40), Column("line", "Line", 7, _WHOLE),
    ),
)  # fmt: skip

TARGETS = Sheet(
    "Targets", "Targets that the report prints: what was set is an input; the way done rests on cells of the sheet KPIs.",
    (
        Column("target", "Target", 30), Column("text", "In words", 60, "wrap"), Column("kind", "Kind", 14), Column("set", "Set", 14, "General"), Column("unit", "Unit", 12), Column("base", "Base", 20, _N), Column("goal", "Goal", 20, _N), Column("actual", "Actual", 20, _N),
        Column("value", "Value", 24, "#,##0.000000000"), Column("value_unit", "Unit", 12),
    ),
)  # fmt: skip

INPUTS = Sheet(
    "Not_formulas", "Numbers of this workbook that no formula of it computes, by kind, with how many there are and why. Received quantities, factors as published, days and units are inputs by nature.",
    (Column("where", "Sheet", 14, "link"), Column("what", "What", 44, "wrap"), Column("count", "How many", 10, "#,##0"), Column("why", "Why", 100, "wrap")),
)

HALFWAY = Sheet(
    "Halfway_cases", "Figures whose unrounded value lies within 1e-12 of its size from a tie at the printed decimals: there binary64 may round the other way than the engine, which is exact.",
    (
        Column("no", "KPI No.", 8, "link"), Column("kpi", "KPI", 34), Column("period", "Period", 8), Column("category", "Category", 28), Column("exact", "Unrounded, exactly", 40), Column("decimals", "Decimals", 9, _WHOLE), Column("printed", "Printed by the engine", 20),
        Column("here", "Printed here", 20, "General"),
    ),
)  # fmt: skip
