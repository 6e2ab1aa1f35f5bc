"""What an edition says of uncertainties: one [[uncertainty]] of edition.toml."""

from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator

from esg_kpis.domains import DOMAIN_OF
from esg_kpis.editions.entry import SITE_ATTRIBUTES, Entry, Where, all_known
from esg_kpis.tables import QUALITIES


class Uncertainty(Entry):
    """How far activities or factors may be off. The first one that speaks of an activity, or of a factor, decides.

    percent: half of the 95 % interval in percent of the value. Zero is a decision like any other (a definition, a conversion of units), and says why in `text`.
    Activities are named by `measures` as they are sent, and may be narrowed by `quality` and `where`; factors by their ids, or by the ids of their sources, and may be narrowed by `gases`.
    """

    id: str
    percent: Decimal = Field(ge=0, max_digits=30, decimal_places=12, allow_inf_nan=False)
    measures: tuple[str, ...] = ()
    quality: tuple[str, ...] = ()
    where: Where = Field(default_factory=dict)
    factors: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    gases: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    text: str

    @property
    def of_factors(self) -> bool:
        """Whether it speaks of factors; of activities otherwise."""
        return bool(self.factors or self.sources)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if bool(self.measures) == self.of_factors:
            raise ValueError(f"uncertainty '{self.id}' must speak either of activities (measures) or of factors (factors, sources)")
        if self.of_factors and (self.quality or self.where):
            raise ValueError(f"uncertainty '{self.id}' speaks of factors; quality and where narrow activities only")
        if self.measures and self.gases:
            raise ValueError(f"uncertainty '{self.id}' speaks of activities; gases narrow factors only")
        if not self.text.strip():
            raise ValueError(f"uncertainty '{self.id}' needs a text: who says so, and where")
        all_known(self.measures, DOMAIN_OF, "measure that is sent")
        all_known(self.quality, QUALITIES, "quality")
        all_known(self.where, SITE_ATTRIBUTES, "site attribute")
        return self
