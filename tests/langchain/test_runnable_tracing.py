"""What tracers see of a `ClassifyRunnable` and of all that LangChain makes of it: never a text."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import ConfigurableField, RunnableLambda

from classify_core import ClassifyError, InvalidOptionError, Rule, ServerError, Source
from langchain_classify import ClassifyRunnable
from tests.backends import ScriptedBackend
from tests.langchain.helpers import (
    INVOICE_DOCUMENT,
    INVOICE_TEXT,
    RECIPE_DOCUMENT,
    RECIPE_TEXT,
    SECRET_WORDS,
    Recorder,
    fails_on,
    run,
)

LEAST = ConfigurableField(id="least")


def patient(runnable: Any) -> Any:
    return runnable.with_retry(wait_exponential_jitter=False)


DERIVED: dict[str, Callable[[ClassifyRunnable], Any]] = {
    "itself": lambda made: made,
    "retry": patient,
    "fallbacks": lambda made: made.with_fallbacks([made]),
    "config": lambda made: made.with_config(tags=["mail"]),
    "bind": lambda made: made.bind(anything=1),
    "types": lambda made: made.with_types(input_type=str),
    "listeners": lambda made: made.with_listeners(on_start=lambda run: None),
    "listeners of all kinds, fallbacks": lambda made: (
        made.with_listeners().with_alisteners().with_listeners().with_fallbacks([made])
    ),
    "fields": lambda made: made.configurable_fields(min_confidence=LEAST),
    "alternatives, fallbacks": lambda made: made.configurable_alternatives(LEAST, other=made).with_fallbacks([made]),
    "config, fallbacks, retry": lambda made: patient(made.with_config(tags=["mail"]).with_fallbacks([made])),
    "fields, retry, fallbacks, bind": lambda made: (
        patient(made.configurable_fields(min_confidence=LEAST)).with_fallbacks([made]).bind(anything=1)
    ),
}
every_derived = pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED)
every_kind = pytest.mark.parametrize(
    "value", [INVOICE_DOCUMENT, INVOICE_TEXT, INVOICE_TEXT.encode(), Source.text(INVOICE_TEXT)]
)


@every_derived
@every_kind
@pytest.mark.parametrize("error", [None, ServerError])
def test_no_run_of_what_is_derived_shows_the_text(
    derive: Callable[[ClassifyRunnable], Any],
    face: str,
    value: Any,
    error: type[ClassifyError] | None,
    recorder: Recorder,
    rules: list[Rule],
) -> None:
    backend = ScriptedBackend() if error is None else fails_on("invoice", error)
    runnable = derive(ClassifyRunnable(rules, backend=backend))
    for call, told in (("invoke", value), ("batch", [value, RECIPE_DOCUMENT])):
        with contextlib.suppress(ServerError):
            run(face, runnable, call, told, {"callbacks": [recorder]})
    assert recorder.runs[0].inputs["digest"] == Source.text(INVOICE_TEXT).reference["digest"]
    assert SECRET_WORDS not in recorder.told()


@pytest.mark.parametrize(
    "derive",
    [
        lambda made: made.map(),
        lambda made: patient(made.map()),
        lambda made: patient(made.with_config(tags=["mail"]).map()).with_fallbacks([made.map()]),
        lambda made: patient(made).map().with_config(tags=["mail"]),
    ],
    ids=["map", "map, retry", "config, map, retry, fallbacks", "retry, map, config"],
)
def test_no_run_of_a_list_shows_the_texts(
    derive: Callable[[ClassifyRunnable], Any], face: str, recorder: Recorder, rules: list[Rule]
) -> None:
    runnable = derive(ClassifyRunnable(rules, backend=ScriptedBackend()))
    found = run(face, runnable, "invoke", [INVOICE_DOCUMENT, RECIPE_TEXT], {"callbacks": [recorder]})
    assert [one.type for one in found] == ["invoice", "recipe"]
    [many] = run(face, runnable, "batch", [[INVOICE_DOCUMENT, RECIPE_TEXT]], {"callbacks": [recorder]})
    assert many == found
    assert len(recorder.runs) >= 6
    assert "acme.pdf" in str(recorder.runs[0].inputs)
    assert "invalid" not in recorder.told()
    assert SECRET_WORDS not in recorder.told()


def test_an_input_that_is_no_document_is_told_as_such(face: str, recorder: Recorder, rules: list[Rule]) -> None:
    runnable = patient(ClassifyRunnable(rules, backend="local"))
    with pytest.raises(InvalidOptionError, match="dict"):
        run(face, runnable, "invoke", {"text": INVOICE_TEXT}, {"callbacks": [recorder]})
    assert [one.inputs for one in recorder.runs] == [{"kind": "invalid", "name": None}] * 2
    assert SECRET_WORDS not in recorder.told()


@every_derived
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.filterwarnings("ignore:astream_events version='v1'")
async def test_a_stream_of_events_shows_no_text(
    derive: Callable[[ClassifyRunnable], Any], version: Any, rules: list[Rule]
) -> None:
    runnable = derive(ClassifyRunnable(rules, backend=ScriptedBackend()))
    events = [event async for event in runnable.astream_events(INVOICE_DOCUMENT, version=version)]
    kinds = [event["event"] for event in events]
    assert (kinds[0], kinds[-1]) == ("on_chain_start", "on_chain_end")
    assert events[0]["data"]["input"]["name"] == "acme.pdf"
    assert "on_custom_event" in kinds or version == "v1"
    assert SECRET_WORDS not in str(events)


def test_what_callbacks_are_told_of_configs_and_progress_is_by_reference_too(face: str, rules: list[Rule]) -> None:
    class Everything(BaseCallbackHandler):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
            self.heard.append(repr((args, kwargs)))

        def on_chain_end(self, *args: Any, **kwargs: Any) -> None:
            self.heard.append(repr((args, kwargs)))

        def on_custom_event(self, *args: Any, **kwargs: Any) -> None:
            self.heard.append(repr((args, kwargs)))

    handler = Everything()
    runnable = ClassifyRunnable(rules, backend=ScriptedBackend())
    for one in (runnable, runnable.with_retry(), runnable.with_fallbacks([runnable])):
        run(face, one, "batch", [INVOICE_TEXT, RECIPE_DOCUMENT], {"callbacks": [handler]})
    assert len(handler.heard) >= 18
    assert SECRET_WORDS not in "".join(handler.heard)


@pytest.mark.parametrize("derive", [lambda made: made, patient], ids=["itself", "retry"])
def test_a_fallback_that_is_not_ours_may_show_the_text_in_its_own_run_only(
    derive: Callable[[ClassifyRunnable], Any], face: str, recorder: Recorder, rules: list[Rule]
) -> None:
    failing = derive(ClassifyRunnable(rules, backend=fails_on("invoice")))
    runnable = failing.with_fallbacks([RunnableLambda(lambda document: "seen", name="other")])
    assert run(face, runnable, "invoke", INVOICE_DOCUMENT, {"callbacks": [recorder], "run_name": "ours"}) == "seen"
    assert SECRET_WORDS in recorder.told("other")
    assert SECRET_WORDS not in recorder.told("ours", "ClassifyRunnable")


@every_derived
async def test_a_large_document_is_hashed_off_the_loop(
    derive: Callable[[ClassifyRunnable], Any], rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    hashed = Source.reference.fget

    def reference(source: Source) -> dict[str, Any]:
        threads.add(threading.get_ident())
        return hashed(source)

    monkeypatch.setattr(Source, "reference", property(reference))
    runnable = derive(ClassifyRunnable(rules, backend=ScriptedBackend()))
    large, config = "an invoice " * 200_000, {"callbacks": [Recorder()]}
    assert (await runnable.ainvoke(large, config)).type == "invoice"
    assert (await runnable.abatch([large], config))[0].type == "invoice"
    assert [one.type for one in await runnable.map().ainvoke([large], config)] == ["invoice"]
    events = [event async for event in runnable.astream_events(large)]
    assert events[0]["data"]["input"]["size"] == len(large)
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("name", [name for name in DERIVED if "listeners" not in name])
def test_without_a_tracer_nothing_is_hashed_for_one(
    name: str, face: str, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    runnable = DERIVED[name](ClassifyRunnable(rules, backend=ScriptedBackend()))
    monkeypatch.setattr(Source, "reference", property(lambda _: pytest.fail("nobody asked")))
    assert run(face, runnable, "batch", [INVOICE_TEXT])[0].type == "invoice"
