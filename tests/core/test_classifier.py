from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from classify_core import (
    Answer,
    AuthenticationError,
    BatchError,
    Classifier,
    ClassifyConfiguration,
    ClassifyError,
    ClassifyRequest,
    ClassifyTimeoutError,
    CreditLimitError,
    InvalidOptionError,
    InvalidResponseError,
    InvalidRulesError,
    JobCancelledError,
    JobFailedError,
    LexicalEngine,
    LocalBackend,
    OutOfCreditsError,
    ParsedDocument,
    RateLimitError,
    Rule,
    RuleScore,
    RunStoppedError,
    Source,
    Status,
    UnknownTypeError,
    UnreadableDocumentError,
)
from classify_core.source import read
from tests.backends import Behaviour, ScriptedBackend
from tests.waiting import wait_until


def _classifier(
    rules: list[Rule], behaviour: Behaviour | None = None, **options: object
) -> tuple[Classifier, ScriptedBackend]:
    backend = ScriptedBackend(behaviour)
    return Classifier(rules, backend=backend, **options), backend


def _fails_on(word: str, error: ClassifyError) -> Behaviour:
    return lambda text: error if word in text else None


def test_a_text_is_classified_with_type_confidence_and_reasoning(rules: list[Rule]) -> None:
    with Classifier(rules, backend="local") as classifier:
        one = classifier.classify("Invoice number 7: line items, tax, total amount due 20 EUR")
    assert (one.type, one.status, one.backend) == ("invoice", Status.COMPLETED, "local/lexical")
    assert one.confidence is not None
    assert 0.5 < one.confidence <= 1.0
    assert one.reasoning
    assert [alternative.type for alternative in one.alternatives] == ["invoice"]


