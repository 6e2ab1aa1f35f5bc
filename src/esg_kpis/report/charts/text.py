"""How much room text takes. Pictures are laid out by these widths, never by the fonts of the machine that draws them, so that every machine makes the same bytes."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from fractions import Fraction
from functools import cache

_NARROW = frozenset("ijlftrI.,:;|'!()[] -")
_WIDE = frozenset("mwMW%@")
_CHINESE = "⺀-鿿豈-﫿！-｠"
_TOKENS = re.compile(rf"[{_CHINESE}][，。、：；）」』！？]*|(?:\xa0|[^\s{_CHINESE}])+[，。、：；）」』！？]*|[^\S\xa0]+")
"""A Chinese character, or a word, with the punctuation that may not begin a line; or space that may end one."""


@cache
def _em(letter: str) -> int:
    """The width of a letter in hundredths of the font's size: that of wide fonts, so that others leave room."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 100
    if letter in _NARROW:
        return 40
    if letter in _WIDE:
        return 95
    return 70 if letter.isupper() else 63


def width_of(text: str, size: int, *, bold: bool = False) -> int:
    """The width of a line of text, rounded up."""
    return -(-size * sum(_em(letter) for letter in text) * (112 if bold else 100) // 10000)


def widest(texts: Sequence[str], size: int) -> int:
    """The width of the widest of some lines."""
    return max((width_of(text, size) for text in texts), default=0)


def wrapped(text: str, width: int, size: int, *, bold: bool = False) -> list[str]:
    """Text in lines that fit a width: broken between words, and between Chinese characters; within a word only where it alone is too wide. Nothing is cut."""
    width = width * 100 // 112 if bold else width
    lines, line = [], ""
    for token in (part for whole in _TOKENS.findall(text) for part in _fitting(whole, width, size)):
        if line and width_of((line + token).rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line = line + token if line else token.lstrip()
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _fitting(token: str, width: int, size: int) -> list[str]:
    """A token, in pieces where it alone is too wide: after its joints if it has any, else anywhere."""
    if width_of(token, size) <= width:
        return [token]
    pieces = [piece for piece in re.split(r"(?<=[-_/|.])", token) if piece]
    if len(pieces) > 1:
        return [part for piece in pieces for part in _fitting(piece, width, size)]
    found, piece = [], ""
    for letter in token:
        if piece and width_of(piece + letter, size) > width:
            found.append(piece)
            piece = ""
        piece += letter
    return [*found, piece]


def with_room(middles: Sequence[Fraction], labels: Sequence[str], size: int, ends: tuple[int, int], first: Collection[int] = ()) -> list[tuple[Fraction, str]]:
    """The labels below an axis that have room beside each other, with their middles: those of `first` before the others, then from the last one backwards. None goes beyond the `ends`."""
    wide = [Fraction(width_of(label, size)) for label in labels]
    at = [max(min(middle, ends[1] - own / 2), ends[0] + own / 2) for middle, own in zip(middles, wide, strict=True)]
    taken: list[int] = []
    for place in dict.fromkeys([*first, *reversed(range(len(labels)))]):
        if all(abs(at[place] - at[other]) >= (wide[place] + wide[other]) / 2 + 3 for other in taken):
            taken.append(place)
    return [(at[place], labels[place]) for place in sorted(taken)]
