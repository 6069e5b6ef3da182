"""Refuses every connection beyond loopback; Python imports it at its start in each process that the tests begin."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any


def is_loopback(host: object) -> bool:
    """Whether a host is this machine, or has a name that never resolves to another."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return str(name).endswith((".localhost", ".invalid", ".test"))


def _refuse_the_outside(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo" and not is_loopback(args[0]):
        raise PermissionError(f"a test tried to resolve {args[0]!r}")
    if event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple) and not is_loopback(args[1][0]):
        raise PermissionError(f"a test tried to reach {args[1]!r}")


sys.addaudithook(_refuse_the_outside)
