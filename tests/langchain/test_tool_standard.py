"""LangChain's own suites for tools, local and against a hosted service on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from langchain_classify import ClassifyTool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from classify_core.testing.server import ClassifyServer

KEY = "llx-a-key-of-the-standard-tests"
INVOICE = "Invoice number 7: line items, total amount due 20 EUR"
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
        return {"rules": RULES, "backend": "local", "documents": {"acme.txt": INVOICE}}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"document": "acme.txt"}


class TestLocalUnit(_Local, ToolsUnitTests):
    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"LLAMA_CLOUD_API_KEY": KEY}, {"rules": RULES}, {"api_key": KEY, "backend": "hosted"}


class TestLocalIntegration(_Local, ToolsIntegrationTests):
    pass


class _WithFiles(_Local):
    """The same with a folder, whose file is named."""

    @pytest.fixture(autouse=True)
    def _inbox(self, tmp_path: Path) -> None:
        self.inbox = tmp_path
        (tmp_path / "acme.txt").write_text(INVOICE)

    @pytest.fixture
    def tool(self, _inbox: None) -> ClassifyTool:
        return ClassifyTool(RULES, backend="local", root=self.inbox)


class TestFilesUnit(_WithFiles, ToolsUnitTests):
    pass


class TestFilesIntegration(_WithFiles, ToolsIntegrationTests):
    pass


class _Hosted:
    """Against `classify serve` itself, on loopback."""

    @pytest.fixture(autouse=True)
    def _served(self, classify_server: ClassifyServer) -> Iterator[None]:
        self.server = classify_server
        self.hosted = ClassifyTool(
            RULES,
            api_key=classify_server.api_key,
            base_url=classify_server.base_url,
            documents={"acme.txt": INVOICE},
        )
        with self.hosted.classifier:
            yield
        self.check_what_was_sent()

    def check_what_was_sent(self) -> None:
        """Nothing, where a tool is only looked at."""
        assert self.server.requests.count("POST /api/v2/classify") == 0

    @pytest.fixture
    def tool(self, _served: None) -> ClassifyTool:
        return self.hosted

    @property
    def tool_constructor(self) -> ClassifyTool:
        return self.hosted

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"document": "acme.txt"}


class TestHostedUnit(_Hosted, ToolsUnitTests):
    pass


class TestHostedIntegration(_Hosted, ToolsIntegrationTests):
    def check_what_was_sent(self) -> None:
        """One job, whichever way the tool was invoked; one of the suite's tests invokes nothing."""
        jobs = self.server.requests.count("POST /api/v2/classify")
        assert jobs == (0 if self.test_name.startswith("test_no_overrides") else 1)

    @pytest.fixture(autouse=True)
    def _named(self, request: pytest.FixtureRequest) -> None:
        self.test_name = request.node.name
