"""A cascade that decides document by document: what stays, what is sent, and what becomes of failures."""

from __future__ import annotations

import asyncio
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from classify_core import (
    AuthenticationError,
    BatchError,
    Classifier,
    ClassifyError,
    HostedBackend,
    InvalidOptionError,
    LexicalEngine,
    LocalBackend,
    OutOfCreditsError,
    RateLimitError,
    ServerError,
    Source,
    Status,
)
from classify_core.backend import BatchBackend, JobBackend
from classify_core.cascade import CascadeBackend, CascadeReport
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.cascade.documents import RULES, bill, mixed, riddle, truth


def _cascade(dear: ScriptedBackend | None = None, **options: object) -> CascadeBackend:
    return CascadeBackend(LocalBackend(), dear or ScriptedBackend(truth), below=0.5, **options)


def test_a_sure_answer_stays_and_an_unsure_document_is_sent() -> None:
    cascade = _cascade()
    with Classifier(RULES, backend=cascade) as classifier:
        sure, unsure = classifier.classify(bill(1)), classifier.classify(riddle(1))
    assert (sure.type, sure.backend) == ("invoice", "local/lexical")
    assert (unsure.type, unsure.backend, unsure.reasoning) == (None, "scripted", "the dear one says so")
    assert cascade.dear.asked == {riddle(1): 1}


def test_an_answer_of_no_type_can_be_kept_where_that_is_wanted() -> None:
    cascade = _cascade(none_is_sure=True)
    with Classifier(RULES, backend=cascade) as classifier:
        assert classifier.classify(riddle(1)).backend == "local/lexical"
    assert not cascade.dear.asked


def test_equal_documents_are_sent_once_and_counted_once() -> None:
    cascade = _cascade()
    with Classifier(RULES, backend=cascade) as classifier:
        outcomes = classifier.classify_many([riddle(1), bill(1)] * 5)
        assert classifier.usage.documents == 10
    assert cascade.dear.asked == {riddle(1): 1}
    assert [one.backend for one in outcomes] == ["scripted", "local/lexical"] * 5
    assert cascade.report() == CascadeReport(documents=2, sent=1)
    assert cascade.report().share_sent == 0.5


def test_a_repeated_call_asks_nobody_and_counts_nothing() -> None:
    cascade = _cascade()
    with Classifier(RULES, backend=cascade) as classifier:
        first = classifier.classify_many(mixed(12))
        report = cascade.report()
        assert classifier.classify_many(mixed(12)) == first
    assert cascade.report() == report
    assert set(cascade.dear.asked.values()) == {1}


def test_many_threads_count_each_document_once() -> None:
    cascade = _cascade()
    with Classifier(RULES, backend=cascade) as classifier, ThreadPoolExecutor(8) as threads:
        list(threads.map(classifier.classify, mixed(40)))
    assert (cascade.report().documents, cascade.report().sent) == (40, 10)


async def test_the_asynchronous_calls_come_to_the_same() -> None:
    with Classifier(RULES, backend=_cascade()) as classifier:
        expected = await asyncio.to_thread(classifier.classify_many, mixed(40))
    async with Classifier(RULES, backend=_cascade()) as classifier:
        assert await classifier.aclassify_many(mixed(40)) == expected


def test_the_documents_of_a_call_are_compared_before_any_is_sent() -> None:
    dear = ScriptedBackend(truth)
    cascade = _cascade(dear)
    with Classifier(RULES, backend=cascade) as classifier:
        outcomes = classifier.classify_many(mixed(60))
    assert {one.backend for one in outcomes} == {"local/lexical+batch", "scripted"}
    assert [one.type for one in outcomes] == [truth(text).type for text in mixed(60)]
    assert (cascade.report().documents, cascade.report().sent) == (60, sum(dear.asked.values()))


