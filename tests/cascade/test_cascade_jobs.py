"""A cascade with the hosted service as the dear backend: what is uploaded, made and charged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classify_core import Classifier, HostedBackend, JobFailedError, Source, Status
from classify_core.cascade import CascadeBackend
from classify_core.testing.server import ClassifyServer
from tests.backends import JobScriptedBackend
from tests.cascade.documents import RULES, bill, mixed, riddle, truth

CREATE, UPLOAD = "POST /api/v2/classify", "POST /api/v1/beta/files"


def _cascade(server: ClassifyServer, **options: Any) -> CascadeBackend:
    return CascadeBackend(
        "local", HostedBackend(api_key=server.api_key, base_url=server.base_url), below=0.5, **options
    )


def test_only_what_is_sent_is_uploaded_and_charged(classify_server: ClassifyServer) -> None:
    cascade = _cascade(classify_server)
    with Classifier(RULES, backend=cascade) as classifier:
        outcomes = classifier.classify_many(mixed(40))
        assert (classifier.usage.documents, classifier.usage.jobs, classifier.usage.credits) == (40, 10, 10.0)
    report = cascade.report()
    assert classify_server.requests.count(CREATE) == classify_server.requests.count(UPLOAD) == 10
    assert (report.documents, report.sent, report.credits_spent, report.credits_saved) == (40, 10, 10.0, 30.0)
    assert sum(one.backend == "hosted" and one.job_id is not None for one in outcomes) == 10


def test_a_document_that_stays_needs_no_credits(classify_server: ClassifyServer) -> None:
    with Classifier(RULES, backend=_cascade(classify_server), max_credits=0.5, on_error="record") as classifier:
        sent, stays = classifier.classify(riddle(1)), classifier.classify(bill(1))
        assert classifier.usage.credits == 0.0
    assert (sent.status, stays.backend) == (Status.NOT_STARTED, "local/lexical")
    assert classify_server.requests.count(UPLOAD) == 0


def test_no_more_credits_are_spent_than_allowed(classify_server: ClassifyServer) -> None:
    with Classifier(RULES, backend=_cascade(classify_server), max_credits=4, on_error="record") as classifier:
        outcomes = classifier.classify_many(mixed(40))
        assert classifier.usage.credits == 4.0
    assert classify_server.requests.count(CREATE) == 4
    assert sum(one.backend.startswith("local") and one.error is None for one in outcomes) == 30


def test_a_repeated_run_finds_its_jobs_and_pays_nothing(classify_server: ClassifyServer, tmp_path: Path) -> None:
    for number in range(2):
        cascade = _cascade(classify_server)
        with Classifier(RULES, backend=cascade, cache=tmp_path / f"{number}.db") as classifier:
            classifier.classify_many(mixed(40))
            assert classifier.usage.former_jobs == 10 * number
    assert classify_server.requests.count(CREATE) <= 20
    assert cascade.report().credits_spent == 0.0


def test_what_was_answered_before_is_not_sent_in_the_next_process(
    classify_server: ClassifyServer, tmp_path: Path
) -> None:
    outcomes = []
    for _ in range(2):
        with Classifier(RULES, backend=_cascade(classify_server), cache=tmp_path / "answers.db") as classifier:
            outcomes.append(classifier.classify_many(mixed(40)))
    assert outcomes[0] == outcomes[1]
    assert classify_server.requests.count(CREATE) == 10


def test_submitted_documents_are_answered_at_once_or_collected(classify_server: ClassifyServer) -> None:
    with Classifier(RULES, backend=_cascade(classify_server)) as classifier:
        stays, sent = classifier.submit([bill(1), riddle(1)])
        assert stays.outcome is not None
        assert stays.outcome.backend == "local/lexical"
        assert sent.job_id is not None
        [collected] = classifier.collect([sent])
        while collected.classification is None:
            [collected] = classifier.collect([sent])
    assert collected.classification.backend == "hosted"


@pytest.mark.parametrize("on_dear_error", ["raise", "cheap"])
def test_a_failed_job_is_charged_whatever_stands_for_its_answer(on_dear_error: Any) -> None:
    class Failing(JobScriptedBackend):
        async def begin(self, *arguments: Any, **options: Any) -> Any:
            job = await super().begin(*arguments, **options)
            job.answer = _broken
            return job

    async def _broken() -> None:
        raise JobFailedError("broken", job_id="job-1")

    cascade = CascadeBackend("local", Failing(truth), below=0.5, on_dear_error=on_dear_error)
    with Classifier(RULES, backend=cascade, max_credits=10, on_error="record") as classifier:
        outcome = classifier.classify(riddle(1))
        assert (classifier.usage.jobs, classifier.usage.credits) == (1, 1.0)
    assert outcome.status is (Status.FAILED if on_dear_error == "raise" else Status.COMPLETED)
    assert outcome.job_id == "job-1"


def test_the_service_is_asked_for_what_only_it_has(classify_server: ClassifyServer) -> None:
    with Classifier(RULES, backend=_cascade(classify_server), on_error="record") as classifier:
        outcome = classifier.classify(Source.file_id("dfl-none"))
    assert outcome.status is Status.FAILED
    assert classify_server.requests.count(CREATE) == 1
