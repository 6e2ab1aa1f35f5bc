"""The table of the bridge from one edition's figure to another's, cause by cause."""

import polars as pl

from esg_kpis.exact import VALUE
from esg_kpis.tables.definition import CELL, Column, Table, text

BRIDGE = Table(
    "bridge", "one bar between the figures of two editions for one cell", ("from", "to", "kpi_id", "breakdown", "category", "period", "place"),
    (
        text("from", "Edition the bridge begins at"),
        text("to", "Edition it ends at"),
        *CELL,
        Column("place", pl.Int64(), "Place of the bar, counted from 1"),
        text("cause", "Cause, or several joined by ` + ` that cannot be told apart; `unreproduced_from` and `unreproduced_to`: what the printed figure has beyond the computed one"),
        Column("before", VALUE, "Level before the bar: of the first one what was printed, or computed where nothing was printed", unit="see unit"),
        Column("effect", VALUE, "What the cause did: the mean over all orders of the causes (Shapley value); of the unreproduced, computed less printed at the start and printed less computed at the end", unit="see unit"),
        Column("after", VALUE, "Level after the bar: before plus effect, to the last digit", unit="see unit"),
        text("unit", "Unit"),
        Column("low", VALUE, "Least that the cause does in any order; null for the unreproduced", unit="see unit", nullable=True),
        Column("high", VALUE, "Most that the cause does in any order", unit="see unit", nullable=True),
        Column("share", VALUE, "Effect over the size of the value computed at the start; null where that is zero", unit="%", nullable=True),
        text("text", "What the editions have otherwise, or why causes cannot be told apart"),
    ),
)  # fmt: skip
