from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from classify_core.errors import InvalidOptionError, InvalidResponseError
from classify_core.models import JobStatus
from tests.api.driver import Driver
from tests.service import ClassifyService


def test_a_list_goes_over_all_pages(api: Driver, service: ClassifyService) -> None:
    made = [api.job().id for _ in range(5)]
    before = len(service.requests)

    assert [job.id for job in api.listed(api.client.jobs.list(page_size=2))] == made
    assert len(service.requests) - before == 3


def test_a_list_asks_for_no_page_before_it_is_needed(api: Driver, service: ClassifyService) -> None:
    for _ in range(3):
        api.job()
    before = len(service.requests)
    listing = api.client.jobs.list(page_size=1)
    assert len(service.requests) == before

    pages = listing.pages()
    first = api(pages.__anext__) if api.is_async else next(pages)
    assert len(first.items) == 1
    assert len(service.requests) - before == 1
    if api.is_async:
        api(pages.aclose)


def test_a_list_has_pages_and_can_begin_at_one(api: Driver) -> None:
    made = [api.job().id for _ in range(3)]

    pages = api.listed(api.client.jobs.list(page_size=2).pages())
    rest = api.listed(api.client.jobs.list(page_size=2, page_token=pages[0].next_page_token))

    assert [len(page.items) for page in pages] == [2, 1]
    assert pages[0].total_size == 3
    assert [job.id for job in rest] == made[2:]


def test_a_list_can_be_read_twice(api: Driver) -> None:
    api.job()
    listing = api.client.jobs.list()

    assert api.listed(listing) != []
    assert len(api.listed(listing)) == 1


def test_every_filter_of_a_list_is_sent(api: Driver, service: ClassifyService) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    api.listed(
        api.client.jobs.list(
            status=JobStatus.FAILED,
            configuration_id="cfg-1",
            job_ids=["a", "b"],
            created_at_on_or_after=moment,
            created_at_on_or_before=moment + timedelta(days=1),
            page_size=100,
            page_token="after-0",
        )
    )
    assert service.requests[-1].query == {
        "status": ["FAILED"],
        "configuration_id": ["cfg-1"],
        "job_ids": ["a", "b"],
        "created_at_on_or_after": ["2026-03-01T00:00:00+00:00"],
        "created_at_on_or_before": ["2026-03-02T00:00:00+00:00"],
        "page_size": ["100"],
        "page_token": ["after-0"],
    }


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "DONE"},
        {"job_ids": []},
        {"created_at_on_or_after": datetime(2026, 3, 1)},  # noqa: DTZ001 - the missing zone is the point
        {"page_size": 0},
        {"page_size": 101},
        {"page_size": "5"},
        {"page_size": 5.0},
    ],
)
def test_a_filter_that_cannot_work_is_refused_at_once(api: Driver, filters: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError):
        api.client.jobs.list(**filters)


def test_a_page_token_that_repeats_ends_the_list_with_an_error(api: Driver, service: ClassifyService) -> None:
    service.fail_next("GET *", status=200, body={"items": [], "next_page_token": "again"}, times=9)

    with pytest.raises(InvalidResponseError, match="twice"):
        api.listed(api.client.jobs.list())
    assert len(service.requests) == 2
