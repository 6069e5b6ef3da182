from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.schema import Document

from tests.llama_index.parts import CollectingSpanHandler

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def documents() -> list[Document]:
    return [
        Document(id_="bill", text="This invoice lists 20 line items. " * 40, metadata={"owner": "ann"}),
        Document(id_="cake", text="This recipe needs 3 eggs. " * 40),
        Document(id_="poem", text="The sea was calm that night. " * 40),
    ]


@pytest.fixture
def embedding() -> MockEmbedding:
    return MockEmbedding(embed_dim=4)


@pytest.fixture
def spans() -> Iterator[CollectingSpanHandler]:
    handler = CollectingSpanHandler()
    root = get_dispatcher()
    root.add_span_handler(handler)
    yield handler
    root.span_handlers.remove(handler)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files; their names are in the order of their content's types."""
    (tmp_path / "a.txt").write_text("an invoice over 20 line items")
    (tmp_path / "b.md").write_text("# Cake\n\na recipe with 3 eggs")
    (tmp_path / "c.html").write_text("<html><title>Sea</title><body><p>the sea was calm</p></body></html>")
    return tmp_path
