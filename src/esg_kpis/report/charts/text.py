"""How much room text takes. Pictures are laid out by these widths, never by the fonts of the machine that draws them, so that every machine makes the same bytes."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

_NARROW = frozenset("ijlftrI.,:;|'!()[] -")
_WIDE = frozenset("mwMW%@")
_TOKENS = re.compile(r"[⺀-鿿豈-﫿！-｠][，。、：；）」』！？]*|[^\s⺀-鿿豈-﫿！-｠]+[，。、：；）」』！？]*|\s+")


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
