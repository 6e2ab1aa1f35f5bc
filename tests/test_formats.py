"""`_format.toml`: what it may say, what it does to a file, and that a mistake in it stops the folder with file and key."""

import re
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from esg_kpis.ingest.declared import default_format, format_for, read_format
from tests.ingest_scenario import QUANTITY, bill, csv_of, numbers_of, observed, read_files, read_wide, rejection, rules, toml, workspace_of

ROW = {"site_id": "BJ-01", "month": "2023-01", "amount": "5"}
LONG = """
[[file.feed.quantity]]
measure_column = "type"
measures = { tap = "water_tap", reclaimed = "water_reclaimed" }
column = "amount"
unit_column = "in"
"""
WATER = """
[[file.feed]]
domain = "water"
[[file.feed.quantity]]
measure = "water_tap"
column = "water"
unit = "m3"
blank = "skip"
"""
PUBLISHED = """
[[file.published]]
edition = "2016"
kpi_id = "ghg_total"
breakdown = "site"
category_column = "site_id"
period = "2016"
column = "printed"
unit = "tCO2e"
decimals = 2
"""


def compare(columns: str = '"amount", "second"', units: str = '"kWh", "kBtu"', tolerance: str = "1") -> str:
    return f'[[file.compare]]\ncolumns = [{columns}]\nunits = [{units}]\ntolerance = "{tolerance}"\n'


def footing(tolerance: str = "0") -> str:
    return f'[[file.footing]]\ntotal = "total"\nparts = ["amount", "second"]\ntolerance = "{tolerance}"\n'


# ---------------------------------------------------------------- mistakes

MISTAKES = [
    (toml(file='sheets = "Bills"'), r"file\.0\.sheets: Extra inputs"),
    (toml(file='decimal = "."\nthousands = "."'), r"file\.0: decimal and thousands are the same mark"),
    (toml(file='decimal = ";"'), r"file\.0\.decimal: "),
    (toml(file='dates = "YDM"'), r"file\.0\.dates: "),
    (toml(file="header_line = 0"), r"file\.0\.header_line: "),
    (toml().replace('"energy"', '"enery"'), r"file\.0\.feed\.0: there is no domain 'enery'\. Did you mean 'energy'"),
    (toml().replace("electricity_purchased", "electricity_bought"), r"quantity\.0: there is no measure 'electricity_bought'\. Did you mean 'electricity_purchased'"),
    (toml(quantity=LONG.replace('"water_tap"', '"water_tab"')), r"quantity\.0: there is no measure 'water_tab'\. Did you mean 'water_tap'"),
    (toml().replace('"kWh"', '"kwh"'), r"feed\.0: column 'amount': The unit 'kwh' is unknown\. Did you mean 'kWh'"),
    (toml().replace('"kWh"', '"M kWh"'), r"feed\.0: column 'amount': The unit 'M kWh' is refused"),
    (toml(quantity=QUANTITY + 'measure_column = "type"\n'), r"quantity\.0: column 'amount': give either measure or measure_column"),
    (toml(quantity=QUANTITY + 'unit_column = "in"\n'), r"quantity\.0: column 'amount': give one of unit, unit_column and unit_in_header"),
    (toml(quantity=QUANTITY.replace('unit = "kWh"', "")), r"quantity\.0: column 'amount': give one of unit, unit_column and unit_in_header"),
    (toml(quantity=QUANTITY + 'blank = "zero"\n'), r"quantity\.0\.blank: "),
    (toml(quantity=QUANTITY + 'negative = "abs"\n'), r"quantity\.0\.negative: "),
    (toml(feed="constants = { use = 1 }"), r"feed\.0\.constants\.use: "),
    (toml().replace("format_version = 1", "format_version = 2"), r"format_version: Input should be 1"),
    (toml().replace("format_version = 1", ""), r"format_version: Field required"),
    ("format_version = \n", r"It is no TOML: .*line 1"),
    ("\ufeff" + toml(), r"It is no TOML"),
]


def test_a_format_without_a_file_fits_none(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"energy/a.csv": csv_of(ROW), "energy/_format.toml": "format_version = 1\n"})

    (stop,) = read.rejected.to_dicts()
    assert stop["message"].startswith("energy/a.csv: No entry of _format.toml fits this file, so it was read by our own names. The columns 'quantity'")


