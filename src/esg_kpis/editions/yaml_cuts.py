"""Changes to the text of a YAML file by the places of its nodes, so that every comment, the order and the way of writing stay."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import yaml


@dataclass
class Cuts:
    """Replacements of parts of a text, gathered first and made at once. The same place changed twice in the same way, as by an alias, is changed once."""

    text: str
    made: dict[tuple[int, int], str] = field(default_factory=dict)

    def replace_list(self, node: yaml.SequenceNode, values: Collection[str]) -> None:
        """Gives a list of texts other values."""
        start = _start(node)
        self.made[start, _end(self.text, node)] = "[" + ", ".join(f'"{value}"' for value in values) + "]"

    def remove(self, parent: yaml.CollectionNode, gone: Collection[int]) -> None:
        """Takes items of a list, or pairs of a mapping, away by their numbers. Of what is written a line or more each, comments directly above go with it."""
        places = [_place(self.text, item) for item in parent.value]
        if not gone:
            return
        if parent.flow_style:
            kept = [self._changed(*place) for number, place in enumerate(places) if number not in gone]
            self._forget(places[0][0], places[-1][1])
            self.made[places[0][0], places[-1][1]] = ", ".join(kept)
            return
        for number in gone:
            whole = self._whole_lines(*places[number])
            self._forget(*whole)
            self.made[whole] = ""

    def _changed(self, start: int, end: int) -> str:
        """A part of the text with the changes made within it."""
        part = self.text[start:end]
        for (first, last), new in sorted(self.made.items(), reverse=True):
            if start <= first and last <= end:
                part = part[: first - start] + new + part[last - start :]
        return part

    def _forget(self, start: int, end: int) -> None:
        """Drops changes within a part that is replaced as a whole."""
        self.made = {place: new for place, new in self.made.items() if not (start <= place[0] and place[1] <= end)}

    def _whole_lines(self, start: int, end: int) -> tuple[int, int]:
        first = self.text.rfind("\n", 0, start) + 1
        while (above := self.text.rfind("\n", 0, max(first - 1, 0)) + 1) < first and self.text[above:first].lstrip().startswith("#"):
            first = above
        last = self.text.find("\n", end) + 1 or len(self.text)
        # One blank line of the two around what is gone goes too.
        if self.text[last : last + 1] == "\n" and (first == 0 or self.text[max(first - 2, 0) : first] == "\n\n"):
            last += 1
        return first, last

    def done(self) -> str:
        """The text with all changes made."""
        return self._changed(0, len(self.text))


def pairs(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """The values of a mapping by their keys; nothing for anything else."""
    return {str(key.value): value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """The items of a list; nothing for anything else."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def texts(node: yaml.Node | None) -> list[str]:
    """The items of a list of texts."""
    return [str(item.value) for item in items(node)]


def number_of(node: yaml.Node, key: str) -> int:
    """Which pair of a mapping has a key."""
    return list(pairs(node)).index(key)


def composed(text: str) -> yaml.Node | None:
    """The nodes of a YAML text with their places in it."""
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    return node


def _place(text: str, item: yaml.Node | tuple[yaml.Node, yaml.Node]) -> tuple[int, int]:
    if isinstance(item, tuple):
        return _start(item[0]), _end_of_pair(text, item)
    return _start(item), _end(text, item)


def _start(node: yaml.Node) -> int:
    return int(node.start_mark.index)


def _end(text: str, node: yaml.Node) -> int:
    """Where the content of a node ends, without the blank lines and comments behind it that YAML counts to it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end_of_pair(text, last) if isinstance(last, tuple) else _end(text, last)
    start, end = _start(node), int(node.end_mark.index)
    return start + len(text[start:end].rstrip())


def _end_of_pair(text: str, pair: tuple[yaml.Node, yaml.Node]) -> int:
    """An alias leads to a node above its own key; it ends where it is written."""
    key, value = pair
    alias = re.compile(r"\*[^\s,\]}]+").search(text, int(key.end_mark.index)) if _start(value) < _start(key) else None
    return alias.end() if alias else _end(text, value)