def test_what_the_cheap_backend_cannot_read_is_sent() -> None:
    dear = ScriptedBackend(lambda _: truth("Invoice"))
    with Classifier(RULES, backend=_cascade(dear)) as classifier:
        alone = classifier.classify(Source.file_id("dfl-1"))
        among_others = classifier.classify_many([*mixed(30), Source.file_id("dfl-2")])
        assert classifier.usage.failed == 0
    assert (alone.type, alone.backend) == ("invoice", "scripted")
    assert (among_others[-1].type, among_others[-1].backend) == ("invoice", "scripted")


def test_a_failure_of_the_dear_backend_is_the_documents_own() -> None:
    cascade = _cascade(ScriptedBackend(lambda _: ServerError("down", status=500)))
    with Classifier(RULES, backend=cascade) as classifier:
        with pytest.raises(BatchError) as caught:
            classifier.classify_many(mixed(40))
        assert classifier.usage.documents == 40
        assert classifier.usage.failed == 10
    failed = [one for one in caught.value.outcomes if one.error is not None]
    assert len(caught.value.outcomes) == 40
    assert [type(one.error) for one in failed] == [ServerError] * 10


def test_the_cheap_answer_stands_for_a_failed_dear_one_until_the_next_call() -> None:
    failing = [True]
    dear = ScriptedBackend(lambda text: ServerError("down", status=500) if failing[0] else truth(text))
    with Classifier(RULES, backend=_cascade(dear, on_dear_error="cheap")) as classifier:
        first = classifier.classify(riddle(1))
        failing.clear()
        failing.append(False)
        second = classifier.classify(riddle(1))
    assert (first.status, first.backend) == (Status.COMPLETED, "local/lexical")
    assert "(scripted was asked, and failed: ServerError)" in first.reasoning
    assert second.backend == "scripted"


def test_the_cheap_answers_stand_for_failed_dear_ones_among_many() -> None:
    dear = ScriptedBackend(lambda _: ServerError("down", status=500))
    with Classifier(RULES, backend=_cascade(dear, on_dear_error="cheap")) as classifier:
        outcomes = classifier.classify_many(mixed(40))
        classifier.classify_many(mixed(40))
    assert {one.status for one in outcomes} == {Status.COMPLETED}
    assert {one.backend for one in outcomes} <= {"local/lexical", "local/lexical+batch"}
    assert sum(dear.asked.values()) == 20


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("no", status=401),
        OutOfCreditsError("empty", status=402),
        RateLimitError("plan", status=429, plan_limit=True),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("adapt", [True, False])
def test_what_would_meet_every_document_stops_the_sending_whatever_stands_for_failures(
    error: ClassifyError, *, adapt: bool
) -> None:
    dear = ScriptedBackend(lambda _: error)
    cascade = _cascade(dear, on_dear_error="cheap")
    with Classifier(RULES, backend=cascade, max_concurrency=1, on_error="record") as classifier:
        outcomes = classifier.classify_many(mixed(40), adapt=adapt)
    assert sum(dear.asked.values()) == 1
    assert {type(one.error) for one in outcomes if one.status is Status.FAILED} == {type(error)}
    assert any(one.status is Status.NOT_STARTED for one in outcomes)
    if adapt:  # all had a cheap answer before anything was sent
        assert sum(one.error is None for one in outcomes) == 30


def test_what_a_dear_backend_of_ones_own_raises_names_that_backend() -> None:
    def broken(_: str) -> None:
        raise KeyError("secret text")

    raises = pytest.raises(ClassifyError, match="the backend 'scripted' raised KeyError")
    with Classifier(RULES, backend=_cascade(ScriptedBackend(broken))) as classifier, raises as caught:
        classifier.classify(riddle(1))
    assert "secret" not in str(caught.value)


async def test_a_cancelled_call_leaves_nothing_running_at_the_dear_backend() -> None:
    dear = HeldBackend()
    async with Classifier(RULES, backend=_cascade(dear)) as classifier:
        call = asyncio.create_task(classifier.aclassify_many(mixed(40)))
        await until(dear.begun.is_set)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: dear.cancelled > 0)


