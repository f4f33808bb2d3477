"""Working days by the State Council's holiday calendar, make-up days (调休) included.

The calendar is that of `chinesecalendar`, released anew when the State Council has announced the
next year (November). In a year that it does not know, Monday to Friday are working days except the
holidays whose dates the law fixes; holidays by the lunar calendar and make-up days are then not
known, and a deadline across them is off by as many days.
"""

from datetime import date, datetime, time, timedelta

from chalicelib.domain.instants import CHINA

CLOSE_OF_BUSINESS = time(18, 0, tzinfo=CHINA)
"""A period ends when business ends on its last day (Civil Code of the PRC, article 203)."""

FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the holidays that do not move (全国年节及纪念日放假办法, as of 2025)."""

APPEAL_DAYS = 3
"""Appeals are answered within so many working days."""
CLOSING_DAYS = 15
"""Accounts are closed within so many working days."""


def is_working_day(day: date) -> bool:
    """Whether people work on that day."""
    import chinese_calendar  # noqa: PLC0415 -- only deadlines need it

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # a year that is not announced
        return day.isoweekday() <= 5 and (day.month, day.day) not in FIXED_HOLIDAYS


def add_working_days(start: date, days: int) -> date:
    """The `days`th working day after `start`, which itself is not counted (article 201).

    Raises `ValueError` for fewer than one day.
    """
    if days < 1:
        raise ValueError("at least one working day")
    day = start
    while days:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return day


def due_at(submitted: int, days: int = APPEAL_DAYS) -> int:
    """When that many working days after an instant are over: 18:00 in China, in epoch seconds."""
    start = datetime.fromtimestamp(submitted, CHINA).date()
    return int(datetime.combine(add_working_days(start, days), CLOSE_OF_BUSINESS).timestamp())
