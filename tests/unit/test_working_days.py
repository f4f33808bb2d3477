"""Working days by the State Council's calendar."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.working_days import add_working_days, due_at, is_working_day

SPRING_FESTIVAL_2026 = [date(2026, 2, day) for day in range(15, 24)]
NATIONAL_DAY_2026 = [date(2026, 10, day) for day in range(1, 8)]
MAKE_UP_2026 = [
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
]


@pytest.mark.parametrize("day", SPRING_FESTIVAL_2026 + NATIONAL_DAY_2026)
def test_holidays_are_not_worked(day):
    assert not is_working_day(day)


@pytest.mark.parametrize("day", MAKE_UP_2026)
def test_make_up_days_are_worked_although_on_a_weekend(day):
    assert day.isoweekday() >= 6
    assert is_working_day(day)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 11, 23), 3, date(2026, 11, 26)),  # Monday
        (date(2026, 11, 26), 3, date(2026, 12, 1)),  # Thursday, over a weekend
        (date(2026, 11, 28), 3, date(2026, 12, 2)),  # Saturday
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # make-up Saturday
        (date(2026, 2, 13), 3, date(2026, 2, 25)),  # over the Spring Festival
        (date(2026, 2, 26), 2, date(2026, 2, 28)),  # up to a make-up Saturday
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # over the National Day
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # its make-up Saturday included
        (date(2026, 9, 30), 4, date(2026, 10, 12)),
        (date(2026, 11, 23), 15, date(2026, 12, 14)),
    ],
)
def test_counting(start, days, end):
    assert add_working_days(start, days) == end


def instant(*at):
    return int(datetime(*at, tzinfo=UTC).timestamp())


def test_an_appeal_is_due_at_18_00_in_china():
    assert due_at(instant(2026, 11, 23, 1, 0)) == instant(2026, 11, 26, 10, 0)


def test_the_day_is_chinas():
    last_second = instant(2026, 11, 23, 15, 59, 59)
    assert due_at(last_second) == instant(2026, 11, 26, 10, 0)
    assert due_at(last_second + 1) == instant(2026, 11, 27, 10, 0)


@pytest.mark.parametrize("year", [1990, 2003, 2040, 9998])
def test_a_year_that_is_not_announced_has_plain_weeks_and_the_fixed_holidays(year):
    for day in range(1, 31):
        october = date(year, 10, day)
        assert is_working_day(october) == (october.isoweekday() <= 5 and day > 3)


def test_new_year_is_a_holiday_in_every_year():
    assert not any(is_working_day(date(year, 1, 1)) for year in range(1990, 2100))


def test_counting_goes_on_over_the_end_of_a_calendar():
    assert add_working_days(date(2099, 12, 31), 1) == date(2100, 1, 4)


@pytest.mark.parametrize("days", [0, -1])
def test_fewer_than_one_day_is_refused(days):
    with pytest.raises(ValueError, match="at least one working day"):
        add_working_days(date(2026, 11, 23), days)


@given(
    start=st.dates(date(2004, 1, 1), date(2035, 12, 31)),
    days=st.integers(1, 20),
)
def test_the_answer_is_a_working_day_and_days_add_up(start, days):
    end = add_working_days(start, days)
    assert is_working_day(end)
    assert add_working_days(end, 1) == add_working_days(start, days + 1)
