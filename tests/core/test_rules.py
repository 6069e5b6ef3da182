from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from classify_core import Classifier, ClassifyConfiguration, InvalidRulesError, ParsingConfiguration, Rule, load_rules
from classify_core.rules import rules_id_of

GOOD = {"type": "invoice", "description": "a bill with an amount due"}


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([], "there are no rules; at least 1"),
        ([{"type": "", "description": "long enough text"}], "type '' has 0 characters; allowed are 1 to 50"),
        ([{"type": "a" * 51, "description": "long enough text"}], "has 51 characters; allowed are 1 to 50"),
        (
            [{"type": "a/b", "description": "long enough text"}],
            "letters, digits, spaces, hyphens and underscores, not '/'",
        ),
        ([{"type": " ", "description": "long enough text"}], "is blank"),
        ([{"type": "a", "description": "too short"}], "has 9 characters; allowed are 10 to 500"),
        ([{"type": "a", "description": "x" * 501}], "rule 1 ('a'): description"),
        ([{"type": "a", "description": "x" * 501}], "has 501 characters; allowed are 10 to 500"),
        ([{"type": "a", "description": " " * 20}], "description is blank"),
        (
            [GOOD, {"type": "INVOICE", "description": "another bill with amount"}],
            "'invoice' and 'INVOICE' are the same",
        ),
        (
            [
                {"type": "Straße", "description": "a street of houses"},
                {"type": "STRASSE", "description": "the same street"},
            ],
            "are the same",
        ),
        ([{"type": "a", "description": "long enough text", "colour": "red"}], "colour: Extra inputs"),
        ([{"type": "a"}], "description: Field required"),
        (["invoice"], "rule 1"),
        ("invoice", "not a list"),
    ],
)
def test_rules_that_the_service_refuses_are_refused_before_anything_is_sent(rules: object, told: str) -> None:
    with pytest.raises(InvalidRulesError) as caught:
        Classifier(rules=rules, backend="local")  # type: ignore[arg-type]
    assert told in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_rules_at_the_limits_are_accepted() -> None:
    Classifier(
        rules=[Rule(type="a" * 50, description="x" * 500), Rule(type="b_-9 ä", description="x" * 10)], backend="local"
    )


def test_a_bad_rule_alone_is_pydantics_own_error() -> None:
    with pytest.raises(ValidationError):
        Rule(type="a", description="short")


def test_no_rules_at_all_is_an_error_that_says_what_to_give() -> None:
    with pytest.raises(InvalidRulesError, match=r"rules=\[Rule\(\.\.\.\)"):
        Classifier(backend="local")


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_rules_are_read_from_yaml_and_json(tmp_path: Path, suffix: str, *, wrapped: bool) -> None:
    path = tmp_path / f"rules.{suffix}"
    listed = [GOOD, {"type": "letter", "description": "a letter to someone"}]
    path.write_text(json.dumps({"rules": listed} if wrapped else listed))
    assert [rule.type for rule in load_rules(path)] == ["invoice", "letter"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"rules: [", "neither YAML nor JSON"),
        (b"just text", "holds no rules"),
        (b"", "holds no rules"),
        (b"rules: []", "at least 1"),
        (b"- {type: a, description: short}", "allowed are 10 to 500"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_load_rules_names_the_file(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "our-rules.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidRulesError, match=r"our-rules\.yaml") as caught:
        load_rules(path)
    assert told in str(caught.value)


def test_a_missing_rules_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRulesError, match=r"absent\.yaml"):
        load_rules(tmp_path / "absent.yaml")


def test_rules_with_yaml_tags_run_no_code(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("!!python/object/apply:os.system ['touch /tmp/owned']")
    with pytest.raises(InvalidRulesError):
        load_rules(path)


def _rules_id(
    *, rules: list[Rule] | None = None, minimum: float | None = None, backend: str = "hosted", **more: object
) -> str:
    chosen = [Rule(type="a", description="description of a"), Rule(type="b", description="description of b")]
    return rules_id_of(ClassifyConfiguration(rules=rules or chosen, **more), minimum, backend)  # type: ignore[arg-type]


def test_the_rules_id_tells_everything_apart_that_changes_a_label() -> None:
    different = [
        _rules_id(),
        _rules_id(rules=[Rule(type="a", description="description of a")]),
        _rules_id(
            rules=[Rule(type="a", description="description of A"), Rule(type="b", description="description of b")]
        ),
        _rules_id(minimum=0.5),
        _rules_id(backend="local/lexical"),
        _rules_id(parsing_configuration=ParsingConfiguration(max_pages=1)),
    ]
    assert len(set(different)) == len(different)


def test_the_rules_id_ignores_the_order_of_rules_and_defaults_that_are_spelt_out() -> None:
    backwards = [Rule(type="b", description="description of b"), Rule(type="a", description="description of a")]
    assert _rules_id(rules=backwards) == _rules_id() == _rules_id(parsing_configuration=ParsingConfiguration())
