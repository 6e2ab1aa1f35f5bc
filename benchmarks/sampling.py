"""How often a monetary-unit sample finds a known overstatement: `PYTHONPATH=. python benchmarks/sampling.py OUT [SEEDS]`, OUT being a folder of results of the worked data. Makes the table of docs/sampling.md."""

import sys
from fractions import Fraction
from pathlib import Path

from rich.console import Console

from esg_kpis.sampling import Plan
from esg_kpis.sampling.population import amounts_of
from pipelines.sampling import sampled
from tests.sampling_scenario import WAYS, concluded, items, plan

ROOT = Path(__file__).parent.parent
CASES = (("6", "0"), ("6", "1"), ("5.27", "0"), ("5.27", "1"), ("1", "0"), ("1", "1"), ("0", "0"))
"""Overstatement in percent of the truth, and what the plan expects in percent of the books. 5.27 % of the truth is 5.006 % of the books: just material."""


def main() -> None:
    """Prints how often the conclusion is that the overstatement may be material."""
    out, seeds = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    population = sampled(ROOT, out, Plan("2023", "ghg_scope_1_2", "2023", "total", "All")).drawn.population
    truth = dict(zip(population["item_id"], amounts_of(population), strict=True))
    terminal = Console()
    for share, expected in CASES:
        for name, way in WAYS.items():
            books = items(way(truth, Fraction(share) / 100))
            found = sum(concluded(books, truth, plan(seed=seed, expected=expected)) for seed in range(seeds))
            terminal.print(f"{share} % of the truth, expected {expected} %, {name}: {found} of {seeds}", markup=False, highlight=False)


if __name__ == "__main__":
    main()
