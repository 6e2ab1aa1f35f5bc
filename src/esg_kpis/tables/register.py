"""Tables made from the register of approvals: its entries, what restatements did, and the state of each period."""

import polars as pl

from esg_kpis.exact import VALUE
from esg_kpis.tables.definition import CELL, EDITION, Column, Table, text

_SEQUENCE = Column("sequence", pl.Int64(), "Number of the entry in the register, counted from 1")
_PERIOD = text("period", "Period id: the year in which the reporting period ends")

APPROVALS = Table(
    "approvals", "one entry of the register", ("sequence",),
    (
        _SEQUENCE, EDITION, _PERIOD,
        text("action", "What the entry does", allowed=("prepared", "reviewed", "locked", "restated")),
        text("role", "Role in which it was signed"),
        text("key", "Fingerprint of the key that it says it is signed with: SHA-256 of the public key as DER. Whether it is, `status` and `register verify` say"),
        text("at", "Time that the signer gave, UTC, such as 2024-04-09T10:00:00Z"),
        text("note", "Note of the signer, or reason of a restatement"),
        text("digest", "SHA-256 of the numbers that it is about; of a restatement, of those that were locked"),
        Column("cells", pl.Int64(), "Cells of the period"),
        Column("blocked", pl.Int64(), "Cells that were blocked"),
        Column("incomplete", pl.Int64(), "Cells that were incomplete"),
        text("run_key", "Key of the run that made the numbers"),
        text("previous", "Hash of the entry before; zeros for the first"),
        text("hash", "Hash of the entry"),
    ),
)  # fmt: skip

RESTATEMENTS = Table(
    "restatements", "one cell that changed in one restatement; one row with empty cell for a restatement that changed none", ("sequence", "kpi_id", "breakdown", "category"),
    (
        _SEQUENCE, EDITION, _PERIOD, CELL[0], CELL[2], CELL[3],
        text("class", "Why", allowed=("error", "method", "factor", "boundary", "structural", "data")),
        text("reason", "Reason in words"),
        text("unit", "Unit of the values"),
        Column("old", VALUE, "Value that was locked; null where there was none", unit="see unit", nullable=True),
        Column("new", VALUE, "Value when the restatement was signed; null where there was none", unit="see unit", nullable=True),
        Column("difference", VALUE, "New less old; null where one is missing or the unit changed", unit="see unit", nullable=True),
        Column("percent", pl.Decimal(38, 6), "Difference in per cent of the size of the old value; null where that is zero or missing", unit="%", nullable=True),
        Column("over_5_percent", pl.Boolean(), "Whether the size of the difference is more than 5 % of the old value; null with `percent`", nullable=True),
        Column("lock", pl.Int64(), "Entry of the lock that was opened; it stays in the register"),
        text("approver", "Fingerprint of the key that signed it"),
        text("at", "Time that the signer gave, UTC"),
    ),
)  # fmt: skip

PERIOD_STATES = Table(
    "period_states", "one period of one edition", ("edition", "period"),
    (
        EDITION, _PERIOD,
        text("state", "State of its approval", allowed=("open", "prepared", "reviewed", "locked", "restated")),
        Column("as_approved", pl.Boolean(), "Whether the present numbers are those approved; null where nothing is approved, or there are no present numbers", nullable=True),
        Column("sequence", pl.Int64(), "Entry that brought the state about; null for none", nullable=True),
        text("by", "Label of the key of that entry", nullable=True),
        text("at", "Time of that entry, UTC", nullable=True),
        text("approved_digest", "SHA-256 of the numbers that the latest approval is about", nullable=True),
        text("present_digest", "SHA-256 of the present numbers", nullable=True),
        text("reason", "Why an approval is void, or a state is not what was signed", nullable=True),
    ),
)  # fmt: skip
