"""The text of a TOML file in blocks, one per header, so that entries can be dropped and single values replaced while every comment and the order stay."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

_HEADER = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(#.*)?$")


@dataclass
class Block:
    """A header with its keys.

    Attributes:
        name: Dotted name of the header; empty for what stands before the first one.
        lead: Comment lines directly above the header: they are about this entry, and go where it goes.
        lines: The header and its keys, with line ends.
        tail: Blank lines and comments after the last key, such as the heading of the next section.
    """

    name: str
    lead: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        """Its own keys, without those of headers below it."""
        return tomllib.loads("".join(self.lines[1:] if self.name else self.lines))

    @property
    def text(self) -> str:
        """The block as it stands in the file."""
        return "".join([*self.lead, *self.lines, *self.tail])

    def replace(self, key: str, value: str | None) -> None:
        """Gives a key another value, as TOML text, or takes it away with None. Comments behind the value are kept."""
        found = self._span(key)
        if found is None:
            return
        first, last = found
        comments = _comments(self.lines[first:last])
        self.lines[first:last] = [] if value is None else [f"{key} = {value}{'  ' if comments else ''}{' '.join(comments)}\n"]

    def _span(self, key: str) -> tuple[int, int] | None:
        """From which line to which a key and its value stand; a value may take several lines."""
        start = 1 if self.name else 0
        for first in range(start, len(self.lines)):
            if re.match(rf"\s*{re.escape(key)}\s*=", self.lines[first]) and _parses(self.lines[start:first]):
                return first, next(last for last in range(first + 1, len(self.lines) + 1) if _parses(self.lines[first:last]))
        return None


def blocks_of(text: str) -> list[Block]:
    """The blocks of a TOML file, in order; their texts make the file again.

    Raises:
        tomllib.TOMLDecodeError: if it is no TOML.
    """
    tomllib.loads(text)
    lines = (text if text.endswith("\n") or not text else text + "\n").splitlines(keepends=True)
    blocks, body = [Block("")], 0
    for number, line in enumerate(lines):
        header = _HEADER.match(line)
        if header and _parses(lines[body:number]):
            blocks.append(Block(header[1]))
            body = number + 1
        blocks[-1].lines.append(line)
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        content = 1 + max((number for number, line in enumerate(block.lines) if line.strip() and not line.lstrip().startswith("#")), default=-1)
        block.lines, block.tail = block.lines[:content], block.lines[content:]
        while after is not None and block.tail and block.tail[-1].lstrip().startswith("#"):
            after.lead.insert(0, block.tail.pop())
    return blocks


def text_of(blocks: Iterable[Block]) -> str:
    """The file that blocks make."""
    return "".join(block.text for block in blocks)


def array(names: Iterable[str]) -> str:
    """A list of texts as TOML has it."""
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _parses(lines: list[str]) -> bool:
    try:
        tomllib.loads("".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _comments(lines: list[str]) -> list[str]:
    bare = [re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', lambda match: "x" * len(match[0]), line.rstrip()) for line in lines]
    return [line.rstrip()[mark:] for line, text in zip(lines, bare, strict=True) if (mark := text.find("#")) >= 0]
