"""The rules a row may break, in the words of its sender: English and Chinese. What would be right is told for each row in English, and here in Chinese, with its detail in `{}`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One rule: the reason for a refusal in both languages, and what would be right in Chinese."""

    name: str
    reason: str
    reason_zh: str
    right_zh: str


_RULES = (
    Rule("ragged_row", "The row has more or fewer cells than the header", "该行单元格数与表头不一致", "应有 {} 个单元格，与表头一致"),
    Rule("file_stopped", "The file could not be read", "文件无法读取", "请按说明修改后重新发送整个文件"),
    Rule("total_row", "The row looks like a subtotal or total", "该行疑似小计或合计行", "每行应为一个站点在其计费期间的用量；若为小计或合计，请将该行作废"),
    Rule("required", "A cell that is needed is blank", "必填项为空", "请填写该单元格"),
    Rule("vocabulary", "The word is none of those that may stand here", "该词不在允许的范围内", "应为以下之一：{}"),
    Rule("formula", "The cell holds a formula without a value", "单元格是没有结果值的公式", "请填写数值，不要填写公式"),
    Rule("date", "The date cannot be read", "日期无法识别", "请按此格式填写日期：{}"),
    Rule("date_missing", "There is no date", "缺少日期", "请填写该用量的起始日和截止日"),
    Rule("dates_disagree", "The dates of the row disagree", "同一行的日期相互矛盾", "请只填写一个计费期间、月份或日期"),
    Rule("period_reversed", "The last day lies before the first", "截止日早于起始日", "截止日应等于或晚于起始日"),
    Rule("period_too_long", "The period is too long", "计费期间过长", "一行的期间最长为 {} 天"),
    Rule("after_as_of", "The days lie in the future", "日期晚于数据截止日", "日期不应晚于 {}"),
    Rule("unknown_site", "The site is not in the register", "站点不在登记表中", "应为登记表中的站点{}"),
    Rule("outside_site_life", "The days lie outside the life of the site", "日期在站点存续期之外", "日期应在站点存续期之内：{}"),
    Rule("outside_meter_life", "The days lie outside the life of the meter", "日期在表计使用期之外", "请核对表号和日期；表计登记的使用期：{}"),
    Rule("quantity_missing", "The quantity is blank", "用量为空", "请填写用量；没有使用请填 0"),
    Rule("number", "It is no number", "不是有效的数字", "请填写数字，例如 {}"),
    Rule("negative", "The quantity is negative", "用量为负数", "用量应为零或正数；红字账单请在“账单类型”一列注明红字（可增加该列）"),
    Rule("credit_note_sign", "A credit note is not negative", "红字账单的用量不是负数", "红字账单的用量应为负数"),
    Rule("measure", "The measure is unknown here", "用能或用水种类无法识别", "应为以下之一：{}"),
    Rule("unit", "The unit does not fit what is measured", "单位与计量内容不符", "请填写适用于 {} 的单位"),
    Rule("too_large", "The quantity is impossibly large", "用量过大，不合实际", "应小于 {}；请检查单位"),
    Rule("merged_quantity", "The quantity stands in a cell that is merged over several rows", "用量位于跨多行的合并单元格中", "请取消合并，并在每一行分别填写用量"),
    Rule("thing_contradicts", "Rows about one thing contradict each other", "关于同一事项的各行相互矛盾", "同一事项的各行应一致；另见 {}"),
    Rule("listed_too", "The number is of what a list counts too", "该数值与清单所列事项重复", "同一期间、站点和属性只发送数值或清单之一；清单中的记录：{}"),
    Rule("thing_overlaps", "Two spans of one thing share days", "同一事项的两段日期重叠", "起始日应晚于上一段的截止日；另见 {}"),
    Rule("bill_twice", "The same bill came twice with different content", "同一账单出现两次且内容不同", "请只保留正确的一行，将其余作废；若其一更正另一张，请在 corrects 列填写被更正的账单号，或在 revision 列填写更高的版本号。已收到：{}"),
    Rule("stated_twice", "Two figures state the same emissions", "两个数值陈述同一排放", "同一类别在同一期间只填一个数值；或只填总数，或只填各类别；另见 {}"),
    Rule("overlap", "Two bills of the meter cover the same days", "同一表计的两张账单日期重叠", "若同一账单重复发送，请只保留一张；若日期有误请更正；若其一更正另一张，请在 corrects 列填写被更正的账单号；重叠的账单：{}"),
    Rule("corrected_in_part", "Another bill corrects a part of this one only", "更正账单只更正了本账单的一部分", "请发送涵盖原账单全部日期和分项的更正账单，或将本行改为未被更正的日期及其用量；未涵盖：{}"),
    Rule("credits_nothing", "The bill that the credit note names is not there", "红字账单所指的原账单不存在", "请发送账单 {}，或更正其编号"),
    Rule("credits_corrected", "The bill that the credit note names has been corrected", "红字账单所指的账单已被更正", "若更正后的账单仍需冲减，请填写更正账单的编号；若更正时已扣除，请将本行作废；原账单：{}"),
    Rule("credits_too_much", "Credit notes take back more than was billed", "红字账单冲减的用量超过已开账单", "请核对是否重复发送红字账单；若原账单未发送，请一并发送；账单与红字账单：{}"),
    Rule("main_meter_ends", "The main meter of the sub-meter begins or ends during the bill", "分表账单期间内其总表启用或停用", "请按总表的使用期拆分账单：{}"),
    Rule("revision", "The revision is no whole number", "版本不是整数", "版本应为整数，例如 2"),
    Rule("corrects_itself", "The bill corrects itself, or two bills correct each other", "账单更正了自身，或两张账单互相更正", "请填写被更正的另一张账单的编号"),
    Rule("reading_backwards", "The later meter reading is lower than the earlier one", "本次读数小于上次读数", "请检查读数；若表计走满归零，请在表计登记表中填写位数"),
    Rule("mends_nothing", "It does not say which refused row it mends, or that row is no longer there", "未注明所更正的被拒行，或该行已不存在", "灰色列应保留发出时的原编号，每个编号只用一次；重复的行或原文件已变更的行请作废"),
    Rule("site_twice", "The site is in the register twice", "站点在登记表中出现两次", "每个站点只登记一次"),
    Rule("ownership_share", "The share is none from 0 to 1", "持股比例不在 0 到 1 之间", "应为 0 到 1 之间的比例"),
    Rule("spans_overlap", "Two spans of the site share days", "同一站点的两段日期重叠", "起始日应晚于上一段的截止日"),
    Rule("meter_twice", "The meter is in the register twice", "表计在登记表中出现两次", "同一站点、同一种类的每个表计只登记一次"),
    Rule("main_meter", "The main meter is not in the register", "总表不在登记表中", "应为登记表中同一站点、同一种类的总表"),
    Rule("partial_days", "Days with meter readings lack more of them than is tolerated", "有读数的日期所缺时段超过允许的比例", "请补发缺少的读数；或在 _format.toml 中以 tolerance 声明允许的比例"),
    Rule("unknown_meter", "The register of meters does not name the meter", "表计不在登记表中", "请在表计登记表中登记该表计"),
    Rule("digits", "The digits are no whole number from 1 to 12", "位数不是 1 到 12 之间的整数", "应为 1 到 12 之间的整数"),
    Rule("person_key", "The person's key is missing or may tell who it is", "人员代码缺失或可能泄露身份", "请填写假名化的人员代码"),
    Rule("code", "The code cannot be read", "代码无法识别", "请填写由字母和数字组成的代码"),
    Rule("country", "The country is no code of two letters", "国家或地区不是两位字母代码", "应为两位字母的国家或地区代码"),
    Rule("overlapping_spells", "Two spells of one person cover the same day", "同一人的两段任职日期重叠", "同一人的任职日期不应重叠"),
    Rule("unexplained_movement", "A movement does not fit the snapshots", "变动与快照不符", "请核对该变动与前后快照"),
    Rule("snapshots_too_rare", "The snapshots are too far apart", "快照间隔过长", "请按月提供快照"),
    Rule("movement_without_snapshot", "There is no snapshot to which the movement belongs", "没有与变动对应的快照", "请提供相应的快照"),
    Rule("two_rows_in_a_snapshot", "A person stands twice in a snapshot", "同一人在一个快照中出现两次", "每人每日一行"),
    Rule("not_employed", "Nobody of that key is employed on that day", "该日没有对应的在职人员", "请核对人员代码和日期"),
    Rule("case_twice", "The case comes twice", "同一事故出现两次", "每个事故一行"),
    Rule("outcome_contradicts", "Lost days contradict the outcome", "损失工作日与结果矛盾", "无损失工时的事故不应有损失工作日"),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _RULES}


def right_zh(rule: str, detail: str) -> str:
    """What would be right, in Chinese, with the detail of the row."""
    text = RULES[rule].right_zh if rule in RULES else "见英文说明"
    return text.replace("{}", detail) if detail else text.replace(" {} ", "").replace("：{}", "").replace("{}", "")
