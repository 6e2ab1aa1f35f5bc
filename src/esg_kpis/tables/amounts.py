"""Tables of amounts, of the factors that lead from one to another, and of the fates of records."""

import polars as pl

from esg_kpis.exact import FACTOR, PRODUCT, QUANTITY, VALUE
from esg_kpis.tables.definition import EDITION, LINE, PATH, RECORD_ID, SHEET, SITE, Column, Table, text
from esg_kpis.tables.records import NATURES

FATES = ("used", "excluded", "rejected")
QUALITIES = ("measured", "stated", "estimated_by_sender", "estimated", "counted")
"""Grades of the data that an amount goes back to."""

AMOUNTS = Table(
    "amounts", "one quantity of one measure at one site in one month or at one date, before (edition empty) or within an edition",
    ("amount_id", "edition"),
    (
        text("amount_id", "Record, measure, and month or date, parted by `:`, of what a record says; a digest of what an amount was made from, otherwise"),
        text("edition", "Edition id; empty before boundary and factors are applied"),
        text("period", "Period of the edition; empty before"),
        text("nature", "flow, stock or event", allowed=NATURES),
        text("measure", "Measure"),
        text("origin", "The measure of the record this goes back to"),
        SITE,
        text("month", "Month of a flow or event, YYYY-MM", nullable=True),
        Column("date", pl.Date(), "Date of a stock or event; first day a stock holds, or of the period that was counted as a whole", nullable=True),
        Column("until", pl.Date(), "Last day a stock holds, or of the period that was counted as a whole", nullable=True),
        text("dimensions", "Further attributes, `name=value` joined by `;`"),
        Column("quantity", PRODUCT, "Exact quantity; null when blocked", unit="see unit", nullable=True),
        text("unit", "Canonical unit of the measure"),
        text("gas", "Gas of an emission", nullable=True),
        text("gas_group", "Group the gas is reported in: CO2, CH4, N2O, HFCs …", nullable=True),
        text("gwp_set", "GWP set of a CO2e quantity", nullable=True),
        text("scope", "GHG Protocol scope", nullable=True),
        text("basis", "location or market, for Scope 2; both, where it counts in either", nullable=True),
        text("method", "Method of the factor", nullable=True),
        Column("estimated", pl.Boolean(), "Whether the quantity is an estimate"),
        text("estimate_method", "Named method of the estimate; or why a zero stands in for a quantity that is not there", nullable=True),
        text("factor_id", "Factor that made this amount from its parent", nullable=True),
        text("rule_id", "Edition rule that chose the factor", nullable=True),
        text("parent_amount_id", "Amount this was made from", nullable=True),
        text("record_id", "Record this goes back to; empty for an estimate, whose basis stands in `estimates`, and for what is marked as missing"),
        Column("share", PRODUCT, "Share of the record's quantity that fell into this month; 1 when not apportioned", unit="one"),
        text("excluded", "Why it does not count in this edition; null when it counts", nullable=True),
        text("blocked", "Why the quantity is not known; null when it is", nullable=True),
    ), csv=False,
)  # fmt: skip

EDITION_AMOUNTS = Table(
    "edition_amounts",
    "one amount as one edition sees it, with the reason when it does not count",
    ("amount_id", "edition"),
    (
        *AMOUNTS.columns,
        text("quality", "Grade of the data it goes back to; null for what only marks a quantity that is not there", nullable=True, allowed=QUALITIES),
    ),
    csv=False,
)

RECORD_FATES = Table(
    "record_fates", "one record in one edition", ("edition", "record_id"),
    (
        EDITION, RECORD_ID,
        text("fate", "What became of it", allowed=FATES),
        Column("share_used", VALUE, "Share of the record that counts, by days over its quantities", unit="one"),
        text("reason", "Why the rest, or all of it, does not count; of a rejected record what was read and what would be right", nullable=True),
        text("rule", "Rule that rejected it", nullable=True),
        text("flags", "Checks that found something about it, joined by `;`, though it may count", nullable=True),
        PATH, SHEET, LINE,
    ),
)  # fmt: skip

CLAIMS = Table(
    "claims", "one claim of a contractual instrument in one edition", ("edition", "record_id"),
    (
        EDITION, RECORD_ID,
        text("period", "Period of the consumption it is claimed for"),
        text("instrument", "Number of the certificate, range or contract"),
        text("instrument_kind", "Kind of instrument"),
        text("registry", "Registry, or parties of the contract"),
        text("market", "Market"),
        text("site_id", "Site it is claimed for"),
        Column("volume", QUANTITY, "Volume claimed", unit="kWh"),
        Column("emission_rate", FACTOR, "Emission rate that it conveys, of CO2", unit="kg/kWh"),
        Column("counts", QUANTITY, "Part of the volume that counts: that of its site by the consolidation", unit="kWh"),
        Column("load", QUANTITY, "Electricity bought that was open to the claim, after the claims before it; null where it was refused before", unit="kWh", nullable=True),
        Column("accepted", pl.Boolean(), "Whether it counts"),
        text("reason", "Why it does not", nullable=True),
    ),
)  # fmt: skip

