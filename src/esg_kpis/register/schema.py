"""The tables of the register, and what in the database itself refuses to change them. One declaration for SQLite and PostgreSQL."""

from sqlalchemy import DDL, BigInteger, CheckConstraint, Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table, event

SCHEMA_VERSION = 1
"""Raised when the tables change. A register of another version is refused, never changed in silence."""

metadata = MetaData()
ABOUT = Table("register_about", metadata, Column("schema_version", Integer, primary_key=True, autoincrement=False))
APPROVED = Table("register_approved", metadata, Column("digest", String(64), primary_key=True), Column("content", LargeBinary, nullable=False))
ENTRIES = Table(
    "register_entries", metadata,
    Column("sequence", BigInteger, CheckConstraint("sequence > 0"), primary_key=True, autoincrement=False),
    Column("previous", String(64), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("subject", String(64), ForeignKey(APPROVED.c.digest), nullable=False),
    Column("envelope", LargeBinary, nullable=False),
)  # fmt: skip
_REFUSAL = "the register is append-only"


def _refuse_changes(table: Table) -> None:
    """Triggers that refuse UPDATE and DELETE (and TRUNCATE), and on SQLite the INSERT OR REPLACE that would go round them."""
    name = table.name
    replaced = f"NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM {name})" if table is ENTRIES else f"EXISTS (SELECT 1 FROM {name} WHERE {table.primary_key.columns[0].name} = NEW.{table.primary_key.columns[0].name})"  # noqa: S608
    for action in ("UPDATE", "DELETE"):
        _after_create(table, "sqlite", f"CREATE TRIGGER {name}_no_{action.lower()} BEFORE {action} ON {name} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END")
    _after_create(table, "sqlite", f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} WHEN {replaced} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END")
    function = f"CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    _after_create(table, "postgresql", function)
    _after_create(table, "postgresql", f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()")


def _after_create(table: Table, dialect: str, statement: str) -> None:
    event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


for _table in (ABOUT, APPROVED, ENTRIES):
    _refuse_changes(_table)
