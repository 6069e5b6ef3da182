from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from classify_core import InvalidOptionError
from classify_core.server import Faults, load_faults


def _hits(faults: Faults, count: int, route: str = "GET /api/v2/classify") -> list[bool]:
    method, path = route.split()
    return [faults.for_request(method, path) is not None for _ in range(count)]


# What is drawn


def test_the_same_seed_hits_the_same_requests_and_another_seed_others() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.request(share=0.3)
        return _hits(faults, 200)

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert 40 <= sum(drawn(7)) <= 80


def test_what_a_fault_draws_does_not_depend_on_other_faults_nor_on_other_requests() -> None:
    alone, crowded = Faults(1), Faults(1)
    alone.request("GET /api/v2/classify", share=0.5)
    crowded.request("GET /api/v2/classify", share=0.5)
    crowded.request("*", "reset", share=0.5)
    crowded.job(share=0.5)
    expected = _hits(alone, 100)
    found = []
    for _ in range(100):
        crowded.for_request("POST", "/api/v1/files")
        crowded.for_job(["a.pdf"])
        fault = crowded.for_request("GET", "/api/v2/classify")
        found.append(fault is not None and fault.fault == "error")
    assert found == expected


def test_a_fault_behind_another_goes_on_with_its_own_numbers() -> None:
    def met(route_of_the_first: str) -> list[str | None]:
        faults = Faults(1)
        faults.request(route_of_the_first, share=0.5)
        faults.request("*", "reset", share=0.5)
        drawn = [faults.for_request("GET", "/x") for _ in range(100)]
        return [None if fault is None else fault.fault for fault in drawn]

    alone, behind = met("/elsewhere"), met("*")
    seen = [(was, found) for was, found in zip(alone, behind, strict=True) if found != "error"]
    assert 0 < len(seen) < 100
    assert all(was == found for was, found in seen)


def test_threads_get_the_draws_of_one_fault_between_them() -> None:
    faults, expected = Faults(3), Faults(3)
    for each in (faults, expected):
        each.request(share=0.4)
    found: list[bool] = []

    def draw() -> None:
        found.extend(_hits(faults, 250))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == sum(_hits(expected, 1000))


def test_a_fault_can_be_bounded_and_begin_late() -> None:
    faults = Faults()
    faults.request(times=2, after=3)
    assert _hits(faults, 8) == [False] * 3 + [True] * 2 + [False] * 3


def test_the_first_fault_that_strikes_is_met_and_the_next_keeps_its_times() -> None:
    faults = Faults()
    faults.request(fault="error", times=1)
    faults.request(fault="reset", times=1)
    met = [faults.for_request("GET", "/") for _ in range(3)]
    assert [fault and fault.fault for fault in met] == ["error", "reset", None]


def test_no_share_is_no_fault_and_a_whole_share_is_each() -> None:
    faults = Faults()
    faults.request("/never", share=0.0)
    faults.request("/always", share=1.0)
    assert _hits(faults, 100, "GET /never") == [False] * 100
    assert _hits(faults, 100, "GET /always") == [True] * 100


@pytest.mark.parametrize(
    ("route", "request_line", "is_meant"),
    [
        ("*", "DELETE /api/v1/files/1", True),
        ("POST /api/v2/classify", "POST /api/v2/classify", True),
        ("POST /api/v2/classify", "GET /api/v2/classify", False),
        ("POST /api/v2/classify", "POST /api/v2/classify/1/cancel", False),
        ("/api/v2/classify/{job_id}", "GET /api/v2/classify/1", True),
        ("/api/v2/classify/{job_id}", "GET /api/v2/classify/1/cancel", False),
        ("GET /api/*", "GET /api/v2/classify/1", True),
        ("* /api/v2/classify", "GET /api/v2/classify", True),
        ("/api/v2.classify", "GET /api/v2/classify", False),
    ],
)
def test_a_route_is_a_method_and_a_path_with_wildcards(route: str, request_line: str, is_meant: bool) -> None:  # noqa: FBT001 - a parameter
    faults = Faults()
    faults.request(route)
    assert _hits(faults, 1, request_line) == [is_meant]


def test_jobs_are_meant_by_any_of_their_files_and_webhooks_by_their_event() -> None:
    faults = Faults()
    faults.job("failed", file="*.pdf", error="PDF_IS_BROKEN: torn")
    faults.webhook("classify.success")
    fault = faults.for_job(["a.txt", "b.pdf"])
    assert fault is not None
    assert (fault.outcome, fault.error) == ("failed", "PDF_IS_BROKEN: torn")
    assert faults.for_job(["a.txt"]) is None
    assert faults.for_webhook("classify.success") is not None
    assert faults.for_webhook("classify.error") is None


def test_cleared_faults_are_over_and_the_next_draw_as_the_first_did() -> None:
    faults = Faults(5)
    faults.request(share=0.5)
    first = _hits(faults, 50)
    faults.clear()
    assert _hits(faults, 50) == [False] * 50
    faults.request(share=0.5)
    assert _hits(faults, 50) == first


# What is given


@pytest.mark.parametrize(
    "values",
    [
        {"route": "classify"},
        {"route": "FETCH /api"},
        {"route": ""},
        {"fault": "explode"},
        {"share": 1.1},
        {"share": -0.1},
        {"share": float("nan")},
        {"share": "0.5"},
        {"times": 0},
        {"after": -1},
        {"status": 200},
        {"fault": "reset", "status": 503},
        {"fault": "slow"},
        {"fault": "slow", "seconds": float("inf")},
        {"fault": "error", "seconds": 1.0},
    ],
)
def test_a_fault_that_cannot_be_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match="RequestFault"):
        Faults().request(**values)


def test_faults_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        "seed: 7\n"
        "requests: [{route: POST /api/v2/classify, fault: lost, share: 0.5}]\n"
        "jobs: [{outcome: failed, file: '*.pdf', error: 'PDF_IS_BROKEN: torn'}]\n"
        "webhooks: [{event: classify.success}]\n"
    )
    same = Faults(7)
    same.request("POST /api/v2/classify", "lost", share=0.5)
    expected = _hits(same, 100, "POST /api/v2/classify")
    assert _hits(load_faults(file), 100, "POST /api/v2/classify") == expected
    assert _hits(load_faults(file, seed=8), 100, "POST /api/v2/classify") != expected
    assert load_faults(file).for_job(["a.pdf"]) is not None
    assert load_faults(file).for_webhook("classify.success") is not None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("requests: [{fault: error}, {fault: error, chance: 0.5}]", r"requests\.1\.chance"),
        ("requests: [{fault: error, route: nowhere}]", "nowhere"),
        ("requests: [{fault: error, share: 2}]", r"requests\.0\.share"),
        ("requests: [{route: '*'}]", r"requests\.0\.fault"),
        ("jobs: [{outcome: lost}]", r"jobs\.0\.outcome"),
        ("hooks: []", "hooks"),
        ("seed: often", "seed"),
        ("seed: 1\nseed: 2", "twice"),
        ("- fault: error", "faults.yaml"),
        ("", "faults.yaml"),
        ("requests: [", "faults.yaml"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_its_name_and_the_entrys(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    with pytest.raises(InvalidOptionError, match=named) as refusal:
        load_faults(file)
    assert str(file) in str(refusal.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "binary", "."):
        with pytest.raises(InvalidOptionError, match="cannot read the faults"):
            load_faults(tmp_path / name)
