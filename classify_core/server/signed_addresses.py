"""Addresses that work without a key until a stated moment: who has one may read one file, and nothing else.

The signature covers project, file and moment, so that none of them can be exchanged.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

DOWNLOADS: Final = "/downloads/"
"""Where all paths of signed addresses begin; below it no key is asked for."""


@dataclass(frozen=True, slots=True)
class AddressSigner:
    """Makes signed addresses, and knows its own."""

    key: bytes = field(repr=False)

    def path(self, project_id: str, file_id: str, expires_at: datetime) -> str:
        """The path and query of a file's address; of `expires_at` the whole seconds count."""
        expires = str(int(expires_at.timestamp()))
        query = urlencode({"expires": expires, "signature": self._signature(project_id, file_id, expires)})
        return f"{DOWNLOADS}{project_id}/{file_id}?{query}"

    def accepts(self, project_id: str, file_id: str, expires: str, signature: str) -> bool:
        """Whether the parts of an address are as they were signed, and its time is not over."""
        expected = self._signature(project_id, file_id, expires)
        # The number is read only once it is known to be one of ours.
        return hmac.compare_digest(expected.encode(), signature.encode()) and not _is_over(expires)

    def _signature(self, project_id: str, file_id: str, expires: str) -> str:
        return hmac.new(self.key, f"{project_id}\n{file_id}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _is_over(expires: str) -> bool:
    return datetime.fromtimestamp(int(expires), UTC) <= datetime.now(UTC)
