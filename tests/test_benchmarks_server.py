"""What `benchmarks/server.py` tells about a server under load."""

from __future__ import annotations

import re

import pytest

from benchmarks import server


def test_every_operation_of_every_client_is_measured_and_none_fails(capsys: pytest.CaptureFixture[str]) -> None:
    server.main(["--clients", "3", "--seconds", "0.5", "--workers", "1"])
    printed = capsys.readouterr().out
    assert re.search(r"^clients +3, for ", printed, re.MULTILINE)
    requests = int(re.search(r"^requests +(\d+), of these 0 answered with 5xx$", printed, re.MULTILINE)[1])
    rows = re.findall(r"^(create|get|list) +(\d+) +\d+ +([\d.]+) +([\d.]+)$", printed, re.MULTILINE)
    assert [operation for operation, *_ in rows] == ["create", "get", "list"]
    counts = [int(count) for _, count, *_ in rows]
    assert sum(counts) == requests
    assert min(counts) >= 3
    assert all(float(median) <= float(late) for *_, median, late in rows)


def test_a_percentile_is_the_nearest_rank() -> None:
    ordered = [float(number) for number in range(1, 201)]
    assert server._percentile(ordered, 50) == 100.0
    assert server._percentile(ordered, 99) == 198.0
    assert server._percentile([7.0], 99) == 7.0
