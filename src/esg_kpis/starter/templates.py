"""The templates of a new workspace: what a site or human resources fills in, each with worked rows that count in the first run."""

from datetime import date
from decimal import Decimal

from esg_kpis.ingest.examples import MARK
from esg_kpis.starter import columns, words
from esg_kpis.starter.people import people_templates
from esg_kpis.starter.template import EXAMPLE_SITE, GROUP_SITE, Column, Template


def templates(year: int, country: str, company: str) -> tuple[Template, ...]:
    """All templates, sites first.

    Args:
        year: The reporting year; worked rows lie in it.
        country: Where the worked site is.
        company: What the group is called in the register.
    """
    january = (date(year, 1, 1), date(year, 1, 31))
    return (
        _sites(country, company), _meters(year), _energy(january), _refrigerants(year), _water(january), _waste(january), _revenue(year), *people_templates(year),
    )  # fmt: skip


def _sites(country: str, company: str) -> Template:
    return Template(
        "sites", "sites", "The register of sites. Every other file names sites by the ids of this one.", "站点登记表。其他各表均以此处的编号引用站点。",
        (
            columns.site("A short id of your own, such as BJ-01; each site once", "自定的简短编号，例如 BJ-01；每个站点一行"),
            Column("name", "Site name", "站点名称", "text", "Name of the site", "站点名称", 26),
            Column("country", "Country", "国家或地区", "country", "Two letters, ISO 3166-1, such as CN, HK, US", "两位字母代码（ISO 3166-1），例如 CN、HK、US", 12, also=("国家代码",)),
            Column("grid_region", "Grid region", "电网区域", "region", "Blank takes the average of the country; a province such as CN-BJ takes its own", "留空按国家平均；填省份（如 CN-BJ）则按该省", 14, required=False),
            Column("kind", "Kind of site", "站点类型", "word", "Choose from the list. Group figures such as revenue belong to the row of kind Group", "请从列表中选择。收入等集团数据归于“集团”一行", 18, words=words.SITE_KINDS),
            Column("floor_area", "Floor area (m2)", "建筑面积", "number", "Gross floor area in square metres; blank if not known", "建筑面积，平方米；不清楚可留空", 16, required=False),
            Column("valid_from", "In the group from", "纳入日期", "date", "First day in the group; blank means from the beginning", "纳入集团的首日；留空表示一直如此", 16, required=False),
            Column("valid_to", "In the group to", "退出日期", "date", "Last day in the group; blank means still", "退出集团前的末日；留空表示至今", 16, required=False),
            columns.note(),
        ),
        (
            {"site_id": GROUP_SITE, "name": company, "country": country, "kind": "group", "note": "Keep this row 请保留此行"},
            {"site_id": EXAMPLE_SITE, "name": "A worked example 示例站点", "country": country, "kind": "office", "floor_area": Decimal(1000), "note": "Your first site 改为您的站点"},
        ),
    )  # fmt: skip


def _meters(year: int) -> Template:
    return Template(
        "meters", "meters", "What every site is to report. A month that does not come makes the KPI incomplete.", "各站点应报送的内容。缺少任何月份都会使指标标为“不完整”。",
        (
            columns.site(),
            Column("measure", "What it counts", "计量内容", "word", "Choose from the list", "请从列表中选择", 24, words=words.METERED),
            columns.meter(),
            Column("valid_from", "Read from", "启用日期", "date", "First day it is read; blank means as long as the site is in the group", "开始抄表日；留空表示与站点同期", 14, required=False),
            Column("valid_to", "Read to", "停用日期", "date", "Last day it is read; blank means still", "停止抄表日；留空表示至今", 14, required=False),
            columns.note(),
        ),
        (
            {
                "site_id": EXAMPLE_SITE, "measure": "electricity_purchased", "meter_id": f"{MARK}E1", "valid_from": date(year, 1, 1), "valid_to": date(year, 1, 31),
                "note": "Read to: blank for yours 停用日期请留空",
            },
        ),
        notes=(("Leave 'Read to' blank: then every month of the year is expected.", "“停用日期”请留空，则全年每月均须报送。"), ("A row without a meter number says that the site is to report the measure at all.", "不填表号表示该站点须报送此项，不限表计。")),
    )  # fmt: skip


