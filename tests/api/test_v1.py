from __future__ import annotations

from typing import Any

import pytest

from classify_core.errors import (
    ClassifyTimeoutError,
    InvalidOptionError,
    InvalidRulesError,
    JobCancelledError,
    JobFailedError,
    NotFoundError,
    UnknownStatusError,
)
from classify_core.models import Rule, WebhookConfiguration
from classify_core.models_v1 import V1JobStatus, V1Mode, V1ParsingConfiguration
from tests.api.driver import Driver
from tests.service import ClassifyService


def create(api: Driver, rules: list[Rule], *texts: bytes, **options: Any) -> Any:
    files = [api.service.add_file(f"{number}.txt", text) for number, text in enumerate(texts)]
    return api(api.client.v1.jobs.create, files, rules=rules, **options)


def test_one_job_classifies_many_files(api: Driver, rules: list[Rule]) -> None:
    job = create(api, rules, b"an invoice", b"a letter", b"a poem")
    done = api(api.client.v1.jobs.wait, job)

    assert done.status is V1JobStatus.SUCCESS
    results = api.listed(api.client.v1.jobs.results(job.id))
    assert [found.result.type for found in results] == ["invoice", "letter", None]
    assert {found.classify_job_id for found in results} == {job.id}


def test_results_and_jobs_are_listed_over_all_pages(api: Driver, service: ClassifyService, rules: list[Rule]) -> None:
    job = create(api, rules, *[b"an invoice"] * 5)
    create(api, rules, b"a letter")

    assert len(api.listed(api.client.v1.jobs.results(job.id, page_size=2))) == 5
    assert len(service.requests_to("GET */results")) == 3
    assert len(api.listed(api.client.v1.jobs.list(page_size=1).pages())) == 2


def test_what_is_not_said_is_as_the_service_has_it(api: Driver, service: ClassifyService, rules: list[Rule]) -> None:
    create(api, rules, b"an invoice")
    sent = service.requests[-1].json

    assert sent["mode"] == "FAST"
    assert sent["parsing_configuration"] == {"lang": "en", "max_pages": 5}
    assert "transaction_id" not in sent


def test_every_option_is_sent(api: Driver, service: ClassifyService, rules: list[Rule]) -> None:
    create(
        api,
        rules,
        b"an invoice",
        mode=V1Mode.MULTIMODAL,
        parsing_configuration=V1ParsingConfiguration(lang="de", max_pages=None, target_pages=(0, 2)),
        webhook_configurations=[WebhookConfiguration(webhook_url="https://example.com")],
    )
    sent = service.requests[-1].json

    assert sent["mode"] == "MULTIMODAL"
    assert sent["parsing_configuration"] == {"lang": "de", "max_pages": None, "target_pages": [0, 2]}
    assert sent["webhook_configurations"] == [{"webhook_url": "https://example.com"}]


def test_some_files_may_fail_alone(api: Driver, service: ClassifyService, rules: list[Rule]) -> None:
    service.outcome_for("broken", status="FAILED")
    done = api(api.client.v1.jobs.wait, create(api, rules, b"an invoice", b"broken"))

    assert done.status is V1JobStatus.PARTIAL_SUCCESS
    assert [found.result is None for found in api.listed(api.client.v1.jobs.results(done.id))] == [False, True]


def test_a_v1_job_has_the_same_ends_as_any(api: Driver, service: ClassifyService, rules: list[Rule]) -> None:
    service.outcome_for("*", status="FAILED", error_message="TIMEOUT: slow")
    with pytest.raises(JobFailedError, match="slow") as failed:
        api(api.client.v1.jobs.wait, create(api, rules, b"x"))
    assert failed.value.code == "TIMEOUT"

    service.outcome_for("*", status="CANCELLED")
    with pytest.raises(JobCancelledError):
        api(api.client.v1.jobs.wait, create(api, rules, b"x"))

    service.outcome_for("*", status="HIBERNATING")
    with pytest.raises(UnknownStatusError, match="HIBERNATING"):
        api(api.client.v1.jobs.wait, create(api, rules, b"x"))

    service.outcome_for("*", status="PENDING")
    with pytest.raises(ClassifyTimeoutError):
        api(api.client.v1.jobs.wait, create(api, rules, b"x"), timeout=9.0)


def test_an_unknown_status_in_a_list_is_an_error_that_names_its_job(
    api: Driver, service: ClassifyService, rules: list[Rule]
) -> None:
    service.outcome_for("*", status="HIBERNATING")
    made = create(api, rules, b"x")
    with pytest.raises(UnknownStatusError):
        api(api.client.v1.jobs.get, made.id)

    with pytest.raises(UnknownStatusError, match="v1 job status 'HIBERNATING'") as unknown:
        api.listed(api.client.v1.jobs.list())
    assert unknown.value.job_id == made.id


def test_a_job_that_is_known_to_be_done_costs_no_request(
    api: Driver, service: ClassifyService, rules: list[Rule]
) -> None:
    done = api(api.client.v1.jobs.wait, create(api, rules, b"an invoice").id)
    before = len(service.requests)

    assert api(api.client.v1.jobs.wait, done) is done
    assert len(service.requests) == before


def test_an_unknown_job_is_not_found(api: Driver) -> None:
    with pytest.raises(NotFoundError):
        api(api.client.v1.jobs.get, "no-such-job")
    with pytest.raises(NotFoundError):
        api.listed(api.client.v1.jobs.results("no-such-job"))


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ([], {}),
        (["f"] * 501, {}),
        ("dfl-1", {}),
        (["f"], {"mode": "SLOW"}),
        (["f"], {"parsing_configuration": {"target_pages": [-1]}}),
        (["f"], {"parsing_configuration": {"target_pages": []}}),
    ],
)
def test_arguments_that_cannot_work_are_refused_before_anything_is_sent(
    api: Driver, service: ClassifyService, rules: list[Rule], files: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidOptionError):
        api(api.client.v1.jobs.create, files, rules=rules, **options)
    assert service.requests == []


def test_rules_and_pages_are_checked_as_well(api: Driver, service: ClassifyService) -> None:
    with pytest.raises(InvalidRulesError):
        api(api.client.v1.jobs.create, ["f"], rules=[{"type": "a", "description": "short"}])
    with pytest.raises(InvalidOptionError):
        api.client.v1.jobs.results("job", page_size=0)
    with pytest.raises(InvalidOptionError, match="page_size is '5'"):
        api.client.v1.jobs.list(page_size="5")
    assert service.requests == []
