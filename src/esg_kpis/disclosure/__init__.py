"""Small groups: figures about fewer than k persons are left out of what is published, and so is whatever would give them back.

A reader of the published table knows more than the cell: totals, the other categories, and that people come in whole numbers. A share of 0.53 % and a
rate of 39.83 % of 22,074 employees can only be 47 of 118. So each group that is too small is looked at the way such a reader would: from all figures that are
still shown (`reader`). As long as they show that it has fewer than k persons, one more figure is left out (`suppress`).

Source: the threshold rule, complementary suppression and the attacker's linear programme of statistical offices (Hundepool et al., Statistical Disclosure
Control, 2012, chapter 4).
"""

from esg_kpis.disclosure.counts import Term, withheld
from esg_kpis.disclosure.suppress import suppressed

__all__ = ["Term", "suppressed", "withheld"]
