from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from classify_core.errors import (
    ConflictError,
    InvalidOptionError,
    InvalidRulesError,
    NotFoundError,
)
from classify_core.models import (
    ClassifyConfiguration,
    JobStatus,
    ParsingConfiguration,
    Rule,
    WebhookConfiguration,
)
from tests.api.driver import Driver
from tests.service import ClassifyService

ENDLESS: dict[str, Any] = {"status": "RUNNING"}


def test_a_created_job_reads_the_document_with_the_rules(
    api: Driver, service: ClassifyService, rules: list[Rule]
) -> None:
    job = api.job()

    sent = service.requests[-1].json
    assert sent["configuration"]["rules"] == [rule.model_dump() for rule in rules]
    assert job.file_input == sent["file_input"]
    assert api(api.client.jobs.wait, job).result.type == "invoice"


def test_a_job_without_a_transaction_id_gets_one_of_its_own(api: Driver, service: ClassifyService) -> None:
    made = {api.job().transaction_id for _ in range(2)}

    assert len(made) == 2
    assert all(UUID(transaction_id) for transaction_id in made)


def test_a_repeated_transaction_id_returns_the_first_job(api: Driver, service: ClassifyService) -> None:
    assert api.job(transaction_id="t-1").id == api.job(b"a letter", transaction_id="t-1").id
    assert len(service.jobs) == 1


def test_a_configuration_may_be_given_whole(api: Driver, service: ClassifyService, rules: list[Rule]) -> None:
    parsing = ParsingConfiguration(max_pages=3, target_pages="1,3-4")
    api.job(rules=None, configuration=ClassifyConfiguration(rules=tuple(rules), parsing_configuration=parsing))

    assert service.requests[-1].json["configuration"]["parsing_configuration"] == {
        "lang": "en",
        "max_pages": 3,
        "target_pages": "1,3-4",
    }


def test_parsing_options_go_along_with_rules(api: Driver, service: ClassifyService) -> None:
    api.job(parsing_configuration=ParsingConfiguration(max_pages=1))

    assert service.requests[-1].json["configuration"]["parsing_configuration"]["max_pages"] == 1


def test_a_saved_configuration_is_used_by_its_id(api: Driver, service: ClassifyService, rules: list[Rule]) -> None:
    saved = api(api.client.configurations.create, "mail", rules=rules)
    job = api.job(rules=None, configuration_id=saved.id)

    assert job.configuration_id == saved.id
    assert api(api.client.jobs.wait, job).result.type == "invoice"


def test_webhooks_are_sent_whole(api: Driver, service: ClassifyService) -> None:
    hook = WebhookConfiguration(
        webhook_url="https://example.com/hook",
        webhook_events=("classify.success",),
        webhook_headers={"X-Mine": "1"},
        webhook_output_format="json",
        webhook_signing_secret="whisper",
    )
    api.job(webhook_configurations=[hook], webhook_configuration_ids=["whk-1"])

    sent = service.requests[-1].json
    assert sent["webhook_configurations"] == [hook.model_dump(mode="json")]
    assert sent["webhook_configuration_ids"] == ["whk-1"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"configuration_id": "cfg-1", "rules": "given"},
        {"configuration_id": "cfg-1", "parsing_configuration": ParsingConfiguration()},
        {"rules": "given", "webhook_configuration_ids": 7},
        {"rules": "given", "transaction_id": ""},
    ],
)
def test_arguments_that_cannot_work_are_refused_before_anything_is_sent(
    api: Driver, service: ClassifyService, rules: list[Rule], options: dict[str, Any]
) -> None:
    options = {name: rules if value == "given" else value for name, value in options.items()}
    with pytest.raises(InvalidOptionError):
        api(api.client.jobs.create, "dfl-1", **options)
    assert service.requests == []


@pytest.mark.parametrize("file_input", ["", "  ", "x" * 201, None])
def test_a_file_input_that_cannot_be_one_is_refused(
    api: Driver, service: ClassifyService, rules: list[Rule], file_input: object
) -> None:
    with pytest.raises(InvalidOptionError):
        api(api.client.jobs.create, file_input, rules=rules)
    assert service.requests == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ([], "at least 1"),
        ([{"type": "a" * 51, "description": "long enough"}], "1 to 50"),
        ([{"type": "memo", "description": "x" * 501}], "10 to 500"),
        ([{"type": "memo", "description": "long enough"}, {"type": "Memo", "description": "long enough"}], "'Memo'"),
        ("invoice", "list"),
    ],
)
def test_rules_that_break_a_limit_are_refused_before_anything_is_sent(
    api: Driver, service: ClassifyService, broken: Any, said: str
) -> None:
    with pytest.raises(InvalidRulesError, match=said):
        api(api.client.jobs.create, "dfl-1", rules=broken)
    assert service.requests == []


