"""The register of approvals: who prepared, reviewed and locked the numbers of a period, and why one was reopened. Signed, chained, append-only."""

from esg_kpis.register.chain import Head, Problem, head_of, problems_of
from esg_kpis.register.effect import effects_of
from esg_kpis.register.entry import Entry, canonical_text, hash_of
from esg_kpis.register.export import Exported, exported, read_export
from esg_kpis.register.frames import approvals, restatements, states, states_with
from esg_kpis.register.guard import Guarded, Held, guarded
from esg_kpis.register.keys import KEYS_FILE, MAY, ROLES, Keys, TrustedKey, keys_of, keys_text, read_keys, roles_of
from esg_kpis.register.replay import STATES, Standing, State, replayed, state_of, why_void
from esg_kpis.register.statement import ACTIONS, CLASSES, Effect, Restatement, Statement, is_time, signed, statement_of
from esg_kpis.register.store import Register, Turn, open_register

__all__ = [
    "ACTIONS", "CLASSES", "KEYS_FILE", "MAY", "ROLES", "STATES", "Effect", "Entry", "Exported", "Guarded", "Head", "Held", "Keys", "Problem", "Register", "Restatement",
    "Standing", "State", "Statement", "TrustedKey", "Turn", "approvals", "canonical_text", "effects_of", "exported", "guarded", "hash_of", "head_of", "is_time", "keys_of",
    "keys_text", "open_register", "problems_of", "read_export", "read_keys", "replayed", "restatements", "roles_of", "signed", "state_of", "statement_of", "states",
    "states_with", "why_void",
]  # fmt: skip
