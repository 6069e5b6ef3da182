"""Components configured at run time: what did not change is kept, the classifier or at least its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.runnables import ConfigurableField
from pydantic import SecretStr

from classify_core import AuthenticationError, Classifier, Rule
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable, ClassifyTool
from tests.backends import ScriptedBackend

if TYPE_CHECKING:
    from tests.service import ClassifyService

KEY = "llx-a-key-that-nobody-may-see"
OPTIONS: dict[str, Any] = {
    "refresh": True,
    "retry_failed": True,
    "usage": True,
    "delete_after": True,
    "cancel_remote": True,
    "upload_expires_in": 3600.0,
}
every_component = pytest.mark.parametrize("component", [ClassifyRunnable, ClassifyDocumentTransformer, ClassifyTool])


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
    prepared = [configurable.prepare({"configurable": {"overwrite": True}})[0] for _ in range(2)]
    assert prepared[0].classifier is prepared[1].classifier is configurable.default.classifier
    assert prepared[0].overwrite is True


def test_a_field_configured_for_one_call_keeps_key_and_connections(rules: list[Rule], service: ClassifyService) -> None:
    classifier = Classifier(rules, api_key=service.api_key, base_url=service.base_url)
    base = ClassifyRunnable(classifier=classifier)
    configurable = base.configurable_fields(min_confidence=ConfigurableField(id="min_confidence"))
    assert configurable.invoke("an invoice", {"configurable": {"min_confidence": 0.1}}).type == "invoice"
    prepared, _ = configurable.prepare({"configurable": {"min_confidence": 0.2}})
    assert prepared.classifier.backend is classifier.backend
    assert prepared.min_confidence == 0.2
    classifier.close()


def test_a_key_configured_for_one_call_is_used(rules: list[Rule], service: ClassifyService) -> None:
    base = ClassifyRunnable(rules, api_key="llx-not-the-right-one-01", base_url=service.base_url)
    configurable = base.configurable_fields(api_key=ConfigurableField(id="key"))
    prepared, _ = configurable.prepare({"configurable": {"key": service.api_key}})
    with base.classifier, prepared.classifier:
        with pytest.raises(AuthenticationError):
            base.invoke("an invoice")
        assert prepared.invoke("an invoice").type == "invoice"


def test_configuring_a_saved_configuration_supersedes_the_rules(rules: list[Rule]) -> None:
    base = ClassifyRunnable(rules, api_key=KEY)
    configurable = base.configurable_fields(configuration_id=ConfigurableField(id="saved"))
    prepared, _ = configurable.prepare({"configurable": {"saved": "cfg-1"}})
    assert (prepared.configuration_id, prepared.rules) == ("cfg-1", None)