@pytest.mark.parametrize(("form", "says"), MISTAKES)
def test_a_mistake_stops_every_file_of_the_folder_and_no_other(tmp_path: Path, form: str, says: str) -> None:
    read = read_files(tmp_path, {"energy/a.csv": csv_of(ROW), "energy/b.csv": csv_of(ROW | {"amount": "6"}), "energy/_format.toml": form, "water/w.csv": WATER_FILE})

    stops = read.rejected.to_dicts()
    assert {(stop["path"], stop["rule"], stop["line"]) for stop in stops} == {("energy/a.csv", "file_stopped", 0), ("energy/b.csv", "file_stopped", 0)}
    assert re.search(rf"^energy/_format\.toml: .*{says}", stops[0]["message"]), stops[0]["message"]
    assert "docs/formats.md" in stops[0]["expected"]
    assert "electricity_purchased" in stops[0]["measures"]
    assert numbers_of(read) == ["7"]


WATER_FILE = csv_of(bill(measure="water_tap", unit="m3", quantity="7"))


@pytest.mark.parametrize(
    "form",
    [
        toml(after=compare(units='"kWh", "kbtu"')),
        toml(after=compare(tolerance="x")),
        toml(after=footing(tolerance="x")),
        toml(file='delimiter = ";;"'),
        toml(quantity=QUANTITY + QUANTITY),
        toml(quantity=""),
        toml(feed='columns = { meter = "amount" }'),
        toml(feed='constants = { usage = "mobile" }'),
        toml(feed='values = { site = { x = "BJ-01" } }'),
        toml(feed='columns = { site_id = "site_id" }\nconstants = { site_id = "BJ-02" }'),
        toml(after=WATER + WATER),
        toml(file='encoding = "utf-9"'),
        toml(file='encoding = "rot13"'),
    ],
    ids=[
        "unit to compare",
        "tolerance",
        "tolerance of a footing",
        "delimiter",
        "a column twice",
        "no quantity",
        "our column",
        "our constant",
        "our values",
        "column and constant",
        "two feeds of one domain",
        "no encoding",
        "no encoding of text",
    ],
)
def test_a_mistake_that_only_the_whole_entry_shows_stops_the_file(tmp_path: Path, form: str) -> None:
    rows = [ROW | {"second": "17", "total": "22"}]

    read = read_wide(tmp_path, rows, form)

    assert rejection(read)["rule"] == "file_stopped"
    assert rejection(read)["message"].startswith("energy/_format.toml: file.0")


def test_the_declared_encoding_is_used_and_recorded(tmp_path: Path) -> None:
    rows = csv_of(ROW | {"使用": "5"}).encode("big5")

    read = read_files(tmp_path, {"energy/b.csv": rows, "energy/_format.toml": toml(file='encoding = "big5"', quantity=QUANTITY.replace("amount", "使用"))})

    assert numbers_of(read) == ["5"]
    assert read.files.filter(read.files["path"] == "energy/b.csv")["encoding"].item() == "big5"


def test_text_that_is_not_in_the_declared_encoding_stops_the_file(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"energy/b.csv": csv_of(ROW | {"note": "用"}), "energy/_format.toml": toml(file='encoding = "ascii"')})

    assert rejection(read)["message"].startswith("energy/b.csv: The text is not ascii.")


@pytest.mark.parametrize("sent", [{}, {"amount": ""}, {"amount": "7"}])
def test_an_optional_quantity_may_be_missing_as_a_column_but_not_as_a_cell(tmp_path: Path, sent: dict[str, str]) -> None:
    row = {"site_id": "BJ-01", "month": "2023-01", "green": "5"} | sent
    green = QUANTITY.replace("amount", "green").replace("electricity_purchased", "electricity_renewable")

    read = read_wide(tmp_path, [row], toml(quantity=QUANTITY + "optional = true\n" + green))

    assert sorted(numbers_of(read)) == {"": [], "7": ["5", "7"]}.get(sent.get("amount", "-"), ["5"])
    assert rules(read) == ({2: ["quantity_missing"]} if sent.get("amount") == "" else {})


@pytest.mark.parametrize("name", ["other.csv", "BILLS_1.csv", "bills_1.xlsx"])
def test_a_file_that_no_entry_fits_is_stopped(tmp_path: Path, name: str) -> None:
    read = read_files(tmp_path, {f"energy/{name}": csv_of(ROW), "energy/_format.toml": toml().replace('"*"', '"bills_*.csv"')})

    stop = rejection(read)
    assert stop["rule"] == "file_stopped"
    assert stop["message"].startswith(f"energy/{name}: No entry of _format.toml fits this file, so it was read by our own names.")
    assert stop["message"].endswith("Or add a [[file]] whose glob fits.")


