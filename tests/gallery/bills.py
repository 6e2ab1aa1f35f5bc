"""Bills that speak of each other: doubles, corrections, overlaps, sub-meters, credits, readings, and quantities that stand out."""

from tests.gallery.case import HEAD, METER_HEAD, Case, column, form

PLAIN = "BJ-01,electricity_purchased,{},{},2023-01-01,2023-01-31\n"
REGISTER = "site_id,measure,meter_id,part_of,digits,net_metering\n"
READ_OFF = '[[file.feed.quantity]]\nmeasure = "electricity_purchased"\ncolumn = "billed"\nunit = "kWh"\nreadings = { start = "before", to = "now", times = "factor" }\n'
READINGS = "site_id,meter_id,month,before,now,factor,billed\n"


def january(*rows: str) -> str:
    """Bills of January at one site: meter, document, quantity, unit."""
    return METER_HEAD + "".join(f"BJ-01,{meter},{document},electricity_purchased,{quantity},{unit},2023-01-01,2023-01-31\n" for meter, document, quantity, unit in (row.split() for row in rows)).replace("-,", ",")


def linked(*rows: str) -> str:
    """Bills of January: document, what it corrects, revision, kind, quantity; `-` for blank."""
    head = "site_id,meter_id,document,corrects,revision,bill_kind,measure,quantity,unit,period_start,period_end\n"
    cells = [["" if cell == "-" else cell for cell in row.split()] for row in rows]
    return head + "".join(f"BJ-01,M1,{document},{corrects},{revision},{kind},electricity_purchased,{quantity},kWh,2023-01-01,2023-01-31\n" for document, corrects, revision, kind, quantity in cells)


def spans(*pairs: str) -> str:
    """Bills of one meter from day to day."""
    return METER_HEAD + "".join(f"BJ-01,M1,{number},electricity_purchased,{number}00,kWh,{pair}\n" for number, pair in enumerate(pairs, 1))


DOUBLES = (
    Case("The same row twice", {"energy/bills.csv": HEAD + PLAIN.format(100, "kWh") * 2}, "2  used 100 kWh\n3  excluded: duplicate of 2 [duplicate]"),
    Case("The same bill in another unit, in another file", {"energy/a.csv": HEAD + PLAIN.format(1200, "kWh"), "energy/b.csv": HEAD + PLAIN.format("0.12", "万kWh")}, "a.csv 2  used 1200 kWh\nb.csv 2  excluded: duplicate of a.csv 2 [duplicate]"),
    Case("The same file under two names", {"energy/a.csv": HEAD + PLAIN.format(100, "kWh"), "energy/copy of a.csv": HEAD + PLAIN.format(100, "kWh")}, "a.csv 2  used 100 kWh\ncopy of a.csv *  ignored: The same bytes as energy/a.csv; its records count once."),
    Case("The same bill number with another quantity: both rejected, since nobody says which holds", {"energy/bills.csv": january("M1 7 100 kWh", "M1 7 110 kWh", "M2 8 5 kWh")}, "2  rejected: bill_twice\n3  rejected: bill_twice\n4  used 5 kWh"),
    Case("Two meters on one bill", {"energy/bills.csv": january("M1 7 100 kWh", "M2 7 100 kWh")}, "2  used 100 kWh\n3  used 100 kWh"),
    Case("A bill that `corrects` another", {"energy/bills.csv": linked("7 - - - 100", "8 7 - - 90")}, "2  excluded: superseded by 3 [superseded]\n3  used 90 kWh"),
    Case("A higher `revision` of a bill", {"energy/bills.csv": linked("7 - 1 - 100", "7 - 3 - 80", "7 - 2 - 90", "7 - x - 70")}, "2  excluded: superseded by 3 [superseded]\n3  used 80 kWh\n4  excluded: superseded by 3 [superseded]\n5  rejected: revision"),
    Case("A chain of corrections: only the last counts", {"energy/bills.csv": linked("7 - - - 100", "8 7 - - 90", "9 8 - - 80")}, "2  excluded: superseded by 3 [superseded]\n3  excluded: superseded by 4 [superseded]\n4  used 80 kWh"),
    Case("Bills that correct each other, and one that corrects itself", {"energy/bills.csv": linked("7 8 - - 100", "8 7 - - 90", "9 9 - - 80")}, "2  rejected: corrects_itself\n3  rejected: corrects_itself\n4  rejected: corrects_itself"),
    Case("A correction of a bill that never came", {"energy/bills.csv": linked("8 7 - - 90")}, "2  used 90 kWh [corrects_nothing]"),
    Case("Bills of one meter that overlap", {"energy/bills.csv": spans("2023-01-01,2023-01-31", "2023-01-20,2023-02-20", "2023-02-21,2023-03-20")}, "2  rejected: overlap\n3  rejected: overlap\n4  used 300 kWh"),
    Case("A reading day that two bills share: undeclared", {"energy/bills.csv": spans("2023-01-15,2023-02-15", "2023-02-15,2023-03-15")}, "2  rejected: overlap\n3  rejected: overlap"),
    Case("A reading day that two bills share: `last_day = \"not_counted\"`", {"energy/bills.csv": spans("2023-01-15,2023-02-15", "2023-02-15,2023-03-15")}, "2  used 100 kWh\n3  used 200 kWh", form('last_day = "not_counted"')),
)

