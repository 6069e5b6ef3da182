from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from classify_core.server.logs import LOGGER_NAME, JsonLines
from classify_core.server.store import deliveries, jobs
from classify_core.server.store.records import JobState, Outcome
from classify_core.webhook_signatures import verify
from tests.backends import until
from tests.server.webhook_receiver import RESULT, Receiver, sending


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


async def test_a_v2_job_tells_each_of_its_statuses_and_its_result_once_it_is_completed(
    receiver: Receiver, tmp_path: Path
) -> None:
    async with sending(tmp_path) as running:
        job = await running.create({"webhook_url": receiver.url()}, transaction_id="tx", configuration_id="cfg-1")
        await running.complete(job)
        await running.settled()
    events = {each.event["event_type"]: each.event for each in receiver.received}
    assert len(receiver.received) == 3
    assert {name: event["data"]["status"] for name, event in events.items()} == {
        "classify.pending": "PENDING",
        "classify.running": "RUNNING",
        "classify.success": "COMPLETED",
    }
    moments = [events[f"classify.{name}"]["timestamp"] for name in ("pending", "running", "success")]
    assert moments == sorted(moments)
    assert events["classify.running"]["data"]["result"] is None
    assert events["classify.success"]["data"] == {
        "id": job.id,
        "job_id": job.id,
        "project_id": running.project_id,
        "status": "COMPLETED",
        "error_message": None,
        "document_input_type": "file_id",
        "file_input": "dfl-0",
        "parse_job_id": "pjb-1",
        "configuration_id": "cfg-1",
        "transaction_id": "tx",
        "result": RESULT,
    }


async def test_a_job_that_is_cancelled_or_fails_tells_no_result(receiver: Receiver, tmp_path: Path) -> None:
    async with sending(tmp_path) as running:
        wanted = {"webhook_url": receiver.url(), "webhook_events": ["classify.error", "classify.cancelled"]}
        for end in (JobState.FAILED, JobState.CANCELLED):
            job = await running.create(wanted)
            await running.begin(job)
            await running.database.run(jobs.keep_outcome, job.id, 0, Outcome(result=RESULT))
            await running.finish(job, end, "TIMEOUT: too late" if end is JobState.FAILED else None)
        await running.settled()
    told = sorted((each.event["data"]["status"], each.event["data"]["error_message"]) for each in receiver.received)
    assert told == [("CANCELLED", None), ("FAILED", "TIMEOUT: too late")]
    assert all(each.event["data"]["result"] is None for each in receiver.received)


@pytest.mark.parametrize(
    ("end", "event_type", "status"),
    [
        (JobState.COMPLETED, "classify.success", "SUCCESS"),
        (JobState.PARTIAL, "classify.partial_success", "PARTIAL_SUCCESS"),
        (JobState.FAILED, "classify.error", "ERROR"),
        (JobState.CANCELLED, "classify.cancelled", "CANCELLED"),
    ],
)
async def test_a_v1_job_tells_its_statuses_in_the_words_of_v1(
    receiver: Receiver, tmp_path: Path, end: JobState, event_type: str, status: str
) -> None:
    async with sending(tmp_path) as running:
        job = await running.create({"webhook_url": receiver.url()}, api="v1", files=2)
        await running.begin(job)
        await running.finish(job, end)
        await running.settled()
    told = {each.event["event_type"]: each.event["data"]["status"] for each in receiver.received}
    assert told == {"classify.pending": "PENDING", "classify.running": "PENDING", event_type: status}


async def test_only_the_events_that_an_endpoint_asked_for_are_sent(receiver: Receiver, tmp_path: Path) -> None:
    async with sending(tmp_path) as running:
        job = await running.create(
            {"webhook_url": receiver.url("/a"), "webhook_events": ["classify.success", "parse.success"]},
            {"webhook_url": receiver.url("/b"), "webhook_events": ["parse.success"]},
            {"webhook_url": None},
            {"webhook_url": receiver.url("/c"), "webhook_events": ["classify.running"]},
        )
        await running.complete(job)
        await running.settled()
    told = sorted((each.path, each.event["event_type"]) for each in receiver.received)
    assert told == [("/a", "classify.success"), ("/c", "classify.running")]


@pytest.mark.parametrize(("output_format", "kind"), [(None, str), ("string", str), ("json", dict)])
async def test_the_body_is_an_object_or_a_string_that_holds_it(
    receiver: Receiver, tmp_path: Path, output_format: str | None, kind: type
) -> None:
    async with sending(tmp_path) as running:
        job = await running.create({"webhook_url": receiver.url(), "webhook_output_format": output_format})
        await running.settled()
    [received] = receiver.received
    told = json.loads(received.body)
    assert type(told) is kind
    assert set(received.event) == {"event_id", "event_type", "timestamp", "data"}
    assert received.event["data"]["id"] == received.event["data"]["job_id"] == job.id
    assert received.headers["content-type"] == "application/json"


