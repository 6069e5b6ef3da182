from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import Document

from classify_core import (
    AuthenticationError,
    Classifier,
    HostedBackend,
    InvalidOptionError,
    MetadataSchema,
    ParsingConfiguration,
    RateLimits,
    Rule,
)
from classify_core.component import ClassifierFields
from llama_index_classify import ClassifyPostprocessor, ClassifyReader, ClassifyTransform
from tests.backends import ScriptedBackend

COMPONENTS = [ClassifyPostprocessor, ClassifyReader, ClassifyTransform]
KEY = "llx-a-key-that-nobody-may-see-0123456789"

# Whatever changes the output, each with a value that is not the default.
CHANGES: list[dict[str, Any]] = [
    {"rules": [Rule(type="letter", description="a letter to somebody, signed")]},
    {"rules": [Rule(type="invoice", description="another description of the same")]},
    {"backend": "hosted", "api_key": KEY},
    {"backend": "hosted", "api_key": KEY, "base_url": "eu"},
    {"backend": ScriptedBackend()},
    {"parsing": ParsingConfiguration(max_pages=3)},
    {"min_confidence": 0.5},
    {"prefix": "kind_"},
    {"metadata_schema": MetadataSchema(reasoning_length=7)},
    {"metadata_schema": MetadataSchema(keys=("type", "status", "rules_id"))},
    {"group_by": None},
    {"group_by": "case"},
    {"group_by": str},
    {"source": "file"},
    {"on_failure": "skip"},
    {"overwrite": True},
    {"keep_types": ["invoice"]},
    {"drop_types": ["invoice"]},
]

OPERATIONAL: list[dict[str, Any]] = [
    {"timeout": 3.0},
    {"max_concurrency": 1},
    {"cache": False},
    {"max_credits": 10.0},
    {"refresh": True},
]

# How a hosted component works, with what it promises about privacy.
HOSTED_WORK: dict[str, Any] = {"refresh": True, "retry_failed": True, "usage": True, "cancel_remote": True}
PRIVACY: dict[str, Any] = {"delete_after": True, "upload_expires_in": 3600.0}


def made(component: type[Any], rules: list[Rule], **options: Any) -> Any:
    return component(**{"rules": rules, "backend": "local", **options})


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(f"{name}" for name in change))
def test_the_dictionary_tells_whatever_changes_the_output(
    component: type[Any], change: dict[str, Any], rules: list[Rule]
) -> None:
    assert made(component, **{"rules": rules, **change}).to_dict() != made(component, rules).to_dict()


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("option", OPERATIONAL, ids=lambda option: next(iter(option)))
def test_the_dictionary_leaves_out_how_the_work_is_done(
    component: type[Any], option: dict[str, Any], rules: list[Rule]
) -> None:
    assert made(component, rules, **option).to_dict() == made(component, rules).to_dict()
    assert option.keys().isdisjoint(made(component, rules, **option).to_dict())


