"""What each LangChain component promises, in the manner of LangChain's standard suites.

A test module states a component in a subclass named `Test...`:

    class TestClassifyRunnable(DumpableSuite):
        component = ClassifyRunnable

        def apply(self, component: Any, text: str) -> Any:
            return component.invoke(text)

A component whose constructor wants more than rules overrides `make`.
"""

from __future__ import annotations

import copy
import json
import logging
import pickle
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from langchain_core.load import dumpd, dumps

from classify_core import AuthenticationError, Classifier, ClassifyError, InvalidOptionError, Rule
from tests.backends import ScriptedBackend
from tests.langchain.helpers import INVOICE_TEXT, SECRET_WORDS, fails_on, reloaded

if TYPE_CHECKING:
    from tests.service import ClassifyService

KEY = "llx-a-key-that-nobody-may-see"
KEY_VARIABLE = "LLAMA_CLOUD_API_KEY"
WAYS_OF_A_KEY = ("argument", "environment", "classifier")


class TellingBackend(ScriptedBackend):
    """A user's own backend whose repr tells its key."""

    def __repr__(self) -> str:
        return f"TellingBackend({KEY})"


class Suite(ABC):
    """What a suite is told of a component.

    Attributes:
        component: the class.
        failing: arguments with which a document's failure is raised.
    """

    component: ClassVar[Any]
    failing: ClassVar[dict[str, Any]] = {"on_failure": "raise"}

    def make(self, rules: list[Rule] | None = None, **arguments: Any) -> Any:
        """A component of these arguments, which are those of a `Classifier`, or `classifier=`, and its own."""
        return self.component(rules, **arguments)

    @abstractmethod
    def apply(self, component: Any, text: str) -> Any:
        """What the component makes of a document with this text, as a value that can be compared."""


