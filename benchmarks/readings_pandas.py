"""The rival: one month of interval readings rolled up in pandas, to the same frames as ours, as somebody at home in it would: whole columns, one sort, and only rows about the same interval grouped."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import polars as pl

from esg_kpis.readings.judged import Task, register_of
from esg_kpis.readings.rules import CODE, RULES

QUARTER = 900_000_000
_TIMES = ("time", "received")
Frames = Mapping[str, pd.DataFrame]


def rolled_by_pandas(task: Task, root: str) -> dict[str, pl.DataFrame]:
    """The frames of a month, in the columns and order of ours."""
    paths = [str(file.path) for file in task.files]
    register = register_of(task).to_pandas().set_index("meter_id")
    rows = pd.concat([pd.read_parquet(path).assign(file=number, row=lambda frame: np.arange(1, len(frame) + 1)) for number, path in enumerate(paths)], ignore_index=True)
    rows = judged(rows, register, task)
    good, bad = rows[rows.code == 0], rows[rows.code > 0]
    slots = latest(good)
    slots["known_last"] = slots.least == slots.most
    frames = {"meters": meters(slots, bad, register), "refused": refused(slots, bad, register), "days": days(slots, register, task), "samples": samples(slots, good, bad, register, paths, root)}
    return {name: pl.from_pandas(frame.reset_index(drop=True)) for name, frame in frames.items()}


def judged(rows: pd.DataFrame, register: pd.DataFrame, task: Task) -> pd.DataFrame:
    """The rows as numbers, with the code of the first rule met."""
    time, received = (rows[name].astype("datetime64[us, UTC]").astype("int64") for name in _TIMES)
    number = register.index.get_indexer(rows.meter_id)
    rel = time - task.window.start
    slot = rel // QUARTER
    own = register.reset_index().reindex(number)
    wh = rows.wh
    rules = {
        "meter_missing": rows.meter_id.isna() | (rows.meter_id == ""), "time_missing": rows.time.isna(), "other_month": (rel < 0) | (rel >= task.window.end - task.window.start), "off_grid": rel % QUARTER != 0,
        "value_missing": wh.isna(), "too_large": wh.abs() > 50_000, "quality": rows.quality == "X", "not_known": received >= (2**62 if task.known is None else task.known), "unknown_meter": number < 0,
        "not_read_then": (slot.to_numpy() < own["first"].to_numpy()) | (slot.to_numpy() >= own["after"].to_numpy()), "negative": (wh < 0) & ~own["feeds_back"].isin([True]).to_numpy(),
    }  # fmt: skip
    code = np.select([np.asarray(met, dtype=bool) for met in rules.values()], [CODE[name] for name in rules], 0)
    return rows.assign(number=number, slot=slot, known=received, estimated=(rows.quality == "E").astype("int64"), code=code)


def latest(good: pd.DataFrame) -> pd.DataFrame:
    """Each interval: how many rows, and what those say that became known last. Most have one row, and need no grouping."""
    rows = good[["number", "slot", "known", "wh", "estimated"]].assign(wh=good.wh.astype("int64"))
    key = rows.number * 4096 + rows.slot
    several = key.duplicated(keep=False)
    single = rows[~several].assign(rows=1, latest=1).rename(columns={"wh": "least"})
    single["most"] = single.least
    by = ["number", "slot"]
    more = rows[several]
    newest = more.groupby(by).known.transform("max")
    last = more[more.known == newest].groupby(by).agg(latest=("wh", "size"), least=("wh", "min"), most=("wh", "max"), estimated=("estimated", "min"))
    last["rows"] = more.groupby(by).size()
    return pd.concat([single.drop(columns="known"), last.reset_index()], ignore_index=True)


def meters(slots: pd.DataFrame, bad: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Rows, intervals and sums of each meter."""
    counted = slots[slots.known_last]
    counted = counted.assign(of_estimates=counted.least * counted.estimated).groupby("number").agg(used=("slot", "size"), total=("least", "sum"), estimated=("estimated", "sum"), estimated_total=("of_estimates", "sum"), largest=("least", "max"))
    counted["rows"] = slots.groupby("number")["rows"].sum()
    counted.index = register.index[counted.index]
    sent = bad.meter_id.fillna("").value_counts()
    both = counted.reindex(counted.index.union(sent.index))
    both = both.fillna({name: 0 for name in both.columns if name != "largest"}).astype({name: "Int64" if name == "largest" else "int64" for name in both.columns})
    both["rows"] += sent.reindex(both.index).fillna(0).astype("int64")
    return both.rename_axis("meter_id").sort_index().reset_index()[["meter_id", "rows", "used", "total", "estimated", "estimated_total", "largest"]]


def refused(slots: pd.DataFrame, bad: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Refused rows by meter and rule."""
    alone = bad.assign(meter_id=bad.meter_id.fillna("")).groupby(["meter_id", "code"]).size().rename("rows").reset_index()
    one = slots.known_last
    among = {"superseded": slots["rows"] - slots.latest, "duplicate": (slots.latest - 1).where(one, 0), "conflict": slots.latest.where(~one, 0)}
    told = []
    for name, counts in among.items():
        found = counts.groupby(slots.number).sum()
        found = found[found > 0]
        told.append(pd.DataFrame({"meter_id": register.index[found.index], "code": CODE[name], "rows": found.to_numpy()}))
    return pd.concat([alone, *told]).astype({"code": "int64", "rows": "int64"}).sort_values(["meter_id", "code"])


def days(slots: pd.DataFrame, register: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Days of meters that lack intervals."""
    counted = slots[slots.known_last]
    used = counted.groupby("number").size()
    lacking = counted[~counted.number.isin(used.index[used == task.slots])]
    lacking = lacking.assign(day=lacking.slot // 96, of_estimates=lacking.least * lacking.estimated)
    told = lacking.groupby(["number", "day"]).agg(used=("slot", "size"), total=("least", "sum"), estimated=("estimated", "sum"), estimated_total=("of_estimates", "sum")).reset_index()
    told.insert(0, "meter_id", register.index[told.number])
    return told.drop(columns="number").sort_values(["meter_id", "day"]).astype({"day": "int64"})


def samples(slots: pd.DataFrame, good: pd.DataFrame, bad: pd.DataFrame, register: pd.DataFrame, paths: list[str], root: str) -> pd.DataFrame:
    """The first rows of each rule that rejects."""
    doubtful = slots[~slots.known_last]
    doubtful = doubtful.assign(meter_id=register.index[doubtful.number]).sort_values(["meter_id", "slot"]).head(20)
    conflict = good[(good.number * 4096 + good.slot).isin(doubtful.number * 4096 + doubtful.slot)].assign(code=CODE["conflict"])
    rejected = [CODE[rule.name] for rule in RULES if rule.fate == "rejected"]
    every = pd.concat([bad[bad.code.isin(rejected)], conflict]).sort_values(["code", "file", "row"]).groupby("code").head(20)
    return pd.DataFrame({
        "rule": every.code.map({CODE[rule.name]: rule.name for rule in RULES}), "path": every.file.map({number: path.removeprefix(f"{root}/") for number, path in enumerate(paths)}), "row": every.row.astype("int64"),
        "site_id": pd.Series(None, index=every.index, dtype="str"), "meter_id": every.meter_id, "time": every.time.dt.strftime("%Y-%m-%d %H:%M:%S.%f+00:00"), "value": every.wh.map(lambda value: None if pd.isna(value) else str(int(value))),
    })  # fmt: skip
