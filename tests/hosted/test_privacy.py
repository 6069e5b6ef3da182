"""What was asked to be gone is gone when the call returns, and nothing else is."""

from __future__ import annotations

import asyncio
import logging
import pickle
import warnings
from dataclasses import replace
from typing import Any

import pytest

from classify_core import ClassifyClient, HostedBackend, InvalidOptionError, JobFailedError, Source
from classify_core.hosted import backend as backend_module
from classify_core.rules import configuration_of
from classify_core.testing.server import ClassifyServer
from tests.hosted.calls import (
    BILL,
    CONFIGURATION,
    UPLOAD,
    Call,
    DictJournal,
    Document,
    backend_of,
    request,
    request_of,
    run,
)
from tests.service import ClassifyService

KEY = "llx-private-0123456789"


@pytest.fixture
def client(classify_server: ClassifyServer) -> ClassifyClient:
    return ClassifyClient(base_url=classify_server.base_url, api_key=classify_server.api_key)


async def _left(client: ClassifyClient) -> tuple[list[Any], list[Any]]:
    return await asyncio.to_thread(lambda: (list(client.files.list()), list(client.jobs.list())))


async def test_file_and_job_are_gone_when_the_answer_is_there(
    classify_server: ClassifyServer, client: ClassifyClient
) -> None:
    journal = DictJournal()
    backend = backend_of(classify_server, delete_after=True)
    [answer] = await run(backend, [request()], Call(journal=journal))
    assert answer.type == "invoice"
    assert await _left(client) == ([], [])
    assert journal.notes == {}
    [again] = await run(backend, [request()], Call(journal=journal))
    assert (again.type, again.is_from_former_job) == ("invoice", False)
    await backend.aclose()


async def test_nothing_is_deleted_unless_it_is_asked_for(
    classify_server: ClassifyServer, client: ClassifyClient
) -> None:
    backend = backend_of(classify_server)
    await run(backend, [request()])
    files, jobs = await _left(client)
    assert (len(files), len(jobs)) == (1, 1)
    await backend.aclose()


async def test_what_a_former_run_left_is_deleted_too(classify_server: ClassifyServer, client: ClassifyClient) -> None:
    former = backend_of(classify_server)
    await run(former, [request()])
    await former.aclose()
    del former
    backend = backend_of(classify_server, delete_after=True)
    [answer] = await run(backend, [request()])
    assert answer.is_from_former_job
    assert await _left(client) == ([], [])
    await backend.aclose()


async def test_a_file_that_the_user_named_by_its_id_is_never_deleted(
    classify_server: ClassifyServer, client: ClassifyClient
) -> None:
    file = await asyncio.to_thread(lambda: client.files.upload(BILL.encode(), name="a.txt"))
    backend = backend_of(classify_server, delete_after=True)
    await run(backend, [request_of(Source.file_id(file.id))])
    files, jobs = await _left(client)
    assert ([one.id for one in files], jobs) == ([file.id], [])
    await backend.aclose()


async def test_of_a_failed_job_the_file_goes_and_the_job_stays_so_that_nobody_pays_for_it_again(
    classify_server: ClassifyServer, client: ClassifyClient
) -> None:
    classify_server.faults.job("failed")
    backend = backend_of(classify_server, delete_after=True)
    for _ in range(2):
        with pytest.raises(JobFailedError):
            await run(backend, [request()])
    files, jobs = await _left(client)
    assert (files, len(jobs)) == ([], 1)
    await backend.aclose()


async def test_a_file_stays_as_long_as_another_open_job_of_the_process_reads_it(
    classify_server: ClassifyServer, client: ClassifyClient
) -> None:
    backend, lasting = backend_of(classify_server, delete_after=True), backend_of(classify_server)
    first = await backend.begin(request(), Document(), timeout=20)
    other_rules = replace(request(), configuration=configuration_of(CONFIGURATION.rules[:1]))
    second = await lasting.begin(other_rules, Document(), timeout=20)
    await first.answer()
    assert len((await _left(client))[0]) == 1
    assert (await second.answer()).type == "invoice"
    assert (await _left(client))[0] == []  # its wish is kept by the last one that read the file
    await backend.aclose()
    await lasting.aclose()


async def test_a_deletion_that_fails_is_told_with_its_id_and_loses_no_answer(
    classify_server: ClassifyServer, caplog: pytest.LogCaptureFixture
) -> None:
    classify_server.faults.request("DELETE *", "error", status=403)
    backend = backend_of(classify_server, delete_after=True)
    [answer] = await run(backend, [request()])
    assert answer.type == "invoice"
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 2
    assert any(str(answer.job_id) in message for message in warned)
    assert any("/files/dfl-" in message for message in warned)
    await backend.aclose()


async def test_the_expiry_asked_for_is_passed_on_and_a_service_that_ignores_it_is_told_of_once(
    service: ClassifyService, caplog: pytest.LogCaptureFixture
) -> None:
    backend = backend_of(service, upload_expires_in=3600)
    await run(backend, [request(), request("another invoice")])
    uploads = service.requests_to(UPLOAD)
    assert all("expires_at" in one.form for one in uploads)
    assert [record.levelno for record in caplog.records].count(logging.WARNING) == 1
    assert "delete_after" in caplog.text
    await backend.aclose()


async def test_no_expiry_is_sent_unless_it_is_asked_for(service: ClassifyService) -> None:
    backend = backend_of(service)
    await run(backend, [request()])
    assert set(service.requests_to(UPLOAD)[0].form) == {"purpose", "external_file_id", "file"}
    await backend.aclose()


BAD: list[tuple[dict[str, Any], str]] = [
    ({"mode": "MULTIMODAL"}, "v2 has"),
    ({"mode": "SLOW", "api": "v1"}, "SLOW"),
    ({"api": "v3"}, "v3"),
    ({"upload_expires_in": 0}, "upload_expires_in"),
    ({"upload_expires_in": -5}, "upload_expires_in"),
    ({"delete_after": "yes"}, "delete_after"),
    ({"usage": 1}, "usage"),
]


@pytest.mark.parametrize(("options", "told"), BAD)
def test_options_that_cannot_work_are_refused_at_once(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidOptionError, match=told):
        HostedBackend(api_key=KEY, **options)


def test_v1_is_said_to_be_deprecated_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_module, "_warned", [])
    with pytest.warns(DeprecationWarning, match='api="v2"'):
        fast = HostedBackend(api_key=KEY, api="v1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scans = HostedBackend(api_key=KEY, api="v1", mode="MULTIMODAL")
    assert (fast.name, scans.name) == ("hosted", "hosted/multimodal")


def test_all_options_cross_a_process_border_and_the_key_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {
        "retry_failed": True,
        "usage": True,
        "delete_after": True,
        "cancel_remote": True,
        "upload_expires_in": 60.0,
        "plan": "pro",
    }
    backend = HostedBackend(api_key=KEY, base_url="eu", **options)
    pickled = pickle.dumps(backend)
    assert KEY.encode() not in pickled
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    restored = pickle.loads(pickled)
    assert restored.arguments() == backend.arguments()
    assert {name: restored.arguments()[name] for name in options} == options
    assert repr(restored) == repr(backend) == "HostedBackend('https://api.cloud.eu.llamaindex.ai')"


def test_without_options_no_argument_is_told_that_an_older_classifier_does_not_know() -> None:
    told = HostedBackend(api_key=KEY).arguments()
    assert set(told) == {"base_url", "project_id", "organization_id", "plan"}
