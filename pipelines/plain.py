"""What is printed where a terminal or a pipe cannot show every character: marks that mean something stay told apart."""

import codecs

HANDLER = "esg_kpis_plain"
_INSTEAD = {
    "–": "-", "—": "-", "−": "-", "≠": "!=", "≤": "<=", "≥": ">=", "±": "+-", "×": "x", "÷": "/", "…": "...", "→": "->", "·": ".", "’": "'", "‘": "'", "“": '"', "”": '"', "²": "2", "³": "3", "°": " deg ", "₂": "2",
}  # fmt: skip


def _instead(error: UnicodeError) -> tuple[str | bytes, int]:
    """Something like it, or a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_INSTEAD.get(character, "?") for character in error.object[error.start : error.end]), error.end


codecs.register_error(HANDLER, _instead)
