"""Blobs: what of them is classified, what their text is, and what their documents tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.document_loaders import BaseBlobParser
from langchain_core.documents import Document
from langchain_core.documents.base import Blob

from classify_core import BatchError, ForeignLabelError, InvalidOptionError, Rule
from langchain_classify.loader import ClassifyLoader
from tests.backends import ScriptedBackend
from tests.langchain.helpers import fails_on
from tests.langchain.loader_parts import (
    WAYS,
    HeldBlobs,
    PagesOfPdf,
    all_ways,
    loaded,
    statuses,
    types,
    without_label,
)
from tests.local.files import pdf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.service import ClassifyService

every_way = pytest.mark.parametrize("way", WAYS)
INVOICE = "an invoice over 20 line items"


def made(rules: list[Rule], blobs: Any, **options: Any) -> ClassifyLoader:
    return ClassifyLoader(**{"rules": rules, "blobs": blobs, "backend": ScriptedBackend(), **options})


async def test_a_blob_is_one_document_that_keeps_what_is_known_of_it(rules: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("a recipe")
    blobs = [
        Blob.from_data(INVOICE, mime_type="text/plain", metadata={"tenant": "acme"}),
        Blob.from_path(tmp_path / "b.txt"),
        Blob(data=b"a poem", metadata={"source": "https://example.com/files/c.txt?signature=x", "page": 3}, id="7"),
        Blob.from_data("an invoice", path="in/d.txt", metadata={"file_name": "renamed.txt", "mimetype": "mine"}),
    ]
    for documents in await all_ways(made(rules, blobs)):
        assert types(documents) == ["invoice", "recipe", "uncategorized", "invoice"]
        assert [document.page_content for document in documents] == [INVOICE, "a recipe", "a poem", "an invoice"]
        assert [without_label(document) for document in documents] == [
            {"mimetype": "text/plain", "tenant": "acme"},
            {"source": str(tmp_path / "b.txt"), "file_name": "b.txt", "mimetype": "text/plain"},
            {"source": "https://example.com/files/c.txt?signature=x", "file_name": "c.txt", "page": 3},
            {"source": "in/d.txt", "file_name": "renamed.txt", "mimetype": "mine"},
        ]
        assert [document.id for document in documents] == [None, None, "7", None]


async def test_each_blob_is_a_document_by_itself_though_it_be_a_page(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    pages = [Blob.from_data(text, metadata={"source": "a.pdf", "page": 1}) for text in ("an invoice", "a recipe")]
    assert types(made(rules, pages, backend=backend).load()) == ["invoice", "recipe"]
    assert backend.asked.total() == 2


async def test_a_failure_is_told_by_the_name_and_not_by_the_address(rules: list[Rule]) -> None:
    blob = Blob.from_data("broken", metadata={"source": "https://example.com/files/c.txt?signature=secret"})
    with pytest.raises(BatchError, match=r"c\.txt") as raised:
        made(rules, blob, backend=fails_on("broken")).load()
    assert "secret" not in str(raised.value)


CYRILLIC = "счёт invoice"


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "cp1251", "utf-16-le", "utf-16"])
@pytest.mark.parametrize("kind", ["text", "bytes", "path"])
async def test_a_blobs_encoding_is_respected(kind: str, encoding: str, rules: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(CYRILLIC.encode(encoding))
    blob = {
        "text": Blob.from_data(CYRILLIC, encoding=encoding),
        "bytes": Blob.from_data(CYRILLIC.encode(encoding), encoding=encoding),
        "path": Blob.from_path(tmp_path / "a.txt", encoding=encoding),
    }[kind]
    backend = ScriptedBackend()
    [document] = made(rules, blob, backend=backend).load()
    assert document.page_content == CYRILLIC
    assert list(backend.asked) == [CYRILLIC]


def test_an_encoding_does_not_change_what_is_no_text(rules: list[Rule]) -> None:
    content = pdf(["an invoice with line items and the total amount due"])
    blob = Blob.from_data(content, path="a.pdf", encoding="cp1251")
    [document] = made(rules, blob, backend="local").load()
    assert "line items" in document.page_content


def test_an_encoding_that_does_not_fit_leaves_the_bytes_as_they_are(rules: list[Rule]) -> None:
    for encoding in ("ascii", "no-such-encoding"):
        [document] = made(rules, Blob.from_data("счёт invoice".encode(), encoding=encoding)).load()
        assert document.page_content == "счёт invoice"


def test_a_mime_type_tells_the_format_where_no_name_does(rules: list[Rule], service: ClassifyService) -> None:
    blobs = [
        Blob.from_data("<p>an invoice</p>", mime_type="text/html"),
        Blob.from_data("<p>a recipe</p>", mime_type="text/html", path="https://example.com/pages/7"),
        Blob.from_data("<p>a poem</p>", mime_type="text/html", path="c.txt"),
    ]
    hosted: dict[str, Any] = {"backend": "hosted", "api_key": service.api_key, "base_url": service.base_url}
    loader = made(rules, blobs, **hosted)
    with loader.classifier:
        documents = loader.load()
    assert [document.page_content for document in documents] == ["an invoice", "a recipe", "<p>a poem</p>"]
    assert sorted(file.content for file in service.files.values()) == sorted(str(blob.data).encode() for blob in blobs)
    assert sorted(file.name.rpartition(".")[2] for file in service.files.values()) == ["html", "html", "txt"]


class OfACloud(Blob):
    """A blob whose path only its own methods can read."""

    def as_bytes(self) -> bytes:
        if self.path == "gs://bucket/gone.txt":
            raise ConnectionError("the bucket says: secret words")
        return b"an invoice of the cloud"


async def test_a_blob_of_a_cloud_is_read_by_its_own_methods(rules: list[Rule]) -> None:
    blobs = [OfACloud(path="gs://bucket/a.txt"), OfACloud(path="gs://bucket/gone.txt")]
    for documents in await all_ways(made(rules, blobs, on_failure="annotate")):
        assert types(documents) == ["invoice", None]
        assert documents[0].page_content == "an invoice of the cloud"
        assert "gone.txt" in documents[1].metadata["classify_error"]
        assert "secret words" not in documents[1].metadata["classify_error"]


async def test_a_missing_or_empty_blob_is_a_document_that_failed(rules: list[Rule], tmp_path: Path) -> None:
    blobs = [Blob.from_path(tmp_path / "absent.txt"), Blob.from_data(""), Blob(path=None), Blob.from_data(INVOICE)]
    for documents in await all_ways(made(rules, blobs, on_failure="annotate")):
        assert statuses(documents) == ["failed", "failed", "failed", "completed"]
        assert "absent.txt" in documents[0].metadata["classify_error"]


class Shelf:
    """An iterable that is neither a list nor a blob loader."""

    def __init__(self, *blobs: Blob) -> None:
        self.blobs = blobs

    def __iter__(self) -> Iterator[Blob]:
        return iter(self.blobs)


@every_way
async def test_blobs_may_come_from_whatever_gives_them(way: str, rules: list[Rule]) -> None:
    blobs = [Blob.from_data("an invoice"), Blob.from_data("a recipe")]
    for given in (blobs, tuple(blobs), HeldBlobs(blobs), Shelf(*blobs), iter(blobs)):
        assert types(await loaded(made(rules, given), way)) == ["invoice", "recipe"]
    assert types(await loaded(made(rules, blobs[0]), way)) == ["invoice"]


@every_way
async def test_a_generators_blobs_do_not_silently_come_to_nothing_the_second_time(way: str, rules: list[Rule]) -> None:
    loader = made(rules, (Blob.from_data(f"invoice {number}") for number in range(40)))
    assert len(await loaded(loader, way)) == 40
    with pytest.raises(InvalidOptionError, match="used up"):
        await loaded(loader, way)


@every_way
async def test_what_is_no_blob_is_refused_behind_the_documents_before_it(way: str, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=r"str is among the blobs.*Blob\.from_data"):
        await loaded(made(rules, [Blob.from_data("an invoice"), "a recipe"]), way)
    assert types([next(made(rules, [Blob.from_data("an invoice"), "a recipe"]).lazy_load())]) == ["invoice"]


def test_a_blob_loader_is_asked_for_a_few_blobs_at_a_time(rules: list[Rule]) -> None:
    held = HeldBlobs([Blob.from_data(f"invoice {number}") for number in range(300)])
    documents = made(rules, held).lazy_load()
    assert held.taken == 0
    assert types([next(documents)]) == ["invoice"]
    assert held.taken <= 64
    assert sum(1 for _ in documents) == 299


def test_a_blob_that_carries_a_type_of_somebody_else_is_an_error_unless_overwritten(rules: list[Rule]) -> None:
    theirs = Blob.from_data("an invoice", path="a.txt", metadata={"classify_type": "mine"})
    with pytest.raises(ForeignLabelError, match=r"a\.txt"):
        made(rules, theirs).load()
    assert types(made(rules, theirs, overwrite=True).load()) == ["invoice"]


@every_way
async def test_only_blobs_that_pass_are_parsed(way: str, rules: list[Rule]) -> None:
    parser = PagesOfPdf()
    blobs = [
        Blob.from_data(pdf([text, "its second page"]), path=name)
        for name, text in (
            ("a.pdf", "invoice number, line items, tax and the total amount due"),
            ("b.pdf", "recipe: ingredients, quantities and steps of preparation"),
        )
    ]
    loader = made(rules, blobs, parser=parser, backend="local", keep_types=["recipe"])
    assert types(await loaded(loader, way)) == ["recipe", "recipe"]
    assert parser.parsed == ["b.pdf"]


class Ending(BaseBlobParser):
    """Gives a page, and then an error of its own."""

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        yield Document(page_content="page 1")
        raise KeyError("a page that it cannot parse")


@pytest.mark.parametrize("on_failure", ["raise", "annotate", "skip"])
async def test_an_error_of_the_parser_is_raised_behind_the_pages_before_it(on_failure: Any, rules: list[Rule]) -> None:
    loader = made(rules, Blob.from_data("an invoice"), parser=Ending(), on_failure=on_failure)
    given = []
    with pytest.raises(KeyError, match="cannot parse"):
        for document in loader.lazy_load():
            given.append(document)  # noqa: PERF402 - what was given before the error counts
    with pytest.raises(KeyError, match="cannot parse"):
        async for document in loader.alazy_load():
            given.append(document)  # noqa: PERF401 - what was given before the error counts
    assert types(given) == ["invoice", "invoice"]
