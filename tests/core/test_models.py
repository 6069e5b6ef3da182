from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from classify_core import ClassifyJob, ClassifyResult, ParsingConfiguration, UnknownStatusError, WebhookConfiguration
from classify_core.models import ClassifyJobCreate, JobStatus
from classify_core.page_ranges import parse_page_ranges, select_pages

JOB: dict[str, Any] = {
    "id": "job-1",
    "project_id": "p",
    "user_id": "u",
    "status": "COMPLETED",
    "document_input_type": "file_id",
    "file_input": "dfl-1",
    "configuration": {"rules": [{"type": "a", "description": "short"}]},
}


def test_unknown_fields_of_a_newer_service_are_kept() -> None:
    job = ClassifyJob.model_validate(
        JOB | {"priority": "high", "result": {"type": None, "confidence": 1, "reasoning": "", "x": 1}}
    )
    assert job.model_extra == {"priority": "high"}
    assert job.result is not None
    assert job.result.model_extra == {"x": 1}


def test_limits_apply_to_what_is_sent_and_not_to_what_a_newer_service_answers() -> None:
    ClassifyJob.model_validate(JOB)  # its rule's description is shorter than we may send


def test_an_unknown_status_is_a_named_error() -> None:
    with pytest.raises(UnknownStatusError, match="HIBERNATING") as caught:
        ClassifyJob.model_validate(JOB | {"status": "HIBERNATING"})
    assert caught.value.status == "HIBERNATING"


def test_the_older_name_of_the_file_input_is_accepted() -> None:
    older = {key: value for key, value in JOB.items() if key != "file_input"} | {"document_input_value": "dfl-2"}
    assert ClassifyJob.model_validate(older).file_input == "dfl-2"


@pytest.mark.parametrize(
    ("status", "ended"),
    [("PENDING", False), ("RUNNING", False), ("COMPLETED", True), ("FAILED", True), ("CANCELLED", True)],
)
def test_which_statuses_end_a_job(status: str, *, ended: bool) -> None:
    assert JobStatus(status).is_terminal is ended


@pytest.mark.parametrize("confidence", [-0.1, 1.1, "high"])
def test_a_confidence_outside_its_range_is_no_result(confidence: object) -> None:
    with pytest.raises(ValidationError):
        ClassifyResult.model_validate({"type": "a", "confidence": confidence, "reasoning": ""})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"file_input": "a", "file_id": "b", "configuration_id": "c"},
        {"file_input": "a"},
        {"file_input": "a" * 201, "configuration_id": "c"},
    ],
)
def test_a_job_needs_one_document_and_one_configuration(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ClassifyJobCreate.model_validate(fields)


def test_an_empty_list_of_webhook_events_is_refused_and_its_secrets_are_not_shown() -> None:
    with pytest.raises(ValidationError):
        WebhookConfiguration(webhook_events=())
    shown = repr(WebhookConfiguration(webhook_signing_secret="hush", webhook_headers={"X-Token": "hush"}))
    assert "hush" not in shown


@pytest.mark.parametrize("text", ["", "0", "3-2", "a", "1,,2", "1-", "-1", "1;2", "1.5"])
def test_page_ranges_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="target_pages"):
        ParsingConfiguration(target_pages=text)


def test_page_ranges_are_one_based_and_inclusive() -> None:
    assert [list(part) for part in parse_page_ranges("1,3, 5-7")] == [[1], [3], [5, 6, 7]]


@pytest.mark.parametrize(
    ("target", "limit", "expected"),
    [
        (None, None, [1, 2, 3, 4]),
        (None, 2, [1, 2]),
        ("2-9", None, [2, 3, 4]),
        ("4,1", None, [1, 4]),
        ("2-4", 1, [2]),
        ("9", None, []),
    ],
)
def test_pages_are_targeted_first_and_then_limited(target: str | None, limit: int | None, expected: list[int]) -> None:
    assert list(select_pages(4, target, limit)) == expected


def test_zero_pages_are_refused() -> None:
    with pytest.raises(ValidationError):
        ParsingConfiguration(max_pages=0)