class ComponentSuite(Suite):
    """For every component: its arguments, its secrets, its copies and pickles."""

    def made_hosted(self, way: str, rules: list[Rule], monkeypatch: pytest.MonkeyPatch) -> Any:
        """A hosted component that was given its key in one of the `WAYS_OF_A_KEY`."""
        if way == "argument":
            return self.make(rules, api_key=KEY)
        if way == "classifier":
            return self.make(classifier=Classifier(rules, api_key=KEY))
        monkeypatch.setenv(KEY_VARIABLE, KEY)
        made = self.make(rules)
        monkeypatch.delenv(KEY_VARIABLE)
        return made

    def test_a_misspelt_argument_is_refused_and_its_value_not_shown(self, rules: list[Rule]) -> None:
        with pytest.raises((ValueError, TypeError)) as caught:
            self.make(rules, backend="local", api_kee=KEY)
        assert "api_kee" in str(caught.value)
        assert KEY not in str(caught.value)
        with pytest.raises((ValueError, TypeError), match=r"\brule\b"):  # and not that there are no rules
            self.make(rule=rules, backend="local")

    @pytest.mark.parametrize("argument", [{"min_confidence": 0.5}, {"api_key": KEY}, {"backend": "local"}])
    def test_a_classifier_beside_its_own_arguments_is_refused(self, argument: Any, rules: list[Rule]) -> None:
        classifier = Classifier(rules, backend="local")
        [name] = argument
        with pytest.raises(InvalidOptionError, match=name) as caught:
            self.make(classifier=classifier, **argument)
        assert KEY not in str(caught.value)

    def test_a_given_classifier_is_shared(self, rules: list[Rule]) -> None:
        classifier = Classifier(rules, backend=ScriptedBackend())
        made = self.make(classifier=classifier)
        assert made.classifier is classifier
        self.apply(made, INVOICE_TEXT)
        assert classifier.usage.documents == 1

    def test_a_copy_shares_the_classifier_and_does_the_same(self, rules: list[Rule]) -> None:
        made = self.make(rules, backend="local")
        for copied in (copy.copy(made), copy.deepcopy(made)):
            assert copied is not made
            assert copied.classifier is made.classifier
            assert self.apply(copied, INVOICE_TEXT) == self.apply(made, INVOICE_TEXT)

    def test_unpickled_it_does_the_same(self, rules: list[Rule]) -> None:
        made = self.make(rules, backend="local", min_confidence=0.1)
        again = pickle.loads(pickle.dumps(made))
        assert again.classifier is not made.classifier
        assert again.classifier.rules_id == made.classifier.rules_id
        assert self.apply(again, INVOICE_TEXT) == self.apply(made, INVOICE_TEXT)

    @pytest.mark.parametrize("way", WAYS_OF_A_KEY)
    def test_a_pickle_has_no_key_and_finds_it_again_in_the_environment(
        self, way: str, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pickled = pickle.dumps(self.made_hosted(way, rules, monkeypatch))
        assert KEY.encode() not in pickled
        with pytest.raises(AuthenticationError, match=KEY_VARIABLE):
            pickle.loads(pickled)
        monkeypatch.setenv(KEY_VARIABLE, KEY)
        assert pickle.loads(pickled).classifier.backend.name == "hosted"

    @pytest.mark.parametrize("way", WAYS_OF_A_KEY)
    def test_no_text_of_it_shows_the_key(self, way: str, rules: list[Rule], monkeypatch: pytest.MonkeyPatch) -> None:
        made = self.made_hosted(way, rules, monkeypatch)
        assert KEY not in f"{made!r} {made} {vars(made)!r} {dumps(made)} {dumpd(made)}"

    def test_a_backend_of_your_own_is_shown_and_dumped_by_its_name_at_most(self, rules: list[Rule]) -> None:
        made = self.make(rules, backend=TellingBackend())
        assert KEY not in f"{made!r} {made} {dumps(made)}"

    def test_a_failure_tells_neither_text_nor_key(
        self, rules: list[Rule], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        made = self.make(rules, backend=fails_on("invoice"), **self.failing)
        with pytest.raises(ClassifyError, match="no invoice here") as caught:
            self.apply(made, INVOICE_TEXT)
        printed = capfd.readouterr()
        assert SECRET_WORDS not in f"{caught.value} {caught.value!r} {caplog.text} {printed.out} {printed.err}"

    def test_hosted_it_tells_neither_text_nor_key(
        self,
        rules: list[Rule],
        service: ClassifyService,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        caplog.set_level(logging.DEBUG)
        made = self.make(rules, api_key=service.api_key, base_url=service.base_url, timeout=20.0)
        with made.classifier:
            self.apply(made, INVOICE_TEXT)
        assert service.jobs
        printed = capfd.readouterr()
        told = f"{made!r} {caplog.text} {printed.out} {printed.err}"
        assert service.api_key not in told
        assert SECRET_WORDS not in told


class DumpableSuite(ComponentSuite):
    """For components that LangChain's `dumps` and `loads` carry."""

    def test_dumped_and_loaded_it_does_the_same(self, rules: list[Rule]) -> None:
        made = self.make(rules, backend="local", min_confidence=0.1, timeout=7.0)
        again = reloaded(made)
        assert type(again) is type(made)
        assert repr(again) == repr(made)
        assert again.classifier.arguments() == made.classifier.arguments()
        assert self.apply(again, INVOICE_TEXT) == self.apply(made, INVOICE_TEXT)

    def test_its_dumped_form_is_json_data_under_its_public_module(self, rules: list[Rule]) -> None:
        dumped = json.loads(dumps(self.make(rules, backend="local")))
        assert dumped["type"] == "constructor"
        assert dumped["id"] == [*self.component.__module__.split("."), self.component.__name__]
        assert "not_implemented" not in json.dumps(dumped)

    @pytest.mark.parametrize("way", WAYS_OF_A_KEY)
    def test_a_key_is_dumped_by_its_name_only(
        self, way: str, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = self.made_hosted(way, rules, monkeypatch)
        kwargs = dumpd(made)["kwargs"]
        assert kwargs["api_key"] == {"lc": 1, "type": "secret", "id": [KEY_VARIABLE]}
        assert kwargs["backend"] == "hosted"
        assert KEY not in dumps(made)

    @pytest.mark.parametrize("way", WAYS_OF_A_KEY)
    def test_loaded_hosted_it_stays_hosted_or_names_the_missing_key(
        self, way: str, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = self.made_hosted(way, rules, monkeypatch)
        with pytest.raises(AuthenticationError, match=KEY_VARIABLE):
            reloaded(made)
        assert reloaded(made, secrets_map={KEY_VARIABLE: KEY}).backend == "hosted"
        monkeypatch.setenv(KEY_VARIABLE, KEY)
        assert reloaded(made).backend == "hosted"

    def test_with_a_backend_of_your_own_it_is_dumped_as_not_implemented(self, rules: list[Rule]) -> None:
        made = self.make(rules, backend=ScriptedBackend())
        assert json.loads(dumps(made))["type"] == "not_implemented"
        with pytest.raises(NotImplementedError):
            reloaded(made)
