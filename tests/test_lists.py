"""Lists of things: requests, suppliers, complaints, certificates. Each different thing counts one, by rules that a domain states."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.amounts import amounts_of
from esg_kpis.assurance.lists import list_findings
from esg_kpis.domains import DOMAINS, MEASURES
from esg_kpis.ingest import Ingested
from esg_kpis.tables import finding_id
from tests.ingest_scenario import csv_of, read_files, rejection, rules
from tests.scenario import EVERYWHERE, NO_FACTORS, Computed, Row, edition_of, kpi, metered, of_amounts

SITES = "site_id,name,country,kind\nGROUP,The group,CN,group\n"
REQUEST = {
    "site_id": "GROUP", "request_id": "D-1", "amendment": "", "event": "received", "date": "2023-03-01", "requesting_country": "IN", "request_kind": "device", "process_type": "",
    "legal_basis": "valid", "response": "non_content", "subject": "a" * 32,
}  # fmt: skip
LEGAL = {"request_kind": "legal_process", "subject": ""}
SUPPLIER = {"site_id": "GROUP", "supplier_id": "S-1", "supplier_country": "CN", "supplies": "Displays", "period_start": "2020-05-01", "period_end": ""}
COMPLAINT = {"site_id": "GROUP", "complaint_id": "C-1", "date": "2023-03-01", "responsibility": "identified", "resolution": "within_72h"}
DEVICES = [
    kpi("requests", "request", amounts=[{"measure": "government_requests", "where": {"request_kind": ["device"], "legal_basis": ["valid"]}}]),
    kpi("devices", "device", amounts=[{"measure": "devices_requested", "where": {"legal_basis": ["valid"]}}]),
    kpi("answered", "request", amounts=[{"measure": "government_requests", "where": {"request_kind": ["device"], "legal_basis": ["valid"], "response": ["non_content", "content"]}}]),
    kpi("content", "request", amounts=[{"measure": "government_requests", "where": {"request_kind": ["device"], "legal_basis": ["valid"], "response": ["content"]}}]),
]
for entry in DEVICES:
    entry["breakdowns"] = [{"name": "total", "categories": {"All": {}}}, {"name": "country", "categories": {"India": {"requesting_country": ["IN"]}, "Spain": {"requesting_country": ["ES"]}}}]


def read(root: Path, domain: str, *rows: Row) -> Ingested:
    return read_files(root, {"sites/sites.csv": SITES, f"{domain}/list.csv": csv_of(*rows)})


def counted(root: Path, domain: str, kpis: Sequence[Row], *rows: Row, as_of: date = date(2023, 12, 31)) -> Computed:
    """A list of a domain through the whole way."""
    return of_ingested(root, kpis, read(root, domain, *rows), as_of)


def of_ingested(root: Path, kpis: Sequence[Row], ingested: Ingested, as_of: date = date(2023, 12, 31)) -> Computed:
    edition = edition_of(root, kpis, EVERYWHERE)
    return of_amounts(edition, amounts_of(ingested.quantities), ingested.sites, NO_FACTORS, ingested.rejected, ingested.quantities, metered(), as_of, None, None)


def cells(result: Computed, *names: str, category: str = "All") -> dict[str, str | None]:
    return {name: result.cell(name, category=category)["printed"] for name in names}


# ---------------------------------------------------------------- the counting rules of the transparency report


def test_several_identifiers_of_one_device_are_one_device_and_one_request(tmp_path: Path) -> None:
    result = counted(tmp_path, "government_requests", DEVICES, REQUEST, REQUEST, REQUEST | {"subject": "b" * 32})

    assert cells(result, "requests", "devices", "answered") == {"requests": "1.00", "devices": "2.00", "answered": "1.00"}


def test_an_amended_request_is_a_new_one_and_its_devices_count_again(tmp_path: Path) -> None:
    amended = REQUEST | {"amendment": "1", "event": "amended", "date": "2023-04-01"}

    result = counted(tmp_path, "government_requests", DEVICES, REQUEST, amended)

    assert cells(result, "requests", "devices") == {"requests": "2.00", "devices": "2.00"}


def test_an_amendment_without_its_number_is_sent_back(tmp_path: Path) -> None:
    """Else it would pass for a further row about the first request, and not count."""
    ingested = read(tmp_path, "government_requests", REQUEST | {"event": "amended"})

    assert (rejection(ingested)["rule"], rejection(ingested)["column"]) == ("required", "amendment")


def test_a_challenged_or_refused_request_is_not_counted_again(tmp_path: Path) -> None:
    again = [REQUEST | {"event": event, "date": day} for event, day in (("challenged", "2023-03-05"), ("refused", "2023-03-09"))]

    result = counted(tmp_path, "government_requests", DEVICES, REQUEST, *again)

    assert cells(result, "requests", "devices") == {"requests": "1.00", "devices": "1.00"}


def test_a_request_we_refused_is_one_request_received(tmp_path: Path) -> None:
    result = counted(tmp_path, "government_requests", DEVICES, REQUEST | {"event": "refused", "response": "none"})

    assert cells(result, "requests", "answered") == {"requests": "1.00", "answered": "0.00"}


def test_what_has_no_valid_legal_basis_is_no_request(tmp_path: Path) -> None:
    result = counted(tmp_path, "government_requests", DEVICES, REQUEST, REQUEST | {"request_id": "D-2", "legal_basis": "none"})

    assert cells(result, "requests", "devices") == {"requests": "1.00", "devices": "1.00"}


def test_content_given_of_one_device_makes_the_request_one_with_content(tmp_path: Path) -> None:
    rows = [REQUEST | {"subject": subject * 32, "response": response} for subject, response in (("a", "none"), ("b", "content"), ("c", "non_content"))]

    result = counted(tmp_path, "government_requests", DEVICES, *rows)

    assert cells(result, "requests", "answered", "content") == {"requests": "1.00", "answered": "1.00", "content": "1.00"}


def test_a_country_the_register_does_not_name_has_zero_requests_and_a_year_without_a_register_is_not_collected(tmp_path: Path) -> None:
    result = counted(tmp_path, "government_requests", DEVICES, REQUEST)

    assert cells(result, "requests", category="Spain") == {"requests": "0.00"}
    assert result.cell("requests", "2022", "Spain")["status"] == "not_collected"


def test_legal_process_needs_no_subject_and_counts_no_device(tmp_path: Path) -> None:
    ingested = read(tmp_path, "government_requests", REQUEST | LEGAL | {"process_type": "court_order"})

    assert ingested.rejected.is_empty()
    assert ingested.quantities["measure"].to_list() == ["government_requests"]


# ---------------------------------------------------------------- what stands for a person


CLEAR = ["490154203237518", "+8613912345678", "user@example.com", "4111111111111111", "0000013812345678", "device-1", "5f2b9c0d11e84a67"]


@pytest.mark.parametrize("subject", CLEAR)
def test_a_file_with_an_identifier_in_clear_is_stopped_and_nothing_of_it_is_kept(tmp_path: Path, subject: str) -> None:
    """Not even sixteen hexadecimal digits, which may be a card number."""
    ingested = read(tmp_path, "government_requests", REQUEST, REQUEST | {"subject": subject})

    assert rejection(ingested)["rule"] == "file_stopped"
    assert "line 3" in rejection(ingested)["message"]
    assert ingested.records.filter(pl.col("path") != "sites/sites.csv").is_empty()
    assert not any(subject in str(value) for frame in (ingested.rejected, ingested.records, ingested.files, ingested.observations) for value in frame.to_dicts())


@pytest.mark.parametrize(("change", "told"), [({"imei": "1"}, "'imei'"), ({"response": "+8613912345678"}, "telephone"), ({"process_type": "13912345678"}, "telephone"), ({"document": "356938035643809"}, "long number")])
def test_a_file_about_users_holds_only_known_columns_and_no_contact(tmp_path: Path, change: Row, told: str) -> None:
    assert told in rejection(read(tmp_path, "government_requests", REQUEST | change))["message"]


def test_a_row_with_too_many_cells_is_not_repeated(tmp_path: Path) -> None:
    text = csv_of(REQUEST) + "GROUP,D-9,,received,2023-03-01,IN,device,,valid,none,13912345678,more\n"

    ingested = read_files(tmp_path, {"sites/sites.csv": SITES, "government_requests/list.csv": text})

    assert rejection(ingested)["rule"] == "ragged_row"
    assert "13912345678" not in f"{ingested.rejected.to_dicts()} {ingested.records.to_dicts()}"


def test_a_device_request_without_its_device_is_sent_back(tmp_path: Path) -> None:
    assert rejection(read(tmp_path, "government_requests", REQUEST | {"subject": ""}))["column"] == "subject"


def test_one_thing_has_one_identity_however_it_is_spelled(tmp_path: Path) -> None:
    rows = [REQUEST | {"request_id": name, "amendment": number, "subject": subject} for name, number, subject in (("D-1", "", "a" * 32), ("d-1", "0", "A" * 32), ("Ｄ-1", "0.0", "a" * 32))]
    rows += [REQUEST | {"amendment": number, "event": "amended"} for number in ("1", "01", "1.0")]

    result = counted(tmp_path, "government_requests", DEVICES, *rows)

    assert cells(result, "requests", "devices") == {"requests": "2.00", "devices": "2.00"}


# ---------------------------------------------------------------- contradictions


def test_two_countries_of_one_request_are_sent_back_together_and_block_what_they_may_count(tmp_path: Path) -> None:
    ingested = read(tmp_path, "government_requests", REQUEST, REQUEST | {"requesting_country": "ES"}, REQUEST | {"request_id": "D-2"})

    assert rules(ingested) == {2: ["thing_contradicts"], 3: ["thing_contradicts"]}
    assert "the rows are" in ingested.rejected["expected"][0]
    assert of_ingested(tmp_path, DEVICES, ingested).cell("requests")["status"] == "blocked"


@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        ({"request_id": ""}, "required", "request_id"), ({"request_kind": "phone"}, "vocabulary", "request_kind"), ({"legal_basis": ""}, "required", "legal_basis"), ({"date": "01/03/2023"}, "date", "date"),
        ({"date": "2024-03-01"}, "after_as_of", "date"), ({"site_id": "NOWHERE"}, "unknown_site", "site_id"), ({"requesting_country": "India"}, "country", "requesting_country"), ({"amendment": "first"}, "revision", "amendment"), ({"request_id": "=cmd()"}, "formula", "request_id"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_sent_back(tmp_path: Path, change: Row, rule: str, column: str) -> None:
    row = rejection(read(tmp_path, "government_requests", REQUEST | change))

    assert (row["rule"], row["column"]) == (rule, column)


def test_a_list_without_the_column_that_tells_things_apart_is_stopped(tmp_path: Path) -> None:
    without = {name: value for name, value in REQUEST.items() if name != "request_id"}

    row = rejection(read(tmp_path, "government_requests", without))

    assert row["rule"] == "file_stopped"
    assert "'request_id'" in row["message"]


# ---------------------------------------------------------------- what lasts


SUPPLIERS = [kpi("suppliers", "supplier", "suppliers", breakdowns=[{"name": "region", "categories": {"CN": {"supplier_country": ["CN"]}, "Beyond": {"supplier_country": ["not CN"]}}}])]


def at_end_of(result: Computed, period: str) -> tuple[str | None, str | None]:
    return result.cell("suppliers", period, "CN")["printed"], result.cell("suppliers", period, "Beyond")["printed"]


def test_suppliers_count_at_the_end_of_the_year_while_they_last(tmp_path: Path) -> None:
    rows = [
        SUPPLIER, SUPPLIER | {"supplier_id": "S-2", "period_end": "2022-12-31"}, SUPPLIER | {"supplier_id": "S-3", "period_end": "2023-12-30"},
        SUPPLIER | {"supplier_id": "S-4", "supplier_country": "VN", "period_start": "2023-12-31", "period_end": "2030-01-01"},
    ]  # fmt: skip

    result = counted(tmp_path, "suppliers", SUPPLIERS, *rows)

    assert at_end_of(result, "2022") == ("3.00", "0.00")
    assert at_end_of(result, "2023") == ("1.00", "1.00")


def test_a_supplier_that_comes_back_has_two_spans_and_two_that_share_days_are_sent_back(tmp_path: Path) -> None:
    back = SUPPLIER | {"period_start": "2023-06-01"}
    result = counted(tmp_path, "suppliers", SUPPLIERS, SUPPLIER | {"period_end": "2023-01-31"}, back)

    assert at_end_of(result, "2023") == ("1.00", "0.00")
    assert rules(read(tmp_path / "b", "suppliers", SUPPLIER, back)) == {2: ["thing_overlaps"], 3: ["thing_overlaps"]}
    assert rules(read(tmp_path / "c", "suppliers", SUPPLIER | {"period_end": "2023-06-01"}, back)) == {2: ["thing_overlaps"], 3: ["thing_overlaps"]}
    assert rules(read(tmp_path / "d", "suppliers", SUPPLIER | {"period_end": "2023-05-31"}, back)) == {}


def test_an_old_list_knows_no_later_year(tmp_path: Path) -> None:
    """Rows count to the end of the year of the latest day in the list, or as far as the format says; else last year's suppliers would be this year's."""
    rows = [SUPPLIER, SUPPLIER | {"supplier_id": "S-2", "period_start": "2022-03-01"}, SUPPLIER | {"supplier_id": "S-3", "supplier_country": "VN", "period_end": "2031-12-31"}]
    told = 'format_version = 1\n[[file]]\nglob = "*"\ncomplete_until = 2023-12-31\n[[file.feed]]\ndomain = "suppliers"\n'

    old = counted(tmp_path / "a", "suppliers", SUPPLIERS, *rows)
    declared = of_ingested(tmp_path / "b", SUPPLIERS, read_files(tmp_path / "b", {"sites/sites.csv": SITES, "suppliers/list.csv": csv_of(*rows), "suppliers/_format.toml": told}))

    assert (at_end_of(old, "2022"), at_end_of(declared, "2022")) == (("2.00", "1.00"), ("2.00", "1.00"))
    assert (at_end_of(old, "2023"), at_end_of(declared, "2023")) == ((None, None), ("2.00", "1.00"))
    assert old.cell("suppliers", "2023", "CN")["status"] == "not_collected"


def test_a_planned_end_and_another_file_do_not_make_an_old_list_new(tmp_path: Path) -> None:
    old = [SUPPLIER | {"supplier_id": name, "period_end": end} for name, end in (("S-1", ""), ("S-2", "2023-06-30"))]
    new = SUPPLIER | {"supplier_id": "S-3", "supplier_country": "VN", "period_start": "2023-02-01"}

    ingested = read_files(tmp_path, {"sites/sites.csv": SITES, "suppliers/a.csv": csv_of(*old), "suppliers/b.csv": csv_of(new)})

    assert at_end_of(of_ingested(tmp_path, SUPPLIERS, ingested), "2022") == (None, None)
    assert at_end_of(of_ingested(tmp_path, SUPPLIERS, ingested), "2023") == ("0.00", "1.00")
    ends = ingested.observations.filter(pl.col("check") == "list_ends").sort("subject")
    assert ends.select("subject", "severity").rows() == [("suppliers/a.csv", "warning"), ("suppliers/b.csv", "note")]


def test_a_supplier_sent_twice_counts_once(tmp_path: Path) -> None:
    ingested = read(tmp_path, "suppliers", SUPPLIER, SUPPLIER)

    assert ingested.quantities["excluded"].to_list() == [None, f"the same supplier as record {ingested.quantities['record_id'][0]}"]


def test_lists_of_one_day_and_numbers_at_a_date_say_the_same(tmp_path: Path) -> None:
    days = [{"site_id": "GROUP", "supplier_id": name, "supplier_country": "CN", "date": "2023-12-31"} for name in ("S-1", "S-2")]
    number = {"site_id": "GROUP", "supplier_country": "CN", "date": "2023-12-31", "measure": "suppliers", "quantity": "2", "unit": "supplier"}

    of_list, of_number = counted(tmp_path / "a", "suppliers", SUPPLIERS, *days), counted(tmp_path / "b", "suppliers", SUPPLIERS, number)

    assert at_end_of(of_list, "2023") == ("2.00", "0.00")
    assert at_end_of(of_number, "2023") == ("2.00", None)  # A number says nothing about what it does not name.
    assert of_number.cell("suppliers", "2023", "Beyond")["status"] == "not_collected"


# ---------------------------------------------------------------- complaints


def test_a_complaint_that_was_open_and_is_resolved_counts_once_as_resolved(tmp_path: Path) -> None:
    kpis = [kpi("resolved", "complaint", amounts=[{"measure": "complaints", "where": {"resolution": ["within_72h", "later"]}}]), kpi("complaints", "complaint", "complaints")]

    result = counted(tmp_path, "complaints", kpis, COMPLAINT | {"resolution": "open"}, COMPLAINT | {"date": "2023-03-02"}, COMPLAINT | {"complaint_id": "C-2", "resolution": "open"})

    assert cells(result, "resolved", "complaints") == {"resolved": "1.00", "complaints": "2.00"}


def test_a_number_of_what_a_list_counts_too_is_sent_back(tmp_path: Path) -> None:
    """January as numbers and March as a list is fine; March as both would count twice, unless an attribute tells them apart."""
    number = {"site_id": "GROUP", "responsibility": "identified", "resolution": "within_72h", "measure": "complaints", "quantity": "7", "unit": "complaint"}
    told = [number | {"month": month, "resolution": how} for month, how in (("2023-01", "within_72h"), ("2023-03", "within_72h"), ("2023-03", "open"))]
    files = {"sites/sites.csv": SITES, "complaints/list.csv": csv_of(COMPLAINT), "complaints/numbers.csv": csv_of(*told)}

    ingested = read_files(tmp_path, files)

    assert rejection(ingested)["rule"] == "listed_too"
    assert (rejection(ingested)["path"], rejection(ingested)["line"]) == ("complaints/numbers.csv", 3)
    assert ingested.quantities["quantity"].sum() == Decimal(15)


# ---------------------------------------------------------------- zero, or not known


BY_SITE = [kpi("complaints", "complaint", "complaints", breakdowns=[{"name": "site", "categories": {"HQ": {"site_id": ["HQ"]}, "B": {"site_id": ["B"]}}}, {"name": "found", "categories": {"found": {"responsibility": ["identified"]}, "none": {"responsibility": ["none"]}}}])]


def test_a_list_says_nothing_of_another_site_and_a_number_nothing_of_what_it_does_not_name(tmp_path: Path) -> None:
    sites = "site_id,name,country,kind\nHQ,HQ,CN,office\nB,B,CN,office\n"
    listed = COMPLAINT | {"site_id": "HQ"}
    number = {"site_id": "B", "month": "2023-03", "responsibility": "identified", "resolution": "open", "measure": "complaints", "quantity": "7", "unit": "complaint"}

    alone = of_ingested(tmp_path / "a", BY_SITE, read_files(tmp_path / "a", {"sites/sites.csv": sites, "complaints/list.csv": csv_of(listed)}))
    both = of_ingested(tmp_path / "b", BY_SITE, read_files(tmp_path / "b", {"sites/sites.csv": sites, "complaints/list.csv": csv_of(listed), "complaints/n.csv": csv_of(number)}))

    assert {name: alone.cell("complaints", category=name)["printed"] for name in ("HQ", "B", "none")} == {"HQ": "1.00", "B": None, "none": "0.00"}
    assert {name: both.cell("complaints", category=name)["printed"] for name in ("HQ", "B", "none")} == {"HQ": "1.00", "B": "7.00", "none": None}


def test_a_waived_row_leaves_every_category_incomplete_that_it_may_be_in(tmp_path: Path) -> None:
    ingested = read(tmp_path, "government_requests", REQUEST, REQUEST | {"request_id": "D-2", "response": "all"})
    record = rejection(ingested)["record_id"]
    waiver = f'[[waiver]]\nfinding = "{finding_id("rejected_record", record)}"\nreason = "r"\nwho = "w"\nuntil = 2030-01-01\n'
    edition = edition_of(tmp_path, DEVICES, EVERYWHERE + waiver)

    result = of_amounts(edition, amounts_of(ingested.quantities), ingested.sites, NO_FACTORS, ingested.rejected, ingested.quantities, metered(), date(2023, 12, 31), None, None)

    assert {result.cell(name, category=place)["status"] for name in ("requests", "devices", "answered") for place in ("All", "India", "Spain")} == {"incomplete"}


# ---------------------------------------------------------------- what a person should look at


def found_of(root: Path, domain: str, kpis: Sequence[Row], *rows: Row) -> list[tuple[str, str, str]]:
    result = counted(root, domain, kpis, *rows)
    own = list_findings(result.edition, result.amounts, result.values)
    return sorted((row["check"], row["subject"], row["observed"]) for row in own)


def test_a_word_of_no_category_and_a_record_that_lacks_what_a_kpi_narrows_by_are_told(tmp_path: Path) -> None:
    certificate = {"site_id": "GROUP", "certificate_no": "1", "standard": "ISO 14001", "scope": "All", "period_start": "2023-01-01", "period_end": "2026-01-01"}
    by_standard = [kpi("certificates", "certificate", "certificates", breakdowns=[{"name": "standard", "categories": {"ISO 14001": {"standard": ["ISO 14001"]}}}])]
    sold = {"site_id": "GROUP", "month": "2023-01", "measure": "products_sold", "quantity": "100", "unit": "unit", "recall_reason": ""}
    recalled = [sold | {"measure": "products_recalled", "quantity": quantity, "recall_reason": why} for quantity, why in (("150", "safety_health"), ("5", ""))]
    rate = [
        kpi("sold", "unit", "products_sold"), kpi("recalled", "unit", amounts=[{"measure": "products_recalled", "where": {"recall_reason": ["safety_health"]}}]),
        kpi("rate", "%", formula="share", numerator="recalled", denominator="sold"),
    ]  # fmt: skip

    assert found_of(tmp_path / "a", "certificates", by_standard, certificate, certificate | {"certificate_no": "2", "standard": "ISO14001"}) == [("unknown_word", "certificates standard", "in no category: ISO14001")]
    assert found_of(tmp_path / "b", "certificates", by_standard, certificate) == []
    assert found_of(tmp_path / "c", "products", rate, sold, *recalled) == [("share_above_whole", "rate", "150.00 %"), ("unknown_word", "recalled recall_reason", "1 amounts do not say it")]


@pytest.mark.parametrize(("quantity", "fine"), [("420.000", False), ("420", True), ("1420.5", True), ("420,000", True)])
def test_a_count_that_may_be_thousands_is_sent_back(tmp_path: Path, quantity: str, fine: bool) -> None:
    ingested = read(tmp_path, "products", {"site_id": "GROUP", "month": "2023-01", "measure": "products_sold", "quantity": quantity, "unit": "unit"})

    assert ingested.rejected.is_empty() == fine


# ---------------------------------------------------------------- what holds of every list


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["", "1"]), st.integers(1, 3)), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_counts_are_those_of_sets_in_whatever_order_rows_come(tmp_path_factory: pytest.TempPathFactory, named: list[tuple[int, str, int]], shuffle: object) -> None:
    rows = [REQUEST | {"request_id": f"D-{number}", "amendment": amendment, "subject": str(subject) * 32} for number, amendment, subject in named]
    shuffle.shuffle(rows)  # type: ignore[attr-defined]

    ingested = read(tmp_path_factory.mktemp("lists"), "government_requests", *rows)

    counting = ingested.quantities.filter(pl.col("excluded").is_null()).group_by("measure").agg(pl.col("quantity").sum())
    assert dict(counting.iter_rows()) == {"government_requests": Decimal(len({item[:2] for item in named})), "devices_requested": Decimal(len({*named}))}
    assert ingested.quantities["record_id"].n_unique() == len(rows)


def test_every_count_of_every_domain_counts_a_measure_of_its_own_by_fields_it_has() -> None:
    for domain in DOMAINS.values():
        fields = {field.name: field for field in domain.fields}
        for count in domain.counts:
            assert MEASURES[count.measure] in domain.measures
            assert {*count.of, *count.where, *count.most} <= fields.keys()
            assert any(fields[name].key for name in count.of)
            assert all(fields[name].dimension and fields[name].allowed for name in count.most)
            assert all({*words} <= {*fields[name].allowed} for name, words in count.where.items())
        assert not domain.lasting or {measure.nature for measure in domain.measures} == {"stock"}


def test_an_attribute_is_one_field_everywhere() -> None:
    """What a KPI narrows by is read from dimensions by the field's name."""
    named = [(field.name, field.attribute, field.allowed) for domain in DOMAINS.values() for field in domain.fields if field.attribute]

    assert len({*named}) == len({name for name, _, _ in named}) == len({attribute for _, attribute, _ in named})
