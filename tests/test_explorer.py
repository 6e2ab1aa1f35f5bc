"""The explorer's data against the tables of the run: what pages show adds up, leads back to records, and holds nothing about persons."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esg_kpis.assurance.lineage import OF_PEOPLE
from esg_kpis.editions import read_editions
from esg_kpis.exact import rounded
from esg_kpis.report.site.basis import SiteBasis
from esg_kpis.report.site.explorer import explorer_files
from esg_kpis.report.site.explorer.packed import packed, sent
from esg_kpis.report.site.explorer.put import runs, script, shelved
from esg_kpis.report.site.explorer.words import words_in
from pipelines.last_run import last_run
from pipelines.latest import latest_of
from tests.conftest import REPOSITORY, Ran, run_workspace
from tests.evidence_scenario import SITE, TOTAL, everybody, people, ran_small
from tests.people_scenario import spell
from tests.scenario import kpi

_OF_AMOUNTS = ("when", "quantity", "parent", "record", "factor", "rule", "share", "guess", "estimate", "quality")
_SCRIPT = re.compile(rb'ESG\.put\("([^"]+)",(.*)\);\n', re.DOTALL)


def basis_of(ran: Ran) -> SiteBasis:
    """What the site of a run is made of, from its results on the disk."""
    folder = latest_of(ran.out)
    tables = {path.stem: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    facts = json.loads((folder / "run.json").read_text())
    names = sorted(tables["kpi_values"]["edition"].unique(), key=lambda name: (facts[f"known on {name}"], name), reverse=True)
    editions = {name: read_editions(ran.root / "editions", (name,))[0] for name in names}
    return SiteBasis(editions, {name: last_run(ran.root, ran.out, name).inputs for name in names}, tables, facts)


def unpacked(column: Any) -> list[Any]:  # noqa: ANN401
    """A column as the explorer's script unpacks it."""
    if isinstance(column, list):
        return column
    if "of" in column:
        return [column["of"][place] for place in unpacked(column["at"])]
    ((way, runs),) = column.items()
    return [value if way == "runs" or value is None else value + more for value, many in zip(runs[::2], runs[1::2], strict=True) for more in range(many)]


