"""Two editions of made-up records with a thing or two changed, and the bridge between them."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from esg_kpis.editions import Edition, read_edition
from esg_kpis.factors import Library
from esg_kpis.restatement.bridge import Bridge, bridges
from esg_kpis.restatement.causes import Pair, Side
from esg_kpis.restatement.evaluation import Mixtures, Spot
from tests.scenario import EVERYWHERE, Row, computed, edition_folder


def edition_named(root: Path, name: str, kpis: Sequence[Row], rules: str = EVERYWHERE, published: str | None = None, **head: str) -> Edition:
    """As `edition_of`, under a name of its own."""
    folder = edition_folder(root / f"making-{name}", kpis, rules, published, id=name, **head)
    return read_edition(folder.rename(folder.with_name(name)))


def side_of(edition: Edition, bills: Sequence[Row], library: Library, **given: Any) -> Side:  # noqa: ANN401
    result = computed(edition, bills, library=library, **given)
    return Side(edition, edition.rules.knowledge_date, library, result.received, result.values, result.published)


def pair_of(first: Edition, second: Edition, bills: Sequence[Row], library: Library, kpi: str = "ghg", period: str = "2023", **given: Any) -> Pair:  # noqa: ANN401
    """Two editions of the same records."""
    one, other = side_of(first, bills, library, **given), side_of(second, bills, library, **given)
    return Pair(one, replace(other, received=one.received), period, (kpi,))


def bridge_of(pair: Pair, spot: Spot | None = None) -> Bridge:
    """The bridge of one cell, which is to have one."""
    made, none = bridges(Mixtures(pair), [spot or (pair.kpis[0], "total", "All")])
    assert none == {}
    return made[0]


def effects(bridge: Bridge) -> dict[str, Fraction]:
    return {bar.name: bar.effect.mean for bar in bridge.bars}