def test_a_file_that_no_entry_fits_is_read_by_our_own_names(tmp_path: Path) -> None:
    read = read_files(tmp_path, {"energy/plain.csv": csv_of(bill(quantity="7")), "energy/_format.toml": toml().replace('"*"', '"bills_*.csv"')})

    assert numbers_of(read) == ["7"]


def test_an_entry_without_a_feed_is_read_by_our_own_names(tmp_path: Path) -> None:
    form = 'format_version = 1\n[[file]]\nglob = "*"\nlast_day = "not_counted"\n'
    read = read_files(tmp_path, {"energy/a.csv": csv_of(bill(period_end="2023-02-01")), "energy/_format.toml": form})

    assert [str(day) for day in read.quantities["end"]] == ["2023-01-31"]


def test_the_first_entry_that_fits_is_used(tmp_path: Path) -> None:
    second = toml().split("[[file]]", 1)[1].replace("kWh", "MWh")
    root = workspace_of(tmp_path, {"energy/_format.toml": toml().replace('"*"', '"a*"') + "[[file]]" + second}).raw
    form = read_format(root / "energy", root)

    units = []
    for name in ("a1.csv", "b1.csv"):
        entry = format_for(name, "energy", form)
        assert entry is not None
        units.append(entry.feed[0].quantity[0].unit)

    assert units == ["kWh", "MWh"]


def test_a_folder_without_a_format_is_read_by_our_own_names(tmp_path: Path) -> None:
    assert read_format(tmp_path, tmp_path) is None
    assert format_for("a.csv", "water", None) == default_format("water")


@pytest.mark.parametrize(("file", "mark"), [("", ","), ('decimal = ","', ""), ('decimal = ","\nthousands = "."', "."), ('thousands = ""', "")])
def test_the_thousands_mark_is_the_declared_one_or_the_usual(tmp_path: Path, file: str, mark: str) -> None:
    root = workspace_of(tmp_path, {"energy/_format.toml": toml(file=file)}).raw

    entry = format_for("a.csv", "energy", read_format(root / "energy", root))

    assert entry is not None
    assert entry.thousands_mark == mark


# ---------------------------------------------------------------- what a format does


def test_columns_constants_and_values_are_mapped(tmp_path: Path) -> None:
    form = toml(
        feed='columns = { site_id = "站点", month = "月份" }\nconstants = { use = "stationary" }\nvalues = { site_id = { "北京" = "BJ-01" } }',
        quantity=QUANTITY.replace("kWh", "万kWh"),
    )

    read = read_wide(tmp_path, [{"站点": "北京", "月份": "2023年1月", "amount": "1,000"}, {"站点": "BJ-02", "月份": "2023/2", "amount": "2"}], form)

    found = read.quantities.sort("site_id").select("site_id", "quantity", "received", "received_unit", "dimensions", "column").rows()
    assert found == [("BJ-01", Decimal(1000), "1,000", "万kWh", "use=stationary", "amount"), ("BJ-02", Decimal(2), "2", "万kWh", "use=stationary", "amount")]
    assert read.rejected.is_empty()


def test_a_long_file_takes_measure_and_unit_from_its_columns(tmp_path: Path) -> None:
    rows = [ROW | {"type": kind, "in": unit} for kind, unit in [("tap", "m3"), ("reclaimed", "t"), ("water_discharged", "升"), ("rain", "m3")]]
    form = toml(quantity=LONG).replace('"energy"', '"water"')

    read = read_files(tmp_path, {"water/w.csv": csv_of(*rows), "water/_format.toml": form})

    assert set(read.quantities.select("measure", "received_unit").rows()) == {("water_tap", "m3"), ("water_reclaimed", "t"), ("water_discharged", "升")}
    assert (rejection(read)["rule"], rejection(read)["column"], rejection(read)["read"]) == ("measure", "type", "rain")


def test_one_sheet_feeds_two_domains(tmp_path: Path) -> None:
    read = read_wide(tmp_path, [ROW | {"water": "1.5"}, ROW | {"month": "2023-02", "water": ""}], toml(after=WATER))

    assert sorted(read.quantities.select("domain", "measure", "column").rows()) == [
        ("energy", "electricity_purchased", "amount"), ("energy", "electricity_purchased", "amount"), ("water", "water_tap", "water"),
    ]  # fmt: skip
    assert read.records.filter(read.records["path"] == "energy/bills.csv")["domain"].to_list() == ["energy;water"] * 2


