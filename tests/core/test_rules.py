from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from classify_core import (
    Classifier,
    ClassifyConfiguration,
    InvalidOptionError,
    InvalidRulesError,
    ParsingConfiguration,
    Rule,
    load_rules,
)
from classify_core.models import ClassifyParameters
from classify_core.rules import canonical, configuration_of, rules_id_of
from classify_core.validation import told as told_of

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
        ([GOOD, "invoice"], "rule 2 is of type str; give Rule("),
        ([None], "rule 1 is of type NoneType; give Rule("),
        ("invoice", "not a list but of type str"),
        (b"invoice", "not a list but of type bytes"),
        (5, "not a list but of type int"),
        (Rule(**GOOD), "not a list but of type Rule"),
        ([{"type": "a", "description": "an emoji \ud83d cut in half"}], "'\\ud83d', half a character"),
        ([{"type": "\ud83d", "description": "long enough text"}], "not '\\ud83d'"),
    ],
)
def test_rules_that_the_service_refuses_are_refused_before_anything_is_sent(rules: object, told: str) -> None:
    with pytest.raises(InvalidRulesError) as caught:
        Classifier(rules=rules, backend="local")
    assert told in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_rules_at_the_limits_are_accepted() -> None:
    Classifier(
        rules=[Rule(type="a" * 50, description="x" * 500), Rule(type="b_-9 ä", description="x" * 10)], backend="local"
    )


def test_rules_may_come_from_a_generator_and_as_any_mapping() -> None:
    configuration = configuration_of(rule for rule in (MappingProxyType(GOOD), Rule(type="b", description="x" * 10)))
    assert [rule.type for rule in configuration.rules] == ["invoice", "b"]


@pytest.mark.parametrize(
    ("parsing", "told"),
    [
        ({"max_pages": 0}, "parsing: max_pages: Input should be greater than or equal to 1"),
        ({"pages": 1}, "parsing: pages: Extra inputs"),
        ({"target_pages": "x"}, "parsing: target_pages 'x'"),
        (5, "parsing: Input should be a valid dictionary"),
    ],
)
def test_bad_parsing_options_are_no_fault_of_the_rules(parsing: Any, told: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        configuration_of([GOOD], parsing)
    assert str(caught.value).startswith(told)


def test_findings_are_told_without_the_input_and_without_empty_places() -> None:
    class Pair(BaseModel):
        first: int
        second: int = 0

        @model_validator(mode="after")
        def _differ(self) -> Pair:
            if self.first == self.second:
                raise ValueError("the two are equal")
            return self

    def findings(value: object) -> list[str]:
        with pytest.raises(ValidationError) as caught:
            Pair.model_validate(value)
        return told_of(caught.value)

    assert findings("TOPSECRET") == ["Input should be a valid dictionary or instance of Pair"]
    assert findings({"first": 1, "second": 1}) == ["the two are equal"]
    told = findings({"first": "TOPSECRET", "second": [7]})
    assert [text.partition(":")[0] for text in told] == ["first", "second"]
    assert not any(leak in text for text in told for leak in ("TOPSECRET", "7", "http"))


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
        (b"rules: [", "neither YAML nor JSON: "),
        (b"rules: {a: b\n", "(line 2)"),
        (b"rules: \x00", "neither YAML nor JSON: unacceptable character"),
        (b"[" * 5000, "nested too deeply"),
        (b"rules: " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"[" + b"9" * 5000 + b"]", "line 1: cannot read the value '999"),
        (b"- type: a\n  description: 2024-13-45", "line 2: cannot read the value '2024-13-45'; write it in quotes"),
        (b"- !!timestamp soon", "cannot read the value 'soon'"),
        (b"- !!bool maybe", "cannot read the value 'maybe'"),
        (b"- !!int ''", "cannot read the value ''"),
        (b"- type: a\n  description: first of them\n  description: second one", "line 3: the key 'description' stands"),
        (b"- {type: a, 'type': b, description: second one}", "line 1: the key 'type' stands twice"),
        (b'[{"type": "a", "type": "b", "description": "second one"}]', "the key 'type' stands twice"),
        (b"rules: []\nrules: []", "line 2: the key 'rules' stands twice"),
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


def test_json_that_yaml_would_refuse_or_damage_is_read_as_json(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps([{"type": "smile", "description": "shows a \U0001f600 and more"}], indent="\t"))
    assert "\\ud83d" in path.read_text()
    assert load_rules(path) == [Rule(type="smile", description="shows a \U0001f600 and more")]


@pytest.mark.parametrize("suffix", ["yaml", "json", "JSON", "txt"])
def test_the_flow_style_of_yaml_is_no_broken_json(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rules.{suffix}"
    path.write_text("{rules: [{type: invoice, description: a bill with an amount due}]}  # ours")
    assert load_rules(path) == [Rule(**GOOD)]


def test_broken_json_in_a_json_file_is_told_as_json_is(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text('[{"type": "a",\n "description" "long enough text"}]')
    with pytest.raises(InvalidRulesError, match=r"rules\.json: is neither JSON nor YAML: .*line 2 column 16"):
        load_rules(path)


def test_yaml_merge_keys_are_no_duplicates(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "base: &base {description: a bill with an amount due}\n"
        "more: &more {<<: *base, type: letter}\n"
        "rules:\n- {<<: *more, type: invoice}\n- *more\n- {<<: *more, type: note, description: a note of someone}\n"
    )
    assert [(rule.type, rule.description[:6]) for rule in load_rules(path)] == [
        ("invoice", "a bill"),
        ("letter", "a bill"),
        ("note", "a note"),
    ]


def test_a_path_that_cannot_be_one_is_named() -> None:
    with pytest.raises(InvalidRulesError, match=r"'a\\x00b': cannot read the rules: it is not a path"):
        load_rules("a\x00b")


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
    return rules_id_of(ClassifyConfiguration(rules=rules or chosen, **more), minimum, backend)


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


def test_a_threshold_of_one_is_the_same_however_it_is_written() -> None:
    assert _rules_id(minimum=1) == _rules_id(minimum=1.0) != _rules_id(minimum=0.0)


def test_configurations_of_equal_meaning_have_one_canonical_form() -> None:
    first, second = Rule(type="a", description="description of a"), Rule(type="b", description="description of b")
    plain = canonical(ClassifyConfiguration(rules=(first, second)))
    assert plain == {
        "rules": [first.model_dump(), second.model_dump()],
        "mode": "FAST",
        "parsing_configuration": {"lang": "en", "max_pages": None, "target_pages": None},
    }
    assert plain == canonical(
        ClassifyParameters(rules=(second, first), parsing_configuration=ParsingConfiguration(lang="en"))
    )
    assert plain != canonical(
        ClassifyConfiguration(rules=(first, second), parsing_configuration=ParsingConfiguration(lang="de"))
    )