def test_the_plan_is_not_in_the_dictionary(rules: list[Rule]) -> None:
    options: dict[str, Any] = {"backend": "hosted", "api_key": KEY}
    planned = made(ClassifyTransform, rules, **options, plan=RateLimits(creates_per_second=7))
    assert planned.to_dict() == made(ClassifyTransform, rules, **options).to_dict()


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_dictionary_of_a_hosted_component_holds_what_it_promises_about_privacy_and_no_more(
    component: type[Any], rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    made_so = made(component, rules, backend="hosted", **HOSTED_WORK, **PRIVACY)
    assert {name: value for name, value in made_so.to_dict().items() if name in PRIVACY} == PRIVACY
    assert HOSTED_WORK.keys().isdisjoint(made_so.to_dict())
    assert made_so == made(component, rules, backend="hosted", **PRIVACY)
    assert made_so != made(component, rules, backend="hosted", **HOSTED_WORK)
    rebuilt = component.from_dict(made_so.to_dict(), **HOSTED_WORK)
    assert options_of(rebuilt) == HOSTED_WORK | PRIVACY
    assert options_of(component.from_json(made_so.to_json())) == dict.fromkeys(HOSTED_WORK, False) | PRIVACY


@pytest.mark.parametrize("component", COMPONENTS)
def test_pickled_a_hosted_component_works_as_before(
    component: type[Any], rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    original = made(component, rules, backend="hosted", **HOSTED_WORK, **PRIVACY)
    restored = pickle.loads(pickle.dumps(original))
    assert restored == original
    assert options_of(restored) == HOSTED_WORK | PRIVACY


def options_of(component: Any) -> dict[str, Any]:
    """As fields; the classifier, which is made of them, has the same."""
    names = (HOSTED_WORK | PRIVACY).keys()
    told = {name: getattr(component, name) for name in names}
    arguments = component.classifier.arguments()
    assert {name: arguments.get(name, False) for name in names} == told
    return told


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(f"{name}" for name in change))
def test_a_component_survives_its_dictionary_and_its_json(
    component: type[Any], change: dict[str, Any], rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    objects = {name: value for name, value in change.items() if callable(value) or isinstance(value, ScriptedBackend)}
    original = made(component, **{"rules": rules, **change})
    assert component.from_dict(original.to_dict(), **objects) == original
    assert component.from_json(original.to_json(), **objects) == original
    assert component.from_dict(json.loads(original.json()), **objects) == original
    assert component.from_dict(original.dict(), **objects) == original


@pytest.mark.parametrize("component", COMPONENTS)
def test_from_dict_leaves_the_dictionary_as_it_is(component: type[Any], rules: list[Rule]) -> None:
    data = made(component, rules).to_dict()
    before = json.dumps(data)
    component.from_dict(data, min_confidence=0.5)
    assert json.dumps(data) == before


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("given", [{"backend": ScriptedBackend()}, {"group_by": len}], ids=["backend", "group_by"])
def test_an_object_that_cannot_be_made_again_is_asked_for(
    component: type[Any], given: dict[str, Any], rules: list[Rule]
) -> None:
    [name] = given
    with pytest.raises(InvalidOptionError, match=rf"from_dict\(data, {name}=\.\.\.\)"):
        component.from_dict(made(component, rules, **given).to_dict())


def test_a_wrapped_reader_is_told_by_name_only_and_asked_for(rules: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    reader = made(ClassifyReader, rules, reader=SimpleDirectoryReader(tmp_path))
    assert reader.to_dict()["reader"] == {"name": "SimpleDirectoryReader"}
    with pytest.raises(InvalidOptionError, match="reader="):
        ClassifyReader.from_dict(reader.to_dict())
    assert ClassifyReader.from_dict(reader.to_dict(), reader=SimpleDirectoryReader(tmp_path)) == reader


def test_a_hosted_backend_of_the_users_own_tells_its_address(rules: list[Rule]) -> None:
    us, eu = (
        ClassifyTransform(rules, backend=HostedBackend(api_key=KEY, base_url=region)).to_dict()
        for region in ("us", "eu")
    )
    assert us != eu
    assert KEY not in json.dumps([us, eu])


@pytest.mark.parametrize("component", COMPONENTS)
def test_types_given_in_any_order_make_the_same_dictionary(component: type[Any], rules: list[Rule]) -> None:
    one = made(component, rules, keep_types={"invoice", "recipe", "uncategorized"})
    other = made(component, rules, keep_types=["uncategorized", "recipe", "invoice", "recipe"])
    assert one.to_dict() == other.to_dict()


PROGRAM = """
from llama_index_classify import ClassifyTransform
print(ClassifyTransform(
    [{"type": name, "description": "a document with a total amount"} for name in ("invoice", "a", "b", "c")],
    backend="local", keep_types={"invoice", "uncategorized", "a", "b", "c"}, prefix="kind_",
    group_by=lambda node: node.metadata.get("case") in {"x", "y", "z"},
).to_json())
"""


def test_the_dictionary_is_the_same_in_every_process() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1


def in_case(case: str, node: Any) -> bool:
    return bool(node.metadata.get("case") == case)


def case_is(case: str) -> Any:
    return lambda node: node.metadata.get("case") == case


class ByKey:
    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self, node: Any) -> Any:
        return node.metadata.get(self.key)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (partial(in_case, "x"), partial(in_case, "y")),
        (partial(in_case, "x"), partial(case_is, "x")),
        (case_is("x"), case_is("y")),
        (ByKey("x"), ByKey("y")),
        (lambda node: node.metadata["x"], lambda node: node.metadata["y"]),
        (lambda node, key="x": node.metadata[key], lambda node, key="y": node.metadata[key]),
        (str, repr),
        ("x", "y"),
    ],
    ids=["partial-argument", "partial-function", "closure", "instance", "lambda", "default", "builtin", "key"],
)
def test_two_different_group_by_make_two_dictionaries(one: Any, other: Any, rules: list[Rule]) -> None:
    dictionaries = [made(ClassifyTransform, rules, group_by=group_by).to_dict() for group_by in (one, other)]
    assert dictionaries[0] != dictionaries[1]


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_key_is_nowhere_but_in_the_classifier(component: type[Any], rules: list[Rule]) -> None:
    hosted = component(rules=rules, backend="hosted", api_key=KEY)
    shown = [repr(hosted), str(hosted), hosted.to_json(), hosted.json(), repr(hosted.to_dict()), repr(hosted.dict())]
    shown += [repr(hosted.model_dump()), hosted.model_dump_json(), repr(vars(hosted)), repr(hosted.__getstate__())]
    assert not [text for text in shown if KEY in text]
    assert KEY.encode() not in pickle.dumps(hosted)


