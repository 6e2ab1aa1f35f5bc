"""What a person or a definition says about figures, and that can be judged without calculating: what each side covers."""

from dataclasses import dataclass

from esg_kpis.printed.figures import Cell
from esg_kpis.printed.intervals import EVERYTHING, Interval
from esg_kpis.printed.relations import Judgement, Prints


@dataclass(frozen=True)
class Boundary:
    """What the numerator and the denominator, or the whole and its parts, cover, in words. Other words are another boundary."""

    about: tuple[Cell, ...]
    above: str
    below: str
    kind: str = "above and below the line"

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells."""
        return self.about

    def judge(self, prints: Prints) -> Judgement:
        """Whether the words are the same."""
        texts = ", ".join(prints[cell].text for cell in self.about)
        same = " ".join(self.above.casefold().split()) == " ".join(self.below.casefold().split())
        return Judgement("holds" if same else "cannot_be_rounding", f"{texts}: {self.above}", f"the same boundary {self.kind}: {self.below}", note="" if same else "This is no slip of the pen: two boundaries.")

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """No number mends a boundary."""
        return EVERYTHING
