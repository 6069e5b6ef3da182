"""Receiving webhooks: whether a delivery is the service's own, and what it tells.

    try:
        event = verify_webhook(request.body, request.headers, secret)
    except ReplayedEventError:
        return 200  # heard before; any other status has the service send it again
    except WebhookError:
        return 400

A delivery is sent up to three times under one event ID, until it is answered with 2xx, and events may come out of order
or not at all: polling stays the way to be sure.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias

from pydantic import Field, SecretStr, ValidationError

from classify_core.errors import InvalidOptionError, InvalidSignatureError, ReplayedEventError, WebhookError
from classify_core.models import Received
from classify_core.validation import told
from classify_core.webhook_signatures import SIGNATURE_HEADER, sign, verify

EVENT_ID_HEADER: Final = "X-Webhook-Event-ID"
REMEMBERED_EVENTS: Final = 100_000


class _Named(Protocol):
    def items(self) -> Iterable[tuple[Any, Any]]: ...


HeaderFields: TypeAlias = _Named | Iterable[tuple[Any, Any]]
"""What a framework has for a request's headers: a mapping of names to values, or something like one, or pairs."""


class WebhookEventType(StrEnum):
    """What has happened to a job."""

    PENDING = "classify.pending"
    RUNNING = "classify.running"
    SUCCESS = "classify.success"
    ERROR = "classify.error"
    PARTIAL_SUCCESS = "classify.partial_success"
    CANCELLED = "classify.cancelled"


class WebhookEvent(Received):
    """One event of a job.

    Attributes:
        event_id: the same each time the event is sent.
        event_type: a plain string where this version does not know it.
        timestamp: when it happened.
        data: the job: its ID, and what the service tells of it; never shown.
    """

    event_id: str = Field(min_length=1)
    event_type: WebhookEventType | str = Field(union_mode="left_to_right")
    timestamp: datetime
    data: dict[str, Any]

    @property
    def job_id(self) -> str | None:
        """The job's ID; None where the event is about none."""
        found = self.data.get("job_id", self.data.get("id"))
        return found if isinstance(found, str) else None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # Not the data, nor fields of a newer service: they may quote the document.
        yield "event_id", self.event_id
        yield "event_type", str(self.event_type)
        yield "timestamp", self.timestamp.isoformat()
        yield "job_id", self.job_id


class SeenEvents(Protocol):
    """Remembers event IDs: one for each endpoint, shared by all processes that receive for it."""

    def add(self, event_id: str) -> bool:
        """Remembers an event ID; False where it was remembered before. Of two callers at once only one gets True.

        In Redis that is `SET key "" NX EX seconds`, in SQL an `INSERT ... ON CONFLICT DO NOTHING` and its row count.
        """


class MemorySeenEvents:
    """Remembers event IDs in this process, the oldest of too many no more; safe for threads.

    Args:
        max_events: how many are remembered.
    """

    def __init__(self, max_events: int = REMEMBERED_EVENTS) -> None:
        if max_events < 1:
            raise InvalidOptionError(f"max_events={max_events}: without a memory no replay is refused; give at least 1")
        self._max_events = max_events
        self._event_ids: dict[str, None] = {}
        self._lock = threading.Lock()

    def add(self, event_id: str) -> bool:
        """Remembers an event ID; False where it was remembered before."""
        with self._lock:
            if event_id in self._event_ids:
                return False
            if len(self._event_ids) >= self._max_events:
                del self._event_ids[next(iter(self._event_ids))]
            self._event_ids[event_id] = None
            return True

    def forget(self, event_id: str) -> None:
        """Lets an event come again, because the work for it failed and the service will send it anew."""
        with self._lock:
            self._event_ids.pop(event_id, None)


_seen_here = MemorySeenEvents()