METERS = (
    Case(
        "Peak, flat and valley as columns",
        {"energy/bills.csv": "site_id,meter_id,month,尖峰,平段,谷段,合计\nBJ-01,M1,2023-01,10,20,30,60\nBJ-01,M1,2023-02,11,21,,32\n"},
        "2  used 10 kWh + 20 kWh + 30 kWh\n3  rejected: quantity_missing",
        form(quantity=column("尖峰") + column("平段") + column("谷段"), more='[[file.footing]]\ntotal = "合计"\nparts = ["尖峰", "平段", "谷段"]\n'),
        ("row_footing passed",),
    ),
    Case(
        "Peak, flat and valley as columns, in a row that is cut off",
        {"energy/bills.csv": "site_id,meter_id,month,尖峰,平段,谷段\nBJ-01,M1,2023-01,10,20,30\nBJ-01,M1,2023-02,11\n"},
        "2  used 10 kWh + 20 kWh + 30 kWh\n3  rejected: ragged_row",
        form(quantity=column("尖峰") + column("平段") + column("谷段")),
    ),
    Case(
        "Peak, flat and valley as rows",
        {"energy/bills.csv": "站点,表号,峰平谷,能源种类,用量,单位,月份\n" + "".join(f"BJ-01,M1,{part},外购电力,{number},kWh,2023-01\n" for number, part in enumerate(("峰", "平", "谷"), 1))},
        "2  used 1 kWh\n3  used 2 kWh\n4  used 3 kWh",
    ),
    Case(
        "Peak, flat and valley as rows, with no column that tells them apart: overlapping",
        {"energy/bills.csv": "站点,表号,能源种类,用量,单位,月份\n" + "".join(f"BJ-01,M1,外购电力,{number},kWh,2023-01\n" for number in (1, 2, 3))},
        "2  rejected: overlap\n3  rejected: overlap\n4  rejected: overlap",
    ),
    Case(
        "A sub-meter beside its main meter",
        {"meters/meters.csv": REGISTER + "BJ-01,electricity_purchased,M1,,,\nBJ-01,electricity_purchased,M1a,M1,,\nBJ-01,electricity_purchased,M9b,M9,,\n", "energy/bills.csv": january("M1 1 100 kWh", "M1a 2 40 kWh", "M9b 3 7 kWh")},
        """
        meters.csv 2  used
        meters.csv 3  used
        meters.csv 4  rejected: main_meter
        bills.csv 2  used 100 kWh
        bills.csv 3  excluded: sub-meter, counted in the bills of M1 [sub_meter]
        bills.csv 4  used 7 kWh
        """,
    ),
    Case("A credit note, declared", {"energy/bills.csv": linked("7 - - - 100", "8 - - credit_note -30")}, "2  used 100 kWh\n3  used -30 kWh [credit_note]"),
    Case("A negative bill that nothing explains", {"energy/bills.csv": linked("7 - - - 100", "8 - - - -30")}, "2  used 100 kWh\n3  rejected: negative"),
    Case("A credit note that is positive", {"energy/bills.csv": linked("7 - - - 100", "8 - - credit_note 30", "9 - - refund -30")}, "2  used 100 kWh\n3  rejected: credit_note_sign\n4  rejected: vocabulary"),
    Case(
        "A meter that counts backwards because the site feeds back, by the register",
        {"meters/meters.csv": REGISTER + "BJ-01,electricity_purchased,M1,,,yes\nBJ-01,electricity_purchased,M2,,,no\n", "energy/bills.csv": january("M1 1 -100 kWh", "M2 2 -40 kWh")},
        "meters.csv 2  used\nmeters.csv 3  used\nbills.csv 2  used -100 kWh [negative]\nbills.csv 3  rejected: negative",
    ),
    Case(
        "Readings with a multiplier, and a bill that disagrees with them",
        {"energy/bills.csv": READINGS + "BJ-01,M1,2023-01,1000,1250,40,\nBJ-01,M1,2023-02,1250,1300,40,2060\nBJ-01,M1,2023-03,1300,,40,\nBJ-01,M1,2023-04,1300,x,40,\n"},
        "2  used 10000 kWh\n3  used 2060 kWh [readings]\n4  rejected: quantity_missing\n5  rejected: number",
        form(quantity=READ_OFF),
    ),
    Case(
        "Readings that cannot be read, and a multiplier that is blank, where blanks are allowed: none is passed over",
        {"energy/bills.csv": READINGS + "BJ-01,M1,2023-01,1000,x,40,\nBJ-01,M1,2023-02,1250,1300,,\nBJ-01,M1,2023-03,1300,1400,forty,\nBJ-01,M1,2023-04,,,40,\nBJ-01,M1,2023-05,1500,1600,,7\n"},
        "2  rejected: number\n3  rejected: number\n4  rejected: number\n5  excluded: no quantity [no_quantity]\n6  used 7 kWh",
        form(quantity=READ_OFF + 'blank = "skip"\n'),
    ),
    Case(
        "A column of readings that the file lacks, or a multiplier that is no column",
        {"energy/bills.csv": READINGS.replace("before", "earlier").replace("factor", "ratio") + "BJ-01,M1,2023-01,1000,1250,40,\n"},
        "*  stopped: The columns 'before', 'factor' needed for 'energy' are missing. The header has: site_id, meter_id, month, earlier, now, ratio, billed.",
        form(quantity=READ_OFF),
    ),
    Case(
        "A counter that rolled over, with its digits in the register and without",
        {"meters/meters.csv": REGISTER + "BJ-01,electricity_purchased,M1,,5,\nBJ-01,electricity_purchased,M2,,,\n", "energy/bills.csv": READINGS + "BJ-01,M1,2023-01,99900,100,1,\nBJ-01,M2,2023-01,99900,100,1,\n"},
        "meters.csv 2  used\nmeters.csv 3  used\nbills.csv 2  used 200 kWh [rollover]\nbills.csv 3  rejected: reading_backwards",
        form(quantity=READ_OFF),
    ),
    Case(
        "A quantity a thousand times what the meter usually counts: used, and flagged",
        {"energy/bills.csv": METER_HEAD + "".join(f"BJ-01,M1,{month},electricity_purchased,{number},kWh,2023-{month:02}-01,2023-{month:02}-28\n" for month, number in enumerate([1000, 1010, 990, 1020, 1005, 995, 1000000, 1015, 1000, 985], 1))},
        "\n".join(f"{line}  used {number} kWh{' [unit_slip]' if number > 2000 else ''}" for line, number in enumerate([1000, 1010, 990, 1020, 1005, 995, 1000000, 1015, 1000, 985], 2)),
    ),
    Case("A site that is in no register", {"energy/bills.csv": HEAD + PLAIN.format(1, "kWh").replace("BJ-01", "BJ-O1") + PLAIN.format(1, "kWh").replace("BJ-01", " BJ-01 ")}, "2  rejected: unknown_site\n3  used 1 kWh"),
    Case("A quantity larger than a country's", {"energy/bills.csv": HEAD + PLAIN.format("1000000000000", "kWh") + PLAIN.format("1e30", "kWh")}, "2  rejected: too_large\n3  rejected: number"),
)

CASES = (*DOUBLES, *METERS)
