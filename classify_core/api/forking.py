"""What a forked process does with the connections of its parent: it leaves them alone and makes its own.

Both processes hold the same sockets. Requests of two processes would mix on one connection, a lock that another
thread held at the fork is never released, and a parent's event loop looks as if it ran but has no thread.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Holder(Protocol):
    """Something that holds connections."""

    def leave_connections(self) -> list[object]:
        """Forgets all connections and renews all locks; returns what was forgotten."""


_HOLDERS: WeakSet[Holder] = WeakSet()
_LEFT: list[object] = []
"""Clients of the parent, kept: collecting them would close them, by way of the parent's loop and locks."""


def leave_connections_at_fork(holder: Holder) -> None:
    """Lets a holder forget its connections in each child that is forked from now on."""
    _HOLDERS.add(holder)


def _leave_connections() -> None:
    for holder in list(_HOLDERS):
        _LEFT.extend(holder.leave_connections())


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_leave_connections)
