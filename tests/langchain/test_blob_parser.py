"""`ClassifyBlobParser`: a blob's label on every document that comes of it, wherever a blob parser goes."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.document_loaders import BaseBlobParser
from langchain_core.documents import Document
from langchain_core.documents.base import Blob
from langchain_core.load import dumps

from classify_core import BatchError, ForeignLabelError, InvalidOptionError, Rule
from langchain_classify.blob_parser import ClassifyBlobParser
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import fails_on
from tests.langchain.loader_parts import (
    GenericLoader,
    HeldBlobs,
    PagesOfPdf,
    all_ways,
    gathered,
    statuses,
    types,
    without_label,
)
from tests.local.files import pdf

if TYPE_CHECKING:
    from collections.abc import Iterator

WAYS = ("parse", "lazy_parse", "aparse", "alazy_parse")
INVOICE = Blob.from_data("an invoice over 20 line items", path="a.txt", metadata={"tenant": "acme"})


async def parsed(parser: ClassifyBlobParser, blob: Blob, way: str) -> list[Document]:
    found: Any = getattr(parser, way)(blob)
    if way == "aparse":
        return await found
    return await gathered(found) if way == "alazy_parse" else list(found)


class Lines(BaseBlobParser):
    """One document a line; counts those that were taken."""

    def __init__(self, **metadata: Any) -> None:
        self.metadata = metadata
        self.taken = 0
        self.threads: set[int] = set()

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        for number, line in enumerate(blob.as_string().splitlines()):
            self.taken += 1
            self.threads.add(threading.get_ident())
            yield Document(page_content=line, metadata={"line": number, **self.metadata}, id=f"line {number}")


class Fails(BaseBlobParser):
    """Fails when it is called, not when it is iterated, as parsers do that are no generators."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        raise self.error


class Nothing(BaseBlobParser):
    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        return iter(())


def made(rules: list[Rule], parser: BaseBlobParser | None = None, **options: Any) -> ClassifyBlobParser:
    return ClassifyBlobParser(parser, **{"rules": rules, "backend": ScriptedBackend(), **options})


every_way = pytest.mark.parametrize("way", WAYS)


@every_way
async def test_without_a_parser_a_blob_is_one_document_with_its_text(way: str, rules: list[Rule]) -> None:
    [document] = await parsed(made(rules), INVOICE, way)
    assert types([document]) == ["invoice"]
    assert document.page_content == "an invoice over 20 line items"
    assert without_label(document) == {"source": "a.txt", "file_name": "a.txt", "tenant": "acme"}


