"""The hosted backend against a real server on loopback."""

from __future__ import annotations

import logging
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from classify_core import (
    AuthenticationError,
    BatchError,
    Classifier,
    ClassifyError,
    ClassifyTimeoutError,
    ConnectionFailedError,
    HostedBackend,
    InvalidOptionError,
    InvalidResponseError,
    JobCancelledError,
    JobFailedError,
    JobStatus,
    NotFoundError,
    OutOfCreditsError,
    ParsingConfiguration,
    RateLimitError,
    Rule,
    ServerError,
    Source,
    Status,
    UnknownStatusError,
    UnknownTypeError,
)
from classify_core.hosted.creation import Beginning, CreatedJob, is_former
from classify_core.hosted.uploads import FileInput, upload_name
from classify_core.hosted.watching.lookup import SeenJob
from classify_core.source import Content
from tests.clocks import QuickClock
from tests.service import ClassifyService

CREATE = "POST /api/v2/classify"
UPLOAD = "POST /api/v1/beta/files"


def _classifier(service: ClassifyService, rules: list[Rule], **options: Any) -> Classifier:
    return Classifier(rules, backend="hosted", base_url=service.base_url, api_key=service.api_key, **options)


def test_a_document_is_uploaded_classified_and_answered(
    service: ClassifyService, rules: list[Rule], tmp_path: Path
) -> None:
    path = tmp_path / "march.txt"
    path.write_text("an invoice")
    with _classifier(service, rules) as classifier:
        one = classifier.classify(path)
    assert (one.type, one.status, one.backend, one.source_name) == ("invoice", Status.COMPLETED, "hosted", "march.txt")
    assert one.job_id in service.jobs
    assert one.usage is None
    assert one.alternatives == ()


def test_what_a_job_cost_is_fetched_where_it_is_asked_for(service: ClassifyService, rules: list[Rule]) -> None:
    backend = HostedBackend(base_url=service.base_url, api_key=service.api_key, usage=True)
    with Classifier(rules, backend=backend) as classifier:
        one = classifier.classify("an invoice")
    assert one.usage is not None
    assert one.usage.total == 1.0
    assert service.requests_to(f"GET /api/v2/classify/{one.job_id}")[-1].query["expand"] == ["usage"]


def test_an_answer_is_not_lost_because_its_price_cannot_be_learned(
    service: ClassifyService, rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    service.fail_next("GET /api/v2/classify/*", status=404, body={"detail": "no"})
    backend = HostedBackend(base_url=service.base_url, api_key=service.api_key, usage=True)
    with Classifier(rules, backend=backend) as classifier:
        one = classifier.classify("an invoice")
    assert (one.type, one.usage) == ("invoice", None)
    assert str(one.job_id) in caplog.text


def test_the_upload_carries_the_digest_and_never_a_local_path(
    service: ClassifyService, rules: list[Rule], tmp_path: Path
) -> None:
    path = tmp_path / "march.txt"
    path.write_text("an invoice")
    with _classifier(service, rules) as classifier:
        digest = classifier.classify(path).digest
        classifier.classify(Source.text("a recipe", name=str(tmp_path / "inner" / "april.txt")))
    first, second = service.requests_to(UPLOAD)
    assert first.form["external_file_id"].content.decode() == digest
    assert first.form["purpose"].content == b"classify"
    sent = str(first.form) + str(second.form) + str(service.files)
    assert str(tmp_path) not in sent
    assert "april.txt" in sent


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("a.pdf", "pdf", "a.pdf"),
        ("mail body", "txt", "mail body.txt"),
        ("/home/me/a.pdf", "pdf", "a.pdf"),
        (r"C:\mine\a.pdf", "pdf", "a.pdf"),
        ("https://example.com/x/page", "html", "page.html"),
        ("a.pdf", "txt", "a.pdf.txt"),
        ("unknown", "", "unknown"),
    ],
)
def test_an_upload_is_named_so_that_the_service_knows_the_format(name: str, format: str, expected: str) -> None:  # noqa: A002
    assert upload_name(Content(b"x", name, format)) == expected


def test_a_nameless_document_is_named_by_its_digest() -> None:
    content = Content(b"x", None, "txt")
    assert upload_name(content) == f"{content.digest[:16]}.txt"


