"""Text files: encodings, delimiters, headers, notes and totals, numbers and dates as people type them."""

from tests.gallery.case import HEAD, KOPF, Case, column, form

ROW = "BJ-01,electricity_purchased,{},kWh,2023-01-01,2023-01-31\n"
LEDGER = KOPF + "BJ-01,外购电力,1200,度,2023-01-01,2023-01-31\nBJ-02,天然气,30,Nm3,2023-01-01,2023-01-31\n"
BOTH_READ = "2  used 1200 kWh\n3  used 30 Nm3"
WIDE = "site_id,month,电量(万kWh)\n"


def rows(*quantities: str) -> str:
    """Bills of one site and of February on, one a month, that differ in the quantity."""
    return HEAD + "".join(f"BJ-01,electricity_purchased,{text},kWh,2023-{month:02}-01,2023-{month:02}-28\n" for month, text in enumerate(quantities, 2))


def days(*pairs: str) -> str:
    """Bills that differ in their dates, which stand as the last two cells."""
    return HEAD + "".join(f"BJ-01,electricity_purchased,{number}00,kWh,{pair}\n" for number, pair in enumerate(pairs, 1))


ENCODINGS = (
    Case("GB18030, as Chinese systems save CSV", {"energy/台账.csv": LEDGER.encode("gb18030")}, BOTH_READ),
    Case("UTF-16, as Excel saves 'Unicode text', with tabs", {"energy/ledger.txt": LEDGER.replace(",", "\t").encode("utf-16")}, BOTH_READ),
    Case("UTF-8 with a byte-order mark", {"energy/ledger.csv": LEDGER.encode("utf-8-sig")}, BOTH_READ),
    Case(
        "Big5, declared",
        {"energy/ledger.csv": "站點,月份,用電\nBJ-01,2023-01,1200\n".encode("big5")},
        "2  used 1200 kWh",
        form('encoding = "big5"', 'columns = { site_id = "站點", month = "月份" }', column("用電")),
    ),
    Case(
        "Big5, undeclared: its bytes pass for GB18030, and its header says nothing",
        {"energy/ledger.csv": "站點,月份,用電\nBJ-01,2023-01,1200\n".encode("big5")},
        "*  stopped: needed for 'energy' are missing. The header has: ",
    ),
    Case("An image under the name of a CSV file", {"energy/scan.csv": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"}, "*  stopped: It holds NUL bytes: it is no text, or UTF-16 without a byte-order mark. Save it again as 'CSV UTF-8'."),
    Case("NUL bytes in the text", {"energy/bills.csv": HEAD + ROW.format("1\x002")}, "*  stopped: It holds NUL bytes: it is no text, or UTF-16 without a byte-order mark. Save it again as 'CSV UTF-8'."),
    Case("An empty file", {"energy/bills.csv": ""}, "*  stopped: The file is empty. Ask the sender for it again"),
    Case("A file of a header only", {"energy/bills.csv": HEAD}, "*  stopped: There are no rows below the header."),
    Case("Only blank lines", {"energy/bills.csv": "\n\n,,,\n"}, "*  stopped: There is no header."),
    Case(
        "An HTML table under the name .xls, as web portals export",
        {"energy/export.xls": "<html><body><table><tr><td>site_id</td></tr></table></body></html>"},
        "*  stopped: It is a web page or XML under another name. Open it in a spreadsheet and save it as XLSX or CSV.",
    ),
    Case("CSV text under the name .xls", {"energy/export.xls": LEDGER.encode("gb18030")}, BOTH_READ),
)

DELIMITERS = (
    Case(
        "A column per measure, which the header names with its unit",
        {"energy/台账.csv": "站点,月份,外购电量（万kWh）,天然气用量（Nm3）,备注\nBJ-01,2023-01,1.5,20,\nBJ-01,2023-02,1.6,,停用\n"},
        "2  used 15000 kWh + 20 Nm3\n3  used 16000 kWh",
    ),
    Case(
        "Energy and water in one table, a column each, beside what counts nothing",
        {"energy/台账.csv": "站点,月份,外购电量（kWh）,自来水（吨）,金额（元）,备注\nBJ-01,2023-01,15,20,99,好\n"},
        "2  used 15 kWh + 20 t",
    ),
    Case(
        "Energy and water in one ledger, row by row",
        {"energy/台账.csv": "站点,表号,能源种类,月份,用量,单位\nBJ-01,E1,外购电力,2023-01,100,kWh\nBJ-01,W1,自来水,2023-01,10,m3\nBJ-01,W1,茶,2023-01,10,m3\n"},
        "2  used 100 kWh\n3  used 10 t\n4  rejected: measure",
    ),
    Case(
        "Readings, another month, prices and emissions beside a column per measure",
        {"energy/台账.csv": "站点,月份,外购电量（kWh）,上期示数（kWh）,上月用电量（kWh）,单价（元/kWh）,碳排放（tCO2）\nBJ-01,2023-01,15,1,2,3,4\n"},
        "2  used 15 kWh",
    ),
    Case("A total in the cell of the meter", {"energy/台账.csv": "站点,表号,月份,外购电量（kWh）\nBJ-01,E1,2023-01,15\nBJ-01,（合计）,2023-01,15\nBJ-01,E1合计,2023-01,15\n"}, "2  used 15 kWh\n3  rejected: total_row\n4  rejected: total_row"),
    Case(
        "A column per measure, and one more that may hold a quantity",
        {"energy/台账.csv": "站点,月份,外购电量（kWh）,用电量（kWh）\nBJ-01,2023-01,15,20\n"},
        "*  stopped: The column '用电量（kWh）' may hold quantities too, but its header names no measure and unit that is known.",
    ),
    Case(
        "A column per measure, and numbers without a header",
        {"energy/台账.csv": "站点,月份,外购电量（kWh）,\nBJ-01,2023-01,15,20\n"},
        "*  stopped: The column 'column 4' may hold quantities too",
    ),
    Case(
        "A unit in the header, and another in the row",
        {"energy/台账.csv": "站点,月份,外购电量（万kWh）,单位\nBJ-01,2023-01,15,kWh\nBJ-01,2023-02,15,万kWh\n"},
        "2  rejected: unit\n3  used 150000 kWh",
    ),
    Case(
        "Units in two headers, and a column of units",
        {"energy/台账.csv": "站点,月份,外购电量（万kWh）,天然气（Nm3）,单位\nBJ-01,2023-01,15,1,kWh\n"},
        "*  stopped: The headers name units, and so does the column '单位'.",
    ),
    Case(
        "A column beside the quantity that is not read",
        {"energy/台账.csv": "站点,月份,能源种类,单位,用量,天然气用量(Nm3)\nBJ-01,2023-01,外购电,kWh,5,7\n"},
        "2  used 5 kWh",
        observed=("column_unread failed: energy/台账.csv",),
    ),
    Case("Tabs, with numbers that may be thousands", {"energy/a.txt": "site_id\tmonth\t外购电量（kWh）\nBJ-01\t2023-01\t1.234\nBJ-01\t2023-02\t999\n"}, "2  rejected: number\n3  used 999 kWh"),
    Case("Tabs, with numbers whose point is plain", {"energy/a.txt": "site_id\tmonth\t外购电量（kWh）\nBJ-01\t2023-01\t1.234\nBJ-01\t2023-02\t1.25\n"}, "2  used 1.234 kWh\n3  used 1.25 kWh"),
    Case("A month with 份", {"energy/a.csv": "site_id,month,外购电量（kWh）\nBJ-01,2023年11月份,5\n"}, "2  used 5 kWh"),
    Case("A header of several columns taken for one", {"energy/a.csv": "Standort!Monat;Verbrauch\nBJ-01;2023-01;5\n"}, "*  stopped: The header was taken for one column: if its cells are parted by ';', say `delimiter` in _format.toml."),
    Case("A column per month, undeclared", {"energy/a.csv": "site_id,Jan,Feb,Mar\nBJ-01,1,2,3\n"}, "*  stopped: For a column per month see `months`"),
    Case("Readings, undeclared", {"energy/a.csv": "site_id,month,上期示数,本期示数\nBJ-01,2023-01,1,3\n"}, "*  stopped: For readings of a meter see `readings`"),
    Case(
        "One measure in two columns of the header",
        {"energy/台账.csv": "站点,月份,外购电量（万kWh）,外购电（kWh）\nBJ-01,2023-01,1.5,15000\n"},
        "*  stopped: The headers '外购电量（万kWh）' and '外购电（kWh）' both name electricity_purchased.",
    ),
    Case("A header whose unit does not fit its measure", {"energy/台账.csv": "站点,月份,天然气（m³）\nBJ-01,2023-01,20\n"}, "*  stopped: The header '天然气（m³）' names no unit of natural_gas."),
    Case(
        "A header that names no measure: the lines of a format are told",
        {"energy/台账.csv": "站点,月份,用电量（kWh）\nBJ-01,2023-01,20\n"},
        '*  stopped: say in a _format.toml beside the file what it measures, for example: format_version = 1 / [[file]] / glob = "台账.csv"',
    ),
    Case("`$` between the cells", {"energy/export.csv": HEAD.replace(",", "$") + "BJ-01$electricity_purchased$1,200$kWh$2023-01-01$2023-01-31\n"}, "2  used 1200 kWh"),
    Case(
        "Semicolons, with `1.234,50` declared",
        {"energy/bills.csv": (HEAD + ROW.format("1.234.50")).replace(",", ";").replace("1.234.50", "1.234,50")},
        "2  used 1234.5 kWh",
        form('decimal = ","\nthousands = "."'),
    ),
    Case(
        "Semicolons, with `1.234,50` undeclared: the delimiter is found, the number is not guessed",
        {"energy/bills.csv": (HEAD + ROW.format("1.234.50")).replace(",", ";").replace("1.234.50", "1.234,50")},
        "2  rejected: number",
    ),
    Case("Tabs in a .txt", {"energy/bills.txt": (HEAD + ROW.format("12")).replace(",", "\t")}, "2  used 12 kWh"),
    Case("A first line `sep=;`, as Excel asks for", {"energy/bills.csv": "sep=;\r\n" + (HEAD + ROW.format("12")).replace(",", ";")}, "3  used 12 kWh"),
    Case("A first line `sep=;` behind a byte-order mark", {"energy/bills.csv": ("\ufeffsep=;\r\n" + (HEAD + ROW.format("12")).replace(",", ";")).encode()}, "3  used 12 kWh"),
    Case("Full-width commas between the cells", {"energy/台账.csv": LEDGER.replace(",", "，")}, BOTH_READ),
    Case("A quoted cell with a line break and a comma", {"energy/bills.csv": HEAD.replace("\n", ",note\n") + ROW.format("12").replace("\n", ',"two,\nlines"\n') + ROW.format("13").replace("01-31\n", "01-30,\n")}, "2  used 12 kWh [same_days]\n4  used 13 kWh [same_days]"),
    Case("A quote that never closes", {"energy/bills.csv": HEAD + ROW.format("12") + 'BJ-01,"electricity_purchased,13,kWh,2023-02-01,2023-02-28\n'}, "*  stopped: The CSV cannot be parsed: unexpected end of data. Check its quotes."),
    Case("Old Macintosh line ends", {"energy/bills.csv": rows("12", "13").replace("\n", "\r")}, "2  used 12 kWh\n3  used 13 kWh"),
    Case(
        "Ragged rows: a cell too few, a cell too many, and a harmless comma at the end",
        {"energy/bills.csv": HEAD + "BJ-01,electricity_purchased,5,kWh,2023-01-01\n" + ROW.format("1,200") + ROW.format("12").replace("\n", ",\n")},
        "2  rejected: ragged_row\n3  rejected: ragged_row\n4  used 12 kWh",
    ),
)

SHAPES = (
    Case(
        "Title rows above the header, notes below the table",
        {"energy/台账.csv": "某某公司2023年能源消耗台账,,,,,\n编制：张三,,,,,\n" + LEDGER + "注：天然气按标准状态计量,,,,,\n制表日期 2024-01-05,,,,,\n"},
        "4  used 1200 kWh\n5  used 30 Nm3\n6  excluded: note, no record\n7  excluded: note, no record",
        form(feed="", quantity='[[file.feed.quantity]]\nmeasure_column = "measure"\ncolumn = "quantity"\nunit_column = "unit"\n', more='[[file.aside]]\ncolumn = "站点编号"\nwords = ["注：*", "制表日期*"]\nkind = "note"\n'),
    ),
    Case(
        "Notes below the table, undeclared: rejected, not passed over",
        {"energy/台账.csv": LEDGER + "注：天然气按标准状态计量,,,,,\n"},
        BOTH_READ + "\n4  rejected: date_missing;measure;quantity_missing;unknown_site",
    ),
    Case(
        "Subtotals and a total that are right",
        {"energy/bills.csv": "site_id,month,amount\nBJ-01,2023-01,100\nBJ-01,2023-02,50\n小计,,150\nBJ-02,2023-01,7\n小计,,7\n合 计,,157\n"},
        """
        2  used 100 kWh
        3  used 50 kWh
        4  excluded: subtotal row, a control total
        5  used 7 kWh
        6  excluded: subtotal row, a control total
        7  excluded: total row, a control total
        """,
        form(quantity=column("amount"), more='[[file.aside]]\ncolumn = "site_id"\nwords = ["小计"]\nkind = "subtotal"\n[[file.aside]]\ncolumn = "site_id"\nwords = ["合计"]\nkind = "total"\n'),
        ("control_total passed: energy/bills.csv, line 4", "control_total passed: energy/bills.csv, line 6", "control_total passed: energy/bills.csv, line 7"),
    ),
    Case(
        "A total that is wrong: the rows count, the total is reported",
        {"energy/bills.csv": "site_id,month,amount\nBJ-01,2023-01,100\nBJ-01,2023-02,50\nTotal,,151\n"},
        "2  used 100 kWh\n3  used 50 kWh\n4  excluded: total row, a control total",
        form(quantity=column("amount"), more='[[file.aside]]\ncolumn = "site_id"\nwords = ["total*"]\nkind = "total"\n'),
        ("control_total failed: energy/bills.csv, line 4: total of 'amount': 2 rows add up to 150; 151",),
    ),
    Case("A total nobody declared: rejected, never added", {"energy/bills.csv": "site_id,month,amount\nBJ-01,2023-01,100\n合计,,100\n"}, "2  used 100 kWh\n3  rejected: total_row", form(quantity=column("amount"))),
    Case("The header again on every page", {"energy/bills.csv": HEAD + ROW.format("12") + HEAD + ROW.format("13").replace("01-", "02-").replace("31", "28")}, "2  used 12 kWh\n3  excluded: the header again\n4  used 13 kWh"),
    Case("The unit in the header", {"energy/bills.csv": WIDE + "BJ-01,2023-01,1.2\n"}, "2  used 12000 kWh", form(quantity=column("电量(万kWh)", "unit_in_header = true"))),
    Case("A header that ought to hold a unit and holds none", {"energy/bills.csv": "site_id,month,电量\nBJ-01,2023-01,1.2\n"}, "*  stopped: The header '电量' ought to end with a unit in brackets.", form(quantity=column("电量", "unit_in_header = true"))),
    Case("A header with the unit of another kind", {"energy/bills.csv": "site_id,month,电量(元)\nBJ-01,2023-01,1.2\n"}, "*  stopped: ought to end with a unit in brackets. The unit '元' is unknown.", form(quantity=column("电量(元)", "unit_in_header = true"))),
    Case(
        "Two columns that might both be the first day",
        {"energy/bills.csv": "站点编号,能源种类,用量,单位,起始日期,开始日期,截止日期\nBJ-01,外购电力,5,kWh,2023-01-01,2023-01-01,2023-01-31\n"},
        "*  stopped: The columns '起始日期', '开始日期' might each be 'period_start'. Say which under `columns` in _format.toml",
    ),
    Case("A column twice in the header", {"energy/bills.csv": HEAD.replace("unit", "quantity") + ROW.format("1")}, "*  stopped: The header names 'quantity' more than once."),
    Case(
        "Site names written once, blank below: undeclared",
        {"energy/bills.csv": HEAD + ROW.format("12") + ROW.format("13").replace("BJ-01", "").replace("-01-", "-02-").replace("31", "28")},
        "2  used 12 kWh\n3  rejected: required",
    ),
    Case(
        "Site names written once, blank below: declared with `fill_down`",
        {"energy/bills.csv": HEAD + ROW.format("12") + ROW.format("13").replace("BJ-01", "").replace("-01-", "-02-").replace("31", "28")},
        "2  used 12 kWh\n3  used 13 kWh",
        form('fill_down = ["site_id"]'),
    ),
    Case(
        "Site names written once, with a subtotal between: its word is no site's name",
        {"energy/bills.csv": "site_id,month,amount\nBJ-01,2023-01,5\n,2023-02,6\n小计,,11\n,2023-03,7\nBJ-02,2023-01,8\n"},
        "2  used 5 kWh\n3  used 6 kWh\n4  excluded: subtotal row, a control total\n5  used 7 kWh\n6  used 8 kWh",
        form('fill_down = ["site_id"]', quantity=column("amount"), more='[[file.aside]]\ncolumn = "site_id"\nwords = ["小计"]\nkind = "subtotal"\n'),
    ),
    Case(
        "Chinese words for measures and units",
        {"energy/台账.csv": KOPF + "".join(f"BJ-01,{word},{number},{unit},2023-01-01,2023-01-31\n" for number, (word, unit) in enumerate([("外购电力", "万千瓦时"), ("外购热力", "GJ"), ("汽油", "吨"), ("柴油", "kg"), ("绿电", "度"), ("蒸气", "GJ")], 1))},
        "2  used 10000 kWh\n3  used 2000 MJ\n4  used 3000 kg\n5  used 4 kg\n6  used 5 kWh\n7  rejected: measure",
    ),
    Case("A misspelled folder is not passed over", {"engery/bills.csv": HEAD + ROW.format("1")}, "*  stopped: The file lies in no domain's folder. Did you mean 'energy'?"),
)

NUMBERS = (
    Case("Thousands parted by no-break and thin spaces, declared", {"energy/bills.csv": rows("1\u00a0234.5", "1\u2009234.5", "1\u202f234.5", "1 234.5", "12 34")}, "2  used 1234.5 kWh\n3  used 1234.5 kWh\n4  used 1234.5 kWh\n5  used 1234.5 kWh\n6  rejected: number", form('thousands = " "')),
    Case("Thousands parted by no-break spaces, undeclared", {"energy/bills.csv": rows("1\u00a0234.5")}, "2  rejected: number"),
    Case("Full-width digits, a minus sign of typography, parentheses", {"energy/bills.csv": rows("１２３．５", "\u2212１２", "(12)", "（１２）")}, "2  used 123.5 kWh\n3  used -12 kWh [negative]\n4  used -12 kWh [negative]\n5  used -12 kWh [negative]", form(quantity='[[file.feed.quantity]]\nmeasure_column = "measure"\ncolumn = "quantity"\nunit_column = "unit"\nnegative = "net_metering"\n')),
    Case("Words where a number should be", {"energy/bills.csv": rows("n/a", "-", "暂无", "#N/A", "约1200", "1200度", "=cmd()", "1e400", "NaN", "inf")}, "\n".join(f"{line}  rejected: {'formula' if line == 8 else 'number'}" for line in range(2, 12))),
    Case("Commas that part no thousands", {"energy/bills.csv": rows('"1,2"', '"12,34"', '"1,234"', '"1,234,56"')}, "2  rejected: number\n3  rejected: number\n4  used 1234 kWh\n5  rejected: number"),
    Case("A percent sign in a share, and in a quantity", {"sites/sites.csv": "site_id,name,country,kind,ownership_share,floor_area,floor_area_unit\nBJ-01,A,CN,office,60%,,\nBJ-02,B,CN,office,60 ％,,\nBJ-03,C,CN,office,160%,,\n", "energy/bills.csv": rows("60%")}, "sites.csv 2  excluded: no amount of this site or meter counts\nsites.csv 3  excluded: no amount of this site or meter counts\nsites.csv 4  rejected: ownership_share\nbills.csv 2  rejected: number"),
    Case("`=cmd()` in cells", {"energy/bills.csv": "site_id,document,remark,measure,quantity,unit,period_start,period_end\nBJ-01,=cmd(),,electricity_purchased,5,kWh,2023-01-01,2023-01-31\nBJ-01,7,=cmd(),electricity_purchased,5,kWh,2023-01-01,2023-01-31\n=cmd(),8,,electricity_purchased,5,kWh,2023-01-01,2023-01-31\n"}, "2  rejected: formula\n3  used 5 kWh\n4  rejected: formula;unknown_site"),
    Case("A blank quantity is no zero", {"energy/bills.csv": rows("", " ", "0")}, "2  rejected: quantity_missing\n3  rejected: quantity_missing\n4  used 0 kWh"),
)

DATES = (
    Case("`12/13/2023` undeclared: rejected, not guessed", {"energy/bills.csv": days("12/13/2022,12/13/2023", "2023-05-01,13/12/2023")}, "2  rejected: date\n3  rejected: date"),
    Case("`12/13/2023` with `dates = \"MDY\"`", {"energy/bills.csv": days("12/13/2022,1/12/2023", "13/12/2022,2/12/2023")}, "2  used 100 kWh\n3  rejected: date", form('dates = "MDY"')),
    Case("`2023年1月`, `2023/1`, `202301` and `2023.1` as months", {"energy/bills.csv": "site_id,month,amount\nBJ-01,2023年1月,1\nBJ-01,2023/2,2\nBJ-01,202303,3\nBJ-01,2023.4,4\nBJ-01,2023-05-01,5\nBJ-01,1月,6\nBJ-01,2023-13,7\n"}, "2  used 1 kWh\n3  used 2 kWh\n4  used 3 kWh\n5  used 4 kWh\n6  used 5 kWh\n7  rejected: date\n8  rejected: date", form(quantity=column("amount"))),
    Case("`2023.1.1-2023.1.31` in one cell, and its kin", {"energy/bills.csv": "site_id,计费周期,amount\n" + "".join(f"BJ-01,{text},{number}\n" for number, text in enumerate(["2023.1.1-2023.1.31", "2023-02-01至2023-02-28", "2023年3月1日-2023年3月31日", "20230401-20230430", "2023/5/1~2023/5/31", "2023-06-01 - 2023-06-30", "2023-07-01 to 2023-07-31", "2023-08-01", "sommer", "2023-09-01-2023-09-30", "2023-10-01——2023-10-31", "2023年11月1日至11月30日"], 1))}, "2  used 1 kWh\n3  used 2 kWh\n4  used 3 kWh\n5  used 4 kWh\n6  used 5 kWh\n7  used 6 kWh\n8  used 7 kWh\n9  rejected: date\n10  rejected: date\n11  used 10 kWh\n12  used 11 kWh\n13  rejected: date", form(quantity=column("amount"))),
    Case("20230131 and other ways to write a day", {"energy/bills.csv": days("20230101,20230131", "2023/2/1,2023年2月28日", "2023.3.1,2023-03-31 00:00:00", "２０２３-04-01,2023-04-30", "2023-05-01 10:30,2023-05-31")}, "2  used 100 kWh\n3  used 200 kWh\n4  used 300 kWh\n5  used 400 kWh\n6  rejected: date"),
    Case("Days that do not exist", {"energy/bills.csv": days("2023-02-01,2023-02-29", "2023-01-00,2023-01-31", "2023-03-31,2023-03-01")}, "2  rejected: date\n3  rejected: date\n4  rejected: period_reversed"),
    Case("Days after the data could be known, and outside the site's life", {"energy/bills.csv": days("2023-12-01,2024-01-05") + "SH-01,electricity_purchased,5,kWh,2023-06-15,2023-07-15\nSH-01,electricity_purchased,5,kWh,2021-12-15,2022-01-15\n"}, "2  rejected: after_as_of\n3  rejected: outside_site_life\n4  rejected: outside_site_life"),
    Case("A bill that runs into the first period of the edition", {"energy/bills.csv": days("2021-12-18,2022-01-16", "2021-01-01,2021-01-31")}, "2  used 100 kWh (outside the periods of this edition)\n3  excluded: outside the periods of this edition"),
    Case("A unit that does not fit the measure, and units that are refused", {"energy/bills.csv": HEAD + "".join(f"BJ-01,{measure},{number},{unit},2023-01-01,2023-01-31\n" for number, (measure, unit) in enumerate([("electricity_purchased", "m3"), ("natural_gas", "m3"), ("diesel", "ton"), ("diesel", "t"), ("electricity_purchased", "kwh"), ("electricity_purchased", "ＫＷＨ")], 1))}, "2  rejected: unit\n3  rejected: unit\n4  rejected: unit\n5  used 4000 kg\n6  rejected: unit\n7  rejected: unit"),
)

CASES = (*ENCODINGS, *DELIMITERS, *SHAPES, *NUMBERS, *DATES)