def test_usage_is_told_when_asked_for(api: Driver) -> None:
    job = api.job()

    assert api(api.client.jobs.get, job.id).usage is None
    assert api(api.client.jobs.get, job.id, expand=["usage"]).usage.credits == 1.0
    assert api(api.client.jobs.wait, job.id, expand=["usage"]).usage.parse_credits == 1.0


def test_fields_of_a_newer_service_are_kept(api: Driver, service: ClassifyService) -> None:
    job = api.job()
    body = {**service.jobs[job.id].as_json(), "colour": "green"}
    service.fail_next("GET *", body=body)

    assert api(api.client.jobs.get, job.id).model_extra == {"colour": "green"}


def test_the_older_name_of_a_jobs_document_is_understood(api: Driver, service: ClassifyService) -> None:
    job = api.job()
    body = service.jobs[job.id].as_json()
    body["document_input_value"] = body.pop("file_input")
    service.fail_next("GET *", body=body)

    assert api(api.client.jobs.get, job.id).file_input == job.file_input


def test_a_running_job_can_be_cancelled_and_then_deleted(api: Driver, service: ClassifyService) -> None:
    service.outcome_for("*", **ENDLESS)
    job = api.job()

    assert api(api.client.jobs.cancel, job.id).status is JobStatus.CANCELLED
    assert api(api.client.jobs.delete, job.id).id == job.id
    assert service.jobs == {}


def test_cancelling_a_finished_job_and_deleting_a_running_one_are_conflicts(
    api: Driver, service: ClassifyService
) -> None:
    finished = api.job()
    api(api.client.jobs.wait, finished)
    service.outcome_for("*", **ENDLESS)
    running = api.job()

    with pytest.raises(ConflictError) as refused:
        api(api.client.jobs.cancel, finished.id)
    with pytest.raises(ConflictError):
        api(api.client.jobs.delete, running.id)
    assert refused.value.job_id == finished.id


@pytest.mark.parametrize("fault", [{"action": "cut"}, {"status": 500, "work": True}])
def test_a_cancel_whose_answer_is_lost_returns_the_job_it_cancelled(
    api: Driver, service: ClassifyService, fault: dict[str, Any]
) -> None:
    service.outcome_for("*", **ENDLESS)
    job = api.job()
    service.fail_next("POST */cancel", **fault)

    cancelled = api(api.client.jobs.cancel, job.id)
    assert (cancelled.id, cancelled.status) == (job.id, JobStatus.CANCELLED)
    assert len(service.requests_to("POST */cancel")) == 2


def test_a_cancel_that_comes_too_late_is_a_conflict_also_after_a_lost_answer(
    api: Driver, service: ClassifyService
) -> None:
    finished = api(api.client.jobs.wait, api.job())
    service.fail_next("POST */cancel", action="cut")

    with pytest.raises(ConflictError) as refused:
        api(api.client.jobs.cancel, finished.id)
    assert refused.value.job_id == finished.id


@pytest.mark.parametrize("method", ["get", "cancel", "delete", "wait"])
def test_an_unknown_job_is_not_found(api: Driver, method: str) -> None:
    with pytest.raises(NotFoundError, match="no-such-job") as missing:
        api(getattr(api.client.jobs, method), "no-such-job")
    assert missing.value.job_id == "no-such-job"


@pytest.mark.parametrize("job_id", ["", " ", ".", "..", "a\nb", None, 7])
def test_an_id_that_would_lead_elsewhere_is_refused(api: Driver, service: ClassifyService, job_id: object) -> None:
    with pytest.raises(InvalidOptionError, match="job_id"):
        api(api.client.jobs.get, job_id)
    assert service.requests == []


def test_an_opaque_id_stays_within_its_route(api: Driver, service: ClassifyService) -> None:
    with pytest.raises(NotFoundError):
        api(api.client.jobs.get, "a/../b?c#d %2e")
    assert service.requests[-1].path == "/api/v2/classify/a%2F..%2Fb%3Fc%23d%20%252e"


def test_project_and_organization_go_along_with_every_request(
    api: Driver, service: ClassifyService, rules: list[Rule]
) -> None:
    client = api.make(project_id="p-1", organization_id="o-1")
    file = api(client.files.upload, b"an invoice", name="a.txt")
    job = api(client.jobs.create, file.id, rules=rules)
    api(client.jobs.wait, job)
    api.listed(client.jobs.list())
    api(client.files.delete, file.id)

    assert {tuple(r.query["project_id"] + r.query["organization_id"]) for r in service.requests} == {("p-1", "o-1")}
