"""A register as a text file that anybody can carry away and check offline: one JSON object a line.

First `register` (format, number of entries, head), then every `key` that is trusted, the `approved` numbers by digest, and the entries in order.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from esg_kpis.errors import EsgKpisError, InputProblem
from esg_kpis.register.chain import Head, head_of
from esg_kpis.register.entry import Entry
from esg_kpis.register.keys import Keys, keys_of, keys_text

_FORMAT = "esg-kpis register export 1"


@dataclass(frozen=True)
class Exported:
    """What an export holds. `head` is what its first line says."""

    entries: tuple[Entry, ...]
    approved: Mapping[str, bytes]
    keys: Keys
    head: Head


def exported(entries: Sequence[Entry], approved: Mapping[str, bytes], keys: Keys) -> bytes:
    """The file. The same register and keys give the same bytes."""
    head = head_of(entries)
    lines: list[dict[str, object]] = [{"register": _FORMAT, "entries": len(entries), "head": head.hash, "sequence": head.sequence}]
    lines += [{"key": key.id, "block": keys_text(Keys((key,)))} for key in keys.trusted]
    lines += [{"approved": digest, "content": base64.b64encode(content).decode()} for digest, content in sorted(approved.items())]
    lines += [
        {"entry": entry.sequence, "previous": entry.previous, "hash": entry.hash, "subject": entry.subject, "envelope": base64.b64encode(entry.envelope).decode()}
        for entry in entries
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def read_export(content: bytes, where: str) -> Exported:
    """What a file holds, right or wrong; `problems_of` judges it.

    Raises:
        InputProblem: if it is no export, names a line twice, or lines are missing.
    """
    entries: list[Entry] = []
    approved: dict[str, bytes] = {}
    keys, number = Keys(), 0
    try:
        lines = [json.loads(line) for line in content.decode().split("\n") if line]
        if lines[0]["register"] != _FORMAT:
            raise ValueError(f"format '{lines[0]['register']}'")
        head = Head(lines[0]["sequence"], lines[0]["head"])
        for number, line in enumerate(lines[1:], 2):
            if "key" in line:
                keys = keys.with_key(keys_of(line["block"], f"{where}, line {number}").trusted[0])
            elif "approved" in line:
                approved[line["approved"]] = base64.b64decode(line["content"], validate=True)
            else:
                entries.append(Entry(int(line["entry"]), line["previous"], line["hash"], line["subject"], base64.b64decode(line["envelope"], validate=True)))
        whole = len(entries) == lines[0]["entries"]
    except EsgKpisError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, binascii.Error, RecursionError) as error:
        raise InputProblem(f"This is no export of a register: {type(error).__name__}: {str(error)[:80]}.", where=f"{where}, line {number or 1}", mend="`esg-kpis register export` writes one.") from None
    if not whole:
        raise InputProblem(f"It holds {len(entries)} entries, and its first line says {lines[0]['entries']}.", where=where, mend="Take the file as it was written.")
    return Exported(tuple(entries), approved, keys, head)
