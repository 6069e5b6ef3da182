"""`ClassifyRunnable`, and what LangChain makes of it, keep what every component and every Runnable promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import ConfigurableField

from langchain_classify import ClassifyRunnable
from tests.langchain.suites.component import DumpableSuite
from tests.langchain.suites.runnable import RunnableSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from classify_core import Rule

DERIVED: dict[str, Callable[[ClassifyRunnable], Any]] = {
    "with_retry": lambda made: made.with_retry(),
    "with_fallbacks": lambda made: made.with_fallbacks([made]),
    "with_config": lambda made: made.with_config(tags=["of the binding"]).with_config(tags=[]),
    "bind": lambda made: made.bind(),
    "with_types": lambda made: made.with_types(input_type=Document),
    "with_listeners": lambda made: made.with_listeners(on_start=lambda run: None),
    "configurable_fields": lambda made: made.configurable_fields(min_confidence=ConfigurableField(id="least")),
    "configurable_alternatives": lambda made: made.configurable_alternatives(ConfigurableField(id="who"), other=made),
    "retry, then fallbacks": lambda made: made.with_retry().with_fallbacks([made.with_retry()]),
    "config, then fallbacks": lambda made: made.with_config().with_fallbacks([made]),
    "configurable, then retry": lambda made: made.configurable_fields(
        min_confidence=ConfigurableField(id="least")
    ).with_retry(),
    "configured, then fallbacks": lambda made: (
        made.configurable_fields(min_confidence=ConfigurableField(id="least"))
        .with_config(configurable={"least": 0.01})
        .with_fallbacks([made])
    ),
}


class OfDocuments(RunnableSuite):
    component = ClassifyRunnable

    def input_of(self, text: str) -> Any:
        return Document(page_content=text, metadata={"source": "mail.txt"}, id="7")


class TestClassifyRunnable(OfDocuments, DumpableSuite):
    pass


class TestWhatLangChainMakesOfIt(OfDocuments):
    @pytest.fixture(autouse=True, params=DERIVED)
    def _way(self, request: pytest.FixtureRequest) -> None:
        self.derive = DERIVED[request.param]

    def make(self, rules: list[Rule] | None = None, **arguments: Any) -> Any:
        return self.derive(super().make(rules, **arguments))


class TestMap(RunnableSuite):
    component = ClassifyRunnable

    def make(self, rules: list[Rule] | None = None, **arguments: Any) -> Any:
        return super().make(rules, **arguments).map()

    def input_of(self, text: str) -> Any:
        return [Document(page_content=text, metadata={"source": "mail.txt"}, id="7"), text]
