"""What is looked for, what answers it, and the rules of an edition that decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from esg_kpis.domains import derived
from esg_kpis.editions import EditionFile, FactorRule, Period
from esg_kpis.factors.library import GWP_SOURCE, Factor

INSTRUMENTS_SOURCE = "instruments"
"""Stands for the ledger of contractual instruments; the record takes the place of the method."""

OF_INSTRUMENT = "instrument "
"""How the id of a contractual factor begins; its record follows."""

APART = "|"
"""Between the regions of a chain where it stands in one text."""

NEEDS = dict.fromkeys(("measure", "output", "gas_in", "gas", "chain", "kind", "period", "dimensions"), pl.String())
"""What is looked for, as columns: `gas_in` is the gas that comes in, `gas` the one wanted; `chain` the site's regions, nearest first, joined by `APART`."""


@dataclass(frozen=True)
class Need:
    """What is looked for: from a measure to an output of one gas, at sites of one region chain and kind, in one period."""

    measure: str
    output: str
    gas: str
    chain: tuple[str, ...]
    kind: str
    period: Period
    gas_in: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        gas = f" of {self.gas}" if self.gas else ""
        of = f" ({', '.join(f'{name} {value}' for name, value in self.dimensions.items())})" if self.dimensions else ""
        return f"{self.output}{gas} from {self.measure}{of} in {' > '.join(self.chain)}, {self.period.id}"

    def row(self) -> dict[str, str]:
        """The need as a row of `NEEDS`."""
        said = ";".join(f"{name}={value}" for name, value in self.dimensions.items())
        return {
            "measure": self.measure, "output": self.output, "gas_in": self.gas_in or self.gas, "gas": self.gas, "chain": APART.join(self.chain), "kind": self.kind,
            "period": self.period.id, "dimensions": said,
        }  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """The factor that serves a need, the rule that chose it, and why in one sentence."""

    factor: Factor
    rule: str
    why: str


def rules_of(edition: EditionFile) -> tuple[FactorRule, ...]:
    """The edition's rules, and those that follow from its GWP set and its market-based method."""
    gwp = FactorRule(
        id=f"gwp-{edition.gwp_set.lower()}",
        measures=(derived.EMISSION_GAS,),
        output=derived.EMISSION_CO2E,
        gases=("*",),
        source=GWP_SOURCE,
        method=edition.gwp_set,
        text=edition.gwp_text,
    )
    if edition.market_based is None:
        return (*edition.factor_rule, gwp)
    contracts = FactorRule(
        id="contractual-instruments", measures=(derived.CONTRACTED,), output=derived.EMISSION_GAS, gases=("CO2",), source=INSTRUMENTS_SOURCE, method="{instrument}", factor_region="GLOBAL",
        text="The emission rate that the instrument conveys.",
    )  # fmt: skip
    return (*edition.factor_rule, contracts, gwp)
