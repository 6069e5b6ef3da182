"""No test can reach beyond loopback, from whatever thread, library or child process."""

from __future__ import annotations

import multiprocessing
import socket
import subprocess
import sys

import httpx
import pytest

REACH = "import socket; socket.create_connection(('192.0.2.1', 9), timeout=1)"


def _reach() -> str:
    try:
        socket.create_connection(("192.0.2.1", 9), timeout=1)
    except PermissionError:
        return "refused"
    return "reached"


def test_no_connection_beyond_loopback_is_made_in_this_process() -> None:
    assert _reach() == "refused"
    with pytest.raises(httpx.ConnectError, match="a test tried to resolve"):
        httpx.get("http://example.com", trust_env=False)


def test_no_connection_beyond_loopback_is_made_in_a_child() -> None:
    done = subprocess.run([sys.executable, "-c", REACH], capture_output=True, text=True, check=False)
    assert "PermissionError: a test tried to" in done.stderr


def test_no_connection_beyond_loopback_is_made_in_a_worker() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_reach) == "refused"
