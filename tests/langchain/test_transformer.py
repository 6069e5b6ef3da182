from __future__ import annotations

import asyncio
import copy
import threading
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from pydantic import ValidationError

from classify_core import BatchError, ForeignLabelError, InvalidOptionError, Rule
from langchain_classify import ClassifyDocumentTransformer
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import fails_on
from tests.langchain.suites.transformer import FACES, transformed

if TYPE_CHECKING:
    from collections.abc import Iterator


class Page(Document):
    """A user's own kind of document."""

    number: int = 0


def letters() -> list[Document]:
    return [
        Document(page_content="an invoice", metadata={"source": "a.txt", "tags": ["x"]}, id="1"),
        Document(page_content="a recipe", metadata={"source": "b.txt"}, id="2"),
        Document(page_content="neither", metadata={}, id=None),
    ]


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_labels_are_flat_metadata_of_new_documents_in_the_order_given(face: str, rules: list[Rule]) -> None:
    given = letters()
    found = transformed(ClassifyDocumentTransformer(rules, backend=ScriptedBackend()), face, given)
    assert [one.metadata["classify_type"] for one in found] == ["invoice", "recipe", "uncategorized"]
    assert [one.id for one in found] == ["1", "2", None]
    assert [one.page_content for one in found] == [one.page_content for one in given]
    assert found[0].metadata["source"] == "a.txt"
    added = {name: value for name, value in found[0].metadata.items() if name.startswith("classify_")}
    assert {type(value) for value in added.values()} <= {str, float}
    assert added["classify_backend"] == "scripted"


def test_the_given_documents_are_untouched(face: str, rules: list[Rule]) -> None:
    given = letters()
    before = copy.deepcopy(given)
    found = transformed(ClassifyDocumentTransformer(rules, backend=ScriptedBackend()), face, given)
    for one in found:
        one.metadata["added later"] = 1
    assert given == before
    assert len({id(one.metadata) for one in [*given, *found]}) == 6


def test_a_subclass_of_document_stays_one(rules: list[Rule]) -> None:
    page = Page(page_content="an invoice", number=3)
    found = ClassifyDocumentTransformer(rules, backend=ScriptedBackend()).transform_documents([page])[0]
    assert isinstance(found, Page)
    assert found.number == 3


