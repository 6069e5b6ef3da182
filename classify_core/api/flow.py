"""The course of one call, without any input or output: what to send, when to pause, when to give up.

A flow is a generator. It yields what is to be done next and is sent the response, or thrown the fault; what it
returns is the result. The drivers in `drivers.py` do what it asks, one for threads and one for event loops.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr

from classify_core.api.call import Call, Recovery, Retry, Settled
from classify_core.api.clock import Clock
from classify_core.api.failures import error_of, fault_error
from classify_core.api.retry import (
    LONGEST_RETRY_AFTER,
    MAX_SECONDS,
    may_retry_fault,
    may_retry_status,
    pause_before,
    read_retry_after,
)
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyError, ClassifyTimeoutError, InvalidResponseError, RateLimitError

logger = logging.getLogger("classify_core.api")

T = TypeVar("T")


@dataclass(frozen=True)
class Send:
    """Send this; `seconds` shortens the time-outs where a deadline is near."""

    call: Call[Any]
    seconds: float | None = None


@dataclass(frozen=True)
class Pause:
    """Wait this long."""

    seconds: float


Step = Send | Pause
Answer = httpx.Response | httpx.RequestError
Flow = Generator[Step, httpx.Response | None, T]


@dataclass(frozen=True)
class Terms:
    """What a flow has to know of its client.

    Attributes:
        base_url: the service's address, for messages.
        secret: the key, to be cut out of what the service repeats.
        max_retries: how often a request is sent again.
        clock: time and chance.
        deadline: the moment after which no attempt begins and no pause ends; None where there is none.
    """

    base_url: str
    secret: SecretStr
    max_retries: int
    clock: Clock
    deadline: Deadline | None = None

    def within(self, seconds: float) -> Terms:
        """The same with a deadline in so many seconds."""
        return replace(self, deadline=Deadline(self.clock.monotonic() + seconds))

    def seconds_left(self) -> float | None:
        """The seconds until the deadline, negative after it; None where there is none."""
        return None if self.deadline is None else self.deadline.seconds_left(self.clock.monotonic())

    def seconds_waited(self) -> float:
        """The seconds waited for limits so far, which count against nothing."""
        return 0.0 if self.deadline is None else self.deadline.waited

    def is_late(self, pause: float = 0.0) -> bool:
        """Whether the deadline is over after a further pause."""
        left = self.seconds_left()
        return left is not None and pause >= left


class TooLateError(Exception):
    """The deadline left no time for another attempt; the cause is the last one's error. Never leaves this package."""


def answer_in_time(call: Call[T], terms: Terms) -> Flow[T]:
    """The course of a call that may have a deadline.

    Raises:
        ClassifyTimeoutError: there was no good answer in time.
    """
    seconds = max(0.0, terms.seconds_left() or 0.0)
    try:
        return (yield from exchange(call, terms))
    except TooLateError as late:
        raise ClassifyTimeoutError(
            f"{call.name} had no good answer within the {seconds:.3g} s that were left for it; "
            "try again with a longer timeout",
            timeout=seconds,
            job_id=call.job_id,
            source_name=call.source_name,
        ) from late.__cause__


def exchange(call: Call[T], terms: Terms, *, shortest: float = 0.0) -> Flow[T]:
    """Sends a call, again where that helps, and reads the answer.

    Args:
        call: what to send.
        terms: how often, and until when.
        shortest: an attempt gets at least this many seconds, also where the deadline is nearer.

    Raises:
        TooLateError: the deadline ended the last attempt, or another one would begin after it.
    """
    last_begin = terms.clock.monotonic() - terms.seconds_waited() + MAX_SECONDS
    number = 0
    error: ClassifyError | None = None
    while True:
        if shortest == 0 and terms.is_late():
            raise TooLateError from error
        number += 1
        answer = yield from _attempt(call, terms, shortest)
        if isinstance(answer, httpx.Response) and answer.is_success:
            return _read(call, answer)
        error = _error_of(answer, number, call, terms)
        if number > 1 and call.settled is not None and _has_status(answer, call.settled.status):
            return (yield from _settle(call.settled, error, terms))
        pause = _pause_or_end(answer, error, _Attempts(number, last_begin + terms.seconds_waited()), call, terms)
        logger.debug("%s: attempt %d failed, the next one comes in %.2f s", call.name, number, pause)
        yield Pause(pause)
        if call.recovery is not None and _may_have_been_done(answer):
            recovered = yield from _recovered(call.recovery, terms)
            if recovered is not None:
                return recovered


