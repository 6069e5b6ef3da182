"""LangChain's own suites for tools, local and against a hosted service on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from langchain_classify import ClassifyTool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.service import ClassifyService

KEY = "llx-a-key-of-the-standard-tests"
RULES = [
    {"type": "invoice", "description": "A bill with an invoice number, line items and the total amount due."},
    {"type": "recipe", "description": "A cooking recipe with ingredients, quantities and steps."},
]


class _Local:
    @property
    def tool_constructor(self) -> type[ClassifyTool]:
        return ClassifyTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        documents = {"acme.txt": "Invoice number 7: line items, total amount due 20 EUR"}
        return {"rules": RULES, "backend": "local", "documents": documents}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"document": "acme.txt"}


class TestLocalUnit(_Local, ToolsUnitTests):
    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"LLAMA_CLOUD_API_KEY": KEY}, {"rules": RULES}, {"api_key": KEY, "backend": "hosted"}


class TestLocalIntegration(_Local, ToolsIntegrationTests):
    pass


class TestHostedIntegration(ToolsIntegrationTests):
    @pytest.fixture(autouse=True)
    def _service(self, service: ClassifyService) -> Iterator[None]:
        self.hosted = ClassifyTool(
            RULES, api_key=service.api_key, base_url=service.base_url, documents={"acme.txt": "an invoice"}
        )
        with self.hosted.classifier:
            yield

    @pytest.fixture
    def tool(self, _service: None) -> ClassifyTool:
        return self.hosted

    @property
    def tool_constructor(self) -> ClassifyTool:
        return self.hosted

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"document": "acme.txt"}
