"""One request for a hundred jobs, whatever the service makes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from classify_core.api.call import Call
from classify_core.api.calls_jobs import JOBS
from classify_core.errors import (
    ClassifyError,
    InvalidResponseError,
    NotFoundError,
    RejectedRequestError,
    ServerError,
    UnknownStatusError,
)
from classify_core.hosted.watching.lookup import JobLookup, SeenJob, Sight, packs
from classify_core.models import ClassifyJob, JobStatus
from tests.clocks import VirtualClock
from tests.hosted.watching.simulation import SimulatedService

Told = dict[str, Any]


def _told(job_id: str, status: str = "COMPLETED", **fields: Any) -> Told:
    result = {"type": "invoice", "confidence": 0.9, "reasoning": "it says so"} if status == "COMPLETED" else None
    return {"id": job_id, "status": status, "file_input": "dfl-1", "result": result, **fields}


class _Pages:
    """Answers each listing with the next page, and each single look with what `single` makes of it."""

    def __init__(self, *pages: list[Told], single: Callable[[str], Told] = _told) -> None:
        self.calls: list[Call[Any]] = []
        self._pages = list(pages)
        self._single = single

    async def run(self, operation: Call[Any], **_: Any) -> Any:
        self.calls.append(operation)
        if operation.path != JOBS:
            return operation.parse(httpx.Response(200, json=self._single(str(operation.job_id))))
        items, *self._pages = self._pages
        token = f"after-{len(self._pages)}" if self._pages else None
        return operation.parse(httpx.Response(200, json={"items": items, "next_page_token": token}))


def _look(service: SimulatedService, job_ids: list[str], lookup: JobLookup | None = None) -> dict[str, Sight]:
    return service.clock.run((lookup or JobLookup(service)).look(job_ids))


def _service(count: int, **options: Any) -> tuple[SimulatedService, list[str]]:
    service = SimulatedService(VirtualClock(), **options)
    return service, [service.create(0.0) for _ in range(count)]


def test_one_request_tells_of_a_hundred_jobs() -> None:
    service, job_ids = _service(100)
    sights = _look(service, [*job_ids, job_ids[0]])
    assert [sight.status for sight in sights.values() if isinstance(sight, SeenJob)] == [JobStatus.COMPLETED] * 100
    assert list(sights) == job_ids
    assert len(service.looks) == 1
    assert service.single_looks == []


def test_more_than_a_hundred_are_asked_for_with_several() -> None:
    service, job_ids = _service(201)
    assert len(_look(service, job_ids)) == 201
    assert [len(asked) for asked in service.looks] == [100, 100, 1]


@pytest.mark.parametrize("job_id", ["cls-11111111-2222-3333-4444-{:012d}", "x{:0>299}", "/ä{:0>100}"])
def test_no_address_is_longer_than_8000_characters(job_id: str) -> None:
    job_ids = [job_id.format(number) for number in range(300)]
    packed = list(packs(job_ids))
    assert [one for pack in packed for one in pack] == job_ids
    urls = [httpx.Request("GET", f"https://a.b{JOBS}", params={"job_ids": pack, "page_size": 100}) for pack in packed]
    assert max(len(str(request.url)) for request in urls) < 8_000
    assert max(map(len, packed)) <= 100


async def test_pages_are_followed_until_all_were_seen_and_no_further() -> None:
    client = _Pages([_told("a")], [_told("b"), _told("c")], [])
    assert list(await JobLookup(client).look(["a", "b", "c"])) == ["a", "b", "c"]
    assert [call.params.get("page_token") for call in client.calls] == [None, "after-2"]


async def test_a_status_of_a_newer_service_is_the_error_of_that_job_alone() -> None:
    client = _Pages([_told("a"), _told("b", "ARCHIVED"), _told("c", "RUNNING")])
    sights = await JobLookup(client).look(["a", "b", "c"])
    assert isinstance(sights["b"], UnknownStatusError)
    assert (sights["b"].status, sights["b"].job_id) == ("ARCHIVED", "b")
    assert [sights[one].status for one in "ac"] == ["COMPLETED", "RUNNING"]  # type: ignore[union-attr]  # seen


async def test_a_result_that_cannot_be_read_is_the_error_of_that_job_alone_and_is_not_quoted() -> None:
    broken = _told("b", result={"type": "invoice", "confidence": "secret text", "reasoning": "x"})
    sights = await JobLookup(_Pages([_told("a"), broken])).look(["a", "b"])
    assert isinstance(sights["a"], SeenJob)
    assert isinstance(sights["b"], InvalidResponseError)
    assert "result.confidence" in str(sights["b"])
    assert "secret text" not in str(sights["b"])


async def test_what_a_job_needs_is_read_and_its_rules_are_not() -> None:
    told = _told("a", "FAILED", error_message="PDF_IS_BROKEN", parse_job_id="pjb-1", configuration={"rules": "?"})
    told["document_input_value"] = told.pop("file_input")
    (job,) = (await JobLookup(_Pages([told])).look(["a"])).values()
    assert isinstance(job, SeenJob)
    assert (job.status, job.error_message, job.parse_job_id) == ("FAILED", "PDF_IS_BROKEN", "pjb-1")
    assert job.file_input == "dfl-1"


def test_a_job_that_was_read_whole_becomes_a_seen_one() -> None:
    whole = ClassifyJob.model_validate(
        _told("a")
        | {"project_id": "p", "user_id": "u", "document_input_type": "file_id", "configuration": {"rules": []}}
    )
    job = SeenJob.of(whole)
    assert (job.id, job.status, job.result, job.file_input) == ("a", "COMPLETED", whole.result, "dfl-1")


def test_a_service_that_ignores_the_filter_is_noticed_once_and_polled_by_id(caplog: pytest.LogCaptureFixture) -> None:
    service, job_ids = _service(30, honours_filter=False)
    lookup = JobLookup(service)
    with caplog.at_level(logging.INFO, "classify_core.hosted"):
        for _ in range(2):
            sights = _look(service, job_ids[:20], lookup)
            assert all(isinstance(sight, SeenJob) for sight in sights.values())
    assert len(service.looks) == 1
    assert sorted(service.single_looks) == sorted(job_ids[:20] * 2)
    assert not lookup.is_listing
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_no_more_than_8_jobs_are_asked_for_at_once() -> None:
    service, job_ids = _service(30, honours_filter=False)
    open_now: list[int] = [0, 0]

    async def count() -> None:
        open_now[0] += 1
        open_now[1] = max(open_now)
        await asyncio.sleep(1.0)
        open_now[0] -= 1

    service.interfere = lambda _: count()
    _look(service, job_ids[:20])
    assert open_now[1] == 8


@pytest.mark.parametrize("status", [400, 404, 405, 422, 501])
def test_a_service_that_refuses_the_listing_is_noticed_once_and_polled_by_id(status: int) -> None:
    service, job_ids = _service(3)
    listings = 0

    def refuse(call: Call[Any]) -> None:
        nonlocal listings
        if call.path == JOBS:
            listings += 1
            raise (NotFoundError if status == 404 else RejectedRequestError)("no", status=status)

    service.interfere = refuse
    lookup = JobLookup(service)
    for _ in range(2):
        assert all(isinstance(sight, SeenJob) for sight in _look(service, job_ids, lookup).values())
    assert listings == 1


def test_a_listing_refused_for_one_of_its_jobs_does_not_end_the_listings() -> None:
    service, job_ids = _service(3)

    def refuse(call: Call[Any]) -> None:
        if "bad" in (call.params.get("job_ids") or [call.job_id]):
            raise RejectedRequestError("no such form of ID", status=422)

    service.interfere = refuse
    lookup = JobLookup(service)
    sights = _look(service, [*job_ids, "bad"], lookup)
    assert isinstance(sights["bad"], RejectedRequestError)
    assert all(isinstance(sights[job_id], SeenJob) for job_id in job_ids)
    assert lookup.is_listing


def test_a_job_that_the_listing_leaves_out_is_asked_for_once() -> None:
    service, job_ids = _service(3)
    sights = _look(service, [*job_ids, "gone"])
    assert isinstance(sights["gone"], NotFoundError)
    assert sights["gone"].job_id == "gone"
    assert service.single_looks == ["gone"]


def test_a_look_that_fails_is_an_error_of_its_own_for_each_job() -> None:
    service, job_ids = _service(3)
    failure = ServerError("down", status=503)

    def fail(_: Call[Any]) -> None:
        raise failure

    service.interfere = fail
    sights = _look(service, job_ids)
    assert [error.job_id for error in sights.values() if isinstance(error, ServerError)] == job_ids
    assert all(isinstance(error, ClassifyError) and error.__traceback__ is None for error in sights.values())
    assert failure.job_id is None