def _energy(january: tuple[date, date]) -> Template:
    first, last = january
    return Template(
        "energy", "energy", "Bills of electricity, heat and fuels: a row per bill.", "电力、热力和燃料账单：每张账单一行。",
        (
            columns.site(),
            Column("measure", "Type of energy", "能源种类", "word", "Choose from the list. Green power that you buy is electricity bought, too", "请从列表中选择。购买的绿电也属外购电力", 24, words=words.ENERGY),
            columns.first_day(), columns.last_day(), columns.quantity(), columns.unit(words.ENERGY_UNITS),
            Column("use", "Fuel use", "燃料用途", "word", "Of fuels: where they are burnt", "仅燃料填写：在哪里使用", 26, required=False, words=words.FUEL_USE),
            columns.meter(), columns.document(), columns.note(),
        ),
        (
            {"site_id": EXAMPLE_SITE, "measure": "electricity_purchased", "period_start": first, "period_end": last, "quantity": Decimal(10000), "unit": "kWh", "meter_id": f"{MARK}E1", "document": f"{MARK}BILL-1"},
            {"site_id": EXAMPLE_SITE, "measure": "diesel", "period_start": first, "period_end": last, "quantity": Decimal(100), "unit": "kg", "use": "stationary", "document": f"{MARK}BILL-2"},
        ),
        notes=(
            ("Liquid fuels are weighed. Litres times the density on the delivery note are kilograms; nobody guesses a density.", "液体燃料按重量填报。升数乘以送货单上的密度即为千克；系统不会代为估计密度。"),
            ("Gas needs its state: Nm3 is at 0 °C, m3_15C and m3_20C at 15 and 20 °C. Your supplier's bill says which.", "天然气须注明状态：Nm3 为 0 °C，m3_15C、m3_20C 分别为 15、20 °C；账单上有说明。"),
        ),
    )  # fmt: skip


def _refrigerants(year: int) -> Template:
    return Template(
        "refrigerants", "refrigerants", "Refrigerants filled in by service firms: a row per service report. What was filled in has leaked.", "维保补充的制冷剂：每份维保记录一行。补充量即为泄漏量。",
        (
            columns.site(),
            Column("date", "Day of service", "维保日期", "date", "Day of the service report", "维保记录日期", 15),
            Column("refrigerant", "Refrigerant", "制冷剂", "word", "Choose from the list", "请从列表中选择", 14, words=words.REFRIGERANTS),
            columns.quantity("Filled in (kg)", "补充量（kg）", "Kilograms filled in to replace what leaked", "为弥补泄漏而补充的千克数"),
            columns.document("Service report no.", "维保单号"), columns.note(),
        ),
        ({"site_id": EXAMPLE_SITE, "date": date(year, 3, 10), "refrigerant": "R-410A", "quantity": Decimal(2), "document": f"{MARK}SERVICE-1"},),
        measure=("refrigerant_refill", "kg"),
    )  # fmt: skip


def _water(january: tuple[date, date]) -> Template:
    first, last = january
    return Template(
        "water", "water", "Water bills, and water discharged: a row per bill.", "水费账单及排水：每张账单一行。",
        (
            columns.site(), Column("measure", "Type of water", "用水类型", "word", "Choose from the list", "请从列表中选择", 24, words=words.WATER),
            columns.first_day(), columns.last_day(), columns.quantity(), columns.unit(words.WATER_UNITS), columns.meter(), columns.document(), columns.note(),
        ),
        ({"site_id": EXAMPLE_SITE, "measure": "water_tap", "period_start": first, "period_end": last, "quantity": Decimal(50), "unit": "m3", "document": f"{MARK}BILL-3"},),
    )  # fmt: skip


def _waste(january: tuple[date, date]) -> Template:
    first, last = january
    return Template(
        "waste", "waste", "Waste taken away: a row per consignment or month.", "清运的废弃物：每次清运或每月一行。",
        (
            columns.site(), Column("measure", "Type of waste", "废弃物类型", "word", "Choose from the list", "请从列表中选择", 32, words=words.WASTE),
            columns.first_day("First day it covers", "所涵盖的首日"), columns.last_day("Last day it covers", "所涵盖的末日"), columns.quantity(), columns.unit(words.WASTE_UNITS),
            columns.document("Consignment note", "联单号"), columns.note(),
        ),
        ({"site_id": EXAMPLE_SITE, "measure": "waste_non_hazardous", "period_start": first, "period_end": last, "quantity": Decimal(300), "unit": "kg", "document": f"{MARK}NOTE-1"},),
    )  # fmt: skip


def _revenue(year: int) -> Template:
    return Template(
        "stated", "revenue", "Revenue of the group, the denominator of intensities.", "集团收入，用作强度指标的分母。",
        (
            columns.site("GROUP, the row of kind Group in sites.xlsx", "GROUP，即 sites.xlsx 中“集团”一行"),
            columns.first_day("First day of the period", "期间首日"), columns.last_day("Last day of the period", "期间末日"),
            columns.quantity("Revenue", "收入", "In RMB; convert other currencies by your own accounts first", "以人民币计；其他货币请先按财务口径折算"), columns.unit(words.MONEY),
            Column("statement", "Statement", "依据文件", "text", "Document and page that state the figure", "载明该数字的文件及页码", 36),
            columns.note(),
        ),
        ({"site_id": GROUP_SITE, "period_start": date(year, 1, 1), "period_end": date(year, 12, 31), "quantity": Decimal(10), "unit": "RMB million", "statement": f"{MARK}STATEMENT, page 1"},),
        measure=("revenue", ""),
    )  # fmt: skip
