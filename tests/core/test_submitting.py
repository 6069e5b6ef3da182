"""Submit now, collect later: handles as plain data, collected by another classifier."""

from __future__ import annotations

from pathlib import Path

import pytest

from classify_core import (
    Classifier,
    Collected,
    InvalidOptionError,
    JobFailedError,
    JobHandle,
    JobStatus,
    Rule,
    Source,
    Status,
)
from tests.backends import JobScriptedBackend, ScriptedBackend

TEXT = "invoice number 7, to Mrs Smith"


def test_handles_are_plain_data_without_text_and_are_collected_by_another_classifier(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend) as classifier:
        handles = classifier.submit([Source.text(TEXT, name="bill"), "a recipe"])
    assert backend.most_waiting == 0
    stored = [handle.model_dump_json() for handle in handles]
    assert "Smith" not in "".join(stored)
    with Classifier(rules, backend=backend) as another:
        first, second = another.collect([JobHandle.model_validate_json(line) for line in stored])
        assert first.classification is not None
        assert (first.classification.type, first.classification.source_name) == ("invoice", "bill")
        assert first.classification.digest == handles[0].digest
        assert second.classification is not None
        assert second.classification.type == "recipe"
        assert another.classify(TEXT).type == "invoice"  # known now
    assert backend.asked[TEXT] == 1


def test_what_is_still_open_says_so_and_is_collected_later(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend) as classifier:
        handles = classifier.submit(["invoice 1", "invoice 2", "invoice 3"])
        done = backend.answers["job-2"]
        backend.answers |= {"job-1": JobStatus.PENDING, "job-2": JobStatus.RUNNING, "job-3": JobFailedError("broken")}
        pending, running, failed = classifier.collect(handles)
        assert (pending.job_status, running.job_status) == (JobStatus.PENDING, JobStatus.RUNNING)
        assert pending.is_open
        assert running.is_open
        assert failed.classification is not None
        assert failed.classification.status is Status.FAILED
        backend.answers["job-2"] = done
        [collected] = classifier.collect([running.handle])
        assert collected.classification is not None
        assert collected.classification.type == "invoice"


async def test_sync_and_async_are_the_same(rules: list[Rule]) -> None:
    async with Classifier(rules, backend=JobScriptedBackend()) as classifier:
        handles = await classifier.asubmit(["invoice", "recipe", "invoice"])
        assert handles == classifier.submit(["invoice", "recipe", "invoice"])
        collected = await classifier.acollect(handles)
        assert [one.classification for one in collected] == [one.classification for one in classifier.collect(handles)]
    assert [handle.job_id for handle in handles] == ["job-1", "job-2", "job-1"]


def test_what_cannot_be_begun_is_a_handle_with_its_failure(rules: list[Rule], tmp_path: Path) -> None:
    with Classifier(rules, backend=JobScriptedBackend()) as classifier:
        missing, good = classifier.submit([tmp_path / "missing.txt", "invoice"])
        assert missing.outcome is not None
        assert missing.outcome.status is Status.FAILED
        assert "missing.txt" in str(missing.error)
        stored = JobHandle.model_validate_json(missing.model_dump_json())
        first, second = classifier.collect([stored, good])
    assert first.classification is not None
    assert not first.is_open
    assert second.classification is not None


@pytest.mark.parametrize("backend", [ScriptedBackend(), "local"])
def test_a_local_document_is_classified_at_once(rules: list[Rule], backend: object) -> None:
    with Classifier(rules, backend=backend) as classifier:  # type: ignore[arg-type]  # a backend or its name
        [handle] = classifier.submit([TEXT])
        assert handle.outcome is not None
        assert classifier.collect([handle]) == [Collected(handle, handle.outcome)]


def test_what_is_known_already_needs_no_job(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend) as classifier:
        classifier.classify("invoice")
        [handle] = classifier.submit(["invoice"])
    assert handle.outcome is not None
    assert backend.asked["invoice"] == 1


def test_handles_made_under_other_rules_are_refused(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend) as classifier:
        handles = classifier.submit(["invoice"])
    with Classifier(rules[:1], backend=backend) as other, pytest.raises(InvalidOptionError, match="same rules"):
        other.collect(handles)


def test_a_type_that_is_in_no_rule_is_an_error_when_it_is_collected(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend) as classifier:
        handles = classifier.submit(["invoice"])
        backend.answers["job-1"] = backend.answers["job-1"].model_copy(update={"type": "letter"})
        [collected] = classifier.collect(handles)
    assert collected.classification is not None
    assert collected.classification.status is Status.FAILED
    assert "letter" in str(collected.classification.error)


def test_submitted_jobs_are_counted_as_used_before_their_outcomes_are_known(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend, max_credits=3) as classifier:
        classifier.submit(["invoice 1", "invoice 2", "invoice 2"])
        used = classifier.usage
        classifier.submit(["invoice 1"])  # found again, and paid for before
        assert classifier.usage == used
    assert (used.jobs, used.credits, used.documents, used.is_estimated) == (2, 2.0, 0, True)
