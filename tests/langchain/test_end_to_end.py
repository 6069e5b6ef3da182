"""Documents in, labels in metadata, retrieval by them; local and hosted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore

from classify_core import Classifier, Rule
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.service import ClassifyService

TEXTS = {
    "acme.txt": "Invoice number 17. Line items: 3 chairs. Tax 19 %. Total amount due: 240.00 EUR. invoice",
    "globex.txt": "Invoice number 18. Line items: 1 table. Tax 19 %. Total amount due: 90.00 EUR. invoice",
    "cake.txt": "Recipe. Ingredients: flour, sugar, eggs. Quantities for four. Preparation in three steps. recipe",
    "stew.txt": "Recipe. Ingredients: beans, carrots. Quantities for two. Cooking and preparation steps. recipe",
    "noise.txt": "1234567890 1234567890",
}


class FolderLoader(BaseLoader):
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lazy_load(self) -> Iterator[Document]:
        for path in sorted(self.folder.iterdir()):
            yield Document(page_content=path.read_text(), metadata={"source": str(path)})


@pytest.fixture(params=["local", "hosted"])
def classifier(request: pytest.FixtureRequest, rules: list[Rule], service: ClassifyService) -> Iterator[Classifier]:
    hosted: dict[str, Any] = {"backend": "hosted", "api_key": service.api_key, "base_url": service.base_url}
    options = hosted if request.param == "hosted" else {"backend": "local"}
    with Classifier(rules, **options) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def expected(name: str) -> str:
    return {"acme": "invoice", "globex": "invoice", "cake": "recipe", "stew": "recipe"}.get(
        Path(name).stem, "uncategorized"
    )


async def test_a_loaders_documents_can_be_retrieved_by_their_type(classifier: Classifier, folder: Path) -> None:
    transformer = ClassifyDocumentTransformer(classifier=classifier)
    labelled = await transformer.atransform_documents(FolderLoader(folder).lazy_load())
    assert [one.metadata["classify_type"] for one in labelled] == [expected(one.metadata["source"]) for one in labelled]
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=32))
    await store.aadd_documents(labelled)
    hits = store.similarity_search(
        "what do we owe?",
        k=5,
        filter=lambda one: one.metadata["classify_type"] == "invoice" and one.metadata["classify_confidence"] > 0.5,
    )
    assert {Path(hit.metadata["source"]).name for hit in hits} == {"acme.txt", "globex.txt"}


async def test_sync_and_async_write_the_same(classifier: Classifier, folder: Path) -> None:
    transformer = ClassifyDocumentTransformer(classifier=classifier)
    documents = FolderLoader(folder).load()
    assert transformer.transform_documents(documents) == await transformer.atransform_documents(documents)


def test_files_are_classified_by_path(classifier: Classifier, folder: Path) -> None:
    paths = sorted(folder.iterdir())
    found = ClassifyRunnable(classifier=classifier).batch(paths)
    assert [one.type or "uncategorized" for one in found] == [expected(path.name) for path in paths]
    assert [one.source_name for one in found] == [path.name for path in paths]


def test_the_hosted_service_gets_one_job_for_a_document_of_many_pages(
    rules: list[Rule], service: ClassifyService
) -> None:
    pages = [
        Document(page_content=f"page {n} of an invoice", metadata={"source": "a.pdf", "page": n}) for n in range(5)
    ]
    transformer = ClassifyDocumentTransformer(rules, api_key=service.api_key, base_url=service.base_url)
    with transformer.classifier:
        labelled = transformer.transform_documents(pages)
        transformer.transform_documents(labelled)
    assert len(service.jobs) == 1
    assert len({one.metadata["classify_job_id"] for one in labelled}) == 1
    assert labelled[0].metadata["classify_backend"] == "hosted"
