"""What becomes of a reading, by rule: the first rule that applies, in this order. Whatever meets none is used."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: Name, as tables tell it.
        fate: rejected, or excluded where the reading is right but another stands for it.
        meaning: What is wrong.
        right: What would be right.
    """

    name: str
    fate: str
    meaning: str
    right: str


RULES: tuple[Rule, ...] = (
    Rule("meter_missing", "rejected", "names no meter", "the meter's id"),
    Rule("time_missing", "rejected", "has no time, or one that cannot be read as `clock` says", "the time of the interval, as `clock` in _format.toml says: 2023-05-01T00:15:00+08:00 for `instant`, 2023-05-01 00:15 without an offset for any other"),
    Rule("time_never", "rejected", "lies in the hour that the clock skips when daylight saving begins", "times of the wall clock, or `clock` in _format.toml as the system tells it"),
    Rule("time_twice", "rejected", "lies in the hour that comes twice when daylight saving ends", "a column that marks daylight saving time, named as columns.summer; or times with an offset"),
    Rule("other_month", "rejected", "lies in the folder of another month", "the folder of its own month, or `months` in _format.toml as the folders go"),
    Rule("future", "rejected", "lies after the last day that data may be about", "a day that has passed, or --as-of"),
    Rule("off_grid", "rejected", "does not lie on the grid of intervals", "times that are whole intervals apart, or interval_minutes in _format.toml"),
    Rule("value_missing", "rejected", "has no value", "a number"),
    Rule("number", "rejected", "is no number", "a number, not NaN or infinity"),
    Rule("decimals", "rejected", "has more decimals than the format declares", "`decimals` in _format.toml as many as the values have"),
    Rule("too_large", "rejected", "is larger than what can be", "a value below `most` in _format.toml, in the declared unit"),
    Rule("received", "rejected", "says when it became known in a way that cannot be read", "a time, or blank where it is not known"),
    Rule("quality", "rejected", "is marked as one the sender does not stand for", "the mended reading"),
    Rule("not_known", "excluded", "was received after the knowledge date", "nothing: a later edition takes it"),
    Rule("unknown_meter", "rejected", "is of a meter that the register of meters does not name for this measure, or only in rows that are rejected", "the meter in data/raw/meters, once for its site and measure"),
    Rule("not_read_then", "rejected", "lies on a day on which the register of meters says the meter is not read", "valid_from and valid_to in data/raw/meters"),
    Rule("negative", "rejected", "is negative, and the meter does not feed back", "net_metering in data/raw/meters"),
    Rule("beyond_digits", "rejected", "is more than the digits of the counter can show", "`digits` in data/raw/meters as the counter has them, or the unit of the table"),
    Rule("conflict", "rejected", "says another value than a row about the same interval that became known at the same time", "one value, or columns.received"),
    Rule("superseded", "excluded", "was corrected by a later one", "nothing"),
    Rule("duplicate", "excluded", "says what another row says", "nothing"),
    Rule("above_the_next", "rejected", "is above the reading after it, which goes on from the one before", "the mended reading"),
    Rule("below_the_last", "rejected", "is below the reading before it, and the one after it goes on from there", "the mended reading; or `digits` in data/raw/meters, if the counter rolled over"),
)  # fmt: skip
"""All rules, in the order in which they are looked at."""

CODE = {rule.name: number for number, rule in enumerate(RULES, 1)}
"""Rule to the number by which engines tell it; 0 for none."""

COUNTS = {rule.name: rule.fate for rule in RULES}
"""Rule to fate."""
