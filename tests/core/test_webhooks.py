from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers

from classify_core.errors import InvalidOptionError, InvalidSignatureError, ReplayedEventError, WebhookError
from classify_core.testing.server import ClassifyServer
from classify_core.webhook_signatures import sign
from classify_core.webhooks import MemorySeenEvents, WebhookEvent, WebhookEventType, verify_webhook
from tests.backends import until
from tests.server.webhook_receiver import Received, Receiver, sending

SECRET = "whsec-of-the-tests"
EVENT: dict[str, Any] = {
    "event_id": "evt-1",
    "event_type": "classify.success",
    "timestamp": "2026-11-22T10:00:00Z",
    "data": {"id": "clj-1", "job_id": "clj-1", "status": "COMPLETED", "result": {"reasoning": "QUOTED"}},
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def seen() -> MemorySeenEvents:
    return MemorySeenEvents()


def _written(event: object = EVENT) -> bytes:
    return json.dumps(event).encode()


def _signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"LC-Signature": sign(secret, body)}


async def _deliveries(server: ClassifyServer, receiver: Receiver, output_format: str) -> list[Received]:
    """All that the server sends for one job."""
    endpoint = {
        "webhook_url": receiver.url(),
        "webhook_signing_secret": SECRET,
        "webhook_output_format": output_format,
    }
    headers = {"Authorization": f"Bearer {server.api_key}"}
    async with httpx.AsyncClient(base_url=server.base_url, headers=headers, trust_env=False) as http:
        files = {"file": ("bill.txt", b"Invoice number 7, line items, tax, total amount due")}
        uploaded = await http.post("/api/v1/beta/files", files=files, data={"purpose": "classify"})
        rules = [{"type": "invoice", "description": "A bill with line items, tax and the total amount due."}]
        body = {"file_input": uploaded.json()["id"], "configuration": {"rules": rules}}
        created = await http.post("/api/v2/classify", json=body | {"webhook_configurations": [endpoint]})
        created.raise_for_status()
    await until(lambda: len(receiver.received) == 3)
    return receiver.received


@pytest.mark.parametrize("output_format", ["json", "string"])
async def test_what_the_server_sends_is_accepted_once_in_either_format(
    classify_server: ClassifyServer, receiver: Receiver, output_format: str
) -> None:
    deliveries = await _deliveries(classify_server, receiver, output_format)
    events = [verify_webhook(each.body, each.headers, SECRET) for each in deliveries]
    assert {event.event_type for event in events} == {"classify.pending", "classify.running", "classify.success"}
    assert [event.event_id for event in events] == [each.headers["x-webhook-event-id"] for each in deliveries]
    [done] = [event for event in events if event.event_type is WebhookEventType.SUCCESS]
    assert done.job_id == done.data["id"]
    assert done.data["result"]["type"] == "invoice"
    for each in deliveries:
        with pytest.raises(ReplayedEventError, match="received before"):
            verify_webhook(each.body, each.headers, SECRET)


async def test_what_the_server_sends_is_refused_when_anything_of_it_is_changed(
    classify_server: ClassifyServer, receiver: Receiver
) -> None:
    delivery = (await _deliveries(classify_server, receiver, "json"))[0]
    with pytest.raises(InvalidSignatureError, match="not signed with this secret"):
        verify_webhook(delivery.body.replace(b"classify.", b"Classify."), delivery.headers, SECRET)
    with pytest.raises(InvalidSignatureError, match="not signed with this secret"):
        verify_webhook(delivery.body, delivery.headers, "another secret")
    unsigned = {name: value for name, value in delivery.headers.items() if name != "lc-signature"}
    with pytest.raises(InvalidSignatureError, match="no LC-Signature header"):
        verify_webhook(delivery.body, unsigned, SECRET)
    assert verify_webhook(delivery.body, delivery.headers, SECRET).event_id == delivery.event["event_id"]


async def test_an_event_whose_work_failed_is_accepted_again_once_it_is_forgotten(
    receiver: Receiver, tmp_path: Path, seen: MemorySeenEvents
) -> None:
    receiver.statuses["/"] = [500, 200]
    async with sending(tmp_path) as running:
        await running.create({"webhook_url": receiver.url(), "webhook_signing_secret": SECRET})
        await running.settled()
    first, second = receiver.received
    event = verify_webhook(first.body, first.headers, SECRET, seen=seen)
    with pytest.raises(ReplayedEventError):
        verify_webhook(second.body, second.headers, SECRET, seen=seen)
    seen.forget(event.event_id)
    assert verify_webhook(second.body, second.headers, SECRET, seen=seen) == event


