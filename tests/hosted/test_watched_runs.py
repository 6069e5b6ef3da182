"""What the watcher is told of a classifier's runs, by which it spends its looks."""

from __future__ import annotations

from typing import Any

import pytest

from classify_core import Classifier, HostedBackend, RateLimits, Rule
from classify_core.backend import BegunJob, ClassifyRequest, DocumentContext, RunContext
from classify_core.testing.server import ClassifyServer
from tests.hosted.calls import BILL, CREATE, JOBS, Call, backend_of


class ListeningBackend(HostedBackend):
    """Keeps the runs that it was told of."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.runs: list[RunContext] = []

    async def begin(self, request: ClassifyRequest, context: DocumentContext, *, timeout: float) -> BegunJob:
        self.runs.append(context.run)
        return await super().begin(request, context, timeout=timeout)


def _backend(server: ClassifyServer) -> ListeningBackend:
    return ListeningBackend(base_url=server.base_url, api_key=server.api_key)


def test_a_run_tells_how_many_of_its_documents_are_begun_and_how_many_may_be_open(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    documents = [BILL, BILL, f"{BILL} and more"]
    backend = _backend(classify_server)
    with Classifier(rules, backend=backend, max_concurrency=7, cache=False) as classifier:
        classifier.classify_many(documents)
        classifier.classify_many(documents, max_concurrency=2)
    assert {(run.expected, run.fetched, run.begun) for run in backend.runs} == {(3, 3, 3)}
    assert [run.open_limit for run in backend.runs] == [7] * 2 + [2] * 2


def test_without_the_callers_wish_the_backend_decides_how_many_are_open(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    backend = _backend(classify_server)
    with Classifier(rules, backend=backend) as classifier:
        classifier.classify(BILL)
    assert [run.open_limit for run in backend.runs] == [None]


@pytest.mark.parametrize(
    ("plan", "wished", "counted"), [(None, None, None), (None, 5, 5), (20, None, 20), (20, 5, 5), (5, 20, 5)]
)
def test_the_looks_of_a_run_are_planned_for_the_places_that_it_has(
    plan: int | None, wished: int | None, counted: int | None, classify_server: ClassifyServer
) -> None:
    backend = backend_of(classify_server, plan=RateLimits(concurrent_jobs=plan))
    assert backend._jobs._budget_of(Call(expected=200, open_limit=wished))._open_limit == counted


def test_1000_equal_documents_are_one_job_that_is_looked_at_as_the_last_of_its_run(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    classify_server.job_seconds = 1.5
    with Classifier(rules, backend="hosted", base_url=classify_server.base_url, api_key=classify_server.api_key) as one:
        assert {answer.type for answer in one.classify_many([BILL] * 1000)} == {"invoice"}
    assert classify_server.requests.count(CREATE) == 1
    # Waiting for 999 more jobs, it would look once to learn how long jobs take, and then not for six seconds.
    assert 4 <= classify_server.requests.count(JOBS) <= 50
