"""`HostedBackend(api="v1")` behind a `Classifier`: the same outcomes as v2's, in far fewer jobs."""

from __future__ import annotations

from typing import Any

import pytest

from classify_core import BatchError, Classifier, JobFailedError, Source, Status
from classify_core.hosted.backend import HostedBackend
from classify_core.testing.server import ClassifyServer
from tests.hosted.calls import BILL, CAKE
from tests.hosted.v1.runs import CREATE, RULES, SCAN

pytestmark = pytest.mark.filterwarnings("ignore:api=.v1. is deprecated:DeprecationWarning")


def _classifier(server: ClassifyServer, api: str, **options: Any) -> Classifier:
    backend = HostedBackend(api=api, base_url=server.base_url, api_key=server.api_key)
    return Classifier(RULES, backend=backend, **options)


def test_the_outcomes_are_those_of_v2(classify_server: ClassifyServer) -> None:
    outcomes = []
    for api in ("v1", "v2"):
        with _classifier(classify_server, api, on_error="record") as classifier:
            many = classifier.classify_many([BILL, SCAN, CAKE, "0123"])
        outcomes.append([(one.type, one.confidence, one.reasoning, one.status, type(one.error)) for one in many])
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1][3:] == (Status.FAILED, JobFailedError)


@pytest.mark.parametrize("as_iterator", [False, True])
def test_the_documents_of_a_call_are_one_job(classify_server: ClassifyServer, *, as_iterator: bool) -> None:
    texts = [f"{BILL} {number}" for number in range(40)]
    with _classifier(classify_server, "v1") as classifier:
        many = classifier.classify_many(iter(texts) if as_iterator else texts)
    assert len({one.job_id for one in many}) == 1
    assert classify_server.requests.count(CREATE) == 1


def test_a_file_that_fails_alone_is_named_in_its_error(classify_server: ClassifyServer) -> None:
    named = [Source.text(BILL, name="bill"), SCAN, Source.bytes(b"%PDF-1.7 no more", name="broken.pdf")]
    with _classifier(classify_server, "v1") as classifier, pytest.raises(BatchError) as failure:
        classifier.classify_many(named)
    errors = [one.error for one in failure.value.outcomes]
    assert [error and error.source_name for error in errors] == [None, "scan.jpg", "broken.pdf"]
