"""What an entry of the register says, as an in-toto Statement, and the bytes of it that are signed.

Sources: in-toto Attestation Framework, Statement v1 (`spec/v1/statement.md`): `_type`, `subject`, `predicateType`, `predicate`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from esg_kpis.errors import InputProblem
from esg_kpis.signing import IN_TOTO, fingerprint, opened, sealed

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:esg-kpis:register-entry:v1"
ACTIONS = ("prepared", "reviewed", "locked", "restated")
CLASSES = ("error", "method", "factor", "boundary", "structural", "data")
"""Why a locked period is reopened, as the GHG Protocol Corporate Standard (chapter 5) tells causes apart; `data` is for records that came or were mended later."""
START = "0" * 64
"""What stands for the hash of the entry before the first one."""


@dataclass(frozen=True)
class Effect:
    """What a restatement does to one cell. Numbers are text, as they were approved: empty where there is none."""

    kpi_id: str
    breakdown: str
    category: str
    unit: str
    old: str
    new: str
    difference: str
    percent: str
    beyond: bool | None
    """Whether the change is larger than 5 % of the old value; None where there is no old value or it is zero."""


@dataclass(frozen=True)
class Restatement:
    """Why a locked period is reopened, and what that does."""

    reason: str
    kind: str
    lock: int
    """Sequence number of the lock that it opens."""
    new_digest: str
    """Digest of the numbers as they were when this was signed; what is locked later may differ again."""
    effects: tuple[Effect, ...]
    unchanged: int


@dataclass(frozen=True)
class Statement:
    """What one entry says. `digest` is that of the numbers approved (of a restatement: of those that were locked), `after` the entry it was signed upon."""

    action: str
    edition: str
    period: str
    digest: str
    role: str
    key: str
    at: str
    note: str = ""
    run: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, int] = field(default_factory=dict)
    restatement: Restatement | None = None
    after: tuple[int, str] = (0, START)


def payload_of(statement: Statement) -> bytes:
    """The statement as JSON, keys in order: the same statement gives the same bytes."""
    said: dict[str, Any] = {
        "action": statement.action, "edition": statement.edition, "period": statement.period, "role": statement.role, "key": statement.key, "at": statement.at,
        "note": statement.note, "run": dict(statement.run), "cells": dict(statement.cells), "after": {"sequence": statement.after[0], "hash": statement.after[1]},
    }  # fmt: skip
    if statement.restatement is not None:
        said["restatement"] = asdict(statement.restatement)
    subject = {"name": f"kpi_values/{statement.edition}/{statement.period}", "digest": {"sha256": statement.digest}}
    content = {"_type": STATEMENT, "subject": [subject], "predicateType": PREDICATE, "predicate": said}
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signed(statement: Statement, after: tuple[int, str], key: Ed25519PrivateKey) -> bytes:
    """The envelope of a statement that follows upon the entry `after`."""
    return sealed(IN_TOTO, payload_of(replace(statement, after=after, key=fingerprint(key.public_key()))), [key])


def statement_of(envelope: bytes) -> Statement:
    """What an envelope of the register says; its signature is not looked at.

    Raises:
        InputProblem: if it is no envelope, or does not hold such a statement in exactly the form in which it is written.
    """
    found = opened(envelope, [])
    try:
        statement = _parsed(json.loads(found.payload))
        whole = found.payload_type == IN_TOTO and payload_of(statement) == found.payload
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise InputProblem(f"This is no statement of the register: {type(error).__name__}: {str(error)[:80]}.", mend="Take the register as it was kept.") from None
    if not whole:
        raise InputProblem("This statement is not written as the register writes it.", mend="Take the register as it was kept.")
    return statement


def _parsed(content: Any) -> Statement:  # noqa: ANN401
    said, subject = content["predicate"], content["subject"][0]
    again = said.get("restatement")
    restatement = None if again is None else Restatement(**{**again, "effects": tuple(Effect(**item) for item in again["effects"])})
    names = ("action", "edition", "period", "role", "key", "at", "note", "run", "cells")
    statement = Statement(
        **{name: said[name] for name in names}, digest=subject["digest"]["sha256"], restatement=restatement, after=(said["after"]["sequence"], said["after"]["hash"])
    )
    if statement.action not in ACTIONS or (statement.action == "restated") != (restatement is not None):
        raise ValueError(f"action '{statement.action}'")
    if restatement is not None and restatement.kind not in CLASSES:
        raise ValueError(f"class '{restatement.kind}'")
    texts = (statement.edition, statement.period, statement.role, statement.note, statement.key, statement.digest)
    if not all(isinstance(text, str) for text in texts) or not isinstance(statement.after[0], int) or not is_time(statement.at):
        raise ValueError("text, a number or a time stands where another belongs")
    return statement


def is_time(text: object) -> bool:
    """Whether it is a time as an entry holds it: UTC, to the second, such as 2024-04-09T10:00:00Z. Such times are in order as text."""
    try:
        return isinstance(text, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text, re.ASCII)) and bool(datetime.fromisoformat(text))
    except ValueError:
        return False
