"""Months, days and clock changes of time zones, against a calendar that is walked."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esg_kpis.readings.calendar import Change, by_days, instant, month_after, month_of, window_of
from tests.readings_naive import beginning

HOUR = 3_600_000_000
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo", "UTC")


def at(*parts: int) -> int:
    return (datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("zone", "month", "hours"),
    [
        ("Asia/Shanghai", "2023-02", 672), ("Europe/Berlin", "2023-03", 743), ("Europe/Berlin", "2023-10", 745), ("Australia/Lord_Howe", "2023-04", 720.5),
        ("Australia/Lord_Howe", "2023-10", 743.5), ("Pacific/Apia", "2011-12", 720), ("Africa/Casablanca", "2023-03", 745), ("Africa/Casablanca", "2023-04", 719),
    ],
)  # fmt: skip
def test_a_month_is_as_long_as_its_clock_makes_it(zone: str, month: str, hours: float) -> None:
    window = window_of(month, ZoneInfo(zone))

    assert window.end - window.start == hours * HOUR
    assert window.days[0] == window.start
    assert window.days[-1] == window.end


def test_the_clock_of_berlin_is_changed_at_one_in_the_morning_of_greenwich() -> None:
    spring, autumn = window_of("2023-03", ZoneInfo("Europe/Berlin")), window_of("2023-10", ZoneInfo("Europe/Berlin"))

    assert spring.changes == (Change(at(2023, 3, 26, 1), HOUR, 2 * HOUR),)
    assert autumn.changes == (Change(at(2023, 10, 29, 1), 2 * HOUR, HOUR),)
    assert (spring.offset, autumn.offset) == (HOUR, 2 * HOUR)


def test_a_change_of_the_clock_just_outside_a_month_is_known_to_it() -> None:
    """A row that a wall clock tells in the last days of October may lie beside the change."""
    november = window_of("2023-11", ZoneInfo("Europe/Berlin"))
    havana = window_of("2023-11", ZoneInfo("America/Havana"))

    assert november.changes == ()
    assert [change.at for change in havana.changes] == [at(2023, 11, 5, 5)]
    april = window_of("2018-04", ZoneInfo("Australia/Lord_Howe"))
    march = window_of("2018-03", ZoneInfo("Australia/Lord_Howe"))
    assert [change.at for change in march.changes] == [change.at for change in april.changes] == [at(2018, 3, 31, 15)]


def test_a_day_that_was_not_has_no_length() -> None:
    days = window_of("2011-12", ZoneInfo("Pacific/Apia")).days

    assert len(days) == 32
    assert [days[29] - days[28], days[30] - days[29], days[31] - days[30]] == [24 * HOUR, 0, 24 * HOUR]


@pytest.mark.parametrize(("zone", "day", "first"), [("America/Havana", date(2023, 3, 12), (2023, 3, 12, 5)), ("Asia/Beirut", date(2022, 3, 27), (2022, 3, 26, 22)), ("America/Havana", date(2023, 11, 5), (2023, 11, 5, 4))])
def test_a_day_whose_midnight_is_skipped_or_comes_twice_begins_at_its_first_instant(zone: str, day: date, first: tuple[int, ...]) -> None:
    assert instant(day, ZoneInfo(zone)) == at(*first)


@settings(max_examples=40, deadline=None)
@given(zone=st.sampled_from(ZONES), month=st.integers(2000 * 12, 2037 * 12 + 11).map(lambda number: f"{number // 12:04d}-{number % 12 + 1:02d}"))
def test_every_instant_of_a_month_lies_in_it_and_no_other_does(zone: str, month: str) -> None:
    known = ZoneInfo(zone)
    window = window_of(month, known)

    assert window.start == beginning(date.fromisoformat(f"{month}-01"), known)
    assert window.end == window_of(month_after(month), known).start
    assert [month_of(moment, known) for moment in (window.start - 1, window.start, window.end - 1, window.end)] == [month_after(month, -1), month, month, month_after(month)]
    for number, (since, until) in enumerate(zip(window.days, window.days[1:], strict=False)):
        assert since <= until
        if since < until:
            local = datetime.fromtimestamp(since // 1_000_000, known)
            assert local.date() == date.fromisoformat(f"{month}-01") + timedelta(days=number)


@settings(max_examples=40, deadline=None)
@given(zone=st.sampled_from(ZONES), month=st.integers(2000 * 12, 2037 * 12 + 11).map(lambda number: f"{number // 12:04d}-{number % 12 + 1:02d}"), seconds=st.integers(0, 31 * 86_400))
def test_the_changes_of_a_month_tell_what_its_clock_says_at_any_instant(zone: str, month: str, seconds: int) -> None:
    known = ZoneInfo(zone)
    window = window_of(month, known)
    moment = min(window.start + seconds * 1_000_000, window.end - 1_000_000)

    ahead = window.offset
    for change in window.changes:
        assert change.before != change.after
        ahead = change.after if moment >= change.at else ahead

    told = datetime.fromtimestamp(moment // 1_000_000, known).utcoffset()
    assert told == timedelta(microseconds=ahead)


def test_months_follow_each_other_over_the_years() -> None:
    assert [month_after("2023-12"), month_after("2023-01", -1), month_after("2023-06", 30), month_after("2023-06", -30)] == ["2024-01", "2022-12", "2025-12", "2020-12"]


def test_a_month_whose_clock_changes_by_whole_intervals_stays_as_it_is() -> None:
    window = window_of("2023-03", ZoneInfo("Europe/Berlin"))

    assert by_days(window, 15 * HOUR // 60) is window
    assert by_days(window, HOUR) is window
    assert by_days(window_of("2023-04", ZoneInfo("Asia/Shanghai")), 24 * HOUR).hidden == ()


def test_an_interval_that_begins_in_what_is_left_out_and_no_other_takes_its_place_is_refused() -> None:
    """From two to three the clock of Berlin shows nothing in March: 45 minutes begin at 02:15, and no instant does."""
    with pytest.raises(ValueError, match="part of an interval"):
        by_days(window_of("2023-03", ZoneInfo("Europe/Berlin")), HOUR * 3 // 4)


def test_a_month_by_days_shows_each_instant_by_the_wall_clock() -> None:
    window = by_days(window_of("2023-03", ZoneInfo("Europe/Berlin")), 24 * HOUR)

    assert {after - before for before, after in zip(window.days, window.days[1:], strict=False)} == {24 * HOUR}
    for day in (1, 25, 26, 27, 31):
        assert window.shown(instant(date(2023, 3, day), ZoneInfo("Europe/Berlin"))) == window.days[day - 1]
    assert window.shown(instant(date(2023, 4, 1), ZoneInfo("Europe/Berlin"))) == window.end


@pytest.mark.parametrize(("at_", "back", "month"), [((2023, 10, 1, 13), 24, "2023-10"), ((2023, 10, 1, 12, 59), 24, "2023-09"), ((2023, 10, 1, 13), 0, "2023-10"), ((2023, 9, 30, 13), 0, "2023-09")])
def test_a_day_that_is_told_by_its_end_belongs_to_the_month_in_which_it_begins(at_: tuple[int, ...], back: int, month: str) -> None:
    """The first of October 2023 had 23 hours in Sydney."""
    assert month_of(at(*at_), ZoneInfo("Australia/Sydney"), back * HOUR) == month
