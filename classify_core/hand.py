"""The right to hold a document's bytes: few have it at once, while very many documents are open."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Hand:
    """One of the few that may hold a document's bytes at once; it is given back when they are let go, or at the end."""

    def __init__(self, hands: asyncio.Semaphore) -> None:
        self._hands = hands
        self._is_held = False

    def let_go(self) -> None:
        """Gives it back."""
        if self._is_held:
            self._is_held = False
            self._hands.release()

    async def __aenter__(self) -> Self:
        await self._hands.acquire()
        self._is_held = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()