def test_a_replay_names_its_event(seen: MemorySeenEvents) -> None:
    body = _written()
    verify_webhook(body, _signed(body), SECRET, seen=seen)
    with pytest.raises(ReplayedEventError) as refused:
        verify_webhook(body, _signed(body), SECRET, seen=seen)
    assert (refused.value.event_id, refused.value.job_id) == ("evt-1", "clj-1")


def test_a_replay_under_another_unsigned_event_id_is_refused(seen: MemorySeenEvents) -> None:
    body = _written()
    verify_webhook(body, _signed(body) | {"X-Webhook-Event-ID": "evt-1"}, SECRET, seen=seen)
    with pytest.raises(WebhookError, match="names another event"):
        verify_webhook(body, _signed(body) | {"X-Webhook-Event-ID": "evt-2"}, SECRET, seen=seen)


def test_a_refused_delivery_does_not_use_up_its_event_id(seen: MemorySeenEvents) -> None:
    body = _written()
    for headers in ({}, {"LC-Signature": "sha256=00"}, _signed(body) | {"x-webhook-event-id": "evt-2"}):
        with pytest.raises(WebhookError):
            verify_webhook(body, headers, SECRET, seen=seen)
    broken = _written(EVENT | {"timestamp": "soon"})
    with pytest.raises(WebhookError, match="timestamp"):
        verify_webhook(broken, _signed(broken), SECRET, seen=seen)
    assert verify_webhook(body, _signed(body), SECRET, seen=seen).event_id == "evt-1"


def test_by_default_the_holder_of_another_secret_cannot_use_up_an_event_id() -> None:
    body = _written(EVENT | {"event_id": "evt-of-two-endpoints"})
    for secret in ("first secret", "second secret"):
        verify_webhook(body, _signed(body, secret), secret)
        with pytest.raises(ReplayedEventError):
            verify_webhook(body, _signed(body, secret), secret)


def _message(pairs: dict[str, str]) -> Message:
    message = Message()
    for name, value in pairs.items():
        message[name] = value
    return message


@pytest.mark.parametrize(
    "headers_of",
    [
        dict,
        lambda pairs: {name.lower(): value for name, value in pairs.items()},
        lambda pairs: {name.upper(): [value] for name, value in pairs.items()},
        lambda pairs: [(name.lower().encode(), value.encode()) for name, value in pairs.items()],
        httpx.Headers,
        Headers,
        _message,
    ],
    ids=["dict", "lower", "lists", "asgi", "httpx", "starlette", "http.server"],
)
def test_headers_are_understood_in_whatever_form_a_framework_has_them(headers_of: Any, seen: MemorySeenEvents) -> None:
    body = _written()
    headers = headers_of(_signed(body) | {"X-Webhook-Event-ID": "evt-1", "Content-Type": "application/json"})
    assert verify_webhook(body, headers, SECRET, seen=seen).event_id == "evt-1"


@pytest.mark.parametrize(
    "headers",
    [
        [("LC-Signature", "sha256=00"), *_signed(_written()).items()],
        {**_signed(_written()), "lc-signature": "sha256=00"},
        {"LC-Signature": [*_signed(_written()).values(), "sha256=00"]},
    ],
)
def test_of_two_signatures_neither_is_chosen(headers: Any, seen: MemorySeenEvents) -> None:
    with pytest.raises(InvalidSignatureError, match="2 LC-Signature headers"):
        verify_webhook(_written(), headers, SECRET, seen=seen)


@pytest.mark.parametrize("value", ["", "sha256=", "sha512=00", "é", sign(SECRET, _written())[:-1]])
def test_a_signature_in_another_form_is_none(value: str, seen: MemorySeenEvents) -> None:
    with pytest.raises(InvalidSignatureError):
        verify_webhook(_written(), {"LC-Signature": value}, SECRET, seen=seen)


def test_body_and_secret_may_be_text_or_hidden(seen: MemorySeenEvents) -> None:
    body = _written(EVENT | {"data": {"job_id": "Über"}})
    event = verify_webhook(body.decode(), _signed(body, "sécret"), SecretStr("sécret"), seen=seen)
    assert event.job_id == "Über"


