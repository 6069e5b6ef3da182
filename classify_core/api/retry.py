"""When a request is sent again and how long that waits: pure functions, and every number with a name.

Retried are 408, 429 of the rate kind, 5xx and connection faults, which pass by themselves; never a 402, a 409 or a
plan's limit, which do not. Attempts and time are both bounded.
"""

from __future__ import annotations

import ssl
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from classify_core.api.call import Retry

MAX_RETRIES = 5
MAX_SECONDS = 180.0
"""After this many seconds no further attempt begins: three times the longest published rate limit window."""

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
PAUSE_GROWTH = 2.0

FIRST_RATE_PAUSE = 2.0
LONGEST_RATE_PAUSE = 60.0
RATE_PAUSE_GROWTH = 2.5
"""The service sends no `Retry-After`; limits hold for a second, for 5 seconds and for a minute, and five pauses of
2, 5, 12.5, 31 and 60 seconds (each at least half of that) reach through all three."""

LONGEST_RETRY_AFTER = 120.0
"""Whoever is asked to wait for longer is told so at once; coming back earlier would be refused again."""

_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = range(500, 600)

_UNSENT_FAULTS = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_LASTING_FAULTS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.DecodingError)


def may_retry_fault(fault: httpx.RequestError, retry: Retry) -> bool:
    """Whether the request may be sent again after no complete answer came."""
    if isinstance(fault, _LASTING_FAULTS) or is_certificate_fault(fault):
        return False
    return retry is Retry.ALWAYS or isinstance(fault, _UNSENT_FAULTS)


def may_retry_status(status: int, retry: Retry, *, plan_limit: bool) -> bool:
    """Whether the request may be sent again after this answer."""
    if status == _TOO_MANY_REQUESTS:
        return not plan_limit  # whatever the policy: a refused request has done nothing
    return retry is Retry.ALWAYS and (status == _REQUEST_TIMEOUT or status in _SERVER_ERRORS)


def is_certificate_fault(fault: BaseException) -> bool:
    """Whether a certificate was refused; trying again shows the same one."""
    seen: BaseException | None = fault
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def pause_before(attempt: int, *, status: int | None, retry_after: float | None, fraction: float) -> float:
    """Returns the seconds to wait before an attempt.

    Args:
        attempt: the attempt that the pause is for; the first retry is 1.
        status: the answer that was refused; None where there was none.
        retry_after: what the service or a proxy asked for; it is obeyed.
        fraction: a random share, 0.0 to 1.0.
    """
    if retry_after is not None:
        return retry_after
    if status == _TOO_MANY_REQUESTS:
        ceiling = min(FIRST_RATE_PAUSE * RATE_PAUSE_GROWTH ** (attempt - 1), LONGEST_RATE_PAUSE)
        return ceiling * (1 + fraction) / 2
    return min(FIRST_PAUSE * PAUSE_GROWTH ** (attempt - 1), LONGEST_PAUSE) * fraction


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Returns the seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or an HTTP date)."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError):  # TypeError: a date without a zone
        return None
