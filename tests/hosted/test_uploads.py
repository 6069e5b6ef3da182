"""Each document is brought to the service as seldom as can be, and found there again."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from classify_core import ClassifyClient, ServerError
from classify_core.hosted.known_uploads import KnownUpload, KnownUploads
from classify_core.rules import configuration_of
from classify_core.testing.server import ClassifyServer
from tests.hosted.calls import (
    BILL,
    CONFIGURATION,
    CREATE,
    FILES,
    UPLOAD,
    Call,
    DictJournal,
    PromptClock,
    backend_of,
    request,
    run,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OTHER_RULES = configuration_of(CONFIGURATION.rules[:1])


def _files(server: ClassifyServer) -> list[Any]:
    with ClassifyClient(base_url=server.base_url, api_key=server.api_key) as client:
        return list(client.files.list())


async def test_a_document_under_other_rules_is_not_uploaded_again(classify_server: ClassifyServer) -> None:
    backend = backend_of(classify_server)
    await run(backend, [request()])
    await run(backend, [replace(request(), configuration=OTHER_RULES)])
    assert (classify_server.requests.count(UPLOAD), classify_server.requests.count(CREATE)) == (1, 2)
    await backend.aclose()


async def test_the_same_bytes_in_another_format_are_another_upload(classify_server: ClassifyServer) -> None:
    backend = backend_of(classify_server)
    await run(backend, [request(name="a.txt"), request(name="a.md")])
    assert sorted(file.name for file in await asyncio.to_thread(_files, classify_server)) == ["a.md", "a.txt"]
    await backend.aclose()


async def test_a_noted_upload_is_used_by_the_next_process(classify_server: ClassifyServer) -> None:
    journal = DictJournal()
    for configuration in (CONFIGURATION, OTHER_RULES):
        backend = backend_of(classify_server)
        await run(backend, [replace(request(), configuration=configuration)], Call(journal=journal))
        await backend.aclose()
        del backend
        gc.collect()
    assert classify_server.requests.count(UPLOAD) == 1
    assert classify_server.requests.count(FILES) == 0


@pytest.mark.parametrize("status", [None, 500])
async def test_an_upload_whose_answer_is_lost_is_found_and_not_sent_again(
    classify_server: ClassifyServer, status: int | None
) -> None:
    classify_server.faults.request(UPLOAD, "lost", status=status, times=1)
    backend = backend_of(classify_server)
    [answer] = await run(backend, [request()])
    assert answer.type == "invoice"
    assert (classify_server.requests.count(UPLOAD), classify_server.requests.count(FILES)) == (1, 1)
    assert len(await asyncio.to_thread(_files, classify_server)) == 1
    await backend.aclose()


async def test_an_upload_that_was_never_done_is_sent_again_after_a_look(classify_server: ClassifyServer) -> None:
    classify_server.faults.request(UPLOAD, "error", times=1)
    classify_server.faults.request(FILES, "error", times=1)  # nor does it matter that the look fails
    backend = backend_of(classify_server)
    await run(backend, [request()])
    assert (classify_server.requests.count(UPLOAD), classify_server.requests.count(FILES)) == (2, 1)
    await backend.aclose()


async def test_a_fresh_run_lists_no_files(classify_server: ClassifyServer) -> None:
    backend = backend_of(classify_server)
    await run(backend, [request(f"{BILL} {number}") for number in range(30)])
    assert classify_server.requests.count(FILES) == 0
    await backend.aclose()


async def test_a_repeated_run_finds_its_uploads_with_one_listing(classify_server: ClassifyServer) -> None:
    bills = [request(f"{BILL} {number}") for number in range(40)]
    for _ in range(2):
        backend = backend_of(classify_server)
        await run(backend, bills)
        await backend.aclose()
        del backend
        gc.collect()
    assert classify_server.requests.count(FILES) == 1
    assert classify_server.requests.count(UPLOAD) <= 40 + 2 * 16  # those in hand before the first job came back


async def test_an_upload_is_not_used_beyond_the_expiry_that_was_asked_for(classify_server: ClassifyServer) -> None:
    backend = backend_of(classify_server, upload_expires_in=60)
    bill = request()
    await run(backend, [bill])
    known = backend._jobs._account().uploads
    assert known.get(bill.content_key, datetime.now(UTC)) is not None
    assert known.get(bill.content_key, datetime.now(UTC) + timedelta(seconds=60)) is None
    await backend.aclose()


async def test_one_upload_that_fails_does_not_fail_for_who_waits_for_it(classify_server: ClassifyServer) -> None:
    classify_server.faults.request(UPLOAD, "error", status=507, times=6)
    backend = backend_of(classify_server, _clock=PromptClock())
    outcomes = await asyncio.gather(*(run(backend, [request()]) for _ in range(2)), return_exceptions=True)
    kinds = {type(outcome) for outcome in outcomes}
    assert kinds == {ServerError, list}
    await backend.aclose()


def test_an_upload_is_used_until_well_before_it_expires() -> None:
    known = KnownUploads()
    known.keep("a", KnownUpload("dfl-1", NOW + timedelta(hours=47)))
    assert known.get("a", NOW + timedelta(hours=46, minutes=59)) == KnownUpload("dfl-1", NOW + timedelta(hours=47))
    assert known.get("a", NOW + timedelta(hours=47)) is None


def test_a_refused_file_is_not_used_again_whoever_noted_it() -> None:
    known = KnownUploads()
    upload = KnownUpload("dfl-1", NOW + timedelta(hours=47))
    known.keep("a", upload)
    known.refuse("a", "dfl-other")
    assert known.get("a", NOW) == upload
    known.refuse("a", "dfl-1")
    assert known.get("a", NOW) is None
    assert not known.is_usable(upload, NOW)


def test_a_file_is_deleted_when_its_last_reader_is_done() -> None:
    known = KnownUploads()
    known.use("dfl-1")
    known.use("dfl-1")
    assert not known.release("dfl-1", delete=True)
    assert known.release("dfl-1", delete=False)


async def test_who_waits_for_an_upload_can_be_cancelled_without_harm() -> None:
    known = KnownUploads()
    entered = asyncio.Event()

    async def hold(seconds: float) -> None:
        async with known.alone_with("a"):
            entered.set()
            await asyncio.sleep(seconds)

    first = asyncio.create_task(hold(0.05))
    await entered.wait()
    second, third = asyncio.create_task(hold(0)), asyncio.create_task(hold(0))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, third)
    assert second.cancelled() or second.done()
    assert not known._under_way
