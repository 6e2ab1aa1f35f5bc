"""Populations for tests of samples: plain items, and books that are overstated by a known share of the truth in different ways."""

import hashlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import openpyxl
import polars as pl

from esg_kpis.files import Source
from esg_kpis.report.working_paper import paper_as_csv, paper_as_xlsx
from esg_kpis.sampling import Drawn, Evaluated, Plan, drawn, evaluate
from esg_kpis.sampling.evaluate import limits_of
from esg_kpis.sampling.omissions import OMISSION
from esg_kpis.sampling.paper import ANSWERS, HEADER, OMISSION_ANSWERS, OMISSION_COLUMNS, OMISSIONS, SAMPLE, SAMPLE_COLUMNS, About
from esg_kpis.sampling.plan import tolerable_of
from esg_kpis.sampling.population import ITEM, exact_text
from esg_kpis.sampling.taken_back import taken_back

Amounts = Mapping[str, Fraction]


def items(amounts: Mapping[str, Fraction | int | str], **columns: Mapping[str, str]) -> pl.DataFrame:
    """Items of these amounts; `columns` give further texts by item."""
    rows = [{"item_id": name, "exact": exact_text(Fraction(amount)), **{key: texts[name] for key, texts in columns.items()}} for name, amount in amounts.items()]
    frame = pl.DataFrame(rows, schema_overrides={"item_id": pl.String(), "exact": pl.String()})
    return frame.with_columns(pl.lit("" if dtype == pl.String() else None, dtype=dtype).alias(name) for name, dtype in ITEM.items() if name not in frame.columns)


def plan(**given: object) -> Plan:
    """A plan for a cell that does not matter."""
    return Plan("2023", "kpi", "2023", "total", "All", **given)  # type: ignore[arg-type]


def concluded(books: pl.DataFrame, truth: Amounts, by: Plan) -> bool:
    """Whether a sample of the books, examined against the truth, says that the overstatement may be material."""
    sample = drawn(books, by)
    over, _ = limits_of(sample, {item: truth.get(item, Fraction(0)) for item in sample.sample["item_id"]})
    assert over.upper is not None
    return over.upper > tolerable_of(by, sample.value)


# ---------------------------------------------------------------- books that are overstated


def on_every_record(truth: Amounts, share: Fraction) -> dict[str, Fraction]:
    """Each record by the same share: a factor that is too high."""
    return {item: amount * (1 + share) for item, amount in truth.items()}


def counted_twice(truth: Amounts, share: Fraction) -> dict[str, Fraction]:
    """Records that are in the books a second time, chosen by a digest, up to the share; of the last of them a part."""
    return {**truth, **{f"again-{item}": amount for item, amount in _some(truth, sum(truth.values(), Fraction(0)) * share).items()}}


def half_too_much(truth: Amounts, share: Fraction) -> dict[str, Fraction]:
    """Some records at twice what is true: a tainting of 50 %."""
    return {**truth, **{item: truth[item] + more for item, more in _some(truth, sum(truth.values(), Fraction(0)) * share).items()}}


def ten_times(truth: Amounts, share: Fraction) -> dict[str, Fraction]:
    """Some records at ten times what is true, a slipped decimal mark: a tainting of 90 %."""
    wrong = _some(truth, sum(truth.values(), Fraction(0)) * share / 9)
    return {**truth, **{item: truth[item] + 9 * more for item, more in wrong.items()}}


def five_invented(truth: Amounts, share: Fraction) -> dict[str, Fraction]:
    """Five bills that nobody sent, all of one size below the sampling interval."""
    total = sum(truth.values(), Fraction(0)) * share
    return {**truth, **{f"invented-{number}": total / 5 for number in range(5)}}


WAYS: dict[str, Callable[[Amounts, Fraction], dict[str, Fraction]]] = {way.__name__: way for way in (on_every_record, counted_twice, half_too_much, ten_times, five_invented)}


def _some(truth: Amounts, wanted: Fraction) -> dict[str, Fraction]:
    """Amounts of some records, in the order of a digest, that add up to `wanted`; of the last a part."""
    found: dict[str, Fraction] = {}
    for item in sorted(truth, key=lambda item: hashlib.sha256(f"wrong {item}".encode()).hexdigest()):
        rest = wanted - sum(found.values(), Fraction(0))
        if rest <= 0:
            return found
        found[item] = min(truth[item], rest)
    return found


# ---------------------------------------------------------------- papers

ABOUT = About("Emissions (kpi), 2023, total=All", "All that is emitted.", "sum of emission_co2e, in tCO2e", "A report", "tCO2e", 2, "1000.00", "ok", "0123456789abcdef")


def things(*names: str, of: int = 100) -> pl.DataFrame:
    """Things drawn from the list of site months."""
    rows = [{"list": "site_month", "thing_id": name, "what": name, "told": "", "path": "", "sheet": "", "line": None, "sha256": "", "key": "", "size": of, "taken": len(names)} for name in names]
    return pl.DataFrame(rows, schema=OMISSION)


class Paper:
    """A working paper on disk that a test fills in, and evaluates against the sample it was drawn as."""

    def __init__(self, folder: Path, drawn_: Drawn, omissions: pl.DataFrame, name: str = "paper.xlsx") -> None:
        self.path, self.drawn, self.omissions = folder / name, drawn_, omissions
        write = paper_as_xlsx if name.endswith(".xlsx") else paper_as_csv
        self.path.write_bytes(write(drawn_, omissions, ABOUT))

    def fill(self, found: Mapping[str, object] | None = None, omitted: Mapping[str, object] | None = None, amounts: Mapping[str, object] | None = None) -> "Paper":
        """Writes what the assurer found: the book value and 0 where nothing else is given."""
        book = openpyxl.load_workbook(self.path)
        fill_in(book, found or {}, omitted or {}, amounts)
        book.save(self.path)
        return self

    def evaluated(self) -> Evaluated:
        """The paper taken back."""
        content = self.path.read_bytes()
        return evaluate(self.drawn, self.omissions, taken_back(Source(self.path.name, content, hashlib.sha256(content).hexdigest())))


def column(name: str) -> int:
    """The place of a column of the sample, from 1."""
    return [*SAMPLE_COLUMNS, *ANSWERS].index(name) + 1


def omission_column(name: str) -> int:
    """The same of the omissions."""
    return [*OMISSION_COLUMNS, *OMISSION_ANSWERS].index(name) + 1


def fill_in(book: openpyxl.Workbook, found: Mapping[str, object], omitted: Mapping[str, object], amounts: Mapping[str, object] | None = None) -> None:
    """Fills a workbook: by item, and by thing."""
    page = book[SAMPLE]
    for line in range(HEADER + 1, page.max_row + 1):
        item = page.cell(line, column("item_id")).value
        if item:
            page.cell(line, column("audited")).value = found.get(str(item), page.cell(line, column("book")).value)  # type: ignore[assignment]
    page = book[OMISSIONS]
    for line in range(HEADER + 1, page.max_row + 1):
        thing = page.cell(line, omission_column("thing_id")).value
        if thing:
            page.cell(line, omission_column("omitted")).value = omitted.get(str(thing), 0)  # type: ignore[assignment]
            page.cell(line, omission_column("amount")).value = (amounts or {}).get(str(thing))  # type: ignore[assignment]
