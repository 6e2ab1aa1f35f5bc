"""Numbers of certificates: which of them a number, or a range of numbers, stands for, in whatever way it is written."""

import re
import unicodedata
from dataclasses import dataclass

_NUMBERS = re.compile(r"[0-9]+")
_RANGE_MARK = re.compile(r"^\s*(?:-|–|—|~|～|至|to|\.\.+|/)\s*(?P<again>\D*)$")
_MARKS = re.compile(r"-|–|—|~|～|至|\bto\b|\.\.+|/")
_ENDS_IN_NUMBER = re.compile(r"^(?P<head>.*?)(?P<number>[0-9]+)$")
_YEAR = re.compile(r"^(?:19|20)[0-9]{2}$")


@dataclass(frozen=True)
class Certificates:
    """Certificates from one number through another, behind what stands before the number, in letters and digits only."""

    head: str
    first: int
    last: int

    @property
    def held(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


def bare(text: str) -> str:
    """Letters and digits of a text, in one case and width."""
    return re.sub(r"[\W_]", "", _folded(text))


def words_of(text: str) -> str:
    """A text by its groups of letters and digits: `GOOD 0350` is `GOOD-0350`, and `PPA-1-1` is not `PPA-11`."""
    return re.sub(r"[\W_]+", "-", _folded(text)).strip("-")


def certificates_of(text: str) -> Certificates | None:
    """What a number stands for: the last two numbers of a range (`GEC-2023-0001-0500`, `W0001–W0400`, `Q1051-150`), or the last number alone. None where there is no number.

    A year in the head (`GEC-2023-5000`) begins no range. Words behind the number, such as `wind`, make no other certificate.
    """
    folded = _folded(text)
    if (named_twice := _with_heads(folded)) is not None:
        return named_twice
    numbers = list(_NUMBERS.finditer(folded))
    if not numbers:
        return None
    if len(numbers) > 1:
        one, two = numbers[-2:]
        head = folded[: one.start()]
        mark = _RANGE_MARK.match(folded[one.end() : two.start()])
        year_of_head = len(numbers) == 2 and bool(_YEAR.match(one[0])) and bool(bare(head)) and not head[-1:].isalnum()
        longer = len(two[0]) > len(one[0]) and not bare(mark["again"] if mark else "") and bool(head) and not head[-1:].isalnum()  # REG-12-0050
        if mark and not year_of_head and not longer and bare(mark["again"]) in ("", re.sub(r"[0-9]", "", bare(head)), bare(head)):
            last = one[0][: len(one[0]) - len(two[0])] + two[0] if len(two[0]) < len(one[0]) and int(two[0]) < int(one[0]) else two[0]
            if int(one[0]) <= int(last):
                return Certificates(bare(head), int(one[0]), int(last))
    alone = numbers[-1]
    return Certificates(bare(folded[: alone.start()]), int(alone[0]), int(alone[0]))


def _with_heads(folded: str) -> Certificates | None:
    """A range whose both ends name the head, such as `W0001-W0400` or `2023-01-0001 至 2023-01-0050`."""
    for mark in _MARKS.finditer(folded):
        one, two = _ENDS_IN_NUMBER.match(folded[: mark.start()].strip()), _ENDS_IN_NUMBER.match(folded[mark.end() :].strip())
        if one and two and bare(one["head"]) and bare(one["head"]) == bare(two["head"]) and int(one["number"]) <= int(two["number"]):
            return Certificates(bare(one["head"]), int(one["number"]), int(two["number"]))
    return None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
