"""What callbacks and tracers see of routing: what was routed by a reference, which way it took, and no text."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableGenerator, RunnableLambda

from classify_core import InvalidOptionError, Rule, ServerError, Source
from langchain_classify import ClassifyRunnable
from langchain_classify.routing import TypeRouter, route_by_type
from tests.backends import ScriptedBackend
from tests.langchain.helpers import INVOICE_TEXT, RECIPE_TEXT, SECRET_WORDS, Recorder, fails_on
from tests.langchain.routed import FAILED, INVOICE, NO_MATCH, REASON, RECIPE, labelled, run

CALLS = ("invoke", "batch", "stream")
FACES = pytest.mark.parametrize("face", ["sync", "async"])


def router(**options: Any) -> TypeRouter:
    """Its branches give back what they got."""
    kept = [RunnableLambda(lambda value: value, name=name) for name in ("extract", "store", "ask")]
    return route_by_type({"invoice": kept[0]}, **{"default": kept[1], "review": kept[2]} | options)


def traced(face: str, call: str, runnable: Any, value: Any, **config: Any) -> Recorder:
    recorder = Recorder()
    run(face, runnable, call, [value] if call == "batch" else value, {"callbacks": [recorder], **config})
    return recorder


@FACES
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("value", "branch", "route"),
    [(INVOICE, "extract", "invoice"), (NO_MATCH, "store", "(default)"), (FAILED, "ask", "(review)")],
)
def test_the_route_is_the_outcome_of_the_routers_run_and_a_tag_of_the_branchs(
    face: str, call: str, value: Any, branch: str, route: str
) -> None:
    recorder = traced(face, call, router(), value)
    [own] = recorder.named("route_by_type")
    [taken] = recorder.named(branch)
    assert own.outputs == {"route": route}
    assert taken.parent_run_id == own.id
    assert taken.tags == [f"route:{route}"]
    assert len(recorder.runs) == 2


@FACES
@pytest.mark.parametrize("call", CALLS)
def test_the_classification_is_a_run_of_its_own_within_the_routers(face: str, call: str, rules: list[Rule]) -> None:
    asking = router(classify=ClassifyRunnable(rules, backend=ScriptedBackend()))
    recorder = traced(face, call, asking, "an invoice")
    [own], [step] = recorder.named("route_by_type"), recorder.named("classify")
    assert step.parent_run_id == own.id
    assert step.outputs is not None
    assert step.outputs["output"].type == "invoice"
    assert {one.name for one in recorder.runs} == {"route_by_type", "classify", "extract"}


@FACES
@pytest.mark.parametrize("call", CALLS)
def test_name_tags_and_metadata_of_the_config_are_the_routers(face: str, call: str) -> None:
    recorder = traced(face, call, router(), INVOICE, run_name="by type", tags=["mail"], metadata={"batch": 3})
    [own], [taken] = recorder.named("by type"), recorder.named("extract")
    assert own.tags == ["mail"]
    assert set(taken.tags or ()) == {"mail", "route:invoice"}
    assert own.metadata["batch"] == taken.metadata["batch"] == 3


PAGE = Document(page_content=INVOICE_TEXT, metadata={"source": "acme.pdf"})


@FACES
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (INVOICE, {"kind": "classification", "name": None, "digest": None, "type": "invoice", "status": "completed"}),
        (FAILED, {"kind": "classification", "name": "a.pdf", "digest": None, "type": None, "status": "failed"}),
        (labelled(INVOICE, INVOICE_TEXT), Source.text(INVOICE_TEXT, name=f"{INVOICE_TEXT}.pdf").reference),
        ({"classification": INVOICE, "text": INVOICE_TEXT}, {"kind": "mapping", "keys": ["classification", "text"]}),
        (INVOICE.model_dump(mode="json"), {"kind": "mapping", "keys": list(INVOICE.model_dump())}),
    ],
)
def test_the_routers_run_knows_a_reference_to_its_input_only(face: str, call: str, value: Any, told: Any) -> None:
    recorder = traced(face, call, router(), value)
    assert recorder.named("route_by_type")[0].inputs == told
    own = recorder.told("route_by_type")
    if "name" not in told or told["name"] is None:
        assert SECRET_WORDS not in own
    assert REASON not in own


@FACES
def test_of_a_list_its_documents_are_counted_and_named(face: str) -> None:
    recorder = traced(face, "invoke", router(), [labelled(INVOICE, "page 1"), labelled(INVOICE, "page 2")])
    own = recorder.named("route_by_type")[0].inputs
    assert own["count"] == 2
    assert [one["name"] for one in own["documents"]] == ["page 1.pdf", "page 2.pdf"]


@FACES
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("value", [INVOICE_TEXT, INVOICE_TEXT.encode(), Source.text(INVOICE_TEXT), PAGE])
def test_neither_the_routers_run_nor_the_classification_shows_a_text(
    face: str, call: str, value: Any, rules: list[Rule]
) -> None:
    asking = router(classify=ClassifyRunnable(rules, backend="local"))
    recorder = traced(face, call, asking, value)
    assert recorder.named("route_by_type")[0].inputs["digest"] == Source.text(INVOICE_TEXT).reference["digest"]
    assert SECRET_WORDS not in recorder.told("route_by_type", "classify")


@FACES
@pytest.mark.parametrize("call", CALLS)
def test_what_tells_no_type_is_traced_as_an_error_without_its_content(face: str, call: str) -> None:
    recorder = Recorder()
    value: Any = {"question": SECRET_WORDS}
    with pytest.raises(InvalidOptionError):
        run(face, router(), call, [value] if call == "batch" else value, {"callbacks": [recorder]})
    [own] = recorder.runs
    assert "tells no type" in str(own.error)
    assert own.inputs == {"kind": "mapping", "keys": ["question"]}
    assert SECRET_WORDS not in recorder.told()


@FACES
def test_each_input_of_a_batch_has_its_own_run_with_its_own_outcome(face: str, rules: list[Rule]) -> None:
    recorder = Recorder()
    asking = router(classify=ClassifyRunnable(rules, backend=fails_on("broken", ServerError)))
    values = [INVOICE_TEXT, f"broken {SECRET_WORDS}", RECIPE_TEXT]
    run(face, asking, "batch", values, {"callbacks": [recorder]}, return_exceptions=True)
    outcomes = {one.inputs["size"]: (one.outputs, one.error) for one in recorder.named("route_by_type")}
    assert outcomes[len(INVOICE_TEXT)] == ({"route": "invoice"}, None)
    assert outcomes[len(RECIPE_TEXT)] == ({"route": "(default)"}, None)
    assert "no broken here" in str(outcomes[len(values[1])][1])
    assert len(recorder.named("classify")) == 3
    assert SECRET_WORDS not in recorder.told("route_by_type", "classify")


def test_a_stream_that_nobody_reads_to_its_end_has_ended_well() -> None:
    def endless(values: Iterator[Any]) -> Iterator[int]:
        for _ in values:
            while True:
                yield 1

    recorder = Recorder()
    endless_router = route_by_type({"recipe": RunnableGenerator(endless)}, default=RunnableLambda(str))
    stream = endless_router.stream(RECIPE, {"callbacks": [recorder]})
    assert next(stream) == 1
    stream.close()
    [own] = recorder.named("route_by_type")
    assert (own.error, own.outputs) == (None, {"route": "recipe"})


async def test_events_tell_the_chunks_and_the_route() -> None:
    events = [event async for event in router().astream_events(INVOICE, version="v2")]
    told = [(event["event"], event["name"]) for event in events]
    assert ("on_chain_stream", "extract") in told
    ends = {event["name"]: event["data"]["output"] for event in events if event["event"] == "on_chain_end"}
    assert ends["route_by_type"] == {"route": "invoice"}
    assert next(event["tags"] for event in events if event["name"] == "extract") == ["route:invoice"]


@pytest.mark.parametrize("call", ["ainvoke", "abatch"])
async def test_a_large_document_is_hashed_off_the_loop(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()
    hashed: Any = Source.reference.fget

    def reference(source: Source) -> dict[str, Any]:
        threads.add(threading.get_ident())
        return hashed(source)

    monkeypatch.setattr(Source, "reference", property(reference))
    page = labelled(INVOICE, "an invoice " * 200_000)
    found = await getattr(router(), call)([page] if call == "abatch" else page, {"callbacks": [Recorder()]})
    assert found in (page, [page])
    assert threads
    assert threading.get_ident() not in threads


@FACES
@pytest.mark.parametrize("call", CALLS)
def test_without_a_tracer_nothing_is_hashed_for_one(face: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Source, "reference", property(lambda _: pytest.fail("nobody asked")))
    page = labelled(INVOICE, INVOICE_TEXT)
    assert run(face, router(), call, [page] if call == "batch" else page) in (page, [page])


@FACES
@pytest.mark.parametrize("call", CALLS)
def test_a_branch_with_a_handler_of_its_own_bears_the_route_where_nobody_else_listens(face: str, call: str) -> None:
    recorder = Recorder()
    extract: Any = RunnableLambda(lambda value: value, name="extract").with_config(callbacks=[recorder])
    run(face, route_by_type({"invoice": extract}, default=str), call, [INVOICE] if call == "batch" else INVOICE)
    assert [(one.name, one.tags) for one in recorder.runs] == [("extract", ["route:invoice"])]
