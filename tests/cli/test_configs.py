"""The commands of saved rule sets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import RULE, RULE_TEXT, Program
from tests.service import ClassifyService

OTHER_RULE = {"type": "recipe", "description": "has ingredients and steps"}


def parameters(*rules: dict[str, str], **parsing: object) -> dict[str, object]:
    inner = {"parsing_configuration": {"lang": "en", **parsing}} if parsing else {}
    return {"rules": list(rules), "mode": "FAST", **inner, "product_type": "classify_v2"}


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(f"rules:\n- {RULE_TEXT}\n")
    return path


@pytest.fixture
def saved(classify: Program) -> str:
    configuration_id: str = classify("configs", "create", "--name", "finance", "--rule", RULE_TEXT).only["id"]
    return configuration_id


def test_rules_of_a_file_and_of_the_command_line_are_saved(
    service: ClassifyService, classify: Program, rules_file: Path
) -> None:
    ended = classify(
        *["configs", "create", "--name", "finance", "--rules", str(rules_file), "--rule", json.dumps(OTHER_RULE)],
        *["--parsing-configuration.max-pages", "5", "--parsing-configuration.target-pages", "1-3"],
    )
    assert ended.code == 0, ended.err
    [request] = service.requests
    expected = parameters(RULE, OTHER_RULE, max_pages=5, target_pages="1-3")
    assert request.json == {"name": "finance", "parameters": expected}
    assert ended.only["id"].startswith("cfg-")


def test_parameters_are_saved_as_the_api_tells_them(service: ClassifyService, classify: Program, saved: str) -> None:
    told = classify("configs", "get", "--config-id", saved).only["parameters"]
    ended = classify("configs", "create", "--name", "copy", "--parameters", json.dumps(told))
    assert ended.code == 0, ended.err
    assert service.requests[-1].json == {"name": "copy", "parameters": parameters(RULE)}


@pytest.mark.parametrize("spelling", [["--config-id"], []])
def test_a_configuration_is_changed_and_deleted(
    service: ClassifyService, classify: Program, saved: str, spelling: list[str]
) -> None:
    renamed = classify("configs", "update", *spelling, saved, "--name", "accounting")
    assert (renamed.code, service.requests[-1].json) == (0, {"name": "accounting"})
    changed = classify("configs", "update", *spelling, saved, "--rule", json.dumps(OTHER_RULE))
    assert (changed.code, service.requests[-1].json) == (0, {"parameters": parameters(OTHER_RULE)})
    assert classify("configs", "get", *spelling, saved).only["name"] == "accounting"
    deleted = classify("configs", "delete", *spelling, saved, "--json")
    assert (deleted.code, deleted.out, service.configurations) == (0, "", {})


def test_every_filter_of_a_listing_is_sent(service: ClassifyService, classify: Program) -> None:
    flags = ["--name", "finance", "--latest-only", "--product-type", "classify_v2", "--product-type", "parse_v2"]
    assert classify("configs", "list", *flags, "--page-size", "3").code == 0
    [request] = service.requests
    assert request.query == {
        "name": ["finance"],
        "latest_only": ["true"],
        "product_type": ["classify_v2", "parse_v2"],
        "page_size": ["3"],
    }


def test_configurations_are_listed(classify: Program, saved: str) -> None:
    assert [each["id"] for each in classify("configs", "list").lines] == [saved]


@pytest.mark.parametrize(
    "arguments", [["create", "--name", "finance"], ["update", "cfg-1"]], ids=["without-rules", "without-a-change"]
)
def test_nothing_is_sent_where_there_is_nothing_to_save(
    service: ClassifyService, classify: Program, arguments: list[str]
) -> None:
    ended = classify("configs", *arguments)
    assert (ended.code, service.requests) == (2, [])
    assert "--rules" in ended.err