@pytest.mark.parametrize("secret", ["", SecretStr(""), None, b"bytes", "half \ud800"])
def test_a_secret_with_which_anybody_could_sign_is_refused(secret: Any, seen: MemorySeenEvents) -> None:
    body = _written()
    with pytest.raises(InvalidOptionError, match="secret= ") as refused:
        verify_webhook(body, _signed(body, ""), secret, seen=seen)
    assert "half \ud800" not in str(refused.value)


@pytest.mark.parametrize("body", [EVENT, None, "half \ud800"])
def test_a_body_that_is_parsed_already_is_refused(body: Any, seen: MemorySeenEvents) -> None:
    with pytest.raises(InvalidOptionError, match="raw body"):
        verify_webhook(body, _signed(_written()), SECRET, seen=seen)


@pytest.mark.parametrize("headers", [None, 7, ["LC-Signature"]])
def test_headers_that_are_none_are_refused(headers: Any, seen: MemorySeenEvents) -> None:
    with pytest.raises(InvalidOptionError, match="the request's headers"):
        verify_webhook(_written(), headers, SECRET, seen=seen)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"7",
        b'"not json"',
        b'"\\"twice in a string\\""',
        b"[" * 100_000,
        _written({"event_id": "SHOWN"}),
        _written(EVENT | {"event_id": ""}),
        _written(EVENT | {"event_id": "\ud800"}),
        _written(EVENT | {"data": "SHOWN"}),
        _written(EVENT | {"event_type": None}),
    ],
)
def test_what_is_signed_but_no_event_is_refused_and_not_quoted(body: bytes, seen: MemorySeenEvents) -> None:
    with pytest.raises(WebhookError, match="signed, but is no event") as refused:
        verify_webhook(body, _signed(body), SECRET, seen=seen)
    assert "SHOWN" not in str(refused.value)
    assert refused.value.__context__ is None


def test_events_of_a_newer_service_are_kept_as_they_are(seen: MemorySeenEvents) -> None:
    body = _written(EVENT | {"event_type": "classify.paused", "attempt": 2, "data": {}})
    event = verify_webhook(body, _signed(body), SECRET, seen=seen)
    assert event.event_type == "classify.paused"
    assert event.model_extra == {"attempt": 2}
    assert event.job_id is None


def test_an_event_is_frozen_and_shows_nothing_of_the_document() -> None:
    event = WebhookEvent.model_validate(EVENT | {"quote": "QUOTED"})
    assert repr(event) == (
        "WebhookEvent(event_id='evt-1', event_type='classify.success', timestamp='2026-11-22T10:00:00+00:00', "
        "job_id='clj-1')"
    )
    assert "QUOTED" not in str(event)
    with pytest.raises(ValueError, match="frozen"):
        event.event_id = "evt-2"


def test_no_error_shows_the_secret_or_the_signature(seen: MemorySeenEvents) -> None:
    body = _written()
    verify_webhook(body, _signed(body), SECRET, seen=seen)
    for given in (_signed(body), _signed(body, "another"), {}, _signed(body) | {"X-Webhook-Event-Id": "evt-2"}):
        with pytest.raises(WebhookError) as refused:
            verify_webhook(body, given, SECRET, seen=seen)
        assert SECRET not in repr(refused.value)
        assert sign(SECRET, body) not in repr(refused.value)


def test_of_many_deliveries_at_once_one_is_accepted(seen: MemorySeenEvents) -> None:
    body, together = _written(), threading.Barrier(8)

    def receive(_: int) -> bool:
        together.wait(10)
        try:
            verify_webhook(body, _signed(body), SECRET, seen=seen)
        except ReplayedEventError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(receive, range(8))) == 1


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    seen = MemorySeenEvents(max_events=2)
    assert [seen.add(event_id) for event_id in ("a", "b", "a", "c", "b", "a")] == [True, True, False, True, False, True]
    with pytest.raises(InvalidOptionError, match="at least 1"):
        MemorySeenEvents(max_events=0)


def test_another_memory_is_asked_with_the_signed_event_id() -> None:
    class Shared:
        def __init__(self) -> None:
            self.asked: list[str] = []

        def add(self, event_id: str) -> bool:
            self.asked.append(event_id)
            return len(self.asked) == 1

    body, shared = _written(), Shared()
    verify_webhook(body, _signed(body), SECRET, seen=shared)
    with pytest.raises(ReplayedEventError):
        verify_webhook(body, _signed(body), SECRET, seen=shared)
    assert shared.asked == ["evt-1", "evt-1"]