FACTORS = Table(
    "factors", "one factor of the library", ("factor_id",),
    (
        text("factor_id", "Factor"),
        text("source_id", "Source, see sources.csv"),
        text("measure", "Measure it starts from"),
        text("output", "Measure it leads to"),
        text("gas_in", "Gas or blend that comes in, for the parts of blends; empty for any", nullable=True),
        text("gas", "Gas of the output; `*` keeps the input's; empty for energy"),
        text("region", "Region it describes, or GLOBAL"),
        text("method", "Method or kind, such as average or combined_margin"),
        Column("value", FACTOR, "Value as published"),
        text("unit", "Unit as published, output per input"),
        Column("uncertainty", FACTOR, "Half the 95 % confidence interval, in percent of the value, where the source states it", unit="%", nullable=True),
        text("gwp_set", "GWP set when the value is in CO2e", nullable=True),
        Column("data_from", pl.Date(), "First day of the data period"),
        Column("data_to", pl.Date(), "Last day of the data period; null when open", nullable=True),
        Column("published", pl.Date(), "Day its source was published"),
        text("status", "selectable, derived or evidence_only", allowed=("selectable", "derived", "evidence_only")),
        text("parents", "Factors a derived one is made from, with the formula", nullable=True),
        text("grade", "Evidence grade", allowed=("A", "B", "C")),
        text("page", "Table or page of the source"),
        text("note", "What a user ought to know", nullable=True),
    ),
)  # fmt: skip

FACTOR_USES = Table(
    "factor_uses", "one factor in one edition, for one measure, region, period and rule", ("edition", "factor_id", "measure", "output", "gas", "region", "period", "rule"),
    (
        EDITION,
        text("factor_id", "Factor"),
        text("measure", "Measure it was applied to"),
        text("output", "Measure it led to"),
        text("gas", "Gas of the output; empty for energy"),
        text("region", "Region of the sites"),
        text("period", "Period"),
        text("rule", "Edition rule that applied it"),
        text("data_period", "What the value describes"),
        text("published", "When it was published"),
        text("why", "The choice in one sentence"),
        Column("amounts", pl.Int64(), "Amounts it was applied to"),
        Column("quantity_in", PRODUCT, "Sum before", unit="see unit_in"),
        text("unit_in", "Unit before"),
        Column("quantity_out", PRODUCT, "Sum after", unit="see unit_out"),
        text("unit_out", "Unit after"),
    ),
)  # fmt: skip

ESTIMATES = Table(
    "estimates", "one gap of one meter or site in one month, filled by one edition", ("edition", "amount_id"),
    (
        EDITION, text("amount_id", "Amount that the estimate became"), text("period", "Period"), text("site_id", "Site"), text("measure", "Measure"),
        text("meter_id", "Meter; null where the gap is that of the site as a whole", nullable=True),
        text("month", "Month, YYYY-MM"),
        Column("days", pl.Int64(), "Days that were missing and are filled", unit="day"),
        text("method", "Named method"),
        text("rule", "Rule of the edition that allows it: the id of its [[estimate]]"),
        Column("quantity", QUANTITY, "Quantity estimated, rounded once, half-even", unit="see unit"),
        text("unit", "Canonical unit of the measure"),
        text("basis", "The computation in one sentence, with its numbers"),
        text("basis_amount_ids", "Amounts it rests on, joined by `;`"),
    ),
)  # fmt: skip

COVERAGE_SUMMARY = Table(
    "coverage_summary", "one measure in one period of one edition, at the sites that count there", ("edition", "period", "measure"),
    (
        EDITION, text("period", "Period"), text("measure", "Measure"),
        text("basis", "What says which days are expected; both, where the register of meters names some of the sites only. Between records a season without use looks like a gap", allowed=("register", "records", "both")),
        Column("sites", pl.Int64(), "Sites of which something is expected"),
        Column("site_months", pl.Int64(), "Site months of which something is expected"),
        Column("site_months_received", pl.Int64(), "Of them, received in full"),
        Column("site_months_estimated", pl.Int64(), "Of them, with days that are estimated and none missing"),
        Column("site_months_missing", pl.Int64(), "Of them, with days neither received nor estimated"),
        Column("quantity_received", QUANTITY, "Quantity that counts and was received", unit="see unit"),
        Column("quantity_estimated", QUANTITY, "Quantity that counts and is estimated", unit="see unit"),
        Column("quantity_missing", QUANTITY, "What the missing days would be by the mean day of the same meter in the period. Indicative: it counts in no KPI; null when a meter has no record in the period to take it from", unit="see unit", nullable=True),
        text("unit", "Canonical unit of the measure"),
        Column("share_received", VALUE, "Received over received, estimated and missing; null when that is not known", unit="one", nullable=True),
    ),
)  # fmt: skip
