"""`classify rules check`: what it tells, in which form, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from classify_core.rule_findings.finding import Code
from tests.cli.conftest import Ended, Program
from tests.service import ClassifyService

Check = Callable[..., Ended]

GOOD = """
- {type: invoice, description: "A bill with an invoice number, line items, tax and the total amount due."}
- {type: recipe, description: "A cooking recipe with ingredients, quantities and steps of preparation."}
- {type: other, description: "Any document that fits none of the other rules."}
"""
WARNED = GOOD + '- {type: receipt, description: "a document"}\n'
BROKEN = GOOD + '- {type: a/b, description: "short"}\n- {type: INVOICE, description: "Proof of payment by card."}\n'


@pytest.fixture
def check(tmp_path: Path, classify: Program) -> Check:
    def run(text: str | bytes, *options: str) -> Ended:
        path = tmp_path / "rules.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return classify("rules", "check", str(path), *options)

    return run


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (GOOD, (), 0),
        (GOOD, ("--strict",), 0),
        (WARNED, (), 0),
        (WARNED, ("--strict",), 1),
        (BROKEN, (), 1),
        ("[]", (), 1),
        ("- {type: only, description: A letter that asks for a donation.}", ("--strict",), 0),
        ("rules: [", (), 2),
        ("just text", (), 2),
        (b"\xff\xfe\x00", (), 2),
    ],
)
def test_the_exit_code_tells_whether_the_rules_can_be_used(
    check: Check, text: str | bytes, options: tuple[str, ...], code: int
) -> None:
    assert check(text, *options).code == code


def test_a_file_that_does_not_exist_exits_with_2_and_is_named(classify: Program) -> None:
    ended = classify("rules", "check", "nowhere.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert "nowhere.yaml" in ended.err


def test_good_rules_are_told_of_with_nothing_on_standard_output(check: Check) -> None:
    assert check(GOOD).out == ""


def test_each_finding_is_a_line_with_its_rules_and_a_remedy(check: Check) -> None:
    lines = check(BROKEN).lines
    assert all(list(line) == ["severity", "code", "numbers", "rules", "message", "remedy"] for line in lines)
    assert all(line["message"] and line["remedy"] for line in lines)
    assert [(line["severity"], line["code"], line["numbers"]) for line in lines[:3]] == [
        ("error", "same-type", [1, 5]),
        ("error", "limit", [4]),
        ("error", "limit", [4]),
    ]


def test_a_person_sees_a_table_and_the_counts(check: Check) -> None:
    ended = check(WARNED, "--format", "pretty")
    assert re.search(r"^severity +rules +message +remedy", ended.out)
    assert "warning" in ended.out
    assert "4 rules: 0 errors, 1 warning, 0 notes" in ended.err


def test_one_rule_is_counted_as_one(check: Check) -> None:
    err = check("- {type: letter, description: a letter with a salutation}", "--format", "pretty").err
    assert err.startswith("1 rule: ")


def test_rules_in_json_are_checked_too(tmp_path: Path, classify: Program) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"rules": [{"type": "letter", "description": "a document"}]}))
    codes = {line["code"] for line in classify("rules", "check", str(path)).lines}
    assert codes == {"says-nothing", "no-catch-all"}


def test_the_page_tells_every_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    table = page.partition("## classify rules check")[2].partition("## The API")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)) == set(get_args(Code))


def test_nothing_is_sent(check: Check, service: ClassifyService) -> None:
    check(BROKEN)
    assert service.requests == []
