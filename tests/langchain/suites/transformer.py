"""What a document transformer of ours promises, in the manner of LangChain's standard suites.

A test module states a backend in a subclass named `Test...`:

    class TestLocal(TransformerSuite):
        @property
        def transformer_params(self) -> dict[str, Any]:
            return {"backend": "local"}

The documents are bills, recipes, and what is neither; whatever classifies them has to tell a bill from a recipe.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import logging
import pickle
from abc import ABC, abstractmethod
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import pytest
from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.runnables import Runnable

from langchain_classify import ClassifyDocumentTransformer
from tests.langchain.helpers import INVOICE_TEXT, RECIPE_TEXT, SECRET_WORDS, Recorder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from classify_core import Rule

FACES: Final = (
    "transform_documents",
    "atransform_documents",
    "lazy_transform_documents",
    "alazy_transform_documents",
    "invoke",
    "ainvoke",
    "stream",
    "astream",
    "batch",
    "abatch",
)


def transformed(transformer: ClassifyDocumentTransformer, face: str, documents: Any) -> list[Document]:
    """What a transformer makes of documents, through one of its `FACES`."""
    call = getattr(transformer, face)
    if face in {"alazy_transform_documents", "astream"}:
        found: Iterable[Any] = asyncio.run(_gathered(call(documents)))
    elif face in {"batch", "abatch"}:
        [found] = _result_of(call([documents]))
    else:
        found = _result_of(call(documents))
    return list(chain.from_iterable(found) if face in {"stream", "astream"} else found)


def documents_of_every_kind() -> list[Document]:
    """Two files of two pages each, two letters of which one has an ID of its own, and what is of no type."""
    return [
        Document(id="bill-1", page_content=INVOICE_TEXT, metadata={"source": "bill.pdf", "page": 0}),
        Document(id="bill-2", page_content="the second page", metadata={"source": "bill.pdf", "page": 1}),
        Document(page_content="the first page", metadata={"source": "cake.pdf", "page": 0, "tags": ["sweet"]}),
        Document(page_content=RECIPE_TEXT, metadata={"source": "cake.pdf", "page": 1}),
        Document(id="letter", page_content=f"{INVOICE_TEXT} a letter", metadata={"source": "letter.txt"}),
        Document(page_content="0123456789"),
    ]


EXPECTED_TYPES: Final = ["invoice", "invoice", "recipe", "recipe", "invoice", "uncategorized"]


class TransformerSuite(ABC):
    """For every backend behind the transformer."""

    @property
    @abstractmethod
    def transformer_params(self) -> dict[str, Any]:
        """The constructor's arguments besides rules."""

    @property
    def secrets(self) -> list[str]:
        """What may be told nowhere, besides the documents' texts."""
        return []

    @property
    def can_be_pickled(self) -> bool:
        """Whether the backend can travel to another process."""
        return True

    @pytest.fixture
    def transformer(self, rules: list[Rule]) -> Any:
        with self.made(rules).classifier as classifier:
            yield self.made(rules, classifier=classifier)

    def made(self, rules: list[Rule], **arguments: Any) -> ClassifyDocumentTransformer:
        if "classifier" in arguments:
            return ClassifyDocumentTransformer(**arguments)
        return ClassifyDocumentTransformer(rules, **self.transformer_params, **arguments)

    def test_it_is_a_transformer_and_a_runnable(self, transformer: ClassifyDocumentTransformer) -> None:
        assert isinstance(transformer, BaseDocumentTransformer)
        assert isinstance(transformer, Runnable)

    @pytest.mark.parametrize("face", FACES)
    def test_each_document_comes_back_once_in_the_order_given_with_its_type(
        self, face: str, transformer: ClassifyDocumentTransformer
    ) -> None:
        given = documents_of_every_kind()
        found = transformed(transformer, face, given)
        assert [one.metadata["classify_type"] for one in found] == EXPECTED_TYPES
        assert [one.page_content for one in found] == [one.page_content for one in given]

    @pytest.mark.parametrize("face", FACES)
    def test_every_face_comes_to_the_same(self, face: str, transformer: ClassifyDocumentTransformer) -> None:
        expected = transformer.transform_documents(documents_of_every_kind())
        assert transformed(transformer, face, documents_of_every_kind()) == expected

    @pytest.mark.parametrize("face", FACES)
    def test_identifiers_and_metadata_are_kept(self, face: str, transformer: ClassifyDocumentTransformer) -> None:
        given = documents_of_every_kind()
        found = transformed(transformer, face, given)
        assert [one.id for one in found] == [one.id for one in given]
        assert [
            {key: one.metadata[key] for key in before.metadata} for one, before in zip(found, given, strict=True)
        ] == [one.metadata for one in given]

    @pytest.mark.parametrize("face", FACES)
    def test_what_was_given_is_neither_changed_nor_shared(
        self, face: str, transformer: ClassifyDocumentTransformer
    ) -> None:
        given = documents_of_every_kind()
        before = copy.deepcopy(given)
        found = transformed(transformer, face, given)
        assert given == before
        assert len({id(one.metadata) for one in [*given, *found]}) == 2 * len(given)

    @pytest.mark.parametrize("face", FACES)
    def test_an_empty_list_comes_to_an_empty_list(self, face: str, transformer: ClassifyDocumentTransformer) -> None:
        assert transformed(transformer, face, []) == []

    @pytest.mark.parametrize("face", FACES)
    def test_a_label_is_flat_text_and_numbers_that_json_holds(
        self, face: str, transformer: ClassifyDocumentTransformer
    ) -> None:
        for one in transformed(transformer, face, documents_of_every_kind()):
            label = {key: value for key, value in one.metadata.items() if key.startswith("classify_")}
            assert {"classify_type", "classify_confidence", "classify_status", "classify_rules_id"} <= label.keys()
            assert {type(value) for value in label.values()} <= {str, float}

    @pytest.mark.parametrize("face", FACES)
    def test_what_is_labelled_stays_as_it_is(self, face: str, transformer: ClassifyDocumentTransformer) -> None:
        labelled = transformer.transform_documents(documents_of_every_kind())
        asked = transformer.classifier.usage.documents
        assert transformed(transformer, face, labelled) == labelled
        assert transformer.classifier.usage.documents == asked

    def test_the_pages_of_a_file_are_one_document(self, transformer: ClassifyDocumentTransformer) -> None:
        transformer.transform_documents(documents_of_every_kind())
        assert transformer.classifier.usage.documents == 4

    @pytest.mark.parametrize("face", ["invoke", "ainvoke", "stream", "astream", "batch", "abatch"])
    def test_callbacks_see_one_run_that_names_the_documents_and_shows_no_text(
        self, face: str, transformer: ClassifyDocumentTransformer
    ) -> None:
        recorder = Recorder()
        transformed(_Configured(transformer, recorder), face, documents_of_every_kind())
        (run,) = recorder.runs
        assert run.name == "ClassifyDocumentTransformer"
        assert run.outputs is not None
        assert run.inputs["count"] == run.outputs["count"] == 6
        names = ["bill.pdf", "bill.pdf", "cake.pdf", "cake.pdf", "letter.txt", None]
        assert [one["name"] for one in run.inputs["documents"]] == names
        assert [one["type"] for one in run.outputs["documents"]] == EXPECTED_TYPES
        assert SECRET_WORDS not in recorder.told()

    async def test_it_pipes_on_both_sides(self, transformer: ClassifyDocumentTransformer) -> None:
        chain_: Any = (lambda count: documents_of_every_kind()[:count]) | transformer | len
        assert chain_.invoke(3) == await chain_.ainvoke(3) == 3
        assert chain_.batch([1, 2]) == await chain_.abatch([1, 2]) == [1, 2]
        assert list(chain_.stream(3)) == [one async for one in chain_.astream(3)] == [3]

    def test_a_copy_and_what_was_pickled_come_to_the_same(
        self, transformer: ClassifyDocumentTransformer, rules: list[Rule]
    ) -> None:
        expected = transformer.transform_documents(documents_of_every_kind())
        assert copy.deepcopy(transformer).transform_documents(documents_of_every_kind()) == expected
        if self.can_be_pickled:
            with pickle.loads(pickle.dumps(transformer)).classifier as classifier:
                again = self.made(rules, classifier=classifier)
                assert again.transform_documents(documents_of_every_kind()) == expected

    @pytest.mark.parametrize("face", FACES)
    def test_no_secret_and_no_text_reaches_traces_logs_output_or_repr(
        self,
        face: str,
        transformer: ClassifyDocumentTransformer,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        caplog.set_level(logging.DEBUG)
        recorder = Recorder()
        transformed(_Configured(transformer, recorder), face, documents_of_every_kind())
        printed = capfd.readouterr()
        told = recorder.told() + caplog.text + printed.out + printed.err + repr(transformer)
        assert not [secret for secret in [SECRET_WORDS, *self.secrets] if secret in told]


class _Configured:
    """A transformer whose runs a tracer sees, through every face."""

    def __init__(self, transformer: ClassifyDocumentTransformer, recorder: Recorder) -> None:
        self._transformer = transformer
        self._config = {"callbacks": [recorder]}

    def __getattr__(self, face: str) -> Any:
        call = getattr(self._transformer, face)
        return call if face.endswith("_documents") else lambda given: call(given, self._config)


def _result_of(found: Any) -> Any:
    return asyncio.run(found) if inspect.iscoroutine(found) else found


async def _gathered(found: Any) -> list[Any]:
    return [one async for one in found]