def test_a_file_or_parse_job_that_the_service_has_is_not_uploaded_again(
    service: ClassifyService, rules: list[Rule]
) -> None:
    file_id, parse_job_id = service.add_file("a.txt", b"invoice"), service.add_parse_job(b"recipe")
    with _classifier(service, rules) as classifier:
        many = classifier.classify_many([Source.file_id(file_id), Source.parse_job(parse_job_id)])
    assert [one.type for one in many] == ["invoice", "recipe"]
    assert [one.digest for one in many] == [None, None]
    assert not service.requests_to(UPLOAD)


async def test_equal_documents_are_one_upload_and_one_job_in_sync_and_async(
    service: ClassifyService, rules: list[Rule]
) -> None:
    async with _classifier(service, rules) as classifier:
        await classifier.aclassify_many(["invoice"] * 10 + ["recipe"] * 10)
        classifier.classify_many(["invoice", "recipe"])
    assert len(service.requests_to(UPLOAD)) == 2
    assert len(service.jobs) == 2


def test_a_repeated_run_finds_its_jobs_and_pays_for_nothing_twice(service: ClassifyService, rules: list[Rule]) -> None:
    for _ in range(3):
        with _classifier(service, rules) as classifier:
            assert classifier.classify("invoice").type == "invoice"
    assert len(service.jobs) == 1


def test_other_rules_or_parsing_options_are_another_job(service: ClassifyService, rules: list[Rule]) -> None:
    for options in ({}, {"parsing": ParsingConfiguration(max_pages=1)}, {"parsing": {"target_pages": "1"}}):
        with _classifier(service, rules, **options) as classifier:
            classifier.classify("invoice")
    with _classifier(service, rules[:1]) as classifier:
        classifier.classify("invoice")
    assert len(service.jobs) == 4


@pytest.mark.parametrize("action", ["cut", "cut_half_way"])
def test_a_lost_answer_makes_no_second_job(service: ClassifyService, rules: list[Rule], action: str) -> None:
    service.fail_next(CREATE, action=action, times=2)
    with _classifier(service, rules) as classifier:
        assert classifier.classify("invoice").type == "invoice"
    assert len(service.jobs) == 1
    assert len({request.json["transaction_id"] for request in service.requests_to(CREATE)}) == 1


OUTCOMES: list[tuple[dict[str, Any], type[ClassifyError], Status, str]] = [
    ({"status": "FAILED", "error_message": "PDF_IS_PROTECTED: no password"}, JobFailedError, Status.FAILED, "password"),
    ({"status": "CANCELLED"}, JobCancelledError, Status.CANCELLED, "cancel"),
    ({"status": "RUNNING"}, ClassifyTimeoutError, Status.TIMEOUT, "had not ended"),
    ({"type": "alien"}, UnknownTypeError, Status.FAILED, "alien"),
    ({"status": "HIBERNATING"}, UnknownStatusError, Status.FAILED, "HIBERNATING"),
]


@pytest.mark.parametrize(("outcome", "error", "status", "told"), OUTCOMES)
async def test_each_bad_end_is_its_own_error_the_same_in_sync_and_async(
    service: ClassifyService, rules: list[Rule], outcome: Any, error: type[ClassifyError], status: Status, told: str
) -> None:
    service.outcome_for("bad", **outcome)
    sources = ["an invoice", Source.text("a bad recipe", name="bad.txt"), "a recipe"]
    async with _classifier(service, rules, timeout=1.5) as classifier:
        with pytest.raises(BatchError) as caught:
            classifier.classify_many(sources)
        with pytest.raises(BatchError) as acaught:
            await classifier.aclassify_many(sources)
        with pytest.raises(error, match=r"bad\.txt"):
            classifier.classify(sources[1])
    for outcomes in (caught.value.outcomes, acaught.value.outcomes):
        assert [one.type for one in outcomes] == ["invoice", None, "recipe"]
        bad = outcomes[1]
        assert type(bad.error) is error
        assert bad.status is status
        assert told in str(bad.error)
        assert bad.job_id is not None
        assert bad.job_id in str(bad.error)


