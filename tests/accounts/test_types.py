"""When is an organisation there? Opening hours through split days, holidays and changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from apps.accounts.types import BusinessCalendar, Interval, Role, Scope

BERLIN = ZoneInfo("Europe/Berlin")
CLOSED: tuple[Any, ...] = ()


def _interval(start: str, end: str) -> Interval:
    return Interval(start=time.fromisoformat(start), end=time.fromisoformat(end))


def _calendar(*day: tuple[str, str], zone: str = "Europe/Berlin", **more: Any) -> BusinessCalendar:
    """Make a calendar with the same hours on all seven days."""
    return BusinessCalendar(timezone=zone, weekdays=(tuple(_interval(*one) for one in day),) * 7, **more)


def _berlin(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=BERLIN, fold=fold)  # type: ignore[misc,arg-type]


OFFICE = BusinessCalendar(
    timezone="Europe/Berlin",
    weekdays=(*(((_interval("09:00", "12:00"), _interval("13:30", "18:00")),) * 5), CLOSED, CLOSED),
    overrides={
        date(2026, 12, 25): CLOSED,
        date(2026, 12, 27): (_interval("10:00", "14:00"),),
    },
)


# Ordinary days ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ((2026, 3, 2, 8, 59), False),
        ((2026, 3, 2, 9, 0), True),
        ((2026, 3, 2, 11, 59), True),
        ((2026, 3, 2, 12, 0), False),
        ((2026, 3, 2, 13, 29), False),
        ((2026, 3, 2, 13, 30), True),
        ((2026, 3, 2, 18, 0), False),
        ((2026, 3, 7, 10, 0), False),
        ((2026, 3, 8, 10, 0), False),
    ],
)
def test_a_split_day_is_open_in_its_two_parts(at: tuple[int, ...], is_open: bool) -> None:
    assert OFFICE.is_open(_berlin(*at)) is is_open


def test_the_same_moment_counts_whatever_zone_it_is_told_in() -> None:
    moment = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)

    assert OFFICE.is_open(moment) is True
    assert OFFICE.is_open(moment.astimezone(ZoneInfo("Pacific/Auckland"))) is True


@pytest.mark.parametrize(
    ("after", "opening"),
    [
        ((2026, 3, 2, 7, 0), (2026, 3, 2, 9, 0)),
        ((2026, 3, 2, 12, 0), (2026, 3, 2, 13, 30)),
        ((2026, 3, 2, 18, 0), (2026, 3, 3, 9, 0)),
        ((2026, 3, 6, 18, 0), (2026, 3, 9, 9, 0)),
    ],
)
def test_the_next_opening_is_found_over_lunch_night_and_weekend(
    after: tuple[int, ...], opening: tuple[int, ...]
) -> None:
    assert OFFICE.next_opening(_berlin(*after)) == _berlin(*opening)


def test_while_open_the_next_opening_is_now() -> None:
    now = _berlin(2026, 3, 2, 10, 0)

    assert OFFICE.next_opening(now) == now


@pytest.mark.parametrize("after", [(2026, 3, 2, 10, 0), (2026, 3, 2, 7, 0)])
def test_an_opening_is_told_in_utc(after: tuple[int, ...]) -> None:
    opening = OFFICE.next_opening(_berlin(*after))

    assert opening is not None
    assert opening.tzinfo in (UTC, ZoneInfo("UTC"))


# Overrides -------------------------------------------------------------------------------------------------


def test_a_holiday_closes_its_day() -> None:
    assert OFFICE.is_open(_berlin(2026, 12, 25, 10, 0)) is False
    assert OFFICE.next_opening(_berlin(2026, 12, 24, 18, 0)) == _berlin(2026, 12, 27, 10, 0)


def test_a_special_day_replaces_the_usual_hours() -> None:
    # A Sunday, usually closed.
    assert OFFICE.is_open(_berlin(2026, 12, 27, 13, 59)) is True
    assert OFFICE.is_open(_berlin(2026, 12, 27, 14, 0)) is False


# Midnight --------------------------------------------------------------------------------------------------


def test_an_end_at_midnight_means_the_end_of_the_day() -> None:
    evening = _calendar(("18:00", "00:00"))

    assert evening.is_open(_berlin(2026, 3, 2, 23, 59)) is True
    assert evening.is_open(_berlin(2026, 3, 3, 0, 0)) is False
    assert evening.next_opening(_berlin(2026, 3, 3, 0, 0)) == _berlin(2026, 3, 3, 18, 0)


def test_from_midnight_to_midnight_is_always_open() -> None:
    always = _calendar(("00:00", "00:00"))

    for hour in range(24 * 8):
        assert always.is_open(_berlin(2026, 3, 25, 0, 0) + timedelta(hours=hour))


def test_a_night_is_two_intervals_that_meet_at_midnight() -> None:
    night = _calendar(("00:00", "06:00"), ("22:00", "00:00"))

    assert night.is_open(_berlin(2026, 3, 2, 23, 59, 59)) is True
    assert night.is_open(_berlin(2026, 3, 3, 0, 0)) is True
    assert night.is_open(_berlin(2026, 3, 3, 6, 0)) is False


# Changes of the clock --------------------------------------------------------------------------------------


def test_in_spring_the_day_is_an_hour_shorter() -> None:
    # On 29 March 2026 the clock goes from 02:00 to 03:00.
    night = _calendar(("01:00", "04:00"))
    opening = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)

    assert night.next_opening(_berlin(2026, 3, 28, 12, 0)) == opening
    assert night.is_open(opening + timedelta(hours=1, minutes=59)) is True
    assert night.is_open(opening + timedelta(hours=2)) is False


def test_in_autumn_the_day_is_an_hour_longer() -> None:
    # On 25 October 2026 the clock goes from 03:00 back to 02:00.
    night = _calendar(("01:00", "04:00"))
    opening = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)

    assert night.next_opening(_berlin(2026, 10, 24, 12, 0)) == opening
    assert night.is_open(opening + timedelta(hours=3, minutes=59)) is True
    assert night.is_open(opening + timedelta(hours=4)) is False


def test_office_hours_stay_office_hours_when_the_clock_changes() -> None:
    office = _calendar(("09:00", "17:00"))

    assert office.next_opening(_berlin(2026, 3, 28, 17, 0)) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    assert office.next_opening(_berlin(2026, 10, 24, 17, 0)) == datetime(2026, 10, 25, 8, 0, tzinfo=UTC)


def test_the_hour_that_comes_twice_is_open_twice() -> None:
    hour = _calendar(("02:00", "03:00"))

    assert hour.is_open(_berlin(2026, 10, 25, 2, 30, fold=0)) is True
    assert hour.is_open(_berlin(2026, 10, 25, 2, 30, fold=1)) is True


def test_the_hour_that_does_not_come_is_not_an_opening() -> None:
    hour = _calendar(("02:00", "03:00"))

    assert hour.next_opening(_berlin(2026, 3, 28, 12, 0)) == _berlin(2026, 3, 30, 2, 0)


def test_hours_that_begin_in_the_missing_hour_are_not_an_opening_while_closed() -> None:
    hour = _calendar(("02:30", "03:15"))

    opening = hour.next_opening(_berlin(2026, 3, 28, 12, 0))

    assert opening is not None
    assert hour.is_open(opening) is True


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("Asia/Beirut", datetime(2026, 3, 28, 22, 0, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 4, 23, 22, 0, tzinfo=UTC)),
        ("America/Havana", datetime(2026, 3, 8, 5, 0, tzinfo=UTC)),
    ],
)
def test_where_the_clock_changes_at_midnight_nobody_closes_early(zone: str, midnight: datetime) -> None:
    always = _calendar(("00:00", "00:00"), zone=zone)

    for minutes in range(-180, 180):
        assert always.is_open(midnight + timedelta(minutes=minutes)), minutes


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Beirut"]),
    st.integers(0, 2 * 365 * 24 * 60),
    st.integers(0, 22),
    st.integers(1, 23),
)
def test_the_next_opening_is_open_and_a_moment_before_is_not(zone: str, minutes: int, start: int, length: int) -> None:
    after = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    end = min(start + length, 23)
    calendar = _calendar((f"{start:02}:00", f"{end:02}:30"), zone=zone)

    opening = calendar.next_opening(after)

    assert opening is not None
    assert opening >= after
    assert calendar.is_open(opening)
    assert opening == after or not calendar.is_open(opening - timedelta(seconds=1))


# Closed for ever -------------------------------------------------------------------------------------------


def test_a_calendar_without_hours_never_opens() -> None:
    never = BusinessCalendar()

    assert never.is_open(_berlin(2026, 3, 2, 12, 0)) is False
    assert never.next_opening(_berlin(2026, 3, 2, 12, 0)) is None


def test_an_opening_within_400_days_is_found_and_a_later_one_is_not() -> None:
    far = BusinessCalendar(overrides={date(2027, 4, 1): (_interval("09:00", "10:00"),)})

    assert far.next_opening(datetime(2026, 3, 2, tzinfo=UTC)) == datetime(2027, 4, 1, 9, 0, tzinfo=UTC)
    assert far.next_opening(datetime(2026, 2, 1, tzinfo=UTC)) is None


# What is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "Europe", "../etc/passwd", "/etc/localtime", "x" * 300, "\x00"])
def test_a_time_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="time zone"):
        BusinessCalendar(timezone=zone)


@pytest.mark.parametrize(("start", "end"), [("12:00", "09:00"), ("12:00", "12:00"), ("22:00", "06:00")])
def test_an_interval_that_does_not_end_after_it_starts_is_refused(start: str, end: str) -> None:
    with pytest.raises(ValidationError, match="end after it starts"):
        _interval(start, end)


@pytest.mark.parametrize(
    "day",
    [
        (("09:00", "13:00"), ("12:00", "17:00")),
        (("12:00", "17:00"), ("09:00", "13:00")),
        (("09:00", "17:00"), ("09:00", "17:00")),
        (("09:00", "00:00"), ("23:00", "23:30")),
        (("09:00", "00:00"), ("00:00", "09:30")),
    ],
)
def test_intervals_that_overlap_are_refused(day: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValidationError, match="overlap"):
        _calendar(*day)


def test_intervals_may_touch_and_come_in_any_order() -> None:
    calendar = _calendar(("12:00", "17:00"), ("09:00", "12:00"))

    assert calendar.is_open(_berlin(2026, 3, 2, 12, 0)) is True
    assert [interval.start.hour for interval in calendar.weekdays[0]] == [9, 12]


@pytest.mark.parametrize("days", [0, 6, 8])
def test_a_week_has_seven_days(days: int) -> None:
    with pytest.raises(ValidationError):
        BusinessCalendar(weekdays=((),) * days)


@pytest.mark.parametrize(
    "hours",
    [
        {"start": "09:00+02:00", "end": "12:00"},
        {"start": "09:00Z", "end": "12:00Z"},
        {"start": "09:00", "end": "12:00Z"},
        {"start": "25:00", "end": "26:00"},
        {"start": "09:00"},
        {"start": "09:00", "end": "12:00", "note": "surplus"},
    ],
)
def test_hours_are_plain_local_times(hours: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Interval.model_validate(hours)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        OFFICE.is_open(datetime(2026, 3, 2, 10, 0))  # noqa: DTZ001  the mistake under test


def test_a_calendar_survives_being_stored() -> None:
    assert BusinessCalendar.model_validate(OFFICE.model_dump(mode="json")) == OFFICE


# Words -----------------------------------------------------------------------------------------------------


def test_roles_and_scopes_are_the_words_that_are_stored() -> None:
    assert [role.value for role in Role] == ["owner", "admin", "agent", "author", "officer", "auditor"]
    assert all(scope.value.count(":") == 1 for scope in Scope)
