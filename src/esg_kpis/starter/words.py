"""The words of drop-down lists, in English and Chinese. `values` and `measures` of a workspace's `_format.toml` lead them back to ours."""

from esg_kpis.starter.template import Word

SITE_KINDS = (
    Word("office", "Office", "办公室"), Word("store", "Store", "门店"), Word("data_centre", "Data centre", "数据中心"), Word("factory", "Factory", "工厂"),
    Word("warehouse", "Warehouse", "仓库"), Word("building", "Building", "楼宇"), Word("group", "Group", "集团"),
)  # fmt: skip

ENERGY = (
    Word("electricity_purchased", "Electricity bought", "外购电力"), Word("heat_purchased", "Heat bought", "外购热力"), Word("natural_gas", "Natural gas", "天然气"),
    Word("gasoline", "Gasoline", "汽油"), Word("diesel", "Diesel", "柴油"), Word("lpg", "LPG", "液化石油气"),
)  # fmt: skip
ENERGY_UNITS = tuple(Word(unit, unit, "") for unit in ("kWh", "MWh", "万kWh", "MJ", "GJ", "Nm3", "m3_15C", "m3_20C", "kg", "t"))

FUEL_USE = (Word("stationary", "Boiler, generator, kitchen", "固定设备"), Word("mobile", "Vehicle", "车辆"))

WATER = (Word("water_tap", "Tap water", "自来水"), Word("water_reclaimed", "Reclaimed water", "再生水"), Word("water_discharged", "Water discharged", "排水"))
WATER_UNITS = tuple(Word(unit, unit, "") for unit in ("m3", "t", "L"))

WASTE = (Word("waste_non_hazardous", "Non-hazardous waste", "无害废弃物"), Word("waste_hazardous", "Hazardous waste", "有害废弃物"))
WASTE_UNITS = tuple(Word(unit, unit, "") for unit in ("kg", "t"))

METERED = (*ENERGY, *WATER, *WASTE)

REFRIGERANTS = tuple(Word(name, name, "") for name in ("HFC-134a", "HFC-32", "R-404A", "R-407C", "R-410A", "R-507A", "R-22", "SF6"))

MONEY = tuple(Word(unit, unit, "") for unit in ("RMB", "万元", "RMB million"))

GENDER = (Word("Female", "Female", "女"), Word("Male", "Male", "男"), Word("Other", "Other", "其他"), Word("Undisclosed", "Undisclosed", "未披露"))
AGE = (Word("Under 30", "Under 30", "30岁以下"), Word("30-50", "30 to 50", "30至50岁"), Word("Above 50", "Above 50", "50岁以上"))
LEVEL = (Word("Senior", "Senior", "高级"), Word("Mid-Level", "Mid-level", "中级"), Word("Junior", "Junior", "初级"))
EMPLOYMENT = (
    Word("full_time", "Full-time", "全职"), Word("part_time", "Part-time", "兼职"), Word("intern", "Intern", "实习"), Word("temporary", "Temporary", "临时"), Word("other", "Other", "其他"),
)  # fmt: skip
OUTCOME = (Word("fatal", "Fatal", "死亡"), Word("lost_time", "Days lost", "有误工"), Word("no_lost_time", "No days lost", "无误工"))
RECOGNITION = (Word("recognised", "Recognised", "已认定"), Word("pending", "Pending", "待认定"), Word("refused", "Refused", "不予认定"))