def test_a_job_cancelled_in_a_former_run_is_made_again(service: ClassifyService, rules: list[Rule]) -> None:
    service.outcome_for("*", status="CANCELLED")
    with _classifier(service, rules) as classifier, pytest.raises(JobCancelledError):
        classifier.classify("invoice")
    service.outcome_for("*", status="COMPLETED")
    with _classifier(service, rules) as classifier:
        assert classifier.classify("invoice").type == "invoice"
    assert len(service.jobs) == 2


@pytest.mark.parametrize("status", ["CANCELLED", "FAILED"])
def test_a_job_made_now_is_never_made_again_however_it_ends(
    service: ClassifyService, rules: list[Rule], status: str
) -> None:
    service.outcome_for("*", status=status, looks_until_done=0)
    backend = HostedBackend(base_url=service.base_url, api_key=service.api_key, retry_failed=True)
    with Classifier(rules, backend=backend) as classifier:
        outcome = classifier.classify("invoice", on_error="record")
    assert type(outcome.error) is {"CANCELLED": JobCancelledError, "FAILED": JobFailedError}[status]
    assert len(service.jobs) == 1


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _is_former(
    job_file: str, created_at: datetime | None = None, served_at: datetime | None = None, *, is_new: bool = False
) -> bool:
    job = SeenJob(id="j", status=JobStatus.CANCELLED, file_input=job_file, created_at=created_at)
    file = FileInput("dfl-1234", is_new=is_new)
    return is_former(CreatedJob(job, served_at), file, Beginning(NOW, 10.0), 13.0)


def test_a_service_that_tells_ids_without_their_prefix_is_not_taken_for_one_of_former_jobs() -> None:
    assert not _is_former("1234")
    assert _is_former("dfl-9999")


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=-5), timedelta(hours=5)])
def test_a_former_job_is_told_by_the_services_own_clock_however_wrong_ours_is(ahead: timedelta) -> None:
    served = NOW + ahead
    assert not _is_former("1234", served - timedelta(seconds=3), served)
    assert _is_former("1234", served - timedelta(seconds=30), served)


def test_no_former_job_can_have_read_a_file_that_was_uploaded_just_now() -> None:
    assert not _is_former("1234", NOW - timedelta(hours=1), NOW, is_new=True)


def test_a_service_that_does_not_tell_the_time_may_be_two_minutes_behind() -> None:
    assert not _is_former("1234", NOW - timedelta(seconds=100))
    assert _is_former("1234", NOW - timedelta(seconds=200))


def test_credits_of_a_former_run_are_not_counted_again(service: ClassifyService, rules: list[Rule]) -> None:
    texts = [f"invoice {number}" for number in range(4)]
    done = []
    for _ in range(4):
        with _classifier(service, rules, max_credits=1, max_concurrency=1, on_error="record") as classifier:
            done.append([one.status for one in classifier.classify_many(texts)].count(Status.COMPLETED))
    assert done == [1, 2, 3, 4]
    assert len(service.jobs) == 4


def test_the_limits_of_a_newer_service_are_its_own(service: ClassifyService, rules: list[Rule]) -> None:
    saved = {
        "rules": [{"type": "invoice/bill", "description": "x" * 900}],
        "product_type": "classify_v2",
        "mode": "FAST",
    }
    service.fail_next(
        "GET */configurations/*",
        status=200,
        body={"id": "cfg-1", "name": "n", "version": "1", "product_type": "classify_v2", "parameters": saved},
    )
    with Classifier(
        backend="hosted", configuration_id="cfg-1", base_url=service.base_url, api_key=service.api_key
    ) as classifier:
        assert [rule.type for rule in classifier.rules] == ["invoice/bill"]
        assert len(classifier.rules_id) == 16


def test_a_cancelled_job_of_a_file_that_the_service_has_is_made_again(
    service: ClassifyService, rules: list[Rule]
) -> None:
    file_id = service.add_file("a.txt", b"invoice")
    service.outcome_for("*", status="CANCELLED")
    with _classifier(service, rules) as classifier:
        assert classifier.classify(Source.file_id(file_id), on_error="record").status is Status.CANCELLED
        service.outcome_for("*", status="COMPLETED")
        assert classifier.classify(Source.file_id(file_id)).type == "invoice"
    assert len(service.jobs) == 2