def test_what_is_wrong_in_one_feed_rejects_the_record_in_all(tmp_path: Path) -> None:
    read = read_wide(tmp_path, [ROW | {"water": "n/a"}, ROW | {"month": "2023-02", "amount": "6", "water": "2"}], toml(after=WATER))

    assert numbers_of(read) == ["6", "2"]
    assert (rejection(read)["column"], rejection(read)["measures"]) == ("water", "electricity_purchased;water_tap")


@pytest.mark.parametrize(("blank", "found", "broken"), [("skip", ["6"], {}), ("reject", ["6"], {2: ["quantity_missing"]})])
def test_a_blank_cell_is_skipped_or_rejected_as_declared(tmp_path: Path, blank: str, found: list[str], broken: dict[int, list[str]]) -> None:
    read = read_wide(tmp_path, [ROW | {"amount": " "}, ROW | {"amount": "6"}], toml(quantity=QUANTITY + f'blank = "{blank}"\n'))

    assert (numbers_of(read), rules(read)) == (found, broken)


def test_the_header_line_and_delimiter_are_as_declared(tmp_path: Path) -> None:
    text = "Bills of 2023\n\n" + csv_of(ROW, delimiter=";")

    read = read_files(tmp_path, {"energy/b.csv": text, "energy/_format.toml": toml(file='header_line = 3\ndelimiter = ";"')})

    assert numbers_of(read) == ["5"]
    assert read.records.filter(read.records["path"] == "energy/b.csv")["line"].to_list() == [4]


def test_a_file_that_is_stopped_names_the_measures_of_all_its_feeds(tmp_path: Path) -> None:
    measures = rejection(read_wide(tmp_path, [ROW], toml(after=WATER)))["measures"].split(";")

    assert {"electricity_purchased", "water_tap"} <= set(measures)


def test_a_measure_of_another_domain_stops_the_file(tmp_path: Path) -> None:
    read = read_wide(tmp_path, [ROW], toml(quantity=QUANTITY.replace("electricity_purchased", "water_tap").replace("kWh", "t")))

    assert rejection(read)["message"].startswith("energy/bills.csv: The measure 'water_tap' belongs to the domain 'water', not to 'energy'.")


# ---------------------------------------------------------------- compared, added up, flagged, published


def test_two_columns_of_one_fact_are_compared_and_never_added(tmp_path: Path) -> None:
    rows = [ROW | {"amount": amount, "second": second} for amount, second in [("1000", "3412.1"), ("1000.5", "3500"), ("2", ""), ("3", "10.5")]]

    read = read_wide(tmp_path, rows, toml(after=compare()))

    assert numbers_of(read) == ["1000", "1000.5", "2", "3"]
    row, summary = observed(read, "two_units")
    assert (row["subject"], row["severity"], row["passed"], row["observed"]) == ("energy/bills.csv, line 3: 'amount' against 'second'", "warning", False, "3500.000000000")
    assert Decimal(row["difference"]) == Decimal(3500) - Decimal(row["expected"])
    assert Decimal(row["expected"]) == pytest.approx(Decimal("3413.85"), abs=Decimal("0.01"))
    assert (summary["observed"], summary["passed"]) == ("1 of 3 rows do not", False)


def test_parts_that_do_not_add_up_are_observed(tmp_path: Path) -> None:
    rows = [ROW | {"amount": amount, "second": second, "total": total} for amount, second, total in [("1", "2", "3"), ("4", "", "4"), ("5", "1", "7")]]

    read = read_wide(tmp_path, rows, toml(after=footing()))

    row, summary = observed(read, "row_footing")
    assert (row["subject"], row["difference"], row["record_ids"] != "") == ("energy/bills.csv, line 4: amount + second against total", "-1.000000000", True)
    assert summary["observed"] == "1 of 3 rows do not"
    assert [item["passed"] for item in observed(read_wide(tmp_path / "wide", rows, toml(after=footing("1"))), "row_footing")] == [True]


def test_a_part_that_is_no_number_does_not_foot(tmp_path: Path) -> None:
    read = read_wide(tmp_path, [ROW | {"second": "abc", "total": "5"}], toml(after=footing()))

    assert [item["observed"] for item in observed(read, "row_footing")] == ["0 of 0 rows do not"]
    (item,) = observed(read, "no_number")
    assert (item["subject"], item["observed"], item["passed"], item["record_ids"]) == ("energy/bills.csv, line 2: 'second'", "abc", False, read.quantities["record_id"].item())