@pytest.mark.parametrize("component", COMPONENTS)
def test_pickling_keeps_every_field(component: type[Any], rules: list[Rule]) -> None:
    original = made(
        component,
        rules,
        prefix="kind_",
        min_confidence=0.25,
        timeout=7.0,
        max_concurrency=2,
        cache=False,
        on_failure="skip",
        overwrite=True,
        keep_types=["invoice"],
        group_by=in_any_case,
    )
    restored = pickle.loads(pickle.dumps(original))
    assert restored == original
    fields = [name for name in type(original).model_fields if name != "callback_manager"]
    assert [getattr(restored, name) for name in fields] == [getattr(original, name) for name in fields]
    assert isinstance(restored.classifier, Classifier)
    assert restored.classifier.rules_id == original.classifier.rules_id


def in_any_case(node: Any) -> str:
    return "one"


def test_pickling_says_nothing_to_the_root_logger(rules: list[Rule], caplog: pytest.LogCaptureFixture) -> None:
    restored = pickle.loads(pickle.dumps(ClassifyPostprocessor(rules, backend="local")))
    assert isinstance(restored.callback_manager, CallbackManager)
    assert not caplog.records


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_restored_local_component_still_works(component: type[Any], rules: list[Rule], tmp_path: Path) -> None:
    restored = pickle.loads(pickle.dumps(component(rules=rules)))
    assert restored.backend == "local"
    assert restored.classifier.classify("invoice number, line items, total amount due").type == "invoice"


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_hosted_component_without_a_key_never_turns_local(
    component: type[Any], rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    automatic = component(rules=rules)
    pickled, data = pickle.dumps(automatic), automatic.to_dict()
    monkeypatch.delenv("LLAMA_CLOUD_API_KEY")
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        pickle.loads(pickled)
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        component.from_dict(data)
    assert component.from_dict(data, api_key=KEY).backend == "hosted"


def test_components_of_two_classes_are_never_equal(rules: list[Rule]) -> None:
    transform = made(ClassifyTransform, rules)
    assert transform != made(ClassifyPostprocessor, rules)
    assert transform != transform.to_dict()
    assert transform == made(ClassifyTransform, rules)


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_field_of_the_classifier_is_known_to_change_the_output_or_not(component: type[Any]) -> None:
    operational = {"timeout", "max_concurrency", "max_credits", "plan", "cache"}
    operational |= {"refresh", "retry_failed", "usage", "cancel_remote"}
    excluded = {name for name, field in component.model_fields.items() if field.exclude}
    assert excluded - {"callback_manager"} == operational
    assert ClassifierFields.model_fields.keys() <= component.model_fields.keys()


def test_a_document_is_labelled_alike_by_a_component_and_its_double(rules: list[Rule]) -> None:
    transform = made(ClassifyTransform, rules, prefix="kind_", min_confidence=0.9)
    double = ClassifyTransform.from_json(transform.to_json())
    document = Document(text="Invoice number 7, total amount due 20 EUR")
    assert double([document]) == transform([document])