class Data:
    """The data files as a browser would have them after loading them all."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.of = {}
        for path, content in files.items():
            found = _SCRIPT.fullmatch(content)
            assert found is not None, path
            self.of[path.removeprefix("data/").removesuffix(".js")] = json.loads(found.group(2))
        self.index = self.of["index"]

    def all(self, kind: str) -> list[Any]:
        """All things of a kind, in order."""
        return [item for number in range(len(self.index["starts"][kind])) for item in self.of[f"{kind}/{number}"]]

    def rows(self, kind: str) -> Iterator[dict[str, Any]]:
        """Records or amounts, row by row. A column of which nothing is known is left out of its file."""
        for number in range(-(-self.index["many"][kind] // self.index["shard"])):
            part = {name: column if name in ("groups", "kinds", "heads") else unpacked(column) for name, column in self.of[f"{kind}/{number}"].items()}
            kinds, heads = part.pop("kinds", []), part.pop("heads", [])
            groups = [[*kinds[kind][:3], site, *kinds[kind][3:]] for many, site, kind in part.pop("groups", []) for _ in range(many)]
            part |= {"received": [dict(zip(heads[head], row, strict=True)) for head, *row in part["received"]]} if heads else {}
            many = len(next(iter(part.values())))
            for place in range(many):
                yield dict.fromkeys(_OF_AMOUNTS) | {name: column[place] for name, column in part.items()} | ({"group": groups[place]} if groups else {})


@pytest.fixture(scope="module")
def basis(worked: Ran) -> SiteBasis:
    return basis_of(worked)


@pytest.fixture(scope="module")
def data(basis: SiteBasis) -> Data:
    return Data(explorer_files(basis))


def exact(text: str) -> Fraction:
    return Fraction(text.removesuffix("…"))


# ---------------------------------------------------------------- what is shown adds up


def test_every_figure_of_every_edition_is_there_as_the_results_have_it(data: Data, worked: Ran) -> None:
    values = {(row["edition"], row["kpi_id"], row["period"], row["breakdown"], row["category"]): row for row in worked.table("kpi_values").iter_rows(named=True)}
    kpis, cells = data.all("kpis"), data.all("cells")
    found = {}
    for number, (cell, short) in enumerate(zip(cells, data.index["cells"], strict=True)):
        owner = kpis[cell["kpi"]]
        assert number in owner["cells"]
        assert short == [cell["kpi"], cell["period"], cell["breakdown"], cell["category"], cell["printed"], cell["status"], cell["tie"]["verdict"]]
        found[data.index["editions"][owner["edition"]]["id"], owner["id"], cell["period"], cell["breakdown"], cell["category"]] = cell

    assert found.keys() == values.keys()
    assert {key: (cell["printed"], cell["status"], cell["reason"]) for key, cell in found.items()} == {key: (row["printed"], row["status"], row["reason"]) for key, row in values.items()}
    assert {key: rounded(exact(cell["value"])) for key, cell in found.items() if "value" in cell} == {key: row["value"] for key, row in values.items() if row["value"] is not None}


def test_the_numbers_in_a_formula_give_the_figure(data: Data) -> None:
    """Terms are shown to 18 decimals, so a figure made of them agrees to twelve."""
    terms, looked_at = data.all("terms"), 0
    for cell in data.all("cells"):
        if "term" not in cell:
            continue
        parts = [exact(terms[number]["value"]) for number in cell["term"]["terms"]]
        times = [Fraction(text) for text in cell["term"].get("times", ())]
        made = parts[0]
        if len(parts) == 2:
            kind = cell["term"]["kind"]
            made = parts[0] * times[0] - parts[1] * times[1] if kind == "difference" else (parts[0] / parts[1] - 1) * times[0] if kind == "growth" else parts[0] * times[0] / parts[1]
        assert abs(made - exact(cell["value"])) <= Fraction(1, 10**12) * max(abs(made), 1)
        looked_at += 1
    assert looked_at > 400


def test_the_sums_of_a_term_give_the_term(data: Data) -> None:
    for term in data.all("terms"):
        if "sums" not in term:
            continue
        total = Fraction(0)
        for part in term["sums"]:
            made = exact(part.get("total", "0")) * Fraction(part.get("times", "1")) / exact(part.get("by", "1")) / part.get("months", 1)
            assert abs(made - exact(part["value"])) < Fraction(1, 10**15)
            total += made
        assert abs(total - exact(term["value"])) < Fraction(1, 10**12)


def test_the_table_by_site_and_month_adds_up_exactly_in_both_directions_and_to_the_amounts(data: Data, worked: Ran) -> None:
    amounts = list(data.rows("amounts"))
    assert len(amounts) == worked.table("edition_amounts").filter(~pl.col("measure").is_in(OF_PEOPLE)).height
    looked_at = 0
    for block in data.all("sums"):
        if block["people"]:
            continue
        column_totals = [Fraction(0)] * len(block["months"])
        for site, total, where, values in block["rows"]:
            own = [amounts[first + step] for first, many in where for step in range(many)]
            by_month: dict[str, Fraction] = {}
            for item in own:
                month = "" if item["group"][5] == "stock" else item.get("when") or ""
                by_month[month] = by_month.get(month, Fraction(0)) + (1 if block["counts"] else Fraction(item["quantity"]))
            assert {item["group"][3] for item in own} == {site}
            assert {item["group"][1] for item in own} == {block["measure"]}
            assert by_month == {month: Fraction(value) for month, value in zip(block["months"], values, strict=True) if value is not None}
            assert sum(by_month.values()) == Fraction(total)
            column_totals = [one + Fraction(value or 0) for one, value in zip(column_totals, values, strict=True)]
            looked_at += len(own)
        assert column_totals == [Fraction(text) for text in block["of_month"]]
        assert sum(column_totals) == Fraction(block["total"])
    assert looked_at > 20_000


def test_what_a_sum_adds_up_is_what_lineage_says(data: Data, worked: Ran) -> None:
    """Three figures by another way: `lineage_of` over the amounts themselves, not over groups of them."""
    ran = last_run(worked.root, worked.out, "2023")
    kpis, cells, terms, blocks = (data.all(kind) for kind in ("kpis", "cells", "terms", "sums"))
    for name in ("ghg_scope_1_2", "total_energy_consumption", "packaging_material"):
        number, cell = next((number, cell) for number, cell in enumerate(cells) if kpis[cell["kpi"]]["id"] == name and cell["breakdown"] == "total" and cell["period"] == "2023" and kpis[cell["kpi"]]["edition"] == 0)
        lineage = ran.lineage(ran.table("kpi_values").filter((pl.col("kpi_id") == name) & (pl.col("period") == "2023") & (pl.col("breakdown") == "total")))
        own = [part["block"] for part in terms[cell["term"]["terms"][0]]["sums"]]
        assert sum(many for block in own for row in blocks[block]["rows"] for _, many in row[2]) == lineage.height > 10
        assert sum(Fraction(blocks[block]["total"]) for block in own) == sum(map(Fraction, lineage["quantity"]))
        assert all(number in blocks[block]["cells"] for block in own)


# ---------------------------------------------------------------- down to the record, and back


def test_an_amount_leads_to_its_parent_factor_and_record(data: Data, worked: Ran) -> None:
    table = worked.table("edition_amounts")
    rows, records = list(data.rows("amounts")), list(data.rows("records"))
    by_key = {(row["edition"], row["amount_id"]): row for row in table.filter(~pl.col("measure").is_in(OF_PEOPLE)).iter_rows(named=True)}
    prefixes = [file[2] for file in data.index["files"]]
    seen = 0
    for row in rows:
        if row["factor"] is not None:
            before = rows[row["parent"]]
            assert (before["record"], before["group"][0], before["group"][3]) == (row["record"], row["group"][0], row["group"][3])
            seen += 1
    assert seen == sum(row["factor_id"] is not None for row in by_key.values())
    told = sorted((data.index["editions"][row["group"][0]]["id"], row["group"][1], row["group"][2], f"{prefixes[records[row['record']]['file']]}:{records[row['record']]['line']:07d}", Decimal(row["quantity"])) for row in rows)
    assert told == sorted((row["edition"], row["measure"], row["period"], row["record_id"], row["quantity"]) for row in by_key.values())


def test_a_record_stands_as_it_was_sent_with_its_fates_and_all_that_was_read(data: Data, worked: Ran) -> None:
    records = list(data.rows("records"))
    prefixes = [file[2] for file in data.index["files"]]
    found = {f"{prefixes[row['file']]}:{row['line']:07d}": row for row in records}
    sent = worked.table("records").filter(~pl.col("path").str.starts_with("people/"))

    assert {name: row["received"] for name, row in found.items()} == {name: json.loads(text) for name, text in sent.select("record_id", "received").iter_rows()}
    fates = {(name, data.index["editions"][int(fate[0])]["id"]): (fate[1], Decimal(fate[2]), *fate[3:]) for name, row in found.items() for fate in row["fates"]}
    assert fates == {(row["record_id"], row["edition"]): (row["fate"], row["share_used"], row["reason"], row["rule"], row["flags"]) for row in worked.table("record_fates").iter_rows(named=True) if row["record_id"] in found}
    read = sorted((name, item[0], item[1], item[2], Decimal(item[4])) for name, row in found.items() for item in row["quantities"] or ())
    assert read == sorted(worked.table("quantities").filter(pl.col("record_id").is_in(list(found))).select("record_id", "measure", "column", "received", "canonical").iter_rows())


def test_the_figures_that_a_record_feeds_are_those_whose_lineage_names_it(data: Data, worked: Ran) -> None:
    names = {name: place for place, name in enumerate(item["id"] for item in data.index["editions"])}
    numbers = {(data.index["kpis"][kpi][0], data.index["kpis"][kpi][1], *rest[:3]): number for number, (kpi, *rest) in enumerate(data.index["cells"])}
    expected: dict[str, set[int]] = {}
    for edition in names:
        ran = last_run(worked.root, worked.out, edition)
        for cell in ran.lineage(ran.table("kpi_values")).filter(~pl.col("measure").is_in(OF_PEOPLE)).select("record_id", "kpi_id", "period", "breakdown", "category").unique().iter_rows():
            expected.setdefault(cell[0], set()).add(numbers[names[edition], *cell[1:]])
    sets, prefixes = data.all("sets"), [file[2] for file in data.index["files"]]
    found = {f"{prefixes[row['file']]}:{row['line']:07d}": set(sets[row["set"]]) for row in data.rows("records") if row["set"] is not None}

    assert found == expected
    assert len(sets) < len(found) / 20


def test_files_sites_and_meters_lead_to_their_records(data: Data, worked: Ran) -> None:
    records = list(data.rows("records"))
    for path, sheet, _, first, many, people_file, _ in data.index["files"]:
        own = records[first : first + many]
        assert [data.index["files"][row["file"]][:2] for row in own] == [[path, sheet]] * many
        assert not people_file or many == 0
    sent = worked.table("quantities").join(worked.table("records").select("record_id", "path"), on="record_id").filter(~pl.col("path").str.starts_with("people/"))
    for kind, place, column in (("sites", 0, "site_id"), ("meters", 0, "meter_id")):
        told = {(item[place], measure): many for item, page in zip(data.index[kind], data.all(kind), strict=True) for measure, many, _ in page["measures"]}
        counted = sent.drop_nulls(column).group_by(column, "measure").agg(pl.col("record_id").n_unique())
        assert told == {(name, measure): many for name, measure, many in counted.iter_rows()}
        assert all(sum(many for _, many in where) == count for page in data.all(kind) for _, count, where in page["measures"])


def test_a_factor_stands_with_its_source_and_the_reason_for_every_use(data: Data, worked: Ran, basis: SiteBasis) -> None:
    uses = sorted((data.index["editions"][use[0]]["id"], page["id"], *use[1:7], use[9]) for page in data.all("factors") for use in page["uses"])
    assert uses == sorted(worked.table("factor_uses").filter(pl.col("factor_id").is_in([page["id"] for page in data.all("factors")])).select("edition", "factor_id", "measure", "output", "gas", "region", "period", "rule", "why").iter_rows())
    library = basis.inputs["2023"].library
    for page in data.all("factors"):
        factor = library.named(page["id"])
        assert (page["value"], page["source"][0], page["grade"]) == (str(factor.value.normalize() + 0) if "E" not in str(factor.value.normalize()) else page["value"], library.sources[factor.source_id]["publisher"], factor.grade)


# ---------------------------------------------------------------- persons


def test_a_measure_leads_to_every_kpi_whose_figures_rest_on_an_amount_of_it(data: Data, worked: Ran) -> None:
    """By lineage, and not by the definitions that the page goes by."""
    kpis, pages = data.all("kpis"), dict(zip((name for name, *_ in data.index["measures"]), data.all("measures"), strict=True))
    for edition in ("2020", "2023"):
        ran = last_run(worked.root, worked.out, edition)
        lineage = ran.lineage(ran.table("kpi_values")).select("kpi_id", "amount_id").unique()
        origins = worked.table("edition_amounts").filter(pl.col("edition") == edition).select("amount_id", "origin")
        rests = lineage.join(origins, on="amount_id").select("kpi_id", "origin").unique()
        place = next(number for number, item in enumerate(data.index["editions"]) if item["id"] == edition)
        for (name,), own in rests.group_by("origin"):
            page = pages[str(name)]
            told = [*page["kpis"], *page["made"], *(number for number, _ in page["through"])]
            assert len(told) == len(set(told))
            assert set(own["kpi_id"]) <= {kpis[number]["id"] for number in told if kpis[number]["edition"] == place}, name
            for number, others in page["through"]:
                assert {kpis[other]["id"] for other in others} <= {*kpis[number].get("operands", ()), kpis[number].get("of")}
                assert set(others) <= set(told)


def test_regions_have_names_only_where_something_is_in_them(data: Data) -> None:
    used = {region for *_, region in data.index["factors"]} | {code for _, _, country, _, grid in data.index["sites"] for code in (country, grid)}

    assert data.index["regions"]["CN-SCG"] == ["Southern grid of China", "南方區域電網"]
    assert set(data.index["regions"]) <= used
    assert {"HK", "IN", "GLOBAL"} <= set(data.index["regions"])


def test_nothing_of_persons_stands_in_the_data_but_totals(data: Data, worked: Ran) -> None:
    for block in data.all("sums"):
        assert block["people"] == (block["measure"] in OF_PEOPLE)
        if block["people"]:
            assert block.keys() == {"edition", "period", "measure", "unit", "counts", "people", "total", "cells"}
    assert {row["group"][1] for row in data.rows("amounts")}.isdisjoint(OF_PEOPLE)
    assert all(not data.index["files"][row["file"]][5] for row in data.rows("records"))
    for (path, *_), page in zip(data.index["files"], data.all("files"), strict=True):
        assert path.startswith("people/") == (page.keys() == {"sha256"})
    keys = set(re.findall(r"\b[0-9a-f]{16}\b", (worked.root / "data/raw/people/injuries.csv").read_text()))
    everything = b"".join(data.files.values())
    assert len(keys) > 50
    assert not [name for name in keys if name.encode() in everything]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """42 persons of whom two work in India and two are juniors, beside bills."""
    return ran_small(tmp_path_factory.mktemp("small"))


def test_a_hidden_figure_has_no_number_and_a_withheld_count_stands_nowhere(small: Ran) -> None:
    basis = basis_of(small)
    found = Data(explorer_files(basis))
    hidden = [cell for cell in found.all("cells") if cell["status"] == "suppressed"]
    withheld = [cell for cell in found.all("cells") if cell.get("withheld") == "counts"]
    shown = {(found.all("kpis")[cell["kpi"]]["id"], cell["period"], cell["category"]): cell["printed"] for cell in found.all("cells")}

    assert len(hidden) > 0
    assert all("value" not in cell and "term" not in cell and cell["printed"] is None for cell in hidden)
    # Two of forty participants are juniors: the hours per participant may stand, and the counts behind them must not.
    assert withheld
    assert all("term" not in cell for cell in withheld)
    assert not [term for term in found.all("terms") if term["kpi"] in ("took_part", "hours") and term["breakdown"] == "level"]
    assert not [block for block in found.all("sums") if block["people"] and Decimal(block["total"]) in (1, 2, 3, 4)]
    assert not [name for name in everybody() if name.encode() in b"".join(found.files.values())]
    assert shown["heads", "2023", "All"] is not None


GAPPED = """site_id,period_start,period_end,measure,quantity,unit
BJ-01,2023-01-01,2023-12-31,electricity_purchased,1200,MWh
SH-01,2023-01-01,2023-06-30,electricity_purchased,300,MWh
"""
MONTHS = [f"2023-{month:02d}" for month in range(1, 13)]
PER_HEAD = '[[estimate]]\nid = "by-heads"\nmethod = "per_head"\nmeasures = ["electricity_purchased"]\ntext = "t"\nleast_peers = 1\n'


def heads_workspace(place: Path, rules: str) -> Ran:
    """An office in India without a bill for one month, filled by the heads of the office in Beijing; two seniors in Beijing are a small group."""
    kinds = [("Female", "Senior", "BJ-01", 2), ("Female", "Junior", "BJ-01", 18), ("Male", "Junior", "IN-01", 12)]
    spells = [spell(f"{gender} {level} {site} {number}", "2021-05-01", gender=gender, level=level, site_id=site) for gender, level, site, many in kinds for number in range(many)]
    sent = "".join(f"{site},{month}-01,{month}-28,electricity_purchased,{20 if site == 'BJ-01' else 7},MWh\n" for month in MONTHS for site in ("BJ-01", "IN-01") if (site, month) != ("IN-01", "2023-05"))
    bills = "site_id,month,measure,quantity,unit\n" + re.sub(r"(\w+-\d+),(\d{4}-\d{2})-01,\d{4}-\d{2}-28", r"\1,\2", sent)
    levels = {"name": "level", "categories": {name: {"level": [name]} for name in ("Senior", "Junior")}}
    kpis = [kpi("electricity", "MWh", "electricity_purchased", breakdowns=[TOTAL, SITE]), kpi("heads", "person", "employees", decimals=0, breakdowns=[TOTAL, levels]), kpi("water", "t", "water_tap")]
    sites = "site_id,name,country,grid_region,kind,climate\nBJ-01,Beijing campus,CN,CN-NCG,office,cold\nIN-01,Bangalore office,IN,IN,office,cold\n"
    return ran_small(place, files={"../sites/sites.csv": sites, "spells.csv": spells, "training.csv": people()["training.csv"][:0] or "person,date,course,hours\n", "../energy/bills.csv": bills, "../water/w.csv": "site_id,month,measure,quantity,unit\nBJ-01,2023-01,water_tap,5,t\n"}, kpis=kpis, rules=rules)


def test_estimates_per_head_beside_hidden_groups_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    ran = heads_workspace(tmp_path, PER_HEAD)
    estimates = ran.table("estimates")
    assert estimates.filter(pl.col("method") == "per_head").height == 1
    assert ran.table("kpi_values").filter(pl.col("status") == "suppressed").height > 0
    guessed = estimates["quantity"][0]
    found = Data(explorer_files(basis_of(ran)))
    cells, kpis = found.all("cells"), found.all("kpis")
    apart = [cell for cell in cells if cell.get("withheld") == "heads"]

    assert found.index["editions"][0]["heads"] is True
    assert {(kpis[cell["kpi"]]["id"], cell["category"]) for cell in apart} == {("electricity", "All"), ("electricity", "IN-01")}
    assert all(cell.keys().isdisjoint({"value", "term", "estimated"}) and cell["tie"]["difference"] is None for cell in apart)
    assert found.all("estimates") == []
    everything = b"".join(found.files.values())
    assert f"{guessed:f}".rstrip("0").rstrip(".").encode() not in everything
    assert not [block for block in found.all("sums") if any(kpis[cells[cell]["kpi"]]["id"] == "electricity" and cells[cell]["category"] != "BJ-01" for cell in block["cells"])]
    # What does not rest on them is shown as ever.
    assert [cell for cell in cells if kpis[cell["kpi"]]["id"] == "electricity" and cell["category"] == "BJ-01" and "term" in cell]


def test_estimates_per_head_stand_where_no_group_is_hidden(tmp_path: Path) -> None:
    ran = heads_workspace(tmp_path, PER_HEAD)
    basis = basis_of(ran)
    shown = basis.tables["kpi_values"].filter(pl.col("status") != "suppressed")
    found = Data(explorer_files(replace(basis, tables={**basis.tables, "kpi_values": shown})))

    assert [item["method"] for item in found.all("estimates")] == ["per_head"]
    guessed = [row for row in found.rows("amounts") if row.get("estimate") is not None]
    assert guessed
    assert guessed[0]["guess"] == "per_head"
    assert found.index["editions"][0]["heads"] is False


# ---------------------------------------------------------------- how it is written


def test_the_same_run_gives_the_same_bytes(basis: SiteBasis, data: Data) -> None:
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=7) for name, frame in basis.tables.items()}
    assert explorer_files(replace(basis, tables=shuffled)) == data.files


def test_the_index_is_small_and_no_file_is_large(data: Data) -> None:
    assert len(data.files["data/index.js"]) < 400_000
    assert max(len(content) for content in data.files.values()) < 3_000_000


@given(st.text(), st.dictionaries(st.text(), st.text() | st.none() | st.integers()))
def test_nothing_in_a_text_ends_a_script(text: str, more: dict[str, Any]) -> None:
    content = script("records/1", [text, more, "</script><!--", "\u2028\u2029"])
    found = _SCRIPT.fullmatch(content)

    assert found is not None
    assert b"<" not in found.group(2)
    assert not re.search("[\u2028\u2029]", content.decode())
    assert json.loads(found.group(2)) == [text, more, "</script><!--", "\u2028\u2029"]


def test_a_lone_surrogate_is_written_as_an_escape() -> None:
    assert json.loads(_SCRIPT.fullmatch(script("x", "a\ud800b")).group(2)) == "a\ud800b"  # type: ignore[union-attr]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=60))
def test_runs_hold_the_very_numbers(pairs: list[tuple[int, int]]) -> None:
    frame = pl.DataFrame(pairs, schema={"key": pl.Int64(), "no": pl.UInt32()}, orient="row")
    found = {key: [first + step for first, many in where for step in range(many)] for key, where in runs(frame, ["key"], "no").iter_rows()}

    assert found == {key: sorted({number for other, number in pairs if other == key}) for key in {key for key, _ in pairs}}


@given(st.lists(st.text(max_size=30), max_size=50), st.integers(1, 200))
def test_shelves_hold_all_things_in_order(items: list[str], weight: int) -> None:
    files, starts = shelved("things", items, weight)
    parts = [json.loads(_SCRIPT.fullmatch(files[f"data/things/{number}.js"]).group(2)) for number in range(len(starts))]  # type: ignore[union-attr]

    assert [item for part in parts for item in part] == items
    assert starts == [sum(map(len, parts[:number])) for number in range(len(parts))]


def test_an_edition_without_anything_gives_an_empty_explorer(tmp_path: Path) -> None:
    from tests.scenario import EVERYWHERE, edition_folder

    root = tmp_path / "workspace"
    (root / "data/raw/sites").mkdir(parents=True)
    (root / "data/raw/sites/sites.csv").write_text("site_id,name,country,kind\nHQ,Head office,CN,office\n")
    (root / "factors").mkdir()
    (root / "factors/sources.csv").write_text((REPOSITORY / "factors/sources.csv").read_text().splitlines()[0] + "\n")
    edition_folder(root, [kpi("water", "t", "water_tap")], EVERYWHERE)
    found = Data(explorer_files(basis_of(run_workspace(root, tmp_path / "out", tmp_path / "dagster"))))

    assert found.index["many"]["amounts"] == 0
    assert [cell["status"] for cell in found.all("cells")]
    assert all("term" not in cell or cell["status"] == "ok" for cell in found.all("cells"))


def test_every_word_stands_in_both_languages_and_every_word_that_a_script_says_is_there() -> None:
    english, chinese = words_in("en"), words_in("zh")
    assert {group: words.keys() for group, words in english.items()} == {group: words.keys() for group, words in chinese.items()}
    holes = re.compile(r"\{(\w+)\}")
    assert {name: sorted(holes.findall(text)) for name, text in english["x"].items()} == {name: sorted(holes.findall(text)) for name, text in chinese["x"].items()}
    folder = REPOSITORY / "src/esg_kpis/report/site/static"
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("explorer*.js"))
    said = set(re.findall(r'say\("(\w+)"[,)]', code)) - {"answers"}
    assert said - english["x"].keys() - english["statuses"].keys() == set()


@given(st.one_of(st.lists(st.one_of(st.none(), st.integers(-5, 5)), max_size=40), st.lists(st.sampled_from(["2023-01", "2023-02", None]), max_size=40), st.lists(st.lists(st.sampled_from(["used", None]), max_size=2), max_size=40)))
def test_a_packed_column_is_the_column(values: list[Any]) -> None:
    kinds = {type(value) for value in values} - {type(None)}
    dtype = pl.List(pl.String()) if list in kinds else pl.String() if str in kinds else pl.Int64()
    assert unpacked(packed(pl.Series("column", values, dtype=dtype))) == values


def test_columns_that_follow_from_the_value_before_take_few_characters() -> None:
    months = pl.Series("when", [f"2023-{month:02d}" for _ in range(100) for month in range(1, 13)])
    assert packed(pl.Series("line", range(2, 2002), dtype=pl.Int64())) == {"steps": [2, 2000]}
    assert packed(pl.Series("factor", [None] * 900 + [7] * 100, dtype=pl.Int64())) == {"runs": [None, 900, 7, 100]}
    assert len(str(packed(months))) < 1200 < len(str(months.to_list())) / 10


def test_a_row_is_kept_as_it_was_sent_in_its_own_order() -> None:
    rows = ['{"site":"HQ","2023":"1.50","2022":null}', '{"site":"SH","2023":"2","2022":"3"}', "no row", None, '{"site":1.10}']
    assert sent(pl.Series("received", rows)) == {
        "heads": [["site", "2023", "2022"], ["site"]], "received": [[0, "HQ", "1.50", None], [0, "SH", "2", "3"], "no row", None, [1, "1.10"]],
    }  # fmt: skip
