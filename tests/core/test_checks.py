from __future__ import annotations

import math
import socket
from typing import Any

import pytest

from classify_core.checks import LONGEST_SECONDS, checked_count, checked_seconds
from classify_core.errors import InvalidOptionError


@pytest.mark.parametrize("value", [1, 0.001, LONGEST_SECONDS])
def test_a_time_span_comes_back_as_it_was_given(value: float) -> None:
    assert checked_seconds("timeout", value) is value


@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan, 10**400, LONGEST_SECONDS + 1, "1", True, None])
def test_what_is_no_time_span_is_refused_with_the_arguments_name(value: Any) -> None:
    with pytest.raises(InvalidOptionError, match="poll_interval is"):
        checked_seconds("poll_interval", value)


def test_no_time_at_all_is_valid_only_where_it_is_allowed() -> None:
    assert checked_seconds("timeout", 0, zero_allowed=True) == 0
    with pytest.raises(InvalidOptionError, match="above 0"):
        checked_seconds("timeout", 0)
    with pytest.raises(InvalidOptionError, match="0 or more"):
        checked_seconds("timeout", -1, zero_allowed=True)


def test_a_socket_can_wait_for_the_longest_time_span() -> None:
    assert LONGEST_SECONDS * 1000 < 2**31
    with socket.socket() as waiting:
        waiting.settimeout(LONGEST_SECONDS)


@pytest.mark.parametrize(("value", "bounds"), [(1, {}), (0, {"minimum": 0}), (7, {"maximum": 7}), (10**30, {})])
def test_a_count_within_its_bounds_comes_back_as_it_was_given(value: int, bounds: Any) -> None:
    assert checked_count("page_size", value, **bounds) is value


@pytest.mark.parametrize(
    ("value", "bounds", "said"),
    [
        (0, {}, "1 or more"),
        (-1, {"minimum": 0}, "0 or more"),
        (1001, {"maximum": 1000}, "1 to 1,000"),
        ("5", {}, "page_size is '5'"),
        (5.0, {}, "whole number"),
        (True, {}, "whole number"),
        (None, {}, "whole number"),
    ],
)
def test_what_is_no_such_count_is_refused_with_the_arguments_name(value: Any, bounds: Any, said: str) -> None:
    with pytest.raises(InvalidOptionError, match="page_size is") as refused:
        checked_count("page_size", value, **bounds)
    assert said in str(refused.value)
