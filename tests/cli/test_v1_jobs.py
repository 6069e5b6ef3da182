"""The v1 commands, by the hosted command line's spelling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import RULE, RULE_TEXT, Program
from tests.service import ClassifyService

CREATE = ("classifier:jobs", "create")


def created(service: ClassifyService) -> dict[str, Any]:
    [request] = service.requests_to("POST /api/v1/classifier/jobs")
    body: dict[str, Any] = request.json
    return body


def make_jobs(service: ClassifyService, classify: Program, count: int) -> list[str]:
    file_id = service.add_file("invoice.txt", b"an invoice")
    return [classify(*CREATE, "--file-id", file_id, "--rule", RULE_TEXT).only["id"] for _ in range(count)]


def test_the_hosted_command_line_s_own_example_works(service: ClassifyService, classify: Program, file_id: str) -> None:
    rule = "{description: 'contains invoice number, line items, and total amount', type: invoice}"
    ended = classify(*CREATE, "--file-id", file_id, "--rule", rule)
    assert ended.code == 0, ended.err
    assert created(service) == {
        "file_ids": [file_id],
        "rules": [{"type": "invoice", "description": "contains invoice number, line items, and total amount"}],
        "mode": "FAST",
        "parsing_configuration": {"lang": "en", "max_pages": 5},
        "webhook_configurations": [],
    }
    assert json.loads(ended.out)["status"] == "PENDING"


@pytest.mark.parametrize(
    "rule",
    [
        ["--rule", RULE_TEXT],
        ["--rule", json.dumps(RULE)],
        ["--rule", json.dumps([RULE])],
        ["--rule", f"type: {RULE['type']}\ndescription: {RULE['description']}"],
        ["--rule.type", RULE["type"], "--rule.description", RULE["description"]],
        ["--rule.description", RULE["description"], "--rule.type", RULE["type"]],
    ],
    ids=["flow-yaml", "json", "json-list", "block-yaml", "fields", "fields-in-another-order"],
)
def test_each_spelling_of_a_rule_is_the_same(
    service: ClassifyService, classify: Program, file_id: str, rule: list[str]
) -> None:
    assert classify(*CREATE, "--file-id", file_id, *rule).code == 0
    assert created(service)["rules"] == [RULE]


def test_fields_of_several_rules_are_paired_in_order(service: ClassifyService, classify: Program, file_id: str) -> None:
    ended = classify(
        *[*CREATE, "--file-id", file_id, "--rule", RULE_TEXT],
        *["--rule.type", "recipe", "--rule.type", "letter"],
        *["--rule.description", "has ingredients and steps", "--rule.description", "has a salutation"],
    )
    assert ended.code == 0, ended.err
    assert created(service)["rules"] == [
        RULE,
        {"type": "recipe", "description": "has ingredients and steps"},
        {"type": "letter", "description": "has a salutation"},
    ]


@pytest.mark.parametrize("content", [json.dumps(RULE), json.dumps([RULE]), f"- {RULE_TEXT}\n", f"rules: [{RULE_TEXT}]"])
def test_rules_are_read_from_a_file(
    service: ClassifyService, classify: Program, file_id: str, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "rules"
    file.write_text(content)
    assert classify(*CREATE, "--file-id", file_id, "--rule", f"@{file}").code == 0
    assert created(service)["rules"] == [RULE]


def test_a_field_is_read_from_a_file_and_a_leading_at_sign_can_be_escaped(
    service: ClassifyService, classify: Program, file_id: str, tmp_path: Path
) -> None:
    description = tmp_path / "description.txt"
    description.write_text("has an invoice number\n")
    flags = ["--rule.type", "invoice", "--rule.description", f"@{description}"]
    flags += ["--rule.type", "handle", "--rule.description", "\\@ is its first character"]
    assert classify(*CREATE, "--file-id", file_id, *flags).code == 0
    assert [rule["description"] for rule in created(service)["rules"]] == [
        "has an invoice number",
        "@ is its first character",
    ]


PARSING = "--parsing-configuration"


@pytest.mark.parametrize(
    "flags",
    [
        [PARSING, "{lang: de, max-pages: 2, target-pages: [0, 4]}"],
        [PARSING, '{"lang": "de", "max_pages": 2, "target_pages": [0, 4]}'],
        [f"{PARSING}.lang", "de", f"{PARSING}.max-pages", "2", f"{PARSING}.target-pages", "0,4"],
        [PARSING, "{lang: de}", f"{PARSING}.max-pages", "2", f"{PARSING}.target-pages", "[0, 4]"],
    ],
    ids=["yaml", "json", "fields", "both"],
)
def test_each_spelling_of_the_parsing_configuration_is_the_same(
    service: ClassifyService, classify: Program, file_id: str, flags: list[str]
) -> None:
    ended = classify(*CREATE, "--file-id", file_id, "--rule", RULE_TEXT, "--mode", "MULTIMODAL", *flags)
    assert ended.code == 0, ended.err
    body = created(service)
    assert body["mode"] == "MULTIMODAL"
    assert body["parsing_configuration"] == {"lang": "de", "max_pages": 2, "target_pages": [0, 4]}


def test_webhooks_are_sent(service: ClassifyService, classify: Program, file_id: str) -> None:
    ended = classify(
        *[*CREATE, "--file-id", file_id, "--rule", RULE_TEXT],
        *["--webhook-configuration", "{webhook_url: 'https://a.test'}"],
        *["--webhook-configuration.webhook-url", "https://b.test"],
        *["--webhook-configuration.webhook-signing-secret", "tell-nobody"],
    )
    assert ended.code == 0, ended.err
    assert created(service)["webhook_configurations"] == [
        {"webhook_url": "https://a.test"},
        {"webhook_url": "https://b.test", "webhook_signing_secret": "tell-nobody"},
    ]


def test_a_job_s_results_are_one_json_document(service: ClassifyService, classify: Program) -> None:
    files = [service.add_file(name, b"an invoice") for name in ("a.txt", "b.txt")]
    job = classify(*CREATE, "--file-id", files[0], "--file-id", files[1], "--rule", RULE_TEXT).only["id"]
    assert classify("classifier:jobs", "get", "--classify-job-id", job).only["status"] == "SUCCESS"
    found = classify("classifier:jobs", "get-results", "--classify-job-id", job).only
    assert [item["file_id"] for item in found["items"]] == files
    assert {item["result"]["type"] for item in found["items"]} == {"invoice"}


def test_each_job_of_a_listing_is_json_as_the_api_gives_it(service: ClassifyService, classify: Program) -> None:
    jobs = make_jobs(service, classify, 3)
    ended = classify("classifier:jobs", "list", "--page-size", "2", "--max-items", "3")
    assert [job["id"] for job in ended.lines] == jobs
    assert set(ended.lines[0]) == set(service.v1_jobs[jobs[0]]["job"])
    assert [request.query for request in service.requests_to("GET *")] == [
        {"page_size": ["2"]},
        {"page_size": ["2"], "page_token": ["after-2"]},
    ]


def test_format_decides_where_it_is_given(service: ClassifyService, classify: Program) -> None:
    [job] = make_jobs(service, classify, 1)
    table = classify("classifier:jobs", "get-results", job, "--format", "pretty").out
    assert table.splitlines()[0].split() == ["file_id", "type", "confidence", "reasoning"]