def test_a_job_that_came_back_is_charged_once(service: ClassifyService, rules: list[Rule]) -> None:
    source = Source.file_id(service.add_file("a.txt", b"invoice"))
    with _classifier(service, rules, cache=False, max_credits=2) as classifier:
        for _ in range(5):
            assert classifier.classify(source).type == "invoice"
    assert len(service.jobs) == 1


def test_a_failed_job_is_made_again_only_when_asked(service: ClassifyService, rules: list[Rule]) -> None:
    service.outcome_for("*", status="FAILED", error_message="TIMEOUT")
    with _classifier(service, rules) as classifier, pytest.raises(JobFailedError):
        classifier.classify("invoice")
    service.outcome_for("*", status="COMPLETED")
    with _classifier(service, rules) as classifier, pytest.raises(JobFailedError) as caught:
        classifier.classify("invoice")
    assert caught.value.code == "TIMEOUT"
    assert len(service.jobs) == 1
    again = HostedBackend(base_url=service.base_url, api_key=service.api_key, retry_failed=True)
    with Classifier(rules, backend=again) as classifier:
        assert classifier.classify("invoice").type == "invoice"


REFUSALS: list[tuple[dict[str, Any], type[ClassifyError]]] = [
    ({"status": 401, "body": {"detail": "Invalid API key"}}, AuthenticationError),
    ({"status": 402, "body": {"detail": "Out of credits"}}, OutOfCreditsError),
    ({"status": 429, "body": {"detail": "Your plan's limit is reached. Upgrade."}}, RateLimitError),
]


@pytest.mark.parametrize(("answer", "error"), REFUSALS)
def test_what_would_meet_every_document_stops_the_run_with_what_is_done_kept(
    service: ClassifyService, rules: list[Rule], answer: Any, error: type[ClassifyError]
) -> None:
    with _classifier(service, rules, max_concurrency=1, on_error="record") as classifier:
        assert classifier.classify("invoice 0").type == "invoice"
        service.fail_next(CREATE, times=1000, **answer)
        outcomes = classifier.classify_many([f"invoice {number}" for number in range(6)])
    assert [one.status.value for one in outcomes] == ["completed", "failed"] + ["not_started"] * 4
    assert type(outcomes[1].error) is error
    assert len(service.requests_to(CREATE)) == 2


def test_a_key_of_another_region_is_said_to_be_that(service: ClassifyService, rules: list[Rule]) -> None:
    with (
        Classifier(rules, backend="hosted", base_url=service.base_url, api_key="llx-of-europe") as classifier,
        pytest.raises(AuthenticationError, match="region") as caught,
    ):
        classifier.classify("invoice")
    assert caught.value.status == 401
    assert "llx-of-europe" not in str(caught.value)
    assert not service.jobs


def _hurried(service: ClassifyService, rules: list[Rule]) -> Classifier:
    """A classifier whose pauses take no time."""
    backend = HostedBackend(base_url=service.base_url, api_key=service.api_key, _clock=QuickClock())
    return Classifier(rules, backend=backend)


FOR_GOOD: list[tuple[dict[str, Any], type[ClassifyError]]] = [
    ({"action": "cut", "work": False}, ConnectionFailedError),
    ({"action": "cut_half_way", "work": False}, ConnectionFailedError),
    ({"action": "broken_json"}, InvalidResponseError),
    ({"status": 503, "body": "<html>"}, ServerError),
    ({"status": 429, "body": {"detail": "Rate limit exceeded. Try again."}}, RateLimitError),
]


@pytest.mark.parametrize(("fault", "error"), FOR_GOOD)
@pytest.mark.parametrize("route", [UPLOAD, CREATE, "GET /api/v2/classify*"])
def test_a_fault_that_does_not_pass_is_its_own_error_for_that_document_alone(
    service: ClassifyService, rules: list[Rule], route: str, fault: Any, error: type[ClassifyError]
) -> None:
    classifier = _hurried(service, rules)
    service.fail_next(route, times=50, **fault)
    outcome = classifier.classify(Source.text("an invoice", name="a.txt"), on_error="record")
    assert type(outcome.error) is error
    assert "a.txt" in str(outcome.error)


