"""Loaders that are wrapped: how lazily they are read, off which thread, and what becomes of their documents."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.document_loaders import BaseLoader, LangSmithLoader
from langchain_core.documents import Document
from langsmith.schemas import Example

from classify_core import BatchError, ForeignLabelError, InvalidOptionError, Rule
from langchain_classify.loader import ClassifyLoader
from tests.backends import ScriptedBackend
from tests.langchain.helpers import fails_on
from tests.langchain.loader_parts import (
    LETTERS,
    WAYS,
    PdfLoader,
    Texts,
    all_ways,
    loaded,
    types,
    without_label,
)
from tests.local.files import pdf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.service import ClassifyService

every_way = pytest.mark.parametrize("way", WAYS)


class Numbered(Document):
    """A user's own kind of document."""

    number: int = 0


class Once(BaseLoader):
    """Loads what it was given."""

    def __init__(self, *documents: Any) -> None:
        self.documents = documents

    def lazy_load(self) -> Iterator[Document]:
        yield from self.documents


class OnlyLoads(BaseLoader):
    """As loaders were written before there was `lazy_load`."""

    def load(self) -> list[Document]:
        return [Document(page_content=text) for text in LETTERS]


class Breaks(BaseLoader):
    """Gives 40 documents, and then an error of its own."""

    def lazy_load(self) -> Iterator[Document]:
        for number in range(40):
            yield Document(page_content=f"invoice {number}")
        raise KeyError("the service is gone")


class BreaksNatively(Breaks):
    async def alazy_load(self) -> AsyncIterator[Document]:
        for document in self.lazy_load():
            yield document


def made(loader: BaseLoader, rules: list[Rule], **options: Any) -> ClassifyLoader:
    return ClassifyLoader(loader, rules, **{"backend": ScriptedBackend(), **options})


@every_way
async def test_documents_keep_their_class_id_and_metadata(way: str, rules: list[Rule]) -> None:
    given = [
        Document(page_content="an invoice", metadata={"source": "a.txt", "tags": ["x"]}, id="1"),
        Numbered(page_content="a recipe", metadata={"page": 3}, number=7),
    ]
    before = [document.model_copy(deep=True) for document in given]
    found = await loaded(made(Once(*given), rules), way)
    assert [(document.id, without_label(document)) for document in found] == [
        ("1", {"source": "a.txt", "tags": ["x"]}),
        (None, {"page": 3}),
    ]
    assert isinstance(found[1], Numbered)
    assert found[1].number == 7
    assert given == before


@pytest.mark.parametrize("pages", [1, 30, 100])
async def test_one_files_pages_are_one_classification(pages: int, rules: list[Rule], tmp_path: Path) -> None:
    backend = ScriptedBackend()
    texts = [f"This is page {number} of an invoice" for number in range(pages)]
    (tmp_path / "long.pdf").write_bytes(pdf(texts))
    (tmp_path / "short.pdf").write_bytes(pdf(["a recipe"]))
    loader = made(PdfLoader(tmp_path / "long.pdf", tmp_path / "short.pdf"), rules, backend=backend)
    for documents in await all_ways(loader):
        assert types(documents) == ["invoice"] * pages + ["recipe"]
        assert [document.metadata["page"] for document in documents] == [*range(pages), 0]
    assert list(backend.asked.values()) == [1, 1]


async def test_the_original_file_is_classified_where_asked(
    rules: list[Rule], tmp_path: Path, service: ClassifyService
) -> None:
    content = pdf(["This invoice begins here", "and it ends here"])
    (tmp_path / "a.pdf").write_bytes(content)
    hosted: dict[str, Any] = {"backend": "hosted", "api_key": service.api_key, "base_url": service.base_url}
    loader = made(PdfLoader(tmp_path / "a.pdf"), rules, source="file", **hosted)
    with loader.classifier:
        for documents in await all_ways(loader):
            assert len(documents) == 2
            assert {document.metadata["classify_job_id"] for document in documents} == set(service.jobs)
    assert [file.content for file in service.files.values()] == [content]


