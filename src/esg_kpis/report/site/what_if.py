"""Whether a run used other dates than its editions name. Its figures look like those of a report and are not, so every page says so."""

from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.words import said


def what_if(basis: SiteBasis, language: str) -> list[str]:
    """A sentence for each date that is not the usual one; none in a run that was asked for nothing else.

    It goes by the dates in force and not by what was asked for: a run that is asked for the usual dates has the same key, and so must have the same bytes.
    """
    told = []
    for name, edition in basis.editions.items():
        own = edition.rules.knowledge_date.isoformat()
        if (day := basis.facts.get(f"known on {name}", own)) != own:
            told.append(said("page", "known_otherwise", language, document=edition.rules.document, day=day, own=own))
    usual = basis.usual_last_day
    if usual and (day := basis.facts.get("as_of", usual)) != usual:
        told.append(said("page", "data_up_to" if day < usual else "data_beyond", language, day=day, usual=usual))
    return told
