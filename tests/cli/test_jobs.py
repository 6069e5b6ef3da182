"""The v2 commands: what they send, and what they print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import RULE, RULE_TEXT, Program
from tests.service import ClassifyService

OTHER_RULE = {"type": "recipe", "description": "has ingredients and steps"}


def created(service: ClassifyService) -> dict[str, Any]:
    """The body of the one create request, without the transaction ID that is made up."""
    [request] = service.requests_to("POST /api/v2/classify")
    return {name: value for name, value in request.json.items() if name != "transaction_id"}


def make_jobs(service: ClassifyService, classify: Program, count: int) -> list[str]:
    file_id = service.add_file("invoice.txt", b"an invoice")
    jobs = [classify("create", "--file-input", file_id, "--configuration.rules", RULE_TEXT) for _ in range(count)]
    return [job.only["id"] for job in jobs]


@pytest.mark.parametrize("flag", ["--file-input", "--file-id"])
def test_a_file_is_classified(service: ClassifyService, classify: Program, file_id: str, flag: str) -> None:
    ended = classify("create", flag, file_id, "--configuration.rules", RULE_TEXT)
    assert ended.code == 0
    assert created(service) == {"file_input": file_id, "configuration": {"rules": [RULE], "mode": "FAST"}}
    assert ended.only["file_input"] == file_id


@pytest.mark.parametrize("flag", ["--file-input", "--parse-job-id"])
def test_a_parse_job_is_classified(service: ClassifyService, classify: Program, flag: str) -> None:
    parse_job_id = service.add_parse_job(b"an invoice")
    assert classify("create", flag, parse_job_id, "--configuration.rules", RULE_TEXT).code == 0
    assert created(service)["file_input"] == parse_job_id


PARSING = {"lang": "de", "max_pages": 3, "target_pages": "1,3,5-7"}
WHOLE = {"rules": [RULE], "mode": "FAST", "parsing_configuration": PARSING}
NESTED = "--configuration.parsing-configuration"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--configuration", json.dumps(WHOLE)],
        [
            "--configuration",
            f"{{rules: [{RULE_TEXT}], parsing-configuration: {{lang: de, max-pages: 3, target-pages: '1,3,5-7'}}}}",
        ],
        ["--configuration.rules", RULE_TEXT, "--configuration.mode", "FAST", NESTED, json.dumps(PARSING)],
        [
            *["--configuration.rules", f"[{RULE_TEXT}]", f"{NESTED}.lang", "de", f"{NESTED}.max-pages", "3"],
            *[f"{NESTED}.target-pages", "1,3,5-7"],
        ],
        ["--rule", RULE_TEXT, NESTED, json.dumps(PARSING)],
        [
            *["--rule.type", RULE["type"], "--rule.description", RULE["description"]],
            *["--configuration", json.dumps({"parsing-configuration": PARSING})],
        ],
        [
            *["--configuration", f"{{rules: [{RULE_TEXT}], parsing_configuration: {{lang: en, max_pages: 3}}}}"],
            *[f"{NESTED}.lang", "de", f"{NESTED}.target-pages", "1,3,5-7"],
        ],
    ],
    ids=["json", "yaml-with-hyphens", "in-parts", "in-fields", "rule", "rule-in-fields", "whole-completed-by-fields"],
)
def test_each_spelling_of_a_configuration_is_the_same(
    service: ClassifyService, classify: Program, file_id: str, arguments: list[str]
) -> None:
    ended = classify("create", "--file-input", file_id, *arguments)
    assert ended.code == 0, ended.err
    assert created(service)["configuration"] == WHOLE


def test_a_configuration_and_its_rules_are_read_from_files(
    service: ClassifyService, classify: Program, file_id: str, tmp_path: Path
) -> None:
    rules, whole = tmp_path / "rules.yaml", tmp_path / "configuration.json"
    rules.write_text("- type: invoice\n  description: has an invoice number and line items\n")
    whole.write_text(json.dumps({"parsing-configuration": {"max-pages": 3}}))
    ended = classify(
        "create", "--file-input", file_id, "--configuration", f"@{whole}", "--configuration.rules", f"@{rules}"
    )
    assert ended.code == 0, ended.err
    parsing = {"lang": "en", "max_pages": 3}
    assert created(service)["configuration"] == {"rules": [RULE], "mode": "FAST", "parsing_configuration": parsing}


@pytest.mark.parametrize("content", [f"- {RULE_TEXT}\n", f"rules:\n- {RULE_TEXT}\n", json.dumps({"rules": [RULE]})])
@pytest.mark.parametrize("flag", ["--rules", "--rule", "--configuration.rules"])
def test_one_rules_file_serves_every_flag(
    service: ClassifyService, classify: Program, file_id: str, tmp_path: Path, flag: str, content: str
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(content)
    ended = classify("create", "--file-input", file_id, flag, str(file) if flag == "--rules" else f"@{file}")
    assert ended.code == 0, ended.err
    assert created(service)["configuration"]["rules"] == [RULE]


def test_rules_are_repeatable(service: ClassifyService, classify: Program, file_id: str) -> None:
    flags = ["--configuration.rules", RULE_TEXT, "--configuration.rules", json.dumps(OTHER_RULE)]
    assert classify("create", "--file-input", file_id, *flags).code == 0
    assert created(service)["configuration"]["rules"] == [RULE, OTHER_RULE]


def test_a_saved_configuration_is_used(service: ClassifyService, classify: Program, file_id: str) -> None:
    saved = classify("configs", "create", "--name", "finance", "--rule", RULE_TEXT).only["id"]
    ended = classify("create", "--file-input", file_id, "--configuration-id", saved, "--transaction-id", "mine")
    assert ended.code == 0
    [request] = service.requests_to("POST /api/v2/classify")
    assert request.json == {"file_input": file_id, "configuration_id": saved, "transaction_id": "mine"}


WEBHOOK = "--webhook-configuration"
EVENTS = "[classify.success, classify.error]"
WHOLE_WEBHOOK = f"""{{webhook-url: 'https://a.test/x', webhook-events: {EVENTS}, webhook-headers: {{X-Team: finance}},
    webhook-output-format: json, webhook-signing-secret: tell-nobody}}"""


@pytest.mark.parametrize(
    "arguments",
    [
        [WEBHOOK, WHOLE_WEBHOOK],
        [
            *[f"{WEBHOOK}.webhook-url", "https://a.test/x", f"{WEBHOOK}.webhook-events", EVENTS],
            *[f"{WEBHOOK}.webhook-headers", "{X-Team: finance}", f"{WEBHOOK}.webhook-output-format", "json"],
            *[f"{WEBHOOK}.webhook-signing-secret", "tell-nobody"],
        ],
        [
            *[f"{WEBHOOK}.webhook-url", "https://a.test/x", f"{WEBHOOK}.webhook-events", "classify.success"],
            *[f"{WEBHOOK}.webhook-events", "classify.error", f"{WEBHOOK}.webhook-headers", '{"X-Team": "finance"}'],
            *[f"{WEBHOOK}.webhook-output-format", "json", f"{WEBHOOK}.webhook-signing-secret", "tell-nobody"],
        ],
    ],
    ids=["whole", "in-fields", "in-repeated-fields"],
)
def test_each_spelling_of_a_webhook_is_the_same(
    service: ClassifyService, classify: Program, file_id: str, arguments: list[str]
) -> None:
    ended = classify(
        *["create", "--file-input", file_id, "--configuration.rules", RULE_TEXT, *arguments],
        *["--webhook-configuration-id", "whk-1", "--webhook-configuration-id", "whk-2"],
    )
    assert ended.code == 0, ended.err
    body = created(service)
    assert body["webhook_configuration_ids"] == ["whk-1", "whk-2"]
    assert body["webhook_configurations"] == [
        {
            "webhook_url": "https://a.test/x",
            "webhook_events": ["classify.success", "classify.error"],
            "webhook_headers": {"X-Team": "finance"},
            "webhook_output_format": "json",
            "webhook_signing_secret": "tell-nobody",
        }
    ]


def test_fields_of_several_webhooks_are_paired_in_order(
    service: ClassifyService, classify: Program, file_id: str
) -> None:
    flags = [f"{WEBHOOK}.webhook-url", "https://a.test", f"{WEBHOOK}.webhook-url", "https://b.test"]
    flags += [
        f"{WEBHOOK}.webhook-events",
        "classify.error,classify.success",
        f"{WEBHOOK}.webhook-events",
        "[classify.error]",
    ]
    assert classify("create", "--file-input", file_id, "--configuration.rules", RULE_TEXT, *flags).code == 0
    assert created(service)["webhook_configurations"] == [
        {"webhook_url": "https://a.test", "webhook_events": ["classify.error", "classify.success"]},
        {"webhook_url": "https://b.test", "webhook_events": ["classify.error"]},
    ]


def test_every_filter_of_a_listing_is_sent(service: ClassifyService, classify: Program) -> None:
    ended = classify(
        *["list", "--status", "FAILED", "--job-id", "a", "--job-id", "b", "--configuration-id", "cfg-1"],
        *["--created-at-on-or-after", "2026-11-01", "--created-at-on-or-before", "2026-11-02T03:04:05+02:00"],
        *["--page-size", "7", "--page-token", "after-0", "--organization-id", "org-1", "--project-id", "prj-1"],
    )
    assert ended.code == 0, ended.err
    [request] = service.requests
    assert request.query == {
        "status": ["FAILED"],
        "job_ids": ["a", "b"],
        "configuration_id": ["cfg-1"],
        "created_at_on_or_after": ["2026-11-01T00:00:00+00:00"],
        "created_at_on_or_before": ["2026-11-02T03:04:05+02:00"],
        "page_size": ["7"],
        "page_token": ["after-0"],
        "organization_id": ["org-1"],
        "project_id": ["prj-1"],
    }


@pytest.mark.parametrize(
    ("flags", "told", "requests"),
    [
        ([], 5, 3),
        (["--max-items", "-1"], 5, 3),
        (["--max-items", "3"], 3, 2),
        (["--max-items", "2"], 2, 1),
        (["--max-items", "0"], 0, 0),
    ],
)
def test_pages_are_followed_up_to_max_items(
    service: ClassifyService, classify: Program, flags: list[str], told: int, requests: int
) -> None:
    jobs = make_jobs(service, classify, 5)
    ended = classify("list", "--page-size", "2", *flags)
    assert [job["id"] for job in ended.lines] == jobs[:told]
    assert len(service.requests_to("GET /api/v2/classify")) == requests


@pytest.mark.parametrize("spelling", [["--job-id"], []])
def test_a_job_is_told_waited_for_and_deleted(service: ClassifyService, classify: Program, spelling: list[str]) -> None:
    [job] = make_jobs(service, classify, 1)
    waited = classify("wait", *spelling, job)
    assert (waited.code, waited.only["result"]["type"]) == (0, "invoice")
    got = classify("get", *spelling, job, "--expand", "usage")
    assert got.only["usage"] == {"credits": 1.0, "parse_credits": 1.0}
    deleted = classify("delete", *spelling, job)
    assert (deleted.code, deleted.only["id"]) == (0, job)
    assert job not in service.jobs


def test_a_job_is_cancelled(service: ClassifyService, classify: Program) -> None:
    service.outcome_for("*", status="RUNNING")
    [job] = make_jobs(service, classify, 1)
    assert classify("cancel", "--job-id", job).only["status"] == "CANCELLED"


@pytest.mark.parametrize(("status", "code"), [("COMPLETED", 0), ("FAILED", 1), ("CANCELLED", 1)])
def test_wait_prints_the_job_and_exits_by_its_outcome(
    service: ClassifyService, classify: Program, status: str, code: int
) -> None:
    service.outcome_for("*", status=status, error_message="PDF_IS_BROKEN: no pages")
    [job] = make_jobs(service, classify, 1)
    ended = classify("wait", job)
    assert (ended.code, ended.only["status"]) == (code, status)
    assert ("PDF_IS_BROKEN" in ended.err) == (status == "FAILED")
    assert len(service.requests_to("GET /api/v2/classify/*")) == 1


def test_a_job_that_does_not_end_in_time_exits_with_6_and_is_not_printed(
    service: ClassifyService, classify: Program
) -> None:
    service.outcome_for("*", status="RUNNING")
    [job] = make_jobs(service, classify, 1)
    ended = classify("wait", job, "--timeout", "0")
    assert (ended.code, ended.out) == (6, "")
    assert job in ended.err
