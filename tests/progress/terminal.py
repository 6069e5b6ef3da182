"""A terminal to look at: standard error becomes one end of a pseudo-terminal, the test reads the other."""

from __future__ import annotations

import os
import re
import sys
import termios
import threading
from types import TracebackType
from typing import Self

import pytest

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._chunks: list[bytes] = []

    def __enter__(self) -> Self:
        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (40, 120))
        self._stream = os.fdopen(theirs, "w", encoding="utf-8")
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._monkeypatch.setattr(sys, "stderr", self._stream)
        self._monkeypatch.setenv("TERM", "xterm")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._monkeypatch.undo()
        self._stream.close()
        self._reader.join()
        os.close(self._ours)

    @property
    def raw(self) -> str:
        """All that was written, once the terminal is closed."""
        return b"".join(self._chunks).decode()

    @property
    def text(self) -> str:
        """The same without colours and movements of the cursor."""
        return _CONTROL.sub("", self.raw)

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._ours, 65536)
            except OSError:  # how Linux says that the other end is closed
                return
            if not chunk:
                return
            self._chunks.append(chunk)
