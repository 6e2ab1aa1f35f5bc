"""Opening + joined - left = closing."""

from dataclasses import dataclass
from fractions import Fraction

from esg_kpis.printed.figures import Cell
from esg_kpis.printed.intervals import Interval, point, shown
from esg_kpis.printed.relations import Judgement, Prints, judged


@dataclass(frozen=True)
class RollForward:
    """Opening + joined - left = closing; `left` is a count, or, as a share, in percent of the closing."""

    opening: Cell
    joined: Cell
    left: Cell
    closing: Cell
    as_share: bool = True

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All four."""
        return (self.opening, self.joined, self.left, self.closing)

    def judge(self, prints: Prints) -> Judgement:
        """Whether the movements may give the closing."""
        opening, joined, left, closing = (prints[cell] for cell in self.cells)
        gone = left.value * closing.value / 100 if self.as_share else left.value
        value = opening.value + joined.value - gone
        went = f"{shown(gone, 0)} ({left.text} % of {closing.text})" if self.as_share else left.text
        observed = f"{opening.text} + {joined.text} joined - {went} left = {shown(value, closing.decimals)}"
        return judged(observed, self._movements(prints), closing.text, closing.interval, values=(value, closing.value), decimals=closing.decimals)

    def needed(self, cell: Cell, prints: Prints) -> Interval | None:
        """What would close it."""
        opening, joined, left, closing = (prints[each].interval for each in self.cells)
        gone = (left * closing).times(Fraction(1, 100)) if self.as_share else left
        if cell == self.opening:
            return closing - joined + gone
        if cell == self.joined:
            return closing - opening + gone
        if cell == self.left:
            went = opening + joined - closing
            return (went / closing).times(Fraction(100)) if self.as_share else went
        return (opening + joined) / (point(Fraction(1)) + left.times(Fraction(1, 100))) if self.as_share else opening + joined - left

    def _movements(self, prints: Prints) -> Interval:
        opening, joined, left, closing = (prints[each].interval for each in self.cells)
        return opening + joined - ((left * closing).times(Fraction(1, 100)) if self.as_share else left)
