"""What each loader of ours promises, wherever its documents come from, in the manner of LangChain's standard suites."""

from __future__ import annotations

import asyncio
import copy
import json
from abc import abstractmethod
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.document_loaders import BaseLoader
from langchain_core.load import dumps
from langchain_core.runnables import RunnableLambda

from classify_core import BatchError, Rule
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import INVOICE_TEXT, SECRET_WORDS, Recorder, fails_on, reloaded
from tests.langchain.loader_parts import LETTERS, WAYS, all_ways, loaded, statuses, types
from tests.langchain.suites.component import ComponentSuite

if TYPE_CHECKING:
    from collections.abc import Sequence

EXPECTED = ["invoice", "recipe", "uncategorized"]


class LoaderSuite(ComponentSuite):
    """For a loader that makes one document of each text that its origin holds."""

    @abstractmethod
    def fill(self, loader: Any, texts: Sequence[str]) -> None:
        """Puts these texts, and nothing else, where the loader loads from."""

    def filled(self, rules: list[Rule], *texts: str, **arguments: Any) -> Any:
        loader = self.make(rules, **{"backend": ScriptedBackend(), **arguments})
        self.fill(loader, texts)
        return loader

    def apply(self, component: Any, text: str) -> Any:
        self.fill(component, [text])
        return component.load()

    @pytest.fixture(params=WAYS)
    def way(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture(params=["lazy_load", "alazy_load"])
    def lazy_way(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def test_it_is_a_loader_that_overrides_nothing_but_how_all_are_loaded(self, rules: list[Rule]) -> None:
        loader = self.make(rules, backend="local")
        assert isinstance(loader, BaseLoader)
        assert type(loader).load_and_split is BaseLoader.load_and_split

    async def test_every_way_gives_the_same_labelled_documents_in_order(self, rules: list[Rule]) -> None:
        loader = self.filled(rules, *LETTERS)
        found = await all_ways(loader)
        assert found == [found[0]] * 4
        assert types(found[0]) == EXPECTED
        assert [one.page_content for one in found[0]] == list(LETTERS)

    async def test_labels_are_flat_metadata_beside_what_is_known_of_the_document(
        self, way: str, rules: list[Rule]
    ) -> None:
        [document] = await loaded(self.filled(rules, "an invoice"), way)
        label = {key: value for key, value in document.metadata.items() if key.startswith("classify_")}
        assert {type(value) for value in label.values()} <= {str, float}
        assert label["classify_backend"] == "scripted"
        assert document.metadata["source"]

    async def test_loading_again_asks_for_nothing_again(self, way: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        loader = self.filled(rules, *LETTERS, backend=backend)
        assert await loaded(loader, way) == await loaded(loader, way)
        assert backend.asked.total() == 3

    async def test_what_was_loaded_is_not_shared(self, way: str, rules: list[Rule]) -> None:
        loader = self.filled(rules, *LETTERS)
        first = await loaded(loader, way)
        before = copy.deepcopy(first)
        for document in first:
            document.metadata["added later"] = 1
        assert await loaded(loader, way) == before

    async def test_where_nothing_is_nothing_is_loaded(self, way: str, rules: list[Rule]) -> None:
        assert await loaded(self.filled(rules), way) == []

    async def test_a_failure_is_raised_behind_the_documents_before_it(self, lazy_way: str, rules: list[Rule]) -> None:
        texts = [*LETTERS, "an invoice that is broken", "a recipe"]
        loader = self.filled(rules, *texts, backend=fails_on("broken"))
        given = []
        with pytest.raises(BatchError, match="no broken here") as raised:
            if lazy_way == "lazy_load":
                for document in loader.lazy_load():
                    given.append(document)  # noqa: PERF402 - what was given before the error counts
            else:
                async for document in loader.alazy_load():
                    given.append(document)  # noqa: PERF401 - what was given before the error counts
        assert types(given) == EXPECTED
        assert [outcome.status.is_success for outcome in raised.value.outcomes[:4]] == [True, True, True, False]

    async def test_a_failure_can_be_annotated_or_left_out(self, way: str, rules: list[Rule]) -> None:
        texts = ["an invoice", "broken", "a recipe"]
        annotating = self.filled(rules, *texts, backend=fails_on("broken"), on_failure="annotate")
        found = await loaded(annotating, way)
        assert statuses(found) == ["completed", "failed", "completed"]
        assert "no broken here" in found[1].metadata["classify_error"]
        assert "classify_type" not in found[1].metadata
        skipping = self.filled(rules, *texts, backend=fails_on("broken"), on_failure="skip")
        assert types(await loaded(skipping, way)) == ["invoice", "recipe"]

    async def test_types_can_be_kept_and_dropped(self, way: str, rules: list[Rule]) -> None:
        kept = self.filled(rules, *LETTERS, keep_types=["invoice", "uncategorized"])
        assert types(await loaded(kept, way)) == ["invoice", "uncategorized"]
        assert types(await loaded(self.filled(rules, *LETTERS, drop_types="invoice"), way)) == EXPECTED[1:]

    async def test_labels_stand_under_the_prefix_that_was_given(self, way: str, rules: list[Rule]) -> None:
        [document] = await loaded(self.filled(rules, "an invoice", prefix="kind_"), way)
        assert document.metadata["kind_type"] == "invoice"
        assert "classify_type" not in document.metadata

    async def test_a_few_documents_are_worked_on_at_a_time(self, lazy_way: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        loader = self.filled(rules, *(f"invoice {number}" for number in range(200)), backend=backend)
        if lazy_way == "lazy_load":
            documents = loader.lazy_load()
            assert not backend.asked
            assert types(list(islice(documents, 3))) == ["invoice"] * 3
            documents.close()
        else:
            async with aclosing(loader.alazy_load()) as streamed:
                assert not backend.asked
                assert types([await anext(streamed) for _ in range(3)]) == ["invoice"] * 3
        assert backend.asked.total() <= 64

    async def test_many_documents_come_in_their_order(self, lazy_way: str, rules: list[Rule]) -> None:
        texts = [f"{LETTERS[number % 3]}, number {number}" for number in range(100)]
        found = await loaded(self.filled(rules, *texts), lazy_way)
        assert [one.page_content for one in found] == texts
        assert types(found) == [EXPECTED[number % 3] for number in range(100)]

    @pytest.mark.parametrize("asynchronous_way", ["aload", "alazy_load"])
    async def test_the_event_loop_runs_on_while_documents_are_classified(
        self, asynchronous_way: str, rules: list[Rule]
    ) -> None:
        backend = HeldBackend()
        running = asyncio.create_task(loaded(self.filled(rules, *LETTERS, backend=backend), asynchronous_way))
        await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
        assert not running.done()
        backend.release.set()
        assert types(await running) == EXPECTED

    async def test_cancelling_it_cancels_the_work(self, rules: list[Rule]) -> None:
        backend = HeldBackend()
        running = asyncio.create_task(self.filled(rules, *LETTERS, backend=backend).aload())
        await until(backend.begun.is_set)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await until(lambda: backend.cancelled >= 1)
        assert not backend.asked

    def test_one_loader_serves_many_loops_one_after_the_other(self, rules: list[Rule]) -> None:
        loader = self.filled(rules, *LETTERS, cache=False)
        for _ in range(3):
            assert types(asyncio.run(loader.aload())) == EXPECTED
        assert types(loader.load()) == EXPECTED

    async def test_within_a_chain_it_adds_no_run_and_tells_no_text(self, way: str, rules: list[Rule]) -> None:
        loader = self.filled(rules, INVOICE_TEXT)
        recorder = Recorder()

        async def count(_: Any) -> int:
            return len(await loaded(loader, way))

        assert await RunnableLambda(count, name="chain").ainvoke(0, {"callbacks": [recorder]}) == 1
        assert [run.name for run in recorder.runs] == ["chain"]
        assert SECRET_WORDS not in recorder.told()


class UndumpableSuite(LoaderSuite):
    """For a loader with a part that LangChain's `dumps` does not know."""

    def test_it_is_dumped_as_not_implemented_and_tells_nothing_of_what_it_holds(self, rules: list[Rule]) -> None:
        loader = self.filled(rules, INVOICE_TEXT, backend="local")
        dumped = json.loads(dumps(loader))
        assert dumped["type"] == "not_implemented"
        assert SECRET_WORDS not in json.dumps(dumped)
        with pytest.raises(NotImplementedError):
            reloaded(loader)
