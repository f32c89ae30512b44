"""What do other apps hold of an organisation? Roles, scopes, and the one calendar type."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

# How far ahead `next_opening` looks. A calendar closed for longer has no opening worth announcing.
HORIZON_DAYS = 400


class Role(StrEnum):
    """What a member may do. One role each; what a role permits is decided in policies."""

    OWNER = "owner"
    ADMIN = "admin"
    AGENT = "agent"
    AUTHOR = "author"
    OFFICER = "officer"
    AUDITOR = "auditor"


class Scope(StrEnum):
    """What an API key may do."""

    CONVERSATIONS_READ = "conversations:read"
    KNOWLEDGE_READ = "knowledge:read"


@dataclass(frozen=True, slots=True)
class ApiKeySecret:
    """A new API key. ``secret`` is shown once and cannot be read again."""

    key_id: str
    secret: str


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is not a time zone of the IANA database") from error
    return name


class Interval(BaseModel):
    """Opening hours within one day, local time. ``end`` 00:00 means midnight at the end of the day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: time
    end: time

    @field_validator("start", "end")
    @classmethod
    def _is_plain(cls, value: time) -> time:
        if value.tzinfo is not None or value.second or value.microsecond:
            raise ValueError("hours are plain local times of hours and minutes")
        return value

    @model_validator(mode="after")
    def _ends_after_start(self) -> "Interval":
        if self.end != time(0) and self.end <= self.start:
            raise ValueError("an interval must end after it starts; split it at midnight")
        return self


def _disjoint(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    ordered = sorted(intervals, key=lambda interval: interval.start)
    for before, after in pairwise(ordered):
        if before.end == time(0) or after.start < before.end:
            raise ValueError("intervals of one day must not overlap")
    return tuple(ordered)


Intervals = Annotated[tuple[Interval, ...], AfterValidator(_disjoint)]


class BusinessCalendar(BaseModel):
    """When an organisation is there: intervals for each weekday, dated overrides (holidays, special days), a time zone.

    ``weekdays`` has seven entries, Monday first. An override replaces the whole day; an empty one closes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    weekdays: tuple[Intervals, ...] = Field(default=((),) * 7, min_length=7, max_length=7)
    overrides: dict[date, Intervals] = Field(default_factory=dict)

    def is_open(self, at: datetime) -> bool:
        """Tell whether ``at`` (aware) falls into an interval."""
        return any(start <= at < end for start, end in self._spans_around(at))

    def next_opening(self, after: datetime) -> datetime | None:
        """Return the first moment from ``after`` on (aware, UTC) that is open, or None within the next 400 days."""
        if self.is_open(after):
            return after.astimezone(UTC)
        first = after.astimezone(ZoneInfo(self.timezone)).date()
        for offset in range(HORIZON_DAYS):
            for start, _ in self._spans(first + timedelta(days=offset)):
                if start >= after:
                    return start
        return None

    def _spans_around(self, at: datetime) -> list[tuple[datetime, datetime]]:
        return self._spans(at.astimezone(ZoneInfo(self.timezone)).date())

    def _spans(self, day: date) -> list[tuple[datetime, datetime]]:
        # Compared in UTC: two local times on a day of clock change may be an hour closer or farther than they look.
        zone = ZoneInfo(self.timezone)
        intervals = self.overrides.get(day, self.weekdays[day.weekday()])
        spans = []
        for interval in intervals:
            end_day = day + timedelta(days=1) if interval.end == time(0) else day
            # Of an hour that comes twice, hours begin in the first and end in the second.
            start = _instant(datetime.combine(day, interval.start), zone, fold=0)
            end = _instant(datetime.combine(end_day, interval.end), zone, fold=1)
            if start < end:
                spans.append((start, end))
        return spans


def _instant(wall: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    """Return the UTC instant at which clocks in ``zone`` show ``wall``; if they skip it, the instant of the skip."""
    instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    before, after = (wall.replace(tzinfo=zone, fold=side).astimezone(UTC) for side in (1, 0))
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
