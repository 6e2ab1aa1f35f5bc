"""The assurer's explorer: from any figure to its formula, amounts, factors and the line of a file, and back. What its pages load is written here; `static/explorer.js` shows it.

A page opened from disk can load scripts and nothing else. So the data lie in scripts: an index with what a search needs, and files of about a hundred kilobytes with everything else, each loaded when it is asked for.
"""

from typing import Any

from esg_kpis.report.site.basis import LANGUAGES, SiteBasis
from esg_kpis.report.site.explorer.amounts import amount_files, estimate_rows
from esg_kpis.report.site.explorer.gathered import Gathered, gather
from esg_kpis.report.site.explorer.index import index_of
from esg_kpis.report.site.explorer.measures import made_from, measure_pages
from esg_kpis.report.site.explorer.places import codes_of, factor_pages, meter_pages, site_pages
from esg_kpis.report.site.explorer.put import path_of, script, shelved
from esg_kpis.report.site.explorer.records import file_pages, record_files
from esg_kpis.report.site.explorer.sums import sum_pages
from esg_kpis.report.site.explorer.words import words_in

__all__ = ["explorer_files"]


def explorer_files(basis: SiteBasis) -> dict[str, bytes]:
    """The data of the explorer: path in the site to content. The same basis gives the same bytes.

    Persons are in none of it: no rows about them, no amounts that count them, of their sums the totals only, and of what is withheld not even those.

    Raises:
        InternalProblem: if a formula over the terms does not give a figure to its last digit.
    """
    run = gather(basis)
    codes, answers = codes_of(basis, run.pages)
    content = amount_files(run.rows, run.amounts.groups, run.site_of) | record_files(basis, run.records, run.rows, run.feeds.records, run.site_of, run.files)
    starts: dict[str, list[int]] = {}
    for kind, items in _shelves(run, answers).items():
        made, starts[kind] = shelved(kind, items)
        content |= made
    content[path_of("index")] = script("index", index_of(run, codes, starts))
    # Both languages answer to the same name: a page loads the words of its own.
    return content | {path_of(f"words-{language}"): script("words", words_in(language)) for language in LANGUAGES}


def _shelves(run: Gathered, answers: list[list[dict[str, Any]]]) -> dict[str, list[Any]]:
    """What goes into files of about the same size, by kind."""
    basis, pages, feeds = run.basis, run.pages, run.feeds
    return {
        "sums": sum_pages(run.figures.blocks, run.amounts, run.site_of, pages.used),
        "kpis": pages.kpis,
        "cells": pages.cells,
        "terms": pages.terms,
        "sets": run.sets.cells,
        "estimates": estimate_rows(run.estimates, run.amounts),
        "sites": site_pages(basis, run.records, run.sites, feeds.sites),
        "meters": meter_pages(basis, run.records, run.meters, feeds.meters),
        "files": file_pages(basis, run.files, feeds.files),
        "measures": measure_pages(basis, pages, run.measures, run.files, made_from(run.rows, run.amounts.groups, run.figures)),
        "factors": factor_pages(basis, run.numbers.factors, run.rows, feeds.factors),
        "codes": answers,
    }