@dataclass(frozen=True, slots=True)
class _Attempts:
    """How many there were, and the moment after which no further one begins."""

    number: int
    last_begin: float


def _pause_or_end(answer: Answer, error: ClassifyError, attempts: _Attempts, call: Call[Any], terms: Terms) -> float:
    """The seconds to wait before another attempt.

    Raises:
        TooLateError: it would begin after the deadline.
        ClassifyError: there is to be none.
    """
    if isinstance(answer, httpx.TimeoutException) and terms.is_late():
        raise TooLateError from error
    if not _may_retry(answer, error, call, terms):
        raise error from _cause(answer)
    pause = _pause_before_retry(answer, attempts.number, terms)
    if terms.is_late(pause):
        raise TooLateError from error
    if attempts.number > terms.max_retries or terms.clock.monotonic() + pause > attempts.last_begin:
        raise error from _cause(answer)
    return pause


def _attempt(call: Call[Any], terms: Terms, shortest: float) -> Flow[Answer]:
    left = terms.seconds_left()
    try:
        response = yield Send(call, None if left is None else max(left, shortest))
    except httpx.RequestError as fault:
        return fault
    if response is None:
        raise TypeError("a driver answers Send with a response")
    return response


def _has_status(answer: Answer, status: int) -> bool:
    return isinstance(answer, httpx.Response) and answer.status_code == status


def _settle(settled: Settled[T], refusal: ClassifyError, terms: Terms) -> Flow[T]:
    result = settled.result
    found = (yield from exchange(result, terms)) if isinstance(result, Call) else result
    if settled.is_done(found):
        return found
    raise refusal


def _recovered(recovery: Recovery[T], terms: Terms) -> Flow[T | None]:
    """What an earlier attempt has done; None where that is not known, so that the next one has to do it."""
    ask = recovery.ask()
    if ask is None:
        return None
    try:
        answer = yield from exchange(ask, replace(terms, max_retries=0))
    except ClassifyError as error:
        logger.debug("%s: not known whether an earlier attempt did the work: %s", ask.name, type(error).__name__)
        return None
    return recovery.found(answer, terms.clock.now())


def _may_have_been_done(answer: Answer) -> bool:
    """Whether the work of an attempt may have been done, though no answer says so."""
    if isinstance(answer, httpx.Response):
        return answer.is_server_error
    return not may_retry_fault(answer, Retry.UNSENT)


def _cause(answer: Answer) -> httpx.RequestError | None:
    return None if isinstance(answer, httpx.Response) else answer


def _read(call: Call[T], response: httpx.Response) -> T:
    try:
        return call.parse(response)
    except InvalidResponseError as error:
        message = f"{call.name} {error.message}"
        raise InvalidResponseError(message, job_id=call.job_id, source_name=call.source_name) from None
    except ClassifyError as error:
        raise error.about(job_id=call.job_id, source_name=call.source_name) from None


def _error_of(answer: Answer, number: int, call: Call[Any], terms: Terms) -> ClassifyError:
    if not isinstance(answer, httpx.Response):
        return fault_error(call, answer, base_url=terms.base_url, attempts=number)
    return error_of(
        call,
        answer,
        base_url=terms.base_url,
        secret=terms.secret,
        attempts=number,
        retry_after=_retry_after(answer, terms),
    )


def _may_retry(answer: Answer, error: ClassifyError, call: Call[Any], terms: Terms) -> bool:
    if not isinstance(answer, httpx.Response):
        return may_retry_fault(answer, call.retry)
    if (_retry_after(answer, terms) or 0.0) > LONGEST_RETRY_AFTER:
        return False
    plan_limit = isinstance(error, RateLimitError) and error.plan_limit
    return may_retry_status(answer.status_code, call.retry, plan_limit=plan_limit)


def _pause_before_retry(answer: Answer, number: int, terms: Terms) -> float:
    fraction = terms.clock.fraction()
    if not isinstance(answer, httpx.Response):
        return pause_before(number, status=None, retry_after=None, fraction=fraction)
    retry_after = _retry_after(answer, terms)
    return pause_before(number, status=answer.status_code, retry_after=retry_after, fraction=fraction)


def _retry_after(response: httpx.Response, terms: Terms) -> float | None:
    return read_retry_after(response.headers.get("retry-after"), terms.clock.now())
