"""What holds for all three components beyond the suite: serialisation, pickling, configuration at run time."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from langchain_core._api.beta_decorator import LangChainBetaWarning
from langchain_core.load import dumps, load
from langchain_core.runnables import RunnableBinding
from pydantic import SecretStr

from classify_core import (
    AuthenticationError,
    Classifier,
    FileCache,
    InvalidOptionError,
    MetadataSchema,
    ParsingConfiguration,
    RateLimits,
    Rule,
)
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable, ClassifyTool
from tests.backends import ScriptedBackend
from tests.langchain.helpers import TAKES_ALLOWED_OBJECTS, reloaded
from tests.langchain.suites.component import DumpableSuite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.service import ClassifyService

KEY = "llx-a-key-that-nobody-may-see"
COMPONENTS = [ClassifyRunnable, ClassifyDocumentTransformer, ClassifyTool]
every_component = pytest.mark.parametrize("component", COMPONENTS)


OPTIONS: dict[str, Any] = {
    "refresh": True,
    "retry_failed": True,
    "usage": True,
    "delete_after": True,
    "cancel_remote": True,
    "upload_expires_in": 3600.0,
}


def options_of(component: Any) -> dict[str, Any]:
    """As fields; the classifier, which is made of them, has the same."""
    told = {name: getattr(component, name) for name in OPTIONS}
    arguments = component.classifier.arguments()
    assert {name: arguments.get(name, False) for name in OPTIONS} == told
    return told


class TestTool(DumpableSuite):
    component = ClassifyTool

    def apply(self, component: Any, text: str) -> Any:
        return component.invoke({"text": text})


def fields_of(component: Any) -> dict[str, Any]:
    """What the framework passes back to the constructor when it rebuilds a component."""
    return {name: component.__dict__[name] for name in type(component).model_fields}


@every_component
def test_a_given_classifier_is_shared_and_mirrored_in_the_fields(component: Any, rules: list[Rule]) -> None:
    classifier = Classifier(rules, backend="local", min_confidence=0.25, max_concurrency=3)
    made = component(classifier=classifier)
    assert made.classifier is classifier
    assert (made.rules, made.backend, made.min_confidence, made.max_concurrency) == (rules, "local", 0.25, 3)


@every_component
def test_it_survives_dumping_and_loading(component: Any, rules: list[Rule]) -> None:
    made = component(
        rules,
        backend="local",
        parsing=ParsingConfiguration(max_pages=2),
        metadata_schema=MetadataSchema(prefix="kind_", reasoning_length=20),
        min_confidence=0.0,
        cache=False,
        timeout=7.0,
        max_concurrency=2,
    )
    again = reloaded(made)
    assert isinstance(again, component)
    assert {name: value for name, value in fields_of(again).items() if name != "origin"} == {
        name: value for name, value in fields_of(made).items() if name != "origin"
    }
    assert again.classifier.rules_id == made.classifier.rules_id


@every_component
def test_its_dumped_form_is_json_data_under_a_stable_public_module(component: Any, rules: list[Rule]) -> None:
    dumped = json.loads(dumps(component(rules, backend="local")))
    module = {
        ClassifyRunnable: "runnable",
        ClassifyDocumentTransformer: "transformer",
        ClassifyTool: "tool",
    }[component]
    assert dumped["type"] == "constructor"
    assert dumped["id"] == ["langchain_classify", module, component.__name__]
    assert dumped["kwargs"]["rules"] == [rule.model_dump() for rule in rules]
    assert dumped["kwargs"]["backend"] == "local"
    assert "not_implemented" not in json.dumps(dumped)


OLD_DUMP: dict[str, Any] = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain_classify", "runnable", "ClassifyRunnable"],
    "kwargs": {
        "rules": [{"type": "invoice", "description": "A bill with an invoice number, line items, tax."}],
        "backend": "local",
        "min_confidence": 0.25,
        "timeout": 7.0,
        "cache": True,
        "metadata_schema": {"prefix": "kind_"},
        "on_failure": "annotate",
    },
    "name": "ClassifyRunnable",
}
OLD_BINDING: dict[str, Any] = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "schema", "runnable", "RunnableBinding"],
    "kwargs": {"bound": OLD_DUMP, "kwargs": {}, "config": {"run_name": "what is it"}, "config_factories": []},
}


@pytest.mark.parametrize("dumped", [OLD_DUMP, OLD_BINDING], ids=["runnable", "binding"])
def test_what_an_earlier_version_dumped_is_still_loaded(dumped: dict[str, Any]) -> None:
    allowed = {"allowed_objects": [ClassifyRunnable, RunnableBinding]} if TAKES_ALLOWED_OBJECTS else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LangChainBetaWarning)
        made = load(dumped, valid_namespaces=["langchain_classify"], **allowed)
    runnable = made if dumped is OLD_DUMP else made.bound
    assert (runnable.min_confidence, runnable.on_failure) == (0.25, "annotate")
    assert runnable.metadata_schema == MetadataSchema(prefix="kind_")
    assert made.invoke("a bill with an invoice number").type == "invoice"


@every_component
def test_a_hosted_one_survives_with_all_that_the_service_is_asked_by(
    component: Any, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    given = {
        "base_url": "eu",
        "project_id": "p-1",
        "organization_id": "o-1",
        "plan": RateLimits(concurrent_jobs=2),
        "parsing": ParsingConfiguration(max_pages=2, lang="de"),
        "max_credits": 10.0,
        "max_concurrency": 3,
        "prefix": "kind_",
        **OPTIONS,
    }
    made = component(rules, **given)
    for again in (reloaded(made), reloaded(component(classifier=made.classifier, prefix="kind_"))):
        assert again.classifier.arguments() == made.classifier.arguments()
        assert again.metadata_schema == made.metadata_schema
        assert KEY not in f"{again!r}{dumps(again)}"


@every_component
def test_a_saved_configuration_is_dumped_by_its_id(component: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    again = reloaded(component(configuration_id="cfg-1"))
    assert (again.configuration_id, again.rules) == ("cfg-1", None)


@every_component
def test_the_namespace_and_the_class_both_have_to_be_allowed(component: Any, rules: list[Rule]) -> None:
    made = component(rules, backend="local")
    if TAKES_ALLOWED_OBJECTS:
        with pytest.raises(ValueError, match="not allowed"):
            reloaded(made, allowed_objects="core")
    with pytest.raises(ValueError, match="Invalid namespace"):
        reloaded(made, valid_namespaces=[])


@every_component
def test_how_a_hosted_component_works_survives_every_way_of_making_it_again(
    component: Any, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    made = component(rules, backend="hosted", **OPTIONS)
    shared = component(classifier=Classifier(rules, backend="hosted", **OPTIONS))
    again = component(**fields_of(made))
    for one in (made, shared, reloaded(made), pickle.loads(pickle.dumps(made)), copy.deepcopy(made), again):
        assert options_of(one) == OPTIONS
    assert again.classifier is made.classifier


@every_component
def test_loaded_hosted_it_stays_hosted_with_a_key_from_the_map_or_the_environment(
    component: Any, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = component(rules, api_key=KEY, base_url="eu", project_id="p-1", plan=RateLimits(concurrent_jobs=2))
    mapped = reloaded(made, secrets_map={"LLAMA_CLOUD_API_KEY": KEY})
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    found = reloaded(made)
    for again in (mapped, found):
        assert again.backend == "hosted"
        assert (again.base_url, again.project_id, again.plan) == (made.base_url, "p-1", made.plan)
        assert again.api_key == SecretStr(KEY)


@every_component
def test_dumped_local_it_stays_local_where_there_is_a_key(
    component: Any, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = component(rules)
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    assert reloaded(made).backend == "local"
    assert "secret" not in dumps(made)


class TellingBackend(ScriptedBackend):
    def __repr__(self) -> str:
        return f"TellingBackend({KEY})"


@every_component
def test_what_cannot_be_rebuilt_is_dumped_as_not_implemented_without_its_repr(
    component: Any, rules: list[Rule], tmp_path: Path
) -> None:
    own_backend = component(rules, backend=TellingBackend())
    own_cache = component(rules, backend="local", cache=FileCache(tmp_path / "cache.db"))
    for made in (own_backend, own_cache):
        assert json.loads(dumps(made))["type"] == "not_implemented"
        with pytest.raises(NotImplementedError):
            reloaded(made)
    assert KEY not in dumps(own_backend)
    assert "backend='scripted'" in repr(own_backend)


@every_component
async def test_an_http_client_is_kept_but_never_dumped_shown_or_pickled(component: Any, rules: list[Rule]) -> None:
    async with httpx.AsyncClient(headers={"x-proxy-token": KEY}) as client:
        made = component(rules, api_key=KEY, http_client=client)
        assert made.http_client is client
        assert "http_client" not in dumps(made) + repr(made)
        with pytest.raises(InvalidOptionError, match="http_client"):
            pickle.dumps(made)


@every_component
def test_a_pickle_drops_the_key_and_keeps_the_rest(
    component: Any, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = component(rules, api_key=KEY, on_failure="annotate", prefix="kind_")
    pickled = pickle.dumps(made)
    assert KEY.encode() not in pickled
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        pickle.loads(pickled)
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    assert repr(pickle.loads(pickled)) == repr(made)


def test_an_unpickled_runnable_classifies_with_the_key_of_its_environment(
    rules: list[Rule], service: ClassifyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = pickle.dumps(ClassifyRunnable(rules, api_key=KEY, base_url=service.base_url))
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", service.api_key)
    again = pickle.loads(pickled)
    with again.classifier:
        assert again.invoke("an invoice").type == "invoice"


@every_component
def test_a_cache_file_is_dumped_by_its_path(component: Any, rules: list[Rule], tmp_path: Path) -> None:
    again = reloaded(component(rules, backend="local", cache=tmp_path / "cache.db"))
    assert again.cache == str(tmp_path / "cache.db")


@every_component
def test_all_fields_of_a_component_made_of_a_classifier_rebuild_an_equal_one(component: Any, rules: list[Rule]) -> None:
    made = component(classifier=Classifier(rules, api_key=KEY, min_confidence=0.5, on_error="record"))
    again = component(**fields_of(made))
    assert again.classifier is made.classifier
    assert repr(again) == repr(made)


@every_component
def test_mirrored_fields_alone_rebuild_an_equal_component(component: Any, rules: list[Rule]) -> None:
    made = component(classifier=Classifier(rules, backend="local", min_confidence=0.5))
    again = component(**{name: value for name, value in fields_of(made).items() if name != "origin"})
    assert repr(again) == repr(made)
    assert again.classifier.rules_id == made.classifier.rules_id