@every_way
async def test_every_document_of_a_blob_carries_the_label_of_the_whole(way: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    text = "a page\n" * 29 + "an invoice"
    found = await parsed(made(rules, Lines(), backend=backend), Blob.from_data(text), way)
    assert types(found) == ["invoice"] * 30
    assert dict(backend.asked) == {text: 1}
    assert [(document.id, without_label(document)) for document in found[:2]] == [
        ("line 0", {"line": 0}),
        ("line 1", {"line": 1}),
    ]


async def test_a_generic_loader_can_use_it(rules: list[Rule]) -> None:
    blobs = HeldBlobs([INVOICE, Blob.from_data(b"a recipe", path="b.md")])
    for documents in await all_ways(GenericLoader(blobs, made(rules))):
        assert types(documents) == ["invoice", "recipe"]
        assert [document.metadata["file_name"] for document in documents] == ["a.txt", "b.md"]
    blobs = HeldBlobs([Blob.from_data(pdf(["line items, tax, total amount due", "page two"]), path="b.pdf")])
    for documents in await all_ways(GenericLoader(blobs, made(rules, PagesOfPdf(), backend="local"))):
        assert types(documents) == ["invoice", "invoice"]
        assert [document.metadata["page"] for document in documents] == [0, 1]


@every_way
async def test_a_failure_is_raised_annotated_or_left_out(way: str, rules: list[Rule]) -> None:
    blob = Blob.from_data("broken\nin two", path="a.txt")
    options: dict[str, Any] = {"parser": Lines(), "backend": fails_on("broken")}
    with pytest.raises(BatchError, match=r"a\.txt.*no broken here"):
        await parsed(made(rules, **options), blob, way)
    annotated = await parsed(made(rules, **options, on_failure="annotate"), blob, way)
    assert statuses(annotated) == ["failed", "failed"]
    assert [document.page_content for document in annotated] == ["broken", "in two"]
    assert await parsed(made(rules, **options, on_failure="skip"), blob, way) == []


@every_way
@pytest.mark.parametrize("parser", [Fails(KeyError("no page")), Nothing()], ids=["fails", "nothing"])
async def test_what_can_be_neither_classified_nor_parsed_is_one_document_without_text(
    parser: BaseBlobParser, way: str, rules: list[Rule]
) -> None:
    blob = Blob.from_data("broken", path="a.txt", metadata={"tenant": "acme"})
    parsing = made(rules, parser, backend=fails_on("broken"), on_failure="annotate")
    [document] = await parsed(parsing, blob, way)
    assert (document.page_content, statuses([document])) == ("", ["failed"])
    assert without_label(document) == {"source": "a.txt", "file_name": "a.txt", "tenant": "acme"}


@every_way
@pytest.mark.parametrize("text", ["an invoice", "broken"])
async def test_what_the_parser_raises_is_raised(text: str, way: str, rules: list[Rule]) -> None:
    # A missing package is no property of the blob; any other error is excused where the blob is told to have failed.
    error = ImportError("install the parser") if text == "broken" else KeyError("no page")
    parsing = made(rules, Fails(error), backend=fails_on("broken"), on_failure="annotate")
    with pytest.raises(type(error)):
        await parsed(parsing, Blob.from_data(text), way)


class Strings(BaseBlobParser):
    """Gives texts where documents belong."""

    def lazy_parse(self, blob: Blob) -> Any:
        yield blob.as_string()


@every_way
async def test_a_parser_that_gives_something_else_than_documents_is_told_so(way: str, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match="item 0 is a str, not a Document"):
        await parsed(made(rules, Strings()), INVOICE, way)


@every_way
async def test_a_type_of_somebody_else_on_what_was_parsed_is_an_error_unless_overwritten(
    way: str, rules: list[Rule]
) -> None:
    theirs = Lines(classify_type="mine", source="a.txt")
    with pytest.raises(ForeignLabelError, match=r"a\.txt"):
        await parsed(made(rules, theirs), INVOICE, way)
    assert types(await parsed(made(rules, theirs, overwrite=True), INVOICE, way)) == ["invoice"]


@every_way
async def test_two_classifiers_live_side_by_side_under_their_own_prefixes(way: str, rules: list[Rule]) -> None:
    letters = [Rule(type="line items", description="Line items, with their prices.")]
    inner = made(rules, Lines())
    [document] = await parsed(made(letters, inner, prefix="kind_"), INVOICE, way)
    assert (document.metadata["classify_type"], document.metadata["kind_type"]) == ("invoice", "line items")


@every_way
async def test_types_can_be_dropped(way: str, rules: list[Rule]) -> None:
    parser = Lines()
    assert await parsed(made(rules, parser, drop_types=["invoice"]), INVOICE, way) == []
    assert parser.taken == 0


def test_a_blob_is_parsed_as_far_as_it_is_wanted(rules: list[Rule]) -> None:
    parser, backend = Lines(), ScriptedBackend()
    documents = made(rules, parser, backend=backend).lazy_parse(Blob.from_data("invoice\n" * 1000))
    assert not backend.asked
    next(documents)
    assert parser.taken == 1


async def test_the_event_loop_never_parses(rules: list[Rule]) -> None:
    parser = Lines()
    async with aclosing(made(rules, parser).alazy_parse(Blob.from_data("invoice\n" * 1000))) as documents:
        await anext(documents)
    assert parser.taken == 1
    assert parser.threads
    assert threading.get_ident() not in parser.threads


async def test_the_event_loop_runs_on_while_a_blob_is_classified(rules: list[Rule]) -> None:
    backend = HeldBackend()
    running = asyncio.create_task(made(rules, backend=backend).aparse(INVOICE))
    await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
    assert not running.done()
    backend.release.set()
    assert types(await running) == ["invoice"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"parser": [{"type": "letter", "description": "a letter to somebody"}]}, "pass rules by name"),
        ({"group_by": "tenant"}, "one document"),
    ],
)
def test_arguments_that_cannot_work_are_refused(given: dict[str, Any], told: str, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=told):
        made(rules, **given)


def test_with_a_parser_it_is_pickled_and_dumped_as_not_implemented(rules: list[Rule]) -> None:
    parsing = made(rules, Lines(owner="ann"), backend="local", on_failure="skip")
    again = pickle.loads(pickle.dumps(parsing))
    assert (again.on_failure, again.parser.metadata) == ("skip", {"owner": "ann"})
    assert json.loads(dumps(parsing))["type"] == "not_implemented"