class _SeenWithSecret:
    """The process's memory as the holders of one secret see it: no other can use up their event IDs."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def add(self, event_id: str) -> bool:
        return _seen_here.add(sign(self._secret, event_id.encode()))


def verify_webhook(
    body: bytes | str, headers: HeaderFields, secret: str | SecretStr, *, seen: SeenEvents | None = None
) -> WebhookEvent:
    """Makes sure that a delivery is the service's and new, and returns its event.

    The event is remembered before you work on it. Where that work fails, its next delivery is a replay, unless the
    memory forgets it: pass a `MemorySeenEvents` of your own and call its `forget(event.event_id)`, or let `seen` add a
    row in the work's own transaction, which is rolled back. On an event loop, call this in a thread where `seen` waits
    for a network.

    Args:
        body: as it arrived, before it is parsed.
        headers: the request's headers, in whatever object a framework has for them.
        secret: the endpoint's `webhook_signing_secret`.
        seen: remembers event IDs; by default the last 100,000 of this process. Several processes need a shared one.

    Raises:
        InvalidSignatureError: it was not signed with the secret, or not at all.
        ReplayedEventError: the event was received before.
        WebhookError: it was signed, but is no event that can be read, or its headers name another one.
        InvalidOptionError: `secret` is empty, or `body` or `headers` is something else.
    """
    key, raw, fields = _key(secret), _raw(body), _Headers(headers)
    if not verify(key, raw, fields.signature()):
        raise InvalidSignatureError(
            "the body was not signed with this secret; give the raw body, as it arrived, and the endpoint's own secret"
        )
    event = _event(raw)
    fields.refuse_other_event(event.event_id)
    memory = _SeenWithSecret(key) if seen is None else seen
    if not memory.add(event.event_id):
        raise ReplayedEventError(
            f"the event {event.event_id} was received before; answer with 2xx and leave it",
            event_id=event.event_id,
            job_id=event.job_id,
        )
    return event


class _Headers:
    """What the headers of a request say of its event."""

    def __init__(self, headers: HeaderFields) -> None:
        try:
            # Not `[...]`: whether that minds the case of names, and gives all values of one, differs by framework.
            pairs = headers if isinstance(headers, Iterable) and not hasattr(headers, "items") else headers.items()
            self._fields = [(_text(name).lower(), text) for name, value in pairs for text in _texts(value)]
        except (AttributeError, TypeError, ValueError):
            raise InvalidOptionError(
                f"headers= is a {type(headers).__name__}; give the request's headers, as names with their values"
            ) from None

    def signature(self) -> str:
        """The signature.

        Raises:
            InvalidSignatureError: there is not exactly one.
        """
        values = self._values(SIGNATURE_HEADER)
        if not values:
            raise InvalidSignatureError(
                f"there is no {SIGNATURE_HEADER} header; only an endpoint with a webhook_signing_secret gets one"
            )
        if len(values) > 1:
            raise InvalidSignatureError(f"there are {len(values)} {SIGNATURE_HEADER} headers")
        return values[0]

    def refuse_other_event(self, event_id: str) -> None:
        """Holds the unsigned event ID against the signed one.

        Raises:
            WebhookError: they differ.
        """
        if any(value != event_id for value in self._values(EVENT_ID_HEADER)):
            raise WebhookError(f"the {EVENT_ID_HEADER} header names another event than the signed body")

    def _values(self, name: str) -> list[str]:
        return [value for own, value in self._fields if own == name.lower()]


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _texts(value: object) -> list[str]:
    """The values of a header, of which some frameworks have a list."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [_text(each).strip() for each in values]


def _key(secret: str | SecretStr) -> str:
    key = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    if not isinstance(key, str) or not key:
        raise InvalidOptionError("secret= is empty or no text; give the endpoint's webhook_signing_secret")
    if not _is_encodable(key):
        raise InvalidOptionError("secret= has half a character (a lone surrogate), with which nothing can be signed")
    return key


def _raw(body: object) -> bytes:
    if isinstance(body, str) and _is_encodable(body):
        return body.encode()
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise InvalidOptionError(
        f"body= is a {type(body).__name__}; give the request's raw body: parsed and written anew it may differ"
    )


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _event(raw: bytes) -> WebhookEvent:
    try:
        content = json.loads(raw)
        if isinstance(content, str):  # the format "string": JSON inside a JSON string
            content = json.loads(content)
        return WebhookEvent.model_validate(content)
    except ValidationError as error:
        reason = "; ".join(told(error))
    except (ValueError, RecursionError):
        reason = "its body is not JSON"
    raise WebhookError(f"the delivery was signed, but is no event: {reason}")