def test_a_number_to_compare_that_is_none_is_observed(tmp_path: Path) -> None:
    read = read_wide(tmp_path, [ROW | {"second": "n/a"}, ROW | {"amount": "6", "second": ""}], toml(after=compare()))

    assert [(item["subject"], item["observed"]) for item in observed(read, "no_number")] == [("energy/bills.csv, line 2: 'second'", "n/a")]
    assert [item["observed"] for item in observed(read, "two_units")] == ["0 of 0 rows do not"]


def test_a_flagged_row_is_observed_and_used(tmp_path: Path) -> None:
    read = read_wide(tmp_path, [ROW | {"outlier": " "}, ROW | {"amount": "6", "outlier": "High"}], toml(after='[[file.flag]]\ncolumn = "outlier"\n'))

    (flag,) = observed(read, "flag")
    assert (flag["subject"], flag["observed"]) == ("energy/bills.csv, line 3: 'outlier'", "High")
    assert numbers_of(read) == ["5", "6"]


def test_published_figures_are_read_beside_the_quantities(tmp_path: Path) -> None:
    read = read_wide(tmp_path, [ROW | {"printed": "1,249.98"}, ROW | {"site_id": "BJ-02", "printed": ""}], toml(after=PUBLISHED))

    (figure,) = read.published.to_dicts()
    assert (figure["edition"], figure["kpi_id"], figure["breakdown"], figure["category"], figure["decimals"]) == ("2016", "ghg_total", "site", "BJ-01", 2)
    assert (figure["value_as_printed"], figure["table"]) == ("1,249.98", "energy/bills.csv, column printed")
    assert figure["record_id"] in read.records["record_id"]


def test_a_published_figure_that_is_no_number_is_not_left_out_in_silence(tmp_path: Path) -> None:
    read = read_wide(tmp_path, [ROW | {"printed": "1.249,98"}], toml(after=PUBLISHED))

    assert read.published.is_empty()
    assert [(item["subject"], item["observed"]) for item in observed(read, "no_number")] == [("energy/bills.csv, line 2: 'printed'", "1.249,98")]


@pytest.mark.parametrize("after", [compare(), footing(), PUBLISHED, '[[file.flag]]\ncolumn = "second"\n'], ids=["compare", "footing", "published", "flag"])
def test_a_column_that_the_format_names_and_the_file_lacks_stops_it(tmp_path: Path, after: str) -> None:
    read = read_wide(tmp_path, [ROW], toml(after=after))

    assert rejection(read)["rule"] == "file_stopped"
    assert "named in _format.toml is missing" in rejection(read)["message"]


def test_a_column_per_month_is_a_quantity_of_that_month(tmp_path: Path) -> None:
    form = toml(quantity='[[file.feed.quantity]]\nmeasure = "electricity_purchased"\nunit = "kWh"\nmonths = { "1月" = "2023-01", "2月" = "2023-02" }\nblank = "skip"\n')
    read = read_files(tmp_path, {"energy/_format.toml": form, "energy/ledger.csv": "site_id,1月,2月,合计\nBJ-01,5,7,12\nBJ-02,,3,3\n"})

    assert read.rejected.is_empty()
    told = read.quantities.sort("site_id", "start").select("site_id", pl.col("start").cast(pl.String), pl.col("end").cast(pl.String), "received").rows()
    assert told == [("BJ-01", "2023-01-01", "2023-01-31", "5"), ("BJ-01", "2023-02-01", "2023-02-28", "7"), ("BJ-02", "2023-02-01", "2023-02-28", "3")]


def test_a_billing_period_may_be_a_month_and_words_may_have_marks_of_no_width_around_them(tmp_path: Path) -> None:
    text = "站点,能源种类,计费周期,用量(kWh)\n\u200bBJ-01\ufeff,外购电力,2023年2月,5\nBJ-01,外购电力,2023-03-01 至 2023-03-31,6\n"
    read = read_files(tmp_path, {"energy/bills.csv": text})

    assert read.rejected.is_empty()
    assert [str(day) for day in read.quantities.sort("start")["end"]] == ["2023-02-28", "2023-03-31"]


@pytest.mark.parametrize("key", ['aside = [{ column = "nowhere", words = ["x"], kind = "note" }]', 'fill_down = ["nowhere"]'])
def test_a_declared_column_that_is_not_there_stops_the_file(tmp_path: Path, key: str) -> None:
    read = read_files(tmp_path, {"energy/_format.toml": toml(file=key), "energy/a.csv": "site_id,amount,month\nBJ-01,1,2023-01\n"})

    assert "The column 'nowhere' named in _format.toml is missing" in rejection(read)["message"]
