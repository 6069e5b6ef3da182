"""`ClassifyDocumentTransformer` keeps what every component and every transformer promises, whatever is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document

from langchain_classify import ClassifyDocumentTransformer
from tests.backends import ScriptedBackend
from tests.langchain.suites.component import DumpableSuite
from tests.langchain.suites.transformer import TransformerSuite

if TYPE_CHECKING:
    from classify_core.testing.server import ClassifyServer


class TestComponent(DumpableSuite):
    component = ClassifyDocumentTransformer

    def apply(self, component: Any, text: str) -> Any:
        return component.invoke([Document(page_content=text)])


class TestLocal(TransformerSuite):
    @property
    def transformer_params(self) -> dict[str, Any]:
        return {"backend": "local"}


class TestHosted(TransformerSuite):
    @pytest.fixture(autouse=True)
    def _server(self, classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = classify_server
        # Where what was pickled finds the key again.
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", classify_server.api_key)

    @property
    def transformer_params(self) -> dict[str, Any]:
        return {"backend": "hosted", "api_key": self.server.api_key, "base_url": self.server.base_url}

    @property
    def secrets(self) -> list[str]:
        return [self.server.api_key]


class TestScripted(TransformerSuite):
    @property
    def transformer_params(self) -> dict[str, Any]:
        return {"backend": ScriptedBackend()}

    @property
    def can_be_pickled(self) -> bool:
        return False