@pytest.mark.parametrize("fault", [fault for fault, error in FOR_GOOD if error is not InvalidResponseError])
def test_a_fault_that_passes_is_not_noticed(service: ClassifyService, rules: list[Rule], fault: Any) -> None:
    for route in (UPLOAD, CREATE, "GET /api/v2/classify*"):
        service.fail_next(route, times=2, **fault)
    assert _hurried(service, rules).classify("an invoice").type == "invoice"
    assert len(service.jobs) == 1


def test_no_more_jobs_are_open_than_the_plan_allows(service: ClassifyService, rules: list[Rule]) -> None:
    classifier = _classifier(service, rules, plan="free")
    assert classifier.backend.default_concurrency == 5
    classifier.close()


def test_a_saved_configuration_gives_rules_and_a_rules_id(service: ClassifyService, rules: list[Rule]) -> None:
    from classify_core import ClassifyClient  # noqa: PLC0415 - only here

    with ClassifyClient(base_url=service.base_url, api_key=service.api_key) as client:
        saved = client.configurations.create("mine", rules=rules)
    with Classifier(
        backend="hosted", configuration_id=saved.id, base_url=service.base_url, api_key=service.api_key
    ) as it:
        assert [rule.type for rule in it.rules] == ["invoice", "recipe"]
        assert it.classify("a recipe").type == "recipe"
        assert it.classify_many(["an invoice"])[0].rules_id == it.rules_id
    assert service.requests_to(CREATE)[0].json["configuration_id"] == saved.id
    assert "configuration" not in service.requests_to(CREATE)[0].json
    assert len([one for one in service.requests if one.method == "GET" and "configurations" in one.path]) == 1


def test_a_missing_saved_configuration_is_an_error_before_any_document(service: ClassifyService) -> None:
    with (
        Classifier(
            backend="hosted", configuration_id="cfg-none", base_url=service.base_url, api_key=service.api_key
        ) as it,
        pytest.raises(NotFoundError),
    ):
        it.classify_many(["an invoice"])
    assert not service.requests_to(UPLOAD)


def test_project_and_organization_are_sent_with_each_request(service: ClassifyService, rules: list[Rule]) -> None:
    with _classifier(service, rules, project_id=service.project_id, organization_id="org-1") as classifier:
        classifier.classify("invoice")
    assert all(
        one.query["organization_id"] == ["org-1"] or one.query["organization_id"] == "org-1" for one in service.requests
    )


async def test_a_http_client_of_the_users_own_is_used_and_closed_with_the_classifier(
    service: ClassifyService, rules: list[Rule]
) -> None:
    mine = httpx.AsyncClient(headers={"X-Mine": "yes"}, trust_env=False)
    async with _classifier(service, rules, http_client=mine) as classifier:
        assert (await classifier.aclassify("invoice")).type == "invoice"
        with pytest.raises(InvalidOptionError, match="pickled"):
            pickle.dumps(classifier)
    assert all(one.headers["x-mine"] == "yes" for one in service.requests)
    assert mine.is_closed
    await mine.aclose()  # harmless, as at the end of an `async with`


def test_the_key_is_in_no_log_repr_pickle_or_outcome(
    service: ClassifyService, rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), _classifier(service, rules) as classifier:
        done = classifier.classify("invoice")
        service.fail_next(CREATE, status=401, body={"detail": f"bad key {service.api_key}"})
        failed = classifier.classify("recipe", on_error="record")
    seen = [caplog.text, repr(classifier), repr(classifier.backend), repr(vars(classifier)), str(failed.error)]
    seen += [repr(done), failed.model_dump_json(), str(classifier.arguments()), str(pickle.dumps(classifier))]
    seen += [str(pickle.dumps(failed)), repr(vars(failed.error))]
    for text in seen:
        assert service.api_key not in text


def test_connections_are_reused(service: ClassifyService, rules: list[Rule]) -> None:
    with _classifier(service, rules, max_concurrency=2) as classifier:
        classifier.classify_many([f"invoice {number}" for number in range(20)])
    assert len(service.requests) >= 40
    assert service.connections <= 4