async def test_each_request_names_its_event_and_carries_the_endpoints_headers(
    receiver: Receiver, tmp_path: Path
) -> None:
    async with sending(tmp_path) as running:
        headers = {"Authorization": "Bearer abc", "X-Trace": ""}
        await running.create({"webhook_url": receiver.url("/a?b=c"), "webhook_headers": headers})
        await running.settled()
    [received] = receiver.received
    assert received.path == "/a?b=c"
    assert (received.headers["authorization"], received.headers["x-trace"]) == ("Bearer abc", "")
    assert received.headers["x-webhook-event-id"] == received.event["event_id"]
    assert received.headers["x-webhook-event-type"] == received.event["event_type"] == "classify.pending"
    assert received.headers["user-agent"] == "classify-adapters"
    assert "lc-signature" not in received.headers


@pytest.mark.parametrize("output_format", ["json", "string"])
async def test_the_signature_is_that_of_the_raw_body(receiver: Receiver, tmp_path: Path, output_format: str) -> None:
    secret = "sécret"
    async with sending(tmp_path) as running:
        await running.create(
            {
                "webhook_url": receiver.url(),
                "webhook_signing_secret": secret,
                "webhook_output_format": output_format,
            }
        )
        await running.settled()
    [received] = receiver.received
    expected = hmac.new(secret.encode(), received.body, hashlib.sha256).hexdigest()
    assert received.headers["lc-signature"] == f"sha256={expected}"
    assert verify(secret, received.body, received.headers["lc-signature"])


@pytest.mark.parametrize(
    ("body", "header"),
    [(b"other", "right"), (b"body", "sha256=" + "0" * 64), (b"body", ""), (b"body", None), (b"body", "\ud83d\xe9")],
)
def test_a_wrong_signature_is_found_out(body: bytes, header: str | None) -> None:
    right = "sha256=" + hmac.new(b"secret", b"body", hashlib.sha256).hexdigest()
    assert verify("secret", b"body", right)
    assert not verify("secret", body, right if header == "right" else header)
    assert not verify("another", b"body", right)


async def test_a_webhook_that_a_fault_hits_vanishes_and_is_logged_as_such(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER_NAME):
        async with sending(tmp_path) as running:
            running.faults.webhook("classify.running", times=1)
            job = await running.create({"webhook_url": receiver.url()})
            await running.complete(job)
            await running.settled()
            await until(lambda: len(receiver.received) == 2)
    assert sorted(receiver.events()) == ["classify.pending", "classify.success"]
    vanished = [_line(record) for record in caplog.records if record.message == "webhook.vanished"]
    assert [line["event_type"] for line in vanished] == ["classify.running"]


async def test_no_log_and_no_repr_holds_a_secret(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses["/PATH?token=QUERY"] = [500, 302, 200]
    receiver.headers = {"Set-Cookie": "session=COOKIE", "Location": receiver.url("/LOCATION")}
    with caplog.at_level(logging.DEBUG):
        async with sending(tmp_path) as running:
            endpoint = {
                "webhook_url": receiver.url("/PATH?token=QUERY"),
                "webhook_headers": {"Authorization": "HEADER"},
                "webhook_signing_secret": "SIGNING",
                "webhook_events": ["classify.success"],
            }
            job = await running.create(endpoint)
            told = [repr(job)]
            await running.complete(job)
            told += [repr(each) for each in await running.database.run(deliveries.owed_after, 0, limit=9)]
            await running.settled()
    assert len(receiver.received) == 3
    assert "receive_response_headers.complete" in caplog.text  # the most talkative level is on
    assert [record.message for record in caplog.records if record.name == LOGGER_NAME] == [
        "webhook.failed",
        "webhook.failed",
        "webhook.delivered",
    ]
    told += [caplog.text, *(JsonLines().format(record) for record in caplog.records)]
    secrets = ("PATH", "QUERY", "HEADER", "SIGNING", "REASONING", "COOKIE", "LOCATION")
    assert [secret for secret in secrets if secret in "".join(told)] == []


async def test_a_log_line_tells_the_event_the_attempt_and_the_reason(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses["/"] = [503, 204]
    with caplog.at_level(logging.INFO, LOGGER_NAME):
        async with sending(tmp_path) as running:
            job = await running.create({"webhook_url": receiver.url()})
            await running.settled()
    failed, delivered = [_line(record) for record in caplog.records]
    common = {
        "job_id": job.id,
        "event_id": receiver.received[0].event["event_id"],
        "event_type": "classify.pending",
        "host": f"127.0.0.1:{receiver.port}",
    }
    assert failed.items() >= (common | {"attempt": 1, "failure": "HTTP status 503", "level": "warning"}).items()
    assert delivered.items() >= (common | {"attempt": 2, "failure": None, "level": "info"}).items()


def _line(record: logging.LogRecord) -> dict[str, Any]:
    return json.loads(JsonLines().format(record))