async def test_group_by_says_what_a_document_is(rules: list[Rule]) -> None:
    mails = [Document(page_content=f"invoice {number}", metadata={"thread": number // 2}) for number in range(100)]
    for group_by, expected in (
        (None, 100),
        ("auto", 100),
        ("thread", 50),
        (lambda one: one.metadata["thread"] // 5, 10),
    ):
        backend = ScriptedBackend()
        assert len(made(Once(*mails), rules, group_by=group_by, backend=backend).load()) == 100
        assert backend.asked.total() == expected


async def test_a_loader_that_only_loads_is_as_good_as_any(rules: list[Rule]) -> None:
    for documents in await all_ways(made(OnlyLoads(), rules)):
        assert types(documents) == ["invoice", "recipe", "uncategorized"]


# langchain-core 1.0 makes a dictionary in a way that pydantic has deprecated since.
@pytest.mark.filterwarnings("ignore:The `dict` method is deprecated")
async def test_a_loader_that_langchain_ships_can_be_wrapped(rules: list[Rule]) -> None:
    class Examples:
        """A client that has the examples at hand."""

        def list_examples(self, **_: Any) -> Iterator[Example]:
            for number, text in enumerate(LETTERS):
                made_at = datetime(2026, 1, 1 + number, tzinfo=UTC)
                yield Example(id=uuid.uuid4(), dataset_id=uuid.uuid4(), inputs={"text": text}, created_at=made_at)

    wrapped = LangSmithLoader(dataset_name="letters", client=Examples())
    for documents in await all_ways(made(wrapped, rules)):
        assert types(documents) == ["invoice", "recipe", "uncategorized"]
        assert documents[0].metadata["created_at"].startswith("2026-01-01")


@pytest.mark.parametrize("kind", [Breaks, BreaksNatively])
async def test_an_error_of_the_loader_is_raised_behind_the_documents_before_it(
    kind: type[BaseLoader], rules: list[Rule]
) -> None:
    given: list[Document] = []
    with pytest.raises(KeyError, match="service is gone"):
        for document in made(kind(), rules).lazy_load():
            given.append(document)  # noqa: PERF402 - what was given before the error counts
    assert types(given) == ["invoice"] * 40
    streamed: list[Document] = []
    with pytest.raises(KeyError, match="service is gone"):
        async for document in made(kind(), rules).alazy_load():
            streamed.append(document)  # noqa: PERF401 - what was given before the error counts
    assert types(streamed) == ["invoice"] * 40


async def test_a_document_that_cannot_be_classified_is_named(rules: list[Rule]) -> None:
    loader = made(Texts("an invoice", "broken", "a recipe"), rules, backend=fails_on("broken"))
    with pytest.raises(BatchError, match=r"1\.txt"):
        loader.load()
    with pytest.raises(BatchError, match=r"1\.txt"):
        await loader.aload()


@every_way
async def test_a_users_own_type_is_an_error_unless_overwritten(way: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    theirs = Once(Document(page_content="an invoice", metadata={"classify_type": "mine", "source": "a.txt"}))
    with pytest.raises(ForeignLabelError, match=r"a\.txt"):
        await loaded(made(theirs, rules, backend=backend), way)
    assert not backend.asked
    assert types(await loaded(made(theirs, rules, overwrite=True), way)) == ["invoice"]


@every_way
async def test_what_is_no_document_is_refused(way: str, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match="str"):
        await loaded(made(Once("an invoice"), rules), way)


@pytest.mark.parametrize("name", ["aload", "alazy_load"])
async def test_a_loader_without_any_way_says_so(name: str, rules: list[Rule]) -> None:
    class Nothing(BaseLoader):
        pass

    with pytest.raises(NotImplementedError, match="Nothing"):
        made(Nothing(), rules).load()
    with pytest.raises(NotImplementedError, match="Nothing"):
        await loaded(made(Nothing(), rules), name)
