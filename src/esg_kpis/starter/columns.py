"""Columns that several templates share."""

from esg_kpis.starter import words
from esg_kpis.starter.template import Column, Word


def site(says: str = "Id of the site, exactly as in sites.xlsx", says_zh: str = "站点编号，须与 sites.xlsx 一致") -> Column:
    """The site a row belongs to."""
    return Column("site_id", "Site", "站点编号", "site", says, says_zh, 14)


def first_day(says: str = "First day of the bill, counted", says_zh: str = "账单首日（含）") -> Column:
    """The first day of a bill."""
    return Column("period_start", "First day", "起始日", "date", says, says_zh, 13, also=("From", "起", "起始日期"))


def last_day(says: str = "Last day of the bill, counted. If it is the first day of the next bill, write the day before", says_zh: str = "账单末日（含）。若与下一张账单首日相同，请填前一天") -> Column:
    """The last day of a bill."""
    return Column("period_end", "Last day", "截止日", "date", says, says_zh, 13, also=("To", "止", "截止日期"))


def quantity(title: str = "Quantity", title_zh: str = "数量", says: str = "Zero or more. A month without any is a row with 0", says_zh: str = "不小于零；当月没有用量也请填一行 0") -> Column:
    """What was counted."""
    return Column("quantity", title, title_zh, "number", says, says_zh, 15)


def unit(units: tuple[Word, ...]) -> Column:
    """The unit of a quantity."""
    return Column("unit", "Unit", "单位", "word", "As on the bill; choose from the list", "与账单一致，请从列表中选择", 12, words=units)


def meter() -> Column:
    """The meter a bill is about."""
    return Column("meter_id", "Meter no.", "表号", "text", "Number of the meter, spelled the same every time", "表计编号，每次写法一致", 15, required=False)


def document(title: str = "Bill no.", title_zh: str = "账单号") -> Column:
    """The number of the evidence behind a row."""
    return Column("document", title, title_zh, "text", "Number of the bill, so that an assurer finds it", "账单编号，供鉴证人员查找", 18, required=False)


def note() -> Column:
    """Words for whoever reads the file; no figure rests on them."""
    return Column("note", "Note", "备注", "text", "Anything a reader should know; it is kept and not used", "需要说明的内容；保留，不参与计算", 26, required=False)


def person(says: str = "Pseudonym, 16 to 64 hexadecimal digits; never a name or staff number", says_zh: str = "匿名代码（16至64位十六进制）；不得填姓名或工号") -> Column:
    """The pseudonymous key of a person."""
    return Column("person", "Person key", "人员代码", "person", says, says_zh, 20)


def as_they_are() -> tuple[Column, ...]:
    """What is told of a person, in bands and closed words."""
    return (
        site("Site where the person works, as in sites.xlsx", "工作站点编号，须与 sites.xlsx 一致"),
        Column("gender", "Gender", "性别", "word", "Choose from the list", "请从列表中选择", 14, words=words.GENDER),
        Column("age_group", "Age band", "年龄组别", "word", "A band, never an age or a birth date", "只填年龄段，不填年龄或生日", 18, words=words.AGE),
        Column("level", "Level", "职级", "word", "Choose from the list; blank means not stated", "请从列表中选择；留空表示未说明", 14, required=False, words=words.LEVEL),
        Column("employment_type", "Employment type", "雇佣类型", "word", "Choose from the list", "请从列表中选择", 20, words=words.EMPLOYMENT),
    )
