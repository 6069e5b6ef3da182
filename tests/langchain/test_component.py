"""What holds for all three components: arguments, secrets, serialisation, pickling, configuration at run time."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from langchain_core.load import dumpd, dumps
from langchain_core.runnables import ConfigurableField
from pydantic import SecretStr, ValidationError

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


def fields_of(component: Any) -> dict[str, Any]:
    """What the framework passes back to the constructor when it rebuilds a component."""
    return {name: component.__dict__[name] for name in type(component).model_fields}


@every_component
def test_a_misspelt_argument_is_refused_and_its_value_not_shown(component: Any, rules: list[Rule]) -> None:
    with pytest.raises(ValidationError) as caught:
        component(rules, backend="local", api_kee=KEY)
    assert "api_kee" in str(caught.value)
    assert KEY not in str(caught.value)


@every_component
def test_a_classifier_and_its_own_arguments_together_are_an_error(component: Any, rules: list[Rule]) -> None:
    classifier = Classifier(rules, backend="local")
    with pytest.raises(InvalidOptionError, match="min_confidence"):
        component(classifier=classifier, min_confidence=0.5)
    with pytest.raises(InvalidOptionError, match="api_key"):
        component(classifier=classifier, api_key=KEY)


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
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_the_hosted_backend_is_configured_for_one_call(
    component: Any, option: str, rules: list[Rule]
) -> None:
    base = component(rules, api_key=KEY)
    configurable = base.configurable_fields(**{option: ConfigurableField(id="option")})
    prepared, _ = configurable.prepare({"configurable": {"option": OPTIONS[option]}})
    assert getattr(prepared, option) == OPTIONS[option]
    assert prepared.classifier.arguments()[option] == OPTIONS[option]
    assert prepared.api_key == SecretStr(KEY)
    # What only the classifier does needs no other connections.
    assert (prepared.classifier.backend is base.classifier.backend) == (option == "refresh")


@every_component
@pytest.mark.parametrize("origin", ["argument", "environment", "classifier"])
def test_a_key_is_dumped_by_its_name_only(
    component: Any, origin: str, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    if origin == "argument":
        made = component(rules, api_key=KEY)
    elif origin == "environment":
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
        made = component(rules)
    else:
        made = component(classifier=Classifier(rules, api_key=KEY))
    kwargs = dumpd(made)["kwargs"]
    assert kwargs["api_key"] == {"lc": 1, "type": "secret", "id": ["LLAMA_CLOUD_API_KEY"]}
    assert kwargs["backend"] == "hosted"
    assert KEY not in dumps(made)


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
def test_loaded_hosted_where_there_is_no_key_it_says_which_variable_and_never_turns_local(
    component: Any, rules: list[Rule]
) -> None:
    made = component(rules, api_key=KEY)
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        reloaded(made)


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
def test_neither_repr_nor_str_shows_the_key(component: Any, rules: list[Rule]) -> None:
    made = component(rules, api_key=KEY)
    assert KEY not in f"{made!r} {made} {made.origin!r}"


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
def test_copies_share_the_classifier(component: Any, rules: list[Rule]) -> None:
    made = component(rules, api_key=KEY)
    for copied in (copy.copy(made), copy.deepcopy(made), made.model_copy()):
        assert copied is not made
        assert copied.classifier is made.classifier


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


def test_rules_threshold_and_backend_can_be_configured_at_run_time(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    base = ClassifyRunnable(classifier=Classifier(rules, backend=backend))
    configurable = base.configurable_fields(
        rules=ConfigurableField(id="rules"),
        min_confidence=ConfigurableField(id="min_confidence"),
        backend=ConfigurableField(id="backend"),
        on_failure=ConfigurableField(id="on_failure"),
    )

    def run(**configured: Any) -> Any:
        return configurable.invoke("a letter, no invoice", {"configurable": configured})

    assert run().type == "invoice"
    assert run(min_confidence=0.95).status == "below_threshold"
    assert run(rules=[Rule(type="letter", description="A letter to a person.")]).type == "letter"
    assert run(rules=[{"type": "letter", "description": "A letter to a person."}]).type == "letter"
    assert run(backend="local").backend == "local/lexical"
    assert run(backend=ScriptedBackend(lambda text: None)).type == "invoice"


def test_a_field_that_is_not_the_classifiers_is_configured_without_a_new_classifier(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    configurable = ClassifyDocumentTransformer(rules, backend=backend).configurable_fields(
        overwrite=ConfigurableField(id="overwrite")
    )
    prepared = [configurable.prepare({"configurable": {"overwrite": True}})[0] for _ in range(2)]  # type: ignore[attr-defined]
    assert prepared[0].classifier is prepared[1].classifier is configurable.default.classifier  # type: ignore[attr-defined]
    assert prepared[0].overwrite is True


def test_a_field_configured_for_one_call_keeps_key_and_connections(rules: list[Rule], service: ClassifyService) -> None:
    classifier = Classifier(rules, api_key=service.api_key, base_url=service.base_url)
    base = ClassifyRunnable(classifier=classifier)
    configurable = base.configurable_fields(min_confidence=ConfigurableField(id="min_confidence"))
    assert configurable.invoke("an invoice", {"configurable": {"min_confidence": 0.1}}).type == "invoice"
    prepared, _ = configurable.prepare({"configurable": {"min_confidence": 0.2}})  # type: ignore[attr-defined]
    assert prepared.classifier.backend is classifier.backend
    assert prepared.min_confidence == 0.2
    classifier.close()


def test_a_key_configured_for_one_call_is_used(rules: list[Rule], service: ClassifyService) -> None:
    base = ClassifyRunnable(rules, api_key="llx-not-the-right-one-01", base_url=service.base_url)
    configurable = base.configurable_fields(api_key=ConfigurableField(id="key"))
    prepared, _ = configurable.prepare({"configurable": {"key": service.api_key}})  # type: ignore[attr-defined]
    with base.classifier, prepared.classifier:
        with pytest.raises(AuthenticationError):
            base.invoke("an invoice")
        assert prepared.invoke("an invoice").type == "invoice"


def test_configuring_a_saved_configuration_supersedes_the_rules(rules: list[Rule]) -> None:
    base = ClassifyRunnable(rules, api_key=KEY)
    configurable = base.configurable_fields(configuration_id=ConfigurableField(id="saved"))
    prepared, _ = configurable.prepare({"configurable": {"saved": "cfg-1"}})  # type: ignore[attr-defined]
    assert (prepared.configuration_id, prepared.rules) == ("cfg-1", None)
