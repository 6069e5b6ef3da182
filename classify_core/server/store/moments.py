"""Moments as the store keeps them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """This moment."""
    return stored(datetime.now(UTC))


def stored(moment: datetime) -> str:
    """A moment as text that sorts as the moments do; one without a time zone is taken as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
