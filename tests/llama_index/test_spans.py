from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.schema import Document, NodeWithScore, TextNode

from classify_core import BatchError, Rule
from llama_index_classify import ClassifyPostprocessor, ClassifyTransform
from tests.backends import ScriptedBackend
from tests.llama_index.parts import CollectingSpanHandler, fails_on
from tests.service import ClassifyService

KEY = "llx-a-key-that-nobody-may-see-0123456789"


async def test_both_ways_of_a_transform_are_one_span_each(
    rules: list[Rule], documents: list[Document], spans: CollectingSpanHandler
) -> None:
    transform = ClassifyTransform(rules, backend=ScriptedBackend())
    transform(documents)
    await transform.acall(documents)
    assert spans.names == ["ClassifyTransform.__call__", "ClassifyTransform.acall"]
    assert not spans.open_spans


async def test_both_ways_of_a_postprocessor_are_one_span_each(rules: list[Rule], spans: CollectingSpanHandler) -> None:
    postprocessor = ClassifyPostprocessor(rules, backend=ScriptedBackend())
    nodes = [NodeWithScore(node=TextNode(text="an invoice"), score=1.0)]
    postprocessor.postprocess_nodes(nodes)
    await postprocessor.apostprocess_nodes(nodes)
    assert spans.names == ["ClassifyPostprocessor._postprocess_nodes", "ClassifyPostprocessor._apostprocess_nodes"]
    assert not spans.open_spans


async def test_a_span_is_dropped_where_classifying_raises(
    rules: list[Rule], documents: list[Document], spans: CollectingSpanHandler
) -> None:
    transform = ClassifyTransform(rules, backend=fails_on("eggs"), on_failure="raise")
    with pytest.raises(BatchError):
        transform(documents)
    with pytest.raises(BatchError):
        await transform.acall(documents)
    assert len(spans.names) == 2
    assert not spans.open_spans


@pytest.mark.parametrize("key_is_right", [True, False])
async def test_no_key_reaches_a_tracer(
    *, key_is_right: bool, rules: list[Rule], documents: list[Document], spans: CollectingSpanHandler
) -> None:
    nodes: list[Any] = [NodeWithScore(node=document, score=1.0) for document in documents]
    with ClassifyService(api_key=KEY if key_is_right else "llx-another-key-0123456789") as service:
        options: dict[str, Any] = {"backend": "hosted", "api_key": KEY, "base_url": service.base_url}
        transform, postprocessor = ClassifyTransform(rules, **options), ClassifyPostprocessor(rules, **options)
        with transform.classifier, postprocessor.classifier:
            transform(documents)
            await transform.acall(documents)
            postprocessor.postprocess_nodes(nodes)
            await postprocessor.apostprocess_nodes(nodes)
        assert service.requests
    assert len(spans.names) == 4
    assert sum("Invoice" in told or "invoice" in told for told in spans.told) >= 8  # it was told of rules and nodes
    assert not [told for told in spans.told if KEY in told]


class Raising(CollectingSpanHandler):
    """Breaks at whatever it is told."""

    def new_span(self, *args: Any, **kwargs: Any) -> Any:
        raise KeyError("new_span")

    def prepare_to_exit_span(self, *args: Any, **kwargs: Any) -> None:
        raise KeyError("prepare_to_exit_span")

    def prepare_to_drop_span(self, *args: Any, **kwargs: Any) -> None:
        raise KeyError("prepare_to_drop_span")


async def test_a_span_handler_that_raises_does_no_harm(rules: list[Rule], documents: list[Document]) -> None:
    handler, root = Raising(), get_dispatcher()
    before = list(root.span_handlers)
    root.add_span_handler(handler)
    try:
        step = ClassifyTransform(rules, backend=fails_on("eggs"), on_failure="raise")
        assert len(step(documents[:1])) == len(await step.acall(documents[:1])) == 1
        with pytest.raises(BatchError):
            step(documents)
        with pytest.raises(BatchError):
            await step.acall(documents)
    finally:
        root.span_handlers = before
