"""The transformer in other processes and threads: it travels, finds its key there, and shares what it may."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document

from classify_core import RateLimits, Rule
from classify_core.testing.server import ClassifyServer
from langchain_classify import ClassifyDocumentTransformer
from tests.backends import ScriptedBackend

CREATE, UPLOAD = "POST /api/v2/classify", "POST /api/v1/beta/files"
WORKERS = 2


@pytest.fixture
def server(classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch) -> ClassifyServer:
    """The key is in the environment, where each worker finds it, and nowhere else."""
    for variable, value in classify_server.environment().items():
        monkeypatch.setenv(variable, value)
    return classify_server


def bills(count: int, start: int = 0) -> list[Document]:
    return [
        Document(id=str(number), page_content=f"Invoice number {number}: line items, tax, the total amount due")
        for number in range(start, start + count)
    ]


def types(documents: list[Document]) -> set[str]:
    return {one.metadata["classify_type"] for one in documents}


def in_processes(transformer: ClassifyDocumentTransformer, lists: list[list[Document]]) -> list[list[Document]]:
    """What worker processes that share nothing with this one make of each list."""
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(transformer.transform_documents, lists))


def test_worker_processes_label_with_the_local_backend(rules: list[Rule]) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend="local", on_failure="raise", prefix="kind_")
    lists = [bills(2), bills(2, start=2)]
    found = in_processes(transformer, lists)
    assert found == [transformer.transform_documents(one) for one in lists]
    assert [one.id for part in found for one in part] == ["0", "1", "2", "3"]


def test_worker_processes_of_a_hosted_one_share_limits_and_answers(
    rules: list[Rule], server: ClassifyServer, tmp_path: Path
) -> None:
    server.limits = limits = RateLimits(creates_per_second=20, uploads_per_5_seconds=50)
    options: dict[str, Any] = {"plan": limits.divided(WORKERS), "cache": tmp_path / "answers.sqlite"}
    transformer = ClassifyDocumentTransformer(rules, backend="hosted", **options)
    lists = [bills(2), bills(2, start=2), bills(2)]
    first, second, again = in_processes(transformer, lists)
    assert types([*first, *second, *again]) == {"invoice"}
    assert [one.metadata["classify_job_id"] for one in first] == [one.metadata["classify_job_id"] for one in again]
    assert {request.status for request in server.requests} <= {200, 201}
    made = len(server.requests)
    # What the workers were answered is known here too.
    with ClassifyDocumentTransformer(rules, backend="hosted", **options).classifier as classifier:
        assert ClassifyDocumentTransformer(classifier=classifier).batch(lists[:2]) == [first, second]
    assert len(server.requests) == made


def test_a_pickled_one_keeps_what_it_was_told_and_no_key(rules: list[Rule], server: ClassifyServer) -> None:
    made = ClassifyDocumentTransformer(
        rules,
        api_key=server.api_key,
        group_by="case",
        source="file",
        on_failure="skip",
        overwrite=True,
        keep_types=["invoice", "uncategorized"],
        prefix="kind_",
        plan=RateLimits(concurrent_jobs=2),
        min_confidence=0.25,
    )
    pickled = pickle.dumps(made)
    assert server.api_key.encode() not in pickled
    assert repr(pickle.loads(pickled)) == repr(made)


def test_threads_may_share_one(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend, max_concurrency=3)
    lists = [bills(5, start=5 * (number % 4)) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: [*transformer.lazy_transform_documents(one)], lists))
    assert [[one.id for one in part] for part in found] == [[one.id for one in part] for part in lists]
    assert backend.asked.total() == 20
    assert backend.most_at_once <= 3


def test_a_deep_copy_shares_the_classifier_and_no_field(rules: list[Rule]) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend(), keep_types=["invoice"])
    held = {"steps": [transformer]}
    copied = copy.deepcopy(held)["steps"][0]
    assert copied is not transformer
    assert copied.classifier is transformer.classifier
    assert copied.rules is not transformer.rules
    assert repr(copied) == repr(transformer)
