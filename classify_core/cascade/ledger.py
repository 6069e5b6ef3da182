"""Counts what becomes of a cascade's documents, each distinct one once."""

from __future__ import annotations

import hashlib
import threading
from typing import Final

from classify_core.cascade.report import CascadeReport

# Enough to tell a billion documents apart, and little to keep of each.
_KEY_BYTES: Final = 10


class Ledger:
    """Counts on the background loop; reports may be asked for in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._saved: dict[bytes, float] = {}
        self._sent: set[bytes] = set()
        self._spent = 0.0
        self._agreeing = 0
        self._held_out = 0

    def stayed(self, content_key: str, credits_saved: float) -> None:
        """Counts a document that the cheap backend's answer is kept of, unless it was sent before."""
        key = _short(content_key)
        with self._lock:
            if key not in self._sent:
                self._saved[key] = credits_saved

    def was_sent(self, content_key: str) -> None:
        """Counts a document that is sent to the dear backend."""
        key = _short(content_key)
        with self._lock:
            self._sent.add(key)
            self._saved.pop(key, None)

    def spent(self, credits_spent: float) -> None:
        """Counts what a job cost."""
        with self._lock:
            self._spent += credits_spent

    def compared(self, agreeing: int, held_out: int) -> None:
        """Counts documents to which both backends gave an answer, and those to which they gave the same."""
        with self._lock:
            self._agreeing += agreeing
            self._held_out += held_out

    def report(self) -> CascadeReport:
        """What was counted so far."""
        from classify_core.evaluation.proportions import proportion_of  # noqa: PLC0415 - imports much, rarely needed

        with self._lock:
            agreement = proportion_of(self._agreeing, self._held_out)
            return CascadeReport(
                documents=len(self._saved) + len(self._sent),
                sent=len(self._sent),
                credits_spent=self._spent,
                credits_saved=sum(self._saved.values()),
                held_out=self._held_out,
                agreement=None if agreement is None else agreement.value,
                agreement_interval=None if agreement is None else (agreement.low, agreement.high),
            )


def _short(content_key: str) -> bytes:
    return hashlib.blake2b(content_key.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()