def test_the_pages_of_one_file_are_one_document_read_in_order(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    pages = [
        Document(page_content="second page: invoice", metadata={"source": "a.pdf", "page": 1}),
        Document(page_content="first page", metadata={"source": "a.pdf", "page": 0}),
        Document(page_content="other file", metadata={"source": "b.pdf", "page": 0}),
    ]
    found = transformed(ClassifyDocumentTransformer(rules, backend=backend), face, pages)
    assert list(backend.asked) == ["first page\n\nsecond page: invoice", "other file"]
    assert [one.metadata["classify_type"] for one in found] == ["invoice", "invoice", "uncategorized"]
    assert found[0].metadata is not found[1].metadata


def test_group_by_says_what_a_document_is(rules: list[Rule]) -> None:
    mails = [Document(page_content=f"invoice {n}", metadata={"thread": n % 2}) for n in range(4)]

    def asked(group_by: Any) -> int:
        backend = ScriptedBackend()
        ClassifyDocumentTransformer(rules, backend=backend, group_by=group_by).transform_documents(mails)
        return len(backend.asked)

    assert [asked(None), asked("auto"), asked("thread"), asked(lambda one: one.metadata["thread"] > 9)] == [4, 4, 2, 1]


def test_a_fresh_label_is_not_made_again_and_a_stale_one_is(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend, cache=False)
    once = transformed(transformer, face, letters())
    assert transformed(transformer, face, once) == once
    assert sum(backend.asked.values()) == 3
    stale = ClassifyDocumentTransformer(rules, backend=backend, cache=False, min_confidence=0.95)
    again = transformed(stale, face, once)
    assert again[0].metadata["classify_status"] == "below_threshold"
    assert again[0].metadata["classify_rules_id"] != once[0].metadata["classify_rules_id"]


def test_a_users_own_type_is_an_error_unless_overwritten(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    theirs = [Document(page_content="an invoice", metadata={"classify_type": "mine", "source": "a.txt"})]
    with pytest.raises(ForeignLabelError, match=r"a\.txt"):
        transformed(ClassifyDocumentTransformer(rules, backend=backend), face, theirs)
    assert not backend.asked
    found = transformed(ClassifyDocumentTransformer(rules, backend=backend, overwrite=True), face, theirs)
    assert found[0].metadata["classify_type"] == "invoice"


def test_a_foreign_type_is_refused_before_any_document_is_classified(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    theirs = Document(page_content="an invoice", metadata={"classify_type": "mine"})
    with pytest.raises(ForeignLabelError):
        transformed(ClassifyDocumentTransformer(rules, backend=backend), face, [*letters(), theirs])
    assert not backend.asked


def test_a_missing_key_is_never_a_group(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    empty: list[Any] = [None, float("nan"), ""]
    metadata = [{"source": source, "page": page} for source in empty for page in (0, None, float("nan"))]
    metadata += [{"source": "a.pdf", "page": page} for page in (None, float("nan"))]
    given = [Document(page_content=f"invoice {n}", metadata=one) for n, one in enumerate(metadata)]
    transformed(ClassifyDocumentTransformer(rules, backend=backend), face, given)
    assert list(backend.asked) == [one.page_content for one in given]


def test_files_of_one_name_in_two_folders_are_two_documents(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    pages = [
        Document(page_content=f"{word} {n}", metadata={"source": f"/{word}/a.pdf", "file_name": "a.pdf", "page": n})
        for word in ("invoice", "recipe")
        for n in range(2)
    ]
    found = transformed(ClassifyDocumentTransformer(rules, backend=backend), face, pages)
    assert list(backend.asked) == ["invoice 0\n\ninvoice 1", "recipe 0\n\nrecipe 1"]
    assert [one.metadata["classify_type"] for one in found] == ["invoice", "invoice", "recipe", "recipe"]


def test_thirty_pages_of_a_file_cost_one_classification(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    pages = [Document(page_content=f"invoice {n}", metadata={"source": "a.pdf", "page": n}) for n in range(30)]
    found = transformed(ClassifyDocumentTransformer(rules, backend=backend), face, pages)
    assert len(found) == 30
    assert backend.asked.total() == 1


def test_two_classifiers_live_side_by_side_under_their_own_prefixes(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    first = ClassifyDocumentTransformer(rules, backend=backend)
    second = ClassifyDocumentTransformer(
        [Rule(type="letter", description="A letter to a person.")], backend=backend, prefix="kind_"
    )
    found = (first | second).invoke([Document(page_content="a letter with an invoice")])[0].metadata
    assert (found["classify_type"], found["kind_type"]) == ("invoice", "letter")


def test_by_default_a_failure_is_annotated_and_the_others_unharmed(face: str, rules: list[Rule]) -> None:
    given = [*letters(), Document(page_content="broken", metadata={"source": "c.txt"}), *letters()]
    found = transformed(ClassifyDocumentTransformer(rules, backend=fails_on("broken")), face, given)
    assert len(found) == 7
    assert found[3].metadata["classify_status"] == "failed"
    assert "no broken here" in found[3].metadata["classify_error"]
    assert "classify_type" not in found[3].metadata
    assert found[6].metadata["classify_type"] == "uncategorized"


def test_a_failure_can_be_left_out_or_raised_with_all_outcomes(face: str, rules: list[Rule]) -> None:
    given = [*letters(), Document(page_content="broken")]
    skipping = ClassifyDocumentTransformer(rules, backend=fails_on("broken"), on_failure="skip")
    assert len(transformed(skipping, face, given)) == 3
    raising = ClassifyDocumentTransformer(rules, backend=fails_on("broken"), on_failure="raise")
    with pytest.raises(BatchError) as caught:
        transformed(raising, face, given)
    assert [one.type for one in caught.value.outcomes] == ["invoice", "recipe", None, None]


def test_what_failed_is_what_is_classified_when_the_documents_are_given_once_more(face: str, rules: list[Rule]) -> None:
    backend = fails_on("broken")
    transformer = ClassifyDocumentTransformer(rules, backend=backend)
    given = [*letters(), Document(page_content="a broken invoice", metadata={"source": "c.txt"})]
    annotated = transformed(transformer, face, given)
    assert [one.metadata["source"] for one in annotated if "classify_type" not in one.metadata] == ["c.txt"]
    backend.asked.clear()
    backend.behaviour = None
    healed = transformed(transformer, face, annotated)
    assert list(backend.asked) == ["a broken invoice"]
    assert healed[:3] == annotated[:3]
    assert healed[3].metadata["classify_type"] == "invoice"
    assert "classify_error" not in healed[3].metadata


def test_types_can_be_kept_and_dropped(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    kept = ClassifyDocumentTransformer(rules, backend=backend, keep_types=["invoice", "uncategorized"])
    dropped = ClassifyDocumentTransformer(rules, backend=backend, drop_types=["uncategorized"])
    assert [one.id for one in transformed(kept, face, letters())] == ["1", None]
    assert [one.id for one in transformed(dropped, face, letters())] == ["1", "2"]


@pytest.mark.parametrize("fields", [{"on_failure": "ignore"}, {"keep_types": 7}, {"overwrite": "perhaps"}])
def test_options_that_cannot_work_are_refused(fields: dict[str, Any], rules: list[Rule]) -> None:
    with pytest.raises(ValidationError):
        ClassifyDocumentTransformer(rules, backend="local", **fields)


def test_any_iterable_of_documents_is_accepted(face: str, rules: list[Rule]) -> None:
    def lazily() -> Iterator[Document]:
        yield from letters()

    assert len(transformed(ClassifyDocumentTransformer(rules, backend="local"), face, lazily())) == 3
    assert transformed(ClassifyDocumentTransformer(rules, backend="local"), face, []) == []


@pytest.mark.parametrize("given", [Document(page_content="x"), "a text", ["a text"], None])
def test_anything_else_is_refused(given: Any, face: str, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError):
        transformed(ClassifyDocumentTransformer(rules, backend="local"), face, given)


async def test_it_is_a_step_of_a_chain(rules: list[Rule]) -> None:
    chain: Any = (
        RunnableLambda(lambda count: letters()[:count])
        | ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
        | (lambda documents: [one.metadata["classify_type"] for one in documents])
    )
    assert chain.invoke(2) == await chain.ainvoke(2) == ["invoice", "recipe"]
    assert chain.batch([1, 2]) == await chain.abatch([1, 2]) == [["invoice"], ["invoice", "recipe"]]


async def test_the_event_loop_runs_on_while_documents_are_transformed(rules: list[Rule]) -> None:
    backend = HeldBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend)
    work = asyncio.create_task(transformer.atransform_documents(letters()))
    await until(backend.begun.is_set)
    assert not work.done()
    backend.release.set()
    assert len(await work) == 3


async def test_cancelling_it_cancels_the_work(rules: list[Rule]) -> None:
    backend = HeldBackend()
    work = asyncio.create_task(ClassifyDocumentTransformer(rules, backend=backend).ainvoke(letters()))
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: backend.cancelled >= 1)
    assert not backend.asked


async def test_an_iterable_that_works_does_so_off_the_event_loop(rules: list[Rule]) -> None:
    threads = set[int]()

    def working() -> Iterator[Document]:
        threads.add(threading.get_ident())
        yield from letters()

    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    for face in (transformer.atransform_documents, transformer.ainvoke):
        assert len(await face(working())) == 3
    assert threading.get_ident() not in threads


def test_its_schemas_can_be_generated(rules: list[Rule]) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend="local")
    assert transformer.get_input_jsonschema()["type"] == "array"
    assert transformer.get_output_jsonschema()["type"] == "array"