def test_the_time_of_a_call_bounds_the_sending_and_keeps_what_is_known() -> None:
    with Classifier(RULES, backend="local") as classifier:  # what is imported late is not to count
        classifier.classify_many(mixed(40))
    with Classifier(RULES, backend=_cascade(HeldBackend()), on_error="record") as classifier:
        outcomes = classifier.classify_many(mixed(40), deadline=4)
    assert [one.status for one in outcomes if one.error is not None].count(Status.TIMEOUT) >= 1
    assert sum(one.error is None for one in outcomes) == 30


def test_a_pickled_cascade_decides_the_same_and_counts_anew() -> None:
    cascade = CascadeBackend(LocalBackend(), LocalBackend(_Other()), below=0.7, none_is_sure=True, teach=0.2)
    again = pickle.loads(pickle.dumps(cascade))
    assert again.name == cascade.name
    assert again.report() == CascadeReport()
    assert type(again) is type(cascade)


def test_the_name_tells_both_backends_and_what_decides() -> None:
    assert _cascade().name == "cascade(local/lexical<0.5>scripted)"
    assert _cascade(teach=0.25).name == "cascade(local/lexical<0.5>scripted,teach 0.25:0.2:5)"
    names = {CascadeBackend("local", ScriptedBackend(), below=below).name for below in (0.5, 0.6)}
    assert len(names) == 2


def test_neither_repr_nor_name_shows_a_key() -> None:
    hosted = HostedBackend(api_key="llx-very-secret", base_url="http://127.0.0.1:9")
    cascade = CascadeBackend("local", hosted)
    assert "secret" not in f"{cascade!r} {cascade.name} {vars(cascade)}"


def test_it_can_do_what_its_backends_can() -> None:
    hosted = HostedBackend(api_key="llx-key", base_url="http://127.0.0.1:9")
    plain, jobs = CascadeBackend(ScriptedBackend(), ScriptedBackend()), CascadeBackend("local", hosted)
    assert not isinstance(plain, (JobBackend, BatchBackend))
    assert isinstance(jobs, JobBackend)
    assert isinstance(jobs, BatchBackend)
    assert isinstance(jobs, CascadeBackend)


def test_both_backends_are_closed_with_it() -> None:
    cheap, dear = ScriptedBackend(), ScriptedBackend()
    asyncio.run(CascadeBackend(cheap, dear).aclose())
    assert cheap.closed
    assert dear.closed


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("auto", "hosted"), {}, "cheap='auto'"),
        (("local", "locl"), {}, "dear='locl'"),
        ((LexicalEngine(), ScriptedBackend()), {}, "is an engine"),
        (("local", 7), {}, "is not a Backend"),
        (("local", ScriptedBackend()), {"below": 2}, "below is 2"),
        (("local", ScriptedBackend()), {"on_dear_error": "ignore"}, "on_dear_error"),
        (("local", ScriptedBackend()), {"teach": True}, "teach is True"),
        (("local", ScriptedBackend()), {"teach": 1.0}, "share is 1.0"),
        ((ScriptedBackend(), ScriptedBackend()), {"teach": 0.2}, "learns nothing"),
    ],
)
def test_an_argument_that_cannot_work_is_refused_at_once(
    arguments: tuple[object, ...], options: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        CascadeBackend(*arguments, **options)


def test_one_backend_is_no_cascade_and_jobs_are_never_cheap() -> None:
    backend = ScriptedBackend()
    with pytest.raises(InvalidOptionError, match="are one backend"):
        CascadeBackend(backend, backend)
    hosted = HostedBackend(api_key="llx-key", base_url="http://127.0.0.1:9")
    with pytest.raises(InvalidOptionError, match="makes jobs"):
        CascadeBackend(hosted, backend)


class _Other(LexicalEngine):
    """The same under another name."""

    name = "other"
