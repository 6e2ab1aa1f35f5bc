"""One chart: its picture, and the same numbers as text."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chart:
    """A chart of the report site.

    Attributes:
        id: Its name in links and in the ids of its picture.
        title: What stands above it.
        svg: The picture, to stand inside a page: no script, nothing from elsewhere, colours by the variables of `colours.css`.
        note: What is shown, in which unit, and what is left out.
        header: The columns of the same numbers as text.
        rows: The numbers, with the decimals they are printed with.
        flat: Whether it shows nothing but zeros, and can stay off the first page.
        links: Words and addresses of places that tell more.
    """

    id: str
    title: str
    svg: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[tuple[str, str], ...] = ()
    flat: bool = False
