"""The traps that LangChain holds for components (pitfalls 25 to 38 of the design), and what we guarantee there.

What concerns one component is held where that component's tests are:

- 25, a batch that nothing bounds and that goes on after an error: test_runnable_batch (`sixty_at_once_...`,
  `after_an_error_...`, `cancelling_an_abatch_...`), test_transformer_runnable, test_routing_standard; across all
  components: below;
- 26, asynchronous calls that are threads around synchronous ones: below; that the loop runs on and that cancelling
  reaches the work is held for each component by `the_event_loop_runs_on_...` and `cancelling_...`;
- 27, our own errors taken for the model's bad input: test_tool_faults (`a_broken_answer_...`, `a_broken_callback_...`);
- 28, an artifact that is lost without a tool call: test_tool (`without_a_tool_call_the_answer_is_the_line_alone`,
  `the_message_survives_serialisation_...`), test_agents_conversations; for a chain: below;
- 29, a model that supplies hidden arguments: test_tool_schema and test_agents (`what_a_model_supplies_...`),
  test_tool_roots (`the_root_cannot_be_...`), test_agents_conversations (`no_argument_of_the_tool_is_injected`);
- 30, a repr that leaks into dumps and traces: suites/component (`no_text_of_it_shows_the_key`,
  `with_a_backend_of_your_own_it_is_dumped_as_not_implemented`), test_component (`what_cannot_be_rebuilt_...`); for what
  LangChain makes of a component: below;
- 31, what `load` wants to be told: test_component (`the_namespace_and_the_class_both_have_to_be_allowed`,
  `loaded_hosted_it_stays_hosted_with_a_key_from_the_map_or_the_environment`);
- 32, module paths in dumps: test_component (`its_dumped_form_is_json_data_under_a_stable_public_module`,
  `what_an_earlier_version_dumped_is_still_loaded`);
- 33, misspelt arguments: suites/component (`a_misspelt_argument_is_refused_and_its_value_not_shown`); for what
  LangChain makes of a component: below;
- 34, retries of what will never succeed: test_runnable_retry (`what_will_never_succeed_is_tried_once`),
  test_transformer_runnable; together with the requests' own retries: below;
- 35, copies that share metadata or lose the ID: suites/transformer (`identifiers_and_metadata_are_kept`,
  `what_was_given_is_neither_changed_nor_shared`), test_scale;
- 36, a transformer that cannot be piped: suites/transformer (`it_pipes_on_both_sides`);
- 37, a router without a default: test_routing (`a_default_is_mandatory_...`, `review_gets_what_is_not_sure_...`);
- 38, asynchronous tests that do not run: below.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest
from langchain_core.documents import Document
from langchain_core.documents.base import Blob
from langchain_core.load import dumps
from langchain_core.messages import ToolMessage
from langchain_core.runnables import ConfigurableField, RunnableLambda
from pydantic import ValidationError

from classify_core import ClassifyError, Rule
from langchain_classify import (
    ClassifyDocumentCompressor,
    ClassifyDocumentTransformer,
    ClassifyLoader,
    ClassifyRunnable,
    ClassifyTool,
    route_by_type,
)
from tests.backends import ScriptedBackend
from tests.langchain.helpers import Recorder
from tests.service import ClassifyService

KEY = "llx-a-key-that-nobody-may-see"


def echo(value: Any) -> Any:
    return value


# 25. LangChain's `abatch` opens as many calls as there are inputs.


async def _runnable(rules: list[Rule], backend: Any, texts: list[str]) -> list[Any]:
    return await ClassifyRunnable(rules, backend=backend).abatch(texts)


async def _retried(rules: list[Rule], backend: Any, texts: list[str]) -> list[Any]:
    return list(await ClassifyRunnable(rules, backend=backend).with_retry().abatch(texts))


async def _mapped(rules: list[Rule], backend: Any, texts: list[str]) -> list[Any]:
    return list(await ClassifyRunnable(rules, backend=backend).map().abatch([[text] for text in texts]))


async def _transformer(rules: list[Rule], backend: Any, texts: list[str]) -> list[Any]:
    inputs = [[Document(page_content=text)] for text in texts]
    return await ClassifyDocumentTransformer(rules, backend=backend).abatch(inputs)


async def _tool(rules: list[Rule], backend: Any, texts: list[str]) -> list[Any]:
    return await ClassifyTool(rules, backend=backend).abatch([{"text": text} for text in texts])


async def _router(rules: list[Rule], backend: Any, texts: list[str]) -> list[Any]:
    router = route_by_type({}, default=echo, classify=ClassifyRunnable(rules, backend=backend))
    return await router.abatch(texts)


@pytest.mark.parametrize("abatch", [_runnable, _retried, _mapped, _transformer, _tool, _router])
async def test_no_batch_of_any_component_opens_more_than_its_classifiers_bound(
    abatch: Callable[..., Awaitable[list[Any]]], rules: list[Rule]
) -> None:
    backend = ScriptedBackend()
    texts = [f"invoice {number}" for number in range(60)]
    assert len(await abatch(rules, backend, texts)) == 60
    assert backend.asked.total() == 60
    assert backend.most_at_once <= backend.default_concurrency


# 26. What a component does not await itself LangChain does in the loop's executor, where nothing can be cancelled.


class RefusingExecutor(ThreadPoolExecutor):
    """Begins nothing."""

    def submit(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError("a synchronous method is called in a thread")


async def test_no_asynchronous_face_is_a_thread_around_the_synchronous_one(rules: list[Rule]) -> None:
    asyncio.get_running_loop().set_default_executor(RefusingExecutor())
    options: dict[str, Any] = {"rules": rules, "backend": ScriptedBackend()}
    documents = [Document(page_content="an invoice")]
    runnable, transformer = ClassifyRunnable(**options), ClassifyDocumentTransformer(**options)
    assert (await runnable.ainvoke("an invoice")).type == "invoice"
    assert (await runnable.with_retry().with_fallbacks([runnable]).ainvoke("an invoice")).type == "invoice"
    assert [one.type for one in await runnable.map().ainvoke(["an invoice"])] == ["invoice"]
    assert [one.type async for one in runnable.astream("an invoice")] == ["invoice"]
    assert [one.type async for _, one in runnable.abatch_as_completed(["an invoice"])] == ["invoice"]
    found = [
        *await transformer.atransform_documents(documents),
        *await transformer.ainvoke(documents),
        *(await transformer.abatch([documents]))[0],
        *[document async for document in transformer.alazy_transform_documents(documents)],
        *await ClassifyDocumentCompressor(**options).acompress_documents(documents, "what?"),
        *await ClassifyLoader(blobs=[Blob.from_data("an invoice")], **options).aload(),
    ]
    assert [document.metadata["classify_type"] for document in found] == ["invoice"] * 6
    assert "invoice" in await ClassifyTool(**options).ainvoke({"text": "an invoice"})
    branch = RunnableLambda(echo, afunc=_aecho)
    assert await route_by_type({"invoice": branch}, default=branch, classify=runnable).ainvoke("an invoice")


async def _aecho(value: Any) -> Any:
    return value


# 28. A tool that is not called by a tool call gives its content alone.


def test_the_artifact_of_a_tool_call_is_kept_through_a_chain(rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents={"acme.pdf": "an invoice"})
    call = {"name": tool.name, "args": {"document": "acme.pdf"}, "id": "1", "type": "tool_call"}
    for runnable in (tool, RunnableLambda(echo) | tool, tool.with_retry(), tool.with_config(tags=["mail"])):
        message = runnable.invoke(call)
        assert isinstance(message, ToolMessage)
        assert message.artifact["type"] == "invoice"


# 30, 33. What LangChain makes of a component has a repr, a dump and arguments of its own.

DERIVED: dict[str, Callable[[Any], Any]] = {
    "retry": lambda made: made.with_retry(),
    "fallbacks": lambda made: made.with_fallbacks([made]),
    "map": lambda made: made.map(),
    "bind": lambda made: made.bind(anything=1),
    "config": lambda made: made.with_config(tags=["mail"]),
    "listeners": lambda made: made.with_listeners(on_end=lambda run: None),
    "fields": lambda made: made.configurable_fields(min_confidence=ConfigurableField(id="least")),
    "alternatives": lambda made: made.configurable_alternatives(ConfigurableField(id="which"), other=made),
    "all together": lambda made: made.with_retry().with_fallbacks([made.with_retry()]).map().with_config(tags=["mail"]),
}
every_derived = pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED)


@every_derived
def test_nothing_that_is_made_of_a_component_shows_its_key(derive: Callable[[Any], Any], rules: list[Rule]) -> None:
    derived = derive(ClassifyRunnable(rules, api_key=KEY))
    shown = [
        repr(derived),
        str(derived),
        dumps(derived),
        str(derived.get_input_jsonschema()),
        repr(derived.get_graph()),
    ]
    assert KEY not in "".join(shown)
    assert "LLAMA_CLOUD_API_KEY" in dumps(derived)


@every_derived
def test_a_misspelt_field_of_what_is_made_of_a_component_is_refused(
    derive: Callable[[Any], Any], rules: list[Rule]
) -> None:
    derived = derive(ClassifyRunnable(rules, backend="local"))
    with pytest.raises(ValidationError, match="max_atempts"):
        type(derived)(bound=derived.bound, max_atempts=7)


# 34. LangChain's retries are on top of those of the requests.


def test_what_the_requests_own_retries_gave_up_for_good_is_asked_for_no_more_than_once(
    rules: list[Rule], service: ClassifyService
) -> None:
    runnable = ClassifyRunnable(rules, api_key="llx-not-the-right-one-01", base_url=service.base_url)
    recorder = Recorder()
    with runnable.classifier, pytest.raises(ClassifyError):
        runnable.with_retry(stop_after_attempt=5).invoke("an invoice", {"callbacks": [recorder]})
    assert [run.error is None for run in recorder.runs] == [False, False]  # all attempts, and the one that was made


# 38. LangChain's standard suites are of asynchronous tests that bear no mark.


def test_asynchronous_tests_without_a_mark_are_run(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.getini("asyncio_mode") == "auto"
    assert pytestconfig.getini("asyncio_default_fixture_loop_scope")
