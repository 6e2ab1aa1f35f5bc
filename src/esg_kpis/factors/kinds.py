"""Kinds of factors that the unit does not show. Two of different kinds never stand in for each other.

Sources: GHG Protocol Scope 2 Guidance (2015), chapters 4.5, 6 and 7 (average grid factors for the location-based method, residual mix for the market-based one,
neither marginal nor life-cycle values in either); CDM tool 07 (operating, build and combined margin, for offset projects).
"""

from esg_kpis.domains import MEASURES, derived

METHODS: dict[str, str] = {
    "average": "an average of what a grid delivers",
    "average_generation": "an average of what a grid generates",
    "average_excluding_imports": "an average of what a grid generates, without imports",
    "average_operating_margin": "an average of what a grid generates, without its must-run plants",
    "utility": "an average of what a utility sells",
    "guideline": "the value that a guideline prescribes for reports under it",
    "operating_margin": "marginal, of an operating margin, made for offset projects",
    "build_margin": "marginal, of a build margin, made for offset projects",
    "combined_margin": "marginal, of a combined margin, made for offset projects",
    "excluding_market_traded": "of what is left of a grid without the green power sold on the market, for the market-based method",
    "residual_mix": "of the residual mix of a grid, for the market-based method",
    "contract": "contractual, of an instrument that the company holds, for the market-based method",
    "fossil": "of the fossil power of a grid only",
    "life_cycle": "over the life cycle, upstream included, which is Scope 3 in part",
    "transmission_loss": "of losses on the grid, which is Scope 3",
}
"""What the method of an electricity factor says of its kind."""

UNNAMED = ("", "average", "average_excluding_imports", "utility", "guideline")
"""Kinds of electricity factors that serve a rule without a method: an average of what is delivered, where nobody says otherwise. Every other kind is asked for by name."""

NEVER = ("life_cycle", "transmission_loss")
"""Kinds that are of no use for Scope 2, by whatever name."""


def is_of_grid(measure: str, output: str) -> bool:
    """Whether a step is that from electricity to its emissions, where kinds of grid factors matter."""
    return measure.startswith("electricity") and output in (derived.EMISSION_GAS, derived.EMISSION_CO2E)


RESIDUAL = ("excluding_market_traded", "residual_mix")
"""What uncovered electricity takes in the market-based method."""

FACTORS_OF = {derived.UNCONTRACTED: "electricity_purchased", "electricity_saved": "electricity_purchased"}
"""Measures that take the factors of another: what no instrument covers is electricity from the grid, and so would have been what was saved."""

_FORMS = ("_gross_energy", "_energy", "_volume", "_mass")


def family(measure: str) -> str:
    """The fuel or carrier that a measure counts in one of several ways: `natural_gas` by volume, by net and by gross calorific value."""
    return next((measure.removesuffix(form) for form in _FORMS if measure.endswith(form)), measure)


def differs(measure: str, output: str, gwp_set: str | None, wanted_measure: str, wanted_output: str) -> str | None:
    """How a factor differs in kind from what is wanted, naming both; None where it is of the same kind or of no kindred one."""
    if measure != wanted_measure and family(measure) == family(wanted_measure) and measure in MEASURES:
        return f"starts from {measure} ({MEASURES[measure].meaning}), not from {wanted_measure} ({MEASURES[wanted_measure].meaning})"
    emissions = {derived.EMISSION_GAS, derived.EMISSION_CO2E}
    if measure == wanted_measure and output != wanted_output and {output, wanted_output} == emissions:
        both = {derived.EMISSION_GAS: "in mass of the gas itself", derived.EMISSION_CO2E: f"in CO2e by {gwp_set or 'a GWP set that its source does not name'}"}
        return f"is {both[output]}, not {both[wanted_output] if wanted_output == derived.EMISSION_GAS else 'in CO2e'}"
    return None
