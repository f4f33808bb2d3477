"""Instants and dates: epoch seconds inside, RFC 3339 outside, China Standard Time for people."""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "CST")
"""China Standard Time; the mainland has had no summer time since 1991."""


def rfc3339(instant: int) -> str:
    """An instant in UTC, `2026-11-23T08:00:00Z`."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def china_date(instant: int) -> date:
    """The date in China at an instant."""
    return datetime.fromtimestamp(instant, CHINA).date()


def plus_months(instant: int, months: int) -> int:
    """The same time of day in China, that many months on; a missing day becomes the last one."""
    start = datetime.fromtimestamp(instant, CHINA)
    whole = start.year * 12 + start.month - 1 + months
    year, month = divmod(whole, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last_day = (following - timedelta(days=1)).day
    moved = start.replace(year=year, month=month + 1, day=min(start.day, last_day))
    return int(moved.timestamp())
