"""Characters that nobody sees and that change what is seen: those that turn the direction of text round, and those that a terminal obeys."""

import re

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls but for tab and end of line; embeddings, overrides and isolates of direction. static/explorer.js has the same."""


def made_visible(text: str) -> str:
    """Text of a sender or an edition as it may be shown. With U+202E between them `12` and `34` read 1243 to a person, so what is shown is `12[U+202E]34`; and a terminal gets no order from a file's name."""
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