def test_a_str_is_a_text_and_a_path_is_a_file(rules: list[Rule], tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("recipe")
    classifier, backend = _classifier(rules)
    assert classifier.classify(str(path)).type is None
    assert classifier.classify(path).type == "recipe"
    assert set(backend.asked) == {str(path), "recipe"}


def test_outcomes_come_in_the_order_given(rules: list[Rule]) -> None:
    classifier, _ = _classifier(rules)
    texts = [f"{'invoice' if number % 3 else 'recipe'} {number}" for number in range(60)]
    assert [one.type for one in classifier.classify_many(texts)] == [text.split()[0] for text in texts]


async def test_sync_and_async_come_to_the_same(rules: list[Rule]) -> None:
    texts = ["invoice 1", "recipe 2", "neither"]
    classifier, _ = _classifier(rules)
    expected = classifier.classify_many(texts)
    async with _classifier(rules)[0] as other:
        assert await other.aclassify_many(texts) == expected
        assert [await other.aclassify(text) for text in texts] == expected
        completed = [pair async for pair in other.aclassify_as_completed(texts)]
    assert [outcome for _, outcome in sorted(completed, key=lambda pair: pair[0])] == expected


def test_equal_documents_are_one_classification_whatever_their_names(rules: list[Rule], tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("invoice")
    classifier, backend = _classifier(rules)
    many = classifier.classify_many([tmp_path / "a.txt", tmp_path / "b.txt", "invoice", "invoice"])
    assert backend.asked == {"invoice": 1}
    assert [one.source_name for one in many] == ["a.txt", "b.txt", None, None]
    assert len({one.digest for one in many}) == 1


def test_what_is_known_is_not_asked_again_unless_the_cache_is_off(rules: list[Rule]) -> None:
    cached, backend = _classifier(rules)
    cached.classify("invoice"), cached.classify("invoice")
    assert backend.asked["invoice"] == 1
    uncached, backend = _classifier(rules, cache=False)
    uncached.classify("invoice"), uncached.classify("invoice")
    assert backend.asked["invoice"] == 2


def test_within_one_call_equal_documents_are_asked_once_also_without_a_cache(rules: list[Rule]) -> None:
    classifier, backend = _classifier(rules, cache=False, max_concurrency=1)
    classifier.classify_many(["invoice", "recipe", "other", "another", "invoice"])
    assert backend.asked["invoice"] == 1


def test_a_failure_is_never_cached(rules: list[Rule]) -> None:
    errors: list[ClassifyError] = [JobFailedError("no luck")]
    classifier, _ = _classifier(rules, lambda _: errors.pop() if errors else None)
    assert classifier.classify("invoice", on_error="record").status is Status.FAILED
    assert classifier.classify("invoice").type == "invoice"


def test_a_cache_file_spares_the_next_run_the_work(rules: list[Rule], tmp_path: Path) -> None:
    first, _ = _classifier(rules, cache=tmp_path / "answers.sqlite")
    expected = first.classify("invoice")
    second, backend = _classifier(rules, cache=str(tmp_path / "answers.sqlite"))
    assert second.classify("invoice") == expected
    assert not backend.asked


def test_other_rules_are_another_answer_also_in_a_shared_cache_file(rules: list[Rule], tmp_path: Path) -> None:
    first, _ = _classifier(rules, cache=tmp_path / "answers.sqlite")
    first.classify("invoice recipe")
    second, backend = _classifier(rules[1:], cache=tmp_path / "answers.sqlite")
    assert second.classify("invoice recipe").type == "recipe"
    assert backend.asked


def test_a_file_that_is_no_cache_is_refused_before_anything_is_spent(rules: list[Rule], tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear cache, " * 100)
    with pytest.raises(InvalidOptionError, match=r"letter\.txt"):
        _classifier(rules, cache=tmp_path / "letter.txt")


def test_one_documents_failure_never_stops_the_others(rules: list[Rule]) -> None:
    classifier, _ = _classifier(rules, _fails_on("bad", JobFailedError("broken", job_id="job-7")))
    with pytest.raises(BatchError, match="1 of 3 documents") as caught:
        classifier.classify_many(["invoice", Source.text("bad", name="bad.txt"), "recipe"])
    outcomes = caught.value.outcomes
    assert [one.type for one in outcomes] == ["invoice", None, "recipe"]
    assert outcomes[1].status is Status.FAILED
    assert outcomes[1].job_id == "job-7"
    assert isinstance(outcomes[1].error, JobFailedError)
    assert "bad.txt" in str(caught.value)
    assert "job-7" in str(caught.value)
    assert isinstance(caught.value.__cause__, JobFailedError)


def test_on_error_record_returns_failures_as_outcomes(rules: list[Rule]) -> None:
    classifier, _ = _classifier(rules, _fails_on("bad", JobFailedError("broken")), on_error="record")
    assert [one.status for one in classifier.classify_many(["invoice", "bad"])] == [Status.COMPLETED, Status.FAILED]
    assert classifier.classify("bad").status is Status.FAILED


def test_classify_raises_the_documents_own_error(rules: list[Rule]) -> None:
    classifier, _ = _classifier(rules, _fails_on("bad", JobFailedError("broken", code="PDF_IS_BROKEN")))
    with pytest.raises(JobFailedError) as caught:
        classifier.classify(Source.text("bad", name="bad.pdf"))
    assert (caught.value.source_name, caught.value.code) == ("bad.pdf", "PDF_IS_BROKEN")


def test_as_completed_yields_everything_and_raises_at_its_end(rules: list[Rule]) -> None:
    classifier, _ = _classifier(rules, _fails_on("bad", JobFailedError("broken")))
    seen: list[int] = []
    with pytest.raises(BatchError) as caught:
        seen.extend(index for index, _ in classifier.classify_as_completed(["invoice", "bad", "recipe"]))
    assert sorted(seen) == [0, 1, 2]
    assert [one.status for one in caught.value.outcomes] == [Status.FAILED]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (JobFailedError("x"), Status.FAILED),
        (JobCancelledError("x"), Status.CANCELLED),
        (ClassifyTimeoutError("x"), Status.TIMEOUT),
        (UnreadableDocumentError("x"), Status.FAILED),
        (RateLimitError("x", plan_limit=False), Status.FAILED),
    ],
)
async def test_failed_cancelled_and_too_late_are_different_the_same_in_sync_and_async(
    rules: list[Rule], error: ClassifyError, status: Status
) -> None:
    classifier, _ = _classifier(rules, lambda _: error, on_error="record")
    assert classifier.classify("text").status is status
    assert (await classifier.aclassify("text")).status is status


@pytest.mark.parametrize(
    "error", [AuthenticationError("no"), OutOfCreditsError("no"), RateLimitError("no", plan_limit=True)]
)
async def test_errors_that_meet_every_document_stop_the_run_and_nothing_is_lost(
    rules: list[Rule], error: ClassifyError
) -> None:
    texts = [f"{number} invoice" for number in range(100)]
    classifier, backend = _classifier(rules, _fails_on("20 ", error), max_concurrency=2, on_error="record")
    for outcomes in (classifier.classify_many(texts), await classifier.aclassify_many(texts)):
        statuses = [one.status for one in outcomes]
        assert len(statuses) == 100
        assert statuses[:18] == [Status.COMPLETED] * 18
        assert statuses[30:] == [Status.NOT_STARTED] * 70
        assert all(isinstance(one.error, RunStoppedError) for one in outcomes[30:])
    assert sum(backend.asked.values()) < 40


def test_an_ordinary_rate_limit_does_not_stop_the_run(rules: list[Rule]) -> None:
    classifier, _ = _classifier(
        rules, _fails_on("bad", RateLimitError("slow down")), max_concurrency=1, on_error="record"
    )
    assert classifier.classify_many(["bad", "invoice"])[1].type == "invoice"


def test_a_type_that_is_in_no_rule_is_an_error_and_never_cached(rules: list[Rule]) -> None:
    classifier, backend = _classifier(rules, lambda _: Answer(type="alien", confidence=1.0, job_id="job-1"))
    for _ in range(2):
        with pytest.raises(UnknownTypeError, match="alien") as caught:
            classifier.classify("text")
        assert caught.value.job_id == "job-1"
    assert backend.asked["text"] == 2


def test_no_rule_matched_is_a_result_and_not_a_failure(rules: list[Rule]) -> None:
    outcome = _classifier(rules)[0].classify("neither")
    assert (outcome.type, outcome.status, outcome.error) == (None, Status.COMPLETED, None)


@pytest.mark.parametrize(("minimum", "expected"), [(0.89, "invoice"), (0.9, "invoice"), (0.91, None)])
def test_below_the_threshold_the_type_is_withheld_and_status_says_so(
    rules: list[Rule], minimum: float, expected: str | None
) -> None:
    outcome = _classifier(rules, min_confidence=minimum)[0].classify("invoice")
    assert outcome.type == expected
    assert outcome.confidence == 0.9
    assert outcome.status is (Status.COMPLETED if expected else Status.BELOW_THRESHOLD)


def test_every_wait_ends_also_with_a_backend_that_never_answers(rules: list[Rule]) -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    classifier = Classifier(rules, backend=backend, timeout=0.05)
    with pytest.raises(ClassifyTimeoutError, match=r"0\.05 s") as caught:
        classifier.classify("invoice")
    assert caught.value.timeout == 0.05
    # On a busy machine the time may be over before the backend was asked at all, and it is told a moment after us.
    wait_until(lambda: backend.cancelled == backend.asked.total())


class _Stuck(LexicalEngine):
    async def ascore(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        await asyncio.Event().wait()
        return []


async def test_the_local_backend_ends_its_own_wait_and_names_the_document(rules: list[Rule]) -> None:
    source = Source.text("invoice", name="long.txt")
    request = ClassifyRequest(source, await read(source), ClassifyConfiguration(rules=tuple(rules)))
    with pytest.raises(ClassifyTimeoutError, match=r"long\.txt.*0\.02 s"):
        await LocalBackend(_Stuck()).classify(request, timeout=0.02)


def test_no_more_documents_are_open_than_allowed(rules: list[Rule]) -> None:
    classifier, backend = _classifier(rules, max_concurrency=3)
    classifier.classify_many([str(number) for number in range(40)])
    assert backend.most_at_once == 3


def test_a_call_may_narrow_the_bound_for_its_own_documents(rules: list[Rule]) -> None:
    classifier, backend = _classifier(rules, max_concurrency=4)
    classifier.classify_many([str(number) for number in range(20)], max_concurrency=2)
    assert backend.most_at_once == 2


def test_threads_that_share_a_classifier_share_its_bound(rules: list[Rule]) -> None:
    classifier, backend = _classifier(rules, max_concurrency=3)
    threads = [
        threading.Thread(target=classifier.classify_many, args=([f"{name}{number}" for number in range(10)],))
        for name in "abcdef"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(backend.asked.values()) == 60
    assert backend.most_at_once == 3


def test_an_iterable_is_consumed_lazily_and_in_the_callers_thread(rules: list[Rule]) -> None:
    taken: list[str] = []

    def sources() -> Iterator[str]:
        for number in range(1000):
            taken.append(threading.current_thread().name)
            yield f"invoice {number}"

    classifier, _ = _classifier(rules, max_concurrency=2)
    completed = classifier.classify_as_completed(sources())
    next(completed)
    assert len(taken) <= 4 + 1
    completed.close()  # type: ignore[attr-defined]  # a generator, as documented
    assert set(taken) == {threading.current_thread().name}


async def test_an_async_iterable_is_consumed_on_the_callers_loop(rules: list[Rule]) -> None:
    here = asyncio.get_running_loop()

    async def sources() -> AsyncIterator[str]:
        for number in range(10):
            assert asyncio.get_running_loop() is here
            yield f"invoice {number}"

    classifier, _ = _classifier(rules)
    assert len(await classifier.aclassify_many(sources())) == 10


async def test_cancelling_the_wait_cancels_the_work(rules: list[Rule]) -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    classifier = Classifier(rules, backend=backend)
    waiting = asyncio.create_task(classifier.aclassify_many(["a", "b"]))
    while sum(backend.asked.values()) < 2:
        await asyncio.sleep(0.001)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    while backend.cancelled < 2:
        await asyncio.sleep(0.001)


async def test_cancelling_one_of_two_that_wait_for_equal_work_leaves_it_to_the_other(rules: list[Rule]) -> None:
    gate = asyncio.Event()
    backend = ScriptedBackend(gate=gate)
    classifier = Classifier(rules, backend=backend)
    first, second = (asyncio.create_task(classifier.aclassify("invoice")) for _ in range(2))
    while not backend.asked:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.sleep(0.01)
    from classify_core.background import background  # noqa: PLC0415 - only this test opens a gate on that loop

    background.run(_set(gate))
    assert (await second).type == "invoice"
    assert backend.asked["invoice"] == 1


async def _set(gate: asyncio.Event) -> None:
    gate.set()


async def test_the_callers_loop_keeps_running_while_documents_are_classified(rules: list[Rule]) -> None:
    beats = 0

    async def heart() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(heart())
    async with Classifier(rules, backend="local") as classifier:
        await classifier.aclassify_many([f"invoice number {number} " * 500 for number in range(20)])
    beating.cancel()
    assert beats > 20


def test_sync_calls_work_inside_a_running_loop(rules: list[Rule]) -> None:
    classifier, _ = _classifier(rules)

    async def main() -> str | None:
        return classifier.classify("invoice").type

    assert asyncio.run(main()) == asyncio.run(main()) == "invoice"


@pytest.mark.parametrize(
    "options",
    [
        {"min_confidence": 1.5},
        {"min_confidence": -0.1},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"on_error": "ignore"},
        {"max_concurrency": 0},
        {"max_credits": -1},
        {"backend": "cloud"},
        {"backend": object()},
        {"backend": ScriptedBackend},
        {"plan": "Pro"},
        {"cache": 7},
        {"backend": "hosted", "api_key": "llx-1", "plan": "gold"},
        {"configuration_id": "cfg-1"},
        {"backend": ScriptedBackend(), "api_key": "llx-1"},
    ],
)
def test_options_that_cannot_work_are_refused_at_construction(rules: list[Rule], options: dict[str, object]) -> None:
    with pytest.raises(InvalidOptionError):
        Classifier(rules, **({"backend": "local"} | options))


@pytest.mark.parametrize("sources", ["a text", b"bytes", Path("a.pdf"), Source.text("a")])
def test_a_single_document_where_a_list_is_expected_is_refused(rules: list[Rule], sources: object) -> None:
    with pytest.raises(InvalidOptionError, match="takes a list"):
        _classifier(rules)[0].classify_many(sources)


def test_a_list_with_something_that_is_no_document_is_refused_before_anything_is_spent(rules: list[Rule]) -> None:
    classifier, backend = _classifier(rules)
    with pytest.raises(InvalidOptionError, match="cannot classify a int"):
        classifier.classify_many(["invoice", 7])
    assert not backend.asked


def test_no_documents_are_no_outcomes(rules: list[Rule]) -> None:
    assert _classifier(rules)[0].classify_many([]) == []


def test_auto_is_local_without_a_key_and_says_so_once(rules: list[Rule], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="classify_core"):
        classifier = Classifier(rules)
        classifier.classify("invoice number and total amount due")
    assert classifier.backend.name == "local/lexical"
    assert [record.message for record in caplog.records] == [
        "backend='auto': classifying locally (no LLAMA_CLOUD_API_KEY)"
    ]


def test_auto_is_hosted_with_a_key_and_logs_the_region_but_not_the_key(
    rules: list[Rule], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-hush")
    with caplog.at_level(logging.INFO, logger="classify_core"):
        classifier = Classifier(rules, base_url="eu")
    assert classifier.backend.name == "hosted"
    assert caplog.messages == ["backend='auto': classifying hosted, region eu"]
    assert "hush" not in repr(classifier) + repr(vars(classifier)) + caplog.text


def test_what_was_resolved_hosted_never_turns_local(rules: list[Rule], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-hush")
    pickled = pickle.dumps(Classifier(rules))
    assert b"hush" not in pickled
    monkeypatch.delenv("LLAMA_CLOUD_API_KEY")
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        pickle.loads(pickled)


def test_what_was_resolved_local_stays_local(rules: list[Rule], monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = pickle.dumps(Classifier(rules, min_confidence=0.3, timeout=5))
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-hush")
    restored: Classifier = pickle.loads(pickled)
    assert restored.backend.name == "local/lexical"
    assert restored.arguments() == Classifier(rules, backend="local", min_confidence=0.3, timeout=5).arguments()


def test_a_copied_classifier_is_the_same_one(rules: list[Rule]) -> None:
    classifier, _ = _classifier(rules)
    assert copy.copy(classifier) is copy.deepcopy(classifier) is classifier


def test_closing_closes_a_backend_made_by_name_and_leaves_the_users_own_open(rules: list[Rule]) -> None:
    classifier, backend = _classifier(rules)
    classifier.close()
    assert not backend.closed
    with pytest.raises(RunStoppedError, match="closed"):
        classifier.classify("invoice")


def test_a_backend_that_breaks_is_the_documents_error_and_names_the_kind(rules: list[Rule]) -> None:
    def breaks(text: str) -> Answer:
        raise KeyError(text)

    classifier, _ = _classifier(rules, breaks)
    with pytest.raises(ClassifyError, match="KeyError") as caught:
        classifier.classify("a secret text")
    assert "secret" not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)
    assert "test_classifier.py:" in str(caught.value)


@pytest.mark.parametrize("answer", [Answer.model_construct(type="invoice", confidence=7.0), "invoice", None])
def test_a_malformed_answer_of_a_backend_is_that_documents_error(rules: list[Rule], answer: Answer) -> None:
    class Broken(ScriptedBackend):
        async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
            return answer

    outcomes = Classifier(rules, backend=Broken(), on_error="record").classify_many(["a", "b"])
    assert [type(one.error) for one in outcomes] == [InvalidResponseError] * 2


def test_a_blocked_backend_call_to_a_sync_method_is_an_error_and_no_deadlock(rules: list[Rule]) -> None:
    inner, _ = _classifier(rules)

    def calls_back(text: str) -> Answer:
        inner.classify(text)
        raise AssertionError

    with pytest.raises(ClassifyError) as caught:
        _classifier(rules, calls_back)[0].classify("x")
    assert "inside a backend" in str(caught.value)


def test_max_credits_stops_the_run_and_keeps_what_is_done(rules: list[Rule]) -> None:
    def paid(text: str) -> Answer:
        return Answer(type="invoice", confidence=1.0, job_id=text, usage={"credits": 2})

    classifier, backend = _classifier(rules, paid, max_credits=5, max_concurrency=1, on_error="record")
    outcomes = classifier.classify_many([str(number) for number in range(10)])
    assert [one.status.value for one in outcomes] == ["completed"] * 3 + ["not_started"] * 7
    assert isinstance(outcomes[3].error, CreditLimitError)
    assert len(backend.asked) == 3


def test_progress_is_shown_on_standard_error_alone(rules: list[Rule], capsys: pytest.CaptureFixture[str]) -> None:
    _classifier(rules)[0].classify_many(["a", "b"], show_progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2/2" in captured.err


def test_a_remote_document_cannot_be_classified_locally_and_the_error_says_what_to_do(rules: list[Rule]) -> None:
    with pytest.raises(UnreadableDocumentError, match='backend="hosted"'):
        Classifier(rules, backend=LocalBackend()).classify(Source.file_id("dfl-1"))


def test_a_classifier_works_in_a_forked_child(rules: list[Rule]) -> None:
    import multiprocessing  # noqa: PLC0415 - only here

    classifier, _ = _classifier(rules)
    assert classifier.classify("invoice").type == "invoice"
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_type_of, (classifier, "recipe")) == "recipe"


def _type_of(classifier: Classifier, text: str) -> str | None:
    return classifier.classify(text).type


def test_invalid_rules_are_found_before_the_key_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRulesError):
        Classifier(rules=[], backend="hosted")
