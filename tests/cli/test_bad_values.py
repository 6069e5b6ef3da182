"""What cannot be understood: exit code 2, a message that names the flag, and nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import RULE_TEXT, Program
from tests.service import ClassifyService

V1 = ("classifier:jobs", "create", "--file-id", "f")
V2 = ("create", "--file-input", "dfl-1")
GOOD_V2 = (*V2, "--configuration.rules", RULE_TEXT)
PARSING = "--configuration.parsing-configuration"
WEBHOOK = "--webhook-configuration"

BAD = [
    ([*V1, "--rule", "{type: invoice"], "--rule"),
    ([*V1, "--rule", "invoice"], "--rule"),
    ([*V1, "--rule", "{type: invoice, type: recipe}"], "--rule"),
    ([*V1, "--rule", '{"type": "a", "type": "b"}'], "--rule"),
    ([*V1, "--rule", "{type: invoice, description: short}"], "--rule"),
    ([*V1, "--rule", "{type: invoice, description: has line items, colour: red}"], "--rule"),
    ([*V1, "--rule", RULE_TEXT, "--rule", RULE_TEXT], "--rule"),
    ([*V1, "--rule", "@/no/such/file"], "--rule"),
    ([*V1, "--rule", "@"], "--rule"),
    ([*V1, "--rule", "&all [*all]"], "--rule"),
    ([*V1, "--rule.type", "invoice"], "--rule"),
    ([*V1, "--rule.type", "a", "--rule.type", "b", "--rule.description", "has line items"], "--rule.description 1"),
    ([*V1], "--rule"),
    (["classifier:jobs", "create", "--rule", RULE_TEXT], "--file-id"),
    ([*V1, "--rule", RULE_TEXT, "--mode", "SLOW"], "--mode"),
    ([*V1, "--rule", RULE_TEXT, "--parsing-configuration", "[1]"], "--parsing-configuration"),
    ([*V1, "--rule", RULE_TEXT, "--parsing-configuration", "{pages: 1}"], "--parsing-configuration"),
    ([*V1, "--rule", RULE_TEXT, "--parsing-configuration.target-pages", "1-3"], "--parsing-configuration.target-pages"),
    ([*V1, "--rule", RULE_TEXT, "--parsing-configuration.max-pages", "0"], "--parsing-configuration.max-pages"),
    (["create", "--configuration.rules", RULE_TEXT], "--file-input"),
    ([*GOOD_V2, "--file-id", "dfl-2"], "--file-input"),
    ([*V2], "--configuration"),
    ([*GOOD_V2, "--configuration-id", "cfg-1"], "--configuration-id"),
    ([*V2, "--configuration", "{mode: FAST}"], "--configuration"),
    ([*V2, "--configuration", "{max-pages: 1, max_pages: 2}"], "--configuration"),
    ([*V2, "--configuration.rules", "{type: invoice}"], "--configuration.rules"),
    ([*V2, "--configuration.rules", "[]"], "--configuration.rules"),
    ([*V2, "--rule", "{rules: invoice}"], "--rule"),
    ([*V2, "--rule", RULE_TEXT, "--configuration.rules", RULE_TEXT], "--configuration"),
    ([*V2, "--rule", RULE_TEXT, "--configuration-id", "cfg-1"], "--configuration-id"),
    ([*V2, "--rules", "/no/such/file"], "--rules"),
    ([*GOOD_V2, "--configuration.mode", "MULTIMODAL"], "--configuration.mode"),
    ([*GOOD_V2, f"{PARSING}.target-pages", "five"], "--configuration"),
    ([*GOOD_V2, PARSING, "{lang: [de]}"], "--configuration"),
    ([*GOOD_V2, WEBHOOK, "{url: 'https://a.test'}"], WEBHOOK),
    ([*GOOD_V2, WEBHOOK, "{webhook-url: 'ftp://a.test'}"], WEBHOOK),
    ([*GOOD_V2, f"{WEBHOOK}.webhook-events", "[]"], WEBHOOK),
    ([*GOOD_V2, f"{WEBHOOK}.webhook-headers", "secret"], f"{WEBHOOK}.webhook-headers"),
    ([*GOOD_V2, f"{WEBHOOK}.webhook-headers", "{a: [1]}"], WEBHOOK),
    ([*GOOD_V2, "--base-url", "ftp://a.test"], "--base-url"),
    (["list", "--status", "DONE"], "--status"),
    (["list", "--created-at-on-or-after", "yesterday"], "--created-at-on-or-after"),
    (["list", "--page-size", "101"], "--page-size"),
    (["list", "--page-size", "many"], "--page-size"),
    (["list", "--max-items", "-2"], "--max-items"),
    (["list", "--format", "xml"], "--format"),
    (["list", "--json", "--format", "yaml"], "--format"),
    (["list", "--colour"], "--colour"),
    (["get"], "--job-id"),
    (["get", "a", "--job-id", "b"], "--job-id"),
    (["get", " "], "--job-id"),
    (["wait", "a", "--timeout", "-1"], "--timeout"),
    (["files", "list", "--page-size", "1001"], "--page-size"),
    (["configs", "create", "--name", "", "--rule", RULE_TEXT], "--name"),
    (["configs", "create", "--name", "x", "--rules", "/no/such/file"], "--rules"),
    (["configs", "create", "--name", "x", "--parameters", "{product_type: parse_v2}"], "--parameters"),
    (["--api-key", "@/no/such/file", "list"], "--api-key"),
]


@pytest.mark.parametrize(("arguments", "named"), BAD, ids=[" ".join(arguments)[-60:] for arguments, _ in BAD])
def test_a_bad_value_is_told_with_its_flag_and_nothing_is_sent(
    service: ClassifyService, classify: Program, arguments: list[str], named: str
) -> None:
    ended = classify(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert named in ended.err.replace("\n", " ")
    assert service.requests == []


def test_a_file_that_is_no_text_is_told(classify: Program, tmp_path: Path) -> None:
    file = tmp_path / "rule.bin"
    file.write_bytes(b"\xff\xfe\x00")
    ended = classify(*V1, "--rule", f"@{file}")
    assert ended.code == 2
    assert "--rule" in ended.err
    assert "not UTF-8" in ended.err


def test_a_key_that_no_service_can_have_made_is_denied_and_not_repeated(classify: Program) -> None:
    ended = classify("list", "--api-key", "llx-ab cd")
    assert ended.code == 3
    assert "--api-key" in ended.err
    assert "ab cd" not in ended.err
